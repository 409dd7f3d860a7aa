"""Recall from context with cheaper attention, windows and linear attention: chapter 14.

The lists and the budget of `recall`, whose full attention is the control: with rotary positions
for the windows, with learned ones for linear attention. Two blocks with windows of 8 and of 16
positions, and four with the smaller one, which together reach as far as a list of eight pairs.
Linear attention with twice as many steps. And a small model with a window of 4 on lists of up to
four pairs, which is trained within seconds.
"""

import numpy as np

from helpers.runs.plans.recall import BLOCKS

N_PAIRS = 8
LINEAR = BLOCKS.but(positions="learned", softmax=False)
SMALL = BLOCKS.but(task="recall_stream4", width=32, batch=32, window=4, steps=300)
PLAN = [
    BLOCKS.but(window=16),
    BLOCKS.but(window=8),
    BLOCKS.but(window=8, layers=4),
    LINEAR.but(steps=1000),
    SMALL,
]
KEEP = {}
SEEDS = 5


def WATCH(trained):
    """Share of answers right, lists of eight pairs, by how many pairs ago the asked one stands.

    None where the lists are shorter.

    Examples
    --------
    >>> from helpers.runs import load
    >>> min(WATCH(load("recall_two_blocks"))) > 0.9
    True
    """
    fitting = [pair for pair in trained.task.held_out if len(pair[0]) == 2 * N_PAIRS]
    if not fitting:
        return None
    ages = np.array([N_PAIRS - source.index(target[0]) // 2 for source, target in fitting])
    right = trained.right(fitting)
    return [round(float(right[ages == age].mean()), 4) for age in range(1, N_PAIRS + 1)]
