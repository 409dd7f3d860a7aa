"""Bugs of several heads side by side, and of a cache of their keys."""

import autograd.numpy as np

from helpers.attention import join_heads, multi_head_attention, scaled_dot
from helpers.bugs.base import bug
from helpers.cached import keys_values
from helpers.start import init_multi_head


def _contexts(rng):
    return rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((3, 5, 7))


def _by_place(function, context, weight):
    x = context.swapaxes(1, 2)  # (batch, n, heads, width_head)
    return (lambda x: function(x.swapaxes(1, 2), weight)), x


def _side_by_side(weight):
    """Matrices of the heads, one below the other."""
    return np.reshape(weight, (-1, weight.shape[-1]))


@bug(
    join_heads,
    _contexts,
    symptom="A position gets numbers of other positions, later ones too; easy tasks still train.",
    mistake="the heads axis stays where it is: a row holds positions of one head, side by side.",
    chapter="11_transformer",
    caught_by="later_changes_nothing",
    handed=_by_place,
)
def _heads_merged_without_moving_the_axis(context, weight):
    batch, heads, n, width_head = context.shape
    return np.reshape(context, (batch, n, heads * width_head)) @ _side_by_side(weight)


@bug(
    join_heads,
    _contexts,
    symptom="Nothing, if the model is trained with it; with weights from elsewhere, nonsense.",
    mistake="the numbers of the heads alternate; keep those of one head together: move the heads "
    "axis before the last one, not behind it.",
    chapter="11_transformer",
)
def _heads_interleaved(context, weight):
    batch, heads, n, width_head = context.shape
    flat = np.reshape(np.transpose(context, (0, 2, 3, 1)), (batch, n, heads * width_head))
    return flat @ _side_by_side(weight)


@bug(
    join_heads,
    _contexts,
    symptom="Nothing, if the model is trained with it; with weights from elsewhere, nonsense.",
    mistake="the heads are in reverse order.",
    chapter="11_transformer",
)
def _heads_in_reverse(context, weight):
    return join_heads(context[:, ::-1], weight)


@bug(
    join_heads,
    _contexts,
    symptom="What a part of a block adds is smaller, the more heads it has.",
    mistake="the heads are averaged; they lie side by side.",
    chapter="11_transformer",
)
def _heads_averaged(context, weight):
    return join_heads(context, weight) / context.shape[1]


def _two_sequences(rng):
    params = init_multi_head(rng, 12, 3)
    return params, rng.standard_normal((2, 5, 12)), rng.standard_normal((2, 7, 12))


@bug(
    multi_head_attention,
    _two_sequences,
    symptom="All heads have the same map.",
    mistake="all heads have the queries and keys of the first: each has projections of its own.",
    chapter="11_transformer",
)
def _heads_all_alike(params, queries_from, keys_values_from, mask=None, score=scaled_dot):
    heads = len(params["queries"])
    first = {name: np.concatenate([params[name][:1]] * heads) for name in ("queries", "keys")}
    return multi_head_attention({**params, **first}, queries_from, keys_values_from, mask, score)


@bug(
    multi_head_attention,
    _two_sequences,
    symptom="Maps are as they should be; what is said is not.",
    mistake="the values are projected as the keys are: they have a matrix of their own.",
    chapter="07_self_attention",
)
def _values_projected_as_keys(params, queries_from, keys_values_from, mask=None, score=scaled_dot):
    tied = {**params, "values": params["keys"]}
    return multi_head_attention(tied, queries_from, keys_values_from, mask, score)


@bug(
    multi_head_attention,
    _two_sequences,
    symptom="Over itself, a sequence has symmetric scores: who asks is asked back.",
    mistake="queries and keys share one matrix: who asks and who is asked can't be told apart.",
    chapter="09_attention_vs_self_attention",
)
def _queries_projected_as_keys(params, queries_from, keys_values_from, mask=None, score=scaled_dot):
    tied = {**params, "queries": params["keys"]}
    return multi_head_attention(tied, queries_from, keys_values_from, mask, score)


def _grown_cache(rng):
    params = init_multi_head(rng, 12, 3)
    before = keys_values(params, rng.standard_normal((2, 5, 12)))
    return params, rng.standard_normal((2, 1, 12)), before


@bug(
    keys_values,
    _grown_cache,
    symptom="The first word is right; from the second on, the mask hides the wrong keys.",
    mistake="the newest keys stand in front of the older ones: put them behind.",
    chapter="11_transformer",
)
def _cache_grown_at_the_front(params, keys_values_from, cache=None):
    new = keys_values(params, keys_values_from)
    if cache is None:
        return new
    return {name: np.concatenate([new[name], cache[name]], axis=2) for name in new}
