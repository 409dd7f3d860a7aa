"""Positions: the formulas of the papers, what defines each kind, and what wrong input is told."""

import math

import numpy
import pytest
from compare import (
    agree,
    change,
    follow_differences,
    formats,
    recorded,
    same_as_recorded,
    same_derivatives,
    with_kernels,
)
from hypothesis import given
from hypothesis import strategies as st

from helpers.attention import attention, scaled_dot
from helpers.positions import (
    POSITIONS,
    add_positions,
    alibi,
    alibi_slopes,
    position_score,
    rotary,
    rotate,
    sinusoidal,
)
from helpers.start import init_positions

pytestmark = pytest.mark.usefixtures("way")
seeds = st.integers(0, 999)


def position(t, width):
    """Sinusoidal encoding of one position."""
    angles = [t / 10000 ** (2 * (i // 2) / width) for i in range(width)]
    return numpy.array([(math.cos if i % 2 else math.sin)(angle) for i, angle in enumerate(angles)])


@pytest.mark.parametrize(("n", "width"), [(7, 4), (50, 32), (3, 5), (0, 4)])
def test_encodings_are_those_of_the_paper(n, width):
    expected = [position(t, width) for t in range(n)]
    encoding = sinusoidal(n, width)
    agree(encoding, numpy.reshape(expected, (n, width)), 1e-6)
    assert encoding.dtype == numpy.float32


@given(t=st.integers(0, 40), distance=st.integers(0, 20))
def test_product_of_two_encodings_depends_on_their_distance_alone(t, distance):
    encoding = sinusoidal(61, 8)
    agree(encoding[t] @ encoding[t + distance], encoding[0] @ encoding[distance], 1e-5)


def test_a_longer_sequence_begins_like_a_shorter_one():
    agree(sinusoidal(9, 6)[:4], sinusoidal(4, 6), 0)


def heads_of(seed=0):
    """Draw queries and keys of 4 heads in which no two axes have the same size."""
    rng = numpy.random.default_rng(seed)
    return [rng.standard_normal((2, 4, 5, 6)) for _ in range(2)]


def as_complex(x, start):
    """Turn pairs of numbers as complex ones: times e^(i t / 10000^(2j / d))."""
    places = numpy.arange(start, start + x.shape[-2])
    angles = numpy.outer(places, 10000.0 ** (-numpy.arange(0, x.shape[-1], 2) / x.shape[-1]))
    turned = (x[..., 0::2] + 1j * x[..., 1::2]) * numpy.exp(1j * angles)
    return numpy.stack([turned.real, turned.imag], axis=-1).reshape(x.shape)


@pytest.mark.parametrize("start", [0, 2])
def test_a_rotated_vector_is_that_of_the_paper(start):
    x = numpy.random.default_rng(0).standard_normal((3, 7, 6))
    agree(rotate(x, start), as_complex(x, start))
    follow_differences(lambda x: rotate(x, start), [x])


def test_attention_with_positions_has_values_and_gradients_of_pytorch():
    record = recorded("places")
    mask = record["mask"][:, None, None]

    def both(*arrays):
        return [attention(*arrays, mask, score) for score in (rotary, alibi)]

    same_as_recorded(both, record, ["queries", "keys", "values"])


@given(shift=st.integers(0, 50), seed=seeds)
def test_rotary_scores_depend_on_the_distance_alone(shift, seed):
    queries, keys = heads_of(seed)

    def score(start):
        return scaled_dot(rotate(queries, start), rotate(keys, start))

    agree(score(shift), rotary(queries, keys))
    query, key = queries[:, :, :1], keys[:, :, :1]
    same = rotary(*(numpy.repeat(x, 5, axis=2) for x in (query, key)))
    for distance in range(-4, 5):
        diagonal = numpy.diagonal(same, distance, axis1=2, axis2=3)
        agree(diagonal, numpy.broadcast_to(diagonal[..., :1], diagonal.shape))
    assert numpy.abs(same[..., 0, 0] - same[..., 0, 1]).min() > 0


@given(seed=seeds)
def test_rotation_keeps_lengths_and_leaves_position_0(seed):
    x, _ = heads_of(seed)
    agree(numpy.linalg.norm(rotate(x), axis=-1), numpy.linalg.norm(x, axis=-1))
    agree(rotate(x)[..., 0, :], x[..., 0, :])


def test_slopes_are_those_of_the_paper():
    agree(alibi_slopes(8), [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128, 1 / 256])
    agree(alibi_slopes(16)[:3], [2**-0.5, 2**-1, 2**-1.5])
    agree(alibi_slopes(1), [1 / 256])
    agree(alibi_slopes(6), [1 / 4, 1 / 16, 1 / 64, 1 / 256, 1 / 2, 1 / 8])


@given(seed=seeds)
def test_alibi_takes_slope_times_distance_from_the_scores(seed):
    queries, keys = heads_of(seed)
    taken = scaled_dot(queries, keys) - alibi(queries, keys)
    for head, slope in enumerate([1 / 4, 1 / 16, 1 / 64, 1 / 256]):
        for i in range(5):
            for j in range(5):
                distance = i - j if j <= i else 2 * (j - i)
                agree(taken[:, head, i, j], numpy.full(2, slope * distance))


@pytest.mark.parametrize("score", [rotary, alibi])
@given(n_new=st.integers(1, 5), seed=seeds)
def test_the_newest_queries_score_as_they_do_among_all(score, n_new, seed):
    queries, keys = heads_of(seed)
    agree(score(queries[:, :, -n_new:], keys), score(queries, keys)[:, :, -n_new:])


@pytest.mark.parametrize("score", [rotary, alibi])
def test_scores_keep_float32_in_values_and_in_every_gradient(score):
    arrays = change(heads_of(), numpy.float32)
    assert score(*arrays).dtype == numpy.float32
    if with_kernels():
        assert formats(score, arrays) == {"float32"}


@pytest.mark.parametrize("function", [rotate, lambda x: rotary(x, x), lambda x: alibi(x, x)])
def test_whole_numbers_are_taken_as_real_ones_and_an_empty_batch_stays_one(function):
    x = numpy.random.default_rng(0).integers(-2, 3, (2, 4, 5, 6))
    agree(function(x), function(x.astype(float)), 0)
    assert function(x[:0]).shape[0] == 0
    agree(rotate(numpy.array([[1, 0], [1, 0]])), [[1, 0], [math.cos(1), math.sin(1)]])


@pytest.mark.parametrize("name", POSITIONS)
@given(start=st.integers(0, 4), seed=seeds)
def test_every_kind_adds_the_same_at_a_position_wherever_the_sequence_begins(name, start, seed):
    rng = numpy.random.default_rng(seed)
    params = init_positions(rng, name, 6, longest=9)
    x = rng.standard_normal((2, 9, 6))
    whole = add_positions(params, x, name)
    agree(add_positions(params, x[:, start:], name, start), whole[:, start:])
    assert numpy.array_equal(whole, x) == (name in ("rotary", "alibi", "none"))
    assert callable(position_score(name))


@pytest.mark.parametrize("name", POSITIONS)
def test_positions_are_added_to_float32_whole_numbers_and_nothing(name):
    params = init_positions(numpy.random.default_rng(0), name, 6, longest=9)
    x = numpy.random.default_rng(0).integers(-2, 3, (2, 5, 6))
    assert add_positions(params, x.astype(numpy.float32), name).dtype == numpy.float32
    agree(add_positions(params, x, name), add_positions(params, x.astype(float), name), 1e-6)
    assert add_positions(params, x[:0], name).shape == (0, 5, 6)
    assert add_positions(params, x[:, :0], name).shape == (2, 0, 6)


def test_learned_positions_learn():
    x = numpy.random.default_rng(0).standard_normal((2, 5, 6))
    table = numpy.random.default_rng(1).standard_normal((9, 6))
    same_derivatives(
        lambda table, x: add_positions({"table": table}, x, "learned", start=2),
        lambda table, x: x + table[2:7],
        [table, x],
    )


def test_learned_positions_start_with_the_spread_of_sinusoidal_ones():
    table = init_positions(numpy.random.default_rng(0), "learned", 64, 500)["table"]
    assert table.dtype == numpy.float32
    assert table.std() == pytest.approx(sinusoidal(500, 64).std(), rel=0.1)


X = numpy.zeros((2, 5, 3))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: rotate(X), ["x ", "(2, 5, 3)", "2 pairs"]),
        (lambda: rotary(X[..., :2], X[:, :4, :2]), ["(2, 5, 2)", "(2, 4, 2)", "more than"]),
        (lambda: rotary(X, X), ["queries", "(2, 5, 3)", "2 pairs"]),
        (lambda: alibi(X[0], X[0]), ["queries", "(5, 3)", "heads"]),
        (lambda: alibi(X, X[:, :4]), ["(2, 5, 3)", "(2, 4, 3)", "more than"]),
        (lambda: position_score("sine"), ["name = 'sine'", "'alibi'"]),
        (lambda: add_positions({}, X, "sine"), ["name = 'sine'", "'alibi'"]),
        (lambda: add_positions({}, X[0], "none"), ["x ", "(5, 3)", "(batch, n, width)"]),
        (lambda: sinusoidal(-1, 4), ["n = -1", "at least 0"]),
        (
            lambda: init_positions(numpy.random.default_rng(0), "sine", 4, 9),
            ["name = 'sine'", "'learned'"],
        ),
        (
            lambda: add_positions({"table": numpy.ones((6, 3))}, X, "learned", start=2),
            ["7 positions", "only 6"],
        ),
    ],
)
def test_wrong_input_is_named_with_its_shape(call, words):
    with pytest.raises(ValueError) as error:
        call()
    assert [word for word in words if word not in str(error.value)] == []
