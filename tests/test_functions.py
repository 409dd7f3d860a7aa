"""Functions: values and gradients, masks, what loses no digit, and what wrong input is told."""

import autograd.numpy as np
import numpy
import pytest
from compare import agree, names_in, recorded, same_as_recorded, same_derivatives
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
    log_softmax,
    softmax,
)

pytestmark = pytest.mark.usefixtures("way")

RNG = numpy.random.default_rng(0)
X = RNG.standard_normal((2, 3, 4))
TOKENS = numpy.array([[1, 6, 1], [0, 1, 3]])
TARGETS = numpy.array([[3, 0, 2], [1, 1, 3]])
WHERE = numpy.array([[True, False, True], [True, True, False]])
FIRST_TWO = numpy.array([True, True, False, False])
LINEAR = {"weight": RNG.standard_normal((4, 5)), "bias": RNG.standard_normal(5)}
BACK = {"weight": RNG.standard_normal((5, 2)), "bias": RNG.standard_normal(2)}
NORM = {"scale": RNG.standard_normal(4), "shift": RNG.standard_normal(4)}
TABLE = RNG.standard_normal((7, 4))


def masked_softmax(x):
    return softmax(x, where=FIRST_TWO)


def first_two_alone(x):
    exponentials = np.exp(x[..., :2])
    weights = exponentials / np.sum(exponentials, axis=-1, keepdims=True)
    return np.concatenate([weights, 0 * x[..., 2:]], axis=-1)


def each_vector(params, x):
    """Norm one vector after another, by its own mean and deviation."""
    return np.array(
        [
            [(v - np.mean(v)) / np.std(v) * params["scale"] + params["shift"] for v in row]
            for row in x
        ]
    )


def counted_places(x, smoothing=0.0):
    """Mean of what each place that counts costs: of the right token, and of all alike."""
    costs = []
    for i, j in numpy.argwhere(WHERE).tolist():
        log_probabilities = x[i, j] - np.log(np.sum(np.exp(x[i, j])))
        right, mean = log_probabilities[TARGETS[i, j]], np.mean(log_probabilities)
        costs.append(-(1 - smoothing) * right - smoothing * mean)
    return np.mean(np.array(costs))


def drop_half(x):
    return dropout(x, 0.5, numpy.random.default_rng(0))


# Each function, the same in other words, and what both are called with.
CASES = {
    "softmax": (softmax, lambda x: np.exp(log_softmax(x)), [X]),
    "softmax_masked": (masked_softmax, first_two_alone, [X]),
    "softmax_axis_1": (
        lambda x: softmax(x, axis=1),
        lambda x: np.swapaxes(softmax(np.swapaxes(x, 1, 2)), 1, 2),
        [X],
    ),
    "log_softmax": (log_softmax, lambda x: x - np.log(np.sum(np.exp(x), -1, keepdims=True)), [X]),
    "linear": (
        linear,
        lambda params, x: np.einsum("bni,io->bno", x, params["weight"]) + params["bias"],
        [LINEAR, X],
    ),
    "feed_forward": (
        feed_forward,
        lambda expand, shrink, x: linear(shrink, np.maximum(linear(expand, x), 0)),
        [LINEAR, BACK, X],
    ),
    "layer_norm": (lambda params, x: layer_norm(params, x, 0.0), each_vector, [NORM, X]),
    "cross_entropy": (lambda x: cross_entropy(x, TARGETS, WHERE), counted_places, [X]),
    "smoothed_cross_entropy": (
        lambda x: cross_entropy(x, TARGETS, WHERE, 0.1),
        lambda x: counted_places(x, 0.1),
        [X],
    ),
    "dropout": (drop_half, lambda x: x * (drop_half(numpy.ones(X.shape)) > 0) * 2, [X]),
    "embedding": (
        lambda table: embedding(table, TOKENS),
        lambda table: np.array([[table[token] for token in row] for row in TOKENS]),
        [TABLE],
    ),
    "tanh": (functions.tanh, np.tanh, [X]),
    "sigmoid": (functions.sigmoid, lambda x: 1 / (1 + np.exp(-x)), [X]),
    "relu": (functions.relu, lambda x: x * (x > 0), [X]),
}


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients_are_those_of_the_plain_formula(name):
    same_derivatives(*CASES[name])


RECORDED = {
    "softmax": lambda record: softmax,
    "linear": lambda record: lambda weight, bias, x: linear({"weight": weight, "bias": bias}, x),
    "layer_norm": lambda record: (
        lambda scale, shift, x: layer_norm({"scale": scale, "shift": shift}, x)
    ),
    "cross_entropy": lambda record: lambda x: cross_entropy(x, record["targets"], record["where"]),
    "smoothed_cross_entropy": lambda record: (
        lambda x: cross_entropy(x, record["targets"], record["where"], 0.1)
    ),
    "embedding": lambda record: lambda table: embedding(table, record["tokens"]),
    "activations": lambda record: (
        lambda x, weight_1, bias_1, weight_2, bias_2: (
            log_softmax(x),
            functions.tanh(x),
            functions.sigmoid(x),
            functions.relu(x),
            feed_forward(
                {"weight": weight_1, "bias": bias_1}, {"weight": weight_2, "bias": bias_2}, x
            ),
        )
    ),
}


@pytest.mark.parametrize("name", RECORDED)
def test_values_and_gradients_are_those_of_pytorch(name):
    record = recorded(name)
    same_as_recorded(RECORDED[name](record), record, names_in(record))


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
    agree(log_softmax(numpy.array([1e4, 0, -1e4])), [0, -1e4, -2e4])


def test_sigmoid_and_tanh_of_large_numbers_do_not_overflow():
    agree(functions.sigmoid(numpy.array([1e4, -1e4])), [1, 0])
    agree(functions.tanh(numpy.array([1e4, -1e4])), [1, -1])


def test_cross_entropy_where_nothing_counts_is_zero():
    assert cross_entropy(X, TARGETS, numpy.zeros((2, 3), bool)) == 0


def test_what_is_impossible_costs_only_where_it_counts():
    logits = numpy.zeros((1, 2, 3))
    logits[..., 0] = -numpy.inf
    where = numpy.array([[True, False]])
    agree(cross_entropy(logits, numpy.array([[1, 0]]), where), numpy.log(2))
    assert cross_entropy(logits, numpy.array([[0, 1]]), where) == numpy.inf


@pytest.mark.parametrize("shape", [(0, 4), (0, 3, 4), (2, 0, 4)])
def test_an_empty_batch_gives_an_empty_result(shape):
    x, tokens = numpy.zeros(shape), numpy.zeros(shape[:-1], int)
    assert softmax(x).shape == log_softmax(x).shape == layer_norm(NORM, x).shape == shape
    assert linear(LINEAR, x).shape == (*shape[:-1], 5)
    assert feed_forward(LINEAR, BACK, x).shape == (*shape[:-1], 2)
    assert embedding(TABLE, tokens).shape == shape
    assert cross_entropy(x, tokens) == 0
    assert drop_half(x).shape == functions.relu(x).shape == shape


def test_whole_numbers_are_taken_as_real_ones():
    agree(softmax([1, 2, 3]), [0.09003057, 0.24472847, 0.66524096], 1e-7)
    agree(numpy.unique(dropout(numpy.ones(40, int), 0.5, numpy.random.default_rng(0))), [0, 2])
    assert functions.tanh(numpy.array([0, 1], numpy.int8)).dtype == numpy.float64
    x = numpy.array([[3, -1, 2, 0]])
    for function in (softmax, log_softmax, functions.sigmoid, functions.relu):
        agree(function(x), function(x.astype(float)), 0)
    for function, *params in ((linear, LINEAR), (layer_norm, NORM), (feed_forward, LINEAR, BACK)):
        agree(function(*params, x), function(*params, x.astype(float)), 0)


@pytest.mark.parametrize("function", [linear, layer_norm])
def test_whole_numbers_follow_the_parameters_format(function):
    params = {key: part.astype(numpy.float32) for key, part in (LINEAR | NORM).items()}
    assert function(params, numpy.array([[3, -1, 2, 0]])).dtype == numpy.float32


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: softmax(X, where=numpy.ones(4)), ["where", "boolean", "float64"]),
        (lambda: softmax(X, where=numpy.ones(5, bool)), ["where", "(5,)", "(2, 3, 4)"]),
        (lambda: linear(LINEAR, X[..., :3]), ["x ", "(2, 3, 3)", "weight", "(4, 5)"]),
        (lambda: layer_norm(NORM, X[..., :3]), ["x ", "(2, 3, 3)", "(…, 4)", "scale", "(4,)"]),
        (lambda: feed_forward(LINEAR, LINEAR, X), ["weight", "(4, 5)", "(5, width_out)"]),
        (lambda: embedding(TABLE, [[1, 2], [3]]), ["tokens", "ragged", "[1, 2]", "tasks.pad"]),
        (lambda: embedding(TABLE, [1.0]), ["tokens", "integers", "float64"]),
        (lambda: embedding(TABLE, [0, 7]), ["tokens", "0 … 6", "(7, 4)", "0 to 7"]),
        (lambda: embedding(TABLE, [-1, 2]), ["tokens", "-1 to 2"]),
        (lambda: cross_entropy(X, TARGETS[:, :2]), ["targets", "(2, 2)", "(2, 3)"]),
        (lambda: cross_entropy(X, TARGETS, WHERE[:1]), ["where", "(1, 3)", "(2, 3)"]),
        (lambda: cross_entropy(X, TARGETS, WHERE * 1.0), ["where", "boolean", "float64"]),
        (lambda: cross_entropy(X, TARGETS + 1), ["targets", "0 … 3", "(2, 3, 4)", "1 to 4"]),
        (lambda: cross_entropy(X, TARGETS - 1), ["targets", "-1 to 2"]),
        (lambda: cross_entropy(X, TARGETS * 1.0), ["targets", "integers", "float64"]),
        (
            lambda: cross_entropy(X, TARGETS, smoothing=1.1),
            ["smoothing = 1.1", "at least 0 and at most 1"],
        ),
        (lambda: dropout(X, 1, RNG), ["rate = 1", "below 1"]),
        (lambda: dropout(X, -0.1, RNG), ["rate = -0.1", "at least 0"]),
        (lambda: dropout(X, "half", RNG), ["rate = 'half'", "a number"]),
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
