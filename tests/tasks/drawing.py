"""What the tests of tasks share: pairs as words."""

import numpy


def texts(task, pairs):
    """Turn pairs of tokens into pairs of lists of words."""
    return [(task.source_words(source), task.target_words(target)) for source, target in pairs]


def drawn_from(task, count, seed=0):
    rng = numpy.random.default_rng(seed)
    return texts(task, [task.draw(rng) for _ in range(count)])
