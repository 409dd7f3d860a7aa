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


#: Queries, keys and values have a colour each; the letter in the mark says the same.
HUES = {"Q": "#b84a00", "K": "#0067a3", "V": "#00704f"}
WEIGHT = "#0072b2"
CELL, LEFT, TOP = 30, 84, 144  # a cell of a map, and the room for words beside and above it
PANEL = 224  # the narrowest that a panel is drawn on a page: a unit is never below a pixel


def who_asks_whom(attentions, caption):
    """HTML of one panel an attention: who gives queries, who keys and values, and its map.

    It has no ground and no colour of text of its own, so that it fits every theme; panels stand
    side by side, or below each other where the page is narrow.

    Parameters
    ----------
    attentions : dict of dict
        Title -> ``asking`` and ``asked``, what the two sequences are called; ``rows`` and
        ``columns``, their words; ``weights`` (n_rows, n_columns), where 0 is a look that the mask
        forbids.
    caption : str

    Returns
    -------
    str

    Examples
    --------
    >>> one = {"asking": "target", "asked": "source", "rows": ["ten"], "columns": ["dix"]}
    >>> drawn = who_asks_whom({"Cross": one | {"weights": [[1.0]]}}, "A map.")
    >>> "Cross: target asks source" in drawn, drawn.count("<svg")
    (True, 1)
    """
    panels = [_attention(title, **parts) for title, parts in attentions.items()]
    row = "display:flex;flex-wrap:wrap;align-items:flex-start;gap:1.25rem 0.5rem"
    return "\n".join(
        [
            '<figure class="drawing" data-scripts="handles" style="margin:1rem 0">',
            f'<div style="{row}">',
            *panels,
            "</div>",
            f'<figcaption style="font-size:0.9rem">{html.escape(caption)}</figcaption>',
            "</figure>",
        ]
    )


def _attention(title, asking, asked, rows, columns, weights):
    """SVG of one attention: its two sequences, and the map between them."""
    width, height = PANEL, TOP + CELL * len(rows) + 4
    found = [_text(0, 14, f"{asking} asks {asked}", bold=True), _text(0, 34, title)]
    found += [*_marks(0, 58, "Q"), _text(20, 58, f"from the {asking}")]
    found += [*_marks(0, 80, "KV"), _text(40, 80, f"from the {asked}")]
    for j, word in enumerate(columns):
        x = LEFT + CELL * (j + 0.5)
        found.append(_text(x + 4, TOP - 6, word, turned=True))
    for i, (word, row) in enumerate(zip(rows, weights, strict=True)):
        found.append(_text(LEFT - 8, TOP + CELL * (i + 0.5) + 4, word, "end"))
        for j, (_, weight) in enumerate(zip(columns, row, strict=True)):
            found += _cell(LEFT + CELL * j, TOP + CELL * i, float(weight))
    said = html.escape(_say(title, asking, asked, rows, columns, weights), quote=True)
    size = f'viewBox="0 0 {width} {height}" style="flex:0 0 {width}px;max-width:{width}px"'
    inside = "\n".join(found)
    return f'<svg {size} role="img" aria-label="{said}" fill="currentColor">\n{inside}\n</svg>'


def _say(title, asking, asked, rows, columns, weights):
    """Alternative text: who asks whom, and where each row looks most."""
    looks = [
        f"{word} looks most at {columns[max(range(len(columns)), key=row.__getitem__)]}"
        for word, row in zip(rows, [list(map(float, row)) for row in weights], strict=True)
    ]
    sides = f"queries from the {asking}, keys and values from the {asked}"
    size = f"a map of {len(rows)} rows and {len(columns)} columns"
    hidden = sum(float(weight) == 0 for row in weights for weight in row)
    masked = f", of which {hidden} cells are forbidden" if hidden else ""
    return f"{title}: {asking} asks {asked}; {sides}; {size}{masked}: {', '.join(looks)}."


def _text(x, y, words, anchor="start", bold=False, turned=False):
    weight = ' font-weight="700"' if bold else ""
    turn = f' transform="rotate(-90 {x:g} {y:g})"' if turned else ""
    place = f'x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="13"'
    return f"<text {place}{weight}{turn}>{html.escape(words)}</text>"


def _marks(x, y, letters):
    """Return a coloured mark for each letter: round for queries, square for keys and values."""
    found = []
    for i, letter in enumerate(letters):
        left, radius = x + 18 * i, 8 if letter == "Q" else 2
        box = f'x="{left}" y="{y - 12}" width="16" height="16" rx="{radius}"'
        mark = f'<rect {box} fill="{HUES[letter]}"/>'
        place = f'x="{left + 8}" y="{y}" text-anchor="middle" font-size="12"'
        name = f'<text {place} font-weight="700" fill="#fff">{letter}</text>'
        found.append(f'<g data-part="{letter}">{mark}{name}</g>')
    return found


def _cell(x, y, weight):
    """Return a cell of a map: the larger the weight, the fuller; a cross where 0 is forced."""
    box = f'x="{x + 1}" y="{y + 1}" width="{CELL - 2}" height="{CELL - 2}"'
    frame = f'<rect {box} fill="none" stroke="currentColor" stroke-opacity="0.4"/>'
    if weight == 0:
        place = f'x="{x + CELL / 2:g}" y="{y + CELL / 2 + 5:g}"'
        cross = f'<text {place} text-anchor="middle" font-size="13" opacity="0.7">×</text>'
        return [frame, cross]
    return [f'<rect {box} fill="{WEIGHT}" fill-opacity="{weight**0.5:.2f}"/>', frame]


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
