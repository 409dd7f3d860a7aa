"""Random arguments of every function that a kernel computes: what `CASES` holds."""

from typing import NamedTuple

import numpy
from hypothesis import strategies as st

from helpers import attention, cost, functions, positions, recurrent, seq2seq, transformer

#: Sizes of batch, heads, n, m, width and inside; no two are alike, so that no two axes are.
sizes = st.permutations([1, 2, 3, 4, 5, 6])
seeds = st.integers(0, 999)


class Case(NamedTuple):
    """One way to call a function: how to draw what it takes, and options by name."""

    function: object
    draw: object
    options: dict

    def arguments(self, *chosen):
        """Draw what the function is called with."""
        return self.draw(Draw(*chosen))

    def run(self, function):
        """Return the function as one of arrays alone, with the options."""
        if self.function is attention.additive:  # returns a score, to be called in its turn
            return lambda params, *arrays: function(params)(*arrays)
        return lambda *arguments: function(*arguments, **self.options)


CASES = {}


def case(function, **options):
    """Remember that the function can be called with what the one below draws."""

    def remember(draw):
        module = function.__module__.removeprefix("helpers.")
        words = [f"{module}.{function.__name__}", draw.__name__]
        words += [getattr(value, "__name__", str(value)) for value in options.values()]
        CASES["-".join(words)] = Case(function, draw, options)
        return draw

    return remember


class Draw:
    """Random numbers in the sizes."""

    def __init__(self, seed, sizes, number_format=float):
        self.rng = numpy.random.default_rng(seed)
        self.number_format = number_format
        self.batch, self.heads, self.n, self.m, self.width, self.inside = sizes

    def real(self, *shape):
        """Draw normal numbers, which in every second array lie in memory the other way round."""
        array = self.rng.standard_normal(shape).astype(self.number_format)
        return array if self.rng.random() < 0.5 else numpy.asfortranarray(array)

    def one_of(self, *choices):
        """Choose."""
        return choices[self.rng.integers(len(choices))]

    def maybe(self, value):
        """Leave the value out, or not."""
        return self.one_of(None, value)

    def mask(self, *shape):
        """Draw no mask, or one that broadcasts to the shape; many have rows that allow nothing."""
        kept = [n if self.rng.random() < 0.7 else 1 for n in shape]
        return self.one_of(None, *(self.rng.random(kept) < share for share in (0.1, 0.5, 0.9)))

    def not_more_than_keys(self):
        """Choose how many queries there are where positions count."""
        return self.rng.integers(min(1, self.m), self.m + 1)

    def lengths(self):
        """Draw true lengths, or leave them out."""
        return self.one_of(None, *self.rng.integers(0, self.n + 1, (3, self.batch)))

    def tokens(self, below, *shape):
        """Draw rows of a table."""
        return self.rng.integers(0, below, shape)

    def sequence(self, n):
        """Draw a batch of vectors."""
        return self.real(self.batch, n, self.width)

    def linear(self, width_in, width_out):
        """Draw a linear map."""
        return {"weight": self.real(width_in, width_out), "bias": self.real(width_out)}

    def norm(self):
        """Draw the parameters of a layer norm."""
        return {"scale": self.real(self.width), "shift": self.real(self.width)}

    def cell(self, gates, width_in):
        """Draw the parameters of a recurrent layer."""
        width = self.width
        return {
            "input": self.real(width_in, gates * width),
            "recurrent": self.real(width, gates * width),
            "input_bias": self.real(gates * width),
            "recurrent_bias": self.real(gates * width),
        }

    def multi_head(self):
        """Draw the projections of all heads."""
        names, width_head = ("queries", "keys", "values"), 2 * self.inside
        params = {name: self.real(self.heads, self.width, width_head) for name in names}
        return params | {"output": self.real(self.heads, width_head, self.width)}

    def additive(self):
        """Draw the parameters of an additive score."""
        maps = {name: self.linear(self.width, self.inside) for name in ("queries", "keys")}
        return maps | {"vector": self.real(self.inside)}

    def block(self, *attentions):
        """Draw the parameters of a block of a Transformer."""
        params = {name: self.multi_head() for name in attentions}
        params |= {f"{name}_norm": self.norm() for name in (*attentions, "feed_forward")}
        maps = {"expand": self.linear(self.width, self.inside)}
        return params | maps | {"shrink": self.linear(self.inside, self.width)}

    def looking(self, n=None, width_values=None):
        """Draw queries, keys, perhaps values, and the shape of their scores.

        The axes in front broadcast together; the width is even, as rotary positions need it.
        """
        both, n = (self.batch, self.heads), self.n if n is None else n
        fronts = [self.one_of(both, (self.heads,), (self.batch, 1), ()) for _ in range(3)]
        ends = (n, 2 * self.width), (self.m, 2 * self.width), (self.m, width_values)
        count = 3 if width_values else 2
        arrays = [self.real(*a, *b) for a, b in list(zip(fronts, ends, strict=True))[:count]]
        return arrays, (*numpy.broadcast_shapes(*fronts[:count]), n, self.m)


# ---- functions -------------------------------------------------------------------------------


@case(functions.softmax)
def scores(draw):
    x = 9 * draw.real(draw.batch, draw.n, draw.width)
    return x, draw.one_of(0, 1, -1), draw.mask(*x.shape)


@case(functions.log_softmax)
@case(functions.tanh)
@case(functions.sigmoid)
@case(functions.relu)
@case(recurrent.reverse)
def numbers(draw):
    return (draw.sequence(draw.n),)


@case(functions.linear)
def any_vectors(draw):
    front = draw.one_of((), (draw.n,), (draw.batch, draw.n), (draw.batch, draw.heads, draw.n))
    return draw.linear(draw.width, draw.inside), draw.real(*front, draw.width)


@case(functions.embedding)
def tokens(draw):
    return draw.real(draw.m, draw.width), draw.tokens(draw.m, draw.batch, draw.n)


@case(functions.cross_entropy)
@case(functions.cross_entropy, smoothing=0.1)
@case(functions.cross_entropy, smoothing=1.0)
def logits(draw):
    places = draw.batch, draw.n
    where = draw.one_of(None, *(draw.rng.random(places) < share for share in (0, 0.5, 1)))
    return draw.real(*places, draw.m), draw.tokens(draw.m, *places), where


@case(functions.feed_forward)
def two_maps(draw):
    maps = draw.linear(draw.width, draw.inside), draw.linear(draw.inside, draw.m)
    return *maps, draw.sequence(draw.n)


@case(functions.layer_norm)
@case(functions.layer_norm, epsilon=0.1)
def vectors(draw):
    return draw.norm(), draw.sequence(draw.n)


# ---- attention -------------------------------------------------------------------------------


@case(attention.dot)
@case(attention.scaled_dot)
def pairs(draw):
    return tuple(draw.looking()[0])


@case(positions.rotary)
def pairs_in_order(draw):
    return tuple(draw.looking(n=draw.not_more_than_keys())[0])


@case(attention.additive)
def parameters_of_a_score(draw):
    arrays = draw.real(draw.n, draw.width), draw.real(draw.batch, draw.m, draw.width)
    return draw.additive(), *arrays[:: draw.one_of(1, -1)]


@case(attention.attention_weights)
@case(attention.attention_weights, score=attention.dot)
@case(attention.attention_weights, score=positions.rotary)
def queries_keys(draw):
    arrays, shape = draw.looking(n=draw.not_more_than_keys())
    return *arrays, draw.mask(*shape)


@case(attention.attention)
@case(attention.attention, score=attention.dot)
@case(attention.attention, score=positions.rotary)
@case(cost.blocked_attention, block=2)
@case(cost.blocked_attention)
def queries_keys_values(draw):
    arrays, shape = draw.looking(draw.not_more_than_keys(), draw.inside)
    return *arrays, draw.mask(*shape)


@case(attention.seen)
def keys_and_mask(draw):
    (_, keys), shape = draw.looking()
    return keys, draw.mask(*shape)


@case(attention.multi_head_attention)
@case(attention.multi_head_attention, score=attention.dot)
@case(attention.multi_head_attention, score=positions.rotary)
def one_sequence(draw):
    x = draw.sequence(draw.n)
    return draw.multi_head(), x, x, draw.mask(draw.batch, draw.n, draw.n)


@case(attention.multi_head_attention)
def two_sequences(draw):
    sequences = draw.sequence(draw.n), draw.sequence(draw.m)
    return draw.multi_head(), *sequences, draw.mask(draw.batch, draw.n, draw.m)


@case(attention.split_heads)
def heads_of_a_sequence(draw):
    return draw.sequence(draw.n), draw.multi_head()["queries"]


@case(attention.join_heads)
def contexts(draw):
    return draw.real(draw.batch, draw.heads, draw.n, 2 * draw.inside), draw.multi_head()["output"]


# ---- layers ----------------------------------------------------------------------------------


@case(positions.rotate)
@case(positions.rotate, start=3)
def even_vectors(draw):
    return (draw.real(draw.batch, draw.n, 2 * draw.width),)


@case(recurrent.reverse)
def with_lengths(draw):
    return draw.sequence(draw.n), draw.lengths()


def layer(function, gates):
    """Cases of a recurrent layer: over vectors, and over tokens of a small or large vocabulary."""

    def read(draw, vocabulary=0):
        inputs = draw.real(draw.batch, draw.n, draw.inside)
        inputs = draw.tokens(vocabulary, draw.batch, draw.n) if vocabulary else inputs
        state = draw.real(draw.batch, draw.width)
        state = (state, draw.real(draw.batch, draw.width)) if gates == 4 else state
        table = draw.real(vocabulary, draw.inside) if vocabulary else None
        return draw.cell(gates, draw.inside), inputs, draw.lengths(), draw.maybe(state), table

    @case(function)
    def inputs(draw):
        return read(draw)

    @case(function)
    def few_tokens(draw):
        return read(draw, 2)

    @case(function)
    def many_tokens(draw):
        return read(draw, 20)


layer(recurrent.rnn, 1)
layer(recurrent.gru, 3)
layer(recurrent.lstm, 4)


def attending(draw, vocabulary=0):
    inputs = draw.real(draw.batch, draw.n, draw.inside)
    inputs = draw.tokens(vocabulary, draw.batch, draw.n) if vocabulary else inputs
    table = draw.real(vocabulary, draw.inside) if vocabulary else None
    params = {"score": draw.additive(), "gru": draw.cell(3, draw.inside + draw.width)}
    state = draw.maybe(draw.real(draw.batch, draw.width))
    mask = draw.mask(draw.batch, 1, draw.m)
    return params, inputs, draw.sequence(draw.m), mask, state, table


@case(seq2seq.attentive_gru)
def inputs_and_memory(draw):
    return attending(draw)


@case(seq2seq.attentive_gru)
def tokens_and_memory(draw):
    return attending(draw, draw.one_of(2, 20))


@case(transformer.encoder_block)
@case(transformer.encoder_block, score=attention.dot)
@case(transformer.encoder_block, score=positions.rotary)
def block(draw):
    return draw.block("attention"), draw.sequence(draw.n), draw.mask(draw.batch, draw.n, draw.n)


@case(transformer.decoder_block)
@case(transformer.decoder_block, score=positions.rotary)
def block_and_memory(draw):
    masks = draw.mask(draw.batch, draw.n, draw.n), draw.mask(draw.batch, draw.n, draw.m)
    return draw.block("attention", "cross"), draw.sequence(draw.n), draw.sequence(draw.m), *masks
