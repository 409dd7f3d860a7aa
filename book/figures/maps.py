"""Maps made of numbers, as HTML: what ``_static/map.js`` draws, for the time before it runs.

A map is a dictionary, described at the head of that script. A figure that shows maps names the
script among its ``data-scripts``, has the class ``board``, and writes its first state with these
functions, so that there is a picture with true numbers without any script, and nothing moves when
the script takes over.
"""

import math
from decimal import ROUND_HALF_UP, Decimal
from html import escape

import numpy as np

#: What is said about a cell, a row, a row's largest and a cell without a number (TEXT in map.js).
TEXT = {"most": "{row} looks most at {column} ({value})"}
CORNER = ("asks", "asked")


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
    lines = "".join(
        f'<div role="row"><span role="rowheader" tabindex="-1">{spoken(row, row_language)}</span>'
        f"{''.join(_cell(shown, i, j) for j in range(len(columns)))}</div>"
        for i, row in enumerate(rows)
    )
    heading = "".join(
        f'<span role="columnheader"><b>{spoken(column, column_language)}</b></span>'
        for column in columns
    )
    tone = f" {shown['tone']}" if shown.get("tone") else ""
    who = f'<p class="who">queries: {asks}<br>keys, values: {asked}</p>' if asks else ""
    return (
        f'<div class="map {name}{tone}"><p class="title" id="{label}">{escape(shown["title"])}</p>'
        f'{who}<div class="scroll"><div class="grid" role="grid" aria-labelledby="{label}" '
        f'aria-describedby="{label}-most" data-map="{name}" '
        f'style="--rows:{len(rows)};--columns:{len(columns)}"><div role="row">'
        f'<span role="columnheader" class="corner">{corner[0]} ↓<br>{corner[1]} →</span>{heading}'
        f'</div>{lines}</div></div><p class="unseen" id="{label}-most">'
        f"{escape('; '.join(largest(shown)))}.</p></div>"
    )


def largest(shown):
    """Say the largest number of each row of a map, a list of str.

    Examples
    --------
    >>> largest({"rows": ["un", "(end)"], "columns": ["a", "b"], "weights": [[0.2, 0.8], [1, 0]]})
    ['un looks most at b (0.80)', '(end) looks most at a (1.00)']
    """
    sentences = []
    text = {**TEXT, **shown.get("text", {})}["most"]
    for row, weights in zip(shown["rows"], shown["weights"], strict=True):
        size = [-1 if isinstance(value, str) else abs(value) for value in weights]
        j = size.index(max(size))
        value = weights[j]
        if not isinstance(value, str):
            value = printed(value, shown.get("digits", 2))
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
    plain = Decimal(abs(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"−{plain}" if value < 0 and plain else str(plain)


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
