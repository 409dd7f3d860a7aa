"""Attention: gradients, masks, symmetries, heads, and what wrong input is told."""

import math

import autograd.numpy as np
import numpy
import pytest
from compare import (
    agree,
    change,
    differentiate,
    follow_differences,
    formats,
    heads_first,
    names_in,
    recorded,
    same_as_recorded,
    same_derivatives,
    with_kernels,
    with_noise,
)
from hypothesis import given
from hypothesis import strategies as st

from helpers import checks
from helpers.attention import (
    additive,
    attention,
    attention_weights,
    causal_mask,
    dot,
    general,
    join_heads,
    local_mask,
    location,
    multi_head_attention,
    padding_mask,
    prefix_mask,
    scaled_dot,
    split_heads,
)
from helpers.positions import rotary
from helpers.start import init_additive, init_general, init_location, init_multi_head

pytestmark = pytest.mark.usefixtures("way")

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


# ---- values and gradients ---------------------------------------------------------------------


def each_query(queries, keys, values, mask, scale):
    """One query at a time, over the keys that it may attend to."""
    (batch, n_queries, _), (_, n_keys, width_values) = queries.shape, values.shape
    mask = numpy.broadcast_to(True if mask is None else mask, (batch, n_queries, n_keys))
    contexts = []
    for i in range(batch):
        for q in range(n_queries):
            places = numpy.flatnonzero(mask[i, q])
            shares = np.exp(keys[i, places] @ queries[i, q] * scale)
            total = np.sum(shares) if len(places) else 1.0
            contexts.append(shares @ values[i, places] / total)
    return np.reshape(np.array(contexts), (batch, n_queries, width_values))


@pytest.mark.parametrize("shape", [None, *MASK_SHAPES])
@pytest.mark.parametrize(("score", "scale"), [(scaled_dot, 0.5), (dot, 1)])
def test_values_and_gradients_are_those_of_single_queries(shape, score, scale):
    mask = None if shape is None else random_mask(shape)
    same_derivatives(
        lambda *arrays: attention(*arrays, mask, score),
        lambda *arrays: each_query(*arrays, mask, scale),
        random_arrays(),
    )


def test_values_and_gradients_are_those_of_pytorch():
    record = recorded("attention")
    same_as_recorded(
        lambda *arrays: attention(*arrays, record["mask"]), record, ["queries", "keys", "values"]
    )


def test_three_words_by_hand_are_those_of_pytorch():
    record = recorded("three_words")
    arrays = [record[name] for name in ("queries", "keys", "values")]
    agree(attention(*arrays), record["context"])
    agree(
        attention(*arrays, numpy.zeros((3, 3), bool)), record["empty: scaled_dot_product_attention"]
    )


def test_scores_with_parameters_have_values_and_gradients_of_pytorch():
    record = recorded("scores")
    names = ("to_queries.weight", "to_queries.bias", "to_keys.weight", "to_keys.bias")

    def scores(queries, keys, bilinear, vector, *maps):
        to_queries, to_keys = ({"weight": maps[i], "bias": maps[i + 1]} for i in (0, 2))
        params = {"queries": to_queries, "keys": to_keys, "vector": vector}
        return general({"weight": bilinear})(queries, keys), additive(params)(queries, keys)

    same_as_recorded(scores, record, ["queries", "keys", "bilinear", "vector", *names])


@pytest.mark.parametrize("shapes", [((3, 4), (2, 5, 4), (2, 5, 6)), ((2, 3, 4), (5, 4), (5, 6))])
def test_gradients_of_arguments_without_a_batch_axis_are_summed(shapes):
    rng = numpy.random.default_rng(0)

    def repeated(*arrays):
        arrays = [x if len(x.shape) == 3 else np.array([x, x]) for x in arrays]
        return each_query(*arrays, None, 0.5)

    same_derivatives(attention, repeated, [rng.standard_normal(shape) for shape in shapes])


def test_keys_of_the_whole_batch_may_be_masked_for_each_sequence():
    queries, keys, values = random_arrays()
    mask = random_mask((BATCH, QUERIES, KEYS))
    same_derivatives(
        lambda queries, keys, values: attention(queries, keys, values, mask),
        lambda queries, keys, values: each_query(
            queries, np.array([keys, keys]), np.array([values, values]), mask, 0.5
        ),
        [queries, keys[0], values[0]],
    )


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
        lambda *arrays: each_query(*arrays, mask, width**-0.5), arrays
    )
    agree(context, expected)
    largest = max(numpy.abs(gradient).max() for gradient in expected_gradients)
    for gradient, right in zip(gradients, expected_gradients, strict=True):
        assert numpy.abs(gradient - right).max() <= 1e-10 * largest


def distance(queries, keys):
    """Score that a student might write."""
    return -((queries[..., :, None, :] - keys[..., None, :, :]) ** 2)[..., 0]


SCORES = {
    "dot": dot,
    "scaled_dot": scaled_dot,
    "general": general(init_general(numpy.random.default_rng(1), 4)),
    "additive": additive(
        init_additive(numpy.random.default_rng(1), 4) | {"vector": numpy.ones(4, numpy.float32)}
    ),
    "a student's own": distance,
    "location": location(init_location(numpy.random.default_rng(1), 4, 7)),
}
each_score = pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
COMPARING = {name: score for name, score in SCORES.items() if name != "location"}


@each_score
def test_gradients_follow_differences_with_every_score(score):
    mask = random_mask((BATCH, QUERIES, KEYS))
    follow_differences(lambda *arrays: attention(*arrays, mask, score), random_arrays())


# ---- symmetries and masks ---------------------------------------------------------------------


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


@pytest.mark.parametrize("score", COMPARING.values(), ids=COMPARING)
@given(data=st.data(), seed=seeds)
def test_order_of_keys_is_forgotten_and_order_of_queries_is_kept(score, data, seed):
    (queries, keys, values), mask = random_arrays(seed), random_mask((2, 3, 5), seed)
    context = attention(queries, keys, values, mask, score)
    order = data.draw(st.permutations(range(KEYS)))
    agree(attention(queries, keys[:, order], values[:, order], mask[:, :, order], score), context)
    order = data.draw(st.permutations(range(QUERIES)))
    agree(attention(queries[:, order], keys, values, mask[:, order], score), context[:, order])


@given(seed=seeds)
def test_a_location_score_knows_a_keys_place_and_nothing_else_of_it(seed):
    (queries, keys, values), matrix = (
        random_arrays(seed),
        init_location(numpy.random.default_rng(seed), 4, 7)["weight"],
    )
    score = location({"weight": matrix})
    scores = score(queries, keys)
    for i in range(BATCH):
        for q in range(QUERIES):
            for place in range(KEYS):
                agree(scores[i, q, place], queries[i, q] @ matrix[:, place])
    agree(score(queries, numpy.full_like(keys, 1e9)), scores, 0)
    order = numpy.roll(numpy.arange(KEYS), 1)
    moved = attention(queries, keys[:, order], values[:, order], score=score)
    agree(moved, attention_weights(queries, keys, score=score) @ values[:, order])
    assert numpy.abs(moved - attention(queries, keys, values, score=score)).max() > 1e-3
    matrix = matrix.astype(float)
    follow_differences(
        lambda queries, weight: location({"weight": weight})(queries, keys), [queries, matrix]
    )


def test_queries_and_keys_of_different_widths_can_be_compared_by_matrices():
    rng = numpy.random.default_rng(0)
    queries, keys = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 5, 6))
    matrix, vector = rng.standard_normal((4, 6)), rng.standard_normal(7)
    maps = [{"weight": rng.standard_normal((w, 7)), "bias": rng.standard_normal(7)} for w in (4, 6)]
    scores = general({"weight": matrix})(queries, keys)
    added = additive({"queries": maps[0], "keys": maps[1], "vector": vector})(queries, keys)
    for i, q, k in numpy.ndindex(2, 3, 5):
        agree(scores[i, q, k], queries[i, q] @ matrix @ keys[i, k])
        inner = sum(
            x @ m["weight"] + m["bias"]
            for x, m in zip((queries[i, q], keys[i, k]), maps, strict=True)
        )
        agree(added[i, q, k], numpy.tanh(inner) @ vector)
    assert attention(queries, keys, keys, score=general({"weight": matrix})).shape == (2, 3, 6)


@each_score
@given(seed=seeds)
def test_items_of_a_batch_and_padding_do_not_act_on_each_other(score, seed):
    (queries, keys, values), lengths = random_arrays(seed), numpy.array([5, 3])
    context = attention(queries, keys, values, padding_mask(lengths, 5), score)
    for i, length in enumerate(lengths):
        alone = [queries[[i]], keys[[i], :length], values[[i], :length]]
        agree(attention(*alone, score=score)[0], context[i])


def self_attention(x, mask):
    return attention(x, x, x, mask)


@given(n=st.integers(2, 6), seed=seeds)
def test_a_causal_mask_hides_what_comes_later(n, seed):
    rng = numpy.random.default_rng(seed)
    x = rng.standard_normal((2, n, 4))
    changed = x.copy()
    changed[:, -1] += 1
    before, after = (self_attention(y, causal_mask(n)) for y in (x, changed))
    agree(after[:, :-1], before[:, :-1])
    agree(before[:, 0], x[:, 0])


@given(lengths=st.tuples(st.integers(0, 6), st.integers(0, 6)), seed=seeds)
def test_a_prefix_mask_shows_the_prefix_to_all_and_nothing_later(lengths, seed):
    x = numpy.random.default_rng(seed).standard_normal((2, 6, 4))
    mask = prefix_mask(numpy.array(lengths), 6)
    before = self_attention(x, mask)
    for i, length in enumerate(lengths):
        for place in range(6):
            changed = x.copy()
            changed[i, place] += 1
            moved = numpy.abs(self_attention(changed, mask)[i] - before[i]).max(axis=-1) > 1e-12
            # A position of the prefix moves all; a later one moves itself and what follows.
            assert moved.tolist() == [place <= row or place < length for row in range(6)]


def test_masks_hold_what_they_say():
    assert causal_mask(3).tolist() == [[True, False, False], [True, True, False], [True] * 3]
    mask = padding_mask([0, 2], 3)
    assert mask.tolist() == [[[False, False, False]], [[True, True, False]]]
    both = prefix_mask([0, 2], 3)
    assert both[0].tolist() == causal_mask(3).tolist()
    assert both[1].tolist() == [[True, True, False], [True, True, False], [True] * 3]


@given(n=st.integers(1, 9), reach=st.integers(0, 9))
def test_a_local_mask_lets_neighbours_through(n, reach):
    mask = local_mask(n, reach)
    assert mask.tolist() == [[abs(i - j) <= reach for j in range(n)] for i in range(n)]


def test_masks_are_combined_with_and():
    mask = local_mask(5, 2) & causal_mask(5) & padding_mask([5, 3], 5)
    assert mask.shape == (2, 5, 5)
    allowed = numpy.argwhere(mask[1]).tolist()
    assert allowed == [[i, j] for i in range(5) for j in range(3) if i - 2 <= j <= i]


def test_two_axes_of_a_mask_are_queries_and_keys_also_where_the_batch_has_as_many():
    queries, keys, values = (numpy.repeat(x[:1], 4, axis=0) for x in random_arrays())
    mask = random_mask((QUERIES, KEYS))
    agree(attention(queries, keys, values, mask), attention(queries, keys, values, mask[None]))
    square = random_mask((KEYS, KEYS))
    x = numpy.random.default_rng(0).standard_normal((KEYS, KEYS, 4))  # batch = queries = keys
    agree(self_attention(x, square), self_attention(x, square[None]))


@pytest.mark.parametrize("shape", [(0, 3, 5), (2, 0, 5), (2, 3, 0), (0, 0, 0)])
@each_score
def test_nothing_at_all_to_ask_or_to_look_at_gives_zeros(score, shape):
    batch, n_queries, n_keys = shape
    queries, keys = numpy.ones((batch, n_queries, 4)), numpy.ones((batch, n_keys, 4))
    for mask in (None, numpy.ones(shape, bool)):
        context = attention(queries, keys, keys, mask, score)
        agree(context, numpy.full((batch, n_queries, 4), float(n_keys > 0)))


# ---- numbers ----------------------------------------------------------------------------------


def test_dividing_by_the_root_of_the_width_keeps_the_spread_of_scores():
    rng = numpy.random.default_rng(0)
    for width in (4, 64, 1024):
        queries, keys = rng.standard_normal((2, 100, width))
        assert scaled_dot(queries, keys).std() == pytest.approx(1, abs=0.05)
        agree(scaled_dot(queries, keys), dot(queries, keys) / math.sqrt(width))


@pytest.mark.parametrize("factor", [1, 1e4])
def test_very_large_scores_overflow_nowhere(factor):
    queries, keys, values = random_arrays()
    context = attention(factor * queries, keys, values)
    assert numpy.isfinite(context).all()
    single = [array.astype(numpy.float32) for array in (factor * queries, keys, values)]
    agree(attention(*single), context, 1e-3)


@pytest.mark.parametrize("score", [dot, scaled_dot, distance, rotary])
def test_whole_numbers_are_taken_as_real_ones(score):
    rng = numpy.random.default_rng(0)
    whole = [rng.integers(-2, 3, (BATCH, n, 4)) for n in (QUERIES, KEYS, KEYS)]
    agree(attention(*whole, score=score), attention(*(x * 1.0 for x in whole), score=score), 0)


# ---- heads ------------------------------------------------------------------------------------

NAMES = ("queries", "keys", "values", "output")
PARAMS = with_noise(init_multi_head(numpy.random.default_rng(0), WIDTH, HEADS))


def two_sequences(seed=0):
    rng = numpy.random.default_rng(seed)
    return [rng.standard_normal((BATCH, n, WIDTH)) for n in (KEYS, 7)]


def test_heads_give_values_and_gradients_of_pytorch():
    record = recorded("multi_head")
    mask = padding_mask(record["lengths"], 7)

    def run(queries_from, keys_values_from, in_projection, out_projection):
        both = {"in_projection": in_projection, "out_projection": out_projection}
        return multi_head_attention(heads_first(both), queries_from, keys_values_from, mask)

    same_as_recorded(run, record, names_in(record))


@pytest.mark.parametrize("mask", [None, random_mask((BATCH, KEYS, 7)), padding_mask([7, 3], 7)])
def test_heads_are_attentions_whose_results_are_added_up(mask):
    def each_head(params, queries_from, keys_values_from):
        total = 0
        for weights in zip(*(params[name] for name in NAMES), strict=True):
            to_queries, to_keys, to_values, to_output = weights
            keys, values = keys_values_from @ to_keys, keys_values_from @ to_values
            total = total + attention(queries_from @ to_queries, keys, values, mask) @ to_output
        return total

    same_derivatives(
        lambda *arguments: multi_head_attention(*arguments, mask)[0],
        each_head,
        [PARAMS, *two_sequences()],
    )


def test_gradients_of_the_weights_of_heads_follow_differences():
    mask = random_mask((BATCH, KEYS, 7))
    follow_differences(
        lambda *arguments: multi_head_attention(*arguments, mask)[1], [PARAMS, *two_sequences()]
    )


def test_a_sequence_that_asks_itself_has_both_gradients():
    x = two_sequences()[0]
    follow_differences(lambda params, x: multi_head_attention(params, x, x), [PARAMS, x])


@given(shape=st.sampled_from([(2, 5, 7), (5, 7), (2, 1, 7), (7,)]), seed=seeds)
def test_the_mask_is_the_same_for_all_heads(shape, seed):
    mask = random_mask(shape, seed)
    output, weights = multi_head_attention(PARAMS, *two_sequences(seed), mask)
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


@pytest.mark.parametrize("name", ["general", "additive", "dot", "a student's own"])
def test_heads_take_any_score_and_mask_it_like_the_default(name):
    mask = random_mask((2, 5, 7))
    scores = {
        "general": general(init_general(numpy.random.default_rng(1), 3)),
        "additive": additive(
            init_additive(numpy.random.default_rng(1), 3) | {"vector": numpy.ones(3, numpy.float32)}
        ),
    }
    score = scores.get(name, SCORES[name])
    _, weights = multi_head_attention(PARAMS, *two_sequences(), mask, score)
    _, default = multi_head_attention(PARAMS, *two_sequences(), mask)
    assert weights.shape == (BATCH, HEADS, KEYS, 7)
    assert checks.rows_sum_to_one(weights, mask[:, None], tolerance=1e-12)
    assert checks.masked_weights_are_zero(weights, mask[:, None])
    assert numpy.abs(weights - default).max() > 1e-3


def test_heads_are_split_and_joined_by_matrices():
    x = two_sequences()[0]
    split = split_heads(x, PARAMS["queries"])
    joined = join_heads(split, PARAMS["output"])
    for head in range(HEADS):
        agree(split[:, head], x @ PARAMS["queries"][head])
    agree(joined, sum(split[:, head] @ PARAMS["output"][head] for head in range(HEADS)))


def test_an_empty_batch_of_heads():
    x = numpy.zeros((0, 5, WIDTH))
    output, weights = multi_head_attention(PARAMS, x, x, padding_mask(numpy.zeros(0, int), 5))
    assert output.shape == x.shape
    assert weights.shape == (0, HEADS, 5, 5)


@each_score
def test_float32_stays_float32_in_values_and_in_every_gradient(score):
    arrays, mask = change(random_arrays(), numpy.float32), random_mask((2, 3, 5))
    context = attention(*arrays, mask, score)
    assert context.dtype == numpy.float32
    if with_kernels():
        assert formats(lambda *arrays: attention(*arrays, mask, score), arrays) == {"float32"}


# ---- wrong input ------------------------------------------------------------------------------

Q, K, V = random_arrays()
WIDTHS = ["keys has shape (2, 5, 3)", "(…, n_keys, 4)", "queries has shape (2, 3, 4)"]
COUNTS = ["values has shape (2, 4, 6)", "(…, 5, width_values)", "keys has shape (2, 5, 4)"]
MULTI = init_multi_head(numpy.random.default_rng(0), 4, 2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: attention(Q, K[..., :3], V), WIDTHS),
        (lambda: dot(Q, K[..., :3]), WIDTHS),
        (
            lambda: attention(Q, K, V, score=location({"weight": numpy.ones((4, 3))})),
            ["5 keys", "only 3 places"],
        ),
        (lambda: attention(Q, K, V[:, :4]), COUNTS),
        (lambda: attention(Q, K[[0, 1, 0]], V[[0, 1, 0]]), ["queries (2, 3, 4)", "keys (3, 5, 4)"]),
        (lambda: attention(Q, K, V[[0, 1, 0]]), ["keys (2, 5, 4)", "values (3, 5, 6)"]),
        (lambda: attention(Q, K, V, numpy.ones((3, 5))), ["mask", "boolean", "float64"]),
        (lambda: attention(Q, K, V, numpy.ones((5, 3), bool)), ["mask", "(5, 3)", "(2, 3, 5)"]),
        (
            lambda: attention(Q, K, V, numpy.ones((2, 5), bool)),
            ["mask", "(2, 5)", "(2, 3, 5)", "(n_queries, n_keys)", "mask[:, None]"],
        ),
        (
            lambda: attention(Q[:, :2], K, V, numpy.ones((2, 5), bool)),
            ["mask", "(2, 5)", "ambiguous", "(2, 2, 5)", "batch or n_queries", "mask[:, None]"],
        ),
        (
            lambda: attention_weights(Q, K, numpy.ones((5, 3), bool)),
            ["mask", "(5, 3)", "(2, 3, 5)"],
        ),
        (lambda: attention_weights(Q, K, numpy.ones((3, 5), int)), ["mask", "boolean", "int64"]),
        (lambda: local_mask(5, -1), ["reach = -1", "at least 0"]),
        (lambda: causal_mask(2.0), ["n = 2.0", "whole number"]),
        (lambda: padding_mask([2, 6], 5), ["lengths", "0 … 5", "[2, 6]"]),
        (lambda: padding_mask([2, -1], 5), ["lengths", "0 … 5", "[2, -1]"]),
        (lambda: padding_mask([2.0, 1.0], 5), ["lengths", "integers", "float64"]),
        (lambda: padding_mask([[2, 1]], 5), ["lengths", "(1, 2)", "(batch,)"]),
        (lambda: prefix_mask([2, 6], 5), ["lengths", "0 … 5", "[2, 6]"]),
        (
            lambda: multi_head_attention(MULTI, Q[..., :3], K),
            ["queries_from", "(2, 3, 3)", "(batch, n_queries, 4)"],
        ),
        (
            lambda: multi_head_attention(MULTI, Q, K[0]),
            ["keys_values_from", "(5, 4)", "(2, n_keys, 4)"],
        ),
        (
            lambda: multi_head_attention(MULTI, Q, K[[0, 1, 0]]),
            ["queries_from", "(2, 3, 4)", "keys_values_from", "(3, 5, 4)"],
        ),
        (
            lambda: multi_head_attention(MULTI, Q, K, numpy.ones((2, 2, 3, 5), bool)),
            ["mask", "(2, 2, 3, 5)", "(2, 3, 5)"],
        ),
        (
            lambda: multi_head_attention(MULTI, Q[:, :2], K, numpy.ones((2, 5), bool)),
            ["mask", "(2, 5)", "ambiguous", "(2, 2, 5)", "batch or n_queries", "mask[:, None]"],
        ),
    ],
)
def test_wrong_input_is_named_with_its_shape(call, words):
    with pytest.raises(ValueError) as error:
        call()
    assert [word for word in words if word not in str(error.value)] == []
