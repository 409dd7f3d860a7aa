"""Decoding: greedy and beam search, on made-up steps, and on models with and without a cache."""

from functools import partial
from itertools import product

import numpy
import pytest
from compare import agree
from hypothesis import given
from hypothesis import strategies as st

from helpers import seq2seq, tasks, training, transformer
from helpers.decoding import beam_search, greedy, without_cache
from helpers.functions import cross_entropy, log_softmax
from helpers.positions import POSITIONS
from helpers.tasks import END, START

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


def test_decoding_stops_at_the_limit():
    def always(tokens, state):
        return numpy.eye(5)[numpy.broadcast_to([[3], [4]], (len(tokens), 1))], state

    assert greedy(always, None, [1, 1], 2, 3) == [[3] * 3, [4] * 3]
    assert greedy(always, None, [1, 1], 4, 3) == [[3] * 3, []]
    assert beam_search(always, None, [1, 1], 2, 3, width=1)[0] == [[3] * 3, [4] * 3]


def test_a_single_first_token_goes_with_every_sequence_whatever_the_state():
    def step(tokens, state):
        assert tokens.shape == (2, 1)
        return numpy.eye(5)[tokens + 1], state

    for state in (numpy.ones((2, 3)), (None, [numpy.ones(2)]), {"a": {"b": numpy.ones((2, 1))}}):
        assert greedy(step, state, 0, end=3, limit=9) == [[1, 2]] * 2


TASK = tasks.numbers("fr", 2)
TEST = tasks.make_batch(TASK.held_out + [TASK.draw(numpy.random.default_rng(i)) for i in range(30)])
MODELS = [
    *(("seq2seq", {"encoder": e, "attend": a}) for e in ("gru", "rnn") for a in (True, False)),
    ("seq2seq", {"encoder": "self_attention"}),
    *(("transformer", {"positions": name}) for name in POSITIONS),
    ("transformer", {"norm": "post"}),
]


def trained(kind, options):
    """Train a small translator for a moment: enough to say words, not enough to be sure."""
    rng = numpy.random.default_rng(0)
    sizes = len(TASK.source_vocabulary), len(TASK.target_vocabulary), 8
    if kind == "seq2seq":
        params = seq2seq.init_seq2seq(rng, *sizes, options["encoder"])
        run, begin = seq2seq.seq2seq, seq2seq.start_decoding
    else:
        params = transformer.init_transformer(rng, *sizes, 2, **options)
        run, begin = transformer.transformer, transformer.start_decoding

    def loss(params, batch):
        logits = run(params, *batch[:3], **options)
        return cross_entropy(logits, batch.target_out, batch.target_mask)

    drawn = tasks.batches(TASK, rng, size=16, pool=4)
    params, _ = training.fit(loss, params, drawn, 80, warmup=10, rate=0.03)
    return partial(run, params, **options), partial(begin, params, **options)


@pytest.mark.parametrize(("kind", "options"), MODELS, ids=str)
def test_cache_and_plain_path_say_the_same_and_beams_find_likelier_targets(kind, options):
    model, begin = trained(kind, options)
    plain, cached = without_cache(model, *TEST[:2]), begin(*TEST[:2])
    said = greedy(*cached, START, END, limit=12)
    assert said == greedy(*plain, START, END, limit=12)
    assert len(set(map(tuple, said))) > 3, "a test of several answers"
    one, greedy_totals = beam_search(*cached, START, END, 12, width=1)
    assert one == said
    beams, totals = beam_search(*cached, START, END, 12, width=4)
    again, plain_totals = beam_search(*plain, START, END, 12, width=4)
    assert beams == again
    agree(totals, plain_totals, 1e-5)
    assert (totals >= greedy_totals - 1e-5).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda begun: greedy(*begun, 0, 2, limit=0), "limit = 0 must be at least 1"),
        (lambda begun: beam_search(*begun, 0, 2, limit=0), "limit = 0 must be at least 1"),
        (lambda begun: beam_search(*begun, 0, 2, 3, width=0), "width = 0 must be at least 1"),
        (lambda begun: greedy(begun[0], None, 7, 2, 3), r"start = 7 must be \(batch,\)"),
    ],
)
def test_wrong_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call(without_cache(random_model(0), SOURCE, LENGTHS))
