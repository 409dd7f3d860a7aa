"""Attention: gradients, masks, symmetries, heads, and what wrong input is told."""

import math
import tracemalloc

import autograd.numpy as np
import numpy
import plain
import pytest
from compare import agree, differentiate, formats, recorded, same_as_recorded, same_derivatives
from hypothesis import given
from hypothesis import strategies as st

from helpers import attention as module
from helpers import checks
from helpers.attention import (
    additive,
    attend,
    attention,
    attention_weights,
    blocked_attention,
    causal_mask,
    dot,
    general,
    init_additive,
    init_general,
    init_multi_head,
    keys_values,
    linear_attention,
    local_mask,
    multi_head_attention,
    padding_mask,
    scaled_dot,
)

BATCH, QUERIES, KEYS, WIDTH, WIDTH_VALUES, HEADS = 2, 3, 5, 12, 6, 4
MASK_SHAPES = [(2, 3, 5), (1, 3, 5), (2, 1, 5), (3, 5), (1, 5), (5,), (2, 3, 1), (3, 1)]
seeds = st.integers(0, 999)
masks = st.sampled_from(MASK_SHAPES)


def random_arrays(seed=0, width=4):
    """Draw queries, keys and values in which no two axes have the same size."""
    rng = numpy.random.default_rng(seed)
    shapes = (BATCH, QUERIES, width), (BATCH, KEYS, width), (BATCH, KEYS, WIDTH_VALUES)
    return [rng.standard_normal(shape) for shape in shapes]


def random_mask(shape, seed=0):
    return numpy.random.default_rng(seed).random(shape) < 0.5


def plain_attention(queries, keys, values, mask, scale):
    """One query at a time, over the keys that it may attend to."""
    (batch, n_queries, _), (_, n_keys, width_values) = queries.shape, values.shape
    mask = numpy.broadcast_to(True if mask is None else mask, (batch, n_queries, n_keys))
    contexts = []
    for i in range(batch):
        for q in range(n_queries):
            places = numpy.flatnonzero(mask[i, q])
            if len(places):
                few_keys, few_values = ([x[i, place] for place in places] for x in (keys, values))
                contexts.append(plain.attend(queries[i, q], few_keys, few_values, scale)[0])
            else:
                contexts.append(np.zeros(width_values))
    return np.reshape(np.array(contexts), (batch, n_queries, width_values))


@pytest.mark.parametrize("shape", [None, *MASK_SHAPES])
@pytest.mark.parametrize(("score", "scale"), [(scaled_dot, 0.5), (dot, 1)])
def test_values_and_gradients_are_those_of_single_queries(shape, score, scale):
    mask = None if shape is None else random_mask(shape)
    same_derivatives(
        lambda *arrays: attention(*arrays, mask, score),
        lambda *arrays: plain_attention(*arrays, mask, scale),
        random_arrays(),
    )


def test_values_and_gradients_are_those_of_pytorch():
    record = recorded("attention")
    same_as_recorded(
        lambda *arrays: attention(*arrays, record["mask"]), record, ["queries", "keys", "values"]
    )


@pytest.mark.parametrize(
    "wrong",
    [
        lambda fused: lambda queries, *rest: fused(-queries, *rest),
        lambda fused: (
            lambda queries, keys, values, mask, *rest: fused(queries, keys, values, None, *rest)
        ),
        lambda fused: (
            lambda queries, keys, values, mask, scale, cache: fused(
                queries, keys, values, mask, 1.0, cache
            )
        ),
    ],
    ids=["sign turned", "mask dropped", "1/sqrt(d) dropped"],
)
def test_these_tests_notice(wrong, monkeypatch):
    monkeypatch.setattr(module, "_attention", wrong(module._attention))
    with pytest.raises(AssertionError):
        test_values_and_gradients_are_those_of_pytorch()
    with pytest.raises(AssertionError):
        test_values_and_gradients_are_those_of_single_queries((2, 3, 5), scaled_dot, 0.5)


@pytest.mark.parametrize("shapes", [((3, 4), (2, 5, 4), (2, 5, 6)), ((2, 3, 4), (5, 4), (5, 6))])
def test_gradients_of_arguments_without_a_batch_axis_are_summed(shapes):
    rng = numpy.random.default_rng(0)

    def repeated(*arrays):
        arrays = [x if len(x.shape) == 3 else np.array([x, x]) for x in arrays]
        return plain_attention(*arrays, None, 0.5)

    same_derivatives(attention, repeated, [rng.standard_normal(shape) for shape in shapes])


@pytest.mark.filterwarnings("ignore:Output seems independent")  # where nothing may be attended to
@given(
    sizes=st.lists(st.integers(1, 8), min_size=5, max_size=5, unique=True),
    kept=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    seed=seeds,
)
def test_values_and_gradients_are_right_for_any_sizes_and_masks(sizes, kept, seed):
    batch, n_queries, n_keys, width, width_values = sizes
    rng = numpy.random.default_rng(seed)
    shapes = (batch, n_queries, width), (batch, n_keys, width), (batch, n_keys, width_values)
    arrays = [rng.standard_normal(shape) for shape in shapes]
    full = (batch, n_queries, n_keys)
    mask = random_mask(tuple(n if keep else 1 for n, keep in zip(full, kept, strict=True)), seed)
    (context,), gradients = differentiate(lambda *arrays: attention(*arrays, mask), arrays)
    (expected,), expected_gradients = differentiate(
        lambda *arrays: plain_attention(*arrays, mask, width**-0.5), arrays
    )
    agree(context, expected)
    largest = max(numpy.abs(gradient).max() for gradient in expected_gradients)
    for gradient, right in zip(gradients, expected_gradients, strict=True):
        assert numpy.abs(gradient - right).max() <= 1e-10 * largest


@pytest.mark.parametrize("score", [dot, scaled_dot])
@given(shape=masks, seed=seeds)
def test_fused_path_and_plain_path_agree(score, shape, seed):
    arrays, mask = random_arrays(seed), random_mask(shape, seed)
    found = differentiate(lambda *arrays: attention(*arrays, mask, score), arrays)
    expected = differentiate(
        lambda *arrays: attention(*arrays, mask, lambda q, k: score(q, k)), arrays
    )
    for pair in zip(found[0] + found[1], expected[0] + expected[1], strict=True):
        agree(*pair)


@pytest.mark.parametrize("name", ["general", "additive"])
def test_scores_with_parameters_are_those_of_single_pairs(name):
    rng = numpy.random.default_rng(0)
    queries, keys, _ = random_arrays()
    if name == "general":
        arrays = [rng.standard_normal((4, 4))]

        def function(queries, keys, weight):
            return general({"weight": weight})(queries, keys)

        def pair(query, key, weight):
            return np.dot(np.dot(query, weight), key)
    else:
        arrays = [rng.standard_normal(shape) for shape in ((4, 4), (4,), (4, 4), (4,), (4,))]

        def function(queries, keys, weight_q, bias_q, weight_k, bias_k, vector):
            maps = {
                "queries": {"weight": weight_q, "bias": bias_q},
                "keys": {"weight": weight_k, "bias": bias_k},
            }
            return additive({**maps, "vector": vector})(queries, keys)

        def pair(query, key, weight_q, bias_q, weight_k, bias_k, vector):
            hidden = np.dot(query, weight_q) + bias_q + np.dot(key, weight_k) + bias_k
            return np.dot(vector, np.tanh(hidden))

    def each_pair(queries, keys, *arrays):
        return np.array(
            [
                [[pair(query, key, *arrays) for key in keys_of] for query in queries_of]
                for queries_of, keys_of in zip(queries, keys, strict=True)
            ]
        )

    same_derivatives(function, each_pair, [queries, keys, *arrays])


SCORES = {
    "dot": dot,
    "scaled_dot": scaled_dot,
    "general": general(init_general(numpy.random.default_rng(1), 4)),
    "additive": additive(
        init_additive(numpy.random.default_rng(1), 4) | {"vector": numpy.ones(4, numpy.float32)}
    ),
    "a student's own": lambda queries, keys: (
        -((queries[..., :, None, :] - keys[..., None, :, :]) ** 2)[..., 0]
    ),
}
each_score = pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)


@each_score
@given(shape=masks, seed=seeds)
def test_rows_of_weights_sum_to_one_and_masked_weights_are_zero(score, shape, seed):
    (queries, keys, _), mask = random_arrays(seed), random_mask(shape, seed)
    weights = attention_weights(queries, keys, mask, score)
    assert weights.shape == (BATCH, QUERIES, KEYS)
    assert checks.rows_sum_to_one(weights, mask, tolerance=1e-12)
    assert checks.masked_weights_are_zero(weights, mask)


@each_score
@given(seed=seeds)
def test_a_query_with_nothing_to_attend_to_gives_zeros_and_no_gradient(score, seed):
    arrays, mask = random_arrays(seed), random_mask((2, 3, 5), seed)
    mask[1, 2] = False
    mask[0, :, 3] = False
    (context,), (d_queries, d_keys, d_values) = differentiate(
        lambda *arrays: attention(*arrays, mask, score), arrays
    )
    for array in (context, d_queries, d_keys, d_values):
        assert numpy.isfinite(array).all()
    assert (context[1, 2] == 0).all()
    assert (d_queries[1, 2] == 0).all()
    assert (d_keys[0, 3] == 0).all()
    assert (d_values[0, 3] == 0).all()


@each_score
@given(data=st.data(), seed=seeds)
def test_order_of_keys_is_forgotten_and_order_of_queries_is_kept(score, data, seed):
    (queries, keys, values), mask = random_arrays(seed), random_mask((2, 3, 5), seed)
    context = attention(queries, keys, values, mask, score)
    order = data.draw(st.permutations(range(KEYS)))
    agree(attention(queries, keys[:, order], values[:, order], mask[:, :, order], score), context)
    order = data.draw(st.permutations(range(QUERIES)))
    agree(attention(queries[:, order], keys, values, mask[:, order], score), context[:, order])


@each_score
@given(seed=seeds)
def test_items_of_a_batch_and_padding_do_not_act_on_each_other(score, seed):
    (queries, keys, values), lengths = random_arrays(seed), numpy.array([5, 3])
    context = attention(queries, keys, values, padding_mask(lengths, 5), score)
    for i, length in enumerate(lengths):
        alone = [queries[[i]], keys[[i], :length], values[[i], :length]]
        agree(attention(*alone, score=score)[0], context[i])


@given(n=st.integers(2, 6), seed=seeds)
def test_a_causal_mask_hides_what_comes_later(n, seed):
    rng = numpy.random.default_rng(seed)
    x = rng.standard_normal((2, n, 4))
    changed = x.copy()
    changed[:, -1] += 1
    before, after = (attention(y, y, y, causal_mask(n)) for y in (x, changed))
    agree(after[:, :-1], before[:, :-1])
    agree(before[:, 0], x[:, 0])


def test_masks_hold_what_they_say():
    assert causal_mask(3).tolist() == [[True, False, False], [True, True, False], [True] * 3]
    mask = padding_mask([0, 2], 3)
    assert mask.tolist() == [[[False, False, False]], [[True, True, False]]]


def test_dividing_by_the_root_of_the_width_keeps_the_spread_of_scores():
    rng = numpy.random.default_rng(0)
    for width in (4, 64, 1024):
        queries, keys = rng.standard_normal((2, 100, width))
        assert scaled_dot(queries, keys).std() == pytest.approx(1, abs=0.05)
        agree(scaled_dot(queries, keys), dot(queries, keys) / math.sqrt(width))


@each_score
def test_float32_stays_float32_in_values_and_in_every_gradient(score, monkeypatch):
    arrays = [array.astype(numpy.float32) for array in random_arrays()]
    mask = random_mask((2, 3, 5))
    seen = formats(monkeypatch, lambda *arrays: attention(*arrays, mask, score), arrays)
    assert {format for _, format in seen} == {"float32"}


NAMES = ("queries", "keys", "values", "output")


def multi_head_arrays(seed=0):
    """Draw inputs of two kinds and the four projections of 4 heads of width 3."""
    rng = numpy.random.default_rng(seed)
    shapes = (BATCH, KEYS, WIDTH), (BATCH, 7, WIDTH)
    params = init_multi_head(rng, WIDTH, HEADS)
    weights = [params[name].astype(float) for name in NAMES]
    return [*(rng.standard_normal(shape) for shape in shapes), *weights]


def multi_head(mask):
    """Multi-head attention as a function of arrays alone."""

    def run(queries_from, keys_values_from, *weights):
        params = dict(zip(NAMES, weights, strict=True))
        return multi_head_attention(params, queries_from, keys_values_from, mask)

    return run


def test_heads_give_values_and_gradients_of_single_queries_and_heads():
    lengths = [7, 3]

    def each_query(queries_from, keys_values_from, *weights):
        params = dict(zip(NAMES, weights, strict=True))
        items = zip(queries_from, keys_values_from, lengths, strict=True)
        return np.array([plain.multi_head(params, xs, ys[:length]) for xs, ys, length in items])

    run = multi_head(padding_mask(lengths, 7))
    same_derivatives(lambda *arrays: run(*arrays)[0], each_query, multi_head_arrays())


def from_pytorch(in_projection, out_projection):
    """Cut PyTorch's two weight matrices into four that have an axis for the heads."""
    width_head = WIDTH // HEADS
    split = [
        np.transpose(np.reshape(in_projection[i * WIDTH : (i + 1) * WIDTH], (HEADS, -1, WIDTH)))
        for i in range(3)
    ]
    heads_first = [np.transpose(weight, (2, 0, 1)) for weight in split]
    return [*heads_first, np.reshape(out_projection.T, (HEADS, width_head, WIDTH))]


def test_heads_give_values_and_gradients_of_pytorch():
    record = recorded("multi_head")
    run = multi_head(padding_mask(record["lengths"], 7))
    same_as_recorded(
        lambda queries_from, keys_values_from, *weights: run(
            queries_from, keys_values_from, *from_pytorch(*weights)
        ),
        record,
        ["queries_from", "keys_values_from", "in_projection", "out_projection"],
    )


@given(shape=st.sampled_from([(2, 5, 7), (5, 7), (2, 1, 7), (7,)]), seed=seeds)
def test_the_mask_is_the_same_for_all_heads(shape, seed):
    mask = random_mask(shape, seed)
    output, weights = multi_head(mask)(*multi_head_arrays(seed))
    assert output.shape == (BATCH, KEYS, WIDTH)
    assert weights.shape == (BATCH, HEADS, KEYS, 7)
    for head in range(HEADS):
        assert checks.masked_weights_are_zero(weights[:, head], mask)
        assert checks.rows_sum_to_one(weights[:, head], mask, tolerance=1e-12)


def test_the_mask_goes_with_the_batch_even_where_there_are_as_many_heads():
    params = init_multi_head(numpy.random.default_rng(0), 6, 2)
    x = numpy.ones((2, 3, 6), numpy.float32)
    _, weights = multi_head_attention(params, x, x, padding_mask([3, 1], 3))
    agree(weights[0], numpy.full((2, 3, 3), 1 / 3), 1e-6)
    agree(weights[1], numpy.broadcast_to([1, 0, 0], (2, 3, 3)))


def test_heads_keep_float32_in_values_and_in_every_gradient(monkeypatch):
    arrays = [array.astype(numpy.float32) for array in multi_head_arrays()]
    seen = formats(monkeypatch, lambda *arrays: multi_head(None)(*arrays)[0], arrays)
    assert {format for _, format in seen} == {"float32"}


@given(n=st.integers(1, 9), reach=st.integers(0, 9))
def test_a_local_mask_lets_neighbours_through(n, reach):
    mask = local_mask(n, reach)
    assert mask.tolist() == [[abs(i - j) <= reach for j in range(n)] for i in range(n)]


def test_masks_are_combined_with_and():
    mask = local_mask(5, 2) & causal_mask(5) & padding_mask([5, 3], 5)
    assert mask.shape == (2, 5, 5)
    allowed = numpy.argwhere(mask[1]).tolist()
    assert allowed == [[i, j] for i in range(5) for j in range(3) if i - 2 <= j <= i]


@pytest.mark.parametrize("name", ["general", "additive", "dot", "a student's own"])
def test_heads_take_any_score_and_mask_it_like_the_default(name):
    arrays, mask = multi_head_arrays(), random_mask((2, 5, 7))
    params = dict(zip(NAMES, arrays[2:], strict=True))
    scores = {
        "general": general(init_general(numpy.random.default_rng(1), 3)),
        "additive": additive(
            init_additive(numpy.random.default_rng(1), 3) | {"vector": numpy.ones(3, numpy.float32)}
        ),
    }
    score = scores.get(name, SCORES[name])
    _, weights = multi_head_attention(params, *arrays[:2], mask, score)
    _, default = multi_head_attention(params, *arrays[:2], mask)
    assert weights.shape == (BATCH, HEADS, KEYS, 7)
    assert checks.rows_sum_to_one(weights, mask[:, None], tolerance=1e-12)
    assert checks.masked_weights_are_zero(weights, mask[:, None])
    assert numpy.abs(weights - default).max() > 1e-3


@given(cut=st.integers(0, 7), seed=seeds)
def test_keys_and_values_from_a_cache_are_those_of_one_pass(cut, seed):
    queries_from, keys_values_from, *weights = multi_head_arrays(seed)
    params = dict(zip(NAMES, weights, strict=True))
    first = keys_values(params, keys_values_from[:, :cut])
    before = {name: array.copy() for name, array in first.items()}
    cache = keys_values(params, keys_values_from[:, cut:], first)
    whole = keys_values(params, keys_values_from)
    for name in ("keys", "values"):
        agree(cache[name], whole[name])
        assert numpy.array_equal(first[name], before[name]), "the cache has been changed"
    for found, expected in zip(
        attend(params, queries_from, cache),
        multi_head_attention(params, queries_from, keys_values_from),
        strict=True,
    ):
        agree(found, expected)


def each_linear_query(queries, keys, values, mask, causal):
    """Compute linear attention one query at a time, with its feature map written out."""

    def features(x):
        return np.array([number + 1 if number > 0 else np.exp(number) for number in x])

    contexts = []
    for i in range(len(queries)):
        for q, query in enumerate(queries[i]):
            above, below = np.zeros(values.shape[-1]), 0
            for k in numpy.flatnonzero(mask[i]):
                if k <= q or not causal:
                    weight = np.dot(features(query), features(keys[i, k]))
                    above, below = above + weight * values[i, k], below + weight
            contexts.append(above / below if below else above)
    return np.reshape(np.array(contexts), (*queries.shape[:2], -1))


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("block", [2, 64])
def test_linear_attention_has_values_and_gradients_of_single_queries(causal, block):
    rng = numpy.random.default_rng(0)
    n_queries = 5 if causal else 3
    arrays = [rng.standard_normal((2, n, width)) for n, width in ((n_queries, 4), (5, 4), (5, 6))]
    mask = numpy.array([[True, True, False, True, True], [False, True, True, False, False]])
    same_derivatives(
        lambda *arrays: linear_attention(*arrays, mask[:, None], causal, block),
        lambda *arrays: each_linear_query(*arrays, mask, causal),
        arrays,
    )


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
    order = data.draw(st.permutations(range(KEYS)))
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
def test_linear_attention_keeps_float32_in_values_and_in_every_gradient(causal, monkeypatch):
    x = numpy.random.default_rng(0).standard_normal((2, 5, 4)).astype(numpy.float32)
    mask = numpy.ones((2, 1, 5), bool)
    seen = formats(
        monkeypatch, lambda *arrays: linear_attention(*arrays, mask, causal, 2), [x, x, x]
    )
    assert {format for _, format in seen} == {"float32"}


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
    for function in (blocked_attention, attention):
        tracemalloc.start()
        context = function(*arrays)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert context.dtype == numpy.float32
    assert peaks[0] < peaks[1] / 20 + 2**20  # at 2048, a tile still counts


@pytest.mark.parametrize("factor", [1, 1e4])
def test_very_large_scores_overflow_nowhere(factor):
    queries, keys, values = random_arrays()
    for function in (attention, blocked_attention):
        context = function(factor * queries, keys, values)
        assert numpy.isfinite(context).all()
    single = [array.astype(numpy.float32) for array in (factor * queries, keys, values)]
    agree(attention(*single), context, 1e-3)


def test_heads_give_the_same_by_the_fused_and_by_the_plain_path():
    arrays, mask = multi_head_arrays(), random_mask((2, 5, 7))

    def plain_path(queries_from, keys_values_from, *weights):
        params = dict(zip(NAMES, weights, strict=True))
        return attend(params, queries_from, keys_values(params, keys_values_from), mask)

    same_derivatives(multi_head(mask), plain_path, arrays)


Q, K, V = random_arrays()
WIDTHS = ["keys has shape (2, 5, 3)", "(…, n_keys, 4)", "queries has shape (2, 3, 4)"]
COUNTS = ["values has shape (2, 4, 6)", "(…, 5, width)", "keys has shape (2, 5, 4)"]
MULTI = init_multi_head(numpy.random.default_rng(0), 4, 2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: attention(Q, K[..., :3], V), WIDTHS),
        (lambda: blocked_attention(Q, K[..., :3], V), WIDTHS),
        (lambda: blocked_attention(Q, K, V[:, :4]), COUNTS),
        (lambda: blocked_attention(Q, K, V, block=0), ["block = 0"]),
        (
            lambda: blocked_attention(Q, K, V, numpy.ones((5, 3), bool)),
            ["mask", "(5, 3)", "(2, 3, 5)"],
        ),
        (lambda: dot(Q, K[..., :3]), WIDTHS),
        (lambda: attention(Q, K, V[:, :4]), COUNTS),
        (lambda: attention(Q, K[[0, 1, 0]], V[[0, 1, 0]]), ["queries (2, 3, 4)", "keys (3, 5, 4)"]),
        (lambda: attention(Q, K, V[[0, 1, 0]]), ["keys (2, 5, 4)", "values (3, 5, 6)"]),
        (lambda: attention(Q, K, V, numpy.ones((3, 5))), ["mask", "boolean", "float64"]),
        (lambda: attention(Q, K, V, numpy.ones((5, 3), bool)), ["mask", "(5, 3)", "(2, 3, 5)"]),
        (
            lambda: attention_weights(Q, K, numpy.ones((5, 3), bool)),
            ["mask", "(5, 3)", "(2, 3, 5)"],
        ),
        (lambda: attention_weights(Q, K, numpy.ones((3, 5), int)), ["mask", "boolean", "int64"]),
        (lambda: local_mask(5, -1), ["reach = -1", "at least 0"]),
        (
            lambda: linear_attention(Q, K, V, numpy.ones((2, 3, 5), bool)),
            ["mask", "(2, 3, 5)", "(…, 1, n_keys)"],
        ),
        (
            lambda: linear_attention(Q, K, V, numpy.ones((2, 1, 3), bool)),
            ["mask", "(2, 1, 3)", "(2, 1, 5)"],
        ),
        (lambda: linear_attention(Q, K, V, numpy.ones(5)), ["mask", "boolean", "float64"]),
        (
            lambda: linear_attention(Q, K, V, causal=True),
            ["queries has shape (2, 3, 4)", "(…, 5, width)", "causal", "(2, 5, 4)"],
        ),
        (lambda: linear_attention(Q, K[..., :3], V), WIDTHS),
        (lambda: linear_attention(Q, K, V[:, :4]), COUNTS),
        (lambda: keys_values(MULTI, K[..., :3]), ["keys_values_from", "(2, 5, 3)"]),
        (
            lambda: keys_values(MULTI, K[:1], keys_values(MULTI, K)),
            ["cache", "(2, 2, 5, 2)", "(1, 5, 4)"],
        ),
        (
            lambda: attend(MULTI, Q[..., :3], keys_values(MULTI, K)),
            ["queries_from", "(2, 3, 3)", "(batch, n, 4)"],
        ),
        (lambda: padding_mask([2, 6], 5), ["lengths", "0 … 5", "[2, 6]"]),
        (lambda: padding_mask([2, -1], 5), ["lengths", "0 … 5", "[2, -1]"]),
        (lambda: padding_mask([[2, 1]], 5), ["lengths", "(1, 2)", "(batch,)"]),
        (
            lambda: init_multi_head(numpy.random.default_rng(0), 8, 3),
            ["heads = 3", "divide", "width = 8"],
        ),
        (lambda: init_multi_head(numpy.random.default_rng(0), 8, 0), ["heads = 0", "width = 8"]),
        (
            lambda: multi_head_attention(MULTI, Q[..., :3], K),
            ["queries_from", "(2, 3, 3)", "(batch, n, 4)"],
        ),
        (
            lambda: multi_head_attention(MULTI, Q, K[0]),
            ["keys_values_from", "(5, 4)", "(batch, n, 4)"],
        ),
        (
            lambda: multi_head_attention(MULTI, Q, K[[0, 1, 0]]),
            ["queries_from", "(2, 3, 4)", "keys_values_from", "(3, 5, 4)"],
        ),
        (
            lambda: multi_head_attention(MULTI, Q, K, numpy.ones((2, 2, 3, 5), bool)),
            ["mask", "(2, 2, 3, 5)", "(2, 3, 5)"],
        ),
    ],
)
def test_wrong_input_is_named_with_its_shape(call, words):
    with pytest.raises(ValueError) as error:
        call()
    assert [word for word in words if word not in str(error.value)] == []
