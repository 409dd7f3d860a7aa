"""Wire it yourself: whom each attention of a trained Transformer gets queries, keys, values from.

The figure of `figures.live` with a box an attention in front of its maps: it says who gives
queries, keys and values, and where the reader may change that, it has switches. In the built book
``_static/wires.js`` runs the trained model with the wires that are chosen; in a kernel it is run
by NumPy.
"""

import os

import numpy as np

from figures.live import LANGUAGES, Extra, _checked_figure, _show_card, _show_widgets

#: The attentions of a Transformer, by kind, with name, who asks whom, and the usual wires.
ATTENTIONS = {
    "encoder": ("Encoder self-attention", "the source asks itself", "sss"),
    "decoder": ("Decoder self-attention", "the target asks itself so far", "ttt"),
    "cross": ("Cross-attention", "the target asks the source", "tss"),
}
SIDES = {"s": "source", "t": "target so far"}
NAMES = {"q": "queries", "k": "keys", "v": "values"}
GUESSES = ("the right number", "another number", "nothing: it is refused")


def wires(
    trained,
    *,
    name,
    words,
    languages,
    numbers,
    start,
    head=1,
    switches=("encoder", "decoder", "cross"),
    trained_so=None,
    trained_on="",
    equal=(),
    caption="",
    address="wires",
):
    """Show a trained Transformer whose attentions the reader may wire otherwise.

    Parameters
    ----------
    trained, name, words, languages, numbers, start, head, caption, address
        As for `live.live`; of the model also ``but(wires=...)``, the same numbers with other wires,
        see `helpers.transformer.rewired_block`.
    switches : tuple of str
        The attentions that the reader may rewire: of ``encoder``, ``decoder`` and ``cross``.
    trained_so : dict, optional
        Wires of a decoder -> shares of held-out numbers right, one a seed, of models that were
        trained with them.
    trained_on : str
        What these were trained on, as in "numbers of up to four digits".
    equal : tuple of int
        Numbers with as many rows on both sides.

    Raises
    ------
    ValueError
        If there is no such attention, or as for `live.live`.

    Examples
    --------
    >>> wires(runs.load("french_transformer"), name="french_transformer", start=421,
    ...       words=tasks.number_words, languages=("fr", "en"), numbers=(10, 999))
    ... # doctest: +SKIP
    """
    for kind in switches:
        if kind not in ATTENTIONS:
            raise ValueError(f"switches: {kind!r} must be one of {list(ATTENTIONS)}")
    typed = {"words": words, "languages": languages, "numbers": numbers}
    figure, start = _checked_figure(trained, name, start, head, **typed)
    if os.environ.get("STATIC_BOOK") == "1":
        extra = Extra(
            classes="wired",
            scripts=("wires", "handles"),
            before=_boxes(switches, address),
            data=_data(languages, trained_so or {}, equal) | {"trainedOn": trained_on},
            labels=("source", "target"),
            who=False,
        )
        _show_card(figure, start, head, caption, address, extra)
    else:
        controls = _switches([kind for kind in switches if kind != "encoder"])
        _show_widgets(figure, start, head, caption, [*controls.values()], _rewirer(controls))


def _data(languages, trained_so, equal):
    """Return what the script needs to know: names, and the smallest and largest share of each."""
    spans = {
        wires: f"{np.min(shares):.2f} to {np.max(shares):.2f}"
        for wires, shares in trained_so.items()
    }
    sides = {side: [LANGUAGES[one], one] for side, one in zip("st", languages, strict=True)}
    return {"trained": spans, "equal": [f"{n:,}" for n in equal], "sides": sides}


# The built book.


def _boxes(switches, address):
    """Return a box an attention: who asks whom, and where queries, keys, values come from."""
    boxes = "".join(_box(kind, kind in switches, address) for kind in ATTENTIONS)
    guesses = "".join(f'<button type="button" disabled>{guess}</button>' for guess in GUESSES)
    return (
        f'<div class="boxes">{boxes}</div><div class="rewire"><p class="todo">Change where '
        "queries, keys or values come from; say what will come out; then it runs.</p>"
        f'<p class="guesses" hidden><b>What will it say now?</b> {guesses}</p>'
        '<button type="button" class="reset" disabled>as trained</button></div>'
        '<p class="outcome" aria-live="polite" tabindex="-1"></p>'
    )


def _box(kind, is_open, address):
    title, whom, usual = ATTENTIONS[kind]
    taps = (
        "".join(_switch(kind, tap, side, address) for tap, side in zip(NAMES, usual, strict=True))
        if is_open
        else _told(usual)
    )
    if is_open and kind != "encoder":
        taps += (
            '<label class="none"><input type="checkbox" data-tap="none" autocomplete="off" '
            "disabled><span>leave it out</span></label>"
        )
    return (
        f'<div class="box {kind}" role="group" aria-label="{title}" data-kind="{kind}">'
        f'<p class="name">{title}</p><p class="whom">{whom}</p>{taps}</div>'
    )


def _told(usual):
    """Say where they come from, where nothing can be changed."""
    asking, asked = usual[0], usual[1]
    return (
        f'<p class="tap">{_mark("q")} queries: <span>the {SIDES[asking]}</span></p>'
        f'<p class="tap">{_mark("k")}{_mark("v")} keys, values: <span>the {SIDES[asked]}</span></p>'
    )


def _mark(tap):
    """Return the letter in its colour; queries are round, keys and values square."""
    return f'<b class="{tap}" data-part="{tap.upper()}" aria-hidden="true">{tap.upper()}</b>'


def _switch(kind, tap, usual, address):
    """Return two radio buttons: from the source, or from the target so far."""
    radios = "".join(
        f'<label><input type="radio" name="{address}-{kind}-{tap}" value="{side}" '
        f'data-tap="{tap}" autocomplete="off" disabled{" checked" if side == usual else ""}>'
        f"<span>{name}</span></label>"
        for side, name in SIDES.items()
    )
    return (
        f'<div class="tap" role="radiogroup" aria-label="{NAMES[tap]} from">{_mark(tap)}'
        f'<span aria-hidden="true">{NAMES[tap]}</span>{radios}</div>'
    )


# A live kernel.


def _switches(kinds):
    """Return radio buttons for each tap of these attentions: (kind, tap) -> widget."""
    import ipywidgets  # here, because a single widget in a built page would load scripts

    return {
        (kind, tap): ipywidgets.RadioButtons(
            options=[(name, side) for side, name in SIDES.items()],
            value=usual,
            description=f"{'cross' if kind == 'cross' else 'self'}: {tap.upper()}",
            layout={"width": "max-content"},
        )
        for kind in kinds
        for tap, usual in zip(NAMES, ATTENTIONS[kind][2], strict=True)
    }


def _rewirer(controls):
    """Return a function that gives the figure the model with the wires that are chosen."""

    def choose(figure, source, right):
        taps = {
            kind: "".join(
                controls[kind, tap].value if (kind, tap) in controls else usual
                for tap, usual in zip(NAMES, ATTENTIONS[kind][2], strict=True)
            )
            for kind in ("decoder", "cross")
        }
        model = figure.trained.but(wires=f"{taps['decoder']} {taps['cross']}")
        if not set(taps.values()) <= {"ttt", "tss"}:
            if right is None:
                raise ValueError(
                    "No number has these words: there is no right translation to read."
                )
            model.maps(source, right)  # refuses, unless both sides are equally long
            rows = len(right) + 1
            raise ValueError(f"Both sides have {rows} rows: it runs, and nothing warns.")
        changed = type(figure).__new__(type(figure))
        changed.__dict__ = figure.__dict__ | {"trained": model}
        return changed

    return choose
