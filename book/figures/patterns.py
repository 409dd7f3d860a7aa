"""Patterns by hand: choose what is asked and what is offered, and see where attention looks."""

from html import escape

import numpy as np

from figures.card import Choice, Slide, printed, shade, show_card

#: What a place can ask for, a place, from its own place i of n, or a letter.
ASKED = {
    "its place": lambda i, n: i,
    "place − 1": lambda i, n: i - 1,
    "place + 1": lambda i, n: i + 1,
    "place 0": lambda i, n: 0,
    "last − place": lambda i, n: n - 1 - i,
    "its letter": None,
}
OFFERED = ("its place", "its letter")
#: Where a place should look, from its own place i in a word. With none it does not matter.
PUZZLES = {
    "the first letter": lambda i, word: [0],
    "the letter before": lambda i, word: [i - 1] if i else [],
    "backwards": lambda i, word: [len(word) - 1 - i],
    "all letters like mine": lambda i, word: [j for j, one in enumerate(word) if one == word[i]],
}
#: What stands farther off, for a figure that asks for it by name, as in chapter 08.
FARTHER_ASKED = {"place − 3": lambda i, n: i - 3}
FARTHER_PUZZLES = {"three letters back": lambda i, word: [i - 3] if i > 2 else []}
SHARPNESS = (0, 0.5, 1, 2, 3, 5, 10, 20)
CLOSE = 0.05  # so near to the wanted weights is solved
SOLVED = "Solved: every weight is within 0.05 of what the puzzle wants."
SOFT = "The right places, but too soft: {row} gives {letters} only {weight}. Sharper?"
WRONG = "Not yet: {row} should look at {letters}, and gives it {weight}."
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def pattern_puzzles(weigh, words, *, start, puzzles=tuple(PUZZLES), asked=tuple(ASKED), caption=""):
    """Show attention without training: one chooses queries and keys, and sees the map.

    Queries and keys have a single 1, at a place or at a letter, so their dot product is 1 where
    what is asked is what is offered, and 0 elsewhere.

    Parameters
    ----------
    weigh : callable
        ``weigh(queries, keys, score=score)`` returns weights (n_queries, n_keys), such as
        `helpers.attention.attention_weights`.
    words : sequence of str
        Of one length, small letters alone.
    start : dict
        ``puzzle``, ``asked``, ``offered`` and ``sharpness`` at first.
    puzzles, asked : sequence of str
        Which puzzles there are, and what a query may ask for: of `PUZZLES` and `ASKED`, or of what
        stands farther off.
    caption : str
        What to try and to see.

    Raises
    ------
    ValueError
        If the words differ in length, or have other signs than small letters.

    Examples
    --------
    >>> pattern_puzzles(attention_weights, ["banana"], start={"puzzle": "backwards", "asked":
    ...     "its place", "offered": "its place", "sharpness": 1})  # doctest: +SKIP
    """
    if len({len(word) for word in words}) != 1 or not set("".join(words)) <= set(LETTERS):
        raise ValueError(f"words must be of one length, in small letters, but are {list(words)}")

    def draw(puzzle, word, asked, offered, sharpness):
        weights = weights_of(weigh, word, asked, offered, sharpness)
        return _drawing(word, asked, offered, weights, wanted(puzzle, word))

    show_card(
        "patterns",
        draw,
        [
            Choice("puzzle", "Look at", tuple(puzzles)),
            Choice("word", "Word", tuple(words)),
            Choice("asked", "A query asks for", tuple(asked)),
            Choice("offered", "A key offers", OFFERED),
            Slide("sharpness", "sharpness", SHARPNESS),
        ],
        {"word": words[0], **start},
        data={
            "puzzles": {p: {w: wanted(p, w) for w in words} for p in puzzles},
            "asked": {
                kind: _place(kind) and [_place(kind)(i, len(word)) for i in range(len(word))]
                for word in words[:1]
                for kind in asked
            },
            "sentences": {"solved": SOLVED, "soft": SOFT, "wrong": WRONG},
            "close": CLOSE,
        },
        caption=caption,
    )


def vectors(kind, word):
    """Return queries or keys with a single 1 each: first a number for each place, then letters.

    Parameters
    ----------
    kind : str
        One of `ASKED`. What no place is, such as place -1, has no 1 at all.
    word : str

    Returns
    -------
    array (n, n + 26)

    Examples
    --------
    >>> vectors("place − 1", "abc")[:, :3]
    array([[0., 0., 0.],
           [1., 0., 0.],
           [0., 1., 0.]])
    """
    n, place = len(word), _place(kind)
    found = np.zeros((n, n + len(LETTERS)))
    for i, letter in enumerate(word):
        index = n + LETTERS.index(letter) if place is None else place(i, n)
        if place is None or 0 <= index < n:
            found[i, index] = 1
    return found


def weights_of(weigh, word, asked, offered, sharpness):
    """Return where the places of a word look, as `pattern_puzzles` shows it.

    Parameters
    ----------
    weigh : callable
    word, asked, offered : str
    sharpness : float

    Returns
    -------
    array (n, n)

    Examples
    --------
    >>> def hard(queries, keys, score):
    ...     return (score(queries, keys) > 0) * 1.0
    >>> weights_of(hard, "aba", "its letter", "its letter", 1)
    array([[1., 0., 1.],
           [0., 1., 0.],
           [1., 0., 1.]])
    """

    def score(queries, keys):
        return sharpness * (queries @ keys.T)

    return weigh(vectors(asked, word), vectors(offered, word), score=score)


def wanted(puzzle, word):
    """Return the places where each place should look.

    Examples
    --------
    >>> wanted("the letter before", "abc"), wanted("all letters like mine", "aba")
    ([[], [0], [1]], [[0, 2], [1], [0, 2]])
    """
    return [(PUZZLES | FARTHER_PUZZLES)[puzzle](i, word) for i in range(len(word))]


def verdict(word, weights, places):
    """Say whether a puzzle is solved, and if not, of which row that is clearest.

    Examples
    --------
    >>> verdict("ab", np.eye(2), [[0], [1]])
    'Solved: every weight is within 0.05 of what the puzzle wants.'
    >>> verdict("ab", np.array([[0.6, 0.4], [0, 1]]), [[0], [1]])[:51]
    'The right places, but too soft: place 0 (a) gives a'
    """
    shares = [sum(weights[i][j] for j in row) for i, row in enumerate(places)]
    off = [
        max(abs(weights[i][j] - (j in row) / len(row)) for j in range(len(word))) if row else 0
        for i, row in enumerate(places)
    ]
    worst = int(np.argmax(off))
    if off[worst] <= CLOSE:
        return SOLVED
    is_soft = all(
        min(weights[i][j] for j in row) > max(w for j, w in enumerate(weights[i]) if j not in row)
        for i, row in enumerate(places)
        if 0 < len(row) < len(word)
    )
    letters = f"{word[places[worst][0]]} at place{'s' if len(places[worst]) > 1 else ''} "
    return (SOFT if is_soft else WRONG).format(
        row=f"place {worst} ({word[worst]})",
        letters=letters + " and ".join(map(str, places[worst])),
        weight=printed(shares[worst]),
    )


def _place(kind):
    """Return what a query of that kind asks for, from its own place and the length, or None."""
    return (ASKED | FARTHER_ASKED)[kind]


def _drawing(word, asked, offered, weights, places):
    """Return the map as HTML, wanted cells marked; the script changes it in place."""
    n = len(word)
    heading = "".join(
        f'<span role="columnheader"><b>{letter}</b><small>{_token(offered, j, word)}</small></span>'
        for j, letter in enumerate(word)
    )
    rows = []
    for i, letter in enumerate(word):
        cells = "".join(
            f'<span role="gridcell" tabindex="{-1 if i or j else 0}"'
            f'{" class=wanted" if j in places[i] else ""} style="--s:{shade(weights[i][j])}">'
            f"{printed(weights[i][j])}</span>"
            for j in range(n)
        )
        rows.append(
            f'<div role="row"><span role="rowheader"><b>{letter}</b>'
            f"<small>{_token(asked, i, word)}</small></span>{cells}</div>"
        )
    return (
        f'<div class="grid" role="grid" aria-label="Weights: a row asks, a column is asked" '
        f'style="--columns:{n}"><div role="row"><span role="columnheader" class="corner">'
        f"asks ↓<br>offers →</span>{heading}</div>{''.join(rows)}</div>"
        f'<div class="beside"><p class="state" role="status">'
        f"{escape(verdict(word, weights, places))}</p></div>"
    )


def _token(kind, i, word):
    """Return what a query asks for, or a key offers, in a word."""
    place = _place(kind)
    if place is None:
        return f"letter {word[i]}"
    return f"place {place(i, len(word))}".replace("-", "−")
