"""Measures: known values, and the same as finding out the slow way."""

import time

import numpy
import pytest
from compare import agree
from hypothesis import given
from hypothesis import strategies as st

from helpers.attention import multi_head_attention
from helpers.functions import softmax
from helpers.learning import flatten, gradient_norms
from helpers.measures import ablate_head, entropy, fastest, input_gradient, largest
from helpers.recurrent import gru, rnn
from helpers.runs import Settings, Trained, load, start
from helpers.start import init_gru, init_multi_head, init_rnn

rows = st.lists(st.floats(-20, 20), min_size=4, max_size=4)


@given(rows)
def test_entropy_lies_between_one_key_and_all_alike(scores):
    weights = softmax(numpy.array(scores))
    assert -1e-12 <= entropy(weights) <= 2 + 1e-12
    assert entropy(weights) == pytest.approx(-sum(w * numpy.log2(w) for w in weights if w > 0))


@pytest.mark.parametrize("n", [1, 2, 8])
def test_entropy_of_n_keys_alike_is_the_logarithm_of_n(n):
    weights = numpy.zeros((3, 2, 8))
    weights[..., :n] = 1 / n
    agree(entropy(weights), numpy.full((3, 2), numpy.log2(n)))
    assert not numpy.signbit(entropy(weights)).any()


@given(st.lists(rows, min_size=1, max_size=4))
def test_a_mean_map_is_at_least_as_undecided_as_its_maps(scores):
    maps = softmax(numpy.array(scores))
    assert entropy(maps.mean(axis=0)) >= entropy(maps).mean() - 1e-9


def test_the_largest_weight_and_where_it_is():
    weights = numpy.array([[[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]]])
    weight, place = largest(weights)
    assert weight.tolist() == [[0.5, 0.4]]
    assert place.tolist() == [[1, 0]]


def jacobian(layer, x, place, step=1e-6):
    """Derive one output by differences: (n, width_in, width)."""
    found = numpy.zeros((*x.shape, layer(x[None]).shape[-1]))
    for i in numpy.ndindex(x.shape):
        change = numpy.zeros(x.shape)
        change[i] = step
        found[i] = (layer((x + change)[None]) - layer((x - change)[None]))[0, place] / (2 * step)
    return found


@pytest.mark.parametrize("cell", ["rnn", "gru", "attention"])
@pytest.mark.parametrize("place", [0, 3, -1])
def test_gradient_norms_are_those_of_differences(cell, place):
    rng = numpy.random.default_rng(0)
    x = rng.standard_normal((5, 4))
    if cell == "attention":
        params = init_multi_head(rng, 4, heads=2)
    else:
        params = {"rnn": init_rnn, "gru": init_gru}[cell](rng, 4, 6)
    params = {name: value.astype(float) for name, value in params.items()}
    layer = {
        "rnn": lambda x: rnn(params, x)[0],
        "gru": lambda x: gru(params, x)[0],
        "attention": lambda x: multi_head_attention(params, x, x)[0],
    }[cell]
    found, derivatives = gradient_norms(layer, x, place), jacobian(layer, x, place)
    width = derivatives.shape[-1]
    agree(found, numpy.sqrt((derivatives**2).sum(axis=(1, 2)) / width), 1e-6)
    if cell != "attention":
        later = numpy.arange(5) > numpy.arange(5)[place]
        assert (found[later] == 0).all(), "a later input cannot matter"
        assert (found[~later] > 0).all()


MODELS = [
    Settings(task="de2", width=8, attend=True),
    Settings(task="de2", width=8, encoder="lstm"),
    Settings(task="de2", width=8, attend=True, attention="inside", encoder="bidirectional"),
    Settings(task="de2", width=8, attend=True, encoder="self_attention"),
    Settings(task="de2", width=8, model="transformer", layers=2),
    Settings(task="de2", width=8, model="decoder_only", layers=2, mask="prefix"),
]


@pytest.mark.parametrize("settings", MODELS, ids=str)
@pytest.mark.parametrize("place", [0, 2])
def test_the_input_gradient_is_what_moving_one_letter_alone_changes(settings, place):
    params = in_float64(start(settings))
    trained = Trained(params, settings)
    name = "source_embedding" if "source_embedding" in params else "embedding"
    text, said = "elf", "eleven"
    letter = trained.task.source_tokens("l")[0]  # it stands once, so its row is its own
    pair = trained.task.pair(text, [said, said])

    def logit(change):
        table = params[name].copy()
        table[letter] += change
        logits = Trained(params | {name: table}, settings).logits([pair])[0, place]
        token = pair[1][place] if place < 2 else 2
        return logits[token] - logits.mean()

    steps = 1e-6 * numpy.eye(settings.width)
    slopes = [(logit(step) - logit(-step)) / 2e-6 for step in steps]
    found = input_gradient(trained, text, [said, said], place)
    assert found.shape == (3,)
    assert found[1] == pytest.approx(numpy.linalg.norm(slopes), rel=1e-5)


def in_float64(params):
    return {
        name: in_float64(value) if isinstance(value, dict) else value.astype(float)
        for name, value in params.items()
    }


def test_equal_letters_have_gradients_of_their_own():
    reverser = load("reversal_attention_64")
    found = input_gradient(reverser, "aaaaaaab", "baaaaaaa", place=0)
    assert found.argmax() == 7
    assert len(set(found.tolist())) == 8


def test_an_ablated_head_adds_nothing_and_the_others_what_they_added():
    rng = numpy.random.default_rng(0)
    params = init_multi_head(rng, 8, heads=4)
    before = {name: value.copy() for name, value in params.items()}
    x = rng.standard_normal((2, 5, 8)).astype(numpy.float32)
    whole, _ = multi_head_attention(params, x, x)
    without = [multi_head_attention(ablate_head(params, head=head), x, x)[0] for head in range(4)]
    agree(sum(whole - one for one in without), whole, 1e-5)
    alone = params
    for head in (0, 1, 3):
        alone = ablate_head(alone, head=head)
    agree(multi_head_attention(alone, x, x)[0], whole - without[2], 1e-5)
    for name, value in params.items():
        agree(value, before[name], 0)
    assert ablate_head(params, head=0)["output"].dtype == numpy.float32


def test_a_head_is_found_by_its_path_and_nothing_else_changes():
    translator = load("french_transformer")
    path = "decoder", "block_0", "cross"
    changed = ablate_head(translator.params, *path, head=2)
    difference = flatten(changed) != flatten(translator.params)
    assert 0 < difference.sum() <= 16 * 64
    assert not changed["decoder"]["block_0"]["cross"]["output"][2].any()
    assert changed["encoder"] is translator.params["encoder"]


@pytest.mark.parametrize("head", [-1, 4])
def test_there_is_no_other_head(head):
    params = init_multi_head(numpy.random.default_rng(0), 8, heads=4)
    with pytest.raises(ValueError, match=rf"head = {head} must lie in 0 … 3"):
        ablate_head(params, head=head)


def test_the_fastest_of_some_rounds_counts_and_all_take_turns():
    called = []

    def way(name, seconds):
        """Take that much CPU time at the first call, and next to nothing at later ones."""

        def run():
            until = time.process_time() + (seconds if name not in called else 0)
            called.append(name)
            while time.process_time() < until:
                pass

        return run

    found = fastest({"slow once": way("slow once", 0.2), "quick": way("quick", 0)}, 3)
    assert called == ["slow once", "quick"] * 3
    assert list(found) == ["slow once", "quick"]
    assert 0 <= found["slow once"] < 0.1
