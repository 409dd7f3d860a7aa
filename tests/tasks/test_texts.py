"""Real text: what is held out stands nowhere else, and parts are what the text holds."""

import itertools
import zlib

import numpy
import pytest

from helpers import tasks
from helpers.tasks.texts import HELD_OUT_TOPICS, python_topics, topics, whole_text


def test_the_snapshot_is_small_and_has_its_licence():
    folder = tasks.texts.Path(tasks.texts.__file__).parent
    assert (folder / "python_topics.txt.gz").stat().st_size < 150_000
    licence = (folder / "python_topics_license.txt").read_text()
    assert "PYTHON SOFTWARE FOUNDATION LICENSE" in licence and "Copyright (c) 2001" in licence


def test_no_paragraph_of_a_held_out_topic_stands_in_another():
    paragraphs = {
        paragraph for paragraph in whole_text(held_out=True).split("\n\n") if len(paragraph) > 80
    }
    assert len(paragraphs) > 50
    trained = whole_text()
    shared = [paragraph for paragraph in paragraphs if paragraph in trained]
    assert len(shared) <= 0.02 * len(paragraphs), shared


def test_held_out_topics_are_there_and_say_something():
    assert set(HELD_OUT_TOPICS) <= set(topics())
    for text in topics().values():
        assert len(zlib.compress(text.encode())) > 100


def test_a_part_is_a_part_of_the_text():
    task, rng = python_topics(20, 30), numpy.random.default_rng(0)
    for source, target in itertools.chain(task.held_out, (task.draw(rng) for _ in range(30))):
        assert source == [] and len(target) == 20
    assert all("".join(task.target_words(t)) in whole_text(held_out=True) for _, t in task.held_out)
    assert "".join(task.target_words(task.draw(rng)[1])) in whole_text()


def test_a_part_longer_than_the_text_is_refused():
    with pytest.raises(ValueError, match="length = 0 must lie in 1"):
        python_topics(0)


def test_a_stack_learns_the_text_without_a_source():
    from helpers.runs import Settings, train

    settings = Settings(task="python_topics", model="decoder_only", width=8, batch=4, steps=3)
    trained = train(settings, label=None)
    batch = trained.batch(trained.task.held_out[:2])
    assert trained.logits(batch).shape == (2, 65, len(trained.task.target_vocabulary))
    assert batch.target_mask.sum() == 2 * 64  # the end is given
