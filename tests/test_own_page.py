"""A model of one's own as one page: it opens from disk, and says what the kernel says."""

import dataclasses
import re

import numpy as np
import pytest
from accessible import serious_troubles
from figure_pages import through_json
from test_live import PHONE, some_numbers

from figures.live import live
from figures.page import MOST_NUMBERS, MOST_TOKENS
from helpers import runs, tasks

FRENCH = {"words": tasks.number_words, "languages": ("fr", "en"), "numbers": (10, 10**12 - 1)}
GERMAN = {"words": tasks.number_words, "languages": ("de", "en"), "numbers": (10, 99_999)}
#: Models of different size and task, and what their pages are asked to show.
PAGES = {
    "reversal_attention_16": {"start": "abcde", "rule": "reversed"},
    "german_both_ways_0": {"start": 448, **GERMAN},
    "french_transformer": {"start": 421, "head": 2, **FRENCH},
}


def inputs(name):
    """Make 100 sources of a model's task."""
    if name.startswith("reversal"):
        rng = np.random.default_rng(3)
        return [list(rng.choice(list("abcdefghijklmnopqrst"), n)) for n in rng.integers(2, 13, 100)]
    language, digits = ("de", 5) if name.startswith("german") else ("fr", 12)
    return [tasks.number_words(n, language) for n in some_numbers(digits, 100)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make the three pages."""
    folder = tmp_path_factory.mktemp("own")
    for name, options in PAGES.items():
        path = live(runs.load(name), save=folder / f"{name}.html", **options)
        assert path == folder / f"{name}.html"
    return folder


def test_a_page_is_one_file_and_shows_nothing_in_the_notebook(folder, capsys):
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(f"{name}.html" for name in PAGES)
    for path in folder.iterdir():
        text = path.read_text()
        assert not re.search(r'src="|<link|@import|url\(', text)
        # Those of the figure, of the theme, the model and the first state; none ends too early.
        (needed,) = re.findall(r'data-scripts="([\w ]+)"', text)
        assert text.count("<script") == text.count("</script>") == len(needed.split()) + 3
    assert capsys.readouterr().out == ""


def test_what_is_too_large_or_has_another_name_is_told(tmp_path):
    trained = runs.load("reversal_attention_16")
    with pytest.raises(ValueError, match=r"must end in \.html"):
        live(trained, start="abc", save=tmp_path / "mine.txt")
    params = trained.params | {"more": np.zeros(MOST_NUMBERS, dtype=np.float32)}
    with pytest.raises(ValueError, match="a page takes 200,000 at most"):
        live(dataclasses.replace(trained, params=params), start="abc", save=tmp_path / "mine.html")
    with pytest.raises(ValueError, match="no more than 200 letters"):
        live(trained, start="a" * (MOST_TOKENS + 1), save=tmp_path / "mine.html")
    assert not list(tmp_path.iterdir())


@pytest.mark.pages
@pytest.mark.parametrize("name", PAGES)
def test_the_page_agrees_with_the_kernel(browser, folder, name):
    trained, sources, largest = runs.load(name), inputs(name), 0
    context = browser.new_context(offline=True)
    page, troubles = context.new_page(), []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text))
    page.on("request", lambda one: one.url.startswith("file:") or troubles.append(one.url))
    page.add_init_script("Math.random = () => { throw new Error('an invented number') }")
    page.goto((folder / f"{name}.html").as_uri())
    run = "sources => sources.map(words => engine.run(engine.models.mine, words))"
    answers = through_json(page, run, sources)
    expected = trained.answers([trained.task.pair(source) for source in sources])
    same = [answer["said"] == said for answer, said in zip(answers, expected, strict=True)]
    for source, answer, fits in zip(sources, answers, same, strict=True):
        for kind, found in trained.maps(source, answer["said"]).items() if fits else ():
            weights = np.concatenate(list(found.weights))
            own = np.array(answer["maps"][kind]["heads"])
            largest = max(largest, np.abs(own - weights).max())
    print(f"{name}: {sum(same)} of {len(same)} alike, weights within {largest:.5f}")
    assert np.mean(same) >= 0.995 and largest <= 0.01

    typed = "".join(sources[0]) if trained.task.name == "reversal" else " ".join(sources[0])
    page.locator("input[type=text]").fill(typed.replace(" ", "") if "german" in name else typed)
    said = page.locator(".says button").all_inner_texts()
    assert said == [*expected[0], "(end)"]
    context.close()
    assert not troubles


@pytest.mark.pages
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_page_of_ones_own_fits_a_phone(browser, folder, theme):
    context = browser.new_context(viewport=PHONE, color_scheme=theme)
    page = context.new_page()
    for name in PAGES:
        page.goto((folder / f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        assert not serious_troubles(page)
    context.close()
