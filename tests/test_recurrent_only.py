"""Models of recurrent layers alone: a language model, and one that answers from its last state."""

import autograd.numpy as np
import numpy
import pytest
from compare import agree, formats, same_derivatives

from helpers.learning import leaves, rebuild
from helpers.recurrent import gru_step, last_state_only, lstm_step, recurrent_only, rnn_step
from helpers.start import init_last_state, init_recurrent_only

STEPS = {"rnn": rnn_step, "gru": gru_step, "lstm": lstm_step}
TOKENS = numpy.random.default_rng(2).integers(0, 7, (3, 5))
each_cell = pytest.mark.parametrize("cell", STEPS)


def drawn(cell, layers=2, number_format=float):
    """Draw parameters, no bias at 0; as a list of arrays, and as what makes them a dict again."""
    rng = numpy.random.default_rng(0)
    params = init_recurrent_only(rng, 7, 4, cell, layers)
    noisy = [(x + 0.1 * rng.standard_normal(x.shape)).astype(number_format) for x in leaves(params)]
    return noisy, lambda arrays: rebuild(params, iter(arrays))


def logits_of(cell, build, tokens=TOKENS):
    return lambda *arrays: recurrent_only(build(arrays), tokens, cell)[0]


@each_cell
@pytest.mark.parametrize("layers", [1, 2])
def test_values_and_gradients_are_those_of_single_steps_layer_by_layer(cell, layers):
    arrays, build = drawn(cell, layers)
    zeros = numpy.zeros((1, 4))
    first = (zeros, zeros) if cell == "lstm" else zeros

    def each_step(*arrays):
        params, rows = build(arrays), []
        for tokens in TOKENS:
            shown = [params["embedding"][[token]] for token in tokens]
            for i in range(layers):
                state, states = first, []
                for x in shown:
                    state = STEPS[cell](params["layers"][f"layer_{i}"], x, state)
                    states.append(state)
                shown = [state[0] if cell == "lstm" else state for state in states]
            output = params["output"]
            rows.append(np.concatenate([h @ output["weight"] + output["bias"] for h in shown]))
        return np.array(rows)

    same_derivatives(logits_of(cell, build), each_step, arrays)


@each_cell
def test_a_token_reaches_its_own_and_all_later_logits_and_no_earlier_one(cell):
    arrays, build = drawn(cell)
    before = logits_of(cell, build)(*arrays)
    changed = TOKENS.copy()
    changed[:, 2] = (changed[:, 2] + 1) % 7
    after = logits_of(cell, build, changed)(*arrays)
    agree(after[:, :2], before[:, :2], 0)
    assert (numpy.abs(after[:, 2:] - before[:, 2:]).max(axis=-1) > 1e-4).all()


@each_cell
def test_it_goes_on_from_its_states(cell):
    arrays, build = drawn(cell)
    params = build(arrays)
    whole, last = recurrent_only(params, TOKENS, cell)
    first, states = recurrent_only(params, TOKENS[:, :2], cell)
    rest, states = recurrent_only(params, TOKENS[:, 2:], cell, states)
    agree(numpy.concatenate([first, rest], axis=1), whole)
    assert len(states) == 2
    for found, expected in zip(states, last, strict=True):
        agree(numpy.array(found), numpy.array(expected))


@each_cell
def test_float32_stays_float32_in_values_and_in_every_gradient(cell):
    arrays, build = drawn(cell, number_format=numpy.float32)
    assert formats(logits_of(cell, build), arrays) == {"float32"}


@pytest.mark.parametrize(
    ("tokens", "cell", "words"),
    [
        ([[1, 7]], "gru", ["tokens", "7", "0 … 6"]),
        ([1, 2], "gru", ["tokens", "(2,)", "(batch, n)"]),
        ([[1, 2]], "bidirectional", ["cell = 'bidirectional' is unknown", "'lstm'"]),
    ],
)
def test_wrong_input_is_named(tokens, cell, words):
    arrays, build = drawn("gru")
    with pytest.raises(ValueError) as error:
        recurrent_only(build(arrays), tokens, cell)
    assert [word for word in words if word not in str(error.value)] == []


# ---- all from the last state ---------------------------------------------------------------------


@each_cell
def test_each_question_has_a_map_of_its_own_from_the_last_state(cell):
    rng = numpy.random.default_rng(0)
    start = init_last_state(rng, 7, questions=3, answers=2, width=4, cell=cell)
    arrays = [x + 0.1 * rng.standard_normal(x.shape) for x in leaves(start)]
    lengths, zeros = numpy.array([5, 2, 3]), numpy.zeros((1, 4))

    def found(*arrays):
        return last_state_only(rebuild(start, iter(arrays)), TOKENS, 3, lengths, cell)

    def each_step(*arrays):
        params, rows = rebuild(start, iter(arrays)), []
        for tokens, length in zip(TOKENS, lengths, strict=True):
            state = (zeros, zeros) if cell == "lstm" else zeros
            for token in tokens[:length]:
                state = STEPS[cell](params["cell"], params["embedding"][[token]], state)
            last = state[0] if cell == "lstm" else state
            logits = last @ params["output"]["weight"] + params["output"]["bias"]
            rows.append([logits[0, 2 * i : 2 * i + 2] for i in range(3)])
        return np.array(rows)

    same_derivatives(found, each_step, arrays)
    arrays = [array.astype(numpy.float32) for array in arrays]
    assert formats(found, arrays) == {"float32"}
