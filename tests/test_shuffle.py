"""Letters that are shuffled in the page: the same numbers as NumPy's."""

import json
import re

import numpy as np
import pytest
from accessible import serious_troubles
from figure_pages import html_of, open_page, watched, write_page

from figures import card, shuffle
from figures.card import printed
from folders import BOOK
from helpers import measures, runs
from helpers.runs.plans.positions import ORDER, TAGGER

STATIC = BOOK / "_static"
LETTERS = "fAcbGehd"
WAYS = ("none", "causal", "sinusoidal", "learned", "rotary", "alibi")


def model_of(way):
    """Return a tagger that has not learned anything."""
    options = {"mask": "causal", "positions": "none"} if way == "causal" else {"positions": way}
    settings = TAGGER.but(task=ORDER, **options)
    return runs.Trained(runs.start(settings), settings)


MODELS = {way: (f"fresh_{way}", model_of(way)) for way in WAYS}


def show(**changes):
    options = {"letters": LETTERS, "start": ("none", "shuffled"), "caption": "Press."} | changes
    shuffle.shuffle_letters(MODELS, measures.without_looks, **options)


@pytest.fixture(scope="module")
def html():
    return html_of(card, show)


def changes_of(way, places):
    """Return by how much the logits of each letter change, in NumPy."""
    model = MODELS[way][1]
    before = shuffle.logits_of(measures.without_looks, model, LETTERS)
    now = shuffle.logits_of(measures.without_looks, model, shuffle.moved(LETTERS, places))
    return abs(now - before[places]).max(axis=1)


# ---- without a browser -------------------------------------------------------------------------


def test_names_its_scripts_and_models_and_is_disabled_until_they_run(html):
    assert 'data-scripts="engine attend shuffle"' in html
    assert f'data-models="{" ".join(name for name, _ in MODELS.values())}"' in html
    assert html.count("<input") + html.count("<button") == html.count(" disabled")
    json.loads(re.search(r'<script type="application/json">(.*?)</script>', html).group(1))


def test_without_positions_the_first_state_says_that_nothing_changed(html):
    assert "each letter took its numbers along. The largest change is 0.00." in html
    assert html.count("<small>0.00</small>") == len(LETTERS)


def test_a_mask_and_each_way_to_tell_positions_change_numbers():
    places = shuffle.arranged("shuffled", len(LETTERS))
    assert sorted(places) == list(range(len(LETTERS))) != places
    for way in WAYS:
        assert (changes_of(way, places).max() < shuffle.SAME) == (way == "none"), way


@pytest.mark.parametrize(
    "wrong", [{"start": ("some", "shuffled")}, {"start": ("none", "odd")}, {"letters": "äb"}]
)
def test_what_the_models_do_not_know_is_told(wrong):
    with pytest.raises(ValueError, match="must be one of"):
        show(**wrong)


def test_in_a_kernel_numpy_draws(monkeypatch):
    boxes = []
    monkeypatch.delenv("STATIC_BOOK", raising=False)
    monkeypatch.setattr(card, "display", boxes.append)
    show()
    positions, order, drawing = boxes[0].children
    assert "The largest change is 0.00" in drawing.value
    positions.value = "rotary"
    assert "letters have other numbers now" in drawing.value
    order.value = "as it was"
    assert shuffle.SENTENCES["start"] in drawing.value


# ---- in a browser ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory, html):
    """Make a page with the figure and its models."""
    folder = tmp_path_factory.mktemp("pages")
    write_page(folder, "page", html, models=dict(MODELS.values()))
    return folder


@pytest.fixture
def page(browser, folder):
    with watched(browser, viewport={"width": 390, "height": 844}) as context:
        yield open_page(context, folder)


def texts(page, selector):
    return page.locator(selector).evaluate_all("all => all.map(one => one.textContent)")


@pytest.mark.pages
def test_the_page_agrees_with_numpy_for_each_way_and_order(page):
    page.evaluate("() => { Math.random = () => { throw new Error('invented') } }")
    for way in reversed(WAYS):
        page.locator(f'input[value="{way}"]').check()
        for order in shuffle.ORDERS:
            page.locator(f'input[value="{order}"]').check()
            places = shuffle.arranged(order, len(LETTERS))
            row = ", ".join(shuffle.moved(LETTERS, places))
            page.wait_for_function(
                "([name, row]) => engine.models[name] && [...document.querySelectorAll("
                "'.now b')].map(one => one.textContent).join(', ') === row",
                arg=[MODELS[way][0], row],
            )
            expected = changes_of(way, places)
            page.wait_for_function(
                "first => Math.abs(document.querySelector('.now small').textContent - first) < .02",
                arg=float(expected[0]),
            )
            found = np.array(texts(page, ".now small"), dtype=float)
            assert np.allclose(found, expected, atol=0.02), (way, order)
            changed = page.locator(".now .changed").count()
            if order == "as it was":
                assert texts(page, ".state") == [shuffle.SENTENCES["start"]]
            elif way == "none":
                assert changed == 0 and "Nothing changed" in texts(page, ".state")[0]
            else:
                assert f"{changed} of 8 letters" in texts(page, ".state")[0]


@pytest.mark.pages
def test_two_letters_that_are_pressed_change_places_by_keyboard_too(page):
    page.locator('input[value="as it was"]').check()
    tiles = page.locator(".now button")
    tiles.nth(0).focus()
    page.keyboard.press("Enter")
    assert tiles.nth(0).get_attribute("aria-pressed") == "true"
    tiles.nth(7).focus()
    page.keyboard.press("Space")
    page.wait_for_function("() => document.querySelector('.now b').textContent === 'd'")
    assert texts(page, ".now b") == list("dAcbGehf")
    assert page.locator("input[data-name=order]:checked").count() == 0
    assert "Nothing changed" in texts(page, ".state")[0]
    page.locator('input[value="as it was"]').check()
    page.wait_for_function("() => document.querySelector('.now b').textContent === 'f'")


@pytest.mark.pages
def test_it_fits_a_phone_and_axe_finds_nothing_serious_in_either_theme(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    sizes = page.locator(".tile *").evaluate_all(
        "all => all.filter(one => one.textContent).map(one => parseFloat(getComputedStyle(one)"
        ".fontSize))"
    )
    assert min(sizes) >= 11
    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        assert not serious_troubles(page)


@pytest.mark.pages
def test_without_a_script_the_first_state_stands(browser, folder):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((folder / "page.html").as_uri())
    assert len(texts(page, ".now b")) == len(LETTERS)
    assert printed(0.0) in texts(page, ".now small")
    context.close()
