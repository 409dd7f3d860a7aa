"""The encoder-decoder: the gradient of its whole loss, padding, wiring, and wrong input."""

import numpy
import pytest
from compare import (
    agree,
    agree_all,
    differentiate,
    formats,
    from_paths,
    names_in,
    recorded,
    same_as_recorded,
    same_derivatives,
    with_kernels,
    with_noise,
)
from hypothesis import given
from hypothesis import strategies as st
from test_attention import SCORES
from test_transformer import PAIRS, TOKENS, mean_of_pairs

from helpers import checks, seq2seq, transformer
from helpers.attention import additive, dot, general, location, scaled_dot
from helpers.functions import cross_entropy, embedding
from helpers.positions import POSITIONS
from helpers.start import init_seq2seq
from helpers.tasks import make_batch

pytestmark = pytest.mark.usefixtures("way")

SOURCE_VOCABULARY, TARGET_VOCABULARY, WIDTH = 9, 8, 4
ENCODERS = [
    "gru",
    "rnn",
    "lstm",
    "bidirectional",
    "self_attention",
    "words",
    "gru, attention inside",
]
BY_NAME = ["dot", "scaled_dot", "general", "additive", "location"]
each_encoder = pytest.mark.parametrize("encoder", ENCODERS)
each_wiring = pytest.mark.parametrize("attend", [True, False])
each_position = pytest.mark.parametrize("positions", POSITIONS)


def wiring_of(encoder, **options):
    """Options that go with one of the encoders, for which attention may be inside."""
    name, _, inside = encoder.partition(", attention ")
    return {"encoder": name} | ({"attention": inside} if inside else {}) | options


def random_params(encoder, seed=0, number_format=float, **options):
    """Draw parameters with no bias at 0."""
    sizes = SOURCE_VOCABULARY, TARGET_VOCABULARY, WIDTH
    params = init_seq2seq(numpy.random.default_rng(seed), *sizes, **wiring_of(encoder, **options))
    return with_noise(params, seed, number_format)


def loss_of(batch=TOKENS, **options):
    """Return the loss over a batch as a function of all parameters."""

    def loss(params):
        logits = seq2seq.seq2seq(params, *batch[:3], **options)
        return cross_entropy(logits, batch.target_out, batch.target_mask)

    return loss


# ---- values and gradients ---------------------------------------------------------------------


@pytest.mark.parametrize("encoder", [one for one in ENCODERS[:-1] if one != "words"])
def test_values_and_gradients_are_those_of_pytorch(encoder):
    record = recorded(f"seq2seq_{encoder}")
    names = names_in(record)
    tokens = record["source"], record["lengths"], record["target_in"]
    options = {"encoder": encoder}
    options |= {"positions": "learned"} if encoder == "self_attention" else {}

    def both(*arrays):
        params = from_paths(names, arrays)
        return [
            seq2seq.seq2seq(params, *tokens, attend=attend, **options) for attend in (True, False)
        ]

    same_as_recorded(both, record, names)


@each_encoder
@each_wiring
def test_the_loss_has_value_and_gradients_of_single_tokens(encoder, attend):
    options = wiring_of(encoder, attend=attend)
    same_derivatives(
        loss_of(**options),
        mean_of_pairs(lambda batch: loss_of(batch, **options), PAIRS),
        [random_params(encoder)],
    )


@pytest.mark.parametrize("score", BY_NAME)
@pytest.mark.parametrize("encoder", ["gru", "lstm", "self_attention"])
def test_a_score_is_named_and_finds_its_parameters(encoder, score):
    params = random_params(encoder, score=score)
    trained = {"general": general, "additive": additive, "location": location}
    assert ("score" in params) == (score in trained)
    scores = {"dot": dot, "scaled_dot": scaled_dot}
    found = seq2seq.seq2seq(params, *TOKENS[:3], encoder=encoder, score=score)
    callable_one = scores.get(score) or trained[score](params["score"])
    agree(found, seq2seq.seq2seq(params, *TOKENS[:3], encoder=encoder, score=callable_one), 0)
    weights = seq2seq.alignment(params, *TOKENS[:3], encoder=encoder, score=score)
    assert checks.rows_sum_to_one(weights, tolerance=1e-12)
    if score != "dot":
        default = seq2seq.seq2seq(params, *TOKENS[:3], encoder=encoder)
        assert numpy.abs(found - default).max() > 1e-6
    same_derivatives(
        loss_of(encoder=encoder, score=score),
        mean_of_pairs(lambda batch: loss_of(batch, encoder=encoder, score=score), PAIRS),
        [params],
    )


def test_a_dropped_padding_mask_is_noticed(monkeypatch):
    def everything(lengths, n):
        return numpy.ones((len(lengths), 1, n), bool)

    monkeypatch.setattr(seq2seq, "padding_mask", everything)
    for encoder in ("gru", "self_attention"):
        with pytest.raises(AssertionError):
            test_values_and_gradients_are_those_of_pytorch(encoder)
        with pytest.raises(AssertionError):
            test_the_loss_has_value_and_gradients_of_single_tokens(encoder, True)


@each_encoder
@each_wiring
@pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
def test_float32_stays_float32_in_values_and_in_every_gradient(encoder, attend, score):
    params = random_params(encoder, number_format=numpy.float32)
    loss = loss_of(**wiring_of(encoder, attend=attend, score=score))
    assert loss(params).dtype == numpy.float32
    if with_kernels():
        assert formats(loss, [params]) == {"float32"}


# ---- what a source is read into ---------------------------------------------------------------


@pytest.mark.parametrize("encoder", ["gru", "rnn", "bidirectional", "self_attention"])
@pytest.mark.parametrize("summary", ["last", "mean"])
def test_the_summary_is_the_last_true_output_or_the_mean_of_the_true_ones(encoder, summary):
    params = random_params(encoder)
    outputs, vector = seq2seq.encode(params, *TOKENS[:2], encoder, summary)
    for row, sequence, (source, _) in zip(vector, outputs, PAIRS, strict=True):
        true = sequence[: len(source)]
        agree(row, true[-1] if summary == "last" else true.mean(axis=0))
    _, other = seq2seq.encode(params, *TOKENS[:2], encoder)
    is_default = (encoder, summary) in [
        ("gru", "last"),
        ("rnn", "last"),
        ("self_attention", "mean"),
    ]
    assert numpy.allclose(vector, other) == is_default


def test_summaries_of_whole_numbers_are_real_ones_and_wrong_lengths_are_named():
    outputs = numpy.array([[[1], [2], [9]]])
    agree(seq2seq.summarise(outputs, [2], "mean"), [[1.5]])
    assert seq2seq.summarise(outputs[:0], [], "last").shape == (0, 1)
    with pytest.raises(ValueError, match="lengths must lie in 0 … 3"):
        seq2seq.summarise(outputs, [4], "mean")


def test_a_bidirectional_encoder_summarises_with_the_last_state_of_each_direction():
    params = random_params("bidirectional")
    outputs, vector = seq2seq.encode(params, *TOKENS[:2], "bidirectional")
    for row, sequence, (source, _) in zip(vector, outputs, PAIRS, strict=True):
        agree(row, [*sequence[len(source) - 1, : WIDTH // 2], *sequence[0, WIDTH // 2 :]])


@each_position
@pytest.mark.parametrize("layers", [1, 2])
def test_a_self_attention_encoder_takes_positions_and_layers_everywhere(positions, layers):
    shape = {"positions": positions, "layers": layers, "heads": 2}
    params = random_params("self_attention", **shape)
    options = {"encoder": "self_attention", "positions": positions}
    outputs, _ = seq2seq.encode(params, *TOKENS[:2], **options)
    embedded = embedding(params["source_embedding"], TOKENS.source)
    alone, _ = transformer.encoder(
        params["encoder"], embedded, TOKENS.source_lengths, positions=positions
    )
    agree(outputs, alone, 0)
    assert f"block_{layers - 1}" in params["encoder"]
    assert params["encoder"]["block_0"]["attention"]["queries"].shape == (2, WIDTH, 2)
    logits = seq2seq.seq2seq(params, *TOKENS[:3], **options)
    weights = seq2seq.alignment(params, *TOKENS[:3], **options)
    assert checks.rows_sum_to_one(weights, tolerance=1e-12)
    step, state = seq2seq.start_decoding(params, *TOKENS[:2], **options)
    agree(step(TOKENS.target_in, state)[0], logits)
    turned = numpy.concatenate([TOKENS.source[:, 1::-1], TOKENS.source[:, 2:]], axis=1)
    moved = seq2seq.seq2seq(params, turned, *TOKENS[1:3], **options)
    assert (numpy.abs(moved - logits).max() < 1e-12) == (positions == "none")
    single = mean_of_pairs(lambda batch: loss_of(batch, **options), PAIRS)
    agree_all(*(differentiate(loss, [params])[1] for loss in (loss_of(**options), single)))


def test_wiring_is_all_outputs_behind_a_mask_or_the_summary_alone():
    outputs, summary = numpy.ones((2, 3, 4)), numpy.zeros((2, 4))
    memory, mask = seq2seq.wire(outputs, summary, numpy.array([3, 1]), attend=True)
    assert memory is outputs
    assert mask.tolist() == [[[True, True, True]], [[True, False, False]]]
    memory, mask = seq2seq.wire(outputs, summary, numpy.array([3, 1]), attend=False)
    assert memory.shape == (2, 1, 4)
    assert mask is None


@each_encoder
@each_wiring
def test_an_empty_source_gives_numbers_and_no_sources_give_no_logits(encoder, attend):
    params, options = random_params(encoder), wiring_of(encoder)
    outputs, summary = seq2seq.encode(params, TOKENS.source, [5, 0, 3], options["encoder"])
    hidden = summary[0] if encoder == "lstm" else summary
    assert (hidden[1] == 0).all()
    assert numpy.isfinite(outputs).all()
    options |= {"attend": attend}
    no_lengths, no_target = numpy.zeros(0, int), TOKENS.target_in[:0]
    logits = seq2seq.seq2seq(params, TOKENS.source[:0], no_lengths, no_target, **options)
    assert logits.shape == (0, 6, TARGET_VOCABULARY)
    weights = seq2seq.alignment(params, TOKENS.source[:0], no_lengths, no_target, **options)
    assert weights.shape == (0, 6, 5 if attend else 1)
    no_words = numpy.zeros((3, 0), int), numpy.zeros(3, int), TOKENS.target_in
    assert numpy.isfinite(seq2seq.seq2seq(params, *no_words, **options)).all()


# ---- independence -----------------------------------------------------------------------------


@each_encoder
@each_wiring
@given(extra=st.integers(1, 3), seed=st.integers(0, 999))
def test_padding_and_the_rest_of_the_batch_change_nothing(encoder, attend, extra, seed):
    params = random_params(encoder, seed)
    options = wiring_of(encoder, attend=attend)
    logits = seq2seq.seq2seq(params, *TOKENS[:3], **options)
    noise = numpy.random.default_rng(seed).integers(0, 8, (3, extra))
    source = numpy.where(TOKENS.source == 0, noise[:, :1], TOKENS.source)
    padded = numpy.concatenate([source, noise], axis=1)
    agree(seq2seq.seq2seq(params, padded, *TOKENS[1:3], **options), logits)
    for i, pair in enumerate(PAIRS):
        alone = make_batch([pair])
        n = alone.target_in.shape[1]
        agree(seq2seq.seq2seq(params, *alone[:3], **options)[0], logits[i, :n])


@each_encoder
@each_wiring
def test_logits_depend_on_earlier_target_tokens_alone(encoder, attend):
    params = random_params(encoder)
    changed = TOKENS.target_in.copy()
    changed[:, 3:] = (changed[:, 3:] + 1) % TARGET_VOCABULARY
    before, after = (
        seq2seq.seq2seq(params, *TOKENS[:2], target, **wiring_of(encoder, attend=attend))
        for target in (TOKENS.target_in, changed)
    )
    agree(after[:, :3], before[:, :3])
    assert numpy.abs(after[:, 3:] - before[:, 3:]).max() > 1e-3


@each_encoder
def test_the_map_has_rows_that_sum_to_one_over_true_source_positions(encoder):
    params, options = random_params(encoder), wiring_of(encoder)
    weights = seq2seq.alignment(params, *TOKENS[:3], **options)
    assert weights.shape == (3, 6, 5)
    assert checks.rows_sum_to_one(weights, tolerance=1e-12)
    true = numpy.arange(5) < TOKENS.source_lengths[:, None]
    assert checks.masked_weights_are_zero(weights, true[:, None])
    one = seq2seq.alignment(params, *TOKENS[:3], attend=False, **options)
    agree(one, numpy.ones((3, 6, 1)))


@each_encoder
@each_wiring
@pytest.mark.parametrize("score", [dot, scaled_dot])
def test_decoding_step_by_step_gives_the_logits_of_one_pass(encoder, attend, score):
    params = random_params(encoder)
    options = wiring_of(encoder, attend=attend, score=score)
    step, state = seq2seq.start_decoding(params, *TOKENS[:2], **options)
    steps = []
    for tokens in TOKENS.target_in.T:
        logits, state = step(tokens[:, None], state)
        steps.append(logits)
    whole = seq2seq.seq2seq(params, *TOKENS[:3], **options)
    agree(numpy.concatenate(steps, axis=1), whole)


@each_encoder
def test_dropout_follows_its_generator_and_is_off_unless_asked_for(encoder):
    params, options = random_params(encoder), wiring_of(encoder)

    def logits(**more):
        return seq2seq.seq2seq(params, *TOKENS[:3], **options, **more)

    first, second, other = (
        logits(dropout=0.5, rng=numpy.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    agree(first, second, 0)
    assert numpy.abs(first - other).max() > 1e-3
    agree(logits(), logits(dropout=0.0, rng=numpy.random.default_rng(1)), 0)


# ---- wrong input ------------------------------------------------------------------------------

GRU = random_params("gru")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"encoder": "lstn"}, ["encoder = 'lstn'", "'gru'", "'rnn'", "'self_attention'"]),
        ({"source": [[3, 4], [5]]}, ["source", "ragged", "[1, 2]"]),
        ({"source": TOKENS.source + 5}, ["source", "0 … 8", "(9, 4)", "5 to 13"]),
        ({"source": TOKENS.source * 1.0}, ["source", "integers", "float64"]),
        ({"target_in": TOKENS.target_in + 1}, ["target_in", "0 … 7", "(8, 4)"]),
        ({"source_lengths": [6, 2, 3]}, ["lengths", "0 … 5", "2 to 6", "(3, 5)"]),
        ({"source_lengths": [5, 2]}, ["lengths", "(2,)", "(3,)"]),
        ({"source_lengths": [5.0, 2.0, 3.0]}, ["lengths", "integers", "float64"]),
        ({"target_in": TOKENS.target_in[:2]}, ["target_in", "(2, 6)", "(3, n_target)", "(3, 5)"]),
        ({"summary": "first"}, ["summary = 'first'", "'last'", "'mean'"]),
        ({"attention": "around"}, ["attention = 'around'", "'after'", "'inside'"]),
        ({"score": "multiply"}, ["score = 'multiply'"]),
        ({"positions": "rotary"}, ["positions = 'rotary'", "encoder = 'gru'"]),
        ({"positions": "sine"}, ["positions = 'sine'", "'rotary'"]),
        ({"dropout": 1.0}, ["dropout = 1.0", "below 1"]),
        ({"dropout": 0.5}, ["rng is None", "0.5"]),
    ],
)
@each_wiring
def test_wrong_input_is_named_with_its_shape(change, words, attend):
    source, source_lengths, target_in = TOKENS[:3]
    given = {"source": source, "source_lengths": source_lengths, "target_in": target_in}
    with pytest.raises(ValueError) as error:
        seq2seq.seq2seq(GRU, **(given | change), attend=attend)
    assert [word for word in words if word not in str(error.value)] == []


@pytest.mark.parametrize("lengths", [[5, 2], [5], [6, 2, 3]])
def test_self_attention_too_wants_one_length_for_each_source(lengths):
    params = random_params("self_attention")
    with pytest.raises(ValueError, match="lengths"):
        seq2seq.encode(params, TOKENS.source, lengths, "self_attention")


def test_words_alone_know_no_order():
    params = random_params("words")
    source, _, target_in = TOKENS[:3]
    full = numpy.full(len(source), source.shape[1])
    for attend in (False, True):
        forth = seq2seq.seq2seq(params, source, full, target_in, attend=attend, encoder="words")
        back = seq2seq.seq2seq(
            params, source[:, ::-1], full, target_in, attend=attend, encoder="words"
        )
        agree(forth, back, 1e-6)
