r"""Attention inside the recurrence (Bahdanau et al. 2015): `attentive_gru`.

Stands on functions, recurrent and attention. A decoder of `seq2seq` may look back at the source
after its states are there; here it looks before each step, and what it sees enters the step.
So the steps cannot be attended to all at once: the loop holds the attention too.
"""

import numpy as np
from autograd.extend import primitive

from helpers.attention import _softmax_in_place, init_additive
from helpers.functions import linear
from helpers.primitives import (
    as_rows,
    column_sums,
    gradients_of,
    require_boolean,
    require_shape,
    row_sums,
)
from helpers.recurrent import (
    _GRU,
    _by_gate,
    _by_time,
    _checked_inputs,
    _gru_step,
    _gru_step_back,
    _project,
    _start,
    _weight_gradient,
    init_gru,
)


def init_attentive_gru(rng, width_in, width):
    """Start the score and the GRU; memory and states have the same width.

    Returns
    -------
    dict
        ``score``, see `attention.init_additive`, and ``gru``, see `recurrent.init_gru`; its
        ``input`` has width_in rows for the input and then width rows for the context.

    Examples
    --------
    >>> init_attentive_gru(np.random.default_rng(0), 3, 4)["gru"]["input"].shape
    (7, 12)
    """
    return {"score": init_additive(rng, width), "gru": init_gru(rng, width_in + width, width)}


def attentive_gru(params, inputs, memory, mask=None, state=None, table=None):
    r"""Run a GRU that attends to a memory before each step (Bahdanau et al. 2015).

    .. math::
        a_t &= \mathrm{softmax}_j\, v \cdot \tanh(h_{t-1} W_q + b_q + m_j W_k + b_k) \\
        c_t &= \textstyle\sum_j a_{tj}\, m_j \\
        h_t &= \mathrm{GRU}([x_t, c_t],\, h_{t-1})

    Parameters
    ----------
    params : dict
        From `init_attentive_gru`.
    inputs : array (batch, time, width_in)
        With `table`: tokens (batch, time).
    memory : array (batch, n_memory, width)
        What is looked at: both keys and values.
    mask : boolean array, optional
        Broadcastable to (batch, 1, n_memory), the same at all steps; True = may attend.
    state : array (batch, width), optional
        The state before the first step; zeros if not given.
    table : array (vocabulary, width_in), optional
        The same as ``embedding(table, inputs)`` for inputs, but quicker.

    Returns
    -------
    outputs : array (batch, time, width)
        The state after each step.
    contexts : array (batch, time, width)
        What entered each step.
    weights : array (batch, time, n_memory)
    last_state : array (batch, width)

    Raises
    ------
    ValueError
        If a shape does not fit.

    Examples
    --------
    >>> params = init_attentive_gru(np.random.default_rng(0), 3, 4)
    >>> inputs, memory = np.ones((2, 5, 3), np.float32), np.ones((2, 6, 4), np.float32)
    >>> outputs, contexts, weights, last = attentive_gru(params, inputs, memory)
    >>> outputs.shape, contexts.shape, weights.shape
    ((2, 5, 4), (2, 5, 4), (2, 5, 6))
    """
    gru, score = params["gru"], params["score"]
    width = gru["recurrent"].shape[0]
    width_in = gru["input"].shape[0] - width
    of_inputs = {"input": gru["input"][:width_in], "input_bias": gru["input_bias"]}
    inputs, _ = _checked_inputs(of_inputs, inputs, None, table)
    require_shape("memory", memory, len(inputs), "n_memory", width)
    require_boolean("mask", mask, (len(inputs), 1, memory.shape[1]))
    state, bias = _start(gru, state, len(inputs)), gru["recurrent_bias"]
    early = bias * np.repeat(np.array([1, 1, 0], bias.dtype), width)
    gates = _project(of_inputs, inputs, early, table, _GRU)
    keys, to_queries = linear(score["keys"], memory), score["queries"]
    weights = gru["input"][width_in:], gru["recurrent"], bias[2 * width :]
    score = to_queries["weight"], to_queries["bias"], score["vector"]
    return _attentive_layer(gates, state, memory, keys, *weights, *score, mask, inputs.shape[1], {})


@primitive
def _attentive_layer(
    gates, state, memory, keys, input_weight, weight, bias, to_queries, query_bias, vector,
    mask, time, cache,
):  # fmt: skip
    # The gates arrive as projected inputs, in an array that nobody else holds: work in place.
    batch, n, _ = memory.shape
    states = np.empty((time + 1, *state.shape), dtype=gates.dtype)
    weights = np.empty((time, batch, n), dtype=gates.dtype)
    contexts, held_back = np.empty_like(states[1:]), np.empty_like(states[1:])
    from_context, recurrent = np.empty_like(gates[:, 0]), np.empty_like(gates[:, 0])
    keys = _by_time(keys)  # (n, batch, width): adding a query is one sweep
    energies, states[0] = np.empty_like(keys), state
    input_weight, weight = _by_gate(input_weight, _GRU), _by_gate(weight, (0, 1, 2))
    bias = np.broadcast_to(bias, state.shape).copy()
    forbidden = None
    if mask is not None and not np.all(mask):
        forbidden = ~np.broadcast_to(mask, (batch, 1, n))[:, 0]
    for t in range(time):
        hidden = states[t]
        _tanh_energies(keys, hidden @ to_queries + query_bias, energies)
        np.copyto(weights[t], (as_rows(energies) @ vector).reshape(n, batch).T)
        if forbidden is not None:
            weights[t, forbidden] = -np.inf
        _softmax_in_place(weights[t])
        np.matmul(weights[t, :, None], memory, out=contexts[t, :, None])
        gates[:, t] += np.matmul(contexts[t], input_weight, out=from_context)
        np.matmul(hidden, weight, out=recurrent)
        _gru_step(gates[:, t], recurrent, bias, hidden, states[t + 1], held_back[t])
    cache.update(states=states, held_back=held_back, keys=keys, weights=weights, contexts=contexts)
    return _by_time(states[1:]), _by_time(contexts), _by_time(weights), states[-1].copy()


def _tanh_energies(keys, queries, energies):
    """tanh(keys + queries), (n, batch, width), into `energies`."""
    np.add(keys, queries, out=energies)
    np.tanh(energies, out=energies)


@gradients_of(_attentive_layer)
def _attentive_back(g, _, *arguments):
    loop = _back_through_time(g, *arguments)
    d_gates, d_hidden, d_contexts, d_queries, d_keys, d_vector = loop
    states, weights, contexts = (arguments[-1][name] for name in ("states", "weights", "contexts"))
    return (
        d_gates[:3],
        d_hidden,
        np.matmul(weights.transpose(1, 2, 0), d_contexts.swapaxes(0, 1)),
        d_keys,
        _weight_gradient(contexts, d_gates[:3], _GRU),
        _weight_gradient(states[:-1], d_gates[1:], (0, 1, 2)),
        column_sums(d_gates[3]),
        as_rows(states[:-1]).T @ as_rows(d_queries),
        column_sums(d_queries),
        d_vector,
    )


def _back_through_time(
    g, gates, state, memory, keys, input_weight, weight, bias, to_queries, query_bias, vector,
    mask, time, cache,
):  # fmt: skip
    """Go back step by step: gradients of what each step has of its own, of keys and vector."""
    names = ("states", "held_back", "keys", "weights", "contexts")
    states, held_back, keys, weights, contexts = (cache[name] for name in names)
    d_outputs, d_contexts, d_weights = map(_by_time, g[:3])
    d_hidden, part = g[3], np.empty_like(states[0])
    back = np.ascontiguousarray(_by_gate(weight, (0, 1, 2)).swapaxes(1, 2))
    back_in = np.ascontiguousarray(_by_gate(input_weight, _GRU).swapaxes(1, 2))
    back_query = to_queries.T.copy()
    d_gates = np.empty((4, *held_back.shape), dtype=gates.dtype)  # before tanh or sigmoid
    through, d_queries = np.empty_like(gates[:, 0]), np.empty_like(contexts)
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
        d_query = d_query - column_sums(energies.reshape(len(keys), -1)).reshape(part.shape)
        np.multiply(d_query, vector, out=d_queries[t])
        d_hidden += d_queries[t] @ back_query
    d_keys = _by_time((d_scores_sum[..., None] - minus) * vector)
    return d_gates, d_hidden, d_contexts, d_queries, d_keys, d_vector
