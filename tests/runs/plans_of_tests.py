"""Small runs, for the tests of records and of making them."""

import sys
from types import ModuleType

from helpers.runs import Settings, plans, records

TINY = [Settings(task="fr2", width=4, batch=8, steps=steps) for steps in (31, 32, 33)]


def use(folder, patch):
    """Let there be one plan, ``tiny``, with its files in the folder; return it, to be changed."""
    module = ModuleType("helpers.runs.plans.tiny")
    module.PLAN, module.KEEP, module.SEEDS = list(TINY), {}, 2
    patch.setitem(sys.modules, module.__name__, module)
    patch.setattr(plans, "plan_names", lambda: ["tiny"])
    patch.setattr(records, "RESULTS", folder)
    return module
