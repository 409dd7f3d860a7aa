"""Attention inside the recurrence: gradients, masks, steps, and what wrong input is told."""

import autograd.numpy as np
import numpy
import plain
import pytest
from compare import agree, formats, recorded, same_as_recorded, same_derivatives
from helpers.attentive import attentive_gru, init_attentive_gru
from hypothesis import given
from hypothesis import strategies as st
from test_transformer import arrays_of

from helpers import checks
from helpers.functions import embedding

BATCH, TIME, MEMORY, WIDTH_IN, WIDTH = 3, 4, 5, 2, 6
LENGTHS = [5, 1, 3]
seeds = st.integers(0, 999)


def mask_of(lengths):
    return (numpy.arange(MEMORY) < numpy.array(lengths)[:, None])[:, None]


def random_arrays(seed=0):
    """Draw inputs, memory, state and all weights in float64, and say how to name the weights."""
    rng = numpy.random.default_rng(seed)
    shapes = (BATCH, TIME, WIDTH_IN), (BATCH, MEMORY, WIDTH), (BATCH, WIDTH)
    weights, build = arrays_of(init_attentive_gru(rng, WIDTH_IN, WIDTH))
    weights = [weight + 0.3 * rng.standard_normal(weight.shape) for weight in weights]
    return [*(rng.standard_normal(shape) for shape in shapes), *weights], build


def layer_of(build, mask):
    """Return the layer as a function of arrays alone."""

    def run(inputs, memory, state, *weights):
        return attentive_gru(build(list(weights)), inputs, memory, mask, state)

    return run


def plain_layer_of(build, lengths):
    """Each sequence alone, over its true memory only."""

    def run(inputs, memory, state, *weights):
        params, items = build(list(weights)), []
        for xs, keys, hidden, length in zip(inputs, memory, state, lengths, strict=True):
            hiddens, contexts, maps = [], [], []
            for x in xs:
                hidden, context, map_ = plain.attentive_gru_step(
                    params, x, list(keys[:length]), hidden
                )
                hiddens.append(hidden)
                contexts.append(context)
                maps.append(np.concatenate([map_, np.zeros(MEMORY - length)]))
            items.append([np.array(hiddens), np.array(contexts), np.array(maps), hidden])
        return [np.array([item[i] for item in items]) for i in range(4)]

    return run


@pytest.mark.parametrize("lengths", [[MEMORY] * BATCH, LENGTHS])
def test_values_and_gradients_are_those_of_single_steps(lengths):
    arrays, build = random_arrays()
    mask = None if min(lengths) == MEMORY else mask_of(lengths)
    same_derivatives(layer_of(build, mask), plain_layer_of(build, lengths), arrays)


@pytest.mark.parametrize("place", range(4))
def test_each_output_may_be_used_alone(place):
    arrays, build = random_arrays()
    layer, single = layer_of(build, mask_of(LENGTHS)), plain_layer_of(build, LENGTHS)
    same_derivatives(lambda *x: layer(*x)[place], lambda *x: single(*x)[place], arrays)


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
        mask = mask_of(record["lengths"])
        return attentive_gru(params, given["inputs"], given["memory"], mask, given["state"])[:3]

    same_as_recorded(run, record, names)


@given(seed=seeds)
def test_rows_of_weights_sum_to_one_over_the_true_memory(seed):
    arrays, build = random_arrays(seed)
    mask = numpy.random.default_rng(seed).random((BATCH, 1, MEMORY)) < 0.5
    outputs, contexts, weights, last = layer_of(build, mask)(*arrays)
    assert checks.rows_sum_to_one(weights, mask, tolerance=1e-12)
    assert checks.masked_weights_are_zero(weights, mask)
    agree(contexts, weights @ arrays[1])
    agree(last, outputs[:, -1])


def test_nothing_to_attend_to_gives_a_context_of_zeros():
    arrays, build = random_arrays()
    _, contexts, weights, _ = layer_of(build, mask_of([5, 0, 3]))(*arrays)
    assert (contexts[1] == 0).all()
    assert (weights[1] == 0).all()


@given(data=st.data(), seed=seeds)
def test_order_of_the_memory_is_forgotten(data, seed):
    (inputs, memory, *rest), build = random_arrays(seed)
    order = data.draw(st.permutations(range(MEMORY)))
    run = layer_of(build, None)
    agree(run(inputs, memory[:, order], *rest)[0], run(inputs, memory, *rest)[0])


@given(seed=seeds)
def test_items_of_a_batch_are_independent_and_padded_memory_changes_nothing(seed):
    (inputs, memory, state, *weights), build = random_arrays(seed)
    outputs = layer_of(build, mask_of(LENGTHS))(inputs, memory, state, *weights)[0]
    for i, length in enumerate(LENGTHS):
        alone = inputs[[i]], memory[[i], :length], state[[i]]
        agree(layer_of(build, None)(*alone, *weights)[0][0], outputs[i])


def test_one_step_at_a_time_gives_what_one_pass_gives():
    (inputs, memory, state, *weights), build = random_arrays()
    run = layer_of(build, mask_of(LENGTHS))
    outputs = run(inputs, memory, state, *weights)[0]
    for t in range(TIME):
        state = run(inputs[:, [t]], memory, state, *weights)[3]
        agree(state, outputs[:, t])


def test_tokens_with_a_table_are_their_embeddings():
    (_, memory, state, *weights), build = random_arrays()
    table = numpy.random.default_rng(0).standard_normal((4, WIDTH_IN))
    tokens = numpy.array([[3, 0, 1, 1], [2, 2, 0, 3], [1, 1, 1, 0]])
    params = build(list(weights))
    found = attentive_gru(params, tokens, memory, None, state, table)
    expected = attentive_gru(params, embedding(table, tokens), memory, None, state)
    for pair in zip(found, expected, strict=True):
        agree(*pair)


@pytest.mark.parametrize("mask", [None, mask_of(LENGTHS)])
def test_float32_stays_float32_in_values_and_in_every_gradient(mask, monkeypatch):
    arrays, build = random_arrays()
    arrays = [array.astype(numpy.float32) for array in arrays]
    seen = formats(monkeypatch, layer_of(build, mask), arrays)
    assert "_attentive_layer" in {operation for operation, _ in seen}
    assert {format for _, format in seen} == {"float32"}


ARRAYS, BUILD = random_arrays()


@pytest.mark.parametrize(
    ("place", "array", "words"),
    [
        (0, numpy.ones((BATCH, TIME, 3)), ["inputs", "(3, 4, 3)", "(batch, time, 2)"]),
        (1, numpy.ones((BATCH, MEMORY, 5)), ["memory", "(3, 5, 5)", "(3, n_memory, 6)"]),
        (1, numpy.ones((2, MEMORY, WIDTH)), ["memory", "(2, 5, 6)", "(3, n_memory, 6)"]),
        (1, numpy.ones((MEMORY, WIDTH)), ["memory", "(5, 6)", "(3, n_memory, 6)"]),
        (2, numpy.ones((BATCH, 5)), ["state", "(3, 5)", "(3, 6)"]),
    ],
)
def test_wrong_input_is_named_with_its_shape(place, array, words):
    arrays = list(ARRAYS)
    arrays[place] = array
    with pytest.raises(ValueError) as error:
        layer_of(BUILD, None)(*arrays)
    assert [word for word in words if word not in str(error.value)] == []


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (numpy.ones((BATCH, 1, MEMORY)), ["mask", "boolean", "float64"]),
        (numpy.ones((BATCH, TIME, MEMORY), bool), ["mask", "(3, 4, 5)", "(3, 1, 5)"]),
    ],
)
def test_a_wrong_mask_is_named(mask, words):
    with pytest.raises(ValueError) as error:
        layer_of(BUILD, mask)(*ARRAYS)
    assert [word for word in words if word not in str(error.value)] == []
