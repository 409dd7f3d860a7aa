"""The small figures of chapters 04 and 05: first state, numbers in a browser, the keyboard."""

import gzip
import json
import re
import statistics
from contextlib import ExitStack

import numpy as np
import pytest
from accessible import serious_troubles
from figure_pages import html_of, open_page, watched, write_page

from figures import by_hand, card, look_up, masks, patterns, plane, through_time
from figures.card import printed
from folders import BOOK, HTML
from helpers.attention import attention, attention_weights, causal_mask, padding_mask, prefix_mask
from helpers.functions import softmax

STATIC = BOOK / "_static"
FIGURES = ("plane", "by_hand", "patterns", "look_up", "masks", "through_time")
THREE_INPUTS = (1, -0.5, 0.5)
KEYS = np.array([[1.0, 0.4], [2.0, 0.8], [-0.6, 1.6], [-1.5, -0.5], [0.5, -1.5]])
MARKS, METRES = np.array([0, 2, 5, 6, 9, 12]), np.array([820, 910, 1240, 1190, 1530, 1480])
HEAT = (0.01, 0.1, 0.5, 1, 2, 5, 10, 30, 100, 1000)
WORDS = ["I", "saw", "her"]
QUERIES_3 = np.array([[0.0, 1.0], [2.0, 1.0], [1.0, -1.0]])
KEYS_3 = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
VALUES_3 = np.array([[10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])
SCORES = np.random.default_rng(1).standard_normal((5, 5)).round(1)
EVERYTHING, THREE = np.ones((5, 5), bool), padding_mask(np.array([3]), 5)[0]
MASKS = {
    "none": EVERYTHING,
    "causal": causal_mask(5),
    "prefix of 2": prefix_mask(np.array([2]), 5)[0],
}
PADDING = {"none": EVERYTHING, "right": THREE, "left": THREE[:, ::-1]}
SAID = {
    "none": ["we", "saw", "her", "red", "hat"],
    "right": ["we", "saw", "her", "(pad)", "(pad)"],
    "left": ["(pad)", "(pad)", "we", "saw", "her"],
}
PUZZLED = {"puzzle": "backwards", "asked": "its place", "offered": "its place", "sharpness": 1}


def soft_look_up(query, temperature=1.0):
    """Look something up as chapter 05 does."""
    scores = -((query - MARKS) ** 2) / temperature
    weights = np.exp(scores - scores.max())
    weights = weights / weights.sum()
    return weights @ METRES, weights


def show(name):
    """Show a figure as chapter 05 does."""
    if name == "plane":
        plane.draggable_query(attention_weights, KEYS, "abcde", (0.5, 0.9), caption="Drag it.")
    elif name == "by_hand":
        by_hand.three_words(WORDS, QUERIES_3, KEYS_3, VALUES_3, start="saw", caption="Press.")
    elif name == "patterns":
        words = ["banana", "little", "tomato"]
        patterns.pattern_puzzles(attention_weights, words, start=PUZZLED, caption="Choose.")
    elif name == "look_up":
        options = {"temperatures": HEAT, "start": (7, 1), "limits": (750, 1600)}
        look_up.draggable_look_up(soft_look_up, MARKS, METRES, caption="Drag.", **options)
    elif name == "through_time":
        through_time.three_steps(THREE_INPUTS, 0.8, 1, (0.5, 1, 2), start=(1, 3), caption="Go.")
    else:
        start = ("causal", "right")
        masks.clickable_mask(softmax, SCORES, MASKS, PADDING, SAID, start=start, caption="Click.")


def html_with(name):
    return html_of(card, lambda: show(name))


# ---- without a browser -------------------------------------------------------------------------


@pytest.mark.parametrize("name", FIGURES)
def test_names_its_scripts_and_disables_its_controls_until_they_run(name):
    html = html_with(name)
    assert f'data-scripts="attend {name}"' in html
    assert html.count("<input") == html.count(" disabled")
    for end in ("js", "css"):
        assert (STATIC / f"{name}.{end}").exists()
    json.loads(re.search(r'<script type="application/json">(.*?)</script>', html).group(1))


def test_the_first_states_hold_the_numbers_of_the_library():
    weights = softmax(SCORES, where=causal_mask(5) & THREE)
    assert all(f"<b>{weight:.2f}</b>" in html_with("masks") for weight in weights.ravel())
    context = attention(QUERIES_3, KEYS_3, VALUES_3)[1]
    assert f"[{context[0]:.2f}, {context[1]:.2f}]" in html_with("by_hand")
    weights = attention_weights(np.array([[0.5, 0.9]]), KEYS, score=lambda q, k: q @ k.T)[0]
    assert all(f"<td>{weight:.2f}</td>" in html_with("plane") for weight in weights)
    assert f"<b>{soft_look_up(7)[0]:.0f}</b> m" in html_with("look_up")


@pytest.mark.parametrize("u", [0.5, 1, 2])
def test_three_steps_back_are_those_of_autograd(u):
    def loss(weights, from_step=0, state=0.0):
        for t in range(from_step, 3):
            state = np.tanh(0.8 * THREE_INPUTS[t] + weights[t] * state)
        return (state - 1) ** 2 / 2

    def slope(function, value, step=1e-6):
        return (function(value + step) - function(value - step)) / (2 * step)

    found = through_time.arithmetic(THREE_INPUTS, 0.8, 1, u)
    for t in range(3):
        own = lambda one, t=t: loss([u] * t + [one] + [u] * (2 - t))  # noqa: E731
        assert found[6, t] == pytest.approx(slope(own, u), abs=1e-8)
        later = lambda state, t=t: loss([u] * 3, t + 1, state)  # noqa: E731
        assert found[4, t] == pytest.approx(slope(later, found[2, t]), abs=1e-8)


def test_by_hand_is_attention():
    for query, expected in zip(QUERIES_3, attention(QUERIES_3, KEYS_3, VALUES_3), strict=True):
        rows, total, context = by_hand.arithmetic(query, KEYS_3, VALUES_3)
        assert np.allclose(context, expected, rtol=1e-12)
        assert np.isclose(rows[5].sum(), total) and np.isclose(rows[6].sum(), 1)


@pytest.mark.parametrize(
    ("puzzle", "asked", "offered"),
    [
        ("the first letter", "place 0", "its place"),
        ("the letter before", "place − 1", "its place"),
        ("backwards", "last − place", "its place"),
        ("all letters like mine", "its letter", "its letter"),
    ],
)
def test_each_puzzle_has_one_solution_and_needs_sharpness(puzzle, asked, offered):
    def said(word, *choice):
        weights = patterns.weights_of(attention_weights, word, *choice)
        return patterns.verdict(word, weights, patterns.wanted(puzzle, word))

    for word in ("banana", "little", "tomato"):
        assert said(word, asked, offered, 20) == patterns.SOLVED
        assert said(word, asked, offered, 1).startswith("The right places, but too soft")
        others = [(a, o) for a in patterns.ASKED for o in patterns.OFFERED if a != asked]
        assert all(said(word, *other, 20).startswith("Not yet") for other in others)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: plane.draggable_query(attention_weights, KEYS, "ab", (0, 1)), r"\(2, 2\)"),
        (
            lambda: through_time.three_steps((1, 2), 0.8, 1, (1, 2), start=(1, 0)),
            "inputs must be three numbers",
        ),
        (
            lambda: by_hand.three_words(WORDS, KEYS_3, KEYS_3[:2], VALUES_3, start="I"),
            "keys have shape",
        ),
        (
            lambda: patterns.pattern_puzzles(attention_weights, ["ab", "abc"], start=PUZZLED),
            "one length",
        ),
        (
            lambda: masks.clickable_mask(
                softmax, SCORES, {"few": causal_mask(4)}, PADDING, SAID, start=("few", "none")
            ),
            "'few'",
        ),
        (
            lambda: look_up.draggable_look_up(
                soft_look_up, MARKS, METRES, temperatures=(1,), start=(13, 1), limits=(0, 1)
            ),
            "query 13",
        ),
    ],
)
def test_wrong_arguments_are_told(monkeypatch, wrong, sentence):
    monkeypatch.setattr(card, "_show_html", lambda html: None)
    with pytest.raises(ValueError, match=sentence):
        wrong()


@pytest.mark.parametrize("name", FIGURES)
def test_in_a_kernel_widgets_redraw_with_numpy(monkeypatch, name):
    boxes = []
    monkeypatch.delenv("STATIC_BOOK", raising=False)
    monkeypatch.setattr(card, "display", boxes.append)
    show(name)
    *controls, drawing = boxes[0].children
    assert controls and "data-name" not in drawing.value
    for control in controls:
        before, options = drawing.value, getattr(control, "options", (False, True))
        value = next(one for one in reversed(options) if one != control.value)
        control.value = value[1] if isinstance(value, tuple) else value
        assert drawing.value != before or name == "masks", control.description
    assert "Error" not in drawing.value


def test_a_card_is_light():
    for name in ("attend", *FIGURES):
        script = gzip.compress((STATIC / f"{name}.js").read_bytes())
        assert len(script) <= 2_500, name
    pages = b"".join((html_with(name)).encode() for name in FIGURES)
    scripts = b"".join((STATIC / f"{name}.js").read_bytes() for name in ("attend", *FIGURES))
    assert len(gzip.compress(pages + scripts)) <= 20_000  # 190 KB of frames stood in their place


def test_only_the_shared_script_defines_a_global():
    for name in ("attend", *FIGURES):
        text = (STATIC / f"{name}.js").read_text()
        assert "Math.random" not in text and "Date" not in text and '"use strict"' in text
        top = re.findall(r"^(?:const|let|var|function) (\w+)", text, re.MULTILINE)
        assert top == (["attend"] if name == "attend" else [])


# ---- in a browser ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make a page with each figure alone."""
    folder = tmp_path_factory.mktemp("pages")
    for name in FIGURES:
        write_page(folder, name, html_with(name))
    return folder


@pytest.fixture
def opened(browser, folder):
    """Return what opens a page of a figure; an error in its script fails the test."""
    with ExitStack() as contexts:

        def open_one(name, **options):
            look = {"viewport": {"width": 820, "height": 900}, "chance": False, **options}
            return open_page(contexts.enter_context(watched(browser, **look)), folder, name)

        yield open_one


def texts(page, selector):
    return page.locator(selector).evaluate_all("all => all.map(one => one.textContent)")


SET = """([name, value]) => {
  for (const input of document.querySelectorAll(`[data-name="${name}"]`)) {
    if (input.type === "checkbox") input.checked = value;
    else if (input.type === "range") input.value = JSON.parse(input.dataset.options).indexOf(value);
    else if (input.value !== value) continue;
    else input.checked = true;
    input.dispatchEvent(new Event("input", {bubbles: true}));
  }
}"""


def choose(page, **state):
    """Set controls as a reader would."""
    for pair in state.items():
        page.evaluate(SET, list(pair))


MOVE = """([selector, x, y]) => {
  const handle = document.querySelector(selector), svg = handle.ownerSVGElement;
  const at = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());
  handle.setPointerCapture = () => {};
  handle.hasPointerCapture = () => true;
  handle.dispatchEvent(new PointerEvent("pointermove", {clientX: at.x, clientY: at.y}));
}"""


def drag(page, selector, x, y):
    page.evaluate(MOVE, [selector, x, y])


@pytest.mark.pages
@pytest.mark.parametrize("name", FIGURES)
def test_the_script_finds_the_first_state_as_it_was_written(opened, name):
    drawn = [
        opened(name, java_script_enabled=script).locator(".drawing").inner_html()
        for script in (True, False)
    ]
    plain = [re.sub(r' class=""|"[MVL\d. -]+"|\.0\b|\.\d+(?=")', "", one) for one in drawn]
    assert plain[0] == plain[1]


@pytest.mark.pages
def test_the_plane_agrees_with_numpy_in_50_states(opened):
    page, rng = opened("plane"), np.random.default_rng(1)
    for _ in range(50):
        points = rng.integers(-30, 31, (6, 2)) / 10
        scaled, heat = bool(rng.integers(2)), plane.TEMPERATURES[rng.integers(6)]
        choose(page, scaled=scaled, temperature=heat)
        for j, (x, y) in enumerate(points):
            selector = f"g.key:nth-of-type({j + 2})" if j < 5 else "g.query"
            drag(page, selector, x * plane.UNIT, -y * plane.UNIT)
        keys, query = points[:5], points[5:]
        scaling = heat * (np.sqrt(2) if scaled else 1)
        scores = query @ keys.T / scaling
        weights = attention_weights(query, keys, score=lambda q, k, s=scaling: q @ k.T / s)
        columns = [(query @ keys.T)[0], scores[0], weights[0]]
        expected = [printed(one) for row in zip(*columns, strict=True) for one in row]
        assert texts(page, "tbody td:not(.bar)") == expected
        output = attention(query, keys, keys, score=lambda q, k, s=scaling: q @ k.T / s)[0]
        assert texts(page, ".mean b") == [f"({printed(output[0])}, {printed(output[1])})"]


@pytest.mark.pages
def test_the_look_up_agrees_with_numpy_in_50_states(opened):
    page, rng = opened("look_up"), np.random.default_rng(2)
    left, right = look_up.LEFT, look_up.WIDTH - look_up.RIGHT
    for _ in range(50):
        kilometre, heat = rng.integers(0, 121) / 10, HEAT[rng.integers(len(HEAT))]
        choose(page, temperature=heat)
        drag(page, "g.query", left + kilometre / 12 * (right - left), 100)
        answer, weights = soft_look_up(kilometre, heat)
        assert texts(page, ".answer b") == [printed(kilometre, 1), printed(answer, 0)]
        assert texts(page, "tbody td:nth-child(3)") == [printed(weight, 3) for weight in weights]


@pytest.mark.pages
def test_the_mask_agrees_with_numpy_in_50_states(opened):
    page, rng = opened("masks"), np.random.default_rng(3)
    for _ in range(50):
        kinds = {"mask": rng.choice([*MASKS]), "padding": rng.choice([*PADDING])}
        slips = {name: bool(rng.integers(2)) for name in ("turned", "late", "plain")}
        choose(page, mask="none", padding="none")  # so that no click is left
        choose(page, mask="causal", **slips)
        choose(page, **kinds)
        mask = MASKS[kinds["mask"]] & PADDING[kinds["padding"]]
        for place in rng.choice(25, rng.integers(4), replace=False):
            page.locator("[aria-selected]").nth(int(place)).click()
            mask = mask ^ (np.arange(25) == place).reshape(5, 5)
        allowed = ~mask if slips["turned"] else mask
        weights = softmax(SCORES, where=allowed)
        if slips["late"]:
            weights = softmax(SCORES) * allowed
        elif slips["plain"]:
            with np.errstate(invalid="ignore"):
                powers = np.exp(SCORES) * allowed
                weights = powers / powers.sum(axis=-1, keepdims=True)
        assert texts(page, "[aria-selected] b") == [printed(one) for one in weights.ravel()]
        assert texts(page, "[aria-selected] small") == [str(int(one)) for one in mask.ravel()]
        assert texts(page, "[role=row] > .sum")[1:] == [printed(row.sum()) for row in weights]
        words = SAID[kinds["padding"]]
        said = masks.verdict(allowed, weights, words, slips["turned"], slips["late"])
        assert texts(page, ".state") == [said]
        empty = page.locator(".empty > [role=rowheader]").all_inner_texts()
        assert empty == [words[i] for i in np.flatnonzero(~allowed.any(axis=-1))]


@pytest.mark.pages
def test_by_hand_agrees_with_numpy_for_every_word(opened):
    page = opened("by_hand")
    for i, word in enumerate(WORDS):
        choose(page, asks=word)
        rows, total, context = by_hand.arithmetic(QUERIES_3[i], KEYS_3, VALUES_3)
        expected = []
        for step, numbers in enumerate(rows):
            expected += [by_hand._number(number, step) for number in numbers]
            expected.append({5: printed(total), 6: "1.00"}.get(step, ""))
        expected[-1] = by_hand._number(attention(QUERIES_3, KEYS_3, VALUES_3)[i], 8)
        assert texts(page, "[role=gridcell]") == expected
        assert np.allclose(context, attention(QUERIES_3, KEYS_3, VALUES_3)[i])


@pytest.mark.pages
def test_every_number_by_hand_says_where_it_came_from(opened):
    page = opened("by_hand")
    weight = page.locator("[data-step='6'] [role=gridcell]").nth(2)
    weight.click()
    assert page.locator(".say").inner_text() == (
        "The weight of her, its share of the sum: 8.34 / 14.48 = 0.58."
    )
    assert page.locator(".from").all_inner_texts() == ["8.34", "14.48"]
    page.keyboard.press("ArrowUp")
    assert "e = 2.718 to the power of 2.1213: 8.34." in page.locator(".say").inner_text()
    page.keyboard.press("Escape")
    assert page.locator(".say").inner_text() == by_hand.HINT
    page.get_by_role("button", name="add").click()
    assert page.locator(".here").all_inner_texts() == ["2", "1", "3"]
    assert page.locator(".from").all_inner_texts() == ["2", "0", "2", "0", "1", "1"]
    for cell in page.locator("[role=gridcell]").all():
        if cell.inner_text():
            cell.click()
            assert page.locator(".say").inner_text().endswith(".")
            assert "undefined" not in page.locator(".say").inner_text()


@pytest.mark.pages
def test_patterns_agree_with_numpy_in_50_states(opened):
    page, rng = opened("patterns"), np.random.default_rng(4)
    for _ in range(50):
        puzzle, word = rng.choice([*patterns.PUZZLES]), rng.choice(["banana", "little", "tomato"])
        asked, offered = rng.choice([*patterns.ASKED]), rng.choice(patterns.OFFERED)
        sharpness = patterns.SHARPNESS[rng.integers(len(patterns.SHARPNESS))]
        choose(page, puzzle=puzzle, word=word, asked=asked, offered=offered, sharpness=sharpness)
        weights = patterns.weights_of(attention_weights, word, asked, offered, sharpness)
        assert texts(page, "[role=gridcell]") == [printed(one) for one in weights.ravel()]
        places = patterns.wanted(puzzle, word)
        assert texts(page, ".state") == [patterns.verdict(word, weights, places)]
        framed = page.locator("[role=gridcell]").evaluate_all(
            "all => all.map(one => one.classList.contains('wanted'))"
        )
        assert framed == [j in row for row in places for j in range(6)]
        assert texts(page, "[role=columnheader]:not(.corner) b") == [*word]


@pytest.mark.pages
def test_handles_move_by_mouse_by_touch_and_by_keys(opened):
    page = opened("plane", has_touch=True)
    handle = page.locator("g.query")
    box = handle.locator(".halo").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 60, box["y"] + box["height"] / 2)
    page.mouse.up()
    first = handle.get_attribute("aria-valuetext")
    assert first != "0.5, 0.9" and first.endswith(", 0.9")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowLeft")
    x = float(first.split(",")[0])
    assert handle.get_attribute("aria-valuetext") == f"{x - 0.5:.1f}, 1.0"
    assert page.locator(".say").inner_text().startswith("The query (")
    assert handle.evaluate("one => getComputedStyle(one).touchAction") == "none"
    key = page.locator("g.key").first
    key.focus()
    page.keyboard.press("ArrowRight")
    assert key.get_attribute("aria-valuetext") == "1.1, 0.4"
    assert page.locator(".say").inner_text().startswith("On the query's line, a falls at ")
    for _ in range(8):
        page.keyboard.press("Shift+ArrowUp")
    assert key.get_attribute("aria-valuetext") == "1.1, 3.0"  # it stays in the plane


@pytest.mark.pages
def test_a_cell_of_the_mask_is_pressed_by_keys(opened):
    page = opened("masks")
    cell = page.locator("[aria-selected]").first
    cell.focus()
    assert page.locator(".say").inner_text().startswith("we asks we: allowed, 1.00. Its score is")
    page.keyboard.press("Space")
    assert cell.get_attribute("aria-selected") == "false"
    state = page.locator(".state").inner_text()
    assert state.startswith("Row 1 (we) may look at nothing. This course makes all its weights 0")
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")  # there is nothing: it stays
    page.keyboard.press("Enter")
    assert page.locator("[aria-selected]").nth(4).get_attribute("aria-selected") == "true"
    assert page.locator(".state").inner_text() == masks.FINE
    assert page.locator("[aria-selected][tabindex='0']").count() == 1


@pytest.mark.pages
@pytest.mark.parametrize("name", FIGURES)
def test_is_accessible_in_both_themes_and_readable_on_a_phone(opened, name):
    phone = {"width": 390, "height": 844}
    page = opened(name, chance=True, viewport=phone, reduced_motion="reduce")  # axe draws numbers
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    smallest = page.evaluate(
        """() => Math.min(...[...document.querySelectorAll("figure *")]
          .filter(one => one.textContent.trim() && !/SCRIPT/.test(one.tagName)).map(one => {
            const svg = one.closest("svg"), size = parseFloat(getComputedStyle(one).fontSize);
            return svg ? size * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width
              : size;
          }))"""
    )
    assert smallest >= 11
    if name == "masks":
        choose(page, padding="left", plain=True)
    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        assert not serious_troubles(page)


@pytest.mark.pages
@pytest.mark.parametrize("name", FIGURES)
def test_a_step_takes_less_than_a_frame(opened, name):
    """Of each step the fastest of ten times, so that other programs don't count."""
    page = opened(name)
    times = page.evaluate(
        """() => {
          const inputs = [...document.querySelectorAll("[data-name]")], best = [];
          const handles = [...document.querySelectorAll("[role=slider]")];
          const card = document.querySelector("figure");
          const steps = [
            ...inputs.map(one => () => {
              if (one.type === "range") one.value = (+one.value + 1) % (+one.max + 1);
              else one.checked = one.type === "radio" || !one.checked;
              one.dispatchEvent(new Event("input", {bubbles: true}));
            }),
            ...handles.map(one => () => one.dispatchEvent(
              new KeyboardEvent("keydown", {key: "ArrowUp", bubbles: true}))),
          ];
          for (const step of steps) {
            const times = [];
            for (let again = 0; again < 10; again++) {
              const start = performance.now();
              step();
              card.getBoundingClientRect();
              times.push(performance.now() - start);
            }
            best.push(Math.min(...times));
          }
          return best;
        }"""
    )
    print(f"{name}: median {statistics.median(times):.1f} ms, largest {max(times):.1f} ms")
    assert max(times) <= 16


# ---- chapter 05, as it is built ----------------------------------------------------------------


@pytest.mark.pages
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_chapter_has_the_figures_and_no_frames_where_they_stand(browser, theme):
    path = HTML / "book" / "05_attention.html"
    if not path.exists():
        pytest.fail("the book isn't built: run `make book`")
    context, troubles = browser.new_context(color_scheme=theme), []
    page = context.new_page()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(path.as_uri())
    for name in FIGURES:  # the last stands in chapter 04
        assert page.locator(f"figure.attend.{name}").count() == (name != "through_time")
        assert page.locator(f"figure.{name} input:disabled").count() == 0
    first = page.locator("figure.attend, figure.explore").first
    assert first.get_attribute("class") == "attend plane"
    page.locator("figure.plane g.query").focus()
    page.keyboard.press("ArrowUp")
    assert page.locator("figure.plane .say").inner_text().startswith("The query (0.5, 1.0)")
    context.close()
    assert not troubles


@pytest.mark.pages
def test_each_press_takes_the_gradient_one_move_further_back(opened):
    page = opened("through_time")
    for u in ("0.5", "1", "2"):
        numbers = through_time.arithmetic(THREE_INPUTS, 0.8, 1, float(u))
        choose(page, u=u)
        for press in range(through_time.PRESSES + 1):
            choose(page, press=press)
            shown = texts(page, "[data-since]")
            since = [first for row in through_time.ROWS.values() for first in row]
            for text, number, first in zip(shown, numbers.ravel(), since, strict=True):
                assert (text == "") == (press < first)
                assert not text or abs(float(text) - number) < 6e-4
            here = page.locator(".here").count()
            assert here == sum(first == press > 0 for first in since)
        (said,) = texts(page, ".say")
        assert f"∂L/∂u = {numbers[6].sum():.3f}" in said
