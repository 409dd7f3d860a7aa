"""Tasks on random symbols: reversal, copying, recall of values by their keys.

Stands on `base`; knows no model.
"""

import numpy as np

from helpers.shapes import require
from helpers.tasks.base import SPECIAL, Task


def reversal(lengths=(2, 20), longest=28, symbols=20, held_out=200):
    """Say a sequence of random symbols backwards.

    Parameters
    ----------
    lengths : pair of int
        Shortest and longest sequence to train on.
    longest : int
        The longest sequence in the held-out set: beyond ``lengths[1]`` nothing was trained on.
    symbols : int
    held_out : int
        Held-out sequences of each length.

    Returns
    -------
    Task
        A held-out sequence of 8 symbols or more has less than one chance in a thousand to be
        drawn in training even once; shorter ones may be.

    Examples
    --------
    >>> task = reversal()
    >>> source, target = task.draw(np.random.default_rng(0))
    >>> source == target[::-1]
    True
    """
    return _rearranged("reversal", lambda source: source[::-1], lengths, longest, symbols, held_out)


def copying(lengths=(2, 20), longest=28, symbols=20, held_out=200):
    """Say a sequence of random symbols again.

    Parameters
    ----------
    lengths, longest, symbols, held_out
        As for `reversal`.

    Returns
    -------
    Task

    Raises
    ------
    ValueError
        If the lengths or the number of symbols make no sense.

    Examples
    --------
    >>> source, target = copying().draw(np.random.default_rng(0))
    >>> source == target
    True
    """
    return _rearranged("copying", lambda source: list(source), lengths, longest, symbols, held_out)


def _rearranged(name, rearrange, lengths, longest, symbols, held_out):
    """Task of saying random symbols in another order."""
    require(
        1 <= lengths[0] <= lengths[1] <= longest,
        f"lengths = {lengths} and longest = {longest} must satisfy 1 <= first <= last <= longest",
    )
    require(1 <= symbols <= 26, f"symbols = {symbols} must lie in 1 … 26")
    vocabulary = (*SPECIAL, *(chr(ord("a") + i) for i in range(symbols)))

    def pair(rng, length):
        source = rng.integers(len(SPECIAL), len(vocabulary), length).tolist()
        return source, rearrange(source)

    return _symbols_task(name, (vocabulary, vocabulary), pair, lengths, longest, held_out)


def _symbols_task(name, vocabularies, pair, sizes, largest, held_out):
    """Task from (rng, size) -> pair: sizes to train on, and up to which there is a held-out set."""
    fixed = np.random.default_rng(0)  # the same held-out set in every run
    test = [pair(fixed, n) for n in range(sizes[0], largest + 1) for _ in range(held_out)]

    def draw(rng):
        return pair(rng, rng.integers(sizes[0], sizes[1] + 1))

    return Task(name, *vocabularies, draw, test)


def recall(pairs=(2, 16), keys=26, values=10, held_out=200):
    """Look up the values of keys: multi-query associative recall (MQAR).

    The source lists keys (capital letters) with their values (digits), then, after a question
    mark, all of its keys in a new order; the target says them in that order, each with its value.
    As in the paper, a key has thus just been said when its value is to be found; there, a language
    model goes on from such a list, here the list is the source.

    Parameters
    ----------
    pairs : pair of int
        Fewest and most pairs of key and value.
    keys, values : int
        How many of each there are. In one sequence a key stands once, a value as often as chance
        will have it.
    held_out : int
        Held-out sequences of each number of pairs.

    Returns
    -------
    Task
        A held-out sequence of 3 pairs or more has less than one chance in a thousand to be drawn
        in training even once; shorter ones may be.

    Raises
    ------
    ValueError
        If there are more pairs than keys.

    References
    ----------
    Arora et al. 2023.

    Examples
    --------
    >>> task = recall()
    >>> source, target = task.held_out[0]
    >>> " ".join(task.source_words(source))
    'T 4 E 4 ? T E'
    >>> " ".join(task.target_words(target))
    'T 4 E 4'
    """
    require(
        1 <= pairs[0] <= pairs[1] <= keys <= 26,
        f"pairs = {pairs} and keys = {keys} must satisfy 1 <= first <= last <= keys <= 26",
    )
    require(1 <= values <= 10, f"values = {values} must lie in 1 … 10")
    letters = (chr(ord("A") + i) for i in range(keys))
    target_vocabulary = (*SPECIAL, *map(str, range(values)), *letters)
    first_key, question = len(SPECIAL) + values, len(target_vocabulary)

    def pair(rng, count):
        chosen = first_key + rng.permutation(keys)[:count]
        said = rng.integers(len(SPECIAL), first_key, count)
        order = rng.permutation(count)
        listed = np.stack([chosen, said], axis=1)
        source = [*listed.reshape(-1).tolist(), question, *chosen[order].tolist()]
        return source, listed[order].reshape(-1).tolist()

    vocabularies = (*target_vocabulary, "?"), target_vocabulary
    return _symbols_task("recall", vocabularies, pair, pairs, pairs[1], held_out)
