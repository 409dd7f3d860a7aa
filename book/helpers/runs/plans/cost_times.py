"""Seconds and bytes of attention against the number of positions: chapter 14.

Nothing is learned: the runs have a single step each, and what is recorded is what `WATCH` measures.
Timings say how busy the machine was as well; compare them within one run.
"""

import math
import time
import tracemalloc

import numpy as np

from helpers import cached, cost, recurrent, start
from helpers.runs.settings import Settings

PLAN = [Settings(task="recall_stream", model="decoder_only", width=8, batch=1, steps=1)]
KEEP = {}
SEEDS = 5
SIZES = [2**k for k in range(9, 15)]  # 512 to 16,384
WIDTH, WINDOW = 64, 256


def textbook(queries, keys, values):
    """Write the formula line by line: each line holds an array of all scores.

    Examples
    --------
    >>> textbook(np.ones((1, 2)), np.ones((2, 2)), np.array([[0.0], [10.0]]))
    array([[5.]])
    """
    scores = queries @ keys.T / math.sqrt(keys.shape[-1])
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True) @ values


WAYS = {
    "textbook": textbook,
    "blocked": cost.blocked_attention,
    "window of 256": lambda *arrays: cost.windowed_attention(*arrays, WINDOW),
    "linear": lambda *arrays: cost.linear_attention(*arrays, causal=True),
}


def seconds(run, repeats=1):
    """CPU seconds of the fastest of some runs.

    Examples
    --------
    >>> seconds(lambda: None) < 1
    True
    """
    taken = []
    for _ in range(repeats):
        began = time.thread_time()
        run()
        taken.append(time.thread_time() - began)
    return min(taken)


def peak(run):
    """Most bytes that a run holds at once, its arguments left out.

    Examples
    --------
    >>> peak(lambda: np.ones(10**6)) // 10**6
    8
    """
    tracemalloc.start()
    run()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def next_token(n, rng):
    """Return functions that go on by one token after n: from a cache, and from a GRU's state.

    Examples
    --------
    >>> [step()[0].shape for step in next_token(5, np.random.default_rng(0))]
    [(1, 1, 64), (1, 1, 64)]
    """
    stack = start.init_encoder(rng, WIDTH, positions="rotary")
    gru = start.init_gru(rng, WIDTH, WIDTH)
    new = rng.standard_normal((1, 1, WIDTH)).astype(np.float32)
    held = rng.standard_normal((2, 1, 4, n, WIDTH // 4)).astype(np.float32)
    cache = {"block_0": {"keys": held[0], "values": held[1]}}
    return (
        lambda: cached.stack_step(stack, new, cache),
        lambda: recurrent.gru(gru, new, state=np.zeros((1, WIDTH), np.float32)),
    )


def WATCH(trained):
    """For each way and size, seconds and peak bytes; and seconds of one more token.

    Examples
    --------
    >>> WATCH(None)  # doctest: +SKIP
    """
    rng = np.random.default_rng(0 if trained is None else trained.settings.seed)
    found = {"sizes": SIZES, "seconds": {}, "bytes": {}, "token": {"cache": [], "gru": []}}
    for n in SIZES:
        arrays = rng.standard_normal((3, n, WIDTH)).astype(np.float32)
        for name, way in WAYS.items():
            taken = seconds(lambda way=way: way(*arrays), 3 if n < 4096 else 1)  # noqa: B023
            found["seconds"].setdefault(name, []).append(round(taken, 5))
            held = peak(lambda way=way: way(*arrays))  # noqa: B023
            found["bytes"].setdefault(name, []).append(held)
        for name, step in zip(("cache", "gru"), next_token(n, rng), strict=True):
            found["token"][name].append(round(seconds(step, 20), 6))
    return found
