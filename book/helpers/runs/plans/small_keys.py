"""Attention with keys of 16 numbers, trained longer than in ``reversal``: chapter 06."""

from helpers.runs.settings import grid

PLAN = grid(task="reversal", width=16, attend=True, steps=(6000, 12_000))
KEEP = {}
SEEDS = 5
