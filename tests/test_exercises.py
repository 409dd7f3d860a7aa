"""Every exercise of every chapter: its stub fails, its solution passes, wrong answers don't."""

import ast
import copy
import inspect
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import slips

import notebooks
from grading.chapters import SOLUTION_START, exercises, tagged
from helpers import checks

SOLUTION = re.compile(re.escape(SOLUTION_START) + r" (\S+)")
EFFORT = re.compile(r"^\*Difficulty [123] of 3 · about \d+ minutes? · .+\.?\*$", re.MULTILINE)
CHAPTERS = {
    path: nbformat.read(path, as_version=4) for path in sorted(notebooks.BOOK.glob("[0-9]*.ipynb"))
}
EXERCISES = {path: exercises(notebook.cells) for path, notebook in CHAPTERS.items()}
ALL = [
    pytest.param(path, label, id=f"{path.stem}-{label}")
    for path, found in EXERCISES.items()
    for label in found
]


def printed(cell):
    return "".join(output.get("text", "") or output.data["text/plain"] for output in cell.outputs)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_has_three_to_six_exercises(path):
    assert 3 <= len(EXERCISES[path]) <= 6


@pytest.mark.parametrize(("path", "label"), ALL)
def test_stub_fails_and_solution_passes(path, label):
    # nbval holds what is printed here against a new run.
    cells = EXERCISES[path][label]
    (stub,) = [cell for cell in cells if tagged(cell, "exercise")]
    solutions = [cell for cell in cells if tagged(cell, "solution")]
    assert re.match(r"not yet: (the function|\w+) still raises NotImplementedError", printed(stub))
    assert [printed(cell).split(":")[0] for cell in solutions] == ["right"]


@pytest.mark.parametrize(("path", "label"), ALL)
def test_has_a_hint_and_a_folded_solution(path, label):
    cells = EXERCISES[path][label]
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    assert "*Hint:*" in text
    assert SOLUTION.search(text)[1] == label
    assert ":class: dropdown" in text


@pytest.mark.parametrize(("path", "label"), ALL)
def test_says_how_hard_it_is_how_long_it_takes_and_what_needs_it(path, label):
    text = "\n".join(c.source for c in EXERCISES[path][label] if c.cell_type == "markdown")
    assert EFFORT.search(text)


def imported(path):
    """Return the imports of a chapter, as code."""
    code = [cell.source for cell in CHAPTERS[path].cells if cell.cell_type == "code"]
    lines = [line for source in code for line in ast.parse(source).body]
    return "\n".join(map(ast.unparse, filter(is_import, lines)))


def is_import(line):
    return isinstance(line, (ast.Import, ast.ImportFrom))


def handed_to_the_check(path, label):
    """Return what an exercise hands to `checks.same_function`, by name."""
    calls = []
    cells = [cell for cell in EXERCISES[path][label] if cell.cell_type == "code"]
    stub = next(index for index, cell in enumerate(cells) if tagged(cell, "exercise"))
    names = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checks, "same_function", lambda *a, **k: calls.append((a, k)))
        for code in [imported(path), *(cell.source for cell in cells[: stub + 1])]:
            exec(code, names)
    ((positional, named),) = calls
    parameters = [*inspect.signature(checks.same_function).parameters]
    return dict(zip(parameters, positional, strict=False)) | named


@pytest.mark.parametrize(("path", "label"), ALL)
def test_examples_are_several_and_of_different_sizes(path, label):
    draws = handed_to_the_check(path, label)["draws"]
    assert len(draws) >= 3
    sizes = [[np.shape(argument) for argument in arguments_of(draw)] for draw in draws]
    assert not any(map(any, sizes)) or any(one != sizes[0] for one in sizes)


def arguments_of(draw):
    """Return the arrays of a draw, those in dicts and lists too."""
    if isinstance(draw, dict):
        draw = [draw[key] for key in sorted(draw, key=str)]
    if isinstance(draw, (list, tuple)):
        return [array for part in draw for array in arguments_of(part)]
    return [draw]


@pytest.mark.parametrize(("path", "label"), ALL)
def test_each_mistake_gets_its_own_message_and_no_slip_passes(path, label):
    handed = handed_to_the_check(path, label)
    right, draws, mistakes = handed["right"], handed["draws"], handed["mistakes"]
    handed["then"] = None
    assert checks.same_function(**handed | {"function": right})
    assert len(mistakes) >= 3
    for message, wrong in mistakes.items():
        verdict = checks.same_function(**handed | {"function": wrong})
        assert verdict == (False, message)
    tried = 0
    for slip in slips.SLIPS:
        wrong = slip(right, draws)
        if not all(map(same_answer, [wrong] * len(draws), [right] * len(draws), draws)):
            tried += 1
            assert not checks.same_function(**handed | {"function": wrong}), slip.__name__
    assert tried >= 5


def same_answer(one, other, arguments):
    """Whether two functions agree to the bit, so that a slip is none here."""
    try:
        results = [np.asarray(f(*copy.deepcopy(arguments)), dtype=float) for f in (one, other)]
    except Exception:
        return False
    return np.array_equal(*results)


def test_no_exercise_has_gone():
    listed = (Path(__file__).parent / "exercises.txt").read_text().split()
    assert [
        f"{path.stem}/{label}" for path, found in EXERCISES.items() for label in found
    ] == listed
