"""Plans: for each record which runs it holds, and which trained models are kept.

A plan is a module in this folder, named like its record in ``book/results``:

- ``PLAN``, a list of `Settings`: the runs, each made with several seeds;
- ``KEEP``, a dict from a name to `Settings` of the plan, with any of its seeds: models that
  chapters load;
- ``SEEDS``: how many seeds, from 0;
- ``WATCH``, if there is more to measure than accuracy: a function from a `Trained` model to
  numbers, which are recorded with the run; and ``EVERY``, after how many steps it is called, if
  not at the end alone.

A chapter that needs runs of its own gets a module of its own, and no other file changes. Stands
on settings.
"""

import importlib
import pkgutil
from collections.abc import Callable
from typing import NamedTuple

from helpers.shapes import require_choice


class Plan(NamedTuple):
    """What a record is to hold.

    Attributes
    ----------
    name : str
    runs : list of Settings
        With seed 0.
    keep : dict
        Name of a model -> Settings; its parameters are written to ``results/NAME.npz``.
    seeds : int
    watch : callable, optional
        Trained -> numbers: anything that JSON can hold.
    every : int, optional
        Steps after which `watch` is called; None: at the end alone.
    """

    name: str
    runs: list
    keep: dict
    seeds: int
    watch: Callable | None = None
    every: int | None = None


def plan_names():
    """Return the names of all plans.

    Examples
    --------
    >>> "reversal" in plan_names()
    True
    """
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def load_plan(name):
    """Return the plan of that name.

    Raises
    ------
    ValueError
        If there is none.

    Examples
    --------
    >>> load_plan("french").keep["french_attention"]
    Settings(task='fr12', attend=True, steps=1500)
    """
    require_choice("plan", name, plan_names())
    module = importlib.import_module(f"{__name__}.{name}")
    watched = getattr(module, "WATCH", None), getattr(module, "EVERY", None)
    return Plan(name, module.PLAN, module.KEEP, module.SEEDS, *watched)


def plan_of_model(model):
    """Return the plan that keeps the model of that name.

    Raises
    ------
    ValueError
        If none does.

    Examples
    --------
    >>> plan_of_model("german_attention").name
    'german'
    """
    keepers = {kept: plan for plan in map(load_plan, plan_names()) for kept in plan.keep}
    require_choice("model", model, keepers)
    return keepers[model]
