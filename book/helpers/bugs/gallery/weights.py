"""Entries of the gallery: softmax and scores."""

import math

import numpy as np

from helpers import checks
from helpers.bugs.gallery.base import entry
from helpers.functions import softmax as weights_of

RNG = np.random.default_rng(5)
SCORES, SQUARE = RNG.standard_normal((3, 5)), RNG.standard_normal((4, 4))
WIDE_QUERIES, WIDE_KEYS = RNG.standard_normal((1, 100, 256)), RNG.standard_normal((1, 50, 256))
HEAD_QUERIES, HEAD_KEYS = RNG.standard_normal((3, 2, 4)), RNG.standard_normal((3, 5, 4))
THREE, FIVE = ("query 1", "query 2", "query 3"), tuple(f"k{j}" for j in range(1, 6))


@entry(
    "softmax-over-queries",
    family="weights",
    title="Attention weights do not sum to 1 in a row; the columns do",
    sights=("map", "nonsense"),
    shown="softmax",
    rows=THREE,
    columns=FIVE,
    is_map=True,
    others=("mask-after-softmax", "softmax-without-keepdims"),
    seen=(
        "PetrochukM/PyTorch-NLP#2",
        "nerminnuraydogan/vision-transformer#1",
        "nerdai/llms-from-scratch-rs PR #30",
    ),
    pytorch="torch.softmax(scores, dim=-2)  # dim=-1, and never leave dim out",
)
class _SoftmaxOverQueries:
    def right(scores):
        powers = np.exp(scores - scores.max())
        return powers / powers.sum(axis=-1, keepdims=True)

    def wrong(scores):
        powers = np.exp(scores - scores.max())
        return powers / powers.sum(axis=-2, keepdims=True)

    def check(softmax):
        scores = np.array([[0.0, 1.0, 2.0], [0.0, 2.0, 1.0], [0.0, 1.0, 2.0]])
        return checks.rows_sum_to_one(lambda: softmax(scores))

    def show(softmax):
        return softmax(SCORES)


@entry(
    "softmax-without-keepdims",
    family="weights",
    title="Rows of weights sum to 0.7 or 1.5, or it crashes when lengths differ",
    sights=("map", "nan"),
    shown="softmax",
    rows=("query 1", "query 2", "query 3", "query 4"),
    columns=("k1", "k2", "k3", "k4"),
    is_map=True,
    others=("softmax-over-queries", "scores-unscaled"),
    note="Found in a softmax that teaching material printed: rows sum to 0.71 to 1.49 there, and "
    "the shape is right.",
    pytorch="scores.exp() / scores.exp().sum(-1)  # sum(-1, keepdim=True)",
)
class _SoftmaxWithoutKeepdims:
    def right(scores):
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)

    def wrong(scores):
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1)

    def check(softmax):
        three_queries, five_keys = 3, 5
        scores = np.ones((three_queries, five_keys))
        return checks.finite(lambda: softmax(scores), "softmax")

    def show(softmax):
        return softmax(SQUARE)


@entry(
    "softmax-that-overflows",
    family="weights",
    title="Fine for hours, then the loss is NaN",
    sights=("nan",),
    shown="softmax",
    rows=THREE,
    columns=FIVE,
    is_map=True,
    others=("empty-row-nan", "scores-unscaled"),
    pytorch="scores.exp() / scores.exp().sum(-1, keepdim=True)  # torch.softmax(scores, -1)",
)
class _SoftmaxThatOverflows:
    def right(scores):
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)

    def wrong(scores):
        powers = np.exp(scores)
        return powers / powers.sum(axis=-1, keepdims=True)

    def check(softmax):
        large = 1000 * np.array([[1.0, 2.0], [4.0, 3.0]])
        return checks.finite(lambda: softmax(large), "softmax")

    def show(softmax):
        return softmax(500 * SCORES)


@entry(
    "scores-unscaled",
    family="weights",
    title="Every row of attention is almost one-hot from the first step on",
    sights=("map", "nothing"),
    shown="scores",
    rows=THREE,
    columns=FIVE,
    is_map=True,
    others=("scores-by-the-number-of-keys", "softmax-over-queries"),
    note="The only check of attention in Neuromatch's W2D5 uses entries up to 114: its softmax is "
    "one-hot whatever the scale, so no scaling passes, and so does division by d. A check must not "
    "be saturated.",
    pytorch="q @ k.transpose(-2, -1)  # / math.sqrt(k.size(-1))",
)
class _ScoresUnscaled:
    def right(queries, keys):
        products = queries @ np.swapaxes(keys, -1, -2)
        return products / math.sqrt(keys.shape[-1])

    def wrong(queries, keys):
        products = queries @ np.swapaxes(keys, -1, -2)
        return products

    def check(scores):
        rng = np.random.default_rng(0)
        queries, keys = rng.standard_normal((1, 100, 256)), rng.standard_normal((1, 50, 256))
        spread = scores(queries, keys).std()
        return checks.reaches(spread, 0.9, 1.1, name="the spread of the scores")

    def show(scores):
        return weights_of(scores(WIDE_QUERIES[:, :3], WIDE_KEYS[:, :5]))[0]


@entry(
    "scores-by-the-models-width",
    family="weights",
    title="More heads, flatter maps, and no error anywhere",
    sights=("nothing",),
    shown="scores",
    rows=("head 1", "head 2", "head 3"),
    columns=FIVE,
    is_map=True,
    others=("scores-unscaled", "heads-merged-without-moving-the-axis"),
    seen=(
        "lucidrains/vit-pytorch#65",
        "omihub777/ViT-CIFAR PR #11",
        "Graylab/DL4Proteins-notebooks#12",
        "juho-lee/set_transformer#18",
        "chelsea0x3b/dfdx#171",
    ),
    pytorch="self.scale = dim ** -0.5  # dim_head ** -0.5",
)
class _ScoresByTheModelsWidth:
    def right(queries, keys):
        width = queries.shape[-1]  # of a head
        return queries @ np.swapaxes(keys, -1, -2) / math.sqrt(width)

    def wrong(queries, keys):
        width = queries.shape[-3] * queries.shape[-1]  # of all heads
        return queries @ np.swapaxes(keys, -1, -2) / math.sqrt(width)

    def check(scores):
        queries = np.arange(24.0).reshape(3, 2, 4)  # (heads, n_queries, width)
        keys = np.arange(60.0).reshape(3, 5, 4)  # (heads, n_keys, width)
        return checks.batch_items_independent(scores, queries, keys)

    def show(scores):
        return weights_of(3 * scores(HEAD_QUERIES, HEAD_KEYS))[:, 0]


@entry(
    "scores-by-the-number-of-keys",
    family="weights",
    title="The longer the sentence, the flatter its map",
    sights=("nothing",),
    shown="scores",
    rows=("of 5 keys", "of 50 keys"),
    columns=FIVE,
    is_map=True,
    others=("scores-by-the-models-width", "scores-unscaled"),
    note="Found in teaching material, as a division by the root of the sequence's length.",
    pytorch="q @ k.transpose(-2, -1) / math.sqrt(k.size(-2))  # k.size(-1)",
)
class _ScoresByTheNumberOfKeys:
    def right(queries, keys):
        products = queries @ np.swapaxes(keys, -1, -2)
        return products / math.sqrt(keys.shape[-1])

    def wrong(queries, keys):
        products = queries @ np.swapaxes(keys, -1, -2)
        return products / math.sqrt(keys.shape[-2])

    def check(scores):
        queries, keys = np.ones((1, 2, 4)), np.ones((1, 5, 4))
        alone, among_others = scores(queries, keys[:, :3]), scores(queries, keys)[..., :3]
        return checks.close(among_others, alone, "a score among more keys")

    def show(scores):
        few, many = (scores(WIDE_QUERIES[:, :1], WIDE_KEYS[:, :n])[0, 0, :5] for n in (5, 50))
        return weights_of(np.stack([few, many]))
