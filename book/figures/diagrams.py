"""A drawing from a description: the house of the helpers.

``python -m figures.diagrams`` writes what pages include, below ``_static``; a test compares.
"""

import html
from pathlib import Path

#: The house from the top floor down, (what the floor is for, its rooms). Imports point down.
FLOORS = (
    (
        "pages",
        {"chapters": "what a reader sees", "figures": "maps, charts, sliders: know no model"},
    ),
    (
        "measuring",
        {
            "measures": "what two chapters measure",
            "importance": "what a word owes to a word",
        },
    ),
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

UNLINKED = ("chapters", "figures", "fast")  # no page of the API describes these
#: Where the rooms on these floors are described; all others are on the page of the models.
PAGES = {
    **dict.fromkeys(("ground", "training", "measuring"), "api_runs.html"),
    **dict.fromkeys(("bugs", "tasks", "checks"), "api_runs.html"),
}


def house(floors=FLOORS, pages=PAGES):
    """HTML of a house: one row a floor, one box a room, each with what it is for.

    Parameters
    ----------
    floors : tuple of pairs
        Name of the floor, and a dict from rooms to what they are for.
    pages : dict
        Name of a floor, or of a room, -> the page of the API that describes it.

    Returns
    -------
    str

    Examples
    --------
    >>> print(house((("ground", {"shapes": "sizes"}),)))
    <div class="house" role="list" aria-label="Floors, from the top down; imports point down">
    <div class="floor" role="listitem"><p class="floor-name">ground</p>
    <p class="room"><a href="api_runs.html#module-helpers.shapes"><code>shapes</code></a> sizes</p>
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
                page = pages.get(room, pages.get(name, "api.html"))
                title = f'<a href="{page}#module-helpers.{room}">{title}</a>'
            lines.append(f'<p class="room">{title} {html.escape(purpose)}</p>')
        lines.append("</div>")
    return "\n".join([*lines, "</div>"])


if __name__ == "__main__":
    path = Path(__file__).resolve().parents[1] / "_static" / "architecture.html"
    path.write_text(house() + "\n", encoding="utf-8")
