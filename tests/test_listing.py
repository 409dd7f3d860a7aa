"""What chapters show of the library's code."""

import functools

from figures.listing import body
from helpers import transformer


def decorated(function):
    return functools.wraps(function)(lambda *arguments: function(*arguments))


@decorated
@decorated
def documented(x):
    r"""Say something.

    At length.
    """

    def inner():
        """Say more."""
        return x

    # Because.
    return inner()


def test_decorators_and_docstring_are_left_out_and_the_rest_stays():
    assert body(documented) == (
        "def documented(x):\n"
        "    def inner():\n"
        '        """Say more."""\n'
        "        return x\n"
        "\n"
        "    # Because.\n"
        "    return inner()"
    )


def test_a_function_without_docstring_is_shown_as_it_stands():
    def plain(x):
        return x

    assert body(plain) == "def plain(x):\n    return x"


def test_of_a_block_it_shows_the_formula():
    shown = body(transformer.encoder_block)
    assert shown == body(transformer.encoder_block.formula)
    assert shown.startswith("def encoder_block(params, x, mask=None, *,")
    assert shown.endswith("    return x, weights") and '"""' not in shown
    names = {}
    exec(shown, dict(vars(transformer)), names)
    assert names["encoder_block"].__doc__ is None
