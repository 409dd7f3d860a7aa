"""Running a submission: what its cells did, and what its functions give for hidden inputs.

Nothing is decided here. What does not run gives no value, and no value is no point.
"""

import time
from dataclasses import dataclass, field

from grading import sandbox
from grading.sandbox import Lost, Sandbox

RESTARTS = 2


@dataclass
class Evidence:
    """What came of one submission.

    Attributes
    ----------
    answers, checks : dict of str to dict
        Replies for the cells of answers and of checks, by the name of the question: what stopped
        them ("error", "lost"), and the verdict of a chapter's check ("holds", "message").
    given : dict of str to dict
        The same for our own cells that are neither.
    values : dict of str to list
        For each part, a result or an error for each hidden example, as they came.
    """

    answers: dict = field(default_factory=dict)
    checks: dict = field(default_factory=dict)
    given: dict = field(default_factory=dict)
    values: dict = field(default_factory=dict)


def run(steps, examples=None, refused=None, *, unsafe):
    """Run a submission; what takes the sandbox with it is left out of a fresh start.

    Parameters
    ----------
    steps : list of Step
    examples : dict of str to list of Example, optional
        The hidden examples of each part. Without it, checks are asked for their verdicts.
    refused : dict of str to tuple of str, optional
        What the answer to each part may not call.
    unsafe : bool

    Returns
    -------
    Evidence
    """
    left_out = {}
    for _ in range(1 + RESTARTS):
        course = _Run(steps, examples, refused or {}, left_out)
        try:
            with Sandbox(course.channels, unsafe=unsafe) as box:
                course.go(box)
            break
        except Lost as why:
            left_out[course.blamed()] = {"lost": str(why)}
    for name in (step.name.removeprefix("test_") for step in steps if step.kind == "check"):
        if left_out and name not in course.evidence.values:
            why = list(left_out.values())[-1]
            course.evidence.checks.setdefault(name, why)
    return course.evidence


class _Run:
    def __init__(self, steps, examples, refused, left_out):
        self.steps, self.examples, self.refused = steps, examples, refused
        self.left_out, self.evidence, self.here, self.alone = left_out, Evidence(), None, None
        self.seconds, self.total = (
            sandbox.setting(name) for name in ("GRADING_TIMEOUT", "GRADING_TOTAL")
        )
        self.channels = 1 + sum(step.kind == "check" for step in steps)

    def go(self, box):
        """Run all cells; then ask for the hidden examples."""
        end, kept = time.monotonic() + self.total, []
        for index, step in enumerate(self.steps):
            self.here = index
            name = step.name.removeprefix("test_")
            if step.kind == "check" and self.examples is not None:
                kept.append(name)
                box.ask({"do": "keep", "channel": len(kept)})
            if index in self.left_out:
                reply = self.left_out[index]
            elif time.monotonic() > end:
                reply = {"lost": "total"}
            else:
                do = "check" if step.kind == "check" and self.examples is None else "run"
                reply = box.ask({"do": do, "source": step.source, "seconds": self.seconds})
            if reply.get("alone"):
                self.alone = index
            if step.kind == "check":
                self.evidence.checks[name] = reply
            elif step.kind == "answer":
                self.evidence.answers[name] = reply
            elif step.kind == "given":
                self.evidence.given[name] = reply
        for number, name in enumerate(kept, start=1):
            self.here = name
            if name in self.left_out:
                self.evidence.values[name] = [self.left_out[name]]
            elif "lost" not in self.evidence.checks[name]:
                self.evidence.values[name] = self._values(box, name, number)

    def blamed(self):
        """Return what to leave out next time: what left nobody above it, or what came last."""
        return self.here if self.alone is None else self.alone

    def _values(self, box, name, number):
        """Ask where the notebook came to the check, and if that isn't right, at its end."""
        examples = self.examples[name]
        question = {
            "do": "ask",
            "name": name,
            "refused": self.refused.get(name, ()),
            "examples": [one.inputs() for one in examples],
            "seconds": self.seconds,
        }
        found = _listed(box.ask(question, number))
        if all_right(examples, found) or "lost" in found[0]:
            return found
        later = _listed(box.ask(question, 0))
        return later if all_right(examples, later) else found


def _listed(reply):
    """Return the values of a reply; it is what stopped them if it has none."""
    values = reply.get("values")
    return values if isinstance(values, list) and values else [reply]


def all_right(examples, values):
    """Tell whether every hidden example has the expected result."""
    return len(values) == len(examples) and all(
        example.right(found) for example, found in zip(examples, values, strict=True)
    )
