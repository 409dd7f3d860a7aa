"""Heads that are cut in the page are cut as in NumPy, and switches say what is gone."""

import itertools

import numpy as np
import pytest
from accessible import serious_troubles
from figure_pages import html_of, open_page, through_json, watched, write_page

from figures import live as live_module
from figures.cut_heads import PATHS, cut_heads
from folders import BOOK
from helpers import runs, tasks
from helpers.runs.plans.cut_heads import ATTENTIONS, with_heads

STATIC = BOOK / "_static"
NAME = "french_transformer"
SCRIPTS = ("engine", "number_names", "map", "typed", "live", "address", "sum", "cut_heads")
SHEETS = ("map", "typed", "cut_heads")
HEADS = [(kind, head) for kind in ATTENTIONS for head in range(4)]
FIGURE = {
    "name": NAME,
    "languages": ("fr", "en"),
    "numbers": (10, 10**12 - 1),
    "words": tasks.number_words,
    "start": 97_281,
    "shares": {"": 0.99} | {f"{kind} {head + 1}": 0.5 for kind, head in HEADS},
    "count": 385,
}


def without(trained, heads):
    for kind in ATTENTIONS:
        gone = {head - 1 for one, head in heads if one == kind}
        trained = with_heads(trained, kind, set(range(4)) - gone)
    return trained


@pytest.fixture(scope="module")
def ready():
    return runs.load(NAME)


@pytest.fixture(scope="module")
def html(ready):
    return html_of(live_module, lambda: cut_heads(ready, without, **FIGURE))


def test_without_script_there_is_a_dead_switch_for_each_head_and_the_share_of_the_whole(html):
    assert html.count('type="checkbox"') == html.count('data-kind="') == 12
    assert html.count("disabled><span>head") == 12
    assert "No head is cut: 0.99 of 385 held-out numbers are right." in html


def test_paths_of_the_page_are_those_of_the_plan():
    assert {kind: "/".join(names) for kind, names in ATTENTIONS.items()} == PATHS


def test_a_model_of_several_blocks_is_refused(ready):
    deeper = ready.but(layers=2)
    with pytest.raises(ValueError, match="2 blocks on a side; 1 is needed"):
        cut_heads(deeper, without, **FIGURE)


def test_in_a_kernel_heads_are_chosen_from_a_list(ready, monkeypatch):
    import ipywidgets

    monkeypatch.delenv("STATIC_BOOK", raising=False)
    made = []
    monkeypatch.setattr(live_module, "display", made.append)
    cut_heads(ready, without, **FIGURE)
    found, queue = [], [*made]
    while queue:
        widget = queue.pop()
        found.append(widget)
        queue.extend(getattr(widget, "children", ()))
    (gone,) = [one for one in found if isinstance(one, ipywidgets.SelectMultiple)]
    assert len(gone.options) == 12
    said = next(one for one in found if isinstance(one, ipywidgets.HTML) and "says" in one.value)
    assert "eighty" in said.value.split("</i>")[1]
    gone.value = [name for name in gone.options if name == "English asks French: head 1"]
    assert "twenty one" in said.value.split("</i>")[1]


def test_only_the_heads_that_are_kept_say_something(ready):
    for kind, (side, block, name) in ATTENTIONS.items():
        kept = with_heads(ready, kind, [1, 3]).params
        assert kept[side][block][name]["output"].any(axis=(1, 2)).tolist() == [0, 1, 0, 1]
        others = [one for one in ATTENTIONS if one != kind]
        for side, block, name in map(ATTENTIONS.get, others):
            assert kept[side][block][name] is ready.params[side][block][name]


# ---- in a browser -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory, ready, html):
    folder = tmp_path_factory.mktemp("page")
    write_page(folder, "page", html, models={NAME: ready})
    return folder


@pytest.fixture
def page(browser, folder):
    with watched(browser) as context:
        yield open_page(context, folder)


RUN = """async ([name, cases]) => {
  const model = await engine.load(name);
  return cases.map(([words, cut]) => engine.run(model, words, null, { cut }));
}"""


@pytest.mark.pages
def test_the_page_says_without_heads_what_numpy_says(page, ready):
    rng = np.random.default_rng(1)
    several = [list(pair) for pair in itertools.combinations(HEADS, 2)][::7]
    cases = []
    for heads in [[], *([one] for one in HEADS), *several]:
        number = int(rng.integers(10, 10 ** int(rng.integers(2, 12))))
        cases.append((tasks.number_words(number, "fr"), heads))
    sent = [[words, [[PATHS[kind], head] for kind, head in heads]] for words, heads in cases]
    found, same = through_json(page, RUN, [NAME, sent]), 0
    for (words, heads), one in zip(cases, found, strict=True):
        cut = without(ready, [(kind, head + 1) for kind, head in heads])
        maps = cut.maps(words)
        if one["said"] == maps["cross"].rows[:-1]:
            same += 1
            for kind, expected in maps.items():
                assert (
                    np.abs(np.array(one["maps"][kind]["heads"]) - expected.weights[0]).max() < 0.01
                )
    assert same >= len(cases) - 1


@pytest.mark.pages
def test_a_switch_cuts_its_head_and_a_second_press_brings_it_back(page):
    switch = page.locator('input[data-kind="cross"][data-head="0"]')
    switch.focus()
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelector('.says').textContent.includes('twenty')")
    told = page.locator(".about").text_content()
    assert "0.50 of 385" in told and "Lost: eighty." in told
    assert "wrong" in page.locator(".verdict").text_content()
    page.locator('input[data-kind="decoder"][data-head="2"]').check(force=True)
    page.wait_for_function("document.querySelector('.about').textContent.includes('2 heads are')")
    page.locator('input[data-kind="decoder"][data-head="2"]').uncheck(force=True)
    switch.uncheck(force=True)
    page.wait_for_function("document.querySelector('.about').textContent.startsWith('No head')")
    assert "right" in page.locator(".verdict").text_content()


@pytest.mark.pages
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_reader_gets_to_it(page, theme):
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    if theme == "dark":  # as in the book, where the page has this ground
        ground = "--pst-color-background: #14181e; --pst-color-text-base: #ced6dd;"
        muted = "--pst-color-text-muted: #9ca4af; background: #14181e; color: #ced6dd;"
        page.add_style_tag(content=f"html, body {{ {ground} {muted} }}")
    page.locator('input[data-kind="cross"][data-head="1"]').check(force=True)
    assert serious_troubles(page) == []


@pytest.mark.pages
def test_it_fits_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
