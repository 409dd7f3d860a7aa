"""Reversal, copying and recall: right answers, lengths, and what is held out."""

import numpy
from drawing import drawn_from

from helpers import tasks


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
