"""Recall from a stream, two blocks that are looked at while they learn: chapter 07.

Every 25 steps, what two detectors say of each head, and the share of answers that is right. With
500 steps, as in `recall`, and with 300.
"""

import numpy as np

from helpers.runs.plans.recall import BLOCKS

N_PAIRS, N_STREAMS = 8, 200


def looks(trained, pairs):
    """How much weight each head gives to two places, on the mean over streams of one length.

    Parameters
    ----------
    trained : Trained
        A decoder-only model of ``recall_stream``.
    pairs : list of pairs
        Streams with lists of one length, each with one question.

    Returns
    -------
    one_back : array (layers, heads)
        What the numbers of the list give to the place before them, where their letter stands.
    behind : array (layers, heads)
        What the question gives to the place behind the same letter in the list.

    Examples
    --------
    >>> from helpers.runs import Trained, start
    >>> model = Trained(start(PLAN[0]), PLAN[0])
    >>> one_back, behind = looks(model, model.task.held_out[:3])
    >>> one_back.shape, behind.shape
    ((2, 4), (2, 4))
    """
    weights = trained.weights(pairs)["stack"]  # (streams, layers, heads, rows, columns)
    n_listed = len(pairs[0][0])
    numbers, question = np.arange(1, n_listed, 2), n_listed + 1  # the start token is between
    one_back = weights[..., numbers, numbers - 1].mean(axis=(0, 3))
    answers = [source.index(target[0]) + 1 for source, target in pairs]
    behind = weights[np.arange(len(pairs)), :, :, question, answers].mean(axis=0)
    return one_back, behind


def WATCH(trained):
    """Return what is recorded at a checkpoint.

    Examples
    --------
    >>> from helpers.runs import Trained, start
    >>> sorted(WATCH(Trained(start(PLAN[0]), PLAN[0])))
    ['behind', 'one_back', 'right']
    """
    fitting = [pair for pair in trained.task.held_out if len(pair[0]) == 2 * N_PAIRS]
    one_back, behind = looks(trained, fitting[:N_STREAMS])
    return {
        "one_back": one_back.astype(float).round(3).tolist(),
        "behind": behind.astype(float).round(3).tolist(),
        "right": round(trained.share_right(fitting[:N_STREAMS]), 3),
    }


PLAN = [BLOCKS.but(steps=steps) for steps in (500, 300)]
KEEP, SEEDS, EVERY = {}, 5, 25
