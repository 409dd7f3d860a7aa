"""Learning: Adam, the rate, clipping; parameters as one vector; how far gradients reach."""

import math

import numpy as np
from autograd import make_vjp

from helpers.shapes import shapes


def flatten(params):
    """Put all arrays of a nested dict into one vector, in the order of the dict.

    Parameters
    ----------
    params : dict
        Nested; its leaves are arrays, of which whole numbers become real ones.

    Returns
    -------
    array (number of parameters,)

    Examples
    --------
    >>> flatten({"a": np.ones((2, 1)), "b": {"c": np.zeros(3)}})
    array([1., 1., 0., 0., 0.])
    """
    vector = np.concatenate([np.reshape(leaf, -1) for leaf in leaves(params)])
    return vector if np.issubdtype(vector.dtype, np.floating) else vector.astype(float)


def leaves(params):
    """Yield the arrays of a nested dict, in the order of the dict.

    Examples
    --------
    >>> [array.shape for array in leaves({"a": np.ones((2, 1)), "b": {"c": np.zeros(3)}})]
    [(2, 1), (3,)]
    """
    for value in params.values():
        if isinstance(value, dict):
            yield from leaves(value)
        else:
            yield value


def rebuild(template, arrays):
    """Return a nested dict in the shape of `template`, filled from the iterator `arrays`.

    Examples
    --------
    >>> rebuild({"a": None, "b": {"c": None}}, iter([1, 2]))
    {'a': 1, 'b': {'c': 2}}
    """
    return {
        name: rebuild(value, arrays) if isinstance(value, dict) else next(arrays)
        for name, value in template.items()
    }


def unflatten(vector, template):
    """Cut a vector into views, as a nested dict in the shape of `template`.

    Parameters
    ----------
    vector : array (number of parameters,)
    template : dict
        Nested; says names and shapes.

    Returns
    -------
    dict
        Its arrays share memory with `vector`.

    Raises
    ------
    ValueError
        If the vector has another number of entries than the template.

    Examples
    --------
    >>> unflatten(np.arange(3.0), {"a": np.ones((2, 1)), "b": np.zeros(1)})["b"]
    array([2.])
    """
    sizes = [np.shape(leaf) for leaf in leaves(template)]
    ends = np.cumsum([math.prod(shape) for shape in sizes])
    if vector.shape != (ends[-1],):
        raise ValueError(
            f"vector has shape {vector.shape}; it must be ({ends[-1]},), the size of the template"
        )
    pieces = zip(np.split(vector, ends[:-1]), sizes, strict=True)
    return rebuild(template, (piece.reshape(shape) for piece, shape in pieces))


def learning_rate(step, steps, peak, warmup):
    """Rate at a step: a linear rise over `warmup` steps, then half a cosine down to 0.

    Examples
    --------
    >>> [round(learning_rate(step, 300, 1.0, 100), 2) for step in (0, 99, 200, 299)]
    [0.01, 1.0, 0.5, 0.0]
    """
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = (step - warmup) / max(steps - warmup, 1)
    return peak * 0.5 * (1 + math.cos(math.pi * progress))


def clip(gradient, longest):
    """Shorten a gradient to the length `longest` if it is longer (Pascanu et al. 2013).

    Parameters
    ----------
    gradient : array (n,)
    longest : float

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> clip(np.array([3.0, 4.0]), 1.0)
    array([0.6, 0.8])
    """
    length = math.sqrt(np.sum(gradient * gradient))
    return gradient * (longest / length) if length > longest else gradient


@shapes
def adam(vector, gradient, moments, step, rate, decays=(0.9, 0.98), epsilon=1e-9):
    r"""Take one step of Adam (Kingma and Ba 2015, algorithm 1).

    .. math:: m &\leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad
        v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2 \\
        \theta &\leftarrow \theta - \alpha\, \hat m / (\sqrt{\hat v} + \epsilon), \qquad
        \hat m = m / (1 - \beta_1^t),\; \hat v = v / (1 - \beta_2^t)

    Parameters
    ----------
    vector : array (n,)
        The parameters θ.
    gradient : array (n,)
    moments : pair of arrays (n,)
        Running means m of the gradient and v of its square; zeros at the start.
    step : int
        Number of the step, from 0; t is one more.
    rate : float
        Learning rate α.
    decays : pair of floats
        Share of the old mean that is kept, for either moment.
    epsilon : float

    Returns
    -------
    vector : array (n,)
    moments : pair of arrays (n,)

    Examples
    --------
    >>> start = np.array([1.0, 1.0])
    >>> vector, moments = adam(start, np.array([5.0, -0.1]), (0 * start, 0 * start), 0, rate=0.1)
    >>> vector.round(3)  # the first step has the size of the rate, whatever the gradient's
    array([0.9, 1.1])
    """
    first = decays[0] * moments[0] + (1 - decays[0]) * gradient
    second = decays[1] * moments[1] + (1 - decays[1]) * gradient**2
    first_hat = first / (1 - decays[0] ** (step + 1))  # both start at 0: without that bias
    second_hat = second / (1 - decays[1] ** (step + 1))
    change = rate * first_hat / (np.sqrt(second_hat) + epsilon)
    return (vector - change).astype(vector.dtype), (first, second)


@shapes
def gradient_norms(layer, x, place):
    r"""How strongly one output depends on each input, for a layer from sequence to sequence.

    .. math:: \Bigl\lVert \frac{\partial\, \mathrm{output}_{place}}{\partial x_j} \Bigr\rVert_F
        \big/ \sqrt{\mathrm{width}}

    For a recurrent layer this is the gradient through time: what an error at one step can teach
    about an input so many steps before. A layer that passes its inputs on unchanged gets 1 at
    `place` and 0 elsewhere.

    Parameters
    ----------
    layer : callable
        (batch, n, width_in) -> (batch, n, width)
    x : array (n, width_in)
    place : int
        Of the output.

    Returns
    -------
    array (n,)

    References
    ----------
    Bengio et al. 1994; Pascanu et al. 2013.

    Examples
    --------
    >>> gradient_norms(lambda x: 3 * x, np.ones((4, 2)), place=1)
    array([0., 3., 0., 0.])
    """
    width = layer(x[None]).shape[-1]
    back, outputs = make_vjp(layer)(np.repeat(x[None], width, axis=0))  # one for each number
    here = np.arange(len(x)) == place % len(x)
    chosen = (np.eye(width)[:, None] * here[:, None]).astype(outputs.dtype)
    derivatives = back(chosen).astype(float)  # (width, n, width_in)
    return np.sqrt((derivatives**2).sum(axis=(0, 2)) / width)
