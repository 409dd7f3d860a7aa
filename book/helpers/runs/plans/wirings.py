"""Encoder against connection, on French numbers: chapter 09.

The same recurrent decoder in every cell. The self-attention encoder is trained at half the rate,
and at 1500 steps at both.
"""

import itertools

from helpers.runs.settings import grid

ENCODERS = [
    *itertools.product((1500, 6000), ("gru", "bidirectional"), (8e-3,)),
    *itertools.product((1500, 6000), ("self_attention",), (4e-3,)),
    (1500, "self_attention", 8e-3),
]
PLAN = [
    run
    for steps, encoder, rate in ENCODERS
    for attend, summary in ((False, ("last", "mean")), (True, "mean"))
    for run in grid(
        task="fr12", steps=steps, encoder=encoder, rate=rate, attend=attend, summary=summary
    )
]
KEEP = {}
SEEDS = 5
