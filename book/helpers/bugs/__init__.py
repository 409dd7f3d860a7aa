"""The gallery: bugs that run, return the right shape, and are wrong.

Each is a function that stands in for one of the models: same arguments, same shapes, other numbers.
An entry says what one sees, what is wrong, and which check finds it. Exercises take from here what
they say about an answer (`mistakes`), and the tests put each bug in the right function's place and
want to be told. Stands above the models; a new bug is one function with what is said about it.
"""

# Each of these enters its bugs.
from helpers.bugs import (  # noqa: F401
    blocks,
    caches,
    heads,
    learning,
    masks,
    padding,
    positions,
    recurrence,
    weights,
)
from helpers.bugs.base import BUGS, Bug, mistakes
from helpers.bugs.planting import planted

__all__ = ["BUGS", "Bug", "mistakes", "planted"]
