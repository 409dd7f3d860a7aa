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


def lstm_step(params, x, state):
    hidden, cell = state
    from_input = np.dot(x, params["input"]) + params["input_bias"]
    gates = from_input + np.dot(hidden, params["recurrent"]) + params["recurrent_bias"]
    write, forget, candidate, output = np.reshape(gates, (4, -1))
    cell = sigmoid(forget) * cell + sigmoid(write) * np.tanh(candidate)
    return sigmoid(output) * np.tanh(cell), cell


def attentive_gru_step(params, x, memory, hidden):
    """One step of Bahdanau's decoder over a list of vectors: state, context and weights."""
    score = params["score"]
    query = linear(score["queries"], hidden)
    energies = [np.tanh(query + linear(score["keys"], key)) for key in memory]
    weights = softmax(np.array([np.dot(score["vector"], energy) for energy in energies]))
    context = sum(weight * key for weight, key in zip(weights, memory, strict=True))
    return gru_step(params["gru"], np.concatenate([x, context]), hidden), context, weights


STEPS = {"rnn": rnn_step, "gru": gru_step, "lstm": lstm_step}


def run(step, params, inputs, state):
    """All states after the steps over `inputs` (time, width_in), as a list."""
    states = []
    for x in inputs:
        state = step(params, x, state)
        states.append(state)
    return states


def attend(query, keys, values, scale, biases=None):
    """Context and weights of one query over a list of keys and values."""
    scores = np.array([np.dot(query, key) * scale for key in keys])
    weights = softmax(scores if biases is None else scores + biases)
    return sum(weight * value for weight, value in zip(weights, values, strict=True)), weights


def turn(vector, place):
    """Rotary position: pair i of the vector is multiplied by e^(i place / 10000^(2i/d))."""
    turned = []
    for i in range(0, len(vector), 2):
        angle = place / 10000 ** (i / len(vector))
        turned.append(vector[i] * math.cos(angle) - vector[i + 1] * math.sin(angle))
        turned.append(vector[i] * math.sin(angle) + vector[i + 1] * math.cos(angle))
    return np.array(turned)


def slope(head, heads):
    """Slope of ALiBi, for a power of two heads."""
    return 2 ** (-8 * (head + 1) / heads)


def multi_head(params, queries_from, keys_values_from, positions="none", causal=False):
    """Compute multi-head attention: a list with one vector for each query."""
    heads, _, width_head = params["queries"].shape
    outputs = []
    for place, x in enumerate(queries_from):
        seen = keys_values_from[: place + 1] if causal else keys_values_from
        output = 0
        for head in range(heads):
            query = np.dot(x, params["queries"][head])
            keys = [np.dot(y, params["keys"][head]) for y in seen]
            values = [np.dot(y, params["values"][head]) for y in seen]
            biases = None
            if positions == "rotary":
                query, keys = turn(query, place), [turn(key, j) for j, key in enumerate(keys)]
            if positions == "alibi":
                distances = [place - j if j <= place else 2 * (j - place) for j in range(len(seen))]
                biases = -slope(head, heads) * np.array(distances)
            context, _ = attend(query, keys, values, 1 / math.sqrt(width_head), biases)
            output = output + np.dot(context, params["output"][head])
        outputs.append(output)
    return outputs


def residual(norm_params, xs, part, norm):
    """One part of a block over a list of vectors: pre-norm or, as in the paper, post-norm."""
    if norm in ("pre", "none"):
        changes = part([layer_norm(norm_params, x) for x in xs] if norm == "pre" else xs)
        return [x + change for x, change in zip(xs, changes, strict=True)]
    return [layer_norm(norm_params, x + change) for x, change in zip(xs, part(xs), strict=True)]


def feed_forward(params, xs):
    hidden = [linear(params["expand"], x) for x in xs]
    return [linear(params["shrink"], h * (h > 0)) for h in hidden]


def encoder_block(params, xs, positions="none", norm="pre"):
    """One block over a list of vectors."""
    xs = residual(
        params["attention_norm"],
        xs,
        lambda ys: multi_head(params["attention"], ys, ys, positions),
        norm,
    )
    return residual(params["feed_forward_norm"], xs, lambda ys: feed_forward(params, ys), norm)


def decoder_block(params, xs, memory, positions="none", norm="pre"):
    """One block over a list of vectors, none of which sees a later one."""
    xs = residual(
        params["attention_norm"],
        xs,
        lambda ys: multi_head(params["attention"], ys, ys, positions, causal=True),
        norm,
    )
    xs = residual(
        params["cross_norm"], xs, lambda ys: multi_head(params["cross"], ys, memory), norm
    )
    return residual(params["feed_forward_norm"], xs, lambda ys: feed_forward(params, ys), norm)


def enter(params, embedded, positions):
    """Embeddings with what tells their positions."""
    width = len(embedded[0])
    xs = [x * math.sqrt(width) for x in embedded]
    tables = {
        "sinusoidal": sinusoidal(len(xs), width),  # its own test holds these
        "learned": params["positions"].get("table"),
    }
    if positions in tables:
        xs = [x + tables[positions][place] for place, x in enumerate(xs)]
    return xs


def leave(params, xs):
    return [layer_norm(params["norm"], x) for x in xs] if "norm" in params else xs


def encoder(params, embedded, layers=1, positions="sinusoidal", norm="pre"):
    """Self-attention encoder over a list of embedded tokens."""
    xs = enter(params, embedded, positions)
    for i in range(layers):
        xs = encoder_block(params[f"block_{i}"], xs, positions, norm)
    return leave(params, xs)


def transformer(params, source, target_in, layers, positions="sinusoidal", norm="pre"):
    """Logits for one sequence without padding, a list with one vector for each target token."""
    embedded = [params["source_embedding"][token] for token in source]
    memory = encoder(params["encoder"], embedded, layers, positions, norm)
    embedded = [params["target_embedding"][token] for token in target_in]
    xs = enter(params["decoder"], embedded, positions)
    for i in range(layers):
        xs = decoder_block(params["decoder"][f"block_{i}"], xs, memory, positions, norm)
    return [linear(params["output"], x) for x in leave(params["decoder"], xs)]


def _shown(state):
    """Return what an LSTM puts out of its pair of hidden state and cell; other states are whole."""
    return state[0] if isinstance(state, tuple) else state


def seq2seq(params, source, target_in, attends, encoder_name):
    """Logits for one sequence without padding, a list with one vector for each target token."""
    embedded = [params["source_embedding"][token] for token in source]
    cell = "gru" if encoder_name in ("self_attention", "bidirectional") else encoder_name
    if encoder_name == "self_attention":
        outputs = encoder(params["encoder"], embedded)
        summary = sum(outputs) / len(outputs)
    elif encoder_name == "bidirectional":
        ways = {}
        for way, words in (("forward", embedded), ("backward", embedded[::-1])):
            zeros = np.zeros(params["encoder"][way]["recurrent"].shape[0])
            ways[way] = run(gru_step, params["encoder"][way], words, zeros)
        summary = np.concatenate([ways["forward"][-1], ways["backward"][-1]])
        pairs = zip(ways["forward"], ways["backward"][::-1], strict=True)
        outputs = [np.concatenate(pair) for pair in pairs]
    else:
        zeros = np.zeros(params["encoder"]["recurrent"].shape[0])
        start = (zeros, zeros) if cell == "lstm" else zeros
        outputs = run(STEPS[cell], params["encoder"], embedded, start)
        summary = outputs[-1]
        outputs = [_shown(state) for state in outputs]
    memory = outputs if attends else [_shown(summary)]
    state, logits = summary, []
    for token in target_in:
        x = params["target_embedding"][token]
        if "score" in params["decoder"]:
            state, context, _ = attentive_gru_step(params["decoder"], x, memory, state)
        else:
            state = STEPS[cell](params["decoder"], x, state)
            context, _ = attend(_shown(state), memory, memory, 1)
        both = np.concatenate([_shown(state), context])
        logits.append(linear(params["output"], np.tanh(linear(params["combine"], both))))
    return logits
