"""Bugs of softmax, of scores, and of attention as a whole."""

import math
from functools import partial

import autograd.numpy as np
import numpy

from helpers.attention import attention, dot, padding_mask, scaled_dot
from helpers.bugs.base import bug, or_everything
from helpers.functions import softmax

# ---- softmax -----------------------------------------------------------------------------------


def _scores(rng):
    return (rng.standard_normal((3, 5)),)


def _square_scores(rng):
    return (rng.standard_normal((4, 4)),)


def _large_scores(rng):
    return (1000 * rng.standard_normal((3, 5)),)


def _masked_scores(rng):
    """Scores of three queries; each may look at some of five keys."""
    where = rng.random((3, 5)) < 0.5
    where[:, :2] = True, False
    return rng.standard_normal((3, 5)), -1, where


def _scores_and_an_empty_row(rng):
    scores, axis, where = _masked_scores(rng)
    where[1] = False
    return scores, axis, where


def _weights(function, scores, axis=-1, where=None):
    return partial(function, scores, axis, where), where


_rows = {"caught_by": "rows_sum_to_one", "handed": _weights}
_forbidden = {"caught_by": "masked_weights_are_zero", "handed": _weights}


@bug(
    softmax,
    _scores,
    symptom="The columns sum to 1, and the rows to something else.",
    mistake="the softmax runs over the queries; each row must sum to 1.",
    chapter="05_attention",
    **_rows,
)
def _softmax_over_queries(x, axis=-1, where=None):
    return softmax(x, axis=-2, where=where)


@bug(
    softmax,
    _square_scores,
    symptom="Rows sum to something near 1, and the shape is right.",
    mistake="the sum lost its axis, so column j is divided by the sum of row j.",
    chapter="06_alignment",
    needs="as many queries as keys",
    **_rows,
)
def _softmax_without_keepdims(x, axis=-1, where=None):
    x = np.where(or_everything(where), x, -np.inf)
    highest = np.max(x, axis=axis, keepdims=True)
    exponentials = np.exp(x - np.where(highest == -np.inf, 0, highest))
    total = np.sum(exponentials, axis=axis)
    return exponentials / np.where(total == 0, 1, total)


@bug(
    softmax,
    _scores,
    symptom="Weights are small, the smaller the more queries there are.",
    mistake="all weights of the batch together sum to 1; each row should.",
    chapter="06_alignment",
    **_rows,
)
def _softmax_over_everything(x, axis=-1, where=None):
    exponentials = np.exp(x - np.max(x)) * or_everything(where)
    return exponentials / np.sum(exponentials)


@bug(
    softmax,
    _large_scores,
    symptom="It works until scores are large; then all is NaN.",
    mistake="the exponentials overflow: subtract the largest score of a row first.",
    chapter="05_attention",
    **_rows,
)
def _softmax_that_overflows(x, axis=-1, where=None):
    exponentials = np.exp(x) * or_everything(where)
    total = np.sum(exponentials, axis=axis, keepdims=True)
    return exponentials / np.where(total == 0, 1, total)


@bug(
    softmax,
    _masked_scores,
    symptom="Forbidden weights are 0, but the rows that have one sum to less than 1.",
    mistake="you masked after the softmax: the forbidden scores had already taken their share.",
    chapter="05_attention",
    **_rows,
)
def _mask_after_softmax(x, axis=-1, where=None):
    return softmax(x, axis) * or_everything(where)


@bug(
    softmax,
    _masked_scores,
    symptom="Forbidden keys get little weight where scores are high, and much where they are low.",
    mistake="the scores were multiplied by the mask: 0 is a score like any other.",
    chapter="05_attention",
    **_forbidden,
)
def _mask_times_scores(x, axis=-1, where=None):
    return softmax(x * or_everything(where), axis)


@bug(
    softmax,
    _masked_scores,
    symptom="Training goes suspiciously well: the model sees what it should predict, and no more.",
    mistake="the mask is turned round: True means may attend.",
    chapter="05_attention",
    **_forbidden,
)
def _mask_turned_round(x, axis=-1, where=None):
    return softmax(x, axis, None if where is None else ~where)


@bug(
    softmax,
    _masked_scores,
    symptom="Weights lie on padding, or on later positions.",
    mistake="the mask has no effect.",
    chapter="05_attention",
    **_forbidden,
)
def _mask_forgotten(x, axis=-1, where=None):
    return softmax(x, axis)


@bug(
    softmax,
    _scores_and_an_empty_row,
    symptom="A query that may look at nothing looks at everything alike, at padding too.",
    mistake="the forbidden row became uniform: a large negative number is still a number, and in "
    "a row of equal scores all weights are equal.",
    chapter="05_attention",
    **_rows,
)
def _empty_row_uniform(x, axis=-1, where=None):
    return softmax(np.where(or_everything(where), x, -1e9), axis)


@bug(
    softmax,
    _scores_and_an_empty_row,
    symptom="One sequence without a word, and the loss of the whole batch is NaN.",
    mistake="where nothing is allowed, the largest score is minus infinity: put 0 in its place.",
    chapter="05_attention",
    **_rows,
)
def _empty_row_nan(x, axis=-1, where=None):
    x = np.where(or_everything(where), x, -np.inf)
    exponentials = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return exponentials / np.sum(exponentials, axis=axis, keepdims=True)


# ---- scores: by what they are divided ----------------------------------------------------------


def _queries_and_keys(rng):
    return rng.standard_normal((3, 2, 4)), rng.standard_normal((3, 5, 4))


@bug(
    scaled_dot,
    _queries_and_keys,
    symptom="Scores spread as the root of the width; wide models start with hard, dead look-ups.",
    mistake="the scores are not scaled: divide by the root of the key's width.",
    chapter="05_attention",
)
def _scores_unscaled(queries, keys):
    return dot(queries, keys)


@bug(
    scaled_dot,
    _queries_and_keys,
    symptom="The wider the model, the smaller its scores: look-ups start soft, and learn slowly.",
    mistake="you divided by the width; its root is needed.",
    chapter="05_attention",
)
def _scores_without_the_root(queries, keys):
    return dot(queries, keys) / keys.shape[-1]


@bug(
    scaled_dot,
    _queries_and_keys,
    symptom="Scores are smaller the more heads there are; training makes up for it, unnoticed.",
    mistake="that is the root of the model's width; a head's own vectors have fewer numbers.",
    chapter="11_transformer",
)
def _scores_by_the_models_width(queries, keys):
    heads = queries.shape[-3]
    return dot(queries, keys) / math.sqrt(heads * keys.shape[-1])


@bug(
    scaled_dot,
    _queries_and_keys,
    symptom="The longer the sequence, the flatter the look-up.",
    mistake="you divided by the root of the number of keys; it does not enter a score.",
    chapter="05_attention",
)
def _scores_by_the_number_of_keys(queries, keys):
    return dot(queries, keys) / math.sqrt(keys.shape[-2])


@bug(
    scaled_dot,
    _queries_and_keys,
    symptom="The same word is looked up more softly in a batch of longer targets.",
    mistake="you divided by the root of the number of queries; it does not enter a score.",
    chapter="11_transformer",
)
def _scores_by_the_number_of_queries(queries, keys):
    return dot(queries, keys) / math.sqrt(queries.shape[-2])


# ---- attention ---------------------------------------------------------------------------------


def _look_up(rng):
    shapes = (2, 3, 4), (2, 5, 4), (2, 5, 6)
    return tuple(rng.standard_normal(shape) for shape in shapes)


def _masked_look_up(rng):
    """Of the five keys the second sequence has three."""
    return *_look_up(rng), padding_mask(numpy.array([5, 3]), 5)


def _keys_padded(function, queries, keys, values, mask):
    return (lambda x: function(queries, x, values, mask)), keys, mask[:, 0].sum(axis=-1)


@bug(
    attention,
    _look_up,
    symptom="A context is not among the values: it grows with the number of keys.",
    mistake="the scores are used as weights: take their softmax first.",
    chapter="06_alignment",
)
def _scores_as_weights(queries, keys, values, mask=None, score=scaled_dot):
    return np.where(or_everything(mask), score(queries, keys), 0) @ values


@bug(
    attention,
    _look_up,
    symptom="A context can be larger than any of the values, and large scores overflow.",
    mistake="the weights do not sum to 1: divide by the sum of the exponentials.",
    chapter="06_alignment",
)
def _weights_without_their_sum(queries, keys, values, mask=None, score=scaled_dot):
    return np.exp(score(queries, keys)) * or_everything(mask) @ values


@bug(
    attention,
    _look_up,
    symptom="A context is too large where several keys have high scores.",
    mistake="the weights do not sum to 1: divide them by their sum.",
    chapter="06_alignment",
)
def _weights_without_their_sum_again(queries, keys, values, mask=None, score=scaled_dot):
    scores = score(queries, keys)
    powers = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    return powers * or_everything(mask) @ values


@bug(
    attention,
    _look_up,
    symptom="All queries get the same context.",
    mistake="that is the plain mean of the values: every key got the same weight.",
    chapter="06_alignment",
)
def _weights_all_alike(queries, keys, values, mask=None, score=scaled_dot):
    return softmax(0 * score(queries, keys), where=mask) @ values


@bug(
    attention,
    _look_up,
    symptom="Maps are dark where they should be light.",
    mistake="the scores are negated: the best key must get the largest weight.",
    chapter="06_alignment",
)
def _scores_negated(queries, keys, values, mask=None, score=scaled_dot):
    return softmax(-score(queries, keys), where=mask) @ values


@bug(
    attention,
    _look_up,
    symptom="Each query's context depends on who else asks.",
    mistake="the softmax runs over the queries; each row must sum to 1.",
    chapter="07_self_attention",
)
def _attention_over_queries(queries, keys, values, mask=None, score=scaled_dot):
    return softmax(score(queries, keys), axis=-2, where=mask) @ values


@bug(
    attention,
    _look_up,
    symptom="Scores spread as the root of the width; wide models start with hard, dead look-ups.",
    mistake="the scores are not scaled: divide by the root of the key's width.",
    chapter="07_self_attention",
)
def _attention_unscaled(queries, keys, values, mask=None, score=scaled_dot):
    return softmax(dot(queries, keys), where=mask) @ values


@bug(
    attention,
    _look_up,
    symptom="The map is the same, whatever the source says: it knows places alone.",
    mistake="the keys have no say: queries must be compared with them.",
    chapter="06_alignment",
)
def _keys_never_looked_at(queries, keys, values, mask=None, score=scaled_dot):
    far = abs(numpy.arange(queries.shape[-2])[:, None] - numpy.arange(keys.shape[-2]))
    return softmax(0 * score(queries, keys) - far, where=mask) @ values


@bug(
    attention,
    _masked_look_up,
    symptom="The same sentence is answered otherwise in a batch with longer ones.",
    mistake="the mask has no effect.",
    chapter="06_alignment",
    caught_by="padding_changes_nothing",
    handed=_keys_padded,
)
def _padding_looked_at(queries, keys, values, mask=None, score=scaled_dot):
    return attention(queries, keys, values, None, score)


@bug(
    attention,
    _masked_look_up,
    symptom="The decoder reads padding alone.",
    mistake="the mask is turned round: True means may attend.",
    chapter="05_attention",
    caught_by="padding_changes_nothing",
    handed=_keys_padded,
)
def _attention_mask_turned_round(queries, keys, values, mask=None, score=scaled_dot):
    return attention(queries, keys, values, None if mask is None else ~mask, score)
