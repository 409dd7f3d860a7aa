"""What is known of each submission: kept as soon as it is known, and not found out twice."""

import dataclasses
import hashlib
import json
from pathlib import Path

from folders import ASSIGNMENTS, BOOK
from grading import sandbox
from grading.outcomes import NOT_GRADED, Outcome
from grading.places import write_whole

ROUNDS = 200_000
LIMITS = ("GRADING_TIMEOUT", "GRADING_TOTAL", "GRADING_MEMORY_MB")


@dataclasses.dataclass
class Result:
    """The outcomes of one submission, and what they depend on.

    Attributes
    ----------
    seed : str
        A fingerprint of the secret seed.
    state : str
        A fingerprint of the submission, the set, the grading programs and the limits.
    texts : dict of str to str
        The written answers, by question.
    """

    student: str
    set: str
    seed: str
    state: str
    outcomes: list
    texts: dict

    @property
    def handed_in(self):
        """Whether there was anything to grade."""
        return bool(self.state)


class Results:
    """A folder with one file for each submission."""

    def __init__(self, folder):
        self.folder, self.known = folder, {}
        for path in sorted(folder.glob("*.json")):
            try:
                found = json.loads(path.read_text(encoding="utf-8"))
                found["outcomes"] = [Outcome(**one) for one in found["outcomes"]]
                one = Result(**found)
            except (ValueError, TypeError, KeyError):
                raise SystemExit(
                    f"{path} can't be read: delete it, and it is graded again"
                ) from None
            self.known[one.student, one.set] = one

    def put(self, result):
        """Keep a result, instead of the one before."""
        self.known[result.student, result.set] = result
        words = json.dumps([result.student, result.set]).encode()
        name = hashlib.sha256(words).hexdigest()[:24] + ".json"
        text = json.dumps(dataclasses.asdict(result), indent=1)
        write_whole(self.folder / name, text)

    def holds(self, student, name, seed, state):
        """Tell whether this very submission has been graded, under the same conditions."""
        one = self.known.get((student, name))
        return (
            one is not None
            and (one.seed, one.state) == (seed, state)
            and all(outcome.reason != NOT_GRADED for outcome in one.outcomes)
        )

    def other_seed(self, name, seed):
        """Tell whether a set was graded with another seed."""
        return any(one.set == name and one.seed != seed for one in self.known.values())

    def outcomes(self):
        """Return all outcomes, in order, and the written answers by (student, set, question)."""
        results = [self.known[key] for key in sorted(self.known)]
        texts = {
            (one.student, one.set, question): text
            for one in results
            for question, text in one.texts.items()
        }
        return [outcome for one in results for outcome in one.outcomes], texts


def of_seed(seed):
    """Return a fingerprint of the seed that is slow to search for."""
    return hashlib.pbkdf2_hmac("sha256", seed.encode(), b"grading", ROUNDS).hex()[:16]


def of_program(name):
    """Return a fingerprint of what a set and its grading are made of, and of the limits."""
    paths = [*Path(__file__).parent.glob("*.py"), *(BOOK / "helpers").rglob("*.py")]
    paths += [*(ASSIGNMENTS / "source").glob(f"{name}/*.ipynb"), *BOOK.glob(f"{name}.ipynb")]
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.read_bytes())
    digest.update(repr([sandbox.setting(one) for one in LIMITS]).encode())
    return digest.hexdigest()


def of_submission(program, data):
    """Return a fingerprint of one submission under such a program."""
    return hashlib.sha256(program.encode() + data).hexdigest()
