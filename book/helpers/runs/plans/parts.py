"""How many heads, twice the rate, and which rate post-norm bears without warm-up: chapter 11."""

from helpers.runs.settings import grid

FRENCH = {"task": "fr12", "model": "transformer"}
POST = {**FRENCH, "layers": 4, "norm": "post", "steps": 1000}
PLAN = [
    *grid(**FRENCH, heads=(4, 1, 2, 8), steps=500),
    *grid(**FRENCH, rate=8e-3, steps=500),
    *grid(**POST, warmup=0, rate=(2e-3, 1e-3)),
]
KEEP = {}
SEEDS = 5
