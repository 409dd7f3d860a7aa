"""Tasks by name: how settings and records say which task is meant.

Stands on the families of tasks; knows no model.
"""

import difflib
import re
from functools import lru_cache, partial

from helpers.shapes import require
from helpers.tasks.cards import cards
from helpers.tasks.reviews import real_reviews
from helpers.tasks.stories import sentiment, summaries
from helpers.tasks.symbols import (
    TESTED,
    copying,
    keep_letters,
    keep_pairs,
    latest_capital,
    letters_back,
    phone_book,
    recall,
    recall_stream,
    reversal,
)
from helpers.tasks.texts import python_topics
from helpers.tasks.translation import dates, numbers

_ALONE = {
    "copying": copying,
    "dates": dates,
    "latest_capital": latest_capital,
    "phone_book": phone_book,
    "python_topics": python_topics,
    "real_reviews": real_reviews,
    "recall": recall,
    "recall_stream": recall_stream,
    "reversal": reversal,
    "round_table": partial(cards, "round_table"),
    "row": partial(cards, "row"),
    "sentiment": sentiment,
    "summaries": summaries,
    "twins": partial(cards, "twins"),
}


def _so_far_back(places):
    """Task of saying the letter so many places back, in sequences that are longer than that."""
    shortest = max(4, places + 1)
    return letters_back(places, (shortest, 16), [n for n in TESTED if n >= shortest])


# A name with a number behind it: number words up to so many digits, sequences of up to so many
# symbols to train on (tested up to 28, or 8 more than that), lists of so many keys; streams of so
# many pairs have ten keys and ten values; letters so many places back; so much is to be kept;
# of phone books so many names are asked at once, with ten numbers or a hundred; of real reviews so
# many to train on.
_NUMBERED = {
    "fr": lambda digits: numbers("fr", digits),
    "de": lambda digits: numbers("de", digits),
    "fr_letters": lambda digits: numbers("fr", digits, cut="letters"),
    "fr_pairs": lambda digits: numbers("fr", digits, cut="pairs"),
    "reversal": lambda longest: reversal((2, longest), max(28, longest + 8)),
    "letters_back": _so_far_back,
    "copying": lambda longest: copying((2, longest), max(28, longest + 8)),
    "phone_book": lambda asked: phone_book(asked=asked),
    "phone_book_hundred": lambda asked: phone_book(asked=asked, numbers=100),
    "real_reviews": real_reviews,
    "recall": lambda pairs: recall((2, pairs)),
    "recall_stream": lambda pairs: recall_stream((1, pairs), range(1, pairs + 1), 10, 10),
    "keep_letters": keep_letters,
    "keep_pairs": keep_pairs,
}


def require_task(name):
    """Raise a `ValueError` unless there is a task of that name; it names the nearest one.

    Examples
    --------
    >>> require_task("reversl")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: task = 'reversl' is unknown; did you mean 'reversal'? There are ...
    """
    kind = re.fullmatch(r"([a-z_]+)\d+", str(name))
    if name in _ALONE or (kind and kind[1] in _NUMBERED):
        return
    near = difflib.get_close_matches(str(name), (*_ALONE, *_NUMBERED), 1)
    hint = f"did you mean {near[0]!r}? There" if near else "there"
    require(
        False,
        f"task = {name!r} is unknown; {hint} are {', '.join(_ALONE)}, and with a number behind it "
        f"{', '.join(_NUMBERED)}, such as fr12",
    )


@lru_cache
def make_task(name):
    """Task of a short name: ``reversal``, ``reversal10`` (trained to length 10), ``fr12``, ….

    Parameters
    ----------
    name : str
        ``copying``, ``dates``, ``latest_capital``, ``phone_book``, ``python_topics``,
        ``real_reviews``, ``recall``, ``recall_stream``, ``reversal``, ``sentiment`` or
        ``summaries``; or with a number: ``fr12``
        and ``de9``, number words of up to so many digits; ``fr_letters3`` and ``fr_pairs3``, the
        same in French, cut otherwise; ``reversal10`` and ``copying10``, trained up to that length;
        ``recall8``, up to so many keys; ``recall_stream4``, 1 to so many pairs of ten keys and
        ten values; ``letters_back3``, so many places back; ``keep_letters24`` and
        ``keep_pairs24``, sources of that length; ``phone_book2``, so many names asked at once, and
        ``phone_book_hundred2``, the same among a hundred numbers; ``real_reviews500``,
        so many to train on.

    Returns
    -------
    Task
        The same object at every call.

    Raises
    ------
    ValueError
        If there is no such task, or its number makes no sense.

    Examples
    --------
    >>> make_task("fr3").name
    'numbers fr 3'
    """
    require_task(name)
    if name in _ALONE:
        return _ALONE[name]()
    kind = name.rstrip("0123456789")
    return _NUMBERED[kind](int(name.removeprefix(kind)))
