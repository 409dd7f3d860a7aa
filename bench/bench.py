"""Time the helpers against PyTorch: ``make bench`` (or ``python bench/bench.py --quick``).

One training step, forward + backward + Adam, float32, one thread, batch 64, beside the same model
in ordinary eager PyTorch (`opponents`); then attention alone over long sequences. Each side runs
in a process of its own, as it would without the other, and the two take short turns, so that a
busy machine slows both. A time is the median of the CPU time that the process used.
"""

import argparse
import math
import multiprocessing
import os
import statistics
import time
import tracemalloc

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np

BATCH, VOCABULARY, HEADS = 64, 32, 4
MODELS = ("rnn", "gru", "lstm", "gru + dot", "gru + additive inside", "transformer 1 + 1")
GATES = {"rnn": 1, "gru": 3, "lstm": 4}
TURN = 0.03  # seconds, at least: caches are warm, as in training
LONG = (512, 1024, 2048, 4096, 8192, 16384)


def tokens(n):
    """Draw source, target shifted right, and target: (3, batch, n)."""
    return np.random.default_rng(0).integers(0, VOCABULARY, (3, BATCH, n))


def our_step(model, width, n):
    """Return a function that does one training step of the helpers' model, as `fit` does it."""
    from helpers import fast, learning, seq2seq, start, transformer
    from helpers.fast.arrays import keep_memory
    from helpers.functions import cross_entropy

    rng, (source, target_in, target) = np.random.default_rng(0), tokens(n)
    lengths = np.full(BATCH, n)
    if model == "transformer 1 + 1":
        params = start.init_transformer(rng, VOCABULARY, VOCABULARY, width, HEADS)

        def logits(params):
            return transformer.transformer(params, source, lengths, target_in)
    else:
        cell, _, kind = model.partition(" + ")
        attention = "inside" if "inside" in kind else "after"
        params = start.init_seq2seq(rng, VOCABULARY, VOCABULARY, width, cell, attention)
        if attention == "inside":  # starts at 0, where half of the gradients vanish
            params["decoder"]["score"]["vector"] += np.float32(1 / math.sqrt(width))

        def logits(params):
            options = {"attend": bool(kind), "encoder": cell, "attention": attention}
            return seq2seq.seq2seq(params, source, lengths, target_in, **options)

    keep_memory()
    vector = learning.flatten(params)
    moments, steps = (np.zeros_like(vector), np.zeros_like(vector)), iter(range(10**9))

    def loss(arrays):
        return cross_entropy(logits(learning.rebuild(params, iter(arrays))), target)

    def step():
        nonlocal vector, moments
        views = learning.leaves(learning.unflatten(vector, params))
        _, gradients = fast.value_and_gradients(loss, list(views))
        gradient = np.concatenate([part.reshape(-1) for part in gradients])
        vector, moments = learning.adam(vector, gradient, moments, next(steps), 1e-3)

    return step


def their_step(model, width, n):
    """Return a function that does one training step of the PyTorch model."""
    import opponents
    import torch
    from torch.nn import functional

    torch.set_num_threads(1)
    source, target_in, target = map(torch.from_numpy, tokens(n))
    mask = torch.ones(BATCH, 1, n, dtype=torch.bool)
    if model == "transformer 1 + 1":
        module = opponents.Transformer(VOCABULARY, width, HEADS)
    elif model == "gru + additive inside":
        module = opponents.AdditiveInside(VOCABULARY, width)
    else:
        cell, _, kind = model.partition(" + ")
        module = opponents.Seq2Seq(cell, VOCABULARY, width, bool(kind))
    optimiser = torch.optim.Adam(module.parameters(), 1e-3, (0.9, 0.98), 1e-9)

    def step():
        optimiser.zero_grad()
        logits = module(source, mask, target_in)
        functional.cross_entropy(logits.reshape(-1, VOCABULARY), target.reshape(-1)).backward()
        optimiser.step()

    return step


def long_arrays(n):
    """Draw queries, keys and values, (n, 64) each."""
    return np.random.default_rng(0).standard_normal((3, n, 64)).astype(np.float32)


def our_attention(n):
    """`blocked_attention` over n positions."""
    from helpers.cost import blocked_attention

    arrays = long_arrays(n)
    return lambda: blocked_attention(*arrays)


def textbook(n):
    """Write the formula in NumPy, line by line."""
    queries, keys, values = long_arrays(n)

    def run():
        scores = queries @ keys.T / math.sqrt(64)
        exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return exponentials / exponentials.sum(axis=-1, keepdims=True) @ values

    return run


def their_attention(n):
    """PyTorch's fused attention."""
    import torch
    from torch.nn import functional

    torch.set_num_threads(1)
    arrays = [torch.from_numpy(x)[None, None] for x in long_arrays(n)]
    return lambda: functional.scaled_dot_product_attention(*arrays)


def matrix_products(width, n):
    """One large product of the sizes of a layer; its speed is the limit for all others."""
    a, b = np.ones((BATCH * n, width), np.float32), np.ones((width, 4 * width), np.float32)
    out = np.empty((BATCH * n, 4 * width), np.float32)
    return lambda: np.matmul(a, b, out=out)


def serve(connection):
    """In a process of its own: make what is asked for, then run it as often as asked."""
    run = None
    while request := connection.recv():
        if request == "run":
            start, runs = time.process_time(), 0
            while time.process_time() - start < TURN or not runs:
                run()
                runs += 1
            connection.send((time.process_time() - start) / runs)
        else:
            name, *arguments = request
            run = globals()[name](*arguments)
            connection.send(None)


class Process:
    """One side, in a fresh process."""

    def __init__(self):
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        self.process = context.Process(target=serve, args=(other,), daemon=True)
        self.process.start()

    def ask(self, request):
        """Send a request and wait for the answer."""
        self.connection.send(request)
        return self.connection.recv()


def take_turns(requests, rounds, warm_up=3):
    """Median seconds of each request, run in turns, each in its own process."""
    sides = [Process() for _ in requests]
    for side, request in zip(sides, requests, strict=True):
        side.ask(request)
    times = [[side.ask("run") for side in sides] for _ in range(warm_up + rounds)][warm_up:]
    for side in sides:
        side.connection.send(None)
        side.process.join()
    return [statistics.median(column) for column in zip(*times, strict=True)]


def products(model, width, n):
    """Floating-point operations of all matrix products of a step, as the model is written."""
    square = 2 * BATCH * n * width * width  # one width x width map of all tokens
    looks = 2 * BATCH * n * n * width  # one product of all queries with all keys
    output = 2 * BATCH * n * width * VOCABULARY
    if model == "transformer 1 + 1":
        forward = 28 * square + 6 * looks + output
    else:
        cell, _, kind = model.partition(" + ")
        forward = 4 * GATES[cell] * square + 2 * square + output
        forward += 2 * looks if kind else 0
        forward += (GATES[cell] + 2) * square if "inside" in kind else 0
    return 3 * forward  # the backward pass has two products for each of the forward pass


def steps_table(rounds):
    """Print the table of training steps; return the ratios."""
    heads = "model                  width   T      ours   PyTorch  ratio  limit"
    print(heads + "\n" + "-" * len(heads))
    ratios = {}
    for width in (64, 128):
        for n in (20, 60):
            for model in MODELS:
                ours, theirs, product = take_turns(
                    [
                        ("our_step", model, width, n),
                        ("their_step", model, width, n),
                        ("matrix_products", width, n),
                    ],
                    rounds,
                )
                speed = 8 * BATCH * n * width * width / product
                share = products(model, width, n) / speed / ours
                ratios[model, width, n] = ours / theirs
                print(
                    f"{model:22} {width:5} {n:3} {ours * 1e3:6.1f} ms {theirs * 1e3:6.1f} ms "
                    f"{ours / theirs:6.2f} {share:6.0%}",
                    flush=True,
                )
    mean = math.exp(statistics.fmean(map(math.log, ratios.values())))
    print(f"geometric mean of the ratios: {mean:.2f}")
    return ratios


def peak(run):
    """Most memory in MB that NumPy's arrays take while this runs, its result included."""
    tracemalloc.start()
    run()
    found = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return found


def attention_table(rounds):
    """Print the table of attention over long sequences."""
    heads = "     n      ours   PyTorch  ratio    textbook     ours  textbook"
    print("\nattention forward, width 64: CPU time; then peak memory")
    print(heads + "\n" + "-" * len(heads))
    for n in LONG:
        ours, theirs = take_turns([("our_attention", n), ("their_attention", n)], rounds)
        plain, memory = [float("nan")] * 2
        if n <= 8192:
            (plain,) = take_turns([("textbook", n)], 3, 1)
            memory = peak(textbook(n))
        print(
            f"{n:6} {ours * 1e3:6.1f} ms {theirs * 1e3:6.1f} ms {ours / theirs:6.2f} "
            f"{plain * 1e3:8.1f} ms {peak(our_attention(n)):5.1f} MB {memory:6.0f} MB",
            flush=True,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="5 rounds instead of 25")
    rounds = 5 if parser.parse_args().quick else 25
    print(f"NumPy {np.__version__}, one thread, batch {BATCH}, vocabulary {VOCABULARY}; 'limit':")
    print("share of the speed of one large matrix product, were all products of the model done\n")
    steps_table(rounds)
    attention_table(rounds)
