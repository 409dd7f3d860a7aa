"""Attention with keys of 16 numbers, trained four times as long as in ``reversal``: chapter 06."""

from helpers.runs.settings import Settings

PLAN = [Settings(task="reversal", width=16, attend=True, steps=12_000)]
KEEP = {}
SEEDS = 5
