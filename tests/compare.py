"""What the tests of the models share: gradients, recorded values, and how alike numbers must be."""

from pathlib import Path

import autograd.core
import autograd.numpy as np
import numpy
import pytest
from autograd import make_vjp
from autograd.core import add_outgrads, toposort
from hypothesis import HealthCheck, settings

from helpers import fast

settings.register_profile(
    "course",
    derandomize=True,
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("course")


def recorded(name):
    """Arrays recorded from PyTorch by reference/record.py."""
    with numpy.load(Path(__file__).parent / "reference" / f"{name}.npz") as arrays:
        return dict(arrays)


# ---- nested arguments ------------------------------------------------------------------------


def arrays_of(tree):
    """Real arrays in nested dicts, lists and tuples, and how to build the same from others."""
    if isinstance(tree, dict):
        parts = {name: arrays_of(part) for name, part in tree.items()}
        arrays = [array for part, _ in parts.values() for array in part]
        return arrays, lambda arrays: {name: build(arrays) for name, (_, build) in parts.items()}
    if isinstance(tree, tuple | list):
        parts = [arrays_of(part) for part in tree]
        arrays = [array for part, _ in parts for array in part]
        return arrays, lambda arrays: type(tree)([build(arrays) for _, build in parts])
    if is_real(tree):
        return [tree], lambda arrays: arrays.pop(0)
    return [], lambda arrays: tree


def is_real(x):
    """Whether something is an array of real numbers, traced or not."""
    return hasattr(x, "dtype") and numpy.issubdtype(x.dtype, numpy.floating)


def change(tree, function):
    """Apply a function to each real array of a nested structure."""
    arrays, build = arrays_of(tree)
    return build([function(array) for array in arrays])


def with_noise(params, seed=0, number_format=float):
    """Draw parameters of which none is 0 or 1, near the given ones."""
    rng = numpy.random.default_rng(seed)
    return change(params, lambda x: (x + 0.1 * rng.standard_normal(x.shape)).astype(number_format))


# ---- how alike numbers must be ---------------------------------------------------------------


def agree(found, expected, tolerance=1e-10):
    """Assert that two arrays differ by no more than `tolerance` of the largest entry."""
    found, expected = numpy.asarray(found), numpy.asarray(expected)
    assert found.shape == expected.shape
    scale = numpy.abs(expected).max(initial=0)
    if scale < 1e-15:  # zero, or what rounding has left of it
        scale = 1
    numpy.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * scale)


def agree_all(found, expected, tolerance=1e-10):
    """Assert that the arrays of two lists agree, each by its own scale.

    Where it is below a thousandth of the largest in the list it counts as that: rounding of the
    large ones is all that is left in a gradient that ought to be 0.
    """
    scales = [numpy.abs(array).max(initial=0) for array in expected]
    least = max(scales, default=0) / 1000 or 1
    for array, right, scale in zip(found, expected, scales, strict=True):
        assert numpy.shape(array) == numpy.shape(right)
        numpy.testing.assert_allclose(array, right, rtol=0, atol=tolerance * max(scale, least))


# ---- gradients -------------------------------------------------------------------------------


def pull_back(function, arguments, used=None, cotangents=None):
    """Compute ``function(*arguments)``, and how gradients go back to all real arrays in them.

    Returns the real arrays in the result, and a function without arguments that computes the
    gradients of the sum of these arrays times the `cotangents`, by default fixed random numbers.
    Of the results only those in the sum whose numbers are in `used`, by default all.
    """
    arrays, build = arrays_of(tuple(arguments))
    outputs = arrays_of(function(*arguments))[0]
    if cotangents is None:
        rng = numpy.random.default_rng(1)
        cotangents = [rng.standard_normal(y.shape).astype(y.dtype) for y in outputs]
    used = range(len(outputs)) if used is None else used

    def total(traced):
        results = arrays_of(function(*build(list(traced))))[0]
        return sum(np.sum(results[i] * cotangents[i]) for i in used)

    back, value = make_vjp(total)(tuple(arrays))
    return outputs, lambda: list(back(numpy.ones_like(value)))


def differentiate(function, arguments, **options):
    """Compute ``function(*arguments)`` and the gradients of all real arrays, as two lists."""
    outputs, back = pull_back(function, arguments, **options)
    return outputs, back()


def same_derivatives(function, plain, arguments):
    """Assert that outputs and gradients are those of another function, and those differences."""
    outputs, gradients = differentiate(function, arguments)
    expected_outputs, expected_gradients = differentiate(plain, arguments)
    agree_all(outputs + gradients, expected_outputs + expected_gradients)
    follow_differences(function, arguments, gradients)


def follow_differences(function, arguments, gradients=None, step=1e-5):
    """Assert that each gradient predicts what a small random step of its array changes."""
    if gradients is None:
        gradients = differentiate(function, arguments)[1]
    arrays, build = arrays_of(tuple(arguments))
    rng = numpy.random.default_rng(1)
    cotangents = [rng.standard_normal(y.shape) for y in arrays_of(function(*arguments))[0]]

    def total(place, change):
        moved = [array + change if i == place else array for i, array in enumerate(arrays)]
        outputs = arrays_of(function(*build(moved)))[0]
        return sum(numpy.sum(y * c) for y, c in zip(outputs, cotangents, strict=True))

    for place, gradient in enumerate(gradients):
        for _ in range(2):
            direction = rng.standard_normal(gradient.shape)
            change = total(place, step * direction) - total(place, -step * direction)
            predicted = numpy.sum(gradient * direction)
            scale = max(1, numpy.linalg.norm(gradient))
            assert abs(change / (2 * step) - predicted) <= 1e-6 * scale


def same_as_recorded(function, record, names):
    """Assert that outputs and gradients are what PyTorch computed for the same arrays."""
    outputs = [record[key] for key in sorted(record) if key.startswith("output_")]
    cotangents = [record[key] for key in sorted(record) if key.startswith("cotangent")]
    arrays = [record[name] for name in names]
    found, gradients = differentiate(function, arrays, cotangents=cotangents)
    for output, expected in zip(found, outputs, strict=True):
        agree(output, expected)
    for name, gradient in zip(names, gradients, strict=True):
        agree(gradient, record[f"gradient_{name}"])


def with_kernels():
    """Whether kernels compute, or the formulas alone."""
    return fast.by(lambda: True)(lambda: False)()


# ---- number formats --------------------------------------------------------------------------


def formats(function, arguments, used=None):
    """Trace and differentiate ``function(*arguments)``: the formats of all gradients inside.

    `autograd` sends every gradient, also those of the kernels, through one loop, which is written
    once more here.
    """
    seen = set()

    def watched(g, end_node):
        outgrads = {end_node: (g, False)}
        for node in toposort(end_node):
            outgrad = outgrads.pop(node)
            seen.update(array.dtype.name for array in arrays_of(outgrad[0])[0])
            for parent, ingrad in zip(node.parents, node.vjp(outgrad[0]), strict=True):
                outgrads[parent] = add_outgrads(outgrads.get(parent), ingrad)
        return outgrad[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(autograd.core, "backward_pass", watched)
        outputs, gradients = differentiate(function, arguments, used=used)
    return seen | {array.dtype.name for array in (*outputs, *gradients)}


# ---- parameters as PyTorch has them ----------------------------------------------------------


def names_in(record):
    """Names of the arrays of a record whose gradients were recorded."""
    return [key for key in record if f"gradient_{key}" in record]


def from_paths(names, arrays):
    """Nested parameters from paths such as block_0.attention.in_projection and their arrays."""
    params = {}
    for name, array in zip(names, arrays, strict=True):
        *path, last = name.split(".")
        part = params
        for key in path:
            part = part.setdefault(key, {})
        part[last] = array
    return heads_first(params)


def heads_first(params, heads=4):
    """Cut PyTorch's projections, wherever they are, into those of four heads."""
    if not isinstance(params, dict):
        return params
    if "in_projection" not in params:
        return {name: heads_first(part) for name, part in params.items()}
    together, output = params["in_projection"], params["out_projection"]
    parts = np.split(together, 3)
    split = [
        np.transpose(np.reshape(part, (heads, -1, part.shape[1])), (0, 2, 1)) for part in parts
    ]
    output = np.reshape(np.transpose(output), (heads, -1, len(output)))
    return dict(zip(("queries", "keys", "values", "output"), [*split, output], strict=True))
