"""The pairs of `forgetting`, with twice the steps for the cells that need them: chapter 04."""

from helpers.runs.plans.forgetting import PAIRS, WATCH

PLAN = [PAIRS.but(encoder=cell, steps=1000) for cell in ("rnn", "lstm")]
KEEP, SEEDS = {}, 5

__all__ = ["KEEP", "PLAN", "SEEDS", "WATCH"]
