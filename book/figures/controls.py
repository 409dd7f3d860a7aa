"""Choices and sliders as HTML: what figures in the built book are moved with.

Names, and a few values, are a group of radio buttons: all that there is to choose stands there,
and one press chooses. Many numbers in their order are a slider with a tick for each. What is time
can be played. ``_static/controls.js`` switches them on and reads them, ``controls.css`` says how
they look; a figure names both in ``data-scripts="controls …"``.
"""

import itertools
import json
from html import escape

FEWEST_OF_A_SLIDER = 6

_groups = itertools.count(1)


def is_scale(options):
    """Tell whether values are numbers in their order, and so many that a slider suits them.

    Parameters
    ----------
    options : sequence of numbers and strings

    Returns
    -------
    bool

    Examples
    --------
    >>> is_scale(range(6)), is_scale(range(5)), is_scale([5, 3, 8, 1, 9, 2]), is_scale("abcdef")
    (True, False, False, False)
    """
    if len(options) < FEWEST_OF_A_SLIDER or any(isinstance(value, str) for value in options):
        return False
    rising = all(a < b for a, b in itertools.pairwise(options))
    return rising or all(a > b for a, b in itertools.pairwise(options))


def texts(options):
    """Return values as their reader sees them: numbers with so few digits that they still differ.

    Parameters
    ----------
    options : sequence of numbers and strings

    Returns
    -------
    list of str

    Examples
    --------
    >>> texts([0.1, 1 / 3, "all"]), texts([1000.0, 1000.1]), texts([448, 47_236])
    (['0.1', '0.3333', 'all'], ['1000', '1000.1'], ['448', '47,236'])
    """
    for digits in range(4, 18):  # no two numbers are alike in 17 digits
        found = [_text(value, digits) for value in options]
        if len(set(found)) == len(options):
            break
    return found


def _text(value, digits):
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def choices(legend, options, chosen=None):
    """Return a group of radio buttons, off until the page's script has run.

    Parameters
    ----------
    legend : str
        What is chosen.
    options : sequence of str
        All that there is to choose, as the reader sees it.
    chosen : int, optional
        The place of the one that is chosen at first; by default none is.

    Returns
    -------
    str
        A ``fieldset`` of class ``choices``, whose radio buttons have the places as values.

    Examples
    --------
    >>> choices("head", ["1", "2"], 0)[:61]
    '<fieldset class="choices" data-control><legend>head</legend><'
    """
    name = f"choices-{next(_groups)}"
    buttons = "".join(
        f'<label><input type="radio" name="{name}" value="{place}" autocomplete="off" '
        f"disabled{' checked' if place == chosen else ''}><span>{escape(text)}</span></label>"
        for place, text in enumerate(options)
    )
    return (
        f'<fieldset class="choices" data-control><legend>{escape(legend)}</legend>'
        f"<div>{buttons}</div></fieldset>"
    )


def slider(label, options, start=0, play=False):
    """Return a slider with a tick for each of its values, off until the page's script has run.

    Parameters
    ----------
    label : str
    options : sequence of str
        The values in their order, as the reader sees them.
    start : int
        The place where it stands at first.
    play : bool
        Whether there is a button that moves it on.

    Returns
    -------
    str
        A ``div`` of class ``slider`` with an ``input`` and an ``output``.

    Examples
    --------
    >>> slider("step", ["0", "100"], play=True).count("<button")
    1
    """
    text = escape(options[start])
    all_texts = escape(json.dumps(list(options), ensure_ascii=False))
    button = '<button type="button" disabled>▶ play</button>' if play else ""
    return (
        f'<div class="slider" data-control><label><span>{escape(label)}</span>'
        f'<b class="rail" style="--steps:{len(options) - 1 or 1}"><input type="range" min="0" '
        f'max="{len(options) - 1}" value="{start}" aria-valuetext="{text}" '
        f'data-texts="{all_texts}" autocomplete="off" disabled></b></label>'
        f'<output aria-live="off" style="min-width:{max(map(len, options))}ch">{text}</output>'
        f"{button}</div>"
    )


def panel(controls, labels):
    """Return the controls of a figure below each other, their names in a column.

    Parameters
    ----------
    controls : sequence of str
        What `choices` and `slider` returned.
    labels : sequence of str
        Their names, which say how wide that column is.

    Returns
    -------
    str

    Examples
    --------
    >>> panel([choices("head", ["1", "2"], 0)], ["head"])[:44]
    '<div class="controls" style="--names:4"><fie'
    """
    width = max(map(len, labels))
    return f'<div class="controls" style="--names:{width}">{"".join(controls)}</div>'
