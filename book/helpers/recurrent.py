r"""Recurrent networks: a step for each kind of cell, and `scan`, which takes one after another.

Equations and the order of the gates are PyTorch's; PyTorch stores the same matrices transposed.
"""

import autograd.numpy as np
import numpy

from helpers import fast
from helpers.fast import recurrent as kernels
from helpers.functions import embedding, linear, sigmoid, tanh
from helpers.shapes import shapes


@shapes
def rnn_step(params, x, state):
    r"""Take one step of a simple recurrent network (Elman 1990).

    .. math:: h_t = \tanh(x_t W + b + h_{t-1} U + b')

    Parameters
    ----------
    params : dict
        ``input`` (width_in, width) W, ``recurrent`` (width, width) U, ``input_bias`` (width,) b
        and ``recurrent_bias`` (width,) b', see `start.init_rnn`.
    x : array (batch, width_in)
    state : array (batch, width)
        The last state.

    Returns
    -------
    array (batch, width)

    Examples
    --------
    >>> one = numpy.ones((1, 1))
    >>> params = {"input": one, "recurrent": one, "input_bias": one[0], "recurrent_bias": one[0]}
    >>> rnn_step(params, -2 * one, 0 * one)  # tanh(-2 + 1 + 0 + 1)
    array([[0.]])
    """
    from_input = x @ params["input"] + params["input_bias"]
    from_state = state @ params["recurrent"] + params["recurrent_bias"]
    return tanh(from_input + from_state)


@shapes
def gru_step(params, x, state):
    r"""Take one step of a gated recurrent unit (Cho et al. 2014, in PyTorch's form).

    .. math::
        r_t &= \sigma(x_t W_r + b_r + h_{t-1} U_r + b'_r) \\
        u_t &= \sigma(x_t W_u + b_u + h_{t-1} U_u + b'_u) \\
        \tilde h_t &= \tanh(x_t W_h + b_h + r_t (h_{t-1} U_h + b'_h)) \\
        h_t &= (1 - u_t)\, \tilde h_t + u_t\, h_{t-1}

    Parameters
    ----------
    params : dict
        ``input`` (width_in, 3 width) W, ``recurrent`` (width, 3 width) U, ``input_bias``
        (3 width,) b and ``recurrent_bias`` (3 width,) b', see `start.init_gru`: the gates reset,
        update and candidate lie side by side.
    x : array (batch, width_in)
    state : array (batch, width)
        The last state.

    Returns
    -------
    array (batch, width)

    Examples
    --------
    >>> params = {"input": numpy.zeros((1, 6)), "recurrent": numpy.zeros((2, 6))}
    >>> params |= {"input_bias": numpy.zeros(6), "recurrent_bias": numpy.zeros(6)}
    >>> gru_step(params, numpy.ones((1, 1)), numpy.array([[4.0, 8.0]]))  # half of the old state
    array([[2., 4.]])
    """
    from_input = x @ params["input"] + params["input_bias"]
    from_state = state @ params["recurrent"] + params["recurrent_bias"]
    (r, u, h), (r_state, u_state, h_state) = (
        np.split(from_input, 3, -1),
        np.split(from_state, 3, -1),
    )
    reset = sigmoid(r + r_state)
    update = sigmoid(u + u_state)
    candidate = tanh(h + reset * h_state)
    return (1 - update) * candidate + update * state


@shapes
def lstm_step(params, x, state):
    r"""Take one step of a long short-term memory (Hochreiter and Schmidhuber 1997).

    .. math::
        i_t &= \sigma(x_t W_i + b_i + h_{t-1} U_i + b'_i) \\
        f_t &= \sigma(x_t W_f + b_f + h_{t-1} U_f + b'_f) \\
        g_t &= \tanh(x_t W_g + b_g + h_{t-1} U_g + b'_g) \\
        o_t &= \sigma(x_t W_o + b_o + h_{t-1} U_o + b'_o) \\
        m_t &= f_t\, m_{t-1} + i_t\, g_t \\
        h_t &= o_t \tanh(m_t)

    Parameters
    ----------
    params : dict
        ``input`` (width_in, 4 width) W, ``recurrent`` (width, 4 width) U, ``input_bias``
        (4 width,) b and ``recurrent_bias`` (4 width,) b', see `start.init_lstm`: the gates input,
        forget, cell and output lie side by side.
    x : array (batch, width_in)
    state : pair of arrays (batch, width)
        The last hidden state h and the last cell m.

    Returns
    -------
    pair of arrays (batch, width)
        Hidden state and cell.

    References
    ----------
    The forget gate is from Gers et al. 2000.

    Examples
    --------
    >>> params = {"input": numpy.zeros((1, 4)), "recurrent": numpy.zeros((1, 4))}
    >>> params |= {"input_bias": numpy.zeros(4), "recurrent_bias": numpy.zeros(4)}
    >>> one = numpy.ones((1, 1))
    >>> lstm_step(params, one, (one, 8 * one))[1]  # half of the old cell
    array([[4.]])
    """
    hidden, cell = state
    from_input = x @ params["input"] + params["input_bias"]
    from_state = hidden @ params["recurrent"] + params["recurrent_bias"]
    write, forget, candidate, output = np.split(from_input + from_state, 4, -1)
    cell = sigmoid(forget) * cell + sigmoid(write) * tanh(candidate)
    return sigmoid(output) * tanh(cell), cell


def scan(step, params, inputs, lengths=None, state=None):
    """Take one step after another over a padded batch; a sequence that is over keeps its state.

    Parameters
    ----------
    step : callable
        (params, x (batch, width_in), state) -> state: an array (batch, width), or a pair of them
        whose first is shown.
    params : dict
    inputs : array (batch, time, width_in)
    lengths : integer array (batch,), optional
        The true length of each sequence; steps past it change nothing, whatever stands there.
    state : array or pair of arrays (batch, width)
        Before the first step.

    Returns
    -------
    outputs : array (batch, time, width)
        What each step shows; 0 past the length.
    last_state : like `state`
        After the last true step.

    Examples
    --------
    >>> outputs, last = scan(lambda _, x, state: state + x, {}, numpy.ones((2, 3, 1)),
    ...                      lengths=numpy.array([3, 1]), state=numpy.zeros((2, 1)))
    >>> outputs[..., 0], last[:, 0]
    (array([[1., 2., 3.],
           [1., 0., 0.]]), array([3., 1.]))
    """
    goes_on = true_places(lengths, inputs.shape)[..., None]  # (batch, time, 1)
    inputs, outputs = np.where(goes_on, inputs, 0), []
    for t in range(inputs.shape[1]):
        new = step(params, inputs[:, t], state)
        state = choose(goes_on[:, t], new, state)
        outputs.append(np.where(goes_on[:, t], shown(state), 0))
    return np.stack(outputs, axis=1) if outputs else shown(state)[:, None][:, :0], state


def true_places(lengths, shape):
    """Return where a padded batch holds a sequence: a boolean array (batch, time).

    Examples
    --------
    >>> true_places(numpy.array([3, 1]), (2, 3)).astype(int)
    array([[1, 1, 1],
           [1, 0, 0]])
    """
    if lengths is None:
        return numpy.ones(shape[:2], bool)
    return numpy.arange(shape[1]) < lengths[:, None]


def choose(condition, new, old):
    """Return the new state where the condition holds, else the old; of pairs, both parts.

    Examples
    --------
    >>> choose(numpy.array([True, False]), numpy.array([1, 2]), numpy.array([3, 4]))
    array([1, 4])
    """
    if isinstance(new, tuple):
        return tuple(np.where(condition, a, b) for a, b in zip(new, old, strict=True))
    return np.where(condition, new, old)


def shown(state):
    """Return what a cell shows: its state, of an LSTM's pair the hidden one.

    Examples
    --------
    >>> shown(("hidden", "cell")), shown("state")
    ('hidden', 'state')
    """
    return state[0] if isinstance(state, tuple) else state


def zeros(params, batch):
    """Return the state (batch, width) before anything has been read.

    Examples
    --------
    >>> zeros({"recurrent": numpy.ones((3, 6))}, 2).shape
    (2, 3)
    """
    return numpy.zeros((batch, len(params["recurrent"])), params["recurrent"].dtype)


@shapes
@fast.by(kernels.rnn)
def rnn(params, inputs, lengths=None, state=None, table=None):
    """Run a simple recurrent network, `rnn_step` by `rnn_step`, over a padded batch.

    Parameters
    ----------
    params : dict
        ``input`` (width_in, width), ``recurrent`` (width, width), ``input_bias`` (width,) and
        ``recurrent_bias`` (width,), see `start.init_rnn`.
    inputs : array (batch, time, width_in), with table integer array (batch, time) below vocabulary
        Vectors, or tokens.
    lengths : integer array (batch,) up to time, optional
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
    >>> one = numpy.ones((1, 1))
    >>> params = {"input": one, "recurrent": one, "input_bias": one[0], "recurrent_bias": -one[0]}
    >>> rnn(params, numpy.array([[[0.5], [0.5]]]))[0].round(2)  # tanh(0.5), tanh(0.96)
    array([[[0.46],
            [0.75]]])
    """
    state = zeros(params, len(inputs)) if state is None else state
    inputs = inputs if table is None else embedding(table, inputs)
    return scan(rnn_step, params, inputs, lengths, state)


@shapes
@fast.by(kernels.gru)
def gru(params, inputs, lengths=None, state=None, table=None):
    """Run a gated recurrent unit, `gru_step` by `gru_step`, over a padded batch.

    Parameters
    ----------
    params : dict
        ``input`` (width_in, 3 width), ``recurrent`` (width, 3 width), ``input_bias`` (3 width,)
        and ``recurrent_bias`` (3 width,), see `start.init_gru`.
    inputs : array (batch, time, width_in), with table integer array (batch, time) below vocabulary
        Vectors, or tokens.
    lengths : integer array (batch,) up to time, optional
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
    >>> params = {"input": numpy.zeros((1, 6)), "recurrent": numpy.zeros((2, 6))}
    >>> params |= {"input_bias": numpy.zeros(6), "recurrent_bias": numpy.zeros(6)}
    >>> outputs, last = gru(params, numpy.ones((2, 3, 1)), numpy.array([3, 1]), numpy.ones((2, 2)))
    >>> outputs[..., 0], last[:, 0]  # halved at each step
    (array([[0.5  , 0.25 , 0.125],
           [0.5  , 0.   , 0.   ]]), array([0.125, 0.5  ]))
    """
    state = zeros(params, len(inputs)) if state is None else state
    inputs = inputs if table is None else embedding(table, inputs)
    return scan(gru_step, params, inputs, lengths, state)


@shapes
@fast.by(kernels.lstm)
def lstm(params, inputs, lengths=None, state=None, table=None):
    """Run a long short-term memory, `lstm_step` by `lstm_step`, over a padded batch.

    Parameters
    ----------
    params : dict
        ``input`` (width_in, 4 width), ``recurrent`` (width, 4 width), ``input_bias`` (4 width,)
        and ``recurrent_bias`` (4 width,), see `start.init_lstm`.
    inputs : array (batch, time, width_in), with table integer array (batch, time) below vocabulary
        Vectors, or tokens.
    lengths : integer array (batch,) up to time, optional
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

    Examples
    --------
    >>> params = {"input": numpy.zeros((1, 4)), "recurrent": numpy.zeros((1, 4))}
    >>> params |= {"input_bias": numpy.zeros(4), "recurrent_bias": numpy.zeros(4)}
    >>> one = numpy.ones((1, 1))
    >>> outputs, (hidden, cell) = lstm(params, numpy.ones((1, 3, 1)), state=(one, 8 * one))
    >>> cell  # halved at each step
    array([[1.]])
    """
    state = (zeros(params, len(inputs)),) * 2 if state is None else state
    inputs = inputs if table is None else embedding(table, inputs)
    return scan(lstm_step, params, inputs, lengths, state)


@shapes
def bidirectional(cell, params, inputs, lengths=None):
    """Read each sequence from both ends (Schuster and Paliwal 1997).

    Parameters
    ----------
    cell : callable
        `rnn`, `gru` or `lstm`.
    params : dict
        ``forward`` and ``backward``, see `start.init_bidirectional`.
    inputs : array (batch, time, width_in)
    lengths : integer array (batch,) up to time, optional
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
    >>> one = numpy.ones((1, 1))
    >>> params = {"input": one, "recurrent": one, "input_bias": one[0], "recurrent_bias": -one[0]}
    >>> both = {"forward": params, "backward": params}
    >>> bidirectional(rnn, both, numpy.array([[[0.5], [0.5]]]))[0].round(2)
    array([[[0.46, 0.75],
            [0.75, 0.46]]])
    """
    forward, last_forward = cell(params["forward"], inputs, lengths)
    backward, last_backward = cell(params["backward"], reverse(inputs, lengths), lengths)
    outputs = np.concatenate([forward, reverse(backward, lengths)], axis=-1)
    return outputs, (last_forward, last_backward)


@shapes
@fast.by(kernels.reverse)
def reverse(inputs, lengths=None):
    """Turn each sequence round within its true length; the padding stays where it is.

    Parameters
    ----------
    inputs : any array (batch, time, ...)
        Vectors, or tokens: reading the source backwards helped Sutskever et al. 2014.
    lengths : integer array (batch,) up to time, optional

    Returns
    -------
    array (batch, time, ...)

    Raises
    ------
    ValueError
        If the lengths do not fit.

    Examples
    --------
    >>> reverse(numpy.array([[3, 4, 5], [3, 4, 0]]), lengths=numpy.array([3, 2]))
    array([[5, 4, 3],
           [4, 3, 0]])
    """
    places = numpy.arange(inputs.shape[1])
    ends = (numpy.full(len(inputs), len(places)) if lengths is None else lengths)[:, None]
    turned = numpy.where(places < ends, ends - 1 - places, places)
    return inputs[numpy.arange(len(inputs))[:, None], turned]


# ---- a language model ----------------------------------------------------------------------------

CELLS = {"rnn": rnn, "gru": gru, "lstm": lstm}


@shapes
def recurrent_only(params, tokens, cell="gru", states=None):
    """Predict every next token from those before it: recurrent layers, no attention.

    What `transformer.decoder_only` does, with a state in place of the look back: all that has
    been read has to stay in the last states.

    Parameters
    ----------
    params : dict
        From `start.init_recurrent_only`, with ``embedding`` (vocabulary, width).
    tokens : integer array (batch, n) below vocabulary
        Source and target end to end, or any text.
    cell : {"gru", "rnn", "lstm"}
        The one the parameters were made for.
    states : list
        Of each layer the state before the first token, to go on reading; zeros if None.

    Returns
    -------
    logits : array (batch, n, vocabulary)
    states : list
        Of each layer the state after the last token: (batch, width), for an LSTM a pair.

    Raises
    ------
    ValueError
        If a shape does not fit, a token is outside the vocabulary, or the cell is unknown.

    References
    ----------
    Mikolov et al. 2010.

    Examples
    --------
    >>> from helpers.start import init_recurrent_only
    >>> params = init_recurrent_only(numpy.random.default_rng(0), 7, 8)
    >>> logits, states = recurrent_only(params, numpy.array([[1, 2, 3]]))
    >>> logits.shape, states[0].shape
    ((1, 3, 7), (1, 8))
    """
    layers, last = params["layers"], []
    outputs, table = tokens, params["embedding"]
    for i, state in enumerate(states or [None] * len(layers)):
        outputs, state = CELLS[cell](layers[f"layer_{i}"], outputs, state=state, table=table)
        last, table = [*last, state], None  # only the first layer reads tokens
    return linear(params["output"], outputs), last


@shapes
def recurrent_tagger(params, tokens, lengths=None, encoder="gru"):
    """Say a word at each place of a sequence: a recurrent encoder without a decoder.

    Parameters
    ----------
    params : dict
        From `start.init_recurrent_tagger`, with ``embedding`` (vocabulary, width).
    tokens : integer array (batch, n) below vocabulary
    lengths : integer array (batch,) up to n, optional
        True lengths.
    encoder : {"gru", "rnn", "lstm", "bidirectional"}
        The one the parameters were made for.

    Returns
    -------
    array (batch, n, vocabulary)
        Logits.

    Raises
    ------
    ValueError
        If a shape does not fit, a token is outside the vocabulary, or the encoder is unknown.

    Examples
    --------
    >>> from helpers.start import init_recurrent_tagger
    >>> params = init_recurrent_tagger(numpy.random.default_rng(0), 7, 8, "bidirectional")
    >>> recurrent_tagger(params, numpy.array([[1, 2, 3]]), encoder="bidirectional").shape
    (1, 3, 7)
    """
    inside, table = params["encoder"], params["embedding"]
    if encoder == "bidirectional":
        outputs, _ = bidirectional(gru, inside, embedding(table, tokens), lengths)
    else:
        outputs, _ = CELLS[encoder](inside, tokens, lengths, table=table)
    return linear(params["output"], outputs)


# ---- all from the last state ---------------------------------------------------------------------


@shapes
def last_state_only(params, tokens, questions, lengths=None, cell="gru"):
    r"""Read tokens with one recurrent layer, and answer all questions from its last state.

    .. math:: \mathrm{logits}_i = h_n W_i + b_i

    Each question i has a linear map of its own, so none is answered before another, and nothing
    but the last state can be asked. What an LSTM shows is its hidden state.

    Parameters
    ----------
    params : dict
        From `start.init_last_state`, with ``embedding`` (vocabulary, width).
    tokens : integer array (batch, n) below vocabulary
    questions : int, at least 1
        For how many it was started.
    lengths : integer array (batch,) up to n, optional
    cell : {"gru", "rnn", "lstm"}
        The one the parameters were made for.

    Returns
    -------
    array (batch, questions, answers)
        Logits.

    Raises
    ------
    ValueError
        If a shape does not fit, a token is outside the vocabulary, or the cell is unknown.

    Examples
    --------
    >>> from helpers.start import init_last_state
    >>> params = init_last_state(numpy.random.default_rng(0), 7, 5, 3, width=8)
    >>> last_state_only(params, numpy.array([[1, 2, 3, 4]]), 5).shape
    (1, 5, 3)
    """
    _, state = CELLS[cell](params["cell"], tokens, lengths, table=params["embedding"])
    logits = linear(params["output"], shown(state))  # the maps of all questions side by side
    return np.reshape(logits, (len(tokens), questions, -1))
