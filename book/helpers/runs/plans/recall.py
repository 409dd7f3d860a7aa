"""Recall from context, two blocks of self-attention against recurrent networks: chapter 07.

Lists of 2 to 8 pairs: the blocks, with what one might put their success down to changed (a single
block, at a larger budget too; learned positions), and recurrent networks of two cells, with more
steps. One model with two blocks and one with a single block are kept, so that the page can ask
them.
"""

from helpers.runs.settings import Settings

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
PLAN = [
    BLOCKS,
    BLOCKS.but(positions="learned"),
    *(BLOCKS.but(layers=1, steps=steps) for steps in (500, 2000)),
    GRU,
    GRU.but(encoder="lstm"),
]
SEEDS = 5
KEEP = {
    "recall_two_blocks": BLOCKS,
    "recall_one_block": BLOCKS.but(layers=1, steps=2000),
}
