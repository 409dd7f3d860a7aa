"""Several trained models answer the same input, side by side, to see where each of them breaks.

It knows no model: it takes objects with parameters, settings and a task's words, such as
`helpers.runs.Trained`. In a kernel `side_by_side` shows ipywidgets, and what is typed goes through
these objects. When the book is built, with STATIC_BOOK=1, the same call writes the first state as
HTML, and the page's own scripts, ``_static/engine.js`` and ``sides.js``, run the same models.
"""

import itertools
import json
import os
from html import escape

import numpy as np
from IPython.display import display

from figures.explore import _caption_element, _file, _pixels, _show_html
from figures.live import _require_known
from figures.maps import map_html, plain_weights, printed, spoken, words_html
from figures.plots import attention_map, new_figure, panels
from figures.typed import LANGUAGES, hint, label, unit

SCRIPTS = "engine number_names map typed sides"
HINT = "Point at a cell, or press a word: its row is read out here."
PRESS = "Point at a cell: it is read out here. Press it, and that look is forbidden."

_numbers = itertools.count(1)


def side_by_side(models, *, titles, typed, start, maps=True, forbid=None, caption=""):
    """Show what several models say to the same input, whatever is typed, and where they look.

    Parameters
    ----------
    models : dict of str to object
        By the names of their files on the page, ``_static/live/NAME.js``; all with the same
        vocabularies. See `figures.live.live` for what each must have.
    titles : list of str
        What each is called in the figure.
    typed : Typed
        What may be typed, see `figures.typed`.
    start : str
        What stands there at first.
    maps : bool
        Whether the decoder's attention is shown beneath; if not, each word shows how sure the
        model is of it.
    forbid : callable, optional
        (model, words, looks) -> map, as `helpers.importance.forbidding`: then a cell that is
        pressed forbids that look.
    caption : str
        What to try and see; shown below.

    Raises
    ------
    ValueError
        If there isn't a title for each model, their vocabularies differ, a look could be forbidden
        but no map is shown, or the page's script knows no such model.

    Examples
    --------
    >>> side_by_side(
    ...     {f"reversal_one_vector_{n}": runs.load(f"reversal_one_vector_{n}") for n in (16, 32)},
    ...     titles=["16 numbers", "32 numbers"],
    ...     typed=Typed(rule="reversed"),
    ...     start="abcdef",
    ... )  # doctest: +SKIP
    """
    if len(titles) != len(models):
        raise ValueError(f"titles must be {len(models)}, one for each model, not {len(titles)}")
    if forbid and not maps:
        raise ValueError("forbid needs maps = True: a look is forbidden by its cell")
    vocabularies = {(m.task.source_vocabulary, m.task.target_vocabulary) for m in models.values()}
    if len(vocabularies) > 1:
        raise ValueError("models must have the same vocabularies to read the same input")
    for model in models.values():
        _require_known(model.settings)
    figure = _Sides(models, titles, typed, maps, forbid)
    present = _show_card if os.environ.get("STATIC_BOOK") == "1" else _show_widgets
    present(figure, start, caption)


class _Sides:
    """What both ways of showing need: the models' answers, and their names."""

    def __init__(self, models, titles, typed, maps, forbid):
        self.models, self.titles, self.typed = models, titles, typed
        self.maps, self.forbid = maps, forbid
        self.vocabulary = next(iter(models.values())).task.source_vocabulary
        self.tokens = unit(self.vocabulary)
        self.said = unit(next(iter(models.values())).task.target_vocabulary)

    def read(self, text):
        return self.typed.read(text, self.vocabulary)

    def answer(self, model, words, looks=()):
        """Return what a model says, its map, and how sure it is of each word."""
        if looks:
            found = self.forbid(model, words, looks)
            return {"said": found.rows[:-1], "found": found, "sure": None}
        said = model.says(words)
        found = model.maps(words, said)["cross"]
        logits = model.logits([model.task.pair(words, said)])[0]
        sure = 1 / np.exp(logits - logits.max(axis=-1, keepdims=True)).sum(axis=-1)
        return {"said": said, "found": found, "sure": sure}

    def sides(self):
        """Name, title and colour of each model, and what stands around its map."""
        found = []
        for k, (name, model) in enumerate(self.models.items()):
            tone, title = tone_of(model.settings), self.titles[k]
            asks, asked = [[LANGUAGES.get(one, ""), one] for one in self.typed.languages[::-1]]
            one_vector = tone == "vector"
            shown = {
                "name": f"m{k}",
                "title": title,
                "asks": asks,
                "asked": ["its one vector", ""] if one_vector and asks[0] else asked,
                "sides": [f"said-{k}", "summary" if one_vector else "source"],
            }
            shown |= {"tone": tone} if tone else {}
            found.append({"name": name, "title": title, "tone": tone} | {"map": shown})
        return found


def tone_of(settings):
    """Return the colour of a model: grey, orange, blue or green, as the course has it.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> tone_of(SimpleNamespace(model="recurrent", attend=True, encoder="gru"))
    'attention'
    """
    if settings.model == "transformer":
        return "transformer"
    if not settings.attend:
        return "vector"
    return "" if settings.encoder == "self_attention" else "attention"


def kept(said, right):
    """Tell of each word said whether it belongs to the longest row of words that is right.

    A word that is missing, or one too many, doesn't make all that follow wrong.

    Parameters
    ----------
    said, right : list of str

    Returns
    -------
    list of bool

    Examples
    --------
    >>> kept(["six", "million", "five", "thousand"], ["six", "million", "eleven", "thousand"])
    [True, True, False, True]
    """
    best = np.zeros((len(said) + 1, len(right) + 1), dtype=int)
    for i, j in itertools.product(reversed(range(len(said))), reversed(range(len(right)))):
        same = said[i] == right[j]
        best[i, j] = best[i + 1, j + 1] + 1 if same else max(best[i + 1, j], best[i, j + 1])
    found, j = [], 0
    for i, word in enumerate(said):
        while j < len(right) and word != right[j] and best[i, j + 1] >= best[i, j]:
            j += 1
        found.append(j < len(right) and word == right[j])
        j += found[-1]
    return found


# The built book: the first state as HTML, and the numbers in it for the script.


def _fits(figure, said, right):
    """Tell of each word whether it is right: in a number by `kept`, else by its place."""
    if figure.typed.numbers:
        return kept(said, right)
    return [word == meant for word, meant in itertools.zip_longest(said, right)][: len(said)]


def _show_card(figure, start, caption):
    words, right = figure.read(start)
    answers = [figure.answer(model, words) for model in figure.models.values()]
    identity, sides = f"sides-{next(_numbers)}", figure.sides()
    data = _state(figure, identity, sides, words, right, answers)
    # In a script element, only a "<" could end the data too early.
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    columns = "".join(_answer_html(figure, k, side, data) for k, side in enumerate(sides))
    _show_html(
        f'<figure class="board typed sides" data-scripts="{SCRIPTS}" '
        f'data-models="{escape(" ".join(figure.models))}">'
        f"{_asked_html(figure, identity, start)}{_lines_html(figure, words, right)}"
        f'<div class="answers">{columns}</div>{_maps_html(figure, identity, data)}'
        f'{_caption_element(caption)}<script type="application/json">{text}</script></figure>'
    )


def _asked_html(figure, identity, start):
    """Return the field, and what may stand beside and below it."""
    allow = '<button type="button" class="allow" disabled>allow all looks</button>'
    return (
        f'<div class="ask"><label><span>{label(figure.typed, figure.vocabulary)}</span>'
        f'<input type="text" value="{escape(start)}" autocomplete="off" autocapitalize="off" '
        f'spellcheck="false" aria-describedby="{identity}-trouble" disabled>'
        f"<small>{hint(figure.typed, figure.vocabulary)}</small></label>"
        f"{allow if figure.forbid else ''}</div>"
        f'<p class="trouble" id="{identity}-trouble" role="status"></p>'
    )


def _lines_html(figure, words, right):
    """Return what is read, and what would be right."""
    first, second = figure.typed.languages
    reads = words_html(words, "source", first) if figure.maps else _plain(words, first)
    return (
        f'<p class="line"><span>read</span><span><span class="words reads {figure.tokens}">{reads}'
        f'</span></span></p><p class="line"{"" if right else " hidden"}><span>right</span>'
        f'<span class="should {figure.said}">{_plain(right or (), second)}</span></p>'
    )


def _state(figure, identity, sides, words, right, answers):
    """Return all that the script needs to know, with what the models say at first."""
    start = {"source": words, "right": right, "answers": [_numbers_of(figure, a) for a in answers]}
    return {
        "id": identity,
        "tokens": figure.said,
        "hint": (PRESS if figure.forbid else HINT) if figure.maps else None,
        "forbids": bool(figure.forbid),
        "sides": sides if figure.maps else [{"name": side["name"]} for side in sides],
        "start": start,
        **figure.typed.data(),
    }


def _numbers_of(figure, answer):
    """Return an answer as JSON holds it."""
    plain = {"said": answer["said"]}
    if not figure.maps:
        return plain | {"sure": plain_weights([answer["sure"]])[0]}
    found = answer["found"]
    return plain | {
        "columns": list(found.columns),
        "weights": plain_weights(found.weights[0, 0]),
    }


def _answer_html(figure, k, side, data):
    """Return one model's title, words and verdict."""
    answer, right = data["start"]["answers"][k], data["start"]["right"]
    language, said = figure.typed.languages[1], answer["said"]
    fits = _fits(figure, said, right) if right else [True] * len(said)
    words = []
    for place, word in enumerate([*said, "(end)"] if figure.maps else said):
        wrong = place < len(said) and not fits[place]
        off = ' class="off"' if wrong else ""
        shown = spoken(word, language) + ('<span class="unseen"> (wrong)</span>' if wrong else "")
        if figure.maps:
            words.append(
                f'<button type="button"{off} data-side="said-{k}" data-place="{place}" '
                f'aria-pressed="false">{shown}</button>'
            )
        else:
            words.append(f'<span{off} style="--p:{printed(answer["sure"][place])}">{shown}</span>')
    return (
        f'<div class="answer {side["tone"] or "self"}"><p class="title">{escape(side["title"])}</p>'
        f'<p class="words says {figure.said}">{"".join(words)}</p>'
        f'<p class="verdict" aria-live="polite">{_verdict(figure, said, right)}</p></div>'
    )


def _verdict(figure, said, right):
    if not right:
        return ""
    if list(said) == list(right):
        return '<span class="right">✓ right</span>'
    count, more = sum(_fits(figure, said, right)), len(said) - len(right)
    many = f", {more} too many" if more > 0 else ""
    return f'<span class="wrong">✗ wrong: {count} of {len(right)} {figure.said} right{many}</span>'


def _maps_html(figure, identity, data):
    if not figure.maps:
        return ""
    drawn = [
        map_html(
            side["map"]
            | {"rows": [*answer["said"], "(end)"]}
            | {name: answer[name] for name in ("columns", "weights")},
            identity,
        )
        for side, answer in zip(data["sides"], data["start"]["answers"], strict=True)
    ]
    say = f'<p class="say" aria-live="polite">{data["hint"]}</p>'
    return f'<div class="maps">{"".join(drawn)}</div>{say}'


def _plain(words, language):
    return "".join(f"<span>{spoken(word, language)}</span>" for word in words)


# A live kernel: widgets, and the models themselves.


def _show_widgets(figure, start, caption):
    import ipywidgets  # here, because a single widget in a built page would load scripts

    name = label(figure.typed, figure.vocabulary)
    field = ipywidgets.Text(start, description=name, continuous_update=False)
    said, picture = ipywidgets.HTML(), ipywidgets.Image(format="png", layout={"max_width": "100%"})
    forbidden = {name: set() for name in figure.models}
    canvas = new_figure((8.6, 3.7))

    def update(_change=None):
        try:
            words, right = figure.read(field.value)
            answers = [
                figure.answer(model, words, sorted(forbidden[name]))
                for name, model in figure.models.items()
            ]
        except Exception as error:  # a kernel would swallow it, and the picture seem stuck
            said.value = f"<b>{escape(str(error))}</b>"
            return
        said.value = _in_words(figure, words, right, answers)
        if figure.maps:
            parts = panels(canvas, figure.titles)
            for panel, answer in zip(parts, answers, strict=True):
                attention_map(panel, answer["found"], room=(8, 8))
            picture.value = _file(_pixels(canvas), "PNG", compress_level=1)

    def start_again(_change):
        for looks in forbidden.values():
            looks.clear()
        update()

    update()
    field.observe(start_again, names="value")
    shown = [field, said, *([picture] if figure.maps else [])]
    if figure.forbid:
        shown.insert(1, _forbidding(ipywidgets, figure, forbidden, update, start_again))
    display(ipywidgets.VBox([*shown, ipywidgets.HTML(escape(caption))]))


def _forbidding(ipywidgets, figure, forbidden, update, start_again):
    """Return widgets that forbid a look: model, row and column of its map, from 1."""
    titles = list(zip(figure.titles, figure.models, strict=True))
    model = ipywidgets.Dropdown(options=titles, value=titles[-1][1], layout={"width": "auto"})
    row = ipywidgets.BoundedIntText(1, min=1, max=99, description="row")
    column = ipywidgets.BoundedIntText(1, min=1, max=199, description="column")
    press, allow = (ipywidgets.Button(description=text) for text in ("forbid it", "allow all"))

    def forbid(_button):
        forbidden[model.value] ^= {(row.value - 1, column.value - 1)}
        update()

    press.on_click(forbid)
    allow.on_click(start_again)
    return ipywidgets.HBox([model, row, column, press, allow])


def _in_words(figure, words, right, answers):
    """Say what they read, what would be right, and what each says."""
    join = "" if figure.tokens == "letters" else " "
    apart = " " if figure.typed.numbers else join
    lines = [f"read <i>{escape(join.join(words))}</i>"]
    if right:
        lines.append(f"right <i>{escape(apart.join(right))}</i>")
    for title, answer in zip(figure.titles, answers, strict=True):
        shown = escape(apart.join(answer["said"]))
        verdict = _verdict(figure, answer["said"], right)
        lines.append(f"<b>{escape(title)}</b>: <i>{shown}</i> &nbsp; {verdict}")
    return "<br>".join(lines)
