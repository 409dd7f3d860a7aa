"""What a word that is said owes to each word read: measures, and looks that a press forbids."""

import numpy as np
import pytest
from figure_pages import html_of, open_page, through_json, watched, write_page

from figures import sides as module
from figures.sides import side_by_side
from figures.typed import Typed
from helpers import importance, runs, tasks
from helpers.functions import softmax
from helpers.importance import MEASURES, forbidding, kendall_tau, measured, rollout
from helpers.tasks import make_batch

NAMES = ("french_both_ways_0", "map_one_head_0", "map_four_heads_0")


@pytest.fixture(scope="module")
def pair():
    task = runs.load(NAMES[0]).task
    return task.pair(*(tasks.number_words(236, language) for language in ("fr", "en")))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_said_in_pieces_is_what_the_model_says(name, pair):
    model, batch = runs.load(name), make_batch([pair])
    logits, weights = importance.say(model, importance.read(model, batch), batch.target_in)
    assert np.allclose(logits, model.logits([pair]), atol=1e-4)
    assert np.allclose(weights, model.weights([pair])["cross"][:, 0], atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_weights_of_ones_own_are_those_of_a_mask_if_they_are(name, pair):
    """All weight on one place, said by hand and by a mask; and several draws at once."""
    model, batch = runs.load(name), make_batch([pair])
    found = importance.read(model, batch)
    _, weights = importance.say(model, found, batch.target_in)
    alone, n = np.zeros((3, *weights.shape)), weights.shape[-1]
    for draw, place in enumerate((0, 2, 3)):
        alone[draw, ..., place] = 1
    said = importance.say_with(model, found, batch.target_in, alone)
    for draw, place in enumerate((0, 2, 3)):
        mask = (np.arange(n) == place)[None, None]
        by_mask, _ = importance.say(model, found, batch.target_in, mask)
        assert np.allclose(said[draw], by_mask, atol=1e-4)
    assert abs(said[0] - said[1]).max() > 0.1


@pytest.mark.parametrize("name", NAMES)
def test_shuffling_moves_a_sharp_row_and_no_level_one(name, pair):
    model, rng = runs.load(name), np.random.default_rng(0)
    moved, most, right = importance.shuffled(model, [pair], rng, draws=40)
    assert right.all() and moved.shape == most.shape == (1, 6)
    assert moved[0, most[0].argmax()] > 0.9
    level = np.full((2, 1, 1, 6, 4), 0.25) if name != NAMES[2] else np.full((2, 1, 4, 6, 4), 0.25)
    batch = make_batch([pair])
    said = importance.say_with(model, importance.read(model, batch), batch.target_in, level)
    assert importance.total_variation(softmax(said[0]), softmax(said[1])).max() == 0


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [([1, 0, 0], [1, 0, 0], 0), ([1, 0, 0], [0, 1, 0], 1), ([0.5, 0.3, 0.2], [0.2, 0.3, 0.5], 0.3)],
)
def test_total_variation(one, other, distance):
    found = importance.total_variation(np.array(one), np.array(other))
    assert found == pytest.approx(distance)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_those_of_small_differences(name, pair):
    model, batch = runs.load(name), make_batch([pair])
    ways, right = measured(model, [pair], np.random.default_rng(0))
    assert tuple(sorted(ways)) == tuple(sorted(MEASURES)) and right.all()
    found, step = importance.read(model, batch), 1e-2

    def said(memory):
        logits, _ = importance.say(model, found._replace(memory=memory), batch.target_in)
        return importance.said_log_probability(logits, batch.target_out)[0, 0]

    slopes = []
    for k in range(found.memory.shape[-1]):
        ahead, behind = found.memory.astype(float), found.memory.astype(float)
        ahead[0, 0, k] += step
        behind[0, 0, k] -= step
        slopes.append((said(ahead) - said(behind)) / (2 * step))
    assert np.linalg.norm(slopes) == pytest.approx(ways["vector gradient"][0, 0, 0], rel=0.05)


@pytest.mark.parametrize("name", NAMES)
def test_a_forbidden_look_costs_what_the_row_alone_loses(name, pair):
    model, batch = runs.load(name), make_batch([pair])
    ways, _ = measured(model, [pair], np.random.default_rng(0))
    found, mask = importance.read(model, batch), np.ones((1, 6, 4), bool)
    mask[0, 3, 2] = False
    base, without = (
        importance.said_log_probability(
            importance.say(model, found, batch.target_in, one)[0], batch.target_out
        )[0, 3]
        for one in (None, mask)
    )
    assert base - without == pytest.approx(ways["forbidden"][0, 3, 2], abs=1e-3)


def test_models_that_do_not_ask_once_a_word_are_refused(pair):
    for name in ("german_one_vector", "french_attention_inside", "one_stack_0"):
        model = runs.load(name)
        with pytest.raises(ValueError, match="attend once"):
            importance.read(model, make_batch([pair]))


@pytest.mark.parametrize(
    ("one", "other", "tau"),
    [
        ([1, 2, 3, 4, 5], [3, 4, 1, 2, 5], 0.2),  # by hand: 6 pairs alike, 4 not
        ([1, 2, 3], [3, 2, 1], -1),
        ([1, 1, 2, 3], [1, 2, 2, 3], 0.8),  # 4 alike, and 5 ordered by each
        ([1, 1, 1], [1, 2, 3], np.nan),
    ],
)
def test_kendalls_tau(one, other, tau):
    assert np.allclose(kendall_tau(np.array(one), np.array(other)), tau, equal_nan=True)


def test_pairs_that_do_not_count_change_nothing():
    one, other = np.array([1, 2, 3, 4]), np.array([2, 1, 3, 4])
    pairs = np.ones((4, 4), bool)
    pairs[0, 1] = pairs[1, 0] = False
    assert kendall_tau(one, other, pairs) == 1


def test_rollout_that_keeps_all_is_the_identity(rng=None):
    weights = np.random.default_rng(0).dirichlet(np.ones(5), (3, 2, 5))
    assert np.allclose(rollout(weights, 1), np.eye(5))
    assert np.allclose(rollout(weights, 0), weights[:, 1] @ weights[:, 0])
    assert np.allclose(rollout(weights).sum(axis=-1), 1)


def test_a_forbidden_row_is_that_of_a_mask():
    """Its steps are those of the whole target at once, with the mask that the looks make."""
    for name in NAMES:
        model, words = runs.load(name), tasks.number_words(47236, "fr")
        batch = model.batch([model.task.pair(words)])
        for looks in ([], [(0, 0)], [(1, 1), (4, 4)]):
            found = forbidding(model, words, looks)
            _, said = model.task.pair(words, " ".join(found.rows[:-1]))
            target = np.array([[tasks.START, *said]])
            may = np.ones((1, target.shape[1], batch.source.shape[1]), bool)
            for i, j in looks:
                may[0, i : i + 1, j] = False  # what is said may be shorter
            reading = importance.read(model, batch)
            logits, weights = importance.say(model, reading, target, may)
            assert np.allclose(found.weights, weights, atol=1e-4)
            said = model.task.target_words(logits[0, :-1].argmax(axis=-1))
            assert said == found.rows[:-1] and logits[0, -1].argmax() == tasks.END


def test_a_model_that_asks_more_than_once_for_a_word_is_refused():
    with pytest.raises(ValueError, match="once for each word"):
        forbidding(runs.load("one_stack_0"), "deux", [])


RUN = """([name, inputs]) => inputs.map(([words, looks]) => {
  const cut = new Set(looks.map(look => look.join(" ")));
  const { said, maps } = engine.run(engine.models[name], words, (i, j) => !cut.has(`${i} ${j}`));
  return { said, heads: maps.cross.heads };
})"""


@pytest.mark.pages
@pytest.mark.parametrize("name", NAMES)
def test_the_page_forbids_what_numpy_forbids(browser, tmp_path, name):
    models = {name: runs.load(name)}
    typed = Typed(words=tasks.number_words, languages=("fr", "en"), numbers=(10, 10**12 - 1))

    def draw():
        side_by_side(models, titles=["a"], typed=typed, start="236", forbid=forbidding)

    write_page(tmp_path, "forbid", html_of(module, draw), models=models)
    rng, inputs, same, largest = np.random.default_rng(1), [], [], 0
    for number in rng.integers(10, 10**9, 60).tolist():
        words = tasks.number_words(number, "fr")
        looks = {(int(rng.integers(6)), int(rng.integers(len(words)))) for _ in range(3)}
        inputs.append((words, sorted(looks)))
    with watched(browser) as context:
        page = open_page(context, tmp_path, "forbid")
        page.evaluate("name => engine.load(name)", name)
        page.wait_for_function("name => engine.models[name]", arg=name)
        answers = through_json(page, RUN, [name, inputs])
    for (words, looks), answer in zip(inputs, answers, strict=True):
        found = forbidding(models[name], words, looks)
        same.append(answer["said"] == found.rows[:-1])
        if same[-1]:
            off = np.array(answer["heads"]) - found.weights[0]
            largest = max(largest, np.abs(off).max())
    assert np.mean(same) >= 0.98 and largest <= 0.01
