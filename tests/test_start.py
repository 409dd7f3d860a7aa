"""First parameters: the draws that recorded weights began with, formats, and wrong sizes."""

import inspect

import numpy
import pytest
from compare import agree, arrays_of

from helpers import start
from helpers.learning import flatten

RNG = numpy.random.default_rng

# How to start each model, how many numbers it has, and a sum of these by which draws are known:
# recorded weights and runs began with them, so a seed must go on meaning the same.
DRAWS = {
    "linear": (lambda rng: start.init_linear(rng, 3, 5), 20, 0.45607),
    "embedding": (lambda rng: start.init_embedding(rng, 7, 4), 28, -0.51216),
    "rnn": (lambda rng: start.init_rnn(rng, 3, 4), 36, -2.05957),
    "gru": (lambda rng: start.init_gru(rng, 3, 4), 108, -3.14268),
    "lstm": (lambda rng: start.init_lstm(rng, 3, 4), 144, -0.08006),
    "bidirectional": (
        lambda rng: start.init_bidirectional(start.init_gru, rng, 3, 4),
        *(216, -6.45325),
    ),
    "general": (lambda rng: start.init_general(rng, 4), 16, 0.35432),
    "additive": (lambda rng: start.init_additive(rng, 4), 44, 0.91264),
    "multi_head": (lambda rng: start.init_multi_head(rng, 8, 2), 256, 0.50066),
    "attentive_gru": (lambda rng: start.init_attentive_gru(rng, 3, 4), 200, 4.06384),
    "positions": (lambda rng: start.init_positions(rng, "learned", 4, 9), 36, -1.91732),
    "encoder_block": (lambda rng: start.init_encoder_block(rng, 8, 2), 840, -3.60811),
    "decoder_block": (lambda rng: start.init_decoder_block(rng, 8, 2), 1112, -3.69557),
    "encoder": (
        lambda rng: start.init_encoder(rng, 8, 2, 2, positions="learned"),
        *(2720, -27.67194),
    ),
    "transformer": (
        lambda rng: start.init_transformer(rng, 5, 7, 8, 2, 2, positions="learned", norm="post"),
        *(6111, 27.88342),
    ),
    "seq2seq gru": (lambda rng: start.init_seq2seq(rng, 5, 7, 4), 359, -8.68398),
    "seq2seq rnn": (lambda rng: start.init_seq2seq(rng, 5, 7, 4, "rnn"), 199, 3.6211),
    "seq2seq lstm": (lambda rng: start.init_seq2seq(rng, 5, 7, 4, "lstm"), 439, 2.8464),
    "seq2seq bidirectional": (
        lambda rng: start.init_seq2seq(rng, 5, 7, 4, "bidirectional"),
        *(335, 3.84904),
    ),
    "seq2seq self_attention": (
        lambda rng: start.init_seq2seq(rng, 5, 7, 4, "self_attention"),
        *(475, -8.51314),
    ),
    "seq2seq inside": (
        lambda rng: start.init_seq2seq(rng, 5, 7, 4, attention="inside"),
        *(451, -13.25787),
    ),
}
MORE = {
    "layer_norm": lambda rng: start.init_layer_norm(4),
    "decoder": lambda rng: start.init_decoder(rng, 8, 2, norm="none"),
    "decoder_only": lambda rng: start.init_decoder_only(rng, 5, 8, 2),
    "last_state": lambda rng: start.init_last_state(rng, 7, 5, 3, 4, "lstm", gate_bias=2),
    "look_up": lambda rng: start.init_look_up(rng, 7, 5, 4, "additive", length=8),
    "location": lambda rng: start.init_location(rng, 4, 9),
    "look_ups": lambda rng: start.init_look_ups(rng, 7, 5, 2, 4, 2, width_head=3, hidden=6),
    "one_layer": lambda rng: start.init_one_layer(rng, 7, 5, 8, 2),
    "recurrent_only": lambda rng: start.init_recurrent_only(rng, 5, 4, "lstm", 2),
    "recurrent_tagger": lambda rng: start.init_recurrent_tagger(rng, 5, 4, "bidirectional"),
    "orthogonal": lambda rng: start.orthogonal(rng, 4),
    "seq2seq general": lambda rng: start.init_seq2seq(rng, 5, 7, 4, score="general"),
    "seq2seq location": lambda rng: start.init_seq2seq(rng, 5, 7, 4, score="location"),
    "seq2seq additive": lambda rng: start.init_seq2seq(rng, 5, 7, 4, score="additive"),
}
ALL = {name: draw for name, (draw, _, _) in DRAWS.items()} | MORE


@pytest.mark.parametrize("name", DRAWS)
def test_a_seed_means_what_it_meant_when_weights_were_recorded(name):
    draw, count, total = DRAWS[name]
    params = draw(RNG(7))
    vector = (flatten(params) if isinstance(params, dict) else params.reshape(-1)).astype(float)
    assert vector.size == count
    assert vector @ numpy.cos(numpy.arange(count)) == pytest.approx(total, abs=1e-4)


@pytest.mark.parametrize("name", ALL)
def test_all_parameters_start_as_float32_and_follow_their_generator(name):
    first, second = (arrays_of(ALL[name](RNG(1)))[0] for _ in "ab")
    assert {array.dtype for array in first} == {numpy.dtype("float32")}
    for array, again in zip(first, second, strict=True):
        assert array is not again
        assert array.flags.writeable
        agree(array, again, 0)


def test_every_start_is_tested():
    public = {name for name, value in vars(start).items() if inspect.isfunction(value)}
    public = {name for name in public if not name.startswith(("_", "require", "shapes"))}
    sources = "".join(inspect.getsource(draw) for draw in ALL.values())
    assert {name for name in public if f"start.{name}(" not in sources} == set()


def test_weights_are_uniform_within_the_root_of_the_width_and_biases_zero():
    params = start.init_linear(RNG(0), 100, 400)
    assert 0.099 < numpy.abs(params["weight"]).max() <= 0.1
    assert params["weight"].std() == pytest.approx(0.1 / 3**0.5, rel=0.02)
    assert (params["bias"] == 0).all()
    assert start.init_embedding(RNG(0), 400, 100).std() == pytest.approx(0.1, rel=0.02)


def test_a_last_state_starts_with_its_gain_and_its_gate_open():
    for cell, gates, usual in (("gru", 3, 0), ("lstm", 4, 1)):
        params, changed = (
            start.init_last_state(RNG(0), 7, 5, 3, 4, cell, **more)["cell"]
            for more in ({}, {"gain": 0.5, "gate_bias": 2})
        )
        agree(changed["recurrent"], 0.5 * params["recurrent"], 1e-6)
        biases = (changed["input_bias"] + changed["recurrent_bias"]).reshape(gates, 4)
        assert biases[1].tolist() == [2 + usual] * 4
        assert not numpy.delete(biases, 1, axis=0).any()
    with pytest.raises(ValueError, match="gate_bias = 1 means nothing for an RNN"):
        start.init_last_state(RNG(0), 7, 5, 3, 4, "rnn", gate_bias=1)


def test_orthogonal_keeps_lengths():
    matrix = start.orthogonal(RNG(3), 6)
    agree(matrix @ matrix.T, numpy.eye(6), 1e-6)


def test_an_lstm_starts_with_a_forget_bias_of_one_and_orthogonal_gates():
    params = start.init_lstm(RNG(0), 3, 5)
    bias = (params["input_bias"] + params["recurrent_bias"]).reshape(4, 5)
    assert bias.tolist() == [[0] * 5, [1] * 5, [0] * 5, [0] * 5]
    for gate in numpy.split(params["recurrent"], 4, axis=1):
        agree(gate @ gate.T, numpy.eye(5), 1e-5)


def test_parameters_do_not_depend_on_how_the_decoder_is_wired():
    plain = start.init_seq2seq(RNG(0), 5, 7, 4)
    scored = start.init_seq2seq(RNG(0), 5, 7, 4, score="general")
    assert scored.keys() - plain.keys() == {"score"}
    for name in plain:
        agree(*(flatten({"x": params[name]}) for params in (plain, scored)), 0)


def test_one_stack_is_an_encoder_between_a_table_and_an_output():
    params = start.init_decoder_only(RNG(0), 5, 8, 2, 3, norm="post")
    assert params["embedding"].shape == (5, 8)
    assert params["output"]["weight"].shape == (8, 5)
    assert sorted(params["stack"]) == ["block_0", "block_1", "block_2", "positions"]
    assert sorted(params["stack"]["block_0"]) == sorted(start.init_encoder_block(RNG(0), 8, 2))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: start.init_multi_head(RNG(0), 8, 3), ["heads = 3", "divide", "width = 8"]),
        (lambda: start.init_multi_head(RNG(0), 8, 0), ["heads = 0", "at least 1"]),
        (lambda: start.init_encoder(RNG(0), 12, 5), ["heads = 5", "width = 12"]),
        (lambda: start.init_encoder(RNG(0), 12, layers=0), ["layers = 0", "at least 1"]),
        (lambda: start.init_encoder(RNG(0), 12.0), ["width = 12.0", "whole number"]),
        (lambda: start.init_encoder(RNG(0), 6, 2, positions="rotary"), ["width = 6", "odd"]),
        (lambda: start.init_decoder(RNG(0), 12, norm="mid"), ["norm = 'mid'", "'pre'"]),
        (
            lambda: start.init_transformer(RNG(0), 5, 7, 8, positions="sine"),
            ["positions = 'sine'", "'rotary'"],
        ),
        (
            lambda: start.init_decoder_only(RNG(0), 5, 8, positions="sine"),
            ["positions = 'sine'", "'rotary'"],
        ),
        (lambda: start.init_positions(RNG(0), "learned", 4, 0), ["longest = 0", "at least 1"]),
        (
            lambda: start.init_seq2seq(RNG(0), 5, 7, 4, encoder="lstn"),
            ["encoder = 'lstn' is unknown", "'lstm'"],
        ),
        (
            lambda: start.init_seq2seq(RNG(0), 5, 7, 4, attention="around"),
            ["attention = 'around' is unknown", "'inside'"],
        ),
        (
            lambda: start.init_seq2seq(RNG(0), 5, 7, 4, "lstm", "inside"),
            ["encoder = 'lstm'", "attention inside"],
        ),
        (
            lambda: start.init_seq2seq(RNG(0), 5, 7, 4, attention="inside", score="general"),
            ["score = 'general'", "attention inside"],
        ),
        (
            lambda: start.init_seq2seq(RNG(0), 5, 7, 4, score="multiply"),
            ["score = 'multiply' is unknown", "'general'"],
        ),
        (
            lambda: start.init_seq2seq(RNG(0), 5, 7, 4, layers=2),
            ["encoder = 'gru'", "does not have layers"],
        ),
        (lambda: start.init_seq2seq(RNG(0), 5, 7, 5, "bidirectional"), ["width = 5", "even"]),
        (
            lambda: start.init_seq2seq(RNG(0), 5, 7, 4, "self_attention", heads=3),
            ["heads = 3", "width = 4"],
        ),
    ],
)
def test_what_cannot_be_started_is_named(call, words):
    with pytest.raises(ValueError) as error:
        call()
    assert [word for word in words if word not in str(error.value)] == []
