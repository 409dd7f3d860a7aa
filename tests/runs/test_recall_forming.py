"""The two detectors of chapter 07: one back, and behind the same letter."""

from types import SimpleNamespace

import numpy
import pytest

from helpers import tasks
from helpers.runs import train
from helpers.runs.plans import recall_forming


@pytest.mark.parametrize("n_pairs", [2, 4])
def test_looks_are_those_of_the_streams_one_by_one(n_pairs):
    task = tasks.make_task("recall_stream")
    pairs = [pair for pair in task.held_out if len(pair[0]) == 2 * n_pairs][:7]
    rng = numpy.random.default_rng(n_pairs)
    shape = len(pairs), 2, 3, 2 * n_pairs + 3, 2 * n_pairs + 3
    weights = rng.random(shape)
    model = SimpleNamespace(weights=lambda given: {"stack": weights})
    one_back, behind = recall_forming.looks(model, pairs)
    assert one_back.shape == behind.shape == (2, 3)
    for layer, head in numpy.ndindex(2, 3):
        before, found = [], []
        for own, (source, target) in zip(weights[:, layer, head], pairs, strict=True):
            tokens = [*source, tasks.START, *target]
            asks = len(source) + 1
            assert tokens[asks] == target[0]
            (letter,) = [i for i in range(len(source)) if tokens[i] == tokens[asks]]
            assert tokens[letter + 1] == target[1]
            found.append(own[asks, letter + 1])
            before += [own[i, i - 1] for i in range(len(source)) if i % 2]
        assert one_back[layer, head] == pytest.approx(numpy.mean(before))
        assert behind[layer, head] == pytest.approx(numpy.mean(found))


def test_a_checkpoint_holds_numbers_between_0_and_1():
    trained = train(recall_forming.PLAN[0].but(steps=1, width=8, batch=2), label=None)
    seen = recall_forming.WATCH(trained)
    assert sorted(seen) == ["behind", "one_back", "right"]
    for name in ("behind", "one_back"):
        assert numpy.shape(seen[name]) == (2, 4)
        assert (0 < numpy.array(seen[name])).all()
        assert numpy.max(seen[name]) < 1
    assert 0 <= seen["right"] <= 1
