"""The page that says whether the book's live figures can run: ``selftest.html``."""

import json
from html import escape

#: Where in a model's held-out set, as shares of it, the sources of the test stand.
PLACES = (0.2, 0.5, 0.8)

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Self-test of the live figures</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 sans-serif; }}
table {{ border-collapse: collapse; }}
th, td {{ padding: 0.3rem 1.2rem 0.3rem 0; text-align: left; vertical-align: top; }}
th {{ font-weight: 400; }}
#verdict {{ font-weight: 700; }}
.good {{ color: light-dark(#0b6e28, #5bd17b); }}
.bad {{ color: light-dark(#a32020, #ff8f87); }}
</style>
<script defer src="_static/engine.js"></script>
<script defer src="_static/selftest.js"></script>
</head>
<body>
<main>
<h1>Self-test of the live figures</h1>
<p>Some figures of the book run trained models in your browser. If one stays blank, look here
first: this page loads every model of the book, lets it say three sources, and compares that with
what NumPy said when the book was built. Nothing is fetched from elsewhere.</p>
<p id="verdict" role="status">The test has not run. It needs JavaScript.</p>
<table>
<thead><tr><th scope="col">model</th><th scope="col">result</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
<p><a href="book/intro.html">To the book</a></p>
</main>
<script type="application/json" id="recorded">{recorded}</script>
</body>
</html>
"""


def page(models):
    """Return the page.

    Parameters
    ----------
    models : dict of str to Trained
        By the names of their files; those that don't say a target are left out.

    Returns
    -------
    str
    """
    recorded = {name: _said(trained) for name, trained in models.items() if _speaks(trained)}
    rows = "\n".join(
        f'<tr><th scope="row">{escape(name)}</th><td id="{escape(name)}">not yet</td></tr>'
        for name in recorded
    )
    # In a script element, only a "<" could end the data too early.
    text = json.dumps(recorded, ensure_ascii=False).replace("<", "\\u003c")
    return PAGE.format(rows=rows, recorded=text)


def _speaks(trained):
    """Tell whether `engine.run` makes a target of a source with such a model."""
    return trained.settings.model in ("recurrent", "transformer") and not trained.task.given


def _said(trained):
    """Return three sources that were held out, with what the model says to them."""
    task, pairs = trained.task, trained.task.held_out
    chosen = [pairs[int(share * len(pairs))] for share in PLACES]
    return [
        {"source": task.source_words(source), "says": said}
        for (source, _), said in zip(chosen, trained.answers(chosen), strict=True)
    ]
