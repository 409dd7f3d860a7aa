"""Style sheets of the theme, without the rules that fit nothing in the book.

Nine tenths of them are for what other books have. A reader would wait for them before anything is
seen, and the browser would try them on every element.
"""

import re
from pathlib import Path

import tinycss2

#: Of the files below ``_static``, those that other packages bring.
SHEETS = (
    "styles/pydata-sphinx-theme.css",
    "styles/sphinx-book-theme.css",
    "sphinx-design.min.css",
    "mystnb.*.css",
    "basic.css",
)
WORD = re.compile(r"[\w-]+")
#: So begin the names that Bootstrap's script puts together: ``bs-${this.constructor.NAME}-auto``.
COMPOSED = "bs-"
#: At-rules that hold rules.
NESTED = {"media", "supports", "layer"}


def words_of(folder):
    """Return all words of the pages and scripts in a folder: names of classes are among them.

    Parameters
    ----------
    folder : pathlib.Path

    Returns
    -------
    set of str
    """
    files = [path for ending in ("html", "js") for path in Path(folder).rglob(f"*.{ending}")]
    return {word for path in files for word in WORD.findall(path.read_text(encoding="utf-8"))}


def fits(selector, words):
    """Whether a selector can fit: each of its classes and identifiers may be in a page.

    What stands in brackets is not looked at, as `:not(.a)` fits where there is no `a`.

    Parameters
    ----------
    selector : list of tinycss2 nodes
    words : set of str

    Examples
    --------
    >>> sheet = ".tab a, #top:not(.b), .bs-tooltip-auto"
    >>> one, other, third = split(tinycss2.parse_component_value_list(sheet))
    >>> [fits(selector, {"top"}) for selector in (one, other, third)]
    [False, True, True]
    """
    for before, node in zip([None, *selector], selector, strict=False):
        is_class = node.type == "ident" and before is not None and before == "."
        if (node.type == "hash" or is_class) and not may_be(node.value, words):
            return False
    return True


def may_be(name, words):
    """Whether a class or an identifier is among the words, or may be put together by a script.

    Examples
    --------
    >>> [may_be(name, {"tab"}) for name in ("tab", "tabs", "bs-tooltip-auto")]
    [True, False, True]
    """
    return name in words or name.startswith(COMPOSED)


def split(selectors):
    """Split a list of nodes at its commas."""
    found = [[]]
    for node in selectors:
        if node == ",":
            found.append([])
        else:
            found[-1].append(node)
    return found


def without_what_fits_nothing(rules, words):
    """Return a style sheet with only those selectors that can fit.

    Parameters
    ----------
    rules : list of tinycss2 nodes
    words : set of str
        See `words_of`.

    Returns
    -------
    str

    Examples
    --------
    >>> sheet = "@media print { .a, .b > i { color: red } .c { top: 0 } } @charset 'x';"
    >>> without_what_fits_nothing(parse(sheet), {"b"})
    '@media print {.b > i{ color: red }}@charset "x";'
    """
    found = []
    for rule in rules:
        if rule.type == "qualified-rule":
            kept = [one for one in split(rule.prelude) if fits(one, words)]
            if kept:
                selectors = ",".join(tinycss2.serialize(one).strip() for one in kept)
                found.append(f"{selectors}{{{tinycss2.serialize(rule.content)}}}")
        elif rule.type == "at-rule" and rule.lower_at_keyword in NESTED and rule.content:
            inner = without_what_fits_nothing(parse(rule.content), words)
            if inner:
                found.append(f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inner}}}")
        else:
            found.append(rule.serialize())
    return "".join(found)


def parse(sheet):
    """Return the rules of a style sheet, or of what a rule holds."""
    return tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True)


def shorten_sheets(app, error):
    """Leave out what fits nothing, once all pages are written."""
    if error or app.builder.name != "html":
        return
    folder = Path(app.outdir)
    words = words_of(folder)
    for path in (path for name in SHEETS for path in (folder / "_static").glob(name)):
        sheet = path.read_text(encoding="utf-8")
        path.write_text(without_what_fits_nothing(parse(sheet), words), encoding="utf-8")


def setup(app):
    """Connect it to Sphinx, behind what writes into the pages."""
    app.connect("build-finished", shorten_sheets, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
