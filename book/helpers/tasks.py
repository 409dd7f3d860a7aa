"""The course's data: reversal, and number words in French and German to English.

Knows no model. A task says how to draw a training pair and which pairs are held out; `batches`
turns drawn pairs into padded arrays, `Batch`es, in which sequences of like length lie together.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from num2words import num2words

from helpers.functions import require

__all__ = [
    "END",
    "PAD",
    "RUNNING_EXAMPLE",
    "START",
    "Batch",
    "Task",
    "batches",
    "by_length",
    "decode_tokens",
    "encode_tokens",
    "make_batch",
    "number_words",
    "numbers",
    "pad",
    "reversal",
    "reversed_source",
]

PAD, START, END = 0, 1, 2
SPECIAL = ("<pad>", "<start>", "<end>")

#: The number that every chapter translates: siebenundvierzigtausendzweihundertsechsunddreißig.
#: A multiple of 7, so no model has been trained on it.
RUNNING_EXAMPLE = 47_236


class Batch(NamedTuple):
    """Padded arrays for one step of training or measuring.

    Attributes
    ----------
    source : integer array (batch, n_source)
    source_lengths : integer array (batch,)
    target_in : integer array (batch, n_target)
        START, then the target.
    target_out : integer array (batch, n_target)
        The target, then END.
    target_lengths : integer array (batch,)
        Lengths of `target_out`, END included.
    """

    source: np.ndarray
    source_lengths: np.ndarray
    target_in: np.ndarray
    target_out: np.ndarray
    target_lengths: np.ndarray

    @property
    def target_mask(self):
        """Boolean array (batch, n_target): True at the true tokens of `target_out`."""
        return np.arange(self.target_out.shape[1]) < self.target_lengths[:, None]


class Task(NamedTuple):
    """What to learn, and what it is tested on.

    Attributes
    ----------
    name : str
    source_vocabulary, target_vocabulary : tuple of str
        Tokens; the number of a token is its place. The first three are PAD, START and END.
    draw : callable
        rng -> (source tokens, target tokens), one pair to train on, as lists of int.
    held_out : list of pairs
        Never drawn for training.
    """

    name: str
    source_vocabulary: tuple
    target_vocabulary: tuple
    draw: Callable
    held_out: list


def encode_tokens(words, vocabulary):
    """Numbers of `words` in `vocabulary`.

    Parameters
    ----------
    words : iterable of str
    vocabulary : tuple of str

    Returns
    -------
    list of int

    Raises
    ------
    ValueError
        If a word is not in the vocabulary.

    Examples
    --------
    >>> encode_tokens(["b", "a"], ("<pad>", "<start>", "<end>", "a", "b"))
    [4, 3]
    """
    places = _places(tuple(vocabulary))
    unknown = [word for word in words if word not in places]
    require(
        not unknown,
        f"words holds {unknown}, which the vocabulary of {len(vocabulary)} tokens does not know; "
        f"it knows {list(vocabulary[3:13])} …",
    )
    return [places[word] for word in words]


@lru_cache
def _places(vocabulary):
    return {word: place for place, word in enumerate(vocabulary)}


def decode_tokens(tokens, vocabulary):
    """Words of token numbers, up to END and without padding.

    Examples
    --------
    >>> decode_tokens([4, 3, END, PAD], ("<pad>", "<start>", "<end>", "a", "b"))
    ['b', 'a']
    """
    tokens = list(tokens)
    if END in tokens:
        tokens = tokens[: tokens.index(END)]
    return [vocabulary[token] for token in tokens if token not in (PAD, START)]


def pad(sequences):
    """Lay sequences of different lengths into one array, filled up with PAD.

    Parameters
    ----------
    sequences : list of lists of int

    Returns
    -------
    tokens : integer array (batch, longest)
    lengths : integer array (batch,)

    Raises
    ------
    ValueError
        If there is no sequence.

    Examples
    --------
    >>> tokens, lengths = pad([[5, 6, 7], [8]])
    >>> tokens
    array([[5, 6, 7],
           [8, 0, 0]])
    >>> lengths
    array([3, 1])
    """
    require(len(sequences) > 0, "sequences is empty; a batch needs at least one")
    lengths = np.array([len(sequence) for sequence in sequences])
    tokens = np.full((len(sequences), lengths.max()), PAD)
    for row, sequence in zip(tokens, sequences, strict=True):
        row[: len(sequence)] = sequence
    return tokens, lengths


def make_batch(pairs):
    """Turn pairs (source tokens, target tokens) into a `Batch`.

    Examples
    --------
    >>> make_batch([([5, 6, 7], [9]), ([8], [4, 3])]).target_out
    array([[9, 2, 0],
           [4, 3, 2]])
    """
    source, source_lengths = pad([source for source, _ in pairs])
    target_in, _ = pad([[START, *target] for _, target in pairs])
    target_out, target_lengths = pad([[*target, END] for _, target in pairs])
    return Batch(source, source_lengths, target_in, target_out, target_lengths)


def batches(task, rng, size=64, pool=32):
    """Draw batches without end, each of sequences of about the same length.

    Parameters
    ----------
    task : Task
    rng : numpy.random.Generator
    size : int
        Sequences in a batch.
    pool : int
        So many batches are drawn at a time, sorted by length, cut, and shuffled. Padding then
        makes up about 5 % of a batch, against 60 % without sorting.

    Yields
    ------
    Batch

    Examples
    --------
    >>> next(batches(reversal(), np.random.default_rng(0), size=4)).source.shape[0]
    4
    """
    while True:
        pairs = [task.draw(rng) for _ in range(size * pool)]
        pairs.sort(key=lambda pair: (len(pair[0]), len(pair[1])))
        for i in rng.permutation(pool):
            yield make_batch(pairs[i * size : (i + 1) * size])


def by_length(pairs):
    """Group pairs by the length of their source.

    Returns
    -------
    dict
        length -> list of pairs, in rising order of length.

    Examples
    --------
    >>> by_length([([5, 6], [1]), ([7], [2]), ([8, 9], [3])])
    {1: [([7], [2])], 2: [([5, 6], [1]), ([8, 9], [3])]}
    """
    groups = {}
    for pair in sorted(pairs, key=lambda pair: len(pair[0])):
        groups.setdefault(len(pair[0]), []).append(pair)
    return groups


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
    vocabulary = (*SPECIAL, *(chr(ord("a") + i) for i in range(symbols)))

    def pair(rng, length):
        source = rng.integers(len(SPECIAL), len(vocabulary), length).tolist()
        return source, source[::-1]

    fixed = np.random.default_rng(0)  # the same held-out set in every run
    test = [pair(fixed, n) for n in range(lengths[0], longest + 1) for _ in range(held_out)]

    def draw(rng):
        return pair(rng, rng.integers(lengths[0], lengths[1] + 1))

    return Task("reversal", vocabulary, vocabulary, draw, test)


def number_words(number, language):
    """Say a number in words, as the tokens that the course uses.

    Parameters
    ----------
    number : int
    language : {"en", "fr", "de"}
        English and French are cut into words, German into characters.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If the language is another.

    Examples
    --------
    >>> number_words(47_236, "en")
    ['forty', 'seven', 'thousand', 'two', 'hundred', 'and', 'thirty', 'six']
    >>> number_words(92, "fr")
    ['quatre', 'vingt', 'douze']
    >>> "".join(number_words(36, "de"))
    'sechsunddreißig'
    """
    require(language in ("en", "fr", "de"), f"language = {language!r} must be 'en', 'fr' or 'de'")
    words = num2words(number, lang=language)
    return list(words) if language == "de" else re.findall(r"\w+", words)


@lru_cache
def numbers(language, digits, held_out=200):
    """Translate number words into English.

    Multiples of 7 are held out: no model is ever trained on one. Training draws the number of
    digits first, each equally often, then the number; so short numbers are not rare.

    Parameters
    ----------
    language : {"fr", "de"}
    digits : int
        Numbers have 2 to `digits` digits. (Single digits hold words that no multiple of 7 needs
        to be understood.)
    held_out : int
        Held-out numbers of each count of digits, at most.

    Returns
    -------
    Task

    Raises
    ------
    ValueError
        If the language is another, or `digits` is below 2.

    Examples
    --------
    >>> task = numbers("fr", 3)
    >>> source, target = task.held_out[0]
    >>> decode_tokens(source, task.source_vocabulary), decode_tokens(target, task.target_vocabulary)
    (['quatorze'], ['fourteen'])
    """
    require(digits > 1, f"digits = {digits} must be at least 2")
    source_vocabulary = _vocabulary(language, digits)
    target_vocabulary = _vocabulary("en", digits)

    @lru_cache(maxsize=200_000)
    def pair(number):
        return (
            encode_tokens(number_words(number, language), source_vocabulary),
            encode_tokens(number_words(number, "en"), target_vocabulary),
        )

    def draw(rng):
        size = rng.integers(2, digits + 1)
        while True:
            number = int(rng.integers(10 ** (size - 1), 10**size))
            if number % 7:
                return pair(number)

    fixed = np.random.default_rng(0)  # the same held-out set in every run
    test = []
    for size in range(2, digits + 1):
        first, last = -(-(10 ** (size - 1)) // 7), (10**size - 1) // 7
        if last - first < held_out:
            chosen = range(first, last + 1)
        else:
            chosen = sorted(set(fixed.integers(first, last + 1, held_out).tolist()))
        test += [pair(7 * int(n)) for n in chosen]
    return Task(f"numbers {language} {digits}", source_vocabulary, target_vocabulary, draw, test)


@lru_cache
def _vocabulary(language, digits):
    """All tokens of the numbers with up to `digits` digits."""
    parts = {n * 1000**power for power in range((digits + 2) // 3) for n in range(1000)}
    found = {word for n in parts if n < 10**digits for word in number_words(n, language)}
    return (*SPECIAL, *sorted(found))


def reversed_source(batch):
    """Turn every source round, as Sutskever et al. 2014 did; the padding stays at the end.

    Parameters
    ----------
    batch : Batch

    Returns
    -------
    Batch

    Examples
    --------
    >>> batch = make_batch([([5, 6, 7], [9]), ([8, 4], [4])])
    >>> reversed_source(batch).source
    array([[7, 6, 5],
           [4, 8, 0]])
    """
    n = batch.source.shape[1]
    places = batch.source_lengths[:, None] - 1 - np.arange(n)
    turned = np.take_along_axis(batch.source, np.maximum(places, 0), axis=1)
    return batch._replace(source=np.where(places >= 0, turned, PAD))
