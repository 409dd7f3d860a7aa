"""Maps made of numbers: the HTML that Python writes, and the script that makes it answer."""

import json
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from accessible import serious_troubles
from figure_pages import html_of, open_page, watched, write_page

from figures import curves, maps
from figures.maps import (
    HINTS,
    attention_of,
    explore_maps,
    largest,
    map_html,
    plain_weights,
    printed,
    show_maps,
    words_html,
)
from folders import BOOK

STATIC = BOOK / "_static"
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
        "four: cent 0.25",  # a large number below zero is not the largest
        "hundred: quatre 2.00",
        "(end): quatre 0.00",
    ]


# ---- figures of maps, without a browser ---------------------------------------------------------


def softmax_rows(rows, columns, seed=0):
    scores = np.exp(3 * np.random.default_rng(seed).standard_normal((rows, columns)))
    return scores / scores.sum(axis=-1, keepdims=True)


LENGTHS = range(3, 10)
FOUND = {
    n: SimpleNamespace(
        weights=np.stack([[softmax_rows(n, n, 10 * n + head) for head in range(2)]]),
        rows=[*"zyxwvutsr"[: n - 1], "(end)"],
        columns=list("abcdefghi"[:n]),
    )
    for n in LENGTHS
}
HEADS = ["first", "second"]


def looks(length, head):
    found, own = FOUND[length], HEADS.index(head)
    return [
        attention_of(found, "English", "German", head=own),
        attention_of(found, "German", "German", head=own, name="self"),
    ]


EXPLORED = {
    "alt": "{length} letters, {head} head.",
    "caption": "Below.",
    "start": {"length": 5},
    "small": "head",
    "length": LENGTHS,
    "head": HEADS,
}


@pytest.fixture
def shown(monkeypatch):
    """Collect the HTML that is shown in the built book."""
    collected = []
    monkeypatch.setenv("STATIC_BOOK", "1")
    for module in (maps, curves):
        monkeypatch.setattr(module, "_show_html", collected.append)
    return collected


def data_of(html):
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', html).group(1))


def test_the_page_gets_all_numbers_as_they_are_printed(shown):
    explore_maps(looks, **EXPLORED)
    data = data_of(shown[0])
    assert len(data["maps"]) == len(data["alts"]) == 7 * 2 and data["counts"] == [7, 2]
    assert data["alts"][-1] == "9 letters, second head."
    for position, found in enumerate(data["maps"]):
        length, head = LENGTHS[position // 2], position % 2
        exact = FOUND[length].weights[0, head]
        for one in found:
            whole = np.array(one["weights"])
            assert [[f"{w / 100:.2f}" for w in row] for row in whole] == [
                [printed(w) for w in row] for row in exact
            ]
            assert (abs(whole.sum(axis=1) - 100) <= 0.5 * length).all()


def test_the_first_state_is_a_picture_with_numbers_and_words(shown):
    explore_maps(looks, **EXPLORED)
    html = shown[0]
    assert html.count('role="gridcell"') == 2 * 5 * 5
    assert '<p class="unseen alt">5 letters, first head.</p>' in html
    assert html.count("<input") == html.count(" disabled") == 1 + 2
    assert 'type="range" min="0" max="6" value="2" aria-valuetext="5"' in html
    assert html.count('class="words"') == 2  # one line a side, however many maps
    assert html.count("<rect") == 2 * 2 * 5 * 5  # both heads, small
    row = FOUND[5].weights[0, 0][0]
    assert f"z looks most at {'abcde'[row.argmax()]} ({printed(row.max())})" in html
    assert HINTS[True] in html and "<figcaption>Below.</figcaption>" in html


def test_a_matrix_needs_no_one_who_asks(shown):
    one = maps.a_map([[0.5, np.nan], [np.nan, np.nan]], "ab", "xy", title="t", reason="not yet")
    show_maps(one, alt="a half")
    html = shown[0]
    assert html.count('class="none" aria-label="not yet"') == 3
    assert "a: largest at x (0.50)." in html and "b: largest" not in html
    assert "queries" not in html and 'class="words"' not in html and HINTS[False] in html


def test_few_numbers_are_buttons_and_thousands_are_grouped(shown):
    draw = lambda number: maps.a_map(np.eye(2), "ab", "xy", title=str(number))  # noqa: E731
    explore_maps(draw, alt="{number}", number=[84, 2037])
    assert "<span>2,037</span>" in shown[0] and 'type="range"' not in shown[0]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"alt": " "}, "alt is empty"),
        ({"alt": "{size}"}, "size"),
        ({"head": []}, "head has no values"),
        ({"head": ["first", "first"]}, "head has a value twice"),
        ({"start": {"width": 3}}, "start names"),
        ({"labels": {"width": "w"}}, "labels names"),
        ({"small": "width"}, "small or play names"),
        ({"play": "width"}, "small or play names"),
        ({"start": {"length": 2}}, "start\\['length'\\] is 2"),
    ],
)
def test_wrong_use_is_explained(shown, changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        explore_maps(looks, **{**EXPLORED, **changes})
    assert not shown


def test_names_must_fit_the_numbers():
    with pytest.raises(ValueError, match=r"\(2, 2\).*2 rows and 3 columns"):
        maps.a_map(np.eye(2), "ab", "xyz", title="t")


def test_in_a_kernel_the_same_call_shows_widgets(monkeypatch):
    import ipywidgets

    boxes = []
    monkeypatch.delenv("STATIC_BOOK", raising=False)
    monkeypatch.setattr(maps, "display", boxes.append)
    explore_maps(looks, **EXPLORED)
    length, head, picture, words = boxes[0].children
    assert isinstance(length, ipywidgets.SelectionSlider)
    assert isinstance(head, ipywidgets.RadioButtons)
    before = picture.value
    length.value = 7
    assert picture.value != before and "7 letters, first head." in words.value
    row = FOUND[7].weights[0, 0][0]
    assert f"z looks most at {'abcdefg'[row.argmax()]} ({printed(row.max())})" in words.value


# ---- words and curves, without a browser --------------------------------------------------------


def show_some_curves():
    found = SimpleNamespace(weights=WEIGHTS[None, None], rows=WORDS[0], columns=WORDS[1])
    curves.show_curves(found, "English", "French", alt="Three words each.", caption="Below.")


def test_curves_are_as_wide_as_the_weights_and_say_their_sums(shown):
    show_some_curves()
    html, data = shown[0], data_of(shown[0])
    widths = [float(width) for width in re.findall(r'stroke-width="([\d.]+)"', html)]
    seen = WEIGHTS[WEIGHTS >= curves.LEAST]
    assert np.allclose(widths, curves.WIDTH * seen, atol=0.005)
    assert data["sums"]["asks"] == ["1.00", "1.00", "1.00"]
    assert data["sums"]["asked"] == [printed(column) for column in WEIGHTS.sum(axis=0)]
    assert '<p class="unseen">Three words each.</p>' in html
    assert html.count("<button") == 6 and html.count("<input") == 2


def test_curves_need_words(shown):
    with pytest.raises(ValueError, match="alt is empty"):
        curves.show_curves(FOUND[3], "English", "German", alt="")


def test_in_a_kernel_curves_have_a_switch_and_a_choice_of_words(monkeypatch):
    boxes = []
    monkeypatch.delenv("STATIC_BOOK", raising=False)
    monkeypatch.setattr(curves, "display", boxes.append)
    show_some_curves()
    controls, picture, say = boxes[0].children
    way, word = controls.children
    before = picture.value
    way.value = "asked"
    word.value = 0
    assert picture.value != before
    column = WEIGHTS[:, 0]
    assert "quatre is asked by four 0.90" in say.value
    assert f"together {printed(column.sum())}." in say.value


# ---- in a browser -----------------------------------------------------------------------------


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


# ---- figures of maps, in a browser ---------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make a page that holds a figure of maps with two choices, a dense map, and curves."""
    folder = tmp_path_factory.mktemp("figures")
    waves = np.sin(np.outer(np.arange(24), np.arange(64)) / 9)
    look = {"title": "waves", "signed": True, "every": (4, 8)}
    html = html_of(
        [maps, curves],
        lambda: explore_maps(looks, **EXPLORED),
        lambda: show_maps(maps.a_map(waves, range(24), range(64), **look), alt="waves"),
        show_some_curves,
    )
    write_page(folder, "page", html)
    return folder


@pytest.fixture
def figures(browser, folder):
    with watched(browser, chance=False) as context:
        yield open_page(context, folder)


def labels(page, name):
    cells = page.locator(f".map.{name} [role=gridcell]")
    return cells.evaluate_all("cells => cells.map(cell => cell.getAttribute('aria-label'))")


@pytest.mark.pages
def test_figures_are_drawn_as_they_were_written(browser, folder, figures):
    with watched(browser, java_script_enabled=False) as context:
        plain = open_page(context, folder)
        for k, element in enumerate(plain.locator(".maps").all()):
            assert element.inner_html() == figures.locator(".maps").nth(k).inner_html()
        for part in (".lines", ".alt"):
            written = plain.locator(part).all_text_contents()
            assert written == figures.locator(part).all_text_contents()


@pytest.mark.pages
def test_every_choice_shows_its_numbers(figures):
    """By keys alone: the slider from end to end, and both heads; each cell to the printed digit."""
    slider = figures.locator("input[type=range]")
    for head in range(2):
        figures.locator("input[type=radio]").nth(head).focus()
        figures.keyboard.press("Space")
        slider.focus()
        figures.keyboard.press("Home")
        for length in LENGTHS:
            exact = [printed(weight) for weight in FOUND[length].weights[0, head].ravel()]
            assert labels(figures, "cross") == labels(figures, "self") == exact
            assert slider.get_attribute("aria-valuetext") == str(length)
            thumbs = figures.locator(".thumbs").nth(head).locator("rect")
            assert thumbs.count() == 2 * length**2
            corner = FOUND[length].weights[0, head, 0, 0]
            shade = float(thumbs.first.evaluate("cell => cell.style.getPropertyValue('--s')"))
            assert abs(shade - float(printed(corner)) ** 0.5) <= 0.0005
            assert figures.locator(".alt").first.text_content() == (
                f"{length} letters, {HEADS[head]} head."
            )
            figures.keyboard.press("ArrowRight")


@pytest.mark.pages
def test_a_row_that_is_read_out_sums_to_one(figures):
    card = figures.locator("figure.maps-only").first
    for button in card.locator(".words button[data-side=says]").all():
        button.click()
        numbers = [float(n) for n in re.findall(r"\d\.\d\d", card.locator(".say").inner_text())]
        assert len(numbers) == 5 and abs(sum(numbers) - 1) <= 0.005 * 5
    assert card.locator(".map.cross .picked [role=rowheader].lit").inner_text() == "(end)"
    card.locator(".words button[data-side=reads]").nth(1).click()  # asks in the other map
    assert card.locator(".say").inner_text().startswith("German asks German: y looks at a ")


@pytest.mark.pages
def test_what_is_held_is_let_go_where_it_is_not(figures):
    figures.locator("figure.maps-only").first.locator(".words button[data-side=says]").nth(
        4
    ).click()
    slider = figures.locator("input[type=range]")
    slider.focus()
    figures.keyboard.press("End")
    assert figures.locator(".map.cross .picked").count() == 1
    figures.keyboard.press("Home")
    assert figures.locator(".picked").count() == 0
    assert figures.locator(".say").first.inner_text() == HINTS[True]


@pytest.mark.pages
def test_a_dense_map_is_read_cell_by_cell(figures):
    card = figures.locator("figure.maps-only").nth(1)
    card.locator("[role=gridcell]").nth(64 * 9 + 5).hover()
    assert card.locator(".say").inner_text() == f"9, 5: {printed(np.sin(5))}"
    assert card.locator("[role=rowheader]").nth(5).inner_text() == ""


EVERY_PLACE = """() => {
  const slider = document.querySelector("input[type=range]");
  for (let place = 0; place <= +slider.max; place++) {
    slider.value = place;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    document.body.getBoundingClientRect();
  }
}"""


@pytest.mark.pages
def test_a_choice_is_answered_within_a_frame(figures):
    """In time of the processor, as other programs of the machine don't count: script and layout."""
    client = figures.context.new_cdp_session(figures)
    client.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent():
        found = client.send("Performance.getMetrics")["metrics"]
        return sum(one["value"] for one in found if one["name"] == "TaskDuration")

    rounds = []
    for _ in range(5):
        start = spent()
        figures.evaluate(EVERY_PLACE)
        rounds.append(1000 * (spent() - start) / len(LENGTHS))
    print("milliseconds a choice:", *(f"{one:.1f}" for one in rounds))
    assert 0.1 < min(rounds) <= 16


@pytest.mark.pages
def test_curves_answer_to_keys_and_the_switch(figures):
    card = figures.locator("figure.curves")
    say = card.locator(".say")
    card.locator(".row.asks button").first.focus()
    figures.keyboard.press("ArrowRight")
    figures.keyboard.press("Enter")
    assert say.inner_text() == ("hundred looks at quatre 0.13, cent 0.88, <s> 0.00: together 1.00")
    assert card.locator(".row.asks button").nth(1).get_attribute("aria-pressed") == "true"
    assert card.locator("path:not(.pale)").count() == 2
    figures.keyboard.press("Escape")
    assert say.inner_text() == curves.HINT and card.locator("path.pale").count() == 0
    card.locator("input").nth(1).focus()
    figures.keyboard.press("Space")
    assert card.locator(".row.asks button").first.is_disabled()
    card.locator(".row.asked button").first.click()
    together = printed(WEIGHTS[:, 0].sum())
    assert say.inner_text() == (
        f"quatre is asked by four 0.90, hundred 0.13, (end) 0.30: together {together}"
    )


@pytest.mark.pages
def test_on_a_phone_figures_fit_and_can_be_read(browser, folder):
    with watched(browser, chance=False, viewport={"width": 390, "height": 844}) as context:
        page = open_page(context, folder)
        page.locator("figure.curves input").nth(1).locator("..").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        sizes = page.locator("figure *").evaluate_all(
            "all => all.filter(one => one.innerText)"
            ".map(one => parseFloat(getComputedStyle(one).fontSize))"
        )
        assert min(sizes) >= 11


@pytest.mark.pages
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(figures, theme):
    figures.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
    figures.evaluate("Math.random = () => 0.5")  # axe asks for chance
    figures.locator("figure.curves .row.asks button").first.click()
    figures.locator(".map.cross [role=gridcell]").nth(3).click()
    serious = serious_troubles(figures)
    assert not serious, "\n".join(serious)
