"""Chapter 04: what is kept by distance and number, how far a gradient reaches, and the readers."""

from types import SimpleNamespace

import numpy
import pytest

from helpers import tasks
from helpers.runs import Trained, start
from helpers.runs.plans import forgetting, forgetting_states
from helpers.runs.plans.forgetting import LETTERS, PAIRS, distances, kept, reach


def all_knowing(task, forgets=lambda far: False):
    """Answer right, but for what stood so far from the end."""
    target = numpy.array([target for _, target in task.held_out])
    far = distances(task) if task.name == "keep pairs" else _places(target)
    values = len(task.target_vocabulary)
    said = numpy.where(numpy.vectorize(forgets)(far), (target + 1) % values, target)
    logits = numpy.eye(values)[numpy.insert(said, said.shape[1], 2, axis=1)]
    return SimpleNamespace(task=task, logits=lambda pairs: logits)


def _places(target):
    return numpy.broadcast_to(numpy.arange(target.shape[1], 0, -1), target.shape)


def test_distances_are_counted_from_the_end_and_found_key_by_key():
    task = tasks.make_task("keep_pairs24")
    found = distances(task)
    for (source, target), row in zip(task.held_out, found, strict=True):
        words = task.source_words(source)
        for key, value, far in zip("ABCDEFGH", task.target_words(target), row, strict=True):
            assert far == (0 if value == "." else 24 - words.index(key + value))


@pytest.mark.parametrize("name", ["keep_letters24", "keep_pairs24"])
def test_what_is_forgotten_shows_at_its_distance_whatever_the_number(name):
    task = tasks.make_task(name)
    assert all(set(shares) == {1.0} for shares in kept(all_knowing(task)).values())
    found = kept(all_knowing(task, lambda far: far > 12))
    assert list(found) == (["24"] if "letters" in name else ["1", "2", "4", "6", "8"])
    for shares in found.values():
        half = len(shares) // 2
        assert shares == [1.0] * half + [0.0] * half


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_gradient_reaches_as_far_as_small_changes_do(cell):
    settings = LETTERS.but(encoder=cell, width=4, task="keep_letters6")
    model = Trained(start(settings), settings)
    layer = forgetting.CELLS[cell]
    source = numpy.array(model.task.held_out[-1][0])
    params = {name: array.astype(float) for name, array in model.params["cell"].items()}
    x = model.params["embedding"].astype(float)[source]
    expected = numpy.zeros(6)
    for place in range(6):
        for number in range(4):
            changed = x.copy()
            changed[place, number] += 1e-5
            last, before = (layer(params, one[None])[0][0, -1] for one in (changed, x))
            expected[place] += (((last - before) / 1e-5) ** 2).sum() / 4
    assert reach(model, sources=1) == pytest.approx(numpy.sqrt(expected[::-1]), rel=1e-3)


def test_a_linear_probe_finds_what_is_linear_and_nothing_in_other_labels():
    rng = numpy.random.default_rng(0)
    labels = rng.integers(0, 5, (900, 3))
    packed = numpy.eye(5)[labels].reshape(900, 15) @ rng.standard_normal((15, 20))
    read = forgetting_states.linear_probe(packed[:600], labels[:600])
    assert (read(packed[600:]) == labels[600:]).mean() > 0.95
    read = forgetting_states.linear_probe(packed[:600], rng.permutation(labels[:600]))
    assert abs((read(packed[600:]) == labels[600:]).mean() - 0.2) < 0.05


def test_the_readers_look_at_the_last_state_alone_and_change_no_encoder():
    settings = forgetting_states.ATTENTION.but(width=8)
    model = Trained(start(settings), settings)
    tokens = forgetting_states.sources(numpy.random.default_rng(0), 3)
    before = {name: array.copy() for name, array in model.params["encoder"].items()}
    read = forgetting_states.fresh_reader(model, steps=3, batch=4)
    batch = forgetting_states.backwards(tokens)
    assert read(batch).shape == (3, 11, 23)
    for name, array in before.items():
        assert (model.params["encoder"][name] == array).all()
    states = forgetting_states.last_states(model, tokens)
    assert states.shape == (3, 8)
    blind = Trained(model.params | {"encoder": {k: 0 * v for k, v in before.items()}}, settings)
    said = forgetting_states.fresh_reader(blind, steps=1)(batch)
    assert abs(said[0] - said[1])[0].max() < 1e-6, "an empty state tells nothing of the source"


def test_a_record_holds_shares():
    for settings in (LETTERS, PAIRS):
        small = settings.but(width=4)
        found = forgetting.WATCH(Trained(start(small), small))
        assert len(found["reach"]) == 24
        assert all(0 <= share <= 1 for shares in found["kept"].values() for share in shares)
