"""Kernels of `helpers.recurrent`, and of attention inside the recurrence.

A layer runs over all time steps inside one primitive: the inputs are projected in one matrix
product before the loop, and the gradients of all weights are gathered in one product after it.
Inside, arrays are (gate, time, batch, width), so that the numbers of one gate at one step lie next
to each other.
"""

import numpy as np

from helpers.fast import differentiable
from helpers.fast.arrays import (
    as_rows,
    by_time,
    column_sums,
    finite,
    one_hot,
    row_sums,
)
from helpers.fast.attention import softmax_in_place
from helpers.fast.functions import affine, embedding

# The gates of each cell in the order in which they are kept inside.
_RNN, _GRU, _LSTM = (0,), (2, 0, 1), (3, 0, 1, 2)
_AS_THEY_ARE = (0, 1, 2)


def rnn(params, inputs, lengths=None, state=None, table=None):
    """Kernel of `recurrent.rnn`."""
    if not _fits(inputs, lengths, table):
        return NotImplemented
    weight, bias = params["input"], params["input_bias"] + params["recurrent_bias"]
    projected = _project(weight, bias, inputs, table, _RNN)
    state, lengths = _start(params, inputs, state), _full(inputs, lengths)
    return _rnn_layer(projected, state, params["recurrent"], lengths)


def gru(params, inputs, lengths=None, state=None, table=None):
    """Kernel of `recurrent.gru`."""
    if not _fits(inputs, lengths, table):
        return NotImplemented
    bias, late = _early(params)
    projected = _project(params["input"], bias, inputs, table, _GRU)
    state, lengths = _start(params, inputs, state), _full(inputs, lengths)
    return _gru_layer(projected, state, params["recurrent"], late, lengths)


def lstm(params, inputs, lengths=None, state=None, table=None):
    """Kernel of `recurrent.lstm`."""
    if not _fits(inputs, lengths, table):
        return NotImplemented
    weight, bias = params["input"], params["input_bias"] + params["recurrent_bias"]
    projected = _project(weight, bias, inputs, table, _LSTM)
    hidden, cell = (None, None) if state is None else state
    hidden, cell = _start(params, inputs, hidden), _start(params, inputs, cell)
    lengths = _full(inputs, lengths)
    outputs, *last = _lstm_layer(projected, hidden, cell, params["recurrent"], lengths)
    return outputs, tuple(last)


def attentive_gru(params, inputs, memory, mask=None, state=None, table=None):
    """Kernel of `seq2seq.attentive_gru`."""
    if mask is not None and not finite(memory):
        return NotImplemented
    gru, score = params["gru"], params["score"]
    width_in = len(gru["input"]) - len(gru["recurrent"])
    bias, late = _early(gru)
    gates = _project(gru["input"][:width_in], bias, inputs, table, _GRU)
    to_keys, to_queries = score["keys"], score["queries"]
    keys = affine(memory, to_keys["weight"], to_keys["bias"])
    state = _start(gru, inputs, state)
    weights = gru["input"][width_in:], gru["recurrent"], late
    score = to_queries["weight"], to_queries["bias"], score["vector"]
    return _attentive_layer(gates, state, memory, keys, *weights, *score, mask, inputs.shape[1])


def reverse(inputs, lengths=None):
    """Kernel of `recurrent.reverse`."""
    places = np.arange(inputs.shape[1])
    ends = _full(inputs, lengths)[:, None]
    return _reorder(inputs, np.where(places < ends, ends - 1 - places, places))


# Turning round twice is doing nothing, so the gradient is turned round too.
@differentiable(lambda g, _, inputs, places: (_reorder(g, places),))
def _reorder(inputs, places):
    return inputs[np.arange(len(inputs))[:, None], places], None


def _fits(inputs, lengths, table):
    """Whether the padding holds numbers, which a product with 0 makes 0."""
    return lengths is None or finite(inputs if table is None else table)


def _full(inputs, lengths):
    return np.full(*inputs.shape[:2]) if lengths is None else lengths


def _start(params, inputs, state):
    """Return the first state, zeros if there is none."""
    if state is not None:
        return state
    weight = params["recurrent"]
    return np.zeros((len(inputs), weight.shape[0]), dtype=weight.dtype)


def _early(params):
    """Bias that is added to the inputs of a GRU at once, and the rest: that of the candidate."""
    bias, width = params["recurrent_bias"], params["recurrent"].shape[0]
    early = bias * np.repeat(np.array([1, 1, 0], bias.dtype), width)
    return params["input_bias"] + early, bias[2 * width :]


def _by_gate(weight, order):
    """(…, gates * width) to (gates, …, width), in another order."""
    split = weight.reshape(-1, len(order), weight.shape[-1] // len(order))
    return np.stack([split[:, gate] for gate in order])


def _side_by_side(gates, order):
    """(gates, …, width) to (…, gates * width), the reverse of `_by_gate`."""
    return np.concatenate([gates[order.index(i)] for i in range(len(order))], axis=-1)


def _project(weight, bias, inputs, table, order):
    """Project the inputs for all gates and all steps: (gates, time, batch, width)."""
    if table is None:
        return _product(inputs, weight, bias, order)
    if len(table) > 2 * table.shape[1]:  # more work than it would save
        return _product(embedding(table, inputs), weight, bias, order)
    return _look_up(affine(table, weight, bias), inputs, order)


def _product_back(g, by_step, inputs, weight, bias, order):
    d_inputs = 0
    for d_gate, gate in zip(g, _by_gate(weight, order), strict=True):
        d_inputs = d_inputs + as_rows(d_gate) @ gate.T.copy()
    d_bias = _side_by_side([column_sums(d_gate) for d_gate in g], order)
    d_inputs = by_time(d_inputs.reshape(by_step.shape))
    return d_inputs, _weight_gradient(by_step, g, order), d_bias


@differentiable(_product_back)
def _product(inputs, weight, bias, order):
    by_step = by_time(inputs)
    projected = np.matmul(as_rows(by_step), _by_gate(weight, order))
    projected += _by_gate(bias, order)
    time, batch, _ = by_step.shape
    return projected.reshape(len(order), time, batch, weight.shape[-1] // len(order)), by_step


def _look_up_back(g, _, table, tokens, order):
    places = one_hot(tokens.T, len(table), g.dtype)
    return (_side_by_side([places @ as_rows(d_gate) for d_gate in g], order),)


@differentiable(_look_up_back)
def _look_up(table, tokens, order):
    projected = np.empty((len(order), *tokens.T.shape, table.shape[1] // len(order)), table.dtype)
    for gate, rows in zip(projected, _by_gate(table, order), strict=True):
        np.take(rows, tokens.T, axis=0, out=gate, mode="clip")
    return projected, None


def _outputs(states, lengths):
    """States (time + 1, batch, width) -> outputs (batch, time, width), 0 past the length."""
    outputs = by_time(states[1:])
    outputs[np.arange(outputs.shape[1]) >= lengths[:, None]] = 0
    return outputs


def _last(states, lengths):
    """States (time + 1, batch, width) -> the one after the last true step (batch, width)."""
    return states[lengths, np.arange(len(lengths))]


def _back_to_states(states, lengths, d_last, d_outputs=None):
    """Gradients (time + 1, batch, width) that reach the states from `_last` and `_outputs`.

    Past the length they are 0: the loop runs on there, but nothing that it computes is used.
    """
    d_states = np.zeros_like(states)
    if d_outputs is not None:
        d_states[1:] = d_outputs.swapaxes(0, 1)
        d_states[1:][np.arange(len(states) - 1)[:, None] >= lengths] = 0
    if d_last is not None:
        d_states[lengths, np.arange(len(lengths))] += d_last
    return d_states


def _weight_gradient(states, d_gates, order):
    """Gradient of the weights that lead from states to gates before their tanh or sigmoid."""
    before = as_rows(states).T
    return _side_by_side([before @ as_rows(d_gate) for d_gate in d_gates], order)


def _of_one_step(gates):
    """Memory for what (…, time, batch, width) holds at one step; there may be no step at all."""
    return np.empty_like(gates, shape=(*gates.shape[:-3], *gates.shape[-2:]))


def _rnn_back(g, states, projected, state, weight, lengths):
    back = weight.T.copy()
    d_states = _back_to_states(states, lengths, g[1], g[0])
    d_before = states[1:] * states[1:]  # before tanh, whose slope is 1 - tanh²
    np.subtract(1, d_before, out=d_before)
    for t in reversed(range(len(d_before))):
        d_before[t] *= d_states[t + 1]
        d_states[t] += d_before[t] @ back
    return d_before[None], d_states[0], _weight_gradient(states[:-1], d_before[None], _RNN)


@differentiable(_rnn_back)
def _rnn_layer(projected, state, weight, lengths):
    (projected,) = projected
    states = np.empty((len(projected) + 1, *state.shape), dtype=projected.dtype)
    states[0] = state
    for t, step in enumerate(projected):
        hidden = np.matmul(states[t], weight, out=states[t + 1])
        hidden += step
        np.tanh(hidden, out=hidden)
    return (_outputs(states, lengths), _last(states, lengths)), states


def _sigmoid(x):
    """Logistic function in place, by way of tanh, which never overflows."""
    x *= 0.5
    np.tanh(x, out=x)
    x += 1
    x *= 0.5


def _gru_back(g, kept, gates, state, weight, late, lengths):
    gates, states, held_back = kept
    time = gates.shape[1]
    d_states = _back_to_states(states, lengths, g[1], g[0])
    back = np.ascontiguousarray(_by_gate(weight, _AS_THEY_ARE).swapaxes(1, 2))
    d_gates = np.empty((4, *held_back.shape), dtype=gates.dtype)  # before tanh or sigmoid
    through, part = _of_one_step(gates), _of_one_step(gates[0])
    for t in reversed(range(time)):
        step = states[t + 1], gates[:, t], held_back[t], d_gates[:, t]
        d_states[t] += _gru_step_back(d_states[t + 1], *step, part)
        for change in np.matmul(d_gates[1:, t], back, out=through):
            d_states[t] += change
    d_weight = _weight_gradient(states[:-1], d_gates[1:], _AS_THEY_ARE)
    return d_gates[:3], d_states[0], d_weight, column_sums(d_gates[3])


@differentiable(_gru_back)
def _gru_layer(gates, state, weight, late, lengths):
    # The gates arrive as projected inputs, in an array that nobody else holds: work in place.
    time = gates.shape[1]
    states = np.empty((time + 1, *state.shape), dtype=gates.dtype)
    held_back, recurrent = np.empty_like(states[1:]), np.empty_like(states, shape=(3, *state.shape))
    weight, late = _by_gate(weight, _AS_THEY_ARE), np.broadcast_to(late, state.shape).copy()
    states[0] = state
    for t in range(time):
        np.matmul(states[t], weight, out=recurrent)
        _gru_step(gates[:, t], recurrent, late, states[t], states[t + 1], held_back[t])
    return (_outputs(states, lengths), _last(states, lengths)), (gates, states, held_back)


def _gru_step(gates, recurrent, late, hidden, new, held_back):
    """Turn what the inputs contribute into gates, and write the new state; all in place."""
    candidate, reset, update = gates
    gates[1:] += recurrent[:2]
    _sigmoid(gates[1:])
    remembered = np.add(recurrent[2], late, out=held_back)
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


def _lstm_back(g, kept, gates, state, cell, weight, lengths):
    gates, states, cells, all_shown = kept
    d_states = _back_to_states(states, lengths, g[1], g[0])
    d_cells = _back_to_states(states, lengths, g[2])
    back = np.ascontiguousarray(_by_gate(weight, _LSTM).swapaxes(1, 2))
    d_gates = np.empty_like(gates)  # before tanh or sigmoid
    through, part = _of_one_step(gates), _of_one_step(gates[0])
    for t in reversed(range(gates.shape[1])):
        gate, d_gate, shown = gates[:, t], d_gates[:, t], all_shown[t]
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
        for change in np.matmul(d_gate, back, out=through):
            d_states[t] += change
    return d_gates, d_states[0], d_cells[0], _weight_gradient(states[:-1], d_gates, _LSTM)


@differentiable(_lstm_back)
def _lstm_layer(gates, state, cell, weight, lengths):
    # The gates arrive as projected inputs, in an array that nobody else holds: work in place.
    time = gates.shape[1]
    states = np.empty((time + 1, *state.shape), dtype=gates.dtype)
    cells, shown = np.empty_like(states), np.empty_like(states[1:])
    recurrent = np.empty_like(states, shape=(4, *state.shape))
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
    last = _last(states, lengths), _last(cells, lengths)
    return (_outputs(states, lengths), *last), (gates, states, cells, shown)


def _attentive_back(g, kept, *arguments):
    _, states, _, _, weights, contexts = kept
    loop = _back_through_time(g, kept, *arguments)
    d_gates, d_hidden, d_contexts, d_queries, d_keys, d_vector = loop
    return (
        d_gates[:3],
        d_hidden,
        np.matmul(weights.transpose(1, 2, 0), d_contexts.swapaxes(0, 1)),
        d_keys,
        _weight_gradient(contexts, d_gates[:3], _GRU),
        _weight_gradient(states[:-1], d_gates[1:], _AS_THEY_ARE),
        column_sums(d_gates[3]),
        as_rows(states[:-1]).T @ as_rows(d_queries),
        column_sums(d_queries),
        d_vector,
    )


@differentiable(_attentive_back)
def _attentive_layer(
    gates, state, memory, keys, input_weight, weight, late, to_queries, query_bias, vector,
    mask, time,
):  # fmt: skip
    # The gates arrive as projected inputs, in an array that nobody else holds: work in place.
    batch, n, _ = memory.shape
    states = np.empty((time + 1, *state.shape), dtype=gates.dtype)
    weights = np.empty((time, batch, n), dtype=gates.dtype)
    contexts, held_back = np.empty_like(states[1:]), np.empty_like(states[1:])
    from_context, recurrent = (np.empty_like(states, shape=(3, *state.shape)) for _ in "ab")
    keys = by_time(keys)  # (n, batch, width): adding a query is one sweep
    energies, states[0] = np.empty_like(keys), state
    input_weight, weight = _by_gate(input_weight, _GRU), _by_gate(weight, _AS_THEY_ARE)
    late = np.broadcast_to(late, state.shape).copy()
    forbidden = None
    if mask is not None and not np.all(mask):
        forbidden = ~np.broadcast_to(mask, (batch, 1, n))[:, 0]
    for t in range(time):
        hidden = states[t]
        _tanh_energies(keys, hidden @ to_queries + query_bias, energies)
        np.copyto(weights[t], (as_rows(energies) @ vector).reshape(n, batch).T)
        if forbidden is not None:
            weights[t, forbidden] = -np.inf
        softmax_in_place(weights[t])
        np.matmul(weights[t, :, None], memory, out=contexts[t, :, None])
        gates[:, t] += np.matmul(contexts[t], input_weight, out=from_context)
        np.matmul(hidden, weight, out=recurrent)
        _gru_step(gates[:, t], recurrent, late, hidden, states[t + 1], held_back[t])
    results = by_time(states[1:]), by_time(contexts), by_time(weights), states[-1].copy()
    return results, (gates, states, held_back, keys, weights, contexts)


def _tanh_energies(keys, queries, energies):
    """tanh(keys + queries), (n, batch, width), into `energies`."""
    np.add(keys, queries, out=energies)
    np.tanh(energies, out=energies)


def _sum_of_keys(energies):
    """(n, batch, width) -> (batch, width); as a product it is faster than ``sum``."""
    n, batch, width = energies.shape
    return column_sums(energies.reshape(n, batch * width)).reshape(batch, width)


def _back_through_time(
    g, kept, gates, state, memory, keys, input_weight, weight, late, to_queries, query_bias, vector,
    mask, time,
):  # fmt: skip
    """Go back step by step: gradients of what each step has of its own, of keys and vector."""
    gates, states, held_back, keys, weights, contexts = kept
    arrays = zip(g, (states[1:], contexts, weights), strict=False)
    d_outputs, d_contexts, d_weights = (
        np.zeros_like(x) if d is None else by_time(d) for d, x in arrays
    )
    d_hidden = np.zeros_like(states[0]) if g[3] is None else g[3]
    part = np.empty_like(states[0])
    back = np.ascontiguousarray(_by_gate(weight, _AS_THEY_ARE).swapaxes(1, 2))
    back_in = np.ascontiguousarray(_by_gate(input_weight, _GRU).swapaxes(1, 2))
    back_query = to_queries.T.copy()
    d_gates = np.empty((4, *held_back.shape), dtype=gates.dtype)  # before tanh or sigmoid
    through, d_queries = _of_one_step(gates), np.empty((time, *keys.shape[1:]), keys.dtype)
    energies, minus, d_vector, d_scores_sum = np.empty_like(keys), np.zeros_like(keys), 0, 0
    for t in reversed(range(time)):
        d_new = d_hidden + d_outputs[t]
        step = states[t + 1], gates[:, t], held_back[t], d_gates[:, t]
        d_hidden = _gru_step_back(d_new, *step, part)
        for change in np.matmul(d_gates[1:, t], back, out=through):
            d_hidden += change
        for change in np.matmul(d_gates[:3, t], back_in, out=through):
            d_contexts[t] += change
        d_scores = d_weights[t]
        d_scores += np.matmul(memory, d_contexts[t, :, :, None])[..., 0]
        d_scores -= row_sums(d_scores * weights[t])
        d_scores *= weights[t]
        d_scores = np.ascontiguousarray(d_scores.T)  # (n, batch)
        # tanh has slope 1 - energies²: the 1 is added up in d_scores_sum, the rest in minus.
        _tanh_energies(keys, states[t] @ to_queries + query_bias, energies)
        d_vector = d_vector + d_scores.reshape(-1) @ as_rows(energies)
        energies *= energies
        energies *= d_scores[..., None]
        minus += energies
        d_scores_sum = d_scores_sum + d_scores
        d_query = d_scores.sum(axis=0)[:, None]
        d_query = d_query - _sum_of_keys(energies)
        np.multiply(d_query, vector, out=d_queries[t])
        d_hidden += d_queries[t] @ back_query
    d_keys = by_time((d_scores_sum[..., None] - minus) * vector)
    return d_gates, d_hidden, d_contexts, d_queries, d_keys, d_vector
