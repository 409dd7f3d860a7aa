"""Recurrent layers: gradients, padding, state, and what wrong input is told."""

import autograd.numpy as np
import numpy
import plain
import pytest
from compare import agree, formats, recorded, same_as_recorded, same_derivatives
from hypothesis import given
from hypothesis import strategies as st

from helpers import recurrent

CELLS = {
    "rnn": (recurrent.rnn, recurrent.init_rnn, plain.rnn_step),
    "gru": (recurrent.gru, recurrent.init_gru, plain.gru_step),
}
NAMES = ("input", "recurrent", "input_bias", "recurrent_bias")
each_cell = pytest.mark.parametrize("name", CELLS)


def layer_of(name, lengths):
    """Return the layer as a function of arrays alone: inputs, state, and the four weights."""
    layer = CELLS[name][0]

    def run(inputs, state, *weights):
        return layer(dict(zip(NAMES, weights, strict=True)), inputs, lengths, state)

    return run


def plain_layer_of(name, lengths):
    """Run each sequence alone, over its true steps only, then put zeros after it."""
    step = CELLS[name][2]

    def run(inputs, state, *weights):
        params = dict(zip(NAMES, weights, strict=True))
        time, width = inputs.shape[1], state.shape[1]
        outputs, last = [], []
        for x, start, length in zip(inputs, state, lengths, strict=True):
            states = plain.run(step, params, x[:length], start)
            outputs.append(np.array(states + [np.zeros(width)] * (time - length)))
            last.append(states[-1] if length else start)
        return np.array(outputs), np.array(last)

    return run


def random_arrays(name, seed=0, batch=4, time=6, width_in=3, width=5):
    """Draw inputs, state and weights in float64, the biases not 0."""
    rng = numpy.random.default_rng(seed)
    params = CELLS[name][1](rng, width_in, width)
    inputs = rng.standard_normal((batch, time, width_in))
    state = rng.standard_normal((batch, width))
    weights = [params[key] + 0.3 * rng.standard_normal(params[key].shape) for key in NAMES]
    return [inputs, state, *weights]


@each_cell
@pytest.mark.parametrize("lengths", [[6, 6, 6, 6], [6, 2, 5, 1], [3, 0, 2, 3]])
def test_values_and_gradients_are_those_of_single_steps(name, lengths):
    same_derivatives(layer_of(name, lengths), plain_layer_of(name, lengths), random_arrays(name))


@each_cell
def test_values_and_gradients_are_those_of_pytorch_over_a_packed_batch(name):
    record = recorded(name)
    same_as_recorded(layer_of(name, record["lengths"]), record, ["inputs", "state", *NAMES])


@each_cell
def test_state_begins_at_zero(name):
    inputs, state, *weights = random_arrays(name)
    params = dict(zip(NAMES, weights, strict=True))
    with_zeros = CELLS[name][0](params, inputs, state=numpy.zeros_like(state))
    for found, expected in zip(CELLS[name][0](params, inputs), with_zeros, strict=True):
        agree(found, expected, 0)


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
    inputs, state, *weights = random_arrays(name, seed, *sizes)
    outputs, last = layer_of(name, lengths)(inputs, state, *weights)
    for i, length in enumerate(lengths):
        assert (outputs[i, length:] == 0).all()
    noise = rng.standard_normal((batch, time + more, width_in))
    true = numpy.arange(time + more) < lengths[:, None]
    noise[true] = inputs[true[:, :time]]
    longer, longer_last = layer_of(name, lengths)(noise, state, *weights)
    agree(longer[:, :time], outputs)
    assert (longer[:, time:] == 0).all()
    agree(longer_last, last)


@each_cell
@given(seed=st.integers(0, 999))
def test_items_of_a_batch_are_independent_and_later_inputs_do_not_act_back(name, seed):
    inputs, state, *weights = random_arrays(name, seed)
    lengths = numpy.random.default_rng(seed).integers(0, 7, 4)
    run = layer_of(name, lengths)
    outputs, _ = run(inputs, state, *weights)
    for i in range(4):
        alone, _ = layer_of(name, lengths[i : i + 1])(inputs[[i]], state[[i]], *weights)
        agree(alone[0], outputs[i])
    changed = inputs.copy()
    changed[:, 3:] += 1
    agree(run(changed, state, *weights)[0][:, :3], outputs[:, :3])


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
    for place in (0, 1):
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
        ({"lengths": [6, 7, 1, 1]}, ["lengths", "1 to 7", "(4, 6, 3)", "6 time steps"]),
        ({"lengths": [6, -1, 1, 1]}, ["lengths", "-1 to 6"]),
        ({"lengths": [6, 5]}, ["lengths", "(2,)", "(4,)"]),
        ({"lengths": [[6, 5, 1, 1]]}, ["lengths", "(1, 4)", "(4,)"]),
    ],
)
def test_wrong_input_is_named_with_its_shape(name, change, words):
    inputs, state, *weights = random_arrays(name)
    arguments = {"inputs": inputs, "lengths": None, "state": state} | change
    with pytest.raises(ValueError) as error:
        CELLS[name][0](dict(zip(NAMES, weights, strict=True)), **arguments)
    assert [word for word in words if word not in str(error.value)] == []
