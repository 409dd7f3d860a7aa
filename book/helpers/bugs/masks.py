"""Bugs of masks: turned round, off by one, forgotten."""

import numpy

from helpers.attention import attention, causal_mask, local_mask, padding_mask
from helpers.bugs.base import bug


def _itself(mask, x):
    """Self-attention: what a mask is for."""
    return attention(x, x, x, mask)


def _four_places(rng):
    return (4,)


def _see_the_future(function, n):
    x = numpy.random.default_rng(0).standard_normal((2, n, 3))
    return (lambda x: _itself(function(n), x)), x


def _lengths(rng):
    return rng.permutation([3, 4]), 5


def _see_padding(function, lengths, n):
    x = numpy.random.default_rng(0).standard_normal((len(lengths), n, 3))
    return (lambda x: _itself(function(lengths, n), x)), x, lengths


_ahead = {"caught_by": "later_changes_nothing", "handed": _see_the_future}
_beyond = {"caught_by": "padding_changes_nothing", "handed": _see_padding}


@bug(
    causal_mask,
    _four_places,
    symptom="The loss falls to nearly 0; the model can say nothing by itself.",
    mistake="the mask is off by one: position i may attend to 0 … i, and sees i + 1.",
    chapter="11_transformer",
    **_ahead,
)
def _causal_one_ahead(n):
    return numpy.tril(numpy.ones((n, n), dtype=bool), 1)


@bug(
    causal_mask,
    _four_places,
    symptom="The first position sees nothing, and no position sees its own word.",
    mistake="a position may look at itself: the diagonal is missing.",
    chapter="11_transformer",
)
def _causal_without_diagonal(n):
    return numpy.tril(numpy.ones((n, n), dtype=bool), -1)


@bug(
    causal_mask,
    _four_places,
    symptom="The model sees the future alone; training on it looks suspiciously perfect.",
    mistake="the causal part is turned round: this one sees the future alone, and training on it "
    "looks suspiciously perfect.",
    chapter="11_transformer",
    **_ahead,
)
def _causal_turned_round(n):
    return ~numpy.tril(numpy.ones((n, n), dtype=bool))


@bug(
    causal_mask,
    _four_places,
    symptom="The last position sees itself alone, the first sees everything.",
    mistake="that is the mask of the later half: the triangle is upside down.",
    chapter="11_transformer",
    **_ahead,
)
def _causal_upside_down(n):
    return numpy.triu(numpy.ones((n, n), dtype=bool))


@bug(
    causal_mask,
    _four_places,
    symptom="Loss and accuracy in training are excellent; what it writes by itself is not.",
    mistake="the future is not hidden from earlier positions: the causal mask is missing.",
    chapter="11_transformer",
    **_ahead,
)
def _causal_forgotten(n):
    return numpy.ones((n, n), dtype=bool)


@bug(
    padding_mask,
    _lengths,
    symptom="Every sequence looks at nothing but its padding.",
    mistake="the mask is turned round: True means may attend.",
    chapter="05_attention",
    **_beyond,
)
def _padding_turned_round(lengths, n):
    return numpy.arange(n) >= numpy.asarray(lengths)[:, None, None]


@bug(
    padding_mask,
    _lengths,
    symptom="Every short sequence looks at one padded place.",
    mistake="the mask is off by one: the last true key stands at length - 1.",
    chapter="06_alignment",
    **_beyond,
)
def _padding_one_too_many(lengths, n):
    return numpy.arange(n) <= numpy.asarray(lengths)[:, None, None]


@bug(
    padding_mask,
    _lengths,
    symptom="The same sentence is answered otherwise in a batch with longer ones.",
    mistake="padding may be attended to: keys past the length must be False.",
    chapter="06_alignment",
    **_beyond,
)
def _padding_allowed(lengths, n):
    return numpy.ones((len(lengths), 1, n), dtype=bool)


@bug(
    local_mask,
    lambda rng: (5, 2),
    symptom="Everything later is seen, however far away.",
    mistake="the reach holds on one side alone: take the absolute distance.",
    chapter="06_alignment",
)
def _local_on_one_side(n, reach):
    places = numpy.arange(n)
    return places[:, None] - places <= reach


@bug(
    local_mask,
    lambda rng: (5, 2),
    symptom="A position does not see those that are just as far away as it may look.",
    mistake="the reach is one too short: positions at that very distance are seen.",
    chapter="06_alignment",
)
def _local_one_short(n, reach):
    places = numpy.arange(n)
    return abs(places[:, None] - places) < reach
