"""The course's data, small enough to be generated on the spot: seven tasks.

Knows no model. A task says how to draw a training pair and which pairs are held out; `batches`
turns drawn pairs into padded arrays, each a `Batch` of sequences of about the same length.

After what they share come tasks on random symbols (reversal, copying, recall), small but real
translation (number words, dates), and tasks in made-up English (sentiment, summaries).
"""

import datetime
import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from babel.dates import format_date
from num2words import num2words

from helpers.shapes import require, require_choice

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
        """Where `target_out` holds tokens and no padding, a boolean array (batch, n_target)."""
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
    >>> task = Task("echo", SPECIAL, SPECIAL, lambda rng: ([2], [2]), [])
    >>> next(batches(task, np.random.default_rng(0), size=4)).source.shape
    (4, 1)
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


# ---- random symbols --------------------------------------------------------------------


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
    >>> " ".join(decode_tokens(source, task.source_vocabulary))
    'T 4 E 4 ? T E'
    >>> " ".join(decode_tokens(target, task.target_vocabulary))
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


# ---- translation -----------------------------------------------------------------------

#: The number that every chapter translates, siebenundvierzigtausendzweihundertsechsunddreißig.
#: A multiple of 7, so no model has been trained on it.
RUNNING_EXAMPLE = 47_236


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
    require_choice("language", language, ("en", "fr", "de"))
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


LOCALES = ("de", "en", "es", "fr", "it", "pl")
STYLES = ("full", "long", "medium")
FIRST, LAST = datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)
HELD_OUT_EVERY = 11  # not 7, or all held-out days would fall on the same day of the week


def date_words(date, locale, style):
    """Say a date as people do in a language, cut into characters.

    Parameters
    ----------
    date : datetime.date
    locale : {"de", "en", "es", "fr", "it", "pl"}
    style : {"full", "long", "medium"}
        With the day of the week, without it, or abbreviated.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If locale or style is another.

    Examples
    --------
    >>> day = datetime.date(2017, 6, 12)
    >>> "".join(date_words(day, "de", "full")), "".join(date_words(day, "es", "long"))
    ('Montag, 12. Juni 2017', '12 de junio de 2017')
    """
    require_choice("locale", locale, LOCALES)
    require_choice("style", style, STYLES)
    return list(format_date(date, format=style, locale=locale))


@lru_cache
def dates(locales=LOCALES, held_out=200):
    """Translate dates in several languages into the form 2017-06-12.

    From 1900 to 2099, in three styles. Every eleventh day is held out: no model is ever trained
    on one, in whatever language.

    Parameters
    ----------
    locales : tuple of str
        See `date_words`.
    held_out : int
        Held-out dates in each language.

    Returns
    -------
    Task

    Raises
    ------
    ValueError
        If a locale is unknown, or there is none.

    Examples
    --------
    >>> task = dates()
    >>> source, target = task.held_out[0]
    >>> "".join(decode_tokens(source, task.source_vocabulary))
    '15. Februar 2070'
    >>> "".join(decode_tokens(target, task.target_vocabulary))
    '2070-02-15'
    """
    require(len(locales) > 0, "locales is empty; there must be at least one")
    source_vocabulary = _date_vocabulary(locales)
    target_vocabulary = (*SPECIAL, "-", *"0123456789")

    def pair(rng, locale, is_held_out):
        while True:
            day = int(rng.integers(FIRST.toordinal(), LAST.toordinal() + 1))
            if (day % HELD_OUT_EVERY == 0) == is_held_out:
                break
        date, style = datetime.date.fromordinal(day), STYLES[rng.integers(len(STYLES))]
        return (
            encode_tokens(date_words(date, locale, style), source_vocabulary),
            encode_tokens(date.isoformat(), target_vocabulary),
        )

    fixed = np.random.default_rng(0)  # the same held-out set in every run
    test = [pair(fixed, locale, True) for locale in locales for _ in range(held_out)]

    def draw(rng):
        return pair(rng, locales[rng.integers(len(locales))], False)

    return Task(f"dates {' '.join(locales)}", source_vocabulary, target_vocabulary, draw, test)


@lru_cache
def _date_vocabulary(locales):
    """All characters of dates: digits, and those of every month and day of the week."""
    days = [datetime.date(2024, month, day) for month in range(1, 13) for day in range(1, 8)]
    found = set("0123456789")
    for day in days:
        for locale in locales:
            for style in STYLES:
                found.update(date_words(day, locale, style))
    return (*SPECIAL, *sorted(found))


# ---- made-up English -------------------------------------------------------------------

# These are no real reviews and no real news. A grammar of a few dozen words stands in for them, so
# that a model can be trained in seconds and tested on combinations of words that it has never seen
# together; what it then can do says little about English.

SUBJECTS = "film plot acting music ending dialogue camera story".split()
POSITIVE = "good great funny clever moving fresh".split()
NEGATIVE = "bad dull boring silly weak slow".split()
NEGATORS = "not never hardly".split()
DEGREES = ["", "very", "really", "quite"]
ASIDES = ["", "i saw it on monday .", "we went with friends .", "it was late .", "i had read it ."]


def sentiment(held_out=500):
    """Tell whether a made-up review is positive or negative, in one word.

    A review has one clause or two. "not", "never" and "hardly" turn a clause round; after "but"
    the second clause counts, before "although" the first. So no single word decides.

    Parameters
    ----------
    held_out : int
        Number of held-out reviews.

    Returns
    -------
    Task
        In a held-out review the clause that counts joins a negator and an adjective that training
        never joins; each word by itself, and each negator with other adjectives, it has seen.

    Raises
    ------
    ValueError
        If `held_out` is below 1.

    Examples
    --------
    >>> task = sentiment()
    >>> source, target = task.held_out[1]
    >>> " ".join(decode_tokens(source, task.source_vocabulary))
    'i saw it on monday . the music was hardly dull .'
    >>> decode_tokens(target, task.target_vocabulary)
    ['positive']
    """

    def clause(rng, subject, positive, is_held_out=False):
        while True:
            negator = _choose(rng, NEGATORS) if is_held_out or rng.random() < 0.5 else ""
            adjective = _choose(rng, POSITIVE if positive != bool(negator) else NEGATIVE)
            if _is_held_out_phrase(negator, adjective) == is_held_out:
                break
        degree = "" if negator else _choose(rng, DEGREES)
        return f"the {subject} was {negator} {degree} {adjective}"

    def review(rng, is_held_out=False):
        positive = bool(rng.integers(2))
        first, second = rng.permutation(SUBJECTS)[:2]
        counts = clause(rng, first, positive, is_held_out)
        other = clause(rng, second, not positive)
        body = [counts, f"{other} but {counts}", f"{counts} although {other}"][rng.integers(3)]
        text = [_choose(rng, ASIDES), f"{body} ."][:: _choose(rng, (1, -1))]
        return " ".join(text), "positive" if positive else "negative"

    sentences = [*ASIDES, "the was but although .", *SUBJECTS, *POSITIVE, *NEGATIVE, *NEGATORS]
    return _grammar_task(
        "sentiment", review, [*sentences, *DEGREES], ["positive negative"], held_out
    )


def _is_held_out_phrase(negator, adjective):
    """Whether training never joins these two: a third of all pairs, spread over all words."""
    if not negator:
        return False
    adjectives = POSITIVE + NEGATIVE
    return (NEGATORS.index(negator) + adjectives.index(adjective)) % len(NEGATORS) == 0


PEOPLE = "anna ben clara david emma felix greta hugo ida jonas".split()
CITIES = "berlin lisbon oslo paris prague rome vienna".split()
DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
EVENTS = {
    ("won", "wins"): ["the race", "the prize", "the match"],
    ("bought", "buys"): ["the bakery", "the old farm", "a boat"],
    ("opened", "opens"): ["a school", "a museum", "the new bridge"],
    ("found", "finds"): ["a painting", "the lost dog", "a roman coin"],
}
FILLERS = [
    "the weather was {mood} .",
    "many people came to {city} on {day} .",
    "{person} was there and felt {mood} .",
    "later {person} went home to {city} .",
    "{person} said that it was {mood} .",
]
MOODS = "fine cold strange terrible wonderful".split()


def summaries(held_out=500):
    """Sum up a made-up news item of two to four sentences in a headline.

    One sentence tells who did what where; the others, about the weather and other people, stand
    before and behind it and are left out. The headline is in the present tense: "won" -> "wins".

    Parameters
    ----------
    held_out : int
        Number of held-out items.

    Returns
    -------
    Task
        In a held-out item a person does what that person never does in training; person and deed
        have been seen, each with others.

    Raises
    ------
    ValueError
        If `held_out` is below 1.

    Examples
    --------
    >>> task = summaries()
    >>> source, target = task.held_out[0]
    >>> " ".join(decode_tokens(source, task.source_vocabulary))
    'ben said that it was fine . on tuesday ida opened a museum in paris .'
    >>> " ".join(decode_tokens(target, task.target_vocabulary))
    'ida opens a museum in paris'
    """
    deeds = [(*verb, thing) for verb, things in EVENTS.items() for thing in things]

    def filler(rng):
        words = {"mood": MOODS, "city": CITIES, "day": DAYS, "person": PEOPLE}
        chosen = {name: _choose(rng, options) for name, options in words.items()}
        return _choose(rng, FILLERS).format(**chosen)

    def item(rng, is_held_out=False):
        while True:
            person, deed = int(rng.integers(len(PEOPLE))), int(rng.integers(len(deeds)))
            if ((person + deed) % 5 == 0) == is_held_out:
                break
        (past, present, thing), city = deeds[deed], _choose(rng, CITIES)
        report = f"on {_choose(rng, DAYS)} {PEOPLE[person]} {past} {thing} in {city} ."
        sentences = [filler(rng) for _ in range(rng.integers(1, 4))]
        sentences.insert(int(rng.integers(len(sentences) + 1)), report)
        return " ".join(sentences), f"{PEOPLE[person]} {present} {thing} in {city}"

    things = [thing for group in EVENTS.values() for thing in group]
    pasts, presents = ([verb[i] for verb in EVENTS] for i in (0, 1))
    shared = [*PEOPLE, *CITIES, *things, "in"]
    plain = [sentence.format(mood="", city="", day="", person="") for sentence in FILLERS]
    sources = [*shared, *pasts, *plain, *MOODS, *DAYS, "on ."]
    return _grammar_task("summaries", item, sources, [*shared, *presents], held_out)


def _choose(rng, options):
    return options[rng.integers(len(options))]


def _grammar_task(name, write, sources, targets, held_out):
    """Task from a writer, (rng, is_held_out) -> two texts, and texts that hold all words."""
    require(held_out > 0, f"held_out = {held_out} must be at least 1")
    vocabularies = [
        (*SPECIAL, *sorted({word for text in texts for word in text.split()}))
        for texts in (sources, targets)
    ]

    def encode(texts):
        pairs = zip(texts, vocabularies, strict=True)
        source, target = (encode_tokens(text.split(), vocabulary) for text, vocabulary in pairs)
        return source, target

    fixed = np.random.default_rng(0)  # the same held-out set in every run
    test = [encode(write(fixed, True)) for _ in range(held_out)]
    return Task(name, *vocabularies, lambda rng: encode(write(rng)), test)
