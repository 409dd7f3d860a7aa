"""What tasks share: tokens, texts, padding, batches, and what wrong input is told."""

import datetime

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import tasks
from helpers.tasks import (
    END,
    PAD,
    SPECIAL,
    START,
    Task,
    decode_tokens,
    encode_tokens,
    make_batch,
    number_words,
    pad,
    split_text,
)

sequences = st.lists(st.lists(st.integers(3, 9), max_size=6), min_size=1, max_size=5)


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


@given(st.lists(st.tuples(*[st.lists(st.integers(3, 9), min_size=1, max_size=5)] * 2), min_size=1))
def test_what_is_given_stands_in_the_input_and_is_not_to_be_said(pairs):
    batch, whole = make_batch(pairs, given=(END, 4, 5)), make_batch(pairs)
    assert (batch.target_in == whole.target_in).all()
    said = ~numpy.isin(whole.target_out, (END, 4, 5))
    assert (batch.target_out[said] == whole.target_out[said]).all()
    assert (batch.target_out[~said] == PAD).all()
    assert (batch.target_mask == (whole.target_mask & said)).all()


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
        (lambda: split_text(47, SPECIAL), ["text = 47", "a string or a list of words"]),
        (lambda: pad([]), ["sequences is empty"]),
        (lambda: number_words(3, "es"), ["language = 'es'", "('en', 'fr', 'de')"]),
        (lambda: tasks.numbers("es", 2), ["language = 'es'"]),
        (lambda: tasks.reversal(lengths=(5, 3)), ["lengths = (5, 3)", "longest = 28"]),
        (lambda: tasks.copying(symbols=27), ["symbols = 27", "1 … 26"]),
        (lambda: tasks.recall(pairs=(2, 30)), ["pairs = (2, 30)", "keys = 26"]),
        (lambda: tasks.recall_stream(tested=(27,)), ["tested = (27,)", "keys = 26"]),
        (lambda: tasks.recall_stream(values=7), ["pairs = (2, 8)", "1 … 7", "values = 7"]),
        (lambda: tasks.recall_stream((3, 2)), ["pairs = (3, 2)", "first", "above the last"]),
        (lambda: tasks.recall_stream(keys=27), ["keys = 27", "26"]),
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


LETTERS = Task("letters", (*SPECIAL, "a", "b", "ä"), (*SPECIAL, "one", "two"), None, [])


def test_a_task_reads_texts_and_lists_of_words():
    assert LETTERS.pair("abä", "two one") == ([3, 4, 5], [4, 3])
    assert LETTERS.pair(["a", "b"], ["two"]) == LETTERS.pair("a b", "two")
    assert LETTERS.pair("a") == ([3], [])
    assert LETTERS.source_words([3, 4, END, 5]) == ["a", "b"]
    assert LETTERS.target_words(numpy.array([START, 4, END, PAD])) == ["two"]


def test_blanks_count_where_the_vocabulary_has_one():
    assert split_text("a b", (*SPECIAL, "a", "b", " ")) == ["a", " ", "b"]
    assert split_text("a b", (*SPECIAL, "a", "b")) == ["a", "b"]
    assert split_text(" deux  cent ", (*SPECIAL, "deux", "cent")) == ["deux", "cent"]


EVERY_KIND = ["fr3", "de3", "dates", "reversal", "recall", "recall_stream", "sentiment"]


@pytest.mark.parametrize("name", EVERY_KIND)
def test_words_of_every_task_are_read_back(name):
    task = tasks.make_task(name)
    for source, target in task.held_out[::29]:
        assert task.pair(task.source_words(source), task.target_words(target)) == (source, target)
        text = "" if " " in task.source_vocabulary else " "
        assert task.source_tokens(text.join(task.source_words(source))) == source


def test_a_word_that_a_task_does_not_know_is_named():
    with pytest.raises(ValueError, match=r"words holds \['three'\]"):
        LETTERS.target_tokens("one three")
