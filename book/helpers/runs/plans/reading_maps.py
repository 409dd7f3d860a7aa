"""Transformers on French numbers, with one head and with four: their maps are read in chapter 15.

The weights of all seeds are kept, since the chapter measures what they do. Then, on shorter numbers
and few steps, the same with all weights equal, and the control of that.
"""

from helpers.runs.settings import Settings

HEADS = Settings(task="fr12", model="transformer", width=32, steps=1000)
SHORT = HEADS.but(task="fr4", steps=300)
EQUAL = SHORT.but(summary="mean")  # a decoder that asks the mean gives all words equal weights
PLAN = [HEADS.but(heads=1), HEADS, SHORT, EQUAL]
SEEDS = 5
KEEP = {
    f"map_{name}_{seed}": HEADS.but(heads=heads, seed=seed)
    for name, heads in (("one_head", 1), ("four_heads", 4))
    for seed in range(SEEDS)
}
