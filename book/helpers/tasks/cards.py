"""Tasks on eight cards, each laid before someone: say what stands on another one's card.

Stands on `base`; knows no model. A pair is as long on both sides: what is said at a place is said
by the one who sits there.
"""

import numpy as np

from helpers.shapes import require_choice
from helpers.tasks.base import END, PAD, SPECIAL, Task

N_CARDS = 8
LETTERS, NAMES, DIGITS = "abcdefghij", "ABCDEFGHIJ", "0123456789"


def cards(game, held_out=500):
    """Say the letter of the neighbour on the left, in a row or at a round table; or a twin's digit.

    Parameters
    ----------
    game : {"row", "round_table", "twins"}
        In a row the first has no neighbour on the left, and says nothing; at a round table it is
        the last. Of twins, each card has a name and a digit, each name stands twice, and one says
        the digit of the other card with one's name.
    held_out : int
        Deals that are held out.

    Returns
    -------
    Task
        With END `given`: who says how much is known.

    Raises
    ------
    ValueError
        If there is no such game.

    Examples
    --------
    >>> task = cards("round_table")
    >>> source, target = task.held_out[0]
    >>> " ".join(task.source_words(source)), " ".join(task.target_words(target))
    ('i g f c d a a a', 'a i g f c d a a')
    >>> source, target = cards("twins").held_out[0]
    >>> " ".join(cards("twins").source_words(source)), " ".join(cards("twins").target_words(target))
    ('D9 C8 D9 I9 J2 C5 J0 I8', '9 5 9 8 0 8 2 9')
    """
    require_choice("game", game, tuple(_GAMES))
    deal, sources, answers = _GAMES[game]

    def pair(rng):
        source, target = deal(rng)
        said = np.where(target < 0, PAD, target + len(SPECIAL))
        return (source + len(SPECIAL)).tolist(), said.tolist()

    fixed = np.random.default_rng(0)  # the same held-out set in every run
    test = [pair(fixed) for _ in range(held_out)]
    return Task(
        game.replace("_", " "), (*SPECIAL, *sources), (*SPECIAL, *answers), pair, test, (END,)
    )


def asked_places(game, sources):
    """Whose card is to be said at each place.

    Parameters
    ----------
    game : {"row", "round_table", "twins"}
    sources : integer array (batch, n)
        Tokens of the cards.

    Returns
    -------
    integer array (batch, n)

    Examples
    --------
    >>> asked_places("row", np.array([[3, 5, 4]]))
    array([[2, 0, 1]])
    """
    require_choice("game", game, tuple(_GAMES))
    places = np.arange(sources.shape[1])
    if game != "twins":
        return np.broadcast_to(np.roll(places, 1), sources.shape)
    names = (sources - len(SPECIAL)) // len(DIGITS)
    others = places[:, None] != places
    return ((names[:, :, None] == names[:, None]) & others).argmax(axis=2)


def _deal_letters(rng):
    letters = rng.integers(0, len(LETTERS), N_CARDS)
    return letters, np.roll(letters, 1)


def _deal_row(rng):
    letters, said = _deal_letters(rng)
    return letters, np.where(np.arange(N_CARDS) == 0, -1, said)


def _deal_twins(rng):
    names = rng.permutation(np.repeat(rng.permutation(len(NAMES))[: N_CARDS // 2], 2))
    listed = 10 * names + rng.integers(0, len(DIGITS), N_CARDS)
    twins = asked_places("twins", listed[None] + len(SPECIAL))[0]
    return listed, listed[twins] % 10


#: How each is dealt, what may stand on a card, and what may be said.
_GAMES = {
    "row": (_deal_row, LETTERS, LETTERS),
    "round_table": (_deal_letters, LETTERS, LETTERS),
    "twins": (_deal_twins, tuple(n + d for n in NAMES for d in DIGITS), DIGITS),
}
