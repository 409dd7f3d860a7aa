r"""Attention: scores, masks, weights, and the weighted sum.

Attention and self-attention are the same function here; they differ only in who provides queries,
keys and values.

One mask convention holds everywhere: a boolean array broadcastable to (…, n_queries, n_keys),
True = may attend. A query that may attend to nothing gets weight 0 everywhere and a context of
zeros. What no query may attend to has no influence, whatever it holds.
"""

import math

import autograd.numpy as np
import numpy

from helpers import fast
from helpers.fast import attention as kernels
from helpers.functions import linear, relu, softmax, tanh
from helpers.shapes import shapes

# ---- scores ----------------------------------------------------------------------------------


@shapes
@fast.by(kernels.dot)
def dot(queries, keys):
    r"""Scores :math:`q_i \cdot k_j` (Luong et al. 2015).

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
    return queries @ np.swapaxes(keys, -1, -2)


@shapes
@fast.by(kernels.scaled_dot)
def scaled_dot(queries, keys):
    r"""Scores :math:`q_i \cdot k_j / \sqrt{d_k}` (Vaswani et al. 2017); d_k is a key's width.

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
    return queries @ np.swapaxes(keys, -1, -2) / math.sqrt(keys.shape[-1])


def general(params):
    r"""Bilinear scores :math:`q_i A \cdot k_j` (Luong et al. 2015).

    Queries and keys may differ in width.

    Parameters
    ----------
    params : dict
        ``weight`` (width of a query, width of a key) A, see `start.init_general`.

    Returns
    -------
    callable
        (queries, keys) -> scores

    Examples
    --------
    >>> general({"weight": numpy.eye(2)})(numpy.ones((1, 2)), numpy.ones((3, 2)))
    array([[2., 2., 2.]])
    """

    def score(queries, keys):
        return dot(queries @ params["weight"], keys)

    return score


@fast.by(kernels.additive)
def additive(params):
    r"""Additive scores :math:`\tanh(q_i A_q + b_q + k_j A_k + b_k) \cdot a` (Bahdanau et al. 2015).

    Queries and keys may differ in width.

    Parameters
    ----------
    params : dict
        ``queries``, ``keys`` and ``vector``: A_q and b_q, A_k and b_k, and a; see
        `start.init_additive`.

    Returns
    -------
    callable
        (queries, keys) -> scores

    Examples
    --------
    >>> same = {"weight": numpy.eye(2), "bias": numpy.zeros(2)}
    >>> score = additive({"queries": same, "keys": same, "vector": numpy.array([1.0, 0.0])})
    >>> score(numpy.ones((1, 2)), numpy.array([[-1.0, 9.0], [99.0, 9.0]]))
    array([[0., 1.]])
    """

    def score(queries, keys):
        projected_queries = linear(params["queries"], queries)[..., :, None, :]
        projected_keys = linear(params["keys"], keys)[..., None, :, :]
        return tanh(projected_queries + projected_keys) @ params["vector"]

    return score


def location(params):
    r"""Location-based scores :math:`q_i B`: one for each place, whatever key stands there.

    A query says where to look, not what for: the score with the key at place j is column j of
    :math:`q_i B`, and the keys are only counted (Luong et al. 2015, equation 8).

    Parameters
    ----------
    params : dict
        ``weight`` (width of a query, number of places), see `start.init_location`.

    Returns
    -------
    callable
        (queries, keys) -> scores

    Raises
    ------
    ValueError
        By that callable, if there are more keys than places.

    Examples
    --------
    >>> score = location({"weight": numpy.array([[1.0, 2.0, 3.0]])})
    >>> score(numpy.ones((1, 1)), numpy.array([[99.0], [-99.0]]))
    array([[1., 2.]])
    """

    def score(queries, keys):
        n_keys, places = keys.shape[-2], params["weight"].shape[-1]
        if n_keys > places:
            raise ValueError(f"there are {n_keys} keys; the score knows only {places} places")
        return queries @ params["weight"][:, :n_keys]

    return score


def positive(x):
    """Feature map of linear attention, elu(x) + 1: x + 1 above 0, exp(x) below.

    Examples
    --------
    >>> positive(numpy.array([-1.0, 0.0, 2.0])).round(2)
    array([0.37, 1.  , 3.  ])
    """
    return relu(x) + np.exp(x - relu(x))


@shapes
def linear_score(queries, keys):
    r"""Scores whose softmax is the weights of `cost.linear_attention`: the log of φ(q) · φ(k).

    So a model can be trained with them where n is small, and its maps can be shown.

    Parameters
    ----------
    queries : array (..., n_queries, width)
    keys : array (..., n_keys, width)

    Returns
    -------
    array (..., n_queries, n_keys)

    Examples
    --------
    >>> x, values = numpy.eye(2), numpy.array([[0.0], [3.0]])
    >>> weights = numpy.exp(linear_score(x, x))
    >>> (weights / weights.sum(axis=-1, keepdims=True) @ values).round(2)
    array([[1.33],
           [1.67]])
    """
    return np.log(positive(queries) @ np.swapaxes(positive(keys), -1, -2))


# ---- masks: True = may attend ------------------------------------------------------------------


@shapes
def causal_mask(n):
    """Let position i attend to positions 0 … i: True on and below the diagonal.

    Parameters
    ----------
    n : int, at least 0
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


@shapes
def padding_mask(lengths, n):
    """Let every query attend to the true keys of its own sequence, not to the padding.

    Parameters
    ----------
    lengths : integer array (batch,)
    n : int, at least 0
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
    if lengths.min(initial=0) < 0 or lengths.max(initial=0) > n:
        raise ValueError(f"lengths must lie in 0 … {n}, but are {lengths.tolist()}")
    return numpy.arange(n) < lengths[:, None, None]


@shapes
def local_mask(n, reach):
    """Let position i attend to its neighbours alone, i - reach … i + reach (Child et al. 2019).

    Combine masks with ``&``: ``local_mask(n, 4) & causal_mask(n)`` looks at the last 5 positions.

    Parameters
    ----------
    n : int, at least 0
        Number of positions.
    reach : int, at least 0
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
    places = numpy.arange(n)
    return abs(places[:, None] - places) <= reach


@shapes
def prefix_mask(lengths, n):
    """Let the first positions of a sequence attend to each other, and later ones look back.

    Parameters
    ----------
    lengths : integer array (batch,)
        How many positions are the prefix; 0 is `causal_mask`.
    n : int, at least 0
        Number of positions.

    Returns
    -------
    boolean array (batch, n, n)

    Raises
    ------
    ValueError
        If a length is negative or longer than n.

    References
    ----------
    Raffel et al. 2020, section 3.2.1.

    Examples
    --------
    >>> prefix_mask(numpy.array([2]), 3).astype(int)
    array([[[1, 1, 0],
            [1, 1, 0],
            [1, 1, 1]]])
    """
    return causal_mask(n) | padding_mask(lengths, n)


@fast.by(kernels.seen)
def seen(x, mask):
    """Keys or values, with 0 for NaN and infinity where no query may look.

    What stands there has no influence; but a weight of 0 alone does not keep NaN out of a sum:
    0 times NaN is NaN.

    Parameters
    ----------
    x : array (..., n_keys, width)
    mask : boolean array to (..., n_queries, n_keys), or None

    Returns
    -------
    array (..., n_keys, width)

    Examples
    --------
    >>> seen(numpy.array([[1.0], [numpy.nan]]), numpy.array([[True, False]]))
    array([[1.],
           [0.]])
    """
    if mask is None:
        return x
    looked_at = numpy.any(numpy.atleast_2d(mask), axis=-2)[..., None]
    x = x + numpy.zeros(looked_at.shape, x.dtype)  # `where` has no gradient of what it repeats
    return np.where(looked_at | np.isfinite(x), x, 0)


# ---- attention ---------------------------------------------------------------------------------


@shapes
@fast.by(kernels.attention_weights)
def attention_weights(queries, keys, mask=None, score=scaled_dot):
    r"""How much each query attends to each key: the softmax of the scores over the keys.

    .. math:: w_{ij} = \exp e_{ij} \,/\, \textstyle\sum_l \exp e_{il}

    Parameters
    ----------
    queries : array (..., n_queries, width)
    keys : array (..., n_keys, width_key)
    mask : boolean array to (..., n_queries, n_keys), optional
        True = may attend.
    score : callable (queries, keys)
        -> scores (..., n_queries, n_keys)

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
    return softmax(score(queries, seen(keys, mask)), where=mask)


@shapes
@fast.by(kernels.attention)
def attention(queries, keys, values, mask=None, score=scaled_dot):
    r"""Look something up softly: for each query, the mean of the values, weighted by its keys.

    .. math:: \mathrm{attention}(Q, K, V) = \mathrm{softmax}(Q K^\top / \sqrt{d_k})\, V

    Parameters
    ----------
    queries : array (..., n_queries, width)
    keys : array (..., n_keys, width_key)
    values : array (..., n_keys, width_values)
    mask : boolean array to (..., n_queries, n_keys), optional
        True = may attend.
    score : callable (queries, keys)
        -> scores

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
    return attention_weights(queries, keys, mask, score) @ seen(values, mask)


# ---- several heads -----------------------------------------------------------------------------


@shapes
@fast.by(kernels.multi_head_attention)
def multi_head_attention(params, queries_from, keys_values_from, mask=None, score=scaled_dot):
    r"""Run several attentions side by side, each on its own projection (Vaswani et al. 2017).

    Called with the same sequence twice it is self-attention; with two sequences, cross-attention.

    .. math:: \mathrm{head}_h = \mathrm{attention}(X W_Q^h,\, Y W_K^h,\, Y W_V^h), \qquad
        \textstyle\sum_h \mathrm{head}_h W_O^h

    Parameters
    ----------
    params : dict
        ``queries``, ``keys``, ``values`` (heads, width, width_head) and ``output``
        (heads, width_head, width_out), see `start.init_multi_head`.
    queries_from : array (batch, n_queries, width)
        X, the sequence that asks.
    keys_values_from : array (batch, n_keys, width)
        Y, the sequence that is asked.
    mask : boolean array to (batch, n_queries, n_keys), optional
        The same for all heads; True = may attend. Two axes are (n_queries, n_keys).
    score : callable
        (queries, keys) -> scores, of arrays (batch, heads, n, width_head); `positions.rotary` and
        `positions.alibi` are such scores.

    Returns
    -------
    output : array (batch, n_queries, width_out)
    weights : array (batch, heads, n_queries, n_keys)

    Raises
    ------
    ValueError
        If a shape does not fit.

    Examples
    --------
    >>> eye = numpy.eye(4).reshape(4, 2, 2).swapaxes(0, 1)  # two heads, two numbers for each
    >>> params = {"queries": eye, "keys": eye, "values": eye, "output": eye.swapaxes(1, 2)}
    >>> x = numpy.ones((3, 5, 4))
    >>> output, weights = multi_head_attention(params, x, x)
    >>> output.shape, weights.shape
    ((3, 5, 4), (3, 2, 5, 5))
    """
    if queries_from is keys_values_from:  # in self-attention padding asks, too
        queries_from = seen(queries_from, mask)
    keys_values_from = seen(keys_values_from, mask)
    queries = split_heads(queries_from, params["queries"])  # (batch, heads, n_queries, width_head)
    keys = split_heads(keys_values_from, params["keys"])
    values = split_heads(keys_values_from, params["values"])
    weights = attention_weights(queries, keys, for_all_heads(mask), score)
    return join_heads(weights @ values, params["output"]), weights


@shapes
@fast.by(kernels.split_heads)
def split_heads(x, weight):
    """Project a sequence for each head: x W^h.

    Parameters
    ----------
    x : array (batch, n, width)
    weight : array (heads, width, width_head)

    Returns
    -------
    array (batch, heads, n, width_head)

    Examples
    --------
    >>> split_heads(numpy.ones((2, 5, 3)), numpy.ones((4, 3, 6))).shape
    (2, 4, 5, 6)
    """
    return np.einsum("bnw,hwd->bhnd", x, weight)


@shapes
@fast.by(kernels.join_heads)
def join_heads(context, weight):
    """Add up what the heads have found, each by its own matrix: the sum over h of head_h W_O^h.

    Parameters
    ----------
    context : array (batch, heads, n, width_head)
    weight : array (heads, width_head, width)

    Returns
    -------
    array (batch, n, width)

    Examples
    --------
    >>> join_heads(numpy.ones((2, 4, 5, 6)), numpy.ones((4, 6, 3))).shape
    (2, 5, 3)
    """
    return np.einsum("bhnd,hdw->bnw", context, weight)


@shapes
def for_all_queries(x, heads):
    """Repeat keys or values until each head of queries has a head of them.

    Parameters
    ----------
    x : array (batch, key_heads, n, width_head)
    heads : int, at least 1
        Of queries; heads / key_heads of them, one behind the other, share one of keys and values.

    Returns
    -------
    array (batch, heads, n, width_head)

    References
    ----------
    One for all: Shazeer 2019; one for a group: Ainslie et al. 2023.

    Examples
    --------
    >>> for_all_queries(numpy.array([[[[1.0]], [[2.0]]]]), 4).ravel()
    array([1., 1., 2., 2.])
    """
    return x if x.shape[1] == heads else np.repeat(x, heads // x.shape[1], axis=1)


def for_all_heads(mask):
    """(batch, n_queries, n_keys) -> (batch, 1, n_queries, n_keys), as all heads have one mask.

    Examples
    --------
    >>> for_all_heads(padding_mask(numpy.array([1, 3]), 3)).shape
    (2, 1, 1, 3)
    """
    return mask[:, None] if mask is not None and numpy.ndim(mask) > 2 else mask
