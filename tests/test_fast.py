"""Every kernel computes what its formula says: values, all gradients, number formats."""

import importlib
import os
import pkgutil
import subprocess
import sys
from contextlib import nullcontext

import autograd.numpy as anp
import numpy as np
import pytest
from arguments import CASES, seeds, sizes
from autograd import grad
from compare import agree_all, arrays_of, differentiate, formats, is_real, pull_back
from hypothesis import given
from hypothesis import strategies as st

import helpers
from helpers import cost, fast
from helpers.attention import seen
from helpers.functions import cross_entropy, embedding
from helpers.recurrent import reverse
from helpers.seq2seq import attentive_gru

# Where nothing may be attended to, and where an output is left out.
pytestmark = pytest.mark.filterwarnings("ignore:Output seems independent")
each_case = pytest.mark.parametrize("name", CASES)


@pytest.fixture(scope="module", autouse=True)
def kernels():
    """Let kernels compute, also with HELPERS_FORMULAS=1 in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(fast._switch, "on", True)
        yield


def decorated():
    """All functions of the package that a kernel computes."""
    found = set()
    for module in pkgutil.walk_packages(helpers.__path__, "helpers."):
        if not module.name.endswith("__main__"):
            values = vars(importlib.import_module(module.name)).values()
            found |= {value for value in values if hasattr(value, "formula")}
    return found


def test_every_function_that_has_a_kernel_is_held_to_its_formula():
    assert {case.function for case in CASES.values()} == decorated()


@each_case
def test_the_kernel_takes_most_of_what_fits(name):
    case = CASES[name]
    results = (
        case.run(case.function.kernel)(*case.arguments(seed, [2, 3, 4, 5, 6, 7]))
        for seed in range(10)
    )
    assert sum(result is NotImplemented for result in results) <= 5


def same_as_the_formula(case, seed, sizes, used):
    """Assert that values are the formula's, and gradients by way of some of the outputs."""
    function, arguments = case.run(case.function), case.arguments(seed, sizes)
    before = [array.copy() for array in arrays_of(arguments)[0]]
    count = len(arrays_of(function(*arguments))[0])
    used = {i for i in used if i < count} or {0}
    outputs, back = pull_back(function, arguments, used)
    gradients = back()
    with fast.off():
        expected, expected_gradients = differentiate(function, arguments, used=used)
    agree_all(outputs + gradients, expected + expected_gradients)
    agree_all(back(), gradients, 0)  # nothing that the first time needed is used up
    agree_all(arrays_of(arguments)[0], before, 0)


@each_case
@given(sizes=sizes, seed=seeds, used=st.sets(st.integers(0, 3), min_size=1))
def test_values_and_gradients_are_those_of_the_formula(name, sizes, seed, used):
    same_as_the_formula(CASES[name], seed, sizes, used)


EMPTY = [
    (name, place)
    for name, case in CASES.items()
    for place in ("batch", "n", "m")
    # A step is needed, and a vocabulary.
    if (case.function, place) not in [(attentive_gru, "n"), (embedding, "m"), (cross_entropy, "m")]
]


@pytest.mark.parametrize(("name", "place"), EMPTY)
def test_empty_arrays_are_taken_as_the_formula_takes_them(name, place):
    sizes = dict(zip(("batch", "heads", "n", "m", "width", "inside"), range(2, 8), strict=True))
    for seed in range(3):
        same_as_the_formula(CASES[name], seed, [*(sizes | {place: 0}).values()], {0, 1, 2, 3})


# These two hand on what they are given, whole numbers and all.
@pytest.mark.parametrize("name", [n for n in CASES if CASES[n].function not in (seen, reverse)])
@pytest.mark.parametrize("way", [nullcontext, fast.off])
def test_whole_numbers_are_taken_as_real_ones(name, way):
    case = CASES[name]

    def rounded(x):
        return np.round(9 * x) if is_real(x) else x

    def whole(x):
        return x.astype(int) if is_real(x) else x

    arguments = [rounded(x) for x in case.arguments(1, [2, 3, 4, 5, 6, 7])]
    with way():
        expected = arrays_of(case.run(case.function)(*arguments))[0]
        found = arrays_of(case.run(case.function)(*map(whole, arguments)))[0]
    agree_all(found, expected, 0)


@each_case
@pytest.mark.parametrize("seed", range(3))
def test_float32_stays_float32(name, seed):
    case = CASES[name]
    function = case.run(case.function)
    arguments = case.arguments(seed, [2, 3, 4, 5, 6, 7], np.float32)
    outputs = arrays_of(function(*arguments))[0]
    with fast.off():
        outputs += arrays_of(function(*arguments))[0]
    assert {output.dtype.name for output in outputs} == {"float32"}
    if case.function is not cost.blocked_attention:  # its kernel has no gradient
        for used in (None, *([i] for i in range(len(outputs) // 2))):
            assert formats(function, arguments, used) == {"float32"}


# ---- these tests notice ------------------------------------------------------------------------


def turned_round(right):
    return lambda first, *rest: right(-first, *rest)


def without_mask(right):
    return lambda queries, keys, values, mask, *rest: right(queries, keys, values, None, *rest)


@pytest.mark.parametrize(
    ("module", "primitive", "wrong", "name"),
    [
        ("functions", "_tanh", turned_round, "functions.tanh-numbers"),
        (
            "attention",
            "_attention",
            turned_round,
            "attention.attention-queries_keys_values",
        ),
        ("attention", "_attention", without_mask, "attention.attention-queries_keys_values"),
        ("recurrent", "_gru_layer", turned_round, "recurrent.gru-inputs"),
    ],
)
def test_a_wrong_kernel_is_noticed(module, primitive, wrong, name, monkeypatch):
    kernels = importlib.import_module(f"helpers.fast.{module}")
    monkeypatch.setattr(kernels, primitive, wrong(getattr(kernels, primitive)))
    with pytest.raises(AssertionError):
        for seed in range(5):
            same_as_the_formula(CASES[name], seed, [2, 3, 4, 5, 6, 7], {0})


def test_a_format_that_slips_is_noticed():
    x = np.ones(3, np.float32)
    assert formats(anp.tanh, [x]) == {"float32"}
    assert anp.maximum(x, 0).dtype == np.float32
    assert formats(lambda x: anp.maximum(x, 0), [x]) == {"float32", "float64"}


# ---- kernels and formulas by turns ------------------------------------------------------------


@fast.by(lambda x: "kernel" if x > 0 else NotImplemented)
def say(x):
    """Say who computes."""
    return "formula"


def test_a_kernel_may_decline_and_the_formula_stays_at_hand():
    assert (say(1), say(-1)) == ("kernel", "formula")
    assert say.formula(1) == "formula"
    assert say.kernel(-1) is NotImplemented
    assert say.__doc__ == "Say who computes."


def test_kernels_are_off_until_the_block_ends_however_it_ends():
    with fast.off():
        assert say(1) == "formula"
        with fast.off():
            assert say(1) == "formula"
        assert say(1) == "formula"
    assert say(1) == "kernel"
    with pytest.raises(ZeroDivisionError), fast.off():
        say(1 / 0)
    assert say(1) == "kernel"


@pytest.mark.parametrize(("value", "who"), [("1", "formula"), ("0", "kernel"), ("", "kernel")])
def test_the_environment_can_turn_kernels_off(value, who):
    code = "from helpers import fast; print(fast.by(lambda: 'kernel')(lambda: 'formula')())"
    environment = {**os.environ, "HELPERS_FORMULAS": value}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == who


# ---- primitives -------------------------------------------------------------------------------


@fast.differentiable(lambda g, kept, x, y, factor: (kept * g[0], g[1]))
def scaled_and_kept(x, y, factor):
    """Two results, each of which goes back to one argument."""
    return (factor * x, y), factor


def test_a_primitive_has_gradients_of_what_is_traced_alone():
    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    first, second = scaled_and_kept(x, y, 5)
    agree_all([first, second], [5 * x, y], 0)
    assert not isinstance(first, tuple)

    def total(x, y):
        first, second = scaled_and_kept(x, y, 5)
        return np.sum(first) + np.sum(second * second) + np.sum(first * second)

    agree_all([grad(total, place)(x, y) for place in (0, 1)], [5 * (1 + y), 2 * y + 5 * x])


def test_a_result_that_is_not_used_comes_back_as_none():
    came_back = []

    @fast.differentiable(lambda g, kept, x: (came_back.append(g) or g[1],))
    def both(x):
        return (x + 1, x + 2), None

    agree_all([grad(lambda x: np.sum(both(x)[1]))(np.ones(2))], [np.ones(2)])
    assert came_back[0][0] is None


def test_value_and_gradients_are_those_of_autograd_for_a_list():
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape) for shape in ((2, 3), (3,), (2,), (4,))]

    def loss(arrays):  # the last is not used, the second twice
        a, b, c, _ = arrays
        return anp.sum(anp.tanh(a @ b + c)) + anp.sum(b * b)

    value, gradients = fast.value_and_gradients(loss, arrays)
    assert value == loss(arrays)
    agree_all(gradients, list(grad(loss)(arrays)), 1e-15)
    value, gradients = fast.value_and_gradients(lambda arrays: 7.0, arrays)
    assert value == 7.0
    agree_all(gradients, [np.zeros_like(array) for array in arrays], 0)
