"""Code of the library, as chapters show it."""

import ast
import inspect
import textwrap


def body(function):
    """Return the code of a function without its decorators and docstring.

    Parameters
    ----------
    function : callable
        Written in a file or a cell; of one that a faster way can stand in for, the formula.

    Returns
    -------
    str

    Examples
    --------
    >>> from figures.plots import new_figure
    >>> print(body(new_figure))
    def new_figure(size=(6.4, 3.6)):
        figure = Figure(figsize=size, dpi=96 * SCALE, facecolor="white")
        FigureCanvasAgg(figure)
        return figure
    """
    lines = textwrap.dedent(inspect.getsource(inspect.unwrap(function))).splitlines()
    (tree,) = ast.parse("\n".join(lines)).body
    end = len(lines)
    if ast.get_docstring(tree) is not None:
        said = tree.body[0]
        # A blank line after a docstring goes too.
        end = next((i for i in range(said.end_lineno, len(lines)) if lines[i].strip()), end)
        lines[said.lineno - 1 : end] = []
    return "\n".join(lines[tree.lineno - 1 :])
