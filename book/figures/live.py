"""A trained model at the reader's hand: type a number, see what it says and where it looks.

It knows no model: it takes an object with parameters, settings and a task's words, such as
`helpers.runs.Trained`. In a kernel (Lab, Binder, Colab) `live` shows ipywidgets, and what is typed
goes through that object. When the book is built, with STATIC_BOOK=1, the same call writes the
first state as HTML, and the page's own scripts, ``_static/engine.js`` and ``live.js``, run the
same model on what is typed. The model's file, which `packed` makes, is loaded when the reader
first types.
"""

import base64
import itertools
import json
import os
import re
from html import escape

import numpy as np
from IPython.display import display

from figures.explore import UNSEEN, _caption_element, _file, _pixels, _show_html
from figures.maps import map_html, plain_weights, spoken, words_html
from figures.plots import attention_map, new_figure, panels

#: Names of languages, as they stand in titles.
LANGUAGES = {"en": "English", "fr": "French", "de": "German"}
#: The kinds of attention in their order on the page, with what asks, what is asked and a title.
KINDS = {
    "encoder": (0, 0, "{source} asks {source}"),
    "decoder": (1, 1, "{target} asks {target} so far"),
    "cross": (1, 0, "{target} asks {source}"),
}
SIDES = ("source", "said")  # whose words those are, in the page
LATER = "not said yet"
#: What the script runs, of the settings that choose a model's formulas.
KNOWN = {
    "model": ("recurrent", "transformer", "decoder_only"),
    "encoder": ("gru", "self_attention"),
    "attention": ("after", "inside"),
    "score": ("dot", "scaled_dot", "general", "additive"),
    "positions": ("sinusoidal", "learned", "rotary", "alibi", "none"),
    "norm": ("pre", "post", "none"),
    "mask": ("causal", "prefix"),
    "residual": (True, False),
    "reversed_source": (False,),
}
NEEDED = (*KNOWN, "summary", "attend")
LONGEST = 120  # tokens of what may be typed
HINT = "Point at a cell, or press a word: its row is read out here."

_numbers = itertools.count(1)


def live(trained, *, name, words, languages, numbers, start, head=1, caption=""):
    """Show what a trained model says to a number, and all its attention, for any number typed.

    Parameters
    ----------
    trained : object
        With ``params`` (a nested dict of arrays), ``settings``, ``task.source_vocabulary`` and
        ``task.target_vocabulary``, and ``maps(words)``: kind -> object with ``weights`` (layers,
        heads, n_rows, n_columns), ``rows`` and ``columns``; see `helpers.runs.Trained`.
    name : str
        The model's file on the page is ``_static/live/NAME.js``.
    words : callable
        (number, language) -> list of str
    languages : (str, str)
        Of what is read and of what is said: two of ``en``, ``fr`` and ``de``.
    numbers : (int, int)
        The smallest and the largest that the model has learned.
    start : int
        The number that stands there at first.
    head : int
        The head that is shown at first, from 1.
    caption : str
        What to see in the figure; shown below it.

    Raises
    ------
    ValueError
        If a language is unknown, a number is not among those learned, there is no such head, or
        the page's script knows no such model.

    Examples
    --------
    >>> live(runs.load("french_transformer"), name="french_transformer", start=421,
    ...      words=tasks.number_words, languages=("fr", "en"), numbers=(10, 999))
    ... # doctest: +SKIP
    """
    for language in languages:
        if language not in LANGUAGES:
            raise ValueError(f"language {language!r} must be one of {list(LANGUAGES)}")
    _require_known(trained.settings)
    if trained.settings.model == "decoder_only":
        raise ValueError("live shows models that translate; this one has model = 'decoder_only'")
    least, most = numbers
    if not least <= start <= most:
        raise ValueError(f"start = {start} must be a number from {least} to {most}")
    figure = _Figure(trained, name, words, languages, numbers)
    count = figure.heads(figure.maps(words(start, languages[0])))
    if not 1 <= head <= count:
        raise ValueError(f"head = {head} must be one of 1 to {count}")
    present = _show_card if os.environ.get("STATIC_BOOK") == "1" else _show_widgets
    present(figure, start, head, caption)


def packed(trained, name):
    r"""Return the file with which a page runs a model: whole numbers of 16 bits, as a script.

    Parameters
    ----------
    trained : object
        See `live`.
    name : str

    Returns
    -------
    str
        A call of ``engine.arrive`` with the settings, the vocabularies, the name, shape and scale
        of each array, and all of their numbers, divided by that scale, as base64.

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
    ...     attend=True,
    ... )
    >>> task = SimpleNamespace(source_vocabulary=("a",), target_vocabulary=("b",))
    >>> params = {"output": {"bias": np.array([0.5, -1.0])}}
    >>> small = SimpleNamespace(params=params, settings=settings, task=task)
    >>> packed(small, "small")[-22:]
    '"data": "AEABgA=="});\n'
    """
    settings = _require_known(trained.settings)
    arrays, whole = [], []
    for path, array in _flat(trained.params):
        scale = float(f"{np.abs(array).max() / 32767 or 1:.8g}")
        arrays.append([path, list(array.shape), scale])
        whole.append(np.clip(np.round(array / scale), -32767, 32767).astype("<i2").ravel())
    model = {
        "settings": settings,
        "source": list(trained.task.source_vocabulary),
        "target": list(trained.task.target_vocabulary),
        "arrays": arrays,
        "data": base64.b64encode(np.concatenate(whole).tobytes()).decode(),
    }
    return f"engine.arrive({json.dumps(name)}, {json.dumps(model, ensure_ascii=False)});\n"


def _require_known(settings):
    """Return what the script needs of the settings; raise if it can't run such a model."""
    for setting, known in KNOWN.items():
        if getattr(settings, setting) not in known:
            raise ValueError(
                f"engine.js knows no {setting} = {getattr(settings, setting)!r}, only {list(known)}"
            )
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

    def __init__(self, trained, name, words, languages, numbers):
        self.trained, self.name, self.words = trained, name, words
        self.languages, self.numbers = languages, numbers

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
        source, target = (LANGUAGES[language] for language in self.languages)
        return KINDS[kind][2].format(source=source, target=target)

    def asked(self, kind):
        """Name and language of what asks, and of what is asked."""
        sides = [[LANGUAGES[language], language] for language in self.languages]
        return sides[KINDS[kind][0]], sides[KINDS[kind][1]]

    def read(self, text):
        """Return the words of what was typed, and those that it should say, if they are known.

        Raises a ValueError with a sentence if nothing can be made of it.
        """
        first, second = self.languages
        least, most = self.numbers
        expected = f"a whole number from {least:,} to {most:,}"
        if not text.strip():
            raise ValueError(f"Type {expected}, or number words.")
        if not re.search(r"\d", text):
            separated = text.lower() if first != "de" else text
            return (list(text) if first == "de" else re.split(r"[\s-]+", separated.strip())), None
        grouped = re.fullmatch(r"\d+|\d{1,3}([\s,.'’]\d{3})+", text.strip())
        number = int(re.sub(r"\D", "", text)) if grouped else least - 1
        if not least <= number <= most:
            raise ValueError(f"It has learned no {text}: type {expected}.")
        return self.words(number, first), self.words(number, second)


# The built book: the first state as HTML, and the numbers in it for the script.


def _show_card(figure, start, head, caption):
    data = _state(figure, start, head)
    identity, kinds, (first, second) = data["id"], data["kinds"], figure.languages
    source, said, right, maps = (
        data["start"][name] for name in ("source", "said", "right", "maps")
    )
    count = max(len(found["heads"]) for found in maps.values())
    drawn = [map_html(_map(kind, maps[kind["name"]], head - 1), identity) for kind in kinds]
    # In a script element, only a "<" could end the data too early.
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    _show_html(
        f'<figure class="board live" data-scripts="engine number_names map live" '
        f'data-models="{escape(figure.name)}"><div class="ask">'
        f'<label><span>Number</span><input type="text" value="{start:,}" autocomplete="off" '
        f'spellcheck="false" aria-describedby="{identity}-trouble" disabled>'
        f"<small>digits, or {LANGUAGES[first]} words</small></label>"
        f"{_radios(identity, count, head)}</div>"
        f'<p class="trouble" id="{identity}-trouble" role="status"></p>'
        f'<p class="line"><span>reads</span><span><span class="words reads">'
        f"{words_html(source, 'source', first)}</span></span></p>"
        f'<p class="line"><span>says</span><span><span class="words says">'
        f"{words_html([*said, '(end)'], 'said', second)}</span> "
        f'<span class="verdict" aria-live="polite">{_verdict(said, right, second)}</span>'
        f'</span></p><div class="maps">{"".join(drawn)}</div>'
        f'<p class="say" aria-live="polite">{HINT}</p>{_caption_element(caption)}'
        f'<script type="application/json">{text}</script></figure>'
    )


def _state(figure, start, head):
    """Return all that the script needs to know, with what the model says to the first number."""
    source, right = figure.read(str(start))
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
        "languages": figure.languages,
        "range": figure.numbers,
        "longest": LONGEST,
        "hint": HINT,
        "head": head - 1,
        "kinds": kinds,
        "start": {
            "source": source,
            "said": plain["cross"]["rows"][:-1],
            "right": right,
            "maps": plain,
        },
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
    if list(said) == list(right):
        return '<span class="right">✓ right</span>'
    shown = " ".join(spoken(word, language) for word in right)
    return f'<span class="wrong">✗ wrong, it is:</span> {shown}'


# A live kernel: widgets, and the model itself.


def _show_widgets(figure, start, head, caption):
    import ipywidgets  # here, because a single widget in a built page would load scripts

    typed = ipywidgets.Text(f"{start:,}", description="Number", continuous_update=False)
    count = figure.heads(figure.maps(figure.read(str(start))[0]))
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
            maps = figure.maps(source)
        except Exception as error:  # a kernel would swallow it, and the picture seem stuck
            said.value = f"<b>{escape(str(error))}</b>"
            return
        _draw(canvas, figure, maps, heads.value)
        picture.value = _file(_pixels(canvas), "PNG", compress_level=1)
        said.value = _in_words(figure, source, maps, right, heads.value)

    update()
    typed.observe(update, names="value")
    heads.observe(update, names="value")
    display(ipywidgets.VBox([ipywidgets.HBox([typed, heads]), said, picture, words]))


def _draw(canvas, figure, maps, head):
    """Draw one head's maps side by side into a Matplotlib figure."""
    parts = panels(canvas, [figure.title(kind) for kind in maps])
    for panel, found in zip(parts, maps.values(), strict=True):
        layers, heads = found.weights.shape[:2]
        layer, own = divmod(min(head, layers * heads - 1), heads)
        attention_map(panel, found, layer=layer, head=own, room=(8, 8))


def _in_words(figure, source, maps, right, head):
    """Say what it reads and says, and, unseen, where each row looks most."""
    said, join = maps["cross"].rows[:-1], "" if figure.languages[0] == "de" else " "
    spoken = []
    for kind, found in maps.items():
        weights = figure.weights(found)
        rows = zip(found.rows, weights[min(head, len(weights) - 1)], strict=True)
        most = [
            f"{row} looks most at {found.columns[w.argmax()]} ({w.max():.2f})" for row, w in rows
        ]
        spoken.append(f"{figure.title(kind)}: {'; '.join(most)}.")
    verdict = f" &nbsp; {_verdict(said, right, figure.languages[1])}" if right else ""
    return (
        f"reads <i>{escape(join.join(source))}</i><br>says <i>{escape(' '.join(said))}</i>"
        f'{verdict}<span style="{UNSEEN}">{escape(" ".join(spoken))}</span>'
    )
