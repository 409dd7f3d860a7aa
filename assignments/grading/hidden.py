"""Hidden tests, written from a secret seed when grading starts.

The problem sets and this code are public, so a hidden test is known to nobody before the seed
is. Its inputs and expected values are computed here, outside the student's kernel, and stand in
the test as literals. The test trusts nothing that student code could have replaced: it uses no
name of NumPy or of Python to compare, only operators on plain floats.
"""

import hashlib
import importlib
import os

import numpy as np

from grading.cases import SETS

BEGIN, END = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
EXAMPLES = 3

TEMPLATE = """\
def _hidden(answer, calls, refused):
    def refuse(*arguments, **options):
        raise RuntimeError("the answer calls the helpers' own implementation of what is asked")

    def same(found, expected, tolerance):
        if expected.__class__ is not [].__class__:
            return -tolerance < (0.0).__class__(found) - expected < tolerance
        count = 0
        for part in expected:
            if not same(found[count], part, tolerance):
                return False
            count += 1
        return found.__len__() == count

    kept = [function.__code__ for function in refused]
    for function in refused:
        function.__code__ = refuse.__code__
    try:
        with helpers.fast.off():  # what calls a refused function is refused with it
            for arguments, expected, tolerance in calls:
                right = same(answer(*arguments), expected, tolerance)
                assert right is (1 == 1), "another result than expected on a hidden example"
    finally:
        while kept:
            refused.pop().__code__ = kept.pop()


import numpy as _numpy
{imports}
_hidden(
    {name},
    [
{calls}
    ],
    [{refused}],
)
del _hidden"""


def secret_seed():
    """Return the seed that the instructor has set."""
    seed = os.environ.get("GRADING_SEED", "")
    if not seed:
        raise SystemExit(
            "GRADING_SEED is not set. Hidden tests are made from it, so choose one, keep it to "
            "yourself, and use the same for the whole class:\n"
            "    GRADING_SEED='some words of your own' make grade"
        )
    return seed


def fill(notebook, set_name, seed):
    """Write the hidden tests into the test cells of a problem set.

    Parameters
    ----------
    notebook : NotebookNode
        Changed in place.
    set_name : str
        Its entry of `cases.SETS`.
    seed : str
    """
    for name, part in SETS[set_name].items():
        test = cell_named(notebook, f"test_{name}")
        before, rest = test.source.split(BEGIN)
        after = rest.split(END)[1]
        code = hidden_test(name, part, generator(seed, set_name, name))
        test.source = f"{before}{BEGIN}\n{code}\n{END}{after}"


def cell_named(notebook, grade_id):
    """Return the cell with this nbgrader name."""
    return next(
        cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id
    )


def generator(*words):
    """Make a random generator from words."""
    digest = hashlib.sha256("/".join(words).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))


def hidden_test(name, part, rng):
    """Return the code of the hidden test of one part."""
    calls = []
    for _ in range(EXAMPLES):
        arguments = part.draw(rng)
        expected = np.asarray(part.expected(*arguments), dtype=float)
        assert np.isfinite(expected).all(), name
        inputs = ", ".join(map(literal, arguments))
        tolerance = 1e-5 * (1 + float(abs(expected).max()))
        calls.append(f"        (({inputs},), {expected.tolist()}, {tolerance!r}),")
    modules = {"fast", *(path.split(".")[0] for path in part.refused)}
    return TEMPLATE.format(
        name=name,
        imports="\n".join(f"import helpers.{module}" for module in sorted(modules)),
        calls="\n".join(calls),
        refused=", ".join(code for path in part.refused for code in plain_functions(path)),
    )


def literal(value):
    """Return the code of a number or an array."""
    if isinstance(value, np.ndarray):
        # An empty array needs its shape said.
        return f"_numpy.array({value.tolist()}).reshape({value.shape})"
    return repr(value)


def plain_functions(path):
    """Return code that finds the formula of a public function of the helpers, and its kernel.

    The test replaces the code of both, so that every other name for them is refused too.

    Examples
    --------
    >>> plain_functions("attention.additive")
    ['helpers.attention.additive.__wrapped__.__wrapped__', 'helpers.attention.additive.kernel']
    """
    module, name = path.split(".")
    function = getattr(importlib.import_module(f"helpers.{module}"), name)
    found = [unwrapped(function, f"helpers.{path}")]
    if hasattr(function, "kernel"):
        found.append(unwrapped(function.kernel, f"helpers.{path}.kernel"))
    return found


def unwrapped(function, code):
    """Return code that finds what a function's decorators stand around."""
    while hasattr(function, "__wrapped__"):
        function, code = function.__wrapped__, f"{code}.__wrapped__"
    return code
