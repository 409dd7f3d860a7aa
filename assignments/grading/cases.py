"""What hidden examples ask: for each part, how to draw one, and what is expected of it.

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
        Public functions of the helpers that the answer may not call, "module.name"; what calls
        them may not be called either.
    always : tuple of callable
        As `draw`: what is among the examples whatever the seed, because it tells wrong from right.
    """

    draw: Callable
    expected: Callable
    refused: tuple[str, ...] = ()
    always: tuple[Callable, ...] = ()


ATTENTION = ("attention.attention", "attention.attention_weights", "cost.blocked_attention")


def sizes(rng, count):
    """Draw distinct sizes from 2 to 6, so that a swapped axis is noticed."""
    return (int(size) for size in rng.permutation(np.arange(2, 7))[:count])


def normal(rng, *shape):
    """Draw normal numbers of three decimals."""
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


def draw_one_wrong(rng):
    """Draw logits of sequences that are wrong in one letter: the first, or the last that counts."""
    batch, time, vocabulary = 7, 5, 4
    targets, lengths = rng.integers(vocabulary, size=(batch, time)), np.full(batch, time)
    said, lengths[4:] = targets.copy(), time - 2
    for row, place in ((0, 0), (1, time - 1), (4, 0), (5, time - 3), (6, time - 2)):
        said[row, place] += 1  # the last of these is in the padding
    order = rng.permutation(batch)
    logits = np.eye(vocabulary)[said % vocabulary] * 3 + normal(rng, batch, time, vocabulary) / 4
    return logits[order].round(3), targets[order], lengths[order]


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


def draw_lengths(rng):
    """Draw which sequences are right, and their lengths: some occur often, some never."""
    longest = int(rng.integers(6, 10))
    lengths = rng.integers(2, longest, size=20)
    return rng.random(20) < 0.6, lengths, longest


def draw_repeated(rng):
    """Draw lengths that occur twice, right once; one that occurs once; and some that never do."""
    longest = int(rng.integers(6, 10))
    twice, once = rng.permutation(np.arange(2, longest))[:2]
    return np.array([False, True, True]), np.array([twice, twice, once]), longest


def share_by_length(right, lengths, longest):
    """Go through the lengths one by one."""
    shares = [right[lengths == length] for length in range(1, longest + 1)]
    return np.array([share.mean() if share.size else 0.0 for share in shares])


BOTTLENECK = {
    "bits_per_number": Part(
        lambda rng: tuple(int(n) for n in rng.integers((5, 3, 2), (40, 50, 64))),
        lambda length, symbols, width: np.log(float(symbols)) / np.log(2) * length / width,
    ),
    "exact_match": Part(
        draw_answers, share_of_right, ("runs.exact_match",), always=(draw_one_wrong,)
    ),
    "state_weights": Part(lambda rng: (rng.random(rng.integers(3, 8)).round(3),), last_state),
    "context": Part(
        draw_context,
        lambda states, memory: attention.attention(states, memory, memory, score=attention.dot),
        ATTENTION,
    ),
    "additive_scores": Part(draw_additive, additive, ("attention.additive",)),
    "share_by_length": Part(
        draw_lengths, share_by_length, ("runs.accuracy_by_length",), always=(draw_repeated,)
    ),
}


# ---- self-attention and the Transformer --------------------------------------------------


def draw_square(rng):
    """Draw square scores."""
    n = int(rng.integers(4, 8))
    return (normal(rng, n, n) * 2,)


def draw_heads(rng):
    """Draw a context for each head, and the output matrix."""
    heads, n, head, width = sizes(rng, 4)
    return normal(rng, heads, n, head), normal(rng, heads * head, width)


def project_heads(contexts, w_output):
    """Lay the heads of each position end to end, one position at a time."""
    return np.stack([contexts[:, i].reshape(-1) @ w_output for i in range(contexts.shape[1])])


def draw_maps(rng):
    """Draw the weights of several heads."""
    heads, n_queries, n_keys = sizes(rng, 3)
    weights = functions.softmax(normal(rng, heads, n_queries, n_keys) * 2)
    return (weights.round(6),)


def hidden_by_average(weights):
    """Go through the queries one by one."""
    return np.array(
        [
            np.mean([head.max() for head in weights[:, i]]) - max(sum(weights[:, i]) / len(weights))
            for i in range(weights.shape[1])
        ]
    )


def draw_first_step(rng):
    """Draw the step at which the caches are empty."""
    return draw_step(rng, cached=0)


def draw_step(rng, cached=None):
    """Draw a query, the newest key and value, and the caches."""
    n, width, width_values = sizes(rng, 3)
    n = n if cached is None else cached
    newest = normal(rng, width), normal(rng, width), normal(rng, width_values)
    return *newest, normal(rng, n, width), normal(rng, n, width_values)


def next_context(query, key, value, keys, values):
    """Attend over the caches with the newest position at their end."""
    keys, values = np.vstack([keys, key]), np.vstack([values, value])
    return attention.attention(query[None], keys, values)[0]


def draw_sequence(rng):
    """Draw queries, keys and values of one sequence."""
    n, width, width_values = sizes(rng, 3)
    return normal(rng, n, width), normal(rng, n, width), normal(rng, n, width_values)


def running_attention(queries, keys, values):
    """Make the whole map."""
    weights = np.tril(np.exp(queries) @ np.exp(keys).T)
    return weights / weights.sum(axis=-1, keepdims=True) @ values


def turned(pairs, rate):
    """Turn complex numbers."""
    numbers = (pairs[:, 0] + 1j * pairs[:, 1]) * np.exp(1j * rate * np.arange(len(pairs)))
    return np.stack([numbers.real, numbers.imag], axis=1)


def draw_whole_layers(rng):
    """Draw a way that ends where a layer ends: one position less needs no layer less."""
    reach = int(rng.integers(3, 9))
    return int(rng.integers(2, 7)) * reach + 1, reach


def draw_little_left(rng):
    """Draw a way of which one step is left for the last layer: rounding takes it for none."""
    reach = int(rng.integers(5, 9))
    return int(rng.integers(2, 7)) * reach + 2, reach


def draw_much_left(rng):
    """Draw a way of which all steps but one are left for the last layer."""
    n, reach = draw_whole_layers(rng)
    return n + reach - 1, reach


def draw_far_reach(rng):
    """Draw a reach that is larger than what there is."""
    n = int(rng.integers(3, 9))
    return n, n + int(rng.integers(1, 9))


def layers_needed(n, reach):
    """Walk from the first position to the last."""
    place, layers = 0, 0
    while place < n - 1:
        place, layers = place + reach, layers + 1
    return layers


SELF_ATTENTION = {
    "causal_weights": Part(
        draw_square,
        lambda scores: functions.softmax(scores, where=attention.causal_mask(len(scores))),
        ("functions.softmax", *ATTENTION),
    ),
    "project_heads": Part(
        draw_heads, project_heads, ("attention.multi_head_attention", "attention.join_heads")
    ),
    "hidden_by_average": Part(draw_maps, hidden_by_average),
    "next_context": Part(draw_step, next_context, ATTENTION, always=(draw_first_step,)),
    "running_attention": Part(draw_sequence, running_attention, ("cost.linear_attention",)),
    "turned": Part(
        lambda rng: (normal(rng, int(rng.integers(3, 8)), 2), round(rng.uniform(0.3, 1.2), 3)),
        turned,
        ("positions.rotate",),
    ),
    "layers_needed": Part(
        lambda rng: tuple(int(n) for n in rng.integers((10, 2), (60, 9))),
        layers_needed,
        always=(draw_whole_layers, draw_little_left, draw_much_left, draw_far_reach),
    ),
}

SETS = {"bottleneck": BOTTLENECK, "self_attention": SELF_ATTENTION}
