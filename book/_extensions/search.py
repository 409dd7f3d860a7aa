"""The index that the search page asks first: glossary terms, titles and sections, with a sentence.

Sphinx's own index knows words and pages, and has no sentences when the book is opened as a file.
This one is a script, so it can be read from disk too; ``_static/search_first.js`` asks it.
"""

import json
import re
from pathlib import Path

from bs4 import BeautifulSoup

LONGEST = 180  # letters of a sentence
#: Pages whose every heading would be a hit for half of all words.
LEFT_OUT = {"api.html", "api_runs.html", "api_figures.html", "references.html"}


def build_index(folder):
    """Return what can be found on the pages of a folder.

    Parameters
    ----------
    folder : Path
        With the built pages.

    Returns
    -------
    list of [kind, title, page's title, address, sentence]
        The kind is "term", "page" or "section"; terms come first, then pages, then sections.
    """
    found = []
    for path in sorted(folder.glob("*.html")):
        if path.name not in LEFT_OUT:
            found += entries(path.read_text(encoding="utf-8"), f"{folder.name}/{path.name}")
    kinds = ["term", "page", "section"]
    return sorted(found, key=lambda entry: kinds.index(entry[0]))


def entries(html, address):
    """Return the entries of one page.

    Examples
    --------
    >>> page = '<article><section id="m"><h1>Masks</h1><p>What may be seen.</p></section></article>'
    >>> entries(page, "book/05.html")
    [['page', 'Masks', 'Masks', 'book/05.html', 'What may be seen.']]
    """
    html = re.sub(r"<(script|style|svg|pre)\b.*?</\1>", "", html, flags=re.DOTALL)
    article = BeautifulSoup(html, "html.parser").find("article")
    if article is None or article.h1 is None:
        return []
    title, found = text_of(article.h1), []
    for heading in article.find_all(["h1", "h2", "h3"]):
        kind = "page" if heading.name == "h1" else "section"
        part = heading.find_parent("section")
        anchor = f"#{part['id']}" if part and part.get("id") and kind == "section" else ""
        following = heading.find_next("p", class_=lambda name: name != "about")
        sentence = first_sentence(text_of(following)) if following else ""
        found.append([kind, text_of(heading), title, address + anchor, sentence])
    for term in article.select("dl.glossary dt[id]"):
        meaning = term.find_next("dd")
        sentence = first_sentence(text_of(meaning))
        found.append(["term", text_of(term), title, f"{address}#{term['id']}", sentence])
    return found


def text_of(element):
    """Return the text of an element, without the sign that links to it."""
    for sign in element.select("a.headerlink"):
        sign.extract()
    for formula in element.select("math[alttext]"):
        formula.replace_with(re.sub(r"[\\{}$]", "", formula["alttext"]).replace("sqrt", "√"))
    return " ".join(element.get_text().split())


def first_sentence(text):
    """Return the first sentence, or as many of its words as there is room for.

    Examples
    --------
    >>> first_sentence("A look-up. It never fails.")
    'A look-up.'
    """
    sentence = re.match(r".*?[.?!](?= |$)", text)
    sentence = sentence[0] if sentence else text
    return sentence if len(sentence) <= LONGEST else sentence[:LONGEST].rsplit(" ", 1)[0] + " …"


def write_index(app, error):
    """Write the index of the book as a script."""
    if error or app.builder.format != "html":
        return
    index = build_index(Path(app.outdir, "book"))
    text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
    file = Path(app.outdir, "_static", "search_index.js")
    file.write_text(f"searchFirst({text});\n", encoding="utf-8")


def add_scripts(app, pagename, templatename, context, doctree):
    """Give the search page its scripts."""
    if pagename == "search":
        app.add_js_file("search_first.js", loading_method="defer")
        app.add_js_file("search_index.js", loading_method="defer", priority=600)


def setup(app):
    """Connect the steps to Sphinx."""
    app.connect("html-page-context", add_scripts)
    app.connect("build-finished", write_index)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
