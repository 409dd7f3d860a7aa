"""From settings to models: every option changes what is built, and reaches every way to run it."""

import dataclasses

import numpy
import pytest
from compare import agree

from helpers import decoding, tasks, transformer
from helpers.learning import flatten
from helpers.recurrent import recurrent_only
from helpers.runs import Settings, build, start, train, wiring
from helpers.runs import trained as trained_module
from helpers.runs.settings import CHOICES

SMALL = Settings(task="fr2", width=8, batch=4, steps=3, warmup=1)
LOOKING = SMALL.but(attend=True)
BOTH_WAYS = SMALL.but(encoder="bidirectional")
WITHIN = SMALL.but(encoder="self_attention", attend=True)
TRANSFORMER = SMALL.but(model="transformer")
STACK = SMALL.but(model="decoder_only")
ONLY = SMALL.but(model="recurrent_only")
BOOK = Settings(task="phone_book", model="look_up", width=8, batch=4, steps=3, warmup=1)
SEVERAL = Settings(task="phone_book2", model="look_ups", width=8, batch=4, steps=3, warmup=1)
LAYER = Settings(task="twins", model="one_layer", width=8, batch=4, steps=3, warmup=1)
KEEPS = Settings(task="keep_pairs9", model="last_state", width=8, batch=4, steps=3, warmup=1)

# For each field: settings, and values of which each must give another model.
OPTIONS = [
    (SMALL, "task", ("fr2", "de2")),
    (SMALL.but(attend=False), "model", CHOICES["model"][:4]),  # the others have their own tasks
    (SEVERAL, "task", ("phone_book1", "phone_book2", "phone_book3", "phone_book_hundred2")),
    (SEVERAL, "start_length", (1.0, 3.0)),
    (SEVERAL, "width_head", (0, 4)),
    (SEVERAL, "hidden", (128, 32, 0)),
    *((base, "width", (8, 16)) for base in (SMALL, TRANSFORMER, STACK, ONLY, BOOK, LAYER, KEEPS)),
    *((base, "heads", (1, 2, 4)) for base in (WITHIN, TRANSFORMER, STACK, SEVERAL)),
    *((base, "layers", (1, 2)) for base in (WITHIN, TRANSFORMER, STACK, ONLY)),
    *((base, "positions", CHOICES["positions"]) for base in (WITHIN, TRANSFORMER, STACK)),
    *((base, "norm", CHOICES["norm"]) for base in (TRANSFORMER, STACK)),
    (TRANSFORMER, "residual", CHOICES["residual"]),
    (STACK, "residual", (True, False)),
    *((base, "score", CHOICES["score"]) for base in (LOOKING, WITHIN, BOOK)),
    (BOOK, "start_length", (1.0, 8.0)),
    (BOOK.but(score="general"), "from_zero", (False, True)),
    *((base, "encoder", CHOICES["encoder"]) for base in (SMALL, LOOKING)),
    *((base, "encoder", CHOICES["encoder"][:3]) for base in (ONLY, KEEPS)),
    (KEEPS, "gain", (1.0, 0.5)),
    *((KEEPS.but(encoder=cell), "gate_bias", (0.0, 2.0)) for cell in ("gru", "lstm")),
    *((base, "attention", CHOICES["attention"]) for base in (SMALL, LOOKING, WITHIN)),
    *((base, "attend", (False, True)) for base in (SMALL, WITHIN, SMALL.but(attention="inside"))),
    (BOTH_WAYS, "summary", CHOICES["summary"]),
    (BOTH_WAYS.but(attend=True), "summary", CHOICES["summary"]),
    (SMALL, "summary", (None, "mean")),
    (WITHIN, "summary", ("mean", "last")),
    (TRANSFORMER, "summary", CHOICES["summary"]),
    *((base, "dropout", (0.0, 0.3)) for base in (SMALL, WITHIN, TRANSFORMER, STACK)),
    *((base, "smoothing", (0.0, 0.2)) for base in (SMALL, TRANSFORMER, STACK, ONLY)),
    (STACK.but(layers=2), "mask", CHOICES["mask"]),
    (STACK, "source_loss", (False, True)),
    (STACK, "window", (0, 2)),
    (STACK.but(positions="learned"), "softmax", (True, False)),
    (STACK.but(heads=4), "key_heads", (0, 1, 2)),
    (LAYER, "projections", CHOICES["projections"]),
    (TRANSFORMER, "shared_projections", (False, True)),
    (TRANSFORMER.but(layers=2, norm="post"), "shared_projections", (False, True)),
    (TRANSFORMER, "bug", ("", "mask-turned-round", "scores-unscaled")),
    (TRANSFORMER, "wires", ("ttt tss", "ttt ttt", "tss tss", "none tss", "ttt none")),
    (TRANSFORMER.but(positions="rotary", norm="post"), "wires", ("ttt tss", "tss ttt")),
    *((base, "batch", (4, 5)) for base in (SMALL, TRANSFORMER)),
    *((base, "reversed_source", (False, True)) for base in (LOOKING, TRANSFORMER, STACK, ONLY)),
    *((base, "shifted", (True, False)) for base in (SMALL, TRANSFORMER, STACK, ONLY)),
    *((base, "steps", (3, 4)) for base in (SMALL, TRANSFORMER)),
    *((base, "rate", (0.01, 0.02)) for base in (SMALL, TRANSFORMER)),
    *((base, "warmup", (0, 2)) for base in (SMALL, TRANSFORMER)),
    *((base, "clip", (0.01, 100.0)) for base in (SMALL, TRANSFORMER)),
    *((base, "seed", (0, 1)) for base in (SMALL, TRANSFORMER, STACK, ONLY)),
]
PAIRS = tasks.make_task("fr2").held_out
# What decides how a model is trained, and not how it is run.
OF_TRAINING = ("batch", "steps", "rate", "warmup", "clip", "seed", "smoothing")


def trained(settings):
    """Parameters after three steps, and logits of held-out pairs."""
    found = train(settings, label=None)
    return flatten(found.params), found.logits(found.task.held_out[:5])


def differ(one, another):
    return one.shape != another.shape or numpy.abs(one - another).max() > 1e-5


@pytest.mark.parametrize(("base", "name", "values"), OPTIONS)
def test_every_option_changes_the_model(base, name, values):
    found = [trained(base.but(**{name: value})) for value in values]
    for i, (params, logits) in enumerate(found):
        for other_params, other_logits in found[:i]:
            assert differ(params, other_params) or differ(logits, other_logits)


def test_every_field_is_tested_to_change_the_model():
    assert {name for _, name, _ in OPTIONS} == {one.name for one in dataclasses.fields(Settings)}


@pytest.mark.parametrize("settings", [SMALL, WITHIN, TRANSFORMER, STACK, ONLY, BOOK, LAYER])
def test_the_same_settings_are_the_same_model_to_the_last_bit(settings):
    one, another = trained(settings), trained(settings.but())
    assert [array.tobytes() for array in one] == [array.tobytes() for array in another]
    assert one[0].dtype == numpy.float32


def every_model():
    """Yield settings of each value of each option that the model's own functions take."""
    for base, name, values in OPTIONS:
        if name not in ("task", "bug", *OF_TRAINING):
            for value in values:
                yield base.but(**{name: value})


@pytest.mark.parametrize("settings", list(dict.fromkeys(every_model())), ids=str)
def test_said_word_by_word_logits_are_those_of_the_parallel_pass(settings):
    model, params = build(settings), start(settings)
    pairs = max(tasks.by_length(tasks.make_task(settings.task).held_out).values(), key=len)[:50]
    assert len(pairs) > 1
    batch = tasks.make_batch(pairs)
    expected = model.logits(params, batch)
    step, state = model.begin(params, batch)
    found = []
    for place in range(batch.target_in.shape[1]):
        logits, state = step(batch.target_in[:, place : place + 1], state)
        found.append(logits)
    agree(numpy.concatenate(found, axis=1), expected, 1e-5)


@pytest.mark.parametrize("settings", [SMALL, LOOKING, WITHIN, TRANSFORMER, STACK, ONLY])
def test_padding_and_neighbours_in_the_batch_change_nothing(settings):
    model, params = build(settings), start(settings)
    long, short = PAIRS[-1], min(PAIRS, key=lambda pair: len(pair[0]))
    assert len(long[0]) > len(short[0])
    together = model.logits(params, tasks.make_batch([long, short]))
    for row, pair in zip(together, (long, short), strict=True):
        alone = model.logits(params, tasks.make_batch([pair]))[0]
        agree(row[: len(alone)], alone, 1e-5)


@pytest.mark.parametrize("mask", CHOICES["mask"])
def test_a_decoder_only_model_reads_source_and_target_end_to_end(mask):
    settings = STACK.but(mask=mask, layers=2, positions="rotary")
    model, params = build(settings), start(settings)
    pair = max(PAIRS, key=lambda pair: len(pair[0]))
    n_source, n_target = len(pair[0]), len(pair[1]) + 1
    layers = model.maps(params, tasks.make_batch([pair]))["stack"][0]
    seen = (layers > 0).all(axis=(0, 1))
    expected = numpy.tri(n_source + n_target, dtype=bool)
    if mask == "prefix":
        expected[:n_source, :n_source] = True
    assert seen.tolist() == expected.tolist()


@pytest.mark.parametrize("settings", [STACK, ONLY])
def test_a_model_without_a_decoder_starts_from_sources_of_one_length(settings):
    batch = tasks.make_batch([([3, 4], []), ([3], [])])
    with pytest.raises(ValueError, match=r"sources must be equally long, but have lengths \[2 1\]"):
        build(settings).begin(start(settings), batch)


@pytest.mark.parametrize("settings", [STACK, ONLY])
def test_source_and_target_share_their_tokens_where_the_vocabularies_are_the_same(settings):
    two, one = tasks.make_task("fr2"), tasks.make_task("recall_stream")
    rows = len(two.source_vocabulary) + len(two.target_vocabulary)
    assert len(start(settings)["embedding"]) == rows
    settings = settings.but(task="recall_stream")
    params = start(settings)
    assert len(params["embedding"]) == len(one.source_vocabulary)
    pair = one.pair("A 3 B 7 B 7", "A 3")
    batch, as_text = tasks.make_batch([pair]), numpy.array([[*pair[0], tasks.START, *pair[1]]])
    functions = {"decoder_only": transformer.decoder_only, "recurrent_only": recurrent_only}
    expected, _ = functions[settings.model](params, as_text, **wiring(settings))
    agree(build(settings).logits(params, batch), expected[:, len(pair[0]) :], 1e-6)


def test_a_look_up_finds_the_digit_of_the_name_that_is_asked_for_and_starts_as_it_is_told():
    task, params = tasks.make_task("phone_book"), start(BOOK.but(start_length=8.0))
    agree(params["query"], 8 * start(BOOK)["query"], 1e-6)
    agree(params["value"], start(BOOK)["value"], 0)
    pairs = task.held_out[:20]
    rows = numpy.eye(len(task.source_vocabulary))
    output = {"weight": rows[:, 64:], "bias": numpy.zeros(13)}
    params = {"query": 99 * rows, "key": rows, "value": rows, "output": output}
    said = build(BOOK).logits(params, tasks.make_batch(pairs, task.given)).argmax(axis=-1)
    assert said.tolist() == [[*target, *target] for _, target in pairs]
    general = BOOK.but(score="general", from_zero=True)
    assert (start(general)["score"]["weight"] == 0).all()
    assert start(BOOK.but(score="general"))["score"]["weight"].std() > 0.1


@pytest.mark.parametrize("asked", [1, 2, 3])
def test_several_look_ups_find_the_digits_of_the_names_in_the_order_in_which_they_are_asked(asked):
    settings = SEVERAL.but(task=f"phone_book{asked}", heads=asked, width_head=77, hidden=0)
    task, rows = tasks.make_task(settings.task), numpy.eye(77)
    nothing, names, digits = numpy.zeros((77, 77)), rows.copy(), rows.copy()
    names[67:], digits[:67] = 0, 0
    wide = [
        numpy.hstack([99 * rows if i == j else nothing for j in range(asked)]) for i in range(asked)
    ]  # each name asks in a place of its own
    params = {f"query_{i}": wide[i] for i in range(asked)}
    params["entry"] = numpy.hstack([rows] + [nothing] * (asked - 1))
    places = numpy.eye(77 * asked).reshape(77 * asked, asked, 77).swapaxes(0, 1)
    params["attention"] = {
        "queries": places,
        "keys": numpy.stack([places[0] @ names] * asked),
        "values": numpy.stack([places[0] @ digits] * asked),
        "output": places.swapaxes(1, 2),
    }
    output = numpy.zeros((77 * asked, asked, 13))
    for i in range(asked):
        output[77 * i + 67 + numpy.arange(10), i, 3 + numpy.arange(10)] = 1
    params["output"] = {"weight": output.reshape(77 * asked, -1), "bias": numpy.zeros(13 * asked)}
    pairs = task.held_out[:20]
    model, batch = build(settings), tasks.make_batch(pairs, task.given)
    said = model.logits(params, batch).argmax(axis=-1)
    assert said[:, :-1].tolist() == [target for _, target in pairs]
    weights = model.maps(params, batch)["page"][:, 0, :, 0]  # (pages, heads, entries)
    for (source, _), heads in zip(pairs, weights, strict=True):
        assert [source[2 * w.argmax()] for w in heads] == source[16:]
    step, state = model.begin(params, batch)
    for i in range(asked):
        logits, state = step(None, state)
        agree(logits[:, 0], model.logits(params, batch)[:, i], 1e-6)


def test_one_layer_answers_at_every_place_and_its_map_is_an_encoders():
    task, params = tasks.make_task("twins"), start(LAYER)
    batch = tasks.make_batch(task.held_out[:20], task.given)
    logits, weights = transformer.one_layer(params, batch.source, "three matrices")
    found = build(LAYER).logits(params, batch)
    agree(found[:, :-1, 3:], logits, 0)
    assert found.dtype == numpy.float32 and (found[..., :3] < -1e8).all()
    agree(build(LAYER).maps(params, batch)["encoder"], weights[:, None], 0)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_model_that_keeps_answers_each_place_from_its_last_state(cell):
    settings = KEEPS.but(encoder=cell)
    params, model = start(settings), build(settings)
    batch = tasks.make_batch(tasks.make_task("keep_pairs9").held_out[:4], (2, 3))
    logits = model.logits(params, batch)
    assert logits.shape == (4, *batch.target_out.shape[1:], 8)
    step, state = model.begin(params, batch)
    for place in range(batch.target_out.shape[1]):
        said, state = step(batch.target_in[:, :1], state)
        agree(said, logits[:, place : place + 1], 0)
    turned = batch._replace(source=batch.source[:, ::-1])
    assert numpy.abs(model.logits(params, turned) - logits).max() > 1e-3, "order counts"
    assert model.maps(params, batch) == {}


def test_a_recurrent_only_model_has_no_maps():
    assert build(ONLY).maps(start(ONLY), tasks.make_batch(PAIRS[:4])) == {}


@pytest.mark.parametrize("settings", [LOOKING, WITHIN, TRANSFORMER, STACK])
def test_rows_of_all_maps_sum_to_one(settings):
    model, params = build(settings), start(settings)
    batch = tasks.make_batch(PAIRS[:4])
    found = model.maps(params, batch)
    kinds = {"transformer": ["encoder", "decoder", "cross"], "decoder_only": ["stack"]}
    recurrent = ["cross", "encoder"] if settings == WITHIN else ["cross"]
    assert list(found) == kinds.get(settings.model, recurrent)
    for weights in found.values():
        assert weights.ndim == 5
        assert weights.shape[:2] == (4, 1)
        agree(weights.sum(axis=-1), numpy.ones(weights.shape[:-1]), 1e-5)


def test_maps_of_a_recurrent_model_follow_its_score():
    batch = tasks.make_batch(PAIRS[:4])
    params = start(LOOKING)
    maps = [
        build(LOOKING.but(score=score)).maps(params, batch)["cross"]
        for score in ("dot", "scaled_dot")
    ]
    assert differ(*maps)


@pytest.mark.parametrize("settings", [LOOKING, WITHIN, TRANSFORMER, STACK])
def test_nothing_is_dropped_out_without_a_generator(settings):
    settings = settings.but(dropout=0.5)
    model, params, batch = build(settings), start(settings), tasks.make_batch(PAIRS[:4])
    agree(model.logits(params, batch), model.logits(params, batch), 0)
    rng = numpy.random.default_rng(0)
    assert differ(model.logits(params, batch, rng), model.logits(params, batch))


def test_dropout_changes_neither_the_start_nor_the_batches(monkeypatch):
    seen = []
    monkeypatch.setattr(trained_module, "batches", lambda *rest: watched(seen, *rest))
    losses = [train(SMALL.but(dropout=rate), label=None).history["loss"] for rate in (0.0, 0.2)]
    assert losses[0][0] != losses[1][0]
    n = SMALL.steps
    assert [batch.source.tolist() for batch in seen[:n]] == [
        batch.source.tolist() for batch in seen[n:]
    ]
    assert flatten(start(SMALL)).tobytes() == flatten(start(SMALL.but(dropout=0.2))).tobytes()


def watched(seen, *rest):
    """Yield batches, and remember them."""
    for batch in tasks.batches(*rest):
        seen.append(batch)
        yield batch


def test_the_wiring_is_what_the_models_functions_take():
    assert wiring(LOOKING) == {
        "attend": True,
        "encoder": "gru",
        "summary": None,
        "score": "dot",
        "attention": "after",
    }
    assert wiring(WITHIN) == wiring(LOOKING) | {
        "encoder": "self_attention",
        "positions": "sinusoidal",
    }
    assert wiring(STACK.but(norm="post")) == {
        "positions": "sinusoidal",
        "norm": "post",
        "residual": True,
    }
    assert wiring(ONLY.but(encoder="lstm", layers=2)) == {"cell": "lstm"}


@pytest.mark.parametrize("settings", [LOOKING, BOTH_WAYS, TRANSFORMER, STACK, ONLY])
def test_every_model_learns_a_small_task(settings):
    found = train(settings.but(width=16, batch=16, steps=150, rate=0.01, warmup=10), label=None)
    losses = found.history["loss"]
    assert numpy.mean(losses[-10:]) < 0.6 * numpy.mean(losses[:10])
    said = found.answers(PAIRS)
    wanted = [found.task.target_words(target) for _, target in PAIRS]
    right = [one == words for one, words in zip(said, wanted, strict=True)]
    assert numpy.mean(right) == found.share_right(PAIRS)


def test_begin_is_what_greedy_decoding_takes():
    batch = tasks.make_batch([(PAIRS[0][0], [])])
    step, state = build(LOOKING).begin(start(LOOKING), batch)
    assert len(decoding.greedy(step, state, tasks.START, tasks.END, limit=3)) == 1
