"""Learning: Adam, the rate, clipping, and parameters as one vector."""

import numpy
import pytest
from compare import agree, recorded
from hypothesis import given
from hypothesis import strategies as st

from helpers.learning import adam, clip, flatten, learning_rate, unflatten

NESTED = {"a": numpy.arange(6.0).reshape(2, 3), "b": {"c": numpy.array(7.0), "d": numpy.ones(4)}}


def test_flatten_and_unflatten_are_inverse():
    vector = flatten(NESTED)
    assert vector.tolist() == [0, 1, 2, 3, 4, 5, 7, 1, 1, 1, 1]
    again = unflatten(vector, NESTED)
    assert again["b"].keys() == NESTED["b"].keys()
    for found, expected in ((again["a"], NESTED["a"]), (again["b"]["c"], NESTED["b"]["c"])):
        agree(found, expected, 0)
    agree(flatten(again), vector, 0)


def test_unflatten_names_a_vector_of_the_wrong_size():
    with pytest.raises(
        ValueError, match=r"vector has shape \(3,\); it must be \(11,\), the size of the template"
    ):
        unflatten(numpy.zeros(3), NESTED)


def test_adam_goes_the_steps_of_pytorch():
    record = recorded("adam")
    vector = record["start"]
    moments = numpy.zeros_like(vector), numpy.zeros_like(vector)
    steps = zip(record["gradients"], record["rates"], record["vectors"], strict=True)
    for step, (gradient, rate, expected) in enumerate(steps):
        vector, moments = adam(vector, gradient, moments, step, rate)
        agree(vector, expected)


def test_adam_changes_nothing_in_place():
    vector, gradient, moments = numpy.ones(3), numpy.ones(3), (numpy.ones(3), numpy.ones(3))
    adam(vector, gradient, moments, 5, 0.1)
    for array in (vector, gradient, *moments):
        agree(array, numpy.ones(3), 0)


def test_adam_keeps_the_number_format():
    vector, gradient = numpy.ones(3, numpy.float32), numpy.ones(3, numpy.float32)
    moments = numpy.zeros_like(vector), numpy.zeros_like(vector)
    vector, moments = adam(vector, gradient, moments, 0, 0.1)
    assert {vector.dtype, *(moment.dtype for moment in moments)} == {numpy.dtype("float32")}


def test_whole_numbers_learn_as_real_ones():
    moments = numpy.zeros(2), numpy.zeros(2)
    vector, _ = adam(numpy.array([1, 2]), numpy.array([5, -5]), moments, 0, 0.1)
    agree(vector, [0.9, 2.1])


@pytest.mark.parametrize(
    ("gradient", "moments", "words"),
    [
        (numpy.ones(3), (numpy.ones(2),) * 2, r"gradient has shape \(3,\); it must be \(2,\)"),
        (numpy.ones(2), (numpy.ones(2), numpy.ones(3)), r"moments has shape \(3,\)"),
        (numpy.ones(2), numpy.ones(2), "moments must be a pair of arrays"),
    ],
)
def test_adam_names_what_does_not_fit(gradient, moments, words):
    with pytest.raises(ValueError, match=words):
        adam(numpy.ones(2), gradient, moments, 0, 0.1)


@given(steps=st.integers(1, 500), warmup=st.integers(0, 200), peak=st.floats(0.01, 1))
def test_the_rate_rises_to_its_peak_and_falls_to_almost_zero(steps, warmup, peak):
    rates = [learning_rate(step, steps, peak, warmup) for step in range(steps)]
    assert min(rates) >= 0
    assert max(rates) <= peak * (1 + 1e-12)
    top = min(warmup, steps - 1)
    assert rates[:top] == sorted(rates[:top])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    if steps > warmup:
        assert rates[warmup] == peak
        assert rates[-1] <= peak * 5 / (steps - warmup) ** 2


def test_whole_numbers_become_real_ones_in_a_vector():
    vector = flatten({"a": numpy.arange(2), "b": numpy.array([True])})
    assert vector.tolist() == [0, 1, 1]
    assert vector.dtype == numpy.float64


@given(st.lists(st.floats(-1e3, 1e3), min_size=1), st.floats(0.1, 10))
def test_a_gradient_is_clipped_to_the_length_and_a_short_one_is_left(numbers, longest):
    gradient = numpy.array(numbers)
    length, clipped = numpy.linalg.norm(gradient), clip(gradient, longest)
    assert numpy.linalg.norm(clipped) <= longest * (1 + 1e-12)
    agree(clipped, gradient * min(1, longest / length) if length else gradient, 1e-12)
