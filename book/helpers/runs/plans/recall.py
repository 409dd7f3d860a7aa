"""Recall from context, two blocks of self-attention against recurrent networks: chapter 07.

Lists of 2 to 8 pairs: the blocks, with what one might put their success down to changed (a single
block, at a larger budget too; learned positions); recurrent networks of two cells, sizes and
depths, with more steps; a GRU that attends. Then lists of 1 to 4 pairs of fewer keys and values,
where a recurrent network does learn something.
"""

from helpers.runs.settings import Settings, grid

BLOCKS = Settings(
    task="recall_stream",
    model="decoder_only",
    layers=2,
    positions="rotary",
    batch=64,
    steps=500,
    rate=3e-3,
)
GRU = Settings(task="recall_stream", model="recurrent_only", batch=64, rate=3e-3)
SHORT = "recall_stream4"
PLAN = [
    BLOCKS,
    BLOCKS.but(positions="learned"),
    *(BLOCKS.but(layers=1, steps=steps) for steps in (500, 2000)),
    GRU,
    GRU.but(encoder="lstm"),
    GRU.but(layers=2, steps=2000),
    GRU.but(width=256, steps=2000),
    *grid(task="recall_stream", attend=True, batch=64, steps=1500),
    BLOCKS.but(task=SHORT),
    *(GRU.but(task=SHORT, encoder="lstm", steps=steps) for steps in (2000, 8000)),
]
KEEP = {}
SEEDS = 5
