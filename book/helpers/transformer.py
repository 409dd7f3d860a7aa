"""The Transformer: blocks, encoder, decoder, encoder-decoder, and decoding with a cache.

Stands on functions, attention and positions. Three options go through every function: `positions`
(a name, see `positions`), `norm` ("pre": each part of a block sees its input normed; "post", as
in the paper: the sum is normed; "none"), and `dropout` with the random generator `rng` that it
needs. `residual=False` leaves the sum out: to see what it is good for.
"""

import math

from helpers import functions
from helpers.attention import (
    attend,
    causal_mask,
    init_multi_head,
    keys_values,
    multi_head_attention,
    padding_mask,
    scaled_dot,
)
from helpers.positions import add_positions, init_positions, position_score
from helpers.primitives import require, require_choice, require_shape

# ---- blocks ------------------------------------------------------------------------------


def init_encoder_block(rng, width, heads):
    """Start one block: self-attention, and two linear maps with 4 width units between them.

    Examples
    --------
    >>> import numpy as np
    >>> sorted(init_encoder_block(np.random.default_rng(0), 8, 2))
    ['attention', 'attention_norm', 'expand', 'feed_forward_norm', 'shrink']
    """
    return {
        "attention_norm": functions.init_layer_norm(width),
        "attention": init_multi_head(rng, width, heads),
        "feed_forward_norm": functions.init_layer_norm(width),
        "expand": functions.init_linear(rng, width, 4 * width),
        "shrink": functions.init_linear(rng, 4 * width, width),
    }


def encoder_block(
    params, x, mask=None, *, score=scaled_dot, norm="pre", residual=True, dropout=0.0, rng=None
):
    """Let every position attend to every other, then transform each by itself.

    Parameters
    ----------
    params : dict
        From `init_encoder_block`.
    x : array (batch, n, width)
    mask : boolean array, optional
        Broadcastable to (batch, n, n); True = may attend.
    score : callable
        (queries, keys) -> scores
    norm : {"pre", "post", "none"}
    residual : bool
        Whether each part of the block adds to its input, or takes its place.
    dropout : float
        Share of what attention and feed-forward put out that is set to 0.
    rng : numpy.random.Generator, optional
        Needed for dropout.

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
    Vaswani et al. 2017 ("post"); Xiong et al. 2020 ("pre").

    Examples
    --------
    >>> import numpy as np
    >>> params = init_encoder_block(np.random.default_rng(0), 8, 2)
    >>> x, weights = encoder_block(params, np.ones((3, 5, 8), np.float32))
    >>> x.shape, weights.shape
    ((3, 5, 8), (3, 2, 5, 5))
    """

    def itself(y):
        return multi_head_attention(params["attention"], y, y, mask, score)

    return _block(params, x, _adding(norm, residual, dropout, rng), attention=itself)


def _block(params, x, add, **attentions):
    """Add what each attention makes of x, then what two linear maps do; return all maps too."""
    maps = []
    for name, attend_to in attentions.items():
        x, weights = add(params[f"{name}_norm"], x, attend_to)
        maps.append(weights)
    x, _ = add(
        params["feed_forward_norm"],
        x,
        lambda y: (functions.feed_forward(params["expand"], params["shrink"], y), None),
    )
    return x, *maps


def _adding(norm="pre", residual=True, dropout=0.0, rng=None):
    """Return the function that adds to x what a part of a block makes of it."""
    require_choice("norm", norm, ("pre", "post", "none"))

    def add(norm_params, x, part):
        change, weights = part(functions.layer_norm(norm_params, x) if norm == "pre" else x)
        change = functions.dropout(change, dropout, rng)
        x = x + change if residual else change
        return (functions.layer_norm(norm_params, x) if norm == "post" else x), weights

    return add


def init_decoder_block(rng, width, heads):
    """Start one block: self-attention, cross-attention, and two linear maps.

    Examples
    --------
    >>> import numpy as np
    >>> sorted(init_decoder_block(np.random.default_rng(0), 8, 2))[:4]
    ['attention', 'attention_norm', 'cross', 'cross_norm']
    """
    return {
        **init_encoder_block(rng, width, heads),
        "cross_norm": functions.init_layer_norm(width),
        "cross": init_multi_head(rng, width, heads),
    }


def decoder_block(params, x, memory, mask=None, memory_mask=None, *, score=scaled_dot, **parts):
    """Attend to the target so far, then to the source, then transform each position by itself.

    Parameters
    ----------
    params : dict
        From `init_decoder_block`.
    x : array (batch, n_target, width)
    memory : array (batch, n_memory, width)
        What the encoder put out.
    mask : boolean array, optional
        Broadcastable to (batch, n_target, n_target), for self-attention; usually `causal_mask`.
    memory_mask : boolean array, optional
        Broadcastable to (batch, n_target, n_memory), for cross-attention.
    score : callable
        (queries, keys) -> scores, for self-attention; cross-attention has scaled dot products.
    **parts
        ``norm``, ``residual``, ``dropout`` and ``rng``, as for `encoder_block`.

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
    Vaswani et al. 2017, figure 1.

    Examples
    --------
    >>> import numpy as np
    >>> params = init_decoder_block(np.random.default_rng(0), 8, 2)
    >>> x, memory = np.ones((3, 5, 8), np.float32), np.ones((3, 7, 8), np.float32)
    >>> x, weights, cross_weights = decoder_block(params, x, memory, causal_mask(5))
    >>> x.shape, weights.shape, cross_weights.shape
    ((3, 5, 8), (3, 2, 5, 5), (3, 2, 5, 7))
    """

    def itself(y):
        return multi_head_attention(params["attention"], y, y, mask, score)

    def cross(y):
        return multi_head_attention(params["cross"], y, memory, memory_mask)

    return _block(params, x, _adding(**parts), attention=itself, cross=cross)


# ---- stacks of blocks --------------------------------------------------------------------


def init_encoder(rng, width, heads=4, layers=1, *, positions="sinusoidal", norm="pre", longest=128):
    """Start `layers` blocks, the positions, and, for pre-norm, the final norm.

    Parameters
    ----------
    rng : numpy.random.Generator
    width, heads, layers : int
    positions : {"sinusoidal", "learned", "rotary", "alibi", "none"}
    norm : {"pre", "post", "none"}
    longest : int
        Number of positions that are learned.

    Returns
    -------
    dict
        Nested, float32.

    Raises
    ------
    ValueError
        If `layers` is below 1, `heads` does not divide `width`, or a name is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> sorted(init_encoder(np.random.default_rng(0), 8, layers=2))
    ['block_0', 'block_1', 'norm', 'positions']
    """
    return _init_stack(init_encoder_block, rng, width, heads, layers, positions, norm, longest)


def _init_stack(init_block, rng, width, heads, layers, positions, norm, longest):
    require(layers > 0, f"layers = {layers} must be at least 1")
    _adding(norm)
    blocks = {f"block_{i}": init_block(rng, width, heads) for i in range(layers)}
    final = {"norm": functions.init_layer_norm(width)} if norm == "pre" else {}
    return blocks | final | {"positions": init_positions(rng, positions, width, longest)}


def _blocks(params):
    """Parameters of the blocks of a stack, in their order."""
    return [params[name] for name in params if name.startswith("block_")]


def _enter(params, embedded, positions, start=0):
    # Embeddings have norm 1 at the start, positions sqrt(width / 2): bring them to one scale.
    scaled = embedded * math.sqrt(embedded.shape[-1])
    return add_positions(params["positions"], scaled, positions, start)


def _leave(params, x):
    return functions.layer_norm(params["norm"], x) if "norm" in params else x


def encoder(params, embedded, lengths, *, positions="sinusoidal", dropout=0.0, rng=None, **parts):
    """Self-attention encoder: embeddings plus positions, through all blocks.

    Parameters
    ----------
    params : dict
        From `init_encoder`, with the same `positions` and `norm`.
    embedded : array (batch, n, width)
        Embedded tokens, with no position in them yet.
    lengths : integer array (batch,)
    positions : {"sinusoidal", "learned", "rotary", "alibi", "none"}
    dropout, rng, **parts
        As for `encoder_block`, with ``norm`` and ``residual``; embeddings are dropped out too.

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
    >>> import numpy as np
    >>> params = init_encoder(np.random.default_rng(0), 8)
    >>> outputs, weights = encoder(params, np.ones((2, 5, 8), np.float32), np.array([5, 3]))
    >>> outputs.shape, bool((weights[0][1, :, :, 3:] == 0).all())
    ((2, 5, 8), True)
    """
    mask = _mask_of("lengths", lengths, embedded)
    x = functions.dropout(_enter(params, embedded, positions), dropout, rng)
    parts |= {"score": position_score(positions), "dropout": dropout, "rng": rng}
    weights = []
    for block in _blocks(params):
        x, block_weights = encoder_block(block, x, mask, **parts)
        weights.append(block_weights)
    return _leave(params, x), weights


def _mask_of(name, lengths, x):
    """Return the padding mask of a batch x (batch, n, width)."""
    mask = padding_mask(lengths, x.shape[1])
    require_shape(name, mask[:, 0, 0], len(x), reason=", one per sequence")
    return mask


def init_decoder(rng, width, heads=4, layers=1, *, positions="sinusoidal", norm="pre", longest=128):
    """Start `layers` decoder blocks, the positions, and, for pre-norm, the final norm.

    Parameters
    ----------
    rng, width, heads, layers, positions, norm, longest
        As for `init_encoder`.

    Returns
    -------
    dict
        Nested, float32.

    Examples
    --------
    >>> import numpy as np
    >>> sorted(init_decoder(np.random.default_rng(0), 8, norm="post"))
    ['block_0', 'positions']
    """
    return _init_stack(init_decoder_block, rng, width, heads, layers, positions, norm, longest)


def decoder(
    params,
    embedded,
    memory,
    memory_lengths,
    *,
    positions="sinusoidal",
    dropout=0.0,
    rng=None,
    **parts,
):
    """Run the decoder over a whole target at once; no position sees a later one.

    Parameters
    ----------
    params : dict
        From `init_decoder`, with the same `positions` and `norm`.
    embedded : array (batch, n_target, width)
        The embedded target, shifted right by one.
    memory : array (batch, n_memory, width)
        What the encoder put out.
    memory_lengths : integer array (batch,)
    positions, dropout, rng, **parts
        As for `encoder`. Rotary and ALiBi positions act in self-attention alone: a distance
        between a target and a source position has no meaning.

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
    >>> import numpy as np
    >>> params = init_decoder(np.random.default_rng(0), 8)
    >>> x, memory = np.ones((2, 3, 8), np.float32), np.ones((2, 5, 8), np.float32)
    >>> outputs, weights, cross_weights = decoder(params, x, memory, np.array([5, 4]))
    >>> outputs.shape, weights[0].shape, cross_weights[0].shape
    ((2, 3, 8), (2, 4, 3, 3), (2, 4, 3, 5))
    """
    memory_mask = _mask_of("memory_lengths", memory_lengths, memory)
    mask = causal_mask(embedded.shape[1])
    x = functions.dropout(_enter(params, embedded, positions), dropout, rng)
    parts |= {"score": position_score(positions), "dropout": dropout, "rng": rng}
    weights, cross_weights = [], []
    for block in _blocks(params):
        x, own, cross = decoder_block(block, x, memory, mask, memory_mask, **parts)
        weights.append(own)
        cross_weights.append(cross)
    return _leave(params, x), weights, cross_weights


def start_cache(params, memory, memory_lengths):
    """Cache of a decoder that has said nothing yet: keys and values of the memory.

    Parameters
    ----------
    params : dict
        From `init_decoder`.
    memory : array (batch, n_memory, width)
    memory_lengths : integer array (batch,)

    Returns
    -------
    dict
        For each block ``itself`` and ``memory``, see `attention.keys_values`; and the ``mask`` of
        the memory. The first axis of every array is the batch.

    Examples
    --------
    >>> import numpy as np
    >>> params = init_decoder(np.random.default_rng(0), 8)
    >>> cache = start_cache(params, np.ones((2, 5, 8), np.float32), np.array([5, 4]))
    >>> [cache["block_0"][name]["keys"].shape for name in ("itself", "memory")]
    [(2, 4, 0, 2), (2, 4, 5, 2)]
    """
    mask = _mask_of("memory_lengths", memory_lengths, memory)
    blocks = {
        f"block_{i}": {
            "itself": keys_values(block["attention"], memory[:, :0]),
            "memory": keys_values(block["cross"], memory),
        }
        for i, block in enumerate(_blocks(params))
    }
    return blocks | {"mask": mask}


def decoder_step(params, embedded, cache, *, positions="sinusoidal", norm="pre", residual=True):
    """Go on decoding from a cache: what `decoder` gives for the new positions, without the old.

    Parameters
    ----------
    params : dict
        From `init_decoder`.
    embedded : array (batch, n_new, width)
        The new tokens, usually one.
    cache : dict
        From `start_cache`, or from the step before; it is not changed.
    positions, norm, residual
        As for `decoder`.

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
    >>> import numpy as np
    >>> params = init_decoder(np.random.default_rng(0), 8)
    >>> cache = start_cache(params, np.ones((2, 5, 8), np.float32), np.array([5, 4]))
    >>> outputs, cache = decoder_step(params, np.ones((2, 1, 8), np.float32), cache)
    >>> outputs.shape, cache["block_0"]["itself"]["keys"].shape
    ((2, 1, 8), (2, 4, 1, 2))
    """
    start, n_new = cache["block_0"]["itself"]["keys"].shape[2], embedded.shape[1]
    x = _enter(params, embedded, positions, start)
    mask, score = causal_mask(start + n_new)[start:], position_score(positions)
    add, seen = _adding(norm, residual), {"mask": cache["mask"]}
    for i, block in enumerate(_blocks(params)):
        old = seen[f"block_{i}"] = dict(cache[f"block_{i}"])

        def itself(y, block=block, old=old):
            old["itself"] = keys_values(block["attention"], y, old["itself"])
            return attend(block["attention"], y, old["itself"], mask, score)

        def cross(y, block=block, old=old):
            return attend(block["cross"], y, old["memory"], cache["mask"])

        x, _, _ = _block(block, x, add, attention=itself, cross=cross)
    return _leave(params, x), seen


# ---- the whole ---------------------------------------------------------------------------


def init_transformer(
    rng, source_vocabulary, target_vocabulary, width=64, heads=4, layers=1, **options
):
    """Start an encoder-decoder.

    Parameters
    ----------
    rng : numpy.random.Generator
    source_vocabulary, target_vocabulary : int
        Numbers of tokens.
    width, heads : int
    layers : int
        Blocks of the encoder, and as many of the decoder.
    **options
        ``positions``, ``norm`` and ``longest``, as for `init_encoder`.

    Returns
    -------
    dict
        Nested, float32.

    Raises
    ------
    ValueError
        If `layers` is below 1, `heads` does not divide `width`, or a name is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> sorted(init_transformer(np.random.default_rng(0), 5, 7, 8))
    ['decoder', 'encoder', 'output', 'source_embedding', 'target_embedding']
    """
    return {
        "source_embedding": functions.init_embedding(rng, source_vocabulary, width),
        "target_embedding": functions.init_embedding(rng, target_vocabulary, width),
        "encoder": init_encoder(rng, width, heads, layers, **options),
        "decoder": init_decoder(rng, width, heads, layers, **options),
        "output": functions.init_linear(rng, width, target_vocabulary),
    }


def transformer(params, source, source_lengths, target_in, **options):
    """Read the source and predict every target token, in one parallel pass (teacher forcing).

    Parameters
    ----------
    params : dict
        From `init_transformer`.
    source : integer array (batch, n_source)
    source_lengths : integer array (batch,)
    target_in : integer array (batch, n_target)
        The target, shifted right by one: it begins with the start token.
    **options
        ``positions``, ``norm``, ``residual``, ``dropout`` and ``rng``, as for `encoder`.

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
    >>> import numpy as np
    >>> params = init_transformer(np.random.default_rng(0), 5, 7, 8)
    >>> tokens, lengths = np.array([[1, 2, 3]]), np.array([3])
    >>> transformer(params, tokens, lengths, np.array([[1, 4]])).shape
    (1, 2, 7)
    """
    return _forward(params, source, source_lengths, target_in, **options)[0]


def attention_maps(params, source, source_lengths, target_in, **options):
    """Return all maps of a Transformer, of its three kinds of attention.

    Parameters
    ----------
    params, source, source_lengths, target_in, **options
        As for `transformer`.

    Returns
    -------
    dict
        ``encoder`` (source to source), ``decoder`` (target to target) and ``cross`` (target to
        source): each a list with one array (batch, heads, n_queries, n_keys) for each block.

    Examples
    --------
    >>> import numpy as np
    >>> params = init_transformer(np.random.default_rng(0), 5, 7, 8)
    >>> tokens, lengths = np.array([[1, 2, 3]]), np.array([3])
    >>> maps = attention_maps(params, tokens, lengths, np.array([[1, 4]]))
    >>> {name: layers[0].shape for name, layers in maps.items()}
    {'encoder': (1, 4, 3, 3), 'decoder': (1, 4, 2, 2), 'cross': (1, 4, 2, 3)}
    """
    return _forward(params, source, source_lengths, target_in, **options)[1]


def _forward(params, source, source_lengths, target_in, **options):
    source_embedded = functions.embedding(params["source_embedding"], source)
    memory, source_maps = encoder(params["encoder"], source_embedded, source_lengths, **options)
    target_embedded = functions.embedding(params["target_embedding"], target_in)
    outputs, target_maps, cross_maps = decoder(
        params["decoder"], target_embedded, memory, source_lengths, **options
    )
    maps = {"encoder": source_maps, "decoder": target_maps, "cross": cross_maps}
    return functions.linear(params["output"], outputs), maps


def start_decoding(params, source, source_lengths, **options):
    """Read the source, and return how to go on token by token, for `helpers.decoding`.

    Parameters
    ----------
    params, source, source_lengths
        As for `transformer`.
    positions, norm, residual
        As for `decoder`.

    Returns
    -------
    step : callable
        (tokens (batch, 1), state) -> (logits (batch, 1, target_vocabulary), state)
    state : dict
        The decoder's cache.

    Examples
    --------
    >>> import numpy as np
    >>> params = init_transformer(np.random.default_rng(0), 5, 7, 8)
    >>> step, state = start_decoding(params, np.array([[1, 2, 3]]), np.array([3]))
    >>> step(np.array([[1]]), state)[0].shape
    (1, 1, 7)
    """
    embedded = functions.embedding(params["source_embedding"], source)
    memory, _ = encoder(params["encoder"], embedded, source_lengths, **options)

    def step(tokens, cache):
        embedded = functions.embedding(params["target_embedding"], tokens)
        outputs, cache = decoder_step(params["decoder"], embedded, cache, **options)
        return functions.linear(params["output"], outputs), cache

    return step, start_cache(params["decoder"], memory, source_lengths)
