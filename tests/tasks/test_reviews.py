"""Real reviews: what is held out is never drawn, and the snapshot is small and has its licence."""

import numpy
import pytest

from helpers import tasks
from helpers.tasks.reviews import HELD_OUT, OFTEN


def test_the_snapshot_is_small_and_has_its_licence():
    folder = tasks.reviews.Path(tasks.reviews.__file__).parent
    assert (folder / "film_reviews.txt.gz").stat().st_size < 500_000
    licence = (folder / "film_reviews_license.txt").read_text()
    assert "MIT License" in licence and "Copyright (c) 2016 C.J. Hutto" in licence


def test_no_review_is_there_twice_and_none_is_undecided():
    ratings, texts = zip(*tasks.rated_reviews(), strict=True)
    assert len(set(texts)) == len(texts) > 10_000
    assert min(map(abs, ratings)) >= 0.5 and max(map(abs, ratings)) <= 4
    assert 0.45 < numpy.mean(numpy.array(ratings) > 0) < 0.55


def test_what_is_held_out_is_never_drawn():
    task, rng = tasks.make_task("real_reviews"), numpy.random.default_rng(0)
    assert len(task.held_out) == HELD_OUT
    held_out = {tuple(source) for source, _ in task.held_out if len(source) > 8}
    drawn = {tuple(task.draw(rng)[0]) for _ in range(5000)}
    assert not held_out & drawn


def test_a_smaller_task_draws_fewer_and_knows_the_same_words():
    small, whole = tasks.make_task("real_reviews50"), tasks.make_task("real_reviews")
    rng = numpy.random.default_rng(0)
    assert len({tuple(small.draw(rng)[0]) for _ in range(2000)}) == 50
    assert small.source_vocabulary == whole.source_vocabulary
    assert small.held_out == whole.held_out


def test_rare_words_are_one_token():
    task, rng = tasks.make_task("real_reviews"), numpy.random.default_rng(0)
    assert tasks.RARE in task.source_vocabulary and OFTEN > 1
    rare = task.source_tokens([tasks.RARE])[0]
    shares = [numpy.mean(numpy.array(task.draw(rng)[0]) == rare) for _ in range(500)]
    assert 0.05 < numpy.mean(shares) < 0.25


@pytest.mark.parametrize("count", [0, 100_000])
def test_a_size_that_is_not_there_is_refused(count):
    with pytest.raises(ValueError, match="must lie in 1"):
        tasks.real_reviews(count)
