"""Figures that a reader moves: recomputed in a live kernel, pre-rendered in the built book.

It stands between `plots`, which draws the figures, and the chapters, and knows no model. In a
kernel (Lab, Binder, Colab) `explore` shows ipywidgets. When the book is built, its extension
sets the environment variable STATIC_BOOK=1, and the same call writes plain HTML: a picture,
native radio buttons and sliders, and for each of their positions what differs from the picture.
The page's scripts, ``_static/controls.js`` and ``frames.js``, need no kernel, no network and no
widget library.

Pictures are SVG, so their words are in the page's own font. Each is drawn twice, once in its own
size and once for a phone, and ``_static/explore.css`` shows the one that fits.
"""

import asyncio
import inspect
import io
import itertools
import json
import os
from html import escape

import numpy as np
from IPython.display import display
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from PIL import Image

from figures import svg
from figures.controls import choices, is_scale, panel, slider, texts
from figures.plots import SCALE, new_figure

MOST_POSITIONS = 400  # of all controls together: about what a page can carry
UNSEEN = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)"
PHONE = 3.55  # inches: what the card of a picture has room for where a screen has 390 CSS pixels
# JupyterLab in the dark: charts are light on dark there, as in the book.
IN_THE_DARK = (
    '<style>[data-jp-theme-light="false"] .chart { filter: invert(1) hue-rotate(180deg); }</style>'
)
REST = 0.15  # seconds without a move, after which a kernel draws the whole picture
WHOLE, SHORTEST = 6000, 250  # milliseconds of playing: from end to end, and one step


def explore(
    draw,
    *,
    alt,
    caption="",
    size=(6.4, 3.6),
    phone=None,
    labels=None,
    start=None,
    play=None,
    **values,
):
    """Show a figure with something to choose or to move for each of the keywords in `values`.

    Six numbers or more, in their order, get a slider. Names, and fewer values, get radio buttons:
    all that there is to choose stands there.

    `draw` is called as ``draw(figure, length=3)``, always with the same figure (in the built book
    with the same two, see `picture`), which is empty at the first call: it makes its artists once
    and changes them afterwards, as the functions of `figures.plots` do. What it draws may depend on
    nothing but the values and the figure's size. It is an ordinary function, so a test calls it at
    all `positions`.

    Parameters
    ----------
    draw : callable
        ``draw(figure, **values)``, drawing into a `matplotlib.figure.Figure`.
    alt : str or callable
        The picture in words, for readers who can't see it: text that may name the values as
        format fields, ``"weights for {length} tokens"``, or a function of the values.
    caption : str
        What to see in the picture; shown below it.
    size : (float, float)
        Width and height of the figure in inches.
    phone : float, optional
        Height on a phone in inches, or of one panel, where `figures.plots.panels` stand below each
        other there; by default that of `size`.
    labels : dict of str to str, optional
        Names of the controls; by default the keywords with spaces for underscores.
    start : dict of str to value, optional
        What is chosen at first; by default the first value of each.
    play : str, optional
        The keyword that is time, such as a training step: it gets a slider that can be played.
    **values : sequences
        What there is to choose: numbers or strings; 400 at most, multiplied over the keywords.
        None can have the name of another argument, such as `size`.

    Raises
    ------
    ValueError
        If there is nothing to choose, a keyword has no values or there are too many positions; if
        `labels`, `start` or `play` name what isn't there; if `alt` is empty or names no value;
        when the book is built, if `draw` draws two pictures for one position.
    TypeError
        If `draw` doesn't take the figure and these keywords.

    Examples
    --------
    >>> from figures.plots import bars
    >>> def draw(figure, sharpness):
    ...     scores = np.exp(sharpness * np.array([1.0, 2.0, 3.0]))
    ...     bars(figure, scores / scores.sum(), labels="abc", y_label="weight")
    >>> for position in positions(sharpness=[0, 1, 10]):
    ...     draw(new_figure(), **position)
    >>> explore(draw, alt="softmax of 1, 2 and 3, sharpness {sharpness}", sharpness=[0, 1, 10])
    ... # doctest: +SKIP
    """
    values = {name: _plain_list(name, sequence) for name, sequence in values.items()}
    labels, start = labels or {}, start or {}
    _check(draw, values, labels, start, play)
    labels = {name: labels.get(name, name.replace("_", " ")) for name in values}
    start = {name: start.get(name, options[0]) for name, options in values.items()}
    _words(alt, start)
    if _is_static():
        _show_frames(
            draw, (size, (PHONE, phone or size[1])), alt, caption, labels, start, play, values
        )
    else:
        _show_widgets(draw, new_figure(size), alt, caption, labels, start, play, values)


def positions(**values):
    """Yield the keyword arguments of `draw` at every position, the last keyword moving fastest.

    Parameters
    ----------
    **values : sequences
        As in `explore`.

    Yields
    ------
    dict of str to value

    Examples
    --------
    >>> list(positions(head=[1, 2], length=[5]))
    [{'head': 1, 'length': 5}, {'head': 2, 'length': 5}]
    """
    for combination in itertools.product(*values.values()):
        yield dict(zip(values, combination, strict=True))


def picture(draw, *data, alt, caption="", size=(6.4, 3.6), phone=None, **options):
    """Draw a picture and show it, with its alternative text and a caption.

    It is drawn into a new figure; for the built book into two, of which a page shows one. The other
    is as wide as a phone: `draw` finds its place in either, as the functions of `figures.plots` do.

    Parameters
    ----------
    draw : callable
        A function of `figures.plots`, or any ``draw(figure, *data, **options)``.
    *data
        What it draws.
    alt : str
        The picture in words, for readers who can't see it.
    caption : str
        What to see in the picture; shown below it.
    size : (float, float)
        Width and height of the figure in inches.
    phone : float, optional
        Height on a phone in inches, or of one panel, where `figures.plots.panels` stand below each
        other there; by default that of `size`.
    **options
        Of `draw`.

    Raises
    ------
    ValueError
        If `alt` is empty.

    Examples
    --------
    >>> from figures.plots import bars
    >>> picture(bars, [0.7, 0.3], labels="ab", y_label="weight", alt="bars of 0.7 and 0.3")
    ... # doctest: +SKIP
    """
    words, drawings = _words(alt, None), []
    for inches in (size, (PHONE, phone or size[1]))[: 2 if _is_static() else 1]:
        figure = new_figure(inches)
        draw(figure, *data, **options)
        drawings.append((svg.drawn(figure), figure.get_size_inches()))
    look = "" if _is_static() else IN_THE_DARK
    _show_html(
        f'<figure class="plot">{look}{_picture_element(drawings, words)}{_caption_element(caption)}'
        "</figure>"
    )


def _is_static():
    """Tell whether the book is built."""
    return os.environ.get("STATIC_BOOK") == "1"


def _plain_list(name, sequence):
    """Return what there is to choose as a list of Python's own numbers and strings."""
    if isinstance(sequence, str) or not np.iterable(sequence):
        raise TypeError(f"{name} must be a sequence of values, not {sequence!r}")
    return [value.item() if isinstance(value, np.generic) else value for value in sequence]


def _check(draw, values, labels, start, play):
    """Raise an error that says what is wrong with the arguments of `explore`."""
    if not values:
        raise ValueError(
            "explore needs a sequence of values for one keyword at least: length=[1, 2]"
        )
    for name, options in values.items():
        if not options:
            raise ValueError(f"{name} has no values: it needs one at least")
        if len(set(texts(options))) < len(options):
            raise ValueError(f"{name} has a value twice: {options}")
    count = np.prod([len(options) for options in values.values()])
    if count > MOST_POSITIONS:
        lengths = " x ".join(str(len(options)) for options in values.values())
        raise ValueError(
            f"{lengths} = {count} positions are too many for a page: {MOST_POSITIONS} at most"
        )
    for argument, given in (("labels", labels), ("start", start), ("play", {play} - {None})):
        if unknown := set(given) - set(values):
            raise ValueError(
                f"{argument} names {sorted(unknown)}, but the keywords are {list(values)}"
            )
    for name, value in start.items():
        if value not in values[name]:
            raise ValueError(f"start[{name!r}] is {value!r}, but its values are {values[name]}")
    signature = inspect.signature(draw)
    try:
        signature.bind(None, **dict.fromkeys(values))
    except TypeError as error:
        raise TypeError(
            f"draw must take a figure and the keywords {list(values)}, "
            f"but it takes {signature}: {error}"
        ) from None


def _words(alt, position):
    """Return the alternative text at a position; `position` is None where there is only one."""
    if callable(alt):
        text = alt(**position)
    elif position is None:
        text = alt
    else:
        try:
            text = alt.format(**position)
        except (KeyError, IndexError) as error:
            raise ValueError(
                f"alt has the field {error}, but the keywords are {list(position)}"
            ) from None
    if not text.strip():
        raise ValueError("alt is empty: say in words what the picture shows")
    return text


# The built book: HTML and SVG.


def _show_frames(draw, sizes, alt, caption, labels, start, play, values):
    drawings, frames = [], []
    for size in sizes:
        base, drawn, inches = _draw_frames(draw, size, start, values)
        drawings.append((base, inches))
        frames.append([svg.differences(base, lines) for lines in drawn])
    data = {
        "counts": [len(options) for options in values.values()],
        "alts": [_words(alt, position) for position in positions(**values)],
        "frames": frames,
    }
    # In a script element, only a "<" could end the data too early.
    packed = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    controls = [
        _control(labels[name], options, start[name], name == play)
        for name, options in values.items()
    ]
    _show_html(
        f'<figure class="explore" data-scripts="controls frames">'
        f"{_picture_element(drawings, _words(alt, start))}"
        f"{panel(controls, labels.values())}{_caption_element(caption)}"
        f'<script type="application/json">{packed}</script></figure>'
    )


def _control(label, options, value, played):
    """Return radio buttons or a slider."""
    place = options.index(value)
    if played or is_scale(options):
        return slider(label, texts(options), place, play=played)
    return choices(label, texts(options), place)


def _draw_frames(draw, size, start, values):
    """Return the lines of the SVG at the start, those at all positions, and the size in inches."""
    figure, frames = new_figure(size), []
    for position in [*positions(**values), start]:
        try:
            draw(figure, **position)
        except Exception as error:
            error.add_note(f"while explore drew the position {position}")
            raise
        frames.append(svg.drawn(figure))
    base = frames.pop()
    if base != frames[list(positions(**values)).index(start)]:
        raise ValueError(
            f"draw gave two pictures for {start}: what it draws may depend on its values only; "
            "change the artists of the first call instead of adding new ones"
        )
    return base, frames, figure.get_size_inches()


def _picture_element(drawings, alt):
    """Return a picture: its SVG in one size or, for the style sheet to choose, in two."""
    look = (
        'class="{}"'
        if len(drawings) > 1
        else 'class="chart" style="max-width:100%;height:auto;background:#fff"'
    )
    names = ("wide", "narrow")[: len(drawings)]
    drawn = "".join(
        svg.element(lines, size, look.format(name))
        for name, (lines, size) in zip(names, drawings, strict=True)
    )
    return f'<div class="picture" role="img" aria-label="{escape(alt)}">{drawn}</div>'


def _pixels(figure):
    """Render a figure as an array of uint8, shape (height, width, 3)."""
    if not isinstance(figure.canvas, FigureCanvasAgg):
        FigureCanvasAgg(figure)
    figure.set_dpi(96 * SCALE)
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()


def _file(pixels, kind, **options):
    """Return the bytes of a picture's file."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, kind, **options)
    return file.getvalue()


def _caption_element(caption):
    return f"<figcaption>{escape(caption)}</figcaption>" if caption else ""


def _show_html(html):
    display({"text/html": html}, raw=True)


# A live kernel: widgets.


def _show_widgets(draw, figure, alt, caption, labels, start, play, values):
    import ipywidgets  # here, because a single widget in a built page would load scripts

    controls = {
        name: _widget(labels[name], options, start[name], name == play)
        for name, options in values.items()
    }
    width = f"{figure.get_figwidth() * 96:.0f}px"
    picture = ipywidgets.Image(format="png", layout={"max_width": "100%"})
    picture.add_class("chart")
    words, screen = ipywidgets.HTML(), _Screen(figure, picture)

    def update():
        position = {name: control.value for name, control in controls.items()}
        draw(figure, **position)
        screen.show()
        # The picture widget takes no alternative text: it goes before the caption, unseen.
        spoken = escape(_words(alt, position))
        words.value = f'{IN_THE_DARK}<span style="{UNSEEN}">{spoken}</span>{escape(caption)}'

    def update_or_say_why(_change):
        try:
            update()
        except Exception as error:  # a kernel would swallow it, and the picture seem stuck
            words.value = f"<b>{type(error).__name__}</b>: {escape(str(error))}"

    update()
    for control in controls.values():
        control.observe(update_or_say_why, names="value")
    rows = [_playable(control) if name == play else control for name, control in controls.items()]
    display(ipywidgets.VBox([picture, *rows, words], layout={"max_width": width}))


class _Screen:
    """Show a figure in a picture widget: at once what has moved, and the whole when it rests.

    A whole picture takes most of its time for what stays, tick labels above all, and for packing
    it without loss. So where a kernel's event loop runs, a move is answered by the changed
    artists drawn over the rest as it was, and packed with a little loss.
    """

    def __init__(self, figure, picture):
        self.figure, self.picture = figure, picture
        self.moving, self.ground, self.later = [], None, None
        self.looks = {}

    def show(self):
        """Show what the figure holds now."""
        if self.later:
            self.later.cancel()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # nobody would come back for the whole picture
            return self.whole()
        if not self.picture.value:
            return self.whole()
        self._send(self._draft(), "JPEG", quality=90, subsampling=0)
        self.later = loop.call_later(REST, self.whole)

    def whole(self):
        """Show the figure as it is when nothing moves."""
        self._send(_pixels(self.figure), "PNG", compress_level=1)  # quickly, not tightly
        for part in self._parts():
            self._moved(part)  # to know it later

    def _parts(self):
        return [part for axes in self.figure.axes for part in axes.get_children()]

    def _send(self, pixels, kind, **options):
        with self.picture.hold_sync():
            self.picture.format = kind.lower()
            self.picture.value = _file(pixels, kind, **options)

    def _draft(self):
        """Return the pixels of what stays, drawn once, and over it of all that ever moved."""
        canvas = self.figure.canvas
        new = [part for part in self._parts() if part not in self.moving and self._moved(part)]
        if new or self.ground is None:
            self.moving += new
            shown = [part for part in self.moving if part.get_visible()]
            for part in shown:
                part.set_visible(False)
            canvas.draw()
            for part in shown:
                part.set_visible(True)
            self.ground = canvas.copy_from_bbox(self.figure.bbox)
        canvas.restore_region(self.ground)
        for part in sorted(self.moving, key=lambda part: part.get_zorder()):
            part.axes.draw_artist(part)
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()

    def _moved(self, part):
        """Tell whether an artist has changed; ticks and texts are often set to what they are."""
        if isinstance(part, Axis):
            labels = [label.get_text() for label in part.get_ticklabels()]
            look = [*part.get_ticklocs(), *labels, part.get_label_text()]
        elif isinstance(part, Text):
            look = [part.get_text(), *part.get_position()]
        else:
            return part.stale
        before = self.looks.setdefault(part, look)
        self.looks[part] = look
        return before != look


def _widget(label, options, value, played):
    """Return radio buttons or a slider, by the same rule as in the built book."""
    import ipywidgets

    scale = played or is_scale(options)
    kind = ipywidgets.SelectionSlider if scale else ipywidgets.RadioButtons
    return kind(
        options=list(zip(texts(options), options, strict=True)),
        value=value,
        description=label,
        style={"description_width": "initial"},
        layout={"width": "auto"},
        **({} if scale else {"orientation": "horizontal"}),
    )


def _playable(moved):
    """Return a slider with a button that moves it on."""
    import ipywidgets

    last = len(moved.options) - 1
    button = ipywidgets.Play(
        min=0, max=last, value=moved.index, interval=max(SHORTEST, WHOLE // (last + 1))
    )
    ipywidgets.jslink((button, "value"), (moved, "index"))
    moved.layout.flex = "1"
    return ipywidgets.HBox([moved, button])
