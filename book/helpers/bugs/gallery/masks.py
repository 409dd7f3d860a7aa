"""Entries of the gallery: masks."""

import numpy as np

from helpers import checks
from helpers.attention import attention, causal_mask, padding_mask
from helpers.bugs.gallery.base import entry
from helpers.functions import softmax
from helpers.start import init_decoder_block
from helpers.transformer import decoder_block

RNG = np.random.default_rng(6)
SCORES = RNG.standard_normal((4, 4))
MASK = np.array([[1, 0, 1, 1], [1, 1, 0, 0], [0, 1, 1, 0], [1, 1, 0, 1]], dtype=bool)
EMPTY = np.where(np.arange(4)[:, None] == 1, False, MASK)
FOUR, KEYS = tuple(f"query {i}" for i in range(1, 5)), tuple(f"k{j}" for j in range(1, 5))
PARAMS = init_decoder_block(RNG, 8, 2)
X, MEMORY = RNG.standard_normal((1, 5, 8)), RNG.standard_normal((1, 4, 8))
FOUR_ROWS = {"rows": FOUR, "columns": KEYS, "is_map": True}


@entry(
    "mask-after-softmax",
    family="masks",
    title="Forbidden weights are 0, yet what the mask hides changes the others",
    sights=("map", "nonsense", "batch"),
    shown="masked_softmax",
    **FOUR_ROWS,
    others=("mask-times-scores", "softmax-over-queries"),
    seen=("huggingface/pytorch-image-models PR #2236",),
    pytorch="scores.softmax(-1) * mask  # scores.masked_fill(~mask, -inf).softmax(-1)",
)
class _MaskAfterSoftmax:
    def right(scores, axis, mask):
        scores = np.where(mask, scores, -np.inf)
        return softmax(scores, axis)

    def wrong(scores, axis, mask):
        return softmax(scores, axis) * mask

    def check(softmax):
        mask = np.array([[True, True, False], [True, False, True], [False, True, True]])
        scores = np.array([[0.0, 1.0, 2.0], [2.0, 0.0, 1.0], [1.0, 0.0, 1.0]])
        other = np.where(mask, scores, 9.0)  # what is forbidden says something else
        before, after = (softmax(one, -1, mask)[mask] for one in (scores, other))
        return checks.close(after, before, "an allowed weight")

    def show(softmax):
        return softmax(SCORES, -1, MASK)


@entry(
    "mask-times-scores",
    family="masks",
    title="Padding gets weight, more of it the lower the other scores",
    sights=("perfect", "nonsense", "map", "batch"),
    shown="masked_softmax",
    **FOUR_ROWS,
    others=("mask-after-softmax", "mask-turned-round"),
    seen=("georg-wolflein/good-features PR #1",),
    pytorch="(scores * mask).softmax(-1)  # scores.masked_fill(~mask, -inf)",
)
class _MaskTimesScores:
    def right(scores, axis, mask):
        scores = np.where(mask, scores, -np.inf)
        return softmax(scores, axis)

    def wrong(scores, axis, mask):
        scores = mask * scores
        return softmax(scores, axis)

    def check(softmax):
        mask = np.array([[True, True, False], [True, False, True], [False, True, True]])
        scores = np.array([[0.0, 1.0, 2.0], [2.0, 0.0, 1.0], [1.0, 0.0, 1.0]])
        return checks.masked_weights_are_zero(softmax(scores, -1, mask), mask)

    def show(softmax):
        return softmax(SCORES, -1, MASK)


@entry(
    "mask-turned-round",
    family="masks",
    title="Training accuracy is suspiciously perfect",
    sights=("perfect", "nonsense", "map"),
    shown="masked_softmax",
    **FOUR_ROWS,
    others=("decoder-sees-the-future", "mask-after-softmax"),
    seen=(
        "lucidrains/x-transformers#160",
        "cnzzx/GeMap#1",
        "NVIDIA/TransformerEngine#614",
    ),
    note="Libraries differ: True means may attend in `scaled_dot_product_attention`, and hidden in "
    "the masks of `nn.MultiheadAttention`.",
    pytorch="attention(x, x, x, key_padding_mask=is_word)  # ~is_word: True means hidden there",
)
class _MaskTurnedRound:
    def right(scores, axis, mask):
        scores = np.where(mask, scores, -np.inf)
        return softmax(scores, axis)

    def wrong(scores, axis, mask):
        scores = np.where(mask, -np.inf, scores)
        return softmax(scores, axis)

    def check(softmax):
        mask = np.array([[True, True, False], [True, False, True], [False, True, True]])
        scores = np.array([[0.0, 1.0, 2.0], [2.0, 0.0, 1.0], [1.0, 0.0, 1.0]])
        least = softmax(scores, -1, mask)[mask].min()
        return checks.reaches(least, 0.001, name="the smallest allowed weight")

    def show(softmax):
        return softmax(SCORES, -1, MASK)


@entry(
    "empty-row-uniform",
    family="masks",
    title="A row in which all is masked has the same weight everywhere",
    sights=("map", "batch"),
    shown="masked_softmax",
    **FOUR_ROWS,
    others=("mask-times-scores", "empty-row-nan"),
    note="D2L puts -1e6 in place of a forbidden score, so such a row gets 1/3, 1/3, 1/3.",
    pytorch="scores.masked_fill(~mask, -1e9).softmax(-1)",
)
class _EmptyRowUniform:
    def right(scores, axis, mask):
        scores = np.where(mask, scores, -np.inf)
        return softmax(scores, axis)  # the course's own: such a row is 0

    def wrong(scores, axis, mask):
        scores = np.where(mask, scores, -1e9)
        return softmax(scores, axis)

    def check(softmax):
        mask = np.array([[True, True, False], [False, False, False], [True, False, True]])
        scores = np.array([[0.0, 1.0, 2.0], [2.0, 0.0, 1.0], [1.0, 0.0, 1.0]])
        empty = np.nan_to_num(softmax(scores, -1, mask)[1])
        return checks.close(empty, np.zeros(3), "the row that may look at nothing")

    def show(softmax):
        return softmax(SCORES, -1, EMPTY)


@entry(
    "empty-row-nan",
    family="masks",
    title="NaN in one row, a step later NaN everywhere",
    sights=("nan",),
    shown="masked_softmax",
    **FOUR_ROWS,
    others=("softmax-that-overflows", "empty-row-uniform"),
    seen=(
        "pytorch/pytorch#24816",
        "pytorch/pytorch#41508",
        "pytorch/pytorch#103749",
        "tracel-ai/burn PR #4697",
        "robertknight/rten PR #1321",
    ),
    pytorch='scores.masked_fill(~mask, float("-inf")).softmax(-1)  # then .nan_to_num(0.0)?\n'
    "# no: 0 * NaN is NaN in the gradient. Mend the row before the softmax.",
)
class _EmptyRowNan:
    def right(scores, axis, mask):
        scores = np.where(mask, scores, -np.inf)
        highest = scores.max(axis, keepdims=True)
        powers = np.exp(scores - np.where(highest == -np.inf, 0, highest))
        total = powers.sum(axis, keepdims=True)
        return powers / np.where(total == 0, 1, total)

    def wrong(scores, axis, mask):
        scores = np.where(mask, scores, -np.inf)
        highest = scores.max(axis, keepdims=True)
        powers = np.exp(scores - highest)
        total = powers.sum(axis, keepdims=True)
        return powers / total

    def check(softmax):
        mask = np.array([[True, True, False], [False, False, False], [True, False, True]])
        scores = np.array([[0.0, 1.0, 2.0], [2.0, 0.0, 1.0], [1.0, 0.0, 1.0]])
        return checks.finite(lambda: softmax(scores, -1, mask), "softmax")

    def show(softmax):
        return softmax(SCORES, -1, EMPTY)


@entry(
    "causal-one-ahead",
    family="masks",
    title="Loss near 0 after a few steps, and it can't write a word",
    sights=("perfect", "nonsense"),
    shown="causal_mask",
    rows=("place 1", "place 2", "place 3", "place 4"),
    columns=("p1", "p2", "p3", "p4"),
    is_map=True,
    others=("mask-turned-round", "positions-restart"),
    note="Its twin has the right mask and targets that were not moved by one place: the same "
    "answer stands in the input.",
    pytorch="torch.tril(torch.ones(n, n), 1)  # torch.tril(torch.ones(n, n))",
)
class _CausalOneAhead:
    def right(n):
        return np.tril(np.ones((n, n), dtype=bool))

    def wrong(n):
        return np.tril(np.ones((n, n), dtype=bool), 1)

    def check(causal_mask):
        x = np.random.default_rng(0).standard_normal((2, 4, 3))
        return checks.later_changes_nothing(lambda x: attention(x, x, x, causal_mask(4)), x)

    def show(causal_mask):
        return causal_mask(4).astype(float)


@entry(
    "decoder-sees-the-future",
    family="masks",
    title="Training is excellent, what it writes by itself is not",
    sights=("perfect", "nonsense"),
    shown="decode",
    rows=tuple(f"word {i}" for i in range(1, 6)),
    columns=tuple(f"w{i}" for i in range(1, 6)),
    is_map=True,
    others=("memory-taken-from-the-target", "softmax-before-the-loss"),
    seen=("alex-matton/causal-transformer-decoder#1", "huggingface/transformers#48745"),
    pytorch="decoder(target, memory)  # tgt_mask=nn.Transformer.generate_square_subsequent_mask(n)",
)
class _DecoderSeesTheFuture:
    def right(params, x, memory, mask, memory_mask):
        return decoder_block(params, x, memory, mask, memory_mask)

    def wrong(params, x, memory, mask, memory_mask):
        return decoder_block(params, x, memory, None, memory_mask)

    def check(decoder_block):
        rng = np.random.default_rng(0)
        x, memory = rng.standard_normal((2, 5, 8)), rng.standard_normal((2, 4, 8))
        masks, params = (causal_mask(5), padding_mask([4, 3], 4)), init_decoder_block(rng, 8, 2)
        return checks.later_changes_nothing(
            lambda x: decoder_block(params, x, memory, *masks)[0], x
        )

    def show(decoder_block):
        return decoder_block(PARAMS, X, MEMORY, causal_mask(5))[1][0, 0]
