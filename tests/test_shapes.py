"""What a docstring says of arguments is what is checked, and an error names argument and shape."""

import importlib
import inspect
import re
import threading

import numpy
import pytest

from helpers.shapes import require, require_choice, shapes

MODULES = ("functions", "recurrent", "attention", "positions", "seq2seq", "transformer")
MODULES += ("cached", "cost", "decoding", "learning", "start")


def public(module):
    """Functions that a module defines for others, by full name."""
    found = importlib.import_module(f"helpers.{module}")
    return {
        f"{module}.{name}": value
        for name, value in vars(found).items()
        if inspect.isfunction(value)
        and value.__module__ == found.__name__
        and not name.startswith("_")
    }


FUNCTIONS = {name: f for module in MODULES for name, f in public(module).items()}
CHECKED = {name: function for name, function in FUNCTIONS.items() if hasattr(function, "contract")}


def parameters(function):
    """Yield (names, kind, body) for each entry of the Parameters section of a docstring."""
    text = inspect.getdoc(function).partition("Parameters\n----------\n")[2]
    text = re.split(r"\n\w+\n-{3,}\n", text)[0]
    for entry in re.split(r"\n(?=\S)", text.rstrip()) if text else []:
        head, _, body = entry.partition("\n")
        names, _, kind = head.partition(" : ")
        yield [name.strip("* ") for name in names.split(",")], kind, body


def named(said):
    """Name of the argument that an entry of a contract is about."""
    said = said if hasattr(said, "name") else said[0]  # one of several
    return getattr(said, "owner", None) or said.name


#: What needs no check: anything goes, or Python itself says what is wrong.
NO_ARRAY = re.compile(
    r"|dict(, optional)?|list|bool|str|callable(, or the name of one)?|int|float|pair of floats"
    r"|numpy\.random\.Generator(, optional)?|see above"
)


# ---- contracts --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_line_about_an_argument_is_understood(name):
    found = {named(said) for said in shapes(inspect.unwrap(FUNCTIONS[name])).contract}
    for names, kind, body in parameters(FUNCTIONS[name]):
        inside = re.findall(r"``[\w.]+``\s+\([^)]*\)", body) if kind.startswith("dict") else []
        if inside or not NO_ARRAY.fullmatch(kind):
            assert set(names) <= found, f"{', '.join(names)} : {kind}"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_array_in_a_dictionary_is_understood(name):
    contract = shapes(inspect.unwrap(FUNCTIONS[name])).contract
    for names, kind, body in parameters(FUNCTIONS[name]):
        if kind.startswith("dict"):
            text = " ".join(body.split())
            listed = re.findall(r"((?:``[\w.]+``(?:, | and )?)+) \(([^)]*,[^)]*)\)", text)
            wanted = [part for many, _ in listed for part in re.findall(r"``([\w.]+)``", many)]
            inside = [said.name for said in contract if getattr(said, "owner", None) in names]
            assert inside == wanted


@pytest.mark.parametrize("name", CHECKED)
def test_a_contract_is_about_arguments_that_there_are(name):
    signature = inspect.signature(CHECKED[name]).parameters
    own = {part for names, _, _ in parameters(CHECKED[name]) for part in names}
    assert own == set(signature)
    handed_on = any(part.kind is part.VAR_KEYWORD for part in signature.values())
    others = {named(said) for said in CHECKED[name].contract} - own
    assert handed_on or not others


def test_most_functions_that_take_arrays_are_checked():
    arrays = {
        name
        for name, function in FUNCTIONS.items()
        if any("array" in kind for _, kind, _ in parameters(function))
    }
    # Parts of others, which hand on what has been checked.
    parts = {name.partition(".")[2] for name in arrays - CHECKED.keys()}
    assert parts == {
        *("scan", "seen", "angles", "wire", "sublayer", "stack", "beam_step"),
        *("unflatten", "clip"),
    }


# ---- the language -----------------------------------------------------------------------------


def checked(*lines, takes="x, y=None"):
    """Make a function that takes x and y, and returns them, with such lines in its docstring."""
    names = dict(globals())
    exec(f"def made({takes}):\n    return {{k: v for k, v in locals().items()}}", names)
    made = names["made"]
    made.__doc__ = "\n".join(["Give back.", "", "Parameters", "----------", *lines])
    made.__module__ = __name__
    return shapes(made)


@pytest.mark.parametrize(
    ("lines", "x", "y"),
    [
        (["x : array (n, width)", "y : array (width, n)"], (2, 3), (3, 2)),
        (["x : array (..., width)", "y : array (width,)"], (4, 2, 3), (3,)),
        (["x : array (..., width)", "y : array (width,)"], (3,), (3,)),
        (["x : array (..., n, 1)", "y : array (..., n, 2)"], (4, 1, 3, 1), (5, 3, 2)),
        (["x : array (*places)", "y : array (*places, width)"], (4, 2), (4, 2, 3)),
        (["x : array (*places)", "y : array (*places)"], (), ()),
        (["x : array (width, 3 width)", "y : array (3 width,)"], (2, 6), (6,)),
        (["x : array (n, width)", "y : array (more + width, width)"], (2, 3), (5, 3)),
        (["x : any array (batch, ...)", "y : array (batch,)"], (4, 2, 3, 5), (4,)),
        (["x : array (n, 2 pairs)", "y : array (pairs,)"], (3, 8), (4,)),
        (["x : array (n, 3) or array (n,)", "y : array (n,)"], (5, 3), (5,)),
        (["x : array (n, 3) or array (n,)", "y : array (n,)"], (5,), (5,)),
        (["x : array (n,)", "y : array (n,), optional"], (5,), None),
        (["x : array (n, m)", "y : array or pair of arrays (n, m)"], (2, 3), (2, 3)),
    ],
)
def test_what_fits_goes_through_as_it_is(lines, x, y):
    x, y = numpy.ones(x), y if y is None else numpy.ones(y)
    result = checked(*lines)(x, y)
    assert result["x"] is x
    assert result["y"] is y


@pytest.mark.parametrize(
    ("lines", "x", "y", "words"),
    [
        (
            ["x : array (n, width)", "y : array (width, n)"],
            *((2, 3), (2, 2)),
            "y has shape (2, 2); it must be (3, 2), as x has shape (2, 3)",
        ),
        (["x : array (n, width)"], (2,), None, "x has shape (2,); it must be (n, width)"),
        (["x : array (n,)"], (2, 1), None, "x has shape (2, 1); it must be (n,)"),
        (
            ["x : array (..., width)", "y : array (width,)"],
            *((4, 2, 3), (4,)),
            "y has shape (4,); it must be (3,), as x has shape (4, 2, 3)",
        ),
        (
            ["x : array (..., n, 1)", "y : array (..., n, 2)"],
            *((4, 3, 1), (5, 3, 2)),
            "x (4, 3, 1), y (5, 3, 2) must agree in the axes in front (batch)",
        ),
        (
            ["x : array (*places, width)", "y : array (*places)"],
            *((4, 2, 3), (4, 3)),
            "y has shape (4, 3); it must be (4, 2), as x has shape (4, 2, 3)",
        ),
        (
            ["x : array (width, 3 width)"],
            *((2, 5), None),
            "x has shape (2, 5); it must be (width, 3 width)",
        ),
        (
            ["x : array (n, width)", "y : array (3 width,)"],
            *((2, 5), (5,)),
            "y has shape (5,); it must be (15,), as x has shape (2, 5)",
        ),
        (
            ["x : array (n, width)", "y : array (more + width, n)"],
            *((2, 5), (4, 2)),
            "y has shape (4, 2); it must be (more + width, 2), as x has shape (2, 5)",
        ),
        (["x : array (n, 2 pairs)"], (2, 5), None, "x has shape (2, 5); it must be (n, 2 pairs)"),
        (
            ["x : any array (batch, time, ...)", "y : array (time,)"],
            *((4, 2, 3), (3,)),
            "y has shape (3,); it must be (2,), as x has shape (4, 2, 3)",
        ),
        (
            ["x : array (n, 3), with y integer array (n,)", "y : array (m,)"],
            *((5,), None),
            "x has shape (5,); it must be (n, 3)",
        ),
        (
            ["x : array (n, 3), with y integer array (n,)", "y : array (m,)"],
            *((5, 3), (4,)),
            "x must hold integers, not float64",
        ),
        (
            ["x : array (n, m)", "y : pair of arrays (n, m)"],
            *((2, 3), (2, 3)),
            "y must be a pair of arrays, not an array (2, 3)",
        ),
        (
            ["x : array (n, m)", "y : array or pair of arrays (n, m)"],
            *((2, 3), (2, 4)),
            "y has shape (2, 4); it must be (2, 3), as x has shape (2, 3)",
        ),
    ],
)
def test_what_does_not_fit_is_named_with_the_shape_it_needs(lines, x, y, words):
    arrays = [numpy.ones(shape) if shape is not None else None for shape in (x, y)]
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        checked(*lines)(*arrays)


@pytest.mark.parametrize(
    ("line", "value", "words"),
    [
        ("x : int, at least 2", 1, "x = 1 must be at least 2"),
        ("x : int, at least 2", 2.5, "x = 2.5 must be a whole number"),
        ("x : int, at least 0", True, "x = True must be a whole number"),
        ("x : int, at least 0", "many", "x = 'many' must be a whole number"),
        ("x : float, from 0 to 1", 1.5, "x = 1.5 must be at least 0 and at most 1"),
        ("x : float, from 0 to below 1", 1, "x = 1 must be at least 0 and below 1"),
        ("x : float, from 0 to 1", float("nan"), "x = nan must be at least 0 and at most 1"),
        ('x : {"pre", "post"}', "mid", "x = 'mid' is unknown; there are ('pre', 'post')"),
        ("x : integer array (n,)", [1.0], "x must hold integers, not float64"),
        ("x : integer array (n,)", [True], "x must hold integers, not bool"),
        (
            "x : integer array (n,)",
            [[1], [2, 3]],
            "x is a ragged batch with rows of lengths [1, 2]",
        ),
        ("x : boolean array (n,)", [1, 0], "x must be boolean (True = may attend), not int64"),
        ("x : array (n,)", [[1.0], [2.0, 3.0]], "x is a ragged batch with rows of lengths [1, 2]"),
        ("x : array (n,)", ["a"], "x must hold real numbers, not <U1"),
        ("x : array (n,)", [1j], "x must hold real numbers, not complex128"),
    ],
)
def test_what_is_no_such_value_is_named(line, value, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        checked(line)(value)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("x : int, at least 2", numpy.int32(2)),
        ("x : float, from 0 to 1", numpy.float32(1)),
        ("x : float, from 0 to below 1", 0),
        ('x : {"pre", "post"}', "post"),
        ("x : int, at least 2", None),
        ('x : {"pre", "post"}, optional', None),
    ],
)
def test_values_in_their_range_go_through(line, value):
    assert checked(line)(value)["x"] is value


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0, 4], "x must lie in 0 … 3, as y has shape (4, 2), but they go from 0 to 4"),
        ([-1, 3], "x must lie in 0 … 3, as y has shape (4, 2), but they go from -1 to 3"),
    ],
)
def test_tokens_are_rows_of_their_table_and_lengths_fit(values, words):
    tokens = checked("x : integer array (n,) below rows", "y : array (rows, width)")
    with pytest.raises(ValueError, match=re.escape(words)):
        tokens(values, numpy.ones((4, 2)))
    lengths = checked("x : integer array (n,) up to time", "y : array (n, time)")
    lengths([0, 3], numpy.ones((2, 3)))
    with pytest.raises(ValueError, match=re.escape("x must lie in 0 … 3, as y has shape (2, 3)")):
        lengths(values if 4 in values else [-1, 3], numpy.ones((2, 3)))
    with pytest.raises(ValueError, match=r"x has shape .* but time is not known: give it"):
        checked("x : integer array (n,) up to time", "y : array (n, time), optional")([1])


MASKED = "y : boolean array to (..., n_queries, n_keys), optional"
PAIR = ["x : array (..., n_queries, n_keys)", MASKED]


@pytest.mark.parametrize(
    "shape", [(2, 3, 5), (1, 3, 5), (3, 5), (5,), (1, 1), (), (3, 1), (2, 1, 5)]
)
def test_masks_broadcast(shape):
    mask = numpy.ones(shape, bool)
    assert checked(*PAIR)(numpy.ones((2, 3, 5)), mask)["y"] is mask


@pytest.mark.parametrize(
    ("x", "mask", "words"),
    [
        ((2, 3, 5), (3, 4), "y has shape (3, 4), which does not broadcast to (2, 3, 5)"),
        ((2, 3, 5), (1, 2, 3, 5), "y has shape (1, 2, 3, 5), which does not broadcast"),
        (
            (2, 3, 5),
            (2, 5),
            "y has shape (2, 5), which does not broadcast to (2, 3, 5); two axes are (n_queries, "
            "n_keys), the same for the whole batch: for one row a sequence, write y[:, None]",
        ),
        (
            (3, 3, 5),
            (3, 5),
            "y of shape (3, 5) is ambiguous for (3, 3, 5): its first axis may be the batch or "
            "n_queries; two axes are (n_queries, n_keys), the same for the whole batch: for one "
            "row a sequence, write y[:, None]",
        ),
    ],
)
def test_masks_that_do_not_or_could_be_two_things_are_named(x, mask, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        checked(*PAIR)(numpy.ones(x), numpy.ones(mask, bool))


@pytest.mark.parametrize(
    ("x", "mask"), [((1, 3, 5), (3, 5)), ((5, 5, 5), (5, 5)), ((3, 5), (3, 5))]
)
def test_masks_that_are_one_thing_are_taken(x, mask):
    checked(*PAIR)(numpy.ones(x), numpy.ones(mask, bool))


X = numpy.ones((2, 3))


def test_arrays_in_dictionaries_are_checked_at_any_depth():
    run = checked(
        "x : dict",
        "    ``scale`` and ``shift`` (width,), and",
        "    ``inside.weight`` (width, more).",
        "y : array (..., width)",
    )
    params = {
        "scale": numpy.ones(3),
        "shift": numpy.ones(3),
        "inside": {"weight": numpy.ones((3, 4))},
    }
    assert run(params, X)["x"] is params
    run({}, X)  # what is missing is the function's own affair
    with pytest.raises(
        ValueError, match=re.escape("inside.weight has shape (2, 4); it must be (3")
    ):
        run(params | {"inside": {"weight": numpy.ones((2, 4))}}, X)
    with pytest.raises(
        ValueError, match=re.escape("y has shape (4,); it must be (…, 3), as scale")
    ):
        run(params, numpy.ones(4))


def score(queries, keys):
    """Compare.

    Parameters
    ----------
    queries : array (..., n_queries, width)
    keys : array (..., n_keys, width)
    """


def test_a_function_among_the_arguments_brings_its_contract():
    run = checked(
        "queries : array (..., n_queries, width)",
        "keys : array (..., n_keys, width_key)",
        "f : callable (queries, keys)",
        takes="queries, keys, f=None",
    )
    different = numpy.ones((2, 3)), numpy.ones((2, 4))
    run(*different)
    run(*different, lambda queries, keys: None)
    with pytest.raises(
        ValueError, match=re.escape("keys has shape (2, 4); it must be (…, n_keys, 3)")
    ):
        run(*different, shapes(score))


def handed_on_to(x, norm="pre"):
    """Take.

    Parameters
    ----------
    x : array (n,)
    norm : {"pre", "post"}
    """


def test_options_are_checked_by_the_docstring_of_who_gets_them():
    run = checked(
        "x : array (n,)",
        "**options",
        "    ``norm``, as for `handed_on_to`.",
        takes="x, **options",
    )
    run([1.0], norm="post")
    with pytest.raises(ValueError, match=r"norm = 'mid' is unknown; there are \('pre', 'post'\)"):
        run([1.0], norm="mid")


# ---- calls ------------------------------------------------------------------------------------


def test_lists_become_arrays_and_whole_numbers_real_ones_of_the_others_format():
    run = checked("x : array (n,)", "y : array (n,)")
    result = run([1, 2], numpy.ones(2, numpy.float32))
    assert result["x"].dtype == numpy.float32
    assert run([1, 2], [True, False])["y"].tolist() == [1.0, 0.0]
    assert run(numpy.array([1, 2], numpy.int8))["x"].dtype == numpy.float64
    params = checked("x : dict", "    ``scale`` (n,).", "y : array (n,)")
    assert params({"scale": numpy.ones(1, numpy.float32)}, [1])["y"].dtype == numpy.float32
    tokens = checked("x : integer array (n,)")
    assert tokens([])["x"].dtype == int
    assert checked("x : any array (n,)")(numpy.array([1]))["x"].dtype == int


def test_calls_that_python_refuses_stay_refused():
    run = checked("x : array (n,)")
    for arguments, options in (((), {}), ((1, 2, 3), {}), (([1],), {"x": [1]}), (([1],), {"z": 1})):
        with pytest.raises(TypeError):
            run(*arguments, **options)


def test_only_the_outermost_call_is_checked_also_after_an_error():
    calls = []

    @shapes
    def inner(x):
        """Take.

        Parameters
        ----------
        x : array (n, 3)
        """
        calls.append(x)

    def outer(f):
        """Call."""
        f()

    outer = shapes(outer)
    outer(lambda: inner("not an array"))
    assert calls == ["not an array"]
    with pytest.raises(ZeroDivisionError):
        outer(lambda: 1 / 0)
    with pytest.raises(ValueError, match="x has shape"):
        inner(numpy.ones(3))


def test_another_thread_checks_for_itself():
    run, found = checked("x : array (n, 3)"), []

    def elsewhere():
        try:
            run(numpy.ones(3))
        except ValueError as error:
            found.append(str(error))

    def outer():
        """Call."""
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()

    shapes(outer)()
    assert found == ["x has shape (3,); it must be (n, 3)"]


def test_require_says_nothing_or_its_message():
    require(True, "no")
    require_choice("norm", "pre", ("pre", "post"))
    with pytest.raises(ValueError, match=r"^no$"):
        require(False, "no")
    with pytest.raises(ValueError, match=r"norm = 'mid' is unknown; there are \('pre', 'post'\)"):
        require_choice("norm", "mid", ["pre", "post"])
