r"""Functions that every model is made of: softmax, linear, embedding, layer norm, and so on.

Vectors are rows and matrices stand behind them, as in `x @ weight`.
"""

import autograd.numpy as np
import numpy

from helpers import fast
from helpers.fast import functions as kernels
from helpers.shapes import shapes


@shapes
@fast.by(kernels.softmax)
def softmax(x, axis=-1, where=None):
    r"""Turn scores into weights that are positive and sum to 1.

    .. math:: w_i = e^{x_i} / \textstyle\sum_j e^{x_j}

    Parameters
    ----------
    x : array (*places)
        Scores, of any shape.
    axis : int
        The axis along which the weights sum to 1.
    where : boolean array to (*places), optional
        Broadcastable to the shape of `x`; only entries that are True take part. The others get
        weight exactly 0. If nothing takes part, all weights are 0.

    Returns
    -------
    array (*places)
        Weights, in the shape of `x`.

    Raises
    ------
    ValueError
        If `where` is not boolean or does not broadcast to the shape of `x`.

    Examples
    --------
    >>> softmax(numpy.array([0.0, 0.0, 5.0]), where=numpy.array([True, True, False]))
    array([0.5, 0.5, 0. ])
    """
    if x.size == 0:  # no key to look at, or no query
        return x
    x = x if where is None else np.where(where, x, -numpy.inf)
    highest = np.max(x, axis=axis, keepdims=True)
    exponentials = np.exp(x - np.where(highest == -numpy.inf, 0, highest))
    total = np.sum(exponentials, axis=axis, keepdims=True)
    return exponentials / np.where(total == 0, 1, total)  # nothing takes part: weights 0


@shapes
@fast.by(kernels.log_softmax)
def log_softmax(x):
    r"""Logarithm of the softmax along the last axis, computed without overflow.

    .. math:: \log w_i = x_i - \log \textstyle\sum_j e^{x_j}

    Parameters
    ----------
    x : array (..., width)

    Returns
    -------
    array (..., width)

    Examples
    --------
    >>> log_softmax(numpy.zeros(4)).round(2)
    array([-1.39, -1.39, -1.39, -1.39])
    """
    shifted = x - np.max(x, axis=-1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))


@shapes
@fast.by(kernels.linear)
def linear(params, x):
    """Affine map of the last axis, ``x @ weight + bias``.

    Parameters
    ----------
    params : dict
        ``weight`` (width_in, width_out) and ``bias`` (width_out,), see `start.init_linear`.
    x : array (..., width_in)

    Returns
    -------
    array (..., width_out)

    Raises
    ------
    ValueError
        If the last axis of `x` is not width_in.

    Examples
    --------
    >>> params = {"weight": numpy.eye(2), "bias": numpy.array([0.0, 1.0])}
    >>> linear(params, numpy.array([[3.0, 4.0]]))
    array([[3., 5.]])
    """
    return x @ params["weight"] + params["bias"]


@shapes
@fast.by(kernels.embedding)
def embedding(table, tokens):
    """Look up the row of `table` for each token.

    Parameters
    ----------
    table : array (vocabulary, width)
    tokens : integer array (*places) below vocabulary

    Returns
    -------
    array (*places, width)

    Raises
    ------
    ValueError
        If `tokens` is ragged, not integer, or holds a number outside the vocabulary.

    Examples
    --------
    >>> embedding(numpy.array([[0.0, 0.0], [1.0, 2.0]]), numpy.array([1, 0, 1]))
    array([[1., 2.],
           [0., 0.],
           [1., 2.]])
    """
    return table[tokens]


@shapes
@fast.by(kernels.cross_entropy)
def cross_entropy(logits, targets, where=None, smoothing=0.0):
    r"""Mean negative log-probability of the right tokens, in nats.

    .. math:: -(1 - \varepsilon) \log p_y - \varepsilon\, \tfrac1K \textstyle\sum_k \log p_k

    for the right token y of K. With `smoothing` ε above 0 it is right for certain only in part:
    it has probability 1 - ε, and the rest is spread over all tokens alike, the right one included
    (Szegedy et al. 2016).

    Parameters
    ----------
    logits : array (*places, vocabulary)
    targets : integer array (*places) below vocabulary
        The right token at each place.
    where : boolean array (*places), optional
        Only places that are True count; use it to leave padding out.
    smoothing : float, from 0 to 1

    Returns
    -------
    scalar array

    Raises
    ------
    ValueError
        If the shapes of `targets` or `where` are not those of `logits` without its last axis,
        a target is outside the vocabulary, `where` is not boolean, or `smoothing` not in 0 … 1.

    Examples
    --------
    >>> round(float(cross_entropy(numpy.zeros((2, 4)), numpy.array([0, 3]))), 3)  # log 4
    1.386
    >>> sure = numpy.array([[9.0, 0.0]])
    >>> round(float(cross_entropy(sure, numpy.array([0]), smoothing=0.1)), 3)  # being sure costs
    0.45
    """
    counts = numpy.ones(targets.shape, bool) if where is None else where
    log_probabilities = log_softmax(logits[counts])  # (places that count, vocabulary)
    costs = -log_probabilities[numpy.arange(len(log_probabilities)), targets[counts]]
    if smoothing:
        costs = (1 - smoothing) * costs - smoothing * np.mean(log_probabilities, axis=-1)
    return np.sum(costs) / max(len(log_probabilities), 1)


@shapes
@fast.by(kernels.tanh)
def tanh(x):
    """Hyperbolic tangent: from -1 to 1, as steep as its argument at 0.

    Parameters
    ----------
    x : array (*places)

    Returns
    -------
    array (*places)

    Examples
    --------
    >>> tanh(numpy.array([0.0, 50.0]))
    array([0., 1.])
    """
    return np.tanh(x)


@shapes
@fast.by(kernels.sigmoid)
def sigmoid(x):
    r"""Logistic function, :math:`\sigma(x) = 1 / (1 + e^{-x})`: from 0 to 1, a gate.

    Parameters
    ----------
    x : array (*places)

    Returns
    -------
    array (*places)

    Examples
    --------
    >>> sigmoid(numpy.array([0.0, 50.0]))
    array([0.5, 1. ])
    """
    return 0.5 * (1 + np.tanh(0.5 * x))  # the same, and e^-x can't overflow


@shapes
@fast.by(kernels.relu)
def relu(x):
    """Rectified linear unit, ``max(x, 0)``.

    Parameters
    ----------
    x : array (*places)

    Returns
    -------
    array (*places)

    Examples
    --------
    >>> relu(numpy.array([-1.0, 2.0]))
    array([0., 2.])
    """
    return np.where(x > 0, x, 0)


@shapes
@fast.by(kernels.feed_forward)
def feed_forward(expand, shrink, x):
    r"""Two linear maps with a rectified linear unit between them (Vaswani et al. 2017).

    .. math:: \mathrm{FFN}(x) = \max(0,\, x W_1 + b_1)\, W_2 + b_2

    Parameters
    ----------
    expand : dict
        ``weight`` (width, width_inside) and ``bias`` (width_inside,), see `start.init_linear`.
    shrink : dict
        ``weight`` (width_inside, width_out) and ``bias`` (width_out,).
    x : array (..., width)

    Returns
    -------
    array (..., width_out)

    Raises
    ------
    ValueError
        If the last axis of `x` is not the first of the weight of `expand`.

    Examples
    --------
    >>> maps = {"weight": numpy.eye(2), "bias": numpy.array([0.0, 1.0])}
    >>> feed_forward(maps, maps, numpy.array([[3.0, -4.0]]))
    array([[3., 1.]])
    """
    return linear(shrink, relu(linear(expand, x)))


@shapes
@fast.by(kernels.layer_norm)
def layer_norm(params, x, epsilon=1e-5):
    r"""Bring each vector to mean 0 and variance 1, then scale and shift it (Ba et al. 2016).

    .. math:: (x - \mu) / \sqrt{\sigma^2 + \varepsilon}\;\gamma + \beta

    Parameters
    ----------
    params : dict
        ``scale`` (width,) γ and ``shift`` (width,) β, see `start.init_layer_norm`.
    x : array (..., width)
    epsilon : float
        Added to the variance, so that a constant vector does not divide by 0.

    Returns
    -------
    array (..., width)

    Raises
    ------
    ValueError
        If the last axis of `x` is not width.

    Examples
    --------
    >>> params = {"scale": numpy.ones(2), "shift": numpy.zeros(2)}
    >>> layer_norm(params, numpy.array([[1.0, 3.0]])).round(3)
    array([[-1.,  1.]])
    """
    centred = x - np.mean(x, axis=-1, keepdims=True)
    variance = np.mean(centred**2, axis=-1, keepdims=True)
    return centred / np.sqrt(variance + epsilon) * params["scale"] + params["shift"]


@shapes
def dropout(x, rate, rng=None):
    """Set a random part of `x` to 0 and enlarge the rest, so that its mean stays.

    Parameters
    ----------
    x : array (*places)
    rate : float, from 0 to below 1
        Share that is set to 0; at 0 nothing happens.
    rng : numpy.random.Generator, optional
        Not needed at rate 0. A loss that drops out hands its own generator on, so that a seed
        decides everything.

    Returns
    -------
    array (*places)

    Raises
    ------
    ValueError
        If the rate is not in 0 … 1, or a rate above 0 comes without a generator.

    References
    ----------
    Srivastava et al. 2014.

    Examples
    --------
    >>> dropout(numpy.ones(8), 0.5, numpy.random.default_rng(1))
    array([0., 2., 2., 2., 0., 0., 2., 2.])
    """
    if rate == 0:
        return x
    if rng is None:
        raise ValueError(f"rng is None; dropout at rate {rate} needs a random generator")
    kept = rng.random(x.shape, dtype=numpy.float32) >= rate
    return x * (kept / (1 - rate)).astype(x.dtype)
