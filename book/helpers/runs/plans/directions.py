"""The direction in which the encoder reads, all else equal: where the decoder looks, chapter 06.

A GRU from the left, the same from the right, and GRUs of half the width from both ends. The weights
of all seeds are kept, since what the chapter measures is their attention maps.
"""

from helpers.runs.settings import Settings

SEEDS = 5
GERMAN = Settings(task="de5", steps=800, attend=True)
FRENCH = Settings(task="fr12", width=32, steps=1500, attend=True)
_WAYS = {
    "german_from_the_left": GERMAN,
    "german_from_the_right": GERMAN.but(reversed_source=True),
    "german_both_ways": GERMAN.but(encoder="bidirectional"),
    "french_from_the_left": FRENCH,
    "french_both_ways": FRENCH.but(encoder="bidirectional"),
}
PLAN = [*_WAYS.values()]
KEEP = {
    f"{name}_{seed}": settings.but(seed=seed)
    for name, settings in _WAYS.items()
    for seed in range(SEEDS)
}
