"""How a formula in NumPy becomes an `autograd` primitive: requirements, gradients, flat views.

The lowest module: it imports no other, and holds no formula of the course. The other modules take
from here what their fast paths share: the decorator that writes a vector-Jacobian product beside
its formula, errors that name an argument and its shape, and sums that are quick as products.
"""

import ctypes
import math
import platform
from functools import cache

import numpy as np
from autograd.extend import defvjp_argnums


def require(condition, message):
    """Raise a `ValueError` with `message` unless `condition` holds.

    Raises
    ------
    ValueError
        If `condition` is false.

    Examples
    --------
    >>> require(2 > 1, "never shown")
    """
    if not condition:
        raise ValueError(message)


def require_shape(name, array, *shape, reason=""):
    """Raise a `ValueError` unless the array has the shape.

    Parameters
    ----------
    name : str
        Of the argument, for the message.
    array : array
    *shape : int, str or ...
        Sizes of the axes; a str names an axis of any size, and ``...`` in front any other axes.
    reason : str
        Why, for the end of the message.

    Raises
    ------
    ValueError
        If the array has another shape.

    Examples
    --------
    >>> require_shape("x", np.ones((2, 3)), "batch", 4)
    Traceback (most recent call last):
    ValueError: x has shape (2, 3); it must be (batch, 4)
    """
    sizes = shape[1:] if shape[0] is ... else shape
    found = array.shape[len(array.shape) - len(sizes) :] if shape[0] is ... else array.shape
    fits = len(found) == len(sizes) and all(
        isinstance(size, str) or size == n for size, n in zip(sizes, found, strict=True)
    )
    text = ", ".join("…" if size is ... else str(size) for size in shape)
    text += "," if len(shape) == 1 else ""
    require(fits, f"{name} has shape {array.shape}; it must be ({text}){reason}")


def require_choice(name, value, choices):
    """Raise a `ValueError` unless the value is one of the choices.

    Raises
    ------
    ValueError
        If it is another.

    Examples
    --------
    >>> require_choice("norm", "batch", ("pre", "post"))
    Traceback (most recent call last):
    ValueError: norm = 'batch' is unknown; there are ('pre', 'post')
    """
    require(value in choices, f"{name} = {value!r} is unknown; there are {tuple(choices)}")


def require_lengths(name, lengths, n, reason=", the padded length"):
    """Return lengths as an array, if each lies in 0 … n.

    Parameters
    ----------
    name : str
        Of the argument, for the message.
    lengths : integers (batch,)
    n : int
        Length of the padded sequences.
    reason : str
        Why, for the message.

    Returns
    -------
    integer array (batch,)

    Raises
    ------
    ValueError
        If a length is negative or longer than n, or `lengths` is not one-dimensional.

    Examples
    --------
    >>> require_lengths("lengths", [3, 1], 3)
    array([3, 1])
    """
    lengths = np.asarray(lengths)
    require_shape(name, lengths, "batch")
    fits = bool((lengths >= 0).all() and (lengths <= n).all())
    require(fits, f"{name} must lie in 0 … {n}{reason}, but are {lengths.tolist()}")
    return lengths


def require_boolean(name, mask, shape, meaning="may attend"):
    """Raise a `ValueError` unless the mask is boolean and broadcasts to exactly the shape.

    Parameters
    ----------
    name : str
        Of the argument, for the message.
    mask : array or None
        None, no mask, fits any shape.
    shape : tuple of int
    meaning : str
        Of True, for the message.

    Raises
    ------
    ValueError
        If the mask holds other numbers, or has a shape that does not fit.

    Examples
    --------
    >>> require_boolean("mask", np.ones((3, 1), bool), (2, 3, 5))
    >>> require_boolean("mask", np.ones((2, 5), bool), (3, 5))
    Traceback (most recent call last):
    ValueError: mask has shape (2, 5), which does not broadcast to (3, 5)
    """
    if mask is None:
        return
    mask = np.asarray(mask)
    require(mask.dtype == bool, f"{name} must be boolean (True = {meaning}), not {mask.dtype}")
    fits = len(mask.shape) <= len(shape) and all(
        n in (1, m) for n, m in zip(mask.shape[::-1], shape[::-1], strict=False)
    )
    require(fits, f"{name} has shape {mask.shape}, which does not broadcast to {shape}")


def as_array(name, array):
    """Turn lists into an array, and leave an array, traced or not, as it is.

    Raises
    ------
    ValueError
        If the lists are a ragged batch.

    Examples
    --------
    >>> as_array("tokens", [[4, 5], [6]])
    Traceback (most recent call last):
    ValueError: tokens is a ragged batch with rows of lengths [1, 2]; pad it with tasks.pad first
    """
    if hasattr(array, "shape"):
        return array
    try:
        return np.asarray(array)
    except ValueError:
        lengths = sorted({len(row) if hasattr(row, "__len__") else 1 for row in array})
        raise ValueError(
            f"{name} is a ragged batch with rows of lengths {lengths}; pad it with tasks.pad first"
        ) from None


def gradients_of(forward):
    """Register the function below as the vector-Jacobian product of a primitive.

    It is called as ``(g, result, *arguments)``, with the arguments of the primitive, and returns
    one gradient for each argument that has one; these come first.

    Examples
    --------
    >>> from autograd import grad
    >>> from autograd.extend import primitive
    >>> product = primitive(lambda x, y: x * y)
    >>> @gradients_of(product)
    ... def product_back(g, result, x, y):
    ...     return g * y, g * x
    >>> float(grad(product)(2.0, 3.0))
    3.0
    """

    def register(backward):
        def vjp_of(argnums, result, args, kwargs):
            def vjp(g):
                gradients = backward(g, result, *args)
                return tuple(gradients[i] for i in argnums)

            return vjp

        defvjp_argnums(forward, vjp_of)
        return backward

    return register


def as_rows(x):
    """View `x` as a matrix: all axes but the last become one.

    Examples
    --------
    >>> as_rows(np.ones((2, 3, 5))).shape
    (6, 5)
    """
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def column_sums(x):
    """Sum over all axes but the last; as a product it is 4 x faster than ``sum``.

    Examples
    --------
    >>> column_sums(np.ones((2, 3, 2)))
    array([6., 6.])
    """
    x = as_rows(x)
    return np.ones(len(x), x.dtype) @ x


def row_sums(x):
    """Sum over the last axis, which stays; as a product it is 8 x faster than ``sum``.

    Examples
    --------
    >>> row_sums(np.ones((2, 3)))
    array([[3.],
           [3.]])
    """
    return (as_rows(x) @ np.ones(x.shape[-1], x.dtype)).reshape(*x.shape[:-1], 1)


def row_dots(x, y):
    """Dot products of vectors: (..., width) twice -> (..., 1).

    Examples
    --------
    >>> row_dots(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]))
    array([[11.]])
    """
    return np.einsum("ij,ij->i", as_rows(x), as_rows(y)).reshape(*x.shape[:-1], 1)


def one_hot(tokens, vocabulary, dtype):
    """Matrix (vocabulary, number of tokens): a product with it adds up the rows of equal tokens.

    np.add.at does the same 8 x slower.

    Examples
    --------
    >>> one_hot(np.array([2, 0, 2]), 3, int)
    array([[0, 1, 0],
           [0, 0, 0],
           [1, 0, 1]])
    """
    matrix = np.zeros((vocabulary, tokens.size), dtype=dtype)
    matrix[tokens.reshape(-1), np.arange(tokens.size)] = 1
    return matrix


@cache
def keep_memory():
    """Let glibc's malloc keep up to 1 GB of what is freed, for the next arrays.

    By default it gives the arrays back to the system and asks for them again, page by page:
    at width 128 a quarter of the time of a step. Elsewhere (macOS, Windows, musl) do nothing.

    Examples
    --------
    >>> keep_memory()  # once is enough
    """
    if not platform.libc_ver()[0] == "glibc":
        return
    trim_threshold, mmap_threshold = -1, -3  # names of options in malloc.h
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(mmap_threshold, 2**25)
    mallopt(trim_threshold, 2**30)
