"""Recurrent layers: gradients, padding, state, and what wrong input is told."""

import autograd.numpy as np
import numpy
import pytest
from compare import (
    agree,
    agree_all,
    arrays_of,
    change,
    follow_differences,
    formats,
    recorded,
    same_as_recorded,
    same_derivatives,
    with_kernels,
    with_noise,
)
from hypothesis import given
from hypothesis import strategies as st

from helpers import recurrent, start
from helpers.functions import embedding
from helpers.recurrent import bidirectional, reverse, scan

pytestmark = pytest.mark.usefixtures("way")

CELLS = {
    "rnn": (recurrent.rnn, recurrent.rnn_step, start.init_rnn),
    "gru": (recurrent.gru, recurrent.gru_step, start.init_gru),
    "lstm": (recurrent.lstm, recurrent.lstm_step, start.init_lstm),
}
NAMES = ("input", "recurrent", "input_bias", "recurrent_bias")
LENGTHS = [6, 2, 5, 1]
each_cell = pytest.mark.parametrize("name", CELLS)
seeds = st.integers(0, 999)


def random_state(name, rng, batch=4, width=5):
    hidden, cell = rng.standard_normal((2, batch, width))
    return (hidden, cell) if name == "lstm" else hidden


def random_arguments(name, seed=0, batch=4, time=6, width_in=3, width=5):
    """Draw parameters, inputs and state in float64, the biases not 0."""
    rng = numpy.random.default_rng(seed)
    params = with_noise(CELLS[name][2](rng, width_in, width), seed)
    return (
        params,
        rng.standard_normal((batch, time, width_in)),
        random_state(name, rng, batch, width),
    )


def rows_of(state, i):
    """State of one sequence of a batch, which stays a batch."""
    return change(state, lambda part: part[[i]])


def layer_of(name, lengths):
    """Return the layer as a function of parameters, inputs and state."""
    layer = CELLS[name][0]
    return lambda params, inputs, state: layer(params, inputs, lengths, state)


# ---- values and gradients ---------------------------------------------------------------------


@each_cell
def test_values_and_gradients_are_those_of_pytorch_over_a_packed_batch(name):
    record = recorded(name)
    parts = ("state", "cell") if name == "lstm" else ("state",)

    def run(inputs, *arrays):
        *state, w, u, b, c = arrays
        params = dict(zip(NAMES, (w, u, b, c), strict=True))
        state = tuple(state) if name == "lstm" else state[0]
        return layer_of(name, record["lengths"])(params, inputs, state)

    same_as_recorded(run, record, ["inputs", *parts, *NAMES])


@each_cell
@pytest.mark.parametrize("lengths", [[6, 6, 6, 6], LENGTHS, [3, 0, 2, 3]])
def test_values_and_gradients_are_those_of_each_sequence_alone(name, lengths):
    def each_sequence(params, inputs, state):
        outputs, states = [], []
        for i, length in enumerate(lengths):
            alone = layer_of(name, None)
            shown, last = alone(params, inputs[[i], :length], rows_of(state, i))
            padding = np.zeros((1, 6 - length, 5))
            outputs.append(np.concatenate([shown, padding], axis=1))
            states.append(last)
        if name == "lstm":
            return np.concatenate(outputs), *map(np.concatenate, zip(*states, strict=True))
        return np.concatenate(outputs), np.concatenate(states)

    same_derivatives(layer_of(name, lengths), each_sequence, random_arguments(name))


@each_cell
def test_one_step_at_a_time_gives_what_the_layer_gives(name):
    params, inputs, state = random_arguments(name)
    outputs, last = layer_of(name, None)(params, inputs, state)
    for t in range(inputs.shape[1]):
        state = CELLS[name][1](params, inputs[:, t], state)
        agree(recurrent.shown(state), outputs[:, t])
    agree_all(arrays_of(state)[0], arrays_of(last)[0])


@each_cell
def test_gradients_of_a_step_follow_differences(name):
    params, inputs, state = random_arguments(name)
    follow_differences(CELLS[name][1], [params, inputs[:, 0], state])


@each_cell
def test_state_begins_at_zero(name):
    params, inputs, state = random_arguments(name)
    found = CELLS[name][0](params, inputs)
    expected = layer_of(name, None)(params, inputs, change(state, numpy.zeros_like))
    agree_all(arrays_of(found)[0], arrays_of(expected)[0], 0)


@each_cell
@pytest.mark.parametrize("vocabulary", [4, 50])
def test_tokens_with_a_table_are_their_embeddings(name, vocabulary):
    rng = numpy.random.default_rng(0)
    tokens, table = rng.integers(0, vocabulary, (4, 6)), rng.standard_normal((vocabulary, 3))
    params, _, state = random_arguments(name)
    layer = CELLS[name][0]
    same_derivatives(
        lambda table, params, state: layer(params, tokens, LENGTHS, state, table),
        lambda table, params, state: layer(params, embedding(table, tokens), LENGTHS, state),
        [table, params, state],
    )


# ---- padding and batches ----------------------------------------------------------------------


@each_cell
@given(
    sizes=st.lists(st.integers(1, 7), min_size=4, max_size=4, unique=True),
    more=st.integers(1, 3),
    seed=seeds,
)
def test_padding_changes_nothing_and_its_outputs_are_zero(name, sizes, more, seed):
    batch, time, width_in, _ = sizes
    rng = numpy.random.default_rng(seed)
    lengths = rng.integers(0, time + 1, batch)
    params, inputs, state = random_arguments(name, seed, *sizes)
    outputs, last = layer_of(name, lengths)(params, inputs, state)
    for i, length in enumerate(lengths):
        assert (outputs[i, length:] == 0).all()
    noise = rng.standard_normal((batch, time + more, width_in))
    true = numpy.arange(time + more) < lengths[:, None]
    noise[true] = inputs[true[:, :time]]
    longer, longer_last = layer_of(name, lengths)(params, noise, state)
    agree(longer[:, :time], outputs)
    assert (longer[:, time:] == 0).all()
    agree_all(arrays_of(longer_last)[0], arrays_of(last)[0])


@each_cell
@given(seed=seeds)
def test_items_of_a_batch_are_independent_and_later_inputs_do_not_act_back(name, seed):
    params, inputs, state = random_arguments(name, seed)
    lengths = numpy.random.default_rng(seed).integers(0, 7, 4)
    run = layer_of(name, lengths)
    outputs = run(params, inputs, state)[0]
    for i in range(4):
        alone = layer_of(name, lengths[[i]])(params, inputs[[i]], rows_of(state, i))[0]
        agree(alone[0], outputs[i])
    changed = inputs.copy()
    changed[:, 3:] += 1
    agree(run(params, changed, state)[0][:, :3], outputs[:, :3])


@each_cell
def test_no_sequences_and_no_steps_give_empty_outputs(name):
    params, inputs, state = random_arguments(name)
    outputs, last = CELLS[name][0](params, inputs[:0], numpy.zeros(0, int))
    assert outputs.shape == (0, 6, 5)
    assert recurrent.shown(last).shape == (0, 5)
    outputs, last = layer_of(name, [0] * 4)(params, inputs[:, :0], state)
    assert outputs.shape == (4, 0, 5)
    agree_all(arrays_of(last)[0], arrays_of(state)[0], 0)


def test_scan_takes_any_step_and_stops_at_the_length():
    def count(params, x, state):
        return state + x * params["by"]

    inputs = numpy.ones((3, 4, 1))
    outputs, last = scan(count, {"by": 2}, inputs, numpy.array([4, 0, 2]), numpy.zeros((3, 1)))
    assert outputs[..., 0].tolist() == [[2, 4, 6, 8], [0, 0, 0, 0], [2, 4, 0, 0]]
    assert last[:, 0].tolist() == [8, 0, 4]


@given(lengths=st.lists(st.integers(0, 5), min_size=3, max_size=3), seed=seeds)
def test_reversing_turns_true_steps_round_and_twice_is_nothing(lengths, seed):
    x = numpy.random.default_rng(seed).standard_normal((3, 5, 2))
    found = reverse(x, lengths)
    for i, length in enumerate(lengths):
        assert (found[i, :length] == x[i, :length][::-1]).all()
        assert (found[i, length:] == x[i, length:]).all()
    assert (reverse(found, lengths) == x).all()
    assert (reverse(x) == x[:, ::-1]).all()
    tokens = numpy.random.default_rng(seed).integers(0, 9, (3, 5))
    assert reverse(tokens, lengths).dtype == tokens.dtype
    assert reverse(x[:0], []).shape == (0, 5, 2)
    with pytest.raises(ValueError, match=r"\(3, 5, 2\)"):
        reverse(x, [6, 1, 1])


# ---- number formats ---------------------------------------------------------------------------


@each_cell
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_float32_stays_float32_in_values_and_in_every_gradient(name, lengths):
    arguments = change(random_arguments(name), numpy.float32)
    found = arrays_of(layer_of(name, lengths)(*arguments))[0]
    assert {array.dtype for array in found} == {numpy.dtype("float32")}
    if with_kernels():
        for used in (None, *([i] for i in range(len(found)))):
            assert formats(layer_of(name, lengths), arguments, used) == {"float32"}


@each_cell
def test_whole_numbers_are_taken_as_real_ones(name):
    params, inputs, _ = random_arguments(name)
    whole = numpy.round(2 * inputs).astype(int)
    for layer in (CELLS[name][0], lambda *x: bidirectional(CELLS[name][0], BOTH[name], *x[1:])):
        found, expected = layer(params, whole, LENGTHS), layer(params, whole * 1.0, LENGTHS)
        agree(found[0], expected[0], 0)
    outputs, _ = CELLS[name][0](change(params, numpy.float32), whole)
    assert outputs.dtype == numpy.float32


# ---- both ways --------------------------------------------------------------------------------

BOTH = {
    name: {way: random_arguments(name, seed)[0] for seed, way in enumerate(("forward", "backward"))}
    for name in CELLS
}


def both_ways(name, lengths):
    return lambda params, inputs: bidirectional(CELLS[name][0], params, inputs, lengths)


@each_cell
def test_both_ways_is_one_layer_over_each_sequence_and_one_over_its_reverse(name):
    inputs, layer = random_arguments(name)[1], CELLS[name][0]
    outputs, (last_there, last_back) = both_ways(name, LENGTHS)(BOTH[name], inputs)
    for i, length in enumerate(LENGTHS):
        there, last = layer(BOTH[name]["forward"], inputs[[i], :length])
        agree(outputs[i, :length, :5], there[0])
        agree_all(arrays_of(rows_of(last_there, i))[0], arrays_of(last)[0])
        back, last = layer(BOTH[name]["backward"], inputs[[i], :length][:, ::-1])
        agree(outputs[i, :length, 5:], back[0, ::-1])
        agree_all(arrays_of(rows_of(last_back, i))[0], arrays_of(last)[0])
        assert (outputs[i, length:] == 0).all()
    follow_differences(both_ways(name, LENGTHS), [BOTH[name], inputs])


def test_both_ways_has_values_and_gradients_of_pytorch():
    record = recorded("bidirectional")
    names = [f"{direction}_{name}" for direction in ("forward", "backward") for name in NAMES]

    def run(inputs, *weights):
        parts = dict(zip(("forward", "backward"), (weights[:4], weights[4:]), strict=True))
        params = {way: dict(zip(NAMES, four, strict=True)) for way, four in parts.items()}
        return both_ways("gru", record["lengths"])(params, inputs)

    same_as_recorded(run, record, ["inputs", *names])


@each_cell
def test_both_ways_keeps_float32(name):
    arguments = change([BOTH[name], random_arguments(name)[1]], numpy.float32)
    found = arrays_of(both_ways(name, LENGTHS)(*arguments))[0]
    assert {array.dtype for array in found} == {numpy.dtype("float32")}
    if with_kernels():
        assert formats(both_ways(name, LENGTHS), arguments) == {"float32"}


# ---- wrong input ------------------------------------------------------------------------------


@each_cell
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"inputs": numpy.ones((4, 6, 2))}, ["inputs", "(4, 6, 2)", "(batch, time, 3)"]),
        ({"inputs": numpy.ones((6, 3))}, ["inputs", "(6, 3)", "(batch, time, 3)"]),
        ({"inputs": [[[1, 2, 3]], []]}, ["inputs", "ragged"]),
        ({"state": numpy.ones((4, 3))}, ["state", "(4, 3)", "(4, 5)"]),
        ({"state": numpy.ones((1, 5))}, ["state", "(1, 5)", "(4, 5)"]),
        ({"lengths": [6, 7, 1, 1]}, ["lengths", "0 … 6", "1 to 7", "(4, 6, 3)"]),
        ({"lengths": [6, -1, 1, 1]}, ["lengths", "0 … 6", "-1 to 6"]),
        ({"lengths": [6, 5]}, ["lengths", "(2,)", "(4,)", "(4, 6, 3)"]),
        ({"lengths": [[6, 5, 1, 1]]}, ["lengths", "(1, 4)", "(4,)", "(4, 6, 3)"]),
        ({"lengths": [6.0, 5.0, 1.0, 1.0]}, ["lengths", "integers", "float64"]),
        ({"table": numpy.ones((4, 3))}, ["inputs", "integers", "float64"]),
        (
            {"inputs": numpy.ones((4, 6), int), "table": numpy.ones((4, 2))},
            ["table has shape (4, 2)", "(vocabulary, 3)"],
        ),
        (
            {"inputs": numpy.full((4, 6), 4), "table": numpy.ones((4, 3))},
            ["inputs", "0 … 3", "table has shape (4, 3)", "4 to 4"],
        ),
        (
            {"inputs": numpy.ones((4, 6, 3), int), "table": numpy.ones((4, 3))},
            ["inputs has shape (4, 6, 3)", "(batch, time)", "table"],
        ),
        ({"inputs": numpy.ones((4, 6), int)}, ["inputs", "(4, 6)", "(batch, time, 3)"]),
    ],
)
def test_wrong_input_is_named_with_its_shape(name, change, words):
    params, inputs, state = random_arguments(name)
    arguments = {"inputs": inputs} | change
    if "state" in change and name == "lstm":
        arguments["state"] = (change["state"], state[1])
    with pytest.raises(ValueError) as error:
        CELLS[name][0](params, **arguments)
    assert [word for word in words if word not in str(error.value)] == []


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (numpy.ones((4, 5)), ["state", "a pair of arrays", "an array (4, 5)"]),
        ([numpy.ones((4, 5))], ["state", "a pair of arrays", "1 arrays"]),
    ],
)
def test_the_state_of_an_lstm_is_a_pair(state, words):
    params, inputs, _ = random_arguments("lstm")
    for call in (
        lambda: recurrent.lstm(params, inputs, state=state),
        lambda: recurrent.lstm_step(params, inputs[:, 0], state),
    ):
        with pytest.raises(ValueError) as error:
            call()
        assert [word for word in words if word not in str(error.value)] == []


@each_cell
def test_a_step_names_what_does_not_fit(name):
    params, inputs, state = random_arguments(name)
    with pytest.raises(ValueError, match=r"x has shape \(4, 2\); it must be \(batch, 3\)"):
        CELLS[name][1](params, inputs[:, 0, :2], state)
