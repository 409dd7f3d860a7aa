"""French numbers by one stack, without encoder and without cross-attention: chapter 12.

The Transformers to compare with, at the same 500 and 1000 steps, are in the records of `parts` and
`transformer`. What else might tell the two apart is changed by itself: how positions are told,
the depth, whether the source has to be predicted as well, the mask, and its rate. Of five models,
and of one with a prefix, the weights are kept: the chapter takes blocks of their map away.
"""

from helpers.runs.settings import Settings

STACK = Settings(task="fr12", model="decoder_only", layers=2, positions="rotary", steps=500)
PREFIX = STACK.but(mask="prefix")
PLAN = [
    STACK,
    STACK.but(steps=1000),
    PREFIX,
    PREFIX.but(steps=1000),
    PREFIX.but(rate=2e-3),
    STACK.but(positions="sinusoidal"),
    STACK.but(layers=1),
    STACK.but(source_loss=True),
    Settings(task="fr12", model="transformer", positions="rotary", steps=500),
]
SEEDS = 5
KEEP = {f"one_stack_{seed}": STACK.but(steps=1000, seed=seed) for seed in range(SEEDS)}
KEEP |= {"one_stack_prefix": PREFIX.but(steps=1000)}
