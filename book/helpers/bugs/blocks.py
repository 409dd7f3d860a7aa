"""Bugs of what else a Transformer is made of: norms, sums, feed-forward, dropout."""

from functools import partial

import autograd.numpy as np

from helpers.attention import causal_mask, padding_mask, scaled_dot
from helpers.bugs.base import bug
from helpers.functions import dropout, feed_forward, layer_norm, linear
from helpers.start import init_decoder_block, init_encoder_block, init_linear
from helpers.transformer import decoder_block, encoder_block, rewired_block, sublayer

# ---- layer norm, feed-forward, dropout ---------------------------------------------------------


def _to_norm(rng):
    params = {"scale": rng.uniform(0.5, 2, 5), "shift": rng.standard_normal(5)}
    return params, rng.standard_normal((2, 3, 5)) + 1


def _normed(function, params, x):
    return partial(function, params), x


def _norm_over(axis, params, x, epsilon):
    centred = x - np.mean(x, axis=axis, keepdims=True)
    variance = np.mean(centred**2, axis=axis, keepdims=True)
    return centred / np.sqrt(variance + epsilon) * params["scale"] + params["shift"]


@bug(
    layer_norm,
    _to_norm,
    symptom="A position knows the whole sequence, later words too, without any attention.",
    mistake="the mean is that over the positions of a sequence; take it over the last axis.",
    chapter="11_transformer",
    caught_by="later_changes_nothing",
    handed=_normed,
)
def _norm_over_time(params, x, epsilon=1e-5):
    return _norm_over(1, params, x, epsilon)


@bug(
    layer_norm,
    _to_norm,
    symptom="An answer depends on what else is in the batch; alone, all become the same.",
    mistake="the mean is that over the batch; take it over the last axis.",
    chapter="11_transformer",
    caught_by="batch_items_independent",
    handed=_normed,
)
def _norm_over_batch(params, x, epsilon=1e-5):
    return _norm_over(0, params, x, epsilon)


@bug(
    layer_norm,
    _to_norm,
    symptom="An answer depends a little on what else is in the batch.",
    mistake="the whole array has one mean; each vector needs its own (axis=-1).",
    chapter="11_transformer",
    caught_by="batch_items_independent",
    handed=_normed,
)
def _norm_over_everything(params, x, epsilon=1e-5):
    return _norm_over(None, params, x, epsilon)


@bug(
    layer_norm,
    _to_norm,
    symptom="Vectors that spread widely come out small, and narrow ones large.",
    mistake="you divided by the variance; its root is needed.",
    chapter="11_transformer",
)
def _norm_without_the_root(params, x, epsilon=1e-5):
    centred = x - np.mean(x, axis=-1, keepdims=True)
    variance = np.mean(centred**2, axis=-1, keepdims=True)
    return centred / (variance + epsilon) * params["scale"] + params["shift"]


@bug(
    layer_norm,
    _to_norm,
    symptom="What all numbers of a vector have in common goes through.",
    mistake="the mean is not subtracted.",
    chapter="11_transformer",
)
def _norm_not_centred(params, x, epsilon=1e-5):
    variance = np.var(x, axis=-1, keepdims=True)
    return x / np.sqrt(variance + epsilon) * params["scale"] + params["shift"]


@bug(
    layer_norm,
    _to_norm,
    symptom="Nothing at the start, where scale is 1 and shift 0; two parameters never learn.",
    mistake="scale and shift are missing.",
    chapter="11_transformer",
)
def _norm_without_scale_and_shift(params, x, epsilon=1e-5):
    return layer_norm({"scale": np.ones(x.shape[-1]), "shift": np.zeros(x.shape[-1])}, x, epsilon)


@bug(
    layer_norm,
    _to_norm,
    symptom="Nothing at the start, where scale is 1 and shift 0.",
    mistake="the shift is scaled too: multiply first, then add.",
    chapter="11_transformer",
)
def _norm_shift_scaled(params, x, epsilon=1e-5):
    return layer_norm({**params, "shift": params["scale"] * params["shift"]}, x, epsilon)


@bug(
    feed_forward,
    lambda rng: (init_linear(rng, 4, 6), init_linear(rng, 6, 5), rng.standard_normal((2, 3, 4))),
    symptom="Four times the numbers, and no more than one linear map can do.",
    mistake="there is nothing between the two linear maps: together they are one.",
    chapter="11_transformer",
)
def _feed_forward_without_relu(expand, shrink, x):
    return linear(shrink, linear(expand, x))


@bug(
    dropout,
    lambda rng: (rng.standard_normal((3, 50)), 0.4, rng.spawn(1)[0]),
    symptom="Without dropout, when it is asked, the model meets larger numbers than in training.",
    mistake="what is kept must be enlarged, so that the mean stays: divide by 1 - rate.",
    chapter="11_transformer",
)
def _dropout_not_enlarged(x, rate, rng=None):
    return dropout(x, rate, rng) * (1 - rate)


@bug(
    dropout,
    lambda rng: (rng.standard_normal((3, 50)), 0.2, rng.spawn(1)[0]),
    symptom="A rate of 0.1 ruins training; one of 0.9 does nothing.",
    mistake="rate is the share that is set to 0, and you kept it.",
    chapter="11_transformer",
)
def _dropout_turned_round(x, rate, rng=None):
    return x if rate == 0 else dropout(x, 1 - rate, rng)


# ---- blocks ------------------------------------------------------------------------------------


def _part(rng):
    """Make a part of a block, its input, and its norm."""
    params = {"scale": rng.uniform(0.5, 2, 5), "shift": rng.standard_normal(5)}
    weight = rng.standard_normal((5, 5))
    return params, rng.standard_normal((2, 3, 5)), lambda y: (np.tanh(y @ weight), y)


def _part_of_the_paper(rng):
    return *_part(rng), "post"


@bug(
    sublayer,
    _part,
    symptom="The deeper the model, the less of its input gets through, and of the gradient.",
    mistake="the sum is left out: a part adds to its input.",
    chapter="11_transformer",
)
def _residual_sum_left_out(norm_params, x, part, norm="pre", residual=True, dropout=0.0, rng=None):
    return sublayer(norm_params, x, part, norm, False, dropout, rng)


@bug(
    sublayer,
    _part,
    symptom="No way leads past the norms: what a block wrote is brought to the same size again.",
    mistake="the part was added to its normed input: add it to x as it came.",
    chapter="11_transformer",
)
def _residual_from_the_norm(norm_params, x, part, norm="pre", residual=True, dropout=0.0, rng=None):
    x = layer_norm(norm_params, x) if norm == "pre" else x
    change, weights = part(x)
    return (layer_norm(norm_params, x + change) if norm == "post" else x + change), weights


@bug(
    sublayer,
    _part_of_the_paper,
    symptom="With the paper's name, it is neither the paper's order nor the usual other one.",
    mistake="the norm comes after the sum: LayerNorm(x + part(x)).",
    chapter="11_transformer",
)
def _norm_before_the_sum(norm_params, x, part, norm="pre", residual=True, dropout=0.0, rng=None):
    if norm != "post":
        return sublayer(norm_params, x, part, norm, residual, dropout, rng)
    change, weights = part(x)
    return x + layer_norm(norm_params, change), weights


def _encoder_input(rng):
    mask = padding_mask(rng.permutation([3, 4]), 5)
    return init_encoder_block(rng, 12, 3), rng.standard_normal((2, 5, 12)), mask


@bug(
    encoder_block,
    _encoder_input,
    symptom="The same sentence is read otherwise in a batch with longer ones.",
    mistake="the mask is not handed on to the attention.",
    chapter="11_transformer",
    caught_by="padding_changes_nothing",
    handed=lambda function, params, x, mask: (
        (lambda x: function(params, x, mask)[0]),
        x,
        mask[:, 0].sum(axis=-1),
    ),
)
def _encoder_mask_not_handed_on(params, x, mask=None, *, score=scaled_dot, norm="pre", **parts):
    return encoder_block(params, x, None, score=score, norm=norm, **parts)


@bug(
    encoder_block,
    _encoder_input,
    symptom="The same sentence is read otherwise in a batch with longer ones, though masks are on.",
    mistake="the mask hides queries, not keys: the axis that may not be looked at is the last one.",
    chapter="11_transformer",
    caught_by="padding_changes_nothing",
    handed=lambda function, params, x, mask: (
        (lambda x: function(params, x, mask)[0]),
        x,
        mask[:, 0].sum(axis=-1),
    ),
)
def _queries_masked_for_keys(params, x, mask=None, *, score=scaled_dot, norm="pre", **parts):
    turned = None if mask is None else np.swapaxes(mask, -1, -2)
    return encoder_block(params, x, turned, score=score, norm=norm, **parts)


def _decoder_input(rng):
    x, memory = rng.standard_normal((2, 5, 12)), rng.standard_normal((2, 7, 12))
    masks = causal_mask(5), padding_mask(rng.permutation([6, 4]), 7)
    return init_decoder_block(rng, 12, 3), x, memory, *masks


@bug(
    decoder_block,
    _decoder_input,
    symptom="Loss and accuracy in training are excellent; what it writes by itself is not.",
    mistake="the decoder sees later positions: its self-attention needs the causal mask.",
    chapter="09_attention_vs_self_attention",
    caught_by="later_changes_nothing",
    handed=lambda function, params, x, memory, *masks: (
        (lambda x: function(params, x, memory, *masks)[0]),
        x,
    ),
)
def _decoder_sees_the_future(
    params, x, memory, mask=None, memory_mask=None, *, score=scaled_dot, norm="pre", **parts
):
    return decoder_block(params, x, memory, None, memory_mask, score=score, norm=norm, **parts)


@bug(
    decoder_block,
    _decoder_input,
    symptom="The same sentence is translated otherwise in a batch with longer ones.",
    mistake="the decoder looks at the source's padding: cross-attention needs its mask.",
    chapter="11_transformer",
    caught_by="padding_changes_nothing",
    handed=lambda function, params, x, memory, mask, memory_mask: (
        (lambda memory: function(params, x, memory, mask, memory_mask)[0]),
        memory,
        memory_mask[:, 0].sum(axis=-1),
    ),
)
def _decoder_sees_source_padding(
    params, x, memory, mask=None, memory_mask=None, *, score=scaled_dot, norm="pre", **parts
):
    return decoder_block(params, x, memory, mask, None, score=score, norm=norm, **parts)


def _as_many_words(rng):
    x, memory = rng.standard_normal((2, 2, 5, 12))
    masks = causal_mask(5), padding_mask(rng.permutation([5, 4]), 5)
    return init_decoder_block(rng, 12, 3), x, memory, *masks


@bug(
    decoder_block,
    _as_many_words,
    symptom="Fluent, plausible target sentences that have nothing to do with the source.",
    mistake="cross-attention takes keys and values from the target: they come from the source.",
    chapter="09_attention_vs_self_attention",
    needs="as many words in the target as in the source, or the map has another shape",
)
def _memory_taken_from_the_target(
    params, x, memory, mask=None, memory_mask=None, *, score=scaled_dot, norm="pre", **parts
):
    wires = {"wires": "ttt ttt", "score": score, "norm": norm}
    return rewired_block(params, x, memory, mask, memory_mask, **wires, **parts)
