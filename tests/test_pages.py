"""The built pages in a Chromium with the network cut, from disk and from a local server."""

import functools
import http.server
import os
import threading

import pytest
from accessible import serious_troubles
from playwright.sync_api import sync_playwright

import notebooks
from folders import BOOK, HTML

pytestmark = pytest.mark.pages

PAGES = [f"book/{path.stem}.html" for path in notebooks.chapters()] + [
    "book/glossary.html",
    "book/notation.html",
    "book/instructors.html",
    "book/architecture.html",
    "book/api.html",
    "book/references.html",
]
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser(browser_path):
    if not (HTML / "index.html").exists():
        pytest.fail("the book isn't built: run `make book`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        yield browser
        browser.close()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line for each request."""

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture(scope="module")
def server():
    """Serve the book on this machine; yield its address."""
    handler = functools.partial(QuietHandler, directory=HTML)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()


@pytest.fixture(params=["file", "http"])
def address(request, server):
    """Where the book is: on disk, then on the server."""
    return HTML.as_uri() if request.param == "file" else server


@pytest.fixture
def open_page(browser):
    """Return a function that opens a page; what the page complains of fails the test."""
    contexts, troubles = [], []

    def listen(page):
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.on(
            "console",
            lambda message: (
                message.type in ("error", "warning") and troubles.append(f"console: {message.text}")
            ),
        )
        page.on("requestfailed", lambda request: troubles.append(f"failed: {request.url}"))
        page.on(
            "response",
            lambda response: response.status >= 400 and troubles.append(f"missing: {response.url}"),
        )

    def refuse(route):
        troubles.append(f"leaves the book: {route.request.url}")
        route.abort()

    def open_(url, theme="light", viewport=DESKTOP):
        context = browser.new_context(viewport=viewport, color_scheme=theme)
        contexts.append(context)
        context.route(lambda url: not is_local(url), refuse)
        page = context.new_page()
        listen(page)
        page.goto(url)
        page.evaluate("window.MathJax?.startup?.promise.then(() => null)")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not troubles


def is_local(url):
    return url.startswith(("file:", "data:", "blob:", "about:", "http://127.0.0.1:"))


@pytest.mark.parametrize("name", PAGES)
def test_page_is_whole_without_a_network(open_page, address, name):
    page = open_page(f"{address}/{name}")
    assert page.locator("article h1").count() == 1
    formulas = page.locator("span.math, div.math").count()
    assert page.locator("mjx-container svg").count() >= formulas
    assert page.locator("mjx-merror, [data-mjx-error]").count() == 0
    for picture in page.locator("article img").all():
        assert (picture.get_attribute("alt") or "").strip(), "a picture has no alternative text"
        assert picture.evaluate("picture => picture.naturalWidth > 0")


def test_index_leads_to_every_chapter(open_page, address):
    index = (HTML / "index.html").read_text()
    assert 'content="0; url=book/intro.html"' in index
    page = open_page(f"{address}/book/intro.html")
    addresses = page.locator("nav.bd-links a").evaluate_all("links => links.map(a => a.href)")
    for name in PAGES:
        assert any(link.split("#")[0].endswith(name) for link in [*addresses, page.url]), name
    assert page.locator("link[rel=icon]").get_attribute("href")
    assert page.locator(".navbar-brand img").first.evaluate("image => image.naturalWidth > 0")


def test_search_finds_a_word(open_page, address):
    cells = notebooks.read(BOOK / "03_bottleneck.ipynb").cells
    title = next(cell for cell in cells if cell.cell_type == "markdown").source.split("\n")[0]
    word = max(title.strip("# ?").split(), key=len)
    page = open_page(f"{address}/search.html?q={word}")
    page.wait_for_selector("#search-results li a")
    found = page.locator("#search-results li a").evaluate_all("links => links.map(a => a.href)")
    assert any("03_bottleneck.html" in link for link in found)


@pytest.mark.parametrize("name", PAGES)
def test_every_control_changes_its_picture(open_page, name):
    page = open_page(f"{HTML.as_uri()}/{name}")
    for figure in page.locator("figure.explore").all():
        figure.scroll_into_view_if_needed()
        for control in figure.locator("[data-control]").all():
            page.wait_for_function(
                "control => !control.querySelector('input').disabled", arg=control.element_handle()
            )
            before = control_state(figure, control)
            move(page, control)
            page.wait_for_function(
                "([figure, picture]) => figure.querySelector('canvas').toDataURL() !== picture",
                arg=[figure.element_handle(), before["picture"]],
            )
            after = control_state(figure, control)
            assert all(after[key] != before[key] for key in before), "the picture stayed as it was"


def move(page, control):
    """Move a slider to its other end, or choose what stands beside the chosen, by keyboard."""
    slider = control.locator("input[type=range]")
    if slider.count():
        slider.focus()
        at_the_end = slider.input_value() == slider.get_attribute("max")
        page.keyboard.press("Home" if at_the_end else "End")
    else:
        control.locator("input:checked").focus()
        page.keyboard.press("ArrowRight")


def control_state(figure, control):
    """Return what a reader sees and hears of a control: its picture, value and value in words."""
    chosen = control.locator("input:checked, input[type=range]")
    assert chosen.count() == 1
    words = chosen.evaluate("one => one.getAttribute('aria-valuetext') ?? one.labels[0].innerText")
    assert words.strip()
    return {
        "picture": figure.locator("canvas").evaluate("canvas => canvas.toDataURL()"),
        "value": chosen.input_value(),
        "words": words,
    }


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_page_is_accessible_in_both_themes(open_page, server, name, theme):
    page = open_page(f"{server}/{name}", theme=theme)
    assert page.locator("html").get_attribute("data-theme") == theme
    serious = serious_troubles(page)
    assert not serious, "\n".join(serious)


@pytest.mark.parametrize("name", PAGES)
def test_dark_theme_leaves_figures_as_they_are(open_page, server, name):
    page = open_page(f"{server}/{name}", theme="dark")
    for picture in page.locator("article img, article canvas").all():
        assert picture.evaluate("picture => getComputedStyle(picture).filter") == "none"
    for output in page.locator("div.cell_output .text_html").all():
        background = output.evaluate("output => getComputedStyle(output).backgroundColor")
        assert background == "rgba(0, 0, 0, 0)", "the theme's grey panel is back"
    for card in page.locator("figure.explore, figure.plot").all():
        assert (
            card.evaluate("card => getComputedStyle(card).backgroundColor") == "rgb(255, 255, 255)"
        )


@pytest.mark.parametrize("name", PAGES)
def test_page_fits_on_a_phone(open_page, server, name):
    page = open_page(f"{server}/{name}", viewport=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for figure in page.locator("figure").all():
        box = figure.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]


@pytest.mark.parametrize("path", notebooks.chapters(), ids=lambda path: path.stem)
def test_launch_buttons_lead_to_the_notebook(path):
    page = (HTML / "book" / f"{path.stem}.html").read_text()
    repository = notebooks.settings()["repository"]
    if not repository["url"]:
        assert "mybinder" not in page and "colab" not in page.lower()
        return
    own = repository["url"].removeprefix("https://github.com/")
    owner_and_name = os.environ.get("GITHUB_REPOSITORY", own)  # as the extension does it
    branch = repository["branch"]
    colab = f"github/{owner_and_name}/blob/{branch}/book/{path.name}"
    assert f'href="https://colab.research.google.com/{colab}"' in page
    binder = f"gh/{owner_and_name}/{branch}?urlpath=lab/tree/book/{path.name}"
    assert f'href="https://mybinder.org/v2/{binder}"' in page


def test_mathjax_is_only_the_part_that_is_needed():
    files = [path for path in (HTML / "_static" / "mathjax").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 3_000_000
