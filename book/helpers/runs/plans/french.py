"""French number words to English, up to 12 digits: chapters 03, 06, 09 and 11."""

from helpers.runs.settings import Settings, grid

ATTENTION = Settings(task="fr12", steps=1500, attend=True)
# Attention before each step of the decoder, with additive scores.
INSIDE = ATTENTION.but(attention="inside")
PLAN = [
    *grid(task="fr12", steps=(500, 1500, 6000)),
    *grid(task="fr12", steps=(500, 1500), attend=True),
    *grid(task="fr12", steps=(1500, 6000), reversed_source=True),
    INSIDE,
]
KEEP = {"french_attention": ATTENTION, "french_attention_inside": INSIDE}
SEEDS = 5
