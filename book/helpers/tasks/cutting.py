"""Cutting text into tokens: pairs of neighbours that are merged, as they are learned from a text.

Knows no task and no model.
"""

from collections import Counter
from itertools import pairwise


def merge_pair(symbols, pair):
    """Put each neighbouring pair of these two symbols together, from the left.

    Parameters
    ----------
    symbols : sequence of str
    pair : (str, str)

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> merge_pair("papaya", ("p", "a"))
    ('pa', 'pa', 'y', 'a')
    """
    merged = []
    for symbol in symbols:
        if merged and (merged[-1], symbol) == pair:
            merged[-1] += symbol
        else:
            merged.append(symbol)
    return tuple(merged)


def learn_merges(words, count):
    """Learn which pairs of neighbours to merge, the most frequent one first.

    Byte-pair encoding: Gage (1994); for words that a translator has never seen, Sennrich et al.
    (2016). Of pairs that are equally frequent, the later in the alphabet.

    Parameters
    ----------
    words : dict of str to int
        How often each word occurs.
    count : int
        How many merges to learn; fewer, if no pair is left.

    Returns
    -------
    list of (str, str)

    Examples
    --------
    >>> learn_merges({"vingt-deux": 2, "deux": 3}, 3)
    [('u', 'x'), ('e', 'ux'), ('d', 'eux')]
    """
    cut, merges = {tuple(word): times for word, times in words.items()}, []
    while len(merges) < count:
        pairs = Counter()
        for symbols, times in cut.items():
            for pair in pairwise(symbols):
                pairs[pair] += times
        if not pairs:
            break
        merges.append(max(pairs, key=lambda pair: (pairs[pair], pair)))
        cut = {merge_pair(symbols, merges[-1]): times for symbols, times in cut.items()}
    return merges


def cut_word(word, merges):
    """Cut a word into letters, and merge pairs in the order in which they were learned.

    Parameters
    ----------
    word : str
    merges : list of (str, str)

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> cut_word("vingt-deux", [("u", "x"), ("e", "ux"), ("d", "eux")])
    ('v', 'i', 'n', 'g', 't', '-', 'deux')
    """
    symbols = tuple(word)
    for pair in merges:
        symbols = merge_pair(symbols, pair)
    return symbols
