"""A live figure as a page of its own: one file that opens from disk, with all that it needs."""

import re
from html import escape
from pathlib import Path

STATIC = Path(__file__).resolve().parents[1] / "_static"
MOST_NUMBERS = 200_000  # of a model: half a megabyte of page
MOST_TOKENS = 200  # of what may be typed

# Outside of the book nobody chooses a theme: the page follows the reader's system.
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ max-width: 56rem; margin: 1.5rem auto; padding: 0 1rem; background: #fff; color: #1f2328;
  font: 1rem/1.5 sans-serif; }}
html[data-theme="dark"] body {{ background: #121212; color: #ced6dd;
  --pst-color-background: #121212; --pst-color-text-base: #ced6dd;
  --pst-color-text-muted: #9ca4af; --pst-color-border: #48566b; }}
h1 {{ font-size: 1.5rem; }}
{styles}
</style>
<script>
document.documentElement.dataset.theme =
  matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
</script>
{scripts}
</head>
<body>
<main>
<h1>{title}</h1>
{figure}
<p><small>{about}</small></p>
</main>
</body>
</html>
"""


def write_page(path, figure, models, *, title, about):
    """Write a live figure into a file that needs no other.

    Parameters
    ----------
    path : str or Path
        Ends in ``.html``.
    figure : str
        HTML of the figure; its ``data-scripts`` names its scripts.
    models : list of str
        Texts of the files of its models, see `figures.live.packed`.
    title, about : str
        What stands above it, and below.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If the path ends in something else.

    Examples
    --------
    >>> write_page("mine.txt", "", [], title="Mine", about="")
    Traceback (most recent call last):
    ValueError: save = 'mine.txt' must end in .html
    """
    path = Path(path)
    if path.suffix != ".html":
        raise ValueError(f"save = {str(path)!r} must end in .html")
    names = re.search(r'data-scripts="([\w ]+)"', figure).group(1).split()
    scripts = [_static(f"{name}.js") for name in names]
    scripts[1:1] = models  # a model calls the engine
    page = PAGE.format(
        title=escape(title),
        about=escape(about),
        figure=figure,
        styles="\n".join(_static(f"{name}.css") for name in names if _is_there(f"{name}.css")),
        scripts="\n".join(f"<script>\n{_closed(script)}</script>" for script in scripts),
    )
    path.write_text(page, encoding="utf-8")
    return path


def _is_there(name):
    return (STATIC / name).exists()


def _static(name):
    return (STATIC / name).read_text(encoding="utf-8")


def _closed(script):
    r"""Return a script that can't end its element too early: in a string, ``<\/`` is ``</``.

    Examples
    --------
    >>> print(_closed('say("</script>")'))
    say("<\/script>")
    """
    return script.replace("</script", "<\\/script")
