"""The recurrent encoder-decoder, with one summary vector and with attention.

Stands on functions, recurrent, attention, attentive and transformer. The two models differ in one
array only: the *memory* that the decoder may look at. With attention it holds what the encoder
put out at every source position; with one vector it holds the encoder's last state alone.
Attention over a single key gives that key weight 1, so both run the same code with the same
parameters.
"""

import autograd.numpy as np
import numpy

from helpers import recurrent, transformer
from helpers.attention import attention, attention_weights, dot, padding_mask
from helpers.attentive import attentive_gru, init_attentive_gru
from helpers.functions import embedding, init_embedding, init_linear, linear, tanh
from helpers.primitives import require, require_choice

_CELLS = {
    "rnn": (recurrent.init_rnn, recurrent.rnn),
    "gru": (recurrent.init_gru, recurrent.gru),
    "lstm": (recurrent.init_lstm, recurrent.lstm),
}
_ENCODERS = (*_CELLS, "bidirectional", "self_attention")


def init_seq2seq(
    rng, source_vocabulary, target_vocabulary, width, encoder="gru", attention="after"
):
    """Start an encoder-decoder; the decoder has the encoder's cell, or a GRU if it has none.

    Parameters
    ----------
    rng : numpy.random.Generator
    source_vocabulary, target_vocabulary : int
        Numbers of tokens.
    width : int
        Size of embeddings and states.
    encoder : {"gru", "rnn", "lstm", "bidirectional", "self_attention"}
        A bidirectional one has two GRUs of half the width.
    attention : {"after", "inside"}
        Whether the decoder attends after its steps, with any score (Luong et al. 2015), or before
        each of them, with additive scores, see `attentive_gru` (Bahdanau et al. 2015). All other
        functions tell the two apart by their parameters.

    Returns
    -------
    dict
        Nested, float32. The parameters do not depend on how the decoder is wired to the encoder.

    Raises
    ------
    ValueError
        If there is no encoder of that name, or none of that attention for it, or the width of a
        bidirectional encoder is odd.

    Examples
    --------
    >>> sorted(init_seq2seq(numpy.random.default_rng(0), 5, 7, 4))
    ['combine', 'decoder', 'encoder', 'output', 'source_embedding', 'target_embedding']
    """
    require_choice("encoder", encoder, _ENCODERS)
    require_choice("attention", attention, ("after", "inside"))
    init_cell, _ = _CELLS[_cell(encoder)]
    require(
        attention == "after" or init_cell is recurrent.init_gru,
        f"encoder = {encoder!r} does not go with attention inside: its decoder is a GRU",
    )
    init_decoder = init_cell if attention == "after" else init_attentive_gru
    encoder_params = _init_encoder(rng, encoder, width)
    return {
        "source_embedding": init_embedding(rng, source_vocabulary, width),
        "target_embedding": init_embedding(rng, target_vocabulary, width),
        "encoder": encoder_params,
        "decoder": init_decoder(rng, width, width),
        "combine": init_linear(rng, 2 * width, width),
        "output": init_linear(rng, width, target_vocabulary),
    }


def _init_encoder(rng, encoder, width):
    if encoder == "self_attention":
        return transformer.init_encoder(rng, width)
    if encoder == "bidirectional":
        require(width % 2 == 0, f"width = {width} must be even: two GRUs have one half each")
        return recurrent.init_bidirectional(recurrent.init_gru, rng, width, width // 2)
    return _CELLS[encoder][0](rng, width, width)


def _cell(encoder):
    """Name of the decoder's cell: that of a recurrent encoder, else a GRU."""
    return encoder if encoder in _CELLS else "gru"


def encode(params, source, source_lengths, encoder="gru", summary=None):
    """Read the source.

    Parameters
    ----------
    params : dict
        From `init_seq2seq`.
    source : integer array (batch, n_source)
    source_lengths : integer array (batch,)
    encoder : {"gru", "rnn", "lstm", "bidirectional", "self_attention"}
        The one the parameters were made for.
    summary : {"last", "mean"}, optional
        What the one vector is: the output at the last true position, or the mean of all outputs.
        Not given, it is the last state of a recurrent encoder (for an LSTM the pair of hidden
        state and cell, for a bidirectional one the last state of either direction), and the mean
        of a self-attention encoder.

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
    >>> params = init_seq2seq(numpy.random.default_rng(0), 5, 7, 4)
    >>> outputs, summary = encode(params, numpy.array([[1, 2, 3]]), numpy.array([3]))
    >>> outputs.shape, summary.shape
    ((1, 3, 4), (1, 4))
    """
    require_choice("encoder", encoder, _ENCODERS)
    require_choice("summary", summary, ("last", "mean", None))
    require(
        encoder != "lstm" or summary is None,
        f"summary = {summary!r} does not go with an LSTM: its decoder starts with two vectors",
    )
    table = params["source_embedding"]
    if encoder in _CELLS:
        outputs, last = _CELLS[encoder][1](params["encoder"], source, source_lengths, table=table)
    elif encoder == "bidirectional":
        embedded = embedding(table, source)
        outputs, states = recurrent.bidirectional(
            recurrent.gru, params["encoder"], embedded, source_lengths
        )
        last = np.concatenate(states, axis=-1)
    else:
        embedded = embedding(table, source)
        outputs, _ = transformer.encoder(params["encoder"], embedded, source_lengths)
        summary = summary or "mean"
    return outputs, _summarise(outputs, source_lengths, summary) if summary else last


def _summarise(outputs, lengths, summary):
    """Return the last true output of each sequence, or their mean: one matrix product."""
    true = padding_mask(lengths, outputs.shape[1])
    if summary == "last":
        weights = true & ~numpy.roll(true, -1, axis=-1)
        weights[..., -1] = true[..., -1]
    else:
        weights = true / numpy.maximum(true.sum(axis=-1, keepdims=True), 1)  # no token: mean 0
    return np.matmul(weights.astype(outputs.dtype), outputs)[:, 0]


def decode(params, target_in, memory, mask, state, cell="gru", score=dot):
    """Predict the next target token at every position, from the tokens before it.

    The decoder's states are the queries, the memory provides keys and values (Luong et al. 2015).

    Parameters
    ----------
    params : dict
        From `init_seq2seq`.
    target_in : integer array (batch, n_target)
        The target, shifted right by one: it begins with the start token.
    memory : array (batch, n_memory, width)
        What the decoder may look at: all encoder outputs, or one vector (n_memory = 1).
    mask : boolean array (batch, 1, n_memory) or None
        True = may attend.
    state : array (batch, width), for an LSTM a pair
        The decoder's first state.
    cell : {"gru", "rnn", "lstm"}
    score : callable
        (queries, keys) -> scores; attention inside the decoder has its own.

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
    >>> params = init_seq2seq(numpy.random.default_rng(0), 5, 7, 4)
    >>> memory, state = encode(params, numpy.array([[1, 2, 3]]), numpy.array([3]))
    >>> decode(params, numpy.array([[1, 4]]), memory, None, state)[0].shape
    (1, 2, 7)
    """
    decoder, table = params["decoder"], params["target_embedding"]
    if "score" in decoder:
        queries, context, _, last_state = attentive_gru(
            decoder, target_in, memory, mask, state, table
        )
    else:
        queries, last_state = _CELLS[cell][1](decoder, target_in, state=state, table=table)
        context = attention(queries, memory, memory, mask, score)
    both = np.concatenate([queries, context], axis=-1)
    return linear(params["output"], tanh(linear(params["combine"], both))), queries, last_state


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
    hidden = summary[0] if isinstance(summary, tuple) else summary
    return hidden[:, None, :], None


def seq2seq(params, source, source_lengths, target_in, **wiring):
    """Read the source and predict every target token, in one parallel pass (teacher forcing).

    Parameters
    ----------
    params : dict
        From `init_seq2seq`.
    source : integer array (batch, n_source)
    source_lengths : integer array (batch,)
    target_in : integer array (batch, n_target)
    **wiring
        ``attend``, ``encoder``, ``summary`` and ``score``, as for `start_decoding`.

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
    >>> params = init_seq2seq(numpy.random.default_rng(0), 5, 7, 4)
    >>> tokens, lengths = numpy.array([[1, 2, 3]]), numpy.array([3])
    >>> seq2seq(params, tokens, lengths, numpy.array([[1, 4]])).shape
    (1, 2, 7)
    """
    step, state = start_decoding(params, source, source_lengths, **wiring)
    return step(target_in, state)[0]


def alignment(params, source, source_lengths, target_in, *, score=dot, **wiring):
    """Attention map of `seq2seq`: how much each target position looks at each of the memory.

    Parameters
    ----------
    params, source, source_lengths, target_in, score, **wiring
        As for `seq2seq`.

    Returns
    -------
    weights : array (batch, n_target, n_memory)
        A column of ones for one summary vector.

    Examples
    --------
    >>> params = init_seq2seq(numpy.random.default_rng(0), 5, 7, 4)
    >>> tokens, lengths = numpy.array([[1, 2, 3]]), numpy.array([3])
    >>> alignment(params, tokens, lengths, numpy.array([[1, 4]])).sum(axis=-1).round(3)
    array([[1., 1.]], dtype=float32)
    """
    memory, mask, vector, cell = _read(params, source, source_lengths, **wiring)
    if "score" in params["decoder"]:
        table = params["target_embedding"]
        return attentive_gru(params["decoder"], target_in, memory, mask, vector, table)[2]
    _, queries, _ = decode(params, target_in, memory, mask, vector, cell, score)
    return attention_weights(queries, memory, mask, score)


def _read(params, source, source_lengths, attend=True, encoder="gru", summary=None):
    """Return memory and mask, the decoder's first state, and the name of its cell."""
    outputs, vector = encode(params, source, source_lengths, encoder, summary)
    return *wire(outputs, vector, source_lengths, attend), vector, _cell(encoder)


def start_decoding(params, source, source_lengths, *, score=dot, **wiring):
    """Read the source, and return how to go on token by token, for `helpers.decoding`.

    Parameters
    ----------
    params : dict
        From `init_seq2seq`.
    source : integer array (batch, n_source)
    source_lengths : integer array (batch,)
    score : callable
        (queries, keys) -> scores
    **wiring
        ``attend`` (True if not given; then the decoder attends to all encoder outputs, else to one
        summary vector), ``encoder`` and ``summary``, as for `encode`: the decoder starts with the
        summary in any case.

    Returns
    -------
    step : callable
        (tokens (batch, n), state) -> (logits (batch, n, target_vocabulary), state)
    state : tuple
        The decoder's state, memory and mask.

    Examples
    --------
    >>> params = init_seq2seq(numpy.random.default_rng(0), 5, 7, 4)
    >>> step, state = start_decoding(params, numpy.array([[1, 2, 3]]), numpy.array([3]))
    >>> step(numpy.array([[1]]), state)[0].shape
    (1, 1, 7)
    """
    memory, mask, vector, cell = _read(params, source, source_lengths, **wiring)

    def step(tokens, state):
        hidden, memory, mask = state
        logits, _, hidden = decode(params, tokens, memory, mask, hidden, cell, score)
        return logits, (hidden, memory, mask)

    return step, (vector, memory, mask)
