"""Tasks: what is held out, what is drawn, vocabularies, padding, and what wrong input is told."""

import datetime
from itertools import pairwise

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import tasks
from helpers.tasks import (
    END,
    PAD,
    RUNNING_EXAMPLE,
    SPECIAL,
    START,
    decode_tokens,
    encode_tokens,
    make_batch,
    number_words,
    pad,
)

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
sequences = st.lists(st.lists(st.integers(3, 9), max_size=6), min_size=1, max_size=5)


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
    vocabulary = tasks._vocabulary(language, digits)
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


def test_the_held_out_set_is_the_same_in_every_run():
    for make in (tasks.reversal, lambda: tasks.numbers.__wrapped__("fr", 4)):
        assert make().held_out == make().held_out


def test_reversal_says_the_source_backwards_and_holds_out_longer_ones():
    task = tasks.reversal(lengths=(2, 9), longest=12, symbols=5, held_out=20)
    rng = numpy.random.default_rng(0)
    drawn = [task.draw(rng) for _ in range(2000)]
    assert {len(source) for source, _ in drawn} == set(range(2, 10))
    groups = tasks.by_length(task.held_out)
    assert {length: len(pairs) for length, pairs in groups.items()} == dict.fromkeys(
        range(2, 13), 20
    )
    for source, target in drawn + task.held_out:
        assert target == source[::-1]
    assert {token for source, _ in drawn for token in source} == set(range(3, 8))
    assert len(task.source_vocabulary) == 8


def test_long_held_out_reversals_are_not_drawn():
    task = tasks.reversal()
    rng = numpy.random.default_rng(1)
    drawn = {tuple(task.draw(rng)[0]) for _ in range(20_000)}
    assert not drawn & {tuple(source) for source, _ in task.held_out if len(source) >= 8}


def texts(task, pairs):
    """Turn pairs of tokens into pairs of lists of words."""
    vocabularies = task.source_vocabulary, task.target_vocabulary
    return [
        tuple(decode_tokens(side, words) for side, words in zip(pair, vocabularies, strict=True))
        for pair in pairs
    ]


def drawn_from(task, count, seed=0):
    rng = numpy.random.default_rng(seed)
    return texts(task, [task.draw(rng) for _ in range(count)])


ALL_TASKS = {
    "copying": tasks.copying,
    "dates": tasks.dates,
    "recall": tasks.recall,
    "reversal": tasks.reversal,
    "sentiment": tasks.sentiment,
    "summaries": tasks.summaries,
}


@pytest.mark.parametrize("make", ALL_TASKS.values(), ids=ALL_TASKS)
def test_a_seed_decides_what_is_drawn_and_vocabularies_know_every_token(make):
    task = make()
    assert drawn_from(task, 50) == drawn_from(task, 50) != drawn_from(task, 50, seed=1)
    rng = numpy.random.default_rng(0)
    pairs = task.held_out + [task.draw(rng) for _ in range(2000)]
    for side, vocabulary in ((0, task.source_vocabulary), (1, task.target_vocabulary)):
        assert vocabulary[:3] == SPECIAL
        assert len(set(vocabulary)) == len(vocabulary)
        found = {token for pair in pairs for token in pair[side]}
        assert found == set(range(3, len(vocabulary))), "a token that never stands for anything"
    assert {type(token) for pair in pairs for token in pair[0] + pair[1]} == {int}


def test_copying_says_the_same_again():
    task = tasks.copying()
    assert all(source == target for source, target in drawn_from(task, 300))
    assert {len(source) for source, _ in drawn_from(task, 300)} == set(range(2, 21))


def test_recall_answers_every_key_with_its_value_in_the_order_asked():
    task = tasks.recall()
    counts, orders = set(), set()
    for source, target in drawn_from(task, 3000):
        question = source.index("?")
        keys, values, asked = source[:question:2], source[1:question:2], source[question + 1 :]
        assert target[::2] == asked
        assert target[1::2] == [values[keys.index(key)] for key in asked]
        assert sorted(asked) == sorted(set(keys))
        counts.add(len(keys))
        if len(keys) == 3:
            orders.add(tuple(keys.index(key) for key in asked))
    assert counts == set(range(2, 17))
    assert len(orders) == 6, "a task in which the place gives the answer away"


def test_no_long_held_out_recall_is_drawn():
    task, rng = tasks.recall(), numpy.random.default_rng(1)
    drawn = {tuple(task.draw(rng)[0]) for _ in range(20_000)}
    assert not drawn & {tuple(source) for source, _ in task.held_out if len(source) >= 10}


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


def judge(words):
    """Sentiment of a review, found by hand: the clause that counts, turned round or not."""
    (body,) = [part for part in " ".join(words).split(" . ") if " was " in part and "the " in part]
    body = body.removesuffix(" .")
    if " but " in body:
        body = body.split(" but ")[1]
    clause = body.split(" although ")[0].split()
    positive = any(word in clause for word in tasks.POSITIVE)
    negated = [word for word in clause if word in tasks.NEGATORS]
    return ("positive" if positive != bool(negated) else "negative"), (*negated, clause[-1])


def test_sentiment_is_that_of_the_clause_that_counts():
    task = tasks.sentiment()
    held_out, drawn = texts(task, task.held_out), drawn_from(task, 3000)
    for words, target in held_out + drawn:
        assert [judge(words)[0]] == target
    for pairs in (held_out, drawn):
        share = sum(target == ["positive"] for _, target in pairs) / len(pairs)
        assert share == pytest.approx(0.5, abs=0.06)
    phrases = {judge(words)[1] for words, _ in held_out}
    assert all(tasks._is_held_out_phrase(*phrase) for phrase in phrases)
    assert len(phrases) == 12
    for words, _ in drawn:
        for first, second in pairwise(words):
            assert (first, second) not in phrases


def test_no_single_word_gives_the_sentiment_away():
    drawn = drawn_from(tasks.sentiment(), 4000)
    for word in {word for words, _ in drawn for word in words}:
        labels = [target == ["positive"] for words, target in drawn if word in words]
        assert 0.25 < sum(labels) / len(labels) < 0.75, word


def test_a_summary_says_who_does_what_where():
    task = tasks.summaries()
    present = {past: now for past, now in tasks.EVENTS}

    def deed(words):
        text = " ".join(words)
        (report,) = [s for s in text.split(" .") if any(f" {past} " in s for past in present)]
        who, past, *rest = report.split()[2:]
        return [who, present[past], *rest], (who, past, *rest[: rest.index("in")])

    held_out, drawn = texts(task, task.held_out), drawn_from(task, 5000)
    for words, target in held_out + drawn:
        assert deed(words)[0] == target
    before = {deed(words)[1] for words, _ in drawn}
    new = {deed(words)[1] for words, _ in held_out}
    assert not before & new
    assert len(before) == 96
    assert len(new) == 24
    for place in (0, 1):
        assert {one[place] for one in new} <= {one[place] for one in before}
    lengths = [len(words) / len(target) for words, target in drawn]
    assert numpy.mean(lengths) > 2.5, "a summary that leaves little out"


def padding_share(batches):
    """Size of the padded sources, as a multiple of their true tokens."""
    batches = list(batches)
    return sum(b.source.size for b in batches) / sum(b.source_lengths.sum() for b in batches)


@pytest.mark.parametrize("task", [tasks.reversal(), tasks.numbers("fr", 5), tasks.numbers("de", 5)])
def test_sorting_by_length_leaves_little_padding(task):
    rng = numpy.random.default_rng(0)
    stream = tasks.batches(task, rng)
    assert padding_share(next(stream) for _ in range(64)) < 1.10
    unsorted = [make_batch([task.draw(rng) for _ in range(64)]) for _ in range(32)]
    assert padding_share(unsorted) > 1.3


def test_batches_of_a_pool_come_in_random_order_and_lose_no_pair():
    task = tasks.reversal()
    lengths = [
        batch.source_lengths.mean()
        for batch, _ in zip(
            tasks.batches(task, numpy.random.default_rng(0), size=8, pool=16),
            range(16),
            strict=False,
        )
    ]
    assert lengths != sorted(lengths)
    rng = numpy.random.default_rng(0)
    drawn = sorted(len(task.draw(rng)[0]) for _ in range(128))
    assert sum(lengths) * 8 == pytest.approx(sum(drawn))


@given(sequences)
def test_padding_can_be_cut_off_again(rows):
    tokens, lengths = pad(rows)
    assert tokens.shape == (len(rows), max(map(len, rows)))
    assert [row[:n].tolist() for row, n in zip(tokens, lengths, strict=True)] == rows
    assert (tokens[numpy.arange(tokens.shape[1]) >= lengths[:, None]] == PAD).all()


@given(st.lists(st.tuples(*[st.lists(st.integers(3, 9), min_size=1, max_size=5)] * 2), min_size=1))
def test_a_batch_holds_its_pairs_shifted_by_one(pairs):
    batch = make_batch(pairs)
    for i, (source, target) in enumerate(pairs):
        assert batch.source[i, : batch.source_lengths[i]].tolist() == source
        n = batch.target_lengths[i]
        assert batch.target_in[i, :n].tolist() == [START, *target]
        assert batch.target_out[i, :n].tolist() == [*target, END]
        assert batch.target_out[i][batch.target_mask[i]].tolist() == [*target, END]


@given(sequences)
def test_a_reversed_source_keeps_its_padding_at_the_end(rows):
    batch = make_batch([(row, [4]) for row in rows])
    turned = tasks.reversed_source(batch)
    assert [
        row[:n].tolist() for row, n in zip(turned.source, turned.source_lengths, strict=True)
    ] == [row[::-1] for row in rows]
    assert (
        turned.source[numpy.arange(turned.source.shape[1]) >= turned.source_lengths[:, None]] == PAD
    ).all()
    assert (tasks.reversed_source(turned).source == batch.source).all()


def test_decoding_stops_at_the_end_token():
    assert decode_tokens([START, 3, 4, END, 3], (*SPECIAL, "a", "b")) == ["a", "b"]
    assert decode_tokens(numpy.array([4, PAD]), (*SPECIAL, "a", "b")) == ["b"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: encode_tokens(["a", "x", "y"], (*SPECIAL, "a", "b")),
            ["words", "['x', 'y']", "5 tokens", "['a', 'b']"],
        ),
        (lambda: pad([]), ["sequences is empty"]),
        (lambda: number_words(3, "es"), ["language = 'es'", "('en', 'fr', 'de')"]),
        (lambda: tasks.numbers("es", 2), ["language = 'es'"]),
        (lambda: tasks.reversal(lengths=(5, 3)), ["lengths = (5, 3)", "longest = 28"]),
        (lambda: tasks.copying(symbols=27), ["symbols = 27", "1 … 26"]),
        (lambda: tasks.recall(pairs=(2, 30)), ["pairs = (2, 30)", "keys = 26"]),
        (lambda: tasks.recall(values=11), ["values = 11", "1 … 10"]),
        (lambda: tasks.dates(("de", "xx")), ["locale = 'xx'", "'pl'"]),
        (lambda: tasks.dates(()), ["locales is empty"]),
        (
            lambda: tasks.date_words(datetime.date(2020, 1, 1), "de", "short"),
            ["style = 'short'", "'medium'"],
        ),
        (lambda: tasks.sentiment(0), ["held_out = 0"]),
        (lambda: tasks.summaries(0), ["held_out = 0"]),
        (lambda: tasks.numbers("fr", 1), ["digits = 1", "2"]),
    ],
)
def test_wrong_input_is_named(call, words):
    with pytest.raises(ValueError) as error:
        call()
    assert [word for word in words if word not in str(error.value)] == []
