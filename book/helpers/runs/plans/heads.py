"""Several things asked at once of a phone book, by one head and by several: chapter 10.

One vector asks for two or three names, and all their numbers have to be said. Heads share the
width, so they have equally many parameters. Two names also without a network that reads what the
heads found, and among a hundred numbers in place of ten. Kept are the models with one head, and
with two, that two names are asked of.
"""

import numpy as np

from helpers.runs.settings import Settings

TWO = Settings(
    task="phone_book2",
    model="look_ups",
    width=32,
    batch=64,
    rate=0.016,
    steps=500,
    start_length=3.0,
)
THREE = TWO.but(task="phone_book3", steps=800)
HUNDRED = TWO.but(task="phone_book_hundred2", steps=800)
PLAN = [
    *(TWO.but(heads=heads) for heads in (1, 2)),
    *(THREE.but(heads=heads) for heads in (1, 2, 4)),
    *(TWO.but(heads=heads, hidden=0) for heads in (1, 2)),
    *(HUNDRED.but(heads=heads) for heads in (1, 2)),
]
SEEDS = 5
KEEP = {
    f"{name}_{seed}": TWO.but(heads=heads, seed=seed)
    for name, heads in (("one_head", 1), ("two_heads", 2))
    for seed in range(SEEDS)
}
EVERY = 100


def on_what_is_asked(trained, pairs):
    """Return the weight that each head gives to each of the names that are asked.

    Parameters
    ----------
    trained : Trained
        Several look-ups.
    pairs : list of pairs
        Pages.

    Returns
    -------
    array (pages, heads, names asked)

    Examples
    --------
    >>> from helpers.runs import Trained, start
    >>> model = Trained(start(TWO), TWO)
    >>> on_what_is_asked(model, model.task.held_out[:3]).shape
    (3, 4, 2)
    """
    weights = trained.weights(pairs)["page"][:, 0, :, 0]  # (pages, heads, names)
    sources = np.array([source for source, _ in pairs])
    n_listed = 2 * weights.shape[-1]
    names, asked = sources[:, :n_listed:2], sources[:, n_listed:]
    places = (names[:, None] == asked[..., None]).argmax(axis=-1)  # (pages, names asked)
    return np.take_along_axis(weights, places[:, None], axis=-1)


def WATCH(trained):
    """Return what is recorded at a checkpoint: the share right of all and of each, and weights.

    Examples
    --------
    >>> from helpers.runs import Trained, start
    >>> sorted(WATCH(Trained(start(TWO), TWO)))
    ['each', 'right', 'weights']
    """
    pairs = trained.task.held_out
    wanted = np.array([target for _, target in pairs])
    each = trained.logits(pairs)[:, :-1].argmax(axis=-1) == wanted
    weights = on_what_is_asked(trained, pairs).mean(axis=0)
    return {
        "each": each.mean(axis=0).round(3).tolist(),
        "right": round(float(each.all(axis=1).mean()), 4),
        "weights": weights.astype(float).round(3).tolist(),
    }
