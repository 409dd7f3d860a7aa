"""Bugs of positions: along the wrong axis, begun anew, turned round."""

import numpy

from helpers.attention import scaled_dot
from helpers.bugs.base import bug
from helpers.positions import add_positions, alibi, alibi_slopes, rotate, sinusoidal


def _embedded(rng):
    return {"table": rng.standard_normal((9, 4))}, rng.standard_normal((2, 3, 4)), "learned"


def _table(params, n, width, name):
    """Return encodings of the first n places: zeros if positions of that name add nothing."""
    if name == "learned":
        return params["table"][:n]
    return sinusoidal(n, width) if name == "sinusoidal" else numpy.zeros((n, width))


@bug(
    add_positions,
    _embedded,
    symptom="All words of a sequence get the same vector: no order is left.",
    mistake="all words of a sequence get the place of the sequence in the batch.",
    chapter="07_self_attention",
    caught_by="batch_items_independent",
    handed=lambda function, params, x, name: ((lambda x: function(params, x, name)), x),
)
def _positions_along_the_batch(params, x, name, start=0):
    return x + _table(params, len(x), x.shape[2], name)[:, None]


@bug(
    add_positions,
    _embedded,
    symptom="All words of a sequence get the same vector: no order is left.",
    mistake="all words get place 0: the time axis of the table was lost.",
    chapter="07_self_attention",
)
def _positions_all_the_first(params, x, name, start=0):
    return x + _table(params, 1, x.shape[2], name)


@bug(
    add_positions,
    _embedded,
    symptom="Nothing, if it is trained so; learned places run out one too early.",
    mistake="the places start at 1; they should start at 0.",
    chapter="07_self_attention",
)
def _positions_from_one(params, x, name, start=0):
    return add_positions(params, x, name, start + 1)


@bug(
    add_positions,
    _embedded,
    symptom="What stands first depends on how long the batch is.",
    mistake="the places run backwards.",
    chapter="07_self_attention",
)
def _positions_backwards(params, x, name, start=0):
    return x + _table(params, start + x.shape[1], x.shape[2], name)[start:][::-1]


@bug(
    add_positions,
    _embedded,
    symptom="Every sentence of a length is the same sentence.",
    mistake="you left out the words: add the encoding to x.",
    chapter="07_self_attention",
)
def _words_left_out(params, x, name, start=0):
    return add_positions(params, 0 * x, name, start)


@bug(
    add_positions,
    lambda rng: (*_embedded(rng), 2),
    symptom="In one pass all is right; word by word, every word gets place 0.",
    mistake="the newest word is not at place 0: count those in the cache.",
    chapter="11_transformer",
)
def _positions_restart(params, x, name, start=0):
    return add_positions(params, x, name)


@bug(
    sinusoidal,
    lambda rng: (7, int(rng.integers(8, 13))),
    symptom="The product of two encodings no longer depends on their distance alone.",
    mistake="a sine and its cosine have one wavelength: the exponent counts pairs, 2i / d.",
    chapter="07_self_attention",
)
def _wavelength_of_each_number(n, width):
    turns = numpy.arange(n)[:, None] * 10000.0 ** (-numpy.arange(width) / width)
    even = numpy.arange(width) % 2 == 0
    return numpy.where(even, numpy.sin(turns), numpy.cos(turns)).astype(numpy.float32)


@bug(
    rotate,
    lambda rng: (rng.standard_normal((2, 5, 8)), 3),
    symptom="In one pass all is right; word by word, every query stands at place 0.",
    mistake="the newest query is not at place 0: turn it by its own place.",
    chapter="11_transformer",
)
def _rotation_restarts(x, start=0):
    return rotate(x)


@bug(
    alibi,
    lambda rng: (rng.standard_normal((2, 4, 3, 5)), rng.standard_normal((2, 4, 3, 5))),
    symptom="The farther away, the better seen.",
    mistake="the bias has the wrong sign: distance must lower a score.",
    chapter="07_self_attention",
)
def _distance_rewarded(queries, keys):
    return 2 * scaled_dot(queries, keys) - alibi(queries, keys)


@bug(
    alibi,
    lambda rng: (rng.standard_normal((2, 4, 3, 5)), rng.standard_normal((2, 4, 3, 5))),
    symptom="All heads look equally far.",
    mistake="all heads have the first one's slope: each forgets at a pace of its own.",
    chapter="11_transformer",
)
def _one_slope_for_all(queries, keys):
    slopes = alibi_slopes(queries.shape[-3])
    bias = alibi(queries, keys) - scaled_dot(queries, keys)
    return scaled_dot(queries, keys) + bias * (slopes[0] / slopes)[:, None, None]
