"""What maps are read from: Transformers with one head and with four, and uniform attention.

Chapter 15. The weights of all seeds of the Transformers are kept, since the chapter measures what
they do. The control for recurrent models starts its decoder with the mean of the encoder's outputs,
and then either attends, or has this mean to look at for every word: the same weight everywhere,
in training as well.
"""

from helpers.runs.settings import Settings

HEADS = Settings(task="fr12", model="transformer", width=32, steps=1000)
LEARNED = Settings(
    task="fr12", width=32, encoder="bidirectional", summary="mean", attend=True, steps=1500
)
UNIFORM = LEARNED.but(attend=False)
PLAN = [HEADS.but(heads=1), HEADS, LEARNED, UNIFORM]
SEEDS = 5
KEEP = {
    f"map_{name}_{seed}": HEADS.but(heads=heads, seed=seed)
    for name, heads in (("one_head", 1), ("four_heads", 4))
    for seed in range(SEEDS)
}
