"""How many matrices one layer of self-attention needs, in three games of cards: chapter 07.

Each game with three matrices, with W_Q = W_K, and with one for all, for 250 steps. The two cases
in which something is left to learn go on, to 750 and to 3000 steps.
"""

import numpy as np

from helpers import transformer
from helpers.functions import embedding
from helpers.runs.settings import Settings
from helpers.tasks import asked_places

LAYER = Settings(task="row", model="one_layer", width=32, steps=250)
GAMES = ("row", "round_table", "twins")
LONGER = (("twins", "one for all"), ("round_table", "queries = keys"))


def WATCH(trained):
    """Return what the chapter says of a layer: answers, seats, weights, lengths of queries.

    Parameters
    ----------
    trained : Trained

    Returns
    -------
    dict
        Shares of answers ``right`` and, from the worst, ``seats``; the ``asked`` share of weight
        that goes to the card to be said, and the ``own``; ``lengths`` of queries, place by place.

    Examples
    --------
    >>> from helpers.runs import Trained, start
    >>> sorted(WATCH(Trained(start(LAYER), LAYER)))
    ['asked', 'lengths', 'own', 'right', 'seats']
    """
    pairs = trained.task.held_out
    batch = trained.batch(pairs)
    said = batch.target_mask[:, :-1]
    right = trained.logits(pairs).argmax(axis=-1)[:, :-1] == batch.target_out[:, :-1]
    weights = trained.weights(pairs)["encoder"][:, 0, 0]
    asked = asked_places(trained.settings.task, batch.source)[..., None]
    at_asked = np.take_along_axis(weights, asked, axis=2)[..., 0]
    numbers = {
        "right": right[said].mean(),
        "seats": np.sort(right.mean(axis=0)),
        "asked": at_asked[said].mean(),
        "own": np.diagonal(weights, axis1=1, axis2=2)[said].mean(),
        "lengths": query_lengths(trained),
    }
    return {name: np.asarray(number, float).round(4).tolist() for name, number in numbers.items()}


def query_lengths(trained):
    """Return the mean lengths (n,) of a layer's queries, place by place, on what is held out.

    Examples
    --------
    >>> from helpers.runs import Trained, start
    >>> query_lengths(Trained(start(LAYER), LAYER)).shape
    (8,)
    """
    params, tokens = trained.params, trained.batch(trained.task.held_out).source
    embedded = embedding(params["embedding"], tokens)
    x = transformer.enter({"positions": {}}, embedded, "sinusoidal")
    return np.linalg.norm(x @ params["attention"]["queries"][0], axis=-1).mean(axis=0)


PLAN = [
    *(LAYER.but(task=game, projections=way) for game in GAMES for way in transformer.TIED),
    *(
        LAYER.but(task=game, projections=way, steps=steps)
        for game, way in LONGER
        for steps in (750, 3000)
    ),
]
KEEP = {}
SEEDS = 5
