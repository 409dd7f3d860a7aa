"""What attention costs: counts, attention by blocks, and attention without a softmax."""

import tracemalloc

import numpy
import pytest
from compare import (
    agree,
    differentiate,
    formats,
    recorded,
    same_as_recorded,
    same_derivatives,
    with_kernels,
)
from hypothesis import given
from hypothesis import strategies as st
from test_attention import COUNTS, MASK_SHAPES, WIDTHS, K, Q, V, random_arrays, random_mask

from helpers import start
from helpers.attention import attention, causal_mask, linear_score, local_mask
from helpers.cached import start_writing
from helpers.cost import (
    block_products,
    blocked_attention,
    cache_numbers,
    linear_attention,
    memory,
    parameters,
    positive,
    products,
    sequential_steps,
    windowed_attention,
)
from helpers.measures import multiplications
from helpers.transformer import decoder_only

pytestmark = pytest.mark.usefixtures("way")
seeds = st.integers(0, 999)

# ---- counts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", ["rnn", "gru", "lstm"])
def test_products_of_a_recurrent_layer_are_its_matrices_at_each_position(layer):
    params = getattr(start, f"init_{layer}")(numpy.random.default_rng(0), 6, 6)
    matrices = parameters(params) - sum(
        params[f"{name}_bias"].size for name in ("input", "recurrent")
    )
    assert products(layer, 7, 6) == 7 * matrices
    assert sequential_steps(layer, 7) == 7
    assert memory(layer, 7, 6) == memory(layer, 700, 6) == (12 if layer == "lstm" else 6)


def test_products_of_self_attention_are_its_projections_scores_and_sums():
    projections = parameters(start.init_multi_head(numpy.random.default_rng(0), 6, 2))
    assert products("self_attention", 7, 6) == 7 * projections + 2 * 7 * 7 * 6
    assert sequential_steps("self_attention", 7) == 1
    assert memory("self_attention", 7, 6) == 49


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: products("gnu", 7, 6), ["layer = 'gnu'", "'gru'", "'self_attention'"]),
        (lambda: sequential_steps("gru", 0), ["n = 0", "at least 1"]),
        (lambda: memory("gru", 7, 1.5), ["width = 1.5", "whole number"]),
    ],
)
def test_what_cannot_be_counted_is_named(call, words):
    with pytest.raises(ValueError) as error:
        call()
    assert [word for word in words if word not in str(error.value)] == []


# ---- attention by blocks ----------------------------------------------------------------------


@given(
    shape=st.sampled_from([None, *MASK_SHAPES]),
    block=st.integers(1, 4),
    factor=st.sampled_from([1, 30]),  # scores that need a maximum subtracted, and not
    seed=seeds,
)
def test_blocked_attention_is_attention(shape, block, factor, seed):
    queries, keys, values = random_arrays(seed)
    mask = None if shape is None else random_mask(shape, seed)
    found = blocked_attention(factor * queries, keys, values, mask, block)
    agree(found, attention(factor * queries, keys, values, mask))


def test_blocked_attention_has_the_gradients_of_attention():
    mask = random_mask((2, 3, 5))
    same_derivatives(
        lambda *arrays: blocked_attention(*arrays, mask, block=2),
        lambda *arrays: attention(*arrays, mask),
        random_arrays(),
    )


@pytest.mark.parametrize("factor", [1, 30])
@pytest.mark.parametrize("n_keys", [0, 300, 512])
def test_blocked_attention_over_several_tiles(n_keys, factor):
    rng = numpy.random.default_rng(0)
    queries, keys, values = (
        rng.standard_normal((n, width)) for n, width in ((600, 4), (n_keys, 4), (n_keys, 3))
    )
    for mask in (None, random_mask((600, n_keys)), numpy.arange(n_keys) < 7):
        agree(
            blocked_attention(factor * queries, keys, values, mask),
            attention(factor * queries, keys, values, mask),
        )
    if n_keys == 512:
        mask = causal_mask(600)[:, :512]
        agree(
            blocked_attention(queries, keys, values, mask, 128),
            attention(queries, keys, values, mask),
        )


def test_blocked_attention_takes_arrays_without_a_batch_axis_and_with_heads():
    rng = numpy.random.default_rng(0)
    queries, keys, values = (
        rng.standard_normal(shape) for shape in ((2, 4, 3, 5), (4, 7, 5), (7, 6))
    )
    agree(blocked_attention(queries, keys, values, block=2), attention(queries, keys, values))
    queries = rng.standard_normal((2, 4, 64, 5)).astype(numpy.float32)
    agree(blocked_attention(queries, keys, values, block=32), attention(queries, keys, values))


def test_blocked_attention_keeps_float32_and_needs_a_twentieth_of_the_memory():
    arrays = numpy.random.default_rng(0).standard_normal((3, 2048, 16)).astype(numpy.float32)
    peaks = []
    block = 512 if with_kernels() else 64  # a formula holds all queries at once
    for function, options in ((blocked_attention, {"block": block}), (attention, {})):
        tracemalloc.start()
        context = function(*arrays, **options)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert context.dtype == numpy.float32
    assert peaks[0] < peaks[1] / 20 + 2**20  # at 2048, a tile still counts


def test_very_large_scores_do_not_overflow():
    queries, keys, values = random_arrays()
    for factor in (1, 1e4):
        assert numpy.isfinite(blocked_attention(factor * queries, keys, values)).all()


@pytest.mark.parametrize("function", [blocked_attention, linear_attention])
def test_an_empty_batch_and_whole_numbers(function):
    assert function(Q[:0], K[:0], V[:0]).shape == (0, 3, 6)
    whole = [numpy.random.default_rng(0).integers(-2, 3, (2, n, 4)) for n in (3, 5, 5)]
    agree(function(*whole), function(*(x * 1.0 for x in whole)), 0)


# ---- attention in a window --------------------------------------------------------------------


@given(n=st.integers(1, 12), window=st.integers(1, 13), seed=seeds)
def test_windowed_attention_is_attention_with_a_mask(n, window, seed):
    queries, keys, values = numpy.random.default_rng(seed).standard_normal((3, 2, n, 4))
    mask = causal_mask(n) & local_mask(n, window - 1)
    found = windowed_attention(queries, keys, values, window)
    agree(found, attention(queries, keys, values, mask))


def test_windowed_attention_holds_no_map_of_all_positions():
    arrays = numpy.random.default_rng(0).standard_normal((3, 2048, 16)).astype(numpy.float32)
    tracemalloc.start()
    context = windowed_attention(*arrays, 64)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert context.dtype == numpy.float32 and most < 4 * 2048**2 / 10


# ---- attention without a softmax --------------------------------------------------------------


@given(n=st.integers(1, 12), seed=seeds)
def test_the_softmax_of_linear_scores_is_linear_attention(n, seed):
    queries, keys, values = numpy.random.default_rng(seed).standard_normal((3, 2, n, 4))
    for causal, mask in ((False, None), (True, causal_mask(n))):
        found = attention(queries, keys, values, mask, linear_score)
        agree(found, linear_attention(queries, keys, values, causal=causal))


@pytest.mark.parametrize("block", [2, 64])
def test_linear_attention_has_values_and_gradients_of_pytorch(block):
    record = recorded("linear_attention")
    mask = record["mask"][:, None]

    def both(*arrays):
        return [linear_attention(*arrays, mask, causal, block) for causal in (False, True)]

    same_as_recorded(both, record, ["queries", "keys", "values"])


@given(n=st.integers(1, 12), block=st.integers(1, 13), seed=seeds)
def test_linear_attention_sees_nothing_later_and_its_blocks_do_not_show(n, block, seed):
    x = numpy.random.default_rng(seed).standard_normal((2, n, 4))
    changed = x.copy()
    changed[:, -1] += 1
    before, after = (linear_attention(y, y, y, causal=True, block=block) for y in (x, changed))
    agree(after[:, :-1], before[:, :-1])
    agree(before, linear_attention(x, x, x, causal=True))
    agree(before[:, -1:], linear_attention(x[:, -1:], x, x))


@given(data=st.data(), seed=seeds)
def test_linear_attention_forgets_the_order_of_keys(data, seed):
    queries, keys, values = random_arrays(seed)
    order = data.draw(st.permutations(range(5)))
    context = linear_attention(queries, keys, values)
    agree(linear_attention(queries, keys[:, order], values[:, order]), context)


def test_linear_attention_to_nothing_gives_zeros_and_no_gradient():
    mask = numpy.array([[True] * 5, [False] * 5])[:, None]
    (context,), gradients = differentiate(
        lambda *arrays: linear_attention(*arrays, mask), random_arrays()
    )
    assert (context[1] == 0).all()
    assert all((gradient[1] == 0).all() for gradient in gradients)


@pytest.mark.parametrize("causal", [False, True])
def test_linear_attention_keeps_float32(causal):
    x = numpy.random.default_rng(0).standard_normal((2, 5, 4)).astype(numpy.float32)
    mask = numpy.ones((2, 1, 5), bool)
    assert linear_attention(x, x, x, mask, causal, 2).dtype == numpy.float32
    if with_kernels():
        seen = formats(lambda *arrays: linear_attention(*arrays, mask, causal, 2), [x, x, x])
        assert seen == {"float32"}


def test_features_are_those_of_the_paper_and_so_is_their_slope_at_0():
    x = numpy.array([-2.0, -0.5, 0.0, 0.5, 2.0])
    (features,), (slopes,) = differentiate(positive, [x], cotangents=[numpy.ones(5)])
    agree(features, numpy.where(x > 0, x, numpy.exp(x) - 1) + 1)  # elu(x) + 1
    agree(slopes, numpy.where(x > 0, 1, numpy.exp(x)))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: blocked_attention(Q, K[..., :3], V), WIDTHS),
        (lambda: blocked_attention(Q, K, V[:, :4]), COUNTS),
        (lambda: blocked_attention(Q, K, V, block=0), ["block = 0"]),
        (
            lambda: blocked_attention(Q, K, V, numpy.ones((5, 3), bool)),
            ["mask", "(5, 3)", "(2, 3, 5)"],
        ),
        (
            lambda: blocked_attention(Q[:, :2], K, V, numpy.ones((2, 5), bool)),
            ["mask", "(2, 5)", "ambiguous", "(2, 2, 5)"],
        ),
        (
            lambda: linear_attention(Q, K, V, numpy.ones((2, 3, 5), bool)),
            ["mask", "(2, 3, 5)", "(2, 1, 5)"],
        ),
        (
            lambda: linear_attention(Q, K, V, numpy.ones((2, 1, 3), bool)),
            ["mask", "(2, 1, 3)", "(2, 1, 5)"],
        ),
        (lambda: linear_attention(Q, K, V, numpy.ones(5)), ["mask", "boolean", "float64"]),
        (lambda: linear_attention(Q, K, V, causal=True), ["queries", "3", "keys 5", "causal"]),
        (lambda: linear_attention(Q, K[..., :3], V), WIDTHS),
        (lambda: windowed_attention(Q, Q, Q, 0), ["window = 0", "at least 1"]),
        (lambda: linear_attention(Q, K, V[:, :4]), COUNTS),
    ],
)
def test_wrong_input_is_named_with_its_shape(call, words):
    with pytest.raises(ValueError) as error:
        call()
    assert [word for word in words if word not in str(error.value)] == []


# ---- a stack and its cache --------------------------------------------------------------------


def a_stack():
    params = start.init_decoder_only(numpy.random.default_rng(0), 11, 8, layers=3)
    return params, numpy.random.default_rng(1).integers(0, 11, (1, 9))


def test_what_runs_does_as_many_multiplications_as_are_counted():
    params, tokens = a_stack()
    done, _ = multiplications(lambda params: decoder_only(params, tokens), params)
    assert done == 3 * block_products(9, 9, 8) + 9 * params["output"]["weight"].size

    def go_on(params):
        step, state = start_writing(params, tokens[:, :5])
        for t in range(5, 9):
            _, state = step(tokens[:, [t]], state)

    done, _ = multiplications(go_on, params)
    by_hand = block_products(5, 5, 8) + sum(block_products(1, t + 1, 8) for t in range(5, 9))
    assert done == 3 * by_hand + 4 * params["output"]["weight"].size


def test_a_cache_holds_as_many_numbers_as_are_counted():
    params, tokens = a_stack()
    _, state = start_writing(params, tokens)
    held = sum(array.size for block in state.values() for array in block.values())
    assert held == cache_numbers(9, 8, 3)
    assert cache_numbers(9, 8, 3, heads=4, key_heads=2) == held // 2


@pytest.mark.parametrize("options", [{"window": 3}, {"softmax": False, "positions": "learned"}])
def test_cheaper_attention_goes_on_from_a_cache_as_in_one_pass(options):
    rng, positions = numpy.random.default_rng(0), options.get("positions", "rotary")
    params = start.init_decoder_only(rng, 11, 8, layers=2, positions=positions)
    tokens = numpy.random.default_rng(1).integers(0, 11, (2, 9))
    at_once, _ = decoder_only(params, tokens, **options)
    step, state = start_writing(params, tokens[:, :5], **options)
    for t in range(5, 9):
        logits, state = step(tokens[:, [t]], state)
        agree(logits[:, 0], at_once[:, t], 1e-5)


def test_a_window_reaches_as_far_as_its_blocks_hand_on_and_no_further():
    params = start.init_decoder_only(numpy.random.default_rng(0), 11, 8, layers=2)
    tokens = numpy.random.default_rng(1).integers(0, 11, (1, 9))
    last = decoder_only(params, tokens, window=3)[0][0, -1]
    for place in range(9):
        changed = tokens.copy()
        changed[0, place] = (changed[0, place] + 1) % 11
        same = numpy.array_equal(decoder_only(params, changed, window=3)[0][0, -1], last)
        assert same == (place < 9 - 1 - 2 * 2)
