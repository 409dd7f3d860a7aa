"""Where training begins: the first parameters of every model, as nested dicts of float32 arrays.

Weights are uniform within 1/sqrt(width_in), as PyTorch starts them; biases are 0; recurrent
matrices are orthogonal. The order of the random draws is fixed: a seed decides everything.
"""

import math

import numpy as np

from helpers.shapes import require, shapes

# ---- the parts of every model --------------------------------------------------------------


def init_linear(rng, width_in, width_out):
    """Weights uniform within 1/sqrt(width_in), as PyTorch starts them; bias 0.

    Examples
    --------
    >>> init_linear(np.random.default_rng(0), 3, 5)["weight"].shape
    (3, 5)
    """
    bound = 1 / math.sqrt(width_in)
    weight = rng.uniform(-bound, bound, (width_in, width_out)).astype(np.float32)
    return {"weight": weight, "bias": np.zeros(width_out, dtype=np.float32)}


def init_embedding(rng, vocabulary, width):
    """Return a table (vocabulary, width) of normal numbers with standard deviation 1/sqrt(width).

    Examples
    --------
    >>> init_embedding(np.random.default_rng(0), 7, 4).shape
    (7, 4)
    """
    return (rng.standard_normal((vocabulary, width)) / math.sqrt(width)).astype(np.float32)


def init_layer_norm(width):
    """Scale 1 and shift 0.

    Examples
    --------
    >>> init_layer_norm(2)["scale"]
    array([1., 1.], dtype=float32)
    """
    return {"scale": np.ones(width, np.float32), "shift": np.zeros(width, np.float32)}


def orthogonal(rng, width):
    """Return a random matrix (width, width) that keeps lengths (Saxe et al. 2014).

    Examples
    --------
    >>> matrix = orthogonal(np.random.default_rng(0), 3)
    >>> bool(np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-6))
    True
    """
    directions, triangle = np.linalg.qr(rng.standard_normal((width, width)))
    return (directions * np.sign(np.diag(triangle))).astype(np.float32)


# ---- recurrent layers ------------------------------------------------------------------------


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
    return _init_gates(rng, width_in, width, gates=1)


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
    return _init_gates(rng, width_in, width, gates=3)


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
    params = _init_gates(rng, width_in, width, gates=4)
    for name in ("input_bias", "recurrent_bias"):
        params[name][width : 2 * width] = 0.5
    return params


def _init_gates(rng, width_in, width, gates):
    first = init_linear(rng, width_in, gates * width)
    return {
        "input": first["weight"],
        "recurrent": np.concatenate([orthogonal(rng, width) for _ in range(gates)], axis=1),
        "input_bias": first["bias"],
        "recurrent_bias": first["bias"].copy(),
    }


def init_bidirectional(init_cell, rng, width_in, width):
    """Start two layers, ``forward`` and ``backward``, for `recurrent.bidirectional`.

    Examples
    --------
    >>> sorted(init_bidirectional(init_gru, np.random.default_rng(0), 3, 4))
    ['backward', 'forward']
    """
    return {name: init_cell(rng, width_in, width) for name in ("forward", "backward")}


# ---- attention -------------------------------------------------------------------------------


def init_general(rng, width):
    """Start the matrix of `attention.general` scores: uniform within 1/sqrt(width).

    Examples
    --------
    >>> init_general(np.random.default_rng(0), 4)["weight"].shape
    (4, 4)
    """
    return {"weight": init_linear(rng, width, width)["weight"]}


def init_additive(rng, width):
    """Start the two matrices and the vector of `attention.additive` scores.

    Returns
    -------
    dict
        ``queries`` and ``keys`` (linear maps, width -> width) and ``vector`` (width,). The vector
        starts at 0, so that attention starts exactly uniform (Bahdanau et al. 2015).

    Examples
    --------
    >>> init_additive(np.random.default_rng(0), 4)["vector"]
    array([0., 0., 0., 0.], dtype=float32)
    """
    return {
        "queries": init_linear(rng, width, width),
        "keys": init_linear(rng, width, width),
        "vector": np.zeros(width, np.float32),
    }


def init_location(rng, width, longest=128):
    """Start the matrix of `attention.location` scores: uniform within 1/sqrt(width).

    Examples
    --------
    >>> init_location(np.random.default_rng(0), 4, 9)["weight"].shape
    (4, 9)
    """
    return {"weight": init_linear(rng, width, longest)["weight"]}


def init_attentive_gru(rng, width_in, width):
    """Start the score and the GRU of `seq2seq.attentive_gru`; memory and states are equally wide.

    Returns
    -------
    dict
        ``score``, see `init_additive`, and ``gru``, see `init_gru`; its ``input`` has width_in
        rows for the input and then width rows for the context.

    Examples
    --------
    >>> init_attentive_gru(np.random.default_rng(0), 3, 4)["gru"]["input"].shape
    (7, 12)
    """
    return {"score": init_additive(rng, width), "gru": init_gru(rng, width_in + width, width)}


@shapes
def init_multi_head(rng, width, heads, width_head=None):
    """Start the four projections of multi-head attention.

    Parameters
    ----------
    rng : numpy.random.Generator
    width : int, at least 1
        Width of inputs and outputs.
    heads : int, at least 1
        Divides `width`, unless `width_head` is given.
    width_head : int, at least 1, optional
        At which each head works; by default width / heads.

    Returns
    -------
    dict
        ``queries``, ``keys``, ``values`` (heads, width, width_head) and ``output``
        (heads, width_head, width).

    Raises
    ------
    ValueError
        If `heads` does not divide `width`.

    Examples
    --------
    >>> init_multi_head(np.random.default_rng(0), 8, 2)["queries"].shape
    (2, 8, 4)
    """
    require(width_head or width % heads == 0, f"heads = {heads} must divide width = {width}")
    split = heads, width_head or width // heads, width
    within = split[0] * split[1]
    params = {
        name: init_linear(rng, width, within)["weight"] for name in ("queries", "keys", "values")
    }
    params["output"] = init_linear(rng, within, width)["weight"]
    return {
        name: weight.reshape(split) if name == "output" else weight.T.reshape(split).swapaxes(1, 2)
        for name, weight in params.items()
    }


@shapes
def init_positions(rng, name, width, longest):
    """Start the parameters of positions: a table of vectors if they are learned, else nothing.

    Parameters
    ----------
    rng : numpy.random.Generator
    name : {"sinusoidal", "learned", "rotary", "alibi", "none"}
    width : int, at least 1
    longest : int, at least 1
        Number of positions that are learned; a longer sequence is an error.

    Returns
    -------
    dict
        ``table`` (longest, width), with the spread of `positions.sinusoidal`; or empty.

    Raises
    ------
    ValueError
        If there are no positions of that name.

    Examples
    --------
    >>> init_positions(np.random.default_rng(0), "learned", 4, 9)["table"].shape
    (9, 4)
    >>> init_positions(np.random.default_rng(0), "alibi", 4, 9)
    {}
    """
    if name != "learned":
        return {}
    return {"table": (rng.standard_normal((longest, width)) / math.sqrt(2)).astype(np.float32)}


# ---- Transformers ----------------------------------------------------------------------------


def init_encoder_block(rng, width, heads):
    """Start one block: self-attention, and two linear maps with 4 width units between them.

    Examples
    --------
    >>> sorted(init_encoder_block(np.random.default_rng(0), 8, 2))
    ['attention', 'attention_norm', 'expand', 'feed_forward_norm', 'shrink']
    """
    return {
        "attention_norm": init_layer_norm(width),
        "attention": init_multi_head(rng, width, heads),
        "feed_forward_norm": init_layer_norm(width),
        "expand": init_linear(rng, width, 4 * width),
        "shrink": init_linear(rng, 4 * width, width),
    }


def init_decoder_block(rng, width, heads):
    """Start one block: self-attention, cross-attention, and two linear maps.

    Examples
    --------
    >>> sorted(init_decoder_block(np.random.default_rng(0), 8, 2))[:4]
    ['attention', 'attention_norm', 'cross', 'cross_norm']
    """
    return {
        **init_encoder_block(rng, width, heads),
        "cross_norm": init_layer_norm(width),
        "cross": init_multi_head(rng, width, heads),
    }


@shapes
def init_encoder(rng, width, heads=4, layers=1, *, positions="sinusoidal", norm="pre", longest=128):
    """Start `layers` blocks, the positions, and, for pre-norm, the final norm.

    Parameters
    ----------
    rng : numpy.random.Generator
    width : int, at least 1
    heads : int, at least 1
    layers : int, at least 1
    positions : {"sinusoidal", "learned", "rotary", "alibi", "none"}
    norm : {"pre", "post", "none"}
    longest : int, at least 1
        Number of positions that are learned.

    Returns
    -------
    dict
        Nested, float32.

    Raises
    ------
    ValueError
        If `layers` is below 1, `heads` does not divide `width` (for rotary positions into even
        parts), or a name is unknown.

    Examples
    --------
    >>> sorted(init_encoder(np.random.default_rng(0), 8, layers=2))
    ['block_0', 'block_1', 'norm', 'positions']
    """
    return _init_stack(init_encoder_block, rng, width, heads, layers, positions, norm, longest)


@shapes
def init_decoder(rng, width, heads=4, layers=1, *, positions="sinusoidal", norm="pre", longest=128):
    """Start `layers` decoder blocks, the positions, and, for pre-norm, the final norm.

    Parameters
    ----------
    rng : numpy.random.Generator
    width : int, at least 1
    heads : int, at least 1
    layers : int, at least 1
    positions : {"sinusoidal", "learned", "rotary", "alibi", "none"}
    norm : {"pre", "post", "none"}
    longest : int, at least 1

    Returns
    -------
    dict
        Nested, float32.

    Raises
    ------
    ValueError
        As `init_encoder` does.

    Examples
    --------
    >>> sorted(init_decoder(np.random.default_rng(0), 8, norm="post"))
    ['block_0', 'positions']
    """
    return _init_stack(init_decoder_block, rng, width, heads, layers, positions, norm, longest)


def _init_stack(init_block, rng, width, heads, layers, positions, norm, longest):
    require(
        positions != "rotary" or width % (2 * heads) == 0 or width % heads,
        f"width = {width} gives each of heads = {heads} an odd width; rotary positions turn pairs",
    )
    blocks = {f"block_{i}": init_block(rng, width, heads) for i in range(layers)}
    final = {"norm": init_layer_norm(width)} if norm == "pre" else {}
    return blocks | final | {"positions": init_positions(rng, positions, width, longest)}


def init_transformer(
    rng,
    source_vocabulary,
    target_vocabulary,
    width=64,
    heads=4,
    layers=1,
    *,
    shared_projections=False,
    **options,
):
    """Start an encoder-decoder, see `transformer.transformer`.

    Parameters
    ----------
    rng : numpy.random.Generator
    source_vocabulary, target_vocabulary : int
        Numbers of tokens.
    width, heads : int
    layers : int
        Blocks of the encoder, and as many of the decoder.
    shared_projections : bool
        Whether it has one set of projections, ``projections``, in place of one for each attention,
        see `transformer.share_projections`. All else starts as it would without.
    **options
        ``positions``, ``norm`` and ``longest``, as for `init_encoder`.

    Returns
    -------
    dict
        Nested, float32.

    Raises
    ------
    ValueError
        As `init_encoder` does.

    Examples
    --------
    >>> sorted(init_transformer(np.random.default_rng(0), 5, 7, 8))
    ['decoder', 'encoder', 'output', 'source_embedding', 'target_embedding']
    """
    params = {
        "source_embedding": init_embedding(rng, source_vocabulary, width),
        "target_embedding": init_embedding(rng, target_vocabulary, width),
        "encoder": init_encoder(rng, width, heads, layers, **options),
        "decoder": init_decoder(rng, width, heads, layers, **options),
        "output": init_linear(rng, width, target_vocabulary),
    }
    return _with_one_set(params) if shared_projections else params


def _with_one_set(params):
    """Keep the first attention's projections alone."""
    kept = params["encoder"]["block_0"]["attention"]
    for stack in (params["encoder"], params["decoder"]):
        for block in stack.values():
            block.pop("attention", None)
            block.pop("cross", None)
    return params | {"projections": kept}


def init_decoder_only(
    rng, vocabulary, width=64, heads=4, layers=2, *, positions="rotary", key_heads=None, **options
):
    """Start a decoder-only model, see `transformer.decoder_only`: one stack, no cross-attention.

    Parameters
    ----------
    rng : numpy.random.Generator
    vocabulary : int
        Number of tokens.
    width, heads, layers : int
    positions : {"sinusoidal", "learned", "rotary", "alibi", "none"}
    key_heads : int, at least 1, optional
        Heads of keys and values, each for as many heads of queries; a head of its own for each, if
        not given. See `transformer.repeat_keys`.
    **options
        ``norm`` and ``longest``, as for `init_encoder`.

    Returns
    -------
    dict
        Nested, float32.

    Raises
    ------
    ValueError
        As `init_encoder` does, or if `key_heads` does not divide `heads`.

    Examples
    --------
    >>> params = init_decoder_only(np.random.default_rng(0), 5, 8, key_heads=1)
    >>> sorted(params), params["stack"]["block_1"]["attention"]["values"].shape
    (['embedding', 'output', 'stack'], (1, 8, 2))
    """
    kept = key_heads or heads
    require(heads % kept == 0, f"key_heads = {key_heads} must divide heads = {heads}")
    params = {
        "embedding": init_embedding(rng, vocabulary, width),
        "stack": init_encoder(rng, width, heads, layers, positions=positions, **options),
        "output": init_linear(rng, width, vocabulary),
    }
    for i in range(layers):
        own = params["stack"][f"block_{i}"]["attention"]
        own |= {name: own[name][:kept] for name in ("keys", "values")}
    return params


# ---- recurrent models ------------------------------------------------------------------------

_CELLS = {"rnn": init_rnn, "gru": init_gru, "lstm": init_lstm}


@shapes
def init_recurrent_only(rng, vocabulary, width=64, cell="gru", layers=1):
    """Start a recurrent language model, see `recurrent.recurrent_only`.

    Parameters
    ----------
    rng : numpy.random.Generator
    vocabulary : int, at least 1
        Number of tokens.
    width : int, at least 1
        Size of embeddings and states.
    cell : {"gru", "rnn", "lstm"}
    layers : int, at least 1

    Returns
    -------
    dict
        Nested, float32.

    Raises
    ------
    ValueError
        If a size is below 1, or there is no cell of that name.

    Examples
    --------
    >>> params = init_recurrent_only(np.random.default_rng(0), 5, 8, layers=2)
    >>> sorted(params), sorted(params["layers"])
    (['embedding', 'layers', 'output'], ['layer_0', 'layer_1'])
    """
    return {
        "embedding": init_embedding(rng, vocabulary, width),
        "layers": {f"layer_{i}": _CELLS[cell](rng, width, width) for i in range(layers)},
        "output": init_linear(rng, width, vocabulary),
    }


@shapes
def init_recurrent_tagger(rng, vocabulary, width=64, encoder="gru"):
    """Start a recurrent encoder that says a word at each place, see `recurrent.recurrent_tagger`.

    Parameters
    ----------
    rng : numpy.random.Generator
    vocabulary : int, at least 1
        Number of tokens.
    width : int, at least 1
        Size of embeddings and outputs.
    encoder : {"gru", "rnn", "lstm", "bidirectional"}
        A bidirectional one has two GRUs of half the width.

    Returns
    -------
    dict
        Nested, float32.

    Raises
    ------
    ValueError
        If a size is below 1, there is no encoder of that name, or the width of a bidirectional
        one is odd.

    Examples
    --------
    >>> sorted(init_recurrent_tagger(np.random.default_rng(0), 5, 8))
    ['embedding', 'encoder', 'output']
    """
    return {
        "embedding": init_embedding(rng, vocabulary, width),
        "encoder": _init_any_encoder(rng, encoder, width, {}),
        "output": init_linear(rng, width, vocabulary),
    }


@shapes
def init_last_state(
    rng, vocabulary, questions, answers, width=64, cell="gru", *, gain=1.0, gate_bias=0.0
):
    """Start a model that answers from its last state alone, see `recurrent.last_state_only`.

    Parameters
    ----------
    rng : numpy.random.Generator
    vocabulary : int, at least 1
        Number of tokens.
    questions, answers : int, at least 1
        How many are asked, and how many answers each has.
    width : int, at least 1
        Size of embeddings and states.
    cell : {"gru", "rnn", "lstm"}
    gain : float
        The recurrent matrices start orthogonal, times this.
    gate_bias : float
        Added to the bias of the gate that keeps the state: the update gate of a GRU, the forget
        gate of an LSTM.

    Returns
    -------
    dict
        ``embedding``, ``cell``, and ``output`` with the maps of all questions side by side.

    Raises
    ------
    ValueError
        If a size is below 1, there is no cell of that name, or an RNN should have a gate.

    Examples
    --------
    >>> params = init_last_state(np.random.default_rng(0), 7, 5, 3, 2, "lstm", gate_bias=2)
    >>> params["cell"]["input_bias"]  # input, forget, cell, output; the other bias adds 0.5
    array([0. , 0. , 2.5, 2.5, 0. , 0. , 0. , 0. ], dtype=float32)
    """
    require(cell != "rnn" or not gate_bias, f"gate_bias = {gate_bias} means nothing for an RNN")
    own = _CELLS[cell](rng, width, width)
    own["recurrent"] *= np.float32(gain)
    own["input_bias"][width : 2 * width] += np.float32(gate_bias)
    return {
        "embedding": init_embedding(rng, vocabulary, width),
        "cell": own,
        "output": init_linear(rng, width, questions * answers),
    }


@shapes
def init_look_up(rng, entries, answers, width, score="dot", *, length=1.0, from_zero=False):
    """Start the tables of one look-up, see `runs.build`: for who asks, is asked, and answers.

    Parameters
    ----------
    rng : numpy.random.Generator
    entries, answers : int
        Numbers of tokens that may stand on a page, and that may be said.
    width : int
    score : {"dot", "scaled_dot", "general", "additive", "location"}
        The last three have parameters of their own.
    length : float
        How long the vectors of queries and keys are, on average.
    from_zero : bool
        Whether the matrix of general scores starts at 0, so that all weights start equal, as they
        do with additive scores.

    Returns
    -------
    dict
        ``query``, ``key`` and ``value`` (entries, width), ``output``, and ``score``.

    Examples
    --------
    >>> sorted(init_look_up(np.random.default_rng(0), 77, 13, 4, "general"))
    ['key', 'output', 'query', 'score', 'value']
    """
    params = {
        "query": np.float32(length) * init_embedding(rng, entries, width),
        "key": np.float32(length) * init_embedding(rng, entries, width),
        "value": init_embedding(rng, entries, width),
        "output": init_linear(rng, width, answers),
    }
    if score in _SCORES:
        params["score"] = _SCORES[score](rng, width)
    if from_zero:
        params["score"]["weight"] *= 0
    return params


@shapes
def init_look_ups(
    rng, entries, answers, asked, width, heads, *, width_head=0, hidden=128, length=1.0
):
    """Start several look-ups at once, see `runs.build`: heads, and a network that reads them.

    Parameters
    ----------
    rng : numpy.random.Generator
    entries, answers : int
        Numbers of tokens that may stand on a page, and that may be said.
    asked : int
        So many names are asked at once; each has a table of its own, so that their order counts.
    width, heads : int
    width_head : int
        Numbers in a query, key and value of each head; 0: width / heads.
    hidden : int
        Numbers between what the heads found and the answers; 0: none, a linear map.
    length : float
        How long the vectors of the tables are, on average.

    Returns
    -------
    dict
        ``query_0`` … and ``entry`` (entries, width), ``attention``, ``expand`` and ``output``.

    Examples
    --------
    >>> params = init_look_ups(np.random.default_rng(0), 77, 13, 2, 8, heads=4, hidden=0)
    >>> sorted(params), params["output"]["weight"].shape
    (['attention', 'entry', 'output', 'query_0', 'query_1'], (8, 26))
    """
    names = ("entry", *(f"query_{i}" for i in range(asked)))
    params = {name: np.float32(length) * init_embedding(rng, entries, width) for name in names}
    params["attention"] = init_multi_head(rng, width, heads, width_head or None)
    if hidden:
        params["expand"] = init_linear(rng, width, hidden)
    params["output"] = init_linear(rng, hidden or width, asked * answers)
    return params


@shapes
def init_one_layer(rng, vocabulary, answers, width, heads=1):
    """Start one layer of self-attention, see `transformer.one_layer`.

    Parameters
    ----------
    rng : numpy.random.Generator
    vocabulary, answers : int
        Numbers of tokens that are read, and that may be said.
    width : int
    heads : int

    Returns
    -------
    dict
        ``embedding``, ``attention`` and ``output``.

    Examples
    --------
    >>> params = init_one_layer(np.random.default_rng(0), 7, 5, 8)
    >>> params["output"]["weight"].shape
    (8, 5)
    """
    return {
        "embedding": init_embedding(rng, vocabulary, width),
        "attention": init_multi_head(rng, width, heads),
        "output": init_linear(rng, width, answers),
    }


@shapes
def init_seq2seq(
    rng,
    source_vocabulary,
    target_vocabulary,
    width,
    encoder="gru",
    attention="after",
    *,
    score="dot",
    **options,
):
    """Start an encoder-decoder; the decoder has the encoder's cell, or a GRU if it has none.

    Parameters
    ----------
    rng : numpy.random.Generator
    source_vocabulary, target_vocabulary : int
        Numbers of tokens.
    width : int, at least 1
        Size of embeddings and states.
    encoder : {"gru", "rnn", "lstm", "bidirectional", "self_attention", "words"}
        A bidirectional one has two GRUs of half the width; one of words has nothing.
    attention : {"after", "inside"}
        Whether the decoder attends after its steps, with any score (Luong et al. 2015), or before
        each of them, with additive scores, see `seq2seq.attentive_gru` (Bahdanau et al. 2015).
    score : {"dot", "scaled_dot", "general", "additive", "location"}
        With which it attends after its steps; the last three have parameters of their own.
    **options
        Of a self-attention encoder: ``heads``, ``layers``, ``positions`` …, as for `init_encoder`.

    Returns
    -------
    dict
        Nested, float32. The parameters do not depend on how the decoder is wired to the encoder.

    Raises
    ------
    ValueError
        If there is no encoder of that name, or none of that attention for it, the width of a
        bidirectional encoder is odd, or an option does not belong to the encoder.

    Examples
    --------
    >>> sorted(init_seq2seq(np.random.default_rng(0), 5, 7, 4))
    ['combine', 'decoder', 'encoder', 'output', 'source_embedding', 'target_embedding']
    """
    cell = encoder if encoder in _CELLS else "gru"
    require(
        attention == "after" or (cell == "gru" and score == "dot"),
        f"encoder = {encoder!r} and score = {score!r} do not go with attention inside: its "
        "decoder is a GRU, and its scores are additive",
    )
    init_decoder_cell = _CELLS[cell] if attention == "after" else init_attentive_gru
    encoder_params = _init_any_encoder(rng, encoder, width, options)
    params = {
        "source_embedding": init_embedding(rng, source_vocabulary, width),
        "target_embedding": init_embedding(rng, target_vocabulary, width),
        "encoder": encoder_params,
        "decoder": init_decoder_cell(rng, width, width),
        "combine": init_linear(rng, 2 * width, width),
        "output": init_linear(rng, width, target_vocabulary),
    }
    init_score = _SCORES.get(score)
    return params | ({"score": init_score(rng, width)} if init_score else {})


_SCORES = {"general": init_general, "additive": init_additive, "location": init_location}


def _init_any_encoder(rng, encoder, width, options):
    if encoder == "self_attention":
        return init_encoder(rng, width, **options)
    require(not options, f"encoder = {encoder!r} does not have {', '.join(options)}")
    if encoder == "bidirectional":
        require(width % 2 == 0, f"width = {width} must be even: two GRUs have one half each")
        return init_bidirectional(init_gru, rng, width, width // 2)
    return {} if encoder == "words" else _CELLS[encoder](rng, width, width)
