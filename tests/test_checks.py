"""Checks: right answers pass, each typical mistake gets its own sentence, nothing is raised."""

import builtins
import sys
from functools import partial

import autograd
import nbformat
import numpy as np
import pytest
from autograd.extend import primitive
from hypothesis import given
from hypothesis import strategies as st
from nbclient import NotebookClient

from helpers import checks
from helpers.attention import attention, attention_weights, causal_mask, padding_mask
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


def writes_into_its_argument(*arguments):
    arguments[0][...] = 1


def halves_in_place(x):
    """Halve, but return nothing."""
    x /= 2


def attend_in_place(queries, keys, values):
    """Right, but each argument is used up."""
    queries /= np.sqrt(queries.shape[-1])
    scores = queries @ keys.swapaxes(1, 2)
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    context = scores @ values
    for array in (queries, keys, values):
        array[...] = np.nan
    return context


def asks(*arguments):
    return input("which axis? ")


@primitive
def without_gradient(x):
    return x * 2


def differentiates(*arguments):
    return autograd.grad(without_gradient)(3.0)


def takes_a_stub(*arguments):
    return stub(*arguments) + 1


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
    "permutation, in place": lambda: checks.permutation_invariant(attend_in_place),
    "batch": lambda: checks.batch_items_independent(attention, QUERIES, KEYS, VALUES),
    "batch, in place": lambda: checks.batch_items_independent(
        attend_in_place, QUERIES, KEYS, VALUES
    ),
    "same result, in place": lambda: checks.same_result(
        attend_in_place, (QUERIES, KEYS, VALUES), softmax(SCORES / 2) @ VALUES
    ),
    "later": lambda: checks.later_changes_nothing(
        lambda x: attention(x, x, x, causal_mask(5)), VALUES
    ),
    "later, in place": lambda: checks.later_changes_nothing(
        lambda x: x.cumsum(axis=1, out=x), VALUES
    ),
    "later, integers": lambda: checks.later_changes_nothing(
        lambda x: x.cumsum(axis=1), np.arange(24).reshape(2, 3, 4)
    ),
    "padding": lambda: checks.padding_changes_nothing(
        lambda x: attention(x, x, x, padding_mask([5, 3], 5)), VALUES, [5, 3]
    ),
    "padding, summary": lambda: checks.padding_changes_nothing(
        lambda x: x[[0, 1], [4, 2]], VALUES, np.array([5, 3])
    ),
    "finite": lambda: checks.finite(SCORES),
    "finite, called": lambda: checks.finite(lambda: SCORES),
    "depends": lambda: checks.depends_on(lambda x: attention(QUERIES, KEYS, x), VALUES),
    "depends, integers": lambda: checks.depends_on(lambda x: x.sum(), np.arange(3)),
    "padding, a number": lambda: checks.padding_changes_nothing(
        lambda x: x[0].sum() + x[1, :3].sum(), VALUES, [5, 3]
    ),
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
        "numbers as text": (lambda: checks.close(lambda: ("1", "2"), [1, 2]), "of type tuple"),
        "complex": (lambda: checks.close(np.ones(2) * 1j, np.ones(2)), "an array of complex128"),
        "a function": (lambda: checks.close(lambda: lambda: 3.0, 3.0), "of type function"),
        "input()": (lambda: checks.close(asks, 3.0), "stopped with OSError: pytest: reading from"),
        "no gradient": (
            lambda: checks.close(differentiates, 3.0),
            "autograd can't go back through a function that is called here: VJP of",
        ),
        "stub within": (
            lambda: checks.close(takes_a_stub, 3.0),
            "stub still raises NotImplementedError",
        ),
        "in place": (
            lambda: checks.same_result(halves_in_place, (np.ones(3),), np.ones(3) / 2),
            "the function changed what it was given and returned None: return the result.",
        ),
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
    "finite": {
        "infinite": (lambda: checks.finite(np.array([1.0, np.inf])), "holds NaN or infinity"),
        "crash": (lambda: checks.finite(partial(broken, SCORES), "score"), "stopped with"),
        "None": (lambda: checks.finite(none), "Is there a `return`?"),
        "text": (lambda: checks.finite("x", "score"), "score is of type str"),
    },
    "depends": {
        "constant": (
            lambda: checks.depends_on(lambda x: attention(QUERIES, KEYS, 0 * x), VALUES),
            "it never looks there",
        ),
        "shape depends on the numbers": (
            lambda: checks.depends_on(lambda x: x[x > x.mean()], VALUES),
            "but it should be",
        ),
        "stub": (lambda: checks.depends_on(stub, VALUES), "write it first"),
        "no return": (lambda: checks.depends_on(none, VALUES), "`return`?"),
        "NaN": (lambda: checks.depends_on(with_nan, VALUES), "holds NaN"),
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
    "later": {
        "the future": (
            lambda: checks.later_changes_nothing(lambda x: attention(x, x, x), VALUES),
            "place 0 changes by",
        ),
        "one place ahead": (
            lambda: checks.later_changes_nothing(
                lambda x: x + np.roll(x, -1, axis=1) * (np.arange(5) == 2)[:, None], VALUES
            ),
            "place 2 changes by",
        ),
        "another shape": (
            lambda: checks.later_changes_nothing(lambda x: x.sum(axis=1), VALUES),
            "result has shape (2, 6), but it should begin with (2, 5)",
        ),
        "stub": (lambda: checks.later_changes_nothing(stub, VALUES), "write it first"),
        "no return": (lambda: checks.later_changes_nothing(none, VALUES), "`return`?"),
        "NaN": (lambda: checks.later_changes_nothing(with_nan, VALUES), "holds NaN"),
    },
    "padding": {
        "mean": (
            lambda: checks.padding_changes_nothing(lambda x: x.mean(axis=1), VALUES, [5, 3]),
            "when only the padding does",
        ),
        "shape depends on the numbers": (
            lambda: checks.padding_changes_nothing(lambda x: x[x > x.mean()], VALUES, [5, 3]),
            "but it should be",
        ),
        "stub": (lambda: checks.padding_changes_nothing(stub, VALUES, [5, 3]), "write it first"),
        "no return": (lambda: checks.padding_changes_nothing(none, VALUES, [5, 3]), "`return`?"),
        "NaN": (lambda: checks.padding_changes_nothing(with_nan, VALUES, [5, 3]), "holds NaN"),
    },
}

# Each check, with the function that it calls left open.
CALLED = {
    "close": lambda function: checks.close(partial(function, QUERIES), np.ones(3)),
    "same_result": lambda function: checks.same_result(function, (QUERIES,), np.ones(3)),
    "same_function": lambda function: checks.same_function(
        function, lambda x: np.ones(3), [(QUERIES,), (KEYS,)]
    ),
    "rows_sum_to_one": lambda function: checks.rows_sum_to_one(partial(function, SCORES)),
    "masked_weights_are_zero": lambda function: checks.masked_weights_are_zero(
        partial(function, SCORES), MASK
    ),
    "permutation_invariant": checks.permutation_invariant,
    "batch_items_independent": lambda function: checks.batch_items_independent(function, VALUES),
    "finite": lambda function: checks.finite(partial(function, SCORES)),
    "depends_on": lambda function: checks.depends_on(function, VALUES),
    "later_changes_nothing": lambda function: checks.later_changes_nothing(function, VALUES),
    "padding_changes_nothing": lambda function: checks.padding_changes_nothing(
        function, VALUES, [5, 3]
    ),
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


def some_draws():
    rng = np.random.default_rng(3)
    sizes = [(2, 3, 4), (3, 4, 5), (2, 5, 6)]
    return [tuple(rng.standard_normal((n, k)) for n in (q, m)) for q, m, k in sizes]


def scores(queries, keys):
    return queries @ keys.T


MISTAKES = {
    "the keys ask.": lambda queries, keys: (queries @ keys.T).T,
    "the scores are halved.": lambda queries, keys: queries @ keys.T / 2,
    "right for two queries alone.": lambda queries, keys: queries @ keys.T * (len(queries) == 2),
}


@pytest.mark.parametrize("sentence", MISTAKES)
def test_a_wrong_function_is_told_which_mistake_it_makes_in_all_draws(sentence):
    verdict = checks.same_function(MISTAKES[sentence], scores, some_draws(), MISTAKES)
    assert verdict == (False, sentence)
    assert checks.same_function(scores, scores, some_draws(), MISTAKES)


def test_a_mistake_is_not_claimed_of_a_function_that_makes_another_in_a_later_draw():
    def other(queries, keys):
        return queries @ keys.T / (2 if len(queries) == 2 else 3)

    verdict = checks.same_function(other, scores, some_draws(), MISTAKES)
    assert not verdict
    assert "at position (0, 0)" in verdict.message


def test_a_mistake_that_runs_in_some_draws_only_is_named_where_it_runs():
    def square(queries, keys):
        return queries @ keys

    draws = [(np.eye(3) + 1.0, np.arange(9.0).reshape(3, 3)), *some_draws()]
    told = {"the keys are not turned.": square, **MISTAKES}
    assert checks.same_function(square, scores, draws, told) == (False, next(iter(told)))


def test_what_is_right_in_the_first_draw_alone_is_told_where_it_fails():
    def constant(queries, keys):
        return scores(*some_draws()[0])

    message = checks.same_function(constant, scores, some_draws(), MISTAKES).message
    assert message.startswith("in example 2, where the ones before are right, result has shape")


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: {"a": [x]}])
def test_a_function_that_writes_into_what_it_is_given_is_told_so(wrap):
    def adds(given):
        array = given["a"][0] if isinstance(given, dict) else given
        array += 1
        return array

    def right(given):
        return (given["a"][0] if isinstance(given, dict) else given) + 1

    draws = [(wrap(np.ones(n)),) for n in (2, 3)]
    assert "argument 1 was written into" in checks.same_function(adds, right, draws).message
    assert checks.same_function(right, right, draws)


def test_each_part_of_several_results_is_compared():
    def both(x):
        return x + 1, x * 2

    draws = [(np.arange(1.0, 3.0),), (np.arange(1.0, 4.0),)]
    assert checks.same_function(lambda x: [x + 1, x * 2], both, draws)
    for wrong, words in (
        (lambda x: (x + 1, x * 3), "result 2 of 2 is 3 at position (0,), but it should be 2."),
        (lambda x: (x + 1,), "returned 1 things, but it should be 2."),
        (lambda x: x + 1, "returned one thing, but it should be 2."),
    ):
        assert words in checks.same_function(wrong, both, draws).message


def test_what_comes_then_comes_only_after_a_right_answer_and_has_the_last_word():
    called = []

    def then(function):
        called.append(function)
        return checks.reaches(0.5, at_least=0.9)

    draws = some_draws()
    assert "the scores are halved." in str(
        checks.same_function([*MISTAKES.values()][1], scores, draws, MISTAKES, then)
    )
    assert called == []
    verdict = checks.same_function(scores, scores, draws, MISTAKES, then)
    assert called == [scores]
    assert verdict == (
        False,
        "as expected in 3 examples. But the share of right answers is 0.500, but it should be at "
        "least 0.900.",
    )
    for answer, words in ((None, "3 examples."), ("It learns.", "3 examples. It learns.")):
        verdict = checks.same_function(scores, scores, draws, then=lambda _, a=answer: a)
        assert verdict
        assert verdict.message.endswith(words)

    def stops(function):
        return function(np.ones((2, 3)), np.ones((2, 4)))

    verdict = checks.same_function(scores, scores, draws, then=stops)
    assert not verdict
    assert verdict.message.startswith("right in the small examples, but then the function stopped")


@pytest.mark.parametrize(
    ("share", "holds"), [(0.85, True), (0.9, True), (0.84, False), (0.91, False), (np.nan, False)]
)
def test_what_is_reached_lies_between_both_ends(share, holds):
    assert bool(checks.reaches(share, at_least=0.85, at_most=0.9)) is holds


def test_a_small_error_beyond_the_tolerance_is_found():
    assert checks.close(1 + 1e-6, 1.0)
    assert not checks.close(1 + 1e-4, 1.0)
    weights = WEIGHTS.copy()
    weights[1, 2, 4] += 1e-4
    assert "row (1, 2) of weights" in checks.rows_sum_to_one(weights).message
    masked = softmax(SCORES, where=MASK)
    masked[1, 2, 4] = 1e-30
    assert "weight (1, 2, 4)" in checks.masked_weights_are_zero(masked, MASK).message


def test_every_check_is_tried_with_functions_that_misbehave():
    public = {name for name, value in vars(checks).items() if hasattr(value, "__wrapped__")}
    assert set(CALLED) == {name for name in public if not name.startswith("_")} - {
        "contextmanager",
        "wraps",
    }


class Silent(Exception):
    """Has no words."""

    def __str__(self):
        raise RuntimeError("no text here")


ENDS = {
    SystemExit: "the function ends Python, as by exit()",
    KeyboardInterrupt: "the function was interrupted",
    GeneratorExit: "stopped with GeneratorExit",
    Silent: "stopped with Silent: it can't be said in words",
    EOFError("EOF when reading a line"): "the function calls input(), and nobody answers",
    RecursionError("too deep"): "stopped with RecursionError: too deep",
    MemoryError: "stopped with MemoryError",
}


@pytest.mark.parametrize("check", CALLED)
@pytest.mark.parametrize("error", ENDS, ids=repr)
def test_nothing_that_is_raised_escapes(check, error):
    def answer(*arguments):
        raise error

    verdict = CALLED[check](answer)
    assert not verdict
    assert ENDS[error] in verdict.message
    assert "write it first" not in verdict.message


@pytest.mark.parametrize("check", CALLED)
def test_exit_ends_the_call_alone(check):
    verdict = CALLED[check](lambda *arguments: sys.exit(0))
    assert verdict == (False, "the function ends Python, as by exit(): return the result instead.")


@pytest.mark.parametrize("check", CALLED)
def test_arguments_stay_as_they_were(check):
    given = [array.copy() for array in (QUERIES, KEYS, VALUES, SCORES)]
    assert not CALLED[check](writes_into_its_argument)
    for array, before in zip((QUERIES, KEYS, VALUES, SCORES), given, strict=True):
        np.testing.assert_array_equal(array, before)


def test_what_cannot_be_copied_is_handed_over_as_it_is():
    class Single:
        """One of its kind."""

        def __deepcopy__(self, memo):
            raise TypeError("there is one only")

    single = Single()
    assert checks.same_result(lambda given: float(given is single), (single,), 1.0)


# A step, as it is written for a result of its own, and in place.
STEPS = {
    "halve": (lambda x: x / 2, lambda x: np.divide(x, 2, out=x)),
    "shift": (lambda x: x + 3, lambda x: np.add(x, 3, out=x)),
    "square": (lambda x: x * x, lambda x: np.multiply(x, x, out=x)),
    "sum": (lambda x: x.cumsum(axis=1), lambda x: np.cumsum(x, axis=1, out=x)),
    "centre": (
        lambda x: x - x.mean(axis=1, keepdims=True),
        lambda x: np.subtract(x, x.mean(axis=1, keepdims=True), out=x),
    ),
    "mix": (lambda x: x + x[::-1], lambda x: np.add(x, x[::-1].copy(), out=x)),
}


@given(st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=4), st.integers(1, 3))
def test_work_in_place_is_judged_as_work_on_a_copy(names, batch):
    def run(way, x):
        for name in names:
            x = STEPS[name][way](x)
        return x

    x = np.random.default_rng(batch).standard_normal((batch, 4, 2))
    given = x.copy()
    for check in (
        lambda function: checks.same_result(function, (x,), run(0, x)),
        lambda function: checks.batch_items_independent(function, x),
        lambda function: checks.later_changes_nothing(function, x),
        lambda function: checks.padding_changes_nothing(function, x, [3] * batch),
        lambda function: checks.permutation_invariant(lambda q, k, v: function(v)[:, :3]),
    ):
        assert check(partial(run, 1)) == check(partial(run, 0))
    np.testing.assert_array_equal(x, given)


def test_a_kernel_outlives_an_answer_that_ends_it_or_asks():
    code = (
        "from helpers import checks\n\n"
        "def f():\n    exit()\n\n"
        "def g():\n    return input()\n\n"
        "def h():\n    return checks.close(f, 1.0).holds\n\n"
        "print(checks.close(f, 1.0), checks.close(g, 1.0), checks.close(h, 0.0), sep='\\n')",
        "import time\ntime.sleep(0.3)  # a kernel that was told to end does so after 0.1 s",
        "print('here')",
    )
    cells = [nbformat.v4.new_code_cell(source) for source in code]
    NotebookClient(nbformat.v4.new_notebook(cells=cells), timeout=60).execute()
    assert cells[0].outputs[0].text.splitlines() == [
        "not yet: the function ends Python, as by exit(): return the result instead.",
        "not yet: the function calls input(), and nobody answers: use its arguments instead.",
        "right: result is as expected.",
    ]
    assert cells[2].outputs[0].text == "here\n"


def test_exit_is_given_back_to_the_shell(monkeypatch):
    class Shell:
        """Stands in for IPython's."""

        def ask_exit(self):
            self.asked = True

    shell = Shell()
    monkeypatch.setattr(builtins, "get_ipython", lambda: shell, raising=False)
    assert "ends Python" in checks.close(lambda: shell.ask_exit(), 1.0).message
    assert not hasattr(shell, "asked")
    shell.ask_exit()
    assert shell.asked
