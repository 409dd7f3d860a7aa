"""Drawings from a description: the house of the helpers, the blocks of a Transformer.

``python -m figures.diagrams`` writes what pages include, below ``_static``; a test compares.
"""

import html
from pathlib import Path

from matplotlib.patches import FancyBboxPatch

from figures.plots import GREY, MEDIUM, STYLES

#: The house from the top floor down, (what the floor is for, its rooms). Imports point down.
FLOORS = (
    (
        "pages",
        {"chapters": "what a reader sees", "figures": "maps, charts, sliders: know no model"},
    ),
    ("measuring", {"measures": "what two chapters measure"}),
    ("training", {"runs": "Settings, a model from them, fit, records, a plan for each"}),
    (
        "beside the models",
        {
            "cached": "keys and values kept between steps",
            "cost": "what a layer costs, and what makes it cheaper",
            "bugs": "wrong functions, and the check that finds each",
            "decoding": "greedy, beam",
        },
    ),
    (
        "whole models",
        {
            "seq2seq": "recurrent encoder-decoder, one vector or attention",
            "transformer": "blocks, encoder, decoder, decoder-only",
        },
    ),
    (
        "parts of models",
        {
            "recurrent": "a step of each cell, and the scan over steps",
            "attention": "scores, masks, weights, heads",
            "positions": "what gives order back",
            "functions": "softmax, linear, layer norm, cross-entropy",
        },
    ),
    (
        "what knows no model",
        {
            "tasks": "numbers, symbols, stories",
            "checks": "feedback for students, assertions",
            "learning": "Adam, its rate, clipping",
            "start": "where training begins",
        },
    ),
    (
        "ground",
        {
            "shapes": "arguments are what the docstring says",
            "fast": "the same numbers, sooner; nobody has to read it",
        },
    ),
)

UNLINKED = ("chapters", "figures", "fast")  # the page of the API does not describe these


def house(floors=FLOORS, page="api.html"):
    """HTML of a house: one row a floor, one box a room, each with what it is for.

    Parameters
    ----------
    floors : tuple of pairs
        Name of the floor, and a dict from rooms to what they are for.
    page : str
        Where the rooms of `helpers` are described.

    Returns
    -------
    str

    Examples
    --------
    >>> print(house((("measuring", {"measures": "entropy"}),)))
    <div class="house" role="list" aria-label="Floors, from the top down; imports point down">
    <div class="floor" role="listitem"><p class="floor-name">measuring</p>
    <p class="room"><a href="api.html#module-helpers.measures"><code>measures</code></a> entropy</p>
    </div>
    </div>
    """
    label = "Floors, from the top down; imports point down"
    lines = [f'<div class="house" role="list" aria-label="{label}">']
    for name, rooms in floors:
        lines.append(f'<div class="floor" role="listitem"><p class="floor-name">{name}</p>')
        for room, purpose in rooms.items():
            title = f"<code>{room}</code>"
            if room not in UNLINKED:
                title = f'<a href="{page}#module-helpers.{room}">{title}</a>'
            lines.append(f'<p class="room">{title} {html.escape(purpose)}</p>')
        lines.append("</div>")
    return "\n".join([*lines, "</div>"])


#: Parts of a Transformer's blocks, from the bottom up.
PARTS = {
    "encoder": ("self-attention", "feed-forward"),
    "decoder": ("self-attention,\nno later word", "cross-attention", "feed-forward"),
}
_PLACES = {"encoder": (0.6, 2.3, 2.9), "decoder": (9.4, 7.7, 7.1)}  # of sums, blocks, parts
_STEP, _WIDTH = 2.7, 2.8  # from one part to the next, and of a part


def transformer(figure):
    """Draw encoder block and decoder block of a pre-norm Transformer, and what lies around them.

    Parameters
    ----------
    figure : Figure or SubFigure
        About 4.4 by 5.2 inches: on a phone its words are still readable.

    Examples
    --------
    >>> from figures.plots import new_figure
    >>> transformer(new_figure((4.4, 5.2)))
    """
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 10), ylim=(-0.4, 12.8))
    axes.axis("off")
    for side, words in (("encoder", "French words"), ("decoder", "English words so far")):
        (sums, block, _), top = _PLACES[side], _top(side)
        _write(axes, block, 0, words)
        _arrow(axes, [(block, 0.25), (block, 0.65)])
        _box(axes, block, 1, 4.2, 0.7, "embedding + position")
        _box(axes, block, (1.8 + top) / 2, 4.4, top - 1.8, face="#f1f1f1")
        _write(axes, block, top - 0.3, f"{side} block", style="italic")
        _arrow(axes, [(sums, 1.35), (sums, top + 0.55)])
        for i, part in enumerate(PARTS[side]):
            _part(axes, side, 2.3 + _STEP * i, part)
        _box(axes, block, top + 0.8, 4.2, 0.5, "norm")
    top, corner = _top("encoder") + 0.8, 2.3 + _STEP + 1.4
    _arrow(axes, [(4.4, top), (5, top), (5, corner), (5.7, corner)], STYLES[1][0])
    _write(axes, 2.5, top + 0.6, "memory: keys and values", color=STYLES[1][0])
    _, block, _ = _PLACES["decoder"]
    _arrow(axes, [(block, _top("decoder") + 1.05), (block, _top("decoder") + 1.55)])
    _box(axes, block, _top("decoder") + 1.9, 4.2, 0.7, "one score a word")


def _top(side):
    return 2.2 + _STEP * len(PARTS[side])


def _part(axes, side, bottom, name):
    """Draw a part that reads the sums, through a norm, and adds to them what it makes of it."""
    sums, _, middle = _PLACES[side]
    outward = 1 if sums > middle else -1
    _arrow(axes, [(sums, bottom), (middle, bottom), (middle, bottom + 0.25)])
    _box(axes, middle, bottom + 0.5, _WIDTH, 0.5, "norm")
    _box(axes, middle, bottom + 1.4, _WIDTH, 1.0, name, STYLES[0][0])
    start = middle + outward * _WIDTH / 2, bottom + 1.4
    _arrow(axes, [start, (sums - 0.2 * outward, bottom + 1.85)])
    circle = {"boxstyle": "circle,pad=0.12", "facecolor": "white", "edgecolor": STYLES[0][0]}
    _write(axes, sums, bottom + 1.95, "+", bbox=circle)


def _box(axes, x, y, width, height, words="", edge=GREY, face="white"):
    """Draw a box around a place, and words in it."""
    corner, size = (x - width / 2 + 0.1, y - height / 2 + 0.1), (width - 0.2, height - 0.2)
    axes.add_patch(FancyBboxPatch(corner, *size, "round,pad=0.1", facecolor=face, edgecolor=edge))
    _write(axes, x, y, words)


def _write(axes, x, y, words, **look):
    axes.text(x, y, words, ha="center", va="center", fontsize=MEDIUM, **look)


def _arrow(axes, places, colour="black"):
    """Draw a line with corners that ends in an arrow."""
    axes.plot(*zip(*places, strict=True), color=colour, linewidth=1.2)
    look = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", places[-1], places[-2], arrowprops=look)


if __name__ == "__main__":
    path = Path(__file__).resolve().parents[1] / "_static" / "architecture.html"
    path.write_text(house() + "\n", encoding="utf-8")
