"""Backpropagation through time by hand: an RNN of a single number, three steps, press by press.

The page gets every number that is shown, as text, and the script ``_static/through_time.js`` only
shows more or less of it.
"""

from html import escape

import numpy as np

from figures.card import Choice, Slide, printed, show_card

#: Names of the rows, and from which press on the number of each of the times 1 to 3 can be seen.
ROWS = {
    "reads x": (0, 0, 0),
    "z = w x + u h": (0, 0, 0),
    "h = tanh z": (0, 0, 0),
    "slope 1 − h²": (0, 0, 0),
    "∂L/∂h": (5, 3, 1),
    "∂L/∂z": (6, 4, 2),
    "share of ∂L/∂u": (6, 4, 2),
}
PRESSES = 7


def three_steps(inputs, weight, target, recurrent, *, start, caption=""):
    """Show the forward pass of three steps, and the way back, one press at a time.

    Parameters
    ----------
    inputs : sequence of 3 floats
        What is read.
    weight : float
        w, by which it is multiplied.
    target : float
        y, which the last state should be: the loss is half the square of the difference.
    recurrent : sequence of float
        Values of u to choose from, by which the state before is multiplied.
    start : (float, int)
        The u, and how many presses, at first.
    caption : str

    Raises
    ------
    ValueError
        If there are not three inputs.

    Examples
    --------
    >>> three_steps((1, -0.5, 0.5), 0.8, 1, (0.5, 1, 2), start=(1, 0))  # doctest: +SKIP
    """
    if len(inputs) != 3:
        raise ValueError(f"inputs must be three numbers, but there are {len(inputs)}")
    told = {f"{u:g}": _told(arithmetic(inputs, weight, target, u), u, target) for u in recurrent}

    def draw(u, press):
        return _drawing(*told[u], press)

    show_card(
        "through_time",
        draw,
        [
            Choice("u", "u", tuple(told)),
            Slide("press", "steps back", tuple(range(PRESSES + 1))),
        ],
        {"u": f"{start[0]:g}", "press": start[1]},
        data={u: {"cells": cells, "said": said} for u, (cells, said) in told.items()},
        caption=caption,
    )


def arithmetic(inputs, weight, target, recurrent):
    """Return every number of three steps forward and back.

    Parameters
    ----------
    inputs : sequence of float
    weight, target, recurrent : float

    Returns
    -------
    array (7, 3)
        A row for each of `ROWS`, a column for each time.

    Examples
    --------
    >>> arithmetic((1, 0, 0), 1, 0, 0)[4:].round(2)  # with u = 0 nothing comes from before
    array([[0., 0., 0.],
           [0., 0., 0.],
           [0., 0., 0.]])
    """
    before, sums = [0.0], []
    for x in inputs:
        sums.append(weight * x + recurrent * before[-1])
        before.append(np.tanh(sums[-1]))
    states = np.array(before[1:])
    slopes = 1 - states**2
    by_state, by_sum = np.zeros(3), np.zeros(3)
    for t in (2, 1, 0):
        by_state[t] = states[2] - target if t == 2 else by_sum[t + 1] * recurrent
        by_sum[t] = by_state[t] * slopes[t]
    shares = by_sum * before[:3]
    return np.array([inputs, sums, states, slopes, by_state, by_sum, shares], dtype=float)


def _told(found, u, target):
    """Return the text of each cell, and what is said after each press."""
    cells = [[printed(number, 3) for number in row] for row in found]
    cells[0] = [f"{number:g}" for number in found[0]]
    _, _, states, slopes, by_state, by_sum, shares = cells
    said = [
        f"Forward: three steps are done, the last state is {states[2]}, it should be {target:g}. "
        "Move the slider to go back.",
        f"The loss is ½ (h₃ − {target:g})², so ∂L/∂h₃ = h₃ − {target:g} = {by_state[2]}.",
    ]
    for t in (2, 1, 0):
        before = states[t - 1] if t else "0"
        said.append(
            f"Through the tanh of step {t + 1}: {by_state[t]} · {slopes[t]} = {by_sum[t]}. "
            f"This step used u on h{'₀₁₂'[t]} = {before}, so its share of ∂L/∂u is {shares[t]}."
        )
        if t:
            said.append(
                f"Through u, one step back: {by_sum[t]} · {u:g} = {by_state[t - 1]}. A change of "
                f"h{'₀₁₂'[t]} does so much to the loss."
            )
    total = printed(found[6].sum(), 3)
    said.append(f"u is the same in all steps, so its shares add up: ∂L/∂u = {total}.")
    return cells, said


def _drawing(cells, said, press):
    """Return the numbers as a table of boxes; one that is not known yet has an empty box.

    (A table of HTML would become a row of cards on a phone, as those of the text do.)
    """
    heads = "".join(f'<span role="columnheader">t = {t}</span>' for t in (1, 2, 3))
    lines = [f'<div role="row"><span role="columnheader">number</span>{heads}</div>']
    for (name, since), row in zip(ROWS.items(), cells, strict=True):
        shown = "".join(
            f'<span role="cell" data-since="{first}"{_look(first, press)}>'
            f"{text if press >= first else ''}</span>"
            for text, first in zip(row, since, strict=True)
        )
        lines.append(f'<div role="row"><span role="rowheader">{escape(name)}</span>{shown}</div>')
    return (
        '<div class="steps" role="table" aria-label="Three steps forward, and the way back">'
        f'{"".join(lines)}</div><p class="say beside" aria-live="polite">{escape(said[press])}</p>'
    )


def _look(first, press):
    return ' class="here"' if press == first > 0 else ""
