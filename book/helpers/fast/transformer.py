"""Kernels of `helpers.transformer`: a pre-norm part of a block, its norm and its sum in one."""

import math

import numpy as np

from helpers.fast import differentiable
from helpers.fast.arrays import as_rows, column_sums, finite
from helpers.fast.attention import (
    back_attention,
    by_head,
    dot,
    for_each_map,
    for_rotary,
    from_heads,
    rotary,
    scaled_dot,
    side_by_side,
    times,
    weigh,
)
from helpers.fast.functions import back_normal, normal


def encoder_block(params, x, mask=None, *, score=None, norm="pre", **parts):
    """Kernel of `transformer.encoder_block`, for pre-norm."""
    if not _fits(score, norm, mask, x, **parts):
        return NotImplemented
    x, weights = attend_to_itself(params["attention_norm"], params["attention"], x, mask, score)
    return transform(params, x), weights


def decoder_block(
    params, x, memory, mask=None, memory_mask=None, *, score=None, norm="pre", **parts
):
    """Kernel of `transformer.decoder_block`, for pre-norm."""
    fits = _fits(score, norm, mask, x, **parts)
    if not fits or (memory_mask is not None and not finite(memory)):
        return NotImplemented
    x, weights = attend_to_itself(params["attention_norm"], params["attention"], x, mask, score)
    arrays = _arrays(params["cross_norm"], params["cross"])
    x, cross_weights = _cross(x, memory, *arrays, _for_heads(memory_mask))
    return transform(params, x), weights, cross_weights


def _fits(score, norm, mask, x, residual=True, dropout=0.0, rng=None):
    known = score is None or getattr(score, "kernel", None) in (dot, scaled_dot, rotary)
    fits = known and norm == "pre" and residual and not dropout
    return fits and (mask is None or finite(x))


def attend_to_itself(norm, params, x, mask, score):
    """Sum of x and of the self-attention of its norm; and the weights."""
    kind = scaled_dot if score is None else score.kernel
    return _itself(x, *_arrays(norm, params), _for_heads(mask), kind)


def _arrays(norm, params):
    names = ("queries", "keys", "values", "output")
    return norm["scale"], norm["shift"], *(params[name] for name in names)


def _for_heads(mask):
    return mask[:, None] if mask is not None and np.ndim(mask) > 2 else mask


def _scale(kind, weight):
    return 1.0 if kind is dot else 1 / math.sqrt(weight.shape[-1])


def _itself_back(g, kept, x, scale, shift, to_queries, to_keys, to_values, output, mask, kind):
    normed, y, (queries, keys, values), weights, rows = kept
    d_context, d_output = _back_join(g[0], rows, weights, output)
    found = np.empty((3, *queries.shape), x.dtype)
    gradients = back_attention(
        (d_context, g[1]), weights, queries, keys, values, _scale(kind, to_keys)
    )
    for part, gradient in zip(found, gradients, strict=True):
        part[...] = gradient
    if kind is rotary:
        found[:2] = times(found[:2], for_rotary(keys).conj())
    d_rows = from_heads(found)
    d_flat = as_rows(y).T @ d_rows
    d_y = (d_rows @ side_by_side(to_queries, to_keys, to_values).T).reshape(x.shape)
    d_x, d_scale, d_shift = back_normal(d_y, normed, scale)
    if g[0] is not None:
        d_x += g[0]
    return d_x, d_scale, d_shift, *for_each_map(d_flat, to_queries, 3), d_output


def _back_join(g, rows, weights, output):
    """Gradients of the context (batch, heads, n, width_head) and of the last projection."""
    if g is None:
        return None, np.zeros_like(output)
    heads, width_head, width = output.shape
    batch, _, n, _ = weights.shape
    d_rows = as_rows(g) @ output.reshape(-1, width).T
    d_context = d_rows.reshape(batch, n, heads, width_head).swapaxes(1, 2)
    return np.ascontiguousarray(d_context), (rows.T @ as_rows(g)).reshape(output.shape)


def _join(context, output, x):
    """Sum of x and of what the heads have found; and that as rows."""
    rows = context.swapaxes(1, 2).reshape(-1, output.shape[0] * output.shape[1])
    added = (rows @ output.reshape(-1, output.shape[2])).reshape(x.shape)
    added += x
    return added, rows


@differentiable(_itself_back)
def _itself(x, scale, shift, to_queries, to_keys, to_values, output, mask, kind):
    y, normed = normal(x, scale, shift)
    rows = as_rows(y) @ side_by_side(to_queries, to_keys, to_values)
    maps = by_head(rows, x.shape, to_queries)
    if kind is rotary:
        maps[:2] = times(maps[:2], for_rotary(maps[1]))
    queries, keys, values = maps
    weights = weigh(queries * _scale(kind, to_keys), keys, mask)
    result, rows = _join(weights @ values, output, x)
    return (result, weights), (normed, y, maps, weights, rows)


def _cross_back(g, kept, x, memory, scale, shift, to_queries, to_keys, to_values, output, mask):
    normed, y, queries, (keys, values), weights, rows = kept
    d_context, d_output = _back_join(g[0], rows, weights, output)
    d_queries, *d_memory = back_attention(
        (d_context, g[1]), weights, queries, keys, values, _scale(scaled_dot, to_keys)
    )
    d_rows, d_memory = from_heads(d_queries[None]), from_heads(np.stack(d_memory))
    d_y = (d_rows @ side_by_side(to_queries).T).reshape(x.shape)
    d_x, d_scale, d_shift = back_normal(d_y, normed, scale)
    if g[0] is not None:
        d_x += g[0]
    maps = (
        *for_each_map(as_rows(y).T @ d_rows, to_queries, 1),
        *for_each_map(as_rows(memory).T @ d_memory, to_keys, 2),
    )
    d_memory = (d_memory @ side_by_side(to_keys, to_values).T).reshape(memory.shape)
    return d_x, d_memory, d_scale, d_shift, *maps, d_output


@differentiable(_cross_back)
def _cross(x, memory, scale, shift, to_queries, to_keys, to_values, output, mask):
    y, normed = normal(x, scale, shift)
    (queries,) = by_head(as_rows(y) @ side_by_side(to_queries), x.shape, to_queries)
    rows = as_rows(memory) @ side_by_side(to_keys, to_values)
    keys, values = maps = by_head(rows, memory.shape, to_keys)
    weights = weigh(queries * _scale(scaled_dot, to_keys), keys, mask)
    result, rows = _join(weights @ values, output, x)
    return (result, weights), (normed, y, queries, maps, weights, rows)


def transform(params, x):
    """Sum of x and of what two linear maps make of its norm."""
    norm, expand, shrink = (params[name] for name in ("feed_forward_norm", "expand", "shrink"))
    maps = expand["weight"], expand["bias"], shrink["weight"], shrink["bias"]
    return _transform(x, norm["scale"], norm["shift"], *maps)


def _transform_back(g, kept, x, scale, shift, expand, expand_bias, shrink, shrink_bias):
    normed, y, hidden = kept
    rows = as_rows(g)
    d_hidden = rows @ shrink.T
    d_hidden *= hidden > 0
    d_x, d_scale, d_shift = back_normal((d_hidden @ expand.T).reshape(x.shape), normed, scale)
    d_x += g
    d_expand, d_shrink = as_rows(y).T @ d_hidden, hidden.T @ rows
    return d_x, d_scale, d_shift, d_expand, column_sums(d_hidden), d_shrink, column_sums(g)


@differentiable(_transform_back)
def _transform(x, scale, shift, expand, expand_bias, shrink, shrink_bias):
    y, normed = normal(x, scale, shift)
    hidden = as_rows(y) @ expand
    hidden += expand_bias
    np.maximum(hidden, 0, out=hidden)
    result = hidden @ shrink
    result += shrink_bias
    result = result.reshape(x.shape)
    result += x
    return result, (normed, y, hidden)
