"""Checks: right answers pass, each typical mistake gets its own sentence, nothing is raised."""

import numpy as np
import pytest

from helpers import checks
from helpers.attention import attention, attention_weights, padding_mask
from helpers.functions import softmax

RNG = np.random.default_rng(0)
QUERIES, KEYS, VALUES = (RNG.standard_normal(shape) for shape in ((2, 3, 4), (2, 5, 4), (2, 5, 6)))
SCORES = QUERIES @ KEYS.swapaxes(1, 2)
MASK = np.broadcast_to(padding_mask([5, 3], 5), (2, 3, 5))
NOTHING = MASK.copy()
NOTHING[1] = False
WEIGHTS = np.exp(SCORES) / np.exp(SCORES).sum(axis=-1, keepdims=True)


def stub(*arguments):
    raise NotImplementedError


def none(*arguments):
    """Forget to return anything."""


def broken(*arguments):
    return np.ones(3) @ np.ones(4)


def with_nan(*arguments):
    return np.full((2, 3, 6), np.nan)


def softmax_without_keepdims(scores):
    return np.exp(scores) / np.exp(scores).sum(axis=-1)


def softmax_over_queries(queries, keys, values):
    return softmax(queries @ keys.swapaxes(1, 2), axis=1) @ values


def attend_with_batch_mixed(queries, keys, values):
    return attention(queries, keys.mean(axis=0, keepdims=True), values)


class Odd:
    """Object that cannot be turned into numbers, nor into text."""

    def __array__(self, *arguments, **options):
        raise RuntimeError("no numbers here")

    def __repr__(self):
        raise RuntimeError("no text here")


# For each check: a call for each right answer, and for each mistake a call and what it is told.
RIGHT = {
    "close": lambda: checks.close(attention(QUERIES, KEYS, VALUES), softmax(SCORES / 2) @ VALUES),
    "close to a scalar": lambda: checks.close(lambda: 3, 3.0),
    "same result": lambda: checks.same_result(
        attention, (QUERIES, KEYS, VALUES), softmax(SCORES / 2) @ VALUES
    ),
    "rows": lambda: checks.rows_sum_to_one(WEIGHTS),
    "rows, float32": lambda: checks.rows_sum_to_one(softmax(SCORES.astype(np.float32))),
    "rows, called": lambda: checks.rows_sum_to_one(lambda: WEIGHTS),
    "rows, masked": lambda: checks.rows_sum_to_one(softmax(SCORES, where=NOTHING), NOTHING),
    "masked": lambda: checks.masked_weights_are_zero(
        attention_weights(QUERIES, KEYS, padding_mask([5, 3], 5)), padding_mask([5, 3], 5)
    ),
    "permutation": lambda: checks.permutation_invariant(attention),
    "batch": lambda: checks.batch_items_independent(attention, QUERIES, KEYS, VALUES),
}
WRONG = {
    "close": {
        "another shape": (lambda: checks.close(SCORES, VALUES), "shape (2, 3, 5)"),
        "another value": (lambda: checks.close(SCORES, SCORES + 1), "at position (0, 0, 0)"),
        "NaN": (lambda: checks.close(with_nan, np.ones((2, 3, 6))), "holds NaN"),
        "None": (lambda: checks.close(None, 3.0), "of type NoneType"),
        "no return": (lambda: checks.close(none, 3.0), "Is there a `return`?"),
        "stub": (lambda: checks.close(stub, 3.0), "write it first"),
        "exception": (lambda: checks.close(broken, 3.0), "stopped with ValueError: matmul"),
        "text": (lambda: checks.close("three", 3.0), "of type str"),
        "ragged": (lambda: checks.close([[1, 2], [3]], np.ones(2)), "of type list"),
        "odd object": (lambda: checks.close(Odd(), 3.0), "of type Odd"),
    },
    "rows": {
        "softmax over the wrong axis": (
            lambda: checks.rows_sum_to_one(softmax(SCORES, axis=1)),
            "Along which axis did you divide?",
        ),
        "without keepdims": (
            lambda: checks.rows_sum_to_one(lambda: softmax_without_keepdims(SCORES)),
            "stopped with ValueError: operands could not be broadcast",
        ),
        "padding counted": (
            lambda: checks.rows_sum_to_one(np.full((1, 2, 2), 0.5), np.array([[[1, 0], [0, 0]]])),
            "It may attend to nothing",
        ),
        "negative": (lambda: checks.rows_sum_to_one(SCORES), "none may be negative"),
        "NaN": (lambda: checks.rows_sum_to_one(with_nan()), "holds NaN"),
        "None": (lambda: checks.rows_sum_to_one(none()), "of type NoneType"),
        "no return": (lambda: checks.rows_sum_to_one(none), "Is there a `return`?"),
        "a number": (lambda: checks.rows_sum_to_one(1.0), "(…, n_queries, n_keys)"),
        "mask too short": (
            lambda: checks.rows_sum_to_one(WEIGHTS, MASK[..., :4]),
            "mask (2, 3, 4) does not broadcast to weights (2, 3, 5)",
        ),
        "mask with more axes": (
            lambda: checks.rows_sum_to_one(WEIGHTS, MASK[None]),
            "mask (1, 2, 3, 5) does not broadcast",
        ),
    },
    "masked": {
        "polarity": (
            lambda: checks.masked_weights_are_zero(softmax(SCORES, where=~NOTHING), MASK),
            'True means "may attend"',
        ),
        "mask too short": (
            lambda: checks.masked_weights_are_zero(WEIGHTS, MASK[:, :, :4]),
            "mask (2, 3, 4) does not broadcast to weights (2, 3, 5)",
        ),
        "NaN": (lambda: checks.masked_weights_are_zero(with_nan(), MASK), "holds NaN"),
        "None": (lambda: checks.masked_weights_are_zero(none(), MASK), "of type NoneType"),
        "no return": (lambda: checks.masked_weights_are_zero(none, MASK), "Is there a `return`?"),
    },
    "permutation": {
        "values not reordered": (
            lambda: checks.permutation_invariant(lambda queries, keys, values: values[:, :3]),
            "changed the context by up to",
        ),
        "weights returned": (
            lambda: checks.permutation_invariant(lambda q, k, v: attention_weights(q, k)),
            "context has shape (2, 3, 5), but it should be (2, 3, 6)",
        ),
        "NaN": (lambda: checks.permutation_invariant(with_nan), "holds NaN"),
        "no return": (lambda: checks.permutation_invariant(none), "Is there a `return`?"),
        "stub": (lambda: checks.permutation_invariant(stub), "write it first"),
        "exception": (lambda: checks.permutation_invariant(broken), "ValueError: matmul"),
        "odd object": (lambda: checks.permutation_invariant(lambda *_: Odd()), "of type Odd"),
    },
    "batch": {
        "batch mixed": (
            lambda: checks.batch_items_independent(attend_with_batch_mixed, QUERIES, KEYS, VALUES),
            "item 0 of the batch changes by",
        ),
        "no batch axis": (
            lambda: checks.batch_items_independent(np.sum, VALUES),
            "result has shape (), but its first axis should be 2",
        ),
        "shape depends on the batch": (
            lambda: checks.batch_items_independent(lambda x: x @ x[:, 0].T, VALUES),
            "result for item 0 alone has shape (1, 5, 1), but it should be (1, 5, 2)",
        ),
        "NaN": (lambda: checks.batch_items_independent(with_nan, VALUES), "holds NaN"),
        "no return": (lambda: checks.batch_items_independent(none, VALUES), "`return`?"),
        "stub": (lambda: checks.batch_items_independent(stub, VALUES), "write it first"),
        "exception": (lambda: checks.batch_items_independent(broken, VALUES), "ValueError: matmul"),
        "text": (lambda: checks.batch_items_independent(lambda x: "x", VALUES), "of type str"),
    },
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_answer_is_told_so(name):
    verdict = RIGHT[name]()
    assert verdict, verdict
    assert str(verdict).startswith("right: ")


@pytest.mark.parametrize(
    ("check", "name"), [(check, name) for check, cases in WRONG.items() for name in cases]
)
def test_a_mistake_is_named(check, name):
    call, words = WRONG[check][name]
    verdict = call()
    assert not verdict
    assert words in str(verdict)
    assert repr(verdict).startswith("not yet: ")


@pytest.mark.parametrize("check", WRONG)
def test_each_mistake_gets_a_sentence_of_its_own(check):
    messages = [call().message for call, _ in WRONG[check].values()]
    assert len(set(messages)) == len(messages)


def test_softmax_over_the_queries_is_found_in_the_weights_and_not_in_the_symmetry():
    assert checks.permutation_invariant(softmax_over_queries)
    assert not checks.rows_sum_to_one(softmax(SCORES, axis=-2))


def test_the_same_mistake_is_recognised_by_its_result():
    mistakes = {"you divided over the queries.": softmax(SCORES, axis=1) @ VALUES}
    right = softmax(SCORES) @ VALUES
    arguments = (QUERIES, KEYS, VALUES)
    verdict = checks.same_result(softmax_over_queries, arguments, right, mistakes)
    assert verdict == (False, "you divided over the queries.")
    verdict = checks.same_result(attention, arguments, right, mistakes)
    assert "at position (0, 0, 0)" in verdict.message
    for function, words in ((none, "`return`?"), (stub, "write it first"), (with_nan, "NaN")):
        verdict = checks.same_result(function, arguments, right, mistakes)
        assert not verdict
        assert words in verdict.message


def test_a_small_error_beyond_the_tolerance_is_found():
    assert checks.close(1 + 1e-6, 1.0)
    assert not checks.close(1 + 1e-4, 1.0)
    weights = WEIGHTS.copy()
    weights[1, 2, 4] += 1e-4
    assert "row (1, 2) of weights" in checks.rows_sum_to_one(weights).message
    masked = softmax(SCORES, where=MASK)
    masked[1, 2, 4] = 1e-30
    assert "weight (1, 2, 4)" in checks.masked_weights_are_zero(masked, MASK).message
