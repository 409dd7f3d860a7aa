r"""Recurrent layers over padded batches: `rnn` and `gru`, in PyTorch's equations and gate order.

Stands on `functions` alone. A layer runs over all time steps inside one `autograd` primitive:
the inputs are projected in one matrix product before the loop, and the gradients of all weights
are gathered in one product after it. Inside, arrays are (time, features, batch), so that the
rows of a gate lie next to each other.
"""

import numpy as np
from autograd.extend import defvjp_argnums, primitive

from helpers.functions import as_array, init_linear, orthogonal, require

__all__ = ["gru", "init_gru", "init_rnn", "rnn"]


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


def _init(rng, width_in, width, gates):
    start = init_linear(rng, width_in, gates * width)
    return {
        "input": start["weight"],
        "recurrent": np.concatenate([orthogonal(rng, width) for _ in range(gates)], axis=1),
        "input_bias": start["bias"],
        "recurrent_bias": start["bias"].copy(),
    }


def rnn(params, inputs, lengths=None, state=None):
    r"""Run a simple recurrent network (Elman 1990) over a padded batch.

    .. math:: h_t = \tanh(x_t W + b + h_{t-1} U + c)

    Parameters
    ----------
    params : dict
        From `init_rnn`: ``input`` W, ``recurrent`` U, ``input_bias`` b, ``recurrent_bias`` c.
    inputs : array (batch, time, width_in)
    lengths : integer array (batch,), optional
        The true length of each sequence; steps past it change nothing.
    state : array (batch, width), optional
        The state before the first step; zeros if not given.

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
    return _run(_rnn_layer, params, inputs, lengths, state)


def gru(params, inputs, lengths=None, state=None):
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
    lengths : integer array (batch,), optional
        The true length of each sequence; steps past it change nothing.
    state : array (batch, width), optional
        The state before the first step; zeros if not given.

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
    return _run(_gru_layer, params, inputs, lengths, state)


def _run(layer, params, inputs, lengths, state):
    """Check the shapes and call the fused `layer` with its arrays as positional arguments."""
    width_in, width = params["input"].shape[0], params["recurrent"].shape[0]
    inputs = as_array("inputs", inputs)
    require(
        inputs.ndim == 3 and inputs.shape[2] == width_in,
        f"inputs has shape {inputs.shape}; it must be (batch, time, {width_in})",
    )
    batch, time = inputs.shape[:2]
    if state is None:
        state = np.zeros((batch, width), dtype=params["recurrent"].dtype)
    require(
        state.shape == (batch, width),
        f"state has shape {state.shape}; it must be (batch, width) = {(batch, width)}",
    )
    running = None
    if lengths is not None:
        lengths = np.asarray(lengths)
        require(
            lengths.shape == (batch,),
            f"lengths has shape {lengths.shape}; it must be ({batch},), one per sequence",
        )
        require(
            bool((lengths >= 0).all() and (lengths <= time).all()),
            f"lengths go from {lengths.min()} to {lengths.max()}, but inputs of shape "
            f"{inputs.shape} have {time} time steps",
        )
        if (lengths < time).any():
            running = np.arange(time)[:, None] < lengths  # (time, batch)
    names = ("input", "recurrent", "input_bias", "recurrent_bias")
    return layer(inputs, state, *(params[name] for name in names), running, {})


def _project(inputs, weight, bias):
    """All inputs at once: (batch, time, width_in) -> (time, width_in, batch), (time, …, batch)."""
    inputs = np.ascontiguousarray(inputs.transpose(1, 2, 0))
    return inputs, np.matmul(weight.T, inputs) + bias[:, None]


def _outputs(states, running):
    """States (time + 1, width, batch) -> outputs (batch, time, width) and the last state."""
    outputs = states[1:] if running is None else states[1:] * running[:, None, :]
    return outputs.transpose(2, 0, 1), states[-1].T


def _gradients(cache, weights, d_projected, d_recurrent, d_state):
    """Gradients of all arguments from those of the pre-activations (time, gates, batch)."""
    input_weight, _ = weights
    over_time = ((0, 2), (0, 2))
    return (
        np.matmul(input_weight, d_projected).transpose(2, 0, 1),
        d_state.T,
        np.tensordot(cache["inputs"], d_projected, over_time),
        np.tensordot(cache["states"][:-1], d_recurrent, over_time),
        d_projected.sum(axis=(0, 2)),
        d_recurrent.sum(axis=(0, 2)),
    )


@primitive
def _rnn_layer(inputs, state, input_weight, weight, input_bias, bias, running, cache):
    inputs, projected = _project(inputs, input_weight, input_bias + bias)
    states = np.empty((len(inputs) + 1, *state.T.shape), dtype=projected.dtype)
    states[0] = state.T
    weight = np.ascontiguousarray(weight.T)
    for t, projected_t in enumerate(projected):
        np.tanh(projected_t + weight @ states[t], out=states[t + 1])
        if running is not None:
            np.copyto(states[t + 1], states[t], where=~running[t])
    cache.update(inputs=inputs, states=states)
    return _outputs(states, running)


def _rnn_vjp(argnums, _, args, kwargs):
    _, _, input_weight, weight, _, _, running, cache = args
    states = cache["states"]

    def vjp(g):
        d_outputs, d_hidden = g[0].transpose(1, 2, 0), g[1].T
        d_projected = np.empty_like(states[1:])
        for t in reversed(range(len(d_projected))):
            if running is None:
                d_hidden = d_hidden + d_outputs[t]
                d_projected[t] = d_hidden * (1 - states[t + 1] ** 2)
                d_hidden = weight @ d_projected[t]
            else:
                d_new = (d_hidden + d_outputs[t]) * running[t]
                d_projected[t] = d_new * (1 - states[t + 1] ** 2)
                d_hidden = weight @ d_projected[t] + d_hidden * ~running[t]
        all_of_them = _gradients(cache, (input_weight, weight), d_projected, d_projected, d_hidden)
        return tuple(all_of_them[i] for i in argnums)

    return vjp


defvjp_argnums(_rnn_layer, _rnn_vjp)


@primitive
def _gru_layer(inputs, state, input_weight, weight, input_bias, bias, running, cache):
    inputs, projected = _project(inputs, input_weight, input_bias)
    time, width, batch = len(inputs), state.shape[1], len(state)
    states = np.empty((time + 1, width, batch), dtype=projected.dtype)
    gates = np.empty((time, 2 * width, batch), dtype=projected.dtype)
    candidates, remembered = np.empty_like(states[1:]), np.empty_like(states[1:])
    states[0] = state.T
    weight, bias = np.ascontiguousarray(weight.T), bias[:, None]
    for t in range(time):
        hidden = states[t]
        recurrent = weight @ hidden
        recurrent += bias
        _sigmoid(projected[t, : 2 * width] + recurrent[: 2 * width], out=gates[t])
        reset, update = gates[t, :width], gates[t, width:]
        remembered[t] = recurrent[2 * width :]
        np.tanh(projected[t, 2 * width :] + reset * remembered[t], out=candidates[t])
        np.subtract(hidden, candidates[t], out=states[t + 1])
        states[t + 1] *= update
        states[t + 1] += candidates[t]
        if running is not None:
            np.copyto(states[t + 1], hidden, where=~running[t])
    cache.update(inputs=inputs, states=states, gates=gates)
    cache.update(candidates=candidates, remembered=remembered)
    return _outputs(states, running)


def _sigmoid(x, out):
    """Logistic function by way of tanh, which never overflows."""
    np.multiply(x, 0.5, out=out)
    np.tanh(out, out=out)
    out += 1
    out *= 0.5


def _gru_vjp(argnums, _, args, kwargs):
    _, state, input_weight, weight, _, _, running, cache = args
    states, gates = cache["states"], cache["gates"]
    candidates, remembered = cache["candidates"], cache["remembered"]
    width = state.shape[1]

    def vjp(g):
        d_outputs, d_hidden = g[0].transpose(1, 2, 0), g[1].T
        d_recurrent = np.empty((len(gates), 3 * width, len(state)), dtype=gates.dtype)
        d_candidates = np.empty_like(candidates)
        # The slopes of all gates at all times, in one sweep each.
        slopes = gates * (1 - gates)
        slopes[:, :width] *= remembered
        slopes[:, width:] *= states[:-1] - candidates
        candidate_slopes = 1 - candidates * candidates
        candidate_slopes *= 1 - gates[:, width:]
        for t in reversed(range(len(gates))):
            reset, update = gates[t, :width], gates[t, width:]
            d_new = d_hidden + d_outputs[t]
            if running is not None:
                d_new *= running[t]
            np.multiply(d_new, candidate_slopes[t], out=d_candidates[t])
            np.multiply(d_candidates[t], slopes[t, :width], out=d_recurrent[t, :width])
            np.multiply(d_new, slopes[t, width:], out=d_recurrent[t, width : 2 * width])
            np.multiply(d_candidates[t], reset, out=d_recurrent[t, 2 * width :])
            d_new *= update
            d_new += weight @ d_recurrent[t]
            d_hidden = d_new if running is None else d_new + d_hidden * ~running[t]
        d_projected = d_recurrent.copy()
        d_projected[:, 2 * width :] = d_candidates
        all_of_them = _gradients(cache, (input_weight, weight), d_projected, d_recurrent, d_hidden)
        return tuple(all_of_them[i] for i in argnums)

    return vjp


defvjp_argnums(_gru_layer, _gru_vjp)
