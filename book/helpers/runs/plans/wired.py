"""Transformers that were trained with other wires in the decoder: chapter 09.

Self-attention that asks the source, or is left out, and cross-attention that asks the target, or
is left out. With the usual wires the runs are those of `shared`. Without a look at the target so
far the models still translate, so these two are trained at a smaller budget too.
"""

from helpers.runs.settings import grid

FRENCH = {"task": "fr12", "model": "transformer"}
PLAN = [
    *grid(**FRENCH, steps=(500, 1500), wires=("tss tss", "none tss")),
    *grid(**FRENCH, steps=1500, wires=("ttt none", "ttt ttt")),
]
KEEP = {}
SEEDS = 5
