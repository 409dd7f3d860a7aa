"""Decoding: greedy and beam search, on made-up steps and on recurrent models."""

from itertools import product
from typing import NamedTuple

import numpy
import pytest
from compare import agree, change
from hypothesis import given
from hypothesis import strategies as st

from helpers import seq2seq
from helpers.decoding import beam_search, chances, greedy, sample, without_cache
from helpers.functions import log_softmax, softmax
from helpers.start import init_seq2seq

pytestmark = pytest.mark.usefixtures("way")

BATCH, VOCABULARY, LIMIT = 3, 4, 3
seeds = st.integers(0, 999)


def random_model(seed):
    """Make a model of random logits that depend on the source and on all target tokens before."""
    table = numpy.random.default_rng(seed).standard_normal((7, 5, VOCABULARY)) * 2

    def model(source, source_lengths, target_in):
        sums = numpy.cumsum(target_in * numpy.arange(2, 2 + target_in.shape[1]), axis=1)
        return table[(sums + source[:, :1]) % 7, source[:, :1] % 5]

    return model


SOURCE, LENGTHS = numpy.array([[5], [1], [3]]), numpy.array([1, 1, 1])


def log_probability(model, row, source, end):
    """Compute the log-probability of one target, end included if the limit left room for it."""
    target = [*row, end][:LIMIT]
    target_in = numpy.array([[0, *target[:-1]]])
    logits = log_softmax(model(source[None], None, target_in))[0]
    return sum(logits[t, token] for t, token in enumerate(target))


# ---- the searches -----------------------------------------------------------------------------


@given(seed=seeds)
def test_a_beam_of_one_is_greedy_decoding(seed):
    begun = without_cache(random_model(seed), SOURCE, LENGTHS)
    said, totals = beam_search(*begun, 0, end=2, limit=LIMIT, width=1)
    assert said == greedy(*begun, 0, end=2, limit=LIMIT)
    expected = [
        log_probability(random_model(seed), row, source, 2)
        for row, source in zip(said, SOURCE, strict=True)
    ]
    agree(totals, expected)


@given(seed=seeds)
def test_a_beam_wide_enough_for_everything_finds_the_likeliest_target(seed):
    model = random_model(seed)
    said, totals = beam_search(
        *without_cache(model, SOURCE, LENGTHS), 0, end=2, limit=LIMIT, width=VOCABULARY**LIMIT
    )
    candidates = {
        tuple(row[: row.index(2)] if 2 in row else row)
        for row in map(list, product(range(VOCABULARY), repeat=LIMIT))
    }
    for row, total, source in zip(said, totals, SOURCE, strict=True):
        best = max(candidates, key=lambda c: log_probability(model, c, source, 2))
        assert tuple(row) == best
        assert total == pytest.approx(log_probability(model, best, source, 2))


@given(seed=seeds, width=st.integers(1, 5))
def test_sequences_of_a_batch_are_decoded_as_they_are_alone(seed, width):
    model = random_model(seed)
    said, totals = beam_search(*without_cache(model, SOURCE, LENGTHS), 0, 2, LIMIT, width)
    for i in range(BATCH):
        begun = without_cache(model, SOURCE[[i]], LENGTHS[[i]])
        alone, total = beam_search(*begun, [0], 2, LIMIT, width)
        assert alone == [said[i]]
        agree(total, totals[[i]])


def always(tokens, state):
    """Say 3 in the first sequence and 4 in the second, for ever."""
    return numpy.eye(5)[numpy.broadcast_to([[3], [4]], (len(tokens), 1))], state


def test_decoding_stops_at_the_limit():
    assert greedy(always, None, [1, 1], 2, 3) == [[3] * 3, [4] * 3]
    assert greedy(always, None, [1, 1], 4, 3) == [[3] * 3, []]
    assert beam_search(always, None, [1, 1], 2, 3, width=1)[0] == [[3] * 3, [4] * 3]


def test_decoding_stops_when_all_are_finished():
    steps = []

    def step(tokens, state):
        steps.append(len(tokens))
        return numpy.eye(5)[tokens + 1], state

    assert greedy(step, None, [0, 1], end=3, limit=99) == [[1, 2], [2]]
    assert steps == [2, 2, 2]


# ---- what a state may be ----------------------------------------------------------------------


class Memory(NamedTuple):
    """A state with names."""

    seen: numpy.ndarray
    place: int


def count(tokens, state):
    return 9 * numpy.eye(5)[numpy.minimum(tokens + 1, 4)], state


STATES = [
    numpy.ones((2, 3)),
    (numpy.ones(2), None),
    [None, [numpy.ones(2)]],
    {"a": {"b": numpy.ones((2, 1))}, "n": 7, "f": len},
    Memory(numpy.ones((2, 1)), 7),
    (numpy.float64(3.0), numpy.ones(2)),  # a number with a dtype is no array of a batch
]


@pytest.mark.parametrize("state", STATES, ids=lambda state: type(state).__name__)
@pytest.mark.parametrize("start", [0, numpy.array(0), [0, 0], numpy.array([0, 0])], ids=str)
def test_both_searches_take_the_same_states_and_first_tokens(state, start):
    kinds = []

    def step(tokens, state):
        kinds.append(type(state))
        return count(tokens, state)

    assert greedy(step, state, start, end=3, limit=9) == [[1, 2]] * 2
    assert beam_search(step, state, start, end=3, limit=9, width=2)[0] == [[1, 2]] * 2
    assert set(kinds) == {type(state)}


@pytest.mark.parametrize("state", [None, 7, {}, (None, 3.0)], ids=str)
def test_without_arrays_each_sequence_has_its_own_first_token(state):
    assert greedy(count, state, [0, 1], end=3, limit=9) == [[1, 2], [2]]
    assert beam_search(count, state, [0, 1], end=3, limit=9)[0] == [[1, 2], [2]]


def test_rows_of_a_state_follow_their_beginning():
    # The step tells each beginning what it has said so far, which only its own state knows.
    def step(tokens, state):
        said = numpy.concatenate([state["said"], tokens], axis=1)
        rows = numpy.random.default_rng(0).standard_normal((7, 6))
        return rows[said.sum(axis=1) % 7][:, None], {"said": said}

    def whole(source, lengths, target_in):
        ends = range(target_in.shape[1])
        logits = [step(target_in[:, [t]], {"said": target_in[:, :t]})[0] for t in ends]
        return numpy.concatenate(logits, axis=1)

    state = {"said": numpy.zeros((BATCH, 0), int)}
    plain = without_cache(whole, SOURCE, LENGTHS)
    start = [0, 1, 2]
    found, expected = (beam_search(*both, start, 5, 6, 3) for both in ((step, state), plain))
    assert found[0] == expected[0]
    agree(found[1], expected[1])
    assert greedy(step, state, start, 5, 6) == greedy(*plain, start, 5, 6)


@pytest.mark.parametrize("state", [None, numpy.ones((0, 3))], ids=["none", "array"])
def test_no_sequences_are_decoded_to_nothing(state):
    nothing = numpy.zeros(0, int)
    assert greedy(count, state, nothing, 3, 9) == []
    said, totals = beam_search(count, state, [], 3, 9)
    assert said == []
    assert totals.shape == (0,)


# ---- recurrent models -------------------------------------------------------------------------

SOURCES = numpy.random.default_rng(5).integers(3, 9, (12, 5))
SOURCE_LENGTHS = numpy.random.default_rng(6).integers(1, 6, 12)
WIRINGS = [
    *({"encoder": e, "attend": a} for e in ("gru", "rnn", "lstm") for a in (True, False)),
    {"encoder": "bidirectional"},
    {"encoder": "self_attention"},
    {"encoder": "self_attention", "positions": "rotary"},
    {"attention": "inside"},
    {"score": "additive"},
]


@pytest.mark.parametrize("wiring", WIRINGS, ids=lambda wiring: "-".join(map(str, wiring.values())))
def test_state_and_plain_path_say_the_same_and_beams_find_likelier_targets(wiring):
    options = {key: wiring[key] for key in wiring if key != "attend"}
    params = init_seq2seq(numpy.random.default_rng(0), 9, 9, 8, **options)
    params = change(params, lambda x: 3.0 * x.astype(float))  # surer of what it says

    def whole(*tokens):
        return seq2seq.seq2seq(params, *tokens, **wiring)

    plain = without_cache(whole, SOURCES, SOURCE_LENGTHS)
    begun = seq2seq.start_decoding(params, SOURCES, SOURCE_LENGTHS, **wiring)
    start = SOURCES[:, 0]
    said = greedy(*begun, start, 2, limit=8)
    assert said == greedy(*plain, start, 2, limit=8)
    assert len(set(map(tuple, said))) > 3, "a test of several answers"
    one, greedy_totals = beam_search(*begun, start, 2, 8, width=1)
    assert one == said
    beams, totals = beam_search(*begun, start, 2, 8, width=4)
    again, plain_totals = beam_search(*plain, start, 2, 8, width=4)
    assert beams == again
    agree(totals, plain_totals)
    assert (totals >= greedy_totals - 1e-5).all()
    nothing = seq2seq.start_decoding(params, SOURCES[:0], SOURCE_LENGTHS[:0], **wiring)
    assert greedy(*nothing, 1, 2, 8) == beam_search(*nothing, 1, 2, 8)[0] == []


# ---- wrong input ------------------------------------------------------------------------------


@pytest.mark.parametrize("search", [greedy, beam_search])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"limit": 0}, "limit = 0 must be at least 1"),
        ({"limit": 2.5}, "limit = 2.5 must be a whole number"),
        ({"end": 2.0}, "end = 2.0 must be a whole number"),
        ({"end": -1}, "end = -1 must be at least 0"),
        ({"start": 1.0}, "start must hold integers, not float64"),
        ({"start": [0.0, 1.0, 2.0]}, "start must hold integers, not float64"),
        ({"start": [[0, 1, 2]]}, r"start has shape \(1, 3\)"),
        ({"state": None, "start": 7}, r"start = 7 must be \(batch,\)"),
    ],
)
def test_wrong_input_is_named(search, change, words):
    step, state = without_cache(random_model(0), SOURCE, LENGTHS)
    given = {"step": step, "state": state, "start": 0, "end": 2, "limit": 3} | change
    with pytest.raises(ValueError, match=words):
        search(**given)


@pytest.mark.parametrize("width", [0, 1.5])
def test_a_beam_has_a_whole_width(width):
    with pytest.raises(ValueError, match=f"width = {width} must be"):
        beam_search(*without_cache(random_model(0), SOURCE, LENGTHS), 0, 2, 3, width=width)


@pytest.mark.parametrize(
    ("source", "lengths", "words"),
    [
        (SOURCE * 1.0, LENGTHS, "source must hold integers, not float64"),
        (SOURCE, LENGTHS * 1.0, "source_lengths must hold integers, not float64"),
        (SOURCE, LENGTHS[:2], r"source_lengths has shape \(2,\); it must be \(3,\)"),
        (SOURCE, LENGTHS + 1, "source_lengths must lie in 0 … 1"),
    ],
)
def test_what_is_read_without_a_cache_is_checked(source, lengths, words):
    with pytest.raises(ValueError, match=words):
        without_cache(random_model(0), source, lengths)


# ---- by lot -----------------------------------------------------------------------------------


@given(seeds, st.floats(0.2, 3), st.integers(1, 6))
def test_chances_are_a_softmax_of_the_likeliest(seed, temperature, k):
    logits = numpy.random.default_rng(seed).standard_normal((2, 5)) * 3
    found = chances(logits, temperature, k)
    agree(found.sum(axis=-1), numpy.ones(2))
    assert ((found > 0).sum(axis=-1) == min(k, 5)).all()
    agree(chances(logits, temperature), softmax(logits / temperature))
    kept = numpy.where(found > 0, numpy.exp(logits / temperature), 0)
    agree(found, kept / kept.sum(axis=-1, keepdims=True))


def test_what_is_drawn_has_the_chances_of_the_model():
    logits = numpy.log([0.5, 0.3, 0.15, 0.05])

    def step(tokens, state):
        return numpy.tile(logits, (len(tokens), 1, 1)), state

    rng = numpy.random.default_rng(0)
    drawn = sample(step, None, numpy.zeros(4000, int), end=9, limit=1, rng=rng)
    counts = numpy.bincount(numpy.ravel(drawn), minlength=4) / 4000
    assert abs(counts - [0.5, 0.3, 0.15, 0.05]).max() < 0.03
    drawn = sample(step, None, numpy.zeros(400, int), end=9, limit=3, rng=rng, top_k=2)
    assert set(numpy.ravel(drawn)) == {0, 1}


@given(seeds)
def test_near_temperature_0_drawing_is_greedy(seed):
    model, source = random_model(seed), numpy.array([[1], [2], [3]])
    lengths = numpy.ones(3, int)
    start = numpy.array([0, 1, 2])
    said = greedy(*without_cache(model, source, lengths), start, end=3, limit=6)
    rng = numpy.random.default_rng(seed)
    drawn = sample(
        *without_cache(model, source, lengths), start, end=3, limit=6, rng=rng, temperature=1e-3
    )
    assert drawn == said


def test_the_same_seed_draws_the_same():
    model, source = random_model(0), numpy.array([[1], [2]])
    given_ = [
        sample(
            *without_cache(model, source, numpy.ones(2, int)),
            numpy.array([0, 1]),
            end=3,
            limit=20,
            rng=numpy.random.default_rng(seed),
        )
        for seed in (5, 5, 6)
    ]
    assert given_[0] == given_[1] != given_[2]
