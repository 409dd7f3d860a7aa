"""Every exercise of every chapter: its stub fails, its solution passes, its mistakes have names."""

import re
from pathlib import Path

import nbformat
import pytest

from helpers import checks

BOOK = Path(__file__).parents[1] / "book"
CHAPTERS = sorted(BOOK.glob("[0-9]*.ipynb"))
START = re.compile(r"```\{exercise-start\}\s+:label: (\S+)")
SOLUTION = re.compile(r"```\{solution-start\} (\S+)")


def tagged(cell, tag):
    return cell.cell_type == "code" and tag in cell.metadata.get("tags", [])


def printed(cell):
    return "".join(output.get("text", "") or output.data["text/plain"] for output in cell.outputs)


def exercises(path):
    """Map the label of each exercise to its cells, from its text to before the next exercise."""
    found = {}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown" and (start := START.search(cell.source)):
            found[start[1]] = []
        if found:
            found[list(found)[-1]].append(cell)
    return found


ALL = [
    pytest.param(path, label, id=f"{path.stem}-{label}")
    for path in CHAPTERS
    for label in exercises(path)
]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_has_three_to_five_exercises(path):
    assert 3 <= len(exercises(path)) <= 5


@pytest.mark.parametrize(("path", "label"), ALL)
def test_stub_fails_and_solution_passes(path, label):
    # nbval holds what is printed here against a new run.
    cells = exercises(path)[label]
    (stub,) = [cell for cell in cells if tagged(cell, "exercise")]
    solutions = [cell for cell in cells if tagged(cell, "solution")]
    assert printed(stub).startswith("not yet: the function still raises NotImplementedError")
    assert [printed(cell).split(":")[0] for cell in solutions] == ["right"]


@pytest.mark.parametrize(("path", "label"), ALL)
def test_has_a_hint_and_a_folded_solution(path, label):
    text = "\n".join(cell.source for cell in exercises(path)[label] if cell.cell_type == "markdown")
    assert "*Hint:*" in text
    assert SOLUTION.search(text)[1] == label
    assert ":class: dropdown" in text


@pytest.mark.parametrize(("path", "label"), ALL)
def test_each_mistake_gets_its_own_message(path, label, monkeypatch):
    calls = []
    monkeypatch.setattr(checks, "same_result", lambda *a, **k: calls.append((a, k)))
    names = {}
    notebook = nbformat.read(path, as_version=4)
    imports = next(
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and not tagged(cell, "remove-cell")
    )
    cells = exercises(path)[label]
    stub = next(index for index, cell in enumerate(cells) if tagged(cell, "exercise"))
    for cell in [imports, *(cell for cell in cells[: stub + 1] if cell.cell_type == "code")]:
        exec(cell.source, names)
    monkeypatch.undo()

    ((positional, named),) = calls
    named |= dict(zip(("function", "arguments", "expected", "mistakes"), positional, strict=False))
    assert len(named["mistakes"]) >= 2
    for message, result in named["mistakes"].items():
        verdict = checks.same_result(**{**named, "function": lambda *_, r=result: r})
        assert not verdict
        assert verdict.message == message
