"""What each head of a Transformer that translates is for: chapter 10.

Five models on French numbers, with four heads in each of their three attentions. Of each model:
what is left when one head is cut, when all others of its attention are, and when all heads of an
attention look by the mean of their maps; how undecided heads are, and their mean; how many
directions queries and keys of a head compare, before training and after.
"""

from unittest.mock import patch

import numpy as np

from helpers import fast, transformer
from helpers.attention import join_heads, multi_head_attention, split_heads
from helpers.runs.build import start
from helpers.runs.settings import Settings

PLAN = [Settings(task="fr12", model="transformer", steps=1000)]
SEEDS = 5
KEEP = {}
ATTENTIONS = {
    "encoder": ("encoder", "block_0", "attention"),
    "decoder": ("decoder", "block_0", "attention"),
    "cross": ("decoder", "block_0", "cross"),
}


def own_part(params, kind):
    """Return the parameters of one attention of a Transformer with one block on either side.

    Examples
    --------
    >>> own_part(start(PLAN[0]), "cross")["queries"].shape
    (4, 64, 16)
    """
    for name in ATTENTIONS[kind]:
        params = params[name]
    return params


def with_heads(trained, kind, heads):
    """Return a Transformer of which one attention has these heads alone; the others are cut.

    Parameters
    ----------
    trained : Trained
        With one block on either side.
    kind : {"encoder", "decoder", "cross"}
    heads : iterable of int
        From 0.

    Returns
    -------
    Trained

    Examples
    --------
    >>> from helpers.runs import load
    >>> ready = load("french_transformer")
    >>> ready.says("dix sept"), with_heads(ready, "cross", []).says("dix sept") == ["seventeen"]
    (['seventeen'], False)
    """
    side, block, name = ATTENTIONS[kind]
    own = own_part(trained.params, kind)
    kept = np.isin(np.arange(len(own["output"])), list(heads))[:, None, None]
    own = own | {"output": np.where(kept, own["output"], np.float32(0))}
    blocks = trained.params[side]
    params = trained.params | {side: blocks | {block: blocks[block] | {name: own}}}
    return type(trained)(params, trained.settings)


def right_by_mean_maps(trained, kind, pairs):
    """Return the share right if all heads of one attention look by the mean of their maps.

    Values and all else stay as they are.

    Examples
    --------
    >>> from helpers.runs import load
    >>> ready = load("french_transformer")
    >>> right_by_mean_maps(ready, "cross", ready.task.held_out[::100]) < 0.9
    True
    """
    own = own_part(trained.params, kind)

    def averaged(params, queries_from, keys_values_from, *options):
        output, weights = multi_head_attention(params, queries_from, keys_values_from, *options)
        if params is not own:
            return output, weights
        values = split_heads(keys_values_from, params["values"])
        return join_heads(weights.mean(axis=1, keepdims=True) @ values, params["output"]), weights

    with fast.off(), patch.object(transformer, "multi_head_attention", averaged):
        return trained.share_right(pairs)


def undecided(trained, pairs):
    """Return how undecided the heads of each attention are, and the mean of their maps.

    Returns
    -------
    dict
        Kind -> array (3,), each the mean over all rows of the pairs: entropy of the heads' weights
        in bits; that of their mean; whether the mean looks most at what no head looks most at.

    Examples
    --------
    >>> from helpers.runs import load
    >>> ready = load("french_transformer")
    >>> heads, mean, _ = undecided(ready, ready.task.held_out[:5])["cross"]
    >>> bool(heads < mean)
    True
    """
    found = {kind: [] for kind in ATTENTIONS}
    for pair in pairs:
        for kind, weights in trained.weights([pair]).items():
            heads, mean = weights[0, 0], weights[0, 0].mean(axis=0)
            nobody = (heads.argmax(axis=-1) != mean.argmax(axis=-1)).all(axis=0)
            rows = np.stack([_entropy(heads).mean(axis=0), _entropy(mean), nobody])
            found[kind].append(rows)
    return {kind: np.hstack(rows).mean(axis=1) for kind, rows in found.items()}


def _entropy(weights):
    return -(weights * np.log2(np.maximum(weights, 1e-30))).sum(axis=-1)


def singular_values(params, kind):
    """Return the singular values of each head's product of W_Q and W_K turned round, largest first.

    Returns
    -------
    array (heads, width)

    Examples
    --------
    >>> values = singular_values(start(PLAN[0]), "cross")
    >>> values.shape, int((values[0] > 1e-4).sum())
    ((4, 64), 16)
    """
    own = own_part(params, kind)
    return np.linalg.svd(own["queries"] @ own["keys"].swapaxes(1, 2), compute_uv=False)


def WATCH(trained):
    """Return what is recorded of a trained model.

    Examples
    --------
    >>> from helpers.runs import load
    >>> sorted(WATCH(load("french_transformer")))  # doctest: +SKIP
    ['alone', 'before', 'cut', 'directions', 'mean', 'right', 'undecided']
    """
    pairs, heads = trained.task.held_out[::5], range(trained.settings.heads)
    begun = start(trained.settings)

    def right(kind, kept):
        return round(float(with_heads(trained, kind, kept).share_right(pairs)), 4)

    def numbers(array):
        return np.asarray(array, float).round(4).tolist()

    return {
        "right": round(float(trained.share_right(pairs)), 4),
        "cut": {kind: [right(kind, {*heads} - {h}) for h in heads] for kind in ATTENTIONS},
        "alone": {kind: [right(kind, {h}) for h in heads] for kind in ATTENTIONS},
        "mean": {kind: round(right_by_mean_maps(trained, kind, pairs), 4) for kind in ATTENTIONS},
        "undecided": {kind: numbers(of) for kind, of in undecided(trained, pairs[::4]).items()},
        "before": {kind: numbers(singular_values(begun, kind)[:, :17]) for kind in ATTENTIONS},
        "directions": {
            kind: numbers(singular_values(trained.params, kind)[:, :17]) for kind in ATTENTIONS
        },
    }
