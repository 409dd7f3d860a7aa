"""The Transformer: blocks, encoder, decoder, encoder-decoder, and decoder-only.

Options that go through every function: `positions` (a name, see `positions`), `norm` ("pre": each
part of a block sees its input normed; "post", as in the paper: the sum is normed; "none"), and
`dropout` with the random generator `rng` that it needs. `residual=False` leaves the sum out, and
"encoder" or "decoder" says the one side that keeps it: to see what it is good for. `wires` says
from whom the decoder's two attentions get queries, keys and values, see `rewired_block`. Going on
from a cache is in `cached`.
"""

import math
from functools import partial

import numpy

from helpers import fast
from helpers.attention import (
    attention_weights,
    causal_mask,
    for_all_heads,
    for_all_queries,
    join_heads,
    linear_score,
    local_mask,
    multi_head_attention,
    padding_mask,
    prefix_mask,
    scaled_dot,
    seen,
    split_heads,
)
from helpers.fast import transformer as kernels
from helpers.functions import dropout as drop
from helpers.functions import embedding, feed_forward, layer_norm, linear
from helpers.positions import add_positions, position_score
from helpers.shapes import shapes

#: The usual wires of a decoder. Self-attention asks the target, cross-attention the source.
WIRES = "ttt tss"
#: For which of its projections a layer takes the matrix of its queries.
TIED = {"three matrices": (), "queries = keys": ("keys",), "one for all": ("keys", "values")}

# ---- blocks ----------------------------------------------------------------------------------


def sublayer(norm_params, x, part, norm="pre", residual=True, dropout=0.0, rng=None):
    r"""Add to x what a part of a block makes of it: :math:`x + \mathrm{part}(\mathrm{norm}(x))`.

    After the sum, as in the paper of 2017, is "post": :math:`\mathrm{norm}(x + \mathrm{part}(x))`.

    Parameters
    ----------
    norm_params : dict
        Of a layer norm.
    x : array (batch, n, width)
    part : callable
        array -> (array of the same shape, weights)
    norm : {"pre", "post", "none"}
    residual : bool
        Whether the part adds to its input, or takes its place.
    dropout : float, from 0 to below 1
        Share of what the part puts out that is set to 0.
    rng : numpy.random.Generator, optional
        Needed for dropout.

    Returns
    -------
    x : array (batch, n, width)
    weights
        What the part returned beside it.

    References
    ----------
    Vaswani et al. 2017, section 3.1 ("post"); Xiong et al. 2020 ("pre").

    Examples
    --------
    >>> params = {"scale": numpy.ones(2), "shift": numpy.zeros(2)}
    >>> x = numpy.array([[[1.0, 3.0]]])
    >>> sublayer(params, x, lambda y: (10 * y, None))[0].round()
    array([[[-9., 13.]]])
    """
    change, weights = part(layer_norm(norm_params, x) if norm == "pre" else x)
    change = drop(change, dropout, rng)
    x = x + change if residual else change
    return (layer_norm(norm_params, x) if norm == "post" else x), weights


@shapes
@fast.by(kernels.encoder_block)
def encoder_block(params, x, mask=None, *, score=scaled_dot, norm="pre", **parts):
    """Let every position attend to every other, then transform each by itself.

    Parameters
    ----------
    params : dict
        From `start.init_encoder_block`, with ``attention_norm.scale`` (width,).
    x : array (batch, n, width)
    mask : boolean array to (batch, n, n), optional
        True = may attend.
    score : callable
        (queries, keys) -> scores
    norm : {"pre", "post", "none"}
    **parts
        ``residual``, ``dropout`` and ``rng``, as for `sublayer`.

    Returns
    -------
    x : array (batch, n, width)
    weights : array (batch, heads, n, n)

    Raises
    ------
    ValueError
        If a shape does not fit, or there is no norm of that name.

    References
    ----------
    Vaswani et al. 2017, figure 1, left.

    Examples
    --------
    >>> from helpers.start import init_encoder_block
    >>> params = init_encoder_block(numpy.random.default_rng(0), 8, 2)
    >>> x, weights = encoder_block(params, numpy.ones((3, 5, 8), numpy.float32))
    >>> x.shape, weights.shape
    ((3, 5, 8), (3, 2, 5, 5))
    """

    def itself(y):
        return multi_head_attention(params["attention"], y, y, mask, score)

    def each(y):
        return feed_forward(params["expand"], params["shrink"], y), None

    x = seen(x, mask)
    x, weights = sublayer(params["attention_norm"], x, itself, norm, **parts)
    x, _ = sublayer(params["feed_forward_norm"], x, each, norm, **parts)
    return x, weights


@shapes
@fast.by(kernels.decoder_block)
def decoder_block(
    params, x, memory, mask=None, memory_mask=None, *, score=scaled_dot, norm="pre", **parts
):
    """Attend to the target so far, then to the source, then transform each position by itself.

    Parameters
    ----------
    params : dict
        From `start.init_decoder_block`, with ``attention_norm.scale`` (width,).
    x : array (batch, n_target, width)
    memory : array (batch, n_memory, width)
        What the encoder put out.
    mask : boolean array to (batch, n_target, n_target), optional
        For self-attention; usually `attention.causal_mask`.
    memory_mask : boolean array to (batch, n_target, n_memory), optional
        For cross-attention.
    score : callable
        (queries, keys) -> scores, for self-attention; cross-attention has scaled dot products.
    norm : {"pre", "post", "none"}
    **parts
        ``residual``, ``dropout`` and ``rng``, as for `sublayer`.

    Returns
    -------
    x : array (batch, n_target, width)
    weights : array (batch, heads, n_target, n_target)
        Of self-attention.
    cross_weights : array (batch, heads, n_target, n_memory)

    Raises
    ------
    ValueError
        If a shape does not fit, or there is no norm of that name.

    References
    ----------
    Vaswani et al. 2017, figure 1, right.

    Examples
    --------
    >>> from helpers.start import init_decoder_block
    >>> params = init_decoder_block(numpy.random.default_rng(0), 8, 2)
    >>> x, memory = numpy.ones((3, 5, 8), numpy.float32), numpy.ones((3, 7, 8), numpy.float32)
    >>> x, weights, cross_weights = decoder_block(params, x, memory, causal_mask(5))
    >>> x.shape, weights.shape, cross_weights.shape
    ((3, 5, 8), (3, 2, 5, 5), (3, 2, 5, 7))
    """

    def itself(y):
        return multi_head_attention(params["attention"], y, y, mask, score)

    def source(y):
        return multi_head_attention(params["cross"], y, memory, memory_mask)

    def each(y):
        return feed_forward(params["expand"], params["shrink"], y), None

    x = seen(x, mask)
    x, weights = sublayer(params["attention_norm"], x, itself, norm, **parts)
    x, cross_weights = sublayer(params["cross_norm"], x, source, norm, **parts)
    x, _ = sublayer(params["feed_forward_norm"], x, each, norm, **parts)
    return x, weights, cross_weights


def rewired_block(
    params,
    x,
    memory,
    mask=None,
    memory_mask=None,
    *,
    wires=WIRES,
    score=scaled_dot,
    norm="pre",
    **parts,
):
    """Do what `decoder_block` does, with queries, keys and values of either attention from anyone.

    Parameters
    ----------
    params, x, memory, mask, memory_mask, score, norm, **parts
        As for `decoder_block`.
    wires : str
        For self-attention, then for cross-attention, three letters: where queries, keys and values
        come from, "t" for the target so far and "s" for the source. In place of three letters
        "none": nobody may look, and the attention adds nothing.

    Returns
    -------
    x : array (batch, n_target, width)
    weights : array (batch, heads, n_queries, n_keys)
        Of self-attention.
    cross_weights : array (batch, heads, n_queries, n_keys)

    Raises
    ------
    ValueError
        If source and target have other lengths than the wires need.

    Examples
    --------
    >>> from helpers.start import init_decoder_block
    >>> params = init_decoder_block(numpy.random.default_rng(0), 8, 2)
    >>> x, memory = numpy.ones((3, 5, 8), numpy.float32), numpy.ones((3, 7, 8), numpy.float32)
    >>> rewired_block(params, x, memory, wires="ttt ttt")[2].shape
    (3, 2, 5, 5)
    >>> rewired_block(params, x, memory, wires="ttt stt")
    Traceback (most recent call last):
    ValueError: queries from the source: 7 rows come out, 5 words wait
    """
    itself, source = wires.split()

    def first(y):
        # A distance to the source means nothing.
        relative = score if itself == "ttt" else scaled_dot
        return tapped(params["attention"], y, memory, itself, mask, memory_mask, relative)

    def second(y):
        return tapped(params["cross"], y, memory, source, mask, memory_mask, usual="tss")

    def each(y):
        return feed_forward(params["expand"], params["shrink"], y), None

    x = seen(x, mask)
    x, weights = sublayer(params["attention_norm"], x, first, norm, **parts)
    x, cross_weights = sublayer(params["cross_norm"], x, second, norm, **parts)
    x, _ = sublayer(params["feed_forward_norm"], x, each, norm, **parts)
    return x, weights, cross_weights


def tapped(params, y, memory, taps, mask, memory_mask, score=scaled_dot, usual="ttt"):
    """`attention.multi_head_attention` whose queries, keys and values come from anyone.

    A word of the target that is not said yet is hidden, whether it is a key or a value. Of "none"
    the map is that of the usual taps, with 0 everywhere.

    Examples
    --------
    >>> from helpers.start import init_decoder_block
    >>> params = init_decoder_block(numpy.random.default_rng(0), 8, 2)["cross"]
    >>> y, memory = numpy.ones((3, 5, 8), numpy.float32), numpy.ones((3, 7, 8), numpy.float32)
    >>> tapped(params, y, memory, "tss", None, None)[1].shape
    (3, 2, 5, 7)
    """
    asking, *asked = usual if taps == "none" else taps
    reason = misfit((asking, *asked), memory.shape[1], y.shape[1])
    if reason:
        raise ValueError(reason)
    both = {"t": (y, mask), "s": (seen(memory, memory_mask), memory_mask)}
    masks = [both[side][1] for side in dict.fromkeys(asked) if both[side][1] is not None]
    allowed = masks[0] if len(masks) == 1 else masks[0] & masks[1] if masks else None
    allowed = numpy.zeros((1, 1), dtype=bool) if taps == "none" else allowed
    if asked[0] == asked[1]:
        asks, whom = both[asking][0], both[asked[0]][0]
        return multi_head_attention(params, asks, whom, allowed, score)
    names = zip((asking, *asked), ("queries", "keys", "values"), strict=True)
    queries, keys, values = (split_heads(both[side][0], params[name]) for side, name in names)
    weights = attention_weights(queries, keys, for_all_heads(allowed), score)
    return join_heads(weights @ values, params["output"]), weights


def misfit(taps, n_source, n_target):
    """Say why these taps don't fit, or "": each key needs a value, each word that waits a row.

    Examples
    --------
    >>> misfit("tss", 7, 9), misfit("sss", 7, 9)
    ('', 'queries from the source: 7 rows come out, 9 words wait')
    """
    asking, keys, values = taps
    sizes, names = {"t": n_target, "s": n_source}, {"t": "the target", "s": "the source"}
    if sizes[keys] != sizes[values]:
        count = f"{sizes[keys]} weights, {sizes[values]} values"
        return f"keys from {names[keys]}, values from {names[values]}: {count}"
    fits = sizes[asking] == n_target
    return (
        "" if fits else f"queries from the source: {n_source} rows come out, {n_target} words wait"
    )


# ---- stacks of blocks ------------------------------------------------------------------------


def blocks(params):
    """Parameters of the blocks of a stack, in their order.

    Examples
    --------
    >>> blocks({"block_0": "first", "block_1": "second", "norm": "no block"})
    ['first', 'second']
    """
    return [params[name] for name in params if name.startswith("block_")]


def enter(params, embedded, positions, start=0):
    """Bring embeddings and positions to one scale, and add them up.

    Embeddings start with norm 1, positions with sqrt(width / 2).

    Examples
    --------
    >>> enter({"positions": {}}, numpy.ones((1, 1, 4)), "sinusoidal")
    array([[[2., 3., 2., 3.]]])
    """
    scaled = embedded * math.sqrt(embedded.shape[-1])
    return add_positions(params["positions"], scaled, positions, start)


def leave(params, x):
    """Norm what pre-norm blocks have added up; other stacks have no last norm.

    Examples
    --------
    >>> leave({}, numpy.ones(2))
    array([1., 1.])
    """
    return layer_norm(params["norm"], x) if "norm" in params else x


def stack(
    params,
    embedded,
    mask,
    *,
    positions="sinusoidal",
    softmax=True,
    dropout=0.0,
    rng=None,
    **parts,
):
    """Send embeddings plus positions through all blocks of an encoder or a decoder-only model.

    Parameters
    ----------
    params : dict
        From `start.init_encoder`, with the same `positions` and `norm`; it has
        ``block_0.attention_norm.scale`` (width,).
    embedded : array (batch, n, width)
    mask : boolean array to (batch, n, n)
    softmax : bool
        Or else the weights are those of `cost.linear_attention`.
    positions, dropout, rng, **parts
        As for `encoder`.

    Returns
    -------
    outputs : array (batch, n, width)
    weights : list of arrays (batch, heads, n, n)
        The map of each block.

    Examples
    --------
    >>> from helpers.start import init_encoder
    >>> params = init_encoder(numpy.random.default_rng(0), 8)
    >>> stack(params, numpy.ones((2, 5, 8), numpy.float32), causal_mask(5))[1][0].shape
    (2, 4, 5, 5)
    """
    x = drop(enter(params, embedded, positions), dropout, rng)
    score = position_score(positions) if softmax else linear_score
    parts = {**parts, "score": score, "dropout": dropout, "rng": rng}
    maps = []
    for block in blocks(params):
        x, weights = encoder_block(block, x, mask, **parts)
        maps.append(weights)
    return leave(params, x), maps


@shapes
def encoder(
    params, embedded, lengths, *, positions="sinusoidal", norm="pre", residual=True, **parts
):
    """Self-attention encoder: embeddings plus positions, through all blocks.

    Parameters
    ----------
    params : dict
        From `start.init_encoder`, with the same `positions` and `norm`; it has
        ``block_0.attention_norm.scale`` (width,).
    embedded : array (batch, n, width)
        Embedded tokens, with no position in them yet.
    lengths : integer array (batch,) up to n
    positions : {"sinusoidal", "learned", "rotary", "alibi", "none"}
    norm : {"pre", "post", "none"}
    residual : {True, False, "encoder", "decoder"}
        Whether parts add to their input, or the one side of a Transformer in which they do.
    **parts
        ``dropout`` and ``rng``, as for `sublayer`; embeddings are dropped out too.

    Returns
    -------
    outputs : array (batch, n, width)
        Positions past the length hold numbers that no true position has seen; mask them.
    weights : list of arrays (batch, heads, n, n)
        The map of each block.

    Raises
    ------
    ValueError
        If a shape does not fit, a length is longer than the array, or a name is unknown.

    Examples
    --------
    >>> from helpers.start import init_encoder
    >>> params = init_encoder(numpy.random.default_rng(0), 8)
    >>> embedded = numpy.ones((2, 5, 8), numpy.float32)
    >>> outputs, weights = encoder(params, embedded, numpy.array([5, 3]))
    >>> outputs.shape, bool((weights[0][1, :, :, 3:] == 0).all())
    ((2, 5, 8), True)
    """
    mask = padding_mask(lengths, embedded.shape[1])
    parts = {**parts, "norm": norm, "residual": residual in (True, "encoder")}
    return stack(params, embedded, mask, positions=positions, **parts)


@shapes
def decoder(
    params,
    embedded,
    memory,
    memory_lengths,
    *,
    positions="sinusoidal",
    norm="pre",
    residual=True,
    dropout=0.0,
    rng=None,
    wires=WIRES,
):
    """Run the decoder over a whole target at once; no position sees a later one.

    Parameters
    ----------
    params : dict
        From `start.init_decoder`, with the same `positions` and `norm`; it has
        ``block_0.attention_norm.scale`` (width,).
    embedded : array (batch, n_target, width)
        The embedded target, shifted right by one.
    memory : array (batch, n_memory, width)
        What the encoder put out.
    memory_lengths : integer array (batch,) up to n_memory
    positions : {"sinusoidal", "learned", "rotary", "alibi", "none"}
        Rotary and ALiBi positions act in self-attention alone: a distance between a target and a
        source position has no meaning.
    norm : {"pre", "post", "none"}
    residual, dropout, rng
        As for `encoder`.
    wires : str
        Where queries, keys and values of its two attentions come from, see `rewired_block`.

    Returns
    -------
    outputs : array (batch, n_target, width)
    weights : list of arrays (batch, heads, n_target, n_target)
        The map of self-attention of each block.
    cross_weights : list of arrays (batch, heads, n_target, n_memory)

    Raises
    ------
    ValueError
        If a shape does not fit, a length is longer than the memory, or a name is unknown.

    Examples
    --------
    >>> from helpers.start import init_decoder
    >>> params = init_decoder(numpy.random.default_rng(0), 8)
    >>> x, memory = numpy.ones((2, 3, 8), numpy.float32), numpy.ones((2, 5, 8), numpy.float32)
    >>> outputs, weights, cross_weights = decoder(params, x, memory, numpy.array([5, 4]))
    >>> outputs.shape, weights[0].shape, cross_weights[0].shape
    ((2, 3, 8), (2, 4, 3, 3), (2, 4, 3, 5))
    """
    mask = causal_mask(embedded.shape[1])
    memory_mask = padding_mask(memory_lengths, memory.shape[1])
    x = drop(enter(params, embedded, positions), dropout, rng)
    parts = {"norm": norm, "residual": residual in (True, "decoder"), "dropout": dropout}
    parts = {**parts, "score": position_score(positions), "rng": rng}
    through = decoder_block if wires == WIRES else partial(rewired_block, wires=wires)
    maps, cross_maps = [], []
    for block in blocks(params):
        x, weights, cross_weights = through(block, x, memory, mask, memory_mask, **parts)
        maps.append(weights)
        cross_maps.append(cross_weights)
    return leave(params, x), maps, cross_maps


# ---- the whole -------------------------------------------------------------------------------


def share_projections(params):
    """Give all attentions of a Transformer one set of projections, where it has only one.

    The arrays are the same ones in every place, so their gradient is the sum over all places.

    Parameters
    ----------
    params : dict
        From `start.init_transformer`, with all three attentions or with ``projections``.

    Returns
    -------
    dict
        With ``attention`` in each block and ``cross`` in each of the decoder, as without sharing.

    Examples
    --------
    >>> from helpers.start import init_transformer
    >>> rng = numpy.random.default_rng(0)
    >>> whole = share_projections(init_transformer(rng, 5, 7, 8, shared_projections=True))
    >>> block = whole["decoder"]["block_0"]
    >>> block["cross"] is block["attention"] is whole["encoder"]["block_0"]["attention"]
    True
    """
    if "projections" not in params:
        return params
    others = {name: part for name, part in params.items() if name != "projections"}
    own = {"attention": params["projections"]}
    encoder_blocks = _with_each_block(params["encoder"], own)
    decoder_blocks = _with_each_block(params["decoder"], own | {"cross": params["projections"]})
    return others | {"encoder": encoder_blocks, "decoder": decoder_blocks}


def repeat_keys(params):
    """Give each head of queries keys and values of its own, where several heads share them.

    The projections that they share are repeated, so that their gradients are summed. A cache does
    without: it keeps what is shared once, see `cached.attend`.

    Parameters
    ----------
    params : dict
        From `start.init_decoder_only`.

    Returns
    -------
    dict
        With as many ``keys`` and ``values`` in each block as ``queries``.

    Examples
    --------
    >>> from helpers.start import init_decoder_only
    >>> params = init_decoder_only(numpy.random.default_rng(0), 7, 8, key_heads=2)
    >>> for one in (params, repeat_keys(params)):
    ...     print(one["stack"]["block_0"]["attention"]["keys"].shape)
    (2, 8, 2)
    (4, 8, 2)
    """

    def whole(own):
        heads, names = len(own["queries"]), ("keys", "values")
        return own | {name: for_all_queries(own[name][None], heads)[0] for name in names}

    stack = {
        name: part | {"attention": whole(part["attention"])} if name.startswith("block_") else part
        for name, part in params["stack"].items()
    }
    return params | {"stack": stack}


def _with_each_block(params, own):
    """Give each block of a stack these parts."""
    return {
        name: {**part, **own} if name.startswith("block_") else part
        for name, part in params.items()
    }


@shapes
def summarise(outputs, lengths, summary):
    """Return the last true output of each sequence, or the mean of its true outputs.

    Parameters
    ----------
    outputs : array (batch, n, width)
    lengths : integer array (batch,) up to n
    summary : {"last", "mean"}

    Returns
    -------
    array (batch, width)

    Examples
    --------
    >>> outputs = numpy.array([[[1.0], [3.0], [99.0]]])
    >>> [summarise(outputs, numpy.array([2]), name).item() for name in ("last", "mean")]
    [3.0, 2.0]
    """
    places, ends = numpy.arange(outputs.shape[1]), lengths[:, None, None]
    counts = places == ends - 1 if summary == "last" else places < ends  # (batch, 1, n)
    shares = counts / numpy.maximum(counts.sum(axis=-1, keepdims=True), 1)
    return (shares.astype(outputs.dtype) @ seen(outputs, counts))[:, 0]


@shapes
def transformer(params, source, source_lengths, target_in, *, summary=None, **options):
    """Read the source and predict every target token, in one parallel pass (teacher forcing).

    Parameters
    ----------
    params : dict
        From `start.init_transformer`, with ``source_embedding`` (source_vocabulary, width) and
        ``target_embedding`` (target_vocabulary, width).
    source : integer array (batch, n_source) below source_vocabulary
    source_lengths : integer array (batch,) up to n_source
    target_in : integer array (batch, n_target) below target_vocabulary
        The target, shifted right by one: it begins with the start token.
    summary : {"last", "mean"}, optional
        One vector that the decoder sees in place of all encoder outputs, see `summarise`.
    **options
        ``positions``, ``norm``, ``residual``, ``dropout`` and ``rng``, as for `encoder`; ``wires``,
        as for `decoder`.

    Returns
    -------
    logits : array (batch, n_target, target_vocabulary)

    Raises
    ------
    ValueError
        If a shape does not fit, a token is outside its vocabulary, or a name is unknown.

    References
    ----------
    Vaswani et al. 2017.

    Examples
    --------
    >>> from helpers.start import init_transformer
    >>> params = init_transformer(numpy.random.default_rng(0), 5, 7, 8)
    >>> tokens, lengths = numpy.array([[1, 2, 3]]), numpy.array([3])
    >>> transformer(params, tokens, lengths, numpy.array([[1, 4]])).shape
    (1, 2, 7)
    """
    options = {**options, "summary": summary}
    return read_and_predict(params, source, source_lengths, target_in, **options)[0]


@shapes
def attention_maps(params, source, source_lengths, target_in, *, summary=None, **options):
    """Return all maps of a Transformer, of its three kinds of attention.

    Parameters
    ----------
    params : dict
        From `start.init_transformer`, with ``source_embedding`` (source_vocabulary, width) and
        ``target_embedding`` (target_vocabulary, width).
    source : integer array (batch, n_source) below source_vocabulary
    source_lengths : integer array (batch,) up to n_source
    target_in : integer array (batch, n_target) below target_vocabulary
    summary, **options
        As for `transformer`.

    Returns
    -------
    dict
        ``encoder`` (source to source), ``decoder`` (target to target) and ``cross`` (target to
        source): each a list with one array (batch, heads, n_queries, n_keys) for each block.

    Examples
    --------
    >>> from helpers.start import init_transformer
    >>> params = init_transformer(numpy.random.default_rng(0), 5, 7, 8)
    >>> tokens, lengths = numpy.array([[1, 2, 3]]), numpy.array([3])
    >>> maps = attention_maps(params, tokens, lengths, numpy.array([[1, 4]]))
    >>> {name: layers[0].shape for name, layers in maps.items()}
    {'encoder': (1, 4, 3, 3), 'decoder': (1, 4, 2, 2), 'cross': (1, 4, 2, 3)}
    """
    options = {**options, "summary": summary}
    return read_and_predict(params, source, source_lengths, target_in, **options)[1]


def read_and_predict(
    params, source, source_lengths, target_in, *, summary=None, wires=WIRES, **options
):
    """Return the logits of `transformer` and the maps of `attention_maps`.

    Examples
    --------
    >>> from helpers.start import init_transformer
    >>> params = init_transformer(numpy.random.default_rng(0), 5, 7, 8)
    >>> tokens, lengths = numpy.array([[1, 2, 3]]), numpy.array([3])
    >>> read_and_predict(params, tokens, lengths, numpy.array([[1, 4]]))[0].shape
    (1, 2, 7)
    """
    embedded = embedding(params["source_embedding"], source)
    memory, source_maps = encoder(params["encoder"], embedded, source_lengths, **options)
    memory, lengths = to_be_asked(memory, source_lengths, summary)
    embedded = embedding(params["target_embedding"], target_in)
    outputs, target_maps, cross_maps = decoder(
        params["decoder"], embedded, memory, lengths, wires=wires, **options
    )
    maps = {"encoder": source_maps, "decoder": target_maps, "cross": cross_maps}
    return linear(params["output"], outputs), maps


def to_be_asked(outputs, lengths, summary=None):
    """Return what the decoder may ask, and its lengths: all encoder outputs, or one vector.

    Examples
    --------
    >>> to_be_asked(numpy.ones((2, 3, 4)), numpy.array([3, 2]), "mean")[0].shape
    (2, 1, 4)
    """
    if summary is None:
        return outputs, lengths
    return summarise(outputs, lengths, summary)[:, None], numpy.minimum(lengths, 1)


@shapes
def decoder_only(params, tokens, prefix_lengths=None, *, lengths=None, window=0, **options):
    """Predict every next token from those before it: one stack, no cross-attention.

    Parameters
    ----------
    params : dict
        From `start.init_decoder_only`, with ``embedding`` (vocabulary, width).
    tokens : integer array (batch, n) below vocabulary
        Source and target end to end, or any text.
    prefix_lengths : integer array (batch,) up to n, optional
        So many first tokens see each other; without it each sees itself and earlier ones alone.
    lengths : integer array (batch,) up to n, optional
        True lengths; what lies past them is looked at by no true position.
    window : int, at least 0
        So many of the newest positions a position sees, itself among them; 0: all.
    **options
        ``positions`` (rotary if not given), ``norm``, ``residual``, ``dropout`` and ``rng``, as
        for `encoder`; ``softmax``, as for `stack`.

    Returns
    -------
    logits : array (batch, n, vocabulary)
    weights : list of arrays (batch, heads, n, n)
        The map of each block.

    Raises
    ------
    ValueError
        If a shape does not fit, a token is outside the vocabulary, or a name is unknown.

    References
    ----------
    Radford et al. 2019; with a prefix: Raffel et al. 2020, section 3.2.1.

    Examples
    --------
    >>> from helpers.start import init_decoder_only
    >>> params = init_decoder_only(numpy.random.default_rng(0), 7, 8)
    >>> logits, weights = decoder_only(params, numpy.array([[1, 2, 3]]))
    >>> logits.shape, bool((weights[0][0, :, 0, 1:] == 0).all())
    ((1, 3, 7), True)
    """
    n = tokens.shape[1]
    mask = causal_mask(n) if prefix_lengths is None else prefix_mask(prefix_lengths, n)
    mask = mask if lengths is None else mask & padding_mask(lengths, n)
    mask = mask & local_mask(n, window - 1) if window else mask
    embedded = embedding(params["embedding"], tokens)
    outputs, weights = stack(params["stack"], embedded, mask, **{"positions": "rotary", **options})
    return linear(params["output"], outputs), weights


@shapes
def one_layer(params, tokens, projections="three matrices"):
    """Say something at every place after one look at all: the smallest model that self-attends.

    Parameters
    ----------
    params : dict
        From `start.init_one_layer`, with ``embedding`` (vocabulary, width).
    tokens : integer array (batch, n) below vocabulary
    projections : {"three matrices", "queries = keys", "one for all"}
        Which matrices stand for those of keys and values too.

    Returns
    -------
    logits : array (batch, n, answers)
        Read off what was there plus what was fetched.
    weights : array (batch, heads, n, n)

    Raises
    ------
    ValueError
        If a shape does not fit, a token is outside the vocabulary, or a name is unknown.

    Examples
    --------
    >>> from helpers.start import init_one_layer
    >>> params = init_one_layer(numpy.random.default_rng(0), 7, 5, 8)
    >>> logits, weights = one_layer(params, numpy.array([[1, 2, 3]]), "one for all")
    >>> logits.shape, weights.shape
    ((1, 3, 5), (1, 1, 3, 3))
    """
    own = params["attention"]
    tied = own | {name: own["queries"] for name in TIED[projections]}
    x = enter({"positions": {}}, embedding(params["embedding"], tokens), "sinusoidal")
    found, weights = multi_head_attention(tied, x, x)
    return linear(params["output"], x + found), weights
