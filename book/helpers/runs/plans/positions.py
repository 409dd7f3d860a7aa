"""Positions, on a task of distance and one of order: chapter 08.

Taggers that differ in their encoding alone, each without a mask and with a causal one, and two
recurrent encoders. Then the controls: what fails gets more steps, and the letter to be said stands
farther back.
"""

import numpy as np

from helpers.functions import embedding, linear
from helpers.positions import POSITIONS, position_score
from helpers.runs.settings import Settings
from helpers.tasks import PAD, by_length
from helpers.transformer import blocks, encoder_block, enter, leave

DISTANCE, ORDER, FARTHER = "letters_back3", "latest_capital", "letters_back8"
LONG, SHORT, STARTS = 24, 12, (0, 4, 5, 8, 16, 32)
TAGGER = Settings(
    task=DISTANCE,
    model="tagger",
    encoder="self_attention",
    mask="prefix",
    width=32,
    layers=2,
    positions="rotary",
    steps=300,
    rate=8e-3,
    warmup=50,
)
GRU = TAGGER.but(encoder="gru", mask="causal", layers=1, positions="sinusoidal")


def right(logits, batch):
    """Whether each word is right, NaN where nothing is to be said.

    Parameters
    ----------
    logits : array (batch, n, vocabulary)
    batch : Batch

    Returns
    -------
    array (batch, n)

    Examples
    --------
    >>> from helpers.tasks import make_batch
    >>> right(np.eye(7)[[[0, 5, 5]]], make_batch([([4, 5, 6], [3, 5, 6])], given=(3, 2)))
    array([[nan,  1.,  0.]])
    """
    n = logits.shape[1]
    said = logits.argmax(axis=-1) == batch.target_out[:, :n]
    return np.where(batch.target_out[:, :n] == PAD, np.nan, said)


def right_from(trained, pairs, start):
    """Share right of a tagger without a mask, if its places are counted from `start`.

    Parameters
    ----------
    trained : Trained
        With sinusoidal or learned positions: the others know no first place.
    pairs : list of pairs
        Of one length.
    start : int

    Returns
    -------
    float

    Examples
    --------
    >>> from helpers.runs import Trained, start
    >>> fresh = TAGGER.but(positions="sinusoidal")
    >>> model = Trained(start(fresh), fresh)
    >>> right_from(model, model.task.held_out[:2], 5) < 0.5
    True
    """
    params, batch, name = trained.params, trained.batch(pairs), trained.settings.positions
    x = enter(params["stack"], embedding(params["embedding"], batch.source), name, start)
    for block in blocks(params["stack"]):
        x, _ = encoder_block(block, x, score=position_score(name))
    return float(np.nanmean(right(linear(params["output"], leave(params["stack"], x)), batch)))


def WATCH(trained):
    """Return what is recorded at a checkpoint: shares of places right.

    By length; at length 24 place by place; and, of a tagger without a mask whose places have
    vectors, at length 12, if these are counted from farther on.

    Examples
    --------
    >>> from helpers.runs import Trained, start
    >>> sorted(WATCH(Trained(start(TAGGER), TAGGER)))
    ['lengths', 'places']
    """
    groups, settings = by_length(trained.task.held_out), trained.settings
    found = {n: right(trained.logits(group), trained.batch(group)) for n, group in groups.items()}
    with np.errstate(invalid="ignore"):
        places = np.nansum(found[LONG], axis=0) / np.isfinite(found[LONG]).sum(axis=0)
    watched = {
        "lengths": {n: round(float(np.nanmean(one)), 4) for n, one in found.items()},
        "places": [None if np.isnan(one) else round(float(one), 3) for one in places[:LONG]],
    }
    if settings.mask == "prefix" and settings.positions in ("sinusoidal", "learned"):
        group = groups[SHORT]
        watched["starts"] = {n: round(right_from(trained, group, n), 4) for n in STARTS}
    return watched


MAIN = [
    *(TAGGER.but(task=task, positions=name) for task in (DISTANCE, ORDER) for name in POSITIONS),
    *(
        TAGGER.but(task=task, mask="causal", positions=name)
        for task in (ORDER, DISTANCE)
        for name in POSITIONS[::-1]
    ),
    *(
        GRU.but(task=task, encoder=encoder)
        for task in (DISTANCE, ORDER)
        for encoder in ("gru", "bidirectional")
    ),
]
LONGER = [
    TAGGER.but(mask="causal", positions="alibi", steps=900),
    TAGGER.but(task=ORDER, positions="sinusoidal", steps=900),
    GRU.but(steps=900),
]
FAR = [TAGGER.but(task=FARTHER), GRU.but(task=FARTHER, steps=900)]
PLAN = [*MAIN, *LONGER, *FAR]
KEEP = {
    **{f"distance_{name}": TAGGER.but(positions=name) for name in ("none", "learned", "alibi")},
    **{
        f"distance_{name}_{seed}": TAGGER.but(positions=name, seed=seed)
        for name in ("sinusoidal", "rotary")
        for seed in range(5)
    },
    **{f"order_{name}": TAGGER.but(task=ORDER, positions=name) for name in POSITIONS},
    "order_causal": TAGGER.but(task=ORDER, mask="causal", positions="none"),
}
SEEDS, EVERY = 5, 150
