"""Small but real translation: number words in several languages, and dates.

Stands on `base` and `cutting`; knows no model.
"""

import datetime
import re
from functools import lru_cache, partial

import numpy as np
from babel.dates import format_date
from num2words import num2words

from helpers.shapes import require, require_choice
from helpers.tasks.base import SPECIAL, Task, encode_tokens
from helpers.tasks.cutting import cut_word, learn_merges

#: The number that every chapter translates, siebenundvierzigtausendzweihundertsechsunddreißig.
#: A multiple of 7, so no model has been trained on it.
RUNNING_EXAMPLE = 47_236
CUTS = ("words", "letters", "pairs")
MERGES = 60  # of French pairs: a number then has about as many tokens as it has words


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


def in_one_piece(number, language):
    """Say a number as one piece of text, which is still to be cut.

    Parameters
    ----------
    number : int
    language : {"fr", "de"}
        French has hyphens between its words, as the spelling of 1990 allows; German has nothing.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the language is another.

    Examples
    --------
    >>> in_one_piece(97, "fr"), in_one_piece(97, "de")
    ('quatre-vingt-dix-sept', 'siebenundneunzig')
    """
    require_choice("language", language, ("fr", "de"))
    return num2words(number, lang=language).replace(" ", "-" if language == "fr" else "")


@lru_cache
def number_merges(language, count=MERGES):
    """Learn merges from the numbers of two and three digits that models are trained on.

    Parameters
    ----------
    language : {"fr", "de"}
    count : int

    Returns
    -------
    tuple of (str, str)

    Examples
    --------
    >>> number_merges("fr", 2)
    (('t', '-'), ('e', 'n'))
    """
    words = {in_one_piece(number, language): 1 for number in range(10, 1000) if number % 7}
    return tuple(learn_merges(words, count))


def cut_french(number, cut):
    """Say a number in French, and cut it.

    Parameters
    ----------
    number : int
    cut : {"words", "letters", "pairs"}
        Pairs: letters, of which the most frequent neighbours are merged, see `number_merges`.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If there is no such cut.

    Examples
    --------
    >>> cut_french(97, "pairs")
    ['quatre-vingt-', 'dix-', 'sept']
    """
    require_choice("cut", cut, CUTS)
    if cut == "words":
        return number_words(number, "fr")
    return list(cut_word(in_one_piece(number, "fr"), number_merges("fr") if cut == "pairs" else ()))


@lru_cache
def numbers(language, digits, held_out=200, cut=None):
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
    cut : {"words", "letters", "pairs"}, optional
        How French is cut, if not as `number_words` does; see `cut_french`.

    Returns
    -------
    Task

    Raises
    ------
    ValueError
        If the language or the cut is another, German is to be cut, or `digits` is below 2.

    Examples
    --------
    >>> task = numbers("fr", 3)
    >>> source, target = task.held_out[0]
    >>> task.source_words(source), task.target_words(target)
    (['quatorze'], ['fourteen'])
    """
    require(digits > 1, f"digits = {digits} must be at least 2")
    require(cut is None or language == "fr", f"cut = {cut!r} needs French, not {language!r}")
    say = partial(cut_french, cut=cut) if cut else partial(number_words, language=language)
    # Any letter may stand alone, and so may the result of any merge.
    alone = partial(cut_french, cut="letters") if cut == "pairs" else say
    merged = map("".join, number_merges("fr")) if cut == "pairs" else ()
    source_vocabulary = _vocabulary(alone, digits, merged)
    target_vocabulary = _vocabulary(partial(number_words, language="en"), digits)

    @lru_cache(maxsize=200_000)
    def pair(number):
        return (
            encode_tokens(say(number), source_vocabulary),
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
    name = " ".join(["numbers", language, *([cut] if cut else []), str(digits)])
    return Task(name, source_vocabulary, target_vocabulary, draw, test)


def _vocabulary(say, digits, more=()):
    """All tokens of the numbers with up to `digits` digits, said by ``say(number)``, and `more`."""
    parts = {n * 1000**power for power in range((digits + 2) // 3) for n in range(1000)}
    found = {word for n in parts if n < 10**digits for word in say(n)} | set(more)
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
    >>> "".join(task.source_words(source))
    '15. Februar 2070'
    >>> "".join(task.target_words(target))
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
