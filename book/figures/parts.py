"""The blocks of a Transformer as a drawing whose parts can be pressed, and taken out.

An inline SVG, text as text, in the page's own colours: what a part is for, what shape it has for
the typed number, and what the trained model says without it. In the built book
``_static/parts.js`` runs the model; in a kernel NumPy does.
"""

import os
from html import escape

from figures.live import Extra, _checked_figure, _show_card, _show_widgets

#: Part -> (what it is called, what it does, the label of its paragraph, whether it can be out).
PARTS = {
    "embedding": ("embedding", "A table has a vector for each word.", "the-whole", False),
    "positions": ("positions", "Say where a word stands.", "part-positions", True),
    "encoder self-attention": (
        "self-attention",
        "Every word of the source asks every word of the source.",
        "part-heads",
        True,
    ),
    "decoder self-attention": (
        "self-attention",
        "Every word of the target asks the target so far.",
        "part-heads",
        True,
    ),
    "cross-attention": (
        "cross-attention",
        "Every word of the target asks the source: the only door through which it comes.",
        "part-heads",
        True,
    ),
    "encoder feed-forward": (
        "feed-forward",
        "Each vector by itself, to 256 numbers and back.",
        "part-feed-forward",
        True,
    ),
    "decoder feed-forward": (
        "feed-forward",
        "Each vector by itself, to 256 numbers and back.",
        "part-feed-forward",
        True,
    ),
    "encoder residual": (
        "residual sums",
        "What a part makes is added to what went in.",
        "part-residual",
        True,
    ),
    "decoder residual": (
        "residual sums",
        "What a part makes is added to what went in.",
        "part-residual",
        True,
    ),
    "norms": ("norms of the blocks", "Bring a vector to mean 0, variance 1.", "part-norm", True),
    "last norms": ("last norms", "Sums are normed once more at the end.", "part-norm", True),
    "output": ("one score a word", "A linear map; the largest is said.", "the-whole", False),
}
STACKS = {
    "encoder": ("encoder self-attention", "encoder feed-forward"),
    "decoder": ("decoder self-attention", "cross-attention", "decoder feed-forward"),
}
WIDTH, HEIGHT = 360, 512
_STREAM = {"encoder": 32, "decoder": 328}  # x of the line of sums
_BOXES = {"encoder": (66, 172), "decoder": (188, 294)}  # left and right of the parts
_FIRST, _STEP = 404, 96  # y of the lowest part's bottom, and from one part to the next


def parts(
    trained,
    *,
    name,
    words,
    languages,
    numbers,
    start,
    shares=None,
    caption="",
    address="parts",
):
    """Show the parts of a trained Transformer, and what it says without one.

    Parameters
    ----------
    trained, name, words, languages, numbers, start, caption, address
        As for `live.live`; of the model also ``without(part)``, see `helpers.runs.Trained`.
    shares : dict, optional
        Part -> share of some held-out numbers that the model gets right without it; "" is the
        whole model.

    Raises
    ------
    ValueError
        As for `live.live`.

    Examples
    --------
    >>> parts(runs.load("french_transformer"), name="french_transformer", start=421,
    ...       words=tasks.number_words, languages=("fr", "en"), numbers=(10, 999))
    ... # doctest: +SKIP
    """
    typed = {"words": words, "languages": languages, "numbers": numbers}
    figure, start = _checked_figure(trained, name, start, 1, **typed)
    if os.environ.get("STATIC_BOOK") == "1":
        settings, task = trained.settings, trained.task
        sizes = {"width": settings.width, "heads": settings.heads}
        sizes["words"] = len(task.target_vocabulary)
        printed = {part: f"{share:.2f}" for part, share in (shares or {}).items()}
        data = {"parts": PARTS, "shares": printed, "sizes": sizes}
        extra = Extra("parts", ("parts",), _before(), data=data, maps=False)
        _show_card(figure, start, 1, caption, address, extra)
        return
    import ipywidgets  # here, because a single widget in a built page would load scripts

    removable = [part for part, (*_, can_go) in PARTS.items() if can_go]
    out = ipywidgets.RadioButtons(options=["nothing", *removable], description="taken out")

    def choose(figure, source, right):
        changed = type(figure).__new__(type(figure))
        model = trained if out.value == "nothing" else trained.without(out.value)
        changed.__dict__ = figure.__dict__ | {"trained": model}
        return changed

    _show_widgets(figure, start, 1, caption, [out], choose)


def _before():
    """Return the switch, the two drawings and the place for what is said about a part."""
    radios = "".join(
        f'<label><input type="radio" name="parts-norm" value="{norm}" autocomplete="off" '
        f"disabled{' checked' if norm == 'pre' else ''}><span>{norm}-norm</span></label>"
        for norm in ("pre", "post")
    )
    return (
        f'<fieldset class="norm"><legend>Drawn with</legend>{radios}</fieldset>'
        f'<div class="plan"><div class="drawing">{drawing("pre")}'
        f"{drawing('post').replace('<svg ', '<svg hidden ', 1)}</div>"
        '<div class="about" aria-live="polite"><p>Press a part of the drawing.</p></div></div>'
    )


def drawing(norm):
    """SVG of a Transformer with one block on either side.

    Parameters
    ----------
    norm : {"pre", "post"}
        Whether a part's input is normed, or the sum behind it.

    Returns
    -------
    str

    Examples
    --------
    >>> drawing("pre").count('data-part="norms"'), drawing("post").count('data-part="last norms"')
    (5, 0)
    """
    found = []
    for side, stack in STACKS.items():
        found += _side(side, stack, norm)
    top = _top("encoder") - (28 if norm == "pre" else 0)
    corner = _FIRST - _STEP - 41
    way = (
        (119, top if norm == "pre" else top - 6),
        (119, top - 14),
        (180, top - 14),
        (180, corner),
        (188, corner),
    )
    found.append(_line("memory", *way))
    found.append(f'<text x="119" y="{top - 22}" text-anchor="middle">memory</text>')
    said = (
        f"A Transformer, {norm}-norm. Left the encoder, right the decoder, each with a line of "
        "sums from below: embedding and positions enter it, each part reads it and adds to it. The "
        "encoder's result gives keys and values to cross-attention."
    )
    inside = "\n".join(found)
    return (
        f'<svg class="{norm}" viewBox="0 0 {WIDTH} {HEIGHT}" role="group" aria-label="{said}">\n'
        '<defs><marker id="tip-' + norm + '" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        'markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 8 4 0 8z"/>'
        "</marker></defs>\n"
        f"{inside}\n</svg>"
    ).replace("url(#tip)", f"url(#tip-{norm})")


def _top(side):
    """Y of the upper end of a side's blocks."""
    return _FIRST - _STEP * len(STACKS[side])


def _side(side, stack, norm):
    """Yield the elements of encoder or decoder, from the bottom up."""
    x, (left, right) = _STREAM[side], _BOXES[side]
    low, high = min(x - 27, left - 4), max(x + 27, right + 4)
    middle, top = (left + right) / 2, _top(side)
    words = {"encoder": "French words", "decoder": "English words so far"}[side]
    yield f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{words}</text>'
    yield _line("", (middle, HEIGHT - 20), (middle, HEIGHT - 30))
    yield _part("embedding", side, left, HEIGHT - 54, right - left, 24)
    yield _line("", (middle, HEIGHT - 54), (middle, HEIGHT - 62))
    yield _part("positions", side, left, HEIGHT - 86, right - left, 24)
    size = f'width="{high - low}" height="{_FIRST - top + 8}"'
    yield f'<rect class="block" x="{low}" y="{top}" {size}/>'
    yield _line("", (middle, HEIGHT - 86), (middle, HEIGHT - 94), (x, HEIGHT - 94), (x, top - 6))
    for i, part in enumerate(stack):
        yield from _sublayer(side, part, _FIRST - _STEP * i, norm)
    end = top - 6
    if norm == "pre":
        yield _part("last norms", side, left, top - 28, right - left, 22, "norm")
        yield _line("", (x, top - 6), (x, top - 17), (right if x > right else left, top - 17))
        end = top - 28
    else:
        yield _line("", (x, top - 6), (middle, top - 6), plain=True)
    if side == "decoder":
        yield _line("", (middle, end), (middle, end - 10))
        yield _part("output", side, left - 8, end - 34, right - left + 16, 24)


def _sublayer(side, part, bottom, norm):
    """Yield a part, its sum and its norm."""
    x, (left, right) = _STREAM[side], _BOXES[side]
    middle, near = (left + right) / 2, right if x > right else left
    if norm == "pre":
        yield _line("", (x, bottom), (middle, bottom), (middle, bottom - 7))
        yield _part("norms", side, left, bottom - 29, right - left, 22, "norm")
        yield _line("", (middle, bottom - 29), (middle, bottom - 35))
        yield _part(part, side, left, bottom - 73, right - left, 38)
        yield _line("", (near, bottom - 62), (x + (12 if near > x else -12), bottom - 62))
        yield _sum(side, x, bottom - 62)
    else:
        yield _line("", (x, bottom), (middle, bottom), (middle, bottom - 7))
        yield _part(part, side, left, bottom - 45, right - left, 38)
        yield _line("", (near, bottom - 34), (x + (12 if near > x else -12), bottom - 34))
        yield _sum(side, x, bottom - 34)
        yield _part("norms", side, x - 24, bottom - 78, 48, 22, "norm")


def _part(part, side, x, y, width, height, words=""):
    """Return a box that can be pressed, and its words."""
    words = words or PARTS[part][0]
    lines = [words] if part != "decoder self-attention" else [words, "so far"]
    first = y + height / 2 + 4 - 7 * (len(lines) - 1)
    text = "".join(
        f'<text x="{x + width / 2}" y="{first + 14 * i}" text-anchor="middle">{line}</text>'
        for i, line in enumerate(lines)
    )
    kind = "attention" if "cross" in part else "self" if "self" in part else ""
    return (
        f'<g class="part {kind}" role="button" tabindex="0" aria-pressed="false" '
        f'data-part="{part}" aria-label="{escape(f"{side}: {words}")}">'
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4"/>{text}</g>'
    )


def _sum(side, x, y):
    """Return a sum that can be pressed."""
    return (
        f'<g class="part" role="button" tabindex="0" aria-pressed="false" '
        f'data-part="{side} residual" aria-label="{side}: residual sum">'
        f'<circle cx="{x}" cy="{y}" r="11"/>'
        f'<text x="{x}" y="{y + 5}" text-anchor="middle">+</text></g>'
    )


def _line(name, *places, plain=False):
    """Return a line with corners, which ends in an arrow."""
    points = " ".join(f"{x:g},{y:g}" for x, y in places)
    end = "" if plain else ' marker-end="url(#tip)"'
    return f'<polyline class="line {name}" points="{points}"{end}/>'
