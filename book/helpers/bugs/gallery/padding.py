"""Entries of the gallery: padded batches."""

import numpy as np

from helpers import checks
from helpers.attention import causal_mask, padding_mask
from helpers.bugs.gallery.base import entry
from helpers.functions import log_softmax
from helpers.recurrent import gru
from helpers.start import init_decoder_block, init_encoder_block, init_gru
from helpers.transformer import decoder_block, encoder_block

RNG = np.random.default_rng(7)
ENCODER, DECODER = init_encoder_block(RNG, 8, 2), init_decoder_block(RNG, 8, 2)
X, MEMORY = RNG.standard_normal((1, 3, 8)), RNG.standard_normal((1, 5, 8))
STATES, LENGTHS = RNG.standard_normal((2, 6, 3)).round(1), np.array([6, 2])
STATES = STATES * (np.arange(6) < LENGTHS[:, None])[..., None]
GRU = init_gru(RNG, 3, 4)
FIVE = {"rows": ("word 1", "word 2", "word 3", "(pad)", "(pad)")}
FIVE |= {"columns": ("w1", "w2", "w3", "pad", "pad"), "is_map": True}
SENTENCES = ("6 words of 6", "2 words of 6")
ALONE = ("alone", "with 2 more padded places", "with 4 more")


@entry(
    "queries-masked-for-keys",
    family="padding",
    title="Masks are on, and padding is looked at all the same",
    sights=("batch", "map"),
    shown="read",
    **FIVE,
    others=("decoder-sees-source-padding", "mask-turned-round"),
    seen=("hyunwoongko/transformer PR #40",),
    pytorch="mask = is_word[:, None, :, None]  # is_word[:, None, None, :], the axis of the keys",
)
class _QueriesMaskedForKeys:
    def right(params, x, mask):
        # mask: (batch, 1, n), so its last axis is that of the keys
        return encoder_block(params, x, mask)

    def wrong(params, x, mask):
        mask = np.swapaxes(mask, -1, -2)  # (batch, n, 1)
        return encoder_block(params, x, mask)

    def check(encoder_block):
        rng, lengths = np.random.default_rng(0), np.array([5, 3])
        x, params = rng.standard_normal((2, 5, 8)), init_encoder_block(rng, 8, 2)
        mask = padding_mask(lengths, 5)
        return checks.padding_changes_nothing(
            lambda x: encoder_block(params, x, mask)[0], x, lengths
        )

    def show(encoder_block):
        return encoder_block(ENCODER, MEMORY, padding_mask(np.array([3]), 5))[1][0, 0]


@entry(
    "decoder-sees-source-padding",
    family="padding",
    title="The same sentence is translated otherwise beside longer ones",
    sights=("batch", "map"),
    shown="decode",
    rows=("word 1", "word 2", "word 3"),
    columns=("w1", "w2", "w3", "pad", "pad"),
    is_map=True,
    others=("queries-masked-for-keys", "padding-read"),
    seen=("facebookresearch/fairseq#318",),
    pytorch="decoder(target, memory, tgt_mask)  # memory_key_padding_mask=is_padding",
)
class _DecoderSeesSourcePadding:
    def right(params, x, memory, mask, memory_mask):
        return decoder_block(params, x, memory, mask, memory_mask)

    def wrong(params, x, memory, mask, memory_mask):
        return decoder_block(params, x, memory, mask)

    def check(decoder_block):
        rng, lengths = np.random.default_rng(0), np.array([4, 3])
        x, memory = rng.standard_normal((2, 5, 8)), rng.standard_normal((2, 4, 8))
        masks, params = (causal_mask(5), padding_mask(lengths, 4)), init_decoder_block(rng, 8, 2)
        return checks.padding_changes_nothing(
            lambda memory: decoder_block(params, x, memory, *masks)[0], memory, lengths
        )

    def show(decoder_block):
        masks = causal_mask(3), padding_mask(np.array([3]), 5)
        return decoder_block(DECODER, X, MEMORY, *masks)[2][0, 0]


@entry(
    "mean-over-padding",
    family="padding",
    title="Short sentences get small vectors, the smaller the longer the batch",
    sights=("batch",),
    shown="mean",
    rows=SENTENCES,
    columns=("number 1", "number 2", "number 3"),
    others=("last-of-the-padded-array", "norm-over-time"),
    seen=("autoliuweijie/BERT-whitening-pytorch#13", "jsboige/CoursIA#15045"),
    note="Neuromatch's W2D5 takes the mean over 512 places, whatever the length of a review.",
    pytorch="hidden.mean(dim=1)  # (hidden * mask).sum(1) / mask.sum(1), mask (batch, n, 1)",
)
class _MeanOverPadding:
    def right(outputs, lengths, summary):
        real = np.arange(outputs.shape[1]) < lengths[:, None]
        return (outputs * real[..., None]).sum(axis=1) / lengths[:, None]

    def wrong(outputs, lengths, summary):
        return outputs.mean(axis=1)

    def check(summarise):
        outputs, lengths = np.ones((2, 5, 3)), np.array([5, 5])
        longer = np.pad(outputs, ((0, 0), (0, 2), (0, 0)))  # two places of padding more
        before, after = (summarise(one, lengths, "mean") for one in (outputs, longer))
        return checks.close(after, before, "the mean in a longer batch")

    def show(summarise):
        return summarise(STATES, LENGTHS, "mean")


@entry(
    "last-of-the-padded-array",
    family="padding",
    title="Short sentences all come out alike, as if nothing had been read",
    sights=("batch", "short"),
    shown="last",
    rows=SENTENCES,
    columns=("number 1", "number 2", "number 3"),
    others=("mean-over-padding", "padding-read"),
    seen=("keitakurita/practical-torchtext#5", "thtrieu/qclass_dl#1"),
    pytorch="output[:, -1]  # output[torch.arange(batch), lengths - 1]",
)
class _LastOfThePaddedArray:
    def right(outputs, lengths, summary):
        return outputs[np.arange(len(outputs)), lengths - 1]

    def wrong(outputs, lengths, summary):
        return outputs[:, -1]

    def check(summarise):
        outputs, lengths = np.ones((2, 5, 3)), np.array([5, 5])
        longer = np.pad(outputs, ((0, 0), (0, 2), (0, 0)))  # two places of padding more
        before, after = (summarise(one, lengths, "last") for one in (outputs, longer))
        return checks.close(after, before, "the last state in a longer batch")

    def show(summarise):
        return summarise(STATES, LENGTHS, "last")


@entry(
    "padding-read",
    family="padding",
    title="A sentence alone is right, in a batch it is not",
    sights=("batch", "short"),
    shown="read",
    rows=ALONE,
    columns=("number 1", "number 2", "number 3", "number 4"),
    others=("last-of-the-padded-array", "decoder-sees-source-padding"),
    seen=("bentrevett/pytorch-sentiment-analysis#86",),
    note="Asked about there, not made.",
    pytorch="gru(embedded)  # gru(pack_padded_sequence(embedded, lengths, batch_first=True,\n"
    "      #     enforce_sorted=False))",
)
class _PaddingRead:
    def right(params, inputs, lengths):
        return gru(params, inputs, lengths)

    def wrong(params, inputs, lengths):
        return gru(params, inputs)

    def check(gru):
        rng, lengths = np.random.default_rng(0), np.array([5, 3])
        x, params = rng.standard_normal((2, 5, 4)), init_gru(rng, 4, 6)
        return checks.padding_changes_nothing(lambda x: gru(params, x, lengths)[1], x, lengths)

    def show(gru):
        padded = [np.pad(STATES[1:, :2], ((0, 0), (0, more), (0, 0))) for more in (0, 2, 4)]
        return np.concatenate([gru(GRU, one, LENGTHS[1:])[1] for one in padded])


@entry(
    "padding-counted-as-zero",
    family="padding",
    title="The loss looks better than it is, and better with more padding",
    sights=("perfect", "nothing"),
    shown="loss",
    rows=ALONE,
    columns=("loss",),
    others=("softmax-before-the-loss", "mean-over-padding"),
    seen=(
        "d2l-ai/d2l-en#2076",
        "tensorflow/docs PR #1460",
        "NovaSky-AI/SkyRL PR #462",
    ),
    pytorch="(costs * mask).mean()  # (costs * mask).sum() / mask.sum()",
)
class _PaddingCountedAsZero:
    def right(logits, targets, where):
        costs = -np.take_along_axis(log_softmax(logits), targets[..., None], -1)[..., 0]
        return (costs * where).sum() / where.sum()

    def wrong(logits, targets, where):
        costs = -np.take_along_axis(log_softmax(logits), targets[..., None], -1)[..., 0]
        return (costs * where).mean()

    def check(cross_entropy):
        logits, targets = np.ones((2, 3, 5)), np.zeros((2, 3), dtype=int)
        longer = np.pad(logits, ((0, 0), (0, 2), (0, 0))), np.pad(targets, ((0, 0), (0, 2)))
        where = np.arange(5) < np.array([[3], [3]])  # the two places more are padding
        before = cross_entropy(logits, targets, where[:, :3])
        return checks.close(cross_entropy(*longer, where), before, "the loss in a longer batch")

    def show(cross_entropy):
        logits, found = STATES[1:, :2], []
        for more in (0, 2, 4):
            longer = np.pad(logits, ((0, 0), (0, more), (0, 0)))
            targets = np.zeros((1, 2 + more), dtype=int)
            found.append([cross_entropy(longer, targets, np.arange(2 + more)[None] < 2)])
        return np.array(found)
