"""The gallery of bugs: an index by what one sees, a card a bug, and a table of what they cost.

A card is plain HTML. Its guess is a question as in `quiz`, its map one of `maps`, and what it keeps
back stands in a fold that opens without a script. None of it knows a model: an entry is any object
with the fields that are used here, such as those of ``helpers.bugs.gallery``.
"""

import difflib
import os
import random
from html import escape
from pathlib import Path

import numpy as np

from figures.explore import _show_html
from figures.listing import body
from figures.maps import a_map, maps_html
from figures.quiz import _fieldset

STATIC = Path(__file__).parents[1] / "_static"
#: What accuracy is measured of, and how it is told.
MEASURES = {
    "alone": ("one length", "with a teacher, sources of one length in a batch"),
    "padded": ("padded", "with a teacher, all lengths in one padded batch"),
    "written": ("written", "what it writes by itself"),
    "mended": ("mended", "the same weights, with the right function back in place"),
}
SIGNS = {
    "lower": ("▼", "lower in every run"),
    "higher": ("▲", "higher in every run"),
    "same": ("≈", "not told apart"),
}
TEXT = {
    "guess": "What is wrong?",
    "right": "Yes. The fold below has the two versions, what it costs, and the check.",
    "wrong": "That would show differently: {symptom}",
    "fold": "The two versions, the cost, the check",
    "unmeasured": "Not measured: {why}",
    "seen": "Threads in {count} public {kind}: {threads}.",
}


def show_index(entries, sights):
    """Show the titles of all bugs, and which of them have what one sees.

    Parameters
    ----------
    entries : iterable of object
        With ``name``, ``title`` and ``sights``.
    sights : dict of str to str
        What one may see, by its short name.

    Examples
    --------
    >>> show_index([], {"nan": "NaN"})  # doctest: +SKIP
    """
    entries = list(entries)
    options = "".join(
        f'<label><input type="radio" name="sight" value="{key}" autocomplete="off"'
        f"{' checked' if key == 'all' else ''}><span>{escape(text)}</span></label>"
        for key, text in {"all": "anything", **sights}.items()
    )
    items = "".join(
        f'<li data-sights="{" ".join(one.sights)}"><a href="#{one.name}">{escape(one.title)}</a>'
        "</li>"
        for one in entries
    )
    _show(
        f'<section class="bug-index" data-scripts="gallery" aria-label="Bugs by what you see">'
        f"<fieldset><legend>What do you see?</legend><div>{options}</div></fieldset>"
        f'<p role="status">{len(entries)} bugs</p><ol>{items}</ol></section>'
    )


def show_bugs(entries, chosen, costs, unmeasured):
    """Show a card for each of some bugs.

    Parameters
    ----------
    entries : dict of str to object
        All entries by name.
    chosen : iterable of str
        Names of those to show.
    costs : dict of str to dict
        What was measured: for each name, a measure (see `MEASURES`) -> (values of the right
        version, values of the wrong one, "lower", "higher" or "same").
    unmeasured : dict of str to str
        Why the others were not measured.

    Examples
    --------
    >>> show_bugs({}, [], {}, {})  # doctest: +SKIP
    """
    for name in chosen:
        cost = _cost(costs[name]) if name in costs else _paragraph("unmeasured", unmeasured[name])
        _show(card_html(entries[name], entries, cost))


def card_html(one, entries, cost):
    """Return a bug's card: what one sees, a guess, and the rest in a fold.

    Examples
    --------
    >>> card_html(None, {}, "")  # doctest: +SKIP
    """
    return (
        f'<section class="bug" id="{one.name}" data-scripts="gallery quiz">'
        f'<h3>{escape(one.title)}<a class="headerlink" href="#{one.name}" '
        f'title="Link to this bug">#</a></h3><p class="see">{escape(one.bug.symptom)}</p>'
        f"{_seen(one)}{_guess(one, entries)}<details><summary>{TEXT['fold']}"
        f'<span class="unseen">: {escape(one.title)}</span></summary>'
        f"<p><b>The mistake:</b> {escape(one.bug.mistake)}</p>{_needs(one)}{_versions(one)}"
        f"<h4>What it costs</h4>{cost}{_check(one)}"
        f"<h4>In PyTorch</h4><p>The same slip, and behind the # what is right:</p>"
        f"{_pre(escape(one.pytorch))}{_in_the_wild(one)}</details></section>"
    )


def _show(html):
    """Show HTML; in a kernel, with the styles that a page of the book has from its head."""
    if os.environ.get("STATIC_BOOK") != "1":
        sheets = [
            (STATIC / f"{name}.css").read_text("utf-8") for name in ("gallery", "quiz", "map")
        ]
        sheets.append(".quiz input:checked ~ .reason { display: block; }")
        html = f"<style>{''.join(sheets)}</style>{html}"
    _show_html(html)


def _pre(code):
    """Return code, which the keyboard can scroll where it is too wide."""
    return f'<pre tabindex="0">{code}</pre>'


def _paragraph(kind, why):
    return f"<p>{TEXT[kind].format(why=escape(why))}</p>"


def _needs(one):
    return f"<p>It runs with {escape(one.bug.needs)}.</p>" if one.bug.needs else ""


# ---- what one sees -----------------------------------------------------------------------------


def _seen(one):
    """Return the small array of both versions: as maps, or as numbers."""
    with np.errstate(all="ignore"):
        right, wrong = (
            np.asarray(one.show(f), dtype=float) for f in (one.bug.right, one.bug.wrong)
        )
    if not one.is_map:
        return (
            f'<div class="both">{_numbers(one, wrong, right, "with the bug")}'
            f"{_numbers(one, right, wrong, 'as it should be')}</div>"
        )
    maps = [
        a_map(
            np.where(np.isinf(values), np.nan, values),
            one.rows,
            one.columns,
            title=title,
            name=name,
            reason="NaN",
        )
        for values, title, name in (
            (wrong, "with the bug", "wrong"),
            (right, "as it should be", "right"),
        )
    ]
    return maps_html(*maps, alt=f"Two maps, with the bug and as it should be. {one.bug.symptom}")


def _numbers(one, values, others, title):
    """Return a table of numbers; those that differ from the other version's are marked."""
    head = "".join(f"<th>{escape(name)}</th>" for name in one.columns)

    def cell(value, other):
        text = f"{value:.2f}"
        return f"<td>{text if np.isclose(value, other) else f'<mark>{text}</mark>'}</td>"

    rows = "".join(
        f"<tr><th>{escape(name)}</th>{''.join(map(cell, row, beside))}</tr>"
        for name, row, beside in zip(one.rows, values, others, strict=True)
    )
    return (
        f'<div class="numbers" tabindex="0"><table><caption>{title}</caption><thead><tr><td></td>'
        f"{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _guess(one, entries):
    answers = [{"answer": _sentence(one.bug.mistake), "correct": True, "feedback": TEXT["right"]}]
    for name in one.others:
        other = entries[name].bug
        feedback = TEXT["wrong"].format(symptom=other.symptom)
        answers.append({"answer": _sentence(other.mistake), "correct": False, "feedback": feedback})
    random.Random(one.name).shuffle(answers)
    field = _fieldset(f"guess-{one.name}", TEXT["guess"], answers)
    label = escape(f"Guess: {one.title}")
    return f'<section class="quiz" data-scripts="quiz" aria-label="{label}">{field}</section>'


def _sentence(text):
    """Begin a sentence with a capital.

    Examples
    --------
    >>> _sentence("the mask has no effect.")
    'The mask has no effect.'
    """
    return text[:1].upper() + text[1:]


# ---- what the fold keeps back ------------------------------------------------------------------


def _versions(one):
    """Return both versions side by side, the lines that differ marked."""
    right, wrong = (_code(version, one.shown).splitlines() for version in (one.right, one.wrong))
    matcher, marked = difflib.SequenceMatcher(None, right, wrong, autojunk=False), ([], [])
    for kind, *places in matcher.get_opcodes():
        for side, lines, (start, end) in zip(
            marked, (right, wrong), (places[:2], places[2:]), strict=True
        ):
            side += [_line(line, kind != "equal") for line in lines[start:end]]
    return (
        f'<div class="both"><div><p>right</p>{_pre("".join(marked[0]))}</div>'
        f'<div class="wrong"><p>wrong</p>{_pre("".join(marked[1]))}</div></div>'
    )


def _line(line, is_marked):
    return f"<mark>{escape(line)}</mark>\n" if is_marked else f"{escape(line)}\n"


def _code(function, name):
    """Return the code of a version under the name that it stands for.

    Examples
    --------
    >>> print(_code(_line, "f").splitlines()[0])
    def f(line, is_marked):
    """
    return body(function).replace(f"def {function.__name__}(", f"def {name}(", 1)


def _check(one):
    with np.errstate(all="ignore"):
        verdict = one.check(one.bug.wrong)
    return (
        f"<h4>The check that finds it</h4>{_pre(escape(_code(one.check, 'check')))}"
        f"<p>With the bug it says: <i>{escape(str(verdict))}</i></p>"
    )


def _in_the_wild(one):
    threads = one.threads
    links = [f'<a href="{address}">{escape(name)}</a>' for name, address in threads.items()]
    kind = "repository" if one.repositories == 1 else "repositories"
    seen = TEXT["seen"].format(count=one.repositories, kind=kind, threads=", ".join(links))
    note = escape(one.note).replace("`", "")
    said = " ".join([seen] * bool(threads) + [note] * bool(note))
    return f"<h4>Seen in the wild</h4><p>{said or 'No thread was looked for.'}</p>"


def _cost(found):
    """Return what was measured of one bug, as a table."""
    rows = "".join(
        f"<tr><td>{MEASURES[name][1]}</td><td>{_spread(right)}</td>"
        f'<td>{_spread(wrong)} <span class="{sign}">{SIGNS[sign][1]}</span></td></tr>'
        for name, (right, wrong, sign) in found.items()
    )
    count = len(next(iter(found.values()))[1])
    return (
        f"<table><thead><tr><th>right answers, {count} seeds</th><th>right version</th>"
        f"<th>with the bug</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _spread(values):
    """Return the middle of several values, and their ends.

    Examples
    --------
    >>> _spread([0.9, 0.95, 0.7])
    '0.90 (0.70 to 0.95)'
    """
    return f"{np.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def show_costs(entries, costs, caption):
    """Show what all measured bugs cost, a row a bug, those first of which nothing can be seen.

    Parameters
    ----------
    entries : dict of str to object
    costs : dict of str to dict
        As for `show_bugs`.
    caption : str

    Examples
    --------
    >>> show_costs({}, {}, "")  # doctest: +SKIP
    """

    def seen(name):
        return [costs[name][one][2] != "same" for one in ("alone", "padded", "written")]

    head = "".join(f"<th>{short}</th>" for short, _ in MEASURES.values())
    rows = "".join(
        f'<tr><th><a href="#{name}">{escape(entries[name].title)}</a></th>'
        + "".join(_cost_cell(*costs[name][one]) for one in MEASURES)
        + "</tr>"
        for name in sorted(costs, key=seen)
    )
    _show(
        f'<figure class="costs" data-scripts="gallery"><table><thead><tr><td></td>{head}</tr>'
        f"</thead><tbody>{rows}</tbody></table><figcaption>{escape(caption)}</figcaption></figure>"
    )


def _cost_cell(right, wrong, sign):
    symbol, words = SIGNS[sign]
    return (
        f'<td class="{sign}">{np.median(wrong):.2f} '
        f'<span aria-hidden="true">{symbol}</span><span class="unseen">{words}</span>'
        f"<small>of {np.median(right):.2f}</small></td>"
    )
