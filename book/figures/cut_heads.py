"""A trained Transformer whose heads can be cut, one by one, to see what it still says.

In the built book ``_static/cut_heads.js`` runs the model without them; in a kernel NumPy does.
"""

import os

from figures.live import KINDS, Extra, _checked_figure, _show_card, _show_widgets

#: Where the heads of each kind of attention stand in the parameters, with one block on either side.
PATHS = {
    "encoder": "encoder/block_0/attention",
    "decoder": "decoder/block_0/attention",
    "cross": "decoder/block_0/cross",
}


def cut_heads(
    trained,
    cut,
    *,
    name,
    words,
    languages,
    numbers,
    start,
    shares,
    count,
    head=1,
    caption="",
    address="cut",
):
    """Show a trained Transformer, its maps, and a switch for each of its heads.

    Parameters
    ----------
    trained, name, words, languages, numbers, start, head, caption, address
        As for `live.live`; a Transformer with one block on either side.
    cut : callable
        (trained, heads) -> the model without these heads, pairs of kind and number from 1.
    shares : dict
        "" -> share of some held-out numbers that the model gets right, and for each kind and
        number, such as "cross 4", the share without that head alone.
    count : int
        How many held-out numbers these are.

    Raises
    ------
    ValueError
        As for `live.live`, or if it has more than one block on a side.

    Examples
    --------
    >>> cut_heads(runs.load("french_transformer"), without, name="french_transformer", start=421,
    ...           words=tasks.number_words, languages=("fr", "en"), numbers=(10, 999),
    ...           shares={"": 0.99}, count=385)  # doctest: +SKIP
    """
    typed = {"words": words, "languages": languages, "numbers": numbers}
    figure, start = _checked_figure(trained, name, start, head, **typed)
    if trained.settings.layers != 1:
        raise ValueError(f"the model has {trained.settings.layers} blocks on a side; 1 is needed")
    titles = {kind: figure.title(kind) for kind in KINDS}
    if os.environ.get("STATIC_BOOK") == "1":
        printed = {one: f"{share:.2f}" for one, share in shares.items()}
        data = {"heads": {"shares": printed, "count": count, "paths": PATHS}}
        told = f"No head is cut: {printed['']} of {count} held-out numbers are right."
        before = _switches(titles, trained.settings.heads) + (
            f'<p class="about" aria-live="polite">{told}</p>'
        )
        extra = Extra("cut-heads", ("cut_heads",), before, data=data)
        _show_card(figure, start, head, caption, address, extra)
        return
    import ipywidgets  # here, because a single widget in a built page would load scripts

    heads = [(kind, h + 1) for kind in titles for h in range(trained.settings.heads)]
    names = {f"{titles[kind]}: head {h}": (kind, h) for kind, h in heads}
    gone = ipywidgets.SelectMultiple(options=list(names), rows=len(names), description="cut")

    def choose(figure, source, right):
        changed = type(figure).__new__(type(figure))
        model = cut(trained, [names[one] for one in gone.value])
        changed.__dict__ = figure.__dict__ | {"trained": model}
        return changed

    _show_widgets(figure, start, head, caption, [gone], choose)


def _switches(titles, heads):
    """Return a row of switches for each kind of attention.

    Examples
    --------
    >>> _switches({"cross": "English asks French"}, 4).count("checkbox")
    4
    """
    rows = []
    for kind, title in titles.items():
        boxes = "".join(
            f'<label><input type="checkbox" data-kind="{kind}" data-head="{h}" autocomplete="off" '
            f"disabled><span>head {h + 1}</span></label>"
            for h in range(heads)
        )
        rows.append(f"<fieldset><legend>{title}: cut</legend>{boxes}</fieldset>")
    return f'<div class="switches">{"".join(rows)}</div>'
