"""Encoders below attention on French numbers, with less training than in `wirings`: chapter 09.

At 1500 steps all encoders are at the ceiling of the task once the decoder attends; here they are
not. The self-attention encoder is trained at both rates, as there.
"""

from helpers.runs.settings import grid

ENCODERS = [
    ("gru", 8e-3),
    ("bidirectional", 8e-3),
    ("self_attention", 4e-3),
    ("self_attention", 8e-3),
]
PLAN = [
    run
    for encoder, rate in ENCODERS
    for run in grid(
        task="fr12", steps=(300, 500), encoder=encoder, rate=rate, attend=True, summary="mean"
    )
]
KEEP = {}
SEEDS = 5
