"""Figures with sliders: recomputed in a live kernel, pre-rendered in the built book.

It stands between `plots`, which draws the figures, and the chapters, and knows no model. In a
kernel (Lab, Binder, Colab) `explore` shows ipywidgets. When the book is built, its extension
sets the environment variable STATIC_BOOK=1, and the same call writes plain HTML: a picture,
native sliders, one small picture for each of their positions and a kilobyte of script, which
needs no kernel, no network and no widget library.
"""

import base64
import inspect
import io
import itertools
import json
import os
from html import escape

import numpy as np
from IPython.display import display
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from figures.plots import SCALE, new_figure

MOST_POSITIONS = 400  # of all sliders together: about what a page can carry
UNSEEN = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)"
FULL_COLOUR_BYTES = 60_000  # frames that are heavier together get fewer colours

SCRIPT = """
(() => {
  const card = document.currentScript.parentElement;
  const data = JSON.parse(card.querySelector("script").textContent);
  const picture = card.querySelector("img"), canvas = document.createElement("canvas");
  const sliders = [...card.querySelectorAll("input")], outputs = card.querySelectorAll("output");
  const pen = canvas.getContext("2d");
  const base = picture.decode().then(() => createImageBitmap(picture)).then(bitmap => {
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    pen.drawImage(bitmap, 0, 0);
    picture.after(canvas);
    return bitmap;
  });
  const strides = sliders.map((_, k) => data.values.slice(k + 1).reduce((n, v) => n * v.length, 1));
  const frames = [];
  const load = async position => {
    const frame = frames[position] ??= new Image();
    frame.src ||= "data:image/webp;base64," + data.frames[position];
    await frame.decode();
    return frame;
  };
  let asked = 0, drawn = 0;
  const update = async stride => {
    const turn = ++asked;
    let position = 0;
    sliders.forEach((slider, k) => {
      const text = data.values[k][slider.value];
      position += slider.value * strides[k];
      outputs[k].value = text;
      slider.setAttribute("aria-valuetext", text);
    });
    picture.alt = data.alts[position];
    const [bitmap, frame] = await Promise.all([base, load(position)]);
    if (turn < drawn) return;  // a later position was faster
    drawn = turn;
    const {x, y} = data, {width, height} = frame;
    pen.drawImage(bitmap, x, y, width, height, x, y, width, height);
    pen.drawImage(frame, x, y);
    // The slider probably moves on: have its next pictures ready.
    for (const next of [position - stride, position + stride]) if (next in data.frames) load(next);
  };
  sliders.forEach((slider, k) => {
    slider.disabled = false;
    slider.oninput = () => update(strides[k]);
  });
})();
"""


def explore(draw, *, alt, caption="", size=(6.4, 3.6), labels=None, start=None, **values):
    """Show a figure with a slider for each of the keywords in `values`.

    `draw` is called as ``draw(figure, length=3)``, always with the same figure, which is empty at
    the first call: it makes its artists once and changes them afterwards, as the functions of
    `figures.plots` do. What it draws may depend on nothing but the values. It is an ordinary
    function, so a test calls it at all `positions` of the sliders.

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
    labels : dict of str to str, optional
        Names of the sliders; by default the keywords with spaces for underscores.
    start : dict of str to value, optional
        Where sliders stand at first; by default at their first value.
    **values : sequences
        The positions of each slider: numbers or strings; 400 at most, multiplied over sliders.
        A slider can't have the name of another argument, such as `size`.

    Raises
    ------
    ValueError
        If there is no slider, one has no values or there are too many positions; if `labels` or
        `start` name what isn't there; if `alt` is empty or names no value; when the book is
        built, if `draw` draws two pictures for one position.
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
    _check(draw, values, labels, start)
    labels = {name: labels.get(name, name.replace("_", " ")) for name in values}
    start = {name: start.get(name, options[0]) for name, options in values.items()}
    _words(alt, start)
    present = _show_frames if os.environ.get("STATIC_BOOK") == "1" else _show_widgets
    present(draw, new_figure(size), alt, caption, labels, start, values)


def positions(**values):
    """Yield the keyword arguments of `draw` at every position, the last slider moving fastest.

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


def show(figure, *, alt, caption=""):
    """Show a finished figure as a picture with alternative text and a caption.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        The picture in words, for readers who can't see it.
    caption : str
        What to see in the picture; shown below it.

    Raises
    ------
    ValueError
        If `alt` is empty.

    Examples
    --------
    >>> show(new_figure(), alt="nothing yet", caption="An empty figure.")  # doctest: +SKIP
    """
    picture = _image_element(_pixels(figure), _words(alt, None))
    _show_html(f'<figure class="plot">{picture}{_caption_element(caption)}</figure>')


def _plain_list(name, sequence):
    """Return the values of a slider as a list of Python's own numbers and strings."""
    if isinstance(sequence, str) or not np.iterable(sequence):
        raise TypeError(f"{name} must be a sequence of slider positions, not {sequence!r}")
    return [value.item() if isinstance(value, np.generic) else value for value in sequence]


def _check(draw, values, labels, start):
    """Raise an error that says what is wrong with the arguments of `explore`."""
    if not values:
        raise ValueError(
            "explore needs a sequence of values for one slider at least: length=[1, 2]"
        )
    for name, options in values.items():
        if not options:
            raise ValueError(f"{name} has no values: a slider needs one at least")
        if len(set(_texts(options))) < len(options):
            raise ValueError(f"{name} has a value twice: {options}")
    count = np.prod([len(options) for options in values.values()])
    if count > MOST_POSITIONS:
        lengths = " x ".join(str(len(options)) for options in values.values())
        raise ValueError(
            f"{lengths} = {count} positions are too many for a page: {MOST_POSITIONS} at most"
        )
    for argument, given in (("labels", labels), ("start", start)):
        if unknown := set(given) - set(values):
            raise ValueError(
                f"{argument} names {sorted(unknown)}, but the sliders are {list(values)}"
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
    """Return the alternative text at a position; `position` is None where there is no slider."""
    if callable(alt):
        text = alt(**position)
    elif position is None:
        text = alt
    else:
        try:
            text = alt.format(**position)
        except (KeyError, IndexError) as error:
            raise ValueError(
                f"alt has the field {error}, but the sliders are {list(position)}"
            ) from None
    if not text.strip():
        raise ValueError("alt is empty: say in words what the picture shows")
    return text


def _texts(options):
    """Return a slider's values as its reader sees them: with so few digits that they still differ.

    Examples
    --------
    >>> _texts([0.1, 1 / 3, "all"]), _texts([1000.0, 1000.1])
    (['0.1', '0.3333', 'all'], ['1000', '1000.1'])
    """
    for digits in range(4, 18):  # no two numbers are alike in 17 digits
        texts = [f"{x:.{digits}g}" if isinstance(x, float) else str(x) for x in options]
        if len(set(texts)) == len(options):
            break
    return texts


# The built book: HTML, pictures, a script.


def _show_frames(draw, figure, alt, caption, labels, start, values):
    base, frames = _draw_frames(draw, figure, start, values)
    rows, columns = _changing_rectangle(base, frames)
    sample = [_webp(frame[rows, columns]) for frame in frames[::4]]
    if sum(map(len, sample)) * len(frames) > FULL_COLOUR_BYTES * len(sample):
        base, frames = _round_colours(base), [_round_colours(frame) for frame in frames]
    data = {
        "x": columns.start,
        "y": rows.start,
        "values": [_texts(options) for options in values.values()],
        "alts": [_words(alt, position) for position in positions(**values)],
        "frames": _pack(base, frames, rows, columns),
    }
    # In a script element, only a "<" could end the data too early.
    packed = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    sliders = "".join(_slider_element(labels[name], values[name], start[name]) for name in values)
    _show_html(
        f'<figure class="explore"><div>{_image_element(base, _words(alt, start))}</div>'
        f'<div class="sliders">{sliders}</div>{_caption_element(caption)}'
        f'<script type="application/json">{packed}</script><script>{SCRIPT}</script></figure>'
    )


def _draw_frames(draw, figure, start, values):
    """Return the pixels at the start, and at all positions; about 2.6 MB each."""
    frames = []
    for position in [*positions(**values), start]:
        try:
            draw(figure, **position)
        except Exception as error:
            error.add_note(f"while explore drew the position {position}")
            raise
        frames.append(_pixels(figure))
    base = frames.pop()
    if (base != frames[list(positions(**values)).index(start)]).any():
        raise ValueError(
            f"draw gave two pictures for {start}: what it draws may depend on its values only; "
            "change the artists of the first call instead of adding new ones"
        )
    return base, frames


def _changing_rectangle(base, frames):
    """Return the rows and columns, as slices, outside of which all frames equal the base.

    Parameters
    ----------
    base : array of uint8, shape (height, width, 3)
    frames : list of arrays of the same shape

    Returns
    -------
    (slice, slice)
        One picture element at least.

    Examples
    --------
    >>> base = np.zeros((4, 5, 3), np.uint8)
    >>> frame = base.copy()
    >>> frame[1:3, 2] = 255
    >>> _changing_rectangle(base, [base, frame])
    (slice(1, 3, None), slice(2, 3, None))
    """
    changes = np.zeros(base.shape[:2], bool)
    for frame in frames:
        changes |= (frame != base).any(axis=2)
    changes[0, 0] |= not changes.any()
    rows, columns = (np.flatnonzero(changes.any(axis=axis)) for axis in (1, 0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _pack(base, frames, rows, columns):
    """Pack a rectangle of each frame: as it is, or only what differs from the base, if shorter."""
    base, packed = base[rows, columns], []
    for frame in frames:
        crop = frame[rows, columns]
        differs = (crop != base).any(axis=2, keepdims=True)
        see_through = np.where(differs, np.dstack([crop, np.full(crop.shape[:2], 255)]), 0)
        packed.append(min(_webp(crop), _webp(see_through.astype(np.uint8)), key=len))
    return packed


def _pixels(figure):
    """Render a figure as an array of uint8, shape (height, width, 3)."""
    if not isinstance(figure.canvas, FigureCanvasAgg):
        FigureCanvasAgg(figure)
    figure.set_dpi(96 * SCALE)
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()


def _round_colours(pixels):
    """Keep 16 shades a channel, black and white among them: smooth edges then weigh half."""
    return ((pixels.astype(np.uint16) + 8) // 17 * 17).astype(np.uint8)


def _webp(pixels):
    """Pack pixels into a lossless WebP, as base64 text."""
    return base64.b64encode(_file(pixels, "WEBP", lossless=True, method=4)).decode()


def _file(pixels, kind, **options):
    """Return the bytes of a picture's file."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, kind, **options)
    return file.getvalue()


def _image_element(pixels, alt):
    """Return an image element; the theme filters no picture of class `dark-light`."""
    height, width = (length // SCALE for length in pixels.shape[:2])
    return (
        f'<img class="dark-light" src="data:image/webp;base64,{_webp(pixels)}" '
        f'width="{width}" height="{height}" style="max-width:100%;height:auto" '
        f'alt="{escape(alt)}">'
    )


def _slider_element(label, options, value):
    """Return a labelled slider, disabled until the script has run, and its value as text."""
    texts = _texts(options)
    text = escape(texts[options.index(value)])
    room = max(map(len, texts))
    return (
        f"<label><span>{escape(label)}</span>"
        f'<input type="range" min="0" max="{len(options) - 1}" value="{options.index(value)}" '
        f'aria-valuetext="{text}" autocomplete="off" disabled></label>'
        f'<output aria-live="off" style="min-width:{room}ch">{text}</output>'
    )


def _caption_element(caption):
    return f"<figcaption>{escape(caption)}</figcaption>" if caption else ""


def _show_html(html):
    display({"text/html": html}, raw=True)


# A live kernel: widgets.


def _show_widgets(draw, figure, alt, caption, labels, start, values):
    import ipywidgets  # here, because a single widget in a built page would load scripts

    sliders = {
        name: ipywidgets.SelectionSlider(
            options=list(zip(_texts(options), options, strict=True)),
            value=start[name],
            description=labels[name],
            style={"description_width": "initial"},
            layout={"width": "auto"},
        )
        for name, options in values.items()
    }
    width = f"{figure.get_figwidth() * 96:.0f}px"
    picture = ipywidgets.Image(format="png", layout={"max_width": "100%"})
    words = ipywidgets.HTML()

    def update():
        position = {name: slider.value for name, slider in sliders.items()}
        draw(figure, **position)
        picture.value = _file(_pixels(figure), "PNG", compress_level=1)  # quickly, not tightly
        # The picture widget takes no alternative text: it goes before the caption, unseen.
        spoken = escape(_words(alt, position))
        words.value = f'<span style="{UNSEEN}">{spoken}</span>{escape(caption)}'

    def update_or_say_why(_change):
        try:
            update()
        except Exception as error:  # a kernel would swallow it, and the picture seem stuck
            words.value = f"<b>{type(error).__name__}</b>: {escape(str(error))}"

    update()
    for slider in sliders.values():
        slider.observe(update_or_say_why, names="value")
    display(ipywidgets.VBox([picture, *sliders.values(), words], layout={"max_width": width}))


def picture(draw, *data, alt, caption="", size=(6.4, 3.6), **options):
    """Draw a new figure and show it: what is drawn, the picture in words, and its caption.

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
    figure = new_figure(size)
    draw(figure, *data, **options)
    show(figure, alt=alt, caption=caption)
