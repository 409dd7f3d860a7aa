"""Attention by hand: every product and every weight of one query, each with where it came from."""

from html import escape

import numpy as np

from figures.card import Choice, printed, show_card

#: The steps from a key to the output, in their order; each makes a row of numbers.
STEPS = ("key", "q₁·k₁", "q₂·k₂", "add", "÷ √2", "e to it", "÷ sum", "value", "weight · value")
HINT = "Press a number to see where it came from, or the name of a step for its whole row."


def three_words(words, queries, keys, values, *, start, caption=""):
    """Show all of one query's arithmetic, with numbers that can be pressed.

    Parameters
    ----------
    words : sequence of str
    queries, keys, values : arrays (n, 2)
        Whole numbers.
    start : str
        The word that asks at first.
    caption : str
        What to try and to see.

    Raises
    ------
    ValueError
        If an array doesn't have two numbers for each word.

    Examples
    --------
    >>> three_words(["I", "saw"], np.eye(2), np.eye(2), np.eye(2), start="saw")  # doctest: +SKIP
    """
    given = {"queries": queries, "keys": keys, "values": values}
    for name, array in given.items():
        if np.shape(array) != (len(words), 2):
            raise ValueError(
                f"{name} have shape {np.shape(array)}, but should have ({len(words)}, 2)"
            )

    def draw(asks):
        query = np.asarray(queries[words.index(asks)])
        return _drawing(words, asks, query, arithmetic(query, keys, values))

    show_card(
        "by_hand",
        draw,
        [Choice("asks", "Who asks?", tuple(words))],
        {"asks": start},
        data={name: np.asarray(array).tolist() for name, array in given.items()}
        | {"words": [*words], "hint": HINT},
        caption=caption,
    )


def arithmetic(query, keys, values):
    """Return every number on the way from a query to its context.

    Parameters
    ----------
    query : array (2,)
    keys, values : arrays (n, 2)

    Returns
    -------
    rows : list of arrays
        One for each of `STEPS`, (n,) or (n, 2).
    total : float
        The sum of the powers of e.
    context : array (2,)

    Examples
    --------
    >>> rows, total, context = arithmetic(np.array([1.0, 0.0]), np.eye(2), 10 * np.eye(2))
    >>> rows[3], context.round(2)
    (array([1., 0.]), array([6.7, 3.3]))
    """
    keys, values = np.asarray(keys), np.asarray(values)
    products = query * keys
    scores = products.sum(axis=1)
    scaled = scores / np.sqrt(2)
    powers = np.exp(scaled)
    weights = powers / powers.sum()
    mixed = weights[:, None] * values
    rows = [keys, *products.T, scores, scaled, powers, weights, values, mixed]
    return rows, powers.sum(), mixed.sum(axis=0)


def _drawing(words, asks, query, found):
    """Return the arithmetic as a grid in HTML: a column a key, a row a step, sums at the right."""
    rows, total, context = found
    heading = "".join(f'<span role="columnheader">{escape(word)}</span>' for word in words)
    sums = {5: printed(total), 6: "1.00", 8: _number(context, 8)}
    lines = []
    for step, (name, numbers) in enumerate(zip(STEPS, rows, strict=True)):
        cells = [_number(number, step) for number in numbers] + [sums.get(step, "")]
        shown = "".join(
            f'<span role="gridcell" tabindex="{-1 if step or j else 0}"'
            f"{' class=sum' if j == len(words) else ''}>{cell}</span>"
            for j, cell in enumerate(cells)
        )
        lines.append(
            f'<div role="row" data-step="{step}"><span role="rowheader">'
            f'<button type="button">{name}</button></span>{shown}</div>'
        )
    return (
        f'<div class="grid" role="grid" aria-label="All of the arithmetic for the query of one '
        f'word" style="--words:{len(words)}"><div role="row">'
        f'<span role="columnheader" class="asks">q <b>{_number(query, 0)}</b></span>{heading}'
        f'<span role="columnheader">sum</span></div>{"".join(lines)}</div>'
        f'<div class="beside"><p class="context">What <b>{escape(asks)}</b> finds: '
        f'<b class="found">{_number(context, 8)}</b></p>'
        f'<p class="say" aria-live="polite">{HINT}</p></div>'
    )


def _number(number, step):
    """Return what a cell of a step shows: whole numbers up to the score, two digits from there."""
    digits = 0 if step < 4 or step == 7 else 2
    shown = [printed(float(one), digits) for one in np.atleast_1d(number)]
    return f"[{', '.join(shown)}]" if len(shown) > 1 else shown[0]
