"""Shuffle what a trained model reads, and see which of its answers only move along.

It knows no model: it takes taggers, such as `helpers.runs.Trained`, and a function that runs them.
When the book is built, with STATIC_BOOK=1, the first state is written as HTML, and
``_static/shuffle.js`` runs the same models in the page. In a kernel NumPy runs.
"""

from html import escape

import numpy as np

from figures.card import Choice, printed, show_card

ORDERS = ("as it was", "two exchanged", "backwards", "shuffled")
SAME = 0.005  # a change that two digits do not show
SENTENCES = {
    "start": "This is the order in which the letters stood. Change it.",
    "same": "Nothing changed: each letter took its numbers along. The largest change is {most}.",
    "changed": "{count} of {n} letters have other numbers now. The largest change is {most}.",
}
ROWS = ("before", "now")


def shuffle_letters(models, run, *, letters, start, caption=""):
    """Show what models say at each letter, before and after the letters change places.

    Parameters
    ----------
    models : dict of str to (str, object)
        Label -> name of the model's file, ``_static/live/NAME.js``, and the model: a tagger with
        ``settings`` and ``task``, see `helpers.runs.Trained`.
    run : callable
        (model, tokens (1, n), masks) -> (logits (1, n, vocabulary), weights), see
        `helpers.measures.without_looks`.
    letters : str
        In their first order. A capital is said by the small letters behind it.
    start : (str, str)
        Label, and one of `ORDERS`, that are shown at first.
    caption : str
        What to try and to see.

    Raises
    ------
    ValueError
        If the models do not know a letter, or there is no such label or order.

    Examples
    --------
    >>> shuffle_letters({"none": ("order_none", runs.load("order_none"))}, measures.without_looks,
    ...                 letters="gAcbFed", start=("none", "shuffled"))  # doctest: +SKIP
    """
    known = next(iter(models.values()))[1].task.source_vocabulary
    if start[0] not in models or start[1] not in ORDERS or set(letters) - set(known):
        raise ValueError(
            f"start = {start} and letters = {letters!r} must be one of {list(models)}, one of "
            f"{list(ORDERS)}, and letters of {known}"
        )
    orders = {name: arranged(name, len(letters)) for name in ORDERS}

    def draw(positions, order):
        trained, places = models[positions][1], orders[order]
        before, now = (logits_of(run, trained, own) for own in (letters, moved(letters, places)))
        return _drawing(letters, places, before, now, known)

    show_card(
        "shuffle",
        draw,
        [
            Choice("positions", "Positions", tuple(models)),
            Choice("order", "Order", ORDERS),
        ],
        {"positions": start[0], "order": start[1]},
        data={
            "letters": letters,
            "orders": orders,
            "same": SAME,
            "sentences": SENTENCES,
            "files": {label: name for label, (name, _) in models.items()},
        },
        models=[name for name, _ in models.values()],
        caption=caption,
    )


def arranged(name, n):
    """Return which of n letters stands at each place in an order of that name.

    Examples
    --------
    >>> arranged("backwards", 4), arranged("two exchanged", 4)
    ([3, 2, 1, 0], [0, 2, 1, 3])
    """
    places = list(range(n))
    if name == "two exchanged":
        places[1], places[n // 2] = places[n // 2], places[1]
    if name == "backwards":
        places.reverse()
    if name == "shuffled":
        places = np.random.default_rng(4).permutation(n).tolist()
    return places


def moved(letters, places):
    """Return the letters in their new order.

    Examples
    --------
    >>> moved("abc", [2, 0, 1])
    'cab'
    """
    return "".join(letters[place] for place in places)


def logits_of(run, trained, letters):
    """Return the logits (n, vocabulary) of a tagger for a row of letters.

    Examples
    --------
    >>> logits_of(measures.without_looks, runs.load("order_none"), "aBc").shape  # doctest: +SKIP
    (3, 20)
    """
    tokens = np.array([trained.task.source_tokens(letters)])
    n = tokens.shape[1]
    full = np.ones((n, n), bool)
    mask = np.tril(full) if trained.settings.mask == "causal" else full
    return run(trained, tokens, [mask] * trained.settings.layers)[0][0]


def rights(letters):
    """Return what is to be said at each letter: the latest capital, or nothing.

    Examples
    --------
    >>> rights("aBcDe")
    ['', '', 'B', '', 'D']
    """
    said, latest = [], ""
    for letter in letters:
        said.append("" if letter.isupper() else latest)
        latest = letter if letter.isupper() else latest
    return said


def _drawing(letters, places, before, now, known):
    """Return both rows as HTML, with lines between a letter and itself, and what is concluded."""
    change = np.abs(now - before[places]).max(axis=1)
    rows = [
        _row_html(0, letters, [known[one] for one in before.argmax(axis=1)], None),
        _row_html(1, moved(letters, places), [known[one] for one in now.argmax(axis=1)], change),
    ]
    n, moves = len(letters), places != sorted(places)
    kind = "start" if not moves else "changed" if (change > SAME).any() else "same"
    sentence = SENTENCES[kind].format(
        count=(change > SAME).sum(), n=n, most=printed(float(change.max()))
    )
    lines = "".join(
        f'<line x1="{100 * (place + 0.5) / n:.2f}" x2="{100 * (i + 0.5) / n:.2f}" '
        f'y1="0" y2="100" class="{"changed" if change[i] > SAME else "same"}"/>'
        for i, place in enumerate(places)
    )
    return (
        f'{rows[0]}<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">'
        f'{lines}</svg>{rows[1]}<p class="state" role="status">{escape(sentence)}</p>'
    )


def _row_html(kind, letters, said, change):
    """Return a row of letters, each with what the model says there and how much that changed."""
    tiles = []
    for i, (letter, right) in enumerate(zip(letters, rights(letters), strict=True)):
        says = f"says {escape(said[i])}" if right else "–"
        mark = ("✓" if said[i] == right else "✗") if right else ""
        by = "" if change is None else printed(float(change[i]))
        inside = f"<b>{letter}</b><span>{says}</span><i>{mark}</i><small>{by}</small>"
        if kind == 0:
            tiles.append(f'<span class="tile">{inside}</span>')
        else:
            name = "changed" if change[i] > SAME else "same"
            tiles.append(
                f'<button type="button" class="tile {name}" aria-pressed="false" '
                f'data-place="{i}" disabled>{inside}</button>'
            )
    return (
        f'<div class="letters {ROWS[kind]}" role="group" aria-label="{ROWS[kind]}" '
        f'style="--n:{len(letters)}">{"".join(tiles)}</div>'
    )
