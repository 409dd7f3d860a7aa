"""Decoding from a cache says what the plain path says, word by word and number by number."""

import numpy
import pytest
from compare import agree, arrays_of, change
from hypothesis import given
from hypothesis import strategies as st
from test_attention import BATCH, KEYS, PARAMS, WIDTH, random_mask, two_sequences
from test_transformer import (
    PREFIXES,
    TEXT,
    TOKENS,
    each_norm,
    each_position,
    random_stack,
    random_transformer,
)

from helpers import cached
from helpers.attention import multi_head_attention, padding_mask
from helpers.cached import attend, decoder_step, keys_values, start_cache, start_writing
from helpers.cost import cache_numbers
from helpers.decoding import beam_search, greedy, without_cache
from helpers.positions import position_score
from helpers.start import init_decoder_only, init_transformer
from helpers.tasks import END, START
from helpers.transformer import decoder, decoder_only, repeat_keys, transformer

pytestmark = pytest.mark.usefixtures("way")
seeds = st.integers(0, 999)


# ---- keys and values --------------------------------------------------------------------------


@given(cut=st.integers(0, 7), seed=seeds)
def test_keys_and_values_from_a_cache_are_those_of_one_pass(cut, seed):
    queries_from, keys_values_from = two_sequences(seed)
    first = keys_values(PARAMS, keys_values_from[:, :cut])
    before = change(first, numpy.copy)
    cache = keys_values(PARAMS, keys_values_from[:, cut:], first)
    whole = keys_values(PARAMS, keys_values_from)
    for name in ("keys", "values"):
        agree(cache[name], whole[name])
        assert numpy.array_equal(first[name], before[name]), "the cache has been changed"
    found = attend(PARAMS, queries_from, cache)
    expected = multi_head_attention(PARAMS, queries_from, keys_values_from)
    for array, right in zip(found, expected, strict=True):
        agree(array, right)


@pytest.mark.parametrize("score", ["none", "alibi"])
@pytest.mark.parametrize("shape", [None, (BATCH, KEYS, 7), (BATCH, 1, 7), (KEYS, 7)])
def test_a_cache_is_looked_at_behind_a_mask_and_with_a_score(shape, score):
    mask = None if shape is None else random_mask(shape)
    x, y = two_sequences()
    found = attend(PARAMS, x, keys_values(PARAMS, y), mask, position_score(score))
    expected = multi_head_attention(PARAMS, x, y, mask, position_score(score))
    for array, right in zip(found, expected, strict=True):
        agree(array, right)


def test_a_cache_of_no_sequences():
    nothing = keys_values(PARAMS, numpy.zeros((0, 5, WIDTH)))
    output, weights = attend(PARAMS, numpy.zeros((0, 1, WIDTH)), nothing)
    assert output.shape == (0, 1, WIDTH)
    assert weights.shape == (0, 4, 1, 5)


# ---- logits -----------------------------------------------------------------------------------


def go_on(step, state, tokens, sizes):
    """Logits of tokens that come a few at a time; no state may be changed on the way."""
    kept, parts, first = change(state, numpy.copy), [], state
    for size, end in zip(sizes, numpy.cumsum(sizes), strict=True):
        logits, state = step(tokens[:, end - size : end], state)
        parts.append(logits)
    for array, copy in zip(arrays_of(first)[0], arrays_of(kept)[0], strict=True):
        assert numpy.array_equal(array, copy), "the first cache has been changed"
    return numpy.concatenate(parts, axis=1)


@each_norm
@each_position
@given(sizes=st.sampled_from([(1,) * 6, (2, 1, 3), (6,)]))
def test_decoding_from_a_cache_gives_the_logits_of_one_pass(positions, norm, sizes):
    params, options = random_transformer(positions, norm), {"positions": positions, "norm": norm}
    begun = cached.start_decoding(params, *TOKENS[:2], **options)
    whole = transformer(params, *TOKENS[:3], **options)
    agree(go_on(*begun, TOKENS.target_in, sizes), whole)


@pytest.mark.parametrize("residual", [False, "encoder", "decoder"])
def test_a_decoder_without_residual_sums_has_a_cache_too(residual):
    params, options = random_transformer("rotary"), {"positions": "rotary", "residual": residual}
    begun = cached.start_decoding(params, *TOKENS[:2], **options)
    whole = transformer(params, *TOKENS[:3], **options)
    agree(go_on(*begun, TOKENS.target_in, (1,) * 6), whole)


@each_norm
@each_position
@pytest.mark.parametrize("prefix", [False, True], ids=["causal", "prefix"])
def test_going_on_with_a_text_gives_the_logits_of_one_pass(positions, norm, prefix):
    params, options = random_stack(positions, norm), {"positions": positions, "norm": norm}
    for cut in (1, 3, 6):
        lengths = numpy.full(3, cut) if prefix else None
        whole, _ = decoder_only(params, TEXT, lengths, **options)
        begun = start_writing(params, TEXT[:, :cut], prefix=prefix, **options)
        agree(go_on(*begun, TEXT[:, cut:], (1,) * (7 - cut)), whole[:, cut:])


@each_position
def test_the_decoder_itself_goes_on_from_its_cache(positions):
    params = random_transformer(positions)["decoder"]
    x, memory = numpy.random.default_rng(0).standard_normal((2, 3, 5, 8))
    lengths = numpy.array([5, 2, 4])
    outputs, _, _ = decoder(params, x, memory, lengths, positions=positions)
    cache = start_cache(params, memory, lengths)
    for t in range(5):
        found, cache = decoder_step(params, x[:, [t]], cache, positions=positions)
        agree(found[:, 0], outputs[:, t])


@pytest.mark.parametrize("positions", ["rotary", "learned"])
def test_a_stack_goes_on_in_parts_as_in_one_pass(positions):
    params = random_stack(positions)["stack"]
    x = numpy.random.default_rng(3).standard_normal((2, 7, 8))
    whole, _ = cached.stack_step(params, x, positions=positions)
    found, cache = [], None
    for places in (slice(0, 3), slice(3, 6), slice(6, 7)):
        outputs, cache = cached.stack_step(params, x[:, places], cache, positions=positions)
        found.append(outputs)
    agree(numpy.concatenate(found, axis=1), whole)


@each_position
def test_caches_keep_float32(positions):
    single = {"positions": positions, "number_format": numpy.float32}
    step, cache = cached.start_decoding(
        random_transformer(**single), *TOKENS[:2], positions=positions
    )
    found = arrays_of(step(TOKENS.target_in[:, :1], cache))[0]
    step, cache = start_writing(random_stack(**single), TEXT, positions=positions)
    found += arrays_of(step(TEXT[:, :1], cache))[0]
    assert {array.dtype for array in found} == {numpy.dtype("float32")}


# ---- words ------------------------------------------------------------------------------------

SOURCES = numpy.random.default_rng(5).integers(3, 9, (12, 5))
SOURCE_LENGTHS = numpy.random.default_rng(6).integers(1, 6, 12)


def talkative(init, *sizes, **options):
    """Draw a model without biases, which says different things."""
    params = init(numpy.random.default_rng(1), *sizes, longest=13, **options)
    return change(params, lambda x: x.astype(float))


def same_words(plain, cached_one):
    """Assert that both paths say the same, greedily and by beams, and say several things."""
    start = SOURCES[:, 0]  # each begins in its own way
    said = greedy(*cached_one, start, END, limit=8)
    assert said == greedy(*plain, start, END, limit=8)
    assert len(set(map(tuple, said))) > 3, "a test of several answers"
    one, _ = beam_search(*cached_one, start, END, 8, width=1)
    assert one == said
    beams, totals = beam_search(*cached_one, start, END, 8, width=3)
    again, plain_totals = beam_search(*plain, start, END, 8, width=3)
    assert beams == again
    agree(totals, plain_totals)


@pytest.mark.parametrize("norm", ["pre", "post"])
@each_position
def test_a_transformer_says_the_same_with_and_without_its_cache(positions, norm):
    options = {"positions": positions, "norm": norm}
    params = talkative(init_transformer, 9, 9, 8, 2, 2, **options)
    same_words(
        without_cache(
            lambda *tokens: transformer(params, *tokens, **options), SOURCES, SOURCE_LENGTHS
        ),
        cached.start_decoding(params, SOURCES, SOURCE_LENGTHS, **options),
    )


@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize("prefix", [False, True], ids=["causal", "prefix"])
@each_position
def test_one_stack_writes_the_same_with_and_without_its_cache(positions, norm, prefix):
    options = {"positions": positions, "norm": norm}
    params = talkative(init_decoder_only, 9, 8, 2, 2, **options)

    def whole(texts, lengths, said):
        both = numpy.concatenate([texts, said], axis=1)
        prefix_lengths = numpy.full(len(both), texts.shape[1]) if prefix else None
        return decoder_only(params, both, prefix_lengths, **options)[0]

    beginnings = SOURCES[:, :4]
    same_words(
        without_cache(whole, beginnings, numpy.full(12, 4)),
        start_writing(params, beginnings, prefix=prefix, **options),
    )


@pytest.mark.parametrize("key_heads", [1, 2])
@each_position
def test_shared_keys_are_kept_once_and_give_the_scores_of_one_pass(positions, key_heads):
    params = talkative(init_decoder_only, 9, 16, 4, 2, positions=positions, key_heads=key_heads)
    texts = SOURCES[:3, :5]
    step, state = start_writing(params, texts[:, :2], positions=positions)
    kept = sum(array.size for block in state.values() for array in block.values())
    assert kept == 3 * cache_numbers(2, 16, 2, heads=4, key_heads=key_heads)
    scores = []
    for i in range(2, 5):
        logits, state = step(texts[:, i : i + 1], state)
        scores.append(logits)
    whole, weights = decoder_only(repeat_keys(params), texts, positions=positions)
    agree(numpy.concatenate(scores, axis=1), whole[:, 2:])
    assert weights[0].shape == (3, 4, 5, 5)
    assert abs(weights[0][:, 0] - weights[0][:, 1]).max() > 1e-3, (
        "each head of queries asks for itself"
    )


@each_position
def test_no_sequences_are_decoded_to_nothing(positions):
    params, stack = random_transformer(positions), random_stack(positions)
    options = {"positions": positions}
    for begun in (
        cached.start_decoding(params, SOURCES[:0], SOURCE_LENGTHS[:0], **options),
        start_writing(stack, SOURCES[:0], **options),
    ):
        assert greedy(*begun, START, END, 5) == []
        sequences, totals = beam_search(*begun, START, END, 5)
        assert sequences == []
        assert totals.shape == (0,)


def test_writing_may_begin_with_nothing():
    params = random_stack()
    begun = start_writing(params, TEXT[:, :0])
    agree(go_on(*begun, TEXT, (1,) * 7), decoder_only(params, TEXT)[0])


# ---- wrong input ------------------------------------------------------------------------------

K = numpy.ones((2, 5, WIDTH))
Q = numpy.ones((2, 3, WIDTH))
WHOLE = random_transformer("learned")
DECODER = WHOLE["decoder"]
MEMORY = numpy.ones((3, 7, 8))
CACHE = start_cache(DECODER, MEMORY, [7, 7, 7])
ONLY = random_stack("learned")
WRITTEN = start_writing(ONLY, TEXT, positions="learned")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: keys_values(PARAMS, K[..., :3]), ["keys_values_from", "(2, 5, 3)", "12"]),
        (
            lambda: keys_values(PARAMS, K[:1], keys_values(PARAMS, K)),
            ["keys", "(2, 4, 5, 3)", "keys_values_from", "(1, 5, 12)"],
        ),
        (
            lambda: attend(PARAMS, Q[..., :3], keys_values(PARAMS, K)),
            ["queries_from", "(2, 3, 3)", "(batch, n_queries, 12)"],
        ),
        (
            lambda: attend(PARAMS, Q, keys_values(PARAMS, K), numpy.ones((2, 5), bool)),
            ["mask", "(2, 5)", "(2, 3, 5)", "mask[:, None]"],
        ),
        (
            lambda: decoder_step(DECODER, MEMORY[:2, :1], CACHE, positions="learned"),
            ["block_0.memory.keys", "(3, 2, 7, 4)", "embedded", "(2, 1, 8)"],
        ),
        (lambda: start_cache(DECODER, MEMORY, [7, 7]), ["memory_lengths", "(2,)", "(3,)"]),
        (lambda: start_cache(DECODER, MEMORY, [8, 7, 7]), ["memory_lengths", "0 … 7", "7 to 8"]),
        (lambda: start_cache(DECODER, MEMORY[..., :5], [7] * 3), ["memory", "(3, 7, 5)", "8"]),
        (
            lambda: cached.start_decoding(WHOLE, TOKENS.source + 5, [5, 2, 3]),
            ["source", "0 … 8", "(9, 8)"],
        ),
        (lambda: start_writing(ONLY, TEXT * 1.0), ["tokens", "integers", "float64"]),
        (lambda: start_writing(ONLY, TEXT, positions="sine"), ["positions = 'sine'", "'alibi'"]),
        (lambda: start_writing(ONLY, TEXT, norm="mid"), ["norm = 'mid'", "'post'"]),
        (
            lambda: greedy(*WRITTEN, START, END, 9),
            ["10 positions", "only 9"],
        ),
        (lambda: WRITTEN[0](TEXT[:2, :1], WRITTEN[1]), ["(3, 2, 7, 4)", "(2, 1, 8)"]),
    ],
)
def test_wrong_input_is_named_with_its_shape(call, words):
    with pytest.raises(ValueError) as error:
        call()
    assert [word for word in words if word not in str(error.value)] == []


def test_padded_beginnings_cannot_be_gone_on_with_by_mistake():
    # All beginnings of `start_writing` are equally long: it takes no lengths.
    with pytest.raises(TypeError, match="lengths"):
        start_writing(ONLY, TEXT, lengths=PREFIXES)


def test_what_lies_past_the_memorys_length_is_not_looked_at():
    lengths = numpy.array([7, 2, 4])
    memory = numpy.random.default_rng(0).standard_normal(MEMORY.shape)
    noise = numpy.where(padding_mask(lengths, 7)[:, 0, :, None], memory, 99.0)
    x = memory[:, :1]
    outputs = [
        decoder_step(DECODER, x, start_cache(DECODER, m, lengths))[0] for m in (memory, noise)
    ]
    agree(*outputs)
