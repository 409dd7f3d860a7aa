"""Residual sums missing on one side of a Transformer: chapter 11.

With all of them, and with none, there are runs in the record of `transformer`; and for 500 steps,
at which no variant with one block is near its ceiling, with all of them in that of `parts`. With
none, and one block, 3000 steps tell whether the answers are lost or late.
"""

from helpers.runs.settings import Settings

SHORT = Settings(task="fr12", model="transformer", steps=1000)
PLAN = [
    *(SHORT.but(residual=side) for side in ("decoder", "encoder")),
    *(SHORT.but(residual=side, layers=4) for side in ("decoder", "encoder")),
    *(SHORT.but(residual=side, steps=500) for side in ("decoder", "encoder", False)),
    SHORT.but(residual=False, steps=3000),
]
KEEP = {}
SEEDS = 5
