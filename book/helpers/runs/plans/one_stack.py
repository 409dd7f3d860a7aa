"""French numbers by one stack, without encoder and without cross-attention: chapter 12.

The Transformers to compare with, at the same 500 steps and at 1000, are in the records of `parts`
and `transformer`. What else might tell the two apart is changed by itself: the depth, how
positions are told, and whether the source has to be predicted as well. With a prefix, in which the
words of the source see each other, there are also twice the steps, and half the rate. The weights
of the first five are kept: the chapter takes blocks of their map away.
"""

from helpers.runs.settings import Settings

STACK = Settings(task="fr12", model="decoder_only", layers=2, positions="rotary", steps=500)
PREFIX = STACK.but(mask="prefix")
PLAN = [
    STACK,
    PREFIX,
    STACK.but(layers=1),
    PREFIX.but(steps=1000),
    STACK.but(positions="sinusoidal"),
    STACK.but(source_loss=True),
    PREFIX.but(rate=2e-3),
]
SEEDS = 5
KEEP = {f"one_stack_{seed}": STACK.but(seed=seed) for seed in range(SEEDS)}
KEEP |= {"one_stack_prefix": PREFIX}
