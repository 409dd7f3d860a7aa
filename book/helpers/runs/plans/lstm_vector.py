"""One vector's other chances: an LSTM, other learning rates, more steps: chapter 03.

An LSTM hands over two vectors, so one of half the width hands over as many numbers as a GRU.
"""

from helpers.runs.settings import Settings, grid

LSTM = Settings(task="reversal", encoder="lstm")
PLAN = [
    LSTM,
    LSTM.but(width=32),
    LSTM.but(steps=12_000),
    Settings(task="fr12", encoder="lstm", steps=1500),
    Settings(task="reversal", width=16, steps=6000),
    *grid(task="reversal", steps=1500, rate=(4e-3, 16e-3)),
]
KEEP = {"reversal_lstm_64": LSTM}
SEEDS = 5
