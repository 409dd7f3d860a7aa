"""Kernels of `helpers.functions`: each formula as one primitive with its gradient beside it."""

import numpy as np

from helpers.fast import differentiable
from helpers.fast.arrays import as_rows, column_sums, one_hot, row_dots, row_sums


def softmax(x, axis=-1, where=None):
    """Kernel of `functions.softmax`."""
    return _softmax(x, axis, where)


def _softmax_back(g, weights, x, axis, where):
    return (weights * (g - (g * weights).sum(axis=axis, keepdims=True)),)


@differentiable(_softmax_back)
def _softmax(x, axis, where):
    if where is not None:
        x = np.where(where, x, -np.inf)
    highest = x.max(axis=axis, keepdims=True, initial=-np.inf)
    highest[highest == -np.inf] = 0
    weights = np.exp(x - highest)
    total = weights.sum(axis=axis, keepdims=True)
    total[total == 0] = 1
    weights /= total
    return weights, weights


def linear(params, x):
    """Kernel of `functions.linear`."""
    return affine(x, params["weight"], params["bias"])


def _affine_back(g, _, x, weight, bias):
    g = as_rows(g)
    return (g @ weight.T).reshape(x.shape), as_rows(x).T @ g, column_sums(g)


@differentiable(_affine_back)
def affine(x, weight, bias):
    """One large matrix product, which is faster than one for each item of the batch."""
    y = as_rows(x) @ weight
    y += bias
    return y.reshape(*x.shape[:-1], weight.shape[-1]), None


def embedding(table, tokens):
    """Kernel of `functions.embedding`."""
    return _rows(table, tokens)


def _rows_back(g, _, table, tokens):
    return (one_hot(tokens, len(table), g.dtype) @ as_rows(g),)


@differentiable(_rows_back)
def _rows(table, tokens):
    return table[tokens], None


def log_softmax(x):
    """Kernel of `functions.log_softmax`."""
    return _log_softmax(x)


def _log_softmax_back(g, log_probabilities, x):
    return (g - np.exp(log_probabilities) * g.sum(axis=-1, keepdims=True),)


@differentiable(_log_softmax_back)
def _log_softmax(x):
    shifted = x - x.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted, shifted


def cross_entropy(logits, targets, where=None, smoothing=0.0):
    """Kernel of `functions.cross_entropy`."""
    return _cross_entropy(logits, targets, where, smoothing)


def _cross_entropy_back(g, log_probabilities, logits, targets, where, smoothing):
    gradient = np.exp(log_probabilities)
    right = np.take_along_axis(gradient, targets[..., None], axis=-1)
    np.put_along_axis(gradient, targets[..., None], right - (1 - smoothing), axis=-1)
    if smoothing:
        gradient -= smoothing / logits.shape[-1]
    gradient *= np.asarray(g / _count(targets, where), gradient.dtype)
    if where is not None:
        gradient *= where[..., None]
    return (gradient,)


@differentiable(_cross_entropy_back)
def _cross_entropy(logits, targets, where, smoothing):
    if where is not None and not where.all():
        logits = np.where(where[..., None], logits, 0)  # what does not count may hold anything
    log_probabilities = _log_softmax(logits)
    right = np.take_along_axis(log_probabilities, targets[..., None], axis=-1)[..., 0]
    if smoothing:
        right = right * (1 - smoothing) + log_probabilities.mean(axis=-1) * smoothing
    total = np.sum(right if where is None else np.where(where, right, 0))
    return -total / _count(targets, where), log_probabilities


def _count(targets, where):
    return float(max(targets.size if where is None else np.count_nonzero(where), 1))


def tanh(x):
    """Kernel of `functions.tanh`."""
    return _tanh(x)


@differentiable(lambda g, y, x: (g * (1 - y * y),))
def _tanh(x):
    y = np.tanh(x)
    return y, y


def sigmoid(x):
    """Kernel of `functions.sigmoid`."""
    return _sigmoid(x)


@differentiable(lambda g, y, x: (g * y * (1 - y),))
def _sigmoid(x):
    y = 0.5 * np.tanh(0.5 * x) + 0.5
    return y, y


def relu(x):
    """Kernel of `functions.relu`."""
    return _relu(x)


@differentiable(lambda g, _, x: (g * (x > 0),))
def _relu(x):
    return np.maximum(x, 0), None


def feed_forward(expand, shrink, x):
    """Kernel of `functions.feed_forward`."""
    return _feed_forward(x, expand["weight"], expand["bias"], shrink["weight"], shrink["bias"])


def _feed_forward_back(g, hidden, x, *maps):
    d_hidden, d_shrink, d_shrink_bias = back_affine(g, hidden, maps[2])
    d_hidden *= hidden > 0
    d_x, d_expand, d_expand_bias = back_affine(d_hidden, x, maps[0])
    return d_x.reshape(x.shape), d_expand, d_expand_bias, d_shrink, d_shrink_bias


@differentiable(_feed_forward_back)
def _feed_forward(x, expand, expand_bias, shrink, shrink_bias):
    hidden = as_rows(x) @ expand
    hidden += expand_bias
    np.maximum(hidden, 0, out=hidden)
    y = hidden @ shrink
    y += shrink_bias
    return y.reshape(*x.shape[:-1], shrink.shape[-1]), hidden


def back_affine(g, x, weight):
    """Gradients of ``x @ weight + bias``: of x as rows, of weight and of bias."""
    g = as_rows(g)
    return g @ weight.T, as_rows(x).T @ g, column_sums(g)


def layer_norm(params, x, epsilon=1e-5):
    """Kernel of `functions.layer_norm`."""
    return _layer_norm(x, params["scale"], params["shift"], epsilon)


def _layer_norm_back(g, kept, x, scale, *_):
    return back_normal(g, kept, scale)


@differentiable(_layer_norm_back)
def _layer_norm(x, scale, shift, epsilon):
    return normal(x, scale, shift, epsilon)


def normal(x, scale, shift, epsilon=1e-5):
    """Layer norm, and what its backward needs: the vectors before scale and shift."""
    width = x.shape[-1]
    centred = x - row_sums(x) / width
    steepness = 1 / np.sqrt(row_dots(centred, centred) / width + epsilon)
    centred *= steepness
    y = centred * scale
    y += shift
    return y, (centred, steepness)


def back_normal(g, kept, scale):
    """Gradients of `normal`: of x, scale and shift."""
    centred, steepness = kept
    width = centred.shape[-1]
    d_x = g * scale
    along = row_dots(d_x, centred) / width
    d_x -= row_sums(d_x) / width
    d_x -= centred * along
    d_x *= steepness
    return d_x, np.einsum("ij,ij->j", as_rows(g), as_rows(centred)), column_sums(g)
