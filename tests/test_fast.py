"""Every kernel computes what its formula says: values, all gradients, number formats."""

import importlib
import pkgutil

import numpy
import pytest
from arguments import CASES, seeds, sizes
from compare import agree_all, arrays_of, differentiate, formats, pull_back
from hypothesis import given
from hypothesis import strategies as st

import helpers
from helpers import cost, fast

# Where nothing may be attended to, and where an output is left out.
pytestmark = pytest.mark.filterwarnings("ignore:Output seems independent")
each_case = pytest.mark.parametrize("name", CASES)


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


@each_case
@given(sizes=sizes, seed=seeds, used=st.sets(st.integers(0, 3), min_size=1))
def test_values_and_gradients_are_those_of_the_formula(name, sizes, seed, used):
    case = CASES[name]
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
@pytest.mark.parametrize("seed", range(3))
def test_float32_stays_float32(name, seed):
    case = CASES[name]
    function = case.run(case.function)
    arguments = case.arguments(seed, [2, 3, 4, 5, 6, 7], numpy.float32)
    outputs = arrays_of(function(*arguments))[0]
    with fast.off():
        outputs += arrays_of(function(*arguments))[0]
    assert {output.dtype.name for output in outputs} == {"float32"}
    if case.function is not cost.blocked_attention:  # its kernel has no gradient
        for used in (None, *([i] for i in range(len(outputs) // 2))):
            assert formats(function, arguments, used) == {"float32"}
