"""Number words and dates: what is held out, what is drawn, and what the words mean."""

import datetime
from functools import partial

import numpy
import pytest
from drawing import drawn_from, texts

from helpers import tasks
from helpers.tasks import RUNNING_EXAMPLE, SPECIAL, decode_tokens, encode_tokens, number_words
from helpers.tasks.translation import _vocabulary

SMALL = dict(
    zip(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen".split(),
        range(20),
        strict=True,
    )
)

TENS = dict(
    zip(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(),
        range(20, 100, 10),
        strict=True,
    )
)

LANGUAGES = pytest.mark.parametrize(("language", "digits"), [("fr", 5), ("de", 5), ("fr", 2)])


def number(words):
    """Read an English number."""
    thousands = rest = 0
    for word in words:
        if word == "thousand":
            thousands, rest = rest, 0
        elif word == "hundred":
            rest *= 100
        elif word != "and":
            rest += SMALL.get(word) or TENS[word]
    return 1000 * thousands + rest


def numbers_of(task, pairs):
    return [number(decode_tokens(target, task.target_vocabulary)) for _, target in pairs]


class Scripted:
    """Stands in for a random generator and returns what it is told."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def integers(self, low, high):
        """Return the next answer."""
        return self.answers.pop(0)


@LANGUAGES
def test_held_out_numbers_are_multiples_of_7_and_training_draws_none(language, digits):
    task = tasks.numbers(language, digits)
    held_out = numbers_of(task, task.held_out)
    assert all(n % 7 == 0 for n in held_out)
    assert len(set(held_out)) == len(held_out)
    rng = numpy.random.default_rng(0)
    drawn = numbers_of(task, [task.draw(rng) for _ in range(4000)])
    assert all(n % 7 for n in drawn)
    sizes = numpy.bincount([len(str(n)) for n in drawn], minlength=digits + 1)
    assert (sizes[:2] == 0).all()
    assert sizes[2:] == pytest.approx(4000 / (digits - 1), rel=0.1)
    assert {len(str(n)) for n in held_out} == set(range(2, digits + 1))


def test_all_two_digit_multiples_of_7_are_held_out_and_all_other_numbers_drawn():
    task = tasks.numbers("de", 2)
    assert numbers_of(task, task.held_out) == list(range(14, 99, 7))
    rng = numpy.random.default_rng(0)
    drawn = set(numbers_of(task, [task.draw(rng) for _ in range(3000)]))
    assert drawn == {n for n in range(10, 100) if n % 7}


@pytest.mark.parametrize("language", ["fr", "de"])
def test_the_running_example_is_never_drawn(language):
    assert RUNNING_EXAMPLE % 7 == 0
    task = tasks.numbers(language, 5)
    pair = task.draw(Scripted(5, RUNNING_EXAMPLE, RUNNING_EXAMPLE + 7, RUNNING_EXAMPLE + 1))
    assert numbers_of(task, [pair]) == [RUNNING_EXAMPLE + 1]


def test_the_running_example_in_three_languages():
    english = "forty seven thousand two hundred and thirty six"
    assert " ".join(number_words(RUNNING_EXAMPLE, "en")) == english
    german = "siebenundvierzigtausendzweihundertsechsunddreißig"
    assert "".join(number_words(RUNNING_EXAMPLE, "de")) == german
    french = "quarante sept mille deux cent trente six"
    assert " ".join(number_words(RUNNING_EXAMPLE, "fr")) == french


@pytest.mark.parametrize("language", ["en", "fr", "de"])
@pytest.mark.parametrize("digits", [3, 5, 6])
def test_the_vocabulary_covers_every_number(language, digits):
    vocabulary = _vocabulary(partial(number_words, language=language), digits)
    assert vocabulary[:3] == SPECIAL
    assert len(set(vocabulary)) == len(vocabulary)
    rng = numpy.random.default_rng(digits)
    edges = [0, 1, 7, 80, 81, 100, 200, 10**digits - 1, 10 ** (digits - 1)]
    for n in [*edges, *rng.integers(0, 10**digits, 1500).tolist()]:
        words = number_words(n, language)
        assert decode_tokens(encode_tokens(words, vocabulary), vocabulary) == words


@LANGUAGES
def test_a_pair_says_the_same_number_twice(language, digits):
    task = tasks.numbers(language, digits)
    for source, target in task.held_out[::7]:
        (n,) = numbers_of(task, [(source, target)])
        assert decode_tokens(source, task.source_vocabulary) == number_words(n, language)


def test_dates_are_held_out_by_day_in_every_language():
    task = tasks.dates()

    def days(pairs):
        return [datetime.date.fromisoformat("".join(target)) for _, target in pairs]

    held_out = days(texts(task, task.held_out))
    drawn = days(drawn_from(task, 3000))
    assert {day.toordinal() % 11 for day in held_out} == {0}
    assert {day.toordinal() % 11 for day in drawn} == set(range(1, 11))
    for some in (held_out, drawn):
        assert {day.weekday() for day in some} == set(range(7))
        assert {day.month for day in some} == set(range(1, 13))
        assert min(day.year for day in some) < 1905
        assert max(day.year for day in some) > 2094


def test_a_date_in_words_means_one_day_only():
    days = [
        datetime.date(year, month, day)
        for year in (1998, 2012)
        for month in range(1, 13)
        for day in range(1, 29)
    ]
    meaning = {}
    for day in days:
        for locale in tasks.LOCALES:
            for style in tasks.STYLES:
                words = "".join(tasks.date_words(day, locale, style))
                assert meaning.setdefault(words, day) == day
