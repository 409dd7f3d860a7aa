"""Transformers with one set of projections for all three attentions: chapter 09.

Each beside the one with three sets, at the budget of the other Transformers, where both are near
the ceiling of the task, and at two smaller ones. (With three sets and 1500 steps it is the model
that `transformer` records; it stands here too, so that both have as many seeds.)
"""

from helpers.runs.settings import grid

PLAN = grid(
    task="fr12", model="transformer", steps=(300, 500, 1500), shared_projections=(False, True)
)
KEEP = {}
SEEDS = 5
