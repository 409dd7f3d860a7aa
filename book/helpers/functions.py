"""Differentiable functions that every model is made of: softmax, linear, embedding, and so on.

Stands on `primitives` alone. Each function is an `autograd` *primitive*: a formula in NumPy with
its vector-Jacobian product written beside it, so that a training step costs what hand-written
NumPy costs and everything stays in the number format it came in.
"""

import math

import numpy as np
from autograd.extend import defvjp, primitive

from helpers.primitives import (
    as_array,
    as_rows,
    column_sums,
    gradients_of,
    one_hot,
    require,
    require_boolean,
    require_shape,
    row_dots,
    row_sums,
)


@primitive
def _softmax(scores, axis, where):
    if where is None:
        highest = scores.max(axis=axis, keepdims=True, initial=-np.inf)
        exponentials = np.exp(scores - highest)
        return exponentials / exponentials.sum(axis=axis, keepdims=True)
    # With a mask, the maximum and the sum run over the allowed scores only.
    allowed = np.where(where, scores, -np.inf)
    highest = allowed.max(axis=axis, keepdims=True, initial=-np.inf)
    highest[~np.isfinite(highest)] = 0
    exponentials = np.exp(allowed - highest)
    total = exponentials.sum(axis=axis, keepdims=True)
    total[total == 0] = 1  # nothing allowed: weights 0, not NaN
    return exponentials / total


def _softmax_vjp(weights, scores, axis, where):
    return lambda g: weights * (g - (g * weights).sum(axis=axis, keepdims=True))


defvjp(_softmax, _softmax_vjp, argnums=(0,))


def softmax(x, axis=-1, where=None):
    r"""Turn scores into weights that are positive and sum to 1.

    .. math:: w_i = e^{x_i} / \textstyle\sum_j e^{x_j}

    Parameters
    ----------
    x : array
        Scores, of any shape.
    axis : int
        The axis along which the weights sum to 1.
    where : boolean array, optional
        Broadcastable to the shape of `x`; only entries that are True take part. The others get
        weight exactly 0. If nothing takes part, all weights are 0.

    Returns
    -------
    array
        Weights, in the shape of `x`.

    Raises
    ------
    ValueError
        If `where` is not boolean or does not broadcast to the shape of `x`.

    Examples
    --------
    >>> softmax(np.array([0.0, 0.0, 5.0]), where=np.array([True, True, False]))
    array([0.5, 0.5, 0. ])
    """
    require_boolean("where", where, x.shape, "takes part")
    return _softmax(x, axis, where)


def log_softmax(x):
    """Logarithm of the softmax along the last axis, computed without overflow; not traced.

    Examples
    --------
    >>> log_softmax(np.zeros(4)).round(2)
    array([-1.39, -1.39, -1.39, -1.39])
    """
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


@primitive
def _linear(x, weight, bias):
    # One large matrix product is faster than one for each item of the batch.
    y = as_rows(x) @ weight
    y += bias
    return y.reshape(*x.shape[:-1], -1)


defvjp(
    _linear,
    lambda _, x, weight, bias: lambda g: (as_rows(g) @ weight.T).reshape(x.shape),
    lambda _, x, weight, bias: lambda g: as_rows(x).T @ as_rows(g),
    lambda _, x, weight, bias: lambda g: column_sums(g),
)


def linear(params, x):
    """Affine map of the last axis, ``x @ weight + bias``.

    Parameters
    ----------
    params : dict
        ``weight`` (width_in, width_out) and ``bias`` (width_out,), see `init_linear`.
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
    >>> linear({"weight": np.eye(2), "bias": np.array([0.0, 1.0])}, np.array([[3.0, 4.0]]))
    array([[3., 5.]])
    """
    _require_width(x, params["weight"])
    return _linear(x, params["weight"], params["bias"])


def _require_width(x, weight):
    require_shape("x", x, ..., len(weight), reason=f", as weight is {weight.shape}")


@primitive
def _embedding(table, tokens):
    return table[tokens]


def _embedding_vjp(_, table, tokens):
    return lambda g: one_hot(tokens, len(table), g.dtype) @ as_rows(g)


defvjp(_embedding, _embedding_vjp, argnums=(0,))


def embedding(table, tokens):
    """Look up the row of `table` for each token.

    Parameters
    ----------
    table : array (vocabulary, width)
    tokens : integer array, any shape

    Returns
    -------
    array (*tokens.shape, width)

    Raises
    ------
    ValueError
        If `tokens` is ragged, not integer, or holds a number outside the vocabulary.

    Examples
    --------
    >>> embedding(np.array([[0.0, 0.0], [1.0, 2.0]]), np.array([1, 0, 1]))
    array([[1., 2.],
           [0., 0.],
           [1., 2.]])
    """
    return _embedding(table, _rows_of(table, tokens))


def _rows_of(table, tokens):
    """Tokens as an array, if each is a row of the table."""
    tokens = as_array("tokens", tokens)
    require(
        np.issubdtype(tokens.dtype, np.integer),
        f"tokens must hold integers (rows of the table), not {tokens.dtype}",
    )
    _require_within("tokens", tokens, len(table), f"the rows of a table of shape {table.shape}")
    return tokens


def _require_within(name, tokens, size, reason):
    if not tokens.size:
        return
    lowest, highest = tokens.min(), tokens.max()
    require(
        0 <= lowest and highest < size,
        f"{name} must lie in 0 … {size - 1}, {reason}, but they go from {lowest} to {highest}",
    )


@primitive
def _cross_entropy(logits, targets, where, smoothing):
    log_probabilities = log_softmax(logits)
    right = np.take_along_axis(log_probabilities, targets[..., None], axis=-1)[..., 0]
    if smoothing:
        right = right * (1 - smoothing) + log_probabilities.mean(axis=-1) * smoothing
    return -np.sum(right * where) / _count(where, logits.dtype)


def _count(where, dtype):
    return np.maximum(where.sum(), 1).astype(dtype)


def _cross_entropy_vjp(_, logits, targets, where, smoothing):
    def vjp(g):
        gradient = np.exp(log_softmax(logits))
        right = np.take_along_axis(gradient, targets[..., None], axis=-1)
        np.put_along_axis(gradient, targets[..., None], right - (1 - smoothing), axis=-1)
        if smoothing:
            gradient -= smoothing / logits.shape[-1]
        return gradient * (g * where / _count(where, logits.dtype)).astype(g.dtype)[..., None]

    return vjp


defvjp(_cross_entropy, _cross_entropy_vjp, argnums=(0,))


def cross_entropy(logits, targets, where=None, smoothing=0.0):
    """Mean negative log-probability of the right tokens, in nats.

    With `smoothing` above 0 a target is right for certain only in part: the right token has
    probability 1 - smoothing, and the rest is spread over all tokens alike, the right one included
    (label smoothing, Szegedy et al. 2016).

    Parameters
    ----------
    logits : array (..., vocabulary)
    targets : integer array (...)
        The right token at each place.
    where : boolean array (...), optional
        Only places that are True count; use it to leave padding out.
    smoothing : float
        From 0 to 1.

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
    >>> round(float(cross_entropy(np.zeros((2, 4)), np.array([0, 3]))), 3)  # log 4
    1.386
    >>> sure = np.array([[9.0, 0.0]])
    >>> round(float(cross_entropy(sure, np.array([0]), smoothing=0.1)), 3)  # being sure costs
    0.45
    """
    require(0 <= smoothing <= 1, f"smoothing = {smoothing} must lie in 0 … 1")
    targets = as_array("targets", targets)
    where = np.ones(targets.shape, dtype=bool) if where is None else np.asarray(where)
    require_shape("targets", targets, *logits.shape[:-1])
    require_shape("where", where, *logits.shape[:-1])
    require_boolean("where", where, where.shape, "counts")
    _require_within("targets", targets, logits.shape[-1], f"the last axis of logits {logits.shape}")
    return _cross_entropy(logits, targets, where, smoothing)


@primitive
def tanh(x):
    """Hyperbolic tangent; its gradient is taken from its value, ``1 - tanh(x)**2``.

    Examples
    --------
    >>> tanh(np.array([0.0, 50.0]))
    array([0., 1.])
    """
    return np.tanh(x)


defvjp(tanh, lambda value, x: lambda g: g * (1 - value * value))


@primitive
def relu(x):
    """Rectified linear unit, ``max(x, 0)``.

    Examples
    --------
    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    return np.maximum(x, 0)


defvjp(relu, lambda value, x: lambda g: g * (value > 0))


def feed_forward(expand, shrink, x):
    """Two linear maps with a rectified linear unit between them (Vaswani et al. 2017).

    Parameters
    ----------
    expand, shrink : dict
        ``weight`` and ``bias`` of either map, see `init_linear`.
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
    >>> maps = {"weight": np.eye(2), "bias": np.array([0.0, 1.0])}
    >>> feed_forward(maps, maps, np.array([[3.0, -4.0]]))
    array([[3., 1.]])
    """
    return linear(shrink, relu(linear(expand, x)))


@primitive
def _layer_norm(x, scale, shift, epsilon, cache):
    width = x.shape[-1]
    normal = x - row_sums(x) / width
    steepness = 1 / np.sqrt(row_dots(normal, normal) / width + epsilon)
    normal *= steepness
    cache["normal"], cache["steepness"] = normal, steepness
    y = normal * scale
    y += shift
    return y


@gradients_of(_layer_norm)
def _layer_norm_back(g, _, x, scale, shift, epsilon, cache):
    normal, width = cache["normal"], x.shape[-1]
    d_x = g * scale
    along = row_dots(d_x, normal) / width
    d_x -= row_sums(d_x) / width
    d_x -= normal * along
    d_x *= cache["steepness"]
    return d_x, np.einsum("ij,ij->j", as_rows(g), as_rows(normal)), column_sums(g)


def layer_norm(params, x, epsilon=1e-5):
    """Bring each vector to mean 0 and variance 1, then scale and shift it (Ba et al. 2016).

    Parameters
    ----------
    params : dict
        ``scale`` and ``shift``, each (width,), see `init_layer_norm`.
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
    >>> layer_norm(init_layer_norm(2), np.array([[1.0, 3.0]])).round(3)
    array([[-1.,  1.]])
    """
    scale = params["scale"]
    require_shape("x", x, ..., len(scale))
    return _layer_norm(x, scale, params["shift"], epsilon, {})


def init_linear(rng, width_in, width_out):
    """Weights uniform within 1/sqrt(width_in), as PyTorch starts them; bias 0.

    Examples
    --------
    >>> init_linear(np.random.default_rng(0), 3, 5)["weight"].shape
    (3, 5)
    """
    bound = 1 / math.sqrt(width_in)
    weight = rng.uniform(-bound, bound, (width_in, width_out)).astype(np.float32)
    return {"weight": weight, "bias": np.zeros(width_out, dtype=np.float32)}


def init_embedding(rng, vocabulary, width):
    """Return a table (vocabulary, width) of normal numbers with standard deviation 1/sqrt(width).

    Examples
    --------
    >>> init_embedding(np.random.default_rng(0), 7, 4).shape
    (7, 4)
    """
    return (rng.standard_normal((vocabulary, width)) / math.sqrt(width)).astype(np.float32)


def init_layer_norm(width):
    """Scale 1 and shift 0.

    Examples
    --------
    >>> init_layer_norm(2)["scale"]
    array([1., 1.], dtype=float32)
    """
    return {"scale": np.ones(width, np.float32), "shift": np.zeros(width, np.float32)}


def orthogonal(rng, width):
    """Return a random matrix (width, width) that keeps lengths (Saxe et al. 2014).

    Examples
    --------
    >>> matrix = orthogonal(np.random.default_rng(0), 3)
    >>> bool(np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-6))
    True
    """
    directions, triangle = np.linalg.qr(rng.standard_normal((width, width)))
    return (directions * np.sign(np.diag(triangle))).astype(np.float32)


def dropout(x, rate, rng=None):
    """Set a random part of `x` to 0 and enlarge the rest, so that its mean stays.

    Parameters
    ----------
    x : array
    rate : float
        Share that is set to 0, from 0 (nothing happens) to below 1.
    rng : numpy.random.Generator, optional
        Not needed at rate 0. A loss that drops out hands its own generator on, so that a seed
        decides everything.

    Returns
    -------
    array
        In the shape of `x`.

    Raises
    ------
    ValueError
        If the rate is not in 0 … 1, or a rate above 0 comes without a generator.

    References
    ----------
    Srivastava et al. 2014.

    Examples
    --------
    >>> dropout(np.ones(8), 0.5, np.random.default_rng(1))
    array([0., 2., 2., 2., 0., 0., 2., 2.])
    """
    require(0 <= rate < 1, f"rate = {rate} must be at least 0 and below 1")
    if rate == 0:
        return x
    require(rng is not None, f"rng is None; dropout at rate {rate} needs a random generator")
    kept = rng.random(x.shape, dtype=np.float32) >= rate
    return x * (kept / np.asarray(1 - rate, dtype=x.dtype)).astype(x.dtype)
