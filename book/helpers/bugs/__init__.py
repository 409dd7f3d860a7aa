"""The gallery: bugs that run, return the right shape, and are wrong.

Each is a function that stands in for one of the models: same arguments, same shapes, other numbers.
An entry says what one sees, what is wrong, and which check finds it. Exercises take from here what
they say about an answer (`mistakes`), and the tests put each bug in the right function's place and
want to be told. Stands above the models; a new bug is one function with what is said about it.
"""

from helpers.bugs import (  # each enters its bugs
    blocks as blocks,
)
from helpers.bugs import (
    heads as heads,
)
from helpers.bugs import (
    learning as learning,
)
from helpers.bugs import (
    masks as masks,
)
from helpers.bugs import (
    padding as padding,
)
from helpers.bugs import (
    positions as positions,
)
from helpers.bugs import (
    recurrence as recurrence,
)
from helpers.bugs import (
    weights as weights,
)
from helpers.bugs.base import BUGS, Bug, mistakes

__all__ = ["BUGS", "Bug", "mistakes"]
