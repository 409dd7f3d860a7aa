"""Pages that hold nothing but a figure, and a browser that notes what such a page complains of."""

import json
import shutil
from contextlib import contextmanager

import pytest

import course
from figures.live import packed
from folders import BOOK

STATIC = BOOK / "_static"
#: The colours that the theme's own style sheet gives a page of the book in the dark.
DARK = """<style>html[data-theme=dark] { --pst-color-background: #14181e;
  --pst-color-text-base: #ced6dd; --pst-color-text-muted: #9ca4af; --pst-color-border: #48566b;
  background: #14181e; color: #ced6dd }
  html[data-theme=dark] a { color: #528fe4 }</style>"""


def html_of(module, *shows):
    """Return the HTML that figures of a module would have in the built book.

    Parameters
    ----------
    module : module or list of modules
        Which show what they draw by a function of their own, ``_show_html``.
    *shows : callables without arguments
    """
    html = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STATIC_BOOK", "1")
        for one in module if isinstance(module, list) else [module]:
            patch.setattr(one, "_show_html", html.append)
        for show in shows:
            show()
    return "".join(html)


def write_page(folder, name, html, scripts=(), models=None):
    """Write a page, and beside it what its figures name, as `course` does for the book.

    Parameters
    ----------
    folder : pathlib.Path
    name : str
        Of the page: NAME.html.
    html : str
    scripts : sequence of str
        More scripts than those that its figures name.
    models : dict, optional
        Name -> trained model, for ``live/NAME.js``.
    """
    links = []
    for script in dict.fromkeys((*scripts, *course.named(course.SCRIPTS, html))):
        shutil.copy(STATIC / f"{script}.js", folder)
        links.append(f'<script defer src="{script}.js"></script>')
        if (STATIC / f"{script}.css").exists():
            shutil.copy(STATIC / f"{script}.css", folder)
            links.append(f'<link rel="stylesheet" href="{script}.css">')
    (folder / "live").mkdir(exist_ok=True)
    for model, trained in (models or {}).items():
        (folder / "live" / f"{model}.js").write_text(packed(trained, model), encoding="utf-8")
    (folder / f"{name}.html").write_text(
        '<!doctype html><html lang="en" data-theme="light"><meta charset="utf-8"><title>A page'
        f'</title><meta name="viewport" content="width=device-width">{DARK}{"".join(links)}'
        f"<body><main><h1>A page</h1>{html}</main>",
        encoding="utf-8",
    )


@contextmanager
def watched(browser, *, chance=True, **options):
    """Open a context of a browser; an error in a script, or a word on the console, fails the test.

    Without `chance`, so does a number drawn by it: no figure may invent one.
    """
    context = browser.new_context(**{"viewport": {"width": 760, "height": 900}, **options})
    troubles = []
    context.on("weberror", lambda error: troubles.append(str(error.error)))
    context.on("console", lambda message: troubles.append(message.text))
    if not chance:
        context.add_init_script("Math.random = () => { throw new Error('an invented number') }")
    yield context
    context.close()
    assert not troubles


def open_page(context, folder, name="page", address=""):
    """Open a page that was written into a folder."""
    page = context.new_page()
    page.goto((folder / f"{name}.html").as_uri() + address)
    return page


def through_json(page, script, argument):
    """Return what a function of a page answers: Playwright itself takes minutes for maps.

    Parameters
    ----------
    page : playwright.sync_api.Page
    script : str
        A function in JavaScript of one argument.
    argument : list or str
    """
    plain = "(name, value) => (ArrayBuffer.isView(value) ? [...value] : value)"
    packed = f"async argument => JSON.stringify(await ({script})(argument), {plain})"
    return json.loads(page.evaluate(packed, argument))
