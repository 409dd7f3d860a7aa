"""Positions: what gives order back to models that see their input as a set.

There are five ways, called by name. They come in at two places:
`add_positions` adds a vector to each embedding (sinusoidal, learned), and the score that
`position_score` returns knows how far apart query and key are (rotary, alibi).
"""

import math

import autograd.numpy as np
import numpy

from helpers import fast
from helpers.attention import scaled_dot
from helpers.fast import attention as kernels
from helpers.shapes import shapes

#: The names that the Transformer knows.
POSITIONS = ("sinusoidal", "learned", "rotary", "alibi", "none")


@shapes
def sinusoidal(n, width):
    r"""Sines and cosines of the position, at wavelengths from 2π to 10000·2π.

    .. math::
        p_{t, 2k} = \sin(t / 10000^{2k / d}), \quad p_{t, 2k+1} = \cos(t / 10000^{2k / d})

    Parameters
    ----------
    n : int, at least 0
        Number of positions.
    width : int, at least 1
        Size d of each encoding.

    Returns
    -------
    float32 array (n, width)

    References
    ----------
    Vaswani et al. 2017, section 3.5.

    Examples
    --------
    >>> sinusoidal(2, 4).round(2)
    array([[0.  , 1.  , 0.  , 1.  ],
           [0.84, 0.54, 0.01, 1.  ]], dtype=float32)
    """
    turns = angles(numpy.arange(n), width)
    pairs = numpy.stack([numpy.sin(turns), numpy.cos(turns)], axis=-1)  # (n, pairs, 2)
    return pairs.reshape(n, width + width % 2)[:, :width].astype(numpy.float32)


def angles(places, width):
    """Angle by which each pair of numbers is turned at each position: t / 10000^(2i / d).

    Parameters
    ----------
    places : array (n,)
    width : int

    Returns
    -------
    array (n, pairs)
        An odd width has half a pair more.

    Examples
    --------
    >>> angles(numpy.array([1, 2]), 4)
    array([[1.  , 0.01],
           [2.  , 0.02]])
    """
    return places[:, None] * 10000.0 ** (-numpy.arange(0, width, 2) / width)


@shapes
@fast.by(kernels.rotate)
def rotate(x, start=0):
    r"""Turn each pair of numbers by an angle that grows with the position (RoPE).

    .. math:: (x_{2k},\, x_{2k+1}) \text{ at position } t
        \text{ is turned by } t / 10000^{2k / d}

    The product of two vectors that are turned so depends on their distance alone.

    Parameters
    ----------
    x : array (..., n, 2 pairs)
        Queries or keys; their width d is even.
    start : int
        Position of the first of them.

    Returns
    -------
    array (..., n, 2 pairs)

    Raises
    ------
    ValueError
        If the width is odd.

    References
    ----------
    Su et al. 2021.

    Examples
    --------
    >>> rotate(numpy.array([[1.0, 0.0], [1.0, 0.0]])).round(2)
    array([[1.  , 0.  ],
           [0.54, 0.84]])
    """
    turns = angles(numpy.arange(start, start + x.shape[-2]), x.shape[-1])
    sine, cosine = numpy.sin(turns).astype(x.dtype), numpy.cos(turns).astype(x.dtype)
    even, odd = x[..., 0::2], x[..., 1::2]
    turned = np.stack([even * cosine - odd * sine, even * sine + odd * cosine], axis=-1)
    return np.reshape(turned, x.shape)


@shapes
@fast.by(kernels.rotary)
def rotary(queries, keys):
    """Scaled dot products of queries and keys that have been turned, see `rotate`.

    Parameters
    ----------
    queries : array (..., n_queries, 2 pairs)
        The last n_queries of the n_keys positions: all of them, or the newest when a decoder goes
        on from a cache.
    keys : array (..., n_keys, 2 pairs)

    Returns
    -------
    array (..., n_queries, n_keys)

    Raises
    ------
    ValueError
        If the width is odd, or there are more queries than keys.

    References
    ----------
    Su et al. 2021.

    Examples
    --------
    >>> rotary(numpy.ones((2, 2)), numpy.ones((2, 2))).round(2)
    array([[1.41, 0.76],
           [0.76, 1.41]])
    """
    return scaled_dot(rotate(queries, first_query(queries, keys)), rotate(keys))


def first_query(queries, keys):
    """Position of the first query, if the last query is where the last key is.

    Raises
    ------
    ValueError
        If there are more queries than keys: positions relative to each other need one sequence.

    Examples
    --------
    >>> first_query(numpy.ones((1, 4)), numpy.ones((3, 4)))
    2
    """
    if queries.shape[-2] > keys.shape[-2]:
        raise ValueError(
            f"queries {queries.shape} are more than keys {keys.shape} (second-last axis); "
            "positions relative to each other need one sequence"
        )
    return keys.shape[-2] - queries.shape[-2]


@shapes
def alibi_slopes(heads):
    r"""How fast each head forgets: :math:`2^{-8/h}, 2^{-16/h}, …` for h heads.

    Between powers of two, the paper's code fills up with every other slope of the next power.

    Parameters
    ----------
    heads : int, at least 1

    Returns
    -------
    array (heads,)

    References
    ----------
    Press et al. 2022.

    Examples
    --------
    >>> alibi_slopes(4)
    array([0.25      , 0.0625    , 0.015625  , 0.00390625])
    """
    power = 2 ** int(math.log2(heads))
    slopes = 2.0 ** (-8 / power * numpy.arange(1, power + 1))
    between = 2.0 ** (-4 / power * numpy.arange(1, 2 * power + 1, 2))
    return numpy.concatenate([slopes, between])[:heads]


@shapes
def alibi(queries, keys):
    r"""Scaled dot products, less a slope times the distance (attention with linear biases).

    .. math:: q_i \cdot k_j / \sqrt{d_k} - m\, (i - j) \quad \text{for } j \le i

    The paper's model looks back alone. Here an encoder uses it too, so keys after the query need
    a distance: it counts double, 2 (j - i). Were both sides alike, an encoder could not tell a
    sequence from its reversal.

    Parameters
    ----------
    queries : array (..., heads, n_queries, width)
        The last n_queries of the n_keys positions.
    keys : array (..., heads, n_keys, width)

    Returns
    -------
    array (..., heads, n_queries, n_keys)

    Raises
    ------
    ValueError
        If there is no axis of heads, or there are more queries than keys.

    References
    ----------
    Press et al. 2022.

    Examples
    --------
    >>> alibi(numpy.zeros((1, 3, 2)), numpy.zeros((1, 3, 2))) * 256  # one head, slope 1/256
    array([[[ 0., -2., -4.],
            [-1.,  0., -2.],
            [-2., -1.,  0.]]])
    """
    places = numpy.arange(keys.shape[-2])
    back = places[first_query(queries, keys) :, None] - places
    distance = numpy.where(back >= 0, back, -2 * back)
    bias = -alibi_slopes(queries.shape[-3])[:, None, None] * distance
    return scaled_dot(queries, keys) + bias.astype(queries.dtype)


@shapes
def add_positions(params, x, name, start=0):
    """Add to each embedding what tells its position, if positions of that name do so.

    Parameters
    ----------
    params : dict
        From `start.init_positions`: ``table`` (longest, width) if positions are learned.
    x : array (batch, n, width)
        Embeddings.
    name : {"sinusoidal", "learned", "rotary", "alibi", "none"}
    start : int, at least 0
        Position of the first of them.

    Returns
    -------
    array (batch, n, width)

    Raises
    ------
    ValueError
        If there are no positions of that name, or fewer learned ones than x needs.

    Examples
    --------
    >>> add_positions({}, numpy.zeros((1, 1, 4)), "sinusoidal", start=1).round(2)
    array([[[0.84, 0.54, 0.01, 1.  ]]])
    >>> add_positions({}, numpy.zeros((1, 1, 4)), "rotary", start=1)
    array([[[0., 0., 0., 0.]]])
    """
    last = start + x.shape[1]
    if name == "sinusoidal":
        return x + sinusoidal(last, x.shape[2])[start:].astype(x.dtype)
    if name == "learned":
        return x + learned(params["table"], last)[start:]
    return x


def learned(table, n):
    """Return the first n rows of a table of positions.

    Raises
    ------
    ValueError
        If fewer have been learned.

    Examples
    --------
    >>> learned(numpy.ones((9, 4)), 2).shape
    (2, 4)
    """
    if n > len(table):
        raise ValueError(f"{n} positions are needed; only {len(table)} have been learned")
    return table[:n]


@shapes
def position_score(name):
    """Score of self-attention that goes with positions of that name.

    Parameters
    ----------
    name : {"sinusoidal", "learned", "rotary", "alibi", "none"}

    Returns
    -------
    callable
        (queries, keys) -> scores: `rotary`, `alibi`, or else `scaled_dot`.

    Raises
    ------
    ValueError
        If there are no positions of that name.

    Examples
    --------
    >>> position_score("alibi") is alibi, position_score("none") is scaled_dot
    (True, True)
    """
    return {"rotary": rotary, "alibi": alibi}.get(name, scaled_dot)
