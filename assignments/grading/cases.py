"""What hidden examples ask: for each part, how to draw one, and what is expected of it.

The expected values come from the helpers, or from a formula other than the model solution's, so
a mistake in a model solution is noticed. To change a part of a problem set, change its entry
here too; the entry's name is the name of the function that the part asks for.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from helpers import attention, cost, functions


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

# ---- positions, heads, and one stack -------------------------------------------------------


def even(rng):
    """Draw an even width of several pairs."""
    return 2 * int(rng.integers(2, 6))


def sines_and_cosines(n, width):
    """Go through the numbers one by one."""
    rates = [1 / 10000 ** (2 * (i // 2) / width) for i in range(width)]
    return np.array(
        [[np.cos(t * r) if i % 2 else np.sin(t * r) for i, r in enumerate(rates)] for t in range(n)]
    )


def draw_turned_pair(rng, order=None):
    """Draw a query and a key, and their places: the one first, or the other, or either."""
    width = even(rng)
    near, far = sorted(int(place) for place in rng.choice(12, 2, replace=False) + 1)
    first = bool(rng.integers(2)) if order is None else order
    places = (far, near) if first else (near, far)
    return normal(rng, width), normal(rng, width), *places


def turned_score(query, key, i, j):
    """Turn complex numbers by the distance alone."""
    width = len(query)
    rates = 10000.0 ** (-2 * np.arange(width // 2) / width)
    query, key = (x[::2] + 1j * x[1::2] for x in (query, key))
    return (query * key.conj() * np.exp(1j * rates * (i - j))).real.sum() / np.sqrt(width)


def draw_newest(rng):
    """Draw scores of the newest queries of a text, for several heads, and the heads' slopes."""
    few, heads, many = sorted(sizes(rng, 3))
    slopes = np.sort(rng.uniform(0.2, 2.0, heads))[::-1]
    return normal(rng, heads, few, many) * 2, slopes.round(3)


def draw_all_queries(rng):
    """Draw as many queries as keys."""
    heads, n, _ = sizes(rng, 3)
    return normal(rng, heads, n, n) * 2, rng.uniform(0.2, 2.0, heads).round(3)


def faded_weights(scores, slopes):
    """Go through heads and queries one by one."""
    weights = np.zeros(scores.shape)
    _, n_queries, n_keys = scores.shape
    for h, slope in enumerate(slopes):
        for i in range(n_queries):
            there = i + n_keys - n_queries + 1
            back = np.arange(there)[::-1]
            raised = np.exp(scores[h, i, :there] - slope * back)
            weights[h, i, :there] = raised / raised.sum()
    return weights


def draw_grouped(rng):
    """Draw queries of more heads than there are heads of keys."""
    n_queries, n_keys, width = sizes(rng, 3)
    groups, each = int(rng.integers(2, 4)), int(rng.integers(2, 4))
    return normal(rng, groups * each, n_queries, width), normal(rng, groups, n_keys, width)


def grouped(queries, keys):
    """Ask head by head."""
    each = len(queries) // len(keys)
    return np.stack(
        [attention.scaled_dot(q[None], keys[h // each][None])[0] for h, q in enumerate(queries)]
    )


def draw_kept(rng):
    """Draw an output matrix, and which heads are kept: the first and the last differ."""
    heads, head, width = sizes(rng, 3)
    kept = rng.random(heads) < 0.5
    kept[0], kept[-1] = (True, False) if rng.integers(2) else (False, True)
    return normal(rng, heads * head, width), kept


def only_kept(w_output, kept):
    """Go through the heads one by one."""
    parts = np.split(w_output, len(kept))
    return np.concatenate([part * there for part, there in zip(parts, kept, strict=True)])


def draw_packed(rng):
    """Draw lengths of several texts, and of their prefixes: one is shorter than its text."""
    texts = int(rng.integers(2, 5))
    lengths = rng.integers(3, 6, size=texts)
    prefixes = rng.integers(0, lengths + 1)
    prefixes[-1] = lengths[-1] - 1
    return prefixes, lengths


def draw_packed_without(rng):
    """Draw texts of which one has no prefix, and one is nothing else."""
    lengths = rng.permutation(np.array([3, 4, 5]))
    return np.array([0, lengths[1], 2]), lengths


def packed(prefixes, lengths):
    """Lay the masks of the texts along the diagonal."""
    n, begin = int(sum(lengths)), 0
    mask = np.zeros((n, n), dtype=bool)
    for prefix, length in zip(prefixes, lengths, strict=True):
        own = slice(begin, begin + length)
        mask[own, own] = attention.prefix_mask(np.array([prefix]), length)[0]
        begin += length
    return mask


def draw_chunk(rng, new=None, cached=None):
    """Draw new queries, keys and values, and what is in the cache."""
    m, n, width, width_values = sizes(rng, 4)
    new, cached = new or m, n if cached is None else cached
    shapes = (new, width), (new, width), (new, width_values), (cached, width)
    return *(normal(rng, *shape) for shape in shapes), normal(rng, cached, width_values)


def go_on(queries, keys, values, old_keys, old_values):
    """Make one pass over everything, and take the last rows."""
    n, keys = len(old_keys), np.vstack([old_keys, keys])
    all_queries = np.vstack([np.zeros_like(old_keys), queries])
    mask = attention.causal_mask(len(keys))
    return attention.attention(all_queries, keys, np.vstack([old_values, values]), mask)[n:]


POSITIONS_HEADS = {
    "position_table": Part(
        lambda rng: (int(rng.integers(3, 8)), even(rng)),
        sines_and_cosines,
        ("positions.sinusoidal",),
    ),
    "turned_score": Part(
        draw_turned_pair,
        turned_score,
        ("positions.rotate", "positions.rotary"),
        always=(lambda rng: draw_turned_pair(rng, True), lambda rng: draw_turned_pair(rng, False)),
    ),
    "faded_weights": Part(
        draw_newest, faded_weights, ("positions.alibi",), always=(draw_all_queries,)
    ),
    "shared_scores": Part(draw_grouped, grouped),
    "keep_heads": Part(draw_kept, only_kept),
    "packed_mask": Part(
        draw_packed, packed, ("attention.prefix_mask",), always=(draw_packed_without,)
    ),
    "go_on": Part(
        draw_chunk,
        go_on,
        ("attention.attention", "attention.attention_weights", "cost.blocked_attention"),
        always=(
            lambda rng: draw_chunk(rng, cached=0),
            lambda rng: draw_chunk(rng, new=1),
            lambda rng: draw_chunk(rng, new=3, cached=6),
            lambda rng: draw_chunk(rng, new=4, cached=6),
        ),
    ),
}


# ---- forgetting, cost, and reading maps -----------------------------------------------------


def draw_small_network(rng):
    """Draw the two weights of a recurrence of single numbers, its inputs and its target."""
    w, u = rng.uniform(0.3, 1.2, 2).round(3)
    xs = rng.uniform(-1.0, 1.0, int(rng.integers(3, 7)))
    return float(w), float(u), xs.round(3), round(rng.uniform(1.1, 2.0), 3)


def slope_of_loss(w, u, xs, target):
    """Carry the derivative forward with the state."""
    state = by_u = 0.0
    for x in xs:
        new = np.tanh(w * x + u * state)
        by_u = (1 - new**2) * (state + u * by_u)
        state = new
    return (state - target) * by_u


def draw_states(rng):
    """Draw a recurrent matrix and the states that followed each other."""
    n, width, _ = sizes(rng, 3)
    return normal(rng, width, width), rng.uniform(-0.9, 0.9, (n, width)).round(3)


def left_over(recurrent, states):
    """Move every number of an early state a little, and look at what arrives."""
    found = []
    for k in range(1, len(states) + 1):
        moves = np.eye(len(recurrent))
        for state in states[-k:]:
            moves = (moves @ recurrent) * (1 - state**2)
        found.append(np.linalg.norm(moves) / np.sqrt(len(recurrent)))
    return np.array(found)


def draw_long_gradient(rng):
    """Draw a gradient that is longer than it may be."""
    rows, columns, _ = sizes(rng, 3)
    gradient = normal(rng, rows, columns)
    return gradient, round(float(np.linalg.norm(gradient)) * rng.uniform(0.2, 0.8), 3)


def draw_short_gradient(rng):
    """Draw one that is shorter, though it has numbers of every size."""
    gradient, longest = draw_long_gradient(rng)
    return gradient, round(float(np.linalg.norm(gradient)) + longest, 3)


def shortened(gradient, longest):
    """Keep the direction, and choose the shorter of two lengths."""
    length = np.sqrt((gradient**2).sum())
    return gradient / length * min(length, longest)


def draw_sizes_of_a_stack(rng, shared=None):
    """Draw the sizes of a stack: each head of keys serves so many heads of queries."""
    each = int(rng.integers(2, 4)) if shared is None else shared
    key_heads, layers, head = (int(n) for n in rng.permutation(np.arange(2, 6))[:3])
    heads = each * key_heads
    n, number = int(rng.integers(20, 60)), int(rng.choice([2, 4]))
    return n, heads * head, layers, heads, key_heads, number


def writing_cost(n, width, layers, heads, key_heads, size):
    """Take off what shared keys and values save."""
    head = width // heads
    saved = 2 * width * (heads - key_heads) * head
    products = layers * (cost.block_products(1, n, width) - saved)
    return np.array([products, size * layers * 2 * n * key_heads * head])


def draw_window(rng):
    """Draw a window that is shorter than the text, and a few first places."""
    n = int(rng.integers(8, 13))
    return n, int(rng.integers(2, 4)), int(rng.integers(1, 4))


def windowed(n, reach, first):
    """Go through the places one by one."""
    return np.array([[j <= i and (i - j < reach or j < first) for j in range(n)] for i in range(n)])


def draw_fading(rng):
    """Draw a sequence, and how much of the state each step keeps."""
    return *draw_sequence(rng), round(rng.uniform(0.3, 0.9), 3)


def fading(queries, keys, values, kept):
    """Make the whole map."""
    steps = np.subtract.outer(np.arange(len(queries)), np.arange(len(keys)))
    weights = np.where(steps >= 0, kept ** np.maximum(steps, 0), 0.0) * (queries @ keys.T)
    return weights @ values


def draw_parts(rng):
    """Draw the weights, the values and the output matrix of several heads."""
    heads, n_queries, n_keys, head, width = sizes(rng, 5)
    weights = functions.softmax(normal(rng, heads, n_queries, n_keys) * 2).round(6)
    return weights, normal(rng, heads, n_keys, head), normal(rng, heads, head, width)


def contributions(weights, values, w_output):
    """Take one query and one key after the other."""
    heads, n_queries, n_keys = weights.shape
    found = np.zeros((n_queries, n_keys))
    for i in range(n_queries):
        for j in range(n_keys):
            parts = [weights[h, i, j] * values[h, j] @ w_output[h] for h in range(heads)]
            found[i, j] = np.linalg.norm(sum(parts))
    return found


def draw_rankings(rng):
    """Draw two lists of numbers without equal ones."""
    n = int(rng.integers(5, 10))
    first, second = rng.permutation(n) ** 3 * 1.0, rng.permutation(n) * 1.0
    return first, second


def draw_ties(rng):
    """Draw lists in which a pair is level in one of them, and most pairs are turned round."""
    n = int(rng.integers(5, 9))
    order = rng.permutation(n)
    first, second = np.arange(n) ** 3.0, -np.arange(n) * 1.0
    second[1] = second[0]
    return first[order], second[order]


def rank_agreement(first, second):
    """Count pair by pair."""
    n, found = len(first), 0
    for i in range(n):
        for j in range(i):
            found += np.sign((first[i] - first[j]) * (second[i] - second[j]))
    return found / (n * (n - 1) / 2)


FORGETTING_COST = {
    "slope_of_loss": Part(draw_small_network, slope_of_loss),
    "left_over": Part(draw_states, left_over, ("learning.gradient_norms",)),
    "shortened": Part(
        draw_long_gradient, shortened, ("learning.clip",), always=(draw_short_gradient,)
    ),
    "writing_cost": Part(
        draw_sizes_of_a_stack,
        writing_cost,
        ("cost.block_products", "cost.cache_numbers"),
        always=(lambda rng: draw_sizes_of_a_stack(rng, 1),),
    ),
    "window_mask": Part(
        draw_window,
        windowed,
        ("attention.local_mask",),
        always=(lambda rng: (9, 2, 4), lambda rng: (int(rng.integers(5, 8)), 9, 2)),
    ),
    "fading": Part(draw_fading, fading),
    "contributions": Part(draw_parts, contributions),
    "rank_agreement": Part(draw_rankings, rank_agreement, always=(draw_ties, draw_ties)),
}

SETS = {
    "bottleneck": BOTTLENECK,
    "self_attention": SELF_ATTENTION,
    "positions_heads": POSITIONS_HEADS,
    "forgetting_cost": FORGETTING_COST,
}

#: Where the book has what a question asks for; written answers too.
CHAPTERS = {
    "bottleneck": {
        "bits_per_number": "03_bottleneck",
        "exact_match": "03_bottleneck",
        "state_weights": "03_bottleneck",
        "context": "06_alignment",
        "additive_scores": "06_alignment",
        "share_by_length": "03_bottleneck",
        "explanations": "06_alignment",
    },
    "self_attention": {
        "causal_weights": "07_self_attention",
        "project_heads": "11_transformer",
        "hidden_by_average": "11_transformer",
        "next_context": "11_transformer",
        "running_attention": "07_self_attention",
        "turned": "08_positions",
        "layers_needed": "07_self_attention",
        "forgets_nothing": "09_attention_vs_self_attention",
    },
    "positions_heads": {
        "position_table": "08_positions",
        "turned_score": "08_positions",
        "faded_weights": "08_positions",
        "shared_scores": "12_decoder_only",
        "keep_heads": "10_heads",
        "packed_mask": "12_decoder_only",
        "go_on": "12_decoder_only",
        "order_by_mask": "08_positions",
        "silent_head": "10_heads",
    },
    "forgetting_cost": {
        "slope_of_loss": "04_forgetting",
        "left_over": "04_forgetting",
        "shortened": "04_forgetting",
        "writing_cost": "14_cost",
        "window_mask": "14_cost",
        "fading": "14_cost",
        "contributions": "15_reading_maps",
        "rank_agreement": "15_reading_maps",
        "vanished_gradient": "04_forgetting",
        "a_large_weight": "15_reading_maps",
    },
}
