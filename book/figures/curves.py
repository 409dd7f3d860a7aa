"""Words and curves: the weights of one attention map as curves between two rows of words.

The same numbers, summed either way: what a word that asks gives away, which is 1, and what a word
that is asked gets, which is not. When the book is built, with STATIC_BOOK=1, this writes the whole
figure as HTML, and ``_static/curves.js`` makes it answer. In a kernel it shows ipywidgets.
"""

import itertools
import json
import os
from html import escape

import numpy as np
from IPython.display import display
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from figures.explore import UNSEEN, _caption_element, _file, _pixels, _show_html, _words
from figures.maps import LANGUAGES, printed, spoken
from figures.plots import MEDIUM, new_figure

#: What a press on a word asks, of those who ask and of those who are asked.
WAYS = {"asks": "whom does it ask", "asked": "who asks it"}
HINT = "Press a word: its curves stay, and their weights are read out here."
WIDTH = 9  # pixels of a curve of weight 1
LEAST = 0.01  # a curve of less is none
ORANGE = "#b3470a"

_numbers = itertools.count(1)


def show_curves(found, asks, asked, *, alt, caption="", layer=0, head=0):
    """Show one attention as two rows of words, joined by curves as wide as the weights.

    Parameters
    ----------
    found : object
        With ``weights`` (layers, heads, n_rows, n_columns), ``rows`` and ``columns``.
    asks, asked : str
        Who asks and who is asked, such as "English" and "German".
    alt : str
        What the curves show, for readers who can't see them.
    caption : str
    layer, head : int

    Raises
    ------
    ValueError
        If `alt` is empty.

    Examples
    --------
    >>> show_curves(found, "English", "German", alt="the curves cross")  # doctest: +SKIP
    """
    _words(alt, None)
    weights = np.asarray(found.weights[layer, head], dtype=float)
    words = {"asks": list(found.rows), "asked": list(found.columns)}
    present = _show_card if os.environ.get("STATIC_BOOK") == "1" else _show_widgets
    present(weights, words, {"asks": asks, "asked": asked}, alt, caption)


def sums(weights):
    """Return what each who asks gives away, and what each who is asked gets.

    Parameters
    ----------
    weights : array (n_rows, n_columns)

    Returns
    -------
    dict of str to array
        ``asks`` (n_rows,) and ``asked`` (n_columns,).

    Examples
    --------
    >>> sums(np.array([[0.5, 0.5], [1.0, 0.0]]))
    {'asks': array([1., 1.]), 'asked': array([1.5, 0.5])}
    """
    return {"asks": weights.sum(axis=1), "asked": weights.sum(axis=0)}


def curve(i, j, rows, columns):
    """Return the way of a curve from word i of the upper row to word j of the lower, as SVG.

    Examples
    --------
    >>> curve(0, 1, 1, 2)
    'M50 0C50 50 75 50 75 100'
    """
    start, end = 100 * (i + 0.5) / rows, 100 * (j + 0.5) / columns
    return f"M{start:.4g} 0C{start:.4g} 50 {end:.4g} 50 {end:.4g} 100"


# ---- the built book ----------------------------------------------------------------------------


def _show_card(weights, words, names, alt, caption):
    identity = f"curves-{next(_numbers)}"
    total = sums(weights)
    data = {
        "hint": HINT,
        "words": words,
        "languages": {side: LANGUAGES.get(names[side], "") for side in names},
        "weights": [[printed(value) for value in row] for row in weights],
        "sums": {side: [printed(value) for value in total[side]] for side in total},
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    ways = "".join(
        f'<label><input type="radio" name="{identity}" value="{side}" autocomplete="off" disabled'
        f"{' checked' if side == 'asks' else ''}><span>{way}</span></label>"
        for side, way in WAYS.items()
    )
    upper, lower = (_row_html(side, words[side], names[side], total[side]) for side in WAYS)
    _show_html(
        '<figure class="board curves" data-scripts="map curves" data-way="asks">'
        f'<p class="unseen">{escape(alt)}</p>'
        f'<div class="ask"><fieldset><legend>Press a word</legend>{ways}</fieldset></div>'
        f'<p class="title">{names["asks"]} asks {names["asked"]}</p>'
        f"{upper}{_svg(weights)}{lower}"
        f'<p class="say" aria-live="polite">{HINT}</p>{_caption_element(caption)}'
        f'<script type="application/json">{text}</script></figure>'
    )


def _row_html(side, words, name, total):
    """Return a row of words, each with a bar as high as the sum of its weights."""
    language = LANGUAGES.get(name, "")
    boxes = "".join(
        f'<button type="button" data-place="{place}" aria-pressed="false" '
        f'tabindex="{-1 if place else 0}"{" disabled" if side == "asked" else ""}>'
        f'{spoken(word, language)}<span class="bar" style="--sum:{value:.3f}"></span></button>'
        for place, (word, value) in enumerate(zip(words, total, strict=True))
    )
    return (
        f'<div class="row {side}" role="group" aria-label="{escape(name)}, {WAYS[side]}" '
        f'style="--count:{len(words)}">{boxes}</div>'
    )


def _svg(weights):
    rows, columns = weights.shape
    paths = "".join(
        f'<path d="{curve(i, j, rows, columns)}" data-asks="{i}" data-asked="{j}" '
        f'stroke-width="{WIDTH * weights[i, j]:.2f}"/>'
        for i, j in zip(*np.nonzero(weights >= LEAST), strict=True)
    )
    return f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">{paths}</svg>'


# ---- a live kernel -----------------------------------------------------------------------------


def _show_widgets(weights, words, names, alt, caption):
    import ipywidgets  # here, because a single widget in a built page would load scripts

    ways = [(way, side) for side, way in WAYS.items()]
    way = ipywidgets.RadioButtons(options=ways, orientation="horizontal")
    word = ipywidgets.Dropdown(description="word")
    picture = ipywidgets.Image(format="png", layout={"max_width": "100%"})
    say = ipywidgets.HTML()

    def choose(_change=None):
        word.options = [("all", None), *((name, k) for k, name in enumerate(words[way.value]))]

    def update(_change=None):
        canvas = new_figure((6.8, 3.2))
        draw_curves(canvas, weights, words, way.value, word.value)
        picture.value = _file(_pixels(canvas), "PNG", compress_level=1)
        told = "" if word.value is None else _sentence(weights, words, way.value, word.value)
        title = f"{names['asks']} asks {names['asked']}: {alt}"
        unseen = f'<span style="{UNSEEN}">{escape(title)}</span>'
        say.value = f"{unseen}<b>{escape(told)}</b> {escape(caption)}"

    choose()
    update()
    way.observe(choose, names="value")
    word.observe(update, names="value")
    display(ipywidgets.VBox([ipywidgets.HBox([way, word]), picture, say]))


def draw_curves(figure, weights, words, side="asks", place=None):
    """Draw the two rows of words and the curves of one word, or of all.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    weights : array (n_rows, n_columns)
    words : dict of str to list of str
        Those who ask and those who are asked: ``asks`` and ``asked``.
    side : str
        Of the word whose curves are drawn: ``asks`` or ``asked``.
    place : int, optional
        Which word that is; by default all.

    Examples
    --------
    >>> figure = new_figure()
    >>> draw_curves(figure, np.eye(2), {"asks": ["one", "two"], "asked": ["un", "deux"]})
    >>> len(figure.axes[0].patches)
    2
    """
    axes = figure.add_axes((0, 0.02, 1, 0.96), xlim=(0, 100), ylim=(-0.15, 1.15))
    axes.set_axis_off()
    rows, columns = weights.shape
    for (i, j), weight in np.ndenumerate(weights):
        if weight < LEAST or place not in (None, i if side == "asks" else j):
            continue
        start, end = 100 * (i + 0.5) / rows, 100 * (j + 0.5) / columns
        way = Path([(start, 1), (start, 0.5), (end, 0.5), (end, 0)], [Path.MOVETO] + 3 * [4])
        look = {"edgecolor": ORANGE, "linewidth": WIDTH * weight, "alpha": 0.75}
        axes.add_patch(PathPatch(way, facecolor="none", **look))
    for height, one, align in ((1.02, "asks", "bottom"), (-0.02, "asked", "top")):
        for k, name in enumerate(words[one]):
            spot = 100 * (k + 0.5) / len(words[one])
            axes.text(spot, height, name, ha="center", va=align, size=MEDIUM)


def _sentence(weights, words, side, place):
    """Say the weights of one word, and their sum."""
    own, others = (weights, words["asked"]) if side == "asks" else (weights.T, words["asks"])
    pairs = [f"{name} {printed(w)}" for name, w in zip(others, own[place], strict=True) if w]
    verb = "looks at" if side == "asks" else "is asked by"
    together = printed(own[place].sum())
    return f"{words[side][place]} {verb} {', '.join(pairs)}: together {together}."
