"""Reversal, copying, recall, keeping: right answers, lengths, what is held out, and shortcuts."""

import numpy
import pytest
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


def test_a_stream_asks_for_keys_of_its_list_and_the_values_stand_there():
    task = tasks.recall_stream()
    lengths, again = set(), 0
    pairs = drawn_from(task, 3000)
    for source, target in pairs:
        listed = dict(zip(source[::2], source[1::2], strict=True))
        assert len(listed) == len(source) // 2, "a key stands once"
        assert [listed[key] for key in target[::2]] == target[1::2]
        assert len(target) == len(source)
        lengths.add(len(listed))
        again += len(set(target[::2])) < len(listed)
    assert lengths == set(range(2, 9))
    assert again > 2000, "a key that was asked may be asked again"
    held_out = tasks.by_length(task.held_out)
    assert {n // 2: len(group) for n, group in held_out.items()} == dict.fromkeys(
        (2, 4, 8, 16), 500
    )
    assert all(len(target) == 2 for _, target in task.held_out)


def test_in_a_stream_the_keys_and_the_end_are_given_and_values_are_said():
    task = tasks.recall_stream()
    batch = tasks.make_batch([task.held_out[0]], task.given)
    value = task.held_out[0][1][1]
    assert batch.target_out.tolist() == [[tasks.PAD, value, tasks.PAD]]
    assert batch.target_in.tolist() == [[tasks.START, *task.held_out[0][1]]]
    given = {task.source_vocabulary[token] for token in task.given}
    assert given == {"<end>", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def rules_that_do_not_look_up(source, target):
    """Return what simpler rules say to the last question: none looks the key up."""
    page, said = source[1::2], target[1:-2:2]
    return {
        "the first value": page[0],
        "the last value": page[-1],
        "the value with the number of the question": page[len(said)],
        "a value not yet said": [value for value in page if value not in said][-1],
    }


def test_no_rule_that_does_not_look_up_the_key_is_right_more_often_than_1_in_n():
    task, rng = tasks.recall_stream(), numpy.random.default_rng(0)
    drawn = [task.draw(rng) for _ in range(6000)]
    drawn = [pair for pair in drawn if set(pair[0][1::2]) != set(pair[1][1:-2:2])]
    for pairs, groups in ((drawn, "drawn"), (task.held_out, "held out")):
        for length, group in tasks.by_length(pairs).items():
            chance, right = 2 / length, {}
            for source, target in group:
                for name, value in rules_that_do_not_look_up(source, target).items():
                    right.setdefault(name, []).append(value == target[-1])
            for name, hits in right.items():
                limit = chance + 3.5 * (chance * (1 - chance) / len(hits)) ** 0.5
                assert numpy.mean(hits) < limit, (groups, name, length)


def test_were_each_key_asked_once_the_value_that_is_left_would_be_the_last_answer():
    task, rng = tasks.recall_stream(), numpy.random.default_rng(0)
    for source, _ in (task.draw(rng) for _ in range(50)):
        order = rng.permutation(len(source) // 2)
        target = numpy.reshape(source, (-1, 2))[order].reshape(-1).tolist()
        assert rules_that_do_not_look_up(source, target)["a value not yet said"] == target[-1]


def test_a_page_of_the_phone_book_lists_names_with_digits_and_asks_for_one_of_them():
    task, places = tasks.phone_book(), set()
    for source, target in drawn_from(task, 2000):
        names, digits = source[:-1:2], source[1:-1:2]
        assert len(set(names)) == len(names) == len(digits) == 8
        place = names.index(source[-1])
        assert target == [digits[place]]
        places.add(place)
    assert places == set(range(8)), "a task in which the place gives the answer away"
    batch = tasks.make_batch(task.held_out[:3], task.given)
    assert batch.target_mask.tolist() == [[True, False]] * 3
    with pytest.raises(ValueError, match="entries = 65 must lie in 1 … 64"):
        tasks.phone_book(65)


def test_a_page_asks_for_several_different_names_at_any_places():
    task, places = tasks.phone_book(asked=3, numbers=100), []
    for source, target in drawn_from(task, 2000):
        names, numbers, asked = source[:16:2], source[1:16:2], source[16:]
        places.append([names.index(name) for name in asked])
        assert len(set(asked)) == 3
        assert target == [numbers[place] for place in places[-1]]
    counts = [numpy.bincount(column, minlength=8) for column in numpy.transpose(places)]
    assert 150 < numpy.min(counts) and numpy.max(counts) < 350
    assert len({tuple(sorted(each)) for each in places}) == 56, "all triples of places"
    with pytest.raises(ValueError, match="asked = 9 must lie in 1 … 8"):
        tasks.phone_book(asked=9)
    with pytest.raises(ValueError, match="numbers = 0 must be at least 1"):
        tasks.phone_book(numbers=0)


def test_no_rule_that_does_not_read_the_names_gets_far_in_the_phone_book():
    pages = tasks.phone_book().held_out
    digits = numpy.array([source[1:-1:2] for source, _ in pages]) - (3 + 64)
    right = numpy.array([target[0] for _, target in pages]) - 3
    counts = (digits[..., None] == numpy.arange(10)).sum(axis=1)
    for said in (digits[:, 0], digits[:, -1], counts.argmax(axis=-1)):
        assert 0.15 < (said == right).mean() < 0.32


def test_all_letters_are_to_be_kept():
    task = tasks.keep_letters(9, letters=5, held_out=30)
    assert len(task.held_out) == 30
    rng = numpy.random.default_rng(0)
    drawn = [task.draw(rng) for _ in range(500)]
    for source, target in drawn + task.held_out:
        assert source == target and len(source) == 9
    assert {token for source, _ in drawn for token in source} == set(range(3, 8))
    assert task.source_vocabulary == task.target_vocabulary
    batch = tasks.make_batch(task.held_out[:2], task.given)
    assert batch.target_mask.tolist() == [[True] * 9 + [False]] * 2


def test_pairs_stand_anywhere_among_dots_and_each_key_once():
    task, places = tasks.keep_pairs(7, keys=5, values=3, tested=(1, 3, 5), held_out=40), set()
    words, counts, rng = task.source_vocabulary, [], numpy.random.default_rng(0)
    for source, target in [task.draw(rng) for _ in range(3000)] + task.held_out:
        shown = {words[token][0]: words[token][1] for token in source if words[token] != "."}
        counts.append(len(shown))
        assert len(source) == 7 and sum(words[token] != "." for token in source) == len(shown)
        assert task.target_words(target) == [shown.get(key, ".") for key in "ABCDE"]
        places |= {(i, words[token]) for i, token in enumerate(source)}
    assert counts[-120:] == [1] * 40 + [3] * 40 + [5] * 40
    assert set(counts[:3000]) == set(range(1, 6))
    assert len(places) == 7 * (5 * 3 + 1), "any pair, and a dot, at any place"
    batch = tasks.make_batch(task.held_out[:2], task.given)
    assert batch.target_mask.sum() == 2, "only what was shown is asked for"
    with pytest.raises(ValueError, match="keys = 8 must lie in 1 … 7"):
        tasks.keep_pairs(7)


def test_who_does_not_read_the_pairs_is_right_in_one_case_of_four():
    task = tasks.keep_pairs()
    first = len(tasks.SPECIAL) + 1
    target = numpy.array([target for _, target in task.held_out[-400:]]) - first
    for guess in range(4):
        assert 0.22 < (target == guess).mean() < 0.28
    assert 0.22 < (target[:, :1] == target[:, 1:]).mean() < 0.28, "the value of another key"
