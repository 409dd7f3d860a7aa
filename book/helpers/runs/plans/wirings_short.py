"""Encoder against connection on French numbers, with less training than in `wirings`: chapter 09.

At 1500 steps all encoders are at the ceiling of the task once the decoder attends; here they are
not. There the self-attention encoder is trained at both rates; with one vector, where all are
near the floor, at the one of `wirings`.
"""

from helpers.runs.settings import grid

SHORT = {"task": "fr12", "steps": (300, 500)}
ENCODERS = {"gru": 8e-3, "bidirectional": 8e-3, "self_attention": 4e-3}
ATTENDING = [*ENCODERS.items(), ("self_attention", 8e-3)]
PLAN = [
    *(
        run
        for encoder, rate in ATTENDING
        for run in grid(**SHORT, encoder=encoder, rate=rate, attend=True, summary="mean")
    ),
    *(
        run
        for encoder, rate in ENCODERS.items()
        for run in grid(**SHORT, encoder=encoder, rate=rate, summary=("last", "mean"))
    ),
]
KEEP = {}
SEEDS = 5
