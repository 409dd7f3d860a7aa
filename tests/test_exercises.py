"""Every exercise of every chapter: its stub fails, its solution passes, its mistakes have names."""

import re

import nbformat
import pytest

import notebooks
from grading.chapters import SOLUTION_START, exercises, tagged
from helpers import checks

SOLUTION = re.compile(re.escape(SOLUTION_START) + r" (\S+)")
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
def test_a_chapter_has_three_to_five_exercises(path):
    assert 3 <= len(EXERCISES[path]) <= 5


@pytest.mark.parametrize(("path", "label"), ALL)
def test_stub_fails_and_solution_passes(path, label):
    # nbval holds what is printed here against a new run.
    cells = EXERCISES[path][label]
    (stub,) = [cell for cell in cells if tagged(cell, "exercise")]
    solutions = [cell for cell in cells if tagged(cell, "solution")]
    assert printed(stub).startswith("not yet: the function still raises NotImplementedError")
    assert [printed(cell).split(":")[0] for cell in solutions] == ["right"]


@pytest.mark.parametrize(("path", "label"), ALL)
def test_has_a_hint_and_a_folded_solution(path, label):
    cells = EXERCISES[path][label]
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    assert "*Hint:*" in text
    assert SOLUTION.search(text)[1] == label
    assert ":class: dropdown" in text


@pytest.mark.parametrize(("path", "label"), ALL)
def test_each_mistake_gets_its_own_message(path, label, monkeypatch):
    calls = []
    monkeypatch.setattr(checks, "same_result", lambda *a, **k: calls.append((a, k)))
    code = [cell for cell in CHAPTERS[path].cells if cell.cell_type == "code"]
    imports = next(cell for cell in code if not tagged(cell, "remove-cell"))
    cells = [cell for cell in EXERCISES[path][label] if cell.cell_type == "code"]
    stub = next(index for index, cell in enumerate(cells) if tagged(cell, "exercise"))
    names = {}
    for cell in [imports, *cells[: stub + 1]]:
        exec(cell.source, names)
    monkeypatch.undo()

    ((positional, named),) = calls
    named |= dict(zip(("function", "arguments", "expected", "mistakes"), positional, strict=False))
    assert len(named["mistakes"]) >= 2
    for message, result in named["mistakes"].items():
        verdict = checks.same_result(**{**named, "function": lambda *_, r=result: r})
        assert not verdict
        assert verdict.message == message
