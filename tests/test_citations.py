"""Citations in notebooks: links with the words that the bibliography gives them."""

import re

import pytest
from pybtex.database import parse_file
from pybtex.richtext import Text

import citations
import notebooks
from folders import BOOK

CITED = re.compile(r"\[([^][]+)\]\(references\.md#(\w+)\)")
ENTRIES = parse_file(BOOK / "references.bib").entries


def labels(entry):
    """Return what a link to an entry may say: in a sentence, and in brackets."""
    people = entry.persons["author"]
    names = [" ".join(person.prelast_names + person.last_names) for person in people]
    names = [str(Text.from_latex(name)) for name in names]
    who = " and ".join(names) if len(names) < 3 else f"{names[0]} et al."
    return f"{who} ({entry.fields['year']})", f"{who}, {entry.fields['year']}"


def markdown_of(path):
    cells = notebooks.read(path).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def test_labels_are_made_as_the_book_makes_them():
    assert labels(ENTRIES["hochreiter1997"])[0] == "Hochreiter and Schmidhuber (1997)"
    assert labels(ENTRIES["cho2014properties"])[1] == "Cho et al., 2014"
    assert labels(ENTRIES["elman1990"]) == ("Elman (1990)", "Elman, 1990")


@pytest.mark.parametrize("path", notebooks.chapters(), ids=lambda path: path.stem)
def test_a_citation_says_who_wrote_what_and_when(path):
    text = markdown_of(path)
    assert "{cite" not in text, "write [Author (year)](references.md#key) instead"
    bracketed = "".join(found[0] for found in citations.IN_BRACKETS.finditer(text))
    for said, key in CITED.findall(text):
        assert said in labels(ENTRIES[key])
        assert (f"[{said}](references.md#{key})" in bracketed) == (said == labels(ENTRIES[key])[1])


@pytest.mark.parametrize("path", notebooks.chapters(), ids=lambda path: path.stem)
def test_the_book_gets_roles_and_no_link_is_left(path):
    text = markdown_of(path)
    roles = citations.with_roles(text)
    assert "references.md#" not in roles
    keys = re.findall(r"{cite(?::t)?}`([\w,]+)`", roles)
    assert sorted(",".join(keys).split(",")) == sorted(
        [key for _, key in CITED.findall(text)] or [""]
    )
