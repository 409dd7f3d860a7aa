"""Encoder blocks: gradients, masks, symmetries, and what wrong input is told."""

import autograd.numpy as np
import numpy
import plain
import pytest
from compare import agree, formats, recorded, same_as_recorded, same_derivatives
from hypothesis import given
from hypothesis import strategies as st
from test_attention import from_pytorch

from helpers import checks
from helpers.attention import causal_mask, padding_mask
from helpers.training import flatten, unflatten
from helpers.transformer import encoder, encoder_block, init_encoder, init_encoder_block

BATCH, TIME, WIDTH, HEADS = 3, 7, 12, 4
LENGTHS = [7, 2, 5]
seeds = st.integers(0, 999)


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


@given(data=st.data(), seed=seeds)
def test_without_positions_reordering_the_input_reorders_the_output(data, seed):
    params, x = random_block(seed)
    order = data.draw(st.permutations(range(TIME)))
    mask = padding_mask(LENGTHS, TIME)
    agree(
        encoder_block(params, x[:, order], mask[:, :, order])[0],
        encoder_block(params, x, mask)[0][:, order],
    )


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
ENCODER = init_encoder(numpy.random.default_rng(0), WIDTH, HEADS)


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
        (lambda: init_encoder(numpy.random.default_rng(0), 12, layers=0), ["layers = 0"]),
    ],
)
def test_wrong_input_is_named_with_its_shape(call, words):
    with pytest.raises(ValueError) as error:
        call()
    assert [word for word in words if word not in str(error.value)] == []
