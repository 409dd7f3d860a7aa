"""A soft look-up of one number: drag what is asked, and see the curve of all answers."""

import numpy as np

from figures.card import Slide, printed, show_card

WIDTH, HEIGHT, LEFT, BOTTOM = 420, 290, 50, 40  # of the drawing, and its edges
RIGHT, TOP = 14, 14
HINT = "Drag the round handle; or tab to it, and use the arrow keys."


def draggable_look_up(look_up, marks, values, *, temperatures, start, limits, caption=""):
    """Show a soft look-up whose query one can drag, under a slider for the temperature.

    Parameters
    ----------
    look_up : callable
        ``look_up(query, temperature)`` returns the answer and the weights (n_keys,).
    marks, values : arrays (n_keys,)
        The keys, kilometres, and their values, metres.
    temperatures : tuple of float
    start : (float, float)
        The query, a multiple of 0.1, and the temperature at first.
    limits : (float, float)
        Ends of the axis of the values.
    caption : str
        What to try and to see.

    Raises
    ------
    ValueError
        If marks and values differ in number, or the query lies beyond the marks.

    Examples
    --------
    >>> draggable_look_up(soft_look_up, marks, metres, temperatures=(0.1, 1), start=(7, 1),
    ...                   limits=(750, 1600))  # doctest: +SKIP
    """
    marks, values = np.asarray(marks), np.asarray(values)
    if marks.shape != values.shape:
        raise ValueError(f"there are {len(marks)} marks and {len(values)} values")
    if not marks.min() <= start[0] <= marks.max():
        raise ValueError(f"query {start[0]} must lie from {marks.min()} to {marks.max()}")
    places = along(marks)

    def draw(temperature, asked=float(start[0])):
        answers = np.array([look_up(place, temperature)[0] for place in places])
        answer, weights = look_up(asked, temperature)
        curve = _path(places, answers, marks, limits)
        return _drawing(marks, values, limits, curve, asked, answer, weights)

    show_card(
        "look_up",
        draw,
        [Slide("temperature", "temperature", tuple(temperatures))],
        {"temperature": start[1], "asked": float(start[0])},
        data={
            "marks": marks.tolist(),
            "values": values.tolist(),
            "places": places.tolist(),
            "asked": start[0],
            "frame": [LEFT, WIDTH - RIGHT, HEIGHT - BOTTOM, TOP],
            "ends": [float(marks.min()), float(marks.max()), *limits],
            "hint": HINT,
        },
        only_here=[Slide("asked", "kilometre", tuple(places.tolist()))],
        caption=caption,
    )


def along(marks):
    """Return all places that can be asked for, a tenth apart.

    Examples
    --------
    >>> along(np.array([0, 1]))[[0, 1, -1]]
    array([0. , 0.1, 1. ])
    """
    return np.arange(round(marks.min() * 10), round(marks.max() * 10) + 1) / 10


def _at(place, value, marks, limits):
    """Return a point in the drawing's units."""
    x = LEFT + (place - marks.min()) / np.ptp(marks) * (WIDTH - RIGHT - LEFT)
    y = HEIGHT - BOTTOM - (value - limits[0]) / (limits[1] - limits[0]) * (HEIGHT - BOTTOM - TOP)
    return round(float(x), 1), round(float(y), 1)


def _path(places, answers, marks, limits):
    points = (_at(*pair, marks, limits) for pair in zip(places, answers, strict=True))
    return "M" + "L".join(f"{x} {y}" for x, y in points)


def _drawing(marks, values, limits, curve, asked, answer, weights):
    """Return the curve, the marks and the table as HTML; the script changes them in place."""
    x, y = _at(asked, answer, marks, limits)
    dots, ticks = [], []
    for mark, value, weight in zip(marks, values, weights, strict=True):
        across, up = _at(mark, value, marks, limits)
        radius = 28 * np.sqrt(weight)
        dots.append(
            f'<circle class="weight" cx="{across}" cy="{up}" r="{radius:.1f}"/>'
            f'<rect x="{across - 4:.1f}" y="{up - 4:.1f}" width="8" height="8"/>'
        )
        ticks.append(f'<text x="{across}" y="{HEIGHT - 22}" class="tick">{mark}</text>')
    for value in (800, 1200, 1600):
        height = _at(0, value, marks, limits)[1]
        ticks.append(
            f'<path class="mesh" d="M{LEFT} {height}H{WIDTH - RIGHT}"/>'
            f'<text x="{LEFT - 8}" y="{height + 5:.1f}" class="tick side">{value}</text>'
        )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="group" aria-label="Answers at all kilometres">'
        f'<g aria-hidden="true">{"".join(ticks)}<text class="tick" '
        f'x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - 3}">query: kilometre</text>'
        f'<path class="curve" d="{curve}"/>{"".join(dots)}'
        f'<path class="asked" d="M{x} {TOP}V{HEIGHT - BOTTOM}"/></g>'
        f'<g class="query" role="slider" tabindex="0" aria-label="kilometre that is asked for" '
        f'aria-valuemin="{marks.min()}" aria-valuemax="{marks.max()}" aria-valuenow="{asked:g}" '
        f'aria-valuetext="kilometre {printed(asked, 1)}: {printed(answer, 0)} m" '
        f'transform="translate({x}, {y})"><circle class="halo" r="22"/><circle r="7"/></g></svg>'
        f'<div class="beside"><p class="answer">kilometre <b>{printed(asked, 1)}</b>: '
        f"<b>{printed(answer, 0)}</b> m</p>{_table(marks, values, weights)}"
        f'<p class="say">{HINT}</p></div>'
    )


def _table(marks, values, weights):
    rows = "".join(
        f'<tr><th scope="row">{mark}</th><td>{value}</td><td>{printed(weight, 3)}</td>'
        f'<td class="bar" aria-hidden="true"><i style="--w:{weight:.3f}"></i></td></tr>'
        for mark, value, weight in zip(marks, values, weights, strict=True)
    )
    return (
        '<table><thead><tr><th scope="col">key: km</th><th scope="col">value: m</th>'
        f'<th scope="col">weight</th><td></td></tr></thead><tbody>{rows}</tbody></table>'
    )
