"""Attention with keys of 16 numbers, trained longer than in ``reversal``: chapter 06."""

from helpers.runs.settings import Settings

PLAN = [Settings(task="reversal", width=16, attend=True, steps=steps) for steps in (12_000, 6000)]
KEEP = {}
SEEDS = 5
