"""Formulas: each of the book is understood, and is what a screen reader can say."""

import re
from xml.etree import ElementTree

import pytest

import notebooks
from folders import BOOK
from formulas import mathml


def texts():
    """All Markdown of the book."""
    for path in sorted(BOOK.glob("*.md")):
        yield path.read_text(encoding="utf-8")
    for path in notebooks.chapters():
        yield from (cell.source for cell in notebooks.read(path).cells)


def formulas():
    """Yield the formulas of the book: (TeX, whether it has a line of its own)."""
    for text in texts():
        text = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
        for tex in re.findall(r"\$\$(.+?)\$\$", text, re.DOTALL):
            yield tex, True
        for tex in re.findall(
            r"(?<![\\$])\$([^$\n]+?)\$(?!\d)", re.sub(r"\$\$.+?\$\$", "", text, flags=re.S)
        ):
            yield tex, False


def test_every_formula_of_the_book_is_understood():
    found = list(formulas())
    assert len(found) > 150
    for tex, block in found:
        shown = ElementTree.fromstring(mathml(tex, block))
        assert "".join(shown.itertext()).strip(), tex
        assert "\\" not in "".join(shown.itertext()), tex


def shown(tex, block=False):
    return mathml(tex, block).split("><", 1)[1]


def test_words_stay_whole():
    assert "<mi>softmax</mi>" in shown(r"\mathrm{softmax}(x)")
    assert "<mi>feed\xa0forward</mi>" in shown(r"\mathrm{feed\ forward}(x)")
    assert "<mi>max</mi>" in shown(r"\max(0, x)")


def test_functions_have_the_spaces_of_print():
    assert shown(r"a \log x").count("<mspace") == 2
    assert "<mspace" not in shown(r"\log(x)")
    assert "<mspace" not in shown("x_{12}")


def test_rows_of_aligned_formulas_stay_rows():
    for tex in (r"a &= b \\ c &= d", r"\begin{aligned} a &= b \\ c &= d \end{aligned}"):
        assert shown(tex, True).count("<mtr") == 2


def test_what_is_unknown_is_refused():
    with pytest.raises(ValueError, match=r"\\nonsense"):
        mathml(r"\nonsense x")
