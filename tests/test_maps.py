"""Maps made of numbers: the HTML that Python writes, and the script that makes it answer."""

import json
import re
import shutil

import numpy as np
import pytest
from playwright.sync_api import sync_playwright

from figures.maps import largest, map_html, plain_weights, words_html
from folders import BOOK

STATIC = BOOK / "_static"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
WORDS = (["four", "hundred", "(end)"], ["quatre", "cent", "<s>"])
WEIGHTS = np.array([[0.9, 0.08, 0.02], [0.125, 0.875, 0], [0.3, 0.3, 0.4]])


def a_map(**changes):
    rows, columns = WORDS
    one = {"name": "cross", "title": "English asks French", "rows": rows, "columns": columns}
    one |= {"asks": ["English", "en"], "asked": ["French", "fr"], "sides": ["said", "source"]}
    return {**one, "tone": "attention", "weights": plain_weights(WEIGHTS), **changes}


def signed_map():
    weights = [[-0.5, 0.25, -0.001], [2, -1, 0], [0, 0, -1.5]]
    text = {"cell": "{row} at {column} is {value}", "most": "{row}: {column} {value}"}
    return a_map(name="signed", weights=weights, signed=True, top=2, text=text, asks=["", ""])


def causal_map():
    weights = plain_weights(np.tril(np.ones((3, 3))), lambda i, j: j > i, "not said yet")
    return a_map(name="causal", weights=weights, sides=["said", "said"], shift=1)


# ---- without a browser ------------------------------------------------------------------------


def test_a_map_is_a_grid_of_the_printed_numbers():
    html = map_html(a_map(), "figure-1")
    labels = re.findall(r'role="gridcell"[^>]*aria-label="([\d.]+)"', html)
    # As a half is rounded on the page: up.
    assert labels == "0.90 0.08 0.02 0.13 0.88 0.00 0.30 0.30 0.40".split()
    assert html.count('role="row"') == 4 and html.count('role="rowheader"') == 3
    assert html.count('tabindex="0"') == 1
    assert "four looks most at quatre (0.90); hundred looks most at cent (0.88)" in html
    assert "<s>" not in html and "&lt;s&gt;" in html


def test_a_cell_without_a_number_says_why():
    html = map_html(causal_map(), "figure-1")
    assert html.count('class="none" aria-label="not said yet"') == 3


def test_numbers_below_zero_have_a_colour_of_their_own():
    html = map_html(signed_map(), "figure-1")
    assert html.count('class="minus"') == 4
    assert '--s:0.250" aria-label="−0.50"' in html and 'aria-label="0.00"' in html
    assert largest(signed_map()) == [
        "four: quatre −0.50",
        "hundred: quatre 2.00",
        "(end): <s> −1.50",
    ]


# ---- in a browser -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser(browser_path):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, tmp_path):
    """Open a page with three maps and two sentences, made to answer by nothing but map.js."""
    for name in ("map.js", "map.css"):
        shutil.copy(STATIC / name, tmp_path)
    drawn = [a_map(), causal_map(), signed_map()]
    sentences = words_html(WORDS[1], "source", "fr") + words_html(WORDS[0], "said", "en")
    (tmp_path / "page.html").write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>A page</title>'
        '<link rel="stylesheet" href="map.css"><script src="map.js"></script><body><main>'
        f'<h1>A page</h1><figure class="board"><p class="words">{sentences}</p><div class="maps">'
        f'{"".join(map_html(one, "f") for one in drawn)}</div><p class="say" aria-live="polite">'
        f"Point.</p></figure><script>const drawn = {json.dumps(drawn)}</script></main>"
    )
    context, troubles = browser.new_context(viewport={"width": 900, "height": 700}), []
    page = context.new_page()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto((tmp_path / "page.html").as_uri())
    page.written = page.locator(".maps").inner_html()
    page.evaluate(
        """() => {
          Math.random = () => { throw new Error("an invented number") };
          window.seen = [];
          window.board = maps.board(document.querySelector("figure"), { id: "f", hint: "Point.",
            onShow: at => seen.push(["show", at]), onPress: at => seen.push(["press", at]) });
          board.draw(drawn);
          seen.length = 0;
        }"""
    )
    yield page
    context.close()
    assert not troubles


@pytest.mark.pages
def test_the_script_draws_what_python_wrote(page):
    assert page.locator(".maps").inner_html() == page.written


@pytest.mark.pages
def test_a_board_tells_what_is_shown_and_what_is_pressed(page):
    page.locator(".map.cross [role=gridcell]").nth(3).click()
    pressed = {"map": "cross", "i": 1, "j": 0}
    assert page.evaluate("board.held()") == pressed
    assert ["press", pressed] in page.evaluate("seen")
    assert page.locator(".say").inner_text() == "hundred looks at quatre: 0.13"
    page.keyboard.press("ArrowLeft")  # the name of the row
    page.keyboard.press("Enter")
    assert page.evaluate("seen.at(-1)") == ["press", {"map": "cross", "i": 1}]
    assert page.locator(".words .lit").all_inner_texts() == ["hundred"]
    assert page.locator(".say").inner_text() == (
        "English asks French: hundred looks at quatre 0.13, cent 0.88, <s> 0.00"
    )
    page.keyboard.press("Escape")
    assert page.evaluate("board.held()") is None
    assert page.locator(".say").inner_text() == "Point."


@pytest.mark.pages
def test_what_is_held_stays_when_other_maps_are_drawn(page):
    page.locator(".words button[data-side=said]").nth(1).click()
    page.evaluate("board.draw(drawn.slice(0, 1), true)")
    assert page.locator(".map.cross .picked [role=rowheader].lit").inner_text() == "hundred"
    page.evaluate("board.draw(drawn)")
    assert page.evaluate("board.held()") is None and page.locator(".picked").count() == 0


@pytest.mark.pages
def test_words_and_shifted_columns_are_lit_together(page):
    page.locator(".map.causal [role=gridcell]").nth(4).hover()
    assert page.locator(".words .lit").all_inner_texts() == ["four", "hundred"]
    page.locator(".map.causal [role=gridcell]").nth(1).hover()
    assert page.locator(".say").inner_text() == "four cannot look at cent: it is not said yet"
    page.locator(".map.signed [role=gridcell]").nth(4).hover()
    assert page.locator(".say").inner_text() == "hundred at cent is −1.00"


@pytest.mark.pages
def test_a_map_answers_within_a_frame(page):
    """The fastest of five times, as other programs of the machine don't count."""
    milliseconds = page.evaluate(
        """() => {
          const names = [...Array(24)].map((_, i) => `w${i}`), times = [];
          const weights = names.map(() => names.map(() => 1 / 24));
          const big = name => ({ ...drawn[0], name, rows: names, columns: names, weights });
          board.draw([big("a"), big("b"), big("c")]);
          for (let again = 0; again < 5; again++) {
            const start = performance.now();
            board.show({ map: "b", i: again, j: 3 });
            document.body.getBoundingClientRect();
            times.push(performance.now() - start);
          }
          return Math.min(...times);
        }"""
    )
    print(f"{milliseconds:.1f} ms")
    assert milliseconds <= 16
