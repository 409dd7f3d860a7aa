"""Entries of the gallery: heads, positions, recurrence, learning, blocks, and the cache."""

import numpy as np

from helpers import checks
from helpers.attention import causal_mask, padding_mask
from helpers.bugs.gallery.base import entry
from helpers.cached import keys_values
from helpers.functions import cross_entropy, sigmoid, softmax, tanh
from helpers.recurrent import gru, reverse
from helpers.start import init_bidirectional, init_decoder_block, init_gru, init_multi_head
from helpers.transformer import rewired_block

RNG = np.random.default_rng(8)
DECODER, MULTI_HEAD = init_decoder_block(RNG, 8, 2), init_multi_head(RNG, 4, 2)
BOTH_WAYS = init_bidirectional(init_gru, RNG, 1, 2)
STEP = {name: RNG.standard_normal(x.shape) for name, x in init_gru(RNG, 2, 3).items()}
TARGET, SOURCE = RNG.standard_normal((2, 1, 4, 8))
TABLE = {"table": RNG.standard_normal((9, 2)).round(1)}
NORM = {"scale": np.ones(3), "shift": np.zeros(3)}
PLACES = tuple(f"place {i}" for i in range(1, 5))
NUMBERS = tuple(f"number {i}" for i in range(1, 7))


@entry(
    "heads-merged-without-moving-the-axis",
    family="heads",
    title="Shapes are right, it learns, and more heads make it worse",
    sights=("short", "nonsense", "elsewhere"),
    shown="join_heads",
    rows=PLACES[:3],
    columns=NUMBERS[:4],
    others=("scores-by-the-models-width", "memory-taken-from-the-target"),
    seen=(
        "jsbaan/transformer-from-scratch PR #6",
        "reczoo/FuxiCTR#30",
        "jadore801120/attention-is-all-you-need-pytorch#7",
        "ajhalthor/Transformer-Neural-Network#8",
    ),
    note="In the first of these, training passed its test: copying is easy enough.",
    pytorch="context.reshape(batch, n, heads * width)\n"
    "# context.transpose(1, 2).reshape(batch, n, heads * width)",
)
class _HeadsMergedWithoutMovingTheAxis:
    def right(context, weight):
        batch, heads, n, width = context.shape
        context = context.swapaxes(1, 2)  # (batch, n, heads, width)
        beside = context.reshape(batch, n, heads * width)
        return beside @ weight.reshape(heads * width, -1)

    def wrong(context, weight):
        batch, heads, n, width = context.shape
        beside = context.reshape(batch, n, heads * width)
        return beside @ weight.reshape(heads * width, -1)

    def check(join_heads):
        rng = np.random.default_rng(0)
        x = rng.standard_normal((2, 4, 3, 5))  # (batch, n, heads, width)
        weight = rng.standard_normal((3, 5, 7))
        return checks.later_changes_nothing(lambda x: join_heads(x.swapaxes(1, 2), weight), x)

    def show(join_heads):
        # Two heads of width 2; a number says its head, then its place.
        context = np.array([11, 12, 13, 21, 22, 23.0]).reshape(1, 2, 3, 1) + np.zeros(2)
        return join_heads(context, np.eye(4).reshape(2, 2, 4))[0]


@entry(
    "memory-taken-from-the-target",
    family="heads",
    title="Fluent sentences that have nothing to do with the source",
    sights=("nonsense", "short"),
    shown="decode",
    rows=tuple(f"word {i}" for i in range(1, 5)),
    columns=("w1", "w2", "w3", "w4"),
    is_map=True,
    others=("decoder-sees-source-padding", "decoder-sees-the-future"),
    seen=("keitakurita/Practical_NLP_in_PyTorch#1",),
    note="With sources as long as targets no shape tells.",
    pytorch="self.cross(y, y, y)  # self.cross(y, memory, memory)",
)
class _MemoryTakenFromTheTarget:
    def right(params, x, memory, mask, memory_mask):
        wires = "ttt tss"  # cross-attention: queries target, keys source, values source
        return rewired_block(params, x, memory, mask, memory_mask, wires=wires)

    def wrong(params, x, memory, mask, memory_mask):
        wires = "ttt ttt"  # cross-attention: queries target, keys target, values target
        return rewired_block(params, x, memory, mask, memory_mask, wires=wires)

    def check(decoder_block):
        rng = np.random.default_rng(0)
        x, memory = rng.standard_normal((2, 5, 8)), rng.standard_normal((2, 4, 8))
        masks, params = (causal_mask(5), padding_mask([4, 3], 4)), init_decoder_block(rng, 8, 2)
        return checks.depends_on(lambda memory: decoder_block(params, x, memory, *masks)[0], memory)

    def show(decoder_block):
        return decoder_block(DECODER, TARGET, SOURCE, causal_mask(4))[2][0, 0]


@entry(
    "positions-along-the-batch",
    family="positions",
    title="Shuffled words change nothing, or an answer depends on its row in the batch",
    sights=("batch", "short"),
    shown="add_positions",
    rows=PLACES[:3],
    columns=NUMBERS[:2],
    others=("wavelength-of-each-number", "norm-over-time"),
    seen=(
        "cmu-l3/anlp-fall2025-code#1",
        "songyangco/GETNext#2",
        "KasperGroesLudvigsen/influenza_transformer#9",
    ),
    note="The last of these met it as a crash. It stands in both versions of Neuromatch's W2D5; in "
    "one of them the number of classes is read off the size of the batch, too.",
    pytorch="x + self.pe[: x.size(0)]  # batch first: x + self.pe[:, : x.size(1)]",
)
class _PositionsAlongTheBatch:
    def right(params, x, name):
        return x + params["table"][: x.shape[1]]  # (n, width)

    def wrong(params, x, name):
        return x + params["table"][: x.shape[0], None]  # (batch, 1, width)

    def check(add_positions):
        params = {"table": np.arange(18.0).reshape(9, 2)}
        return checks.batch_items_independent(
            lambda x: add_positions(params, x, "learned"), np.ones((3, 4, 2))
        )

    def show(add_positions):
        return add_positions(TABLE, np.zeros((2, 3, 2)), "learned")[1]


@entry(
    "wavelength-of-each-number",
    family="positions",
    title="Positions copied from the paper, yet distance can't be read off",
    sights=("nothing",),
    shown="sinusoidal",
    rows=PLACES,
    columns=("p1", "p2", "p3", "p4"),
    others=("positions-along-the-batch", "positions-restart"),
    seen=(
        "jadore801120/attention-is-all-you-need-pytorch#32",
        "Kyubyong/transformer#38",
        "shenweichen/DeepCTR#379",
        "SamLynnEvans/Transformer#25",
        "maxjcohen/transformer#62",
    ),
    note="These have it in several forms: an exponent that counts numbers, not pairs.",
    pytorch="10000 ** (torch.arange(width) / width)  # torch.arange(width) // 2 * 2",
)
class _WavelengthOfEachNumber:
    def right(n, width):
        number = np.arange(width)
        turns = np.arange(n)[:, None] / 10000 ** (number // 2 * 2 / width)
        return np.where(number % 2 == 0, np.sin(turns), np.cos(turns))

    def wrong(n, width):
        number = np.arange(width)
        turns = np.arange(n)[:, None] / 10000 ** (number / width)
        return np.where(number % 2 == 0, np.sin(turns), np.cos(turns))

    def check(sinusoidal):
        encodings = sinusoidal(9, 8)
        products = encodings @ encodings.T  # should depend on the distance alone
        return checks.close(products[1:, 1:], products[:-1, :-1], "a product one place later", 1e-4)

    def show(sinusoidal):
        encodings = sinusoidal(4, 8)
        return encodings @ encodings.T


@entry(
    "backward-not-turned-back",
    family="recurrence",
    title="Reading from both ends is no better than from one",
    sights=("short", "nothing"),
    shown="both_ways",
    rows=PLACES,
    columns=("forward 1", "forward 2", "backward 1", "backward 2"),
    others=("padding-read", "update-gate-turned-round"),
    seen=("d2l-ai/d2l-en#2306", "ContextScout/gcn_ner#10", "keras-team/keras PR #1001"),
    pytorch="backward, _ = rnn(x.flip(1))  # then backward.flip(1), before torch.cat",
)
class _BackwardNotTurnedBack:
    def right(cell, params, inputs, lengths):
        forward, _ = cell(params["forward"], inputs, lengths)
        backward, _ = cell(params["backward"], reverse(inputs, lengths), lengths)
        backward = reverse(backward, lengths)
        return np.concatenate([forward, backward], axis=-1)

    def wrong(cell, params, inputs, lengths):
        forward, _ = cell(params["forward"], inputs, lengths)
        backward, _ = cell(params["backward"], reverse(inputs, lengths), lengths)
        return np.concatenate([forward, backward], axis=-1)

    def check(bidirectional):
        rng = np.random.default_rng(0)
        x, params = rng.standard_normal((2, 5, 3)), init_bidirectional(init_gru, rng, 3, 4)

        def backward_half(x):  # with the last word first, so that it may know earlier places
            outputs, _ = bidirectional(gru, params, x[:, ::-1])
            return outputs[:, ::-1, 4:]

        return checks.later_changes_nothing(backward_half, x)

    def show(bidirectional):
        # One word, at place 1: the backward half of the later places should know nothing of it.
        x = np.zeros((1, 4, 1))
        x[0, 0] = 3
        return bidirectional(gru, BOTH_WAYS, x)[0][0]


@entry(
    "update-gate-turned-round",
    family="recurrence",
    title="Trains as well as ever; weights from PyTorch give nonsense",
    sights=("elsewhere", "nothing"),
    shown="gru_step",
    rows=("the state before", "the state after, gate at 1"),
    columns=NUMBERS[:3],
    others=("backward-not-turned-back", "padding-read"),
    seen=("microsoft/CNTK#3292", "pytorch/pytorch#20129", "keras-team/keras#785"),
    note="Asked about there: papers write it both ways, and either trains. It is a bug where "
    "weights come from the other side.",
    pytorch="h = z * n + (1 - z) * h  # nn.GRU: (1 - z) * n + z * h",
)
class _UpdateGateTurnedRound:
    def right(params, x, state):
        from_input = x @ params["input"] + params["input_bias"]
        from_state = state @ params["recurrent"] + params["recurrent_bias"]
        (r, u, n), (rs, us, ns) = (np.split(one, 3, -1) for one in (from_input, from_state))
        reset, update = sigmoid(r + rs), sigmoid(u + us)
        candidate = tanh(n + reset * ns)
        return (1 - update) * candidate + update * state

    def wrong(params, x, state):
        from_input = x @ params["input"] + params["input_bias"]
        from_state = state @ params["recurrent"] + params["recurrent_bias"]
        (r, u, n), (rs, us, ns) = (np.split(one, 3, -1) for one in (from_input, from_state))
        reset, update = sigmoid(r + rs), sigmoid(u + us)
        candidate = tanh(n + reset * ns)
        return update * candidate + (1 - update) * state

    def check(gru_step):
        params = init_gru(np.random.default_rng(0), 4, 3)
        keeping = {**params, "input_bias": np.array([0.0] * 3 + [50.0] * 3 + [0.0] * 3)}
        state = np.array([[1.0, -1.0, 0.5]])
        return checks.close(
            gru_step(keeping, np.ones((1, 4)), state), state, "a state that is kept"
        )

    def show(gru_step):
        keeping = {**STEP, "input_bias": np.array([0.0] * 3 + [50.0] * 3 + [0.0] * 3)}
        state = np.array([[0.9, -0.7, 0.4]])
        return np.concatenate([state, gru_step(keeping, np.ones((1, 2)), state)])


@entry(
    "softmax-before-the-loss",
    family="learning",
    title="The loss stops falling far above 0, however right the answers are",
    sights=("short",),
    shown="loss",
    rows=("logit of the right word 1", "logit 5", "logit 50"),
    columns=("loss",),
    others=("padding-counted-as-zero", "dropout-turned-round"),
    seen=(
        "ariecattan/SciCo#2",
        "bowang-lab/Transformer-GCN-QA PR #32",
        "tflearn/tflearn PR #562",
        "nishnik/Deep-Semantic-Similarity-Model-PyTorch#2",
    ),
    pytorch="nn.CrossEntropyLoss()(model(x).softmax(-1), y)  # nn.CrossEntropyLoss()(model(x), y)",
)
class _SoftmaxBeforeTheLoss:
    def right(logits, targets, where):
        return cross_entropy(logits, targets, where)

    def wrong(logits, targets, where):
        logits = softmax(logits)
        return cross_entropy(logits, targets, where)

    def check(cross_entropy):
        targets = np.array([[0, 1, 2], [2, 1, 0]])
        sure_and_right = 50 * np.eye(5)[targets]
        return checks.close(
            cross_entropy(sure_and_right, targets), 0.0, "the loss of right answers"
        )

    def show(cross_entropy):
        targets = np.array([[0]])
        return np.array([[cross_entropy(n * np.eye(5)[targets], targets)] for n in (1, 5, 50)])


@entry(
    "dropout-turned-round",
    family="learning",
    title="Dropout of 0.1 ruins training, 0.9 does nothing",
    sights=("short",),
    shown="dropout",
    rows=("share that is 0",),
    columns=("rate 0.1", "rate 0.5", "rate 0.9"),
    others=("softmax-before-the-loss", "norm-over-time"),
    note="TensorFlow 1 took the share that is kept, `keep_prob`; later versions and PyTorch take "
    "the share that is dropped. No thread was looked for.",
    pytorch="nn.Dropout(keep)  # nn.Dropout(1 - keep)\n"
    "# More often: model.eval() is forgotten, and the same input gives two answers.",
)
class _DropoutTurnedRound:
    def right(x, rate, rng):
        kept = rng.random(x.shape, dtype=np.float32) >= rate
        return x * kept / (1 - rate)

    def wrong(x, rate, rng):
        kept = rng.random(x.shape, dtype=np.float32) >= 1 - rate
        return x * kept / rate

    def check(dropout):
        dropped = dropout(np.ones((50, 60)), 0.2, np.random.default_rng(0)) == 0
        return checks.reaches(dropped.mean(), 0.15, 0.25, name="the share that is dropped")

    def show(dropout):
        ones, rng = np.ones((50, 60)), np.random.default_rng(0)
        return np.array([[(dropout(ones, rate, rng) == 0).mean() for rate in (0.1, 0.5, 0.9)]])


@entry(
    "norm-over-time",
    family="blocks",
    title="A word knows the words to come, though no attention lets it",
    sights=("nonsense", "batch"),
    shown="layer_norm",
    rows=PLACES[:3],
    columns=NUMBERS[:3],
    others=("positions-along-the-batch", "decoder-sees-the-future"),
    seen=(
        "jadore801120/attention-is-all-you-need-pytorch PR #17",
        "Qualcomm-AI-research/geometric-algebra-transformer PR #8",
    ),
    pytorch="F.layer_norm(x, x.shape[1:])  # F.layer_norm(x, x.shape[-1:])",
)
class _NormOverTime:
    def right(params, x):
        centred = x - x.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
        return centred / spread * params["scale"] + params["shift"]

    def wrong(params, x):
        centred = x - x.mean(axis=1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
        return centred / spread * params["scale"] + params["shift"]

    def check(layer_norm):
        params = {"scale": np.ones(5), "shift": np.zeros(5)}
        x = np.random.default_rng(0).standard_normal((2, 3, 5))
        return checks.later_changes_nothing(lambda x: layer_norm(params, x), x)

    def show(layer_norm):
        return layer_norm(NORM, np.array([[[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [9.0, 0.0, 0.0]]]))[0]


@entry(
    "positions-restart",
    family="cache",
    title="Without a cache the text is right; with one it repeats itself",
    sights=("nonsense",),
    shown="add_positions",
    rows=("word 3, in one pass", "word 3, alone"),
    columns=NUMBERS[:2],
    others=("cache-grown-at-the-front", "causal-one-ahead"),
    seen=("ml-explore/mlx-lm PR #93", "huggingface/transformers PR #15751"),
    pytorch="position = torch.arange(x.size(1))  # + length of the cache",
)
class _PositionsRestart:
    def right(params, x, name, start):
        n = x.shape[1]
        return x + params["table"][start : start + n]

    def wrong(params, x, name, start):
        n = x.shape[1]
        return x + params["table"][:n]

    def check(add_positions):
        params, x = {"table": np.arange(18.0).reshape(9, 2)}, np.ones((3, 4, 2))
        in_one_pass = add_positions(params, x, "learned")[:, 2:]
        later = add_positions(params, x[:, 2:], "learned", 2)
        return checks.close(later, in_one_pass, "the third word and those after it")

    def show(add_positions):
        x = np.zeros((1, 3, 2))
        in_one_pass, alone = add_positions(TABLE, x, "learned"), x[:, 2:]
        return np.stack([in_one_pass[0, 2], add_positions(TABLE, alone, "learned", 2)[0, 0]])


@entry(
    "cache-grown-at-the-front",
    family="cache",
    title="A cache that works until a mask or a distance looks at the order",
    sights=("nothing",),
    shown="grow",
    rows=("word 1", "word 2", "word 3"),
    columns=NUMBERS[:2],
    others=("positions-restart", "heads-merged-without-moving-the-axis"),
    note="No thread was found.",
    pytorch="torch.cat([new, past], dim=-2)  # torch.cat([past, new], dim=-2)",
)
class _CacheGrownAtTheFront:
    def right(params, x, cache):
        new = keys_values(params, x)
        return {name: np.concatenate([cache[name], new[name]], axis=2) for name in new}

    def wrong(params, x, cache):
        new = keys_values(params, x)
        return {name: np.concatenate([new[name], cache[name]], axis=2) for name in new}

    def check(keys_values):
        rng = np.random.default_rng(0)
        x, params = rng.standard_normal((2, 5, 8)), init_multi_head(rng, 8, 2)
        grown = keys_values(params, x[:, 3:], keys_values(params, x[:, :3]))
        return checks.close(grown["keys"], keys_values(params, x)["keys"], "the grown cache")

    def show(keys_values):
        x = np.array([[[1.0, 0, 0, 0], [0, 2, 0, 0], [0, 0, 3, 0]]])
        cache = keys_values(MULTI_HEAD, x[:, :1])
        for place in (1, 2):
            cache = keys_values(MULTI_HEAD, x[:, place : place + 1], cache)
        return cache["keys"][0, 0]
