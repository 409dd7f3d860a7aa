"""Wrong answers to the parts of the problem sets, as functions.

Under each part, first those that the visible check names, in its order; then, after `None`, some
that it doesn't name. Nothing of them may pass the hidden examples, whatever the seed.
"""

import numpy as np

from helpers.functions import softmax


def ceil(number):
    return -int(-number // 1)


# ---- the bottleneck and its cure ---------------------------------------------------------


def letters(logits, targets, lengths):
    real = np.arange(targets.shape[1]) < lengths[:, None]
    return logits.argmax(-1) == targets, real


def match_counting_padding(*batch):
    return letters(*batch)[0].all(1).mean()


def share_of_letters(*batch):
    right, real = letters(*batch)
    return right[real].mean()


def share_of_places(*batch):
    return letters(*batch)[0].mean()


def number_of_matches(*batch):
    right, real = letters(*batch)
    return (right | ~real).all(1).sum()


def match_up_to_the_last(logits, targets, lengths):
    right, real = letters(logits, targets, lengths - 1)
    return (right | ~real).all(1).mean()


def match_one_too_far(logits, targets, lengths):
    right, real = letters(logits, targets, lengths + 1)
    return (right | ~real).all(1).mean()


def match_of_any(*batch):
    right, real = letters(*batch)
    return (right & real).any(1).mean()


def match_of_the_first(logits, targets, lengths):
    return (logits.argmax(-1) == targets)[:, 0].mean()


def match_in_words(logits, targets, lengths):
    """Count padding as right only where every sequence has it."""
    right = logits.argmax(-1) == targets
    return right[:, : lengths.max()].all(1).mean()


def own_gate_too(gates):
    return (1 - gates) * np.cumprod(gates[::-1])[::-1]


def gates_before(gates):
    return (1 - gates) * np.cumprod(np.append(1.0, gates[:-1]))


def gates_alone(gates):
    return np.cumprod(np.append(gates[1:], 1.0)[::-1])[::-1]


def buggy_context(states, memory):
    return softmax(states @ states.T) @ states


def additive_parts(queries, keys, w_queries, w_keys, vector):
    return (queries @ w_queries)[:, None], (keys @ w_keys)[None], vector


def additive_without_tanh(*arguments):
    a, b, vector = additive_parts(*arguments)
    return (a + b) @ vector


def additive_tanh_of_each(*arguments):
    a, b, vector = additive_parts(*arguments)
    return (np.tanh(a) + np.tanh(b)) @ vector


def additive_turned_round(*arguments):
    a, b, vector = additive_parts(*arguments)
    return (np.tanh(a + b) @ vector).T


def additive_without_vector(*arguments):
    a, b, _ = additive_parts(*arguments)
    return np.tanh(a + b).sum(-1)


def additive_of_a_difference(*arguments):
    a, b, vector = additive_parts(*arguments)
    return np.tanh(a - b) @ vector


def buggy_share(right, lengths, longest):
    hits, counts = np.zeros(longest), np.zeros(longest)
    hits[lengths - 1] += right
    counts[lengths - 1] += 1
    return hits / np.maximum(counts, 1)


def counted(right, lengths, longest):
    counts = np.bincount(lengths - 1, minlength=longest)
    return np.bincount(lengths - 1, weights=right, minlength=longest), counts


def share_from_zero(right, lengths, longest):
    hits, counts = counted(right, lengths + 1, longest + 1)
    return (hits / np.maximum(counts, 1))[:longest]


def share_without_the_last(right, lengths, longest):
    hits, counts = counted(right, lengths, longest)
    return (hits / np.maximum(counts, 1))[:-1]


def share_with_nan(right, lengths, longest):
    hits, counts = counted(right, lengths, longest)
    with np.errstate(all="ignore"):
        return hits / counts


def rounded(right, lengths, longest):
    hits, counts = counted(right, lengths, longest)
    return np.round(hits / np.maximum(counts, 1))


# ---- self-attention and the Transformer --------------------------------------------------


def masked_before(scores, hide):
    return softmax(np.where(hide, -1e9, scores))


def below(scores, diagonal):
    return np.tril(np.ones(scores.shape, dtype=bool), diagonal)


def buggy_project(contexts, w_output):
    heads, n, width = contexts.shape
    return contexts.reshape(n, heads * width) @ w_output


def project_mean(contexts, w_output):
    heads, _, width = contexts.shape
    return contexts.mean(0) @ w_output.reshape(heads, width, -1).sum(0)


def project_by_first_rows(contexts, w_output):
    return contexts.sum(0) @ w_output[: contexts.shape[2]]


def project_interleaved(contexts, w_output):
    heads, n, width = contexts.shape
    return contexts.transpose(1, 2, 0).reshape(n, heads * width) @ w_output


def project_without_sum(contexts, w_output):
    heads, _, width = contexts.shape
    return (contexts @ w_output.reshape(heads, width, -1)).mean(0)


def sharpness(weights):
    return weights.max(-1).mean(0), weights.mean(0).max(-1)


def sharpest_head(weights):
    return weights.max(-1).max(0) - weights.mean(0).max(-1)


def one_for_each_head(weights):
    return weights.max(-1).mean(1) - weights.mean(0).max(-1)


def over_queries(weights):
    return weights.max(1).mean(0) - weights.mean(0).max(0)


def with_newest(key, value, keys, values):
    return np.vstack([keys, key]), np.vstack([values, value])


def buggy_next(query, key, value, keys, values):
    return softmax(keys @ query / np.sqrt(len(query))) @ values


def next_unscaled(query, key, value, keys, values):
    keys, values = with_newest(key, value, keys, values)
    return softmax(keys @ query) @ values


def next_without_value(query, key, value, keys, values):
    keys, _ = with_newest(key, value, keys, values)
    return softmax(keys @ query / np.sqrt(len(query)))[:-1] @ values


def next_scaled_by_number(query, key, value, keys, values):
    keys, values = with_newest(key, value, keys, values)
    return softmax(keys @ query / np.sqrt(len(keys))) @ values


def next_zero_at_first(query, key, value, keys, values):
    if not len(keys):
        return np.zeros_like(value)
    keys, values = with_newest(key, value, keys, values)
    return softmax(keys @ query / np.sqrt(len(query))) @ values


def next_only_first(query, key, value, keys, values):
    return value


def next_newest_in_front(query, key, value, keys, values):
    keys, values = np.vstack([key, keys]), np.vstack([values, value])
    return softmax(keys @ query / np.sqrt(len(query))) @ values


def weighed(weights, values):
    return weights / weights.sum(-1, keepdims=True) @ values


def running_ahead(queries, keys, values):
    return weighed(np.exp(queries) @ np.exp(keys).T, values)


def running_undivided(queries, keys, values):
    return np.tril(np.exp(queries) @ np.exp(keys).T) @ values


def running_without_phi(queries, keys, values):
    weights = np.tril(queries @ keys.T)
    return weights / weights.sum(-1, keepdims=True).clip(1e-9) @ values


def running_softmax(queries, keys, values):
    return weighed(np.tril(np.exp(queries @ keys.T)), values)


def running_without_itself(queries, keys, values):
    weights = np.tril(np.exp(queries) @ np.exp(keys).T, -1)
    return weights / weights.sum(-1, keepdims=True).clip(1e-9) @ values


def by_angles(pairs, angles):
    numbers = (pairs[:, 0] + 1j * pairs[:, 1]) * np.exp(1j * angles)
    return np.stack([numbers.real, numbers.imag], axis=1)


# ---- positions, heads, and one stack -------------------------------------------------------


def clocks(n, width, start=0, step=2):
    rates = 10000.0 ** (-step * np.arange(width // 2) / width)
    turns = np.arange(start, start + n)[:, None] * rates
    return np.sin(turns), np.cos(turns)


def side_by_side(sines, cosines):
    return np.stack([sines, cosines], axis=-1).reshape(len(sines), -1)


def pairs_of(x):
    return x[0::2] + 1j * x[1::2]


def halves_of(x):
    return x[: len(x) // 2] + 1j * x[len(x) // 2 :]


def score_at(query, key, angle, pairs=pairs_of, base=10000.0, step=2):
    rates = base ** (-step * np.arange(len(query) // 2) / len(query))
    products = pairs(query) * pairs(key).conj() * np.exp(1j * rates * angle)
    return products.real.sum() / np.sqrt(len(query))


def steps_back(scores, start=None):
    _, n_queries, n_keys = scores.shape
    start = n_keys - n_queries if start is None else start
    return np.arange(start, start + n_queries)[:, None] - np.arange(n_keys)


def faded_by(scores, slopes, start=None):
    back = steps_back(scores, start)
    return softmax(np.where(back >= 0, scores - slopes[:, None, None] * back, -1e9))


def faded_ahead(scores, slopes):
    return softmax(scores - slopes[:, None, None] * steps_back(scores))


def faded_after(scores, slopes):
    back = steps_back(scores)
    weights = softmax(np.where(back >= 0, scores, -1e9))
    return np.where(back >= 0, weights - slopes[:, None, None] * back, 0)


def buggy_shared(queries, keys):
    keys = np.tile(keys, (len(queries) // len(keys), 1, 1))
    return queries @ keys.swapaxes(1, 2) / np.sqrt(queries.shape[2])


def shared_unscaled(queries, keys):
    keys = np.repeat(keys, len(queries) // len(keys), axis=0)
    return queries @ keys.swapaxes(1, 2)


def kept_rows(w_output, kept):
    return np.repeat(kept, len(w_output) // len(kept))[:, None]


def packed_parts(prefixes, lengths):
    n = lengths.sum()
    text = np.repeat(np.arange(len(lengths)), lengths)
    place = np.concatenate([np.arange(length) for length in lengths])
    below = np.tril(np.ones((n, n), dtype=bool))
    return text[:, None] == text, below, place < np.repeat(prefixes, lengths)


def packed_seeing_before(*batch):
    same, below, prefix = packed_parts(*batch)
    return below | (same & prefix)


def packed_without_prefix(*batch):
    same, below, _ = packed_parts(*batch)
    return same & below


def packed_prefixes_for_all(*batch):
    same, below, prefix = packed_parts(*batch)
    return (same & below) | prefix


def packed_turned_round(*batch):
    same, below, prefix = packed_parts(*batch)
    return (same & (below | prefix)).T


def packed_prefix_asks(*batch):
    same, below, prefix = packed_parts(*batch)
    return same & (below | prefix[:, None])


def packed_counting_from_the_start(prefixes, lengths):
    same, below, _ = packed_parts(prefixes, lengths)
    return same & (below | (np.arange(len(same)) < np.repeat(prefixes, lengths)[:, None]))


def chunk(queries, keys, values, diagonal, scale=None):
    scores = queries @ keys.T / (scale or np.sqrt(queries.shape[1]))
    return softmax(np.where(np.tri(*scores.shape, k=diagonal), scores, -1e9)) @ values


def with_old(keys, values, old_keys, old_values):
    return np.vstack([old_keys, keys]), np.vstack([old_values, values])


def one_by_one_from_the_cache(queries, keys, values, old_keys, old_values):
    if not len(old_keys):
        return np.zeros_like(values)
    return chunk(queries, *with_old(keys, values, old_keys, old_values), len(old_keys))


def newest_in_front(queries, keys, values, old_keys, old_values):
    both = np.vstack([keys, old_keys]), np.vstack([values, old_values])
    return chunk(queries, *both, len(old_keys))


def scaled_by_number(queries, *rest):
    scale = np.sqrt(len(rest[0]) + len(rest[2]))
    return chunk(queries, *with_old(*rest), len(rest[2]), scale)


# ---- forgetting, cost, and reading maps -----------------------------------------------------


def shares(w, u, xs, target, *, slopes=True, factor=True, own=False, sloped_by_old=False):
    """Return the share of each step, the last first."""
    states = [0.0]
    for x in xs:
        states.append(np.tanh(w * x + u * states[-1]))
    back, found = states[-1] - target, []
    for before, state in zip(states[-2::-1], states[:0:-1], strict=True):
        slope = 1 - (before if sloped_by_old else state) ** 2
        back = back * (slope if slopes else 1)
        found.append(back * (state if own else before))
        back = back * (u if factor else 1)
    return found


def slope_by_w(w, u, xs, target):
    return sum(share for share in shares(u, w, xs, target))


def steps_of(recurrent, states):
    return [recurrent * (1 - state**2) for state in states]


def length(matrix):
    return np.sqrt((matrix**2).sum() / len(matrix))


def products_of(matrices):
    """Multiply ever more matrices, each behind those before."""
    found = [matrices[0]]
    for matrix in matrices[1:]:
        found.append(found[-1] @ matrix)
    return np.array([length(one) for one in found])


def left_in_order(recurrent, states):
    steps, product, found = steps_of(recurrent, states)[::-1], np.eye(len(recurrent)), []
    for step in steps:
        product = step @ product
        found.append(product)
    return found


def left_by_largest(recurrent, states):
    return np.array([np.linalg.norm(one, 2) for one in left_in_order(recurrent, states)])


def left_of_the_transpose(recurrent, states):
    return np.array([length(one) for one in left_in_order(recurrent.T, states)])


def left_with_slope_of_h(recurrent, states):
    return np.array([length(one) for one in left_in_order(recurrent, np.sqrt(np.abs(states)))])


def counted_cost(n, width, layers, heads, key_heads, size, *, own=None, asking=None, new=1, wide=8):
    keys = width // heads * (key_heads if own is None else own)
    asking = width if asking is None else asking
    block = 2 * width**2 + 2 * width * keys + 2 * n * asking + wide * width**2
    return np.array([new * layers * block, layers * 2 * n * (width // heads * key_heads) * size])


def cost_but(**options):
    return lambda *sizes: counted_cost(*sizes, **options)


def cost_of_all_keys(n, width, layers, heads, key_heads, size):
    return counted_cost(n, width, layers, heads, key_heads, size, own=heads)


def cost_with_a_cache_of_all(n, width, layers, heads, key_heads, size):
    products, cache = counted_cost(n, width, layers, heads, key_heads, size)
    return np.array([products, cache * heads // key_heads])


def cost_of_few_questions(n, width, layers, heads, key_heads, size):
    asking = width // heads * key_heads
    return counted_cost(n, width, layers, heads, key_heads, size, asking=asking)


def cost_without_cache(n, *sizes):
    return counted_cost(n, *sizes, new=n)


def times(products=1, cache=1):
    return lambda *sizes: counted_cost(*sizes) * np.array([products, cache])


def of_one_block(n, width, layers, *rest):
    return counted_cost(n, width, 1, *rest)


def without_bytes(*sizes):
    return counted_cost(*sizes[:-1], 1)


def back(n):
    return np.subtract.outer(np.arange(n), np.arange(n))


def window(n, reach, first, *, ahead=False, rows=False, early=False):
    behind, at_first = back(n), np.arange(n) < first
    inside = (abs(behind) < reach) if ahead else (behind >= 0) & (behind < reach)
    if rows:
        return inside | at_first[:, None]
    return inside | (at_first if early else (behind >= 0) & at_first)


def fading_map(queries, keys, kept):
    steps = back(len(queries))
    return np.where(steps >= 0, kept ** abs(steps), 0) * (queries @ keys.T)


def fading_of_the_key(queries, keys, values, kept):
    """Fade by the place in the text, and not by the distance."""
    return np.tril(queries @ keys.T * kept ** np.arange(len(keys))) @ values


def said_by(weights, values, w_output):
    return weights[..., None] * (values @ w_output)[:, None]


def signs_of(first, second):
    return np.sign(np.subtract.outer(first, first) * np.subtract.outer(second, second))


def agreeing(first, second):
    n = len(first)
    return (signs_of(first, second) > 0).sum() / (n * (n - 1))


def level_disagrees(first, second):
    return 2 * agreeing(first, second) - 1


def of_unlike_pairs(first, second):
    signs = signs_of(first, second)
    return signs.sum() / abs(signs).sum()


def of_ranks(first, second):
    ranks = [np.argsort(np.argsort(one)) for one in (first, second)]
    return np.corrcoef(*ranks)[0, 1]


def rank_of(first, second):
    n = len(first)
    return signs_of(first, second).sum() / (n * (n - 1))


WRONG = {
    "bottleneck": {
        "bits_per_number": [
            lambda length, symbols, width: length * np.log2(symbols),
            lambda length, symbols, width: length * np.log(symbols) / width,
            lambda length, symbols, width: symbols * np.log2(length) / width,
            lambda length, symbols, width: length * np.ceil(np.log2(symbols)) / width,
            None,
            lambda length, symbols, width: length / width,
            lambda length, symbols, width: np.ceil(length * np.log2(symbols) / width),
            lambda length, symbols, width: round(length * np.log2(symbols) / width),
            lambda length, symbols, width: np.log2(length * symbols) / width,
        ],
        "exact_match": [
            match_counting_padding,
            share_of_letters,
            share_of_places,
            number_of_matches,
            None,
            match_up_to_the_last,
            match_one_too_far,
            match_of_any,
            match_of_the_first,
            match_in_words,
        ],
        "state_weights": [
            gates_alone,
            own_gate_too,
            gates_before,
            lambda gates: 1 - gates,
            None,
            lambda gates: own_gate_too(gates)[::-1],
            lambda gates: (1 - gates[0]) * gates_alone(gates),
        ],
        "context": [
            buggy_context,
            lambda states, memory: states @ memory.T @ memory,
            lambda states, memory: np.repeat(memory.mean(0)[None], len(states), 0),
            lambda states, memory: softmax(memory @ states.T).T @ memory,
            None,
            lambda states, memory: softmax(states @ memory.T / np.sqrt(states.shape[1])) @ memory,
            lambda states, memory: memory[(states @ memory.T).argmax(1)],
        ],
        "additive_scores": [
            additive_without_tanh,
            additive_tanh_of_each,
            additive_turned_round,
            additive_without_vector,
            None,
            additive_of_a_difference,
        ],
        "share_by_length": [
            buggy_share,
            lambda *a: counted(*a)[0],
            lambda *a: counted(*a)[0] / len(a[0]),
            share_from_zero,
            None,
            share_without_the_last,
            share_with_nan,
            rounded,
        ],
    },
    "self_attention": {
        "causal_weights": [
            lambda scores: np.tril(softmax(scores)),
            lambda scores: masked_before(scores, below(scores, -1)),
            lambda scores: masked_before(scores, ~below(scores, -1)),
            lambda scores: softmax(np.tril(scores)),
            None,
            lambda scores: softmax(scores),
            lambda scores: masked_before(scores, ~below(scores, 0)).T,
        ],
        "project_heads": [
            buggy_project,
            project_mean,
            project_by_first_rows,
            project_interleaved,
            None,
            project_without_sum,
        ],
        "hidden_by_average": [
            lambda weights: sharpness(weights)[1] - sharpness(weights)[0],
            sharpest_head,
            one_for_each_head,
            over_queries,
            lambda weights: sharpness(weights)[0],
            None,
            lambda weights: sharpness(weights)[1],
        ],
        "next_context": [
            buggy_next,
            next_unscaled,
            next_without_value,
            next_scaled_by_number,
            None,
            next_zero_at_first,
            next_only_first,
            next_newest_in_front,
        ],
        "running_attention": [
            running_ahead,
            running_undivided,
            running_without_phi,
            running_softmax,
            None,
            running_without_itself,
        ],
        "turned": [
            lambda pairs, rate: by_angles(pairs, -rate * np.arange(len(pairs))),
            lambda pairs, rate: by_angles(pairs, rate * (1 + np.arange(len(pairs)))),
            lambda pairs, rate: by_angles(pairs, rate * np.ones(len(pairs))),
            None,
            lambda pairs, rate: by_angles(pairs, np.degrees(rate) * np.arange(len(pairs))),
            lambda pairs, rate: by_angles(pairs, np.arange(len(pairs))),
        ],
        "layers_needed": [
            lambda n, reach: ceil(n / reach),
            lambda n, reach: n - 1,
            lambda n, reach: n / reach,
            lambda n, reach: ceil((n - 1) / (2 * reach)),
            lambda n, reach: (n - 1) // reach,
            lambda n, reach: (n - 1) / reach,
            lambda n, reach: n - 1,
            None,
            lambda n, reach: round((n - 1) / reach),
            lambda n, reach: n // reach,
            lambda n, reach: (n - 1) // reach + 1,
            lambda n, reach: round(n / reach),
            lambda n, reach: ceil((n + 1) / reach),
        ],
    },
    "positions_heads": {
        "position_table": [
            lambda n, width: np.hstack(clocks(n, width)),
            lambda n, width: side_by_side(*clocks(n, width)[::-1]),
            lambda n, width: side_by_side(*clocks(n, width, start=1)),
            lambda n, width: side_by_side(*clocks(n, width, step=1)),
            None,
            lambda n, width: side_by_side(*clocks(n, width, step=-2)),
            lambda n, width: np.repeat(clocks(n, width)[0], 2, axis=1),
        ],
        "turned_score": [
            lambda query, key, i, j: score_at(query, key, i - j) * np.sqrt(len(query)),
            lambda query, key, i, j: score_at(query, key, i),
            lambda query, key, i, j: score_at(query, key, i + j),
            lambda query, key, i, j: score_at(query, key, j - i),
            lambda query, key, i, j: score_at(query, key, i - j, halves_of),
            lambda query, key, i, j: score_at(query, key, i - j, base=1.0),
            None,
            lambda query, key, i, j: score_at(query, key, i - j, step=1),
            lambda query, key, i, j: score_at(query, key, abs(i - j)),
            lambda query, key, i, j: score_at(query, key, 0),
        ],
        "faded_weights": [
            lambda scores, slopes: faded_by(scores, -slopes),
            faded_ahead,
            lambda scores, slopes: faded_by(scores, slopes, start=0),
            lambda scores, slopes: faded_by(scores, slopes[:1]),
            lambda scores, slopes: faded_by(scores, 0 * slopes),
            None,
            faded_after,
            lambda scores, slopes: faded_by(scores, slopes[::-1]),
            lambda scores, slopes: faded_by(scores, slopes / 2),
        ],
        "shared_scores": [
            buggy_shared,
            shared_unscaled,
            lambda queries, keys: (
                shared_unscaled(queries, keys) / np.sqrt(len(queries) * queries.shape[2])
            ),
            lambda queries, keys: queries @ keys.mean(0).T / np.sqrt(queries.shape[2]),
            lambda queries, keys: queries @ keys[0].T / np.sqrt(queries.shape[2]),
            None,
            lambda queries, keys: shared_unscaled(queries, keys) / np.sqrt(keys.shape[1]),
            lambda queries, keys: buggy_shared(queries, keys[::-1]),
        ],
        "keep_heads": [
            lambda w_output, kept: w_output * ~kept_rows(w_output, kept),
            lambda w_output, kept: w_output * np.tile(kept, len(w_output) // len(kept))[:, None],
            lambda w_output, kept: w_output * kept,
            lambda w_output, kept: w_output * kept_rows(w_output, kept) / kept.mean(),
            None,
            lambda w_output, kept: w_output[kept_rows(w_output, kept)[:, 0]],
            lambda w_output, kept: w_output * kept_rows(w_output, kept[::-1]),
            lambda w_output, kept: w_output,
        ],
        "packed_mask": [
            packed_seeing_before,
            packed_without_prefix,
            lambda *batch: packed_parts(*batch)[0],
            packed_prefixes_for_all,
            packed_turned_round,
            packed_prefix_asks,
            None,
            lambda *batch: packed_parts(*batch)[1],
            packed_counting_from_the_start,
        ],
        "go_on": [
            lambda queries, *rest: chunk(queries, *with_old(*rest), 0),
            lambda queries, *rest: chunk(queries, *with_old(*rest), 1000),
            lambda queries, *rest: chunk(queries, *rest[2:], 1000),
            lambda queries, *rest: chunk(queries, *rest[:2], 0),
            lambda queries, *rest: chunk(queries, *with_old(*rest), len(rest[2]), 1.0),
            lambda queries, *rest: chunk(queries, *with_old(*rest), len(rest[2]) - 1),
            None,
            one_by_one_from_the_cache,
            newest_in_front,
            scaled_by_number,
        ],
    },
    "forgetting_cost": {
        "slope_of_loss": [
            lambda *network: shares(*network)[0],
            lambda *network: sum(shares(*network, slopes=False)),
            lambda *network: sum(shares(*network, factor=False)),
            lambda *network: -sum(shares(*network)),
            lambda *network: sum(shares(*network, own=True)),
            lambda *network: np.mean(shares(*network)),
            None,
            lambda *network: 2 * sum(shares(*network)),
            lambda *network: sum(shares(*network)[:2]),
            lambda *network: sum(shares(*network, sloped_by_old=True)),
            slope_by_w,
        ],
        "left_over": [
            lambda *network: products_of(steps_of(*network)),
            lambda *network: np.cumprod([length(one) for one in steps_of(*network)[::-1]]),
            lambda recurrent, states: products_of([recurrent] * len(states)),
            lambda *network: products_of(steps_of(*network)[::-1]),
            lambda recurrent, states: (
                np.sqrt(len(recurrent))
                * np.array([length(one) for one in left_in_order(recurrent, states)])
            ),
            lambda *network: np.array([length(one) for one in steps_of(*network)[::-1]]),
            None,
            left_by_largest,
            left_of_the_transpose,
            left_with_slope_of_h,
        ],
        "shortened": [
            lambda gradient, longest: np.clip(gradient, -longest, longest),
            lambda gradient, longest: (
                gradient * np.minimum(1, longest / np.linalg.norm(gradient, axis=1)[:, None])
            ),
            lambda gradient, longest: gradient * longest / (gradient**2).sum(),
            lambda gradient, longest: gradient * min(1, longest / gradient.max()),
            lambda gradient, longest: gradient / max(1, np.linalg.norm(gradient)),
            lambda gradient, longest: gradient * longest / np.linalg.norm(gradient),
            lambda gradient, longest: gradient * longest / (gradient**2).sum(),
            lambda gradient, longest: gradient / np.linalg.norm(gradient),
            None,
            lambda gradient, longest: gradient * min(1, longest / abs(gradient).sum()),
            lambda gradient, longest: gradient * min(1, longest / np.linalg.norm(gradient, 2)),
            lambda gradient, longest: gradient,
        ],
        "writing_cost": [
            cost_of_all_keys,
            times(cache=0.5),
            cost_with_a_cache_of_all,
            cost_without_cache,
            of_one_block,
            without_bytes,
            cost_of_few_questions,
            None,
            cost_but(wide=4),
            cost_but(own=0),
            times(products=2),
        ],
        "window_mask": [
            lambda n, reach, first: window(n, reach + 1, first),
            lambda n, reach, first: window(n, reach, first, ahead=True),
            lambda n, reach, first: window(n, reach, first, early=True),
            lambda n, reach, first: window(n, reach, 0),
            lambda n, reach, first: window(n, reach, first, rows=True),
            lambda n, reach, first: back(n) >= 0,
            None,
            lambda n, reach, first: window(n, reach - 1, first),
            lambda n, reach, first: window(n, reach, first - 1),
            lambda n, reach, first: window(n, reach, first + 1),
            lambda n, reach, first: window(n, reach, first).T,
        ],
        "fading": [
            lambda q, k, v, kept: kept * fading_map(q, k, kept) @ v,
            lambda q, k, v, kept: np.tril(q @ k.T) @ v,
            lambda q, k, v, kept: kept ** abs(back(len(q))) * (q @ k.T) @ v,
            lambda q, k, v, kept: np.tril(fading_map(q, k, kept), -1) @ v,
            lambda q, k, v, kept: softmax(np.where(back(len(q)) >= 0, q @ k.T, -1e9)) @ v,
            lambda q, k, v, kept: (1 - kept) * fading_map(q, k, kept) @ v,
            None,
            fading_of_the_key,
            lambda q, k, v, kept: fading_map(q, k, kept) @ v / np.sqrt(q.shape[1]),
            lambda q, k, v, kept: fading_map(q, k, 1 - kept) @ v,
        ],
        "contributions": [
            lambda *parts: np.linalg.norm(said_by(*parts), axis=-1).sum(0),
            lambda weights, values, w_output: weights.mean(0),
            lambda weights, values, w_output: np.linalg.norm(
                weights[..., None] * values[:, None], axis=-1
            ).sum(0),
            lambda *parts: (said_by(*parts).sum(0) ** 2).sum(-1),
            lambda *parts: np.linalg.norm(said_by(*parts).mean(0), axis=-1),
            lambda weights, values, w_output: (
                np.linalg.norm((values @ w_output).sum(0), axis=-1) * np.ones((weights.shape[1], 1))
            ),
            None,
            lambda *parts: abs(said_by(*parts).sum(0)).sum(-1),
            lambda *parts: np.linalg.norm(said_by(*parts), axis=-1).max(0),
            lambda weights, values, w_output: (
                weights.mean(0) * np.linalg.norm((values @ w_output).sum(0), axis=-1)
            ),
        ],
        "rank_agreement": [
            agreeing,
            level_disagrees,
            of_unlike_pairs,
            lambda first, second: signs_of(first, second).sum() / len(first) ** 2,
            lambda first, second: signs_of(first, second).sum() / 2,
            lambda first, second: np.corrcoef(first, second)[0, 1],
            lambda first, second: rank_of(first, -second),
            None,
            of_ranks,
            lambda first, second: abs(rank_of(first, second)),
            lambda first, second: 2 * rank_of(first, second),
        ],
    },
}
