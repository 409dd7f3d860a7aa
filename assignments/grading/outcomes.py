"""What came of each question: points, a reason, and a sentence for the student."""

import re
from dataclasses import dataclass

from grading.rebuild import is_answer, name_of

PASSED, WRONG, MISSING = "passed", "wrong", "missing"
TIMED, CRASHED, TO_READ, READ = "timed out", "crashed", "to be read", "read"
# What `execute` calls the errors of a cell that was left out.
TIMED_OUT, DIED = "CellTimeoutError", "KernelDied"
LEFT_ALONE = "nothing was written here"
STOPPED = "the function stopped with "
CELL_FILE = re.compile(r"\(\d+\.py, line (\d+)\)")
# Names with which an answer could look at the test that calls it: read such answers yourself.
PRYING = re.compile(
    r"\b(_getframe|inspect|get_ipython|ast_transformers|gc|ctypes|__code__|settrace|setprofile"
    r"|f_back|f_locals|_ih|In)\b"
)


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
    return [
        Outcome(student, name, question, 0.0, float(points), reason, detail)
        for question, points, _ in questions(student_version)
    ]


def judge(student, name, student_version, submission, executed, scores):
    """Return the outcomes of an executed submission."""
    handed_out = {name_of(cell): cell.source for cell in student_version.cells}
    errors = {name_of(cell): first_error(cell) for cell in executed.cells if name_of(cell)}
    found = []
    for question, points, written in questions(student_version):
        answer = submission.answers.get(question)
        look = ", ".join(sorted(set(PRYING.findall(answer or "")))) if not written else ""
        if answer is None:
            reason, detail = MISSING, "the cell for the answer was deleted"
        elif answer.strip() in ("", handed_out[question].strip()):
            reason, detail = MISSING, LEFT_ALONE
        elif written:
            reason, detail = TO_READ, ""
        else:
            reason, detail = explain(errors.get(f"test_{question}"), errors.get(question))
        score = scores.get(question if written else f"test_{question}", (0, points))[0]
        score = None if reason == TO_READ else float(score or 0) if reason == PASSED else 0.0
        found.append(Outcome(student, name, question, score, float(points), reason, detail, look))
    return found


def first_error(cell):
    """Return (name, message) of the first error that a cell showed, or None."""
    for output in cell.get("outputs", ()):
        if output.output_type == "error":
            message = CELL_FILE.sub(r"in line \1", " ".join(str(output.evalue).split()))
            return output.ename, message[:200]
    return None


def explain(test_error, answer_error):
    """Return reason and detail for the errors of a test and of the answer before it."""
    if test_error is None:
        return PASSED, ""
    if test_error[0] == "NameError" and answer_error:
        test_error = answer_error  # the answer was never defined, and this is why
    name, message = test_error
    if name == TIMED_OUT:
        return TIMED, message
    if name == "AssertionError" and not message.startswith(STOPPED):
        return WRONG, message
    if name == "RuntimeError" and message.startswith("the answer calls"):
        return WRONG, message
    if name == DIED:
        return CRASHED, message
    return CRASHED, message if message.startswith(STOPPED) else f"{name}: {message}"
