"""What all tasks share: tokens, pairs, padded batches, and the task itself.

Knows no model. A task says how to draw a training pair and which pairs are held out; `batches`
turns drawn pairs into padded arrays, each a `Batch` of sequences of about the same length.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from helpers.shapes import require

PAD, START, END = 0, 1, 2
SPECIAL = ("<pad>", "<start>", "<end>")


class Batch(NamedTuple):
    """Padded arrays for one step of training or measuring.

    Attributes
    ----------
    source : integer array (batch, n_source)
    source_lengths : integer array (batch,)
    target_in : integer array (batch, n_target)
        START, then the target.
    target_out : integer array (batch, n_target)
        The target, then END; PAD in place of what is given and not said, see `Task`.
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
        """Where `target_out` holds tokens and no padding, a boolean array (batch, n_target)."""
        return self.target_out != PAD


class Task(NamedTuple):
    """What to learn, and what it is tested on.

    A text is a list of words, or a str, see `split_text`.

    Attributes
    ----------
    name : str
    source_vocabulary, target_vocabulary : tuple of str
        Tokens; the number of a token is its place. The first three are PAD, START and END.
    draw : callable
        rng -> (source tokens, target tokens), one pair to train on, as lists of int.
    held_out : list of pairs
        Never drawn for training.
    given : tuple of int, optional
        Target tokens that a model is told and does not say, such as the questions in
        `recall_stream`: no loss and no share counts them.

    Examples
    --------
    >>> echo = Task("echo", (*SPECIAL, "hello", "world"), (*SPECIAL, "hallo", "welt"), None, [])
    >>> echo.pair("hello world", "hallo welt")
    ([3, 4], [3, 4])
    >>> echo.target_words([4, 3, END, PAD])
    ['welt', 'hallo']
    """

    name: str
    source_vocabulary: tuple
    target_vocabulary: tuple
    draw: Callable
    held_out: list
    given: tuple = ()

    def source_tokens(self, text):
        """Token numbers of a source text."""
        return encode_tokens(split_text(text, self.source_vocabulary), self.source_vocabulary)

    def target_tokens(self, text):
        """Token numbers of a target text, without START and END."""
        return encode_tokens(split_text(text, self.target_vocabulary), self.target_vocabulary)

    def pair(self, source, target=()):
        """Source tokens and target tokens of two texts; without a target, one with no words."""
        return self.source_tokens(source), self.target_tokens(target)

    def source_words(self, tokens):
        """Words of source tokens, up to END and without padding."""
        return decode_tokens(tokens, self.source_vocabulary)

    def target_words(self, tokens):
        """Words of target tokens, up to END and without padding."""
        return decode_tokens(tokens, self.target_vocabulary)


def split_text(text, vocabulary):
    """Cut a text into words of a vocabulary, or, if that knows characters only, into these.

    Parameters
    ----------
    text : str or list of str
        A list is taken as it is.
    vocabulary : tuple of str
        If it has a blank of its own, blanks of the text count; else they stand between words.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If the text is neither.

    Examples
    --------
    >>> split_text("quatre vingt", (*SPECIAL, "quatre", "vingt"))
    ['quatre', 'vingt']
    >>> split_text("abba", (*SPECIAL, "a", "b"))
    ['a', 'b', 'b', 'a']
    """
    require(hasattr(text, "__iter__"), f"text = {text!r} must be a string or a list of words")
    if not isinstance(text, str) or " " in vocabulary:
        return list(text)
    words = text.split()
    if all(len(word) == 1 for word in vocabulary[len(SPECIAL) :]):
        return [letter for word in words for letter in word]
    return words


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


def make_batch(pairs, given=()):
    """Turn pairs (source tokens, target tokens) into a `Batch`.

    Parameters
    ----------
    pairs : list of pairs
    given : tuple of int
        Target tokens that are not to be said, see `Task`.

    Returns
    -------
    Batch

    Examples
    --------
    >>> make_batch([([5, 6, 7], [9]), ([8], [4, 3])]).target_out
    array([[9, 2, 0],
           [4, 3, 2]])
    >>> make_batch([([5, 6, 7], [9]), ([8], [4, 3])], given=(END, 4)).target_out
    array([[9, 0, 0],
           [0, 3, 0]])
    """
    source, source_lengths = pad([source for source, _ in pairs])
    target_in, _ = pad([[START, *target] for _, target in pairs])
    target_out, target_lengths = pad([[*target, END] for _, target in pairs])
    said = np.where(np.isin(target_out, given), PAD, target_out)
    return Batch(source, source_lengths, target_in, said, target_lengths)


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
    >>> task = Task("echo", SPECIAL, SPECIAL, lambda rng: ([2], [2]), [])
    >>> next(batches(task, np.random.default_rng(0), size=4)).source.shape
    (4, 1)
    """
    while True:
        pairs = [task.draw(rng) for _ in range(size * pool)]
        pairs.sort(key=lambda pair: (len(pair[0]), len(pair[1])))
        for i in rng.permutation(pool):
            yield make_batch(pairs[i * size : (i + 1) * size], task.given)


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
    source = batch.source.copy()
    for row, length in zip(source, batch.source_lengths, strict=True):
        row[:length] = row[:length][::-1]
    return batch._replace(source=source)


def unshifted(batch):
    """Let a decoder read the very words that it is asked for, a mistake: see chapter 01.

    Parameters
    ----------
    batch : Batch

    Returns
    -------
    Batch

    Examples
    --------
    >>> batch = make_batch([([5, 6, 7], [9]), ([8, 4], [4])])
    >>> batch.target_in.tolist(), unshifted(batch).target_in.tolist()
    ([[1, 9], [1, 4]], [[9, 2], [4, 2]])
    """
    return batch._replace(target_in=batch.target_out)
