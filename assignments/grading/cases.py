"""What hidden tests ask: for each part, how to draw an example, and what is expected of it.

The expected values come from the helpers, or from a formula other than the model solution's, so
a mistake in a model solution is noticed. To change a part of a problem set, change its entry
here too; the entry's name is the name of the function that the part asks for.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from helpers import attention, functions


@dataclass(frozen=True)
class Part:
    """How one part is tested.

    Attributes
    ----------
    draw : callable
        (rng) -> the arguments of one call.
    expected : callable
        (*arguments) -> what the call should return.
    refused : tuple of str
        Functions of the helpers that the answer may not call, "module.name".
    """

    draw: Callable
    expected: Callable
    refused: tuple[str, ...] = ()


ATTENTION = ("attention.attention_weights", "attention._weigh", "attention._softmax_in_place")


def sizes(rng, count):
    """Draw distinct sizes from 2 to 6, so that a swapped axis is noticed."""
    return (int(size) for size in rng.permutation(np.arange(2, 7))[:count])


def normal(rng, *shape):
    """Draw normal numbers of three decimals: they stand as literals in the test."""
    return rng.standard_normal(shape).round(3)


# ---- the bottleneck and its cure ---------------------------------------------------------


def draw_answers(rng):
    """Draw logits that are mostly right, with mistakes inside and outside the padding."""
    batch, time, vocabulary = 6, 5, 4
    targets = rng.integers(vocabulary, size=(batch, time))
    said = np.where(rng.random((batch, time)) < 0.8, targets, (targets + 1) % vocabulary)
    said[0], said[1] = targets[0], targets[1]
    said[1, -1] += 1  # wrong in the padding alone
    lengths = rng.integers(1, time + 1, size=batch)
    lengths[:2] = time, time - 1
    logits = np.eye(vocabulary)[said % vocabulary] * 3 + normal(rng, batch, time, vocabulary) / 4
    return logits.round(3), targets, lengths


def share_of_right(logits, targets, lengths):
    """Go through the sequences one by one."""
    rows = zip(logits, targets, lengths, strict=True)
    return np.mean([np.array_equal(row[:n].argmax(1), right[:n]) for row, right, n in rows])


def last_state(gates):
    """Run the recurrence over the unit vectors: the last state holds the weights."""
    state = np.zeros(len(gates))
    for gate, one in zip(gates, np.eye(len(gates)), strict=True):
        state = gate * state + (1 - gate) * one
    return state


def draw_context(rng):
    """Draw decoder states and encoder states."""
    n_queries, n_keys, width = sizes(rng, 3)
    return normal(rng, n_queries, width), normal(rng, n_keys, width)


def draw_additive(rng):
    """Draw queries, keys, their two matrices and the vector."""
    n_queries, n_keys, a, b, width = sizes(rng, 5)
    shapes = (n_queries, a), (n_keys, b), (a, width), (b, width), (width,)
    return tuple(normal(rng, *shape) for shape in shapes)


def additive(queries, keys, w_queries, w_keys, vector):
    """Use the helpers' score, without biases."""
    zeros = np.zeros(len(vector))
    maps = {"queries": w_queries, "keys": w_keys}
    params = {name: {"weight": weight, "bias": zeros} for name, weight in maps.items()}
    return attention.additive({**params, "vector": vector})(queries, keys)


def draw_masked(rng):
    """Draw scores, also large ones, and a mask with an empty row and a full one."""
    n_queries, n_keys = (size + 1 for size in sizes(rng, 2))
    mask = rng.random((n_queries, n_keys)) < 0.6
    mask[0], mask[1] = False, True
    mask[2, 0], mask[2, 1] = True, False
    return normal(rng, n_queries, n_keys) * 4, mask


BOTTLENECK = {
    "bits_per_number": Part(
        lambda rng: tuple(int(n) for n in rng.integers((5, 3, 2), (40, 50, 64))),
        lambda length, symbols, width: np.log(float(symbols)) / np.log(2) * length / width,
    ),
    "exact_match": Part(draw_answers, share_of_right, ("training.exact_match",)),
    "state_weights": Part(lambda rng: (rng.random(rng.integers(3, 8)).round(3),), last_state),
    "context": Part(
        draw_context,
        lambda states, memory: attention.attention(states, memory, memory, score=attention.dot),
        ("attention.attention", "attention._attention", *ATTENTION),
    ),
    "additive_scores": Part(draw_additive, additive, ("attention.additive",)),
    "masked_weights": Part(
        draw_masked,
        lambda scores, mask: functions.softmax(scores, where=mask),
        ("functions.softmax", "functions._softmax", *ATTENTION),
    ),
}


# ---- self-attention and the Transformer --------------------------------------------------


def draw_projected(rng):
    """Draw a sequence and two projections."""
    n, width, head = sizes(rng, 3)
    return normal(rng, n, width), normal(rng, width, head), normal(rng, width, head)


def draw_square(rng):
    """Draw square scores."""
    n = int(rng.integers(4, 8))
    return (normal(rng, n, n) * 2,)


def draw_heads(rng):
    """Draw a context for each head."""
    return (normal(rng, *sizes(rng, 4)),)


def draw_positions(rng):
    """Draw a batch and encodings for more places than it has."""
    batch, time, width = sizes(rng, 3)
    return normal(rng, batch, time, width), normal(rng, time + 4, 1, width)


def draw_pair(rng):
    """Draw a source and a target."""
    n_source, n_target, width = sizes(rng, 3)
    return normal(rng, n_source, width), normal(rng, n_target, width)


def three_attentions(source, target):
    """Wire the helpers' attention in three ways."""
    past = attention.causal_mask(len(target))
    wirings = (source, source, None), (target, target, past), (target, source, None)
    return np.concatenate([attention.attention(q, kv, kv, mask) for q, kv, mask in wirings])


def draw_norm(rng):
    """Draw a batch, a scale and a shift."""
    batch, time, width = sizes(rng, 3)
    return normal(rng, batch, time, width) * 3, normal(rng, width), normal(rng, width)


SELF_ATTENTION = {
    "self_attention_weights": Part(
        draw_projected,
        lambda x, w_queries, w_keys: attention.attention_weights(x @ w_queries, x @ w_keys),
        ATTENTION,
    ),
    "causal_weights": Part(
        draw_square,
        lambda scores: functions.softmax(scores, where=attention.causal_mask(len(scores))),
        ("functions.softmax", "functions._softmax", *ATTENTION),
    ),
    "merge_heads": Part(
        draw_heads, lambda contexts: np.concatenate(list(contexts.swapaxes(0, 1)), axis=-1)
    ),
    "add_positions": Part(
        draw_positions,
        lambda x, encoding: np.stack(
            [step + place for step, (place,) in zip(x.swapaxes(0, 1), encoding, strict=False)],
            axis=1,
        ),
        ("positions.add_positions",),
    ),
    "three_attentions": Part(draw_pair, three_attentions),
    "layer_norm": Part(
        draw_norm,
        lambda x, scale, shift: functions.layer_norm({"scale": scale, "shift": shift}, x),
        ("functions.layer_norm", "functions._layer_norm"),
    ),
    "multiplications": Part(
        lambda rng: tuple(int(n) for n in rng.integers(2, 100, size=2)),
        lambda n, width: sum([n * width * width] * 4) + sum([n * n * width] * 2),
    ),
}

SETS = {"bottleneck": BOTTLENECK, "self_attention": SELF_ATTENTION}
