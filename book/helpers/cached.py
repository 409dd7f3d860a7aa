"""Decoding with keys and values kept between steps: the same numbers as `transformer`, sooner.

A decoder that says one token at a time needs the keys and values of all earlier ones at every
step; a cache saves projecting them again. Tests hold this path equal to the plain one.
"""

import autograd.numpy as np

from helpers.attention import (
    attention_weights,
    for_all_heads,
    for_all_queries,
    join_heads,
    linear_score,
    padding_mask,
    scaled_dot,
    seen,
    split_heads,
)
from helpers.functions import embedding, feed_forward, linear
from helpers.positions import position_score
from helpers.shapes import shapes
from helpers.transformer import blocks, encoder, enter, leave, sublayer, to_be_asked


@shapes
def keys_values(params, keys_values_from, cache=None):
    """Project a sequence to the keys and values of all heads, and put them behind a cache.

    Parameters
    ----------
    params : dict
        ``keys`` and ``values`` (key_heads, width, width_head).
    keys_values_from : array (batch, n, width)
    cache : dict, optional
        What this function returned for the n_before positions before, ``keys`` and ``values``
        (batch, key_heads, n_before, width_head); it is not changed.

    Returns
    -------
    dict
        ``keys`` and ``values`` (batch, key_heads, n_before + n, width_head).

    Raises
    ------
    ValueError
        If a shape does not fit.

    Examples
    --------
    >>> from helpers.start import init_multi_head
    >>> params = init_multi_head(numpy.random.default_rng(0), 8, 2)
    >>> x = numpy.ones((3, 5, 8), numpy.float32)
    >>> before = keys_values(params, x)
    >>> keys_values(params, x[:, :1], before)["keys"].shape
    (3, 2, 6, 4)
    """
    new = {name: split_heads(keys_values_from, params[name]) for name in ("keys", "values")}
    if cache is None:
        return new
    return {name: np.concatenate([cache[name], new[name]], axis=2) for name in new}


@shapes
def attend(params, queries_from, cache, mask=None, score=scaled_dot):
    """Run multi-head attention over keys and values that are there already, see `keys_values`.

    Parameters
    ----------
    params : dict
        ``queries`` (heads, width, width_head) and ``output`` (heads, width_head, width_out).
    queries_from : array (batch, n_queries, width)
    cache : dict
        ``keys`` and ``values`` (batch, key_heads, n_keys, width_head): as many heads as of queries,
        or fewer, see `attention.for_all_queries`.
    mask : boolean array to (batch, n_queries, n_keys), optional
        True = may attend.
    score : callable
        As for `attention.multi_head_attention`.

    Returns
    -------
    output : array (batch, n_queries, width_out)
    weights : array (batch, heads, n_queries, n_keys)

    Raises
    ------
    ValueError
        If a shape does not fit.

    Examples
    --------
    >>> from helpers.start import init_multi_head
    >>> params = init_multi_head(numpy.random.default_rng(0), 8, 2)
    >>> x = numpy.ones((3, 5, 8), numpy.float32)
    >>> attend(params, x[:, -1:], keys_values(params, x))[1].shape
    (3, 2, 1, 5)
    """
    queries, mask = split_heads(queries_from, params["queries"]), for_all_heads(mask)
    keys, values = (for_all_queries(cache[name], queries.shape[1]) for name in ("keys", "values"))
    weights = attention_weights(queries, keys, mask, score)
    return join_heads(weights @ seen(values, mask), params["output"]), weights


@shapes
def start_cache(params, memory, memory_lengths):
    """Cache of a decoder that has said nothing yet: keys and values of the memory.

    Parameters
    ----------
    params : dict
        From `start.init_decoder`, with ``block_0.attention_norm.scale`` (width,).
    memory : array (batch, n_memory, width)
    memory_lengths : integer array (batch,) up to n_memory

    Returns
    -------
    dict
        For each block ``itself`` and ``memory``, see `keys_values`; and the ``mask`` of the
        memory. The first axis of every array is the batch.

    Examples
    --------
    >>> from helpers.start import init_decoder
    >>> params = init_decoder(numpy.random.default_rng(0), 8)
    >>> cache = start_cache(params, numpy.ones((2, 5, 8), numpy.float32), numpy.array([5, 4]))
    >>> [cache["block_0"][name]["keys"].shape for name in ("itself", "memory")]
    [(2, 4, 0, 2), (2, 4, 5, 2)]
    """
    mask = padding_mask(memory_lengths, memory.shape[1])
    memory = seen(memory, mask)
    cache = {
        f"block_{i}": {
            "itself": keys_values(block["attention"], memory[:, :0]),
            "memory": keys_values(block["cross"], memory),
        }
        for i, block in enumerate(blocks(params))
    }
    return cache | {"mask": mask}


@shapes
def decoder_step(params, embedded, cache, *, positions="sinusoidal", norm="pre", residual=True):
    """Go on decoding from a cache: what `decoder` gives for the new positions, without the old.

    Parameters
    ----------
    params : dict
        From `start.init_decoder`, with ``block_0.attention_norm.scale`` (width,).
    embedded : array (batch, n_new, width)
        The new tokens, usually one.
    cache : dict
        From `start_cache`, or from the step before, with ``block_0.memory.keys``
        (batch, heads, n_memory, width_head); it is not changed.
    positions : {"sinusoidal", "learned", "rotary", "alibi", "none"}
    norm : {"pre", "post", "none"}
    residual : {True, False, "encoder", "decoder"}
        As for `transformer.decoder`.

    Returns
    -------
    outputs : array (batch, n_new, width)
    cache : dict
        With the new positions in it.

    Raises
    ------
    ValueError
        If a shape does not fit, or a name is unknown.

    Examples
    --------
    >>> from helpers.start import init_decoder
    >>> params = init_decoder(numpy.random.default_rng(0), 8)
    >>> cache = start_cache(params, numpy.ones((2, 5, 8), numpy.float32), numpy.array([5, 4]))
    >>> outputs, cache = decoder_step(params, numpy.ones((2, 1, 8), numpy.float32), cache)
    >>> outputs.shape, cache["block_0"]["itself"]["keys"].shape
    ((2, 1, 8), (2, 4, 1, 2))
    """
    start, n_new = cache["block_0"]["itself"]["keys"].shape[2], embedded.shape[1]
    n, score = start + n_new, position_score(positions)
    mask = np.arange(start, n)[:, None] >= np.arange(n)  # not a whole map: n may be large
    x, grown = enter(params, embedded, positions, start), {"mask": cache["mask"]}
    parts = {"norm": norm, "residual": residual in (True, "decoder")}
    for i, block in enumerate(blocks(params)):
        old = cache[f"block_{i}"]
        x, itself = look_back(block, x, old["itself"], mask, score, **parts)
        x, _ = sublayer(block["cross_norm"], x, looking_at(block, old, cache["mask"]), **parts)
        x, _ = sublayer(block["feed_forward_norm"], x, transforming(block), **parts)
        grown[f"block_{i}"] = {"itself": itself, "memory": old["memory"]}
    return leave(params, x), grown


def look_back(block, x, cache, mask, score, **parts):
    """Self-attention of new positions over the old ones and themselves; and the grown cache.

    Examples
    --------
    >>> from helpers.start import init_encoder_block
    >>> block = init_encoder_block(numpy.random.default_rng(0), 8, 2)
    >>> x = numpy.ones((3, 1, 8), numpy.float32)
    >>> look_back(block, x, None, None, scaled_dot)[1]["keys"].shape
    (3, 2, 1, 4)
    """

    def itself(y):
        grown = keys_values(block["attention"], y, cache)
        return attend(block["attention"], y, grown, mask, score)[0], grown

    return sublayer(block["attention_norm"], x, itself, **parts)


def looking_at(block, cache, mask):
    """Return the cross-attention of a decoder block, as a part for `transformer.sublayer`.

    Examples
    --------
    >>> from helpers.start import init_decoder_block
    >>> block = init_decoder_block(numpy.random.default_rng(0), 8, 2)
    >>> x = numpy.ones((3, 5, 8), numpy.float32)
    >>> looking_at(block, {"memory": keys_values(block["cross"], x)}, None)(x[:, :1])[1].shape
    (3, 2, 1, 5)
    """
    return lambda y: attend(block["cross"], y, cache["memory"], mask)


def transforming(block):
    """Return the feed-forward part of a block, as a part for `transformer.sublayer`.

    Examples
    --------
    >>> from helpers.start import init_encoder_block
    >>> block = init_encoder_block(numpy.random.default_rng(0), 8, 2)
    >>> transforming(block)(numpy.ones((3, 1, 8), numpy.float32))[0].shape
    (3, 1, 8)
    """
    return lambda y: (feed_forward(block["expand"], block["shrink"], y), None)


@shapes
def start_decoding(params, source, source_lengths, *, summary=None, **options):
    """Read the source, and return how to go on token by token, for `helpers.decoding`.

    Parameters
    ----------
    params : dict
        From `start.init_transformer`, with ``source_embedding`` (source_vocabulary, width).
    source : integer array (batch, n_source) below source_vocabulary
    source_lengths : integer array (batch,) up to n_source
    summary : {"last", "mean"}, optional
        As for `transformer.transformer`.
    **options
        ``positions``, ``norm`` and ``residual``, as for `transformer.decoder`.

    Returns
    -------
    step : callable
        (tokens (batch, 1), state) -> (logits (batch, 1, target_vocabulary), state)
    state : dict
        The decoder's cache.

    Examples
    --------
    >>> from helpers.start import init_transformer
    >>> params = init_transformer(numpy.random.default_rng(0), 5, 7, 8)
    >>> step, state = start_decoding(params, numpy.array([[1, 2, 3]]), numpy.array([3]))
    >>> step(numpy.array([[1]]), state)[0].shape
    (1, 1, 7)
    """
    embedded = embedding(params["source_embedding"], source)
    outputs, _ = encoder(params["encoder"], embedded, source_lengths, **options)
    memory, lengths = to_be_asked(outputs, source_lengths, summary)

    def step(tokens, cache):
        embedded = embedding(params["target_embedding"], tokens)
        outputs, cache = decoder_step(params["decoder"], embedded, cache, **options)
        return linear(params["output"], outputs), cache

    return step, start_cache(params["decoder"], memory, lengths)


@shapes
def stack_step(
    params,
    embedded,
    cache=None,
    *,
    prefix=False,
    positions="rotary",
    window=0,
    softmax=True,
    **parts,
):
    """Go on from a cache: what `transformer.stack` gives for new positions of one text.

    Parameters
    ----------
    params : dict
        From `start.init_encoder`, with ``block_0.attention_norm.scale`` (width,).
    embedded : array (batch, n_new, width)
    cache : dict, optional
        From the step before, with ``block_0.keys`` (batch, key_heads, n_before, width_head); it is
        not changed.
    prefix : bool
        Whether the new positions see each other, or each itself and earlier ones alone.
    positions : {"sinusoidal", "learned", "rotary", "alibi", "none"}
    window, softmax
        As for `transformer.decoder_only`.
    **parts
        ``norm`` and ``residual``, as for `transformer.sublayer`.

    Returns
    -------
    outputs : array (batch, n_new, width)
    cache : dict
        ``keys`` and ``values`` (batch, key_heads, n_before + n_new, width_head) for each block.

    Examples
    --------
    >>> from helpers.start import init_encoder
    >>> params = init_encoder(numpy.random.default_rng(0), 8, positions="rotary")
    >>> outputs, cache = stack_step(params, numpy.ones((2, 3, 8), numpy.float32))
    >>> stack_step(params, numpy.ones((2, 1, 8), numpy.float32), cache)[1]["block_0"]["keys"].shape
    (2, 4, 4, 2)
    """
    start, n_new = cache["block_0"]["keys"].shape[2] if cache else 0, embedded.shape[1]
    n, score = start + n_new, position_score(positions) if softmax else linear_score
    ages = np.arange(start, n)[:, None] - np.arange(n)  # not a whole map: n may be large
    mask = ages >= -n if prefix else ages >= 0
    mask = mask & (abs(ages) < window) if window else mask
    x, grown = enter(params, embedded, positions, start), {}
    for i, block in enumerate(blocks(params)):
        old = cache[f"block_{i}"] if cache else None
        x, seen_so_far = look_back(block, x, old, mask, score, **parts)
        x, _ = sublayer(block["feed_forward_norm"], x, transforming(block), **parts)
        grown[f"block_{i}"] = seen_so_far
    return leave(params, x), grown


@shapes
def start_writing(params, tokens, *, prefix=False, **options):
    """Read the beginning of texts, and return how a decoder-only model goes on.

    Parameters
    ----------
    params : dict
        From `start.init_decoder_only`, with ``embedding`` (vocabulary, width).
    tokens : integer array (batch, n) below vocabulary
        What stands before the first token that `step` will be given; all equally long, so that
        what follows stands at the same position everywhere.
    prefix : bool
        Whether the tokens of the beginning see each other, as in `transformer.decoder_only`.
    **options
        ``positions`` (rotary if not given), ``window``, ``softmax``, ``norm`` and ``residual``, as
        for `stack_step`.

    Returns
    -------
    step : callable
        (tokens (batch, 1), state) -> (logits (batch, 1, vocabulary), state)
    state : dict
        Keys and values of each block.

    Examples
    --------
    >>> from helpers.start import init_decoder_only
    >>> params = init_decoder_only(numpy.random.default_rng(0), 7, 8)
    >>> step, state = start_writing(params, numpy.array([[1, 2, 3]]))
    >>> logits, state = step(numpy.array([[4]]), state)
    >>> logits.shape, state["block_0"]["keys"].shape
    ((1, 1, 7), (1, 4, 4, 2))
    """

    def step(tokens, cache):
        embedded = embedding(params["embedding"], tokens)
        outputs, cache = stack_step(params["stack"], embedded, cache, **options)
        return linear(params["output"], outputs), cache

    read = embedding(params["embedding"], tokens)
    return step, stack_step(params["stack"], read, prefix=prefix, **options)[1]
