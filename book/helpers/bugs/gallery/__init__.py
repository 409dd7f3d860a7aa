"""Thirty bugs, as the gallery of the book shows them: by symptom, side by side, each with a check.

A check looks at one function, needs no right version beside it, and finds its own bug. It finds no
other one of that function but those that `SHARED` names, and why. What calls a wrong function may
fail its own check as well.
"""

# Each of these enters its bugs, in the order of the page.
from helpers.bugs.gallery import (  # noqa: F401  # isort: skip
    weights,
    masks,
    padding,
    parts,
)
from helpers.bugs.gallery.base import FAMILIES, GALLERY, SIGHTS, Entry

#: Check of this bug -> the other bugs that it finds, and why that can't be otherwise.
SHARED = {
    "mask-times-scores": (
        ("mask-turned-round",),
        "a mask that is turned round puts weight where it forbids it, too",
    ),
    "empty-row-uniform": (
        ("mask-times-scores", "mask-turned-round"),
        "a mask that does not hold elsewhere does not hold in an empty row",
    ),
    "scores-unscaled": (
        ("scores-by-the-number-of-keys",),
        "who divides by the number of keys does not divide by the width",
    ),
}

__all__ = ["FAMILIES", "GALLERY", "SHARED", "SIGHTS", "Entry"]
