"""Maps made of numbers: a row asks, a column is asked, and a cell can be pointed at and read.

`show_maps` and `explore_maps` know no model: they get arrays, or what a model's ``maps`` returns.
When the book is built, with STATIC_BOOK=1, the page gets the numbers, as whole hundredths, and its
script ``_static/map.js`` draws them; the functions `map_html` and `words_html` write the same HTML,
so that there is a picture with true numbers before any script runs. In a kernel the same calls
show ipywidgets and Matplotlib.

A map is a dictionary, described at the head of that script; `a_map` and `attention_of` make it.
"""

import itertools
import json
import math
import os
from decimal import ROUND_HALF_UP, Decimal
from html import escape

import numpy as np
from IPython.display import display

from figures.controls import panel, texts
from figures.explore import (
    UNSEEN,
    _caption_element,
    _control,
    _file,
    _pixels,
    _plain_list,
    _playable,
    _show_html,
    _widget,
    _words,
    positions,
)
from figures.plots import heatmap, new_figure, panels

#: What is said about a cell, a row, a row's largest and a cell without a number (TEXT in map.js).
TEXT = {"most": "{row} looks most at {column} ({value})"}
#: The same where nothing asks and nothing is asked.
PLAIN_TEXT = {
    "cell": "{row}, {column}: {value}",
    "row": "{row}: {pairs}",
    "column": "{column}: {pairs}",
    "most": "{row}: largest at {column} ({value})",
    "none": "{row}, {column}: {value}",
}
CORNER = ("asks", "asked")
#: Names of languages, with what a page marks their words as.
LANGUAGES = {"English": "en", "French": "fr", "German": "de"}
HINTS = {
    True: "Point at a cell, or press a word: its row is read out here.",
    False: "Point at a cell, or at a name: its numbers are read out here.",
}
WIDE = 16  # columns from which on maps stand below each other in a kernel

_numbers = itertools.count(1)


def a_map(values, rows, columns, *, title, name="map", asks=("", ""), asked=("", ""), **look):
    """Describe a matrix with names, to be shown as a map.

    Parameters
    ----------
    values : array_like (n_rows, n_columns)
        NaN where there is no number.
    rows, columns : sequences
        Their names, words or numbers; a string is a sequence of characters.
    title : str
    name : str
        Of this map among those of a figure: letters and digits.
    asks, asked : (str, str)
        Who asks and who is asked, and the language of the words, such as ``("English", "en")``.
    **look
        ``reason`` (what stands where there is no number), and what the head of ``map.js`` lists:
        ``tone``, ``sides``, ``shift``, ``corner``, ``digits``, ``top``, ``signed``, ``every``,
        ``text``.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        If rows and columns don't fit the shape of the values.

    Examples
    --------
    >>> a_map([[0.25, np.nan]], "a", "xy", title="a asks", reason="hidden")["weights"]
    [[0.25, 'hidden']]
    """
    values = np.asarray(values, dtype=float)
    rows, columns = [str(row) for row in rows], [str(column) for column in columns]
    if values.shape != (len(rows), len(columns)):
        raise ValueError(
            f"values have shape {values.shape}, but there are {len(rows)} rows and "
            f"{len(columns)} columns: it must be ({len(rows)}, {len(columns)})"
        )
    reason, digits = look.pop("reason", "not there"), look.get("digits", 2)
    weights = [
        [reason if math.isnan(value) else float(_rounded(value, digits)) for value in row]
        for row in values.tolist()
    ]
    look["text"] = {**PLAIN_TEXT, **look.get("text", {})}
    shown = {"name": name, "title": title, "rows": rows, "columns": columns, "weights": weights}
    return {**shown, "asks": list(asks), "asked": list(asked), **look}


def attention_of(found, asks="", asked="", *, layer=0, head=0, **look):
    """Describe one head's attention, to be shown as a map.

    Parameters
    ----------
    found : object
        With ``weights`` (layers, heads, n_rows, n_columns), ``rows`` and ``columns``.
    asks, asked : str
        Who asks and who is asked, such as "English" and "French": the title says so.
    layer, head : int
    **look
        As for `a_map`; by default the words are pressed in two lines, *reads* and *says*.

    Returns
    -------
    dict

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> found = SimpleNamespace(weights=np.ones((1, 1, 1, 2)) / 2, rows=["one"], columns="un")
    >>> attention_of(found, "English", "French")["title"]
    'English asks French'
    """
    crossed = not asks or asks != asked
    sides = ["says", "reads"] if crossed else ["reads", "reads"]
    tone = {"tone": "attention"} if crossed else {}
    usual = {"title": f"{asks} asks {asked}", "name": "cross", "sides": sides, **tone}
    who = [[name, LANGUAGES.get(name, "")] for name in (asks, asked)]
    words, look = (found.rows, found.columns), {**usual, **look}
    shown = a_map(found.weights[layer, head], *words, asks=who[0], asked=who[1], **look)
    return {**shown, "text": look.get("text", {})}


def show_maps(*shown, alt, caption=""):
    """Show maps side by side, each cell of which can be read.

    Parameters
    ----------
    *shown : dict
        Made by `a_map` or `attention_of`, with different names.
    alt : str
        What the maps show, for readers who can't see them.
    caption : str

    Raises
    ------
    ValueError
        If `alt` is empty.

    Examples
    --------
    >>> show_maps(a_map(np.eye(2), "ab", "xy", title="a map"), alt="ones on the diagonal")
    ... # doctest: +SKIP
    """
    explore_maps(lambda: list(shown), alt=alt, caption=caption)


def explore_maps(
    make, *, alt, caption="", labels=None, start=None, small=None, play=None, **choices
):
    """Show maps with a choice for each of the keywords: buttons, or a slider.

    A choice is a slider if it has six rising numbers or more; otherwise all its values can be seen
    and pressed. Numbers that are names are given as strings.

    Parameters
    ----------
    make : callable
        ``make(length=3)`` returns a map, or a list of maps with different names.
    alt : str or callable
        What the maps show: text that may name the values as format fields, or a function of them.
    caption : str
    labels : dict of str to str, optional
        Names of the choices; by default the keywords with spaces for underscores.
    start : dict of str to value, optional
        What is chosen at first; by default the first value.
    small : str, optional
        A choice, such as of a head, whose maps stand side by side in its buttons, small: press one
        to enlarge it.
    play : str, optional
        A choice that is time, and can be played.
    **choices : sequences
        The values of each choice, numbers or strings.

    Raises
    ------
    ValueError
        If a choice has no values or one twice, or `labels`, `start`, `small` or `play` name what
        isn't there, or `alt` is empty or names no value.

    Examples
    --------
    >>> explore_maps(
    ...     lambda size: a_map(np.eye(size), range(size), range(size), title="identity"),
    ...     alt="ones on the diagonal of {size} rows",
    ...     size=[2, 3],
    ... )  # doctest: +SKIP
    """
    choices = {name: _plain_list(name, values) for name, values in choices.items()}
    labels, start = labels or {}, start or {}
    named = [name for name in (small, play) if name]
    _require_choices(choices, {"labels": labels, "start": start, "small or play": named}, start)
    labels = {name: labels.get(name, name.replace("_", " ")) for name in choices}
    start = {name: start.get(name, values[0]) for name, values in choices.items()}
    _words(alt, start or None)
    present = _show_card if os.environ.get("STATIC_BOOK") == "1" else _show_widgets
    present(make, alt, caption, labels, start, choices, small, play)


def _require_choices(choices, named, start):
    for name, values in choices.items():
        if not values:
            raise ValueError(f"{name} has no values: a choice needs one at least")
        if len(set(texts(values))) < len(values):
            raise ValueError(f"{name} has a value twice: {values}")
    for argument, given in named.items():
        if unknown := set(given) - set(choices):
            raise ValueError(f"{argument} names {sorted(unknown)}, but there is {list(choices)}")
    for name, value in start.items():
        if value not in choices[name]:
            raise ValueError(f"start[{name!r}] is {value!r}, but its values are {choices[name]}")


def _made(make, choice):
    """Return the maps of one choice as a list."""
    shown = make(**choice)
    return [shown] if isinstance(shown, dict) else list(shown)


# ---- HTML --------------------------------------------------------------------------------------


def plain_weights(weights, without=None, reason=""):
    """Return numbers as JSON holds them, each with as few digits as tell it from others.

    Parameters
    ----------
    weights : array_like (n_rows, n_columns)
    without : callable, optional
        (i, j) -> bool: the cells that may not have a number.
    reason : str
        What stands in those, as in "it is not said yet".

    Returns
    -------
    list of list of float or str

    Examples
    --------
    >>> plain_weights([[0.1, 0], [0.5, 0.5]], lambda i, j: j > i, "not said yet")
    [[0.1, 'not said yet'], [0.5, 0.5]]
    """
    return [
        [reason if without and without(i, j) else float(str(value)) for j, value in enumerate(row)]
        for i, row in enumerate(np.asarray(weights, dtype=np.float32))
    ]


def map_html(shown, identity):
    """Return one map as the script draws it.

    Parameters
    ----------
    shown : dict
        See the head of ``_static/map.js``.
    identity : str
        Begins the ids of the figure's elements.

    Returns
    -------
    str

    Examples
    --------
    >>> one = {"name": "cross", "title": "English asks French", "rows": ["one"]}
    >>> one |= {"columns": ["un"], "weights": [[1]], "asks": ["", "en"], "asked": ["", "fr"]}
    >>> 'style="--s:1.000" aria-label="1.00"' in map_html(one, "figure-1")
    True
    """
    rows, columns, name = shown["rows"], shown["columns"], shown["name"]
    (asks, row_language), (asked, column_language) = shown["asks"], shown["asked"]
    label, corner = f"{identity}-{name}", shown.get("corner", CORNER)
    row_step, column_step = shown.get("every", (1, 1))
    lines = "".join(
        f'<div role="row"><span role="rowheader" tabindex="-1">'
        f"{'' if i % row_step else spoken(row, row_language)}</span>"
        f"{''.join(_cell(shown, i, j) for j in range(len(columns)))}</div>"
        for i, row in enumerate(rows)
    )
    heading = "".join(
        f'<span role="columnheader">'
        f"<b>{'' if j % column_step else spoken(column, column_language)}</b></span>"
        for j, column in enumerate(columns)
    )
    flat = " flat" if all(len(column) <= 2 for column in columns) else ""
    kind = (" dense" if shown.get("every") else "") + flat
    tone = f" {shown['tone']}" if shown.get("tone") else ""
    who = f'<p class="who">queries: {asks}<br>keys, values: {asked}</p>' if asks else ""
    return (
        f'<div class="map {name}{tone}"><p class="title" id="{label}">{escape(shown["title"])}</p>'
        f'{who}<div class="scroll"><div class="grid{kind}" role="grid" aria-labelledby="{label}" '
        f'aria-describedby="{label}-most" data-map="{name}" '
        f'style="--rows:{len(rows)};--columns:{len(columns)}"><div role="row">'
        f'<span role="columnheader" class="corner">{corner[0]} ↓<br>{corner[1]} →</span>{heading}'
        f'</div>{lines}</div></div><p class="unseen" id="{label}-most">'
        f"{escape('; '.join(largest(shown)))}.</p></div>"
    )


def largest(shown):
    """Say the largest number of each row of a map that has one, a list of str.

    Examples
    --------
    >>> largest({"rows": ["un", "(end)"], "columns": ["a", "b"], "weights": [[0.2, 0.8], [1, 0]]})
    ['un looks most at b (0.80)', '(end) looks most at a (1.00)']
    """
    sentences = []
    text = {**TEXT, **shown.get("text", {})}["most"]
    for row, weights in zip(shown["rows"], shown["weights"], strict=True):
        size = [-math.inf if isinstance(value, str) else value for value in weights]
        j = size.index(max(size))
        if size[j] == -math.inf:
            continue  # there is no number yet
        value = printed(weights[j], shown.get("digits", 2))
        sentences.append(text.format(row=row, column=shown["columns"][j], value=value))
    return sentences


def words_html(words, side, language):
    """Return a sentence of words that can be pressed, each with its side and place.

    Examples
    --------
    >>> words_html(["un"], "source", "fr")[:54]
    '<button type="button" data-side="source" data-place="0'
    """
    return "".join(
        f'<button type="button" data-side="{side}" data-place="{place}" aria-pressed="false">'
        f"{spoken(word, language)}</button>"
        for place, word in enumerate(words)
    )


def spoken(word, language):
    """Return a word, marked with its language; what stands in brackets is no word.

    Examples
    --------
    >>> spoken("un", "fr"), spoken("(end)", "fr")
    ('<i lang="fr">un</i>', '(end)')
    """
    if word.startswith("("):
        return escape(word)
    mark = f' lang="{language}"' if language else ""
    return f"<i{mark}>{escape('␣' if word == ' ' else word)}</i>"


def printed(value, digits=2):
    """Print a number as the script does, which rounds a half up.

    Examples
    --------
    >>> printed(0.125), printed(-0.5), printed(-0.001)
    ('0.13', '−0.50', '0.00')
    """
    return str(_rounded(value, digits)).replace("-", "−")


def _rounded(value, digits):
    plain = Decimal(abs(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return -plain if value < 0 and plain else plain


def _cell(shown, i, j):
    value = shown["weights"][i][j]
    start = f'<span role="gridcell" tabindex="{-1 if i + j else 0}"'
    if isinstance(value, str):
        return f'{start} class="none" aria-label="{escape(value)}"></span>'
    minus = ' class="minus"' if shown.get("signed") and value < 0 else ""
    number = printed(value, shown.get("digits", 2))
    return f'{start}{minus} style="--s:{_shade(shown, value)}" aria-label="{number}"></span>'


def _shade(shown, value):
    """Return how much of the full colour a number has; weights below 0.1 must not look like 0."""
    part = min(1, abs(value) / shown.get("top", 1))
    return printed(part if shown.get("signed") else math.sqrt(part), 3)


# ---- the built book ----------------------------------------------------------------------------


def _show_card(*figure):
    _show_html(_card_html(*figure))


def maps_html(*shown, alt, caption=""):
    """Return what `show_maps` writes into the built book, to stand within something larger.

    Parameters
    ----------
    *shown, alt, caption
        As for `show_maps`.

    Returns
    -------
    str

    Examples
    --------
    >>> maps_html(a_map(np.eye(2), "ab", "xy", title="a map"), alt="a diagonal")[:30]
    '<figure class="board maps-only'
    """
    return _card_html(lambda: list(shown), alt, caption, {}, {}, {}, None, None)


def _card_html(make, alt, caption, labels, start, choices, small, play):
    identity, first = f"maps-{next(_numbers)}", _made(make, start)
    every = [_made(make, choice) for choice in positions(**choices)]
    common = [_shared([found[k] for found in every if len(found) > k]) for k in range(len(first))]
    data = {
        "id": identity,
        "hint": HINTS[any("sides" in shown for shown in first)],
        "counts": [len(values) for values in choices.values()],
        "small": list(choices).index(small) if small else -1,
        "alts": [_words(alt, choice or None) for choice in positions(**choices)],
        "common": common,
        "maps": [[_packed(shown, common[k]) for k, shown in enumerate(found)] for found in every],
    }
    # In a script element, only a "<" could end the data too early.
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    asked = [
        _control(labels[name], values, start[name], name == play)
        for name, values in choices.items()
    ]
    if small:
        thumbs = [_thumbs(_made(make, {**start, small: value})) for value in choices[small]]
        asked[data["small"]] = _with_thumbs(asked[data["small"]], thumbs)
    drawn = "".join(map_html(shown, identity) for shown in first)
    return (
        f'<figure class="board maps-only" data-scripts="controls map show_maps">'
        f'<p class="unseen alt">{escape(_words(alt, start or None))}</p>'
        f"{panel(asked, labels.values()) if asked else ''}"
        f'<div class="lines">{_lines_html(first)}</div><div class="maps">{drawn}</div>'
        f'<p class="say" aria-live="polite">{data["hint"]}</p>{_caption_element(caption)}'
        f'<script type="application/json">{text}</script></figure>'
    )


def _shared(found):
    """Return what is the same in all maps, but for their weights."""
    first = found[0]
    same = [key for key in first if all(one.get(key) == first[key] for one in found)]
    return {key: first[key] for key in same if key != "weights"}


def _packed(shown, common):
    """Return what is not common of a map, its numbers as whole ones, without the point."""
    own = {key: value for key, value in shown.items() if key not in common}
    factor = 10 ** shown.get("digits", 2)
    own["weights"] = [
        [value if isinstance(value, str) else round(value * factor) for value in row]
        for row in shown["weights"]
    ]
    return own


def _lines_html(found):
    """Return the sentences whose words can be pressed, as ``show_maps.js`` writes them."""
    sentences = {}
    for shown in found:
        for axis, names, words in ((1, "asked", "columns"), (0, "asks", "rows")):
            is_moved = axis == 1 and shown.get("shift")
            if "sides" in shown and shown["sides"][axis] and not is_moved:
                sentences.setdefault(shown["sides"][axis], (shown[words], shown[names][1]))
    return "".join(
        f'<p class="line"><span>{side}</span><span><span class="words">'
        f"{words_html(words, side, language)}</span></span></p>"
        for side, (words, language) in sentences.items()
    )


def _thumbs(found):
    """Return the maps of one choice, small, as ``show_maps.js`` draws them."""
    drawn = []
    for shown in found:
        cells = "".join(
            f'<rect x="{j}" y="{i}" width=".9" height=".9" style="--s:{_shade(shown, value)}"/>'
            for i, row in enumerate(shown["weights"])
            for j, value in enumerate(row)
            if not isinstance(value, str)
        )
        size = f"{len(shown['columns'])} {len(shown['rows'])}"
        drawn.append(f'<svg viewBox="0 0 {size}" aria-hidden="true">{cells}</svg>')
    return f'<span class="thumbs">{"".join(drawn)}</span>'


def _with_thumbs(control, thumbs):
    """Put small maps into the buttons of a choice, below their names."""
    end = "</span></label>"
    buttons = control.split(end)
    return (
        "".join(part + thumb + end for part, thumb in zip(buttons, thumbs, strict=False))
        + (buttons[-1])
    )


# ---- a live kernel -----------------------------------------------------------------------------


def _show_widgets(make, alt, caption, labels, start, choices, _small, play):
    import ipywidgets  # here, because a single widget in a built page would load scripts

    controls = {
        name: _widget(labels[name], values, start[name], name == play)
        for name, values in choices.items()
    }
    picture = ipywidgets.Image(format="png", layout={"max_width": "100%"})
    words = ipywidgets.HTML()
    canvas = new_figure()

    def update(_change=None):
        choice = {name: control.value for name, control in controls.items()}
        try:
            found = _made(make, choice)
            _draw(canvas, found)
            spoken_text = " ".join([_words(alt, choice or None), *map(_spoken_map, found)])
        except Exception as error:  # a kernel would swallow it, and the picture seem stuck
            words.value = f"<b>{type(error).__name__}</b>: {escape(str(error))}"
            return
        picture.value = _file(_pixels(canvas), "PNG", compress_level=1)
        words.value = f'<span style="{UNSEEN}">{escape(spoken_text)}</span>{escape(caption)}'

    update()
    for control in controls.values():
        control.observe(update, names="value")
    rows = [_playable(control) if name == play else control for name, control in controls.items()]
    display(ipywidgets.VBox([*rows, picture, words]))


def _draw(canvas, found):
    """Draw maps into a Matplotlib figure: side by side, or, if they are wide, one a row."""
    wide = max(len(shown["columns"]) for shown in found) >= WIDE
    columns = 1 if wide else min(len(found), 3)
    rows = math.ceil(len(found) / columns)
    most = max(len(shown["rows"]) for shown in found)
    canvas.set_size_inches(8.6 if wide else 1.4 + 3.2 * columns, rows * (1.9 + 0.16 * most))
    canvas.clear()
    parts = panels(canvas, [shown["title"] for shown in found], columns)
    for part, shown in zip(parts, found, strict=True):
        values = [[np.nan if isinstance(v, str) else v for v in row] for row in shown["weights"]]
        top, signed = shown.get("top", 1), shown.get("signed", False)
        asks, asked = shown.get("corner", CORNER)
        heatmap(
            part,
            values,
            rows=shown["rows"],
            columns=shown["columns"],
            x_label=asked,
            y_label=asks,
            limits=(-top if signed else 0, top),
            colour_label="" if signed else "weight",
        )


def _spoken_map(shown):
    return f"{shown['title']}: {'; '.join(largest(shown))}."
