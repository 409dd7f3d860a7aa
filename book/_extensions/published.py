"""Where the course is published, once ``_config.yml`` names its repository, and what is in it.

Before that nothing is published, and no file names an address. ``make notebooks`` writes what
`README.md` says of both, between two marks each; every built page says the first at its foot.
"""

import re

import yaml

import notebooks
from folders import BOOK, ROOT

README = ROOT / "README.md"
GITHUB = re.compile(r"https://github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?/?")
ZIP = "attention-measured-book.zip"


def places(repository=None):
    """Return the addresses of the course by name: none before its repository has one.

    Parameters
    ----------
    repository : dict, optional
        "url", empty if there is none yet, and "branch"; those of ``_config.yml`` if not given.

    Returns
    -------
    dict of str to str
        ``repository``; on GitHub, whose names for them are known, ``book``, ``zip`` and ``run``.

    Examples
    --------
    >>> places({"url": "", "branch": "main"})
    {}
    >>> places({"url": "https://github.com/Ada/course", "branch": "main"})["book"]
    'https://ada.github.io/course/'
    """
    repository = notebooks.settings()["repository"] if repository is None else repository
    url = (repository.get("url") or "").rstrip("/")
    if not url:
        return {}
    found = {"repository": url}
    if match := GITHUB.fullmatch(url):
        owner, name = match.groups()
        own = f"{owner}.github.io".lower()
        binder = f"https://mybinder.org/v2/gh/{owner}/{name}/{repository['branch']}"
        found["book"] = f"https://{own}/" + ("" if name.lower() == own else f"{name}/")
        found["zip"] = f"https://github.com/{owner}/{name}/releases/latest/download/{ZIP}"
        found["run"] = f"{binder}?urlpath=lab/tree/book/intro.ipynb"
    return found


def sentence(found):
    """Say in Markdown where the published course is; nothing if it is nowhere.

    Examples
    --------
    >>> sentence({"repository": "https://example.org/course"})
    'Its repository is [here](https://example.org/course).'
    """
    if not found:
        return ""
    if "book" not in found:
        return f"Its repository is [here]({found['repository']})."
    return (
        f"**[Read it]({found['book']})** · [take it along]({found['zip']}), to read without a "
        f"network · [run it on Binder]({found['run']})"
    )


def contents():
    """List the chapters in reading order, each with its title, in Markdown."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    parts = toc.get("parts") or [toc]
    names = [entry["file"] for part in parts for entry in part["chapters"]]
    paths = [ROOT / f"{name}.ipynb" for name in names]
    return "\n".join(f"- {title(path)}" for path in paths if path.exists())


def title(path):
    """Return a chapter's title."""
    heading = re.compile(r"^# (.+)$", re.M)
    prose = (cell.source for cell in notebooks.read(path).cells if cell.cell_type == "markdown")
    return next(found[1] for text in prose if (found := heading.search(text)))


def with_blocks(text, blocks):
    r"""Put text between the marks ``<!-- NAME -->`` and ``<!-- /NAME -->``.

    Raises
    ------
    ValueError
        If a pair of marks isn't there once.

    Examples
    --------
    >>> with_blocks("<!-- place -->old<!-- /place -->", {"place": "new"})
    '<!-- place -->\nnew\n<!-- /place -->'
    """
    for name, block in blocks.items():
        between = re.compile(rf"(<!-- {name} -->).*?(<!-- /{name} -->)", re.S)
        if len(between.findall(text)) != 1:
            raise ValueError(f"README.md needs the marks of {name!r} once")
        body = f"\n{block}\n" if block else ""
        text = between.sub(lambda marks, body=body: marks[1] + body + marks[2], text)
    return text


def readme(text):
    """Return the README with what it says of places and chapters renewed."""
    return with_blocks(text, {"published": sentence(places()), "chapters": contents()})


if __name__ == "__main__":
    README.write_text(readme(README.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"{README.name} lists {len(notebooks.chapters())} notebooks of {BOOK.name}/")
