"""The Transformer: gradients, masks, symmetries, options, and what wrong input is told."""

import copy

import numpy
import pytest
from compare import (
    agree,
    agree_all,
    arrays_of,
    differentiate,
    follow_differences,
    formats,
    from_paths,
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

from helpers import checks, transformer
from helpers.attention import causal_mask, multi_head_attention, padding_mask, prefix_mask
from helpers.functions import cross_entropy, feed_forward, layer_norm
from helpers.positions import POSITIONS, sinusoidal
from helpers.start import (
    init_decoder_block,
    init_decoder_only,
    init_encoder,
    init_encoder_block,
    init_one_layer,
    init_transformer,
)
from helpers.tasks import make_batch
from helpers.transformer import (
    attention_maps,
    decoder,
    decoder_block,
    decoder_only,
    encoder,
    encoder_block,
    one_layer,
    sublayer,
)

pytestmark = pytest.mark.usefixtures("way")

BATCH, TIME, WIDTH, HEADS = 3, 7, 12, 4
LENGTHS = numpy.array([7, 2, 5])
seeds = st.integers(0, 999)
each_norm = pytest.mark.parametrize("norm", ["pre", "post", "none"])
norms_of_pytorch = pytest.mark.parametrize("norm", ["pre", "post"])
each_position = pytest.mark.parametrize("positions", POSITIONS)


def random_block(seed=0, init=init_encoder_block):
    """Draw the parameters of a block, in float64 and with nothing at 0 or 1, and its input."""
    rng = numpy.random.default_rng(seed)
    params = with_noise(init(rng, WIDTH, HEADS), seed)
    return params, rng.standard_normal((BATCH, TIME, WIDTH))


# ---- blocks and the encoder -------------------------------------------------------------------


def test_a_block_has_values_and_gradients_of_pytorch():
    record = recorded("encoder_block")
    ends = {"attention_norm": ("scale", "shift"), "feed_forward_norm": ("scale", "shift")}
    ends |= {"expand": ("weight", "bias"), "shrink": ("weight", "bias")}
    paths = [(part, end) for part, both in ends.items() for end in both]

    def block(x, in_projection, out_projection, *rest):
        params = from_paths([".".join(path) for path in paths], rest)
        both = {"in_projection": in_projection, "out_projection": out_projection}
        params |= {"attention": heads_first(both)}
        return encoder_block(params, x, padding_mask(record["lengths"], TIME))[0]

    names = ["x", "in_projection", "out_projection", *("_".join(path) for path in paths)]
    same_as_recorded(block, record, names)


def test_the_papers_encoder_block_has_values_and_gradients_of_pytorch():
    record = recorded("encoder_block_post")
    x, *names = names_in(record)

    def block(x, *arrays):
        mask = padding_mask(record["lengths"], TIME)
        return encoder_block(from_paths(names, arrays), x, mask, norm="post")[0]

    same_as_recorded(block, record, [x, *names])


@norms_of_pytorch
def test_a_decoder_block_has_values_and_gradients_of_pytorch(norm):
    record = recorded(f"decoder_block_{norm}")
    x, memory, *names = names_in(record)

    def block(x, memory, *arrays):
        masks = causal_mask(5), padding_mask(record["lengths"], TIME)
        return decoder_block(from_paths(names, arrays), x, memory, *masks, norm=norm)[0]

    same_as_recorded(block, record, [x, memory, *names])


def true_rows(block, lengths):
    """Run a block over padded sequences: what it says at true positions, one after another."""

    def run(params, x):
        outputs, _ = block(params, x, padding_mask(lengths, x.shape[1]))
        return [outputs[i, :length] for i, length in enumerate(lengths)]

    return run


def alone(block, lengths):
    """Run a block over each sequence without its padding."""
    return lambda params, x: [
        block(params, x[[i], :length], None)[0][0] for i, length in enumerate(lengths)
    ]


@each_norm
def test_a_block_has_values_and_gradients_of_single_positions(norm):
    params, x = random_block()

    def part_by_part(params, x, mask):
        for part in ("attention", "feed_forward"):
            y = layer_norm(params[f"{part}_norm"], x) if norm == "pre" else x
            if part == "attention":
                y, _ = multi_head_attention(params["attention"], y, y, mask)
            else:
                y = feed_forward(params["expand"], params["shrink"], y)
            x = layer_norm(params[f"{part}_norm"], x + y) if norm == "post" else x + y
        return x, None

    def block(params, x, mask):
        return encoder_block(params, x, mask, norm=norm)

    same_derivatives(true_rows(block, LENGTHS), alone(part_by_part, LENGTHS), [params, x])


@each_norm
def test_without_residual_sums_each_part_takes_the_place_of_its_input(norm):
    params, first = random_block()
    x = first
    for name in ("attention", "feed_forward"):
        y = layer_norm(params[f"{name}_norm"], x) if norm == "pre" else x
        if name == "attention":
            y, _ = multi_head_attention(params["attention"], y, y)
        else:
            y = feed_forward(params["expand"], params["shrink"], y)
        x = layer_norm(params[f"{name}_norm"], y) if norm == "post" else y
    agree(encoder_block(params, first, norm=norm, residual=False)[0], x)
    sub, weights = sublayer(params["attention_norm"], x, lambda y: (2 * y, "map"), "none", False)
    agree(sub, 2 * x)
    assert weights == "map"


@pytest.mark.parametrize("side", ["encoder", "decoder"])
def test_residual_sums_of_one_side_are_there_and_those_of_the_other_are_not(side):
    params = with_noise(init_transformer(numpy.random.default_rng(0), 5, 7, WIDTH))
    read, said = numpy.random.default_rng(1).standard_normal((2, BATCH, TIME, WIDTH))
    there = {name: name == side for name in ("encoder", "decoder")}
    memory, _ = encoder(params["encoder"], read, LENGTHS, residual=side)
    agree(memory, encoder(params["encoder"], read, LENGTHS, residual=there["encoder"])[0])
    outputs = decoder(params["decoder"], said, memory, LENGTHS, residual=side)
    agree_all(outputs, decoder(params["decoder"], said, memory, LENGTHS, residual=there["decoder"]))


@each_norm
def test_gradients_of_a_decoder_block_follow_differences(norm):
    params, x = random_block(init=init_decoder_block)
    memory = numpy.random.default_rng(1).standard_normal((BATCH, 5, WIDTH))
    masks = causal_mask(TIME), padding_mask([5, 2, 4], 5)
    follow_differences(
        lambda params, x, memory: decoder_block(params, x, memory, *masks, norm=norm),
        [params, x, memory],
    )


@each_position
def test_an_encoder_has_values_and_gradients_of_each_sequence_alone(positions):
    rng = numpy.random.default_rng(0)
    params = with_noise(init_encoder(rng, 8, heads=2, layers=2, positions=positions))
    lengths = numpy.array([4, 2])

    def run(params, x, mask):
        n = x.shape[1]
        return encoder(params, x, lengths if mask is not None else [n], positions=positions)

    x = rng.standard_normal((2, 4, 8))
    same_derivatives(true_rows(run, lengths), alone(run, lengths), [params, x])


@given(data=st.data(), seed=seeds)
def test_without_positions_reordering_the_input_reorders_the_output(data, seed):
    params, x = random_block(seed)
    order = data.draw(st.permutations(range(TIME)))
    mask = padding_mask(LENGTHS, TIME)
    agree(
        encoder_block(params, x[:, order], mask[:, :, order])[0],
        encoder_block(params, x, mask)[0][:, order],
    )


@given(data=st.data(), seed=seeds)
def test_an_encoder_without_positions_treats_its_input_as_a_set(data, seed):
    rng = numpy.random.default_rng(seed)
    params = init_encoder(rng, WIDTH, HEADS, layers=2, positions="none")
    x, order = rng.standard_normal((1, TIME, WIDTH)), data.draw(st.permutations(range(TIME)))
    found, _ = encoder(params, x[:, order], [TIME], positions="none")
    agree(found, encoder(params, x, [TIME], positions="none")[0][:, order])


@pytest.mark.parametrize("positions", [name for name in POSITIONS if name != "none"])
def test_with_positions_it_does_not(positions):
    params = with_noise(init_encoder(numpy.random.default_rng(0), 8, positions=positions))
    x = numpy.random.default_rng(1).standard_normal((1, 5, 8))
    forwards, backwards = (encoder(params, y, [5], positions=positions)[0] for y in (x, x[:, ::-1]))
    assert numpy.abs(forwards[:, ::-1] - backwards).max() > 1e-3


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
        agree(outputs[i, :length], encoder(params, x[[i], :length], [length])[0][0])
    for layer in weights:
        assert layer.shape == (BATCH, HEADS, TIME, TIME)
        assert checks.rows_sum_to_one(layer, tolerance=1e-10)
        mask = padding_mask(lengths, TIME)[:, None]
        assert checks.masked_weights_are_zero(layer, mask)


@each_norm
@each_position
def test_float32_stays_float32_in_values_and_in_every_gradient(positions, norm):
    rng = numpy.random.default_rng(0)
    params = init_encoder(rng, 8, 2, layers=2, positions=positions, norm=norm)
    x = rng.standard_normal((BATCH, TIME, 8)).astype(numpy.float32)

    def run(params, x):
        return encoder(params, x, LENGTHS, positions=positions, norm=norm)

    found = arrays_of(run(params, x))[0]
    assert {array.dtype for array in found} == {numpy.dtype("float32")}
    if with_kernels():
        assert formats(run, [params, x]) == {"float32"}


# ---- the encoder-decoder ----------------------------------------------------------------------

PAIRS = [([3, 8, 5, 4, 3], [4, 7]), ([6, 4], [3, 5, 6, 4, 3]), ([7, 7, 3], [5])]
TOKENS = make_batch(PAIRS)


def random_transformer(positions, norm="pre", seed=0, number_format=float, layers=2, longest=9):
    """Draw parameters with nothing at 0 or 1."""
    rng = numpy.random.default_rng(seed)
    options = {"positions": positions, "norm": norm, "longest": longest}
    return with_noise(init_transformer(rng, 9, 8, 8, 2, layers, **options), seed, number_format)


def loss_of(batch=TOKENS, **options):
    """Return the loss over a batch as a function of all parameters."""

    def loss(params):
        logits = transformer.transformer(params, *batch[:3], **options)
        return cross_entropy(logits, batch.target_out, batch.target_mask)

    return loss


def mean_of_pairs(loss_of, pairs):
    """Return the mean over all target tokens, from losses of one pair at a time."""
    batches = [make_batch([pair]) for pair in pairs]
    counts = [batch.target_mask.sum() for batch in batches]

    def loss(params):
        losses = [loss_of(batch)(params) for batch in batches]
        return sum(n * x for n, x in zip(counts, losses, strict=True)) / sum(counts)

    return loss


@norms_of_pytorch
def test_a_transformer_has_values_and_gradients_of_pytorch(norm):
    record = recorded(f"transformer_{norm}")
    names = names_in(record)
    tokens = record["source"], record["lengths"], record["target_in"]

    def whole(*arrays):
        params = from_paths(names, arrays)
        return transformer.transformer(params, *tokens, positions="learned", norm=norm)

    same_as_recorded(whole, record, names)


@each_norm
@each_position
def test_the_loss_has_value_and_gradients_of_single_tokens(positions, norm):
    # A seed for which no unit of the feed-forward part lies within a small step of its kink.
    params = random_transformer(positions, norm, seed=2 * (norm != "none"), layers=1)
    options = {"positions": positions, "norm": norm}
    same_derivatives(
        loss_of(**options),
        mean_of_pairs(lambda batch: loss_of(batch, **options), PAIRS),
        [params],
    )


@pytest.mark.parametrize("mask", ["padding_mask", "causal_mask"])
def test_these_tests_notice_a_dropped_mask(mask, monkeypatch):
    def everything(lengths_or_n, n=0):
        return numpy.ones((len(lengths_or_n), 1, n) if n else (lengths_or_n,) * 2, bool)

    monkeypatch.setattr(transformer, mask, everything)
    with pytest.raises(AssertionError):
        test_a_transformer_has_values_and_gradients_of_pytorch("pre")


@each_norm
@each_position
def test_a_transformer_keeps_float32_in_values_and_in_every_gradient(positions, norm):
    params = random_transformer(positions, norm, number_format=numpy.float32)
    options = {"positions": positions, "norm": norm, "dropout": 0.3}
    loss = loss_of(**options, rng=numpy.random.default_rng(0))
    assert loss(params).dtype == numpy.float32
    if with_kernels():
        assert formats(loss, [params]) == {"float32"}


@each_position
@given(extra=st.integers(1, 3), seed=seeds)
def test_padding_and_the_rest_of_a_batch_of_tokens_change_nothing(positions, extra, seed):
    params = random_transformer(positions, seed=seed)
    logits = transformer.transformer(params, *TOKENS[:3], positions=positions)
    noise = numpy.random.default_rng(seed).integers(0, 8, (3, extra))
    source = numpy.where(TOKENS.source == 0, noise[:, :1], TOKENS.source)
    padded = numpy.concatenate([source, noise], axis=1)
    again = transformer.transformer(params, padded, *TOKENS[1:3], positions=positions)
    agree(again, logits)
    for i, pair in enumerate(PAIRS):
        single = make_batch([pair])
        n = single.target_in.shape[1]
        few = transformer.transformer(params, *single[:3], positions=positions)
        agree(few[0], logits[i, :n])


@each_norm
@each_position
def test_logits_depend_on_earlier_target_tokens_alone(positions, norm):
    params = random_transformer(positions, norm)
    changed = TOKENS.target_in.copy()
    changed[:, 3:] = (changed[:, 3:] + 1) % 8
    before, after = (
        transformer.transformer(params, *TOKENS[:2], target, positions=positions, norm=norm)
        for target in (TOKENS.target_in, changed)
    )
    agree(after[:, :3], before[:, :3])
    assert numpy.abs(after[:, 3:] - before[:, 3:]).max() > 1e-3


@each_position
def test_the_order_of_the_source_counts_unless_there_are_no_positions(positions):
    params = random_transformer(positions)
    options = {"positions": positions}
    before, after = (
        transformer.transformer(params, source, [5, 5, 5], TOKENS.target_in, **options)
        for source in (TOKENS.source, TOKENS.source[:, ::-1])
    )
    assert (numpy.abs(after - before).max() < 1e-12) == (positions == "none")


def test_the_maps_are_of_three_kinds_and_obey_their_masks():
    maps = attention_maps(random_transformer("sinusoidal"), *TOKENS[:3])
    source = padding_mask(TOKENS.source_lengths, 5)[:, None]
    masks = {"encoder": source, "decoder": causal_mask(6), "cross": source}
    shapes = {"encoder": (3, 2, 5, 5), "decoder": (3, 2, 6, 6), "cross": (3, 2, 6, 5)}
    assert maps.keys() == masks.keys()
    for name, layers in maps.items():
        assert [weights.shape for weights in layers] == [shapes[name]] * 2
        for weights in layers:
            assert checks.rows_sum_to_one(weights, tolerance=1e-12)
            assert checks.masked_weights_are_zero(weights, masks[name])


def test_dropout_follows_its_generator_and_is_off_unless_asked_for():
    params = random_transformer("sinusoidal")

    def logits(**options):
        return transformer.transformer(params, *TOKENS[:3], **options)

    first, second, other = (
        logits(dropout=0.2, rng=numpy.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    agree(first, second, 0)
    assert numpy.abs(first - other).max() > 1e-3
    agree(logits(), logits(dropout=0.0, rng=numpy.random.default_rng(1)), 0)


@each_position
def test_an_empty_source_gives_numbers_and_no_sequences_give_no_logits(positions):
    params, options = random_transformer(positions), {"positions": positions}
    logits = transformer.transformer(params, TOKENS.source, [5, 0, 3], TOKENS.target_in, **options)
    assert numpy.isfinite(logits).all()
    nothing = numpy.zeros(0, int)
    source, target = TOKENS.source[:0], TOKENS.target_in[:0]
    assert transformer.transformer(params, source, nothing, target, **options).shape == (0, 6, 8)
    maps = attention_maps(params, source, nothing, target, **options)
    assert maps["cross"][0].shape == (0, 2, 6, 5)
    no_words = numpy.zeros((3, 0), int), numpy.zeros(3, int), TOKENS.target_in
    assert numpy.isfinite(transformer.transformer(params, *no_words, **options)).all()


# ---- one stack alone --------------------------------------------------------------------------

TEXT = numpy.array([[3, 8, 5, 4, 3, 1, 7], [6, 4, 2, 0, 0, 0, 0], [7, 7, 3, 2, 8, 0, 0]])
TEXT_LENGTHS = numpy.array([7, 3, 5])
PREFIXES = numpy.array([3, 3, 1])
each_prefix = pytest.mark.parametrize("prefix", [None, PREFIXES], ids=["causal", "prefix"])


def random_stack(positions="rotary", norm="pre", seed=0, number_format=float, longest=9):
    rng = numpy.random.default_rng(seed)
    options = {"positions": positions, "norm": norm, "longest": longest}
    return with_noise(init_decoder_only(rng, 9, 8, 2, 2, **options), seed, number_format)


@norms_of_pytorch
def test_one_stack_has_values_and_gradients_of_pytorch(norm):
    record = recorded(f"decoder_only_{norm}")
    names = names_in(record)

    def both(*arrays):
        params = from_paths(names, arrays)
        options = {"lengths": record["lengths"], "positions": "learned", "norm": norm}
        return [
            decoder_only(params, record["tokens"], prefix, **options)[0]
            for prefix in (None, record["prefix_lengths"])
        ]

    same_as_recorded(both, record, names)


@each_norm
@each_position
@each_prefix
def test_one_stack_has_values_and_gradients_of_each_text_alone(positions, norm, prefix):
    options = {"positions": positions, "norm": norm}

    def padded(params):
        logits, _ = decoder_only(params, TEXT, prefix, lengths=TEXT_LENGTHS, **options)
        return [logits[i, :length] for i, length in enumerate(TEXT_LENGTHS)]

    def each_text(params):
        return [
            decoder_only(
                params, TEXT[[i], :length], None if prefix is None else prefix[[i]], **options
            )[0][0]
            for i, length in enumerate(TEXT_LENGTHS)
        ]

    params = random_stack(positions, norm)
    found, expected = (differentiate(run, [params]) for run in (padded, each_text))
    agree_all(found[0] + found[1], expected[0] + expected[1])


def test_gradients_of_one_stack_follow_differences():
    follow_differences(
        lambda params: decoder_only(params, TEXT, PREFIXES, lengths=TEXT_LENGTHS)[0],
        [random_stack(seed=1)],
    )


@each_norm
@each_position
@each_prefix
def test_the_next_word_depends_on_earlier_ones_and_on_the_prefix_alone(positions, norm, prefix):
    params, options = random_stack(positions, norm), {"positions": positions, "norm": norm}
    before, _ = decoder_only(params, TEXT, prefix, **options)
    for place in range(TEXT.shape[1]):
        changed = TEXT.copy()
        changed[:, place] = (changed[:, place] + 1) % 9
        after, _ = decoder_only(params, changed, prefix, **options)
        moved = numpy.abs(after - before).max(axis=-1) > 1e-12
        for i, row in enumerate(moved):
            inside = prefix is not None and place < prefix[i]
            assert row.tolist() == [inside or place <= j for j in range(len(row))]


def test_maps_of_one_stack_obey_their_mask():
    params = random_stack()
    mask = prefix_mask(PREFIXES, 7) & padding_mask(TEXT_LENGTHS, 7)
    _, maps = decoder_only(params, TEXT, PREFIXES, lengths=TEXT_LENGTHS)
    assert [weights.shape for weights in maps] == [(3, 2, 7, 7)] * 2
    for weights in maps:
        assert checks.rows_sum_to_one(weights, tolerance=1e-12)
        assert checks.masked_weights_are_zero(weights, mask[:, None])


@given(seed=seeds, extra=st.integers(1, 3))
def test_padding_behind_a_text_changes_nothing(seed, extra):
    params = random_stack(seed=seed)
    noise = numpy.random.default_rng(seed).integers(0, 9, (3, extra))
    logits, _ = decoder_only(params, TEXT, PREFIXES, lengths=TEXT_LENGTHS)
    longer, _ = decoder_only(
        params, numpy.concatenate([TEXT, noise], axis=1), PREFIXES, lengths=TEXT_LENGTHS
    )
    agree(longer[:, :7], logits)


@each_position
def test_one_stack_keeps_float32_and_takes_no_texts_or_no_words(positions):
    params = random_stack(positions, number_format=numpy.float32)
    options = {"positions": positions, "lengths": TEXT_LENGTHS}
    found = arrays_of(decoder_only(params, TEXT, PREFIXES, **options))[0]
    assert {array.dtype for array in found} == {numpy.dtype("float32")}
    if with_kernels():
        run = lambda params: decoder_only(params, TEXT, PREFIXES, **options)  # noqa: E731
        assert formats(run, [params]) == {"float32"}
    assert decoder_only(params, TEXT[:0], positions=positions)[0].shape == (0, 7, 9)
    assert decoder_only(params, TEXT[:, :0], positions=positions)[0].shape == (3, 0, 9)


def test_rotary_positions_are_meant_if_none_are_named():
    params = random_stack()
    agree(decoder_only(params, TEXT)[0], decoder_only(params, TEXT, positions="rotary")[0], 0)
    other, _ = decoder_only(params, TEXT, positions="none")
    assert numpy.abs(decoder_only(params, TEXT)[0] - other).max() > 1e-3


# ---- wrong input ------------------------------------------------------------------------------

PARAMS, X = random_block()
RNG = numpy.random.default_rng(0)
ENCODER = init_encoder(RNG, WIDTH, HEADS)
DECODER = init_decoder_block(RNG, WIDTH, HEADS)
WHOLE = random_transformer("learned")
ONLY = random_stack("learned")
SOURCE, LENGTHS_, TARGET = TOKENS[:3]


def run(source=SOURCE, lengths=LENGTHS_, target=TARGET, **options):
    return transformer.transformer(WHOLE, source, lengths, target, positions="learned", **options)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: encoder_block(PARAMS, X[..., :4]), ["x ", "(3, 7, 4)", "(batch, n, 12)"]),
        (
            lambda: encoder_block(PARAMS, X, numpy.ones((7, 5), bool)),
            ["mask", "(7, 5)", "(3, 7, 7)"],
        ),
        (
            lambda: encoder_block(PARAMS, X, numpy.ones((3, 7), bool)),
            ["mask", "(3, 7)", "(3, 7, 7)", "mask[:, None]"],
        ),
        (lambda: encoder_block(PARAMS, X, numpy.ones((7, 7))), ["mask", "boolean", "float64"]),
        (lambda: encoder(ENCODER, X, [7, 8, 1]), ["lengths", "0 … 7", "1 to 8", "(3, 7, 12)"]),
        (lambda: encoder(ENCODER, X, [7, 1]), ["lengths", "(2,)", "(3,)"]),
        (lambda: encoder(ENCODER, X, [7]), ["lengths", "(1,)", "(3,)"]),
        (lambda: encoder(ENCODER, X, [7.0, 2.0, 1.0]), ["lengths", "integers", "float64"]),
        (lambda: encoder(ENCODER, X[..., :4], LENGTHS), ["embedded", "(3, 7, 4)", "12"]),
        (lambda: init_encoder(numpy.random.default_rng(0), 12, 5), ["heads = 5", "width = 12"]),
        (lambda: init_encoder(RNG, 12, layers=0), ["layers = 0"]),
        (lambda: init_encoder(RNG, 12, positions="sine"), ["positions = 'sine'", "'rotary'"]),
        (lambda: init_encoder(RNG, 12, norm="mid"), ["norm = 'mid'", "'pre'", "'post'"]),
        (lambda: encoder_block(PARAMS, X, norm="mid"), ["norm = 'mid'", "'pre'", "'post'"]),
        (
            lambda: encoder(ENCODER, X, LENGTHS, positions="sine"),
            ["positions = 'sine'", "'rotary'"],
        ),
        (lambda: encoder_block(PARAMS, X, dropout=0.1), ["rng", "0.1"]),
        (lambda: decoder_block(DECODER, X, X[..., :4]), ["memory", "(3, 7, 4)", "12"]),
        (lambda: decoder_block(DECODER, X, X[:2]), ["(3, 7, 12)", "(2, 7, 12)"]),
        (
            lambda: decoder_block(DECODER, X, X[:, :5], None, causal_mask(7)),
            ["memory_mask", "(7, 7)", "(3, 7, 5)"],
        ),
        (lambda: run(source=[[3, 4], [5]]), ["source", "ragged", "[1, 2]"]),
        (lambda: run(source=SOURCE + 5), ["source", "0 … 8", "(9, 8)", "5 to 13"]),
        (lambda: run(target=TARGET + 1), ["target_in", "0 … 7", "(8, 8)"]),
        (lambda: run(source=SOURCE * 1.0), ["source", "integers", "float64"]),
        (lambda: run(lengths=[6, 2, 3]), ["lengths", "0 … 5", "2 to 6"]),
        (lambda: run(lengths=[5, 2]), ["lengths", "(2,)", "(3,)"]),
        (lambda: run(target=TARGET[:2]), ["target_in", "(2, 6)", "(3, n_target)", "(3, 5)"]),
        (lambda: run(source=numpy.ones((3, 10), int)), ["10 positions", "only 9"]),
        (lambda: run(dropout=0.5), ["rng", "0.5"]),
        (lambda: run(dropout=1.0), ["dropout = 1.0", "below 1"]),
        (lambda: run(norm="mid"), ["norm = 'mid'", "'pre'", "'post'"]),
        (lambda: decoder_only(ONLY, TEXT + 1), ["tokens", "0 … 8", "(9, 8)", "1 to 9"]),
        (lambda: decoder_only(ONLY, TEXT[0]), ["tokens", "(7,)", "(batch, n)"]),
        (lambda: decoder_only(ONLY, TEXT, [1, 8, 1]), ["prefix_lengths", "0 … 7", "1 to 8"]),
        (lambda: decoder_only(ONLY, TEXT, [1, 2]), ["prefix_lengths", "(2,)", "(3,)"]),
        (lambda: decoder_only(ONLY, TEXT, lengths=[7, 8, 1]), ["lengths", "0 … 7", "1 to 8"]),
        (lambda: decoder_only(ONLY, TEXT, positions="sine"), ["positions = 'sine'", "'alibi'"]),
    ],
)
def test_wrong_input_is_named_with_its_shape(call, words):
    with pytest.raises(ValueError) as error:
        call()
    assert [word for word in words if word not in str(error.value)] == []


def test_one_set_of_projections_gets_the_sum_of_its_gradients_in_all_places():
    rng = numpy.random.default_rng(0)
    tied = init_transformer(rng, 9, 11, WIDTH, HEADS, layers=2, shared_projections=True)
    assert all("attention" not in part for part in tied["decoder"].values())
    tied = with_noise(tied, 1)
    batch = make_batch([([3, 4, 5], [6, 7]), ([8, 3], [9, 10, 4])])

    def loss(params):
        logits = transformer.transformer(transformer.share_projections(params), *batch[:3])
        return cross_entropy(logits, batch.target_out, batch.target_mask)

    apart = copy.deepcopy(transformer.share_projections(tied))
    (value,), found = differentiate(loss, [tied])
    (same,), gradients = differentiate(loss, [apart])
    agree(value, same)
    found, gradients = arrays_of(tied)[1](found), arrays_of(apart)[1](gradients)
    places = [
        (stack, f"block_{i}", "attention") for stack in ("encoder", "decoder") for i in (0, 1)
    ]
    places += [("decoder", f"block_{i}", "cross") for i in (0, 1)]
    for name in ("queries", "keys", "values", "output"):
        parts = [gradients[stack][block][part][name] for stack, block, part in places]
        assert all(numpy.abs(part).max() > 1e-6 for part in parts)
        agree(found["projections"][name], sum(parts))


# ---- one layer ---------------------------------------------------------------------------------

ONE = init_one_layer(numpy.random.default_rng(3), 9, 5, 8, heads=2)
CARDS = numpy.array([[1, 8, 2, 2, 7], [3, 0, 8, 1, 4], [6, 6, 6, 6, 6]])


@pytest.mark.parametrize(
    ("projections", "tied"),
    [
        ("three matrices", {}),
        ("queries = keys", {"keys": "queries"}),
        ("one for all", {"keys": "queries", "values": "queries"}),
    ],
)
def test_one_layer_is_the_formula_with_the_matrices_that_are_tied(projections, tied):
    logits, weights = one_layer(ONE, CARDS, projections)
    own = ONE["attention"]
    own = own | {name: own[other] for name, other in tied.items()}
    x = ONE["embedding"][CARDS] * 8**0.5 + sinusoidal(5, 8)
    found = 0
    for head in range(2):
        queries, keys, values = (x @ own[name][head] for name in ("queries", "keys", "values"))
        scores = numpy.exp(queries @ keys.swapaxes(1, 2) / 2)
        agree(weights[:, head], scores / scores.sum(axis=-1, keepdims=True), 1e-5)
        found = found + weights[:, head] @ values @ own["output"][head]
    agree(logits, (x + found) @ ONE["output"]["weight"] + ONE["output"]["bias"], 1e-5)


def test_with_one_matrix_for_queries_and_keys_scores_are_symmetric():
    _, weights = one_layer(ONE, CARDS, "queries = keys")
    logs = numpy.log(weights)
    own = numpy.diagonal(logs, axis1=-2, axis2=-1)
    # e_ij - e_ii, from each row alone; e_ij = e_ji then says what rows have to do with each other.
    less = logs - own[..., None]
    both = less - less.swapaxes(-1, -2)  # e_jj - e_ii
    agree(both[..., 0, 1] + both[..., 1, 2], both[..., 0, 2], 1e-4)
    _, free = one_layer(ONE, CARDS)
    less = numpy.log(free) - numpy.diagonal(numpy.log(free), axis1=-2, axis2=-1)[..., None]
    both = less - less.swapaxes(-1, -2)
    assert numpy.abs(both[..., 0, 1] + both[..., 1, 2] - both[..., 0, 2]).max() > 1e-2


def test_one_layer_names_what_does_not_fit():
    with pytest.raises(ValueError, match=r"projections = 'two'.*three matrices"):
        one_layer(ONE, CARDS, "two")
    with pytest.raises(ValueError, match="tokens"):
        one_layer(ONE, CARDS[0])
