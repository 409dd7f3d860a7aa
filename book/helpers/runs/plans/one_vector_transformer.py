"""A Transformer whose decoder may ask one vector, the mean of the source, and no word: chapter 09.

All else is the Transformer of `transformer` and `shared`, at the same budget.
"""

from helpers.runs.settings import Settings

PLAN = [Settings(task="fr12", model="transformer", steps=1500, summary="mean")]
KEEP = {}
SEEDS = 5
