"""Positions: what gives order back to models that see their input as a set.

Stands on attention. There are five ways, called by name. They come in at two places:
`add_positions` adds a vector to each embedding (sinusoidal, learned), and the score that
`position_score` returns knows how far apart query and key are (rotary, alibi).
"""

import math

import autograd.numpy as np
import numpy

from helpers.attention import scaled_dot
from helpers.primitives import require, require_choice

#: The names that the Transformer knows.
POSITIONS = ("sinusoidal", "learned", "rotary", "alibi", "none")


def sinusoidal(n, width):
    r"""Sines and cosines of the position, at wavelengths from 2π to 10000·2π.

    .. math::
        p_{t, 2i} = \sin(t / 10000^{2i / d}), \quad p_{t, 2i+1} = \cos(t / 10000^{2i / d})

    Parameters
    ----------
    n : int
        Number of positions.
    width : int
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
    angles = _angles(numpy.arange(n), width)
    encoding = numpy.empty((n, width), dtype=numpy.float32)
    encoding[:, 0::2] = numpy.sin(angles)
    encoding[:, 1::2] = numpy.cos(angles[:, : width // 2])
    return encoding


def _angles(places, width):
    """Angle (positions, width / 2) by which each pair of numbers is turned at each position."""
    rates = 10000.0 ** (-numpy.arange(0, width, 2) / width)
    return places[:, None] * rates


def rotate(x, start=0):
    r"""Turn each pair of numbers by an angle that grows with the position (RoPE).

    .. math:: (x_{2i},\, x_{2i+1}) \text{ at position } t
        \text{ is turned by } t / 10000^{2i / d}

    The product of two vectors that are turned so depends on their distance alone.

    Parameters
    ----------
    x : array (..., n, width)
        Queries or keys; the width is even.
    start : int
        Position of the first of them.

    Returns
    -------
    array (..., n, width)

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
    n, width = x.shape[-2:]
    require(width % 2 == 0, f"x has shape {x.shape}; its last axis must be even to be turned")
    angles = numpy.repeat(_angles(numpy.arange(start, start + n), width), 2, axis=-1)
    quarter = numpy.kron(numpy.eye(width // 2), [[0, 1], [-1, 0]])  # (a, b) -> (-b, a)
    cosines, sines, quarter = (
        array.astype(x.dtype) for array in (numpy.cos(angles), numpy.sin(angles), quarter)
    )
    return x * cosines + np.matmul(x, quarter) * sines


def rotary(queries, keys):
    """Scaled dot products of queries and keys that have been turned, see `rotate`.

    Parameters
    ----------
    queries : array (..., n_queries, width)
        The last n_queries of the n_keys positions: all of them, or the newest when a decoder goes
        on from a cache.
    keys : array (..., n_keys, width)

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
    return scaled_dot(rotate(queries, _first_query(queries, keys)), rotate(keys))


def _first_query(queries, keys):
    """Position of the first query, if the last query is where the last key is."""
    start = keys.shape[-2] - queries.shape[-2]
    require(
        start >= 0,
        f"queries {queries.shape} are more than keys {keys.shape} (second-last axis); positions "
        "relative to each other need one sequence",
    )
    return start


def alibi_slopes(heads):
    r"""How fast each head forgets: :math:`2^{-8/h}, 2^{-16/h}, …` for h heads.

    Between powers of two, the paper's code fills up with every other slope of the next power.

    Parameters
    ----------
    heads : int

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


def alibi(queries, keys):
    r"""Scaled dot products, less a slope times the distance (attention with linear biases).

    .. math:: q_i \cdot k_j / \sqrt{d} - m\, (i - j) \quad \text{for } j \le i

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
    require(
        len(queries.shape) > 2,
        f"queries has shape {queries.shape}; it must be (…, heads, n_queries, width)",
    )
    places = numpy.arange(keys.shape[-2])
    back = places[_first_query(queries, keys) :, None] - places
    distance = numpy.where(back >= 0, back, -2 * back)
    bias = -alibi_slopes(queries.shape[-3])[:, None, None] * distance
    return scaled_dot(queries, keys) + bias.astype(queries.dtype)


def init_positions(rng, name, width, longest):
    """Start the parameters of positions: a table of vectors if they are learned, else nothing.

    Parameters
    ----------
    rng : numpy.random.Generator
    name : {"sinusoidal", "learned", "rotary", "alibi", "none"}
    width : int
    longest : int
        Number of positions that are learned; a longer sequence is an error.

    Returns
    -------
    dict
        ``table`` (longest, width), with the spread of `sinusoidal`; or empty.

    Raises
    ------
    ValueError
        If there are no positions of that name.

    Examples
    --------
    >>> init_positions(numpy.random.default_rng(0), "learned", 4, 9)["table"].shape
    (9, 4)
    >>> init_positions(numpy.random.default_rng(0), "alibi", 4, 9)
    {}
    """
    require_choice("positions", name, POSITIONS)
    if name != "learned":
        return {}
    return {"table": (rng.standard_normal((longest, width)) / math.sqrt(2)).astype(numpy.float32)}


def add_positions(params, x, name, start=0):
    """Add to each embedding what tells its position, if positions of that name do so.

    Parameters
    ----------
    params : dict
        From `init_positions`.
    x : array (batch, n, width)
        Embeddings.
    name : {"sinusoidal", "learned", "rotary", "alibi", "none"}
    start : int
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
    require_choice("positions", name, POSITIONS)
    last = start + x.shape[1]
    if name == "sinusoidal":
        return x + sinusoidal(last, x.shape[2])[start:]
    if name == "learned":
        table = params["table"]
        require(
            last <= len(table),
            f"x has shape {x.shape} and begins at position {start}; only {len(table)} positions "
            "have been learned",
        )
        return x + table[start:last]
    return x


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
    require_choice("positions", name, POSITIONS)
    return {"rotary": rotary, "alibi": alibi}.get(name, scaled_dot)
