"""Settings: nothing unknown, nothing ignored, and the same run under the same name."""

import copy
import dataclasses
import json
import pickle

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.runs import Settings, grid
from helpers.runs.settings import CHOICES

PLAIN = Settings(task="fr4")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"widht": 64}, "Settings has no 'widht'; did you mean 'width'?"),
        ({"reverse_source": True}, "did you mean 'reversed_source'?"),
        ({"learning_rate": 0.1}, "did you mean 'rate'?|it has task, model, width"),
        ({"zzz": 1}, "Settings has no 'zzz'; it has task, model, width"),
    ],
)
def test_an_unknown_name_is_an_error_that_names_the_nearest(wrong, words):
    with pytest.raises(TypeError, match=words):
        Settings(task="fr4", **wrong)
    with pytest.raises(TypeError, match=words):
        PLAIN.but(**wrong)
    with pytest.raises(TypeError, match=words):
        grid(task="fr4", **wrong)
    with pytest.raises(TypeError, match=words):
        dataclasses.replace(PLAIN, **wrong)


def test_settings_are_given_by_name_and_need_a_task():
    with pytest.raises(TypeError):
        Settings("fr4")
    with pytest.raises(TypeError, match="task"):
        Settings(width=64)


@pytest.mark.parametrize("name", CHOICES)
def test_a_value_that_is_no_choice_is_told_the_choices(name):
    with pytest.raises(ValueError, match=f"{name} = 'nothing' is unknown; there are"):
        Settings(task="fr4", **{name: "nothing"})


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"width": 0}, "width = 0 must be at least 1"),
        ({"steps": -3}, "steps = -3 must be at least 1"),
        ({"seed": -1}, "seed = -1 must be at least 0"),
        ({"dropout": 1.0}, "dropout = 1.0 must be at least 0 and below 1"),
        ({"smoothing": -0.1}, "smoothing = -0.1 must be at least 0 and at most 1"),
        ({"rate": 0.0}, "rate = 0.0 must be above 0"),
        ({"rate": float("nan")}, "rate = nan must be above 0"),
        ({"rate": float("inf")}, "rate = inf must be above 0"),
        ({"task": "fr"}, "task = 'fr' is unknown"),
        ({"task": "reversl"}, "did you mean 'reversal'"),
        ({"wires": "ttt"}, "wires = 'ttt' must be three of the letters t and s, or none"),
        ({"wires": "ttt tsx"}, "wires = 'ttt tsx' must be"),
        ({"start_length": 0.0}, "start_length = 0.0 must be above 0"),
        ({"task": "phone_book"}, "model = 'recurrent' does not go with task = 'phone_book'"),
        ({"model": "look_up"}, "model = 'look_up' does not go with task = 'fr4'"),
        (
            {"model": "look_up", "task": "phone_book", "from_zero": True},
            "from_zero = True has no meaning for a look-up with score='dot'",
        ),
        (
            {"model": "look_up", "task": "phone_book", "attend": True},
            "attend = True has no meaning for a look-up",
        ),
        ({"model": "last_state"}, "model = 'last_state' does not go with task = 'fr4'"),
        ({"gain": 0.0}, "gain = 0.0 must be above 0"),
        ({"gate_bias": float("nan")}, "gate_bias = nan must be finite"),
        ({"gain": 2.0}, "gain = 2.0 has no meaning for a recurrent model"),
        (
            {"model": "last_state", "task": "keep_pairs9", "encoder": "rnn", "gate_bias": 1.0},
            "gate_bias = 1.0 has no meaning for a model with encoder='rnn'",
        ),
        ({"model": "look_ups"}, "model = 'look_ups' does not go with task = 'fr4'"),
        (
            {"model": "look_up", "task": "phone_book2"},
            "model = 'look_up' does not go with task = 'phone_book2'",
        ),
        (
            {"model": "look_ups", "task": "phone_book2", "score": "general"},
            "score = 'general' has no meaning for several look-ups",
        ),
        ({"hidden": 64}, "hidden = 64 has no meaning for a recurrent model"),
        (
            {"model": "look_ups", "task": "phone_book2", "width_head": -1},
            "width_head = -1 must be at least 0",
        ),
    ],
)
def test_a_value_that_means_nothing_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        Settings(**{"task": "fr4", **wrong})


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"width": 64.0}, "width = 64.0 must be a whole number"),
        ({"width": "64"}, "width = '64' must be a whole number"),
        ({"width": True}, "width = True must be a whole number"),
        ({"attend": 1}, "attend = 1 must be True or False"),
        ({"attend": "yes"}, "attend = 'yes' must be True or False"),
        ({"residual": 1}, "residual = 1 must be True or False"),
        ({"rate": "fast"}, "rate = 'fast' must be a number"),
        ({"dropout": None}, "dropout = None must be a number"),
        ({"dropout": False}, "dropout = False must be a number"),
    ],
)
def test_a_value_of_another_type_is_refused(wrong, words):
    with pytest.raises(TypeError, match=words):
        Settings(task="fr4", **wrong)


OTHERS = [
    ({"heads": 2}, "heads = 2 has no meaning for a recurrent model with encoder='gru'"),
    ({"layers": 2}, "layers = 2"),
    ({"positions": "rotary"}, "positions = 'rotary'"),
    ({"norm": "post"}, "norm = 'post'"),
    ({"residual": False}, "residual = False"),
    ({"mask": "prefix"}, "mask = 'prefix'"),
    ({"score": "general"}, "score = 'general' has no meaning .* attend=False"),
    ({"attend": True, "attention": "inside", "score": "additive"}, "score = 'additive'"),
    ({"encoder": "lstm", "summary": "mean"}, "summary = 'mean'"),
    ({"encoder": "lstm", "attention": "inside"}, "attention = 'inside'"),
    ({"encoder": "rnn", "attention": "inside"}, "attention = 'inside'"),
    ({"encoder": "self_attention", "norm": "post"}, "norm = 'post'"),
    ({"model": "transformer", "attend": True}, "attend = True has no meaning for a Transformer"),
    ({"model": "transformer", "encoder": "rnn"}, "encoder = 'rnn'"),
    ({"model": "transformer", "score": "general"}, "score = 'general'"),
    ({"model": "decoder_only", "summary": "mean"}, "summary = 'mean'"),
    ({"model": "transformer", "attention": "inside"}, "attention = 'inside'"),
    ({"model": "transformer", "mask": "prefix"}, "mask = 'prefix'"),
    ({"residual": "encoder"}, "residual = 'encoder'"),
    ({"model": "decoder_only", "residual": "decoder"}, "residual = 'decoder' is unknown"),
    ({"shared_projections": True}, "shared_projections = True has no meaning for a recurrent"),
    ({"model": "decoder_only", "shared_projections": True}, "shared_projections = True"),
    ({"wires": "ttt ttt"}, "wires = 'ttt ttt' has no meaning for a recurrent"),
    ({"model": "decoder_only", "mask": "prefix"}, "a decoder-only model with layers=1"),
    ({"source_loss": True}, "source_loss = True has no meaning for a recurrent model"),
    ({"model": "transformer", "source_loss": True}, "source_loss = True"),
    (
        {"model": "decoder_only", "layers": 2, "mask": "prefix", "source_loss": True},
        "source_loss = True has no meaning for .* mask='prefix'",
    ),
    ({"model": "decoder_only", "attend": True}, "attend = True has .* a decoder-only model"),
    ({"model": "decoder_only", "encoder": "rnn"}, "encoder = 'rnn'"),
    ({"model": "recurrent_only", "attend": True}, "attend = True has .* without a decoder"),
    ({"model": "recurrent_only", "heads": 2}, "heads = 2"),
    ({"model": "recurrent_only", "positions": "rotary"}, "positions = 'rotary'"),
    ({"model": "recurrent_only", "dropout": 0.1}, "dropout = 0.1"),
    ({"model": "recurrent_only", "summary": "mean"}, "summary = 'mean'"),
    ({"model": "recurrent_only", "mask": "prefix"}, "mask = 'prefix'"),
    ({"start_length": 8.0}, "start_length = 8.0 has no meaning for a recurrent model"),
    ({"from_zero": True}, "from_zero = True has no meaning for a recurrent model"),
]


@pytest.mark.parametrize(("wrong", "words"), OTHERS)
def test_an_option_of_another_model_is_refused_and_its_default_is_not(wrong, words):
    with pytest.raises(ValueError, match=words):
        Settings(task="fr4", **wrong)
    last = list(wrong)[-1]
    default = Settings.__dataclass_fields__[last].default
    assert Settings(task="fr4", **{**wrong, last: default})


@pytest.mark.parametrize("encoder", ["bidirectional", "self_attention"])
def test_a_recurrent_only_model_reads_in_one_direction(encoder):
    with pytest.raises(ValueError, match=r"unknown; there are \('gru', 'rnn', 'lstm'\)"):
        Settings(task="fr4", model="recurrent_only", encoder=encoder)


def test_settings_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        PLAIN.width = 32


def test_the_rate_follows_the_model_unless_it_is_chosen():
    assert PLAIN.rate == 8e-3
    assert PLAIN.but(model="transformer").rate == 4e-3
    assert PLAIN.but(rate=0.01).but(model="transformer").rate == 0.01
    assert PLAIN.but(model="decoder_only").but(model="recurrent") == PLAIN


def test_only_what_was_chosen_is_shown_and_stands_for_the_whole():
    chosen = Settings(task="fr4", model="transformer", width=32, rate=4e-3, steps=10)
    assert repr(chosen) == "Settings(task='fr4', model='transformer', width=32, steps=10)"
    assert eval(repr(chosen)) == chosen
    assert Settings(**chosen.chosen()) == chosen


values = st.fixed_dictionaries(
    {"task": st.sampled_from(["fr4", "reversal", "recall8"])},
    optional={
        "width": st.integers(1, 512),
        "attend": st.booleans(),
        "encoder": st.sampled_from(CHOICES["encoder"]),
        "rate": st.floats(1e-5, 1),
        "smoothing": st.floats(0, 1),
        "seed": st.integers(0, 10**9),
        "steps": st.integers(1, 10**6),
    },
)


@given(values)
def test_settings_are_equal_after_any_journey(chosen):
    settings = Settings(**chosen)
    for again in (
        Settings(**json.loads(json.dumps(dataclasses.asdict(settings)))),
        pickle.loads(pickle.dumps(settings)),
        copy.deepcopy(settings),
        settings.but(seed=settings.seed),
        dataclasses.replace(settings),
    ):
        assert again == settings
        assert hash(again) == hash(settings)
        assert settings.differing(again) == []


@given(values, st.sampled_from(["width", "steps", "seed", "batch"]))
def test_other_settings_are_not_equal(chosen, name):
    settings = Settings(**chosen)
    other = settings.but(**{name: getattr(settings, name) + 1})
    assert other != settings
    assert len(settings.differing(other)) == 1


def test_numbers_of_numpy_become_pythons():
    settings = Settings(
        task="fr4", width=numpy.int64(8), rate=numpy.float32(0.5), attend=numpy.True_, clip=2
    )
    kinds = [type(getattr(settings, name)) for name in ("width", "rate", "attend", "clip")]
    assert kinds == [int, float, bool, float]
    assert settings == Settings(task="fr4", width=8, rate=0.5, attend=True, clip=2.0)


def test_every_field_is_explained():
    said = Settings.__doc__.split("Raises")[0]
    for field in dataclasses.fields(Settings):
        assert f"\n    {field.name} : " in said, field.name


def test_a_grid_has_every_combination_once():
    found = grid(task="fr4", attend=(False, True), width=(8, 16), seed=3)
    assert [(one.attend, one.width) for one in found] == [
        (False, 8),
        (False, 16),
        (True, 8),
        (True, 16),
    ]
    assert {one.seed for one in found} == {3}
    assert grid(task="fr4") == [PLAIN]
