"""Records: what runs were made, with what, and how well they did; and the weights that are kept.

Stands on settings and plans. ``results/NAME.json`` holds the runs of the plan of that name, each
with its settings in full, the versions and the commit that it was made with;
``results/NAME.npz`` a kept model's parameters as one vector, with its settings.
"""

import dataclasses
import json
import os
from pathlib import Path

import numpy as np

from helpers.runs.plans import load_plan, plan_of_model
from helpers.runs.settings import Settings
from helpers.shapes import require

RESULTS = Path(__file__).resolve().parents[2] / "results"


@dataclasses.dataclass(frozen=True)
class Run:
    """One trained and measured model.

    Attributes
    ----------
    settings : Settings
        The seed among them.
    cpu_seconds : float
        Of training.
    loss : list of float
        While it was trained, thinned.
    accuracy, count : dict
        Length of the source -> share of held-out pairs right, and number of such pairs.
    versions : dict
        Of Python and the packages that computed it.
    code : dict or None
        ``commit``, and whether the helpers were ``changed`` since; None for runs that were made
        before this was noted.
    """

    settings: Settings
    cpu_seconds: float
    loss: list
    accuracy: dict
    count: dict
    versions: dict
    code: dict | None = None
    watched: list | None = None

    @property
    def share(self):
        """Share of all held-out pairs that is right."""
        return overall(self.accuracy, self.count)

    def to_json(self):
        """Return what a record holds of it."""
        stored = dataclasses.asdict(self)
        if self.watched is None:
            del stored["watched"]
        return stored

    @classmethod
    def from_json(cls, stored):
        """Read it back; a field that settings have got since then stands at its default."""
        by_length = {
            name: {int(length): value for length, value in stored[name].items()}
            for name in ("accuracy", "count")
        }
        return cls(**{**stored, **by_length, "settings": Settings(**stored["settings"])})


def write_whole(path, write):
    """Write a file whole or not at all: an interrupted run leaves no half of one.

    Parameters
    ----------
    path : pathlib.Path
    write : callable
        Takes the open file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "new" / "file"
    ...     write_whole(path, lambda file: file.write(b"all"))
    ...     path.read_bytes()
    b'all'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            write(file)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_record(path, plan, runs):
    """Write a record, one line a run, in the plan's order; other runs follow.

    Parameters
    ----------
    path : pathlib.Path
    plan : Plan
    runs : list of Run

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path, runs = Path(folder) / "french.json", load_record("french")
    ...     write_record(path, load_plan("french"), runs)
    ...     [Run.from_json(one) for one in json.loads(path.read_text())["runs"]] == runs
    True
    """
    order = {settings: place for place, settings in enumerate(plan.runs)}
    runs = sorted(
        runs,
        key=lambda run: (order.get(run.settings.but(seed=0), len(order)), run.settings.seed),
    )
    lines = ",\n".join(json.dumps(run.to_json()) for run in runs)
    command = json.dumps(f"python -m helpers.runs run {plan.name}")
    text = f'{{"command": {command},\n"runs": [\n{lines}\n]}}\n'
    write_whole(path, lambda file: file.write(text.encode()))


def load_record(name):
    """Read a record.

    Parameters
    ----------
    name : str
        Of a plan.

    Returns
    -------
    list of Run

    Raises
    ------
    ValueError
        If there is no plan of that name.
    FileNotFoundError
        If it has not been run; the message says how to run it.

    Examples
    --------
    >>> run = load_record("reversal")[0]
    >>> run.settings, run.count[20]
    (Settings(task='reversal', width=16), 200)
    """
    load_plan(name)
    path = RESULTS / f"{name}.json"
    if not path.exists():
        raise FileNotFoundError(f"no {path.name}: python -m helpers.runs run {name}")
    return [Run.from_json(stored) for stored in json.loads(path.read_text())["runs"]]


def write_weights(path, settings, vector):
    """Write a kept model: its parameters as one vector, and its settings.

    Parameters
    ----------
    path : pathlib.Path
    settings : Settings
    vector : array (number of parameters,)

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_weights(Path(folder) / "one.npz", Settings(task="fr4"), np.zeros(3))
    ...     sorted(np.load(Path(folder) / "one.npz"))
    ['settings', 'vector']
    """
    text = json.dumps(dataclasses.asdict(settings))
    write_whole(path, lambda file: np.savez_compressed(file, vector=vector, settings=text))


def read_weights(name):
    """Read a kept model, and make sure that it is what the plan says.

    Parameters
    ----------
    name : str
        Of the model.

    Returns
    -------
    vector : array (number of parameters,)
    settings : Settings

    Raises
    ------
    ValueError
        If no plan keeps such a model, or the file holds one of other settings.
    FileNotFoundError
        If there is no file.

    Examples
    --------
    >>> vector, settings = read_weights("reversal_attention_16")
    >>> vector.dtype, settings
    (dtype('float32'), Settings(task='reversal', width=16, attend=True))
    """
    plan = plan_of_model(name)
    again = f"python -m helpers.runs run {plan.name}"
    path = RESULTS / f"{name}.npz"
    if not path.exists():
        raise FileNotFoundError(f"no {path.name}: {again}")
    with np.load(path) as file:
        require("settings" in file, f"{path.name} does not say its settings: {again}")
        vector, stored = file["vector"], Settings(**json.loads(str(file["settings"])))
    wanted = plan.keep[name]
    require(stored == wanted, f"{path.name} holds {stored}, but the plan keeps {wanted}: {again}")
    return vector, stored


def select(runs, settings=None, **changes):
    """Return the runs that were made with these settings, whatever their seed.

    Parameters
    ----------
    runs : list of Run
        From `load_record`.
    settings : Settings, optional
        If not given, defaults and the task of the first run.
    **changes
        Settings that differ from these.

    Returns
    -------
    list of Run

    Raises
    ------
    ValueError
        If no run has these settings, or a seed is asked for.

    Examples
    --------
    >>> [run.settings.seed for run in select(load_record("french"), steps=1500, attend=True)]
    [0, 1, 2, 3, 4]
    """
    require("seed" not in changes, "runs of all seeds are selected; leave seed out")
    start = Settings(task=runs[0].settings.task) if settings is None else settings
    wanted = start.but(**changes, seed=0)
    other = [set(wanted.differing(run.settings)) - {"seed"} for run in runs]
    chosen = [run for run, names in zip(runs, other, strict=True) if not names]
    if not chosen:
        nearest = runs[min(range(len(runs)), key=lambda place: len(other[place]))].settings
        require(False, f"no run has {wanted}; the nearest has {nearest.but(seed=0)}")
    return chosen


def curves(runs, bins=None, settings=None, **changes):
    """Accuracy against source length, one row a seed, of the runs with these settings.

    Parameters
    ----------
    runs, settings, **changes
        As for `select`.
    bins : list of pairs of int, optional
        (first, last) length of each bin; each length by itself if not given.

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
    (27, (5, 27))
    """
    chosen = select(runs, settings, **changes)
    lengths = sorted(chosen[0].accuracy)
    bins = bins or [(length, length) for length in lengths]
    inside = [[n for n in lengths if first <= n <= last] for first, last in bins]

    def share_right(run, group):
        weights = [run.count[n] for n in group]
        return np.average([run.accuracy[n] for n in group], weights=weights)

    accuracy = [[share_right(run, group) for group in inside] for run in chosen]
    return [(first + last) / 2 for first, last in bins], np.array(accuracy)


def shares(runs, settings=None, **changes):
    """Share of all held-out pairs that is right, one number a seed.

    Parameters
    ----------
    runs, settings, **changes
        As for `select`.

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
    array([ True,  True,  True,  True,  True])
    """
    return np.array([run.share for run in select(runs, settings, **changes)])


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
        True within max(3 spreads, 0.05) of the recorded mean, a spread being the standard
        deviation, and never further off than 0.3 of the mean: whatever the spread, a model that
        is worse by a third does not pass.

    Examples
    --------
    >>> within_record(0.52, np.array([0.5, 0.55, 0.53])), within_record(0.9, np.array([0.5, 0.5]))
    (True, False)
    >>> within_record(0.4, np.array([0.2, 0.9, 0.7]))
    False
    """
    recorded = np.asarray(recorded)
    mean, spread = recorded.mean(), recorded.std(ddof=1)
    return bool(abs(accuracy - mean) <= min(max(3 * spread, 0.05), 0.3 * mean))
