"""Predictions: what is asked, what is kept, and what is said once it has been measured."""

import json
import re

import nbformat
import numpy as np
import pytest
from accessible import serious_troubles

import notebooks
from figures import predict as module
from figures.predict import predict, reveal
from folders import BOOK

LENGTHS, SHARES = [2, 6, 10, 14], {2: 1.0, 4: 0.95, 6: 0.9, 10: 0.5, 14: 0.1}
QUESTIONS = {
    "number": ("steps", "How many steps?", {"number": (0, 600), "unit": "steps"}),
    "choices": ("cell", "Which cell?", {"choices": ["RNN", "GRU", "<b>"]}),
    "curve": ("shares", "Draw it.", {"curve": LENGTHS, "axes": ("length", "share right")}),
}
ANSWERS = {"number": [150, 1200.5], "choices": "GRU", "curve": SHARES}
SAID = {"number": 1234.5, "choices": "<b>", "curve": [0.9, 0.8, 0.7, 0.6]}


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Forget the predictions of other tests."""
    monkeypatch.setattr(module, "_asked", {})


@pytest.fixture
def shown(monkeypatch):
    """Collect the HTML that is shown in the built book."""
    collected = []
    monkeypatch.setenv("STATIC_BOOK", "1")
    monkeypatch.setattr(module, "_show_html", collected.append)
    return collected


@pytest.fixture
def widgets(monkeypatch):
    """Collect the widgets that a kernel shows."""
    collected = []
    monkeypatch.delenv("STATIC_BOOK", raising=False)
    monkeypatch.setattr(module, "display", collected.append)
    return collected


def ask(kind):
    name, text, options = QUESTIONS[kind]
    predict(name, text, **options)
    return name


# ---- without a browser ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", QUESTIONS)
def test_the_page_shows_nothing_of_the_answer_before_the_prediction(shown, kind):
    reveal(ask(kind), ANSWERS[kind], note="the note")
    asked, answer = shown
    data = r'<script type="application/json">.*?</script>'
    visible = re.sub(data, "", answer)
    assert module.TEXT["yet"] in visible and "measured" not in visible
    assert not re.search(r"\d|the note|GRU", re.sub("predict-", "", visible))
    assert answer.count("</script>") == 1 and "<b>" not in re.sub(data, "", asked)
    assert QUESTIONS[kind][1] in asked and "disabled" in asked


def test_without_script_there_is_the_question_and_a_sheet(shown):
    for kind in QUESTIONS:
        ask(kind)
    assert 'inputmode="decimal"' in shown[0] and "0 to 600" in shown[0]
    assert shown[1].count('type="radio"') == 3
    assert shown[2].count("<circle") == len(LENGTHS) and "share right" in shown[2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "one of number, choices and curve"),
        ({"number": (0, 1), "choices": "ab"}, "one of number, choices and curve"),
        ({"number": (1, 1)}, "rise"),
        ({"choices": ["a"]}, "two at least"),
        ({"choices": ["a", "a"]}, "all different"),
        ({"curve": [1, 3, 2]}, "rise"),
        ({"curve": [1, 2], "span": (1, 0)}, "rise"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(shown, options, message):
    with pytest.raises(ValueError, match=message):
        predict("name", "What?", **options)
    with pytest.raises(ValueError, match="small letters"):
        predict("A name", "What?", number=(0, 1))
    assert not shown


@pytest.mark.parametrize(
    ("kind", "measured"),
    [
        ("number", "many"),
        ("number", [1, np.nan]),
        ("number", []),
        ("choices", "LSTM"),
        ("choices", []),
        ("curve", {2: 1, 6: 1}),
    ],
)
def test_an_answer_to_another_question_is_refused(shown, kind, measured):
    with pytest.raises(ValueError):
        reveal(ask(kind), measured)
    with pytest.raises(ValueError, match="was not asked"):
        reveal("another", 1)


def keep(box, said):
    """Say something in the widgets of a kernel, and keep it."""
    _, field, (button, status) = box.children[0], box.children[1], box.children[2].children
    sliders = getattr(field, "children", [field])
    if isinstance(said, list):
        for slider, value in zip(sliders, said, strict=True):
            slider.value = value
    else:
        sliders[0].value = said
    button.click()
    return status.value


@pytest.mark.parametrize("kind", QUESTIONS)
def test_a_kernel_compares_once_it_is_said_and_remembers(widgets, kind):
    reveal(ask(kind), ANSWERS[kind])
    box, words = widgets
    assert words.value == module.TEXT["yet"]
    said = {"number": 120, "choices": "RNN", "curve": [0.9, 0.8, 0.7, 0.6]}[kind]
    assert "Kept" in keep(box, said)
    expected = {
        "number": ["You said 120 steps", "measured: 150 to 1,200.5 steps in 2 runs"],
        "choices": ["You said RNN; measured: GRU."],
        "curve": ["You said 0.60 at length 14", "measured: 0.10", "mean distance is 0.22"],
    }
    assert all(sentence in words.value for sentence in expected[kind])
    ask(kind)  # the cell once more
    assert module._asked[QUESTIONS[kind][0]].said == said


def test_a_kernel_keeps_no_choice_that_was_not_made(widgets):
    ask("choices")
    widgets[0].children[2].children[0].click()
    assert widgets[0].children[2].children[1].value == "Choose one."
    assert module._asked["cell"].said is None


def calls(path, function):
    """Names of the predictions that a chapter asks for, or reveals, in its order."""
    found = []
    for place, cell in enumerate(nbformat.read(path, as_version=4).cells):
        if cell.cell_type == "code":
            names = re.findall(rf'\b{function}\(\s*f?"([a-z0-9{{}}-]+)"', cell.source)
            found += [(place, name) for name in names]
    return found


def test_every_prediction_of_the_book_is_answered_further_down():
    names = []
    for path in notebooks.chapters():
        asked, answered = calls(path, "predict"), calls(path, "reveal")
        if path.stem != "intro":
            assert 1 <= len(asked) <= 4, path.stem
        assert sorted(name for _, name in asked) == sorted(name for _, name in answered), path.stem
        place_of = {name: place for place, name in answered}
        assert all(place < place_of[name] for place, name in asked)
        names += [name for _, name in asked]
    assert len(set(names)) == len(names)


# ---- in a Chromium -----------------------------------------------------------------------------


@pytest.fixture
def opened(browser, shown, tmp_path):
    """Return a function that opens a page with the three questions and their answers."""
    names = {kind: ask(kind) for kind in QUESTIONS}
    for kind, name in names.items():
        reveal(name, ANSWERS[kind], note="<i>")
    style, script = (
        "\n".join((BOOK / "_static" / f"{name}.{kind}").read_text() for name in SCRIPTS)
        for kind in ("css", "js")
    )
    theme = ":root {--pst-color-background: #fff} [data-theme=dark] {"
    theme += "--pst-color-background: #14181e; --pst-color-text-base: #ced6dd;"
    theme += "--pst-color-text-muted: #9ca4af; background: #14181e} [data-theme=dark] a"
    theme += " {color: #8ab4f8} [data-theme=dark] h1 {color: #ced6dd}"
    path = tmp_path / "index.html"
    path.write_text(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Predict</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{theme}{style}</style></head><body><main><h1>Predict</h1>{''.join(shown)}"
        f"</main><script>{script}</script></body></html>"
    )
    contexts, troubles = [], []

    def open_(refuse_storage=False, context=None, **options):
        if context is None:
            context = browser.new_context(**options)
            contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        if refuse_storage:
            page.add_init_script(
                "Object.defineProperty(window, 'localStorage', "
                "{get() { throw new DOMException('denied', 'SecurityError'); }})"
            )
        page.goto(path.as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not troubles


SCRIPTS = ("controls", "predict")


def say_all(page):
    """Answer the three questions as `SAID` does, by keyboard alone."""
    page.locator("input[type=text]").fill("1,234.5")
    page.keyboard.press("Enter")
    page.get_by_role("radio", name="RNN").focus()
    page.keyboard.press("ArrowLeft")
    for slider, value in zip(page.get_by_role("slider").all(), SAID["curve"], strict=True):
        slider.focus()
        page.keyboard.press("End")
        for _ in range(round((1 - value) / 0.05)):
            page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")


def sentences(page):
    return page.locator(".answer p:not(.compared)").all_inner_texts()


@pytest.mark.pages
def test_by_keyboard_it_is_kept_compared_changed_and_forgotten(opened):
    page = opened()
    page.locator("input[type=text]").fill("1234.5")
    page.keyboard.press("Enter")
    assert "from 0 to 600" in page.locator(".kept").first.inner_text()
    assert sentences(page) == []
    page.evaluate("document.querySelector('.prediction script').textContent")
    say_all(page)
    assert "from 0 to 600" in page.locator(".kept").first.inner_text()  # still out of range
    page.locator("input[type=text]").fill("120")
    page.get_by_role("button", name="keep it").first.click()
    number, choice, curve = sentences(page)
    assert "You said 120 steps;" in number
    assert "measured: 150 to 1,200.5 steps in 2 runs. <i> Change it" in number
    assert choice == "You said <b>; measured: GRU. <i> Change it"
    assert "You said 0.60 at length 14; ● measured: 0.10." in curve
    assert page.locator(".answer .ghost").count() == 1
    again = opened(context=page.context)
    assert sentences(again) == [number, choice, curve]
    assert again.locator("input[type=text]").input_value() == "120"
    assert again.get_by_role("radio", name="<b>").is_checked()
    values = [one.get_attribute("aria-valuetext") for one in again.get_by_role("slider").all()]
    assert values == [f"{value:.2f}" for value in SAID["curve"]]
    for _ in range(3):
        again.get_by_role("button", name="forget it").first.click()
    assert sentences(again) == []
    assert sentences(opened(context=page.context)) == []


@pytest.mark.pages
def test_the_page_says_what_a_kernel_says(opened, widgets):
    page = opened()
    say_all(page)
    page.locator("input[type=text]").fill("599.25")
    page.keyboard.press("Enter")
    for kind, found in zip(QUESTIONS, sentences(page), strict=True):
        asked = module._asked[QUESTIONS[kind][0]]
        asked.said = SAID[kind] if kind != "number" else 599.25
        answer = module._ANSWERS[kind](asked, ANSWERS[kind]) | {"note": "<i>"}
        html = module._compared(asked, answer)
        spoken = page.evaluate(
            "html => new DOMParser().parseFromString(html, 'text/html').querySelector('p')"
            ".textContent",
            html,
        )
        assert found == f"{spoken} Change it"


@pytest.mark.pages
def test_a_curve_is_drawn_in_one_stroke(opened):
    page = opened()
    box = page.locator(".sheet svg").bounding_box()
    left, right = box["x"] + 0.16 * box["width"], box["x"] + 0.93 * box["width"]
    page.mouse.move(left, box["y"] + 0.06 * box["height"])
    page.mouse.down()
    page.mouse.move(right, box["y"] + 0.79 * box["height"])  # in one leap over all points
    page.mouse.up()
    values = [float(one.get_attribute("aria-valuenow")) for one in page.get_by_role("slider").all()]
    assert np.allclose(values, np.interp(LENGTHS, [2, 14], [1, 0]), atol=0.04)
    page.get_by_role("button", name="keep it").last.click()
    assert page.locator(".answer .ghost").count() == 1


@pytest.mark.pages
def test_half_a_curve_is_not_kept(opened):
    page = opened()
    page.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert "not all points" in page.locator(".kept").last.inner_text()
    assert sentences(page) == []


@pytest.mark.pages
def test_where_the_browser_keeps_nothing_it_lasts_as_long_as_the_page(opened):
    page = opened(refuse_storage=True)
    say_all(page)
    assert len(sentences(page)) == 2
    assert "keeps nothing" in page.locator(".kept").last.inner_text()


@pytest.mark.pages
def test_what_else_is_kept_there_is_no_prediction(opened):
    page = opened()
    for name, kept in {"steps": '"many"', "cell": '"LSTM"', "shares": "[1, 2]"}.items():
        page.evaluate(
            "([name, kept]) => localStorage.setItem(`attention-measured:prediction:${name}`, kept)",
            [name, kept],
        )
    page.reload()
    assert sentences(page) == [] and page.locator(".kept").first.inner_text() == ""
    page.evaluate("localStorage.setItem('attention-measured:prediction:steps', '{')")
    page.reload()
    assert sentences(page) == []


@pytest.mark.pages
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1000])
def test_it_fits_and_can_be_read(opened, theme, width):
    page = opened(viewport={"width": width, "height": 844})
    page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
    say_all(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    sizes = page.locator(".prediction svg text").evaluate_all(
        "texts => texts.map(text => text.getScreenCTM()).map(({ a, b }) => 12.5 * Math.hypot(a, b))"
    )
    assert min(sizes) >= 11
    assert not serious_troubles(page)


@pytest.mark.pages
def test_on_paper_there_is_room_to_write_and_to_draw(opened):
    page = opened()
    page.emulate_media(media="print")
    assert page.locator(".blank").all_inner_texts() == ["Because"] * 3
    assert page.locator(".sheet svg text").count() > 8
    assert not page.locator(".sheet circle").first.is_visible()
    assert page.get_by_role("radio").count() == 3
    assert not page.get_by_role("button").count()


def test_data_can_be_read_back(shown):
    reveal(ask("curve"), SHARES)
    data = re.search(r'<script type="application/json">(.*?)</script>', shown[1]).group(1)
    assert json.loads(data)["values"] == [SHARES[x] for x in LENGTHS]
