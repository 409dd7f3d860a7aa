"""Blocks of the Transformer: here its encoder, self-attention over padded batches.

Stands on functions, attention and positions.
"""

import math

from helpers.attention import init_multi_head, multi_head_attention, padding_mask
from helpers.functions import init_layer_norm, init_linear, layer_norm, linear, relu, require
from helpers.positions import sinusoidal

__all__ = ["encoder", "encoder_block", "init_encoder", "init_encoder_block"]


def init_encoder_block(rng, width, heads):
    """Start one block: self-attention, and two linear maps with 4 width units between them.

    Examples
    --------
    >>> import numpy as np
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


def encoder_block(params, x, mask=None):
    """Let every position attend to every other, then transform each by itself (pre-norm).

    Parameters
    ----------
    params : dict
        From `init_encoder_block`.
    x : array (batch, n, width)
    mask : boolean array, optional
        Broadcastable to (batch, n, n); True = may attend.

    Returns
    -------
    x : array (batch, n, width)
    weights : array (batch, heads, n, n)

    References
    ----------
    Vaswani et al. 2017; the norm comes first, as in Xiong et al. 2020.

    Examples
    --------
    >>> import numpy as np
    >>> params = init_encoder_block(np.random.default_rng(0), 8, 2)
    >>> x, weights = encoder_block(params, np.ones((3, 5, 8), np.float32))
    >>> x.shape, weights.shape
    ((3, 5, 8), (3, 2, 5, 5))
    """
    normal = layer_norm(params["attention_norm"], x)
    attended, weights = multi_head_attention(params["attention"], normal, normal, mask)
    x = x + attended
    hidden = relu(linear(params["expand"], layer_norm(params["feed_forward_norm"], x)))
    return x + linear(params["shrink"], hidden), weights


def init_encoder(rng, width, heads=4, layers=1):
    """Start `layers` blocks and the final norm.

    Examples
    --------
    >>> import numpy as np
    >>> sorted(init_encoder(np.random.default_rng(0), 8, layers=2))
    ['block_0', 'block_1', 'norm']
    """
    require(layers > 0, f"layers = {layers} must be at least 1")
    blocks = {f"block_{i}": init_encoder_block(rng, width, heads) for i in range(layers)}
    return blocks | {"norm": init_layer_norm(width)}


def encoder(params, embedded, lengths):
    """Self-attention encoder: embeddings plus positions, through all blocks.

    Parameters
    ----------
    params : dict
        From `init_encoder`.
    embedded : array (batch, n, width)
        Embedded tokens, with no position in them yet.
    lengths : integer array (batch,)

    Returns
    -------
    outputs : array (batch, n, width)
        Positions past the length hold numbers that no true position has seen; mask them.
    weights : list of arrays (batch, heads, n, n)
        The map of each block.

    Raises
    ------
    ValueError
        If a shape does not fit, or a length is longer than the array.

    Examples
    --------
    >>> import numpy as np
    >>> params = init_encoder(np.random.default_rng(0), 8)
    >>> outputs, weights = encoder(params, np.ones((2, 5, 8), np.float32), np.array([5, 3]))
    >>> outputs.shape, bool((weights[0][1, :, :, 3:] == 0).all())
    ((2, 5, 8), True)
    """
    batch, n, width = embedded.shape
    mask = padding_mask(lengths, n)
    require(
        len(mask) == batch,
        f"lengths has shape ({len(mask)},); it must be ({batch},), one per sequence",
    )
    # Embeddings have norm 1 at the start, positions sqrt(width / 2): bring them to one scale.
    x = embedded * math.sqrt(width) + sinusoidal(n, width)
    weights = []
    for i in range(len(params) - 1):
        x, block_weights = encoder_block(params[f"block_{i}"], x, mask)
        weights.append(block_weights)
    return layer_norm(params["norm"], x), weights
