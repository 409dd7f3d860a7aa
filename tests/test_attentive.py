"""Attention inside the recurrence: gradients, masks, steps, and what wrong input is told."""

import autograd.numpy as np
import numpy
import pytest
from compare import (
    agree,
    agree_all,
    arrays_of,
    change,
    formats,
    recorded,
    same_as_recorded,
    same_derivatives,
    with_kernels,
    with_noise,
)
from hypothesis import given
from hypothesis import strategies as st

from helpers import checks
from helpers.attention import padding_mask
from helpers.functions import embedding
from helpers.seq2seq import attentive_gru, attentive_step
from helpers.start import init_attentive_gru

pytestmark = pytest.mark.usefixtures("way")

BATCH, TIME, MEMORY, WIDTH_IN, WIDTH = 3, 4, 5, 2, 6
LENGTHS = [5, 1, 3]
MASK = padding_mask(LENGTHS, MEMORY)
seeds = st.integers(0, 999)


def random_arguments(seed=0):
    """Draw parameters, inputs, memory and state in float64."""
    rng = numpy.random.default_rng(seed)
    params = with_noise(init_attentive_gru(rng, WIDTH_IN, WIDTH), seed)
    shapes = (BATCH, TIME, WIDTH_IN), (BATCH, MEMORY, WIDTH), (BATCH, WIDTH)
    return params, *(rng.standard_normal(shape) for shape in shapes)


def layer_of(mask):
    """Return the layer as a function of arrays alone."""
    return lambda params, inputs, memory, state: attentive_gru(params, inputs, memory, mask, state)


@pytest.mark.parametrize("lengths", [[MEMORY] * BATCH, LENGTHS])
def test_values_and_gradients_are_those_of_single_steps_over_the_true_memory(lengths):
    def each_sequence(params, inputs, memory, state):
        items = []
        for i, length in enumerate(lengths):
            last, steps = state[[i]], []
            for t in range(TIME):
                x, true = inputs[[i], t], memory[[i], :length]
                last, context, weights = attentive_step(params, x, true, None, last)
                padded = np.concatenate([weights, np.zeros((1, MEMORY - length))], axis=1)
                steps.append((last, context, padded))
            items.append([np.stack(parts, axis=1) for parts in zip(*steps, strict=True)] + [last])
        return [np.concatenate(parts) for parts in zip(*items, strict=True)]

    mask = None if min(lengths) == MEMORY else MASK
    same_derivatives(layer_of(mask), each_sequence, random_arguments())


def test_values_and_gradients_are_those_of_pytorch():
    record = recorded("attentive_gru")
    names = sorted(key.removeprefix("gradient_") for key in record if key.startswith("gradient_"))

    def run(*arrays):
        given = dict(zip(names, arrays, strict=True))
        maps = {
            part: {"weight": given[f"{part}_weight"], "bias": given[f"{part}_bias"]}
            for part in ("queries", "keys")
        }
        gru = {name: given[name] for name in ("input", "recurrent", "input_bias", "recurrent_bias")}
        params = {"score": maps | {"vector": given["vector"]}, "gru": gru}
        mask = padding_mask(record["lengths"], MEMORY)
        return attentive_gru(params, given["inputs"], given["memory"], mask, given["state"])[:3]

    same_as_recorded(run, record, names)


@given(seed=seeds)
def test_rows_of_weights_sum_to_one_over_the_true_memory(seed):
    arguments = random_arguments(seed)
    mask = numpy.random.default_rng(seed).random((BATCH, 1, MEMORY)) < 0.5
    outputs, contexts, weights, last = layer_of(mask)(*arguments)
    assert checks.rows_sum_to_one(weights, mask, tolerance=1e-12)
    assert checks.masked_weights_are_zero(weights, mask)
    agree(contexts, weights @ arguments[2])
    agree(last, outputs[:, -1])


def test_nothing_to_attend_to_gives_a_context_of_zeros():
    _, contexts, weights, _ = layer_of(padding_mask([5, 0, 3], MEMORY))(*random_arguments())
    assert (contexts[1] == 0).all()
    assert (weights[1] == 0).all()


@given(data=st.data(), seed=seeds)
def test_order_of_the_memory_is_forgotten(data, seed):
    params, inputs, memory, state = random_arguments(seed)
    order = data.draw(st.permutations(range(MEMORY)))
    run = layer_of(None)
    outputs = run(params, inputs, memory, state)[0]
    agree(run(params, inputs, memory[:, order], state)[0], outputs)


@given(seed=seeds)
def test_items_of_a_batch_are_independent_and_padded_memory_changes_nothing(seed):
    params, inputs, memory, state = random_arguments(seed)
    outputs = layer_of(MASK)(params, inputs, memory, state)[0]
    for i, length in enumerate(LENGTHS):
        alone = layer_of(None)(params, inputs[[i]], memory[[i], :length], state[[i]])
        agree(alone[0][0], outputs[i])


def test_one_step_at_a_time_gives_what_one_pass_gives():
    params, inputs, memory, state = random_arguments()
    whole = layer_of(MASK)(params, inputs, memory, state)
    for t in range(TIME):
        single = attentive_step(params, inputs[:, t], memory, MASK, state)
        agree_all(single, [array[:, t] for array in whole[:3]])
        state = layer_of(MASK)(params, inputs[:, [t]], memory, state)[3]
        agree(state, single[0])


def test_tokens_with_a_table_are_their_embeddings():
    params, _, memory, state = random_arguments()
    tokens = numpy.array([[3, 0, 1, 1], [2, 2, 0, 3], [1, 1, 1, 0]])
    same_derivatives(
        lambda table, params: attentive_gru(params, tokens, memory, MASK, state, table),
        lambda table, params: attentive_gru(params, embedding(table, tokens), memory, MASK, state),
        [numpy.random.default_rng(0).standard_normal((4, WIDTH_IN)), params],
    )


def test_state_begins_at_zero_and_an_empty_batch_gives_nothing():
    params, inputs, memory, state = random_arguments()
    agree_all(
        attentive_gru(params, inputs, memory), layer_of(None)(params, inputs, memory, 0 * state), 0
    )
    results = layer_of(MASK[:0])(params, inputs[:0], memory[:0], state[:0])
    shapes = [(0, TIME, WIDTH), (0, TIME, WIDTH), (0, TIME, MEMORY), (0, WIDTH)]
    assert [array.shape for array in results] == shapes


def test_whole_numbers_are_taken_as_real_ones():
    params, *arrays = random_arguments()
    whole = [numpy.round(2 * array).astype(int) for array in arrays]
    agree_all(layer_of(MASK)(params, *whole), layer_of(MASK)(params, *(x * 1.0 for x in whole)), 0)


@pytest.mark.parametrize("mask", [None, MASK])
def test_float32_stays_float32_in_values_and_in_every_gradient(mask):
    arguments = change(random_arguments(), numpy.float32)
    found = arrays_of(layer_of(mask)(*arguments))[0]
    assert {array.dtype for array in found} == {numpy.dtype("float32")}
    if with_kernels():
        assert formats(layer_of(mask), arguments) == {"float32"}


ARGUMENTS = random_arguments()


@pytest.mark.parametrize(
    ("place", "array", "words"),
    [
        (1, numpy.ones((BATCH, TIME, 3)), ["inputs", "(3, 4, 3)", "(batch, time, 2)"]),
        (2, numpy.ones((BATCH, MEMORY, 5)), ["memory", "(3, 5, 5)", "(3, n_memory, 6)"]),
        (2, numpy.ones((2, MEMORY, WIDTH)), ["memory", "(2, 5, 6)", "(3, n_memory, 6)"]),
        (2, numpy.ones((MEMORY, WIDTH)), ["memory", "(5, 6)", "(3, n_memory, 6)"]),
        (3, numpy.ones((BATCH, 5)), ["state", "(3, 5)", "(3, 6)"]),
    ],
)
def test_wrong_input_is_named_with_its_shape(place, array, words):
    arguments = list(ARGUMENTS)
    arguments[place] = array
    with pytest.raises(ValueError) as error:
        layer_of(None)(*arguments)
    assert [word for word in words if word not in str(error.value)] == []


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (numpy.ones((BATCH, 1, MEMORY)), ["mask", "boolean", "float64"]),
        (numpy.ones((BATCH, TIME, MEMORY), bool), ["mask", "(3, 4, 5)", "(3, 1, 5)"]),
        (numpy.ones((BATCH, MEMORY), bool), ["mask", "(3, 5)", "(3, 1, 5)", "mask[:, None]"]),
    ],
)
def test_a_wrong_mask_is_named(mask, words):
    params, inputs, memory, state = ARGUMENTS
    for call in (
        lambda: layer_of(mask)(*ARGUMENTS),
        lambda: attentive_step(params, inputs[:, 0], memory, mask, state),
    ):
        with pytest.raises(ValueError) as error:
            call()
        assert [word for word in words if word not in str(error.value)] == []
