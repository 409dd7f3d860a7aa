"""A clean copy of the notebook with a student's answers in it.

What is graded is never the submitted notebook itself: checks that a student has changed or
deleted, points that were edited and links to other files have no effect. What a student wrote
counts wherever it stands: in the cell for it, in a copy of that cell, in a cell of one's own, or
as lines added to a cell of ours.
"""

import ast
from dataclasses import dataclass, field

from grading.chapters import EXERCISE

TEXT = "text of "


@dataclass
class Submission:
    """What a student wrote, by the names of our cells.

    Attributes
    ----------
    answers : dict of str to str
        The content of each answer cell that is there.
    added : dict of str to list of str
        Code that the student added, by the name of the cell before it; "" is the top.
    """

    answers: dict = field(default_factory=dict)
    added: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """A piece of code to run.

    Attributes
    ----------
    name : str
        Of our cell; that of an added one is the name of the cell before it.
    source : str
    kind : str
        "given", "answer", "added" or "check".
    """

    name: str
    source: str
    kind: str


def take(student_version, cells):
    """Collect the answers, and what the student added."""
    ours = {name_of(cell): cell for cell in student_version.cells if name_of(cell)}
    ids = {cell.id: name for name, cell in ours.items()}
    submission, before = Submission(), ""

    def add(source):
        submission.added.setdefault(before, []).append(source)

    for cell in cells:
        name = cell.name if cell.name in ours else ids.get(cell.id, "")
        if not cell.code and (start := EXERCISE.search(cell.source)):
            before = TEXT + start[1]
        elif not name:
            if cell.code:
                add(cell.source)
            continue
        mine = ours.get(name)
        before = name or before
        if mine is None:
            continue
        if is_answer(mine):
            if not is_written(submission.answers.get(name), mine):
                submission.answers[name] = cell.source
            elif cell.code and is_written(cell.source, mine):
                add(cell.source)  # a copy
        elif cell.code and not is_check(mine) and (more := added_lines(cell.source, mine.source)):
            add(more)
    return submission


def is_written(source, mine):
    """Tell whether there is an answer, and not what was handed out."""
    return source is not None and source.strip() not in ("", mine.source.strip())


def added_lines(source, ours):
    r"""Return the statements that a student added to a cell of ours.

    Examples
    --------
    >>> added_lines("import math\nimport numpy as np", "import numpy as np")
    'import math'
    """
    try:
        known = {ast.dump(one) for one in ast.parse(ours).body}
        new = [one for one in ast.parse(source).body if ast.dump(one) not in known]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    return "\n".join(map(ast.unparse, new))


def steps(student_version, submission, *, everywhere=True):
    """Return what is to be run: a clean copy, the answers, and what was added.

    An answer cell in which nothing was written is left out: it would undo a solution above it.
    In a chapter (not `everywhere`), added cells count that stand between the text of an exercise
    and its check: the others belong to the chapter.
    """
    found = [] if not everywhere else _added("", submission)
    for cell in student_version.cells:
        name = name_of(cell)
        if cell.cell_type != "code":
            continue
        label = name.removeprefix("test_").split("_given_")[0]
        if TEXT + label in submission.added and not is_check(cell):
            found += _added(TEXT + label, submission)
            del submission.added[TEXT + label]
        if is_answer(cell):
            answer = submission.answers.get(name)
            if is_written(answer, cell):
                found.append(Step(name, answer, "answer"))
        else:
            found.append(Step(name, cell.source, "check" if is_check(cell) else "given"))
        if name and (everywhere or not is_check(cell)):
            found += _added(name, submission)
    return found


def _added(before, submission):
    return [Step(before, source, "added") for source in submission.added.get(before, ())]


def name_of(cell):
    """Return the name of a cell of ours, or an empty one."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def is_answer(cell):
    """Tell whether a cell of ours is for an answer."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def is_check(cell):
    """Tell whether a cell of ours is the check of an answer."""
    mark = cell.metadata.get("nbgrader", {})
    return bool(mark.get("grade")) and not mark.get("solution")
