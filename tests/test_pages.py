"""The built pages in a Chromium with the network cut, from disk and from a local server."""

import functools
import gzip
import http.server
import os
import re
import threading
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from accessible import serious_troubles
from legible import unreadable

import notebooks
from folders import BOOK, HTML

pytestmark = pytest.mark.pages

PAGES = [f"book/{path.stem}.html" for path in notebooks.chapters()] + [
    "book/glossary.html",
    "book/notation.html",
    "book/instructors.html",
    "book/architecture.html",
    "book/api.html",
    "book/api_runs.html",
    "book/api_figures.html",
    "book/references.html",
]
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
TIGHTEST = {"width": 1201, "height": 900}  # with both side bars; a chart has the least room here


@pytest.fixture(scope="module", autouse=True)
def built():
    """Say what to do where there are no pages."""
    if not (HTML / "index.html").exists():
        pytest.fail("the book isn't built: run `make book`")


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


@pytest.fixture(scope="module")
def shelf(browser):
    """Keep pages open for the tests that only look at them: address and size -> page."""
    return {}


@pytest.fixture
def open_page(browser, shelf):
    """Return a function that opens a page; what the page complains of fails the test.

    A page of the same address and size is opened once for all tests of the file, so most open it
    from disk; as its reader changes the system from light to dark, so does it. What a test does to
    it must not matter to another; if it would, it says ``alone=True``. Addresses that the page
    asked for are in its list ``asked_for``.
    """
    opened = []

    def new(url, theme, viewport):
        context, troubles = browser.new_context(viewport=viewport, color_scheme=theme), []
        context.route(lambda url: not is_local(url), lambda route: refuse(route, troubles))
        page = context.new_page()
        page.asked_for = []
        page.on("request", lambda request: page.asked_for.append(request.url))
        listen(page, troubles)
        page.goto(url)
        return page, troubles

    def open_(url, theme="light", viewport=DESKTOP, *, alone=False):
        key = url, viewport["width"]
        if alone:
            opened.append((*new(url, theme, viewport), True))
        else:
            shelf[key] = shelf.get(key) or new(url, theme, viewport)
            opened.append((*shelf[key], False))
        page = opened[-1][0]
        page.emulate_media(color_scheme=theme)
        page.wait_for_function(
            "theme => document.documentElement.dataset.theme === theme", arg=theme
        )
        return page

    yield open_
    for page, _, alone in opened:
        if alone:
            page.context.close()
    assert not [trouble for _, troubles, _ in opened for trouble in troubles]


def listen(page, troubles):
    """Note what a page complains of."""
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


def refuse(route, troubles):
    """Stop what leaves the book."""
    troubles.append(f"leaves the book: {route.request.url}")
    route.abort()


def is_local(url):
    return url.startswith(("file:", "data:", "blob:", "about:", "http://127.0.0.1:"))


# From disk nothing but the page's own files can arrive; a server is tried with three pages.
WHOLE = [("file", name) for name in PAGES] + [("http", name) for name in PAGES[:3]]


@pytest.mark.parametrize(("address", "name"), WHOLE, indirect=["address"])
def test_page_is_whole_without_a_network(open_page, address, name):
    page = open_page(f"{address}/{name}")
    assert page.locator("article h1").count() == 1
    assert page.locator("article merror").count() == 0
    assert not re.search(r"\\\(|\\\[|\$\$", page.locator("article").inner_text()), "raw TeX"
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
                "([figure, picture]) => figure.querySelector('.picture').innerHTML !== picture",
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
    """Return what one sees and hears of a control: picture, value and value in words."""
    chosen = control.locator("input:checked, input[type=range]")
    assert chosen.count() == 1
    words = chosen.evaluate("one => one.getAttribute('aria-valuetext') ?? one.labels[0].innerText")
    assert words.strip()
    return {
        "picture": figure.locator(".picture").inner_html(),
        "value": chosen.input_value(),
        "words": words,
    }


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_page_is_accessible_in_both_themes(open_page, name, theme):
    page = open_page(f"{HTML.as_uri()}/{name}", theme=theme)
    assert page.locator("html").get_attribute("data-theme") == theme
    # Between the themes nothing but colours changes.
    serious = serious_troubles(page, colours_only=theme == "dark")
    assert not serious, "\n".join(serious)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_page_is_light_or_dark_before_the_scripts_have_come(browser, theme):
    page = browser.new_page(color_scheme=theme)
    page.route("**/*.js*", lambda route: route.abort())
    page.goto(f"{HTML.as_uri()}/{PAGES[0]}")
    assert page.locator("html").get_attribute("data-theme") == theme
    page.close()


@pytest.mark.parametrize("name", PAGES)
def test_dark_theme_leaves_images_and_turns_charts(open_page, name):
    page = open_page(f"{HTML.as_uri()}/{name}", theme="dark")
    assert looks(page, "article img, article canvas", "filter") <= {"none"}
    clear = {"rgba(0, 0, 0, 0)"}
    assert looks(page, "div.cell_output .text_html", "backgroundColor") <= clear, "a grey panel"
    assert looks(page, "figure.explore, figure.plot", "backgroundColor") <= clear, "a ground"
    turned = {"invert(1) hue-rotate(180deg)"}
    assert looks(page, "figure .picture svg:visible", "filter") <= turned


def looks(page, selector, name):
    """Return all that a property of elements is."""
    script = "(all, name) => all.map(one => getComputedStyle(one)[name])"
    return set(page.locator(selector).evaluate_all(script, name))


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("name", PAGES)
def test_every_word_of_a_chart_can_be_read(open_page, name, viewport):
    """None is smaller than 11 pixels, over the edge, or over another, at any place of a control."""
    page = open_page(f"{HTML.as_uri()}/{name}", viewport=viewport)
    if viewport is DESKTOP:
        page.set_viewport_size(TIGHTEST)
    assert not unreadable(page)
    shown = "drawings => drawings.map(drawing => drawing.getAttribute('class'))"
    kinds = page.locator("figure .picture svg:visible").evaluate_all(shown)
    assert set(kinds) <= {"narrow" if viewport is PHONE else "wide"}
    page.set_viewport_size(viewport)


@pytest.mark.parametrize("name", PAGES)
def test_code_stays_within_its_column(open_page, name):
    page = open_page(f"{HTML.as_uri()}/{name}")
    assert looks(page, ".cell_input pre", "whiteSpaceCollapse") <= {"preserve"}
    assert looks(page, ".cell_input pre", "textWrapMode") <= {"wrap"}
    wide = "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.innerText)"
    assert page.locator(".cell_input pre:visible").evaluate_all(wide) == []


@pytest.mark.parametrize("name", PAGES)
def test_no_figure_holds_an_identifier_of_another(name):
    page = (HTML / name).read_text(encoding="utf-8")
    identifier = re.compile(r'<[^>]*\sid="([^"]+)"')
    counts = Counter(identifier.findall(page))
    for figure in re.findall(r"<figure.*?</figure>", page, re.DOTALL):
        assert not [one for one in identifier.findall(figure) if counts[one] > 1]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_weighs_what_a_phone_can_load(name):
    assert packed_bytes(f"{HTML.as_uri()}/{name}") <= 350_000


@pytest.mark.parametrize("name", PAGES)
def test_page_fits_on_a_phone(open_page, name):
    page = open_page(f"{HTML.as_uri()}/{name}", viewport=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    boxes = "figures => figures.map(one => one.getBoundingClientRect())"
    for box in page.locator("figure").evaluate_all(boxes):
        assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]


@pytest.mark.parametrize("path", notebooks.chapters(), ids=lambda path: path.stem)
def test_launch_buttons_lead_to_the_notebook(path):
    page = (HTML / "book" / f"{path.stem}.html").read_text()
    repository = notebooks.settings()["repository"]
    if not repository["url"]:
        assert "mybinder" not in page and "colab.research" not in page
        return
    own = repository["url"].removeprefix("https://github.com/")
    owner_and_name = os.environ.get("GITHUB_REPOSITORY", own)  # as the extension does it
    branch = repository["branch"]
    colab = f"github/{owner_and_name}/blob/{branch}/book/{path.name}"
    assert f'href="https://colab.research.google.com/{colab}"' in page
    binder = f"gh/{owner_and_name}/{branch}?urlpath=lab/tree/book/{path.name}"
    assert f'href="https://mybinder.org/v2/{binder}"' in page


def packed_bytes(url):
    """Return what a file of the book weighs when a server packs it."""
    return len(gzip.compress(Path(unquote(urlsplit(url).path)).read_bytes()))


@pytest.mark.parametrize("name", PAGES)
def test_the_theme_weighs_little(open_page, name):
    """All that a page brings besides itself: no font of icons, no script of megabytes."""
    asked = open_page(f"{HTML.as_uri()}/{name}").asked_for
    kinds = (".css", ".js", ".woff2")
    theme = [url for url in asked if urlsplit(url).path.endswith(kinds) and "/live/" not in url]
    assert theme
    assert not any("fontawesome" in url or "fa-" in url or "mathjax" in url for url in asked)
    assert sum(map(packed_bytes, theme)) <= 250_000


@pytest.mark.parametrize("name", PAGES)
def test_folds_and_solutions_are_called_what_they_hold(open_page, name):
    page = open_page(f"{HTML.as_uri()}/{name}")
    page.wait_for_load_state("load")
    assert page.locator("[aria-label='Toggle hidden content']").count() == 0
    names = page.locator(".toggle-button").evaluate_all(
        "buttons => buttons.map(button => button.getAttribute('aria-label'))"
    )
    assert len(set(names)) == len(names), "two buttons have one name"
    for button in page.locator(".toggle-button").all()[:1]:
        button.focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Shift+Tab")
        assert button.evaluate("button => getComputedStyle(button).outlineStyle") == "solid"


@pytest.mark.parametrize(
    "name", ["book/05_attention.html", "book/09_attention_vs_self_attention.html"]
)
def test_on_paper_all_is_dark_on_white(open_page, name):
    page = open_page(f"{HTML.as_uri()}/{name}", theme="dark", alone=True)
    page.emulate_media(media="print", color_scheme="dark")
    pale = page.evaluate("""() => [...document.querySelectorAll(
        "article p, article h2, article math, article pre span, article td, article li")]
      .filter(element => !element.closest("figure") && element.checkVisibility())
      .map(element => getComputedStyle(element).color.match(/\\d+/g).slice(0, 3).map(Number))
      .filter(([red, green, blue]) => .3 * red + .6 * green + .1 * blue > 120).length""")
    assert pale == 0
    assert page.locator("figure input[type=range]:visible").count() == 0
    assert page.locator(".solution.toggle-hidden:visible").count() == 0
    for drawing in page.locator("figure .picture svg:visible").all():
        assert drawing.get_attribute("class") == "wide"
        assert drawing.evaluate("one => getComputedStyle(one).filter") == "none"


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("why divide by sqrt d", "Why the square root of d?"),
        ("positional encoding", "position encoding"),
        ("mask", "mask"),
        ("query", "query"),
        ("bottleneck", "bottleneck"),
    ],
)
def test_a_search_finds_the_right_place_first(open_page, address, query, first):
    page = open_page(f"{address}/search.html?q={query.replace(' ', '+')}", alone=True)
    found = page.locator("#search-first li").first
    found.wait_for()
    assert found.locator("a").inner_text() == first
    assert len(found.locator("p").inner_text()) > 20, "no sentence"
    found.locator("a").click()
    page.wait_for_url(re.compile("#"))
    assert page.evaluate("document.getElementById(decodeURI(location.hash.slice(1))) !== null")


def test_exercises_are_numbered_within_their_chapter():
    for path in notebooks.chapters():
        page = (HTML / "book" / f"{path.stem}.html").read_text()
        numbers = re.findall(r'caption-number">Exercise (\S+) ', page)
        assert numbers == [f"{path.stem[:2]}.{place + 1}" for place in range(len(numbers))]


def test_numbers_in_words_say_their_language():
    page = (HTML / "book" / "02_recurrence.html").read_text()
    assert '<em lang="fr">deux mille</em>' in page
    page = (HTML / "book" / "06_alignment.html").read_text()
    assert '<em lang="de">achtundvierzig</em>' in page


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_it_is_about(name):
    [sentence] = re.findall(r'<meta name="description" content="(.*?)"', (HTML / name).read_text())
    assert 40 <= len(sentence) <= 260
    addresses = re.findall(r'id="(figure-\d+)"', (HTML / name).read_text())
    assert len(addresses) == len(set(addresses))
