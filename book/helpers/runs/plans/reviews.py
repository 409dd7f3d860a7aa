"""Made-up reviews, two blocks of self-attention against two GRUs: chapter 07.

One stack reads a review, each word with all of it in view, and says the verdict behind it. The
recurrent encoder reads it from both ends, and hands over the mean of its outputs. Both at half the
steps as well. The five stacks are kept, so that a chapter can take looks away from each of them.
"""

from helpers.runs.settings import Settings

STACK = Settings(
    task="sentiment", model="decoder_only", layers=2, width=32, mask="prefix", steps=2000
)
TWO_GRUS = Settings(task="sentiment", encoder="bidirectional", summary="mean", width=32, steps=2000)
PLAN = [either.but(steps=steps) for either in (STACK, TWO_GRUS) for steps in (2000, 1000)]
SEEDS = 5
KEEP = {f"reviews_{seed}": STACK.but(seed=seed) for seed in range(SEEDS)}
