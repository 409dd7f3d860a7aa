"""Points don't hang on the seed: no known wrong answer ever passes the hidden examples."""

import numpy as np
import pytest
from wrong_answers import WRONG

from folders import ASSIGNMENTS
from grading import hidden, places
from grading.cases import SETS
from helpers import checks

SEEDS = 200
PARTS = [(name, part) for name, parts in SETS.items() for part in parts]


def gives(function, example):
    """Return what `inside` would return of a call."""
    with np.errstate(all="ignore"):
        try:
            array = np.asarray(function(*example.arguments)).astype(float)
        except Exception:
            return {}
    return {"shape": list(array.shape), "values": array.ravel().tolist()}


def namespace(name):
    """Return what the instructor's notebook defines, and the calls of its visible checks."""
    calls, names = [], {}
    real = checks.same_result
    for cell in places.read(ASSIGNMENTS / "source" / name / f"{name}.ipynb").cells:
        if cell.cell_type == "code":
            names["record"] = lambda *a: calls.append(a) or real(*a)
            exec(cell.source.replace("checks.same_result(", "record("), names)
    return calls


@pytest.fixture(scope="module")
def visible():
    """Collect the calls of all visible checks, by the name of the function."""
    found = {}
    for name in SETS:
        for call in namespace(name):
            found.setdefault((name, call[0].__name__), []).append(call)
    return found


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_the_wrong_answers_are_those_that_the_check_names(visible, name, part):
    functions = WRONG[name][part]
    named = functions[: functions.index(None)]
    sentences = [(call, text) for call in visible[name, part] for text in call[3]]
    assert len(named) == len(sentences)
    with np.errstate(all="ignore"):
        for function, ((_, arguments, expected, mistakes), text) in zip(
            named, sentences, strict=True
        ):
            found = checks.same_result(function, arguments, expected, mistakes)
            assert found.message == text, (part, text)


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_no_wrong_answer_passes_whatever_the_seed(name, part):
    wrong = [function for function in WRONG[name][part] if function]
    for seed in range(SEEDS):
        examples = hidden.examples(SETS[name][part], hidden.generator(str(seed), name, part))
        for place, function in enumerate(wrong):
            assert not all(one.right(gives(function, one)) for one in examples), (place, seed)


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_what_is_expected_passes(name, part):
    """The comparison is not so strict that a right answer fails, nor so lax that silence passes."""
    question = SETS[name][part]
    for one in hidden.examples(question, hidden.generator("seed", name, part)):
        assert one.right(gives(question.expected, one))
        for nothing in ({}, None, {"shape": list(one.expected.shape)}, {"values": []}):
            assert not one.right(nothing)
        nan = {"shape": list(one.expected.shape), "values": [float("nan")] * one.expected.size}
        assert not one.right(nan)
