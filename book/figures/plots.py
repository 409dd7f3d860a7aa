"""Figures of the course, drawn from plain arrays: attention maps, curves, dots and bars.

Like `explore`, which puts sliders under these figures, this module knows no model and no task.
Every function draws into a `Figure`, or a part of one (`panels`), and has it for itself: the
first call makes the artists, later calls only change them, and the axes never move. So two
pictures of one figure differ only where the data does.

A figure may be as wide as a page or as a phone: what doesn't fit beside each other stands below
each other, and no word is cut or smaller than 9 points.
"""

import math
from collections import Counter
from functools import cache

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, Normalize, PowerNorm
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.gridspec import GridSpec
from matplotlib.patches import Polygon, Rectangle
from matplotlib.textpath import text_to_path
from matplotlib.ticker import (
    FixedLocator,
    LogFormatterSciNotation,
    MaxNLocator,
    NullLocator,
    ScalarFormatter,
)

from figures.colours import SHADES, STATIONS, station_of

SCALE = 2  # picture elements to a CSS pixel: sharp on dense screens
LARGE, MEDIUM, SMALL = 12, 11, 9  # points: axis labels, tick labels, crowded tick labels
CHARACTER = 0.62  # width of an average character, as a part of its size
NARROWEST = 2.2  # inches of a panel: where they would be narrower, each stands below the last one
GREY = "#595959"
PLUS, MINUS = "#0b5cad", "#b04200"  # of maps, as in _static/map.css
DASHED = {"color": GREY, "linewidth": 1.5, "linestyle": (0, (4, 2)), "zorder": 1}
# Okabe and Ito's colours, two of them darker for contrast with white. Marker and line style
# tell the series apart without any colour.
STYLES = (
    ("#0072b2", "o", "-"),
    ("#d55e00", "s", "--"),
    ("#009e73", "^", "-."),
    ("#000000", "D", ":"),
    ("#c06a9a", "v", (0, (5, 1))),
    ("#b97f00", "P", (0, (1, 1))),
)


def styles_of(names):
    """Return colour, marker and line style of each series: a station has its own colour.

    A second series of a station has another shade of it. Where stations are drawn, other series
    get the colours that are no station's, as far as they go. Marker and line style tell all of
    them apart.

    Parameters
    ----------
    names : iterable of str
        Six at most.

    Returns
    -------
    list of tuples

    Examples
    --------
    >>> styles_of(["GRU", "LSTM"]) == list(STYLES[:2])
    True
    >>> [colour for colour, *_ in styles_of(["GRU", "attention"])]
    ['#000000', '#d55e00']
    """
    found, drawn = [], Counter()
    for station in map(station_of, names):
        shades = SHADES.get(station, [None])
        found.append(shades[drawn[station] % len(shades)])
        drawn[station] += 1
    order = [colour for colour, *_ in STYLES]
    if any(found):
        order.sort(key=lambda colour: colour in STATIONS.values())
        order = [colour for colour in order if colour not in found]
    free = iter(order)
    colours = [colour or next(free) for colour in found]
    return [(colour, *STYLES[i][1:]) for i, colour in enumerate(colours)]


def new_figure(size=(6.4, 3.6)):
    """Make an empty white figure with a canvas of its own, outside pyplot.

    Parameters
    ----------
    size : (float, float)
        Width and height in inches; an inch is 96 CSS pixels on the page.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> new_figure((6, 3)).canvas.get_width_height()
    (1152, 576)
    """
    figure = Figure(figsize=size, dpi=96 * SCALE, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def panels(figure, titles, columns=None, widths=None):
    """Split a figure into panels side by side, each below its title.

    Where a panel would be too narrow, as on a phone, they stand below each other, and the figure
    grows as much higher.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    titles : sequence of str
        One for each panel, from left to right; the same at every slider position. If all are
        empty, there is no room for them either.
    columns : int or sequence of int, optional
        So many side by side, the others in rows below; or so many in each of the rows. By default
        all.
    widths : sequence of float, optional
        Of the columns, relative to each other.

    Returns
    -------
    list of matplotlib.figure.SubFigure
        Hand each to a function of this module. A second call returns the same panels.

    Examples
    --------
    >>> figure = new_figure()
    >>> left, right = panels(figure, ["cross-attention", "self-attention"])
    >>> heatmap(left, np.eye(3), rows="abc", columns="xyz")
    >>> panels(figure, ["cross-attention", "self-attention"])[0] is left
    True
    >>> phone = new_figure((3.5, 3))
    >>> upper, lower = panels(phone, "ab")
    >>> bool(upper.bbox.y0 > lower.bbox.y1), float(phone.get_figheight())
    (True, 6.0)
    """
    titles = list(titles)
    if [panel.get_label() for panel in figure.subfigs] == titles:
        return figure.subfigs
    counts = _panels_in_rows(len(titles), columns)
    if figure.get_figwidth() / max(counts) < NARROWEST and max(counts) > 1:
        if not figure.subfigs:
            figure.set_figheight(figure.get_figheight() * len(titles) / len(counts))
        counts, widths = [1] * len(titles), None
    figure.clear()
    inches = 0.42 if max(counts) == 1 else 0.32  # more below an axis than at the head of all
    band, whole = inches / figure.get_figheight() * any(titles), math.lcm(*counts)
    grid = GridSpec(
        2 * len(counts),
        whole,
        figure,
        height_ratios=[band or 1e-9, 1 / len(counts) - band] * len(counts),
        width_ratios=widths,
    )
    places = [(row, column) for row, count in enumerate(counts) for column in range(count)]
    for title, (row, column) in zip(titles, places, strict=False):
        each = whole // counts[row]
        cell = grid[2 * row + 1, column * each : (column + 1) * each]
        part = figure.add_subfigure(cell, label=title)
        middle = (part.bbox.x0 + part.bbox.x1) / 2 / figure.bbox.width
        place = middle, 1 - row / len(counts) - band + 0.16 / figure.get_figheight()
        figure.text(*place, title, size=LARGE, ha="center", va="center")
    return figure.subfigs


def _panels_in_rows(count, columns):
    """Return how many panels stand in each row."""
    if columns is None or isinstance(columns, int):
        return [columns or count] * math.ceil(count / (columns or count))
    return list(columns)


def heatmap(
    figure,
    matrix,
    *,
    rows,
    columns,
    x_label="",
    y_label="",
    limits=(0, 1),
    colour_label="weight",
    room=None,
    cells=None,
):
    """Draw a matrix as coloured cells, such as one head's attention weights.

    Parameters
    ----------
    figure : Figure or SubFigure
    matrix : array, shape (n_rows, n_columns)
        NaN leaves a cell grey: "not there".
    rows, columns : sequences of str
        The tokens at the left (queries) and on top (keys); a string is a sequence of characters.
        Up to about 60 single characters or 12 words are readable; of more, every k-th is shown.
    x_label, y_label : str
        What the columns and what the rows are.
    limits : (float, float)
        The values at the ends of the colour scale, the same at every slider position. From 0 it
        goes from white to blue, as a square root, or small weights would look like 0; from below
        0 evenly from orange over white to blue.
    colour_label : str
        What a colour stands for.
    room : (int, int), optional
        Room in characters for row labels and for upright column labels (0: they lie flat). By
        default what the first call needs; give it if later labels are longer.
    cells : (int, int), optional
        Rows and columns to leave place for; by default those of `matrix`. Give it where the
        matrix grows under a slider: tokens then stay in place, and the page is much lighter.

    Raises
    ------
    ValueError
        If `rows` and `columns` don't fit the shape of `matrix`.

    Examples
    --------
    >>> figure = new_figure()
    >>> heatmap(figure, np.eye(2, 3), rows=["one", "two"], columns="abc", x_label="source")
    >>> figure.axes[0].get_xlabel()
    'source'
    """
    matrix = np.asarray(matrix, dtype=float)
    rows, columns = [str(row) for row in rows], [str(column) for column in columns]
    if matrix.shape != (len(rows), len(columns)):
        raise ValueError(
            f"matrix has shape {matrix.shape}, but there are {len(rows)} rows and "
            f"{len(columns)} columns: it must be ({len(rows)}, {len(columns)})"
        )
    cells = np.maximum(matrix.shape, cells or (1, 1))
    row_room, column_room = room or _label_room(figure, rows, columns, cells[1])
    left = 0.4 + row_room * CHARACTER * MEDIUM / 72
    top = 0.36 + max(1.4, column_room * CHARACTER + 0.4) * MEDIUM / 72
    axes, is_new = _axes(figure, "heatmap", left, 0.12, 0.62, top)
    if is_new:
        _add_image(axes, matrix, *limits)
        axes.tick_params("x", labelrotation=90 if column_room else 0)
    image, bar = axes.images[0], figure.axes[1]
    image.set_data(np.ma.masked_invalid(matrix))
    image.set_extent((-0.5, len(columns) - 0.5, len(rows) - 0.5, -0.5))
    image.set_clim(*limits)
    axes.set_xlim(-0.5, cells[1] - 0.5)
    axes.set_ylim(cells[0] - 0.5, -0.5)
    bar.set_xticks([limits[0], sum(limits) / 2, limits[1]])
    bar.texts[0].set_text(colour_label)
    _name_axes(axes, x_label, y_label, on_top=True)
    _label_rows(axes, rows)
    _label_columns(axes, columns)


def attention_map(figure, found, x_label="", y_label="", layer=0, head=0, **options):
    """Draw one head's map with the words that it lies between; the end that is said is left out.

    Parameters
    ----------
    figure : Figure or SubFigure
    found : object
        With ``weights`` (layers, heads, n_rows, n_columns), ``rows`` and ``columns``.
    x_label, y_label : str
    layer, head : int
    **options
        As for `heatmap`.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> weights = np.ones((1, 1, 2, 3)) / 3
    >>> found = SimpleNamespace(weights=weights, rows=["a", "(end)"], columns="xyz")
    >>> figure = new_figure()
    >>> attention_map(figure, found, x_label="read")
    >>> figure.axes[0].images[0].get_array().shape
    (1, 3)
    """
    rows = [row for row in found.rows if row != "(end)"]
    weights = found.weights[layer, head, : len(rows)]
    labels = {"x_label": x_label, "y_label": y_label}
    heatmap(figure, weights, rows=rows, columns=found.columns, **labels, **options)


def lines(
    figure,
    x,
    series,
    *,
    x_label,
    y_label,
    limits=None,
    x_limits=None,
    x_scale="linear",
    y_scale="linear",
    shade=None,
    mark=None,
    levels=None,
):
    """Draw curves over several seeds: the median as a line, the range as a band, seeds as dots.

    Parameters
    ----------
    figure : Figure or SubFigure
    x : array, shape (n_points,)
    series : dict of str to array, shape (n_seeds, n_points) or (n_points,)
        The curves by their names in the legend, six at most; a single curve named "" has no
        legend. NaN leaves a gap.
    x_label, y_label : str
        With units, if there are any.
    limits, x_limits : (float, float), optional
        Ends of the axes; by default those of this call's data. Give `limits` under a slider, or
        the scale changes from picture to picture.
    x_scale, y_scale : str
        "linear" or "log". A logarithmic x axis has its ticks at the values in `x`, but not
        where two would run together.
    shade : (float, float, str), optional
        A stretch of the x axis to set apart, and why, such as lengths never trained on.
    mark : float, optional
        Where on the x axis a thin upright line stands, such as the slider's position.
    levels : dict of str to float, optional
        Heights to compare with, such as the loss of a simple rule: dashed lines, with their names
        at the right end.

    Raises
    ------
    ValueError
        If a curve has another number of points than `x`, or there are more than six.

    Examples
    --------
    >>> figure = new_figure()
    >>> accuracy = {"one vector": [[1, 0.5, 0.1], [1, 0.6, 0.2]], "attention": [1, 1, 0.9]}
    >>> lines(figure, [4, 8, 16], accuracy, x_label="length", y_label="accuracy")
    """
    x = np.asarray(x, dtype=float)
    series = {name: np.atleast_2d(np.asarray(y, dtype=float)) for name, y in series.items()}
    _require_curves(x, series)
    levels = levels or {}
    structure = ("lines", *series, x_scale, y_scale, shade is not None, mark is not None, *levels)
    legend_columns, legend_names, legend_height = _legend_layout(figure, series)
    left = (1 if y_scale == "log" else 0.82) + _more_lines(y_label, figure, 1)
    bottom = 0.62 + _more_lines(x_label, figure, 0)
    axes, is_new = _axes(figure, structure, left, 0.15, bottom, 0.15 + legend_height)
    if is_new:
        axes.set(xscale=x_scale, yscale=y_scale)
        _start_curves(axes, series, shade, levels, mark)
        if any(series):
            _add_legend(axes, legend_names, legend_columns)
    for index, y in enumerate(series.values()):
        _set_curve(*axes.lines[2 * index : 2 * index + 2], axes.patches[index], x, y)
    if shade:
        axes.patches[-1].set_bounds(shade[0], 0, shade[1] - shade[0], 1)
    drawn = axes.lines[2 * len(series) :], axes.texts[shade is not None :]
    for (name, height), line, note in zip(levels.items(), *drawn, strict=False):
        line.set_ydata([height, height])
        note.xy = (1, height)
        note.set_text(name)
    if mark is not None:
        axes.lines[-1].set_xdata([mark, mark])
    axes.set_xlim(x_limits or _room_around([*x, *(shade or ())[:2]], x_scale))
    values = np.concatenate([*(y.ravel() for y in series.values()), [*levels.values()]])
    axes.set_ylim(limits or _room_around(values, y_scale))
    if shade:
        _place_words(axes, shade, x, series.values())  # they need the limits
    _tick_x(axes, x, x_scale)
    _name_axes(axes, x_label, y_label)


def points(figure, groups, *, y_label, x_label="", limits=None, reference=None):
    """Compare a handful of groups: one dot a seed, a bar at the median.

    Parameters
    ----------
    figure : Figure or SubFigure
    groups : dict of str to array, shape (n_seeds,)
        Six at most; their names stand below the dots and may contain line breaks. Where they are
        too long for that, as on a phone, the figure lies on its side: each above its dots.
    y_label, x_label : str
        With units, if there are any.
    limits : (float, float), optional
        Ends of the y axis; by default those of this call's data. Give it under a slider.
    reference : (float, str), optional
        A value to compare with, such as chance, and its name: a dashed line.

    Raises
    ------
    ValueError
        If a group is empty or has more than one axis, or there are more than six.

    Examples
    --------
    >>> figure = new_figure()
    >>> points(figure, {"GRU": [0.2, 0.3, 0.1], "attention": [1, 0.9, 1]}, y_label="accuracy")
    """
    groups = {name: np.asarray(values, dtype=float) for name, values in groups.items()}
    _require_few(groups)
    for name, values in groups.items():
        if values.ndim != 1 or not values.size:
            raise ValueError(f"group {name!r} has shape {values.shape}: it must be (n_seeds,)")
    sideways, size = _fit_below(figure, list(groups))
    axes = _start_points(figure, groups, y_label, x_label, reference, sideways, size)
    for index, values in enumerate(groups.values()):
        middle, at = np.nanmedian(values), index + 0.22 * sideways
        spread = np.linspace(-0.12, 0.12, len(values)) if len(values) > 1 else [0]
        half = 0.2 if sideways else 0.28
        bar = [at - half, at + half], [middle, middle]
        dots = at + np.asarray(spread), values
        axes.lines[2 * index].set_data(*bar[:: -1 if sideways else 1])
        axes.lines[2 * index + 1].set_data(*dots[:: -1 if sideways else 1])
    values = np.concatenate([*groups.values(), (reference or ())[:1]])
    limits = limits or _room_around(values, "linear")
    if sideways:
        axes.set_xlim(limits)
        axes.set_ylim(len(groups) - 0.45, -0.62)
        _tick_x(axes, None, "linear")
        _name_axes(axes, y_label, "")
    else:
        axes.set_xlim(-0.5, len(groups) - 0.5)
        axes.set_ylim(limits)
        axes.set_xticks(range(len(groups)), list(groups), size=size)
        _name_axes(axes, x_label, y_label)
    if reference:
        _set_reference(axes, *reference, sideways)


def _start_points(figure, groups, y_label, x_label, reference, sideways, size):
    """Return axes with a bar and dots for each group, and the rest; all empty at first."""
    structure = ("points", *groups, reference is not None, sideways)
    if sideways:
        top = 0.12 + 0.27 * bool(x_label) + 0.22 * bool(reference)
        margins = 0.2, 0.2, 0.62 + _more_lines(y_label, figure, 0), top
    else:
        bottom = 0.35 + 0.2 * max(name.count("\n") for name in groups) + 0.27 * bool(x_label)
        bottom += _more_lines(x_label, figure, 0)
        margins = 0.82 + _more_lines(y_label, figure, 1), 0.15, bottom, 0.15
    axes, is_new = _axes(figure, structure, *margins)
    if not is_new:
        return axes
    _soften(axes, "x" if sideways else "y")
    for colour, marker, _ in styles_of(groups):
        axes.plot([], [], color=colour, linewidth=2.5, solid_capstyle="butt")
        axes.plot([], [], marker, color=colour, markersize=7, alpha=0.7)
    if reference:
        (axes.axvline if sideways else axes.axhline)(0, **DASHED)
        _add_note(axes, "data", (0, 0), (0, 0), color=GREY)
    if sideways:
        _name_rows(axes, groups, size, x_label)
    return axes


def _fit_below(figure, names):
    """Return whether names are too long to stand beside each other, and their size."""
    room = 72 * (_inches(figure)[0] - 0.97) / len(names)
    for size in (MEDIUM, SMALL):
        if _text_width(names, size) + 0.3 * size <= room:
            return False, size
    return True, MEDIUM


def _name_rows(axes, groups, size, title):
    """Write the name of each group above its dots, and above all what they are."""
    room = 72 * _inches(axes.figure)[0] * axes.get_position().width
    for index, name in enumerate(groups):
        text = " ".join(name.split())
        fits = _text_width([text], size) <= room
        axes.text(
            0.0,
            index - 0.3,
            text,
            transform=axes.get_yaxis_transform(),
            size=size if fits else SMALL,
            va="center",
        )
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    if title:
        axes.annotate(
            title,
            (0, 1),
            (0, -4),
            xycoords=("axes fraction", "subfigure fraction"),
            textcoords="offset points",
            size=LARGE,
            va="top",
        )


def _set_reference(axes, value, name, sideways):
    """Put a dashed line at a value, and its name beside it."""
    line, note = axes.lines[-1], axes.texts[0]
    note.set_text(name)
    if not sideways:
        line.set_ydata([value, value])
        note.xy, note.xycoords = (1, value), axes.get_yaxis_transform()
        note.set(position=(-4, 3), ha="right")
        return
    line.set_xdata([value, value])
    low, high = axes.get_xlim()
    on_left = value < (low + high) / 2
    note.xy, note.xycoords = (value, 1), axes.get_xaxis_transform()
    note.set(position=(-3 if on_left else 3, 4), ha="left" if on_left else "right")


def bars(figure, heights, *, labels, y_label, x_label="", limits=(0, 1)):
    """Draw one bar a label, such as the weights that one query gives to each token.

    Parameters
    ----------
    figure : Figure or SubFigure
    heights : array, shape (n_bars,)
    labels : sequence of str
        What stands below the bars; a string is a sequence of characters.
    y_label, x_label : str
        With units, if there are any.
    limits : (float, float)
        Ends of the y axis, the same at every slider position.

    Raises
    ------
    ValueError
        If there aren't as many labels as bars.

    Examples
    --------
    >>> figure = new_figure()
    >>> bars(figure, [0.7, 0.2, 0.1], labels=["the", "cat", "sat"], y_label="weight")
    """
    heights, labels = np.asarray(heights, dtype=float), [str(label) for label in labels]
    if heights.shape != (len(labels),):
        raise ValueError(
            f"heights has shape {heights.shape}, but there are {len(labels)} labels: "
            f"it must be ({len(labels)},)"
        )
    left = 0.82 + _more_lines(y_label, figure, 1)
    room = _room_of_bars(figure, labels)
    bottom = 0.62 + (room and room * CHARACTER * MEDIUM / 72 - 0.1)
    axes, is_new = _axes(figure, "bars", left, 0.15, bottom, 0.15)
    if is_new:
        _soften(axes)
        axes.tick_params("x", labelrotation=90 if room else 0)
    for patch in axes.patches[len(heights) :]:
        patch.remove()
    for index in range(len(axes.patches), len(heights)):
        axes.add_patch(Rectangle((index - 0.4, 0), 0.8, 0, color=STYLES[0][0]))
    for patch, height, label in zip(axes.patches, heights, labels, strict=True):
        patch.set_height(height)
        patch.set_color(STATIONS.get(station_of(label), STYLES[0][0]))
    axes.set_xlim(-0.6, len(heights) - 0.4)
    axes.set_ylim(limits)
    _label_columns(axes, labels)
    _name_axes(axes, x_label, y_label)


def _axes(figure, structure, left, right, bottom, top):
    """Return the first axes of a figure, and whether they had to be made (margins in inches).

    Axes whose label says the same `structure` are used again, all others are removed.
    """
    label = str(structure)
    if figure.axes and figure.axes[0].get_label() == label:
        return figure.axes[0], False
    figure.clear()
    width, height = _inches(figure)
    place = (left / width, bottom / height, 1 - (left + right) / width, 1 - (bottom + top) / height)
    axes = figure.add_axes(place, label=label, autoscale_on=False)
    axes.tick_params(labelsize=MEDIUM)
    return axes, True


def _name_axes(axes, x_label, y_label, on_top=False):
    """Label both axes at fixed places; left alone, labels move along with the tick labels."""
    width, height = _inches(axes.figure)
    place, part = axes.get_position(), axes.figure.transSubfigure
    x_label, y_label = (
        _wrapped(text, LARGE, 72 * room - 6) for text, room in ((x_label, width), (y_label, height))
    )
    axes.set_xlabel(x_label, size=LARGE, va="top" if on_top else "bottom")
    axes.set_ylabel(y_label, size=LARGE, va="top")
    x_label_height = 1 - 0.08 / height if on_top else 0.06 / height
    x, y = (
        _within((low + high) / 2, (_text_width([text], LARGE) / 2 + 3) / 72 / length)
        for low, high, text, length in (
            (place.x0, place.x1, x_label, width),
            (place.y0, place.y1, y_label, height),
        )
    )
    axes.xaxis.set_label_coords(x, x_label_height, part)
    axes.yaxis.set_label_coords(0.06 / width, y, part)


def _within(middle, half):
    """Return where the middle of something may stand that has to end before 0 and 1."""
    return min(max(middle, half), max(1 - half, 0.5))


def _soften(axes, axis="y"):
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis=axis, color="#dddddd", linewidth=1)
    axes.set_axisbelow(True)


def _add_image(axes, matrix, low, high):
    """Add coloured cells, and a small colour bar with its name in the lower right corner."""
    ends = [MINUS, "white", PLUS] if low < 0 else ["white", PLUS]
    shades = LinearSegmentedColormap.from_list("map", ends).with_extremes(bad="#d9d9d9")
    scale = Normalize(low, high) if low < 0 else PowerNorm(0.5, low, high)
    image = axes.imshow(matrix, cmap=shades, norm=scale, aspect="auto", interpolation="none")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, pad=3, top=True, labeltop=True, bottom=False, labelbottom=False)
    figure = axes.figure
    width, height = _inches(figure)
    bar = figure.add_axes((1 - 1.72 / width, 0.34 / height, 1.5 / width, 0.12 / height))
    figure.colorbar(image, cax=bar, orientation="horizontal")
    bar.tick_params(labelsize=MEDIUM, length=3, pad=2)
    _add_note(bar, "axes fraction", (0, 0.5), (-8, 0), ha="right", va="center")


def _add_note(axes, coordinates, place, offset, **look):
    """Add words, still empty, so many points beside a place."""
    axes.annotate(
        "", place, offset, xycoords=coordinates, textcoords="offset points", size=MEDIUM, **look
    )


def _start_curves(axes, series, shade, levels, mark):
    """Add two lines (median, seeds) and a band for each of the series, and the rest; all empty."""
    _soften(axes)
    if axes.get_yscale() == "log":  # exponents would be too small to read
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(_PlainNumbers())
    for name, (colour, marker, style) in zip(series, styles_of(series), strict=True):
        look = {"color": colour, "marker": marker}
        axes.plot([], [], **look, linestyle=style, linewidth=2, markersize=6, label=name)
        axes.plot([], [], **look, linestyle="none", markersize=3)
        # Smooth edges below the line would make the pages of slider figures a tenth heavier.
        band = Polygon(np.zeros((1, 2)), color=colour, alpha=0.18, linewidth=0, antialiased=False)
        axes.add_patch(band)
    if shade:
        _add_shade(axes)
    for _ in levels:
        axes.axhline(0, **DASHED)
        _add_note(axes, axes.get_yaxis_transform(), (1, 0), (-4, 3), ha="right", color=GREY)
    if mark is not None:
        axes.axvline(mark, **DASHED)


class _PlainNumbers(LogFormatterSciNotation):
    """Names the numbers between powers of ten where few of those are seen."""

    def __call__(self, x, pos=None):
        return f"{x:g}" if super().__call__(x, pos) else ""


def _add_legend(axes, names, columns):
    """Name the curves that are there, above the axes."""
    width, height = _inches(axes.figure)
    place = axes.get_position()
    legend = axes.legend(
        handles=axes.lines[: 2 * len(names) : 2],
        labels=names,
        loc="lower left",
        bbox_to_anchor=(-0.01, 0.98),
        ncols=columns,
        fontsize=MEDIUM,
        frameon=False,
        borderpad=0.2,
        columnspacing=1.2,
        handlelength=2.4,
    )
    if width < 2 * NARROWEST:  # from the edge of the figure on, above the topmost number
        left = (0.03 / width - place.x0) / place.width
        legend.set_bbox_to_anchor((left, 1 + 0.05 / (height * place.height)), axes.transAxes)


def _set_curve(line, dots, band, x, y):
    """Give the artists of one curve its data (n_seeds, n_points)."""
    seen = ~np.isnan(y).all(axis=0)
    middle, low, high = np.full((3, len(x)), np.nan)
    for result, reduce in ((middle, np.nanmedian), (low, np.nanmin), (high, np.nanmax)):
        result[seen] = reduce(y[:, seen], axis=0)
    line.set_data(x, middle)
    line.set_markevery(max(1, len(x) // 12))
    dots.set_data(np.tile(x, len(y)), y.ravel())
    dots.set_visible(len(y) > 1)
    outline = np.r_[np.c_[x, low][seen], np.c_[x, high][seen][::-1]]
    band.set_xy(outline if seen.any() else np.zeros((1, 2)))


def _add_shade(axes):
    """Add a grey stretch of the x axis and its words, still empty."""
    across = axes.get_xaxis_transform()  # x in data, y from 0 to 1
    axes.add_patch(Rectangle((0, 0), 0, 1, transform=across, color="#eeeeee", zorder=0))
    _add_note(axes, across, (0, 1), (5, -4), color=GREY, ha="left", va="top")


def _place_words(axes, shade, x, curves):
    """Put the words at the head of the grey stretch, or at its foot if the head has more dots."""
    left, right = axes.transAxes.inverted().transform(
        axes.transData.transform([(edge, axes.get_ylim()[1]) for edge in shade[:2]])
    )[:, 0]
    width = 72 * _inches(axes.figure)[0] * axes.get_position().width
    room = width * (min(right, 1) - max(left, 0)) - 8
    text = _wrapped(shade[2], MEDIUM, room) if "\n" not in shade[2] else shade[2]
    over = left * width + 5 + _text_width([text], MEDIUM) > width + 8
    inside = (x >= shade[0]) & (x <= shade[1])
    dots = np.concatenate([y[:, inside].ravel() for y in curves])
    to_axes = axes.transScale + axes.transLimits
    height = to_axes.transform(np.c_[np.full(dots.size, shade[1]), dots])[:, 1]
    at_foot = (height > 0.9).sum() > (height < 0.1).sum()
    words = axes.texts[0]
    words.set_text(text)
    words.xy = (shade[1] if over else shade[0], 0 if at_foot else 1)
    words.set(
        position=(-2 if over else 5, 4 if at_foot else -4),
        va="bottom" if at_foot else "top",
        ha="right" if over else "left",
    )


def _room_around(values, scale):
    """Return limits that leave 4 % free at either side of the finite values."""
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values) & ((values > 0) | (scale == "linear"))]
    if not values.size:
        return (0.1, 1) if scale == "log" else (0, 1)
    low, high = values.min(), values.max()
    if scale == "log":
        factor = (high / low) ** 0.04 if high > low else 1.5
        return low / factor, high * factor
    space = 0.04 * (high - low) or 0.5
    return low - space, high + space


def _tick_x(axes, x, scale):
    """Put numbers below the x axis, on a logarithmic one at the values in `x`; none too closely."""
    low, high = axes.get_xlim()
    width = 72 * _inches(axes.figure)[0] * axes.get_position().width
    if scale == "log":
        shown, end = [], -math.inf
        for value in np.unique(x):  # a number too near to the last one would run into it
            place = width * math.log(value / low) / math.log(high / low)
            half = _text_width([f"{value:g}"], MEDIUM) / 2
            if place - half > end + 0.35 * MEDIUM:
                shown.append(value)
                end = place + half
        axes.xaxis.set_major_locator(FixedLocator(shown))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_locator(NullLocator())
        return
    whole = x is not None and bool((x == x.round()).all())
    for most in range(8, 1, -1):
        locator = MaxNLocator(most, integer=whole, steps=[1, 2, 2.5, 4, 5, 10])
        ticks = [tick for tick in locator.tick_values(low, high) if low <= tick <= high]
        formatter = ScalarFormatter()
        formatter.axis = axes.xaxis
        longest = _text_width(formatter.format_ticks(ticks), MEDIUM)
        if not ticks[1:] or width * (ticks[1] - ticks[0]) / (high - low) > longest + 0.35 * MEDIUM:
            break
    axes.xaxis.set_major_locator(locator)


def _legend_layout(figure, series):
    """Return columns, names and height in inches of a legend.

    There are as many columns as fit beside each other, one at least, and names that are still too
    long are broken.
    """
    if not any(series):
        return 0, [], 0
    width = _inches(figure)[0]
    available = 72 * (width - (0.1 if width < 2 * NARROWEST else 1))
    handle = 4.4 * MEDIUM  # with the spaces around it
    names = [_wrapped(name, MEDIUM, available - handle) for name in series]
    for count in range(len(names), 0, -1):
        length = math.ceil(len(names) / count)
        columns = [names[start : start + length] for start in range(0, len(names), length)]
        if sum(handle + _text_width(column, MEDIUM) for column in columns) <= available:
            break
    breaks = max(sum(name.count("\n") for name in column) for column in columns)
    above = 0.07 if width < 2 * NARROWEST else 0
    return len(columns), names, 0.24 * length + 0.18 * breaks + above


def _wrapped(text, size, room):
    """Break text between words where a line would be longer than the room, in points."""
    lines = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _text_width([longer], size) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)


def _more_lines(label, figure, axis):
    """Return the inches that a label of an axis (0: x, 1: y) needs for its second line and more."""
    room = 72 * _inches(figure)[axis] - 6
    return 0.2 * _wrapped(label, LARGE, room).count("\n")


def _text_width(texts, size):
    """Return the width in points of the longest line, in a font wider than those of most pages."""
    return max((_line_width(line, size) for text in texts for line in text.split("\n")), default=0)


@cache
def _line_width(line, size):
    return text_to_path.get_text_width_height_descent(line, FontProperties(size=size), False)[0]


def _label_room(figure, rows, columns, count):
    """Return the room, in characters, for row labels and for upright column labels (or 0)."""
    row_room = max(4, _longest(rows))
    available = 72 * (_inches(figure)[0] - 0.52) - row_room * CHARACTER * MEDIUM
    flat = count * (_longest(columns) + 0.5) * CHARACTER * SMALL
    if _longest(columns) <= 1 or flat <= available:
        return row_room, 0
    return row_room, min(12, _longest(columns))


def _room_of_bars(figure, labels):
    """Return the room, in characters, for upright labels of bars, or 0 if they can lie flat."""
    flat = len(labels) * (_longest(labels) + 0.3) * CHARACTER * SMALL
    if _longest(labels) <= 2 or flat <= 72 * (_inches(figure)[0] - 0.97):
        return 0
    return min(14, _longest(labels))


def _label_rows(axes, labels):
    """Name the rows; shorten what is longer than the room, leave out what would overlap."""
    width, height = _inches(axes.figure)
    place = axes.get_position()
    pitch = 72 * height * place.height / abs(np.ptp(axes.get_ylim()))
    size = MEDIUM if pitch > 1.15 * MEDIUM else SMALL
    step = math.ceil(1.05 * SMALL / pitch)
    room = 72 * (width * place.x0 - 0.38) / (CHARACTER * size)
    shown = range(0, len(labels), step)
    axes.set_yticks(shown, [_shorten(labels[index], room) for index in shown], size=size)


def _label_columns(axes, labels):
    """Name the columns, flat or upright as the axes were made; see `_label_rows`."""
    width, height = _inches(axes.figure)
    place = axes.get_position()
    pitch = 72 * width * place.width / np.ptp(axes.get_xlim())
    if axes.xaxis.get_major_ticks(1)[0].label1.get_rotation():
        side = place.y0 if axes.xaxis.get_ticks_position() == "bottom" else 1 - place.y1
        need, room = 1.1, 72 * (height * side - 0.36) / CHARACTER
    else:
        need, room = (_longest(labels) + 0.3) * CHARACTER, math.inf
    size = MEDIUM if pitch > need * MEDIUM else SMALL
    # Single characters may touch, words may not.
    step = math.ceil((need if _longest(labels) > 1 else 0.55) * SMALL / pitch)
    shown = range(0, len(labels), step)
    axes.set_xticks(shown, [_shorten(labels[index], room / size) for index in shown], size=size)


def _shorten(text, room):
    return text if len(text) <= room else text[: max(1, int(room) - 1)] + "…"


def _longest(texts):
    """Characters of the longest line."""
    return max((len(line) for text in texts for line in text.split("\n")), default=0)


def _inches(figure):
    """Return the width and height of a figure, or of a part of one."""
    return figure.bbox.width / figure.dpi, figure.bbox.height / figure.dpi


def _require_few(named):
    if not 1 <= len(named) <= len(STYLES):
        raise ValueError(f"{len(named)} were given to draw: it must be 1 to {len(STYLES)}")


def _require_curves(x, series):
    _require_few(series)
    for name, y in series.items():
        if x.ndim != 1 or y.ndim != 2 or y.shape[1] != len(x):
            raise ValueError(
                f"series {name!r} has shape {y.shape}, x has {x.shape}: the last axis of a series "
                "must be as long as x, (n_seeds, n_points) or (n_points,)"
            )


def shares_by_length(figure, lengths, shares, *, counted="sequences", unit="letters", shade=None):
    """Draw how large a share is right, from 0 to 1, against the length of the source.

    Parameters
    ----------
    figure : Figure or SubFigure
    lengths : array, shape (n_lengths,)
    shares : dict of str to array, shape (n_seeds, n_lengths) or (n_lengths,)
        Six curves at most, as for `lines`.
    counted : str
        What is right.
    unit : str
        What a source is so many of.
    shade : (float, float, str), optional
        Lengths to set apart, and why, such as those never trained on.

    Examples
    --------
    >>> figure = new_figure()
    >>> shares_by_length(figure, [4, 8, 16], {"one vector": [1, 0.5, 0.1]}, unit="words")
    >>> figure.axes[0].get_xlabel()
    'source length (words)'
    """
    lines(
        figure,
        lengths,
        shares,
        x_label=f"source length ({unit})",
        y_label=f"{counted} right",
        limits=(0, 1.02),
        shade=shade,
    )
