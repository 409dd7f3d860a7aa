"""The same as in `forgetting`, with more steps, and with another rate: chapter 04."""

from helpers.runs.plans.forgetting import LETTERS, NAMES, PAIRS, WATCH

PLAN = [
    *(LETTERS.but(encoder=cell, steps=1500) for cell in NAMES),
    PAIRS.but(encoder="rnn", steps=1500),
    PAIRS.but(encoder="rnn", rate=3e-3),
]
KEEP, SEEDS = {}, 5

__all__ = ["KEEP", "PLAN", "SEEDS", "WATCH"]
