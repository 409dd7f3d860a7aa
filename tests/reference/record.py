"""Record what PyTorch computes, forward and backward, for the tests to compare with.

Run it with PyTorch installed: ``python tests/reference/record.py``. It writes one small file in
float64 for each group of functions, beside itself; the tests need only these files.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

HERE = Path(__file__).parent
BATCH, TIME, WIDTH_IN, WIDTH = 4, 6, 3, 5
LENGTHS = [6, 2, 5, 1]


def random(generator, *shape):
    """Draw normal numbers whose gradient is wanted."""
    return torch.from_numpy(generator.standard_normal(shape)).requires_grad_()


def backward(record, generator, outputs, inputs):
    """Add to `record`: inputs, outputs, random cotangents, and the gradients they give."""
    cotangents = [torch.from_numpy(generator.standard_normal(tuple(y.shape))) for y in outputs]
    total = sum((y * c).sum() for y, c in zip(outputs, cotangents, strict=True))
    gradients = torch.autograd.grad(total, list(inputs.values()))
    for i, (output, cotangent) in enumerate(zip(outputs, cotangents, strict=True)):
        record[f"output_{i}"], record[f"cotangent_{i}"] = output, cotangent
    for (name, array), gradient in zip(inputs.items(), gradients, strict=True):
        record[name], record[f"gradient_{name}"] = array, gradient


def save(name, record):
    """Write the arrays of `record` to a file."""
    arrays = {
        key: value.detach().numpy() if torch.is_tensor(value) else np.asarray(value)
        for key, value in record.items()
    }
    np.savez_compressed(HERE / f"{name}.npz", **arrays)


def functions(generator):
    """Softmax, linear, layer norm, cross-entropy with ignored places, embedding."""
    x, weight, bias = random(generator, 2, 3, 4), random(generator, 4, 5), random(generator, 5)
    scale, shift = random(generator, 4), random(generator, 4)
    table, tokens = random(generator, 7, 4), torch.tensor([[1, 6, 1], [0, 1, 3]])
    targets = torch.tensor([[3, 0, 2], [1, 1, 3]])
    where = torch.tensor([[True, False, True], [True, True, False]])
    ignored = torch.where(where, targets, -100)
    linear = functional.linear(x, weight.T, bias)
    normal = functional.layer_norm(x, (4,), scale, shift)
    cross_entropy = functional.cross_entropy(x.transpose(1, 2), ignored, ignore_index=-100)
    cases = {
        "softmax": ({}, x.softmax(-1), {"x": x}),
        "linear": ({}, linear, {"weight": weight, "bias": bias, "x": x}),
        "layer_norm": ({}, normal, {"scale": scale, "shift": shift, "x": x}),
        "cross_entropy": ({"targets": targets, "where": where}, cross_entropy, {"x": x}),
        "embedding": ({"tokens": tokens}, functional.embedding(tokens, table), {"table": table}),
    }
    for name, (record, output, inputs) in cases.items():
        backward(record, generator, [output], inputs)
        save(name, record)


def recurrent(generator, name, layer):
    """Run a recurrent layer over a packed batch of padded sequences, with a first state."""
    inputs = random(generator, BATCH, TIME, WIDTH_IN)
    names = ("state", "cell") if name == "lstm" else ("state",)
    start = {key: random(generator, BATCH, WIDTH) for key in names}
    first = tuple(array[None] for array in start.values())
    packed = nn.utils.rnn.pack_padded_sequence(
        inputs, LENGTHS, batch_first=True, enforce_sorted=False
    )
    outputs, last = layer(packed, first if len(first) == 2 else first[0])
    last = [array[0] for array in last] if len(first) == 2 else [last[0]]
    outputs, _ = nn.utils.rnn.pad_packed_sequence(outputs, batch_first=True)
    record = {"lengths": LENGTHS}
    weights = {
        "input": layer.weight_ih_l0,
        "recurrent": layer.weight_hh_l0,
        "input_bias": layer.bias_ih_l0,
        "recurrent_bias": layer.bias_hh_l0,
    }
    backward(record, generator, [outputs, *last], {"inputs": inputs, **start, **weights})
    for key in ("input", "recurrent"):  # helpers keep (width_in, width), PyTorch the transpose
        record[key], record[f"gradient_{key}"] = record[key].T, record[f"gradient_{key}"].T
    save(name, record)


def bidirectional(generator):
    """Run a GRU from both ends of a packed batch of padded sequences."""
    layer = nn.GRU(WIDTH_IN, WIDTH, batch_first=True, bidirectional=True)
    inputs = random(generator, BATCH, TIME, WIDTH_IN)
    packed = nn.utils.rnn.pack_padded_sequence(
        inputs, LENGTHS, batch_first=True, enforce_sorted=False
    )
    outputs, last = layer(packed)
    outputs, _ = nn.utils.rnn.pad_packed_sequence(outputs, batch_first=True)
    names = {"weight_ih": "input", "weight_hh": "recurrent"}
    names |= {"bias_ih": "input_bias", "bias_hh": "recurrent_bias"}
    weights = {
        f"{direction}_{ours}": getattr(layer, f"{theirs}_l0{suffix}")
        for direction, suffix in (("forward", ""), ("backward", "_reverse"))
        for theirs, ours in names.items()
    }
    record = {"lengths": LENGTHS}
    backward(record, generator, [outputs, last[0], last[1]], {"inputs": inputs, **weights})
    for key in weights:
        if not key.endswith("bias"):
            record[key], record[f"gradient_{key}"] = record[key].T, record[f"gradient_{key}"].T
    save("bidirectional", record)


def attentive_gru(generator):
    """Record a loop of GRUCell with additive attention to padded memory inside."""
    width, lengths = 6, torch.tensor([5, 1, 3])
    inputs, memory = random(generator, 3, 4, 2), random(generator, 3, 5, width)
    state, vector = random(generator, 3, width), random(generator, width)
    queries, keys = nn.Linear(width, width), nn.Linear(width, width)
    cell = nn.GRUCell(2 + width, width)
    padded = torch.arange(5) >= lengths[:, None]
    hidden, steps = state, []
    for t in range(4):
        scores = torch.tanh(queries(hidden)[:, None] + keys(memory)) @ vector
        weights = scores.masked_fill(padded, -torch.inf).softmax(-1)
        context = (weights[..., None] * memory).sum(1)
        hidden = cell(torch.cat([inputs[:, t], context], -1), hidden)
        steps.append((hidden, context, weights))
    outputs = [torch.stack(parts, dim=1) for parts in zip(*steps, strict=True)]
    given = {"inputs": inputs, "memory": memory, "state": state, "vector": vector}
    transposed = {
        "queries_weight": queries.weight,
        "keys_weight": keys.weight,
        "input": cell.weight_ih,
        "recurrent": cell.weight_hh,
    }
    biases = {
        "queries_bias": queries.bias,
        "keys_bias": keys.bias,
        "input_bias": cell.bias_ih,
        "recurrent_bias": cell.bias_hh,
    }
    record = {"lengths": lengths}
    backward(record, generator, outputs, given | transposed | biases)
    for key in transposed:
        record[key], record[f"gradient_{key}"] = record[key].T, record[f"gradient_{key}"].T
    save("attentive_gru", record)


def attention(generator):
    """Record scaled dot-product attention with a mask for each query and key."""
    queries, keys = random(generator, 2, 3, 4), random(generator, 2, 5, 4)
    values = random(generator, 2, 5, 6)
    mask = torch.from_numpy(generator.random((2, 3, 5)) < 0.6)
    mask[:, :, 1] = True
    output = functional.scaled_dot_product_attention(queries, keys, values, mask)
    record = {"mask": mask}
    backward(record, generator, [output], {"queries": queries, "keys": keys, "values": values})
    save("attention", record)


def projections(layer):
    """Weights of multi-head attention, by the names that helpers give them."""
    return {"in_projection": layer.in_proj_weight, "out_projection": layer.out_proj.weight}


def multi_head(generator):
    """Record multi-head cross-attention with padded keys."""
    layer = nn.MultiheadAttention(12, 4, bias=False, batch_first=True)
    queries_from, keys_values_from = random(generator, 2, 5, 12), random(generator, 2, 7, 12)
    lengths = torch.tensor([7, 3])
    padded = torch.arange(7) >= lengths[:, None]
    output, weights = layer(
        queries_from,
        keys_values_from,
        keys_values_from,
        key_padding_mask=padded,
        average_attn_weights=False,
    )
    inputs = {"queries_from": queries_from, "keys_values_from": keys_values_from}
    record = {"lengths": lengths}
    backward(record, generator, [output, weights], inputs | projections(layer))
    save("multi_head", record)


def encoder_block(generator):
    """Record the pre-norm encoder block over padded sequences."""
    layer = nn.TransformerEncoderLayer(12, 4, 48, dropout=0, batch_first=True, norm_first=True)
    with torch.no_grad():
        for norm in (layer.norm1, layer.norm2):
            norm.weight.copy_(torch.from_numpy(1 + 0.1 * generator.standard_normal(12)))
            norm.bias.copy_(torch.from_numpy(0.1 * generator.standard_normal(12)))
        layer.self_attn.in_proj_bias.zero_()  # helpers' attention has no biases
        layer.self_attn.out_proj.bias.zero_()
    x = random(generator, 3, 7, 12)
    lengths = torch.tensor([7, 2, 5])
    output = layer(x, src_key_padding_mask=torch.arange(7) >= lengths[:, None])
    inputs = {
        "x": x,
        **projections(layer.self_attn),
        "attention_norm_scale": layer.norm1.weight,
        "attention_norm_shift": layer.norm1.bias,
        "feed_forward_norm_scale": layer.norm2.weight,
        "feed_forward_norm_shift": layer.norm2.bias,
        "expand_weight": layer.linear1.weight,
        "expand_bias": layer.linear1.bias,
        "shrink_weight": layer.linear2.weight,
        "shrink_bias": layer.linear2.bias,
    }
    record = {"lengths": lengths}
    backward(record, generator, [output], inputs)
    for key in ("expand_weight", "shrink_weight"):
        record[key], record[f"gradient_{key}"] = record[key].T, record[f"gradient_{key}"].T
    save("encoder_block", record)


def smoothed(generator):
    """Record cross-entropy with smoothed labels and ignored places."""
    x, targets = random(generator, 2, 3, 4), torch.tensor([[3, 0, 2], [1, 1, 3]])
    where = torch.tensor([[True, False, True], [True, True, False]])
    ignored = torch.where(where, targets, -100)
    output = functional.cross_entropy(
        x.transpose(1, 2), ignored, ignore_index=-100, label_smoothing=0.1
    )
    record = {"targets": targets, "where": where}
    backward(record, generator, [output], {"x": x})
    save("smoothed_cross_entropy", record)


def stir(module, generator):
    """Move norms and biases away from 1 and 0; helpers' attention has no biases."""
    with torch.no_grad():
        for name, weight in module.named_parameters():
            if "in_proj_bias" in name or "out_proj.bias" in name:
                weight.zero_()
            elif weight.ndim == 1:
                weight.add_(torch.from_numpy(0.1 * generator.standard_normal(len(weight))))


def block_parts(layer, norms):
    """Weights of a block by the paths that helpers give them; matrices still PyTorch's way."""
    parts = {"attention": layer.self_attn}
    if "cross_norm" in norms:
        parts["cross"] = layer.multihead_attn
    found = {
        f"{name}.{key}": weight
        for name, part in parts.items()
        for key, weight in projections(part).items()
    }
    for i, name in enumerate(norms, start=1):
        norm = getattr(layer, f"norm{i}")
        found |= {f"{name}.scale": norm.weight, f"{name}.shift": norm.bias}
    for name, part in {"expand": layer.linear1, "shrink": layer.linear2}.items():
        found |= {f"{name}.weight": part.weight, f"{name}.bias": part.bias}
    return found


ENCODER_NORMS = ("attention_norm", "feed_forward_norm")
DECODER_NORMS = ("attention_norm", "cross_norm", "feed_forward_norm")


def transposed(record):
    """Turn the matrices of linear maps round: helpers keep (width_in, width_out)."""
    for key, value in record.items():
        if key.endswith(".weight") and value.ndim == 2:
            record[key] = value.T
    return record


def decoder_block(generator, norm):
    """Record a decoder block over padded memories, with a causal mask."""
    layer = nn.TransformerDecoderLayer(
        12, 4, 48, dropout=0, batch_first=True, norm_first=norm == "pre"
    )
    stir(layer, generator)
    x, memory = random(generator, 3, 5, 12), random(generator, 3, 7, 12)
    lengths = torch.tensor([7, 2, 5])
    output = layer(
        x,
        memory,
        tgt_mask=~torch.ones(5, 5).tril().bool(),
        memory_key_padding_mask=torch.arange(7) >= lengths[:, None],
    )
    record = {"lengths": lengths}
    parts = block_parts(layer, DECODER_NORMS)
    backward(record, generator, [output], {"x": x, "memory": memory, **parts})
    save(f"decoder_block_{norm}", transposed(record))


def post_norm_encoder_block(generator):
    """Record the encoder block of the paper, which norms sums."""
    layer = nn.TransformerEncoderLayer(12, 4, 48, dropout=0, batch_first=True)
    stir(layer, generator)
    x, lengths = random(generator, 3, 7, 12), torch.tensor([7, 2, 5])
    output = layer(x, src_key_padding_mask=torch.arange(7) >= lengths[:, None])
    record = {"lengths": lengths}
    backward(record, generator, [output], {"x": x, **block_parts(layer, ENCODER_NORMS)})
    save("encoder_block_post", transposed(record))


def transformer(generator, norm):
    """Record logits and the gradients of all parameters: 2 + 2 layers, learned positions."""
    width, vocabularies = 12, (9, 8)
    options = {"dropout": 0, "batch_first": True, "norm_first": norm == "pre"}
    encoder = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(width, 4, 48, **options),
        2,
        norm=nn.LayerNorm(width) if norm == "pre" else None,
        enable_nested_tensor=False,
    )
    decoder = nn.TransformerDecoder(
        nn.TransformerDecoderLayer(width, 4, 48, **options),
        2,
        norm=nn.LayerNorm(width) if norm == "pre" else None,
    )
    output = nn.Linear(width, vocabularies[1])
    stir(nn.ModuleList([encoder, decoder, output]), generator)
    inputs = {
        "source_embedding": random(generator, vocabularies[0], width),
        "target_embedding": random(generator, vocabularies[1], width),
    }
    for name, stack, norms in (
        ("encoder", encoder, ENCODER_NORMS),
        ("decoder", decoder, DECODER_NORMS),
    ):
        for i, layer in enumerate(stack.layers):
            parts = block_parts(layer, norms)
            inputs |= {f"{name}.block_{i}.{part}": weight for part, weight in parts.items()}
        if norm == "pre":
            inputs |= {f"{name}.norm.scale": stack.norm.weight}
            inputs |= {f"{name}.norm.shift": stack.norm.bias}
        inputs[f"{name}.positions.table"] = random(generator, 8, width)
    inputs |= {"output.weight": output.weight, "output.bias": output.bias}
    source, target_in = torch.randint(9, (3, 7)), torch.randint(8, (3, 5))
    lengths = torch.tensor([7, 2, 5])
    padded = torch.arange(7) >= lengths[:, None]

    def embedded(side, stack, tokens):
        table, positions = inputs[f"{side}_embedding"], inputs[f"{stack}.positions.table"]
        return table[tokens] * width**0.5 + positions[: tokens.shape[1]]

    memory = encoder(embedded("source", "encoder", source), src_key_padding_mask=padded)
    states = decoder(
        embedded("target", "decoder", target_in),
        memory,
        tgt_mask=~torch.ones(5, 5).tril().bool(),
        memory_key_padding_mask=padded,
    )
    record = {"source": source, "target_in": target_in, "lengths": lengths}
    backward(record, generator, [output(states)], inputs)
    save(f"transformer_{norm}", transposed(record))


def activations(generator):
    """Record functions of single vectors, and two linear maps with one of these between them."""
    x, w_1, b_1 = random(generator, 2, 3, 4), random(generator, 4, 5), random(generator, 5)
    w_2, b_2 = random(generator, 5, 6), random(generator, 6)
    outputs = [x.log_softmax(-1), x.tanh(), x.sigmoid(), x.relu()]
    outputs.append(functional.linear((x @ w_1 + b_1).relu(), w_2.T, b_2))
    record = {}
    maps = {"weight_1": w_1, "bias_1": b_1, "weight_2": w_2, "bias_2": b_2}
    backward(record, generator, outputs, {"x": x} | maps)
    save("activations", record)


def places(generator):
    """Record attention of four heads with rotary positions, and with linear biases."""
    queries, keys, values = (random(generator, 2, 4, 5, 6) for _ in range(3))
    mask = torch.arange(5) < torch.tensor([5, 3])[:, None]
    rates = 10000 ** (-torch.arange(0, 6, 2) / 6)
    turns = torch.polar(torch.ones(5, 3), torch.arange(5)[:, None] * rates)

    def turned(x):
        numbers = torch.view_as_complex(x.reshape(2, 4, 5, 3, 2)) * turns
        return torch.view_as_real(numbers).reshape(x.shape)

    back = torch.arange(5)[:, None] - torch.arange(5)
    distances = torch.where(back < 0, -2 * back, back)
    slopes = torch.tensor([1 / 4, 1 / 16, 1 / 64, 1 / 256])[:, None, None]
    allowed = mask[:, None, None]
    biases = (-slopes * distances).masked_fill(~allowed, -torch.inf)
    attend = functional.scaled_dot_product_attention
    outputs = [
        attend(turned(queries), turned(keys), values, allowed),
        attend(queries, keys, values, biases),
    ]
    record = {"mask": mask}
    backward(record, generator, outputs, {"queries": queries, "keys": keys, "values": values})
    save("places", record)


def scores(generator):
    """Record bilinear and additive scores of all pairs."""
    queries, keys, bilinear = (
        random(generator, *shape) for shape in ((2, 3, 4), (2, 5, 4), (4, 4))
    )
    to_queries, to_keys, vector = nn.Linear(4, 6), nn.Linear(4, 6), random(generator, 6)
    hidden = torch.tanh(to_queries(queries)[:, :, None] + to_keys(keys)[:, None])
    pairs = queries[:, :, None].expand(2, 3, 5, 4), keys[:, None].expand(2, 3, 5, 4)
    outputs = [functional.bilinear(*pairs, bilinear[None])[..., 0], hidden @ vector]
    inputs = {"queries": queries, "keys": keys, "bilinear": bilinear, "vector": vector}
    for name, part in {"to_queries": to_queries, "to_keys": to_keys}.items():
        inputs |= {f"{name}.weight": part.weight, f"{name}.bias": part.bias}
    record = {}
    backward(record, generator, outputs, inputs)
    save("scores", transposed(record))


def linear_attention(generator):
    """Record attention without a softmax, by way of all pairs: over true keys, and causal."""
    queries, keys, values = (random(generator, 2, 5, width) for width in (4, 4, 6))
    mask = torch.arange(5) < torch.tensor([5, 3])[:, None]
    pairs = (functional.elu(queries) + 1) @ (functional.elu(keys) + 1).mT * mask[:, None]
    record, outputs = {"mask": mask}, []
    for weights in (pairs, pairs.tril()):
        outputs.append(weights @ values / weights.sum(-1, keepdim=True))
    backward(record, generator, outputs, {"queries": queries, "keys": keys, "values": values})
    save("linear_attention", record)


def encoder_stack(generator, width, norm="pre"):
    """Return two layers of self-attention, and their weights by the paths that helpers give."""
    stack = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(
            width, 4, 4 * width, dropout=0, batch_first=True, norm_first=norm == "pre"
        ),
        2,
        norm=nn.LayerNorm(width) if norm == "pre" else None,
        enable_nested_tensor=False,
    )
    stir(stack, generator)
    found = {"positions.table": random(generator, 8, width)}
    for i, layer in enumerate(stack.layers):
        parts = block_parts(layer, ENCODER_NORMS)
        found |= {f"block_{i}.{part}": weight for part, weight in parts.items()}
    if norm == "pre":
        found |= {"norm.scale": stack.norm.weight, "norm.shift": stack.norm.bias}
    return stack, found


def decoder_only(generator, norm):
    """Record one stack over padded tokens, with a causal mask and with a prefix mask."""
    width, n = 12, 7
    stack, found = encoder_stack(generator, width, norm)
    table, output = random(generator, 9, width), nn.Linear(width, 9)
    inputs = {"embedding": table} | {f"stack.{key}": part for key, part in found.items()}
    inputs |= {"output.weight": output.weight, "output.bias": output.bias}
    tokens = torch.from_numpy(generator.integers(0, 9, (3, n)))
    lengths, prefix_lengths = torch.tensor([7, 4, 5]), torch.tensor([3, 4, 1])
    places = torch.arange(n)
    true = places < lengths[:, None]
    causal = (places[:, None] >= places).expand(3, n, n)
    embedded = table[tokens] * width**0.5 + found["positions.table"][:n]
    outputs = []
    for mask in (causal, causal | (places < prefix_lengths[:, None])[:, None]):
        forbidden = ~(mask & true[:, None]).repeat_interleave(4, dim=0)  # one for each head
        outputs.append(output(stack(embedded, mask=forbidden)))
    record = {"tokens": tokens, "lengths": lengths, "prefix_lengths": prefix_lengths}
    backward(record, generator, outputs, inputs)
    save(f"decoder_only_{norm}", transposed(record))


GATES = {"input": "weight_ih", "recurrent": "weight_hh"}
GATES |= {"input_bias": "bias_ih", "recurrent_bias": "bias_hh"}


def gates(layer, suffix="_l0"):
    """Weights of a recurrent layer by the names that helpers give them."""
    return {ours: getattr(layer, f"{theirs}{suffix}") for ours, theirs in GATES.items()}


def seq2seq(generator, encoder):
    """Record logits of an encoder-decoder with attention after its steps, and with one vector."""
    width, vocabularies, source_lengths = 8, (9, 7), torch.tensor([5, 2, 4])
    kinds = {"rnn": nn.RNN, "lstm": nn.LSTM}
    kind = kinds.get(encoder, nn.GRU)
    source = torch.from_numpy(generator.integers(0, vocabularies[0], (3, 5)))
    target_in = torch.from_numpy(generator.integers(0, vocabularies[1], (3, 4)))
    tables = [random(generator, size, width) for size in vocabularies]
    padded = torch.arange(5) >= source_lengths[:, None]
    if encoder == "self_attention":
        stack, found = encoder_stack(generator, width)
        embedded = tables[0][source] * width**0.5 + found["positions.table"][:5]
        outputs = stack(embedded, src_key_padding_mask=padded)
        summary = outputs.masked_fill(padded[..., None], 0).sum(1) / source_lengths[:, None]
        state = summary[None]
    else:
        both = encoder == "bidirectional"
        layer = kind(width, width // 2 if both else width, batch_first=True, bidirectional=both)
        packed = nn.utils.rnn.pack_padded_sequence(
            tables[0][source], source_lengths, batch_first=True, enforce_sorted=False
        )
        outputs, state = layer(packed)
        outputs, _ = nn.utils.rnn.pad_packed_sequence(outputs, batch_first=True)
        found = gates(layer)
        if both:
            ways = {"forward": "_l0", "backward": "_l0_reverse"}
            found = {
                f"{way}.{key}": part
                for way, suffix in ways.items()
                for key, part in gates(layer, suffix).items()
            }
            state = torch.cat([*state], dim=-1)[None]
        summary = state[0][0] if encoder == "lstm" else state[0]
    decoder = kind(width, width, batch_first=True)
    combine, output = nn.Linear(2 * width, width), nn.Linear(width, vocabularies[1])
    queries, _ = decoder(tables[1][target_in], state)
    logits = []
    for memory, hidden in ((outputs, padded), (summary[:, None], None)):
        scores = queries @ memory.mT
        if hidden is not None:
            scores = scores.masked_fill(hidden[:, None], -torch.inf)
        context = scores.softmax(-1) @ memory
        logits.append(output(torch.tanh(combine(torch.cat([queries, context], -1)))))
    inputs = dict(zip(("source_embedding", "target_embedding"), tables, strict=True))
    inputs |= {f"encoder.{key}": part for key, part in found.items()}
    inputs |= {f"decoder.{key}": part for key, part in gates(decoder).items()}
    for name, part in {"combine": combine, "output": output}.items():
        inputs |= {f"{name}.weight": part.weight, f"{name}.bias": part.bias}
    record = {"source": source, "lengths": source_lengths, "target_in": target_in}
    backward(record, generator, logits, inputs)
    for key in list(record):
        if key.endswith((".input", ".recurrent")):
            record[key] = record[key].T
    save(f"seq2seq_{encoder}", transposed(record))


def adam(generator):
    """Record ten steps of Adam, each with another rate."""
    vector = nn.Parameter(torch.from_numpy(generator.standard_normal(6)))
    gradients = generator.standard_normal((10, 6)) * np.logspace(-6, 2, 6)
    rates = np.linspace(0.01, 0.1, 10)
    optimiser = torch.optim.Adam([vector], betas=(0.9, 0.98), eps=1e-9)
    record = {"start": vector.detach().clone(), "gradients": gradients, "rates": rates}
    vectors = []
    for gradient, rate in zip(gradients, rates, strict=True):
        vector.grad = torch.from_numpy(gradient)
        optimiser.param_groups[0]["lr"] = rate
        optimiser.step()
        vectors.append(vector.detach().numpy().copy())
    save("adam", record | {"vectors": np.stack(vectors)})


def three_words():
    """Record the example of chapter 05, and what becomes of a query that may look at nothing."""
    queries = torch.tensor([[0.0, 1.0], [2.0, 1.0], [1.0, -1.0]])
    keys = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    values = torch.tensor([[10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])
    context = functional.scaled_dot_product_attention(queries, keys, values)
    record = {"queries": queries, "keys": keys, "values": values, "context": context}
    nothing = torch.zeros(3, 3, dtype=torch.bool)  # False: may not attend
    record["empty: scaled_dot_product_attention"] = functional.scaled_dot_product_attention(
        queries, keys, values, attn_mask=nothing
    )
    layer = nn.MultiheadAttention(2, 1, batch_first=True)
    masks = {"attn_mask": ~nothing, "key_padding_mask": torch.ones(1, 3, dtype=torch.bool)}
    for mode in ("train", "eval"):
        getattr(layer, mode)()
        for name, mask in masks.items():
            for wanted in (True, False):
                output, _ = layer(*[keys[None]] * 3, **{name: mask}, need_weights=wanted)
                record[f"empty: {name}, need_weights={wanted}, {mode}"] = output
    save("three_words", record | {"version": torch.__version__})


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    numbers = np.random.default_rng(0)
    functions(numbers)
    recurrent(numbers, "rnn", nn.RNN(WIDTH_IN, WIDTH, batch_first=True))
    recurrent(numbers, "gru", nn.GRU(WIDTH_IN, WIDTH, batch_first=True))
    attention(numbers)
    multi_head(numbers)
    encoder_block(numbers)
    adam(numbers)
    smoothed(numbers)
    post_norm_encoder_block(numbers)
    for norm in ("pre", "post"):
        decoder_block(numbers, norm)
        transformer(numbers, norm)
    more = np.random.default_rng(2)
    recurrent(more, "lstm", nn.LSTM(WIDTH_IN, WIDTH, batch_first=True))
    bidirectional(more)
    attentive_gru(more)
    latest = np.random.default_rng(3)
    activations(latest)
    places(latest)
    scores(latest)
    linear_attention(latest)
    for norm in ("pre", "post"):
        decoder_only(latest, norm)
    for encoder in ("rnn", "gru", "lstm", "bidirectional", "self_attention"):
        seq2seq(latest, encoder)
    three_words()
