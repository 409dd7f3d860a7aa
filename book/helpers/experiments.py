"""Recorded experiments: what takes longer than a cell, written to `results/` once.

Run them again with ``python -m helpers.experiments list`` and ``… run NAME``. A record holds, for
every run, its settings, seed, seconds, loss, and accuracy for each source length, and the
versions it was made with. Chapters read records with `load_record` and `curves`, train one more
seed with `train`, and compare. Stands on all other modules but the plotting ones.
"""

import argparse
import itertools
import json
import multiprocessing
import os
import platform
import signal
import sys
import threading
import time
from pathlib import Path

import autograd
import numpy as np
from tqdm import tqdm

from helpers import decoding, seq2seq, tasks, training, transformer
from helpers.functions import cross_entropy
from helpers.shapes import require, require_choice

RESULTS = Path(__file__).resolve().parent.parent / "results" / "old"
_COMMON = {"width": 64, "batch": 32, "reversed_source": False}
DEFAULTS = {**_COMMON, "attend": False, "encoder": "gru", "steps": 3000, "rate": 8e-3}
# A Transformer's settings; ``model`` tells the two apart.
TRANSFORMER = {
    **_COMMON,
    **{"model": "transformer", "layers": 1, "norm": "pre", "residual": True},
    **{"steps": 2000, "rate": 4e-3, "warmup": 100},
}


def _runs(task, defaults=DEFAULTS, **changes):
    """Return settings of a task's runs: one for each combination of what stands in tuples."""
    options = [each if isinstance(each, tuple) else (each,) for each in changes.values()]
    chosen = (dict(zip(changes, values, strict=True)) for values in itertools.product(*options))
    return [{"task": task, **defaults, **one} for one in chosen]


# Tasks that go by a name alone. Number words have a language and digits, such as "fr12", and
# reversal may have the longest length to train on, such as "reversal10".
TASKS = {
    name: getattr(tasks, name)
    for name in ("copying", "dates", "recall", "reversal", "sentiment", "summaries")
}

# For each experiment the settings of its runs; each is run with every seed.
EXPERIMENTS = {
    # Reversal, lengths 2 to 20: state size at one budget, then budget at one state size.
    "reversal": [
        *_runs("reversal", attend=(False, True), width=(16, 32, 64, 128)),
        *_runs("reversal", steps=(750, 1500, 6000, 12_000)),
        *_runs("reversal", steps=(750, 1500, 6000), attend=True),
        *_runs("reversal", steps=6000, attend=True, width=32),
        # The one-vector model's best chance: an orthogonal RNN, which does better here than a GRU.
        *_runs("reversal", encoder="rnn", steps=(3000, 12_000)),
        # Trained on short sequences alone, tested on all.
        *_runs("reversal10", attend=(False, True)),
    ],
    # French number words to English, up to 12 digits.
    "french": [
        *_runs("fr12", steps=(500, 1500, 6000)),
        *_runs("fr12", steps=(500, 1500), attend=True),
        *_runs("fr12", steps=(1500, 6000), reversed_source=True),
        # Attention before each step of the decoder, with additive scores.
        *_runs("fr12", steps=1500, attend=True, attention="inside"),
    ],
    # German characters to English words, up to 9 digits: the running example's models.
    "german": [
        *_runs("de9", steps=(1500, 6000)),
        *_runs("de9", steps=1500, attend=True),
        *_runs("de9", steps=6000, attend=True, encoder="self_attention", rate=3e-3),
        *_runs("de9", TRANSFORMER, steps=3000),
    ],
    # Encoder against connection, on French numbers: the same recurrent decoder in every cell. The
    # self-attention encoder is trained at half the rate, and at 1500 steps at both.
    "wirings": [
        run
        for steps, encoder, rate in (
            *itertools.product((1500, 6000), ("gru", "bidirectional"), (8e-3,)),
            *itertools.product((1500, 6000), ("self_attention",), (4e-3,)),
            (1500, "self_attention", 8e-3),
        )
        for attend, summary in ((False, ("last", "mean")), (True, "mean"))
        for run in _runs(
            "fr12", steps=steps, encoder=encoder, rate=rate, attend=attend, summary=summary
        )
    ],
    # Transformers on French numbers: one to compare, then shorter ones with a part taken out.
    "transformer": [
        *_runs("fr12", TRANSFORMER, steps=1500),
        *_runs("fr12", TRANSFORMER, steps=1000, layers=(1, 4), norm=("pre", "post", "none")),
        *(
            run
            for without in ({"residual": False}, {"warmup": 0})
            for run in _runs(
                "fr12", TRANSFORMER, steps=1000, layers=(1, 4), norm=("pre", "post"), **without
            )
        ),
    ],
}

# Trained parameters that chapters load, as results/NAME.npz: experiment, settings; seed 0.
MODELS = {
    **{
        f"reversal_{'attention' if run['attend'] else 'one_vector'}_{run['width']}": run
        for run in _runs("reversal", attend=(False, True), width=(16, 32, 64))
    },
    "french_attention": EXPERIMENTS["french"][4],
    "french_attention_inside": EXPERIMENTS["french"][-1],
    "french_transformer": EXPERIMENTS["transformer"][0],
    "german_one_vector": EXPERIMENTS["german"][1],
    "german_attention": EXPERIMENTS["german"][2],
    "german_self_attention": EXPERIMENTS["german"][3],
    "german_transformer": EXPERIMENTS["german"][4],
}


def make_task(name):
    """Task of a short name: ``reversal``, ``reversal10`` (trained to length 10), ``fr12``, ….

    Raises
    ------
    ValueError
        If there is no such task.

    Examples
    --------
    >>> make_task("fr3").name
    'numbers fr 3'
    """
    if name in TASKS:
        return TASKS[name]()
    kind = name.rstrip("0123456789")
    require(
        kind in ("fr", "de", "reversal") and kind != name,
        f"task = {name!r} is unknown; there are {[*TASKS]}, 'fr' or 'de' and a number of digits, "
        "and 'reversal' and a length",
    )
    number = int(name.removeprefix(kind))
    return tasks.reversal((2, number)) if kind == "reversal" else tasks.numbers(kind, number)


def train(settings, seed, label="training"):
    """Train one model.

    Parameters
    ----------
    settings : dict
        `DEFAULTS` or `TRANSFORMER`, changed, and ``task``. A recurrent decoder may also be given
        a ``summary``, as in `seq2seq.encode`, and ``attention``, as in `seq2seq.init_seq2seq`.
    seed : int
        Decides the start of the parameters and the batches.
    label : str
        Stands before the progress bar.

    Returns
    -------
    params : dict
    history : dict
        As from `training.fit`.

    Examples
    --------
    >>> settings = dict(DEFAULTS, task="reversal", width=4, steps=2)
    >>> len(train(settings, seed=0)[1]["loss"])
    2
    """
    task, rng = make_task(settings["task"]), np.random.default_rng(seed)
    params = start(settings, rng)
    drawn = tasks.batches(task, rng, settings["batch"])
    if settings["reversed_source"]:
        drawn = map(tasks.reversed_source, drawn)

    def loss(params, batch):
        return cross_entropy(_logits(params, batch, settings), batch.target_out, batch.target_mask)

    schedule = {name: settings[name] for name in ("rate", "warmup") if name in settings}
    return training.fit(loss, params, drawn, settings["steps"], label=label, **schedule)


def start(settings, rng):
    """Parameters before training.

    Parameters
    ----------
    settings : dict
        As for `train`.
    rng : numpy.random.Generator

    Returns
    -------
    dict
        Nested, float32.

    Examples
    --------
    >>> settings = dict(TRANSFORMER, task="reversal", width=8)
    >>> sorted(start(settings, np.random.default_rng(0)))
    ['decoder', 'encoder', 'output', 'source_embedding', 'target_embedding']
    """
    task = make_task(settings["task"])
    sizes = len(task.source_vocabulary), len(task.target_vocabulary), settings["width"]
    if _is_transformer(settings):
        layers, norm = settings["layers"], settings["norm"]
        return transformer.init_transformer(rng, *sizes, layers=layers, norm=norm)
    return seq2seq.init_seq2seq(
        rng, *sizes, settings["encoder"], settings.get("attention", "after")
    )


def _is_transformer(settings):
    return settings.get("model") == "transformer"


def _logits(params, batch, settings):
    model = transformer.transformer if _is_transformer(settings) else seq2seq.seq2seq
    source = batch.source, batch.source_lengths
    return model(params, *source, batch.target_in, **wiring(settings))


def wiring(settings):
    """Return the part of the settings that the model's own functions take, by keyword.

    Examples
    --------
    >>> wiring(dict(DEFAULTS, task="reversal"))
    {'attend': False, 'encoder': 'gru'}
    """
    names = ("norm", "residual") if _is_transformer(settings) else ("attend", "encoder", "summary")
    return {name: settings[name] for name in names if name in settings}


def _batch(pairs, settings):
    batch = tasks.make_batch(pairs)
    return tasks.reversed_source(batch) if settings["reversed_source"] else batch


def accuracy_by_length(params, settings, pairs=None):
    """Exact match on held-out pairs, for each source length.

    Parameters
    ----------
    params : dict
    settings : dict
        The ones it was trained with.
    pairs : list of pairs, optional
        The task's held-out pairs, if not given.

    Returns
    -------
    dict
        length -> (share of pairs right, number of pairs)

    Examples
    --------
    >>> settings = dict(DEFAULTS, task="reversal", width=4, steps=2)
    >>> params, _ = train(settings, seed=0)
    >>> accuracy_by_length(params, settings)[20]
    (0.0, 200)
    """
    task = make_task(settings["task"])
    found = {}
    for length, group in tasks.by_length(task.held_out if pairs is None else pairs).items():
        batch = _batch(group, settings)
        logits = _logits(params, batch, settings)
        right = training.exact_match(logits, batch.target_out, batch.target_lengths)
        found[length] = float(right.mean()), len(group)
    return found


def translate(params, settings, sources):
    """Decode token by token, always taking the likeliest word.

    Parameters
    ----------
    params : dict
    settings : dict
        The ones it was trained with.
    sources : list of lists of int
        Source tokens.

    Returns
    -------
    list of lists of int
        Target tokens, without START and END.

    Examples
    --------
    >>> settings = dict(DEFAULTS, task="reversal", width=4, steps=2)
    >>> params, _ = train(settings, seed=0)
    >>> len(translate(params, settings, [[3, 4, 5], [6]]))
    2
    """
    batch = _batch([(source, []) for source in sources], settings)
    source = batch.source, batch.source_lengths
    model = transformer if _is_transformer(settings) else seq2seq
    step, state = model.start_decoding(params, *source, **wiring(settings))
    return decoding.greedy(step, state, tasks.START, tasks.END, limit=60)


def _run(job):
    """Train and measure one model; save its parameters if a chapter loads them."""
    settings, seed = job
    start = time.process_time()
    params, history = train(settings, seed)
    seconds = time.process_time() - start
    found = accuracy_by_length(params, settings)
    for name, wanted in MODELS.items():
        if seed == 0 and wanted == settings:
            vector = training.flatten(params)
            _write(RESULTS / f"{name}.npz", lambda file, v=vector: np.savez_compressed(file, v))
    losses = np.array(history["loss"])
    thinned = [float(part.mean().round(4)) for part in np.array_split(losses, 30)]
    return {
        "settings": settings,
        "seed": seed,
        "cpu_seconds": round(seconds, 1),
        "loss": thinned,
        "accuracy": {str(n): round(share, 4) for n, (share, _) in found.items()},
        "count": {str(n): count for n, (_, count) in found.items()},
    }


def _start_worker():
    """Prepare a new process: it ends with the main one, whatever happens, and not before."""
    os.environ["STATIC_BOOK"] = "1"  # the runs draw no bars of their own
    # Ctrl-C reaches all processes; half-trained parameters must not be taken for a result.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The main process has a handler of its own; in here one could wait for a lock for ever.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit(number, _):
    sys.exit(128 + number)  # an exception, so that processes and drafts are cleared away


def _exit_with_parent():
    multiprocessing.parent_process().join()
    os._exit(1)


def _write(path, write):
    """Write a file whole or not at all: an interrupted run leaves no half of one."""
    path.parent.mkdir(exist_ok=True)
    owner = multiprocessing.parent_process() or multiprocessing.current_process()
    draft = path.with_name(f".{path.name}.{owner.pid}")
    try:
        with draft.open("wb") as file:
            write(file)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def run(name, seeds=3, jobs=1):
    """Run what is missing of an experiment and add it to its record.

    It may be interrupted, by Ctrl-C or a signal: every run that is done has been recorded, the
    record is whole, and the next call goes on from there.

    Parameters
    ----------
    name : str
        A key of `EXPERIMENTS`.
    seeds : int
        Seeds 0 to seeds - 1.
    jobs : int
        Processes at a time.

    Raises
    ------
    ValueError
        If there is no experiment of that name.

    Examples
    --------
    >>> run("walking")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: experiment = 'walking' is unknown; there are ('reversal', 'french', ...)
    """
    require_choice("experiment", name, EXPERIMENTS)
    path = RESULTS / f"{name}.json"
    os.environ["OMP_NUM_THREADS"] = "1"  # read by the new processes: one thread each
    wanted = [(settings, seed) for settings in EXPERIMENTS[name] for seed in range(seeds)]
    recorded = json.loads(path.read_text())["runs"] if path.exists() else []
    runs = [run for run in recorded if _job(run) in wanted]
    missing = [job for job in wanted if job not in map(_job, runs)]
    try:
        with multiprocessing.get_context("spawn").Pool(jobs, _start_worker) as pool:
            for done in tqdm(pool.imap_unordered(_run, missing), desc=name, total=len(missing)):
                runs.append(done)
                runs.sort(key=lambda run: wanted.index(_job(run)))
                _write_record(path, name, runs)
            pool.close()
            pool.join()
    finally:
        for draft in RESULTS.glob(f".*.{os.getpid()}"):  # of a process that was ended
            draft.unlink()


def _write_record(path, name, runs):
    record = {
        "command": f"python -m helpers.experiments run {name}",
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "autograd": getattr(autograd, "__version__", "unknown"),
        },
        "runs": runs,
    }
    _write(path, lambda file: file.write(json.dumps(record, indent=1).encode()))


def _job(run):
    return run["settings"], run["seed"]


def load_record(name):
    """Read a record.

    Parameters
    ----------
    name : str
        A key of `EXPERIMENTS`.

    Returns
    -------
    list of dict
        One a run: ``settings``, ``seed``, ``cpu_seconds``, ``loss``, ``accuracy`` and ``count``,
        the last two from source length (int) to share and number of held-out pairs.

    Raises
    ------
    ValueError
        If there is no experiment of that name.
    FileNotFoundError
        If it has not been run; the message says how to run it.

    Examples
    --------
    >>> one = load_record("reversal")[0]
    >>> sorted(one)
    ['accuracy', 'count', 'cpu_seconds', 'loss', 'seed', 'settings']
    """
    require_choice("experiment", name, EXPERIMENTS)
    path = RESULTS / f"{name}.json"
    if not path.exists():
        raise FileNotFoundError(f"no {path.name}: python -m helpers.experiments run {name}")
    runs = json.loads(path.read_text())["runs"]
    for one in runs:
        for key in ("accuracy", "count"):
            one[key] = {int(length): value for length, value in one[key].items()}
    return runs


def curves(runs, bins=None, **settings):
    """Accuracy against source length, one row a seed, of the runs with these settings.

    Parameters
    ----------
    runs : list of dict
        From `load_record`.
    bins : list of pairs of int, optional
        (first, last) length of each bin; each length by itself if not given.
    settings
        What the runs must have been made with; `DEFAULTS`, or for ``model="transformer"``
        `TRANSFORMER`, for what is not given, and the task of the first run.

    Returns
    -------
    x : list
        Lengths, or the middles of the bins.
    accuracy : array (seeds, lengths)

    Raises
    ------
    ValueError
        If no run has these settings.

    Examples
    --------
    >>> lengths, accuracy = curves(load_record("reversal"), width=32)
    >>> len(lengths), accuracy.shape
    (27, (3, 27))
    """
    chosen = _chosen(runs, settings)
    lengths = sorted(chosen[0]["accuracy"])
    bins = bins or [(length, length) for length in lengths]
    inside = [[n for n in lengths if first <= n <= last] for first, last in bins]

    def share_right(run, group):
        weights = [run["count"][n] for n in group]
        return np.average([run["accuracy"][n] for n in group], weights=weights)

    accuracy = [[share_right(run, group) for group in inside] for run in chosen]
    return [(first + last) / 2 for first, last in bins], np.array(accuracy)


def _chosen(runs, settings):
    """Return the runs that were made with these settings."""
    defaults = TRANSFORMER if _is_transformer(settings) else DEFAULTS
    settings = {"task": runs[0]["settings"]["task"], **defaults, **settings}
    chosen = [one for one in runs if one["settings"] == settings]
    require(chosen, f"no run has the settings {settings}")
    return chosen


def shares(runs, **settings):
    """Share of all held-out pairs that is right, one number a seed.

    Parameters
    ----------
    runs, settings
        As for `curves`.

    Returns
    -------
    array (seeds,)

    Raises
    ------
    ValueError
        If no run has these settings.

    Examples
    --------
    >>> shares(load_record("french"), steps=1500, attend=True) > 0.9
    array([ True,  True,  True])
    """
    chosen = _chosen(runs, settings)
    return np.array([overall(one["accuracy"], one["count"]) for one in chosen])


def overall(accuracy, count):
    """Share of all pairs that is right, from the shares for each length.

    Parameters
    ----------
    accuracy, count : dict
        length -> share right, length -> number of pairs, as in a record.

    Returns
    -------
    float

    Examples
    --------
    >>> overall({2: 1.0, 3: 0.0}, {2: 30, 3: 10})
    0.75
    """
    return float(np.average([*accuracy.values()], weights=[*count.values()]))


def within_record(accuracy, recorded):
    """Whether a new seed's accuracy lies where the recorded seeds say it should.

    Parameters
    ----------
    accuracy : float
        Mean accuracy of the new seed.
    recorded : array (seeds,)
        Mean accuracies of the recorded ones.

    Returns
    -------
    bool
        True within max(3 spreads, 0.05) of the recorded mean; a spread is the standard deviation.

    Examples
    --------
    >>> within_record(0.52, np.array([0.5, 0.55, 0.53])), within_record(0.9, np.array([0.5, 0.5]))
    (True, False)
    """
    recorded = np.asarray(recorded)
    return bool(abs(accuracy - recorded.mean()) <= max(3 * recorded.std(ddof=1), 0.05))


def load_model(name):
    """Read trained parameters.

    Parameters
    ----------
    name : str
        A key of `MODELS`.

    Returns
    -------
    params : dict
    settings : dict

    Raises
    ------
    ValueError
        If there is no model of that name.

    Examples
    --------
    >>> params, settings = load_model("reversal_attention_16")
    >>> params["output"]["weight"].shape, settings["attend"]
    ((16, 23), True)
    """
    require_choice("model", name, MODELS)
    settings = MODELS[name]
    template = start(settings, np.random.default_rng(0))
    with np.load(RESULTS / f"{name}.npz") as file:
        return training.unflatten(file["arr_0"], template), settings


def main(arguments):
    """Command line: ``list``, or ``run NAME|all [--seeds N] [--jobs N]``."""
    parser = argparse.ArgumentParser(prog="python -m helpers.experiments", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="show the experiments and how many runs are recorded")
    running = commands.add_parser("run", help="run what is missing")
    running.add_argument("name", choices=[*EXPERIMENTS, "all"])
    running.add_argument("--seeds", type=int, default=3)
    running.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args(arguments)
    if options.command == "list":
        for name, settings in EXPERIMENTS.items():
            path = RESULTS / f"{name}.json"
            recorded = len(load_record(name)) if path.exists() else 0
            print(f"{name}: {len(settings)} settings, {recorded} runs recorded")
        return
    signal.signal(signal.SIGTERM, _exit)
    try:
        for name in EXPERIMENTS if options.name == "all" else [options.name]:
            run(name, options.seeds, options.jobs)
    except KeyboardInterrupt:
        sys.exit("stopped; what is done is recorded, and the same command goes on from there")


if __name__ == "__main__":
    main(sys.argv[1:])
