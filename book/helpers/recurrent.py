r"""Recurrent layers over padded batches: `rnn`, `gru`, `lstm`, with PyTorch's equations and gates.

Stands on `functions` alone. A layer runs over all time steps inside one `autograd` primitive:
the inputs are projected in one matrix product before the loop, and the gradients of all weights
are gathered in one product after it. Inside, arrays are (gate, time, batch, width), so that the
numbers of one gate at one step lie next to each other.
"""

import autograd.numpy
import numpy as np
from autograd.extend import defvjp, primitive

from helpers.functions import _rows_of, embedding, init_linear, linear, orthogonal
from helpers.primitives import (
    as_array,
    as_rows,
    column_sums,
    gradients_of,
    one_hot,
    require,
    require_lengths,
    require_shape,
)


def init_rnn(rng, width_in, width):
    """Start an RNN: uniform input weights, an orthogonal recurrent matrix, biases 0.

    Returns
    -------
    dict
        ``input`` (width_in, width), ``recurrent`` (width, width), ``input_bias`` and
        ``recurrent_bias`` (width,). PyTorch stores the same matrices transposed.

    Examples
    --------
    >>> init_rnn(np.random.default_rng(0), 3, 4)["recurrent"].shape
    (4, 4)
    """
    return _init(rng, width_in, width, gates=1)


def init_gru(rng, width_in, width):
    """Start a GRU; its gates reset, update and candidate lie side by side in the last axis.

    Returns
    -------
    dict
        ``input`` (width_in, 3 width), ``recurrent`` (width, 3 width), ``input_bias`` and
        ``recurrent_bias`` (3 width,).

    Examples
    --------
    >>> init_gru(np.random.default_rng(0), 3, 4)["input"].shape
    (3, 12)
    """
    return _init(rng, width_in, width, gates=3)


def init_lstm(rng, width_in, width):
    """Start an LSTM; its gates input, forget, cell and output lie side by side in the last axis.

    The two biases of the forget gate start at 0.5 each, 1 together, so that the cell remembers
    from the first training step on (Jozefowicz et al. 2015).

    Returns
    -------
    dict
        ``input`` (width_in, 4 width), ``recurrent`` (width, 4 width), ``input_bias`` and
        ``recurrent_bias`` (4 width,).

    Examples
    --------
    >>> params = init_lstm(np.random.default_rng(0), 3, 2)
    >>> params["input_bias"] + params["recurrent_bias"]
    array([0., 0., 1., 1., 0., 0., 0., 0.], dtype=float32)
    """
    params = _init(rng, width_in, width, gates=4)
    for name in ("input_bias", "recurrent_bias"):
        params[name][width : 2 * width] = 0.5
    return params


def _init(rng, width_in, width, gates):
    start = init_linear(rng, width_in, gates * width)
    return {
        "input": start["weight"],
        "recurrent": np.concatenate([orthogonal(rng, width) for _ in range(gates)], axis=1),
        "input_bias": start["bias"],
        "recurrent_bias": start["bias"].copy(),
    }


def rnn(params, inputs, lengths=None, state=None, table=None):
    r"""Run a simple recurrent network (Elman 1990) over a padded batch.

    .. math:: h_t = \tanh(x_t W + b + h_{t-1} U + c)

    Parameters
    ----------
    params : dict
        From `init_rnn`: ``input`` W, ``recurrent`` U, ``input_bias`` b, ``recurrent_bias`` c.
    inputs : array (batch, time, width_in)
        With `table`: tokens (batch, time).
    lengths : integer array (batch,), optional
        The true length of each sequence; steps past it change nothing.
    state : array (batch, width), optional
        The state before the first step; zeros if not given.
    table : array (vocabulary, width_in), optional
        The same as ``embedding(table, inputs)`` for inputs, but quicker: a row is projected once.

    Returns
    -------
    outputs : array (batch, time, width)
        The state after each step, 0 past the length.
    last_state : array (batch, width)
        The state after the last true step.

    Raises
    ------
    ValueError
        If a shape does not fit, the batch is ragged, or a length is longer than the array.

    Examples
    --------
    >>> params = init_rnn(np.random.default_rng(0), 3, 4)
    >>> outputs, last = rnn(params, np.ones((2, 5, 3), np.float32), lengths=np.array([5, 2]))
    >>> outputs.shape, bool((outputs[1, 2:] == 0).all()), bool((last[1] == outputs[1, 1]).all())
    ((2, 5, 4), True, True)
    """
    inputs, lengths = _checked_inputs(params, inputs, lengths, table)
    state = _start(params, state, len(inputs))
    projected = _project(params, inputs, params["recurrent_bias"], table, _RNN)
    return _rnn_layer(projected, state, params["recurrent"], lengths, {})


def gru(params, inputs, lengths=None, state=None, table=None):
    r"""Run a gated recurrent unit (Cho et al. 2014, in PyTorch's form) over a padded batch.

    .. math::
        r_t &= \sigma(x_t W_r + b_r + h_{t-1} U_r + c_r) \\
        z_t &= \sigma(x_t W_z + b_z + h_{t-1} U_z + c_z) \\
        n_t &= \tanh(x_t W_n + b_n + r_t (h_{t-1} U_n + c_n)) \\
        h_t &= (1 - z_t)\, n_t + z_t\, h_{t-1}

    Parameters
    ----------
    params : dict
        From `init_gru`: ``input`` W, ``recurrent`` U, ``input_bias`` b, ``recurrent_bias`` c.
    inputs : array (batch, time, width_in)
        With `table`: tokens (batch, time).
    lengths : integer array (batch,), optional
        The true length of each sequence; steps past it change nothing.
    state : array (batch, width), optional
        The state before the first step; zeros if not given.
    table : array (vocabulary, width_in), optional
        The same as ``embedding(table, inputs)`` for inputs, but quicker: a row is projected once.

    Returns
    -------
    outputs : array (batch, time, width)
        The state after each step, 0 past the length.
    last_state : array (batch, width)
        The state after the last true step.

    Raises
    ------
    ValueError
        If a shape does not fit, the batch is ragged, or a length is longer than the array.

    Examples
    --------
    >>> params = init_gru(np.random.default_rng(0), 3, 4)
    >>> outputs, last = gru(params, np.ones((2, 5, 3), np.float32), lengths=np.array([5, 2]))
    >>> outputs.shape, bool((outputs[1, 2:] == 0).all()), bool((last[1] == outputs[1, 1]).all())
    ((2, 5, 4), True, True)
    """
    inputs, lengths = _checked_inputs(params, inputs, lengths, table)
    state, width = _start(params, state, len(inputs)), params["recurrent"].shape[0]
    bias = params["recurrent_bias"]  # of reset and update: added to the inputs' at once
    early = bias * np.repeat(np.array([1, 1, 0], bias.dtype), width)
    projected = _project(params, inputs, early, table, _GRU)
    return _gru_layer(projected, state, params["recurrent"], bias[2 * width :], lengths, {})


def lstm(params, inputs, lengths=None, state=None, table=None):
    r"""Run a long short-term memory (Hochreiter and Schmidhuber 1997) over a padded batch.

    .. math::
        i_t &= \sigma(x_t W_i + b_i + h_{t-1} U_i + c_i) \\
        f_t &= \sigma(x_t W_f + b_f + h_{t-1} U_f + c_f) \\
        g_t &= \tanh(x_t W_g + b_g + h_{t-1} U_g + c_g) \\
        o_t &= \sigma(x_t W_o + b_o + h_{t-1} U_o + c_o) \\
        s_t &= f_t\, s_{t-1} + i_t\, g_t \\
        h_t &= o_t \tanh(s_t)

    Parameters
    ----------
    params : dict
        From `init_lstm`: ``input`` W, ``recurrent`` U, ``input_bias`` b, ``recurrent_bias`` c.
    inputs : array (batch, time, width_in)
        With `table`: tokens (batch, time).
    lengths : integer array (batch,), optional
        The true length of each sequence; steps past it change nothing.
    state : pair of arrays (batch, width), optional
        Hidden state h and cell s before the first step; zeros if not given.
    table : array (vocabulary, width_in), optional
        The same as ``embedding(table, inputs)`` for inputs, but quicker: a row is projected once.

    Returns
    -------
    outputs : array (batch, time, width)
        The hidden state after each step, 0 past the length.
    last_state : pair of arrays (batch, width)
        Hidden state and cell after the last true step.

    Raises
    ------
    ValueError
        If a shape does not fit, the batch is ragged, a length is longer than the array, or
        `state` is not a pair.

    References
    ----------
    The forget gate is from Gers et al. 2000.

    Examples
    --------
    >>> params = init_lstm(np.random.default_rng(0), 3, 4)
    >>> inputs = np.ones((2, 5, 3), np.float32)
    >>> outputs, (hidden, cell) = lstm(params, inputs, lengths=np.array([5, 2]))
    >>> outputs.shape, bool((outputs[1, 2:] == 0).all()), bool((hidden[1] == outputs[1, 1]).all())
    ((2, 5, 4), True, True)
    """
    hidden, cell = _pair(state)
    inputs, lengths = _checked_inputs(params, inputs, lengths, table)
    hidden, cell = _start(params, hidden, len(inputs)), _start(params, cell, len(inputs))
    projected = _project(params, inputs, params["recurrent_bias"], table, _LSTM)
    outputs, *last = _lstm_layer(projected, hidden, cell, params["recurrent"], lengths, {})
    return outputs, tuple(last)


def _pair(state):
    """Hidden state and cell of an LSTM, each None if not given."""
    if state is None:
        return None, None
    given = f"an array {state.shape}" if hasattr(state, "shape") else f"{len(state)} arrays"
    pair = not hasattr(state, "shape") and len(state) == 2
    require(pair, f"state must be a pair (hidden, cell), not {given}")
    return state


def init_bidirectional(init_cell, rng, width_in, width):
    """Start two layers, ``forward`` and ``backward``, for `bidirectional`.

    Examples
    --------
    >>> sorted(init_bidirectional(init_gru, np.random.default_rng(0), 3, 4))
    ['backward', 'forward']
    """
    return {name: init_cell(rng, width_in, width) for name in ("forward", "backward")}


def bidirectional(cell, params, inputs, lengths=None):
    """Read each sequence from both ends (Schuster and Paliwal 1997).

    Parameters
    ----------
    cell : callable
        `rnn`, `gru` or `lstm`.
    params : dict
        From `init_bidirectional`.
    inputs : array (batch, time, width_in)
    lengths : integer array (batch,), optional
        The backward layer starts at the last true step of each sequence.

    Returns
    -------
    outputs : array (batch, time, 2 width)
        At each step what either layer says after reading that step; 0 past the length.
    last_states : pair
        The last state of the forward layer and that of the backward layer.

    Raises
    ------
    ValueError
        As the cell does.

    Examples
    --------
    >>> params = init_bidirectional(init_gru, np.random.default_rng(0), 3, 4)
    >>> outputs, (forward, backward) = bidirectional(gru, params, np.ones((2, 5, 3), np.float32))
    >>> outputs.shape, bool((backward == outputs[:, 0, 4:]).all())
    ((2, 5, 8), True)
    """
    inputs = as_array("inputs", inputs)
    forward, last_forward = cell(params["forward"], inputs, lengths)
    backward, last_backward = cell(params["backward"], reverse(inputs, lengths), lengths)
    outputs = autograd.numpy.concatenate([forward, reverse(backward, lengths)], axis=-1)
    return outputs, (last_forward, last_backward)


def reverse(inputs, lengths=None):
    """Turn each sequence round within its true length; the padding stays where it is.

    Parameters
    ----------
    inputs : array (batch, time, ...)
        Vectors, or tokens: reading the source backwards helped Sutskever et al. 2014.
    lengths : integer array (batch,), optional

    Returns
    -------
    array (batch, time, ...)

    Raises
    ------
    ValueError
        If the lengths do not fit.

    Examples
    --------
    >>> reverse(np.array([[3, 4, 5], [3, 4, 0]]), lengths=np.array([3, 2]))
    array([[5, 4, 3],
           [4, 3, 0]])
    """
    inputs = as_array("inputs", inputs)
    lengths, place = _checked(lengths, inputs.shape), np.arange(inputs.shape[1])
    place = np.where(place < lengths[:, None], lengths[:, None] - 1 - place, place)
    return _reorder(inputs, place)


@primitive
def _reorder(inputs, place):
    """Element (i, t) is ``inputs[i, place[i, t]]``."""
    return inputs[np.arange(len(inputs))[:, None], place]


# Turning round twice is doing nothing, so the gradient is turned round too.
defvjp(_reorder, lambda _, inputs, place: lambda g: _reorder(g, place), argnums=(0,))


def _checked(lengths, shape):
    """Lengths as an array, one for each sequence of inputs of this shape; full if not given."""
    if lengths is None:
        return np.full(shape[0], shape[1])
    reason = f", as inputs has shape {shape}"
    lengths = require_lengths("lengths", lengths, shape[1], reason)
    require_shape("lengths", lengths, shape[0], reason=reason)
    return lengths


def _checked_inputs(params, inputs, lengths, table):
    """Return the inputs and their lengths as arrays."""
    width_in = params["input"].shape[0]
    if table is None:
        inputs = as_array("inputs", inputs)
        require_shape("inputs", inputs, "batch", "time", width_in)
    else:
        inputs = _rows_of(table, inputs)
        require_shape("inputs", inputs, "batch", "time", reason=" with a table")
        require_shape("table", table, "vocabulary", width_in)
    return inputs, _checked(lengths, inputs.shape)


def _start(params, state, batch):
    """Return the first state, zeros if there is none, of the right shape."""
    shape = batch, params["recurrent"].shape[0]
    if state is None:
        return np.zeros(shape, dtype=params["recurrent"].dtype)
    require_shape("state", state, *shape, reason=", (batch, width)")
    return state


def _by_time(x):
    """(batch, time, …) to (time, batch, …) and back; always a copy, free to be written to."""
    return np.array(x.swapaxes(0, 1), order="C")


# The gates of each cell in the order in which they are kept inside.
_RNN, _GRU, _LSTM = (0,), (2, 0, 1), (3, 0, 1, 2)


def _by_gate(weight, order):
    """(…, gates * width) to (gates, …, width), in another order."""
    split = weight.reshape(-1, len(order), weight.shape[-1] // len(order))
    return np.stack([split[:, gate] for gate in order])


def _side_by_side(gates, order):
    """(gates, …, width) to (…, gates * width), the reverse of `_by_gate`."""
    return np.concatenate([gates[order.index(i)] for i in range(len(order))], axis=-1)


def _project(params, inputs, bias, table, order):
    """Project the inputs for all gates and all steps: (gates, time, batch, width)."""
    weight, bias = params["input"], params["input_bias"] + bias
    if table is None:
        return _product(inputs, weight, bias, order)
    if len(table) > 2 * table.shape[1]:  # more work than it would save
        return _product(embedding(table, inputs), weight, bias, order)
    return _look_up(linear({"weight": weight, "bias": bias}, table), inputs, order)


@primitive
def _product(inputs, weight, bias, order):
    projected = np.matmul(as_rows(_by_time(inputs)), _by_gate(weight, order))
    projected += _by_gate(bias, order)
    batch, time, _ = inputs.shape
    return projected.reshape(len(order), time, batch, -1)


@gradients_of(_product)
def _product_back(g, _, inputs, weight, bias, order):
    by_time, d_inputs = _by_time(inputs), 0
    for d_gate, gate in zip(g, _by_gate(weight, order), strict=True):
        d_inputs = d_inputs + as_rows(d_gate) @ gate.T.copy()
    d_bias = _side_by_side([column_sums(d_gate) for d_gate in g], order)
    d_inputs = _by_time(d_inputs.reshape(by_time.shape))
    return d_inputs, _weight_gradient(by_time, g, order), d_bias


@primitive
def _look_up(table, tokens, order):
    projected = np.empty((len(order), *tokens.T.shape, table.shape[1] // len(order)), table.dtype)
    for gate, rows in zip(projected, _by_gate(table, order), strict=True):
        np.take(rows, tokens.T, axis=0, out=gate, mode="clip")
    return projected


def _look_up_vjp(_, table, tokens, order):
    def vjp(g):
        places = one_hot(tokens.T, len(table), g.dtype)
        return _side_by_side([places @ as_rows(d_gate) for d_gate in g], order)

    return vjp


defvjp(_look_up, _look_up_vjp, argnums=(0,))


def _outputs(states, lengths):
    """States (time + 1, batch, width) -> outputs (batch, time, width), 0 past the length."""
    outputs = _by_time(states[1:])
    outputs[np.arange(outputs.shape[1]) >= lengths[:, None]] = 0
    return outputs


def _last(states, lengths):
    """States (time + 1, batch, width) -> the one after the last true step (batch, width)."""
    return states[lengths, np.arange(len(lengths))]


def _back_to_states(d_last, lengths, time, d_outputs=0):
    """Gradients (time + 1, batch, width) that reach the states from `_last` and `_outputs`.

    Past the length they are 0: the loop runs on there, but nothing that it computes is used.
    """
    d_states = np.zeros((time + 1, *d_last.shape), d_last.dtype)
    d_states[1:] += d_outputs
    d_states[1:][np.arange(time)[:, None] >= lengths] = 0
    d_states[lengths, np.arange(len(lengths))] += d_last
    return d_states


def _weight_gradient(states, d_gates, order):
    """Gradient of the weights that lead from states to gates before their tanh or sigmoid."""
    before = as_rows(states).T
    return _side_by_side([before @ as_rows(d_gate) for d_gate in d_gates], order)


@primitive
def _rnn_layer(projected, state, weight, lengths, cache):
    (projected,) = projected
    states = np.empty((len(projected) + 1, *state.shape), dtype=projected.dtype)
    states[0] = state
    for t, step in enumerate(projected):
        hidden = np.matmul(states[t], weight, out=states[t + 1])
        hidden += step
        np.tanh(hidden, out=hidden)
    cache["states"] = states
    return _outputs(states, lengths), _last(states, lengths)


@gradients_of(_rnn_layer)
def _rnn_back(g, _, projected, state, weight, lengths, cache):
    states, time, back = cache["states"], projected.shape[1], weight.T.copy()
    d_states = _back_to_states(g[1], lengths, time, g[0].swapaxes(0, 1))
    d_before = states[1:] * states[1:]  # before tanh, whose slope is 1 - tanh²
    np.subtract(1, d_before, out=d_before)
    for t in reversed(range(time)):
        d_before[t] *= d_states[t + 1]
        d_states[t] += d_before[t] @ back
    d_gates = d_before[None]
    return d_gates, d_states[0], _weight_gradient(states[:-1], d_gates, _RNN)


def _sigmoid(x):
    """Logistic function in place, by way of tanh, which never overflows."""
    x *= 0.5
    np.tanh(x, out=x)
    x += 1
    x *= 0.5


@primitive
def _gru_layer(gates, state, weight, bias, lengths, cache):
    # The gates arrive as projected inputs, in an array that nobody else holds: work in place.
    time = gates.shape[1]
    states = np.empty((time + 1, *state.shape), dtype=gates.dtype)
    held_back, recurrent = np.empty_like(states[1:]), np.empty_like(gates[:, 0])
    weight, bias = _by_gate(weight, (0, 1, 2)), np.broadcast_to(bias, state.shape).copy()
    states[0] = state
    for t in range(time):
        np.matmul(states[t], weight, out=recurrent)
        _gru_step(gates[:, t], recurrent, bias, states[t], states[t + 1], held_back[t])
    cache.update(states=states, held_back=held_back)
    return _outputs(states, lengths), _last(states, lengths)


def _gru_step(gates, recurrent, bias, hidden, new, held_back):
    """Turn what the inputs contribute into gates, and write the new state; all in place."""
    candidate, reset, update = gates
    gates[1:] += recurrent[:2]
    _sigmoid(gates[1:])
    remembered = np.add(recurrent[2], bias, out=held_back)
    candidate += np.multiply(reset, remembered, out=new)
    np.tanh(candidate, out=candidate)
    remembered -= new  # leaves what the reset gate holds back
    np.subtract(hidden, candidate, out=new)
    new *= update
    new += candidate


def _gru_step_back(d_new, new, gates, held_back, d_gates, part):
    """Write the gradients of candidate, reset, update and remembered; return the direct one.

    The direct one is that of the old state by way of the update gate alone.
    """
    (candidate, reset, update), (d_candidate, d_reset, d_update, d_remembered) = gates, d_gates
    d_hidden = d_new * update
    d_new -= d_hidden
    np.subtract(new, candidate, out=part)
    np.multiply(d_new, part, out=d_update)
    np.multiply(candidate, candidate, out=part)
    np.subtract(1, part, out=part)
    np.multiply(d_new, part, out=d_candidate)
    np.multiply(d_candidate, reset, out=d_remembered)
    np.multiply(d_remembered, held_back, out=d_reset)
    return d_hidden


@gradients_of(_gru_layer)
def _gru_back(g, _, gates, state, weight, bias, lengths, cache):
    states, held_back, time = cache["states"], cache["held_back"], gates.shape[1]
    d_states = _back_to_states(g[1], lengths, time, g[0].swapaxes(0, 1))
    back = np.ascontiguousarray(_by_gate(weight, (0, 1, 2)).swapaxes(1, 2))
    d_gates = np.empty((4, *held_back.shape), dtype=gates.dtype)  # before tanh or sigmoid
    through, part = np.empty_like(gates[:, 0]), np.empty_like(gates[0, 0])
    for t in reversed(range(time)):
        step = states[t + 1], gates[:, t], held_back[t], d_gates[:, t]
        d_states[t] += _gru_step_back(d_states[t + 1], *step, part)
        for change in np.matmul(d_gates[1:, t], back, out=through):
            d_states[t] += change
    d_weight = _weight_gradient(states[:-1], d_gates[1:], (0, 1, 2))
    return d_gates[:3], d_states[0], d_weight, column_sums(d_gates[3])


@primitive
def _lstm_layer(gates, state, cell, weight, lengths, cache):
    # The gates arrive as projected inputs, in an array that nobody else holds: work in place.
    time = gates.shape[1]
    states = np.empty((time + 1, *state.shape), dtype=gates.dtype)
    cells, shown, recurrent = np.empty_like(states), np.empty_like(states[1:]), gates[:, 0].copy()
    weight, states[0], cells[0] = _by_gate(weight, _LSTM), state, cell
    for t in range(time):
        gate, new = gates[:, t], cells[t + 1]
        output, write, forget, candidate = gate
        gate += np.matmul(states[t], weight, out=recurrent)
        _sigmoid(gate[:3])
        np.tanh(candidate, out=candidate)
        np.multiply(forget, cells[t], out=new)
        new += np.multiply(write, candidate, out=shown[t])
        np.tanh(new, out=shown[t])
        np.multiply(output, shown[t], out=states[t + 1])
    cache.update(states=states, cells=cells, shown=shown)
    return _outputs(states, lengths), _last(states, lengths), _last(cells, lengths)


@gradients_of(_lstm_layer)
def _lstm_back(g, _, gates, state, cell, weight, lengths, cache):
    states, cells, time = cache["states"], cache["cells"], gates.shape[1]
    d_states = _back_to_states(g[1], lengths, time, g[0].swapaxes(0, 1))
    d_cells = _back_to_states(g[2], lengths, time)
    back = np.ascontiguousarray(_by_gate(weight, _LSTM).swapaxes(1, 2))
    d_gates = np.empty_like(gates)  # before tanh or sigmoid
    through, part = np.empty_like(gates[:, 0]), np.empty_like(gates[0, 0])
    for t in reversed(range(time)):
        gate, d_gate, shown = gates[:, t], d_gates[:, t], cache["shown"][t]
        output, write, forget, candidate = gate
        d_output, d_write, d_forget, d_candidate = d_gate
        d_new, d_cell = d_states[t + 1], d_cells[t + 1]
        np.multiply(states[t + 1], shown, out=part)
        np.subtract(output, part, out=part)  # slope of output * tanh(cell)
        d_cell += np.multiply(part, d_new, out=part)
        np.subtract(1, gate[:3], out=d_gate[:3])
        d_gate[:3] *= gate[:3]
        d_output *= np.multiply(d_new, shown, out=d_new)
        d_write *= candidate
        d_forget *= cells[t]
        np.multiply(candidate, candidate, out=part)
        np.subtract(1, part, out=d_candidate)
        d_candidate *= write
        d_gate[1:] *= d_cell
        d_cells[t] += np.multiply(d_cell, forget, out=d_cell)
        d_states[t] += np.matmul(d_gate, back, out=through).sum(axis=0)
    return d_gates, d_states[0], d_cells[0], _weight_gradient(states[:-1], d_gates, _LSTM)
