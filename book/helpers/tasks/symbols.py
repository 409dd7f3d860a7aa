"""Tasks on random symbols: reversal, copying, recall, keeping what is read, a word at each place.

Stands on `base`; knows no model.
"""

from itertools import chain

import numpy as np

from helpers.shapes import require
from helpers.tasks.base import END, SPECIAL, Task

# Of the tasks that say a word at each place: the token for nothing to say, the first capital, the
# share of capitals, and the lengths in the held-out set, from 16 on which most are longer than any
# in training.
NOTHING, FIRST_CAPITAL, CAPITALS = len(SPECIAL), len(SPECIAL) + 9, 0.25
TESTED = (8, 12, 16, 17, 20, 24, 32, 48)


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


def recall_stream(pairs=(2, 8), tested=(2, 4, 8, 16), keys=26, values=32, held_out=500):
    """Say the value of a key that stands earlier in the same stream: recall from context.

    The source lists keys (capital letters) with their values (numbers): ``A 17 B 4 C 30``. The
    target goes on in the same way, with the same keys in any order: ``B 4 A 17``. The keys are
    given, they are the questions; the model says what follows. Keys and values are paired anew in
    every stream, so the parameters cannot hold the answer: it stands in the stream, once.

    Parameters
    ----------
    pairs : pair of int
        Fewest and most pairs in a stream to train on. As many questions follow, each a key that
        is drawn anew: one that was asked may be asked again. (If each were asked once, values that
        have been said could be crossed out: 1 of 8 is left at first, but the last is certain.)
    tested : tuple of int
        Numbers of pairs in the held-out set. There, one question is asked.
    keys, values : int
        How many of each there are. In one list a key stands once, and so does a value: who knows
        the list, but not which value belongs to the key, is right in 1 of n cases.
    held_out : int
        Held-out streams of each number of pairs.

    Returns
    -------
    Task
        With the same vocabulary on both sides, the keys and END `given`. A held-out stream of 2
        pairs may be drawn in training now and then; nothing can be learned from it.

    Raises
    ------
    ValueError
        If there are more pairs than keys.

    References
    ----------
    Arora et al. 2023, multi-query associative recall.

    Examples
    --------
    >>> task = recall_stream()
    >>> source, target = task.held_out[0]
    >>> " ".join(task.source_words(source)), " ".join(task.target_words(target))
    ('T 18 E 23', 'E 23')
    >>> source, target = task.draw(np.random.default_rng(37))
    >>> " ".join(task.source_words(source)), " ".join(task.target_words(target))
    ('I 5 X 31 A 8', 'I 5 A 8 I 5')
    """
    most = min(keys, values)
    require(
        1 <= pairs[0] <= pairs[1] <= most and 1 <= min(tested) <= max(tested) <= most,
        f"pairs = {pairs} and tested = {tested} must lie in 1 … {most}, as keys = {keys} and "
        f"values = {values}, and the first of pairs must not be above the last",
    )
    require(keys <= 26, f"keys = {keys} must be at most 26")
    letters = (chr(ord("A") + i) for i in range(keys))
    vocabulary = (*SPECIAL, *letters, *map(str, range(values)))
    first_value = len(SPECIAL) + keys

    def stream(rng, count, questions):
        chosen = len(SPECIAL) + rng.permutation(keys)[:count]
        listed = np.stack([chosen, first_value + rng.permutation(values)[:count]], axis=1)
        asked = listed[rng.integers(count, size=questions)]
        return listed.reshape(-1).tolist(), asked.reshape(-1).tolist()

    def draw(rng):
        count = rng.integers(pairs[0], pairs[1] + 1)
        return stream(rng, count, count)

    fixed = np.random.default_rng(0)  # the same held-out set in every run
    test = [stream(fixed, count, 1) for count in tested for _ in range(held_out)]
    given = (END, *range(len(SPECIAL), first_value))
    return Task("recall stream", vocabulary, vocabulary, draw, test, given)


def letters_back(back=3, lengths=(4, 16), tested=TESTED, held_out=100):
    """Say at each place the letter that stands so many places before it: a task of distance.

    Nothing is to be said at the first places, which have no such letter.

    Parameters
    ----------
    back : int
        How many places.
    lengths : pair of int
        Shortest and longest sequence to train on.
    tested : tuple of int
        Lengths in the held-out set.
    held_out : int
        Held-out sequences of each length.

    Returns
    -------
    Task
        One word for each place, which a `tagger` says; END and ``-``, at the first places, are
        `given`. The letters are eight small ones and eight capitals, a capital in one case of four.

    Raises
    ------
    ValueError
        If the lengths make no sense, or leave no place with such a letter.

    Examples
    --------
    >>> task = letters_back(3)
    >>> source, target = task.held_out[0]
    >>> "".join(task.source_words(source)), "".join(task.target_words(target))
    ('gfeccaaA', '---gfecc')
    """
    require(0 < back < lengths[0], f"back = {back} must be above 0 and below {lengths[0]}")

    def say(source):
        return [NOTHING] * back + source[:-back]

    return _place_by_place(f"letters back {back}", say, lengths, tested, held_out)


def latest_capital(lengths=(4, 16), tested=TESTED, held_out=100):
    """Say at each small letter the latest capital before it: a task of order, not of distance.

    Nothing is to be said at a capital, nor before the first.

    Parameters
    ----------
    lengths, tested, held_out
        As for `letters_back`, whose sequences these are.

    Returns
    -------
    Task

    Raises
    ------
    ValueError
        If the lengths make no sense.

    Examples
    --------
    >>> task = latest_capital()
    >>> source, target = task.held_out[4]
    >>> "".join(task.source_words(source)), "".join(task.target_words(target))
    ('aAdGdgCB', '--A-GG--')
    """

    def say(source):
        said, latest = [], NOTHING
        for token in source:
            said.append(NOTHING if token >= FIRST_CAPITAL else latest)
            latest = token if token >= FIRST_CAPITAL else latest
        return said

    return _place_by_place("latest capital", say, lengths, tested, held_out)


def _place_by_place(name, say, lengths, tested, held_out):
    """Task of saying a word at each place of random letters; at some, nothing."""
    require(
        1 <= lengths[0] <= lengths[1] and min(tested) >= lengths[0],
        f"lengths = {lengths} and tested = {tested} must satisfy 1 <= first <= last and must not "
        "be below the first",
    )
    small, capitals = "abcdefgh", "ABCDEFGH"
    vocabulary = (*SPECIAL, "-", *small, *capitals)

    def pair(rng, length):
        letters = FIRST_CAPITAL - len(small) + rng.integers(len(small), size=length)
        is_capital = rng.random(length) < CAPITALS
        source = (letters + len(small) * is_capital).tolist()
        return source, say(source)

    def draw(rng):
        return pair(rng, rng.integers(lengths[0], lengths[1] + 1))

    fixed = np.random.default_rng(0)  # the same held-out set in every run
    test = [pair(fixed, length) for length in tested for _ in range(held_out)]
    return Task(name, vocabulary, vocabulary, draw, test, (END, NOTHING))


def phone_book(entries=8, held_out=1000, *, asked=1, numbers=10):
    """Say the digit of a name, or of several: look-ups on one page of a phone book.

    The source lists names, each with a digit, and then one of these names again: ``Bo 7 Jan 3
    Bo``. The target is its digit. Names and digits are paired anew on every page, so the
    parameters cannot hold the answer.

    Parameters
    ----------
    entries : int
        Names on a page. There are 64 names and 10 digits; on one page a name stands once, a digit
        as often as chance will have it.
    held_out : int
        Pages that are held out.
    asked : int
        So many different names are asked, and their digits are said in the same order.
    numbers : int
        How many different numbers there are; above 10, they are no longer single digits.

    Returns
    -------
    Task
        With END `given`, so that there are as many things to say as names are asked.

    Raises
    ------
    ValueError
        If there are more entries than names, or more names are asked than there are entries.

    Examples
    --------
    >>> task = phone_book(3)
    >>> source, target = task.held_out[0]
    >>> " ".join(task.source_words(source)), task.target_words(target)
    ('Ja 2 Lim 7 Kel 8 Ja', ['2'])
    >>> source, target = phone_book(3, asked=2).held_out[0]
    >>> " ".join(task.source_words(source)), task.target_words(target)
    ('Ja 2 Lim 7 Kel 8 Ja Kel', ['2', '8'])
    """
    names = [first + rest for first in "BDJKLMRT" for rest in _ENDS]
    require(1 <= entries <= len(names), f"entries = {entries} must lie in 1 … {len(names)}")
    require(1 <= asked <= entries, f"asked = {asked} must lie in 1 … {entries}, the entries")
    require(numbers >= 1, f"numbers = {numbers} must be at least 1")
    digits = tuple(map(str, range(numbers)))
    first_digit = len(SPECIAL) + len(names)

    def page(rng):
        listed = (len(SPECIAL) + rng.permutation(len(names))[:entries]).tolist()
        drawn, first = rng.integers(len(digits), size=entries), rng.integers(entries)
        others = first + 1 + rng.permutation(entries - 1)[: asked - 1] if asked > 1 else []
        places = [int(place) % entries for place in (first, *others)]
        pairs = zip(listed, (first_digit + drawn).tolist(), strict=True)
        source = [*chain.from_iterable(pairs), *(listed[place] for place in places)]
        return source, [len(SPECIAL) + int(drawn[place]) for place in places]

    fixed = np.random.default_rng(0)  # the same held-out set in every run
    test = [page(fixed) for _ in range(held_out)]
    vocabularies = (*SPECIAL, *names, *digits), (*SPECIAL, *digits)
    return Task("phone book", *vocabularies, page, test, (END,))


def keep_letters(length=24, letters=4, held_out=500):
    """Read letters, and then say every one of them, all from the last state.

    Nothing may be left out, and nothing is there that could be ignored.

    Parameters
    ----------
    length : int
        Letters in a source, always as many.
    letters : int
        How many there are to draw from.
    held_out : int

    Returns
    -------
    Task
        With END `given`: the target is the source. A held-out source has no chance worth counting
        to be drawn in training, unless it is very short.

    Examples
    --------
    >>> task = keep_letters(6)
    >>> source, target = task.held_out[0]
    >>> " ".join(task.source_words(source)), " ".join(task.target_words(target))
    ('d c c b b a', 'd c c b b a')
    """
    require(1 <= letters <= 26, f"letters = {letters} must lie in 1 … 26")
    vocabulary = (*SPECIAL, *(chr(ord("a") + i) for i in range(letters)))

    def draw(rng):
        source = (len(SPECIAL) + rng.integers(letters, size=length)).tolist()
        return source, source

    fixed = np.random.default_rng(0)  # the same held-out set in every run
    test = [draw(fixed) for _ in range(held_out)]
    return Task("keep letters", vocabulary, vocabulary, draw, test, (END,))


def keep_pairs(length=24, keys=8, values=4, tested=(1, 2, 4, 6, 8), held_out=400):
    """Read pairs of a key and its value among filler, and then say the value of every key.

    The source always has the same length, so the number of pairs and the distance between a pair
    and the end can each be varied alone. A pair is one token, such as ``B3``, and the filler is a
    dot. All keys are asked for at once, so no question comes before another.

    Parameters
    ----------
    length : int
        Of the source; at random places of it stand the pairs.
    keys, values : int
        How many of each there are. A key stands at most once; as many as drawn from 1 to all stand
        in a training source. A value may stand several times, so a guess is right in one case of
        as many as there are values.
    tested : tuple of int
        Numbers of pairs in the held-out set.
    held_out : int
        Held-out sources of each number of pairs.

    Returns
    -------
    Task
        The target has a place for each key, in their order; a key that does not stand in the
        source has a dot there, which is `given`, as END is. A held-out source of one pair may be
        drawn in training; nothing can be learned from it.

    Raises
    ------
    ValueError
        If there are more keys than letters or places.

    Examples
    --------
    >>> task = keep_pairs(8, keys=3)
    >>> source, target = task.held_out[400]
    >>> " ".join(task.source_words(source)), " ".join(task.target_words(target))
    ('. . A1 . C2 . . .', '1 . 2')
    """
    require(1 <= keys <= min(26, length), f"keys = {keys} must lie in 1 … {min(26, length)}")
    names = [chr(ord("A") + i) for i in range(keys)]
    numbers = [str(1 + i) for i in range(values)]
    dot, first_pair, first_value = len(SPECIAL), len(SPECIAL) + 1, len(SPECIAL) + 1

    def draw(rng, count=None):
        count = rng.integers(1, keys + 1) if count is None else count
        chosen, number = rng.permutation(keys)[:count], rng.integers(values, size=count)
        source, target = np.full(length, dot), np.full(keys, dot)
        source[rng.permutation(length)[:count]] = first_pair + chosen * values + number
        target[chosen] = first_value + number
        return source.tolist(), target.tolist()

    fixed = np.random.default_rng(0)  # the same held-out set in every run
    test = [draw(fixed, count) for count in tested if count <= keys for _ in range(held_out)]
    pairs = (name + number for name in names for number in numbers)
    vocabularies = (*SPECIAL, ".", *pairs), (*SPECIAL, ".", *numbers)
    return Task("keep pairs", *vocabularies, draw, test, (END, dot))


_ENDS = ("a", "an", "ea", "el", "im", "o", "on", "ul")
