"""Transformers that were trained with other wires in the decoder: chapter 09.

Cross-attention that asks the target, self-attention that asks the source, and either of them left
out, beside the usual wires, on numbers of up to four digits. Without a look at the target so far
that can be learned too: so self-attention that asks the source stands here for numbers of up to
twelve digits as well, far from the ceiling. (With the usual wires, those runs are in the record of
`shared`.)
"""

from helpers.runs.settings import grid
from helpers.transformer import WIRES

PLAN = [
    *grid(
        task="fr4",
        model="transformer",
        steps=300,
        wires=(WIRES, "ttt ttt", "tss tss", "ttt none", "none tss"),
    ),
    *grid(task="fr12", model="transformer", steps=500, wires="tss tss"),
]
KEEP = {}
SEEDS = 5
