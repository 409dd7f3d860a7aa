r"""What attention costs, and what makes it cheaper: blocks, and attention without a softmax.

Counts are of multiplications in matrix products, of one layer over one sequence.
"""

import autograd.numpy as np
import numpy

from helpers import fast
from helpers.attention import attention, causal_mask, positive, scaled_dot, seen
from helpers.fast import attention as kernels
from helpers.learning import leaves
from helpers.shapes import shapes

GATES = {"rnn": 1, "gru": 3, "lstm": 4}


def parameters(params):
    """Count the numbers of a model.

    Parameters
    ----------
    params : dict
        Nested; its leaves are arrays.

    Returns
    -------
    int

    Examples
    --------
    >>> parameters({"weight": numpy.ones((3, 5)), "norm": {"scale": numpy.ones(3)}})
    18
    """
    return sum(int(numpy.size(leaf)) for leaf in leaves(params))


@shapes
def products(layer, n, width):
    r"""Count the multiplications of a layer over n positions.

    A recurrent layer has g pairs of maps of the width at each position, for word and state: one in
    an RNN, three in a GRU (two gates and the candidate), four in an LSTM. Self-attention has four
    projections, and one product for the scores and one for the weighted sums.

    .. math:: 2 g\, n d^2 \quad\text{and}\quad 4 n d^2 + 2 n^2 d

    Parameters
    ----------
    layer : {"rnn", "gru", "lstm", "self_attention"}
    n : int
        Positions.
    width : int
        Of inputs and states, d.

    Returns
    -------
    int

    References
    ----------
    Vaswani et al. 2017, table 1, which leaves the projections out.

    Examples
    --------
    >>> products("gru", 10, 64) == products("self_attention", 64, 64) * 10 // 64
    True
    """
    if layer == "self_attention":
        return 4 * n * width**2 + 2 * n**2 * width
    return 2 * GATES[layer] * n * width**2


@shapes
def sequential_steps(layer, n):
    """Count the steps of a layer that must wait for each other.

    Parameters
    ----------
    layer : {"rnn", "gru", "lstm", "self_attention"}
    n : int, at least 1
        Positions.

    Returns
    -------
    int

    Examples
    --------
    >>> sequential_steps("gru", 100), sequential_steps("self_attention", 100)
    (100, 1)
    """
    return 1 if layer == "self_attention" else n


@shapes
def memory(layer, n, width):
    """Count the numbers that a layer must hold at once to read n positions, its output left out.

    A recurrent layer holds its state (an LSTM two of them), self-attention all its weights.

    Parameters
    ----------
    layer : {"rnn", "gru", "lstm", "self_attention"}
    n : int, at least 1
        Positions.
    width : int, at least 1
        Of inputs and states.

    Returns
    -------
    int

    Examples
    --------
    >>> memory("lstm", 100, 64), memory("self_attention", 100, 64)
    (128, 10000)
    """
    if layer == "self_attention":
        return n * n
    return 2 * width if layer == "lstm" else width


@shapes
def block_products(new, seen, width):
    r"""Count the multiplications of one block for the newest positions of a sequence.

    Four projections of each new position, scores and weighted sums over all that it may see, and
    a feed-forward part that is four times as wide:

    .. math:: 4 m d^2 + 2 m n d + 8 m d^2

    Parameters
    ----------
    new : int
        Positions that are computed, m: one with a cache, all without.
    seen : int
        Positions whose keys and values there are, n, the new ones among them.
    width : int
        Of the model, d.

    Returns
    -------
    int

    Examples
    --------
    >>> block_products(1, 100, 64), block_products(100, 100, 64)
    (61952, 6195200)
    """
    return 12 * new * width**2 + 2 * new * seen * width


@shapes
def cache_numbers(n, width, layers, heads=1, key_heads=None):
    r"""Count the numbers that a cache holds: a key and a value for each position, in each block.

    .. math:: 2 \, n\, d \cdot \text{layers} \cdot \text{heads of keys} / \text{heads}

    Parameters
    ----------
    n : int
        Positions.
    width : int
        Of the model, d.
    layers : int
    heads : int, at least 1
        Of queries.
    key_heads : int, at least 1, optional
        Of keys and values; as many, if not given. With fewer, several heads of queries ask the
        same keys.

    Returns
    -------
    int

    References
    ----------
    Fewer heads of keys: Shazeer 2019; Ainslie et al. 2023.

    Examples
    --------
    >>> cache_numbers(100, 64, 2), cache_numbers(100, 64, 2, heads=4, key_heads=1)
    (25600, 6400)
    """
    return 2 * n * width * layers * (key_heads or heads) // heads


@shapes
@fast.by(kernels.blocked_attention)
def blocked_attention(queries, keys, values, mask=None, block=512):
    r"""Compute `attention.attention` without ever holding all scores: memory grows with n, not n².

    The same numbers up to rounding, forward only. Keys and values come block by block; sums of
    exponentials, so far, are made smaller whenever a higher score m turns up:

    .. math:: s \leftarrow e^{m - m'} s + \textstyle\sum_j e^{e_j - m'}, \qquad
        c \leftarrow e^{m - m'} c + \textstyle\sum_j e^{e_j - m'} v_j, \qquad o = c / s

    Parameters
    ----------
    queries : array (..., n_queries, width)
    keys : array (..., n_keys, width)
    values : array (..., n_keys, width_values)
    mask : boolean array to (..., n_queries, n_keys), optional
        True = may attend.
    block : int, at least 1
        Positions at a time; the result does not depend on it.

    Returns
    -------
    array (..., n_queries, width_values)

    Raises
    ------
    ValueError
        As `attention.attention` does, or if `block` is below 1.

    References
    ----------
    Rabe and Staats 2021.

    Examples
    --------
    >>> values = numpy.array([[0.0], [10.0]])
    >>> blocked_attention(numpy.ones((1, 2)), numpy.ones((2, 2)), values)
    array([[5.]])
    """
    keys, values = seen(keys, mask), seen(values, mask)
    highest, total = -numpy.inf, 0.0
    context = scaled_dot(queries, keys[..., :0, :]) @ values[..., :0, :]  # of no key: zeros
    for places in in_parts(keys.shape[-2], block):
        scores = scaled_dot(queries, keys[..., places, :])
        scores = scores if mask is None else np.where(columns(mask, places), scores, -numpy.inf)
        before, highest = highest, np.maximum(highest, np.max(scores, axis=-1, keepdims=True))
        safe = np.where(highest == -numpy.inf, 0, highest)  # nothing allowed as yet
        shrink, exponentials = np.exp(before - safe), np.exp(scores - safe)
        total = shrink * total + np.sum(exponentials, axis=-1, keepdims=True)
        context = shrink * context + exponentials @ values[..., places, :]
    return context / np.where(total == 0, 1, total)


@shapes
def windowed_attention(queries, keys, values, window):
    """Let each position attend to its newest ones alone, in time and memory that grow with n.

    So many queries at a time meet the keys that one of them may see: the same numbers as
    `attention.attention` with ``causal_mask(n) & local_mask(n, window - 1)``.

    Parameters
    ----------
    queries : array (..., n, width)
    keys : array (..., n, width)
    values : array (..., n, width_values)
    window : int, at least 1
        Positions that each one sees, itself among them.

    Returns
    -------
    array (..., n, width_values)

    Raises
    ------
    ValueError
        If a shape does not fit, or `window` is below 1.

    References
    ----------
    Child et al. 2019.

    Examples
    --------
    >>> x = numpy.zeros((4, 1))
    >>> windowed_attention(x, x, numpy.array([[0.0], [2.0], [4.0], [8.0]]), 2)[:, 0]
    array([0., 1., 3., 6.])
    """
    found = []
    for places in in_parts(queries.shape[-2], window):
        near = slice(max(places.start - window + 1, 0), places.stop)
        asks, asked = (numpy.arange(queries.shape[-2])[part] for part in (places, near))
        ages = asks[:, None] - asked
        parts = queries[..., places, :], keys[..., near, :], values[..., near, :]
        found.append(attention(*parts, (ages >= 0) & (ages < window)))
    return np.concatenate(found, axis=-2)


def in_parts(n, size):
    """Return slices that cut n positions into parts.

    Examples
    --------
    >>> in_parts(5, 3)
    [slice(0, 3, None), slice(3, 6, None)]
    """
    return [slice(start, start + size) for start in range(0, n, size)]


def columns(mask, places):
    """Return some columns of a mask, or its one column for all.

    Examples
    --------
    >>> columns(numpy.array([[True, False]]), slice(1, 2))
    array([[False]])
    """
    return mask if mask.shape[-1] == 1 else mask[..., places]


@shapes
def linear_attention(queries, keys, values, mask=None, causal=False, block=64):
    r"""Attention without a softmax, in time and memory that grow with n alone.

    .. math:: o_i = \frac{\sum_j \phi(q_i) \cdot \phi(k_j)\; v_j}{\sum_j \phi(q_i) \cdot \phi(k_j)},
        \qquad \phi(x) = \mathrm{elu}(x) + 1

    The sum over j of :math:`\phi(k_j)^\top v_j` is one matrix for all queries: a state of fixed
    size, like that of a recurrent network. With `causal` it runs along.

    Parameters
    ----------
    queries : array (..., n_queries, width)
    keys : array (..., n_keys, width)
    values : array (..., n_keys, width_values)
    mask : boolean array to (..., 1, n_keys), optional
        The same for all queries; True = may be attended to.
    causal : bool
        Query i attends to keys 0 … i; needs as many queries as keys.
    block : int, at least 1
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
    features, values = positive(queries), seen(with_ones(values), mask)
    found = positive(seen(keys, mask))
    found = found if mask is None else found * numpy.swapaxes(numpy.atleast_2d(mask), -1, -2)
    if causal:
        sums = running_sums(features, found, values, block)
    else:
        sums = features @ (np.swapaxes(found, -1, -2) @ values)
    total = sums[..., -1:]
    return sums[..., :-1] / (total + (total == 0))


def with_ones(values):
    """Add a column of ones to the values: its weighted sum is the sum of the weights.

    Examples
    --------
    >>> with_ones(numpy.array([[5.0]]))
    array([[5., 1.]])
    """
    ones = numpy.ones((*values.shape[:-1], 1), values.dtype)
    return np.concatenate([values, ones], axis=-1)


def running_sums(queries, keys, values, block):
    """For each query i, the sum over keys j <= i of (query · key) value.

    Examples
    --------
    >>> one = numpy.ones((3, 1))
    >>> running_sums(one, one, one, 2)[:, 0]
    array([1., 2., 3.])
    """
    n = queries.shape[-2]
    if keys.shape[-2] != n:
        raise ValueError(f"queries has {n} positions, keys {keys.shape[-2]}; causal needs as many")
    queries, keys, values = (in_blocks(x, block) for x in (queries, keys, values))
    inside = queries @ np.swapaxes(keys, -1, -2) * causal_mask(block).astype(queries.dtype)
    states = np.swapaxes(keys, -1, -2) @ values
    before = np.cumsum(states, axis=-3) - states
    sums = inside @ values + queries @ before
    return np.reshape(sums, (*sums.shape[:-3], -1, sums.shape[-1]))[..., :n, :]


def in_blocks(x, block):
    """(..., n, width) -> (..., blocks, block, width), filled up with zeros.

    Examples
    --------
    >>> in_blocks(numpy.ones((5, 4)), 3).shape
    (2, 3, 4)
    """
    missing = numpy.zeros((*x.shape[:-2], -x.shape[-2] % block, x.shape[-1]), x.dtype)
    whole = np.concatenate([x, missing], axis=-2)
    return np.reshape(whole, (*x.shape[:-2], whole.shape[-2] // block, block, x.shape[-1]))
