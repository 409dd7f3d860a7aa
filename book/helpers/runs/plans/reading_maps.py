"""Transformers on French numbers, with one head and with four: their maps are read in chapter 15.

The weights of all seeds are kept, since the chapter measures what they do.
"""

from helpers.runs.settings import Settings

HEADS = Settings(task="fr12", model="transformer", width=32, steps=1000)
PLAN = [HEADS.but(heads=1), HEADS]
SEEDS = 5
KEEP = {
    f"map_{name}_{seed}": HEADS.but(heads=heads, seed=seed)
    for name, heads in (("one_head", 1), ("four_heads", 4))
    for seed in range(SEEDS)
}
