"""One head that is asked for three names, with one thing changed at a time: chapter 10.

What one might put its failure down to: the network that reads what it found; the width of the
head, and so its scale too; the rate.
"""

from helpers.runs.plans.heads import THREE, WATCH

CHANGES = {
    "a wider network": {"hidden": 512},
    "a wider head": {"width_head": 128},
    "half the rate": {"rate": 8e-3},
}
SEEDS = 5
KEEP = {}
EVERY = 100


def of_one_head(change):
    """Return the settings of one head that is asked for three names, with this change.

    Examples
    --------
    >>> of_one_head("a wider network").hidden
    512
    """
    return THREE.but(heads=1, **CHANGES[change])


PLAN = [*map(of_one_head, CHANGES)]

__all__ = ["CHANGES", "EVERY", "KEEP", "PLAN", "SEEDS", "WATCH", "of_one_head"]
