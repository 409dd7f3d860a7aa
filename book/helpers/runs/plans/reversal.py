"""Saying sequences backwards, lengths 2 to 20: chapters 03 and 06.

State size at one budget, then budget at one state size.
"""

from helpers.runs.settings import Settings, grid

PLAN = [
    *grid(task="reversal", attend=(False, True), width=(16, 32, 64, 128)),
    *grid(task="reversal", steps=(750, 1500, 6000, 12_000)),
    *grid(task="reversal", steps=(750, 1500, 6000), attend=True),
    Settings(task="reversal", steps=6000, attend=True, width=32),
    # The one-vector model's best chance: an orthogonal RNN, which does better here than a GRU.
    *grid(task="reversal", encoder="rnn", steps=(3000, 12_000)),
    # Trained on short sequences alone, tested on all.
    *grid(task="reversal10", attend=(False, True)),
]
KEEP = {
    f"reversal_{name}_{width}": Settings(task="reversal", attend=attend, width=width)
    for name, attend in (("one_vector", False), ("attention", True))
    for width in (16, 32, 64)
}
SEEDS = 5
