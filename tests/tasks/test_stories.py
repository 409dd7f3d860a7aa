"""Made-up English: what decides an answer, and which combinations are held out."""

from itertools import pairwise

import numpy
import pytest
from drawing import drawn_from, texts

from helpers import tasks
from helpers.tasks.stories import _is_held_out_phrase


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
    assert all(_is_held_out_phrase(*phrase) for phrase in phrases)
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
