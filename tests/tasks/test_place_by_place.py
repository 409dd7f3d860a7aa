"""Tasks that ask for a word at each place: nothing leaks, and what is asked is what is said."""

import numpy as np
import pytest

from helpers import tasks
from helpers.tasks import END, by_length, letters_back, make_batch
from helpers.tasks.symbols import FIRST_CAPITAL, NOTHING, TESTED

NAMES = ("letters_back3", "letters_back8", "latest_capital")


@pytest.mark.parametrize("name", NAMES)
def test_a_word_for_each_place_and_the_lengths_that_are_told(name):
    task, rng = tasks.make_task(name), np.random.default_rng(0)
    assert task.given == (END, NOTHING)
    for source, target in [*task.held_out, *(task.draw(rng) for _ in range(50))]:
        assert len(source) == len(target) and NOTHING not in source
    drawn = {len(task.draw(rng)[0]) for _ in range(500)}
    shortest = 9 if name == "letters_back8" else 4
    assert drawn == set(range(shortest, 17))
    assert list(by_length(task.held_out)) == [n for n in TESTED if n >= shortest]


def test_the_letter_so_far_back():
    for back in (1, 3, 8):
        for source, target in tasks.make_task(f"letters_back{back}").held_out[::37]:
            assert target == [NOTHING] * back + source[: len(source) - back]


def test_the_latest_capital_is_the_last_before_a_small_letter():
    for source, target in tasks.make_task("latest_capital").held_out[::37]:
        for i, (letter, said) in enumerate(zip(source, target, strict=True)):
            before = [one for one in source[:i] if one >= FIRST_CAPITAL]
            asked = letter < FIRST_CAPITAL and before
            assert said == (before[-1] if asked else NOTHING)


def test_a_capital_in_one_case_of_four():
    letters = np.concatenate([source for source, _ in tasks.make_task("latest_capital").held_out])
    assert abs((letters >= FIRST_CAPITAL).mean() - 0.25) < 0.01


def test_nothing_is_counted_where_nothing_is_asked():
    batch = make_batch(tasks.make_task("letters_back3").held_out[:5], (END, NOTHING))
    assert not batch.target_mask[:, :3].any() and not batch.target_mask[:, -1].any()
    assert batch.target_mask[:, 3:-1].all()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"back": 4}, "back = 4"),
        ({"back": 0}, "back = 0"),
        ({"lengths": (9, 5)}, r"lengths = \(9, 5\)"),
        ({"tested": (2, 8)}, "tested"),
    ],
)
def test_lengths_that_make_no_sense_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        letters_back(**options)
