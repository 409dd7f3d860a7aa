"""A query among keys in the plane: drag them, and see scores, weights and output follow."""

from html import escape

import numpy as np

from figures.card import Slide, Switch, printed, show_card

UNIT = 62  # of the drawing, for 1 in the plane
EDGE = 3.0  # what is dragged stays within it, on both sides of 0
TEMPERATURES = (0.1, 0.25, 0.5, 1, 2.5, 5)
HINT = "Drag the tip of the query, or a key; or tab to it, and use the arrow keys."


def draggable_query(weigh, keys, names, query, *, caption=""):
    """Show a query and keys that one can drag; the values are the keys themselves.

    Parameters
    ----------
    weigh : callable
        ``weigh(queries, keys, score=score)`` returns weights (n_queries, n_keys), such as
        `helpers.attention.attention_weights`.
    keys : array (n_keys, 2)
        Each number a multiple of 0.1, within 3 of 0.
    names : sequence of str
    query : (float, float)
    caption : str
        What to try and to see.

    Raises
    ------
    ValueError
        If keys and names differ in number, or a key isn't a point of the plane.

    Examples
    --------
    >>> draggable_query(attention_weights, keys, "abcde", (0.5, 0.9))  # doctest: +SKIP
    """
    keys = np.asarray(keys, dtype=float)
    if keys.shape != (len(names), 2):
        raise ValueError(f"keys have shape {keys.shape}, but should have ({len(names)}, 2)")

    def draw(scaled, temperature, x=query[0], y=query[1]):
        return _drawing(weigh, keys, names, (x, y), scaled, temperature)

    places = tuple(float(place) for place in np.arange(-30, 31) / 10)
    show_card(
        "plane",
        draw,
        [Switch("scaled", "÷ √d, here √2"), Slide("temperature", "temperature", TEMPERATURES)],
        {"scaled": False, "temperature": 1, "x": query[0], "y": query[1]},
        data={"keys": keys.tolist(), "names": [*names], "query": query, "unit": UNIT, "edge": EDGE}
        | {"hint": HINT},
        only_here=[Slide("x", "query, x", places), Slide("y", "query, y", places)],
        caption=caption,
    )


def look(weigh, keys, query, scaled=False, temperature=1):
    """Return all numbers of the figure for one query.

    Parameters
    ----------
    weigh : callable
    keys : array (n_keys, 2)
    query : (float, float)
    scaled : bool
        Divide the scores by the root of 2, the width of a key.
    temperature : float

    Returns
    -------
    products, scores, weights : arrays (n_keys,)
        The dot products, what the softmax gets, and what it makes of that.
    output : array (2,)
        The mean of the keys with these weights.

    Examples
    --------
    >>> def evenly(queries, keys, score):
    ...     return np.full((1, len(keys)), 1 / len(keys))
    >>> look(evenly, np.eye(2), (3.0, 1.0), temperature=2)[:2]
    (array([3., 1.]), array([1.5, 0.5]))
    """
    divisor = temperature * (np.sqrt(2) if scaled else 1)
    queries = np.array([query], dtype=float)

    def score(queries, keys):
        return queries @ keys.T / divisor

    (products,), (scores,) = queries @ keys.T, score(queries, keys)
    (weights,) = weigh(queries, keys, score=score)
    return products, scores, weights, weights @ keys


def _drawing(weigh, keys, names, query, scaled, temperature):
    """Return the plane and the table of its numbers as HTML; the script changes it in place."""
    found = look(weigh, keys, query, scaled, temperature)
    feet = feet_on(query, keys)
    parts = "".join(
        _key(name, key, foot, weight)
        for name, key, foot, weight in zip(names, keys, feet, found[2], strict=True)
    )
    half = UNIT * (EDGE + 0.2)
    return (
        f'<svg viewBox="{-half:.0f} {-half:.0f} {2 * half:.0f} {2 * half:.0f}" role="group" '
        f'aria-label="The plane with a query, {len(names)} keys and the output">'
        f"{_axes()}{parts}{_query(query)}{_output(found[3])}</svg>"
        f'<div class="beside">{_table(names, *found)}'
        f'<p class="say" aria-live="polite">{HINT}</p></div>'
    )


def feet_on(query, keys):
    """Return where the keys fall on the query's line: k's projection, (q·k / q·q) q.

    Examples
    --------
    >>> feet_on((2.0, 0.0), np.array([[1.0, 5.0]]))
    array([[1., 0.]])
    """
    query = np.array(query, dtype=float)
    length = query @ query
    return np.outer(keys @ query / (length or 1), query)


def _at(point):
    """Return a point in the drawing's units, in which y grows downwards."""
    return tuple(round(float(number) * UNIT, 1) + 0.0 for number in (point[0], -point[1]))


def _axes():
    edge = UNIT * EDGE
    lines = "".join(
        f'<path class="{"axis" if n == 0 else "mesh"}" '
        f'd="M{n * UNIT} {-edge:.0f}V{edge:.0f}M{-edge:.0f} {n * UNIT}H{edge:.0f}"/>'
        for n in range(-3, 4)
    )
    ticks = "".join(
        f'<text x="{n * UNIT}" y="16" class="tick">{n}</text>'
        f'<text x="-6" y="{-n * UNIT + 5}" class="tick side">{n}</text>'
        for n in (-2, 2)
    )
    return f'<g aria-hidden="true">{lines}{ticks}</g>'


def _handle(kind, name, point, radius):
    """Return what a handle is to the keyboard and to a screen reader."""
    place = f"{printed(point[0], 1)}, {printed(point[1], 1)}"
    return (
        f'<g class="{kind}" role="slider" tabindex="0" aria-label="{escape(name)}" '
        f'aria-valuemin="{-EDGE:g}" aria-valuemax="{EDGE:g}" aria-valuenow="{point[0]:g}" '
        f'aria-valuetext="{place}" transform="translate{_at(point)}">'
        f'<circle class="halo" r="{radius}"/>'
    )


def _key(name, key, foot, weight):
    (x, y), (to_x, to_y) = _at(key), _at(foot)
    return (
        f'<path class="fall" aria-hidden="true" d="M{x} {y}L{to_x} {to_y}"/>'
        f'<circle class="foot" aria-hidden="true" cx="{to_x}" cy="{to_y}" r="3"/>'
        f"{_handle('key', f'key {name}', key, 20)}"
        f'<circle class="weight" r="{28 * np.sqrt(weight):.1f}"/>'
        f'<rect x="-4" y="-4" width="8" height="8"/><text x="9" y="-8">{escape(name)}</text></g>'
    )


def _query(query):
    x, y = _at(query)
    far = 10 / (np.hypot(*query) or 1)
    return (
        f'<path class="line" aria-hidden="true" '
        f'd="M{-x * far:.1f} {-y * far:.1f}L{x * far:.1f} {y * far:.1f}"/>'
        f'<path class="arrow" aria-hidden="true" d="M0 0L{x} {y}"/>'
        f'{_handle("query", "query", query, 20)}<circle r="7"/><text x="10" y="20">q</text></g>'
    )


def _output(output):
    x, y = _at(output)
    return (
        f'<g class="output" aria-hidden="true" transform="translate({x}, {y})">'
        '<path d="M0 -9L9 0L0 9L-9 0Z"/><text y="-14">output</text></g>'
    )


def _table(names, products, scores, weights, output):
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{printed(products[j])}</td>'
        f"<td>{printed(scores[j])}</td><td>{printed(weights[j])}</td>"
        f'<td class="bar" aria-hidden="true"><i style="--w:{weights[j]:.3f}"></i></td></tr>'
        for j, name in enumerate(names)
    )
    place = f"({printed(output[0])}, {printed(output[1])})"
    return (
        '<table><thead><tr><th scope="col">key</th><th scope="col">q·k</th>'
        '<th scope="col">score</th><th scope="col">weight</th><td></td></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
        f'<p class="mean">output, the mean of the keys: <b>{place}</b></p>'
    )
