"""What came of each question: points, a reason, and a sentence for the student."""

import builtins
import re
from dataclasses import dataclass

from grading import pry, sandbox
from grading.execute import all_right
from grading.rebuild import is_answer, is_written, name_of

PASSED, WRONG, MISSING = "passed", "wrong", "missing"
TIMED, CRASHED, TO_READ, READ = "timed out", "crashed", "to be read", "read"
NOT_GRADED = "not graded"
LEFT_ALONE = "nothing was written here"
DELETED = "the cell for the answer was deleted"
STOPPED = "the function stopped with "
REFUSED = "the answer calls the helpers' own implementation of what is asked"
NO_FUNCTION = "there is no function of this name"
OTHER = "another result than expected on a hidden example"
CELL_FILE = re.compile(r"\((?:<ipython-input-[^>]*>|\d+\.py), line (\d+)\)")


@dataclass(frozen=True, order=True)
class Outcome:
    """A line of grades.csv."""

    student: str
    set: str
    question: str
    points: float | None
    out_of: float
    reason: str
    detail: str = ""
    look: str = ""


def questions(student_version):
    """Return the graded cells: (name of the question, points, whether it is a written answer)."""
    return [
        (name_of(cell).removeprefix("test_"), cell.metadata.nbgrader.points, is_answer(cell))
        for cell in student_version.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    ]


def nothing(student, name, student_version, reason, detail):
    """Return the outcomes of a submission that can't be graded."""
    points = None if reason == NOT_GRADED else 0.0
    return [
        Outcome(student, name, question, points, float(out_of), reason, detail)
        for question, out_of, _ in questions(student_version)
    ]


def judge(student, name, student_version, submission, steps, evidence, examples):
    """Return the outcomes of a submission that was run.

    Parameters
    ----------
    examples : dict of str to list of Example, or None
        The hidden examples of a problem set; a chapter has none, and its checks decide.
    """
    ours = {name_of(cell): cell for cell in student_version.cells}
    found = []
    for question, out_of, written in questions(student_version):
        answer, look = submission.answers.get(question), ""
        there = is_written(answer, ours[question])
        if written:
            reason, detail = (TO_READ, "") if there else (MISSING, LEFT_ALONE)
        else:
            look = ", ".join(pry.names(pry.before_check(steps, question)))
            reason, detail = came_of(question, evidence, examples)
            defined = there or pry.defines(steps, pry.functions(ours[question].source))
            if reason != PASSED and not defined:
                reason, detail = MISSING, LEFT_ALONE
        if reason == MISSING and answer is None:
            detail = DELETED
        points = {PASSED: float(out_of), TO_READ: None}.get(reason, 0.0)
        found.append(Outcome(student, name, question, points, float(out_of), reason, detail, look))
    return found


def came_of(question, evidence, examples):
    """Return reason and detail: a point needs the right values, whatever else was seen."""
    check, values = evidence.checks.get(question, {}), evidence.values.get(question, [])
    if examples is None:
        if check.get("holds") is True:
            return PASSED, ""
        if check.get("holds") is False:
            return explained("AssertionError", check.get("message"))
    elif all_right(examples[question], values):
        return PASSED, ""
    if "lost" in check:
        return lost(check["lost"])
    if error := named(check):
        answer = evidence.answers.get(question, {})
        if error[0] == "NameError" and "lost" in answer:
            return lost(answer["lost"])
        if error[0] == "NameError" and named(answer):
            error = named(answer)  # the function was never defined, and this is why
        return explained(*error)
    if examples is None or not values:
        return CRASHED, "the check did not run"
    return hidden(values[-1])


def named(reply):
    """Return (name, message) of what stopped a cell, if anything did."""
    error = reply.get("error")
    if not isinstance(error, dict):
        return None
    message = " ".join(str(error.get("message")).split())
    return str(error.get("name")), CELL_FILE.sub(r"in line \1", message)[:200]


def lost(why):
    """Return reason and detail for code that ended its process, or was ended."""
    if why == "time":
        return TIMED, f"more than {sandbox.setting('GRADING_TIMEOUT')} seconds"
    if why == "total":
        seconds = sandbox.setting("GRADING_TOTAL")
        return TIMED, f"the whole notebook took more than {seconds} seconds"
    if why == "size":
        return CRASHED, "the result is too large"
    return CRASHED, sandbox.ENDED if why == "died" else str(why)


def explained(name, message):
    """Return reason and detail for what a visible check said."""
    message = str(message)
    if name == "AssertionError" and not message.startswith(STOPPED):
        return WRONG, message
    return CRASHED, message if message.startswith(STOPPED) else f"{name}: {message}"


def hidden(last):
    """Return reason and detail for the last value of a hidden example.

    Student code has seen the inputs by now, so nothing that it says is passed on.
    """
    if not isinstance(last, dict):
        return WRONG, OTHER
    if "lost" in last:
        reason, detail = lost(last["lost"])
        return reason, f"on a hidden example: {detail}"
    if error := named(last):
        if error == ("NameError", NO_FUNCTION):
            return CRASHED, "no function of this name was defined"
        if error == ("RuntimeError", REFUSED):
            return WRONG, REFUSED
        kind = getattr(builtins, error[0], None)
        known = isinstance(kind, type) and issubclass(kind, BaseException)
        return CRASHED, f"on a hidden example, {STOPPED}{error[0] if known else 'an error'}"
    return WRONG, OTHER
