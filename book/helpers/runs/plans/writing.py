"""Texts on Python, letter by letter, by a stack and by a GRU of about as many numbers: chapter 12.

While they learn, what a held-out letter costs them, in bits: on the mean, and at each place of a
part, since at the first places little has been read.
"""

import numpy as np

from helpers.functions import log_softmax
from helpers.runs.settings import Settings

STACK = Settings(
    task="python_topics", model="decoder_only", layers=2, positions="rotary", steps=1000
)
GRU = Settings(task="python_topics", model="recurrent_only", width=116, steps=1000)
N_PARTS = 200


def bits(trained, pairs):
    """Return what each letter of some texts costs a model, in bits.

    Parameters
    ----------
    trained : Trained
        A model of ``python_topics``.
    pairs : list of pairs
        Of this task.

    Returns
    -------
    array (number of pairs, letters)

    Examples
    --------
    >>> from helpers.runs import Trained, start
    >>> model = Trained(start(GRU), GRU)
    >>> bits(model, model.task.held_out[:3]).shape
    (3, 64)
    """
    batch = trained.batch(pairs)
    surprise = -log_softmax(trained.logits(pairs).astype(float)) / np.log(2)
    letters = batch.target_out[:, :-1]  # the end is given
    return np.take_along_axis(surprise[:, :-1], letters[..., None], axis=-1)[..., 0]


def WATCH(trained):
    """Return what is recorded at a checkpoint.

    Examples
    --------
    >>> from helpers.runs import Trained, start
    >>> len(WATCH(Trained(start(GRU), GRU))["by_place"])
    64
    """
    found = bits(trained, trained.task.held_out[::2][:N_PARTS])
    by_place = found.mean(axis=0).round(3).tolist()
    return {"bits": round(float(found.mean()), 4), "by_place": by_place}


PLAN = [STACK, GRU]
SEEDS, EVERY = 5, 100
KEEP = {"writing_stack": STACK, "writing_gru": GRU}
