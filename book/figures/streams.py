"""One sequence that a trained model reads: type it, see all of its heads, take looks away.

It knows no model: it takes objects with parameters, settings and a task's words, such as
`helpers.runs.Trained`, and a function that runs them. In a kernel ipywidgets show what that
function, in NumPy, makes of what is typed. When the book is built, with STATIC_BOOK=1, the same
call writes the first state as HTML, and ``_static/stream.js`` runs the same models in the page.
"""

import itertools
import json
import math
import os
import re
from html import escape
from typing import NamedTuple

import numpy as np
from IPython.display import display

from figures.explore import UNSEEN, _caption_element, _file, _pixels, _show_html
from figures.maps import plain_weights, printed, spoken, words_html
from figures.plots import heatmap, new_figure

START, LEVELS, LONGEST = 1, 16, 120
MANY = 24  # places, from which on maps are larger, and less of them is read out
BLOCKS = ("First", "Second", "Third", "Fourth")
HINT = (
    "Point at a cell, or press a word: its row is read out here. Press a cell, and that look is "
    "cut; press a head, and it is silent."
)
#: What is typed in each kind of figure, by name of the field, its class, and what may stand there.
FIELDS = {
    "recall": (("List", "list", "letters with numbers"), ("Ask", "asks", "letters of the list")),
    "review": (("Review", "text", "in the words of the reviews"),),
    "number": (("Number", "asks", "10 to 999,999,999,999"),),
}
#: Rectangles of the map of a number that can be cut whole.
PARTS = ("source asks source", "target asks source", "target asks target")
ENDED = {"<end>": "(end)"}

_numbers = itertools.count(1)


class Question(NamedTuple):
    """What is read, and where it is answered.

    Attributes
    ----------
    words : list of str
        With ``(start)`` before the questions, or ``(reader)`` behind a review.
    places : list of int
        Where answers are said.
    rights : list of str or None
        The right ones, if they are known.
    prefix : int
        How many words stand before the questions or the reader.
    """

    words: list
    places: list
    rights: list
    prefix: int


class Without(NamedTuple):
    """What is taken away: looks, as pairs (i asks, j is asked); the look one back; heads; parts.

    Of a part, such as "target asks source", a place keeps the look at itself.
    """

    cuts: frozenset = frozenset()
    before: bool = False
    silent: tuple = ()
    parts: frozenset = frozenset()


NOTHING = Without()


def stream(
    models, run, *, kind, names, labels, legend, texts, tries, head, words=None, caption="", alt=""
):
    """Show what trained models say to a sequence, with all heads, and let looks be taken away.

    Parameters
    ----------
    models : list of object
        With ``params``, ``settings``, ``task.source_vocabulary`` and ``task.target_vocabulary``,
        see `helpers.runs.Trained`: decoder-only ones that were trained on the same task.
    run : callable
        (model, tokens (1, n), masks, silent) -> (logits (1, n, vocabulary), weights (1, blocks,
        heads, n, n)), see `helpers.measures.without_looks`.
    kind : {"recall", "review", "number"}
        A list of pairs and questions, a review and its reader, or a number in French and, word by
        word, in English: each English word is said after the right ones before it.
    names, labels : list of str
        The models' files on the page are ``_static/live/NAME.js``; labels tell them apart.
    legend : str
        What the labels are.
    texts : list of str
        What stands in the fields at first: list and questions, or a review.
    tries : list of (str, list of str)
        Label and texts of what can be tried with one press.
    head : (int, int)
        Block and head, from 1, whose row of the last answer is read out at first.
    words : callable, optional
        For numbers: (number, language) -> list of str.
    caption : str
        What to try and to see; shown below the figure.
    alt : str
        What the figure shows at first.

    Raises
    ------
    ValueError
        If the kind is unknown, or what stands there at first is no question.

    Examples
    --------
    >>> stream([runs.load("reviews_0")], measures.without_looks, kind="review",
    ...        names=["reviews_0"], labels=["1"], legend="Model",
    ...        texts=["the plot was not dull ."], tries=[], head=(1, 1))  # doctest: +SKIP
    """
    if kind not in FIELDS:
        raise ValueError(f"kind {kind!r} must be one of {list(FIELDS)}")
    figure = _Figure(models, run, kind, names, labels, legend, texts, tries, head, words)
    present = _show_card if os.environ.get("STATIC_BOOK") == "1" else _show_widgets
    present(figure, caption, alt)


class _Figure:
    """What both ways of showing need."""

    def __init__(self, models, run, kind, names, labels, legend, texts, tries, head, words=None):
        self.words = words
        self.models, self.run, self.kind, self.names = models, run, kind, names
        self.labels, self.legend, self.texts, self.tries = labels, legend, texts, tries
        self.head = head

    def read(self, texts):
        """Return the `Question` that was typed; a ValueError says what is wrong with it."""
        if self.kind == "number":
            question = read_number(texts, self.words)
        else:
            reader = {"recall": read_recall, "review": read_review}[self.kind]
            question = reader(texts, self.models[0].task.source_vocabulary)
        if len(question.words) > LONGEST:
            raise ValueError(f"It reads no more than {LONGEST} words here.")
        return question

    def compute(self, question, model=0, without=NOTHING):
        """Return the state that the page holds: names of rows and columns, answers, maps."""
        trained = self.models[model]
        source, target = trained.task.source_vocabulary, trained.task.target_vocabulary
        first = 0 if source == target else len(source)
        words, count = question.words, trained.settings.layers
        signs = {"(start)": first + START, "(reader)": first + START}
        tokens = np.array(
            [
                signs[word]
                if word in signs
                else source.index(word)
                if i < question.prefix
                else first + target.index(word)
                for i, word in enumerate(words)
            ]
        )
        allowed = _allowed(len(words), question.prefix, trained.settings.mask == "prefix")
        masks = [_without(allowed, without, layer, question.prefix) for layer in range(count)]
        silent = [(layer, head) for layer, head in without.silent if layer < count]
        [logits], [weights] = self.run(trained, tokens[None], masks, silent)
        answers = [
            _answer(logits[place, first:], target, words[place], place, right)
            for place, right in zip(question.places, question.rights, strict=True)
        ]
        rows = [*words[: question.prefix], *words[question.prefix + 1 :], ""]
        for answer in answers:
            rows[answer["place"]] = answer["said"]
        layers = [[plain_weights(one) for one in heads] for heads in weights]
        return {
            "rows": rows,
            "columns": list(words),
            "prefix": question.prefix,
            "answers": answers,
            "allowed": allowed.tolist(),
            "layers": layers,
        }


def _allowed(n, prefix, sees_prefix):
    """Who may ask whom: what stands before, and in a prefix all of it."""
    places = np.arange(n)
    back = places <= places[:, None]
    return back | (places < prefix) if sees_prefix else back


def _without(allowed, without, layer, prefix):
    mask = allowed.copy()
    target = np.arange(len(mask)) >= prefix
    for part in without.parts:
        asks, asked = (name == "target" for name in part.split(" asks "))
        cut = (target[:, None] == asks) & (target == asked) & ~np.eye(len(mask), dtype=bool)
        mask &= ~cut
    for i, j in without.cuts:
        mask[i, j] = False
    if without.before and layer == 0:
        mask &= ~np.eye(len(mask), k=-1, dtype=bool)
    return mask


def _answer(logits, target, asked, place, right):
    chances = np.exp(logits - logits.max())
    chances /= chances.sum()
    best = int(chances.argmax())
    chance = float(str(np.float32(chances[best])))
    said = ENDED.get(target[best], target[best])
    return {"place": place, "asked": asked, "said": said, "right": right, "chance": chance}


# What is typed, as the script reads it.


def read_review(texts, vocabulary):
    """Return the `Question` that a typed review is.

    Raises
    ------
    ValueError
        With a sentence, if it is empty or holds a word that the model does not know.

    Examples
    --------
    >>> read_review(["Not dull."], ("<pad>", "<start>", "<end>", ".", "dull", "not")).words
    ['not', 'dull', '.', '(reader)']
    """
    words = [word for word in re.split(r"[\s,]+", texts[0].lower().replace(".", " . ")) if word]
    if not words:
        raise ValueError("Type a review.")
    known = vocabulary[3:]
    strange = next((word for word in words if word not in known), None)
    if strange:
        raise ValueError(f"It has never read “{strange}”. It knows {', '.join(known)}.")
    return Question([*words, "(reader)"], [len(words)], [None], len(words))


def read_number(texts, words):
    """Return the `Question` that a typed number is: French words, and the English ones to say.

    Raises
    ------
    ValueError
        With a sentence, if it is no number that the models have learned.

    Examples
    --------
    >>> said = {"fr": ["dix", "sept"], "en": ["seventeen"]}
    >>> question = read_number(["17"], lambda number, language: said[language])
    >>> question.words, question.rights
    (['dix', 'sept', '(start)', 'seventeen'], ['seventeen', '(end)'])
    """
    plain = re.sub(r"[\s,._]", "", texts[0])
    if not re.fullmatch(r"[1-9]\d{1,11}", plain, re.ASCII):
        raise ValueError("Type a number from 10 to 999,999,999,999.")
    source, target = (words(int(plain), language) for language in ("fr", "en"))
    places = [*range(len(source), len(source) + len(target) + 1)]
    return Question([*source, "(start)", *target], places, [*target, "(end)"], len(source))


def read_recall(texts, vocabulary):
    """Return the `Question` that a typed list and typed letters are.

    Behind each question but the last stands the right number, as in training.

    Raises
    ------
    ValueError
        With a sentence, if the list is none, or a letter is asked for that is not in it.

    Examples
    --------
    >>> known = ("<pad>", "<start>", "<end>", "A", "B", "0", "1")
    >>> read_recall(["A 1, B 0", "b a"], known).words
    ['A', '1', 'B', '0', '(start)', 'B', '0', 'A']
    """
    listed, asked = ([w for w in re.split(r"[\s,;:=]+", text.upper()) if w] for text in texts)
    _require_list(listed, asked, vocabulary[3:])
    if not asked:
        raise ValueError(f"Ask for letters of the list, such as {listed[0]}.")
    for word in asked:
        if not word.isalpha() or word not in listed:
            raise ValueError(f"{word} is not in the list, so there is no number to find.")
    rights = [listed[listed.index(word) + 1] for word in asked]
    said = list(itertools.chain(*zip(asked, rights, strict=True)))[:-1]
    places = [len(listed) + 1 + 2 * k for k in range(len(asked))]
    return Question([*listed, "(start)", *said], places, rights, len(listed))


def _require_list(listed, asked, known):
    """Raise a ValueError, with a sentence, unless letters and numbers take turns."""
    if not listed:
        raise ValueError("Type letters with numbers, such as T 18 E 23.")
    letters, numbers = ([w for w in known if w.isalpha() == kind] for kind in (True, False))
    for word in (*listed, *asked):
        if word not in known:
            raise ValueError(
                f"It has never read “{word}”. It knows the letters {letters[0]} to {letters[-1]} "
                f"and the numbers {numbers[0]} to {numbers[-1]}."
            )
    wrong = [word for i, word in enumerate(listed) if word.isalpha() == bool(i % 2)]
    if wrong or len(listed) % 2:
        raise ValueError(
            "A list has a letter, its number, a letter, its number: "
            f"“{(wrong or listed[-1:])[0]}” stands in a wrong place."
        )
    twice = [word for i, word in enumerate(listed) if word in listed[:i]]
    if twice:
        raise ValueError(
            f"In its lists a letter or a number stands once: {twice[0]} is there twice."
        )


# The built book: the first state as HTML, as the script draws it.


def _show_card(figure, caption, alt):
    state = figure.compute(figure.read(figure.texts))
    identity = f"stream-{next(_numbers)}"
    extra = "number_names " if figure.kind == "number" else ""
    data = {
        "id": identity,
        "kind": figure.kind,
        "models": figure.names,
        "model": 0,
        "hint": HINT,
        "longest": LONGEST,
        "held": {
            "layer": figure.head[0] - 1,
            "head": figure.head[1] - 1,
            "i": state["answers"][-1]["place"],
        },
        "tries": [{"texts": texts} for _, texts in figure.tries],
        "start": state,
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    _show_html(
        f'<figure class="board stream {figure.kind}" data-scripts="engine {extra}map stream" '
        f'data-models="{escape(" ".join(figure.names))}" style="--n:{len(state["rows"])};'
        f'--left:{_pixels_of(state["rows"])}px;--top:{_pixels_of(state["columns"])}px">'
        f'<p class="unseen">{escape(alt)}</p>'
        f'<div class="ask">{_fields(figure, identity)}{_radios(figure, identity)}</div>'
        f'{_buttons(figure)}<p class="trouble" id="{identity}-trouble" role="status"></p>'
        f'<p class="line"><span>reads</span><span><span class="words reads">'
        f"{words_html(state['columns'], 'column', '')}</span></span></p>"
        f'<p class="line"><span>says</span><span aria-live="polite"><span class="words says">'
        f'{_answers_html(state["answers"])}</span> <span class="whole"></span></span></p>'
        f'<div class="maps">{_blocks_html(state, identity)}</div>'
        f'<p class="say" aria-live="polite">{HINT}</p>{_caption_element(caption)}'
        f'<script type="application/json">{text}</script></figure>'
    )


def _pixels_of(names):
    """Return the room beside or above a map that the longest of these names needs."""
    return math.ceil(max(map(len, names)) * 6.8) + 12


def _fields(figure, identity):
    return "".join(
        f'<label class="{name}"><span>{label}</span><input type="text" value="{escape(text)}" '
        f'autocomplete="off" spellcheck="false" aria-describedby="{identity}-trouble" disabled>'
        f"<small>{hint}</small></label>"
        for (label, name, hint), text in zip(FIELDS[figure.kind], figure.texts, strict=True)
    )


def _radios(figure, identity):
    buttons = "".join(
        f'<label><input type="radio" name="{identity}-model" value="{i}" autocomplete="off" '
        f"disabled{' checked' if i == 0 else ''}><span>{escape(label)}</span></label>"
        for i, label in enumerate(figure.labels)
    )
    return f"<fieldset><legend>{escape(figure.legend)}</legend>{buttons}</fieldset>"


def _buttons(figure):
    tries = "".join(
        f'<button type="button" data-try="{k}" disabled>{escape(label)}</button>'
        for k, (label, _) in enumerate(figure.tries)
    )
    before = (
        '<button type="button" class="before" aria-pressed="false" disabled>'
        "cut the look at the place before (first block)</button>"
    )
    parts = "".join(
        f'<button type="button" class="part" data-part="{part}" aria-pressed="false" disabled>'
        f"cut: {part}</button>"
        for part in PARTS
    )
    more = {"recall": before, "number": parts}.get(figure.kind, "")
    return (
        f'<div class="tries">{tries}{more}'
        '<button type="button" class="again" disabled>every look again</button></div>'
    )


def _answers_html(answers):
    parts = []
    for answer in answers:
        said, right = answer["said"], answer["right"]
        asked = f"{spoken(answer['asked'], '')} → " if right is not None else ""
        sign = "" if right is None else " ✓" if said == right else f" ✗ it is {escape(right)}"
        kind = "" if right is None else f' class="{"right" if said == right else "wrong"}"'
        parts.append(
            f'<button type="button" data-side="row" data-place="{answer["place"]}" '
            f'aria-pressed="false">{asked}<b>{escape(said)}</b> '
            f"<small>{printed(answer['chance'])}</small><span{kind}>{sign}</span></button>"
        )
    return "".join(parts)


def _blocks_html(state, identity):
    blocks = []
    for layer, heads in enumerate(state["layers"]):
        parts = []
        for head in range(len(heads)):
            if head % 2 == 0:
                parts.append(_row_names(state["rows"], " second" if head % 4 else ""))
            parts.append(_head_html(state, layer, head, identity))
        blocks.append(
            f'<div class="block"><p class="title">{BLOCKS[layer]} block</p>'
            f'<div class="heads">{"".join(parts)}</div></div>'
        )
    return "".join(blocks)


def _names(names):
    return "".join(
        f'<span style="--k:{k}">{spoken(name, "")}</span>' for k, name in enumerate(names)
    )


def _row_names(rows, extra):
    return f'<div class="names rows{extra}" aria-hidden="true"><div>{_names(rows)}</div></div>'


def _head_html(state, layer, head, identity):
    """Return one map (`headHTML` in the script)."""
    weights, n = state["layers"][layer][head], len(state["rows"])
    label, own = f"{BLOCKS[layer]} block, head {head + 1}", f"{identity}-{layer}-{head}"
    return (
        f'<div class="head" data-layer="{layer}" data-head="{head}">'
        f'<button type="button" class="name" aria-pressed="false" '
        f'aria-label="{label}: silent">head {head + 1}</button>'
        f'<div class="names columns" aria-hidden="true">{_names(state["columns"])}</div>'
        f'<div class="ground" role="grid" aria-label="{label}" aria-describedby="{own}" '
        f'aria-rowcount="{n}" aria-colcount="{n}">'
        f'<svg viewBox="0 -0.46 {n} {n}" aria-hidden="true">'
        f'{_cells(weights, state["allowed"])}{_cross(state)}<path class="cuts"/>'
        f'<rect class="lit" width="{n}" '
        f'height="1" y="-9"/></svg><div role="row" aria-rowindex="1"><span role="gridcell" '
        f'tabindex="0" aria-colindex="1" style="--i:0;--j:0" '
        f'aria-label="{printed(weights[0][0])}"></span></div></div>'
        f'<p class="unseen" id="{own}">{escape(_most(state, weights))}.</p></div>'
    )


def _cross(state):
    """Return the frame around the looks of a target at its source (`crossHTML` in the script)."""
    prefix, n = state["prefix"], len(state["rows"])
    if len(state["answers"]) < n - prefix:  # what follows is no target
        return ""
    return f'<rect class="cross" y="{prefix - 0.5:g}" width="{prefix}" height="{n - prefix}"/>'


def _cells(weights, allowed):
    """Return the cells as paths, one for each step of the colour (`cellsHTML` in the script)."""
    steps = [""] * (LEVELS + 1)
    for i, row in enumerate(weights):
        steps[0] += f"M0 {i}h{max(j for j, may in enumerate(allowed[i]) if may) + 1}"
        for j, weight in enumerate(row):
            step = math.floor(math.sqrt(weight) * LEVELS + 0.5)
            if step:
                steps[step] += f"M{j} {i}h.92"
    return "".join(
        f'<path style="--s:{printed(step / LEVELS, 3)}" d="{path}"/>'
        for step, path in enumerate(steps)
        if path
    )


def _most(state, weights):
    """Say where each row looks most; of a long sequence, the rows that answer."""
    rows, columns = state["rows"], state["columns"]
    places = range(len(rows))
    if len(rows) > MANY:
        places = [answer["place"] for answer in state["answers"]]
    most = {i: int(np.argmax(weights[i])) for i in places}
    return "; ".join(
        f"{rows[i]} looks most at {columns[j]} ({printed(weights[i][j])})" for i, j in most.items()
    )


# A live kernel: widgets, and the models themselves.


def _show_widgets(figure, caption, alt):
    import ipywidgets  # here, because a single widget in a built page would load scripts

    fields, chosen, cuts, silent, before, parts = _controls(figure, ipywidgets)
    picture = ipywidgets.Image(format="png", layout={"max_width": "100%"})
    said = ipywidgets.HTML()
    more = {"recall": [before], "number": [*parts.values()]}.get(figure.kind, [])
    controls = [*fields, chosen, cuts, silent, *more]

    def update(_change=None):
        try:
            question = figure.read([field.value for field in fields])
            without = Without(
                frozenset(_pairs(cuts.value, len(question.words))),
                before.value,
                tuple((block - 1, head - 1) for block, head in _pairs(silent.value)),
                frozenset(part for part, box in parts.items() if box.value),
            )
            state = figure.compute(question, chosen.value, without)
        except Exception as error:  # a kernel would swallow it, and the picture seem stuck
            said.value = f"<b>{escape(str(error))}</b>"
            return
        canvas = new_figure((9.6, 2.7 * len(state["layers"])))
        _draw(canvas, state)
        picture.value = _file(_pixels(canvas), "PNG", compress_level=1)
        said.value = _in_words(state, alt)

    update()
    for control in controls:
        control.observe(update, names="value")
    display(ipywidgets.VBox([*controls, said, picture, ipywidgets.HTML(escape(caption))]))


def _controls(figure, ipywidgets):
    """Return what can be typed and switched: fields, model, cuts, heads, place before, parts."""
    fields = [
        ipywidgets.Text(text, description=label, continuous_update=False, layout={"width": "30em"})
        for (label, _, _), text in zip(FIELDS[figure.kind], figure.texts, strict=True)
    ]
    chosen = ipywidgets.RadioButtons(
        options=[(label, i) for i, label in enumerate(figure.labels)],
        description=figure.legend,
        orientation="horizontal",
    )
    cuts = ipywidgets.Text(
        description="cut", placeholder="who asks, whom: 4 3, 6 3", continuous_update=False
    )
    silent = ipywidgets.Text(
        description="silent", placeholder="block and head: 1 3, 2 4", continuous_update=False
    )
    before = ipywidgets.Checkbox(description="cut the look at the place before (first block)")
    parts = {part: ipywidgets.Checkbox(description=f"cut: {part}") for part in PARTS}
    return fields, chosen, cuts, silent, before, parts


def _pairs(text, below=None):
    """Return the pairs of whole numbers that are typed as "4 3, 6 3".

    Examples
    --------
    >>> _pairs("4 3, 6 3")
    [(4, 3), (6, 3)]
    """
    pairs = [tuple(map(int, part.split())) for part in text.split(",") if part.strip()]
    if any(len(pair) != 2 or (below and not max(pair) < below) for pair in pairs):
        raise ValueError(f"“{text}” must be pairs of places from 0, such as 4 3, 6 3.")
    return pairs


def _draw(canvas, state):
    """Draw all heads, a row of them for each block, into a Matplotlib figure."""
    blocks = canvas.subfigures(len(state["layers"]), 1, squeeze=False)[:, 0]
    for layer, (block, heads) in enumerate(zip(blocks, state["layers"], strict=True)):
        parts = block.subfigures(1, len(heads), squeeze=False)[0]
        for head, (part, weights) in enumerate(zip(parts, heads, strict=True)):
            title = f"{BLOCKS[layer].lower()} block, head {head + 1}"
            heatmap(part, np.array(weights), rows=state["rows"], columns=state["columns"])
            part.suptitle(title, fontsize="small")


def _in_words(state, alt):
    """Say what it reads and says, and, unseen, what the figure shows at first."""
    places = " ".join(f"{escape(word)}<sub>{i}</sub>" for i, word in enumerate(state["columns"]))
    return (
        f"reads {places}<br>says {_answers_html(state['answers'])}"
        f'<span style="{UNSEEN}">{escape(alt)}</span>'
    )
