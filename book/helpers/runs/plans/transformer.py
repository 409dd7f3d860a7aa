"""Transformers on French numbers: chapters 09 and 11.

One to compare, then shorter ones with a part taken out.
"""

from helpers.runs.settings import Settings, grid

FRENCH = Settings(task="fr12", model="transformer", steps=1500)
SHORT = {"task": "fr12", "model": "transformer", "steps": 1000, "layers": (1, 4)}
PLAN = [
    FRENCH,
    *grid(**SHORT, norm=("pre", "post", "none")),
    *grid(**SHORT, norm=("pre", "post"), residual=False),
    *grid(**SHORT, norm=("pre", "post"), warmup=0),
]
KEEP = {"french_transformer": FRENCH}
SEEDS = 5
