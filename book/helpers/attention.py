r"""Attention: scores, masks, weights, and the weighted sum.

Stands on `functions` alone. Attention and self-attention are the same function here; they
differ only in who provides queries, keys and values.

One mask convention holds everywhere: a boolean array broadcastable to
(…, n_queries, n_keys), True = may attend. A query that may attend to nothing gets weight 0
everywhere and a context of zeros.
"""

import math

import autograd.numpy as np
import numpy
from autograd import make_vjp
from autograd.extend import defvjp, primitive

from helpers.functions import (
    _broadcasts,
    _gradients_of,
    _row_sums,
    _rows,
    init_linear,
    linear,
    require,
    softmax,
    tanh,
)

__all__ = [
    "additive",
    "attend",
    "attention",
    "attention_weights",
    "blocked_attention",
    "causal_mask",
    "dot",
    "general",
    "init_additive",
    "init_general",
    "init_multi_head",
    "keys_values",
    "linear_attention",
    "local_mask",
    "multi_head_attention",
    "padding_mask",
    "scaled_dot",
]


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
    require(
        queries.shape[-1] == keys.shape[-1],
        f"queries {queries.shape} and keys {keys.shape} must have the same last axis (width)",
    )
    return _batch(queries=queries, keys=keys)


def _require_values(queries, keys, values):
    """Return the shape of the batch."""
    require(
        keys.shape[-2] == values.shape[-2],
        f"keys {keys.shape} and values {values.shape} must agree in n_keys, the second-last axis",
    )
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
    lengths = numpy.asarray(lengths)
    require(lengths.ndim == 1, f"lengths has shape {lengths.shape}; it must be (batch,)")
    require(
        bool((lengths >= 0).all() and (lengths <= n).all()),
        f"lengths must lie in 0 … {n}, the padded length, but are {lengths.tolist()}",
    )
    return numpy.arange(n) < lengths[:, None, None]


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
    _require_mask(mask, scores.shape)
    return softmax(scores, where=mask)


def _require_mask(mask, shape):
    if mask is None:
        return
    mask = numpy.asarray(mask)
    require(mask.dtype == bool, f"mask must be boolean (True = may attend), not {mask.dtype}")
    require(
        _broadcasts(mask.shape, shape),
        f"mask has shape {mask.shape}; it must broadcast to (…, n_queries, n_keys) = {shape}",
    )


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
    _require_values(queries, keys, values)
    if score not in (scaled_dot, dot):
        return np.matmul(attention_weights(queries, keys, mask, score), values)
    lead = _require_same_width(queries, keys)
    _require_mask(mask, (*lead, queries.shape[-2], keys.shape[-2]))
    scale = 1 / math.sqrt(queries.shape[-1]) if score is scaled_dot else 1.0
    return _attention(queries, keys, values, mask, scale, {})


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
    longest = (math.sqrt(_row_sums(x * x).max(initial=0)) for x in (queries, keys))
    return math.prod(longest) < 64


def _softmax_in_place(scores, bounded=False):
    """Turn scores into weights; a row of -inf, where nothing is allowed, into zeros."""
    if not bounded:
        highest = scores.max(axis=-1, keepdims=True, initial=-numpy.inf)
        highest[highest == -numpy.inf] = 0
        scores -= highest
    numpy.exp(scores, out=scores)
    total = _row_sums(scores)
    total[total == 0] = 1
    scores /= total


@_gradients_of(_attention)
def _attention_back(g, context, queries, keys, values, mask, scale, cache):
    weights = cache["weights"]
    d_scores = _back_to_scores(g, context, values, weights)
    d_scores *= scale
    return (
        _sum_to(d_scores @ keys, queries.shape),
        _sum_to(d_scores.swapaxes(-1, -2) @ queries, keys.shape),
        _sum_to(weights.swapaxes(-1, -2) @ g, values.shape),
    )


def _back_to_scores(g, context, values, weights):
    """Gradient of the scores from that of the context."""
    d_scores = g @ numpy.ascontiguousarray(values.swapaxes(-1, -2))
    d_scores -= _row_sums(g * context)
    d_scores *= weights
    return d_scores


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
    lead = _require_values(queries, keys, values)
    _require_same_width(queries, keys)
    require(block > 0, f"block = {block} must be at least 1")
    shape = (*lead, queries.shape[-2], keys.shape[-2])
    _require_mask(mask, shape)
    mask = None if mask is None else numpy.broadcast_to(mask, shape)
    queries = queries * (1 / math.sqrt(queries.shape[-1]))
    tiles = _tiles(keys, values)
    bounded = _bounded(queries, keys)
    context = numpy.zeros((*shape[:-1], values.shape[-1]), numpy.result_type(queries, values))
    for start in range(0, shape[-2], block):
        rows = slice(start, start + block)
        part = None if mask is None else mask[..., rows, :]
        _attend_by_tile(queries[..., rows, :], tiles, part, bounded, context[..., rows, :])
    return context


def _tiles(keys, values, size=256):
    """Keys, transposed, and values, so many at a time, with their places."""
    keys_up = keys.swapaxes(-1, -2)
    places = [slice(start, start + size) for start in range(0, keys.shape[-2], size)]
    return [(p, numpy.ascontiguousarray(keys_up[..., p]), values[..., p, :]) for p in places]


def _attend_by_tile(queries, tiles, mask, bounded, context):
    """Add up the context of some queries, tile by tile, in place."""
    total, scratch = 0, {}
    highest = None if bounded else _highest(queries, tiles, mask)
    for place, keys, values in tiles:
        scores = _tile_scores(queries, keys, mask, place, scratch)
        if scores is None:
            continue
        if highest is not None:
            scores -= highest
        numpy.exp(scores, out=scores)
        total = total + _row_sums(scores)
        context += _into(scratch, "context", scores, values)
    context *= 1 / (total + (total == 0))  # nothing allowed: zeros, not NaN


def _highest(queries, tiles, mask):
    """Find the highest score of each query, 0 for one that may attend to nothing."""
    highest = numpy.full((*queries.shape[:-1], 1), -numpy.inf, queries.dtype)
    for place, keys, _ in tiles:
        scores = _tile_scores(queries, keys, mask, place, {})
        if scores is not None:
            highest = numpy.maximum(highest, scores.max(axis=-1, keepdims=True))
    return numpy.where(highest == -numpy.inf, 0, highest)


def _tile_scores(queries, keys, mask, place, scratch):
    """Scores of some queries and some keys, or None if all are forbidden."""
    if mask is None:
        return _into(scratch, "scores", queries, keys)
    allowed = numpy.ascontiguousarray(mask[..., place])
    count = numpy.count_nonzero(allowed)  # quicker than any and all
    if not count:
        return None
    scores = _into(scratch, "scores", queries, keys)
    if count < allowed.size:
        numpy.copyto(scores, -numpy.inf, where=~allowed)
    return scores


def _into(scratch, name, left, right, group=32):
    """Matrix product into an array that is kept in `scratch`, if it fits.

    On processors with AVX-512, OpenBLAS multiplies small matrices a tenth faster: go by groups
    of rows.
    """
    lead = numpy.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    shape, kept = (*lead, left.shape[-2], right.shape[-1]), scratch.get(name)
    if kept is None or kept.shape != shape:
        kept = scratch[name] = numpy.empty(shape, numpy.result_type(left, right))
    if shape[-2] % group:
        return numpy.matmul(left, right, out=kept)
    left, out = (x.reshape(*x.shape[:-2], -1, group, x.shape[-1]) for x in (left, kept))
    numpy.matmul(left, right[..., None, :, :], out=out)
    return kept


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
    if score is scaled_dot:
        mask = _for_heads(mask, queries_from, keys_values_from.shape[1])
        weights, cache = [params[name] for name in ("queries", "keys", "values", "output")], {}
        output = _multi_head(queries_from, keys_values_from, *weights, mask, cache)
        return output, _map(queries_from, keys_values_from, *weights[:2], mask, cache)
    return attend(params, queries_from, keys_values(params, keys_values_from), mask, score)


def _require_width(params, **sequences):
    width = params["queries"].shape[1]
    for name, array in sequences.items():
        require(
            len(array.shape) == 3 and array.shape[2] == width,
            f"{name} has shape {array.shape}; it must be (batch, n, {width})",
        )


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
    require(
        len(cache["keys"]) == len(keys_values_from),
        f"cache holds keys {cache['keys'].shape}; keys_values_from {keys_values_from.shape} "
        "needs the same first axis (batch)",
    )
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
    weights = attention_weights(_to_heads(queries_from, params["queries"]), keys, mask, score)
    return _from_heads(np.matmul(weights, values), params["output"]), weights


def _for_heads(mask, queries_from, n_keys):
    """Check a mask, and insert the axis of the heads, whatever it left out."""
    shape = (len(queries_from), queries_from.shape[1], n_keys)
    _require_mask(mask, shape)
    if mask is None:
        return None
    mask = numpy.asarray(mask)
    return mask.reshape((1,) * (3 - mask.ndim) + mask.shape)[:, None]


@primitive
def _multi_head(queries_from, keys_values_from, to_queries, to_keys, to_values, back, mask, cache):
    heads, width, width_head = to_queries.shape
    queries = _product(queries_from, _flat(to_queries))
    queries *= 1 / math.sqrt(width_head)
    both = _product(keys_values_from, _flat(to_keys, to_values))
    keys, values = _by_head(both[..., :width], heads), _by_head(both[..., width:], heads)
    weights = _weigh(_by_head(queries, heads), keys, mask)
    context = numpy.empty_like(queries)
    numpy.matmul(weights, values, out=_by_head(context, heads))
    cache.update(queries=queries, both=both, weights=weights, context=context)
    return _product(context, back.reshape(width, width))


def _product(x, weight):
    return (_rows(x) @ weight).reshape(*x.shape[:-1], weight.shape[1])


def _flat(*weights):
    """Several (heads, width, width_head) side by side: (width, … * heads * width_head)."""
    return numpy.concatenate([w.swapaxes(0, 1).reshape(w.shape[1], -1) for w in weights], axis=1)


def _by_head(x, heads):
    """View (batch, n, width) as (batch, heads, n, width_head)."""
    return x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)


@_gradients_of(_multi_head)
def _multi_head_back(
    g, _, queries_from, keys_values_from, to_queries, to_keys, to_values, back, mask, cache
):
    queries, both, weights, context = (
        cache[name] for name in ("queries", "both", "weights", "context")
    )
    heads, width, width_head = to_queries.shape

    def head(x, part=0):
        return _by_head(x[..., part * width : (part + 1) * width], heads)

    d_context = _product(g, back.reshape(width, width).T)
    d_scores = _back_to_scores(head(d_context), head(context), head(both, 1), weights)
    d_queries, d_both = numpy.empty_like(queries), numpy.empty_like(both)
    numpy.matmul(d_scores, head(both), out=head(d_queries))
    numpy.matmul(d_scores.swapaxes(-1, -2), head(queries), out=head(d_both))
    numpy.matmul(weights.swapaxes(-1, -2), head(d_context), out=head(d_both, 1))
    d_queries *= 1 / math.sqrt(width_head)
    d_flat = _rows(queries_from).T @ _rows(d_queries)
    d_flat_both = _rows(keys_values_from).T @ _rows(d_both)
    return (
        _product(d_queries, _flat(to_queries).T),
        _product(d_both, _flat(to_keys, to_values).T),
        *(_by_head(d[None], heads)[0] for d in (d_flat, *numpy.split(d_flat_both, 2, axis=1))),
        (_rows(context).T @ _rows(g)).reshape(back.shape),
    )


@primitive
def _map(queries_from, keys_values_from, to_queries, to_keys, mask, cache):
    """Return the weights that `_multi_head` has left."""
    return cache["weights"]


@_gradients_of(_map)
def _map_back(g, _, *arguments):
    # Losses rarely contain the map itself: here the plain formula is quick enough.
    *arrays, mask, _ = arguments

    def formula(traced):
        queries_from, keys_values_from, to_queries, to_keys = traced
        queries, keys = _to_heads(queries_from, to_queries), _to_heads(keys_values_from, to_keys)
        return attention_weights(queries, keys, mask)

    return make_vjp(formula)(tuple(arrays))[0](g)


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
        _require_mask(mask, (*lead, 1, n_keys))
    require(
        not causal or queries.shape[-2] == n_keys,
        f"queries {queries.shape} and keys {keys.shape} must agree in n, the second-last axis, "
        "if causal",
    )
