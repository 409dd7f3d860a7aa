"""Functions: values and gradients, number formats, masks, and what wrong input is told."""

import autograd.numpy as np
import numpy
import plain
import pytest
from compare import agree, formats, recorded, same_as_recorded, same_derivatives
from hypothesis import given
from hypothesis import strategies as st

from helpers import functions
from helpers.functions import (
    cross_entropy,
    dropout,
    embedding,
    feed_forward,
    layer_norm,
    linear,
    softmax,
)

RNG = numpy.random.default_rng(0)
X = RNG.standard_normal((2, 3, 4))
TOKENS = numpy.array([[1, 6, 1], [0, 1, 3]])
TARGETS = numpy.array([[3, 0, 2], [1, 1, 3]])
WHERE = numpy.array([[True, False, True], [True, True, False]])


def linear_of(weight, bias, x):
    return linear({"weight": weight, "bias": bias}, x)


def layer_norm_of(scale, shift, x):
    return layer_norm({"scale": scale, "shift": shift}, x)


def each_vector(function, x):
    """Apply a function of one vector to all vectors of `x` (2, 3, width)."""
    return np.array([[function(vector) for vector in row] for row in x])


def plain_cross_entropy(logits):
    places = [(0, 0), (0, 2), (1, 0), (1, 1)]
    assert places == [tuple(place) for place in numpy.argwhere(WHERE)]
    losses = [plain.negative_log_probability(logits[i], TARGETS[i]) for i in places]
    return sum(losses) / len(losses)


def plain_smoothed_cross_entropy(logits):
    """Mean over the places that count: 0.9 for the right token, 0.1 spread over all four."""
    losses = []
    for i in numpy.argwhere(WHERE).tolist():
        each = [plain.negative_log_probability(logits[tuple(i)], token) for token in range(4)]
        losses.append(0.9 * each[TARGETS[tuple(i)]] + 0.1 * sum(each) / 4)
    return sum(losses) / len(losses)


def drop_half(x):
    return dropout(x, 0.5, numpy.random.default_rng(0))


def plain_masked_softmax(x):
    """Softmax over the first two of four entries, zeros elsewhere."""
    return each_vector(lambda v: np.concatenate([plain.softmax(v[:2]), np.zeros(2)]), x)


WEIGHT, BIAS = RNG.standard_normal((4, 5)), RNG.standard_normal(5)
SCALE, SHIFT = RNG.standard_normal((2, 4))
TABLE = RNG.standard_normal((7, 4))
FIRST_TWO = numpy.array([True, True, False, False])
CASES = {
    "softmax": (softmax, lambda x: each_vector(plain.softmax, x), [X]),
    "softmax_masked": (lambda x: softmax(x, where=FIRST_TWO), plain_masked_softmax, [X]),
    "softmax_axis_1": (
        lambda x: softmax(x, axis=1),
        lambda x: np.swapaxes(np.array([[plain.softmax(c) for c in m.T] for m in x]), 1, 2),
        [X],
    ),
    "linear": (
        linear_of,
        lambda weight, bias, x: each_vector(
            lambda v: plain.linear({"weight": weight, "bias": bias}, v), x
        ),
        [WEIGHT, BIAS, X],
    ),
    "feed_forward": (
        lambda weight, bias, back, shift, x: feed_forward(
            {"weight": weight, "bias": bias}, {"weight": back, "bias": shift}, x
        ),
        lambda weight, bias, back, shift, x: each_vector(
            lambda v: np.dot(np.maximum(np.dot(v, weight) + bias, 0), back) + shift, x
        ),
        [WEIGHT, BIAS, RNG.standard_normal((5, 2)), RNG.standard_normal(2), X],
    ),
    "layer_norm": (
        layer_norm_of,
        lambda scale, shift, x: each_vector(
            lambda v: plain.layer_norm({"scale": scale, "shift": shift}, v), x
        ),
        [SCALE, SHIFT, X],
    ),
    "cross_entropy": (lambda x: cross_entropy(x, TARGETS, WHERE), plain_cross_entropy, [X]),
    "smoothed_cross_entropy": (
        lambda x: cross_entropy(x, TARGETS, WHERE, 0.1),
        plain_smoothed_cross_entropy,
        [X],
    ),
    "dropout": (drop_half, lambda x: x * (drop_half(numpy.ones(X.shape)) > 0) * 2, [X]),
    "embedding": (
        lambda table: embedding(table, TOKENS),
        lambda table: np.array([[table[token] for token in row] for row in TOKENS]),
        [TABLE],
    ),
    "tanh": (functions.tanh, np.tanh, [X]),
    "relu": (functions.relu, lambda x: x * (x > 0), [X]),
}


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients_are_those_of_the_plain_formula(name):
    same_derivatives(*CASES[name])


@pytest.mark.parametrize(
    ("name", "function", "arguments"),
    [
        ("softmax", lambda record: softmax, ["x"]),
        ("linear", lambda record: linear_of, ["weight", "bias", "x"]),
        ("layer_norm", lambda record: layer_norm_of, ["scale", "shift", "x"]),
        (
            "cross_entropy",
            lambda record: lambda x: cross_entropy(x, record["targets"], record["where"]),
            ["x"],
        ),
        (
            "smoothed_cross_entropy",
            lambda record: lambda x: cross_entropy(x, record["targets"], record["where"], 0.1),
            ["x"],
        ),
        ("embedding", lambda record: lambda table: embedding(table, record["tokens"]), ["table"]),
    ],
)
def test_values_and_gradients_are_those_of_pytorch(name, function, arguments):
    record = recorded(name)
    same_as_recorded(function(record), record, arguments)


@pytest.mark.parametrize("name", CASES)
def test_float32_stays_float32_in_values_and_in_every_gradient(name, monkeypatch):
    function, _, arrays = CASES[name]
    seen = formats(monkeypatch, function, [array.astype(numpy.float32) for array in arrays])
    assert {format for _, format in seen} == {"float32"}


@given(
    shape=st.permutations([2, 3, 4, 5]).map(tuple),
    axis=st.integers(-4, 3),
    seed=st.integers(0, 999),
)
def test_softmax_sums_to_one_where_anything_takes_part_and_is_zero_elsewhere(shape, axis, seed):
    rng = numpy.random.default_rng(seed)
    where = rng.random(shape) < 0.4
    weights = softmax(10 * rng.standard_normal(shape), axis, where)
    assert (weights[~where] == 0).all()
    agree(weights.sum(axis=axis), where.any(axis=axis))


def test_softmax_of_large_scores_does_not_overflow():
    agree(softmax(numpy.array([1e4, 1e4, -1e4])), [0.5, 0.5, 0])
    agree(softmax(numpy.array([1.0, 1e4]), where=numpy.array([True, False])), [1, 0])


def test_cross_entropy_where_nothing_counts_is_zero():
    assert cross_entropy(X, TARGETS, numpy.zeros((2, 3), bool)) == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: softmax(X, where=numpy.ones(4)), ["where", "boolean", "float64"]),
        (lambda: softmax(X, where=numpy.ones(5, bool)), ["where", "(5,)", "(2, 3, 4)"]),
        (lambda: linear_of(WEIGHT, BIAS, X[..., :3]), ["x ", "(2, 3, 3)", "weight", "(4, 5)"]),
        (lambda: layer_norm_of(SCALE, SHIFT, X[..., :3]), ["x ", "(2, 3, 3)", "4"]),
        (lambda: embedding(TABLE, [[1, 2], [3]]), ["tokens", "ragged", "[1, 2]", "tasks.pad"]),
        (lambda: embedding(TABLE, [1.0]), ["tokens", "integers", "float64"]),
        (lambda: embedding(TABLE, [0, 7]), ["tokens", "0 … 6", "(7, 4)", "0 to 7"]),
        (lambda: embedding(TABLE, [-1, 2]), ["tokens", "-1 to 2"]),
        (lambda: cross_entropy(X, TARGETS[:, :2]), ["targets", "(2, 2)", "(2, 3)"]),
        (lambda: cross_entropy(X, TARGETS, WHERE[:1]), ["where", "(1, 3)", "(2, 3)"]),
        (lambda: cross_entropy(X, TARGETS, WHERE * 1.0), ["where", "boolean", "float64"]),
        (lambda: cross_entropy(X, TARGETS + 1), ["targets", "0 … 3", "(2, 3, 4)", "1 to 4"]),
        (lambda: cross_entropy(X, TARGETS - 1), ["targets", "-1 to 2"]),
        (lambda: cross_entropy(X, TARGETS, smoothing=1.1), ["smoothing = 1.1", "0 … 1"]),
        (lambda: dropout(X, 1, RNG), ["rate = 1", "below 1"]),
        (lambda: dropout(X, -0.1, RNG), ["rate = -0.1", "at least 0"]),
        (lambda: dropout(X, 0.1), ["rng is None", "0.1"]),
    ],
)
def test_wrong_input_is_named_with_its_shape(call, words):
    with pytest.raises(ValueError) as error:
        call()
    assert [word for word in words if word not in str(error.value)] == []


def test_a_target_that_is_all_smoothed_knows_no_token():
    agree(*(cross_entropy(X, targets, WHERE, 1) for targets in (TARGETS, 3 - TARGETS)))


@given(rate=st.floats(0, 0.9), seed=st.integers(0, 999))
def test_dropout_keeps_the_mean_and_rescales_what_it_keeps(rate, seed):
    dropped = dropout(numpy.ones(4000), rate, numpy.random.default_rng(seed))
    kept = dropped != 0
    agree(dropped[kept], numpy.full(kept.sum(), 1 / (1 - rate)))
    assert dropped.mean() == pytest.approx(1, abs=6 * (rate / (1 - rate) / 4000) ** 0.5 + 1e-9)


def test_orthogonal_keeps_lengths():
    matrix = functions.orthogonal(numpy.random.default_rng(3), 6)
    agree(matrix @ matrix.T, numpy.eye(6), 1e-6)
