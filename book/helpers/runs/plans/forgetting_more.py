"""The same as in `forgetting`, with twice the steps, and with another rate: chapter 04."""

from helpers.runs.plans.forgetting import LETTERS, PAIRS, WATCH

PLAN = [
    *(PAIRS.but(encoder=cell, steps=1000) for cell in ("rnn", "lstm")),
    *(LETTERS.but(encoder=cell, steps=1000) for cell in ("rnn", "gru")),
    PAIRS.but(encoder="rnn", rate=3e-3),
]
KEEP, SEEDS = {}, 5

__all__ = ["KEEP", "PLAN", "SEEDS", "WATCH"]
