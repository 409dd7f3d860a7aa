"""Bugs: each runs, has the right shape, and is wrong; its check finds it, and a test would too."""

import importlib.util
import inspect
import sys
from pathlib import Path

import numpy
import pytest
from autograd import make_vjp
from compare import settings
from hypothesis import Phase

from helpers import bugs, checks, fast
from helpers.attention import attention, causal_mask, dot, join_heads, scaled_dot
from helpers.bugs import BUGS
from helpers.bugs.base import call, numbers
from helpers.functions import cross_entropy, layer_norm, softmax
from helpers.positions import add_positions
from helpers.recurrent import gru_step, reverse
from helpers.seq2seq import summarise

TESTS = Path(__file__).parent
CHAPTERS = {path.stem for path in (TESTS.parent / "book").glob("[0-9]*.ipynb")}
SEEDS = range(5)
settings.register_profile(
    "first failure",
    settings.get_profile("course"),
    phases=[Phase.explicit, Phase.generate],  # no search for a smaller one
    report_multiple_bugs=False,
)
each_bug = pytest.mark.parametrize("name", BUGS)


def shapes(result):
    """Shapes of all arrays in a result."""
    if isinstance(result, dict):
        return {name: shapes(part) for name, part in result.items()}
    if isinstance(result, tuple):
        return tuple(map(shapes, result))
    return numpy.shape(result)


# ---- what an entry promises --------------------------------------------------------------------


@each_bug
def test_it_takes_what_the_right_one_takes(name):
    right, wrong = (inspect.signature(f) for f in (BUGS[name].right, BUGS[name].wrong))
    assert right == wrong


@each_bug
@pytest.mark.parametrize("seed", SEEDS)
def test_it_has_the_right_shape_and_the_wrong_numbers(name, seed):
    bug = BUGS[name]
    arguments = bug.example(numpy.random.default_rng(seed))
    right, wrong = call(bug.right, arguments), call(bug.wrong, arguments)
    assert shapes(wrong) == shapes(right)
    assert not numpy.allclose(numbers(wrong), numbers(right), atol=1e-3)


@each_bug
def test_no_two_axes_of_its_example_are_alike(name):
    for argument in BUGS[name].example(numpy.random.default_rng(0)):
        for array in argument if isinstance(argument, tuple) else (argument,):
            is_mask = getattr(array, "dtype", None) == numpy.bool_
            if is_mask or BUGS[name].needs:
                continue  # the mask of a sequence over itself is square
            sizes = [n for n in numpy.shape(array) if n > 1]
            assert len(set(sizes)) == len(sizes)


@each_bug
@pytest.mark.parametrize("seed", SEEDS)
def test_its_check_finds_it_and_nothing_in_the_right_one(name, seed):
    bug = BUGS[name]
    right, wrong = (
        bug.verdict(function, numpy.random.default_rng(seed)) for function in (bug.right, bug.wrong)
    )
    assert right, right
    assert not wrong
    if bug.caught_by in (
        "same_result",
        "rows_sum_to_one",
    ):  # which refuse NaN in words of their own
        return
    assert "NaN" not in wrong.message


@each_bug
def test_autograd_goes_through_it(name):
    # A chapter can train a model with the bug in it.
    bug = BUGS[name]
    arguments = list(bug.example(numpy.random.default_rng(0)))
    for place, array in enumerate(arguments):
        if isinstance(array, numpy.ndarray) and array.dtype.kind == "f":

            def run(x, place=place):
                given = [*arguments[:place], x, *arguments[place + 1 :]]
                return numbers(bug.wrong(*given))

            with numpy.errstate(all="ignore"):
                pullback, value = make_vjp(run)(array)
                assert pullback(numpy.ones(value.shape)).shape == array.shape


@each_bug
def test_what_is_said_of_it_can_be_said(name):
    bug = BUGS[name]
    assert bug.symptom[0].isupper() and bug.symptom.endswith(".")
    assert bug.mistake[0].islower() and bug.mistake.endswith(".")
    assert bug.chapter in CHAPTERS
    assert callable(getattr(checks, bug.caught_by))
    assert bug.name == name
    assert (bug.handed is None) == (bug.caught_by == "same_result")


def test_no_two_bugs_of_a_function_are_told_the_same():
    told = [(bug.right.__name__, bug.mistake) for bug in BUGS.values()]
    assert len(set(told)) == len(told)


def test_a_name_is_given_once():
    with pytest.raises(ValueError, match="softmax-over-queries already"):

        @bugs.base.bug(softmax, None)
        def _softmax_over_queries(x):
            return x


# ---- what exercises are told -------------------------------------------------------------------


def test_an_answer_is_told_its_mistake_and_a_right_one_is_right():
    for right in {bug.right for bug in BUGS.values()}:
        entries = [bug for bug in BUGS.values() if bug.right is right]
        for each in entries:
            given = each.example(numpy.random.default_rng(1))
            expected = numbers(call(right, given))
            if not numpy.isfinite(numbers(call(each.wrong, given))).all():
                continue
            told = bugs.mistakes(right, given, then=numbers)
            verdict = checks.same_result(
                lambda *a, each=each: numbers(each.wrong(*a)), given, expected, told
            )
            assert verdict == (False, each.mistake) or any(
                checks.close(told[other.mistake], numbers(call(each.wrong, given)))
                for other in entries
                if other is not each and other.mistake == verdict.message
            )
            assert checks.same_result(
                lambda *a, right=right: numbers(right(*a)), given, expected, told
            )


# For exercises of today's chapters: the one-line call, and how many mistakes it knows at least.
rng = numpy.random.default_rng(0)
SCORES, SQUARE = rng.standard_normal((3, 5)), rng.standard_normal((1, 4, 4))
MASK = numpy.array([[1, 1, 1, 0, 0], [0, 0, 0, 0, 0], [1, 0, 0, 1, 1]], dtype=bool)
QUERIES, KEYS, VALUES = (rng.standard_normal(shape) for shape in ((3, 4), (5, 4), (5, 6)))
HEADS = rng.standard_normal((3, 2, 4)), rng.standard_normal((3, 5, 4))
STATE = BUGS["gates-exchanged"].example(rng)
NORM = BUGS["norm-over-time"].example(rng)
CONTEXTS, PLACES = rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((9, 4))
PROBABILITIES = numpy.array([[0.5, 0.25, 0.5, 0.125], [0.25, 0.99, 0.99, 0.99]])
LOGITS = numpy.log(numpy.stack([PROBABILITIES, 1 - PROBABILITIES], axis=-1))
REAL = numpy.arange(4) < numpy.array([[4], [1]])
X, LENGTHS = rng.standard_normal((2, 4, 3)), numpy.array([4, 2])
EXERCISES = {
    "ex-padded-loss": (
        5,
        lambda: bugs.mistakes(cross_entropy, (LOGITS, numpy.zeros((2, 4), int), REAL)),
    ),
    "ex-last-state": (2, lambda: bugs.mistakes(summarise, (X, LENGTHS, "last"))),
    "ex-gru-step": (5, lambda: bugs.mistakes(gru_step, STATE)),
    "ex-mean": (2, lambda: bugs.mistakes(summarise, (X, LENGTHS, "mean"))),
    "ex-reverse": (2, lambda: bugs.mistakes(reverse, (X, LENGTHS))),
    "ex-temperature": (2, lambda: bugs.mistakes(softmax, (SCORES / 2,))),
    "ex-scale": (5, lambda: bugs.mistakes(scaled_dot, HEADS)),
    "ex-empty-row": (5, lambda: bugs.mistakes(softmax, (SCORES, -1, MASK))),
    "ex-context": (
        5,
        lambda: bugs.mistakes(
            attention, (QUERIES[:1], KEYS, VALUES, None, dot), lambda context: context[0]
        ),
    ),
    "ex-bug": (3, lambda: bugs.mistakes(softmax, (SQUARE,))),
    "ex-self-attention": (7, lambda: bugs.mistakes(attention, (QUERIES, KEYS, VALUES))),
    "ex-self-positions": (
        5,
        lambda: bugs.mistakes(add_positions, ({"table": PLACES}, X @ PLACES[:3], "learned")),
    ),
    "ex-layer-norm": (7, lambda: bugs.mistakes(layer_norm, NORM)),
    "ex-head-scale": (5, lambda: bugs.mistakes(scaled_dot, HEADS)),
    "ex-merge-heads": (
        4,
        lambda: bugs.mistakes(join_heads, (CONTEXTS, numpy.eye(15).reshape(3, 5, 15))),
    ),
    "ex-decoder-mask": (
        5,
        lambda: bugs.mistakes(causal_mask, (4,), lambda mask: mask & REAL[:, None]),
    ),
}


@pytest.mark.parametrize("label", EXERCISES)
def test_exercises_get_their_mistakes_in_one_line(label):
    least, told = EXERCISES[label]
    found = told()
    assert len(found) >= least
    shapes_found = {numpy.shape(result) for result in found.values()}
    assert len(shapes_found) == 1
    for sentence, result in found.items():
        verdict = checks.same_result(lambda r=result: r, (), next(iter(found.values())), found)
        assert verdict.message == sentence or result is next(iter(found.values()))


def test_arguments_in_which_nothing_shows_are_refused():
    with pytest.raises(ValueError, match="no bug of dot"):
        bugs.mistakes(dot, (QUERIES, KEYS))
    with pytest.raises(ValueError, match="no bug of causal_mask"):
        bugs.mistakes(causal_mask, (4,), lambda mask: 0.0)


def test_what_is_handed_over_stays_as_it_is():
    generator = numpy.random.default_rng(0)
    before = generator.bit_generator.state
    x = numpy.ones((3, 50))
    bugs.mistakes(BUGS["dropout-not-enlarged"].right, (x, 0.4, generator))
    assert generator.bit_generator.state == before
    assert (x == 1).all()


# ---- mutation: the wrong function in the right one's place --------------------------------------

# Which test notices: by the right function, and by the bug where another test is needed.
PYTORCH = "test_values_and_gradients_are_those_of_pytorch"
PLAIN = "test_values_and_gradients_are_those_of_the_plain_formula"
QUERY = "test_values_and_gradients_are_those_of_single_queries"
MASKED = {"shape": (2, 3, 5)}
NOTICED_BY = {
    "softmax": ("test_functions", PLAIN, {"name": "softmax"}),
    "cross_entropy": ("test_functions", PYTORCH, {"name": "cross_entropy"}),
    "layer_norm": ("test_functions", PLAIN, {"name": "layer_norm"}),
    "feed_forward": ("test_functions", PLAIN, {"name": "feed_forward"}),
    "dropout": ("test_functions", "test_dropout_keeps_the_mean_and_rescales_what_it_keeps", {}),
    "scaled_dot": ("test_attention", QUERY, {}),
    "attention": ("test_attention", QUERY, MASKED),
    "causal_mask": ("test_attention", "test_masks_hold_what_they_say", {}),
    "padding_mask": ("test_attention", "test_masks_hold_what_they_say", {}),
    "local_mask": ("test_attention", "test_a_local_mask_lets_neighbours_through", {}),
    "join_heads": ("test_attention", "test_heads_give_values_and_gradients_of_pytorch", {}),
    "multi_head_attention": (
        "test_attention",
        "test_heads_give_values_and_gradients_of_pytorch",
        {},
    ),
    "keys_values": (
        "test_cached",
        "test_keys_and_values_from_a_cache_are_those_of_one_pass",
        {},
    ),
    "stack_step": (
        "test_cached",
        "test_a_stack_goes_on_in_parts_as_in_one_pass",
        {"positions": "rotary"},
    ),
    "gru_step": (
        "test_recurrent",
        "test_values_and_gradients_are_those_of_pytorch_over_a_packed_batch",
        {"name": "gru"},
    ),
    "lstm_step": (
        "test_recurrent",
        "test_values_and_gradients_are_those_of_pytorch_over_a_packed_batch",
        {"name": "lstm"},
    ),
    "gru": (
        "test_recurrent",
        "test_values_and_gradients_are_those_of_pytorch_over_a_packed_batch",
        {"name": "gru"},
    ),
    "reverse": ("test_recurrent", "test_both_ways_has_values_and_gradients_of_pytorch", {}),
    "bidirectional": (
        "test_recurrent",
        "test_both_ways_has_values_and_gradients_of_pytorch",
        {},
    ),
    "summarise": (
        "test_seq2seq",
        "test_the_summary_is_the_last_true_output_or_the_mean_of_the_true_ones",
        {"encoder": "gru"},
    ),
    "attentive_step": ("test_attentive", PYTORCH, {}),
    **dict.fromkeys(
        ("sublayer", "encoder_block"),
        ("test_transformer", "test_a_block_has_values_and_gradients_of_single_positions", {}),
    ),
    "decoder_block": (
        "test_transformer",
        "test_a_decoder_block_has_values_and_gradients_of_pytorch",
        {},
    ),
    "add_positions": (
        "test_transformer",
        "test_a_transformer_has_values_and_gradients_of_pytorch",
        {},
    ),
    "sinusoidal": ("test_positions", "test_encodings_are_those_of_the_paper", {}),
    "rotate": ("test_positions", "test_a_rotated_vector_is_that_of_the_paper", {"start": 2}),
    "alibi": ("test_positions", "test_alibi_takes_slope_times_distance_from_the_scores", {}),
    "adam": ("test_learning", "test_adam_goes_the_steps_of_pytorch", {}),
    "clip": (
        "test_learning",
        "test_a_gradient_is_clipped_to_the_length_and_a_short_one_is_left",
        {},
    ),
    "learning_rate": (
        "test_learning",
        "test_the_rate_rises_to_its_peak_and_falls_to_almost_zero",
        {},
    ),
    "softmax-that-overflows": (
        "test_functions",
        "test_softmax_of_large_scores_does_not_overflow",
        {},
    ),
    **dict.fromkeys(
        ("mask-after-softmax", "mask-times-scores", "mask-turned-round", "mask-forgotten"),
        ("test_functions", PLAIN, {"name": "softmax_masked"}),
    ),
    **dict.fromkeys(
        ("empty-row-uniform", "empty-row-nan"),
        (
            "test_functions",
            "test_softmax_sums_to_one_where_anything_takes_part_and_is_zero_elsewhere",
            {},
        ),
    ),
    "mean-of-means": (
        "test_seq2seq",
        "test_the_loss_has_value_and_gradients_of_single_tokens",
        {"encoder": "gru", "attend": True},
    ),
    "norm-before-the-sum": (
        "test_transformer",
        "test_a_decoder_block_has_values_and_gradients_of_pytorch",
        {"norm": "post"},
    ),
    "positions-restart": (
        "test_positions",
        "test_every_kind_adds_the_same_at_a_position_wherever_the_sequence_begins",
        {"name": "learned"},
    ),
    **dict.fromkeys(
        ("mean-over-padding", "sum-for-mean"),
        (
            "test_seq2seq",
            "test_the_summary_is_the_last_true_output_or_the_mean_of_the_true_ones",
            {"encoder": "gru", "summary": "mean"},
        ),
    ),
}


def put_in_place(monkeypatch, right, wrong):
    """Let every module of `helpers` but the gallery use the wrong function."""
    for module_name, module in list(sys.modules.items()):
        inside = (module_name + ".").startswith("helpers.")
        if not inside or (module_name + ".").startswith("helpers.bugs."):
            continue
        for name, value in list(vars(module).items()):
            if value is right:
                monkeypatch.setattr(module, name, wrong)
            if type(value) is dict:
                for key in [key for key, part in value.items() if part is right]:
                    monkeypatch.setitem(value, key, wrong)


def afresh(name):
    """Import a file of tests once more, so that it finds what now stands in `helpers`."""
    spec = importlib.util.spec_from_file_location(f"{name}_once_more", TESTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def arguments_of(test, chosen):
    """Arguments of a parametrised test: the first case that has what was chosen."""
    arguments = {}
    marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
    for mark in marks:
        names, cases = mark.args
        names = [name.strip() for name in names.split(",")] if isinstance(names, str) else names
        for case in cases:
            values = case if len(names) > 1 else (case,)
            found = dict(zip(names, values, strict=True))
            if all(found[name] == value for name, value in chosen.items() if name in found):
                arguments |= found
                break
    assert chosen.keys() <= arguments.keys()
    return arguments


def run_as_formulas(file, test_name, chosen):
    """Run a test without kernels, which call no formula: so a wrong one is used everywhere."""
    settings.load_profile("first failure")
    try:
        test = getattr(afresh(file), test_name)
        with fast.off(), numpy.errstate(all="ignore"):
            test(**arguments_of(test, chosen))
    finally:
        settings.load_profile("course")


@pytest.mark.parametrize("key", NOTICED_BY)
def test_the_named_test_passes_with_the_right_function(key):
    run_as_formulas(*NOTICED_BY[key])


@each_bug
def test_a_test_notices_it_in_the_right_ones_place(name, monkeypatch):
    bug = BUGS[name]
    put_in_place(monkeypatch, bug.right, bug.wrong)
    with pytest.raises(BaseException) as failure:
        run_as_formulas(*(NOTICED_BY.get(name) or NOTICED_BY[bug.right.__name__]))
    assert bug.needs or isinstance(failure.value, AssertionError | pytest.fail.Exception)


def test_every_named_test_is_needed():
    used = {name if name in NOTICED_BY else bug.right.__name__ for name, bug in BUGS.items()}
    assert used == set(NOTICED_BY)
