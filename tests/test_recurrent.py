"""Recurrent layers: gradients, padding, state, and what wrong input is told."""

import autograd.numpy as np
import numpy
import plain
import pytest
from compare import agree, formats, recorded, same_as_recorded, same_derivatives
from hypothesis import given
from hypothesis import strategies as st

from helpers import recurrent
from helpers.functions import embedding

CELLS = {
    "rnn": (recurrent.rnn, recurrent.init_rnn, plain.rnn_step),
    "gru": (recurrent.gru, recurrent.init_gru, plain.gru_step),
    "lstm": (recurrent.lstm, recurrent.init_lstm, plain.lstm_step),
}
NAMES = ("input", "recurrent", "input_bias", "recurrent_bias")
each_cell = pytest.mark.parametrize("name", CELLS)


def parts_of(name):
    """Names of the arrays that make up a state."""
    return ("state", "cell") if name == "lstm" else ("state",)


def layer_of(name, lengths, table=None):
    """Return the layer as a function of arrays alone: inputs, state (of an LSTM two), weights."""
    layer = CELLS[name][0]

    def run(inputs, *arrays):
        *state, w, u, b, c = arrays
        params = dict(zip(NAMES, (w, u, b, c), strict=True))
        first = tuple(state) if name == "lstm" else state[0]
        outputs, last = layer(params, inputs, lengths, first, table)
        return (outputs, *last) if name == "lstm" else (outputs, last)

    return run


def plain_layer_of(name, lengths):
    """Run each sequence alone, over its true steps only, then put zeros after it."""
    step = CELLS[name][2]

    def run(inputs, *arrays):
        *first, w, u, b, c = arrays
        params = dict(zip(NAMES, (w, u, b, c), strict=True))
        time, width = inputs.shape[1], first[0].shape[1]
        outputs, last = [], []
        for x, length, *start in zip(inputs, lengths, *first, strict=True):
            start = tuple(start) if name == "lstm" else start[0]
            states = plain.run(step, params, x[:length], start)
            shown = [state[0] for state in states] if name == "lstm" else states
            outputs.append(np.array(shown + [np.zeros(width)] * (time - length)))
            last.append(states[-1] if length else start)
        if name == "lstm":
            return np.array(outputs), *(np.array(list(part)) for part in zip(*last, strict=True))
        return np.array(outputs), np.array(last)

    return run


def random_arrays(name, seed=0, batch=4, time=6, width_in=3, width=5):
    """Draw inputs, state and weights in float64, the biases not 0."""
    rng = numpy.random.default_rng(seed)
    params = CELLS[name][1](rng, width_in, width)
    inputs = rng.standard_normal((batch, time, width_in))
    state = [rng.standard_normal((batch, width)) for _ in parts_of(name)]
    weights = [params[key] + 0.3 * rng.standard_normal(params[key].shape) for key in NAMES]
    return [inputs, *state, *weights]


@each_cell
@pytest.mark.parametrize("lengths", [[6, 6, 6, 6], [6, 2, 5, 1], [3, 0, 2, 3]])
def test_values_and_gradients_are_those_of_single_steps(name, lengths):
    same_derivatives(layer_of(name, lengths), plain_layer_of(name, lengths), random_arrays(name))


@each_cell
def test_values_and_gradients_are_those_of_pytorch_over_a_packed_batch(name):
    record = recorded(name)
    same_as_recorded(layer_of(name, record["lengths"]), record, ["inputs", *parts_of(name), *NAMES])


@each_cell
def test_state_begins_at_zero(name):
    inputs, *arrays = random_arrays(name)
    weights = arrays[-4:]
    zeros = [numpy.zeros_like(part) for part in arrays[:-4]]
    outputs, last = CELLS[name][0](dict(zip(NAMES, weights, strict=True)), inputs)
    found = [outputs, *last] if name == "lstm" else [outputs, last]
    for pair in zip(found, layer_of(name, None)(inputs, *zeros, *weights), strict=True):
        agree(*pair, 0)


@each_cell
@pytest.mark.parametrize("vocabulary", [4, 50])
def test_tokens_with_a_table_are_their_embeddings(name, vocabulary):
    rng = numpy.random.default_rng(0)
    tokens, table = rng.integers(0, vocabulary, (4, 6)), rng.standard_normal((vocabulary, 3))
    lengths = [6, 2, 5, 1]
    arrays = [table, *random_arrays(name)[1:]]

    def by_table(table, *arrays):
        return layer_of(name, lengths, table)(tokens, *arrays)

    def embedded(table, *arrays):
        return layer_of(name, lengths)(embedding(table, tokens), *arrays)

    same_derivatives(by_table, embedded, arrays)


@each_cell
@given(
    sizes=st.lists(st.integers(1, 7), min_size=4, max_size=4, unique=True),
    more=st.integers(1, 3),
    seed=st.integers(0, 999),
)
def test_padding_changes_nothing_and_its_outputs_are_zero(name, sizes, more, seed):
    batch, time, width_in, _ = sizes
    rng = numpy.random.default_rng(seed)
    lengths = rng.integers(0, time + 1, batch)
    inputs, *rest = random_arrays(name, seed, *sizes)
    outputs, *last = layer_of(name, lengths)(inputs, *rest)
    for i, length in enumerate(lengths):
        assert (outputs[i, length:] == 0).all()
    noise = rng.standard_normal((batch, time + more, width_in))
    true = numpy.arange(time + more) < lengths[:, None]
    noise[true] = inputs[true[:, :time]]
    longer, *longer_last = layer_of(name, lengths)(noise, *rest)
    agree(longer[:, :time], outputs)
    assert (longer[:, time:] == 0).all()
    for pair in zip(longer_last, last, strict=True):
        agree(*pair)


@each_cell
@given(seed=st.integers(0, 999))
def test_items_of_a_batch_are_independent_and_later_inputs_do_not_act_back(name, seed):
    inputs, *rest = random_arrays(name, seed)
    state, weights = rest[:-4], rest[-4:]
    lengths = numpy.random.default_rng(seed).integers(0, 7, 4)
    run = layer_of(name, lengths)
    outputs = run(inputs, *rest)[0]
    for i in range(4):
        first = [part[[i]] for part in state]
        alone = layer_of(name, lengths[i : i + 1])(inputs[[i]], *first, *weights)[0]
        agree(alone[0], outputs[i])
    changed = inputs.copy()
    changed[:, 3:] += 1
    agree(run(changed, *rest)[0][:, :3], outputs[:, :3])


@each_cell
@pytest.mark.parametrize("lengths", [None, [6, 2, 5, 1]])
def test_float32_stays_float32_in_values_and_in_every_gradient(name, lengths, monkeypatch):
    arrays = [array.astype(numpy.float32) for array in random_arrays(name)]
    seen = formats(monkeypatch, layer_of(name, lengths), arrays)
    assert f"_{name}_layer" in {operation for operation, _ in seen}
    assert {format for _, format in seen} == {"float32"}


@each_cell
def test_only_the_outputs_or_only_the_last_state_may_be_used(name, monkeypatch):
    lengths = [6, 2, 5, 1]
    arrays = random_arrays(name)
    for place in range(1 + len(parts_of(name))):
        same_derivatives(
            lambda *arrays, place=place: layer_of(name, lengths)(*arrays)[place],
            lambda *arrays, place=place: plain_layer_of(name, lengths)(*arrays)[place],
            arrays,
        )
        single = [array.astype(numpy.float32) for array in arrays]
        seen = formats(
            monkeypatch,
            lambda *arrays, place=place: layer_of(name, lengths)(*arrays)[place],
            single,
        )
        assert {format for _, format in seen} == {"float32"}


@each_cell
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"inputs": numpy.ones((4, 6, 2))}, ["inputs", "(4, 6, 2)", "(batch, time, 3)"]),
        ({"inputs": numpy.ones((6, 3))}, ["inputs", "(6, 3)", "(batch, time, 3)"]),
        ({"inputs": [[[1, 2, 3]], []]}, ["inputs", "ragged"]),
        ({"state": numpy.ones((4, 3))}, ["state", "(4, 3)", "(4, 5)"]),
        ({"state": numpy.ones((1, 5))}, ["state", "(1, 5)", "(4, 5)"]),
        ({"lengths": [6, 7, 1, 1]}, ["lengths", "0 … 6", "[6, 7, 1, 1]", "(4, 6, 3)"]),
        ({"lengths": [6, -1, 1, 1]}, ["lengths", "0 … 6", "[6, -1, 1, 1]"]),
        ({"lengths": [6, 5]}, ["lengths", "(2,)", "(4,)", "(4, 6, 3)"]),
        ({"lengths": [[6, 5, 1, 1]]}, ["lengths", "(1, 4)", "(batch,)"]),
        ({"table": numpy.ones((4, 3))}, ["tokens", "integers", "float64"]),
        (
            {"inputs": numpy.ones((4, 6), int), "table": numpy.ones((4, 2))},
            ["table has shape (4, 2)", "(vocabulary, 3)"],
        ),
        (
            {"inputs": numpy.ones((4, 6, 3), int), "table": numpy.ones((4, 3))},
            ["inputs has shape (4, 6, 3)", "(batch, time) with a table"],
        ),
    ],
)
def test_wrong_input_is_named_with_its_shape(name, change, words):
    inputs, *rest = random_arrays(name)
    weights = rest[-4:]
    arguments = {"inputs": inputs, "lengths": None, "state": rest[0]} | change
    if name == "lstm":
        arguments["state"] = (arguments["state"], rest[1])
    with pytest.raises(ValueError) as error:
        CELLS[name][0](dict(zip(NAMES, weights, strict=True)), **arguments)
    assert [word for word in words if word not in str(error.value)] == []


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (numpy.ones((4, 5)), ["(hidden, cell)", "an array (4, 5)"]),
        ([numpy.ones((4, 5))], ["(hidden, cell)", "1 arrays"]),
    ],
)
def test_the_state_of_an_lstm_is_a_pair(state, words):
    inputs, *rest = random_arrays("lstm")
    with pytest.raises(ValueError) as error:
        recurrent.lstm(dict(zip(NAMES, rest[-4:], strict=True)), inputs, state=state)
    assert [word for word in words if word not in str(error.value)] == []


def test_an_lstm_starts_with_a_forget_bias_of_one_and_orthogonal_gates():
    params = recurrent.init_lstm(numpy.random.default_rng(0), 3, 5)
    bias = (params["input_bias"] + params["recurrent_bias"]).reshape(4, 5)
    assert bias.tolist() == [[0] * 5, [1] * 5, [0] * 5, [0] * 5]
    for gate in numpy.split(params["recurrent"], 4, axis=1):
        agree(gate @ gate.T, numpy.eye(5), 1e-5)


@given(lengths=st.lists(st.integers(0, 5), min_size=3, max_size=3), seed=st.integers(0, 999))
def test_reversing_turns_true_steps_round_and_twice_is_nothing(lengths, seed):
    x = numpy.random.default_rng(seed).standard_normal((3, 5, 2))
    found = recurrent.reverse(x, lengths)
    for i, length in enumerate(lengths):
        assert (found[i, :length] == x[i, :length][::-1]).all()
        assert (found[i, length:] == x[i, length:]).all()
    assert (recurrent.reverse(found, lengths) == x).all()
    assert (recurrent.reverse(x) == x[:, ::-1]).all()
    with pytest.raises(ValueError, match=r"\(3, 5, 2\)"):
        recurrent.reverse(x, [6, 1, 1])


def both_ways(name, lengths):
    """Run the bidirectional layer as a function of inputs and two times four weights."""

    def run(inputs, *weights):
        directions = {"forward": weights[:4], "backward": weights[4:]}
        params = {key: dict(zip(NAMES, four, strict=True)) for key, four in directions.items()}
        outputs, last = recurrent.bidirectional(CELLS[name][0], params, inputs, lengths)
        if name == "lstm":
            return outputs, *last[0], *last[1]
        return outputs, *last

    return run


@each_cell
def test_both_ways_is_one_layer_over_each_sequence_and_one_over_its_reverse(name):
    lengths = [6, 2, 5, 1]
    inputs, *rest = random_arrays(name)
    forward, backward = rest[-4:], random_arrays(name, 1)[-4:]

    def each_sequence(inputs, *weights):
        zeros = [numpy.zeros((4, 5))] * len(parts_of(name))
        layer = plain_layer_of(name, lengths)
        there, *last_there = layer(inputs, *zeros, *weights[:4])
        turned = np.array(
            [
                np.concatenate([x[:length][::-1], x[length:]])
                for x, length in zip(inputs, lengths, strict=True)
            ]
        )
        back, *last_back = layer(turned, *zeros, *weights[4:])
        back = np.array(
            [
                np.concatenate([x[:length][::-1], x[length:]])
                for x, length in zip(back, lengths, strict=True)
            ]
        )
        return np.concatenate([there, back], axis=-1), *last_there, *last_back

    same_derivatives(both_ways(name, lengths), each_sequence, [inputs, *forward, *backward])


def test_both_ways_has_values_and_gradients_of_pytorch():
    record = recorded("bidirectional")
    names = [f"{direction}_{name}" for direction in ("forward", "backward") for name in NAMES]
    same_as_recorded(both_ways("gru", record["lengths"]), record, ["inputs", *names])


@each_cell
def test_both_ways_keeps_float32_and_starts_in_it(name, monkeypatch):
    params = recurrent.init_bidirectional(CELLS[name][1], numpy.random.default_rng(0), 3, 5)
    weights = [params[way][key] for way in ("forward", "backward") for key in NAMES]
    inputs = random_arrays(name)[0].astype(numpy.float32)
    seen = formats(monkeypatch, both_ways(name, [6, 2, 5, 1]), [inputs, *weights])
    assert {format for _, format in seen} == {"float32"}
