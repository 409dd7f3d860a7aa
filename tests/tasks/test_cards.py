"""Games of cards: whose card is said, what is dealt, and what it takes to be right."""

import numpy
import pytest

from helpers import tasks

DRAWS = 400


def dealt(game):
    task, rng = tasks.make_task(game), numpy.random.default_rng(0)
    return task, [*task.held_out, *(task.draw(rng) for _ in range(DRAWS))]


def test_in_a_row_one_says_the_letter_before_and_the_first_says_nothing():
    task, pairs = dealt("row")
    for source, target in pairs:
        assert target == [tasks.PAD, *source[:-1]] and len(source) == 8
    batch = tasks.make_batch(task.held_out, task.given)
    assert (batch.target_mask.sum(axis=0) == [0, *[500] * 7, 0]).all()


def test_at_a_round_table_the_first_says_the_letter_of_the_last():
    _, pairs = dealt("round_table")
    for source, target in pairs:
        assert target == [source[-1], *source[:-1]]


def test_twins_say_the_digit_of_the_other_card_with_their_name():
    task, pairs = dealt("twins")
    for source, target in pairs:
        cards = [task.source_vocabulary[token] for token in source]
        said = [task.target_vocabulary[token] for token in target]
        for place, (name, _) in enumerate(cards):
            [other] = [card for i, card in enumerate(cards) if card[0] == name and i != place]
            assert said[place] == other[1]


@pytest.mark.parametrize("game", ["row", "round_table", "twins"])
def test_the_asked_place_holds_what_is_said(game):
    task, pairs = dealt(game)
    sources = numpy.array([source for source, _ in pairs])
    asked = tasks.asked_places(game, sources)
    assert asked.shape == sources.shape
    assert (asked != numpy.arange(8)).all()
    for (source, target), places in zip(pairs, asked, strict=True):
        on_them = [task.source_vocabulary[source[place]][-1] for place in places]
        said = [task.target_vocabulary[token] for token in target]
        assert on_them[1:] == said[1:]
        assert on_them[0] == said[0] or (game == "row" and said[0] == "<pad>")


def test_who_looks_at_no_other_card_is_right_in_one_of_ten_cases():
    for game in ("row", "round_table", "twins"):
        task, _ = dealt(game)
        own = [
            task.source_vocabulary[asker][-1] == task.target_vocabulary[said]
            for source, target in task.held_out
            for asker, said in zip(source, target, strict=True)
            if said != tasks.PAD
        ]
        assert abs(numpy.mean(own) - 0.1) < 0.02


@pytest.mark.parametrize("call", [tasks.cards, lambda game: tasks.asked_places(game, None)])
def test_an_unknown_game_is_told(call):
    with pytest.raises(ValueError, match="game = 'poker'"):
        call("poker")
