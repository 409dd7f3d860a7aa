"""The models once more, as plainly as they can be written: one vector at a time, no padding.

Nothing here is fused, batched or masked; `autograd` differentiates every step. The tests hold
the helpers against these formulas, and these formulas against finite differences.
"""

import math

import autograd.numpy as np

from helpers.positions import sinusoidal


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(scores):
    exponentials = np.exp(scores)
    return exponentials / np.sum(exponentials)


def linear(params, x):
    return np.dot(x, params["weight"]) + params["bias"]


def layer_norm(params, x, epsilon=1e-5):
    centred = x - np.sum(x) / len(x)
    variance = np.sum(centred**2) / len(x)
    return centred / np.sqrt(variance + epsilon) * params["scale"] + params["shift"]


def negative_log_probability(logits, token):
    return np.log(np.sum(np.exp(logits))) - logits[token]


def rnn_step(params, x, hidden):
    before = np.dot(x, params["input"]) + params["input_bias"]
    return np.tanh(before + np.dot(hidden, params["recurrent"]) + params["recurrent_bias"])


def gru_step(params, x, hidden):
    width = len(hidden)
    from_input = np.dot(x, params["input"]) + params["input_bias"]
    from_state = np.dot(hidden, params["recurrent"]) + params["recurrent_bias"]
    reset = sigmoid(from_input[:width] + from_state[:width])
    update = sigmoid(from_input[width : 2 * width] + from_state[width : 2 * width])
    candidate = np.tanh(from_input[2 * width :] + reset * from_state[2 * width :])
    return (1 - update) * candidate + update * hidden


STEPS = {"rnn": rnn_step, "gru": gru_step}


def run(step, params, inputs, state):
    """All states after the steps over `inputs` (time, width_in), as a list."""
    states = []
    for x in inputs:
        state = step(params, x, state)
        states.append(state)
    return states


def attend(query, keys, values, scale):
    """Context and weights of one query over a list of keys and values."""
    weights = softmax(np.array([np.dot(query, key) * scale for key in keys]))
    return sum(weight * value for weight, value in zip(weights, values, strict=True)), weights


def multi_head(params, queries_from, keys_values_from):
    """Compute multi-head attention: a list with one vector for each query."""
    heads, _, width_head = params["queries"].shape
    outputs = []
    for x in queries_from:
        output = 0
        for head in range(heads):
            query = np.dot(x, params["queries"][head])
            keys = [np.dot(y, params["keys"][head]) for y in keys_values_from]
            values = [np.dot(y, params["values"][head]) for y in keys_values_from]
            context, _ = attend(query, keys, values, 1 / math.sqrt(width_head))
            output = output + np.dot(context, params["output"][head])
        outputs.append(output)
    return outputs


def encoder_block(params, xs):
    """One pre-norm block over a list of vectors."""
    normal = [layer_norm(params["attention_norm"], x) for x in xs]
    attended = multi_head(params["attention"], normal, normal)
    outputs = []
    for x, change in zip(xs, attended, strict=True):
        x = x + change
        hidden = linear(params["expand"], layer_norm(params["feed_forward_norm"], x))
        outputs.append(x + linear(params["shrink"], hidden * (hidden > 0)))
    return outputs


def encoder(params, embedded, layers=1):
    """Self-attention encoder over a list of embedded tokens."""
    width = len(embedded[0])
    positions = sinusoidal(len(embedded), width)  # its own test holds these
    xs = [x * math.sqrt(width) + place for x, place in zip(embedded, positions, strict=True)]
    for i in range(layers):
        xs = encoder_block(params[f"block_{i}"], xs)
    return [layer_norm(params["norm"], x) for x in xs]


def seq2seq(params, source, target_in, attends, encoder_name):
    """Logits for one sequence without padding, a list with one vector for each target token."""
    embedded = [params["source_embedding"][token] for token in source]
    cell = "gru" if encoder_name == "self_attention" else encoder_name
    if encoder_name == "self_attention":
        outputs = encoder(params["encoder"], embedded)
        summary = sum(outputs) / len(outputs)
    else:
        start = np.zeros(params["encoder"]["recurrent"].shape[0])
        outputs = run(STEPS[cell], params["encoder"], embedded, start)
        summary = outputs[-1]
    memory = outputs if attends else [summary]
    state, logits = summary, []
    for token in target_in:
        state = STEPS[cell](params["decoder"], params["target_embedding"][token], state)
        context, _ = attend(state, memory, memory, 1)
        both = np.concatenate([state, context])
        logits.append(linear(params["output"], np.tanh(linear(params["combine"], both))))
    return logits
