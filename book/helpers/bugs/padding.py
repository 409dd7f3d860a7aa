"""Bugs of padded batches: in reading, in summaries, in the loss."""

import autograd.numpy as np
import numpy

from helpers.attention import padding_mask
from helpers.bugs.base import bug, or_everything
from helpers.functions import cross_entropy, log_softmax, softmax
from helpers.recurrent import bidirectional, gru, gru_step, reverse
from helpers.seq2seq import attentive_step, summarise
from helpers.start import init_attentive_gru, init_bidirectional, init_gru

# ---- padded batches ----------------------------------------------------------------------------


def _padded(rng):
    return init_gru(rng, 4, 6), rng.standard_normal((2, 5, 4)), rng.permutation([3, 4])


@bug(
    gru,
    _padded,
    symptom="The summary of a short sentence depends on how long the others of its batch are.",
    mistake="the network runs on over the padding: each sequence ends at its own length.",
    chapter="02_recurrence",
    caught_by="padding_changes_nothing",
    handed=lambda function, params, x, lengths: (
        (lambda x: function(params, x, lengths)[1]),
        x,
        lengths,
    ),
)
def _padding_read(params, inputs, lengths=None, state=None, table=None):
    return gru(params, inputs, None, state, table)


def _padded_states(rng):
    return rng.standard_normal((2, 5, 3)), rng.permutation([3, 4])


@bug(
    reverse,
    _padded_states,
    symptom="The encoder begins with padding, the more of it the shorter the sequence.",
    mistake="the padding now stands first; it must stay at the end.",
    chapter="03_bottleneck",
    caught_by="padding_changes_nothing",
    handed=lambda function, x, lengths: ((lambda x: function(x, lengths)), x, lengths),
)
def _padding_turned_to_the_front(inputs, lengths=None):
    return inputs[:, ::-1]


@bug(
    reverse,
    _padded_states,
    symptom="Each source goes with another one's target: training stops at guessing.",
    mistake="you turned the batch round, not the sequences.",
    chapter="03_bottleneck",
)
def _batch_turned_round(inputs, lengths=None):
    return inputs[::-1]


@bug(
    bidirectional,
    lambda rng: (
        gru,
        init_bidirectional(init_gru, rng, 4, 6),
        rng.standard_normal((2, 5, 4)),
        rng.permutation([3, 4]),
    ),
    symptom="Place 0 knows both ends of the sentence, and the middle knows itself twice.",
    mistake="what the backward layer says was not turned back: it begins with the last word.",
    chapter="06_alignment",
)
def _backward_not_turned_back(cell, params, inputs, lengths=None):
    forward, last_forward = cell(params["forward"], inputs, lengths)
    backward, last_backward = cell(params["backward"], reverse(inputs, lengths), lengths)
    return np.concatenate([forward, backward], axis=-1), (last_forward, last_backward)


def _to_summarise(summary):
    def example(rng):
        states, lengths = _padded_states(rng)
        return states * (numpy.arange(5) < lengths[:, None])[..., None], lengths, summary

    return example


@bug(
    summarise,
    _to_summarise("mean"),
    symptom="The shorter a sentence beside the longest of its batch, the smaller its summary.",
    mistake="you divided by the padded length: count the true places of each sequence.",
    chapter="03_bottleneck",
)
def _mean_over_padding(outputs, lengths, summary):
    return np.mean(outputs, axis=1) if summary == "mean" else summarise(outputs, lengths, summary)


@bug(
    summarise,
    _to_summarise("mean"),
    symptom="The longer a sentence, the larger its summary.",
    mistake="that is the sum of the states; divide by how many there are.",
    chapter="03_bottleneck",
)
def _sum_for_mean(outputs, lengths, summary):
    mean = summarise(outputs, lengths, summary)
    return mean * lengths[:, None] if summary == "mean" else mean


@bug(
    summarise,
    _to_summarise("last"),
    symptom="Short sentences have a summary of zeros.",
    mistake="that is the padded end of the array: each sequence ends at its own length.",
    chapter="02_recurrence",
)
def _last_of_the_padded_array(outputs, lengths, summary):
    return outputs[:, -1] if summary == "last" else summarise(outputs, lengths, summary)


@bug(
    summarise,
    _to_summarise("last"),
    symptom="The last word of every sentence is unknown to the decoder.",
    mistake="these states stand one place too early: a sequence of length n ends at place n - 1.",
    chapter="02_recurrence",
)
def _last_but_one(outputs, lengths, summary):
    return summarise(outputs, lengths - 1 if summary == "last" else lengths, summary)


def _memory(rng):
    params = init_attentive_gru(rng, 3, 4)
    params["score"]["vector"] = rng.standard_normal(4)  # it starts with zeros: all keys alike
    shapes = (2, 3), (2, 5, 4), (2, 4)
    x, memory, state = (rng.standard_normal(shape) for shape in shapes)
    return params, x, memory, padding_mask(rng.permutation([3, 4]), 5), state


@bug(
    attentive_step,
    _memory,
    symptom="Every word looks at all of the source alike, whatever stands there.",
    mistake="the scores never look at the memory: its states are the keys.",
    chapter="06_alignment",
)
def _memory_never_looked_at(params, x, memory, mask, state):
    blind = {**params["score"], "keys": {k: 0 * v for k, v in params["score"]["keys"].items()}}
    return attentive_step({**params, "score": blind}, x, memory, mask, state)


@bug(
    attentive_step,
    _memory,
    symptom="Attention comes too late for the word that asked: it enters at the next one.",
    mistake="the context does not enter the step: lay it beside the input.",
    chapter="06_alignment",
)
def _context_left_out_of_the_step(params, x, memory, mask, state):
    _, context, weights = attentive_step(params, x, memory, mask, state)
    beside = np.concatenate([x, 0 * context], axis=-1)
    return gru_step(params["gru"], beside, state), context, weights


# ---- loss --------------------------------------------------------------------------------------


def _predictions(rng):
    """Logits and targets of two sequences, of four and of two words."""
    where = numpy.arange(4) < rng.permutation([4, 2])[:, None]
    return rng.standard_normal((2, 4, 5)), rng.integers(0, 5, (2, 4)), where


def _padded_logits(function, logits, targets, where):
    return (lambda x: function(x, targets, where)), logits, where.sum(axis=1)


def _costs(logits, targets, smoothing):
    """Cost of each place."""
    log_probabilities = log_softmax(logits)
    right = np.sum(numpy.eye(logits.shape[-1])[targets] * log_probabilities, axis=-1)
    return -(1 - smoothing) * right - smoothing * np.mean(log_probabilities, axis=-1)


@bug(
    cross_entropy,
    _predictions,
    symptom="The loss looks better than it is: the more padding, the smaller.",
    mistake="padding is still counted: nearly free places make the mean small.",
    chapter="02_recurrence",
    caught_by="padding_changes_nothing",
    handed=_padded_logits,
)
def _padding_counted(logits, targets, where=None, smoothing=0.0):
    return np.mean(_costs(logits, targets, smoothing))


@bug(
    cross_entropy,
    _predictions,
    symptom="The loss looks better than it is: the more padding, the smaller.",
    mistake="the padded places are 0 now, but they are still counted in the number of places: "
    "divide by the number of real ones.",
    chapter="02_recurrence",
)
def _padding_counted_as_zero(logits, targets, where=None, smoothing=0.0):
    return np.mean(_costs(logits, targets, smoothing) * or_everything(where))


@bug(
    cross_entropy,
    _predictions,
    symptom="The loss falls to 0 at once, and the model says nothing but padding.",
    mistake="the mask is turned round: you averaged over the padding alone.",
    chapter="02_recurrence",
    caught_by="padding_changes_nothing",
    handed=_padded_logits,
)
def _padding_alone_counted(logits, targets, where=None, smoothing=0.0):
    return cross_entropy(logits, targets, None if where is None else ~where, smoothing)


@bug(
    cross_entropy,
    _predictions,
    symptom="The loss depends on the size of the batch, and so does the step.",
    mistake="that is the sum over the real places; divide by how many there are.",
    chapter="02_recurrence",
)
def _sum_for_loss(logits, targets, where=None, smoothing=0.0):
    return np.sum(_costs(logits, targets, smoothing) * or_everything(where))


@bug(
    cross_entropy,
    _predictions,
    symptom="A word of a short sentence counts more than one of a long sentence.",
    mistake="you averaged each sequence first: a short one then weighs as much as a long one. "
    "Here every word counts alike.",
    chapter="02_recurrence",
)
def _mean_of_means(logits, targets, where=None, smoothing=0.0):
    where = numpy.ones(targets.shape, bool) if where is None else where
    costs = np.sum(_costs(logits, targets, smoothing) * where, axis=-1)
    return np.mean(costs / numpy.maximum(where.sum(axis=-1), 1))


@bug(
    cross_entropy,
    _predictions,
    symptom="The loss stops falling far above 0, however right the answers are.",
    mistake="the loss takes the softmax itself, so it was taken twice: hand it the logits.",
    chapter="02_recurrence",
)
def _softmax_before_the_loss(logits, targets, where=None, smoothing=0.0):
    return cross_entropy(softmax(logits), targets, where, smoothing)
