"""Transformers that were trained with other wires in the decoder: chapter 09.

Cross-attention that asks the target, self-attention that asks the source, and either of them left
out, beside the usual wires; at the budget of the other Transformers, and at a smaller one. (With
the usual wires the runs are those of `shared`.)
"""

from helpers.runs.settings import grid

PLAN = grid(
    task="fr12",
    model="transformer",
    wires=("ttt ttt", "tss tss", "ttt none", "none tss"),
    steps=(1500, 500),
)
KEEP = {}
SEEDS = 5
