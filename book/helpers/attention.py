r"""Attention: scores, masks, weights, and the weighted sum.

Stands on `functions`. Attention and self-attention are the same function here; they differ only
in who provides queries, keys and values.

One mask convention holds everywhere: a boolean array broadcastable to
(…, n_queries, n_keys), True = may attend. A query that may attend to nothing gets weight 0
everywhere and a context of zeros.
"""

import math

import autograd.numpy as np
import numpy
from autograd.extend import defvjp, primitive

from helpers.functions import init_linear, linear, softmax, tanh
from helpers.primitives import (
    gradients_of,
    keep_memory,
    require,
    require_boolean,
    require_lengths,
    require_shape,
    row_sums,
)


def dot(queries, keys):
    r"""Scores :math:`q \cdot k` (Luong et al. 2015).

    Parameters
    ----------
    queries : array (..., n_queries, width)
    keys : array (..., n_keys, width)

    Returns
    -------
    array (..., n_queries, n_keys)

    Raises
    ------
    ValueError
        If queries and keys differ in width.

    Examples
    --------
    >>> dot(numpy.array([[1.0, 2.0]]), numpy.array([[3.0, 0.0], [0.0, 1.0]]))
    array([[3., 2.]])
    """
    _require_same_width(queries, keys)
    return np.matmul(queries, np.swapaxes(keys, -1, -2))


def scaled_dot(queries, keys):
    r"""Scores :math:`q \cdot k / \sqrt{d}` (Vaswani et al. 2017), d = width of a key.

    Parameters
    ----------
    queries : array (..., n_queries, width)
    keys : array (..., n_keys, width)

    Returns
    -------
    array (..., n_queries, n_keys)

    Raises
    ------
    ValueError
        If queries and keys differ in width.

    Examples
    --------
    >>> scaled_dot(numpy.ones((1, 4)), numpy.ones((2, 4)))
    array([[2., 2.]])
    """
    return dot(queries, keys) / math.sqrt(queries.shape[-1])


def init_general(rng, width):
    """Start the matrix of `general` scores: uniform within 1/sqrt(width).

    Examples
    --------
    >>> init_general(numpy.random.default_rng(0), 4)["weight"].shape
    (4, 4)
    """
    return {"weight": init_linear(rng, width, width)["weight"]}


def general(params):
    r"""Bilinear scores :math:`q W k` (Luong et al. 2015).

    Parameters
    ----------
    params : dict
        ``weight`` (width of a query, width of a key), see `init_general`.

    Returns
    -------
    callable
        (queries, keys) -> scores

    Examples
    --------
    >>> general({"weight": numpy.eye(2)})(numpy.ones((1, 2)), numpy.ones((3, 2)))
    array([[2., 2., 2.]])
    """
    return lambda queries, keys: dot(np.matmul(queries, params["weight"]), keys)


def init_additive(rng, width):
    """Start the two matrices and the vector of `additive` scores.

    Returns
    -------
    dict
        ``queries`` and ``keys`` (linear maps, width -> width) and ``vector`` (width,). The vector
        starts at 0, so that attention starts exactly uniform (Bahdanau et al. 2015).

    Examples
    --------
    >>> init_additive(numpy.random.default_rng(0), 4)["vector"]
    array([0., 0., 0., 0.], dtype=float32)
    """
    return {
        "queries": init_linear(rng, width, width),
        "keys": init_linear(rng, width, width),
        "vector": numpy.zeros(width, numpy.float32),
    }


def additive(params):
    r"""Additive scores :math:`v \cdot \tanh(W_q q + W_k k)` (Bahdanau et al. 2015).

    Parameters
    ----------
    params : dict
        ``queries``, ``keys`` and ``vector``, see `init_additive`.

    Returns
    -------
    callable
        (queries, keys) -> scores

    Examples
    --------
    >>> score = additive(init_additive(numpy.random.default_rng(0), 2))
    >>> score(numpy.ones((1, 2)), numpy.ones((3, 2)))
    array([[0., 0., 0.]])
    """

    def score(queries, keys):
        projected_queries = linear(params["queries"], queries)[..., :, None, :]
        projected_keys = linear(params["keys"], keys)[..., None, :, :]
        return np.matmul(tanh(projected_queries + projected_keys), params["vector"])

    return score


def _require_same_width(queries, keys):
    """Return the shape of the batch."""
    reason = f", as queries has shape {queries.shape}"
    require_shape("keys", keys, ..., "n_keys", queries.shape[-1], reason=reason)
    return _batch(queries=queries, keys=keys)


def _require_values(queries, keys, values):
    """Return the shape of the batch."""
    reason = f", as keys has shape {keys.shape}"
    require_shape("values", values, ..., keys.shape[-2], "width", reason=reason)
    return _batch(queries=queries, keys=keys, values=values)


def _batch(**arrays):
    """Shape that the axes before the last two have together."""
    try:
        return numpy.broadcast_shapes(*(array.shape[:-2] for array in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"{shapes} must agree in the axes before the last two (batch)") from None


def causal_mask(n):
    """Let position i attend to positions 0 … i: True on and below the diagonal.

    Parameters
    ----------
    n : int
        Number of positions.

    Returns
    -------
    boolean array (n, n)

    Examples
    --------
    >>> causal_mask(3).astype(int)
    array([[1, 0, 0],
           [1, 1, 0],
           [1, 1, 1]])
    """
    return numpy.tril(numpy.ones((n, n), dtype=bool))


def padding_mask(lengths, n):
    """Let every query attend to the true keys of its own sequence, not to the padding.

    Parameters
    ----------
    lengths : integer array (batch,)
    n : int
        Length of the padded sequences.

    Returns
    -------
    boolean array (batch, 1, n)
        Broadcasts over the queries.

    Raises
    ------
    ValueError
        If a length is negative or longer than n, or `lengths` is not one-dimensional.

    Examples
    --------
    >>> padding_mask(numpy.array([1, 3]), 3).astype(int)
    array([[[1, 0, 0]],
    <BLANKLINE>
           [[1, 1, 1]]])
    """
    return numpy.arange(n) < require_lengths("lengths", lengths, n)[:, None, None]


def local_mask(n, reach):
    """Let position i attend to its neighbours alone, i - reach … i + reach (Child et al. 2019).

    Combine masks with ``&``: ``local_mask(n, 4) & causal_mask(n)`` looks at the last 5 positions.

    Parameters
    ----------
    n : int
        Number of positions.
    reach : int
        How far a position sees, to either side.

    Returns
    -------
    boolean array (n, n)

    Raises
    ------
    ValueError
        If `reach` is negative.

    Examples
    --------
    >>> local_mask(4, 1).astype(int)
    array([[1, 1, 0, 0],
           [1, 1, 1, 0],
           [0, 1, 1, 1],
           [0, 0, 1, 1]])
    """
    require(reach >= 0, f"reach = {reach} must be at least 0")
    places = numpy.arange(n)
    return abs(places[:, None] - places) <= reach


def attention_weights(queries, keys, mask=None, score=scaled_dot):
    """How much each query attends to each key: the softmax of the scores over the keys.

    Parameters
    ----------
    queries : array (..., n_queries, width)
    keys : array (..., n_keys, width)
    mask : boolean array, optional
        Broadcastable to (..., n_queries, n_keys); True = may attend.
    score : callable
        (queries, keys) -> scores (..., n_queries, n_keys)

    Returns
    -------
    array (..., n_queries, n_keys)
        Each row sums to 1, or is 0 where the mask allows nothing.

    Raises
    ------
    ValueError
        If the mask is not boolean or does not broadcast to the scores.

    Examples
    --------
    >>> attention_weights(numpy.ones((1, 2)), numpy.ones((4, 2)))
    array([[0.25, 0.25, 0.25, 0.25]])
    """
    scores = score(queries, keys)
    require_boolean("mask", mask, scores.shape)
    return softmax(scores, where=mask)


def attention(queries, keys, values, mask=None, score=scaled_dot):
    r"""Look something up softly: for each query, the mean of the values, weighted by its keys.

    .. math:: \mathrm{attention}(Q, K, V) = \mathrm{softmax}(Q K^\top / \sqrt{d})\, V

    Parameters
    ----------
    queries : array (..., n_queries, width)
    keys : array (..., n_keys, width)
    values : array (..., n_keys, width_values)
    mask : boolean array, optional
        Broadcastable to (..., n_queries, n_keys); True = may attend.
    score : callable
        (queries, keys) -> scores. `scaled_dot` and `dot` take a fused path, same result.

    Returns
    -------
    array (..., n_queries, width_values)

    Raises
    ------
    ValueError
        If widths, batches, numbers of keys and values, or the mask do not fit.

    References
    ----------
    Bahdanau et al. 2015; Vaswani et al. 2017, equation 1.

    Examples
    --------
    >>> values = numpy.array([[0.0], [10.0]])
    >>> attention(numpy.ones((1, 2)), numpy.ones((2, 2)), values)
    array([[5.]])
    """
    return _attend(queries, keys, values, mask, score)[0]


def _attend(queries, keys, values, mask, score):
    """Return context and weights; the usual scores take the fused path."""
    _require_values(queries, keys, values)
    if score not in (scaled_dot, dot):
        weights = attention_weights(queries, keys, mask, score)
        return np.matmul(weights, values), weights
    lead, cache = _require_same_width(queries, keys), {}
    require_boolean("mask", mask, (*lead, queries.shape[-2], keys.shape[-2]))
    scale = 1 / math.sqrt(queries.shape[-1]) if score is scaled_dot else 1.0
    context = _attention(queries, keys, values, mask, scale, cache)
    return context, _weights(queries, keys, scale, cache)


@primitive
def _attention(queries, keys, values, mask, scale, cache):
    cache["weights"] = _weigh(queries * scale, keys, mask)
    return cache["weights"] @ values


def _weigh(queries, keys, mask):
    """Softmax of the dot products, in few passes over the large array."""
    scores = queries @ numpy.ascontiguousarray(keys.swapaxes(-1, -2))
    if mask is not None and not numpy.all(mask):
        scores += numpy.where(mask, 0, -numpy.inf).astype(scores.dtype)
    _softmax_in_place(scores, _bounded(queries, keys))
    return scores


def _bounded(queries, keys):
    """Whether `exp` of the dot products can't overflow: none is above the product of lengths."""
    longest = (math.sqrt(row_sums(x * x).max(initial=0)) for x in (queries, keys))
    return math.prod(longest) < 64


def _softmax_in_place(scores, bounded=False):
    """Turn scores into weights; a row of -inf, where nothing is allowed, into zeros."""
    if not bounded:
        highest = scores.max(axis=-1, keepdims=True, initial=-numpy.inf)
        highest[highest == -numpy.inf] = 0
        scores -= highest
    numpy.exp(scores, out=scores)
    total = row_sums(scores)
    total[total == 0] = 1
    scores /= total


@gradients_of(_attention)
def _attention_back(g, context, queries, keys, values, mask, scale, cache):
    weights = cache["weights"]
    d_weights = g @ numpy.ascontiguousarray(values.swapaxes(-1, -2))
    through_scores = _back_through_scores(
        d_weights, row_sums(g * context), weights, queries, keys, scale
    )
    return *through_scores, _sum_to(weights.swapaxes(-1, -2) @ g, values.shape)


@primitive
def _weights(queries, keys, scale, cache):
    """Return the weights that `_attention` has left."""
    return cache["weights"]


@gradients_of(_weights)
def _weights_back(g, weights, queries, keys, scale, cache):
    return _back_through_scores(+g, row_sums(g * weights), weights, queries, keys, scale)


def _back_through_scores(d_scores, mean, weights, queries, keys, scale):
    """Gradients of queries and keys.

    `d_scores` comes in as the gradient of the weights and is used up; `mean` is that gradient's
    mean over each row of weights.
    """
    d_scores -= mean
    d_scores *= weights
    d_scores *= scale
    return (
        _sum_to(d_scores @ keys, queries.shape),
        _sum_to(d_scores.swapaxes(-1, -2) @ queries, keys.shape),
    )


def _sum_to(gradient, shape):
    """Undo broadcasting: add up the axes along which an argument was repeated."""
    extra = gradient.ndim - len(shape)
    repeated = [i + extra for i, n in enumerate(shape) if n == 1 and gradient.shape[i + extra] > 1]
    return gradient.sum(axis=(*range(extra), *repeated)).reshape(shape)


def blocked_attention(queries, keys, values, mask=None, block=512):
    """Compute `attention` without ever holding all scores: its memory grows with n, not n².

    The same numbers up to rounding, forward only. A tile of scores, so small that it stays in the
    processor's cache, is turned into a part of the context and forgotten (Rabe and Staats 2021).

    Parameters
    ----------
    queries : array (..., n_queries, width)
    keys : array (..., n_keys, width)
    values : array (..., n_keys, width_values)
    mask : boolean array, optional
        Broadcastable to (..., n_queries, n_keys); True = may attend.
    block : int
        Queries at a time; the result does not depend on it.

    Returns
    -------
    array (..., n_queries, width_values)

    Raises
    ------
    ValueError
        As `attention` does, or if `block` is below 1.

    Examples
    --------
    >>> values = numpy.array([[0.0], [10.0]])
    >>> blocked_attention(numpy.ones((1, 2)), numpy.ones((2, 2)), values)
    array([[5.]])
    """
    keep_memory()
    lead = _require_values(queries, keys, values)
    _require_same_width(queries, keys)
    require(block > 0, f"block = {block} must be at least 1")
    shape = (*lead, queries.shape[-2], keys.shape[-2])
    require_boolean("mask", mask, shape)
    mask = None if mask is None else numpy.broadcast_to(mask, shape)
    queries = queries * (1 / math.sqrt(queries.shape[-1]))
    tiles, bounded = _tiles(keys, values), _bounded(queries, keys)
    context = numpy.zeros((*shape[:-1], values.shape[-1]), numpy.result_type(queries, values))
    for start in range(0, shape[-2], block):
        place = (..., slice(start, start + block), slice(None))
        part = None if mask is None else mask[place]
        _attend_by_tile(queries[place], tiles, part, bounded, context[place])
    return context


def _tiles(keys, values, size=256):
    """Keys, transposed, and values, so many at a time, with their places."""
    keys_up = keys.swapaxes(-1, -2)
    places = [slice(start, start + size) for start in range(0, keys.shape[-2], size)]
    return [(p, numpy.ascontiguousarray(keys_up[..., p]), values[..., p, :]) for p in places]


def _attend_by_tile(queries, tiles, mask, bounded, context):
    """Add up the context of some queries; the highest score so far is taken off as it rises."""
    total, highest = 0, -numpy.inf
    for place, keys, values in tiles:
        allowed = None if mask is None else mask[..., place]
        if allowed is not None and not allowed.any():
            continue
        scores = _product(queries, keys)
        if allowed is not None:
            numpy.copyto(scores, -numpy.inf, where=~allowed)
        if not bounded:
            before, highest = highest, numpy.maximum(highest, scores.max(axis=-1, keepdims=True))
            safe = numpy.where(highest == -numpy.inf, 0, highest)
            scores -= safe
            shrink = numpy.exp(before - safe)
            context *= shrink
            total = total * shrink
        numpy.exp(scores, out=scores)
        total = total + row_sums(scores)
        context += _product(scores, values)
    context *= 1 / (total + (total == 0))  # nothing allowed: zeros, not NaN


def _product(left, right, group=32):
    """Matrix product; by groups of rows, which OpenBLAS does a tenth faster with AVX-512."""
    if left.shape[-2] % group:
        return left @ right
    grouped = left.reshape(*left.shape[:-2], -1, group, left.shape[-1]) @ right[..., None, :, :]
    return grouped.reshape(*grouped.shape[:-3], -1, right.shape[-1])


def init_multi_head(rng, width, heads):
    """Start the four projections of multi-head attention.

    Parameters
    ----------
    rng : numpy.random.Generator
    width : int
        Width of inputs and outputs.
    heads : int
        Divides `width`; each head works at width_head = width / heads.

    Returns
    -------
    dict
        ``queries``, ``keys``, ``values`` (heads, width, width_head) and ``output``
        (heads, width_head, width).

    Raises
    ------
    ValueError
        If `heads` does not divide `width`.

    Examples
    --------
    >>> init_multi_head(numpy.random.default_rng(0), 8, 2)["queries"].shape
    (2, 8, 4)
    """
    require(heads > 0 and width % heads == 0, f"heads = {heads} must divide width = {width}")
    names = ("queries", "keys", "values", "output")
    params = {name: init_linear(rng, width, width)["weight"] for name in names}
    split = (heads, width // heads, width)
    return {
        name: weight.reshape(split) if name == "output" else weight.T.reshape(split).swapaxes(1, 2)
        for name, weight in params.items()
    }


def multi_head_attention(params, queries_from, keys_values_from, mask=None, score=scaled_dot):
    """Run several attentions side by side, each on its own projection (Vaswani et al. 2017).

    Called with the same sequence twice it is self-attention; with two sequences, cross-attention.

    Parameters
    ----------
    params : dict
        From `init_multi_head`.
    queries_from : array (batch, n_queries, width)
    keys_values_from : array (batch, n_keys, width)
    mask : boolean array, optional
        Broadcastable to (batch, n_queries, n_keys), the same for all heads; True = may attend.
    score : callable
        (queries, keys) -> scores, of arrays (batch, heads, n, width_head); `positions.rotary` and
        `positions.alibi` are such scores.

    Returns
    -------
    output : array (batch, n_queries, width)
    weights : array (batch, heads, n_queries, n_keys)

    Raises
    ------
    ValueError
        If a shape does not fit.

    Examples
    --------
    >>> params = init_multi_head(numpy.random.default_rng(0), 8, 2)
    >>> x = numpy.ones((3, 5, 8), numpy.float32)
    >>> output, weights = multi_head_attention(params, x, x)
    >>> output.shape, weights.shape
    ((3, 5, 8), (3, 2, 5, 5))
    """
    _require_width(params, queries_from=queries_from, keys_values_from=keys_values_from)
    _batch(queries_from=queries_from, keys_values_from=keys_values_from)
    return attend(params, queries_from, keys_values(params, keys_values_from), mask, score)


def _require_width(params, **sequences):
    for name, array in sequences.items():
        require_shape(name, array, "batch", "n", params["queries"].shape[1])


def keys_values(params, keys_values_from, cache=None):
    """Project a sequence to the keys and values of all heads, and put them behind a cache.

    A decoder that says one token at a time needs the keys and values of the earlier ones again
    at every step; the cache saves projecting them again.

    Parameters
    ----------
    params : dict
        From `init_multi_head`.
    keys_values_from : array (batch, n, width)
    cache : dict, optional
        What this function returned for the n_before positions before; it is not changed.

    Returns
    -------
    dict
        ``keys`` and ``values`` (batch, heads, n_before + n, width_head).

    Raises
    ------
    ValueError
        If a shape does not fit.

    Examples
    --------
    >>> params = init_multi_head(numpy.random.default_rng(0), 8, 2)
    >>> x = numpy.ones((3, 5, 8), numpy.float32)
    >>> cache = keys_values(params, x)
    >>> keys_values(params, x[:, :1], cache)["keys"].shape
    (3, 2, 6, 4)
    """
    _require_width(params, keys_values_from=keys_values_from)
    new = {name: _to_heads(keys_values_from, params[name]) for name in ("keys", "values")}
    if cache is None:
        return new
    sizes = len(cache["keys"]), "n", params["keys"].shape[1]
    reason = f", as the cache holds keys {cache['keys'].shape}"
    require_shape("keys_values_from", keys_values_from, *sizes, reason=reason)
    return {name: np.concatenate([cache[name], new[name]], axis=2) for name in new}


def attend(params, queries_from, cache, mask=None, score=scaled_dot):
    """Run multi-head attention over keys and values that are there already, see `keys_values`.

    Parameters
    ----------
    params : dict
        From `init_multi_head`.
    queries_from : array (batch, n_queries, width)
    cache : dict
        ``keys`` and ``values`` (batch, heads, n_keys, width_head).
    mask, score
        As for `multi_head_attention`.

    Returns
    -------
    output : array (batch, n_queries, width)
    weights : array (batch, heads, n_queries, n_keys)

    Raises
    ------
    ValueError
        If a shape does not fit.

    Examples
    --------
    >>> params = init_multi_head(numpy.random.default_rng(0), 8, 2)
    >>> x = numpy.ones((3, 5, 8), numpy.float32)
    >>> attend(params, x[:, -1:], keys_values(params, x))[1].shape
    (3, 2, 1, 5)
    """
    _require_width(params, queries_from=queries_from)
    keys, values = cache["keys"], cache["values"]
    mask = _for_heads(mask, queries_from, keys.shape[2])
    queries = _to_heads(queries_from, params["queries"])
    context, weights = _attend(queries, keys, values, mask, score)
    return _from_heads(context, params["output"]), weights


def _for_heads(mask, queries_from, n_keys):
    """Check a mask, and insert the axis of the heads, whatever it left out."""
    shape = (len(queries_from), queries_from.shape[1], n_keys)
    require_boolean("mask", mask, shape)
    if mask is None:
        return None
    mask = numpy.asarray(mask)
    return mask.reshape((1,) * (3 - mask.ndim) + mask.shape)[:, None]


def _to_heads(x, weight):
    """(batch, n, width) and (heads, width, width_head) -> (batch, heads, n, width_head)."""
    heads, width, width_head = weight.shape
    side_by_side = np.reshape(np.transpose(weight, (1, 0, 2)), (width, heads * width_head))
    shape = (*x.shape[:2], heads, width_head)
    projected = np.reshape(np.reshape(x, (-1, width)) @ side_by_side, shape)
    return np.transpose(projected, (0, 2, 1, 3))


def _from_heads(x, weight):
    """(batch, heads, n, width_head) and (heads, width_head, width) -> (batch, n, width)."""
    batch, heads, n, width_head = x.shape
    side_by_side = np.reshape(np.transpose(x, (0, 2, 1, 3)), (batch * n, heads * width_head))
    output = side_by_side @ np.reshape(weight, (heads * width_head, -1))
    return np.reshape(output, (batch, n, weight.shape[2]))


@primitive
def _positive(x):
    """Feature map of linear attention, elu(x) + 1: x + 1 above 0, exp(x) below."""
    return numpy.where(x > 0, x + 1, numpy.exp(numpy.minimum(x, 0)))


defvjp(_positive, lambda features, x: lambda g: g * numpy.minimum(features, 1))


def linear_attention(queries, keys, values, mask=None, causal=False, block=64):
    r"""Attention without a softmax, in time and memory that grow with n alone.

    .. math:: o_i = \frac{\sum_j \phi(q_i) \cdot \phi(k_j)\; v_j}{\sum_j \phi(q_i) \cdot \phi(k_j)},
        \qquad \phi(x) = \mathrm{elu}(x) + 1

    The sum over j of :math:`\phi(k_j) v_j^\top` is one matrix for all queries: a state of fixed
    size, like that of a recurrent network. With `causal` it runs along.

    Parameters
    ----------
    queries : array (..., n_queries, width)
    keys : array (..., n_keys, width)
    values : array (..., n_keys, width_values)
    mask : boolean array, optional
        Broadcastable to (..., 1, n_keys), the same for all queries; True = may be attended to.
    causal : bool
        Query i attends to keys 0 … i; needs as many queries as keys.
    block : int
        So many positions at a time are done by a small product of queries and keys; the result
        does not depend on it.

    Returns
    -------
    array (..., n_queries, width_values)
        Zeros for a query that may attend to nothing.

    Raises
    ------
    ValueError
        If a shape does not fit, or the mask differs between queries.

    References
    ----------
    Katharopoulos et al. 2020.

    Examples
    --------
    >>> x = numpy.array([[0.0], [0.0], [0.0]])
    >>> linear_attention(x, x, numpy.array([[1.0], [2.0], [6.0]]), causal=True)
    array([[1. ],
           [1.5],
           [3. ]])
    """
    _require_linear(queries, keys, values, mask, causal)
    queries, keys = _positive(queries), _positive(keys)
    if mask is not None:
        keys = keys * numpy.swapaxes(numpy.atleast_2d(mask), -1, -2)
    # A column of ones among the values adds up the weights themselves.
    values = np.concatenate([values, numpy.ones((*values.shape[:-1], 1), values.dtype)], axis=-1)
    if causal:
        both = _running_sums(queries, keys, values, block)
    else:
        both = np.matmul(queries, np.matmul(np.swapaxes(keys, -1, -2), values))
    total = both[..., -1:]
    return both[..., :-1] / (total + (total == 0))


def _running_sums(queries, keys, values, block):
    """For each query i, the sum over keys j <= i of (query · key) value."""
    n = queries.shape[-2]
    queries, keys, values = (_in_blocks(x, block) for x in (queries, keys, values))
    inside = np.matmul(queries, np.swapaxes(keys, -1, -2)) * causal_mask(block)
    states = np.matmul(np.swapaxes(keys, -1, -2), values)
    before = np.cumsum(states, axis=-3) - states
    sums = np.matmul(inside, values) + np.matmul(queries, before)
    return np.reshape(sums, (*sums.shape[:-3], -1, sums.shape[-1]))[..., :n, :]


def _in_blocks(x, block):
    """(..., n, width) -> (..., blocks, block, width), filled up with zeros."""
    missing = numpy.zeros((*x.shape[:-2], -x.shape[-2] % block, x.shape[-1]), x.dtype)
    whole = np.concatenate([x, missing], axis=-2)
    return np.reshape(whole, (*x.shape[:-2], whole.shape[-2] // block, block, x.shape[-1]))


def _require_linear(queries, keys, values, mask, causal):
    lead, n_keys = _require_same_width(queries, keys), keys.shape[-2]
    _require_values(queries, keys, values)
    if mask is not None:
        require(
            numpy.ndim(mask) < 2 or numpy.shape(mask)[-2] == 1,
            f"mask has shape {numpy.shape(mask)}; linear attention needs (…, 1, n_keys), the same "
            "for all queries (for earlier keys alone, causal=True)",
        )
        require_boolean("mask", mask, (*lead, 1, n_keys))
    if causal:
        reason = f" if causal, as keys has shape {keys.shape}"
        require_shape("queries", queries, ..., n_keys, "width", reason=reason)
