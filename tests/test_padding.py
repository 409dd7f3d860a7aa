"""What nobody may look at has no influence, whatever it holds: numbers, NaN, infinity.

One table of all public functions that take a mask or lengths. Each is called twice, with 0 and
with something else in the hidden places: what counts of the results, and all gradients, are alike.
"""

import importlib
import inspect

import autograd.numpy as np
import numpy
import pytest
from compare import agree_all, arrays_of, differentiate, with_noise

from helpers import attention, cached, cost, functions, positions, recurrent, seq2seq, start
from helpers import transformer as blocks
from helpers.attention import causal_mask, padding_mask

pytestmark = pytest.mark.usefixtures("way")

MODULES = ("functions", "attention", "recurrent", "seq2seq", "transformer", "cached", "cost")
HIDING = ("mask", "where", "lengths")
#: They take a mask or lengths, but nothing that these could hide.
MAKE_MASKS = {"padding_mask", "prefix_mask", "true_places", "for_all_heads", "columns", "wire"}
#: Parts of `cached.decoder_step`, to which `cached.start_decoding` leads, and of `rewired_block`.
PARTS = {"look_back", "looking_at", "tapped"}

BATCH, N, M, WIDTH, HEADS, VOCABULARY = 3, 4, 5, 8, 2, 7
LENGTHS = numpy.array([5, 2, 3])
MASK = padding_mask(LENGTHS, M)
TRUE = MASK[:, 0]  # (batch, m)
PADDING = ~TRUE
IN_HEADS = numpy.broadcast_to(PADDING[:, None], (BATCH, HEADS, M))
CASES = {}


def case(function, *variants):
    """Remember a case of a function, or one for each variant.

    The function below draws a function of arrays, its arguments, and for the first arrays among
    these which of their places are hidden.
    """

    def remember(draw):
        for variant in [(variant,) for variant in variants] or [()]:
            words = [function.__name__, draw.__name__, *variant]
            name = "-".join(getattr(word, "__name__", str(word)) for word in words)
            CASES[name] = function, draw, variant
        return draw

    return remember


def test_every_function_that_takes_a_mask_or_lengths_has_a_case():
    found = set()
    for name in MODULES:
        module = importlib.import_module(f"helpers.{name}")
        for function in vars(module).values():
            if inspect.isfunction(function) and function.__module__ == module.__name__:
                if any(word.endswith(HIDING) for word in inspect.signature(function).parameters):
                    found.add(function)
    left_out = {function for function in found if function.__name__ in MAKE_MASKS | PARTS}
    assert len(left_out) == len(MAKE_MASKS | PARTS)
    assert {function for function, _, _ in CASES.values()} == found - left_out


@pytest.mark.parametrize("content", [7.0, numpy.nan, numpy.inf, -numpy.inf])
@pytest.mark.parametrize("name", CASES)
def test_it_has_no_influence_forward_and_backward(name, content):
    _, draw, variant = CASES[name]
    function, arguments, *hidden = draw(numpy.random.default_rng(0), *variant)
    arrays, build = arrays_of(arguments)

    def with_content(content):
        changed = [array.copy() for array in arrays]
        for array, places in zip(changed, hidden, strict=False):
            assert places.any()
            array[places] = content
        return differentiate(function, build(changed))

    (outputs, gradients), (expected, expected_gradients) = map(with_content, (content, 0.0))
    agree_all(outputs + gradients, expected + expected_gradients, 1e-12)
    for gradient, places in zip(gradients, hidden, strict=False):
        assert (gradient[places] == 0).all()


# ---- functions and attention ------------------------------------------------------------------


@case(functions.softmax)
def scores(rng):
    where = rng.random((BATCH, N, M)) < 0.5
    where[0, 0] = False
    x = rng.standard_normal(where.shape)
    return lambda x: functions.softmax(x, where=where), (x,), ~where


@case(functions.cross_entropy, 0.0, 0.1)
def logits(rng, smoothing):
    targets, x = rng.integers(0, N, TRUE.shape), rng.standard_normal((*TRUE.shape, N))
    return lambda x: functions.cross_entropy(x, targets, TRUE, smoothing), (x,), PADDING


def distance(queries, keys):
    """Score that a student might write."""
    return -np.sum((queries[..., :, None, :] - keys[..., None, :, :]) ** 2, axis=-1)


def score_of(name, rng):
    if name in ("general", "additive", "location"):
        params = with_noise(getattr(start, f"init_{name}")(rng, WIDTH))
        return getattr(attention, name)(params)
    return distance if name == "distance" else getattr(attention, name)


each_score = "dot", "scaled_dot", "general", "additive", "location", "distance"


def looked_up(rng):
    """Keys, values and queries; a mask, and which keys it hides from all queries."""
    mask = MASK & (rng.random((BATCH, N, M)) < 0.7)
    return [rng.standard_normal((BATCH, n, WIDTH)) for n in (M, M, N)], mask, ~mask.any(axis=1)


@case(attention.attention_weights, *each_score)
def keys(rng, name):
    (keys, _, queries), mask, hidden = looked_up(rng)
    score = score_of(name, rng)

    def weights(keys, queries):
        return attention.attention_weights(queries, keys, mask, score)

    return weights, (keys, queries), hidden


@case(attention.attention, *each_score)
def keys_values(rng, name):
    arrays, mask, hidden = looked_up(rng)
    score = score_of(name, rng)

    def context(keys, values, queries):
        return attention.attention(queries, keys, values, mask, score)

    return context, arrays, hidden, hidden


@case(attention.attention)
def keys_that_the_whole_batch_shares(rng):
    (keys, values, queries), mask, _ = looked_up(rng)
    hidden = numpy.arange(M) > 2

    def context(keys, values, queries):
        return attention.attention(queries, keys, values, mask & ~hidden)

    return context, (keys[0], values[0], queries), hidden, hidden


@case(attention.attention, "rotary", "alibi")
def keys_values_in_order(rng, positions_name):
    arrays = [rng.standard_normal((BATCH, HEADS, n, WIDTH)) for n in (M, M, N)]
    score = positions.position_score(positions_name)

    def context(keys, values, queries):
        return attention.attention(queries, keys, values, MASK[:, None], score)

    return context, arrays, IN_HEADS, IN_HEADS


@case(cost.blocked_attention, 2, 512)
def keys_values_in_blocks(rng, block):
    arrays, mask, hidden = looked_up(rng)

    def context(keys, values, queries):
        return cost.blocked_attention(queries, keys, values, mask, block)

    return context, arrays, hidden, hidden


@case(cost.linear_attention, False, True)
def keys_values_without_softmax(rng, causal):
    arrays = [rng.standard_normal((BATCH, M, WIDTH)) for _ in range(3)]

    def context(keys, values, queries):
        return cost.linear_attention(queries, keys, values, MASK, causal, 2)

    return context, arrays, PADDING, PADDING


@case(attention.seen)
def what_is_seen(rng):
    x = rng.standard_normal((BATCH, M, WIDTH))
    return lambda x: attention.seen(x, MASK)[TRUE], (x,), PADDING


HEAD_PARAMS = with_noise(start.init_multi_head(numpy.random.default_rng(0), WIDTH, HEADS))


@case(attention.multi_head_attention, "none", "rotary")
def another_sequence(rng, positions_name):
    score = positions.position_score(positions_name)

    def run(keys_values_from, queries_from, params):
        return attention.multi_head_attention(params, queries_from, keys_values_from, MASK, score)

    sequences = [rng.standard_normal((BATCH, n, WIDTH)) for n in (M, N)]
    return run, (*sequences, HEAD_PARAMS), PADDING


@case(attention.multi_head_attention)
def one_sequence(rng):
    def run(x, params):
        return true_rows(attention.multi_head_attention(params, x, x, MASK))

    return run, (rng.standard_normal((BATCH, M, WIDTH)), HEAD_PARAMS), PADDING


@case(cached.attend)
def a_cache(rng):
    def run(keys, values, x, params):
        return cached.attend(params, x, {"keys": keys, "values": values}, MASK)

    cache = [rng.standard_normal((BATCH, HEADS, M, WIDTH // HEADS)) for _ in range(2)]
    return run, (*cache, rng.standard_normal((BATCH, N, WIDTH)), HEAD_PARAMS), IN_HEADS, IN_HEADS


# ---- recurrent layers -------------------------------------------------------------------------

LAYERS = {"rnn": recurrent.rnn, "gru": recurrent.gru, "lstm": recurrent.lstm}
#: No true step has token 0: what its row holds, only padding has.
ROW_0 = numpy.arange(VOCABULARY) == 0


def cell_params(name):
    return with_noise(getattr(start, f"init_{name}")(numpy.random.default_rng(0), 2, 3))


SOURCE = numpy.random.default_rng(0).integers(1, VOCABULARY, PADDING.shape) * TRUE


def read(rng, name):
    def run(inputs, params):
        return LAYERS[name](params, inputs, LENGTHS)

    return run, (rng.standard_normal((BATCH, M, 2)), cell_params(name)), PADDING


def read_tokens(rng, name):
    def run(table, params):
        return LAYERS[name](params, SOURCE, LENGTHS, table=table)

    return run, (rng.standard_normal((VOCABULARY, 2)), cell_params(name)), ROW_0


for name, layer in LAYERS.items():
    case(layer, name)(read)
    case(layer, name)(read_tokens)


@case(recurrent.scan, "rnn", "gru")
def any_steps(rng, name):
    step = getattr(recurrent, f"{name}_step")

    def run(inputs, params, state):
        return recurrent.scan(step, params, inputs, LENGTHS, state)

    inputs, state = rng.standard_normal((BATCH, M, 2)), rng.standard_normal((BATCH, 3))
    return run, (inputs, cell_params(name), state), PADDING


@case(recurrent.bidirectional, *LAYERS)
def both_ways(rng, name):
    def run(inputs, params):
        return recurrent.bidirectional(LAYERS[name], params, inputs, LENGTHS)

    params = {"forward": cell_params(name), "backward": cell_params(name)}
    return run, (rng.standard_normal((BATCH, M, 2)), params), PADDING


@case(recurrent.reverse)
def turned_round(rng):
    x = rng.standard_normal((BATCH, M, WIDTH))
    return lambda x: recurrent.reverse(x, LENGTHS)[TRUE], (x,), PADDING


# ---- recurrent encoder-decoders ---------------------------------------------------------------


INSIDE = with_noise(start.init_attentive_gru(numpy.random.default_rng(0), 2, WIDTH))


@case(seq2seq.attentive_step)
def memory_of_a_step(rng):
    def run(memory, x, state, params):
        return seq2seq.attentive_step(params, x, memory, MASK, state)

    arrays = [rng.standard_normal(shape) for shape in ((BATCH, M, WIDTH), (BATCH, 2))]
    return run, (*arrays, rng.standard_normal((BATCH, WIDTH)), INSIDE), PADDING


@case(seq2seq.attentive_gru)
def memory_of_a_layer(rng):
    def run(memory, inputs, params):
        return seq2seq.attentive_gru(params, inputs, memory, MASK)

    arrays = [rng.standard_normal(shape) for shape in ((BATCH, M, WIDTH), (BATCH, N, 2))]
    return run, (*arrays, INSIDE), PADDING


@case(blocks.to_be_asked, "last", "mean")
def one_vector_asked(rng, name):
    x = rng.standard_normal((BATCH, M, WIDTH))
    return lambda x: blocks.to_be_asked(x, LENGTHS, name)[0], (x,), PADDING


@case(seq2seq.summarise, "last", "mean")
def outputs_of_an_encoder(rng, name):
    x = rng.standard_normal((BATCH, M, WIDTH))
    return lambda x: seq2seq.summarise(x, LENGTHS, name), (x,), PADDING


ENCODERS = (*LAYERS, "bidirectional", "self_attention", "inside")
TARGET = numpy.random.default_rng(1).integers(0, VOCABULARY, (BATCH, N))


def translator(name):
    """Parameters, of which the table of the source comes first, and how they are wired."""
    wiring = {"encoder": name} if name != "inside" else {"attention": name}
    rng = numpy.random.default_rng(0)
    return with_noise(start.init_seq2seq(rng, VOCABULARY, VOCABULARY, WIDTH, **wiring)), wiring


@case(seq2seq.encode, *ENCODERS[:-1])
def source_and_summary(rng, encoder):
    def run(params):
        outputs, summary = seq2seq.encode(params, SOURCE, LENGTHS, encoder)
        return outputs[TRUE], summary

    return run, (translator(encoder)[0],), ROW_0


@case(seq2seq.decode, "gru", "inside")
def memory_of_a_decoder(rng, name):
    params, wiring = translator(name)
    wiring.pop("encoder", None)

    def run(memory, state, params):
        return seq2seq.decode(params, TARGET, memory, MASK, state, **wiring)

    arrays = [rng.standard_normal(shape) for shape in ((BATCH, M, WIDTH), (BATCH, WIDTH))]
    return run, (*arrays, params), PADDING


@case(seq2seq.seq2seq, *ENCODERS)
def source(rng, name):
    params, wiring = translator(name)
    return lambda p: seq2seq.seq2seq(p, SOURCE, LENGTHS, TARGET, **wiring), (params,), ROW_0


@case(seq2seq.alignment, *ENCODERS)
def source_of_a_map(rng, name):
    params, wiring = translator(name)
    return lambda p: seq2seq.alignment(p, SOURCE, LENGTHS, TARGET, **wiring), (params,), ROW_0


def said(begin, **options):
    """Return the logits of two steps of decoding as a function of parameters."""

    def run(params):
        step, state = begin(params, SOURCE, LENGTHS, **options)
        first, state = step(TARGET[:, :1], state)
        return first, step(TARGET[:, 1:2], state)[0]

    return run


@case(seq2seq.start_decoding, *ENCODERS)
def source_that_was_read(rng, name):
    params, wiring = translator(name)
    return said(seq2seq.start_decoding, **wiring), (params,), ROW_0


# ---- Transformers -----------------------------------------------------------------------------


def true_rows(result):
    """Return what self-attention says at true positions: vectors, and rows of all maps."""
    x, maps = result
    maps = maps if isinstance(maps, list) else [maps]
    return x[TRUE], *(np.swapaxes(weights, 1, 2)[TRUE] for weights in maps)


def some_vectors(rng, *lengths):
    return [rng.standard_normal((BATCH, n, WIDTH)) for n in lengths]


@case(blocks.encoder_block, "pre", "post", "none")
def input_of_a_block(rng, norm):
    def run(x, params):
        return true_rows(blocks.encoder_block(params, x, MASK, norm=norm))

    params = with_noise(start.init_encoder_block(rng, WIDTH, HEADS))
    return run, (*some_vectors(rng, M), params), PADDING


@case(blocks.decoder_block, "pre", "post", "none")
def input_and_memory_of_a_block(rng, norm):
    masks = MASK & causal_mask(M), MASK

    def run(x, memory, params):
        x, *maps = blocks.decoder_block(params, x, memory, *masks, norm=norm)
        return true_rows((x, maps))

    params = with_noise(start.init_decoder_block(rng, WIDTH, HEADS))
    return run, (*some_vectors(rng, M, M), params), PADDING, PADDING


@case(blocks.rewired_block, "ttt tss", "tss ttt", "tst sts", "none tts")
def input_and_memory_of_a_rewired_block(rng, wires):
    masks = MASK & causal_mask(M), MASK

    def run(x, memory, params):
        x, *maps = blocks.rewired_block(params, x, memory, *masks, wires=wires)
        return true_rows((x, maps))

    params = with_noise(start.init_decoder_block(rng, WIDTH, HEADS))
    return run, (*some_vectors(rng, M, M), params), PADDING, PADDING


def stacked(rng, name):
    params = start.init_encoder(rng, WIDTH, HEADS, 2, positions=name)
    return (*some_vectors(rng, M), with_noise(params))


@case(blocks.stack, *positions.POSITIONS)
def embedded_behind_a_mask(rng, name):
    def run(x, params):
        return true_rows(blocks.stack(params, x, MASK, positions=name))

    return run, stacked(rng, name), PADDING


@case(blocks.encoder, *positions.POSITIONS)
def embedded_source(rng, name):
    def run(x, params):
        return true_rows(blocks.encoder(params, x, LENGTHS, positions=name))

    return run, stacked(rng, name), PADDING


DECODER = with_noise(start.init_decoder(numpy.random.default_rng(0), WIDTH, HEADS))


@case(blocks.decoder)
def memory_of_a_stack(rng):
    def run(memory, x, params):
        return blocks.decoder(params, x, memory, LENGTHS)

    return run, (*some_vectors(rng, M, N), DECODER), PADDING


@case(cached.start_cache)
def memory_of_a_cache(rng):
    def run(memory, x, params):
        cache = cached.start_cache(params, memory, LENGTHS)
        return cached.decoder_step(params, x, cache)[0]

    return run, (*some_vectors(rng, M, N), DECODER), PADDING


def transformer_params(positions_name="sinusoidal"):
    """Parameters, of which the table of the source comes first."""
    rng = numpy.random.default_rng(0)
    params = start.init_transformer(
        rng, VOCABULARY, VOCABULARY, WIDTH, HEADS, positions=positions_name
    )
    return with_noise(params)


@case(blocks.transformer)
@case(blocks.read_and_predict)
def transformer_source(rng):
    def run(params):
        logits, _ = blocks.read_and_predict(params, SOURCE, LENGTHS, TARGET)
        return logits, blocks.transformer(params, SOURCE, LENGTHS, TARGET)

    return run, (transformer_params(),), ROW_0


@case(blocks.attention_maps)
def transformer_maps(rng):
    def run(params):
        maps = blocks.attention_maps(params, SOURCE, LENGTHS, TARGET)
        source_maps = [np.swapaxes(weights, 1, 2)[TRUE] for weights in maps["encoder"]]
        return source_maps, maps["decoder"], maps["cross"]

    return run, (transformer_params(),), ROW_0


@case(cached.start_decoding, *positions.POSITIONS)
def transformer_source_that_was_read(rng, name):
    return said(cached.start_decoding, positions=name), (transformer_params(name),), ROW_0


@case(recurrent.recurrent_tagger, "gru", "bidirectional")
def tokens_of_a_recurrent_tagger(rng, name):
    def run(params):
        return recurrent.recurrent_tagger(params, SOURCE, LENGTHS, name)[TRUE]

    return run, (with_noise(start.init_recurrent_tagger(rng, VOCABULARY, WIDTH, name)),), ROW_0


@case(recurrent.last_state_only, "rnn", "gru", "lstm")
def tokens_of_a_last_state(rng, name):
    def run(params):
        return recurrent.last_state_only(params, SOURCE, 2, LENGTHS, name)

    params = start.init_last_state(rng, VOCABULARY, 2, 3, WIDTH, name)
    return run, (with_noise(params),), ROW_0


@case(blocks.decoder_only, False, True)
def tokens_of_one_stack(rng, prefix):
    prefix_lengths = LENGTHS // 2 if prefix else None

    def run(params):
        return true_rows(blocks.decoder_only(params, SOURCE, prefix_lengths, lengths=LENGTHS))

    return run, (with_noise(start.init_decoder_only(rng, VOCABULARY, WIDTH, HEADS)),), ROW_0
