"""Links to a section: its page is there, and so is the section."""

import ast
import re

import pytest
from docutils.nodes import make_id

import citations
import notebooks
from folders import BOOK

PAGES = sorted(path for path in BOOK.iterdir() if path.suffix in (".ipynb", ".md"))
LINK = re.compile(r"""(?:\]\(|href=\\?["'])([\w./-]*\.(?:ipynb|md|html))(?:#([\w.-]+))?""")
FENCED = re.compile(r"^(`{3,})(.*?)$.*?^\1$", flags=re.M | re.S)


def text_of(path):
    """Return what a page says: of a notebook its markdown, as one text."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    cells = notebooks.read(path).cells
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return citations.with_roles(text)  # `test_citations` follows these


def anchors(text):
    """Return the ids of a page: of its headings, its labels, and the modules it documents."""
    text = FENCED.sub(lambda found: found[0] if found[2][:1] == "{" else "", text)  # no listings
    headings = re.findall(r"^#{1,6} (.+)$", text, flags=re.M)
    labels = re.findall(r"^\((.+)\)=$|^:label: (\S+)$", text, flags=re.M)
    modules = re.findall(r"automodule:: (\S+)", text)
    named = [make_id(one or other) for one, other in labels]
    return {*map(make_id, headings), *named, *(f"module-{module}" for module in modules)}


def is_there(page, section):
    """Whether there is such a page beside the chapters, with such a section."""
    found = [path for path in PAGES if path.stem == page.rpartition(".")[0]]
    if page.startswith("_static"):
        return (BOOK / page).exists()
    if page.startswith("../"):
        return True  # made by the build, which checks it
    return bool(found) and (not section or section in anchors(text_of(found[0])))


def rows_of_the_verdict():
    """Return (page, section) of each row of chapter 16, as its code has them."""
    [cell] = [one for one in notebooks.read(BOOK / "16_verdict.ipynb").cells if one.id == "sixteen"]
    tree, known = ast.parse(cell.source), {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, (ast.Constant, ast.Dict)):
            try:
                known[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue  # no constant
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    rows = [one.args for one in calls if getattr(one.func, "id", "") == "Row"]
    return [[eval(ast.unparse(one), {}, known) for one in row[2:4]] for row in rows]


def test_each_row_of_the_verdict_links_to_a_section_that_is_there():
    rows = rows_of_the_verdict()
    linked = [(page, section) for page, section in rows if page]
    assert len(rows) == 16 and len(linked) == 15
    lost = [row for row in linked if not row[1] or not is_there(f"{row[0]}.ipynb", row[1])]
    assert not lost


@pytest.mark.parametrize("path", [*PAGES, BOOK / "_static/architecture.html"], ids=lambda p: p.name)
def test_links_lead_to_pages_and_sections_that_are_there(path):
    text = path.read_text(encoding="utf-8") if path.suffix == ".html" else text_of(path)
    links = [found.groups() for found in LINK.finditer(text)]
    lost = [link for link in links if not is_there(*link)]
    assert not lost


@pytest.mark.parametrize(
    ("link", "there"),
    [
        ("07_self_attention.ipynb#experiment-3-recall-where-a-look-back-decides", True),
        ("07_self_attention.ipynb#ex-self-detect", True),
        ("api.html#module-helpers.attention", True),
        ("07_self_attention.ipynb#experiment-3-recall", False),
        ("07_self_attenton.ipynb", False),
        ("03_bottleneck.ipynb#ex-self-detect", False),
    ],
)
def test_what_is_a_section_and_what_is_none(link, there):
    assert is_there(*LINK.search(f"[x]({link})").groups()) == there


def test_a_comment_in_a_listing_is_no_heading():
    assert anchors("# One\n\n```python\n# two\n```\n\n(a-label)=\n## Three\n") == {
        "one",
        "three",
        "a-label",
    }
