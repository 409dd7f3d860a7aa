"""Tasks by name, and what holds for every one of them."""

import hashlib
from functools import partial

import numpy
import pytest
from drawing import drawn_from

from helpers import tasks
from helpers.runs.plans import load_plan, plan_names


def test_the_held_out_set_is_the_same_in_every_run():
    for make in (tasks.reversal, lambda: tasks.numbers.__wrapped__("fr", 4)):
        assert make().held_out == make().held_out


ALL_TASKS = {
    "copying": tasks.copying,
    "dates": tasks.dates,
    "phone_book": tasks.phone_book,
    "recall": tasks.recall,
    "recall_stream": tasks.recall_stream,
    "reversal": tasks.reversal,
    "round_table": partial(tasks.cards, "round_table"),
    "row": partial(tasks.cards, "row"),
    "sentiment": tasks.sentiment,
    "summaries": tasks.summaries,
    "twins": partial(tasks.cards, "twins"),
}


@pytest.mark.parametrize("make", ALL_TASKS.values(), ids=ALL_TASKS)
def test_a_seed_decides_what_is_drawn_and_vocabularies_know_every_token(make):
    task = make()
    assert drawn_from(task, 50) == drawn_from(task, 50) != drawn_from(task, 50, seed=1)
    rng = numpy.random.default_rng(0)
    pairs = task.held_out + [task.draw(rng) for _ in range(2000)]
    for side, vocabulary in ((0, task.source_vocabulary), (1, task.target_vocabulary)):
        assert vocabulary[:3] == tasks.SPECIAL
        assert len(set(vocabulary)) == len(vocabulary)
        found = {token for pair in pairs for token in pair[side]}
        found.discard(tasks.PAD)  # where one says nothing
        assert found == set(range(3, len(vocabulary))), "a token that never stands for anything"
    assert {type(token) for pair in pairs for token in pair[0] + pair[1]} == {int}


# Seeds, records and kept weights depend on what a task draws. (Dates are left out: what they are
# called depends on the version of babel.)
DRAWN = {
    "copying": "6111d287f8aa202c",
    "phone_book": "c54d7d16515fde07",
    "recall": "b50376b80a0a6c50",
    "recall_stream": "cebc7065e1689df3",
    "recall_stream4": "63078dde97c20f3f",
    "reversal": "5cc0b83cab8b2433",
    "reversal10": "8dbfd4d2ae7c17ae",
    "round_table": "a036d6d0ae6ece1c",
    "row": "601d55a2616842ee",
    "sentiment": "0b9d78d6e95d12a7",
    "summaries": "25a20fde76f15bb0",
    "twins": "c2de67b29ef06eaa",
    "de5": "b777304b2dba6de5",
    "de9": "a8b815fac92982e9",
    "fr12": "b4126481c21db582",
    "fr3": "4f212f989c0c89a5",
    "fr4": "62131ad3f0854c89",
    "fr_letters3": "7baa802ea346466c",
    "fr_pairs3": "6d3a6413da875203",
    "keep_letters24": "da935f2849b878af",
    "keep_pairs24": "8dd03046a14dc2ce",
    "keep_pairs60": "0a3fc3441d3d3272",
    "latest_capital": "250ef1a2577e5c88",
    "letters_back3": "545f276c5098a550",
    "letters_back8": "cb4c2085912863fd",
    "phone_book2": "c8c7d5ddf0e445e6",
    "phone_book3": "2bb9d9129e19a5f8",
    "phone_book_hundred2": "a74efe781a7d3b63",
    "python_topics": "145cc5cc5442c5f9",
    "real_reviews": "fd39df746e91ed73",
    "real_reviews1000": "b6f3068079a1e3d2",
    "real_reviews3000": "3fa7a876768a3913",
    "recall8": "2ae921f9fbbe9387",
}


def test_every_task_of_a_plan_is_held_to_what_it_drew():
    used = {run.task for name in plan_names() for run in load_plan(name).runs}
    assert used - {"dates"} <= set(DRAWN)


@pytest.mark.parametrize("name", DRAWN)
def test_a_task_draws_what_it_drew_when_weights_were_recorded(name):
    task, rng = tasks.make_task(name), numpy.random.default_rng(5)
    drawn = [task.draw(rng) for _ in range(100)]
    whole = repr((task.source_vocabulary, task.target_vocabulary, drawn, task.held_out))
    assert hashlib.sha256(whole.encode()).hexdigest()[:16] == DRAWN[name]


@pytest.mark.parametrize(
    "name", [*ALL_TASKS, "fr2", "de3", "reversal5", "copying30", "recall4", "recall_stream4"]
)
def test_every_task_goes_by_its_name(name):
    assert tasks.make_task(name).held_out
    assert tasks.make_task(name) is tasks.make_task(name)


def test_a_number_in_the_name_says_how_long_training_goes():
    longest = {name: longest_drawn(tasks.make_task(name)) for name in ("reversal5", "copying30")}
    assert longest == {"reversal5": 5, "copying30": 30}
    assert max(map(len, (s for s, _ in tasks.make_task("copying30").held_out))) == 38
    assert longest_drawn(tasks.make_task("recall4")) == 3 * 4 + 1
    short = tasks.make_task("recall_stream4")
    assert longest_drawn(short) == 2 * 4
    assert set(tasks.by_length(short.held_out)) == {2, 4, 6, 8}
    assert len(short.source_vocabulary) == 3 + 10 + 10


def longest_drawn(task):
    rng = numpy.random.default_rng(0)
    return max(len(task.draw(rng)[0]) for _ in range(400))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("xx3", "task = 'xx3' is unknown; there are copying, dates, .* such as fr12"),
        ("reversl", "did you mean 'reversal'"),
        ("summary", "did you mean 'summaries'"),
        ("fr", "task = 'fr' is unknown"),
        ("dates3", "task = 'dates3' is unknown"),
        ("fr1", "digits = 1 must be at least 2"),
        (3, "task = 3 is unknown"),
    ],
)
def test_unknown_tasks_are_told(name, words):
    with pytest.raises(ValueError, match=words):
        tasks.make_task(name)
