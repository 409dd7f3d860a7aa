"""Kernels of `helpers.attention` and of rotary positions."""

import math
from functools import lru_cache

import numpy as np
from autograd.tracer import isbox

from helpers.fast import differentiable
from helpers.fast.arrays import as_rows, column_sums, finite, row_sums, sum_to
from helpers.fast.functions import softmax


def dot(queries, keys):
    """Kernel of `attention.dot`."""
    return _scores(queries, keys, 1.0)


def scaled_dot(queries, keys):
    """Kernel of `attention.scaled_dot`."""
    return _scores(queries, keys, 1 / math.sqrt(queries.shape[-1]))


def _scores_back(g, _, queries, keys, scale):
    g = g * scale
    return sum_to(g @ keys, queries.shape), sum_to(g.swapaxes(-1, -2) @ queries, keys.shape)


@differentiable(_scores_back)
def _scores(queries, keys, scale):
    return (queries * scale) @ np.ascontiguousarray(keys.swapaxes(-1, -2)), None


def attention(queries, keys, values, mask=None, score=None):
    """Kernel of `attention.attention`, for dot products and for rotary positions."""
    found = attend(queries, keys, values, mask, score)
    return found if found is NotImplemented else found[0]


def attend(queries, keys, values, mask, score):
    """Context and weights, if the score is one that kernels know."""
    kind = scaled_dot if score is None else getattr(score, "kernel", None)
    if kind not in (dot, scaled_dot, rotary):
        return NotImplemented
    if mask is not None and not (_covers(mask, queries, keys) and finite(keys, values)):
        return NotImplemented
    if kind is rotary and not _can_turn(queries, keys):
        return NotImplemented
    if kind is rotary:
        queries, keys = _turned(queries, keys)
    scale = 1.0 if kind is dot else 1 / math.sqrt(queries.shape[-1])
    return _attention(queries, keys, values, mask, scale)


def _covers(mask, queries, keys):
    """Whether a mask has no axes in front that the scores do not have."""
    front = np.broadcast_shapes(queries.shape[:-2], keys.shape[:-2])
    return np.broadcast_shapes(front, np.shape(mask)[:-2]) == front


def seen(x, mask):
    """Kernel of `attention.seen`: where all are numbers, they may stay."""
    return x if mask is None or (_covers(mask, x, x) and finite(x)) else NotImplemented


def _attention_back(g, weights, queries, keys, values, mask, scale):
    return back_attention(g, weights, queries, keys, values, scale)


@differentiable(_attention_back)
def _attention(queries, keys, values, mask, scale):
    weights = weigh(queries * scale, keys, mask)
    return (weights @ values, weights), weights


def weigh(queries, keys, mask):
    """Softmax of the dot products, in few passes over the large array."""
    scores = queries @ np.ascontiguousarray(keys.swapaxes(-1, -2))
    if mask is not None and not np.all(mask):
        scores += np.where(mask, 0, -np.inf).astype(scores.dtype)
    softmax_in_place(scores, bounded(queries, keys))
    return scores


def bounded(queries, keys):
    """Whether `exp` of the dot products can't overflow: none is above the product of lengths."""
    with np.errstate(over="ignore", invalid="ignore"):
        longest = (math.sqrt(row_sums(x * x).max(initial=0)) for x in (queries, keys))
        return math.prod(longest) < 64


def softmax_in_place(scores, bounded=False):
    """Turn scores into weights; a row of -inf, where nothing is allowed, into zeros."""
    if not bounded:
        highest = scores.max(axis=-1, keepdims=True, initial=-np.inf)
        highest[highest == -np.inf] = 0
        scores -= highest
    np.exp(scores, out=scores)
    total = row_sums(scores)
    total[total == 0] = 1
    scores /= total


def back_attention(g, weights, queries, keys, values, scale):
    """Gradients of queries, keys and values, from those of context and weights, or of one."""
    d_context, d_weights = g
    d_values = np.zeros_like(values)
    d_scores = None if d_weights is None else np.array(d_weights)
    if d_context is not None:
        d_values = sum_to(weights.swapaxes(-1, -2) @ d_context, values.shape)
        through = d_context @ np.ascontiguousarray(values.swapaxes(-1, -2))
        d_scores = through if d_scores is None else d_scores + through
    d_scores -= row_sums(d_scores * weights)
    d_scores *= weights
    d_scores *= scale
    d_queries = sum_to(d_scores @ keys, queries.shape)
    return d_queries, sum_to(d_scores.swapaxes(-1, -2) @ queries, keys.shape), d_values


# ---- heads ---------------------------------------------------------------------------------


def multi_head_attention(params, queries_from, keys_values_from, mask=None, score=None):
    """Kernel of `attention.multi_head_attention`, for the scores that `attend` knows."""
    if mask is not None and not finite(keys_values_from):
        return NotImplemented
    maps = [params[name] for name in ("queries", "keys", "values")]
    if queries_from is keys_values_from:
        queries, keys, values = project(queries_from, *maps)
    else:
        (queries,) = project(queries_from, maps[0])
        keys, values = project(keys_values_from, *maps[1:])
    if mask is not None and np.ndim(mask) > 2:
        mask = mask[:, None]  # the same for all heads
    found = attend(queries, keys, values, mask, score)
    if found is NotImplemented:
        return NotImplemented
    return join_heads(found[0], params["output"]), found[1]


def split_heads(x, weight):
    """Kernel of `attention.split_heads`."""
    return project(x, weight)[0]


def project(x, *weights):
    """Project once for several maps (heads, width, width_head): one large product."""
    return _project(x, *weights)


def _project_back(g, _, x, *weights):
    n = x.shape[-2]
    heads, _, width_head = weights[0].shape
    parts = np.zeros((len(weights), math.prod(x.shape[:-2]), heads, n, width_head), x.dtype)
    for part, gradient in zip(parts, g, strict=True):
        if gradient is not None:
            part[...] = gradient.reshape(part.shape)
    d_rows = from_heads(parts)
    d_x = (d_rows @ side_by_side(*weights).T).reshape(x.shape)
    return d_x, *for_each_map(as_rows(x).T @ d_rows, weights[0], len(weights))


@differentiable(_project_back)
def _project(x, *weights):
    return tuple(by_head(as_rows(x) @ side_by_side(*weights), x.shape, weights[0])), None


def side_by_side(*weights):
    """(heads, width, width_head) each -> (width, all heads of all), as one matrix."""
    return np.concatenate([weight for maps in weights for weight in maps], axis=1)


def by_head(rows, shape, weight):
    """Projected rows (batch n, maps heads width_head) -> (maps, batch, heads, n, width_head)."""
    heads, _, width_head = weight.shape
    split = rows.reshape(*shape[:2], rows.shape[1] // (heads * width_head), heads, width_head)
    return np.ascontiguousarray(split.transpose(2, 0, 3, 1, 4))


def from_heads(maps):
    """Put (maps, batch, heads, n, width_head) into rows (batch n, maps heads width_head)."""
    count, batch, heads, n, width_head = maps.shape
    return maps.transpose(1, 3, 0, 2, 4).reshape(batch * n, count * heads * width_head)


def for_each_map(gradient, weight, count):
    """Gradient of matrices side by side -> one (heads, width, width_head) for each."""
    heads, width, width_head = weight.shape
    split = gradient.reshape(width, count, heads, width_head)
    return [split[:, i].swapaxes(0, 1) for i in range(count)]


def join_heads(context, weight):
    """Kernel of `attention.join_heads`."""
    return _join(context, weight)


def _join_back(g, rows, context, weight):
    flat = weight.reshape(-1, weight.shape[-1])
    d_context = (as_rows(g) @ flat.T).reshape(context.swapaxes(-2, -3).shape)
    d_weight = (rows.T @ as_rows(g)).reshape(weight.shape)
    return np.ascontiguousarray(d_context.swapaxes(-2, -3)), d_weight


@differentiable(_join_back)
def _join(context, weight):
    heads, width_head, width = weight.shape
    by_place = context.swapaxes(-2, -3)
    rows = by_place.reshape(-1, heads * width_head)
    return (rows @ weight.reshape(-1, width)).reshape(*by_place.shape[:-2], width), rows


# ---- rotary positions ------------------------------------------------------------------------


def rotary(queries, keys):
    """Kernel of `positions.rotary`."""
    return scaled_dot(*_turned(queries, keys)) if _can_turn(queries, keys) else NotImplemented


def _can_turn(queries, keys):
    """Whether the formula would take them: pairs of numbers, at positions of one sequence."""
    return queries.shape[-1] % 2 == 0 and queries.shape[-2] <= keys.shape[-2]


def _turned(queries, keys):
    return _rotate(queries, keys.shape[-2] - queries.shape[-2]), _rotate(keys, 0)


def rotate(x, start=0):
    """Kernel of `positions.rotate`."""
    return _rotate(x, start)


@differentiable(lambda g, turns, x, start: (times(g, turns.conj()),))
def _rotate(x, start):
    turns = for_rotary(x, start)
    return times(x, turns), turns


def for_rotary(x, start=0):
    """Return by what pairs of numbers are multiplied, (n, pairs), for x (..., n, width)."""
    return _turns(start, x.shape[-2], x.shape[-1], x.dtype.char)


def times(x, turns):
    """Each pair of numbers as one complex number, times a number of length 1."""
    return (np.ascontiguousarray(x).view(turns.dtype) * turns).view(x.dtype)


@lru_cache
def _turns(start, n, width, kind):
    rates = 10000.0 ** (-np.arange(0, width, 2) / width)
    angles = np.arange(start, start + n)[:, None] * rates
    return np.exp(1j * angles).astype({"f": "F", "d": "D"}[kind])


# ---- additive scores, and attention whose memory does not grow with n² --------------------------


def additive(params):
    """Kernel of `attention.additive`: the hidden layer of all pairs is made once."""
    maps = params["queries"], params["keys"]

    def score(queries, keys):
        vectors = (m[name] for m in maps for name in ("weight", "bias"))
        return _additive(queries, keys, *vectors, params["vector"])

    return score


def _additive_back(g, energies, queries, keys, *maps):
    to_queries, _, to_keys, _, vector = maps
    d_vector = np.tensordot(g, energies, g.ndim)
    d_hidden = g[..., None] * (vector * (1 - energies * energies))
    d_queries, d_keys = d_hidden.sum(axis=-2), d_hidden.sum(axis=-3)
    gradients = []
    for d, x, weight in ((d_queries, queries, to_queries), (d_keys, keys, to_keys)):
        d = sum_to(d, (*x.shape[:-1], d.shape[-1]))
        gradients.append((d @ weight.T, as_rows(x).T @ as_rows(d), column_sums(d)))
    (d_queries, *of_queries), (d_keys, *of_keys) = gradients
    return d_queries, d_keys, *of_queries, *of_keys, d_vector


@differentiable(_additive_back)
def _additive(queries, keys, to_queries, query_bias, to_keys, key_bias, vector):
    hidden = (queries @ to_queries + query_bias)[..., :, None, :]
    hidden = hidden + (keys @ to_keys + key_bias)[..., None, :, :]
    np.tanh(hidden, out=hidden)
    return hidden @ vector, hidden


def blocked_attention(queries, keys, values, mask=None, block=512):
    """Kernel of `cost.blocked_attention`: tiles that stay in the processor's cache."""
    fits = mask is None or (_covers(mask, queries, keys) and finite(keys, values))
    if not fits or any(map(isbox, (queries, keys, values))):
        return NotImplemented
    lead = np.broadcast_shapes(*(x.shape[:-2] for x in (queries, keys, values)))
    shape = (*lead, queries.shape[-2], keys.shape[-2])
    if mask is not None:
        mask = np.broadcast_to(mask, (*np.shape(mask)[:-2], *shape[-2:]))
    queries = queries * (1 / math.sqrt(queries.shape[-1]))
    tiles, small = _tiles(keys, values), bounded(queries, keys)
    context = np.zeros((*shape[:-1], values.shape[-1]), np.result_type(queries, values))
    for start in range(0, shape[-2], block):
        place = (..., slice(start, start + block), slice(None))
        part = None if mask is None else mask[place]
        _attend_by_tile(queries[place], tiles, part, small, context[place])
    return context


def _tiles(keys, values, size=256):
    """Keys, transposed, and values, so many at a time, with their places."""
    keys_up = keys.swapaxes(-1, -2)
    places = [slice(start, start + size) for start in range(0, keys.shape[-2], size)]
    return [(p, np.ascontiguousarray(keys_up[..., p]), values[..., p, :]) for p in places]


def _attend_by_tile(queries, tiles, mask, small, context):
    """Add up the context of some queries; the highest score so far is taken off as it rises."""
    total, highest = 0, -np.inf
    for place, keys, values in tiles:
        allowed = None if mask is None else mask[..., place]
        if allowed is not None and not allowed.any():
            continue
        scores = _product(queries, keys)
        if allowed is not None:
            np.copyto(scores, -np.inf, where=~allowed)
        if not small:
            before, highest = highest, np.maximum(highest, scores.max(axis=-1, keepdims=True))
            safe = np.where(highest == -np.inf, 0, highest)
            scores -= safe
            shrink = np.exp(before - safe)
            context *= shrink
            total = total * shrink
        np.exp(scores, out=scores)
        total = total + row_sums(scores)
        context += _product(scores, values)
    context *= 1 / (total + (total == 0))  # nothing allowed: zeros, not NaN


def _product(left, right, group=32):
    """Matrix product; by groups of rows, which OpenBLAS does a tenth faster with AVX-512."""
    if left.shape[-2] % group:
        return left @ right
    grouped = left.reshape(*left.shape[:-2], -1, group, left.shape[-1]) @ right[..., None, :, :]
    return grouped.reshape(*grouped.shape[:-3], -1, right.shape[-1])


def attention_weights(queries, keys, mask=None, score=None):
    """Kernel of `attention.attention_weights`: kernels for the scores and for the softmax."""
    if mask is not None and not (_covers(mask, queries, keys) and finite(keys)):
        return NotImplemented
    score = scaled_dot if score is None else score
    return softmax(score(queries, keys), where=mask)
