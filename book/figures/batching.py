"""A batch to look into: sequences of several lengths, their padding, its mask, and its share."""

from html import escape

import numpy as np

from figures.card import Choice, Slide, show_card

RULES = ("as drawn", "sorted by length")
SHOWS = ("tokens", "mask")
#: All that the figure says; the script has the same sentences.
STATE = "{places} places, {padding} of them padding: {share}\u00a0%."
HINT = "Press a number to read its row."
ROW = "{name} is {words}. Its length is {length}; its batch is {wide} wide. Mask: {mask}."
SENTENCES = {"state": STATE, "hint": HINT, "row": ROW}


def batching(sequences, *, sizes, start, caption=""):
    """Show sequences laid into batches, and how much of these is padding.

    Parameters
    ----------
    sequences : list of (str, list of str, list of int)
        A name, the words and their tokens, in the order in which they were drawn.
    sizes : sequence of int
        How many sequences a batch may have.
    start : (str, int)
        One of `RULES`, and one of the sizes.
    caption : str
        What to try and to see.

    Raises
    ------
    ValueError
        If the sequences cannot be cut into batches of each size.

    Examples
    --------
    >>> batching([("17", ["dix", "sept"], [4, 5]), ("6", ["six"], [6])], sizes=(1, 2),
    ...          start=("as drawn", 2))  # doctest: +SKIP
    """
    for size in sizes:
        if len(sequences) % size:
            raise ValueError(f"{len(sequences)} sequences cannot be cut into batches of {size}")

    def draw(rule, size, shows):
        return _drawing(sequences, rule, size, shows)

    show_card(
        "batching",
        draw,
        [
            Choice("rule", "Batches", RULES),
            Slide("size", "Sequences in a batch", tuple(sizes)),
            Choice("shows", "Show", SHOWS),
        ],
        {"rule": start[0], "size": start[1], "shows": SHOWS[0]},
        data={
            "sequences": [
                {"name": name, "words": " ".join(words), "tokens": tokens}
                for name, words, tokens in sequences
            ],
            "rules": RULES,
            "sentences": SENTENCES,
        },
        caption=caption,
    )


def order_of(lengths, rule):
    """Return the places of the sequences in the order in which they are cut into batches.

    Examples
    --------
    >>> order_of([3, 1, 3], "sorted by length"), order_of([3, 1, 3], "as drawn")
    ([1, 0, 2], [0, 1, 2])
    """
    if rule == RULES[0]:
        return [*range(len(lengths))]
    return np.argsort(lengths, kind="stable").tolist()


def widths_of(lengths, rule, size):
    """Return for each sequence, in its order, how many places it takes in its batch.

    Examples
    --------
    >>> widths_of([3, 1, 2, 5], "as drawn", 2), widths_of([3, 1, 2, 5], "sorted by length", 2)
    ([3, 3, 5, 5], [2, 2, 5, 5])
    """
    ordered = np.array(lengths)[order_of(lengths, rule)].reshape(-1, size)
    return np.repeat(ordered.max(axis=1), size).tolist()


def _drawing(sequences, rule, size, shows):
    """Return the batches and what is to be said about them, as HTML."""
    lengths = [len(tokens) for _, _, tokens in sequences]
    widths, rows = widths_of(lengths, rule, size), []
    for k, place in enumerate(order_of(lengths, rule)):
        name, _, tokens = sequences[place]
        cells = "".join(_cell(tokens, j, shows) for j in range(widths[k]))
        first = " class=first" if k and k % size == 0 else ""
        rows.append(
            f'<li{first}><button type="button" aria-pressed="false" disabled>{escape(name)}'
            f'</button><span aria-hidden="true">{cells}</span></li>'
        )
    places, padding = sum(widths), sum(widths) - sum(lengths)
    state = STATE.format(places=places, padding=padding, share=_percent(padding, places))
    longest = max(lengths)
    return (
        f'<ol class="rows" style="--longest:{longest}">{"".join(rows)}</ol><div class="beside">'
        f'<p class="state" role="status">{state}</p>'
        f'<p class="say" aria-live="polite">{HINT}</p></div>'
    )


def _cell(tokens, j, shows):
    real = j < len(tokens)
    text = int(real) if shows == "mask" else tokens[j] if real else 0
    return f"<i{'' if real else ' class=padding'}>{text}</i>"


def _percent(part, whole):
    return (200 * part + whole) // (2 * whole)  # rounded as the script does it
