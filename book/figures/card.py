"""Small figures that answer at once: controls, a drawing, and the same in a kernel.

Such a figure is a function from a state, the values of its controls, to a drawing in HTML. When the
book is built, with STATIC_BOOK=1, its first state is written into the page, and a script of its
own, ``_static/NAME.js``, changes it in place. In a kernel the same drawing stands below ipywidgets,
and is made anew with NumPy whenever one of them moves.
"""

import itertools
import json
import os
from html import escape
from pathlib import Path
from typing import NamedTuple

import numpy as np
from IPython.display import display

from figures.explore import _show_html

STATIC = Path(__file__).parents[1] / "_static"
_numbers = itertools.count(1)


class Choice(NamedTuple):
    """One of a few values: radio buttons.

    Examples
    --------
    >>> 'value="causal"' in Choice("mask", "Mask", ("all", "causal")).html("card-1", "all")
    True
    """

    name: str
    label: str
    options: tuple

    def html(self, identity, value):
        """Return the buttons, disabled until the script has run."""
        buttons = "".join(
            f'<label><input type="radio" name="{identity}-{self.name}" data-name="{self.name}" '
            f'value="{escape(option)}" autocomplete="off" disabled'
            f"{' checked' if option == value else ''}><span>{escape(option)}</span></label>"
            for option in self.options
        )
        return f"<fieldset><legend>{escape(self.label)}</legend><div>{buttons}</div></fieldset>"

    def widget(self, ipywidgets, value):
        """Return the same for a kernel."""
        return ipywidgets.ToggleButtons(
            options=list(self.options), value=value, description=self.label
        )


class Switch(NamedTuple):
    """Yes or no: a box to tick.

    Examples
    --------
    >>> Switch("scaled", "÷ √d").html("card-1", True)[:52]
    '<label class="switch"><input type="checkbox" data-na'
    """

    name: str
    label: str

    def html(self, identity, value):
        """Return the box, disabled until the script has run."""
        return (
            f'<label class="switch"><input type="checkbox" data-name="{self.name}" '
            f'autocomplete="off" disabled{" checked" if value else ""}>'
            f"<span>{escape(self.label)}</span></label>"
        )

    def widget(self, ipywidgets, value):
        """Return the same for a kernel."""
        return ipywidgets.Checkbox(value=value, description=self.label, indent=False)


class Slide(NamedTuple):
    """One of several numbers in their order: a slider.

    Examples
    --------
    >>> Slide("temperature", "temperature", (0.5, 1, 2)).html("card-1", 1)[-40:]
    '<output aria-live="off">1</output></div>'
    """

    name: str
    label: str
    options: tuple

    def html(self, identity, value):
        """Return the slider and its value as text, disabled until the script has run."""
        return (
            f'<div class="slide"><label><span>{escape(self.label)}</span><input type="range" '
            f'min="0" max="{len(self.options) - 1}" value="{self.options.index(value)}" '
            f'data-name="{self.name}" data-options="{json.dumps(self.options)}" '
            f'aria-valuetext="{value}" autocomplete="off" disabled></label>'
            f'<output aria-live="off">{value}</output></div>'
        )

    def widget(self, ipywidgets, value):
        """Return the same for a kernel."""
        return ipywidgets.SelectionSlider(
            options=list(self.options), value=value, description=self.label
        )


class Text(NamedTuple):
    """A line of text that is typed.

    Examples
    --------
    >>> Text("typed", "number").html("card-1", "97")[-37:]
    ' autocomplete="off" disabled></label>'
    """

    name: str
    label: str

    def html(self, identity, value):
        """Return the field, disabled until the script has run."""
        return (
            f'<label class="text"><span>{escape(self.label)}</span><input type="text" '
            f'data-name="{self.name}" value="{escape(value)}" spellcheck="false" '
            'autocomplete="off" disabled></label>'
        )

    def widget(self, ipywidgets, value):
        """Return the same for a kernel."""
        return ipywidgets.Text(value=value, description=self.label)


def show_card(
    name,
    draw,
    controls,
    start,
    *,
    data=None,
    caption="",
    only_here=(),
    scripts=(),
    models=(),
):
    """Show a small figure: in the built book with its script, in a kernel with widgets.

    Parameters
    ----------
    name : str
        The figure's class, and that of its script and style sheet in ``_static``.
    draw : callable
        ``draw(**state)`` returns the drawing as HTML.
    controls : sequence of Choice, Switch, Slide and Text
    start : dict
        The state at first, a value for each control.
    data : dict
        What the script needs besides.
    caption : str
        What to try and to see.
    only_here : sequence of Slide
        Controls for a kernel alone, for what is dragged on a page.
    scripts : sequence of str
        Other scripts that its own one needs, by name.
    models : sequence of str
        Names of the files of trained models, ``_static/live/NAME.js``, which the script runs.

    Examples
    --------
    >>> show_card("masks", lambda late: "<p>…</p>", [Switch("late", "after the softmax")],
    ...           {"late": False})  # doctest: +SKIP
    """
    if os.environ.get("STATIC_BOOK") == "1":
        identity = f"{name}-{next(_numbers)}"
        parts = "".join(control.html(identity, start[control.name]) for control in controls)
        shown = {control.name: start[control.name] for control in (*controls, *only_here)}
        # In a script element, only a "<" could end the data too early.
        text = json.dumps(data or {}, ensure_ascii=False, separators=(",", ":"))
        engine = ("engine",) if models else ()
        needed = f'data-scripts="{" ".join((*engine, "attend", *scripts, name))}"'
        needed += f' data-models="{" ".join(models)}"' if models else ""
        below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
        _show_html(
            f'<figure class="attend {name}" {needed}>'
            f'<div class="controls">{parts}</div><div class="drawing">{draw(**shown)}</div>{below}'
            f'<script type="application/json">{text.replace("<", chr(92) + "u003c")}</script>'
            "</figure>"
        )
    else:
        _show_widgets(name, draw, (*only_here, *controls), start, caption)


def _show_widgets(name, draw, controls, start, caption):
    import ipywidgets  # here, because a single widget in a built page would load scripts

    moved = {control.name: control.widget(ipywidgets, start[control.name]) for control in controls}
    for widget in moved.values():
        widget.style.description_width = "initial"
    style = "".join((STATIC / f"{sheet}.css").read_text("utf-8") for sheet in ("attend", name))
    drawing = ipywidgets.HTML()

    def update(_change=None):
        try:
            shown = draw(**{name: widget.value for name, widget in moved.items()})
        except Exception as error:  # a kernel would swallow it, and the picture seem stuck
            shown = f"<b>{type(error).__name__}</b>: {escape(str(error))}"
        drawing.value = (
            f'<style>{style}</style><figure class="attend still {name}">{shown}'
            f"<figcaption>{escape(caption)}</figcaption></figure>"
        )

    update()
    for widget in moved.values():
        widget.observe(update, names="value")
    display(ipywidgets.VBox([*moved.values(), drawing]))


def printed(number, digits=2):
    """Return a number as the page prints it: no minus before a zero.

    Examples
    --------
    >>> printed(-0.001), printed(0.125), printed(np.nan)
    ('0.00', '0.12', 'NaN')
    """
    if np.isnan(number):
        return "NaN"
    text = f"{number:.{digits}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def shade(weight):
    """Return how dark a weight is drawn: its root, or all below 0.1 would look like 0.

    Examples
    --------
    >>> shade(0.25), shade(np.nan)
    ('0.500', '0.000')
    """
    return f"{np.sqrt(np.nan_to_num(weight)):.3f}"


def name_list(names):
    """Return names as a sentence lists them.

    Examples
    --------
    >>> name_list("abc"), name_list("a")
    ('a, b and c', 'a')
    """
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
