"""Trained models: what they say, where they look, and how often they are right."""

import dataclasses

import numpy
import pytest
from compare import agree

from helpers import seq2seq, tasks, transformer
from helpers.functions import cross_entropy
from helpers.learning import flatten
from helpers.runs import Settings, Trained, exact_match, load, start, train

TINY = Settings(task="fr3", width=32, batch=16, steps=250, rate=0.02, warmup=10, attend=True)
TASK = tasks.make_task("fr3")


@pytest.fixture(scope="module")
def translator():
    return train(TINY, label=None)


def test_it_says_words_to_a_text_or_to_a_list_of_words():
    translator = load("french_attention")
    said = ["ninety", "one"]
    assert translator.says("quatre vingt onze") == said
    assert translator.says(["quatre", "vingt", "onze"]) == said
    with pytest.raises(ValueError, match=r"words holds \['vierzehn'\]"):
        translator.says("vierzehn")


def test_answers_come_in_the_order_of_the_pairs_whatever_their_lengths(translator):
    pairs = TASK.held_out
    lengths = [len(source) for source, _ in pairs]
    assert lengths != sorted(lengths)
    answers = translator.answers()
    assert answers == [translator.says(TASK.source_words(source)) for source, _ in pairs]
    assert translator.answers(pairs[::-1]) == answers[::-1]
    assert translator.answers([*pairs, *pairs]) == answers * 2, "a source twice"


def test_answers_do_not_look_at_the_targets(translator):
    changed = [(source, target[::-1] * 2) for source, target in TASK.held_out]
    assert translator.answers(changed) == translator.answers()


def test_a_limit_cuts_what_is_said():
    babbling = Trained(start(TINY), TINY)
    assert len(babbling.says("quatorze", limit=3)) <= 3


def test_logits_and_loss_are_those_of_the_model_itself(translator):
    batch = tasks.make_batch(TASK.held_out)
    logits = seq2seq.seq2seq(translator.params, *batch[:3], attend=True)
    agree(translator.logits(TASK.held_out), logits, 0)
    agree(translator.logits(batch), logits, 0)
    loss = cross_entropy(logits, batch.target_out, batch.target_mask)
    assert translator.loss(TASK.held_out) == translator.loss() == float(loss)
    smoothed = dataclasses.replace(translator, settings=TINY.but(smoothing=0.3))
    loss = cross_entropy(logits, batch.target_out, batch.target_mask, 0.3)
    assert smoothed.loss() == float(loss) != translator.loss()


def test_shares_are_those_of_exact_match(translator):
    batch = tasks.make_batch(TASK.held_out)
    right = exact_match(translator.logits(batch), batch.target_out, batch.target_lengths)
    assert 0 < right.mean() < 1, "a test of both"
    assert translator.right().tolist() == right.tolist()
    assert translator.share_right() == right.mean()
    found = translator.accuracy_by_length()
    for length, (share, count) in found.items():
        chosen = batch.source_lengths == length
        assert (share, count) == (pytest.approx(right[chosen].mean()), chosen.sum())
    one = [TASK.held_out[int(right.argmax())]]
    assert translator.share_right(one) == 1.0
    assert translator.accuracy_by_length(one) == {len(one[0][0]): (1.0, 1)}


def test_a_model_that_reads_backwards_does_so_everywhere():
    settings = TINY.but(reversed_source=True)
    backwards = Trained(start(settings), settings)
    forwards = Trained(backwards.params, TINY)
    text = ["quatre", "vingt", "onze"]
    pair, turned = TASK.pair(text, "ninety one"), TASK.pair(text[::-1], "ninety one")
    agree(backwards.logits([pair]), forwards.logits([turned]), 0)
    assert backwards.says(text) == forwards.says(text[::-1])
    assert backwards.loss([pair]) == forwards.loss([turned])
    assert backwards.share_right([pair]) == forwards.share_right([turned])
    looks = backwards.maps(text, "ninety one")["cross"]
    assert looks.columns == text[::-1]
    agree(looks.weights, forwards.maps(text[::-1], "ninety one")["cross"].weights, 0)


def test_without_the_shift_a_decoder_is_asked_for_what_it_reads():
    settings = TINY.but(shifted=False, steps=30)
    trained = train(settings, label=None)
    batch = tasks.unshifted(tasks.make_batch(TASK.held_out[:20]))
    assert (batch.target_in == batch.target_out).all()
    assert trained.loss(batch) < train(TINY.but(steps=30), label=None).loss(batch)
    asked = trained.batch(TASK.held_out[:3])  # in use it starts as any other
    assert (asked.target_in[:, 0] == tasks.START).all()
    with pytest.raises(ValueError, match="shifted = False has no meaning for model = 'look_up'"):
        Settings(task="phone_book", model="look_up", shifted=False)


def test_maps_of_attention_lie_between_what_is_said_and_what_is_read(translator):
    looks = translator.maps("quatre vingt onze", "ninety one")
    assert list(looks) == ["cross"]
    weights, rows, columns = looks["cross"]
    assert rows == ["ninety", "one", "(end)"]
    assert columns == ["quatre", "vingt", "onze"]
    batch = tasks.make_batch([TASK.pair("quatre vingt onze", "ninety one")])
    agree(weights[0, 0], seq2seq.alignment(translator.params, *batch[:3])[0], 0)


def test_weights_of_many_pairs_are_the_maps_of_each(translator):
    pairs = TASK.held_out[::40]
    weights = translator.weights(pairs)["cross"]
    assert weights.shape[:3] == (len(pairs), 1, 1)
    for found, (source, target) in zip(weights, pairs, strict=True):
        looks = translator.maps(TASK.source_words(source), TASK.target_words(target))["cross"]
        n_rows, n_columns = looks.weights.shape[2:]
        agree(found[:, :, :n_rows, :n_columns], looks.weights, 1e-5)
        assert (found[:, :, :n_rows, n_columns:] == 0).all()


def test_without_a_target_maps_are_of_what_the_model_says(translator):
    said = translator.says("quatre vingt onze")
    looks = translator.maps("quatre vingt onze")["cross"]
    assert looks.rows == [*said, "(end)"]
    agree(looks.weights, translator.maps("quatre vingt onze", said)["cross"].weights, 0)


def test_the_one_vector_is_a_column_of_its_own():
    settings = TINY.but(attend=False)
    looks = Trained(start(settings), settings).maps("quatre vingt", "eighty")["cross"]
    assert looks.columns == ["(summary)"]
    agree(looks.weights, numpy.ones((1, 1, 2, 1)), 1e-6)


def test_maps_of_a_self_attention_encoder_lie_between_words_read():
    settings = TINY.but(encoder="self_attention", layers=2, heads=4)
    looks = Trained(start(settings), settings).maps("quatre vingt", "eighty")
    assert looks["encoder"].weights.shape == (2, 4, 2, 2)
    assert looks["encoder"].rows == looks["encoder"].columns == ["quatre", "vingt"]
    assert looks["cross"].weights.shape == (1, 1, 2, 2)


def test_maps_of_a_transformer_are_of_three_kinds():
    settings = TINY.but(attend=False, model="transformer", layers=2)
    model = Trained(start(settings), settings)
    looks = model.maps("quatre vingt onze", "ninety one")
    labels = {kind: (one.rows, one.columns) for kind, one in looks.items()}
    read, said = ["quatre", "vingt", "onze"], ["ninety", "one", "(end)"]
    assert labels == {
        "encoder": (read, read),
        "decoder": (said, ["(start)", "ninety", "one"]),
        "cross": (said, read),
    }
    batch = tasks.make_batch([TASK.pair(read, "ninety one")])
    maps = transformer.attention_maps(model.params, *batch[:3])
    for kind, one in looks.items():
        assert one.weights.shape == (2, 4, len(one.rows), len(one.columns))
        agree(one.weights[1], maps[kind][1][0], 0)


def test_the_map_of_a_decoder_only_model_is_one_for_both_texts():
    settings = TINY.but(attend=False, model="decoder_only", layers=2)
    looks = Trained(start(settings), settings).maps("quatre vingt", "eighty")["stack"]
    assert looks.rows == ["quatre", "vingt", "eighty", "(end)"]
    assert looks.columns == ["quatre", "vingt", "(start)", "eighty"]
    assert looks.weights.shape == (2, 4, 4, 4)


def test_other_parameters_make_another_model(translator):
    changed = translator.params | {"output": {**translator.params["output"], "bias": 9.0}}
    deaf = dataclasses.replace(translator, params=start(TINY))
    assert deaf.share_right() < translator.share_right()
    assert dataclasses.replace(translator, params=changed).settings == TINY


def test_it_says_what_it_is(translator):
    assert repr(translator) == f"Trained({translator.size:,} parameters, {TINY})"
    assert translator.size == flatten(translator.params).size
    assert translator.task is TASK


def test_training_can_be_watched():
    seen = []
    trained = train(TINY.but(steps=6), None, lambda one: seen.append(one) or one.loss(), every=4)
    steps, losses = zip(*trained.history["evaluated"], strict=True)
    assert steps == (4, 6)
    assert losses[1] == trained.loss() != losses[0] == seen[0].loss()
    assert seen[1].settings == trained.settings
    assert len(trained.history["loss"]) == 6


def test_a_kept_model_is_loaded_by_its_name():
    model = load("german_attention")
    assert model.settings == Settings(task="de9", attend=True, steps=1500)
    said = model.says(tasks.number_words(tasks.RUNNING_EXAMPLE, "de"))
    assert said == tasks.number_words(tasks.RUNNING_EXAMPLE, "en")
    assert model.history is None
    assert model.says("zweihundertzehn") == ["two", "hundred", "and", "ten"]


def test_no_model_of_another_name():
    with pytest.raises(ValueError, match=r"model = .tinny. is unknown; there are .*german"):
        load("tinny")
