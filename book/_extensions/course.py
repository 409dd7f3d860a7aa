"""The course's Sphinx extension. It does seven things, and brings five others.

1. Before Sphinx reads the notebooks, those whose outputs aren't in the cache are executed
   side by side, so that a plain ``jupyter-book build .`` is parallel and never stale.
2. It keeps the search page quiet when the book is opened as a file.
3. It mends the role that screen readers are told for an entry of the bibliography.
4. It lets the API page list the fields of named tuples once.
5. It gives the pages with live figures their scripts, and the book the models that they name,
   with a page that tests whether they run, ``selftest.html``.
6. It says at the foot of every page where the book is published, once it is.
7. It lets a page be read before the theme's scripts have come.

The others are `citations`, `formulas`, `pages`, `search` and `styles`.
"""

import hashlib
import importlib.metadata
import os
import platform
import re
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from sphinx.errors import ExtensionError
from sphinx.util import logging

import notebooks
import published
import selftest
from folders import BOOK, CODE, DATA

logger = logging.getLogger(__name__)

# What a notebook's outputs depend on besides its own code.
DEPENDENCIES = (*CODE, *DATA, "_extensions")
# What the figures of a page say that they need: scripts, each behind what it stands on, and models.
SCRIPTS = re.compile(r'<(?:figure|section) [^>]*data-scripts="([\w ]+)"')
MODELS = re.compile(r'<figure [^>]*data-models="([\w ]+)"')
# Traces of Python and of its installer.
RUBBISH = re.compile(r"\.pyc$|\.egg-info/")
# The book's own index has the sentences that are shown; no page is read once more for them.
QUIET_SEARCH = "DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;"


def fingerprint(book=BOOK):
    """Hash Python, the installed distributions and every file that notebooks depend on."""
    digest = hashlib.sha256(platform.python_version().encode())
    distributions = importlib.metadata.distributions()
    for line in sorted(f"{item.name} {item.version}" for item in distributions):
        digest.update(line.encode())
    for folder in DEPENDENCIES:
        for path in sorted((book / folder).rglob("*")):
            name = path.relative_to(book).as_posix()
            if path.is_file() and not RUBBISH.search(name):
                digest.update(name.encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder(build):
    """Return where outputs are kept as long as all that they depend on stays as it is."""
    return Path(build, ".jupyter_cache", fingerprint())


def keep(cache, path, notebook, seconds):
    """Keep what a notebook showed when it was executed for the static book."""
    notebooks.drop_progress_bars(notebook)
    bundle = CacheBundleIn(notebook, str(path), data={"execution_seconds": seconds})
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def configure(app, config):
    """Choose the cache folder; Sphinx reads every page again when this setting changes."""
    config.nb_execution_cache_path = str(cache_folder(Path(app.outdir).parent))
    if not config.html_theme_options.get("repository_url"):
        config.html_theme_options["launch_buttons"] = {}  # there is nowhere to lead to
    # On GitHub the launch buttons lead to the repository that builds the book: forks as well.
    elif "GITHUB_REPOSITORY" in os.environ:
        address = f"{os.environ['GITHUB_SERVER_URL']}/{os.environ['GITHUB_REPOSITORY']}"
        config.html_theme_options["repository_url"] = address
    config.html_theme_options["extra_footer"] = foot(published.places())


def foot(places):
    """Return the last line of every page: where the book is published, if it is.

    Examples
    --------
    >>> foot({})
    ''
    """
    if "book" not in places:
        return ""
    return (
        f'<p>Published at <a href="{places["book"]}">{places["book"]}</a>; '
        f'to read without a network, <a href="{places["zip"]}">as a zip file</a>.</p>'
    )


def execute_missing_notebooks(app, environment, docnames):
    """Execute the notebooks that Sphinx is about to read and the cache doesn't know."""
    cache = get_cache(app.config.nb_execution_cache_path)
    paths = [Path(environment.doc2path(name)) for name in docnames]
    missing = [path for path in paths if path.suffix == ".ipynb" and not is_cached(cache, path)]
    if not missing:
        return
    logger.info(f"notebooks to execute: {len(missing)}, {notebooks.cores()} at a time ...")
    done = []

    def report(run):
        done.append(run)
        outcome = "failed" if run.error else "done"
        count = f"[{len(done)}/{len(missing)}]"
        logger.info(f"{count} {run.path.name} {outcome} in {run.seconds:.1f} s")
        if not run.error:
            keep(cache, run.path, run.notebook, run.seconds)

    timeout = app.config.nb_execution_timeout
    notebooks.execute_all(
        notebooks.longest_first(missing), static=True, timeout=timeout, report=report
    )
    failed = [run for run in done if run.error]
    for run in failed:
        logger.error(f"{run.path.name} failed:\n{run.error}")
    if failed:
        names = ", ".join(sorted(run.path.name for run in failed))
        raise ExtensionError(f"{len(failed)} of {len(missing)} notebooks failed: {names}")
    if Path(app.config.nb_execution_cache_path).name != fingerprint():
        raise ExtensionError("helpers or results changed while notebooks ran: build again")


def is_cached(cache, path):
    """Tell whether the cache holds the outputs of a notebook with this code."""
    try:
        cache.match_cache_notebook(notebooks.read(path))
    except KeyError:
        return False
    return True


def mend_citation_roles(app, pagename, templatename, context, doctree):
    """Call bibliography entries items of their list; what docutils calls them is deprecated."""
    if "body" in context:
        context["body"] = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')


def named(pattern, page):
    """Return the names that the figures of a page give, each once, in their order.

    Examples
    --------
    >>> named(SCRIPTS, '<figure data-scripts="engine live"><figure data-scripts="map">')
    ['engine', 'live', 'map']
    """
    return list(dict.fromkeys(" ".join(pattern.findall(page)).split()))


def add_scripts(app, pagename, templatename, context, doctree):
    """Give a page the scripts that its figures need, and the style sheets of the same names."""
    for name in named(SCRIPTS, context.get("body", "")):
        app.add_js_file(f"{name}.js", loading_method="defer")
        if (BOOK / "_static" / f"{name}.css").exists():
            app.add_css_file(f"{name}.css")
    if "<math " in context.get("body", ""):
        app.add_css_file("math.css")


def defer_scripts(app, pagename, templatename, context, doctree):
    """Run the theme's scripts behind the page, in their order; lines in the page need the first.

    The search page has scripts of its own that don't wait.
    """

    def deferred(script):
        name = str(script.filename or "")
        if not name or "documentation_options" in name:
            return script
        attributes = script.attributes | {"defer": "defer"}
        return type(script)(script.filename, priority=script.priority, **attributes)

    if pagename != "search":
        context["script_files"] = [deferred(script) for script in context["script_files"]]


def write_models(app, error):
    """Write the file of every model that a live figure of the book names, for its script."""
    if error or app.builder.format != "html":
        return
    from figures.live import packed
    from helpers import runs

    pages = Path(app.outdir, "book").glob("*.html")
    names = {name for page in pages for name in named(MODELS, page.read_text(encoding="utf-8"))}
    folder = Path(app.outdir, "_static", "live")
    folder.mkdir(parents=True, exist_ok=True)
    models = {name: runs.load(name) for name in sorted(names)}
    for name, trained in models.items():
        Path(folder, f"{name}.js").write_text(packed(trained, name), encoding="utf-8")
    Path(app.outdir, "selftest.html").write_text(selftest.page(models), encoding="utf-8")


def skip_fields(app, what, name, member, skip, options):
    """Leave the fields of named tuples to the docstring of their class, on the API page."""
    return True if (member.__doc__ or "").startswith("Alias for field number") else None


def setup(app):
    """Connect the steps to Sphinx."""
    app.connect("config-inited", configure)
    app.connect("env-before-read-docs", execute_missing_notebooks)
    app.connect("html-page-context", mend_citation_roles)
    app.connect("html-page-context", add_scripts)
    app.connect("html-page-context", defer_scripts, priority=900)
    app.connect("autodoc-skip-member", skip_fields)
    app.connect("build-finished", write_models)
    app.add_js_file(None, body=QUIET_SEARCH)
    for name in ("citations", "formulas", "pages", "search", "styles"):
        app.setup_extension(name)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
