"""Chapters as coursework: without their solutions, and scored by the checks they already have.

The checks of a chapter run beside the answer, and what they say is believed.
"""

import re

from nbformat import from_dict
from nbformat.v4 import new_notebook

EXERCISE = re.compile(r"```\{exercise-start\}\s+:label: (\S+)")
SOLUTION_START, SOLUTION_END = "```{solution-start}", "```{solution-end}\n```"


def tagged(cell, tag):
    """Tell whether a cell has a tag."""
    return tag in cell.metadata.get("tags", [])


def exercises(cells):
    r"""Map the label of each exercise to its cells, from its text to before the next exercise.

    Examples
    --------
    >>> from nbformat.v4 import new_code_cell, new_markdown_cell
    >>> text = new_markdown_cell("```{exercise-start}\n:label: ex-one\n```\nTry.")
    >>> found = exercises([new_code_cell("1"), text, new_code_cell("2"), new_code_cell("3")])
    >>> [(label, [cell.source[-1] for cell in cells]) for label, cells in found.items()]
    [('ex-one', ['.', '2', '3'])]
    """
    found, label = {}, None
    for cell in cells:
        if cell.cell_type == "markdown" and (start := EXERCISE.search(cell.source)):
            label = start[1]
        if label:
            found.setdefault(label, []).append(cell)
    return found


def without_solutions(notebook):
    """Return a chapter for students: the solutions gone, and the rest marked for grading."""
    kept, inside = [], False
    for cell in map(from_dict, notebook.cells):
        if cell.cell_type == "markdown":
            cell.source, inside = cut(cell.source, inside)
            if cell.source:
                kept.append(cell)
        elif not inside and not tagged(cell, "solution"):
            cell.outputs, cell.execution_count = [], None
            kept.append(cell)
    _mark(kept)
    return new_notebook(cells=kept, metadata=notebook.metadata, nbformat_minor=5)


def cut(text, inside):
    r"""Leave the solutions out of a Markdown cell, in which one may end and another begin.

    Parameters
    ----------
    text : str
    inside : bool
        Whether a solution has begun in a cell before.

    Returns
    -------
    (str, bool)
        What is left, and whether a solution goes on after this cell.

    Examples
    --------
    >>> cut("Try.\n```{solution-start} ex-one", inside=False)
    ('Try.', True)
    >>> cut("```{solution-end}\n```\nNext.", inside=True)
    ('Next.', False)
    """
    kept = []
    while text:
        if inside:
            _, found, text = text.partition(SOLUTION_END)
            inside = not found
        else:
            before, found, text = text.partition(SOLUTION_START)
            inside = bool(found)
            kept.append(before.strip())
    return "\n\n".join(filter(None, kept)), inside


def gradable(notebook):
    """Return what grading runs of a chapter: imports, and the cells of each exercise."""
    cells = [cell for cell in without_solutions(notebook).cells if "nbgrader" in cell.metadata]
    return new_notebook(cells=cells, metadata=notebook.metadata, nbformat_minor=5)


def _mark(cells):
    """Give names, as nbgrader does, to the imports, and to the code cells of each exercise."""
    code = [cell for cell in cells if cell.cell_type == "code"]
    first = next(i for i, cell in enumerate(code) if not tagged(cell, "remove-cell"))
    for index, cell in enumerate(code[: first + 1]):
        _name(cell, f"imports_{index}", locked=True)
    for label, exercise in exercises(cells).items():
        code = [cell for cell in exercise if cell.cell_type == "code"]
        last = next(i for i, cell in enumerate(code) if tagged(cell, "exercise"))
        _mark_exercise(label, code[: last + 1])


def _mark_exercise(label, exercise):
    *given, stub, check = exercise
    for index, cell in enumerate(given):
        _name(cell, f"{label}_given_{index}", locked=True)
    _name(stub, label, solution=True)
    _name(check, f"test_{label}", locked=True, grade=True)
    check.metadata.nbgrader["points"] = 1


def _name(cell, grade_id, *, locked=False, solution=False, grade=False):
    cell.metadata["nbgrader"] = from_dict(
        {
            "schema_version": 3,
            "grade_id": grade_id,
            "locked": locked,
            "solution": solution,
            "grade": grade,
            "task": False,
            "cell_type": cell.cell_type,
        }
    )
