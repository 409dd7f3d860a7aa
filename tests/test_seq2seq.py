"""The encoder-decoder: the gradient of its whole loss, padding, wiring, and wrong input."""

import numpy
import plain
import pytest
from compare import agree, formats, same_derivatives
from hypothesis import given
from hypothesis import strategies as st
from test_attention import SCORES
from test_transformer import arrays_of

from helpers import checks, seq2seq
from helpers.attention import scaled_dot
from helpers.functions import cross_entropy
from helpers.tasks import make_batch

SOURCE_VOCABULARY, TARGET_VOCABULARY, WIDTH = 9, 8, 4
PAIRS = [([3, 8, 5, 4, 3], [4, 7]), ([6, 4], [3, 5, 6, 4, 3]), ([7, 7, 3], [5])]
BATCH = make_batch(PAIRS)
ENCODERS = ["gru", "rnn", "lstm", "bidirectional", "self_attention", "gru, attention inside"]
each_encoder = pytest.mark.parametrize("encoder", ENCODERS)
each_wiring = pytest.mark.parametrize("attend", [True, False])


def name_of(encoder):
    """Name of the encoder, without where the decoder attends."""
    return encoder.partition(",")[0]


def random_params(encoder, seed=0, number_format=float):
    """Draw parameters with no bias at 0."""
    rng = numpy.random.default_rng(seed)
    sizes = SOURCE_VOCABULARY, TARGET_VOCABULARY, WIDTH
    attention = "inside" if "inside" in encoder else "after"
    params = seq2seq.init_seq2seq(rng, *sizes, name_of(encoder), attention)
    arrays, build = arrays_of(params)
    return build([(x + 0.1 * rng.standard_normal(x.shape)).astype(number_format) for x in arrays])


def loss_of(build, batch=BATCH, **options):
    """Return the loss over a batch as a function of the arrays of all parameters."""

    def loss(*arrays):
        logits = seq2seq.seq2seq(build(list(arrays)), *batch[:3], **options)
        return cross_entropy(logits, batch.target_out, batch.target_mask)

    return loss


@each_encoder
@each_wiring
def test_the_loss_has_value_and_gradients_of_single_tokens(encoder, attend):
    arrays, build = arrays_of(random_params(encoder))

    def each_token(*arrays):
        params, losses = build(list(arrays)), []
        for source, target in PAIRS:
            logits = plain.seq2seq(params, source, [1, *target], attend, name_of(encoder))
            rights = [*target, 2]
            losses += map(plain.negative_log_probability, logits, rights)
        return sum(losses) / len(losses)

    same_derivatives(loss_of(build, encoder=name_of(encoder), attend=attend), each_token, arrays)


@pytest.mark.parametrize("encoder", ["gru", "rnn", "bidirectional", "self_attention"])
@pytest.mark.parametrize("summary", ["last", "mean"])
def test_the_summary_is_the_last_true_output_or_the_mean_of_the_true_ones(encoder, summary):
    params = random_params(encoder)
    outputs, vector = seq2seq.encode(params, *BATCH[:2], encoder, summary)
    for row, sequence, (source, _) in zip(vector, outputs, PAIRS, strict=True):
        true = sequence[: len(source)]
        agree(row, true[-1] if summary == "last" else true.mean(axis=0))
    _, other = seq2seq.encode(params, *BATCH[:2], encoder)
    is_default = (encoder, summary) in [
        ("gru", "last"),
        ("rnn", "last"),
        ("self_attention", "mean"),
    ]
    assert numpy.allclose(vector, other) == is_default


def test_a_bidirectional_encoder_summarises_with_the_last_state_of_each_direction():
    params = random_params("bidirectional")
    outputs, vector = seq2seq.encode(params, *BATCH[:2], "bidirectional")
    for row, sequence, (source, _) in zip(vector, outputs, PAIRS, strict=True):
        agree(row, [*sequence[len(source) - 1, : WIDTH // 2], *sequence[0, WIDTH // 2 :]])


@pytest.mark.parametrize("encoder", ["gru", "self_attention"])
def test_these_tests_notice_a_dropped_padding_mask(encoder, monkeypatch):
    def everything(lengths, n):
        return numpy.ones((len(lengths), 1, n), bool)

    monkeypatch.setattr(seq2seq, "padding_mask", everything)
    with pytest.raises(AssertionError):
        test_the_loss_has_value_and_gradients_of_single_tokens(encoder, True)


@each_encoder
@each_wiring
@pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
def test_float32_stays_float32_in_values_and_in_every_gradient(encoder, attend, score, monkeypatch):
    arrays, build = arrays_of(random_params(encoder, number_format=numpy.float32))
    loss = loss_of(build, encoder=name_of(encoder), attend=attend, score=score)
    seen = formats(monkeypatch, loss, arrays)
    assert {"_embedding", "_linear", "_cross_entropy"} < {name for name, _ in seen}
    assert {format for _, format in seen} == {"float32"}


@each_encoder
@each_wiring
@given(extra=st.integers(1, 3), seed=st.integers(0, 999))
def test_padding_and_the_rest_of_the_batch_change_nothing(encoder, attend, extra, seed):
    params = random_params(encoder, seed)
    options = {"attend": attend, "encoder": name_of(encoder)}
    logits = seq2seq.seq2seq(params, *BATCH[:3], **options)
    noise = numpy.random.default_rng(seed).integers(0, 8, (3, extra))
    source = numpy.where(BATCH.source == 0, noise[:, :1], BATCH.source)
    padded = numpy.concatenate([source, noise], axis=1)
    agree(seq2seq.seq2seq(params, padded, *BATCH[1:3], **options), logits)
    for i, pair in enumerate(PAIRS):
        alone = make_batch([pair])
        n = alone.target_in.shape[1]
        agree(seq2seq.seq2seq(params, *alone[:3], **options)[0], logits[i, :n])


@each_encoder
@each_wiring
def test_logits_depend_on_earlier_target_tokens_alone(encoder, attend):
    params = random_params(encoder)
    changed = BATCH.target_in.copy()
    changed[:, 3:] = (changed[:, 3:] + 1) % TARGET_VOCABULARY
    before, after = (
        seq2seq.seq2seq(params, *BATCH[:2], target, attend=attend, encoder=name_of(encoder))
        for target in (BATCH.target_in, changed)
    )
    agree(after[:, :3], before[:, :3])
    assert numpy.abs(after[:, 3:] - before[:, 3:]).max() > 1e-3


@each_encoder
def test_the_map_has_rows_that_sum_to_one_over_true_source_positions(encoder):
    weights = seq2seq.alignment(random_params(encoder), *BATCH[:3], encoder=name_of(encoder))
    assert weights.shape == (3, 6, 5)
    assert checks.rows_sum_to_one(weights, tolerance=1e-12)
    true = numpy.arange(5) < BATCH.source_lengths[:, None]
    assert checks.masked_weights_are_zero(weights, true[:, None])
    one = seq2seq.alignment(
        random_params(encoder), *BATCH[:3], encoder=name_of(encoder), attend=False
    )
    agree(one, numpy.ones((3, 6, 1)))


def test_wiring_is_all_outputs_behind_a_mask_or_the_summary_alone():
    outputs, summary = numpy.ones((2, 3, 4)), numpy.zeros((2, 4))
    memory, mask = seq2seq.wire(outputs, summary, [3, 1], attend=True)
    assert memory is outputs
    assert mask.tolist() == [[[True, True, True]], [[True, False, False]]]
    memory, mask = seq2seq.wire(outputs, summary, [3, 1], attend=False)
    assert memory.shape == (2, 1, 4)
    assert mask is None


@each_encoder
def test_an_empty_source_gives_numbers(encoder):
    params = random_params(encoder)
    outputs, summary = seq2seq.encode(params, BATCH.source, [5, 0, 3], name_of(encoder))
    hidden = summary[0] if encoder == "lstm" else summary
    assert (hidden[1] == 0).all()
    assert numpy.isfinite(outputs).all()


@each_encoder
@each_wiring
@pytest.mark.parametrize("score", [seq2seq.dot, scaled_dot])
def test_decoding_step_by_step_gives_the_logits_of_one_pass(encoder, attend, score):
    params = random_params(encoder)
    outputs, state = seq2seq.encode(params, BATCH.source, BATCH.source_lengths, name_of(encoder))
    memory, mask = seq2seq.wire(outputs, state, BATCH.source_lengths, attend)
    cell = encoder if encoder in ("rnn", "lstm") else "gru"
    steps = []
    for tokens in BATCH.target_in.T:
        logits, _, state = seq2seq.decode(params, tokens[:, None], memory, mask, state, cell, score)
        steps.append(logits)
    options = {"attend": attend, "encoder": name_of(encoder), "score": score}
    agree(numpy.concatenate(steps, axis=1), seq2seq.seq2seq(params, *BATCH[:3], **options))


GRU = random_params("gru")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"encoder": "lstn"}, ["encoder = 'lstn'", "'gru'", "'rnn'", "'self_attention'"]),
        ({"source": [[3, 4], [5]]}, ["tokens", "ragged", "[1, 2]"]),
        ({"source": BATCH.source + 5}, ["tokens", "0 … 8", "(9, 4)", "5 to 13"]),
        ({"target_in": BATCH.target_in + 1}, ["tokens", "0 … 7", "(8, 4)"]),
        ({"source_lengths": [6, 2, 3]}, ["lengths", "6", "(3, 5)"]),
        ({"source_lengths": [5, 2]}, ["lengths", "(2,)", "(3,)"]),
        ({"target_in": BATCH.target_in[:2]}, ["state", "(3, 4)", "(2, 4)"]),
    ],
)
@each_wiring
def test_wrong_input_is_named_with_its_shape(change, words, attend):
    source, source_lengths, target_in = BATCH[:3]
    given = {"source": source, "source_lengths": source_lengths, "target_in": target_in}
    with pytest.raises(ValueError) as error:
        seq2seq.seq2seq(GRU, **(given | change), attend=attend)
    assert [word for word in words if word not in str(error.value)] == []


def test_an_unknown_encoder_cannot_be_started():
    with pytest.raises(ValueError, match="encoder = 'lstn' is unknown"):
        seq2seq.init_seq2seq(numpy.random.default_rng(0), 5, 7, 4, encoder="lstn")


@pytest.mark.parametrize(
    ("encoder", "attention", "words"),
    [
        ("gru", "around", "attention = 'around' is unknown"),
        ("lstm", "inside", "encoder = 'lstm' does not go with attention inside"),
    ],
)
def test_attention_of_another_name_or_cell_cannot_be_started(encoder, attention, words):
    with pytest.raises(ValueError, match=words):
        seq2seq.init_seq2seq(numpy.random.default_rng(0), 5, 7, 4, encoder, attention)


@pytest.mark.parametrize("lengths", [[5, 2], [5], [6, 2, 3]])
def test_self_attention_too_wants_one_length_for_each_source(lengths):
    params = random_params("self_attention")
    with pytest.raises(ValueError, match="lengths"):
        seq2seq.encode(params, BATCH.source, lengths, "self_attention")


def test_all_parameters_start_as_float32():
    for encoder in ENCODERS:
        rng = numpy.random.default_rng(0)
        attention = "inside" if "inside" in encoder else "after"
        params = seq2seq.init_seq2seq(rng, 9, 8, 4, name_of(encoder), attention)
        arrays, _ = arrays_of(params)
        assert {array.dtype for array in arrays} == {numpy.dtype("float32")}
