"""Making the runs of a plan that are missing: here, on several processes, or on a cluster.

Stands on plans, records and trained. joblib hands the runs out; each is recorded as soon as it is
done, so stopping loses at most the runs that are under way.
"""

import contextlib
import dataclasses
import platform
import signal
import subprocess
import threading
import time
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np
from tqdm import tqdm

from helpers.learning import flatten
from helpers.runs import records
from helpers.runs.plans import load_plan
from helpers.runs.trained import train

_ONE_AT_A_TIME = threading.Lock()  # autograd does not bear several threads


def measure(settings, watch=None, every=None):
    """Train and measure one model, in whatever process.

    Parameters
    ----------
    settings : Settings
    watch, every : optional
        As a `plans.Plan` has them.

    Returns
    -------
    run : Run
        With no ``code``: where it is computed there may be no repository.
    vector : array (number of parameters,)

    Raises
    ------
    KeyboardInterrupt
        If training was stopped: half a model is no result.

    Examples
    --------
    >>> from helpers.runs.settings import Settings
    >>> run, vector = measure(Settings(task="fr2", width=4, steps=2, batch=2))
    >>> sorted(run.versions), vector.shape
    (['autograd', 'numpy', 'python'], (663,))
    """
    spent = []

    def watching(trained):
        start = time.thread_time()
        found = watch(trained)
        spent.append(time.thread_time() - start)
        return found

    with _ONE_AT_A_TIME:
        start = time.thread_time()
        every = every or settings.steps
        trained = train(settings, label=None, evaluate=watch and watching, every=every)
        seconds = time.thread_time() - start - sum(spent)
        if trained.history["step"] < settings.steps:
            raise KeyboardInterrupt
        found = trained.accuracy_by_length()
    losses = np.array_split(trained.history["loss"], min(30, settings.steps))
    run = records.Run(
        settings=settings,
        cpu_seconds=round(seconds, 1),
        loss=[float(part.mean().round(4)) for part in losses],
        accuracy={n: round(share, 4) for n, (share, _) in found.items()},
        count={n: count for n, (_, count) in found.items()},
        watched=watch and [[step, found] for step, found in trained.history["evaluated"]],
        versions={
            "python": platform.python_version(),
            **{package: version(package) for package in ("numpy", "autograd")},
        },
    )
    return run, flatten(trained.params)


def code_state():
    """Return the commit of this repository, and whether the helpers have changed since.

    Returns
    -------
    dict or None
        ``commit`` and ``changed``; None if this is no repository.

    Examples
    --------
    >>> state = code_state()
    >>> state is None or sorted(state) == ["changed", "commit"]
    True
    """
    helpers = Path(__file__).resolve().parents[1]

    def git(*arguments):
        command = ["git", "-C", str(helpers), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "changed": bool(git("status", "-s", "--", "."))}
    except (OSError, subprocess.CalledProcessError):
        return None


def missing(name, seeds=None):
    """Return what a plan wants that is not there: neither recorded, nor, if kept, its weights.

    Parameters
    ----------
    name : str
        Of a plan.
    seeds : int, optional
        Seeds 0 to seeds - 1; the plan's number, if not given.

    Returns
    -------
    list of Settings

    Examples
    --------
    >>> missing("reversal", seeds=3)
    []
    """
    plan = load_plan(name)
    count = plan.seeds if seeds is None else seeds
    wanted = [settings.but(seed=seed) for settings in plan.runs for seed in range(count)]
    done = {run.settings for run in recorded(name)}
    unkept = {settings for kept, settings in plan.keep.items() if not _is_kept(kept)}
    return [one for one in dict.fromkeys([*wanted, *unkept]) if one not in done or one in unkept]


def recorded(name):
    """Return the runs of a record, none if there is none yet.

    Examples
    --------
    >>> len(recorded("reversal")) >= 60
    True
    """
    try:
        return records.load_record(name)
    except FileNotFoundError:
        return []


def _is_kept(name):
    try:
        records.read_weights(name)
    except (FileNotFoundError, ValueError):
        return False
    return True


def run(name, seeds=None, jobs=1, scheduler=None):
    """Make what is missing of a plan, and add it to its record.

    It may be interrupted: every run that is done has been recorded, the record is whole, and the
    next call goes on from there. A recorded run is never dropped or replaced.

    Parameters
    ----------
    name : str
        Of a plan.
    seeds : int, optional
        Seeds 0 to seeds - 1; the plan's number, if not given.
    jobs : int
        Processes at a time.
    scheduler : str, optional
        Address of a Dask scheduler, whose workers then make the runs instead; they need the same
        helpers and packages.

    Raises
    ------
    ValueError
        If there is no plan of that name.

    Examples
    --------
    >>> run("walking")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: plan = 'walking' is unknown; there are (...)
    """
    wanted, code, plan = missing(name, seeds), code_state(), load_plan(name)
    if not wanted:
        return
    with _workers(jobs, scheduler):
        tasks = (joblib.delayed(measure)(one, plan.watch, plan.every) for one in wanted)
        done = joblib.Parallel(return_as="generator_unordered")(tasks)
        for one, vector in tqdm(done, desc=name, total=len(wanted)):
            _record(name, one, vector, code)


@contextlib.contextmanager
def _workers(jobs, scheduler):
    """Say where joblib makes the runs: in this process, in several, or on a Dask cluster."""
    if scheduler is None:
        # Ctrl-C reaches every process; the main one ends the others, which need say nothing.
        deaf = {"initializer": signal.signal, "initargs": (signal.SIGINT, signal.SIG_IGN)}
        with joblib.parallel_config("loky", n_jobs=jobs, **deaf):
            yield
        return
    from distributed import Client  # only who has a cluster needs it

    with Client(scheduler), joblib.parallel_config("dask"):
        yield


def _record(name, run, vector, code):
    """Write the weights, if they are kept, and the record, if the run is not in it."""
    plan, before = load_plan(name), recorded(name)
    for kept, settings in plan.keep.items():
        if settings == run.settings:
            records.write_weights(records.RESULTS / f"{kept}.npz", settings, vector)
    if run.settings not in {one.settings for one in before}:
        run = dataclasses.replace(run, code=code)
        records.write_record(records.RESULTS / f"{name}.json", plan, [*before, run])
