"""Predictions: asked before a result, kept, and set beside what was measured.

`predict` asks for a number, for one of several choices, or for a curve drawn by hand; `reveal`,
right behind the figure or table that answers, says what was measured, once there is a prediction.
In a kernel (Lab, Binder, Colab) both show ipywidgets, and the kernel remembers. When the book is
built, with STATIC_BOOK=1, they write HTML, and ``_static/predict.js`` keeps what the reader says
in the browser. What was measured comes from the chapter's own variables.
"""

import json
import os
import re
from dataclasses import dataclass, field
from html import escape

import numpy as np
from IPython.display import display

from figures import controls
from figures.explore import _show_html

#: A drawing's width and height, and the room at its left, right, top and bottom.
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 360, 230, 48, 14, 12, 46
LINE_HEIGHT = 46  # of a number line
SAID, MEASURED, QUIET = "var(--said, #8250df)", "var(--text, #1f2328)", "var(--quiet, #59636e)"
TEXT = {
    "yet": "You have not predicted this yet.",
    "now": "Predict first",
    "number": "{you} You said {said}; {it} measured: {measured}.",
    "curve": "{you} You said {said} at {x}; {it} measured: {measured}. That is where you are "
    "furthest off; the mean distance is {away}.",
    "right": "You said {said}, and so it is.",
    "wrong": "You said {said}; measured: {measured}.",
    "keep": "keep it",
}
YOU, IT = (
    f'<span aria-hidden="true" style="color:{colour}">{sign}</span>'
    for colour, sign in ((SAID, "▼"), (MEASURED, "●"))
)


@dataclass
class _Question:
    """What is asked, and in a kernel what was said to it, and who wants to know."""

    name: str
    text: str
    kind: str
    span: tuple = (0, 1)  # of numbers, or of a curve's values
    unit: str = ""
    options: tuple = ()
    x: tuple = ()
    axes: tuple = ("", "")
    said: object = None
    tell: list = field(default_factory=list)


_asked = {}  # in this kernel: name -> question


def predict(
    name, question, *, number=None, choices=None, curve=None, unit="", span=(0, 1), axes=("", "")
):
    """Ask for a prediction: a number, one of several choices, or a curve drawn by hand.

    Parameters
    ----------
    name : str
        Small letters, digits and hyphens; no other prediction of the book has it.
    question : str
    number : (float, float), optional
        Ask for a number from the first to the second.
    choices : sequence of str, optional
        Ask which of these.
    curve : sequence of float, optional
        Ask for a curve: its value at each of these, rising.
    unit : str
        What a number counts, as in "batches".
    span : (float, float)
        The smallest and largest value of a curve.
    axes : (str, str)
        What a curve goes along, and what it says.

    Raises
    ------
    ValueError
        If there is not exactly one of `number`, `choices` and `curve`, the name has other signs,
        there are fewer than two different choices, or numbers don't rise.

    Examples
    --------
    >>> predict("right-by", "After how many batches?", number=(0, 600), unit="batches")
    ... # doctest: +SKIP
    """
    given = {"number": number, "choices": choices, "curve": curve}
    kinds = [kind for kind, value in given.items() if value is not None]
    if len(kinds) != 1:
        raise ValueError(f"predict needs one of number, choices and curve, not {kinds}")
    if not re.fullmatch(r"[a-z0-9-]+", name):
        raise ValueError(f"name {name!r} must be of small letters, digits and hyphens")
    if choices is not None and len(set(choices)) < max(2, len(choices)):
        raise ValueError(f"choices must be two at least, all different, not {list(choices)}")
    for rising in (number or (0, 1), curve if curve is not None else (0, 1), span):
        if len(rising) < 2 or (np.diff(rising) <= 0).any():
            raise ValueError(f"{list(rising)} must be two numbers at least that rise")
    asked = _Question(
        name,
        question,
        kinds[0],
        span=tuple(span if number is None else number),
        unit=unit,
        options=tuple(choices or ()),
        x=tuple(float(x) for x in (() if curve is None else curve)),
        axes=tuple(axes),
        said=_asked[name].said if name in _asked else None,
    )
    _asked[name] = asked
    present = _show_question if os.environ.get("STATIC_BOOK") == "1" else _ask_in_kernel
    present(asked)


def reveal(name, measured, *, note=""):
    """Set what was measured beside the prediction; say nothing of it before there is one.

    Parameters
    ----------
    name : str
        Of a prediction that the chapter has asked for.
    measured : float or sequence of float, str or sequence of str, dict of float to float
        A number, or one for each run; the choice that is right, or all that are; or a curve: its
        value at each of the points that were asked for, and maybe at more.
    note : str
        What more there is to say.

    Raises
    ------
    ValueError
        If there is no such prediction, or nothing that it could be compared with.

    Examples
    --------
    >>> predict("right-by", "After how many batches?", number=(0, 600))  # doctest: +SKIP
    >>> reveal("right-by", [150, 200, 150])  # doctest: +SKIP
    """
    if name not in _asked:
        raise ValueError(f"{name!r} was not asked for: the predictions are {list(_asked)}")
    asked = _asked[name]
    answer = _ANSWERS[asked.kind](asked, measured) | {"note": note}
    present = _show_answer if os.environ.get("STATIC_BOOK") == "1" else _answer_in_kernel
    present(asked, answer)


# What was measured, as text and as marks in a drawing; the reader's own are added to it.


def _number_answer(asked, measured):
    """Return the sentence and the number line for one number or several runs."""
    runs = np.atleast_1d(np.asarray(measured, dtype=float))
    if runs.ndim != 1 or not runs.size or not np.isfinite(runs).all():
        raise ValueError(f"{asked.name!r} asks for a number, not {measured!r}")
    low, high = min(*asked.span, *runs), max(*asked.span, *runs)
    ends = [_printed(value) for value in (runs.min(), runs.max())]
    text = " to ".join(dict.fromkeys(ends)) + (f" {asked.unit}" if asked.unit else "")
    text += f" in {runs.size} runs" if runs.size > 1 else ""
    scale = {"from": [low, high], "to": [LEFT, WIDTH - RIGHT]}
    dots = "".join(
        f'<circle cx="{_along(scale, run):.1f}" cy="22" r="5" style="fill:{MEASURED}"/>'
        for run in runs
    )
    return {"measured": text, "x": scale, "drawing": _number_line(low, high), "marks": dots}


def _choice_answer(asked, measured):
    """Return a sentence for each of the choices."""
    right = [measured] if isinstance(measured, str) else list(measured)
    if not right or not set(right) <= set(asked.options):
        raise ValueError(f"{asked.name!r} asks for one of {list(asked.options)}, not {measured!r}")
    return {
        "sentences": {
            option: TEXT["right" if option in right else "wrong"].format(
                said=escape(option), measured=escape(" and ".join(right))
            )
            for option in asked.options
        }
    }


def _curve_answer(asked, measured):
    """Return the axes, and the line of what was measured."""
    measured = {float(x): float(y) for x, y in dict(measured).items()}
    if missing := [x for x in asked.x if x not in measured]:
        raise ValueError(f"{asked.name!r} asks for values at {missing} as well")
    horizontal, vertical = _scales(asked, measured)
    points = [(_along(horizontal, x), _along(vertical, y)) for x, y in sorted(measured.items())]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(
        f'<circle cx="{_along(horizontal, x):.1f}" cy="{_along(vertical, measured[x]):.1f}" r="4" '
        f'style="fill:{MEASURED}"/>'
        for x in asked.x
    )
    return {
        "values": [measured[x] for x in asked.x],
        "x": horizontal,
        "y": vertical,
        "drawing": _axes(asked, horizontal, vertical),
        "marks": f'<polyline points="{line}" style="fill:none;stroke:{MEASURED};stroke-width:2.5"/>'
        + dots,
    }


_ANSWERS = {"number": _number_answer, "choices": _choice_answer, "curve": _curve_answer}


# Drawings.


def _along(scale, value):
    """Return the place of a value in a drawing."""
    (low, high), (first, last) = scale["from"], scale["to"]
    return first + (value - low) / (high - low) * (last - first)


def _scales(asked, measured=()):
    """Return where in a drawing a curve's values are."""
    everywhere = [*asked.x, *measured]
    return (
        {"from": [min(everywhere), max(everywhere)], "to": [LEFT + 10, WIDTH - RIGHT - 10]},
        {"from": list(asked.span), "to": [HEIGHT - BOTTOM, TOP]},
    )


def _label(x, y, text, anchor="middle", more=""):
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more} '
        f'style="fill:{QUIET};font-size:12.5px">{escape(text)}</text>'
    )


def _axes(asked, horizontal, vertical):
    """Draw the axes of a curve, with a label for each of its points and five values."""
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = []
    for value in np.linspace(*asked.span, 5):
        y = _along(vertical, value)
        parts.append(
            f'<path d="M{LEFT} {y:.1f}H{right}" style="stroke:{QUIET};opacity:.35;fill:none"/>'
        )
        parts.append(_label(LEFT - 6, y + 4, _printed(value), "end"))
    for x in asked.x:
        parts.append(_label(_along(horizontal, x), bottom + 17, _printed(x)))
    parts.append(_label((LEFT + right) / 2, HEIGHT - 8, asked.axes[0]))
    middle = (TOP + bottom) / 2
    turned = f' transform="rotate(-90 11 {middle:.1f})"'
    parts.append(_label(11, middle, asked.axes[1], more=turned))
    return "".join(parts)


def _number_line(low, high):
    """Draw a line with its two ends."""
    right = WIDTH - RIGHT
    return (
        f'<path d="M{LEFT} 22H{right}" style="stroke:{QUIET};fill:none"/>'
        f"{_label(LEFT, 42, _printed(low))}{_label(right, 42, _printed(high), 'end')}"
    )


def _svg(height, inside, hidden=True):
    unseen = ' aria-hidden="true"' if hidden else ""
    return f'<svg viewBox="0 0 {WIDTH} {height}"{unseen}>{inside}</svg>'


def _printed(value):
    """Print a number as a page's script does, with three decimals at most.

    Examples
    --------
    >>> _printed(47236), _printed(0.5), _printed(13.2004)
    ('47,236', '0.5', '13.2')
    """
    text = f"{value:,.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


# The built book: HTML, and the page's script.


def _packed(data):
    """Return data for a script; in its element, only a "<" could end it too early."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json">{text}</script>'


def _show_question(asked):
    data = {"name": asked.name, "kind": asked.kind, "span": asked.span, "unit": asked.unit}
    if asked.kind == "number":
        inside = _number_field(asked)
    elif asked.kind == "choices":
        data["options"] = asked.options
        inside = controls.choices("You say", asked.options)
    else:
        horizontal, vertical = _scales(asked)
        data |= {"at": asked.x, "x": horizontal, "y": vertical, "axes": asked.axes}
        inside = _curve_field(asked, horizontal, vertical)
    identity = f"predict-{asked.name}"
    _show_html(
        f'<figure class="prediction" id="{identity}" data-scripts="controls predict">'
        f'<form role="group" aria-labelledby="{identity}-question">'
        f'<p class="question" id="{identity}-question">{escape(asked.text)}</p>{inside}'
        f'<p class="kept" role="status"></p><p class="blank" aria-hidden="true">Because</p></form>'
        f"{_packed(data)}</figure>"
    )


def _number_field(asked):
    low, high = (_printed(value) for value in asked.span)
    return (
        f'<div class="field"><label><span>You say</span><input type="text" inputmode="decimal" '
        f'autocomplete="off" disabled></label><span>{escape(asked.unit)}</span>'
        f'<button type="submit" disabled>{TEXT["keep"]}</button>'
        f"<small>a number from {low} to {high}</small></div>"
    )


def _curve_field(asked, horizontal, vertical):
    """Draw the axes, and a point at each x, in the middle until it is dragged."""
    y = _along(vertical, sum(asked.span) / 2)
    places = [f"{_along(horizontal, x):.1f}" for x in asked.x]
    points = "".join(f'<circle cx="{x}" cy="{y:.1f}" r="6.5"/>' for x in places)
    line = " ".join(f"{x},{y:.1f}" for x in places)
    inside = f'{_axes(asked, horizontal, vertical)}<polyline points="{line}"/>{points}'
    return (
        f'<div class="sheet untouched">{_svg(HEIGHT, inside, hidden=False)}</div>'
        f'<div class="field"><button type="submit" disabled>{TEXT["keep"]}</button>'
        f"<small>Draw over the sheet, or move each point with the arrow keys.</small></div>"
    )


def _show_answer(asked, answer):
    data = {"name": asked.name, "kind": asked.kind, "unit": asked.unit, "text": TEXT} | answer
    data |= {"you": YOU, "it": IT, "height": _height(asked), "at": asked.x, "axes": asked.axes}
    data["options"] = asked.options
    _show_html(
        f'<figure class="prediction answer" data-scripts="controls predict">'
        f'<p class="compared">{TEXT["yet"]} <a href="#predict-{asked.name}">{TEXT["now"]}</a></p>'
        f"{_packed(data)}</figure>"
    )


def _height(asked):
    return LINE_HEIGHT if asked.kind == "number" else HEIGHT


# A live kernel: widgets.


def _ask_in_kernel(asked):
    import ipywidgets  # here, because a single widget in a built page would load scripts

    field, value = _FIELDS[asked.kind](asked)
    button = ipywidgets.Button(description=TEXT["keep"])
    status = ipywidgets.HTML()

    def keep(_change=None):
        if value() is None:
            status.value = "Choose one."
            return
        asked.said = value()
        status.value = "Kept, until the kernel stops."
        for tell in asked.tell:
            tell()

    button.on_click(keep)
    question = ipywidgets.HTML(f"<b>{escape(asked.text)}</b>")
    display(ipywidgets.VBox([question, field, ipywidgets.HBox([button, status])]))


def _kernel_number(asked):
    import ipywidgets

    low, high = asked.span
    style = {"description_width": "initial"}
    start = low if asked.said is None else asked.said
    number = ipywidgets.BoundedFloatText(
        start, min=low, max=high, description="You say", style=style
    )
    return ipywidgets.HBox([number, ipywidgets.HTML(escape(asked.unit))]), lambda: number.value


def _kernel_choice(asked):
    import ipywidgets

    radio = ipywidgets.RadioButtons(
        options=asked.options, value=asked.said, layout={"width": "auto"}
    )
    return radio, lambda: radio.value


def _kernel_curve(asked):
    import ipywidgets

    (low, high), middle = asked.span, sum(asked.span) / 2
    sliders = [
        ipywidgets.FloatSlider(
            middle if asked.said is None else asked.said[i],
            min=low,
            max=high,
            step=(high - low) / 100,
            description=f"{asked.axes[0]} {_printed(x)}",
            style={"description_width": "initial"},
        )
        for i, x in enumerate(asked.x)
    ]
    return ipywidgets.VBox(sliders), lambda: [slider.value for slider in sliders]


_FIELDS = {"number": _kernel_number, "choices": _kernel_choice, "curve": _kernel_curve}


def _answer_in_kernel(asked, answer):
    import ipywidgets

    words = ipywidgets.HTML()

    def tell():
        words.value = TEXT["yet"] if asked.said is None else _compared(asked, answer)

    asked.tell[:] = [tell]
    tell()
    display(words)


def _compared(asked, answer):
    """Return what the page's script writes once there is a prediction (`compared` there)."""
    note = f" {escape(answer['note'])}" if answer["note"] else ""
    if asked.kind == "choices":
        return f"<p>{answer['sentences'][asked.said]}{note}</p>"
    drawing = _svg(_height(asked), answer["drawing"] + answer["marks"] + _said(asked, answer))
    drawing = f'<div style="max-width:{WIDTH}px">{drawing}</div>'
    if asked.kind == "number":
        said = _printed(asked.said) + (f" {asked.unit}" if asked.unit else "")
        sentence = TEXT["number"].format(you=YOU, it=IT, said=said, measured=answer["measured"])
        return f"<p>{sentence}{note}</p>{drawing}"
    away = [abs(a - b) for a, b in zip(asked.said, answer["values"], strict=True)]
    worst = int(np.argmax(away))
    sentence = TEXT["curve"].format(
        you=YOU,
        it=IT,
        x=f"{asked.axes[0]} {_printed(asked.x[worst])}",
        said=f"{asked.said[worst]:.2f}",
        measured=f"{answer['values'][worst]:.2f}",
        away=f"{np.mean(away):.2f}",
    )
    return f"<p>{sentence}{note}</p>{drawing}"


def _said(asked, answer):
    """Draw what the reader said."""
    if asked.kind == "number":
        x = _along(answer["x"], asked.said)
        return f'<path d="M{x:.1f} 18l-6 -12h12z" style="fill:{SAID}"/>'
    points = " ".join(
        f"{_along(answer['x'], x):.1f},{_along(answer['y'], y):.1f}"
        for x, y in zip(asked.x, asked.said, strict=True)
    )
    return (
        f'<polyline points="{points}" '
        f'style="fill:none;stroke:{SAID};stroke-width:2.5;stroke-dasharray:6 4"/>'
    )
