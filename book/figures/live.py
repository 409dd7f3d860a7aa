"""A trained model at the reader's hand: type something, see what it says and where it looks.

It knows no model: it takes an object with parameters, settings and a task's words, such as
`helpers.runs.Trained`. In a kernel (Lab, Binder, Colab) `live` shows ipywidgets, and what is typed
goes through that object. When the book is built, with STATIC_BOOK=1, the same call writes the
first state as HTML, and the page's own scripts, ``_static/engine.js`` and ``live.js``, run the
same model on what is typed. The model's file, which `packed` makes, is loaded when the reader
first types. With `save` the figure becomes a page of its own, with the model in it.
"""

import base64
import itertools
import json
import os
from html import escape
from typing import NamedTuple

import numpy as np
from IPython.display import display

from figures.explore import UNSEEN, _caption_element, _file, _pixels, _show_html
from figures.maps import map_html, plain_weights, spoken, words_html
from figures.page import MOST_NUMBERS, MOST_TOKENS, write_page
from figures.plots import attention_map, new_figure, panels
from figures.typed import LANGUAGES, LONGEST, Typed, hint, label, unit

#: The kinds of attention in their order on the page, with what asks, what is asked and a title.
KINDS = {
    "encoder": (0, 0, "{source} asks {source}"),
    "decoder": (1, 1, "{target} asks {target} so far"),
    "cross": (1, 0, "{target} asks {source}"),
}
PLAIN = ("source", "target")  # what they are called where they have no language
SIDES = ("source", "said")  # whose words those are, in the page
LATER = "not said yet"
#: What the script runs, of the settings that choose a model's formulas.
KNOWN = {
    "model": ("recurrent", "transformer", "decoder_only", "tagger"),
    "encoder": ("gru", "rnn", "lstm", "bidirectional", "self_attention"),
    "attention": ("after", "inside"),
    "score": ("dot", "scaled_dot", "general", "additive", "location"),
    "positions": ("sinusoidal", "learned", "rotary", "alibi", "none"),
    "norm": ("pre", "post", "none"),
    "mask": ("causal", "prefix"),
    "residual": (True, False),
    "reversed_source": (False,),
    "shared_projections": (False,),
}
NEEDED = (*KNOWN, "summary", "attend")
FINE = 80_000  # models with fewer numbers get 24 bits each: where one guesses, every bit counts
HINT = "Point at a cell, or press a word: its row is read out here."

_numbers = itertools.count(1)


class Extra(NamedTuple):
    """What another figure adds to this one.

    Attributes
    ----------
    classes : str
        Of the figure.
    scripts : tuple of str
        That stand on ``live.js``.
    before, after : str
        HTML before the maps, and after them.
    data : dict
        For these scripts.
    labels : tuple of str
        Of the words that it reads, and of those that it says.
    maps, who : bool
        Whether there are maps, and whether these say who gives queries, keys and values.
    """

    classes: str = ""
    scripts: tuple = ()
    before: str = ""
    after: str = ""
    data: dict | None = None
    labels: tuple = ("reads", "says")
    maps: bool = True
    who: bool = True


def live(
    trained,
    *,
    start,
    name="mine",
    words=None,
    languages=("", ""),
    numbers=None,
    rule=None,
    head=1,
    caption="",
    save=None,
    address="",
):
    """Show what a trained model says to what is typed, and all its attention.

    With numbers, digits can be typed; without, the words or letters that the model knows.

    Parameters
    ----------
    trained : object
        With ``params`` (a nested dict of arrays), ``settings``, ``task.source_vocabulary`` and
        ``task.target_vocabulary``, and ``maps(words)``: kind -> object with ``weights`` (layers,
        heads, n_rows, n_columns), ``rows`` and ``columns``; see `helpers.runs.Trained`.
    start : int or str
        What stands there at first: a number, or a text.
    name : str
        The model's file in the book is ``_static/live/NAME.js``.
    words : callable, optional
        (number, language) -> list of str
    languages : (str, str), optional
        Of what is read and of what is said: two of ``en``, ``fr`` and ``de``.
    numbers : (int, int), optional
        The smallest and the largest that the model has learned.
    rule : {"reversed", "same"}, optional
        Without numbers: how the right answer follows from what is read, if it does.
    head : int
        The head that is shown at first, from 1.
    caption : str
        What to see in the figure; shown below it.
    address : str
        With "maps", ``#maps?n=47&row=two`` behind the page's address leads to a state of this
        figure.
    save : str or Path, optional
        Instead of showing it, write the figure into this file, a page that opens from disk and
        needs no other file: to be kept, or handed in. Of a model of 200,000 numbers at most; 200
        tokens may be typed into it.

    Returns
    -------
    Path or None
        Of the page, if there is one.

    Raises
    ------
    ValueError
        If a language or a rule is unknown, a number is not among those learned, there is no such
        head, the page's script knows no such model, or it is too large for a page of its own.

    Examples
    --------
    >>> live(runs.load("french_transformer"), name="french_transformer", start=421,
    ...      words=tasks.number_words, languages=("fr", "en"), numbers=(10, 999))
    ... # doctest: +SKIP
    >>> live(mine, start="abcde", rule="reversed", save="mine.html")  # doctest: +SKIP
    """
    figure, start = _checked_figure(
        trained,
        name,
        start,
        head,
        words=words,
        languages=languages,
        numbers=numbers,
        rule=rule,
        longest=MOST_TOKENS if save else LONGEST,
    )
    if save:
        return _save(figure, start, head, caption, save)
    if os.environ.get("STATIC_BOOK") == "1":
        _show_card(figure, start, head, caption, address)
    else:
        _show_widgets(figure, start, head, caption)
    return None


def _checked_figure(trained, name, start, head, **options):
    """Return what all ways of showing need, and the start as text; raise as `live` does."""
    typed = Typed(**options)
    _require_known(trained.settings)
    if trained.settings.model == "decoder_only":
        raise ValueError("live shows models that translate; this one has model = 'decoder_only'")
    figure = _Figure(trained, name, typed)
    start = f"{start:,}" if options["numbers"] and isinstance(start, int) else start
    count = figure.heads(figure.maps(figure.read(start)[0]))
    if not 1 <= head <= count:
        raise ValueError(f"head = {head} must be one of 1 to {count}")
    return figure, start


def _save(figure, start, head, caption, path):
    """Write the figure as a page of its own, with the model's numbers in it."""
    trained, size = figure.trained, sum(array.size for _, array in _flat(figure.trained.params))
    if size > MOST_NUMBERS:
        raise ValueError(f"the model has {size:,} numbers; a page takes {MOST_NUMBERS:,} at most")
    about = f"{size:,} numbers. {trained.settings}"
    html, models = _card_html(figure, start, head, caption), [packed(trained, figure.name)]
    return write_page(path, html, models, title=f"A model of {trained.task.name}", about=about)


def packed(trained, name):
    r"""Return the file with which a page runs a model: numbers of 16 or 24 bits, as a script.

    Parameters
    ----------
    trained : object
        See `live`.
    name : str

    Returns
    -------
    str
        A call of ``engine.arrive`` with the settings, the vocabularies, the name, shape and scale
        of each array, and all of their numbers, divided by that scale, as base64: the whole part,
        and of small models the rest in 256ths.

    Raises
    ------
    ValueError
        If the page's script knows no such model.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> settings = SimpleNamespace(
    ...     model="recurrent", encoder="gru", attention="after", score="dot", positions="none",
    ...     norm="pre", mask="causal", residual=True, reversed_source=False, summary=None,
    ...     attend=True, shared_projections=False,
    ... )
    >>> task = SimpleNamespace(source_vocabulary=("a",), target_vocabulary=("b",))
    >>> params = {"output": {"bias": np.array([0.5, -1.0])}}
    >>> small = SimpleNamespace(params=params, settings=settings, task=task)
    >>> packed(small, "small")[-38:]
    '"data": "AEABgA==", "more": "gAA="});\n'
    """
    settings = _require_known(trained.settings)
    arrays, numbers = [], []
    for path, array in _flat(trained.params):
        scale = float(f"{np.abs(array).max() / 32767 or 1:.8g}")
        arrays.append([path, list(array.shape), scale])
        numbers.append(np.clip(array.ravel().astype(float) / scale, -32767, 32767))
    numbers = np.concatenate(numbers)
    whole = np.round(numbers).astype("<i2")
    model = {
        "settings": settings,
        "source": list(trained.task.source_vocabulary),
        "target": list(trained.task.target_vocabulary),
        "arrays": arrays,
        "data": base64.b64encode(whole.tobytes()).decode(),
    }
    if whole.size <= FINE:
        rest = np.clip(np.round(256 * (numbers - whole)), -128, 127).astype("i1")
        model["more"] = base64.b64encode(rest.tobytes()).decode()
    return f"engine.arrive({json.dumps(name)}, {json.dumps(model, ensure_ascii=False)});\n"


def _require_known(settings):
    """Return what the script needs of the settings; raise if it can't run such a model."""
    for setting, known in KNOWN.items():
        if getattr(settings, setting) not in known:
            raise ValueError(
                f"engine.js knows no {setting} = {getattr(settings, setting)!r}, only {list(known)}"
            )
    if settings.model == "transformer" and settings.summary:
        raise ValueError(f"engine.js knows no Transformer with summary = {settings.summary!r}")
    return {setting: getattr(settings, setting) for setting in NEEDED}


def _flat(params, path=""):
    """Yield the arrays of nested dictionaries with the way to them, ``encoder/norm/scale``."""
    for key, value in params.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{key}/")
        else:
            yield f"{path}{key}", np.asarray(value)


class _Figure:
    """What both ways of showing need: the model's answers, and their names."""

    def __init__(self, trained, name, typed):
        self.trained, self.name, self.typed = trained, name, typed
        self.languages, self.vocabulary = typed.languages, trained.task.source_vocabulary
        self.names = [LANGUAGES.get(language) for language in typed.languages]

    def maps(self, source):
        """Kind -> map, in the order of the page, layers and heads in one axis."""
        found = self.trained.maps(source)
        return {kind: found[kind] for kind in KINDS if kind in found}

    def heads(self, maps):
        """How many maps the kind with most of them has."""
        return max(len(self.weights(found)) for found in maps.values())

    @staticmethod
    def weights(found):
        """Weights (layers * heads, n_rows, n_columns) of one kind."""
        return np.concatenate(list(found.weights))

    def title(self, kind):
        """Say who asks whom."""
        source, target = (own or side for own, side in zip(self.names, PLAIN, strict=True))
        title = KINDS[kind][2].format(source=source, target=target)
        return title[0].upper() + title[1:]

    def asked(self, kind):
        """Name and language of what asks, and of what is asked."""
        sides = [[own or "", of] for own, of in zip(self.names, self.languages, strict=True)]
        return sides[KINDS[kind][0]], sides[KINDS[kind][1]]

    def read(self, text):
        """Return the words of what was typed, and those that it should say, if they are known."""
        return self.typed.read(text, self.vocabulary)


# The built book: the first state as HTML, and the numbers in it for the script.


def _show_card(figure, start, head, caption, address="", extra=None):
    _show_html(_card_html(figure, start, head, caption, address, extra))


def _card_html(figure, start, head, caption, address="", extra=None):
    extra = extra or Extra()
    data = _state(figure, start, head) | (extra.data or {})
    identity, kinds, (first, second) = data["id"], data["kinds"], figure.languages
    source, said, right, maps = (
        data["start"][name] for name in ("source", "said", "right", "maps")
    )
    count = max(len(found["heads"]) for found in maps.values()) if extra.maps else 1
    if not extra.who:
        for kind in kinds:
            kind["asks"], kind["asked"] = ["", kind["asks"][1]], ["", kind["asked"][1]]
    drawn = [map_html(_map(kind, maps[kind["name"]], head - 1), identity) for kind in kinds]
    if not extra.maps:
        drawn, data["kinds"] = [], []
    sums = ("sum",) if extra.maps and figure.trained.settings.model == "transformer" else ()
    added = (*(("address",) if address else ()), *sums, *extra.scripts)
    scripts, classes = " ".join(("engine number_names map typed live", *added)), extra.classes
    # In a script element, only a "<" could end the data too early.
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return (
        f'<figure class="{f"board typed live {classes}".strip()}" id="{address or identity}" '
        f'data-scripts="{scripts}" '
        f'data-models="{escape(figure.name)}"><div class="ask">'
        f'<label><span>{label(figure.typed, figure.vocabulary)}</span><input type="text" '
        f'value="{escape(start)}" autocomplete="off" autocapitalize="off" '
        f'spellcheck="false" aria-describedby="{identity}-trouble" disabled>'
        f"<small>{hint(figure.typed, figure.vocabulary)}</small></label>"
        f"{_radios(identity, count, head)}</div>"
        f'<p class="trouble" id="{identity}-trouble" role="status"></p>'
        f'<p class="line"><span>{extra.labels[0]}</span><span><span class="words reads">'
        f"{words_html(source, 'source', first)}</span></span></p>"
        f'<p class="line"><span>{extra.labels[1]}</span><span><span class="words says">'
        f"{words_html([*said, '(end)'], 'said', second)}</span> "
        f'<span class="verdict" aria-live="polite">{_verdict(said, right, second)}</span>'
        f'</span></p>{extra.before}<div class="maps">{"".join(drawn)}</div>'
        f'<p class="say" aria-live="polite">{HINT}</p>{extra.after}{_caption_element(caption)}'
        f'<script type="application/json">{text}</script></figure>'
    )


def _state(figure, start, head):
    """Return all that the script needs to know, with what the model says to the first number."""
    source, right = figure.read(start)
    maps = figure.maps(source)
    kinds = []
    for kind in maps:
        asks, asked = figure.asked(kind)
        sides = [SIDES[KINDS[kind][0]], SIDES[KINDS[kind][1]]]
        one = {"name": kind, "title": figure.title(kind), "asks": asks, "asked": asked}
        kinds.append({**one, "sides": sides})
        if kind == "cross":
            kinds[-1]["tone"] = "attention"
        if kind == "decoder":
            kinds[-1]["shift"] = 1  # it is asked for what was said one before
    plain = {kind: _plain(found, figure.weights(found)) for kind, found in maps.items()}
    return {
        "id": f"live-{next(_numbers)}",
        "model": figure.name,
        "hint": HINT,
        "head": head - 1,
        "kinds": kinds,
        "start": {
            "source": source,
            "said": plain["cross"]["rows"][:-1],
            "right": right,
            "maps": plain,
        },
        **figure.typed.data(),
    }


def _plain(found, weights):
    """Return a map as JSON holds it; each weight with as few digits as tell it from others."""
    heads = [plain_weights(one) for one in weights]
    return {"rows": list(found.rows), "columns": list(found.columns), "heads": heads}


def _map(kind, found, head):
    """Return the map of one head, as `figures.maps` draws it."""
    heads = found["heads"]
    later = (lambda i, j: j > i) if kind["name"] == "decoder" else None
    weights = plain_weights(heads[min(head, len(heads) - 1)], later, LATER)
    return {**kind, "rows": found["rows"], "columns": found["columns"], "weights": weights}


def _radios(identity, count, head):
    """Return one radio button a head; nothing if there is only one."""
    if count == 1:
        return ""
    buttons = "".join(
        f'<label><input type="radio" name="{identity}-head" value="{i}" autocomplete="off" '
        f"disabled{' checked' if i == head - 1 else ''}><span>{i + 1}</span></label>"
        for i in range(count)
    )
    return f"<fieldset><legend>Head</legend>{buttons}</fieldset>"


def _verdict(said, right, language):
    if not right:
        return ""
    if list(said) == list(right):
        return '<span class="right">✓ right</span>'
    shown = " ".join(spoken(word, language) for word in right)
    return f'<span class="wrong">✗ wrong, it is:</span> {shown}'


# A live kernel: widgets, and the model itself.


def _show_widgets(figure, start, head, caption, controls=(), choose=None):
    import ipywidgets  # here, because a single widget in a built page would load scripts

    name = label(figure.typed, figure.vocabulary)
    typed = ipywidgets.Text(start, description=name, continuous_update=False)
    count = figure.heads(figure.maps(figure.read(start)[0]))
    heads = ipywidgets.RadioButtons(
        options=[(f"head {i + 1}", i) for i in range(count)],
        value=head - 1,
        layout={"width": "auto", "display": "none" if count == 1 else "flex"},
        orientation="horizontal",
    )
    picture = ipywidgets.Image(format="png", layout={"max_width": "100%"})
    said, words = ipywidgets.HTML(), ipywidgets.HTML(escape(caption))
    canvas = new_figure((8.6, 3.7))

    def update(_change=None):
        try:
            source, right = figure.read(typed.value)
            chosen = choose(figure, source, right) if choose else figure
            maps = chosen.maps(source)
        except Exception as error:  # a kernel would swallow it, and the picture seem stuck
            said.value = f"<b>{escape(str(error))}</b>"
            return
        _draw(canvas, figure, maps, heads.value)
        picture.value = _file(_pixels(canvas), "PNG", compress_level=1)
        said.value = _in_words(figure, source, maps, right, heads.value)

    update()
    typed.observe(update, names="value")
    for control in (heads, *controls):
        control.observe(update, names="value")
    rows = [ipywidgets.HBox([typed, heads]), *([ipywidgets.HBox(controls)] if controls else [])]
    display(ipywidgets.VBox([*rows, said, picture, words]))


def _draw(canvas, figure, maps, head):
    """Draw one head's maps side by side into a Matplotlib figure."""
    parts = panels(canvas, [figure.title(kind) for kind in maps])
    for panel, found in zip(parts, maps.values(), strict=True):
        layers, heads = found.weights.shape[:2]
        layer, own = divmod(min(head, layers * heads - 1), heads)
        attention_map(panel, found, layer=layer, head=own, room=(8, 8))


def _in_words(figure, source, maps, right, head):
    """Say what it reads and says, and, unseen, where each row looks most."""
    said, join = maps["cross"].rows[:-1], "" if unit(figure.vocabulary) == "letters" else " "
    spoken = []
    for kind, found in maps.items():
        weights = figure.weights(found)
        rows = zip(found.rows, weights[min(head, len(weights) - 1)], strict=True)
        most = [
            f"{row} looks most at {found.columns[w.argmax()]} ({w.max():.2f})" for row, w in rows
        ]
        spoken.append(f"{figure.title(kind)}: {'; '.join(most)}.")
    verdict = f" &nbsp; {_verdict(said, right, figure.languages[1])}"
    return (
        f"reads <i>{escape(join.join(source))}</i><br>says <i>{escape(' '.join(said))}</i>"
        f'{verdict}<span style="{UNSEEN}">{escape(" ".join(spoken))}</span>'
    )
