"""The Transformer: gradients, masks, symmetries, caches, and what wrong input is told."""

import autograd.numpy as np
import numpy
import plain
import pytest
from compare import agree, formats, recorded, same_as_recorded, same_derivatives
from helpers.training import flatten, unflatten
from hypothesis import given
from hypothesis import strategies as st
from test_attention import from_pytorch

from helpers import checks, transformer
from helpers.attention import causal_mask, multi_head_attention, padding_mask
from helpers.functions import cross_entropy, feed_forward, layer_norm
from helpers.positions import POSITIONS
from helpers.tasks import make_batch
from helpers.transformer import (
    attention_maps,
    decoder_block,
    decoder_step,
    encoder,
    encoder_block,
    init_decoder_block,
    init_encoder,
    init_encoder_block,
    init_transformer,
    start_cache,
)

BATCH, TIME, WIDTH, HEADS = 3, 7, 12, 4
LENGTHS = [7, 2, 5]
seeds = st.integers(0, 999)
each_norm = pytest.mark.parametrize("norm", ["pre", "post", "none"])
norms_of_pytorch = pytest.mark.parametrize("norm", ["pre", "post"])
each_position = pytest.mark.parametrize("positions", POSITIONS)


def random_block(seed=0):
    """Draw the parameters of a block, in float64 and with nothing at 0 or 1, and its input."""
    rng = numpy.random.default_rng(seed)
    params = init_encoder_block(rng, WIDTH, HEADS)
    vector = flatten(params).astype(float)
    params = unflatten(vector + 0.1 * rng.standard_normal(vector.shape), params)
    return params, rng.standard_normal((BATCH, TIME, WIDTH))


def arrays_of(params):
    """Put the arrays of a nested dict into a list, and say how to build the dict again."""
    if not isinstance(params, dict):
        return [params], lambda arrays: arrays.pop(0)
    parts = {name: arrays_of(value) for name, value in params.items()}
    arrays = [array for part, _ in parts.values() for array in part]
    return arrays, lambda arrays: {name: build(arrays) for name, (_, build) in parts.items()}


def test_a_block_has_values_and_gradients_of_single_positions():
    params, x = random_block()
    arrays, build = arrays_of(params)

    def block(x, *arrays):
        outputs, _ = encoder_block(build(list(arrays)), x, padding_mask(LENGTHS, TIME))
        return [outputs[i, :length] for i, length in enumerate(LENGTHS)]

    def each_position(x, *arrays):
        params = build(list(arrays))
        return [
            np.array(plain.encoder_block(params, list(x[i, :length])))
            for i, length in enumerate(LENGTHS)
        ]

    same_derivatives(block, each_position, [x, *arrays])


@each_norm
def test_without_residual_sums_each_part_takes_the_place_of_its_input(norm):
    params, first = random_block()
    x = first
    for name in ("attention", "feed_forward"):
        y = layer_norm(params[f"{name}_norm"], x) if norm == "pre" else x
        if name == "attention":
            y, _ = multi_head_attention(params["attention"], y, y)
        else:
            y = feed_forward(params["expand"], params["shrink"], y)
        x = layer_norm(params[f"{name}_norm"], y) if norm == "post" else y
    agree(encoder_block(params, first, norm=norm, residual=False)[0], x)


def test_an_encoder_has_values_and_gradients_of_single_positions():
    rng = numpy.random.default_rng(0)
    arrays, build = arrays_of(init_encoder(rng, 8, heads=2, layers=2))
    arrays = [array.astype(float) for array in arrays]
    lengths = [4, 2]

    def whole(x, *arrays):
        outputs, _ = encoder(build(list(arrays)), x, lengths)
        return [outputs[i, :length] for i, length in enumerate(lengths)]

    def each_position(x, *arrays):
        params = build(list(arrays))
        return [
            np.array(plain.encoder(params, list(x[i, :length]), layers=2))
            for i, length in enumerate(lengths)
        ]

    same_derivatives(whole, each_position, [rng.standard_normal((2, 4, 8)), *arrays])


def test_a_block_has_values_and_gradients_of_pytorch():
    record = recorded("encoder_block")
    parts = [
        f"{part}_{end}"
        for part, ends in {
            "attention_norm": ("scale", "shift"),
            "feed_forward_norm": ("scale", "shift"),
            "expand": ("weight", "bias"),
            "shrink": ("weight", "bias"),
        }.items()
        for end in ends
    ]

    def block(x, in_projection, out_projection, *rest):
        named = dict(zip(parts, rest, strict=True))
        params = {"attention": {}}
        for key, array in named.items():
            part, _, end = key.rpartition("_")
            params.setdefault(part, {})[end] = array
        names = ("queries", "keys", "values", "output")
        heads = from_pytorch(in_projection, out_projection)
        params["attention"] = dict(zip(names, heads, strict=True))
        return encoder_block(params, x, padding_mask(record["lengths"], TIME))[0]

    same_as_recorded(block, record, ["x", "in_projection", "out_projection", *parts])


def from_paths(names, arrays):
    """Nested parameters from paths such as block_0.attention.in_projection and their arrays."""
    params = {}
    for name, array in zip(names, arrays, strict=True):
        *path, last = name.split(".")
        part = params
        for key in path:
            part = part.setdefault(key, {})
        part[last] = array
    return heads_first(params)


def heads_first(params):
    """Cut PyTorch's projections, wherever they are, into those of heads."""
    if not isinstance(params, dict):
        return params
    if "in_projection" in params:
        return dict(zip(NAMES, from_pytorch(**params), strict=True))
    return {name: heads_first(part) for name, part in params.items()}


NAMES = ("queries", "keys", "values", "output")


def names_in(record):
    return [key for key in record if f"gradient_{key}" in record]


def test_the_papers_encoder_block_has_values_and_gradients_of_pytorch():
    record = recorded("encoder_block_post")
    x, *names = names_in(record)

    def block(x, *arrays):
        mask = padding_mask(record["lengths"], TIME)
        return encoder_block(from_paths(names, arrays), x, mask, norm="post")[0]

    same_as_recorded(block, record, [x, *names])


@norms_of_pytorch
def test_a_decoder_block_has_values_and_gradients_of_pytorch(norm):
    record = recorded(f"decoder_block_{norm}")
    x, memory, *names = names_in(record)

    def block(x, memory, *arrays):
        masks = causal_mask(5), padding_mask(record["lengths"], TIME)
        return decoder_block(from_paths(names, arrays), x, memory, *masks, norm=norm)[0]

    same_as_recorded(block, record, [x, memory, *names])


@norms_of_pytorch
def test_a_transformer_has_values_and_gradients_of_pytorch(norm):
    record = recorded(f"transformer_{norm}")
    names = names_in(record)
    tokens = record["source"], record["lengths"], record["target_in"]

    def whole(*arrays):
        params = from_paths(names, arrays)
        return transformer.transformer(params, *tokens, positions="learned", norm=norm)

    same_as_recorded(whole, record, names)


PAIRS = [([3, 8, 5, 4, 3], [4, 7]), ([6, 4], [3, 5, 6, 4, 3]), ([7, 7, 3], [5])]
TOKENS = make_batch(PAIRS)


def random_transformer(positions, norm="pre", seed=0, number_format=float, layers=2):
    """Draw parameters with nothing at 0 or 1."""
    rng = numpy.random.default_rng(seed)
    options = {"positions": positions, "norm": norm, "longest": 9}
    arrays, build = arrays_of(init_transformer(rng, 9, 8, 8, 2, layers, **options))
    return build([(x + 0.1 * rng.standard_normal(x.shape)).astype(number_format) for x in arrays])


def loss_of(build, **options):
    """Return the loss over the batch as a function of the arrays of all parameters."""

    def loss(*arrays):
        logits = transformer.transformer(build(list(arrays)), *TOKENS[:3], **options)
        return cross_entropy(logits, TOKENS.target_out, TOKENS.target_mask)

    return loss


@each_norm
@each_position
def test_the_loss_has_value_and_gradients_of_single_tokens(positions, norm):
    # A seed for which no unit of the feed-forward part lies within a small step of its kink.
    arrays, build = arrays_of(
        random_transformer(positions, norm, seed=0 if norm == "none" else 2, layers=1)
    )

    def each_token(*arrays):
        params, losses = build(list(arrays)), []
        for source, target in PAIRS:
            logits = plain.transformer(params, source, [1, *target], 1, positions, norm)
            losses += map(plain.negative_log_probability, logits, [*target, 2])
        return sum(losses) / len(losses)

    same_derivatives(loss_of(build, positions=positions, norm=norm), each_token, arrays)


@pytest.mark.parametrize("mask", ["padding_mask", "causal_mask"])
def test_these_tests_notice_a_dropped_mask(mask, monkeypatch):
    def everything(lengths_or_n, n=0):
        return numpy.ones((len(lengths_or_n), 1, n) if n else (lengths_or_n,) * 2, bool)

    monkeypatch.setattr(transformer, mask, everything)
    with pytest.raises(AssertionError):
        test_the_loss_has_value_and_gradients_of_single_tokens("alibi", "pre")


@each_norm
@each_position
def test_a_transformer_keeps_float32_in_values_and_in_every_gradient(positions, norm, monkeypatch):
    params = random_transformer(positions, norm, number_format=numpy.float32)
    arrays, build = arrays_of(params)
    options = {"positions": positions, "norm": norm, "dropout": 0.3}
    loss = loss_of(build, **options, rng=numpy.random.default_rng(0))
    seen = formats(monkeypatch, loss, arrays)
    assert {"_embedding", "_linear", "_cross_entropy"} < {name for name, _ in seen}
    assert {format for _, format in seen} == {"float32"}


@each_position
@given(extra=st.integers(1, 3), seed=seeds)
def test_padding_and_the_rest_of_a_batch_of_tokens_change_nothing(positions, extra, seed):
    params = random_transformer(positions, seed=seed)
    logits = transformer.transformer(params, *TOKENS[:3], positions=positions)
    noise = numpy.random.default_rng(seed).integers(0, 8, (3, extra))
    source = numpy.where(TOKENS.source == 0, noise[:, :1], TOKENS.source)
    padded = numpy.concatenate([source, noise], axis=1)
    again = transformer.transformer(params, padded, *TOKENS[1:3], positions=positions)
    agree(again, logits)
    for i, pair in enumerate(PAIRS):
        alone = make_batch([pair])
        n = alone.target_in.shape[1]
        few = transformer.transformer(params, *alone[:3], positions=positions)
        agree(few[0], logits[i, :n])


@each_norm
@each_position
def test_logits_depend_on_earlier_target_tokens_alone(positions, norm):
    params = random_transformer(positions, norm)
    changed = TOKENS.target_in.copy()
    changed[:, 3:] = (changed[:, 3:] + 1) % 8
    before, after = (
        transformer.transformer(params, *TOKENS[:2], target, positions=positions, norm=norm)
        for target in (TOKENS.target_in, changed)
    )
    agree(after[:, :3], before[:, :3])
    assert numpy.abs(after[:, 3:] - before[:, 3:]).max() > 1e-3


@each_position
def test_the_order_of_the_source_counts_unless_there_are_no_positions(positions):
    params = random_transformer(positions)
    options = {"positions": positions}
    before, after = (
        transformer.transformer(params, source, [5, 5, 5], TOKENS.target_in, **options)
        for source in (TOKENS.source, TOKENS.source[:, ::-1])
    )
    assert (numpy.abs(after - before).max() < 1e-12) == (positions == "none")


@each_norm
@each_position
@given(sizes=st.sampled_from([(1,) * 6, (2, 1, 3), (6,)]))
def test_decoding_from_a_cache_gives_the_logits_of_one_pass(positions, norm, sizes):
    params = random_transformer(positions, norm)
    options = {"positions": positions, "norm": norm}
    step, cache = transformer.start_decoding(params, *TOKENS[:2], **options)
    before, parts = arrays_of(cache)[0], []
    kept, ends = [array.copy() for array in before], numpy.cumsum(sizes)
    state = cache
    for size, end in zip(sizes, ends, strict=True):
        logits, state = step(TOKENS.target_in[:, end - size : end], state)
        parts.append(logits)
    whole = transformer.transformer(params, *TOKENS[:3], **options)
    agree(numpy.concatenate(parts, axis=1), whole)
    for array, copy in zip(arrays_of(cache)[0], kept, strict=True):
        assert numpy.array_equal(array, copy), "the first cache has been changed"


@each_position
def test_decoding_from_a_cache_keeps_float32(positions):
    params = random_transformer(positions, number_format=numpy.float32)
    step, cache = transformer.start_decoding(params, *TOKENS[:2], positions=positions)
    logits, cache = step(TOKENS.target_in[:, :1], cache)
    arrays = [array for name, part in cache.items() if name != "mask" for array in leaves(part)]
    assert {array.dtype for array in (logits, *arrays)} == {numpy.dtype("float32")}


def leaves(params):
    return arrays_of(params)[0]


def test_the_maps_are_of_three_kinds_and_obey_their_masks():
    maps = attention_maps(random_transformer("sinusoidal"), *TOKENS[:3])
    source = padding_mask(TOKENS.source_lengths, 5)[:, None]
    masks = {"encoder": source, "decoder": causal_mask(6), "cross": source}
    shapes = {"encoder": (3, 2, 5, 5), "decoder": (3, 2, 6, 6), "cross": (3, 2, 6, 5)}
    assert maps.keys() == masks.keys()
    for name, layers in maps.items():
        assert [weights.shape for weights in layers] == [shapes[name]] * 2
        for weights in layers:
            assert checks.rows_sum_to_one(weights, tolerance=1e-12)
            assert checks.masked_weights_are_zero(weights, masks[name])


def test_dropout_follows_its_generator_and_is_off_unless_asked_for():
    params = random_transformer("sinusoidal")

    def logits(**options):
        return transformer.transformer(params, *TOKENS[:3], **options)

    first, second, other = (
        logits(dropout=0.2, rng=numpy.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    agree(first, second, 0)
    assert numpy.abs(first - other).max() > 1e-3
    agree(logits(), logits(dropout=0.0, rng=numpy.random.default_rng(1)), 0)


def test_an_empty_source_gives_numbers():
    params = random_transformer("sinusoidal")
    logits = transformer.transformer(params, TOKENS.source, [5, 0, 3], TOKENS.target_in)
    assert numpy.isfinite(logits).all()


@given(data=st.data(), seed=seeds)
def test_without_positions_reordering_the_input_reorders_the_output(data, seed):
    params, x = random_block(seed)
    order = data.draw(st.permutations(range(TIME)))
    mask = padding_mask(LENGTHS, TIME)
    agree(
        encoder_block(params, x[:, order], mask[:, :, order])[0],
        encoder_block(params, x, mask)[0][:, order],
    )


@given(data=st.data(), seed=seeds)
def test_an_encoder_without_positions_treats_its_input_as_a_set(data, seed):
    rng = numpy.random.default_rng(seed)
    params = init_encoder(rng, WIDTH, HEADS, layers=2, positions="none")
    x, order = rng.standard_normal((1, TIME, WIDTH)), data.draw(st.permutations(range(TIME)))
    found, _ = encoder(params, x[:, order], [TIME], positions="none")
    agree(found, encoder(params, x, [TIME], positions="none")[0][:, order])


def test_with_positions_it_does_not():
    params = init_encoder(numpy.random.default_rng(0), 8)
    x = numpy.random.default_rng(1).standard_normal((1, 5, 8))
    forwards, backwards = (encoder(params, y, [5])[0] for y in (x, x[:, ::-1]))
    assert numpy.abs(forwards[:, ::-1] - backwards).max() > 0.1


@given(seed=seeds)
def test_a_causal_mask_hides_what_comes_later(seed):
    params, x = random_block(seed)
    changed = x.copy()
    changed[:, 4:] += 1
    before, after = (encoder_block(params, y, causal_mask(TIME))[0] for y in (x, changed))
    agree(after[:, :4], before[:, :4])


@given(lengths=st.lists(st.integers(1, 7), min_size=3, max_size=3), seed=seeds)
def test_padding_and_the_rest_of_the_batch_change_nothing(lengths, seed):
    rng = numpy.random.default_rng(seed)
    params = init_encoder(rng, WIDTH, HEADS, layers=2)
    x = rng.standard_normal((BATCH, TIME, WIDTH))
    outputs, weights = encoder(params, x, lengths)
    for i, length in enumerate(lengths):
        alone, _ = encoder(params, x[[i], :length], [length])
        agree(outputs[i, :length], alone[0])
    for layer in weights:
        assert layer.shape == (BATCH, HEADS, TIME, TIME)
        assert checks.rows_sum_to_one(layer, tolerance=1e-10)
        mask = padding_mask(lengths, TIME)[:, None]
        assert checks.masked_weights_are_zero(layer, mask)


def test_float32_stays_float32_in_values_and_in_every_gradient(monkeypatch):
    rng = numpy.random.default_rng(0)
    arrays, build = arrays_of(init_encoder(rng, WIDTH, HEADS, layers=2))
    x = rng.standard_normal((BATCH, TIME, WIDTH)).astype(numpy.float32)
    seen = formats(
        monkeypatch, lambda x, *rest: encoder(build(list(rest)), x, LENGTHS)[0], [x, *arrays]
    )
    assert {format for _, format in seen} == {"float32"}


PARAMS, X = random_block()
RNG = numpy.random.default_rng(0)
ENCODER = init_encoder(RNG, WIDTH, HEADS)
DECODER = init_decoder_block(RNG, WIDTH, HEADS)
WHOLE = random_transformer("learned")
SOURCE, LENGTHS_, TARGET = TOKENS[:3]
CACHE = transformer.start_decoding(WHOLE, SOURCE, LENGTHS_, positions="learned")[1]


def run(source=SOURCE, lengths=LENGTHS_, target=TARGET, **options):
    return transformer.transformer(WHOLE, source, lengths, target, positions="learned", **options)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: encoder_block(PARAMS, X[..., :4]), ["x ", "(3, 7, 4)", "12"]),
        (
            lambda: encoder_block(PARAMS, X, numpy.ones((7, 5), bool)),
            ["mask", "(7, 5)", "(3, 7, 7)"],
        ),
        (lambda: encoder_block(PARAMS, X, numpy.ones((7, 7))), ["mask", "boolean", "float64"]),
        (lambda: encoder(ENCODER, X, [7, 8, 1]), ["lengths", "0 … 7", "[7, 8, 1]"]),
        (lambda: encoder(ENCODER, X, [7, 1]), ["lengths", "(2,)", "(3,)"]),
        (lambda: encoder(ENCODER, X, [7]), ["lengths", "(1,)", "(3,)"]),
        (lambda: encoder(ENCODER, X[..., :4], LENGTHS), ["x ", "(3, 7, 4)", "12"]),
        (lambda: init_encoder(numpy.random.default_rng(0), 12, 5), ["heads = 5", "width = 12"]),
        (lambda: init_encoder(RNG, 12, layers=0), ["layers = 0"]),
        (lambda: init_encoder(RNG, 12, positions="sine"), ["positions = 'sine'", "'rotary'"]),
        (lambda: init_encoder(RNG, 12, norm="mid"), ["norm = 'mid'", "'pre'", "'post'"]),
        (lambda: encoder_block(PARAMS, X, norm="mid"), ["norm = 'mid'", "'pre'", "'post'"]),
        (lambda: encoder_block(PARAMS, X, dropout=0.1), ["rng", "0.1"]),
        (lambda: encoder_block(PARAMS, X, dropout=1.0), ["rate = 1.0", "below 1"]),
        (lambda: decoder_block(DECODER, X, X[..., :4]), ["keys_values_from", "(3, 7, 4)", "12"]),
        (lambda: decoder_block(DECODER, X, X[:2]), ["(3, 7, 12)", "(2, 7, 12)"]),
        (
            lambda: decoder_block(DECODER, X, X[:, :5], None, causal_mask(7)),
            ["mask", "(7, 7)", "(3, 7, 5)"],
        ),
        (lambda: run(source=[[3, 4], [5]]), ["tokens", "ragged", "[1, 2]"]),
        (lambda: run(source=SOURCE + 5), ["tokens", "0 … 8", "(9, 8)", "5 to 13"]),
        (lambda: run(target=TARGET + 1), ["tokens", "0 … 7", "(8, 8)"]),
        (lambda: run(lengths=[6, 2, 3]), ["lengths", "0 … 5", "[6, 2, 3]"]),
        (lambda: run(lengths=[5, 2]), ["lengths", "(2,)", "(3,)"]),
        (lambda: run(target=TARGET[:2]), ["queries_from", "(2, 6, 8)", "(3, 5, 8)"]),
        (lambda: run(source=numpy.ones((3, 10), int)), ["(3, 10, 8)", "only 9 positions"]),
        (lambda: run(dropout=0.5), ["rng", "0.5"]),
        (
            lambda: decoder_step(WHOLE["decoder"], X[:2, :1, :8], CACHE, positions="learned"),
            ["cache", "(3, 2, 0, 4)", "(2, 1, 8)"],
        ),
        (
            lambda: start_cache(WHOLE["decoder"], X[..., :8], [7, 7]),
            ["memory_lengths", "(2,)", "(3,)"],
        ),
    ],
)
def test_wrong_input_is_named_with_its_shape(call, words):
    with pytest.raises(ValueError) as error:
        call()
    assert [word for word in words if word not in str(error.value)] == []
