"""A clean copy of the notebook with a student's answers in it.

What is graded is never the submitted notebook itself: tests that a student has changed or
deleted, points that were edited and links to other files have no effect.
"""

import copy
from dataclasses import dataclass, field

import nbformat
from nbformat.v4 import new_code_cell

LARGEST = 20_000_000


class Unreadable(Exception):
    """Why a submission can't be read, as the sentence that the student gets."""


@dataclass
class Submission:
    """What a student wrote, by nbgrader's names of the cells.

    Attributes
    ----------
    answers : dict of str to str
        The content of each answer cell that is there.
    added : dict of str to list of str
        Cells of code that the student added, by the name of the cell before them; "" is the top.
    """

    answers: dict = field(default_factory=dict)
    added: dict = field(default_factory=dict)


def find(folder, name):
    """Return the submitted notebook of a set: by its name, or the only one there is.

    Links are not followed: they could lead to the instructor's files.
    """
    if not folder.is_dir() or folder.is_symlink():
        raise Unreadable("nothing was handed in")
    there = [path for path in sorted(folder.glob("*.ipynb")) if not path.is_symlink()]
    there = [path for path in there if path.is_file()]
    if folder / f"{name}.ipynb" in there:
        return folder / f"{name}.ipynb"
    if len(there) != 1:
        raise Unreadable(f"there is no {name}.ipynb" if not there else "more than one notebook")
    return there[0]


def load(path):
    """Read a submitted notebook, which may hold anything."""
    size = path.stat().st_size
    if size == 0:
        raise Unreadable("the file is empty")
    if size > LARGEST:
        raise Unreadable("the file is larger than 20 MB")
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except Exception:  # whatever is in the file
        raise Unreadable("the file is not a notebook") from None
    return notebook


def take(student_version, submitted):
    """Collect the answers, and the cells that the student added."""
    names = {name_of(cell) for cell in student_version.cells} - {""}
    answers = {name_of(cell) for cell in student_version.cells if is_answer(cell)}
    submission, before = Submission(), ""
    for cell in submitted.cells:
        name = name_of(cell)
        if name in answers and name not in submission.answers:
            submission.answers[name] = cell.source
        elif name in names - answers:
            pass  # the clean copy has it
        elif cell.cell_type == "code":
            submission.added.setdefault(before, []).append(cell.source)
        before = name if name in names else before
    return submission


def put(student_version, submission, *, everywhere=True):
    """Put the answers, and the added cells after them, into a clean copy.

    In a chapter (not `everywhere`), cells count that stand between an answer and its check: the
    others belong to the chapter.
    """
    clean = copy.deepcopy(student_version)
    cells = _added("", submission) if everywhere else []
    for cell in clean.cells:
        name = name_of(cell)
        cell.source = submission.answers.get(name, cell.source)
        cells.append(cell)
        if name and (everywhere or is_answer(cell)):
            cells += _added(name, submission)
    clean.cells = cells
    return clean


def _added(before, submission):
    return [new_code_cell(source) for source in submission.added.get(before, ())]


def name_of(cell):
    """Return nbgrader's name of a cell; in a submission it may be anything."""
    mark = cell.metadata.get("nbgrader")
    name = mark.get("grade_id") if isinstance(mark, dict) else None
    return name if isinstance(name, str) else ""


def is_answer(cell):
    """Tell whether a cell of the clean notebook is for an answer."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))
