"""Recall from a stream, what decides it: chapter 07.

The same lists as in `recall`. First a recurrent encoder and decoder, with attention and without
it, all else equal: the look back is given and taken away. Then a GRU without a look back that has
two layers, and one that is four times as wide.
"""

from helpers.runs.plans.recall import GRU
from helpers.runs.settings import Settings

LOOKING = Settings(task="recall_stream", attend=True, batch=64, steps=1500)
PLAN = [
    LOOKING,
    LOOKING.but(attend=False),
    GRU.but(layers=2, steps=2000),
    GRU.but(width=256, steps=2000),
]
KEEP = {}
SEEDS = 5
