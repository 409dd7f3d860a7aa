"""Training runs: settings that say all, trained models that answer, and records of what was found.

Stands on the models and tasks. A chapter writes ``train(Settings(task="fr4", attend=True))`` or
``load("french_attention")``, and asks what comes back. Runs too long for a cell are recorded:
``python -m helpers.runs list`` shows which, and ``python -m helpers.runs run NAME`` makes them.
"""

from helpers.runs.build import Model, build, start, wiring
from helpers.runs.records import (
    Run,
    curves,
    load_record,
    overall,
    select,
    shares,
    within_record,
)
from helpers.runs.settings import Settings, grid
from helpers.runs.trained import Map, Trained, load, train
from helpers.runs.training import (
    accuracy_by_length,
    exact_match,
    exactly_right,
    fit,
    share_right,
    value_and_gradient,
)

__all__ = [
    "Map",
    "Model",
    "Run",
    "Settings",
    "Trained",
    "accuracy_by_length",
    "build",
    "curves",
    "exact_match",
    "exactly_right",
    "fit",
    "grid",
    "load",
    "load_record",
    "overall",
    "select",
    "share_right",
    "shares",
    "start",
    "train",
    "value_and_gradient",
    "wiring",
    "within_record",
]
