"""The recurrent encoder-decoder, with one summary vector and with attention.

The two models differ in one array only: the *memory* that the decoder may look at. With attention
it holds what the encoder put out at every source position; with one vector it holds the encoder's
last state alone. Attention over a single key gives that key weight 1, so both run the same code
with the same parameters.
"""

import autograd.numpy as np

from helpers import fast
from helpers.attention import (
    additive,
    attention_weights,
    dot,
    general,
    location,
    padding_mask,
    scaled_dot,
    seen,
)
from helpers.attention import attention as look_up
from helpers.fast import recurrent as kernels
from helpers.functions import dropout as drop
from helpers.functions import embedding, linear, tanh
from helpers.recurrent import CELLS, bidirectional, gru, gru_step, shown, zeros
from helpers.shapes import shapes
from helpers.transformer import encoder as self_attention_encoder
from helpers.transformer import summarise

# ---- attention inside the recurrence -----------------------------------------------------------


@shapes
def attentive_step(params, x, memory, mask, state):
    r"""Take one step of a GRU that first attends to a memory (Bahdanau et al. 2015).

    .. math::
        w_{ij} &= \mathrm{softmax}_j\, \tanh(s_{i-1} A_q + b_q + h_j A_k + b_k) \cdot a \\
        c_i &= \textstyle\sum_j w_{ij}\, h_j \\
        s_i &= \mathrm{GRU}([x_i, c_i],\, s_{i-1})

    Parameters
    ----------
    params : dict
        ``score`` and ``gru``, see `start.init_attentive_gru`; ``gru.recurrent`` (width, 3 width)
        and ``gru.input`` (width_in + width, 3 width), which reads the input and the context.
    x : array (batch, width_in)
    memory : array (batch, n_memory, width)
        What is looked at, the h_j: both keys and values.
    mask : boolean array to (batch, 1, n_memory), or None
        True = may attend.
    state : array (batch, width)
        The last state: it asks.

    Returns
    -------
    state : array (batch, width)
    context : array (batch, width)
    weights : array (batch, n_memory)

    Examples
    --------
    >>> from helpers.start import init_attentive_gru
    >>> params = init_attentive_gru(numpy.random.default_rng(0), 3, 4)
    >>> x, memory, state = numpy.ones((2, 3)), numpy.ones((2, 6, 4)), numpy.zeros((2, 4))
    >>> state, context, weights = attentive_step(params, x, memory, None, state)
    >>> state.shape, context.shape, weights.shape
    ((2, 4), (2, 4), (2, 6))
    """
    query = state[:, None]  # (batch, 1, width)
    weights = attention_weights(query, memory, mask, additive(params["score"]))
    context = (weights @ seen(memory, mask))[:, 0]
    state = gru_step(params["gru"], np.concatenate([x, context], axis=-1), state)
    return state, context, weights[:, 0]


@shapes
@fast.by(kernels.attentive_gru)
def attentive_gru(params, inputs, memory, mask=None, state=None, table=None):
    """Run a GRU that attends to a memory before each step, `attentive_step` by `attentive_step`.

    Parameters
    ----------
    params : dict
        ``score`` and ``gru``, see `start.init_attentive_gru`; ``gru.recurrent`` (width, 3 width)
        and ``gru.input`` (width_in + width, 3 width), which reads the input and the context.
    inputs : array (batch, time, width_in), with table integer array (batch, time) below vocabulary
        Vectors, or tokens.
    memory : array (batch, n_memory, width)
        What is looked at: both keys and values.
    mask : boolean array to (batch, 1, n_memory), optional
        The same at all steps; True = may attend.
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

    References
    ----------
    Bahdanau et al. 2015.

    Examples
    --------
    >>> from helpers.start import init_attentive_gru
    >>> params = init_attentive_gru(numpy.random.default_rng(0), 3, 4)
    >>> inputs, memory = numpy.ones((2, 5, 3), numpy.float32), numpy.ones((2, 6, 4), numpy.float32)
    >>> outputs, contexts, weights, last = attentive_gru(params, inputs, memory)
    >>> outputs.shape, contexts.shape, weights.shape
    ((2, 5, 4), (2, 5, 4), (2, 5, 6))
    """
    inputs, steps = inputs if table is None else embedding(table, inputs), []
    state = zeros(params["gru"], len(inputs)) if state is None else state
    for t in range(inputs.shape[1]):
        state, context, weights = attentive_step(params, inputs[:, t], memory, mask, state)
        steps.append((state, context, weights))
    outputs, contexts, weights = (
        np.stack(all_steps, axis=1) for all_steps in zip(*steps, strict=True)
    )
    return outputs, contexts, weights, state


# ---- reading -----------------------------------------------------------------------------------


@shapes
def encode(params, source, source_lengths, encoder="gru", summary=None, **options):
    """Read the source.

    Parameters
    ----------
    params : dict
        From `start.init_seq2seq`, with ``source_embedding`` (source_vocabulary, width).
    source : integer array (batch, n_source) below source_vocabulary
    source_lengths : integer array (batch,) up to n_source
    encoder : {"gru", "rnn", "lstm", "bidirectional", "self_attention", "words"}
        The one the parameters were made for. Of ``words``, each output is the vector of its word:
        nobody looks at a neighbour, and no order is left.
    summary : {"last", "mean"}, optional
        What the one vector is: the output at the last true position, or the mean of all outputs.
        Not given, it is the last state of a recurrent encoder (for an LSTM the pair of hidden
        state and cell, for a bidirectional one the last state of either direction), and the mean
        of the others.
    **options
        Of a self-attention encoder: ``positions``, ``dropout`` …, as for `transformer.encoder`.

    Returns
    -------
    outputs : array (batch, n_source, width)
        One vector for each source position.
    summary : array (batch, width)
        One vector for the whole source.

    Raises
    ------
    ValueError
        If the source is ragged, a token is outside the vocabulary, a length is too long, or there
        is no summary of that name.

    Examples
    --------
    >>> from helpers.start import init_seq2seq
    >>> params = init_seq2seq(numpy.random.default_rng(0), 5, 7, 4)
    >>> outputs, summary = encode(params, numpy.array([[1, 2, 3]]), numpy.array([3]))
    >>> outputs.shape, summary.shape
    ((1, 3, 4), (1, 4))
    """
    table, inside = params["source_embedding"], params["encoder"]
    if encoder == "self_attention":
        embedded = embedding(table, source)
        outputs, _ = self_attention_encoder(inside, embedded, source_lengths, **options)
        last, summary = None, summary or "mean"
    elif encoder == "words":
        outputs, last, summary = embedding(table, source), None, summary or "mean"
    elif encoder == "bidirectional":
        outputs, states = bidirectional(gru, inside, embedding(table, source), source_lengths)
        last = np.concatenate(states, axis=-1)
    else:
        outputs, last = CELLS[encoder](inside, source, source_lengths, table=table)
    return outputs, summarise(outputs, source_lengths, summary) if summary else last


def wire(outputs, summary, source_lengths, attend):
    """Return what the decoder may look at: memory and mask, for attention or for one vector.

    Parameters
    ----------
    outputs : array (batch, n_source, width)
    summary : array (batch, width), or the pair of an LSTM
    source_lengths : integer array (batch,)
    attend : bool
        True: every encoder output. False: the summary alone, of an LSTM its hidden state.

    Returns
    -------
    memory : array (batch, n_memory, width)
    mask : boolean array (batch, 1, n_memory) or None

    Examples
    --------
    >>> memory, mask = wire(numpy.ones((2, 3, 4)), numpy.ones((2, 4)), numpy.array([3, 1]), False)
    >>> memory.shape, mask
    ((2, 1, 4), None)
    """
    if attend:
        return outputs, padding_mask(source_lengths, outputs.shape[1])
    return shown(summary)[:, None, :], None


# ---- saying ------------------------------------------------------------------------------------


def cell_of(encoder):
    """Name of the decoder's cell: that of a recurrent encoder, else a GRU.

    Examples
    --------
    >>> cell_of("lstm"), cell_of("bidirectional")
    ('lstm', 'gru')
    """
    return encoder if encoder in CELLS else "gru"


def named_score(score, params):
    """Return the score of a name; those that have parameters find them in `params`.

    Parameters
    ----------
    score : {"dot", "scaled_dot", "general", "additive", "location"}
    params : dict
        ``score`` for the last three, see `start.init_seq2seq`.

    Returns
    -------
    callable
        (queries, keys) -> scores

    Raises
    ------
    ValueError
        If there is no score of that name.

    Examples
    --------
    >>> named_score("dot", {}) is dot
    True
    """
    trained = {"general": general, "additive": additive, "location": location}
    if score in trained:
        return trained[score](params["score"])
    if score not in ("dot", "scaled_dot"):
        raise ValueError(f"score = {score!r} is unknown; see `named_score` for those there are")
    return {"dot": dot, "scaled_dot": scaled_dot}[score]


@shapes
def decode(
    params,
    target_in,
    memory,
    mask,
    state,
    cell="gru",
    score=dot,
    *,
    attention="after",
    dropout=0.0,
    rng=None,
):
    """Predict the next target token at every position, from the tokens before it.

    The decoder's states are the queries, the memory provides keys and values.

    Parameters
    ----------
    params : dict
        From `start.init_seq2seq`, with ``target_embedding`` (target_vocabulary, width).
    target_in : integer array (batch, n_target) below target_vocabulary
        The target, shifted right by one: it begins with the start token.
    memory : array (batch, n_memory, width)
        What the decoder may look at: all encoder outputs, or one vector (n_memory = 1).
    mask : boolean array to (batch, n_target, n_memory), or None
        True = may attend; the same for all steps if attention is inside.
    state : array or pair of arrays (batch, width)
        First state of the decoder, for an LSTM the pair of hidden state and cell.
    cell : {"gru", "rnn", "lstm"}
    score : callable, or the name of one
        (queries, keys) -> scores, see `named_score`; attention inside has its own.
    attention : {"after", "inside"}
        After the steps of the decoder (Luong et al. 2015), or before each of them, with additive
        scores (Bahdanau et al. 2015); the one the parameters were made for.
    dropout : float, from 0 to below 1
        Share of the last hidden layer that is set to 0.
    rng : numpy.random.Generator, optional
        Needed for dropout.

    Returns
    -------
    logits : array (batch, n_target, target_vocabulary)
    queries : array (batch, n_target, width)
        The decoder's states, from which `attention_weights` gives the map.
    last_state : like `state`
        Where to go on from, when tokens are decoded one by one.

    Raises
    ------
    ValueError
        If a shape does not fit.

    Examples
    --------
    >>> from helpers.start import init_seq2seq
    >>> params = init_seq2seq(numpy.random.default_rng(0), 5, 7, 4)
    >>> memory, state = encode(params, numpy.array([[1, 2, 3]]), numpy.array([3]))
    >>> decode(params, numpy.array([[1, 4]]), memory, None, state)[0].shape
    (1, 2, 7)
    """
    steps, table = params["decoder"], params["target_embedding"]
    if attention == "inside":
        queries, context, _, last = attentive_gru(steps, target_in, memory, mask, state, table)
    else:
        queries, last = CELLS[cell](steps, target_in, state=state, table=table)
        score = score if callable(score) else named_score(score, params)
        context = look_up(queries, memory, memory, mask, score)
    both = np.concatenate([queries, context], axis=-1)
    hidden = tanh(linear(params["combine"], both))
    hidden = drop(hidden, dropout, rng) if dropout else hidden
    return linear(params["output"], hidden), queries, last


@shapes
def seq2seq(params, source, source_lengths, target_in, *, attend=True, encoder="gru", **wiring):
    """Read the source and predict every target token, in one parallel pass (teacher forcing).

    Parameters
    ----------
    params : dict
        From `start.init_seq2seq`, with ``source_embedding`` (source_vocabulary, width) and
        ``target_embedding`` (target_vocabulary, width).
    source : integer array (batch, n_source) below source_vocabulary
    source_lengths : integer array (batch,) up to n_source
    target_in : integer array (batch, n_target) below target_vocabulary
    attend : bool
        Whether the decoder attends to all encoder outputs, or to one summary vector; it starts
        with the summary in any case.
    encoder : {"gru", "rnn", "lstm", "bidirectional", "self_attention", "words"}
    **wiring
        ``summary``, as for `encode`; ``score``, ``attention``, ``dropout`` and ``rng``, as for
        `decode`; ``positions`` of a self-attention encoder, as for `transformer.encoder`.

    Returns
    -------
    logits : array (batch, n_target, target_vocabulary)

    Raises
    ------
    ValueError
        If a shape does not fit, or there is no encoder of that name.

    References
    ----------
    Cho et al. 2014 and Sutskever et al. 2014 (one vector), Luong et al. 2015 (attention).

    Examples
    --------
    >>> from helpers.start import init_seq2seq
    >>> params = init_seq2seq(numpy.random.default_rng(0), 5, 7, 4)
    >>> tokens, lengths = numpy.array([[1, 2, 3]]), numpy.array([3])
    >>> seq2seq(params, tokens, lengths, numpy.array([[1, 4]])).shape
    (1, 2, 7)
    """
    reading, saying = split_wiring(encoder, **wiring)
    outputs, vector = encode(params, source, source_lengths, encoder, **reading)
    memory, mask = wire(outputs, vector, source_lengths, attend)
    return decode(params, target_in, memory, mask, vector, cell_of(encoder), **saying)[0]


def split_wiring(encoder, summary=None, score=dot, attention="after", positions=None, **dropping):
    """Return which options `encode` takes, and which `decode` takes.

    Examples
    --------
    >>> split_wiring("gru", summary="mean", attention="inside")[0]
    {'summary': 'mean'}
    """
    saying = {"score": score, "attention": attention, **dropping}
    if encoder == "self_attention":
        return {"summary": summary, "positions": positions or "sinusoidal", **dropping}, saying
    if positions:
        raise ValueError(f"positions = {positions!r} does not go with encoder = {encoder!r}")
    return {"summary": summary}, saying


@shapes
def alignment(
    params, source, source_lengths, target_in, *, attend=True, encoder="gru", score=dot, **wiring
):
    """Attention map of `seq2seq`: how much each target position looks at each of the memory.

    Parameters
    ----------
    params : dict
        From `start.init_seq2seq`, with ``source_embedding`` (source_vocabulary, width) and
        ``target_embedding`` (target_vocabulary, width).
    source : integer array (batch, n_source) below source_vocabulary
    source_lengths : integer array (batch,) up to n_source
    target_in : integer array (batch, n_target) below target_vocabulary
    attend, encoder, score, **wiring
        As for `seq2seq`.

    Returns
    -------
    weights : array (batch, n_target, n_memory)
        A column of ones for one summary vector.

    Examples
    --------
    >>> from helpers.start import init_seq2seq
    >>> params = init_seq2seq(numpy.random.default_rng(0), 5, 7, 4)
    >>> tokens, lengths = numpy.array([[1, 2, 3]]), numpy.array([3])
    >>> alignment(params, tokens, lengths, numpy.array([[1, 4]])).sum(axis=-1).round(3)
    array([[1., 1.]], dtype=float32)
    """
    reading, saying = split_wiring(encoder, score=score, **wiring)
    outputs, vector = encode(params, source, source_lengths, encoder, **reading)
    memory, mask = wire(outputs, vector, source_lengths, attend)
    if saying["attention"] == "inside":
        table = params["target_embedding"]
        return attentive_gru(params["decoder"], target_in, memory, mask, vector, table)[2]
    _, queries, _ = decode(params, target_in, memory, mask, vector, cell_of(encoder), **saying)
    score = score if callable(score) else named_score(score, params)
    return attention_weights(queries, memory, mask, score)


@shapes
def start_decoding(params, source, source_lengths, *, attend=True, encoder="gru", **wiring):
    """Read the source, and return how to go on token by token, for `helpers.decoding`.

    Parameters
    ----------
    params : dict
        From `start.init_seq2seq`, with ``source_embedding`` (source_vocabulary, width).
    source : integer array (batch, n_source) below source_vocabulary
    source_lengths : integer array (batch,) up to n_source
    attend, encoder, **wiring
        As for `seq2seq`.

    Returns
    -------
    step : callable
        (tokens (batch, n), state) -> (logits (batch, n, target_vocabulary), state)
    state : tuple
        The decoder's state, memory and mask.

    Examples
    --------
    >>> from helpers.start import init_seq2seq
    >>> params = init_seq2seq(numpy.random.default_rng(0), 5, 7, 4)
    >>> step, state = start_decoding(params, numpy.array([[1, 2, 3]]), numpy.array([3]))
    >>> step(numpy.array([[1]]), state)[0].shape
    (1, 1, 7)
    """
    reading, saying = split_wiring(encoder, **wiring)
    outputs, vector = encode(params, source, source_lengths, encoder, **reading)
    memory, mask = wire(outputs, vector, source_lengths, attend)

    def step(tokens, state):
        last, memory, mask = state
        logits, _, last = decode(params, tokens, memory, mask, last, cell_of(encoder), **saying)
        return logits, (last, memory, mask)

    return step, (vector, memory, mask)
