"""Choices and sliders: what is written, and how they answer in a Chromium."""

import contextlib
import re

import pytest
from accessible import serious_troubles

from figures.controls import choices, is_scale, panel, slider
from folders import BOOK

PHONE = {"width": 390, "height": 844}
STEPS = [str(step) for step in range(0, 300, 50)]
# Writes down what a figure is told.
LISTENER = """
    const told = [];
    for (const card of document.querySelectorAll("figure")) {
      controls.listen(card, (places, moved) => told.push([...places, moved].join(" ")));
    }
"""


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (range(6), True),
        (range(6, 0, -1), True),
        ([0.1, 0.2, 0.5, 1, 2, 5], True),
        (range(5), False),
        ([98, 994, 48, 4_991, 7, 47_236], False),
        ("abcdefg", False),
        ([1, 2, 3, 4, 5, "mean"], False),
    ],
)
def test_a_scale_is_many_numbers_in_their_order(options, expected):
    assert is_scale(options) is expected


def test_names_are_escaped_and_groups_are_their_own():
    html = choices("<b>", ["<i>", "&"], 1) + choices("two", "ab")
    assert "<b>" not in html and "<i>" not in html
    assert len(set(re.findall(r'name="([^"]*)"', html))) == 2
    assert html.count(" checked") == 1
    assert "<i>" not in slider("a", ['<i>"', "b"])


@pytest.fixture
def opened(browser, tmp_path):
    """Return a function that opens a figure with a slider to play, and two groups."""
    moved = panel(
        [
            slider("training step", STEPS, 4, play=True),
            choices("kind of attention", ["one vector", "attention", "self-attention"], 1),
            choices("head", "1234", 0),
        ],
        ["training step", "kind of attention", "head"],
    )
    style = (BOOK / "_static" / "controls.css").read_text()
    script = (BOOK / "_static" / "controls.js").read_text()
    path = tmp_path / "index.html"
    path.write_text(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Controls</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{style}</style></head><body><main><h1>Controls</h1><figure>{moved}</figure>"
        f"</main><script>{script}{LISTENER}</script></body></html>"
    )
    with contextlib.ExitStack() as contexts:

        def open_(**options):
            context = contexts.enter_context(contextlib.closing(browser.new_context(**options)))
            page = context.new_page()
            page.goto(path.as_uri())
            return page

        yield open_


def told(page):
    return page.evaluate("told")


@pytest.mark.pages
def test_a_press_chooses_and_arrows_choose_the_next(opened):
    page = opened()
    page.get_by_role("radio", name="self-attention").click()
    page.keyboard.press("ArrowLeft")
    page.get_by_role("radio", name="1").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    assert told(page) == ["4 2 0 1", "4 1 0 1", "4 1 1 2", "5 1 1 0"]
    assert page.locator("output").text_content() == "250"
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == "250"


@pytest.mark.pages
def test_play_goes_to_the_end_and_begins_again(opened):
    page = opened()
    page.clock.install()
    page.reload()
    button = page.get_by_role("button", name="play")
    button.click()
    assert told(page) == ["5 1 0 0"]  # the end: it stands
    assert button.count() == 1
    button.click()
    assert page.get_by_role("button", name="pause").count() == 1
    page.clock.run_for(2_000)
    assert told(page) == ["5 1 0 0", "0 1 0 0", "1 1 0 0", "2 1 0 0"]
    page.get_by_role("button", name="pause").click()
    page.clock.run_for(3_000)
    assert len(told(page)) == 4


@pytest.mark.pages
def test_the_readers_own_move_stops_it(opened):
    page = opened()
    page.clock.install()
    page.reload()
    page.get_by_role("slider").fill("0")
    page.get_by_role("button", name="play").click()
    page.clock.run_for(1_000)
    page.get_by_role("slider").focus()
    page.keyboard.press("Home")
    page.clock.run_for(5_000)
    assert page.locator("output").text_content() == "0"
    assert page.get_by_role("button", name="play").count() == 1


@pytest.mark.pages
def test_where_motion_is_unwanted_a_press_is_a_step(opened):
    page = opened(reduced_motion="reduce")
    page.clock.install()
    page.reload()
    button = page.get_by_role("button", name="one step")
    for expected in ("250", "0", "50"):
        button.click()
        page.clock.run_for(5_000)
        assert page.locator("output").text_content() == expected


@pytest.mark.pages
@pytest.mark.parametrize("viewport", [PHONE, {"width": 1000, "height": 800}], ids=["390", "1000"])
def test_controls_fit_and_can_be_hit(opened, viewport):
    page = opened(viewport=viewport)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    for part in page.locator(".choices label, .slider input, .slider button").all():
        box = part.bounding_box()
        assert box["height"] >= 24 and box["width"] >= 24
        assert box["x"] >= 0 and box["x"] + box["width"] <= viewport["width"]
    assert not serious_troubles(page)


@pytest.mark.pages
def test_on_paper_there_is_what_is_chosen(opened):
    page = opened()
    page.emulate_media(media="print")
    assert page.locator("figure").inner_text().split("\n") == [
        *("training step", "200", "kind of attention", "attention", "head", "1"),
    ]
