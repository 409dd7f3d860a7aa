"""A cutter: type a number or a word, and see into which tokens it falls after so many merges."""

import re
from html import escape

from figures.card import Choice, Slide, Text, name_list, show_card

#: All that the figure says about a state; the script has the same sentences.
COUNTED = "{characters}, cut into {tokens}."
NOTHING = "Nothing is merged yet: each letter is a token."
MERGED = "Merge {n} made {whole} of {first} and {second}."
UNKNOWN = "There is no token for {letters}: the text that the merges come from has no such sign."
EMPTY = "Type a number below a million, or a word."
SENTENCES = {
    "counted": COUNTED,
    "nothing": NOTHING,
    "merged": MERGED,
    "unknown": UNKNOWN,
    "empty": EMPTY,
}
MOST = 999_999


def cutter(cut, say, merges, letters, *, names, start, caption=""):
    """Show a text cut into tokens, with the number of merges on a slider.

    Parameters
    ----------
    cut : callable
        ``cut(text, merges)`` returns the pieces.
    say : callable
        ``say(number, language)`` returns the text of a number.
    merges : dict of str to list of (str, str)
        For each language, in the order in which they were learned, equally many in each.
    letters : dict of str to str
        For each language all that may stand alone.
    names : dict of str to str
        Language -> its name, as the reader sees it.
    start : (str, str, int)
        Name of a language, typed text and number of merges at first.
    caption : str
        What to try and to see.

    Raises
    ------
    ValueError
        If the languages have different numbers of merges.

    Examples
    --------
    >>> cutter(cut_word, in_one_piece, {"fr": merges}, {"fr": letters}, names={"fr": "French"},
    ...        start=("French", "97", 0))  # doctest: +SKIP
    """
    counts = {language: len(learned) for language, learned in merges.items()}
    if len(set(counts.values())) > 1:
        raise ValueError(f"all languages need equally many merges, but there are {counts}")
    languages = {name: language for language, name in names.items()}

    def draw(language, typed, learned):
        code = languages[language]
        text = text_of(typed, lambda number: say(number, code))
        pieces = cut(text, merges[code][:learned])
        return _drawing(text, pieces, letters[code], merges[code], learned)

    show_card(
        "cutter",
        draw,
        [
            Choice("language", "Language", tuple(languages)),
            Text("typed", "Number or word"),
            Slide("learned", "Merges", tuple(range(max(counts.values()) + 1))),
        ],
        dict(zip(("language", "typed", "learned"), start, strict=True)),
        data={
            "languages": languages,
            "merges": {code: [" ".join(pair) for pair in found] for code, found in merges.items()},
            "letters": letters,
            "sentences": SENTENCES,
            "most": MOST,
        },
        caption=caption,
        scripts=("number_names",),
    )


def text_of(typed, say):
    """Return the text that is to be cut: a number in words, or what was typed.

    Examples
    --------
    >>> text_of(" 1,000 ", lambda number: f"<{number}>"), text_of("Deux", str), text_of("0", str)
    ('<1000>', 'deux', '')
    """
    digits = re.sub(r"[\s,._]", "", typed)
    if re.fullmatch("[0-9]+", digits):
        return say(int(digits)) if 0 < int(digits) <= MOST else ""
    return "-".join(typed.lower().split())


def token_numbers(pieces, letters, merges):
    """Return for each piece its place in the vocabulary, None if it has none.

    Three special tokens come first, then the letters, then what each merge made.

    Examples
    --------
    >>> token_numbers(("a", "ab", "z"), "ab", [("a", "b")])
    [3, 5, None]
    """
    known = [*letters, *("".join(pair) for pair in merges)]
    return [3 + known.index(piece) if piece in known else None for piece in pieces]


def told(pieces, letters, merges, learned):
    """Say how many tokens it became, what was merged last, and what has no token.

    Examples
    --------
    >>> told(("ab",), "ab", [("a", "b")], 1)
    '2 characters, cut into 1 token. Merge 1 made ab of a and b.'
    """
    if not pieces:
        return EMPTY
    length = sum(map(len, pieces))
    said = [
        COUNTED.format(characters=_many(length, "character"), tokens=_many(len(pieces), "token"))
    ]
    if learned:
        first, second = merges[learned - 1]
        said.append(MERGED.format(n=learned, whole=first + second, first=first, second=second))
    else:
        said.append(NOTHING)
    unknown = [piece for piece in dict.fromkeys(pieces) if len(piece) == 1 and piece not in letters]
    if unknown:
        said.append(UNKNOWN.format(letters=name_list(unknown)))
    return " ".join(said)


def _many(count, thing):
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _drawing(text, pieces, letters, merges, learned):
    """Return the text, its pieces with their numbers, and what is to be said, as HTML."""
    found = zip(pieces, token_numbers(pieces, letters, merges[:learned]), strict=True)
    boxes = "".join(
        f'<span role="listitem"{" class=unknown" if number is None else ""}>'
        f"<b>{escape(piece)}</b><small>{'?' if number is None else number}</small></span>"
        for piece, number in found
    )
    return (
        f'<p class="whole">{escape(text)}</p>'
        f'<div class="pieces" role="list" aria-label="Tokens, each with its number">{boxes}</div>'
        f'<p class="state" role="status">{escape(told(pieces, letters, merges, learned))}</p>'
    )
