"""What a reader types into a figure, as words of a model: a number, or the words themselves.

``_static/typed.js`` reads it in the same way, with the same sentences.
"""

import dataclasses
import re
from collections.abc import Callable

#: Names of languages, as they stand in titles.
LANGUAGES = {"en": "English", "fr": "French", "de": "German"}
#: How the right answer follows from the words, for a page that has no Python.
RULES = {"reversed": lambda words: list(words)[::-1], "same": list}
LONGEST = 120  # tokens of what may be typed
SPECIAL = 3  # tokens for padding, start and end, with which each vocabulary begins


@dataclasses.dataclass(frozen=True, kw_only=True)
class Typed:
    """What may be typed: numbers, if they are given, and always the words of the model.

    Parameters
    ----------
    words : callable, optional
        For numbers: (number, language) -> list of str.
    languages : (str, str), optional
        Of what is read and of what is said: two of ``en``, ``fr`` and ``de``.
    numbers : (int, int), optional
        The smallest and the largest that the model has learned.
    rule : {"reversed", "same"}, optional
        Without numbers: how the right answer follows from the words; not given, nobody knows it.
    longest : int
        Most words that may be typed.

    Raises
    ------
    ValueError
        If a language or a rule is unknown, or there are languages without numbers.

    Examples
    --------
    >>> Typed(rule="reversed").read("abc", ("<pad>", "<start>", "<end>", "a", "b", "c"))
    (['a', 'b', 'c'], ['c', 'b', 'a'])
    """

    words: Callable | None = None
    languages: tuple = ("", "")
    numbers: tuple | None = None
    rule: str | None = None
    longest: int = LONGEST

    def __post_init__(self):
        for language in self.languages if self.numbers else ():
            if language not in LANGUAGES:
                raise ValueError(f"language {language!r} must be one of {list(LANGUAGES)}")
        if not self.numbers and any(self.languages):
            raise ValueError(f"languages = {self.languages} need numbers")
        if self.rule not in (None, *RULES):
            raise ValueError(f"rule = {self.rule!r} must be one of {list(RULES)}")

    def data(self):
        """Return what the page needs to know, as JSON holds it."""
        return {
            "languages": self.languages,
            "range": self.numbers,
            "rule": self.rule,
            "longest": self.longest,
        }

    def read(self, text, vocabulary):
        """Return the words of what was typed, and those that a model should say, if known.

        Parameters
        ----------
        text : str
        vocabulary : sequence of str
            Of what the model reads, beginning with the tokens for padding, start and end.

        Returns
        -------
        words : list of str
        right : list of str or None

        Raises
        ------
        ValueError
            With a sentence, if nothing can be made of it.
        """
        plain, known = text.strip(), vocabulary[SPECIAL:]
        tokens = unit(vocabulary)
        if not plain:
            asked = f"{self._expected()}, or number words" if self.numbers else f"some {tokens}"
            raise ValueError(f"Type {asked}.")
        if self.numbers and re.search(r"\d", plain):
            return self._number(plain)
        parts = list(plain) if tokens == "letters" else re.split(r"[\s-]+", plain)
        words = [word if word in known else word.lower() for word in parts]
        words = [word for word in words if word.strip() or word in known]
        for word in words:
            if word not in known:
                listed = ("" if tokens == "letters" else ", ").join(known)
                raise ValueError(f"It has never read “{word}”. It knows the {tokens} {listed}.")
        if len(words) > self.longest:
            raise ValueError(f"It has read no more than {self.longest} {tokens}.")
        return words, self._right(words)

    def _expected(self):
        least, most = self.numbers
        return f"a whole number from {least:,} to {most:,}"

    def _number(self, plain):
        least, most = self.numbers
        grouped = re.fullmatch(r"\d+|\d{1,3}([\s,.'’]\d{3})+", plain)
        number = int(re.sub(r"\D", "", plain)) if grouped else least - 1
        if not least <= number <= most:
            raise ValueError(f"It has learned no {plain}: type {self._expected()}.")
        return tuple(self.words(number, language) for language in self.languages)

    def _right(self, words):
        """Words typed by hand: in a kernel nobody looks for the number that they mean."""
        return RULES[self.rule](words) if self.rule else None


def unit(vocabulary):
    """Say what the tokens of a vocabulary are.

    Examples
    --------
    >>> unit(("<pad>", "<start>", "<end>", "a", "b")), unit(("<pad>", "<start>", "<end>", "un"))
    ('letters', 'words')
    """
    return "letters" if all(len(word) == 1 for word in vocabulary[SPECIAL:]) else "words"


def label(typed, vocabulary):
    """Name the field into which one types.

    Examples
    --------
    >>> label(Typed(), ("<pad>", "<start>", "<end>", "a", "b"))
    'Letters'
    """
    return "Number" if typed.numbers else unit(vocabulary).capitalize()


def hint(typed, vocabulary):
    """Say what may be typed, in few words.

    Examples
    --------
    >>> hint(Typed(), ("<pad>", "<start>", "<end>", "a", "b", "c"))
    'the letters a to c'
    """
    if typed.numbers:
        return f"digits, or {LANGUAGES[typed.languages[0]]} words"
    known = vocabulary[SPECIAL:]
    if unit(vocabulary) == "letters" and [ord(word) for word in known] == list(
        range(ord(known[0]), ord(known[-1]) + 1)
    ):
        return f"the letters {known[0]} to {known[-1]}"
    return f"{unit(vocabulary)} that it knows"
