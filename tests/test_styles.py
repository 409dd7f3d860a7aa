"""The theme's style sheet, shortened: what was left out fits nothing on any page."""

import re
from pathlib import Path

import pydata_sphinx_theme
import pytest
import tinycss2

import notebooks
import styles
from folders import HTML

SHEET = Path("styles", "pydata-sphinx-theme.css")
THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
# A state or a part of an element: where the rest of a selector fits, the rule may fit one day.
STATE = re.compile(r"::?[\w-]+(\((?:[^()]|\([^()]*\))*\))?")
PAGES = [f"book/{path.stem}.html" for path in notebooks.chapters()]
PAGES += ["search.html", "book/glossary.html", "book/api.html", "book/references.html"]
FITTING = """selectors => selectors.filter(one => {
  try { return document.querySelector(one) !== null; } catch { return false; }
})"""


def selectors(rules):
    """Return all selectors of a style sheet, without states."""
    found = set()
    for rule in rules:
        if rule.type == "qualified-rule":
            texts = map(tinycss2.serialize, styles.split(rule.prelude))
            found |= {STATE.sub("", text).strip() for text in texts}
        elif rule.type == "at-rule" and rule.lower_at_keyword in styles.NESTED and rule.content:
            found |= selectors(styles.parse(rule.content))
    return found


@pytest.fixture(scope="module")
def left_out():
    """Selectors of the theme's sheet that the book's doesn't have."""
    theirs, ours = (
        selectors(styles.parse((folder / SHEET).read_text(encoding="utf-8")))
        for folder in (THEME, HTML / "_static")
    )
    assert ours <= theirs
    return sorted(theirs - ours)


@pytest.mark.pages
def test_what_was_left_out_fits_nothing(browser, left_out):
    assert len(left_out) > 1000
    page = browser.new_page()
    for name in PAGES:
        page.goto((HTML / name).as_uri())
        assert page.evaluate(FITTING, left_out) == [], name
    page.close()


@pytest.mark.pages
def test_the_check_sees_what_fits(browser):
    page = browser.new_page()
    page.set_content('<p class="a">x</p>')
    assert page.evaluate(FITTING, [".a", ".b", "p > i"]) == [".a"]
    page.close()


def test_a_selector_is_split_at_its_own_commas():
    selectors_ = styles.split(tinycss2.parse_component_value_list(".a:is(.b, .c), [x='1,2']"))
    assert [tinycss2.serialize(one) for one in selectors_] == [".a:is(.b, .c)", ' [x="1,2"]']


@pytest.mark.parametrize(
    ("sheet", "kept"),
    [
        (".a{x:1}.b{x:1}", ".a{x:1}"),
        (".a.b{x:1}", ""),
        (".b,.a{x:1}", ".a{x:1}"),
        ("#a .b, i{x:1}", "i{x:1}"),
        (".a:not(.b){x:1}", ".a:not(.b){x:1}"),
        ("@media print{.b{x:1}}", ""),
        ("@supports (x:1){.b{x:1}.a{x:1}}", "@supports (x:1){.a{x:1}}"),
        ("@keyframes b{from{x:1}}", "@keyframes b{from{x:1}}"),
        ("@font-face{src:url(b)}", "@font-face{src:url(b)}"),
        (r".a\/b{x:1}", ""),
        ("a.bs-popover-top .a{x:1}", "a.bs-popover-top .a{x:1}"),
    ],
)
def test_only_what_can_fit_is_kept(sheet, kept):
    words = {"a"}
    assert styles.without_what_fits_nothing(styles.parse(sheet), words) == kept
    again = styles.without_what_fits_nothing(styles.parse(kept), words)
    assert again == kept


def test_words_are_those_of_pages_and_scripts(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "page.html").write_text('<p class="one two-three">four</p>', encoding="utf-8")
    (tmp_path / "deep" / "script.js").write_text("add('five')", encoding="utf-8")
    (tmp_path / "style.css").write_text(".six {}", encoding="utf-8")
    words = styles.words_of(tmp_path)
    assert {"one", "two-three", "four", "five"} <= words and "six" not in words
