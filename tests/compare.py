"""What the tests of the models share: gradients, recorded values, and how alike numbers must be."""

from pathlib import Path

import autograd.core
import autograd.numpy as np
import numpy
from autograd import make_vjp
from autograd.builtins import tuple as traced_tuple
from hypothesis import settings

settings.register_profile("course", derandomize=True, deadline=None, max_examples=25)
settings.load_profile("course")


def recorded(name):
    """Arrays recorded from PyTorch by reference/record.py."""
    with numpy.load(Path(__file__).parent / "reference" / f"{name}.npz") as arrays:
        return dict(arrays)


def agree(found, expected, tolerance=1e-10):
    """Assert that two arrays differ by no more than `tolerance` of the largest entry."""
    found, expected = numpy.asarray(found), numpy.asarray(expected)
    assert found.shape == expected.shape
    scale = numpy.abs(expected).max(initial=0)
    if scale < 1e-15:  # zero, or what rounding has left of it
        scale = 1
    numpy.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * scale)


def differentiate(function, arrays, cotangents=None):
    """Compute ``function(*arrays)`` and the gradients of all arrays, as two lists.

    The gradients are those of the sum of the outputs times the `cotangents`, by default fixed
    random numbers.
    """
    outputs = as_list(function(*arrays))
    if cotangents is None:
        rng = numpy.random.default_rng(1)
        cotangents = [rng.standard_normal(numpy.shape(output)) for output in outputs]

    def total(traced):
        results = as_list(function(*traced))
        return sum(np.sum(y * c) for y, c in zip(results, cotangents, strict=True))

    pullback, _ = make_vjp(total)(tuple(arrays))
    return outputs, list(pullback(1.0))


def as_list(outputs):
    """Several outputs, or one, as a list."""
    return [outputs] if hasattr(outputs, "shape") or numpy.isscalar(outputs) else list(outputs)


def same_derivatives(function, plain, arrays):
    """Assert that outputs and gradients are those of a plain formula, and those differences."""
    outputs, gradients = differentiate(function, arrays)
    expected_outputs, expected_gradients = differentiate(plain, arrays)
    for found, expected in zip(outputs, expected_outputs, strict=True):
        agree(found, expected)
    for found, expected in zip(gradients, expected_gradients, strict=True):
        agree(found, expected)
    follow_differences(plain, arrays, expected_gradients)
    follow_differences(function, arrays, gradients)


def follow_differences(function, arrays, gradients, step=1e-5):
    """Assert that each gradient predicts what a small random step of its array changes."""
    rng = numpy.random.default_rng(1)
    cotangents = [rng.standard_normal(numpy.shape(y)) for y in as_list(function(*arrays))]

    def total(place, change):
        moved = [array + change if i == place else array for i, array in enumerate(arrays)]
        outputs = as_list(function(*moved))
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
    found, gradients = differentiate(function, [record[name] for name in names], cotangents)
    for output, expected in zip(found, outputs, strict=True):
        agree(output, expected)
    for name, gradient in zip(names, gradients, strict=True):
        agree(gradient, record[f"gradient_{name}"])


class Watch(dict):
    """Stands in for autograd's table of gradients and notes the number formats that go through.

    `seen` holds (name of the operation, format of the gradient that came in or went out).
    """

    def __init__(self):
        super().__init__(autograd.core.primitive_vjps)
        self.seen = set()

    def __getitem__(self, function):
        maker = super().__getitem__(function)

        def watched_maker(*arguments):
            pullback = maker(*arguments)

            def watched(gradient):
                results = tuple(pullback(gradient))
                for array in (gradient, *results):
                    self.note(function.__name__, array)
                return results

            return watched

        return watched_maker

    def note(self, name, array):
        """Remember the format of an array, or of each array in a tuple."""
        if isinstance(array, tuple | list):
            for part in array:
                self.note(name, part)
        elif hasattr(array, "dtype"):
            self.seen.add((name, str(array.dtype)))


def formats(monkeypatch, function, arrays):
    """Trace and differentiate ``function(*arrays)``: names and formats of all gradients inside."""
    watch = Watch()
    monkeypatch.setattr(autograd.core, "primitive_vjps", watch)

    def traced_function(traced):
        outputs = function(*traced)
        return traced_tuple(outputs) if isinstance(outputs, tuple) else outputs

    pullback, value = make_vjp(traced_function)(tuple(arrays))
    gradients = pullback(one_like(value))
    watch.note("value", value)
    watch.note("gradients", gradients)
    return watch.seen


def one_like(value):
    """Cotangents of 1 in the format of the value, which may be a tuple."""
    if isinstance(value, tuple):
        return tuple(map(one_like, value))
    return numpy.ones_like(value)
