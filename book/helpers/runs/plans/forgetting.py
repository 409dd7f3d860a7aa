"""What a last state has forgotten, by distance and by how much there was to keep: chapter 04.

Two tasks that ask for everything at once, so that no question comes before another: all letters of
a source, or the values of some pairs among filler. Three cells at two sizes, no clipping, other
starts of what decides how far a gradient reaches, and a longer source.
"""

import numpy as np

from helpers.learning import gradient_norms
from helpers.recurrent import CELLS
from helpers.runs.settings import Settings
from helpers.tasks import SPECIAL

LETTERS = Settings(task="keep_letters24", model="last_state", steps=500)
PAIRS = LETTERS.but(task="keep_pairs24")
FAR = LETTERS.but(task="keep_pairs60")
NAMES = "rnn", "gru", "lstm"
PLAN = [
    *(task.but(encoder=cell) for task in (LETTERS, PAIRS) for cell in NAMES),
    *(task.but(encoder=cell, width=16) for task in (LETTERS, PAIRS) for cell in NAMES),
    LETTERS.but(encoder="rnn", gain=0.7),
    LETTERS.but(encoder="gru", gate_bias=2),
    *(task.but(encoder="lstm", gate_bias=-1) for task in (LETTERS, PAIRS)),
    PAIRS.but(encoder="rnn", clip=1e6),
    FAR,
]
KEEP = {}
SEEDS = 5
PARTS = 6  # of the distances, in the task with filler


def distances(task):
    """Tell how far before the end each held-out pair stands: (sources, keys), 0 if it does not.

    Examples
    --------
    >>> from helpers.tasks import make_task
    >>> task = make_task("keep_pairs24")
    >>> source, target = task.held_out[400]
    >>> " ".join(task.source_words(source)), " ".join(task.target_words(target))
    ('. C4 . . . . . . . . . . . . . . . . . . . . H3 .', '. . 4 . . . . 3')
    >>> distances(task)[400]
    array([ 0,  0, 23,  0,  0,  0,  0,  2])
    """
    source, first = np.array([source for source, _ in task.held_out]), len(SPECIAL) + 1
    keys = len(task.held_out[0][1])
    values = (len(task.source_vocabulary) - first) // keys
    key = np.where(source >= first, (source - first) // values, -1)
    stands = key[:, :, None] == np.arange(keys)  # (sources, places, keys)
    return (stands * np.arange(source.shape[1], 0, -1)[:, None]).max(axis=1)


def kept(trained):
    """Tell how much of what was read is right, by distance to the end.

    Parameters
    ----------
    trained : Trained
        A model that answers from its last state.

    Returns
    -------
    dict of str to list
        Number of letters, or of pairs, in the source -> share right. Letters: at distance 1, 2, ….
        Pairs: in each of six equal parts of the distances, from the nearest on.

    Examples
    --------
    >>> from helpers.runs import Trained, start
    >>> found = kept(Trained(start(PLAN[0]), PLAN[0]))
    >>> {name: len(shares) for name, shares in found.items()}
    {'24': 24}
    """
    task = trained.task
    target = np.array([target for _, target in task.held_out])
    right = trained.logits(task.held_out)[:, : target.shape[1]].argmax(axis=-1) == target
    if task.name == "keep letters":
        return {str(target.shape[1]): _shares(right.T[::-1])}
    far, length = distances(task), len(task.held_out[0][0])
    count, part = (far > 0).sum(axis=1), (far - 1) * PARTS // length
    return {
        str(n): _shares(right[(count == n)[:, None] & (part == i)] for i in range(PARTS))
        for n in np.unique(count)
    }


def _shares(groups):
    return [round(float(group.mean()), 4) for group in groups]


def reach(trained, sources=4):
    """Tell how far a gradient reaches: that of the last state by each vector read.

    Parameters
    ----------
    trained : Trained
    sources : int
        Held-out sources, the last ones, over which it is averaged.

    Returns
    -------
    array (length,)
        At distance 1, 2, … to the end, see `learning.gradient_norms`.

    Examples
    --------
    >>> from helpers.runs import Trained, start
    >>> norms = reach(Trained(start(PLAN[0]), PLAN[0]))
    >>> norms.shape, bool(norms[0] > norms[-1])
    ((24,), True)
    """
    params, layer = trained.params, CELLS[trained.settings.encoder]
    norms = [
        gradient_norms(lambda x: layer(params["cell"], x)[0], params["embedding"][source], -1)
        for source, _ in trained.task.held_out[-sources:]
    ]
    return np.mean(norms, axis=0)[::-1]


def WATCH(trained):
    """Return what is recorded at the end.

    Examples
    --------
    >>> from helpers.runs import Trained, start
    >>> sorted(WATCH(Trained(start(PLAN[0]), PLAN[0])))
    ['kept', 'reach']
    """
    return {"kept": kept(trained), "reach": [float(f"{norm:.3g}") for norm in reach(trained)]}
