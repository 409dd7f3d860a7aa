"""Bugs of one step: gates exchanged, forgotten, turned round."""

import autograd.numpy as np

from helpers.bugs.base import bug
from helpers.functions import sigmoid, tanh
from helpers.recurrent import gru_step, lstm_step
from helpers.start import init_gru, init_lstm


def _gru_state(rng):
    params = {name: rng.standard_normal(x.shape) for name, x in init_gru(rng, 4, 3).items()}
    return params, rng.standard_normal((2, 4)), rng.standard_normal((2, 3))


def _lstm_state(rng):
    params = {name: rng.standard_normal(x.shape) for name, x in init_lstm(rng, 5, 3).items()}
    return (
        params,
        rng.standard_normal((2, 5)),
        (rng.standard_normal((2, 3)), rng.standard_normal((2, 3))),
    )


def _thirds(params, x, state):
    """Return what input and state say to reset, update and candidate."""
    from_input = x @ params["input"] + params["input_bias"]
    from_state = state @ params["recurrent"] + params["recurrent_bias"]
    return np.split(from_input, 3, -1), np.split(from_state, 3, -1)


@bug(
    gru_step,
    _gru_state,
    symptom="Nothing, if it is trained so: the gate learns the opposite. PyTorch's weights fail.",
    mistake="the update gate is turned round: where it is 1, the old state stays.",
    chapter="02_recurrence",
)
def _update_gate_turned_round(params, x, state):
    (r, z, n), (r_state, z_state, n_state) = _thirds(params, x, state)
    reset, update = sigmoid(r + r_state), sigmoid(z + z_state)
    candidate = tanh(n + reset * n_state)
    return update * candidate + (1 - update) * state


@bug(
    gru_step,
    _gru_state,
    symptom="It trains; the candidate always sees all of the old state.",
    mistake="the reset gate is missing in the candidate.",
    chapter="02_recurrence",
)
def _reset_gate_missing(params, x, state):
    (_, z, n), (_, z_state, n_state) = _thirds(params, x, state)
    update = sigmoid(z + z_state)
    return (1 - update) * tanh(n + n_state) + update * state


@bug(
    gru_step,
    _gru_state,
    symptom="Nothing, if it is trained so; PyTorch's weights fail.",
    mistake="reset and update are exchanged: reset comes first in W.",
    chapter="02_recurrence",
)
def _gates_exchanged(params, x, state):
    (z, r, n), (z_state, r_state, n_state) = _thirds(params, x, state)
    reset, update = sigmoid(r + r_state), sigmoid(z + z_state)
    candidate = tanh(n + reset * n_state)
    return (1 - update) * candidate + update * state


@bug(
    gru_step,
    _gru_state,
    symptom="It trains; weights that were trained in PyTorch's form fail.",
    mistake="the reset gate was applied before the product with U, as in Cho's paper; here, as in "
    "PyTorch, it comes after it.",
    chapter="02_recurrence",
)
def _reset_gate_before_the_product(params, x, state):
    (r, z, n), (r_state, z_state, _) = _thirds(params, x, state)
    reset, update = sigmoid(r + r_state), sigmoid(z + z_state)
    n_state = np.split((reset * state) @ params["recurrent"] + params["recurrent_bias"], 3, -1)[2]
    return (1 - update) * tanh(n + n_state) + update * state


@bug(
    gru_step,
    _gru_state,
    symptom="No state is carried on as it is: it forgets like a simple recurrent network.",
    mistake="that is the candidate; mix it with the old state by u.",
    chapter="02_recurrence",
)
def _candidate_alone(params, x, state):
    (r, _, n), (r_state, _, n_state) = _thirds(params, x, state)
    return tanh(n + sigmoid(r + r_state) * n_state)


def _quarters(params, x, hidden):
    from_input = x @ params["input"] + params["input_bias"]
    from_state = hidden @ params["recurrent"] + params["recurrent_bias"]
    return np.split(from_input + from_state, 4, -1)


@bug(
    lstm_step,
    _lstm_state,
    symptom="The forget gate's bias of 1 lands on the input gate: half of the cell is lost a step.",
    mistake="input and forget gate are exchanged: input comes first in W.",
    chapter="02_recurrence",
)
def _forget_and_input_exchanged(params, x, state):
    hidden, cell = state
    forget, write, candidate, output = _quarters(params, x, hidden)
    cell = sigmoid(forget) * cell + sigmoid(write) * tanh(candidate)
    return sigmoid(output) * tanh(cell), cell


@bug(
    lstm_step,
    _lstm_state,
    symptom="What it shows is not bounded: states grow with the length of the sequence.",
    mistake="the cell is shown as it is: take its tanh first.",
    chapter="02_recurrence",
)
def _cell_shown_raw(params, x, state):
    hidden, cell = state
    write, forget, candidate, output = _quarters(params, x, hidden)
    cell = sigmoid(forget) * cell + sigmoid(write) * tanh(candidate)
    return sigmoid(output) * cell, cell


@bug(
    lstm_step,
    _lstm_state,
    symptom="All that was ever written stays: nothing is forgotten, and the cell fills up.",
    mistake="the forget gate is missing: it says how much of the old cell stays.",
    chapter="02_recurrence",
)
def _forget_gate_missing(params, x, state):
    hidden, cell = state
    write, _, candidate, output = _quarters(params, x, hidden)
    cell = cell + sigmoid(write) * tanh(candidate)
    return sigmoid(output) * tanh(cell), cell
