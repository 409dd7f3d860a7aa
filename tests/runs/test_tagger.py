"""A tagger: an encoder without a decoder, built from settings like every other model."""

import numpy as np
import pytest

from helpers import runs, transformer
from helpers.recurrent import bidirectional, gru, recurrent_tagger
from helpers.runs import Settings
from helpers.runs.plans import positions as plan
from helpers.start import init_recurrent_tagger
from helpers.tasks import by_length

SMALL = Settings(
    task="letters_back3",
    model="tagger",
    encoder="self_attention",
    layers=2,
    width=8,
    heads=2,
    batch=4,
    steps=3,
    warmup=1,
)
RECURRENT = [
    Settings(task="letters_back3", model="tagger", encoder=name, width=8, batch=4, steps=3)
    for name in ("gru", "rnn", "lstm", "bidirectional")
]
EACH = [SMALL, SMALL.but(mask="prefix"), SMALL.but(positions="alibi"), *RECURRENT]


def fresh(settings):
    return runs.Trained(runs.start(settings), settings)


@pytest.mark.parametrize("settings", EACH, ids=str)
def test_it_says_a_word_at_each_place_and_can_be_trained(settings):
    model = runs.train(settings, None)
    pairs = by_length(model.task.held_out)[12][:3]
    logits = model.logits(pairs)
    assert logits.shape == (3, 13, len(model.task.target_vocabulary))
    assert logits.dtype == np.float32 and not logits[:, -1].any()  # END is given
    assert np.isfinite(model.history["loss"]).all() and 0 <= model.share_right(pairs) <= 1


@pytest.mark.parametrize("settings", EACH, ids=str)
def test_padding_changes_nothing(settings):
    model, groups = fresh(settings), by_length(fresh(settings).task.held_out)
    short, long = groups[8][0], groups[16][0]
    alone, together = model.logits([short])[0, :8], model.logits([short, long])[0, :8]
    assert np.allclose(alone, together, atol=1e-5)


@pytest.mark.parametrize("settings", EACH, ids=str)
def test_only_those_that_should_see_later_letters(settings):
    model = fresh(settings)
    source, target = model.task.held_out[0]
    changed = [*source[:-1], source[-2] if source[-2] != source[-1] else source[-1] + 1]
    before, after = (model.logits([(one, target)])[0, :-2] for one in (source, changed))
    sees = settings.encoder == "bidirectional" or settings.mask == "prefix"
    assert np.allclose(before, after, atol=1e-6) != sees


def test_it_is_a_stack_of_blocks_with_a_word_at_each_place():
    settings = SMALL.but(mask="prefix", positions="rotary")
    model = fresh(settings)
    pairs = by_length(model.task.held_out)[12][:3]
    source = model.batch(pairs).source
    found, weights = transformer.decoder_only(model.params, source, np.full(3, 12))
    assert np.allclose(model.logits(pairs)[:, :-1], found, atol=1e-6)
    assert np.allclose(model.weights(pairs)["encoder"], np.stack(weights, axis=1), atol=1e-6)
    assert model.maps("abcDEF", "---abc")["encoder"].rows == list("abcDEF")


def test_a_recurrent_one_reads_its_states_off():
    params = init_recurrent_tagger(np.random.default_rng(0), 7, 6, "bidirectional")
    tokens = np.array([[1, 2, 3, 4], [5, 6, 0, 0]])
    inputs, lengths = params["embedding"][tokens], np.array([4, 2])
    states, _ = bidirectional(gru, params["encoder"], inputs, lengths)
    by_hand = states @ params["output"]["weight"] + params["output"]["bias"]
    found = recurrent_tagger(params, tokens, lengths, "bidirectional")
    assert np.allclose(found, by_hand, atol=1e-6)
    assert fresh(RECURRENT[0]).weights(fresh(RECURRENT[0]).task.held_out[:2]) == {}


def test_word_by_word_makes_no_sense():
    model = fresh(SMALL)
    with pytest.raises(ValueError, match="all its words at once"):
        runs.build(SMALL).begin(model.params, model.batch(model.task.held_out[:1]))
    with pytest.raises(ValueError, match="ask for logits"):
        model.says("abc")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"encoder": "gru", "mask": "prefix"}, "mask = 'prefix' has no meaning"),
        ({"encoder": "gru", "positions": "rotary"}, "positions = 'rotary'"),
        ({"encoder": "gru", "layers": 2}, "layers = 2"),
        ({"encoder": "self_attention", "attend": True}, "attend = True"),
    ],
)
def test_options_of_other_models_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        Settings(task="letters_back3", model="tagger", **options)


def test_a_task_that_has_no_word_for_each_place_is_refused():
    with pytest.raises(ValueError, match="'tagger' does not go with task = 'fr4'"):
        Settings(task="fr4", model="tagger")


def test_what_is_watched_counts_what_is_asked_alone():
    model = fresh(plan.TAGGER.but(positions="sinusoidal"))
    watched = plan.WATCH(model)
    assert watched["places"][:3] == [None] * 3 and len(watched["places"]) == plan.LONG
    assert watched["starts"][0] == watched["lengths"][plan.SHORT]
    group = by_length(model.task.held_out)[plan.SHORT]
    asked = plan.right(model.logits(group), model.batch(group))[:, : plan.SHORT]
    assert np.isnan(asked[:, :3]).all() and np.isfinite(asked[:, 3:]).all()
    assert watched["lengths"][plan.SHORT] == round(float(asked[:, 3:].mean()), 4)
