"""Hidden examples, drawn from a secret seed, and the comparison with what an answer returned.

The problem sets and this code are public, so a hidden example is known to nobody before the seed
is. Student code gets the inputs of an example, and only when the whole notebook has run. What is
expected of it is computed and compared here, in the grader's own process.
"""

import hashlib
import math
import os
from dataclasses import dataclass

import numpy as np

from grading.cases import SETS

EXAMPLES = 10
TOLERANCE = 1e-5


@dataclass(frozen=True)
class Example:
    """One call of a part's function, and what is expected of it."""

    arguments: tuple
    expected: np.ndarray

    def inputs(self):
        """Return the arguments in a form that JSON holds."""
        return [encoded(one) for one in self.arguments]

    def right(self, found):
        """Tell whether this is the expected result: anything else than its numbers is not.

        Parameters
        ----------
        found : object
            What came out of the sandbox, {"shape": …, "values": …} if it is a result.
        """
        if not isinstance(found, dict) or found.get("shape") != list(self.expected.shape):
            return False
        values, expected = found.get("values"), self.expected.ravel().tolist()
        if not isinstance(values, list) or len(values) != len(expected):
            return False
        if not all(type(value) in (int, float) for value in values):
            return False
        near = TOLERANCE * (1 + max(map(abs, expected), default=0))
        return all(abs(a - b) < near for a, b in zip(values, expected, strict=True))


def secret_seed():
    """Return the seed that the instructor has set."""
    seed = os.environ.get("GRADING_SEED", "")
    if not seed:
        raise SystemExit(
            "GRADING_SEED is not set. Hidden examples are made from it, so choose one, keep it to "
            "yourself, and use the same for the whole class and every set:\n"
            "    GRADING_SEED='some words of your own' make grade"
        )
    return seed


def generator(*words):
    """Make a random generator from words."""
    digest = hashlib.sha256("/".join(words).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))


def examples(part, rng):
    """Return the examples of a part: those that it always has, and others up to `EXAMPLES`."""
    draws = [*part.always, *[part.draw] * (EXAMPLES - len(part.always))]
    found = []
    for draw in draws:
        arguments = draw(rng)
        expected = np.asarray(part.expected(*arguments), dtype=float)
        assert all(map(math.isfinite, expected.ravel()))
        found.append(Example(arguments, expected))
    return found


def of_set(name, seed):
    """Return the examples of every part of a problem set, by the part's name."""
    return {
        part: examples(question, generator(seed, name, part))
        for part, question in SETS.get(name, {}).items()
    }


def encoded(value):
    """Return a number as it is, and an array as what `inside` makes one of again.

    Examples
    --------
    >>> encoded(np.zeros((0, 2))), encoded(3)
    ({'shape': [0, 2], 'dtype': 'float64', 'values': []}, 3)
    """
    if isinstance(value, np.ndarray):
        values = value.ravel().tolist()
        return {"shape": list(value.shape), "dtype": str(value.dtype), "values": values}
    return value
