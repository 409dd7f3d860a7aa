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
}
