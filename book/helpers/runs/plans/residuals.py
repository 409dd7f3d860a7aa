"""Residual sums missing on one side of a Transformer, on both, nowhere: chapter 11.

With one block also at half the steps, where no variant is near its ceiling yet.
"""

from helpers.runs.settings import Settings

SHORT = Settings(task="fr12", model="transformer", steps=1000)
PLAN = [
    *(SHORT.but(residual=side) for side in ("decoder", "encoder")),
    *(SHORT.but(residual=side, steps=500) for side in (True, "decoder", "encoder", False)),
    *(SHORT.but(residual=side, layers=4) for side in ("decoder", "encoder")),
]
KEEP = {}
SEEDS = 5
