"""Drawings of models, as SVG in the page: what is handed on, who looks where, how parts are joined.

Each function takes plain words and numbers and returns what a notebook shows, in a kernel and in
the built page alike. There, two small scripts make them answer: ``drawings.js`` shows the looks of
the word that is pressed, ``handles.js`` lights the part that a word of the text speaks of. A part
has a name for this, ``data-part``. Colours are the page's own, with those of `colours` where there
is no style sheet of the page, as in a kernel.
"""

import itertools
import math
from html import escape

from IPython.display import HTML

from figures.colours import STATIONS

WIDTH = 328  # of most drawings: it fits a phone, where a unit is a pixel
LARGEST = 1.4  # how many pixels a unit may become
LETTER, SMALL = 13, 11  # sizes of text
FAINT = 0.005  # smaller weights are not drawn: printed, they would be 0


def _figure(drawn, caption, say="", scrolls=False):
    """Put drawings into a figure with a caption, and a line in which the chosen row is told."""
    keys = ' tabindex="0"' if scrolls else ""  # what scrolls must be reached by keyboard
    told = f'<p class="say" aria-live="polite">{escape(say)}</p>' if say else ""
    return HTML(
        f'<figure class="drawing" data-scripts="drawings handles" style="margin:1rem 0">\n'
        f'<div style="overflow-x:auto"{keys}>{drawn}</div>\n{told}'
        f'<figcaption style="font-size:0.9rem">{escape(caption)}</figcaption>\n</figure>'
    )


def _svg(inside, height, label, width=WIDTH):
    """Return an SVG as wide as the page allows, between its own size and 1.4 times that."""
    size = f"width:100%;min-width:{width}px;max-width:{LARGEST * width:g}px;height:auto"
    return (
        f'<svg viewBox="0 0 {width} {height:g}" style="display:block;{size}" role="img" '
        f'aria-label="{escape(label)}" fill="currentColor">\n' + "\n".join(inside) + "\n</svg>"
    )


def _text(x, y, words, size=LETTER, anchor="middle", **look):
    more = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in look.items())
    place = f'x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}"'
    return f"<text {place}{more}>{escape(words)}</text>"


def _box(x, y, width, height, stroke="currentColor", thick=1, fill="none", **look):
    more = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in look.items())
    place = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="3"'
    return f'<rect {place} fill="{fill}" stroke="{stroke}" stroke-width="{thick}"{more}/>'


def _line(places, stroke="currentColor", thick=1, arrow=True, dashes=""):
    """Return a line with corners; at its end a head, drawn without a marker that needs a name."""
    path = "M" + "L".join(f"{x:g} {y:g}" for x, y in places)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    drawn = f'<path d="{path}" fill="none" stroke="{stroke}" stroke-width="{thick}"{dashed}/>'
    return drawn + (_head(*places[-2:], stroke) if arrow else "")


def _head(start, end, fill):
    """Return the head of an arrow that goes straight down, right, left or up into `end`."""
    x, y = end
    across = (end[0] > start[0]) - (end[0] < start[0])
    down = (end[1] > start[1]) - (end[1] < start[1]) if not across else 0
    back, side = (-5 * across, -5 * down), (3 * down, 3 * across)
    corners = [
        (x, y),
        (x + back[0] + side[0], y + back[1] + side[1]),
        (x + back[0] - side[0], y + back[1] - side[1]),
    ]
    return f'<path d="M{"L".join(f"{a:g} {b:g}" for a, b in corners)}Z" fill="{fill}"/>'


def _part(name, inside, **data):
    """Name a part, so that a word of the text can light it."""
    more = "".join(f' data-{key}="{escape(str(value))}"' for key, value in data.items())
    return f'<g data-part="{escape(name)}"{more}>{"".join(inside)}</g>'


def _colour(station):
    """Return a station's colour: the page's, which knows light and dark, or the plain one."""
    return f"var(--{station.lower().replace(' ', '-')}, {STATIONS[station]})"


def _index(number):
    """Return a number as small digits below the line."""
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def _weight(weight):
    """Return a weight as it is printed in a narrow column: .97, and 1 or 0 without a point.

    Examples
    --------
    >>> _weight(0.973), _weight(0.999), _weight(0.001)
    ('.97', '1', '0')
    """
    return f"{weight:.2f}".removeprefix("0").removesuffix(".00") or "0"


# ---- the stations ------------------------------------------------------------------------------


#: What is new at each station, in a line.
NEW = {
    "one vector": "The decoder gets one vector, whatever the length.",
    "attention": "The decoder asks all states of the encoder, at each word.",
    "self-attention": "The source asks itself. No state waits for another.",
    "Transformer": "The target asks itself, too. Nothing recurrent is left.",
}


def stations(*names):
    """Show the stations of the course side by side: an icon, the name, what is new there.

    Parameters
    ----------
    *names : str
        Keys of `colours.STATIONS`; by default the first three.

    Returns
    -------
    IPython.display.HTML

    Raises
    ------
    ValueError
        If there is no such station.

    Examples
    --------
    >>> shown = stations("one vector", "attention").data
    >>> shown.count("<svg"), shown.count('role="listitem"')
    (2, 2)
    """
    names = names or list(STATIONS)[:3]
    for name in names:
        if name not in STATIONS:
            raise ValueError(f"there is no station {name!r}: there are {list(STATIONS)}")
    row = "display:flex;flex-wrap:wrap;gap:0.75rem;margin:0.5rem 0 1rem"
    return HTML(
        f'<div class="stations" role="list" aria-label="Stations" style="{row}">\n'
        + "\n".join(map(_station, names))
        + "\n</div>"
    )


def _station(name):
    """Return the card of one station."""
    card = f"flex:1 1 9rem;padding:0.4rem 0.1rem;border-top:3px solid {_colour(name)}"
    icon = "".join(ICONS[name](_colour(name)))
    drawn = f'<svg viewBox="0 0 84 44" width="84" height="44" aria-hidden="true">{icon}</svg>'
    return (
        f'<div role="listitem" style="{card}">{drawn}<br><strong>{name}</strong><br>'
        f'<span style="font-size:0.85rem">{NEW[name]}</span></div>'
    )


def _dots(y, colour, xs=(12, 32, 52, 72)):
    return [f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/>' for x in xs]


def _one_vector_icon(colour):
    chain = [_line([(x + 5, 10), (x + 15, 10)], colour, 1.5, arrow=False) for x in (12, 32, 52)]
    ways = [_line([(72, 14), (72, 23), (42, 23), (42, 34)], colour, 2.5, arrow=False)]
    return [*_dots(10, colour), *chain, *ways, _box(36, 30, 12, 12, colour, 2, colour)]


def _attention_icon(colour):
    chain = [_line([(x + 5, 8), (x + 15, 8)], colour, 1.5, arrow=False) for x in (12, 32, 52)]
    thick = (1, 3.5, 1.5, 1)
    looks = [
        _line([(x, 12), (42, 36)], colour, w, arrow=False)
        for x, w in zip((12, 32, 52, 72), thick, strict=True)
    ]
    return [*_dots(8, colour), *chain, *looks, _box(36, 31, 12, 12, colour, 2, colour)]


def _self_attention_icon(colour):
    xs = (12, 32, 52, 72)
    looks = [
        _line([(a, 12), (b, 32)], colour, 1 if a != b else 2, arrow=False) for a in xs for b in xs
    ]
    return [*_dots(8, colour), *looks, *_dots(36, colour)]


def _transformer_icon(colour):
    left, right = (4, 20, 36), (48, 64, 80)
    found = _dots(8, colour, left) + _dots(36, colour, left) + _dots(36, colour, right)
    for own in (left, right):
        top = 8 if own is left else 22
        found += [_line([(a, 34), (b, top)], colour, 1, arrow=False) for a in own for b in own]
    across = [_line([(b, 22), (a, 10)], colour, 1, arrow=False) for a in left[2:] for b in right]
    return [*found, *_dots(22, colour, right), *across]


ICONS = {
    "one vector": _one_vector_icon,
    "attention": _attention_icon,
    "self-attention": _self_attention_icon,
    "Transformer": _transformer_icon,
}


# ---- one vector --------------------------------------------------------------------------------

MOST = 17  # tokens in a row


def one_vector(source, lengths, said, *, size, label, caption):
    """Draw a recurrent encoder-decoder, unrolled: all states, the one vector, what is said.

    Parameters
    ----------
    source : sequence of str
        The tokens that are read; more than 17 go on in another row.
    lengths : array, shape (n_source,)
        The length (norm) of the encoder's state after each token.
    said : sequence of str
        The words that the decoder says, its end included.
    size : int
        How many numbers a state has.
    label : str
        The finding, for who cannot see the drawing.
    caption : str

    Returns
    -------
    IPython.display.HTML
        Its parts are ``h1`` to ``hn``, ``c`` and ``s1`` to ``sm``.

    Examples
    --------
    >>> drawn = one_vector("elf", [1, 2, 4], ["eleven", "(end)"], size=64, label="", caption="")
    >>> drawn.data.count("data-part"), "all that is handed on" in drawn.data
    (6, True)
    """
    reading, bottom = _encoder(source, lengths)
    grey, middle = _colour("one vector"), WIDTH / 2
    last_x = 4 + _pitch(source) * ((len(source) - 1) % MOST + 0.5)
    found = [_text(4, 13, "the encoder reads", anchor="start", font_weight=700), *reading]
    if len(source) <= MOST:
        found.append(_text(WIDTH - 4, 13, "below: length of its state", SMALL, "end"))
    top = bottom + 30
    way = [(last_x, bottom), (last_x, bottom + 14), (middle, bottom + 14), (middle, top)]
    found.append(_line(way, grey, 3))
    words = f"c = h{_index(len(source))}, {size} numbers: all that is handed on"
    vector = _box(4, top, WIDTH - 8, 28, grey, 2, grey, fill_opacity=0.18)
    found.append(_part("c", [vector, _text(middle, top + 18, words)]))
    writing, height = _decoder(said, top + 28, grey)
    return _figure(_svg([*found, *writing], height, label), caption)


def _pitch(source):
    return (WIDTH - 8) / min(max(len(source), 10), MOST)


def _encoder(source, lengths):
    """Return the letters and the states below them, and where the last row ends."""
    pitch, found, largest = _pitch(source), [], max(lengths)
    one_row = len(source) <= MOST
    height = 66 if one_row else 54
    for t, (token, length) in enumerate(zip(source, lengths, strict=True)):
        row, column = divmod(t, MOST)
        x, y = 4 + pitch * column, 20 + height * row
        middle, full = x + pitch / 2, 26 * length / largest
        state = [
            _text(middle, y + 12, token),
            _box(x + 2, y + 18, pitch - 4, 28),
            _box(x + 2, y + 46 - full, pitch - 4, full, "none", 0, _colour("one vector")),
        ]
        if one_row:
            state.append(_text(middle, y + 60, f"{length:.1f}", SMALL))
        if column:
            found.append(_line([(x - 2, y + 32), (x + 2, y + 32)], arrow=False, thick=2))
        found.append(_part(f"h{t + 1}", state))
    return found, 20 + height * ((len(source) - 1) // MOST + 1) - (0 if one_row else 8)


def _decoder(said, top, colour):
    """Return the decoder's steps, each with its state and its word, and the height of all."""
    rows, found = [[]], []
    for t, word in enumerate(said):
        width = max(44, 7.4 * len(word) + 12)
        if rows[-1] and sum(w + 12 for *_, w in rows[-1]) + width > WIDTH - 24:
            rows.append([])
        rows[-1].append((t, word, width))
    y = top + 26
    found.append(_text(30, y + 6, "the decoder says", anchor="start", font_weight=700))
    for row in rows:
        x = 18
        y += 14
        last = x + sum(w + 12 for *_, w in row[:-1]) + row[-1][2] / 2
        found.append(_line([(9, top), (9, y), (last, y)], colour, 2, arrow=False))
        for t, word, width in row:
            found.append(_line([(x + width / 2, y), (x + width / 2, y + 8)], colour, 2))
            inside = [_text(x + width / 2, y + 21, f"s{_index(t + 1)}", SMALL)]
            inside.append(_text(x + width / 2, y + 36, word))
            found.append(_part(f"s{t + 1}", [_box(x, y + 8, width, 34), *inside]))
            if t + 1 < len(said) and t != row[-1][0]:
                found.append(_line([(x + width, y + 25), (x + width + 12, y + 25)]))
            x += width + 12
        y += 36
    return found, y + 10


# ---- who looks where ---------------------------------------------------------------------------


def looks(asked, rows, weights, *, chain, sums, label, caption, chosen=0, **look):
    """Draw where each row looks: lines as wide as its weights, and the weights as numbers.

    In the built page one presses a row to see its looks; in a kernel the first one is drawn.

    Parameters
    ----------
    asked : sequence of str
        What is looked at, one vector each.
    rows : sequence of str
        Who looks: words said, or the tokens themselves.
    weights : array, shape (n_rows, n_asked)
        Each row sums to 1.
    chain : bool
        True: the vectors are states of a recurrence, each made from the one before (attention).
        False: they are inputs, and a row is the new vector of the same place (self-attention).
    sums : str
        What the weights make, a letter: ``c`` or ``z``.
    label : str
        The finding, for who cannot see the drawing.
    caption : str
    chosen : int
        The row that is shown at first.
    **look
        ``title``, what the vectors are, and ``station``, whose colour the looks have, where that
        is not what `chain` says.

    Returns
    -------
    IPython.display.HTML
        Its parts are ``h1`` to ``hn`` (``x1`` to ``xn`` without a chain), ``row1`` to ``rowm``.

    Raises
    ------
    ValueError
        If the shape of the weights is not that of the words.

    Examples
    --------
    >>> told = {"chain": True, "sums": "c", "label": "", "caption": ""}
    >>> drawn = looks(["dix", "sept"], ["seventeen"], [[0.2, 0.8]], **told).data
    >>> "seventeen looks at dix 0.20, sept 0.80" in drawn
    True
    """
    weights = [list(map(float, row)) for row in weights]
    if [len(row) for row in weights] != [len(asked)] * len(rows):
        raise ValueError(f"weights must be ({len(rows)}, {len(asked)}): a row for each word")
    title = "the encoder's states, one after another" if chain else "one vector for each input"
    colour = _colour(look.get("station", "attention" if chain else "self-attention"))
    places = _side_by_side(asked, 20 if max(map(len, asked)) < 2 else 0)
    found = _vectors(asked, places, chain, colour, look.get("title", title))
    below = _side_by_side(rows, room=8)  # the chosen word is bold
    if not chain:
        pairs = itertools.product(places, below)
        ways = " ".join(f"M{top:g} 90L{x:g} 178" for (top, _), (x, _) in pairs)
        found.append(f'<path d="{ways}" fill="none" stroke="currentColor" opacity="0.15"/>')
    tells = [_tell(word, asked, row) for word, row in zip(rows, weights, strict=True)]
    for i, (row, told) in enumerate(zip(weights, tells, strict=True)):
        drawn = _fan(row, places, below[i], f"{sums}{_index(i + 1)}", colour)
        shown = "" if i == chosen else ' display="none"'
        found.append(f'<g data-row="{i}" data-say="{escape(told)}"{shown}>{"".join(drawn)}</g>')
    names = [
        _row_name(i, w, b, i == chosen, colour)
        for i, (w, b) in enumerate(zip(rows, below, strict=True))
    ]
    found.append(f'<g class="rows">{"".join(names)}</g>')
    return _figure(_svg(found, 248, label), caption, tells[chosen])


def _tell(word, asked, row):
    """Say where a row looks, from left to right, without what is too small to be drawn."""
    seen = [
        f"{name} {weight:.2f}" for name, weight in zip(asked, row, strict=True) if weight >= FAINT
    ]
    return f"{word} looks at {', '.join(seen)}"


def _side_by_side(words, pitch=0, room=0):
    """Return (middle, width) for each word, over the whole width; equal ones if told so.

    Where there is space each is up to `room` wider than its word needs.
    """
    widths = [pitch or max(26, 7.3 * len(word) + 7) for word in words]
    spare = (WIDTH - 4 - sum(widths) - 6 * (len(words) - 1)) / len(words)
    widths = [width + max(0, min(room, spare)) for width in widths]
    gap = min(14, (WIDTH - 4 - sum(widths)) / max(1, len(words) - 1))
    x = (WIDTH - sum(widths) - gap * (len(words) - 1)) / 2
    found = []
    for width in widths:
        found.append((x + width / 2, width))
        x += width + gap
    return found


def _vectors(asked, places, chain, colour, title):
    """Return the words that were read, and a vector for each; in a chain they lead to the next."""
    name, found = "h" if chain else "x", []
    found.append(_text(4, 13, title, anchor="start", font_weight=700))
    for j, (word, (x, width)) in enumerate(zip(asked, places, strict=True)):
        wide = min(width - 4, 30)
        inside = [_text(x, 34, word), _line([(x, 39), (x, 47)])]
        inside.append(_box(x - wide / 2, 48, wide, 24, colour, 1.5, colour, fill_opacity=0.15))
        size = SMALL if len(asked) < 10 else 0
        inside += [_text(x, 64, f"{name}{_index(j + 1)}", size)] if size else []
        found.append(_part(f"{name}{j + 1}", inside))
        if chain and j:
            before, own = places[j - 1]
            found.append(_line([(before + min(own - 4, 30) / 2, 60), (x - wide / 2, 60)]))
    return found


def _fan(row, places, below, name, colour):
    """Return a line for each weight, its number, and the sum that they make of the vectors."""
    x, _ = below
    found = []
    for weight, (top, _) in zip(row, places, strict=True):
        seen = weight >= FAINT
        if seen:
            found.append(_line([(top, 90), (x, 178)], colour, f"{max(1, 9 * weight):.1f}", False))
        opacity = {} if seen else {"opacity": 0.6}
        found.append(_text(top, 85, _weight(weight), SMALL, **opacity))
    found.append(f'<circle cx="{x:g}" cy="188" r="13" fill="{colour}"/>')
    found.append(_text(x, 192, name, 12, fill="var(--drawing-on, #fff)", font_weight=700))
    return [*found, _line([(x, 201), (x, 215)], colour, 2)]


def _row_name(i, word, place, is_chosen, colour):
    """Return the word of a row in its box; the script makes it a button."""
    x, width = place
    box = _box(x - width / 2, 217, width, 28, colour, 1, colour, fill_opacity=0.15)
    if not is_chosen:
        return _part(f"row{i + 1}", [box, _text(x, 235, word)], choose=i)
    box = _box(x - width / 2, 217, width, 28, colour, 2.5, colour, fill_opacity=0.15)
    return _part(f"row{i + 1}", [box, _text(x, 235, word, font_weight=700)], choose=i, chosen=1)


# ---- a gate ------------------------------------------------------------------------------------


def gate(numbers, *, old, new, label, caption):
    """Draw how a gate mixes: each number of the new state lies between its old and its candidate.

    Parameters
    ----------
    numbers : dict of str to (float, float, float)
        Title -> the old number, the candidate, both between -1 and 1, and the gate u from 0 to 1.
        The new number is (1 - u) times the candidate and u times the old one.
    old, new : str
        What was read before, and what is read now.
    label : str
        The finding, for who cannot see the drawing.
    caption : str

    Returns
    -------
    IPython.display.HTML
        Its parts are ``gate1`` to ``gaten``.

    Examples
    --------
    >>> drawn = gate({"kept": (0.5, -0.5, 0.9)}, old="si", new="e", label="", caption="").data
    >>> "u = 0.90" in drawn, "0.40" in drawn
    (True, True)
    """
    found = [_text(4, 13, f"after {old}", anchor="start", font_weight=700), *_legend(new)]
    for i, (title, values) in enumerate(numbers.items()):
        found.append(_part(f"gate{i + 1}", _between(title, *values, 58 + 58 * i)))
    return _figure(_svg(found, 48 + 58 * len(numbers), label), caption)


def _legend(new):
    """Say what the three marks of a number are."""
    marks = ((8, _hollow, "old"), (70, _diamond, f"candidate, for {new}"), (218, _full, "new"))
    found = []
    for x, mark, words in marks:
        found += [mark(x, 28), _text(x + 10, 32, words, 12, "start")]
    return found


def _hollow(x, y):
    return f'<circle cx="{x:g}" cy="{y}" r="5" fill="none" stroke="currentColor" stroke-width="2"/>'


def _full(x, y):
    return f'<circle cx="{x:g}" cy="{y}" r="5" fill="{_colour("one vector")}"/>'


def _diamond(x, y):
    path = f"M{x:g} {y - 6}l6 6l-6 6l-6 -6z"
    return f'<path d="{path}" fill="none" stroke="currentColor" stroke-width="2"/>'


def _between(title, old, candidate, u, y):
    """Draw one number on its line from -1 to 1."""
    new = (1 - u) * candidate + u * old
    place = {name: 164 + 140 * x for name, x in (("old", old), ("cand", candidate), ("new", new))}
    line = f'<path d="M24 {y + 14}H304" stroke="currentColor" opacity="0.4"/>'
    ends = [_text(x, y + 18, words, SMALL) for x, words in ((10, "−1"), (318, "1"))]
    way = _line([(place["cand"], y + 14), (place["old"], y + 14)], _colour("one vector"), 3, False)
    sign = f"{new:.2f}".replace("-", "−")
    return [
        _text(24, y, f"{title}: u = {u:.2f}", 12, "start"),
        *(line, *ends, way, _hollow(place["old"], y + 14), _diamond(place["cand"], y + 14)),
        _full(place["new"], y + 14),
        _text(place["new"], y + 34, sign, SMALL),
    ]


# ---- heads -------------------------------------------------------------------------------------


def heads(words, weights, *, width, label, caption):
    """Draw how heads split the width, attend each for itself, and are joined, with all shapes.

    Parameters
    ----------
    words : sequence of str
        The sequence that asks itself.
    weights : array, shape (n_heads, n, n)
        Their maps.
    width : int
        Of a vector, before and after.
    label : str
        The finding, for who cannot see the drawing.
    caption : str

    Returns
    -------
    IPython.display.HTML
        Its parts are ``split``, ``head1`` to ``headn``, ``join``.

    Examples
    --------
    >>> maps = [[[0.5, 0.5], [0.5, 0.5]]] * 2
    >>> drawn = heads(["dix", "sept"], maps, width=8, label="", caption="").data
    >>> "X (2, 8)" in drawn, drawn.count("(2, 4)")
    (True, 4)
    """
    n, count = len(words), len(weights)
    blue, pitch = _colour("self-attention"), WIDTH / len(weights)
    shape, own = f"({n}, {width})", f"({n}, {width // count})"
    found = [_wide("split", 2, f"X {shape}: {n} words, {width} numbers each")]
    for h, found_weights in enumerate(weights):
        x = pitch * (h + 0.5)
        inside = [_line([(x, 30), (x, 44)]), _text(x, 57, "Q, K, V", 12), _text(x, 71, own, SMALL)]
        inside += _small_map(x, 80, found_weights, blue, (pitch - 16) / n)
        inside += [_text(x, 94 + pitch - 14, f"head {h + 1}", 12, font_weight=700)]
        low = 98 + pitch - 14
        inside += [_text(x, low + 11, own, SMALL), _line([(x, low + 16), (x, low + 30)])]
        found.append(_part(f"head{h + 1}", inside))
    found.append(_wide("join", low + 31, f"joined by the output matrix: {shape} again"))
    return _figure(_svg(found, low + 62, label), caption)


def _wide(name, y, words):
    """Return a box over the whole width."""
    return _part(name, [_box(2, y, WIDTH - 4, 26), _text(WIDTH / 2, y + 17, words)])


def _small_map(x, y, weights, colour, cell):
    """Return the map of one head around `x`: the larger a weight, the fuller its cell."""
    n = len(weights)
    left = x - n * cell / 2
    found = [_box(left - 1, y - 1, n * cell + 2, n * cell + 2, opacity=0.6)]
    for i, row in enumerate(weights):
        for j, weight in enumerate(map(float, row)):
            place = f'x="{left + j * cell:.1f}" y="{y + i * cell:.1f}"'
            size = f'width="{cell - 1:.1f}" height="{cell - 1:.1f}"'
            found.append(f'<rect {place} {size} fill="{colour}" fill-opacity="{weight**0.5:.2f}"/>')
    return found


def one_map(source, said, weights, *, label, caption):
    """Draw the map of one stack that reads source and target end to end, and mark its blocks.

    Parameters
    ----------
    source, said : sequences of str
        The m words that are read, and those that are said. A row is named after the word that is
        said there, a column after the word that is read: ``(start)`` before the target.
    weights : array (n, n)
        Of one head, or a mean; n is m and the number of words said.
    label : str
        The finding, for who cannot see the drawing.
    caption : str

    Returns
    -------
    IPython.display.HTML
        Its parts are ``source-source``, ``target-source``, ``target-target`` and, empty,
        ``source-target``.

    Examples
    --------
    >>> drawn = one_map(["six"], ["six"], [[1, 0], [0.5, 0.5]], label="", caption="").data
    >>> drawn.count("data-part"), ">(start)<" in drawn
    (4, True)
    """
    m, n, cell = len(source), len(weights), 20
    rows, columns = [*source, *said], [*source, "(start)", *said][:n]
    left, top = (6.6 * max(map(len, names)) + 12 for names in (rows, columns))
    width = max(WIDTH, left + n * cell + 4)
    blocks = {
        "source-source": (0, 0, m, m, "self-attention", "source asks source"),
        "target-source": (m, 0, n - m, m, "attention", "target asks source: cross-attention"),
        "target-target": (m, m, n - m, n - m, "self-attention", "target asks target so far"),
        "source-target": (0, m, m, n - m, "one vector", "empty: a source never asks a target"),
    }
    found = [_text(left - 6, top + cell * i + 14, word, 12, "end") for i, word in enumerate(rows)]
    for j, word in enumerate(columns):
        x, y = left + cell * (j + 0.5) + 4, top - 6
        found.append(_text(x, y, word, 12, "start", transform=f"rotate(-90 {x:g} {y:g})"))
    for k, (name, (i, j, height, wide, colour, words)) in enumerate(blocks.items()):
        inside = _cells_of(weights, i, j, height, wide, cell, (left, top), _colour(colour))
        place = left + cell * j, top + cell * i, cell * wide - 1, cell * height - 1
        dashes = {} if k < 3 else {"stroke_dasharray": "3 3"}
        inside.append(_box(*place, _colour(colour), 2 if k < 3 else 1, **dashes))
        y = top + cell * n + 14 + 20 * k
        inside.append(_box(left - 24, y - 10, 16, 12, _colour(colour), 2, **dashes))
        inside.append(_text(left - 2, y, words, 12, "start"))
        found.append(_part(name, inside))
    drawn = _svg(found, top + cell * n + 84, label, width)
    return _figure(drawn, caption, scrolls=width > WIDTH)


def _cells_of(weights, i, j, height, wide, cell, corner, colour):
    """Return the cells of one block of a map: the larger a weight, the fuller its cell."""
    (left, top), found = corner, []
    for row in range(i, i + height):
        for column in range(j, j + wide):
            weight = float(weights[row][column])
            if weight >= FAINT:
                place = f'x="{left + column * cell:g}" y="{top + row * cell:g}"'
                size = f'width="{cell - 1}" height="{cell - 1}"'
                opacity = f'fill-opacity="{weight**0.5:.2f}"'
                found.append(f'<rect {place} {size} fill="{colour}" {opacity}/>')
    return found


# ---- arrays and time ---------------------------------------------------------------------------


def padded(sequences, *, label, caption):
    """Draw a batch: a row for each sequence, filled up to the longest, and what its mask says.

    Parameters
    ----------
    sequences : sequence of sequences of str
        The longest has at most eight words.
    label : str
        The finding, for who cannot see the drawing.
    caption : str

    Returns
    -------
    IPython.display.HTML
        Its parts are ``sequence1`` to ``sequencen``.

    Examples
    --------
    >>> drawn = padded([["dix", "sept"], ["six"]], label="", caption="").data
    >>> drawn.count(">True<"), drawn.count(">False<")
    (3, 1)
    """
    n = max(map(len, sequences))
    wide, found = WIDTH / n, []
    for i, words in enumerate(sequences):
        y, inside = 4 + 44 * i, []
        for j in range(n):
            real = j < len(words)
            look = {} if real else {"stroke_dasharray": "3 2", "opacity": 0.6}
            inside.append(_box(wide * j + 1, y, wide - 2, 22, **look))
            middle = wide * (j + 0.5)
            inside.append(_text(middle, y + 15, words[j] if real else "0", SMALL))
            inside.append(_text(middle, y + 34, str(real), SMALL, opacity=1 if real else 0.6))
        found.append(_part(f"sequence{i + 1}", inside))
    return _figure(_svg(found, 44 * len(sequences), label), caption)


def shifted(words, *, label, caption):
    """Draw what a decoder reads and what it is asked for: the same words, one place apart.

    Parameters
    ----------
    words : sequence of str
        What is to be said, without start and end.
    label : str
        The finding, for who cannot see the drawing.
    caption : str

    Returns
    -------
    IPython.display.HTML
        Its parts are ``place1`` to ``placen``.

    Examples
    --------
    >>> drawn = shifted(["ten"], label="", caption="").data
    >>> drawn.count(">ten<"), drawn.count(">(start)<"), drawn.count(">(end)<")
    (2, 1, 1)
    """
    columns = list(zip(["(start)", *words], [*words, "(end)"], strict=True))
    places = _side_by_side([max(pair, key=len) for pair in columns])
    grey, found = _colour("one vector"), []
    for y, title in ((13, "is asked for"), (134, "reads, from the right answer")):
        found.append(_text(4, y, title, anchor="start", font_weight=700))
    for t, ((read, wanted), (x, width)) in enumerate(zip(columns, places, strict=True)):
        inside = [_line([(x, 90), (x, 51)], grey, 2)]
        for y, word in ((22, wanted), (92, read)):
            inside += [_box(x - width / 2, y, width, 26), _text(x, y + 17, word)]
        found.append(_part(f"place{t + 1}", inside))
        if t + 1 < len(columns):
            end, own = places[t + 1]
            way = [(x + width / 4, 49), (end - own / 4, 91)]
            found.append(_line(way, arrow=False, dashes="4 3"))
    return _figure(_svg(found, 140, label), caption)


def waits(panels, *, label, caption):
    """Draw when each place is done: time runs downwards, a column is a place.

    Parameters
    ----------
    panels : dict of str to sequence of int
        Title -> for each place, the step in which it is done, from 1; two panels at most.
    label : str
        The finding, for who cannot see the drawing.
    caption : str

    Returns
    -------
    IPython.display.HTML
        Its parts are ``waits1`` and ``waits2``.

    Examples
    --------
    >>> drawn = waits({"at once": [1, 1], "one by one": [1, 2]}, label="", caption="").data
    >>> "2 steps" in drawn
    True
    """
    wide, found = WIDTH / len(panels), []
    last = max(map(max, panels.values()))
    for i, (title, steps) in enumerate(panels.items()):
        left, cell = wide * i + 4, min(18, (wide - 16) / len(steps))
        said = f"{max(steps)} step" + "s" * (max(steps) > 1)
        inside = [_text(left, 13, title, 12, "start", font_weight=700)]
        inside.append(_text(left, 29, said, 12, "start"))
        for j, step in enumerate(steps):
            place = left + cell * j, 36 + 12 * (step - 1), cell - 2, 10
            inside.append(_box(*place, "none", 0, _colour("one vector")))
        found.append(_part(f"waits{i + 1}", inside))
    return _figure(_svg(found, 42 + 12 * last, label), caption)


def wanted(rows, *, label, caption):
    """Draw rows of cards, and an arrow from each card to the one that it should look at.

    Parameters
    ----------
    rows : dict of str to (sequence of str, sequence of int)
        Title -> cards, and for each card the place, from 0, of the one to look at; None for none.
    label : str
        The finding, for who cannot see the drawing.
    caption : str

    Returns
    -------
    IPython.display.HTML
        Its parts are ``wanted1`` to ``wantedn``.

    Examples
    --------
    >>> drawn = wanted({"row": ("abc", [None, 0, 1])}, label="", caption="").data
    >>> drawn.count('class="look"')
    2
    """
    found, top = [], 13
    for k, (title, (cards, places)) in enumerate(rows.items()):
        wide, levels = WIDTH / len(cards), _levels(places)
        y = top + 12 + 9 * max(levels.values())  # of the boxes
        inside = [_text(4, top, title, 12, "start", font_weight=700)]
        for (i, j), level in levels.items():
            start, end = wide * (i + 0.5) - 4, wide * (j + 0.5) + 4
            corners = [(start, y), (start, y - 9 * level), (end, y - 9 * level), (end, y)]
            arrow = _line(corners, _colour("self-attention"), 1.5)
            inside.append(f'<g class="look" data-from="{i}" data-to="{j}">{arrow}</g>')
        for i, card in enumerate(cards):
            inside.append(_box(wide * i + 2, y, wide - 4, 22))
            inside.append(_text(wide * (i + 0.5), y + 15, card, 12))
        found.append(_part(f"wanted{k + 1}", inside))
        top = y + 46
    return _figure(_svg(found, top - 18, label), caption)


def _levels(places):
    """Heights of arrows, from 1: short ones below long ones, and none upon another."""
    levels = {}
    pairs = [(i, j) for i, j in enumerate(places) if j is not None]
    for pair in sorted(pairs, key=lambda pair: abs(pair[0] - pair[1])):
        taken = {
            level
            for other, level in levels.items()
            if min(other) < max(pair) and min(pair) < max(other)
        }
        levels[pair] = next(level for level in itertools.count(1) if level not in taken)
    return levels


def exponentials(logits, *, label, caption):
    """Draw what a softmax does: each number, e to its power, and that as a share of the sum.

    Parameters
    ----------
    logits : dict of str to float
        Name -> number, at most 3 in size.
    label : str
        The finding, for who cannot see the drawing.
    caption : str

    Returns
    -------
    IPython.display.HTML
        Its parts are ``share1`` to ``sharen``.

    Examples
    --------
    >>> drawn = exponentials({"a": 0.0, "b": 0.0}, label="", caption="").data
    >>> drawn.count(">1.00<"), drawn.count(">0.50<")
    (2, 2)
    """
    powers = {name: math.exp(z) for name, z in logits.items()}
    total, found = sum(powers.values()), []
    heads = ((4, "word"), (66, "logit z"), (139, "e to the z"), (218, "share of all"))
    found += [_text(x, 13, words, 12, "start", font_weight=700) for x, words in heads]
    for i, (name, power) in enumerate(powers.items()):
        y, share = 34 + 24 * i, power / total
        inside = [_text(4, y, name, anchor="start")]
        inside.append(_text(110, y, f"{logits[name]:.1f}".replace("-", "−"), anchor="end"))
        inside.append(_text(200, y, f"{power:.2f}", anchor="end"))
        inside.append(_box(218, y - 11, 68 * share, 14, "none", 0, _colour("one vector")))
        inside.append(_text(222 + 68 * share, y, f"{share:.2f}", anchor="start"))
        found.append(_part(f"share{i + 1}", inside))
    return _figure(_svg(found, 24 + 24 * len(logits), label), caption)


# ---- amounts and answers -----------------------------------------------------------------------


def means(values, found, *, label, caption):
    """Draw values as squares in the plane, and means of them, which lie between, as diamonds.

    Parameters
    ----------
    values : dict of str to (float, float)
        Three or more, in the order in which a line goes round them.
    found : dict of str to (float, float)
        The means, with what stands beside them.
    label : str
        The finding, for who cannot see the drawing.
    caption : str

    Returns
    -------
    IPython.display.HTML
        Its parts are ``value1`` to ``valuen`` and ``mean1`` to ``meanm``.

    Examples
    --------
    >>> corners = {"a": (0, 0), "b": (4, 0), "c": (0, 4)}
    >>> drawn = means(corners, {"all alike": (4 / 3, 4 / 3)}, label="", caption="").data
    >>> ">all alike<" in drawn
    True
    """
    across, up = zip(*values.values(), strict=True)
    scale = 235 / max(max(across) - min(across), max(up) - min(up))
    height = scale * (max(up) - min(up)) + 64
    colour, ground = _colour("attention"), "var(--drawing-on, #fff)"
    halo = {"paint_order": "stroke", "stroke": ground, "stroke_width": 4}

    def place(x, y):
        return 44 + scale * (x - min(across)), height - 32 - scale * (y - min(up))

    corners = [place(*value) for value in values.values()]
    drawn = [_line([*corners, corners[0]], arrow=False, dashes="3 3")]
    for i, (name, (x, y)) in enumerate(zip(values, corners, strict=True)):
        above = y < height / 2
        inside = [_box(x - 6, y - 6, 12, 12, colour, 2, ground)]
        inside.append(_text(x, y - 13 if above else y + 23, name, 12))
        drawn.append(_part(f"value{i + 1}", inside))
    for i, (name, mean) in enumerate(found.items()):
        x, y = place(*mean)
        path = f'<path d="M{x:g} {y - 7:g}l7 7l-7 7l-7 -7z" fill="{colour}"/>'
        said = _text(x - 11, y + 4, name, 12, "end", **halo)  # it may cross the line
        drawn.append(_part(f"mean{i + 1}", [path, said]))
    return _figure(_svg(drawn, height, label), caption)


def amounts(numbers, *, label, caption, station="one vector", shown="{:,}"):
    """Draw a bar for each number, to scale, with the number behind it.

    Parameters
    ----------
    numbers : dict of str to number
        None is negative, and one is above 0.
    label : str
        The finding, for who cannot see the drawing.
    caption : str
    station : str
        Whose colour the bars have, a key of `colours.STATIONS`.
    shown : str
        How a number is printed.

    Returns
    -------
    IPython.display.HTML
        Its parts are ``amount1`` to ``amountn``.

    Examples
    --------
    >>> drawn = amounts({"needed": 86, "there": 2048}, label="", caption="").data
    >>> ">2,048<" in drawn
    True
    """
    largest, found = max(numbers.values()), []
    for i, (name, number) in enumerate(numbers.items()):
        y, words = 14 + 40 * i, shown.format(number)
        full = (WIDTH - 70) * number / largest
        bar = _box(4, y + 5, max(1, full), 13, "none", 0, _colour(station))
        count = _text(10 + full, y + 16, words, anchor="start")
        found.append(_part(f"amount{i + 1}", [_text(4, y, name, 12, "start"), bar, count]))
    return _figure(_svg(found, 40 * len(numbers), label), caption)


def answers(rows, *, label, caption):
    """Draw answers below each other, word under word; what differs from the first row is marked.

    Parameters
    ----------
    rows : dict of str to sequence of str
        Title -> words; the first row is the right one.
    label : str
        The finding, for who cannot see the drawing.
    caption : str

    Returns
    -------
    IPython.display.HTML
        Its parts are ``answer1`` to ``answern``.

    Examples
    --------
    >>> rows = {"right": ["six", "(end)"], "said": ["ten", "(end)"]}
    >>> answers(rows, label="", caption="").data.count("✗")
    1
    """
    right, *_ = rows.values()
    columns = max(map(len, rows.values()))
    wide = max(WIDTH / columns, 6.4 * max(len(w) for row in rows.values() for w in row) + 8)
    width, found = max(WIDTH, wide * columns), []
    for i, (title, words) in enumerate(rows.items()):
        y = 14 + 62 * i
        inside = [_text(4, y, title, 12, "start", font_weight=700)]
        for j, word in enumerate(words):
            wrong = j >= len(right) or word != right[j]
            look = {"stroke_dasharray": "3 2", "thick": 2} if wrong else {"opacity": 0.5}
            inside.append(_box(wide * j + 2, y + 6, wide - 4, 22, **look))
            inside.append(_text(wide * (j + 0.5), y + 21, word, SMALL))
            inside.append(_text(wide * (j + 0.5), y + 40, "✗", SMALL) if wrong else "")
        found.append(_part(f"answer{i + 1}", inside))
    drawn = _svg(found, 62 * len(rows) - 8, label, width)
    return _figure(drawn, caption, scrolls=width > WIDTH)
