"""Looks for what students must not see in what they get: the release, and the built book."""

import html
import re
from pathlib import Path

from grading.rebuild import name_of

MARKS = ("BEGINSOLUTION", "ENDSOLUTION")
REGION = re.compile(r"### BEGIN SOLUTION\n(.*?)\s*### END SOLUTION", re.DOTALL)
TAG = re.compile(r"<[^>]*>")
TEXT = {".ipynb", ".py", ".html", ".js", ".json", ".md", ".txt", ".csv", ".inv", ""}
SHORTEST = 30  # characters, blanks left out: what is shorter stands in innocent code as well


def squeeze(text):
    r"""Leave out blanks, quotes, backslashes and Markdown's signs: they vary from file to file.

    Examples
    --------
    >>> squeeze('"return  x @ y\\n",')
    'returnx@y,'
    """
    return re.sub(r"\\n|[\s\"'\\*`]", "", text)


def secrets(source, public=()):
    """Return the secret passages of a problem set, squeezed: solutions and model answers.

    Parameters
    ----------
    source : NotebookNode
        The instructor's version.
    public : iterable of str
        Texts that everybody may read: lines that stand there are no secret.
    """
    passages, innocent = [], [*public]
    for cell in source.cells:
        mark = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code":
            regions = REGION.findall(cell.source)
            passages += [region for region in regions if mark.get("solution")]
            passages += [line for region in regions for line in region.split("\n")]
            innocent.append(REGION.sub("", cell.source))
        elif mark.get("solution"):
            passages += re.split(r"(?<=[.;:?])[\s*]+", cell.source)
        else:
            innocent.append(cell.source)
    known = squeeze("\n".join(innocent))
    squeezed = {squeeze(passage) for passage in passages}
    return {one for one in squeezed if len(one) >= SHORTEST and one not in known}


def look_through(folder, passages, marks=MARKS):
    """Return a sentence for each file below a folder that holds a secret passage."""
    found = []
    for path in sorted(Path(folder).rglob("*")):
        if not path.is_file() or path.suffix not in TEXT:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        views = {squeeze(text)}
        if path.suffix == ".html":
            views.add(squeeze(html.unescape(TAG.sub("", text))))
        for passage in (*marks, *sorted(passages)):
            if any(passage in view for view in views):
                found.append(f"{path} holds {passage[:60]!r}")
    return found


def answers_left(source, student_version):
    """Return the names of answer cells in which the instructor's text still stands."""
    given = {name_of(cell): cell.source for cell in source.cells}
    return [
        name_of(cell)
        for cell in student_version.cells
        if cell.metadata.get("nbgrader", {}).get("solution") and cell.source == given[name_of(cell)]
    ]
