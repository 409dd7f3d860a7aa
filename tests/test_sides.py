"""Models side by side in the page: the same words as NumPy's, and looks that a press forbids."""

import gzip
import re
import shutil
import statistics

import numpy as np
import pytest
from accessible import serious_troubles
from figure_pages import html_of, open_page, through_json, watched, write_page
from test_live import PHONE, RUN, data_of, some_numbers

import selftest
from figures import sides as module
from figures.sides import side_by_side
from figures.typed import Typed
from folders import BOOK, HTML
from helpers import runs, tasks
from helpers.importance import forbidding

STATIC = BOOK / "_static"
SCRIPTS = module.SCRIPTS.split()
STYLES = [name for name in SCRIPTS if (STATIC / f"{name}.css").exists()]
#: Models of letters and of numbers that the figures run, and how many inputs to try.
LETTERS = {
    "reversal_one_vector_16": 300,
    "reversal_one_vector_32": 300,
    "reversal_one_vector_64": 300,
    "reversal_attention_64": 300,
    "reversal_lstm_64": 100,
}
NUMBERS = {
    "german_one_vector": ("de", 9, 0),
    "german_attention": ("de", 9, 0),
    "german_self_attention": ("de", 9, 300),
    "german_both_ways_0": ("de", 5, 300),
}
GERMAN = list(NUMBERS)[:3]


def some_letters(count):
    """Draw sequences of letters of all lengths up to 28, on which nobody was trained."""
    rng = np.random.default_rng(5)
    return [
        "".join(rng.choice(list("abcdefghijklmnopqrst"), n)) for n in rng.integers(2, 29, count)
    ]


def models_of(names):
    return {name: runs.load(name) for name in names}


def letters(**changes):
    names = ["reversal_one_vector_64", "reversal_attention_64"]
    arguments = {
        "titles": ["one vector", "attention"],
        "typed": Typed(rule="reversed"),
        "start": "internationalisation",
        "forbid": forbidding,
    }
    side_by_side(models_of(names), **{**arguments, **changes})


def sizes():
    names = list(LETTERS)[:3]
    typed = Typed(rule="reversed")
    titles = ["16 numbers", "32 numbers", "64 numbers"]
    side_by_side(models_of(names), titles=titles, typed=typed, start="abcdefgh", maps=False)


def german():
    side_by_side(
        models_of(GERMAN),
        titles=["one vector", "attention", "self-attention"],
        typed=Typed(words=tasks.number_words, languages=("de", "en"), numbers=(10, 10**9 - 1)),
        start="47,236",
        forbid=forbidding,
    )


FIGURES = {"letters": letters, "sizes": sizes, "german": german}


@pytest.fixture
def shown(monkeypatch):
    """Collect the HTML that is shown in the built book."""
    collected = []
    monkeypatch.setenv("STATIC_BOOK", "1")
    monkeypatch.setattr(module, "_show_html", collected.append)
    return collected


# ---- without a browser ------------------------------------------------------------------------


def test_forbidding_nothing_changes_nothing():
    for name in ("reversal_attention_64", "french_attention_inside", "german_both_ways_0"):
        trained = runs.load(name)
        words = trained.task.source_words(trained.task.held_out[400][0])
        found, maps = forbidding(trained, words, []), trained.maps(words)["cross"]
        assert (found.rows, found.columns) == (maps.rows, maps.columns)
        assert np.abs(found.weights - maps.weights).max() < 1e-5


def test_a_forbidden_look_has_no_weight_and_the_others_keep_their_proportions():
    trained = runs.load("reversal_attention_64")
    before = trained.maps("abcde")["cross"].weights[0, 0]
    after = forbidding(trained, "abcde", [(0, 4), (0, 3)])
    row = after.weights[0, 0, 0]
    assert row[3] == row[4] == 0
    assert np.allclose(row[:3], before[0, :3] / before[0, :3].sum(), atol=1e-5)
    nowhere = forbidding(trained, "abc", [(1, 0), (1, 1), (1, 2)])
    assert (nowhere.weights[0, 0, 1] == 0).all()


def test_the_first_state_holds_what_the_models_say(shown):
    for draw in FIGURES.values():
        draw()
    for html, names in zip(shown, (list(LETTERS)[2:4], list(LETTERS)[:3], GERMAN), strict=True):
        data = data_of(html)
        source = data["start"]["source"]
        for name, answer in zip(names, data["start"]["answers"], strict=True):
            trained = runs.load(name)
            assert answer["said"] == trained.says(source)
            if "weights" in answer:
                found = trained.maps(source)["cross"]
                assert (np.float32(answer["weights"]) == found.weights[0, 0]).all()
            else:
                assert 0 < min(answer["sure"]) <= max(answer["sure"]) <= 1
    assert shown[0].count("✗ wrong: ") == 1 and "✓ right" in shown[0]


def test_without_script_nothing_can_be_typed(shown):
    for draw in FIGURES.values():
        draw()
    for html in shown:
        assert html.count(" disabled") == html.count("<input") + html.count('class="allow"')


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"titles": ["one"]}, "titles must be 2"),
        ({"maps": False}, "forbid needs maps"),
        ({"start": "xyz"}, "never read “x”. It knows the letters abc"),
        ({"start": " "}, "Type some letters"),
        ({"start": "a" * 121}, "no more than 120 letters"),
    ],
)
def test_wrong_arguments_are_told(shown, changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        letters(**changes)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"numbers": (1, 9), "languages": ("de", "it")}, "'it'"),
        ({"rule": "sorted"}, "'sorted'"),
        ({"languages": ("de", "en")}, "need numbers"),
    ],
)
def test_typed_tells_wrong_arguments(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        Typed(**arguments)


def test_models_of_two_tasks_do_not_stand_side_by_side(shown):
    names = ["reversal_one_vector_16", "german_attention"]
    with pytest.raises(ValueError, match="same vocabularies"):
        side_by_side(models_of(names), titles=["a", "b"], typed=Typed(), start="abc")


def test_figures_know_no_model_but_by_what_they_are_given():
    for name in ("sides", "typed"):
        text = (BOOK / "figures" / f"{name}.py").read_text()
        assert "import helpers" not in text and "from helpers" not in text


def test_scripts_are_light():
    own = b"".join((STATIC / f"{name}.js").read_bytes() for name in ("typed", "sides"))
    assert len(gzip.compress(own)) <= 5_000


def test_in_a_kernel_widgets_answer_with_numpy(monkeypatch):
    boxes = []
    monkeypatch.delenv("STATIC_BOOK", raising=False)
    monkeypatch.setattr(module, "display", boxes.append)
    letters(start="abcde")
    field, press, said, picture, _ = boxes[0].children
    assert "edcba" in said.value and said.value.count("✓ right") == 2
    before = picture.value
    model, row, column, forbid, allow = press.children
    assert model.value == "reversal_attention_64"
    row.value, column.value = 1, 5
    forbid.click()
    assert "decba" in said.value and "✗ wrong: 3 of 5 letters right" in said.value
    assert picture.value != before
    allow.click()
    assert said.value.count("✓ right") == 2
    field.value = "abz"
    assert "never read “z”" in said.value


# ---- in a browser -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make a page for each figure, and the files of all models."""
    folder = tmp_path_factory.mktemp("pages")
    models = models_of((*LETTERS, *NUMBERS))
    for name, draw in FIGURES.items():
        write_page(folder, name, html_of(module, draw), models=models)
        models = None  # they are there
    return folder


@pytest.fixture
def open_figure(browser, folder):
    """Return a function that opens the page of a figure; an error in a script fails the test."""
    with watched(browser) as context:
        yield lambda name: open_page(context, folder, name)


def alike(page, name, sources):
    """Hold the engine to NumPy: the same words, and weights that are as good as the same."""
    trained, largest = runs.load(name), 0
    answers = through_json(page, RUN, [name, sources])
    expected = trained.answers([trained.task.pair(source) for source in sources])
    same = [answer["said"] == said for answer, said in zip(answers, expected, strict=True)]
    for source, answer, fits in zip(sources, answers, same, strict=True):
        for kind, found in trained.maps(source, answer["said"]).items() if fits else ():
            own = answer["maps"][kind]
            assert (own["rows"], own["columns"]) == (found.rows, found.columns)
            weights = np.concatenate(list(found.weights))
            largest = max(largest, np.abs(np.array(own["heads"]) - weights).max())
    print(f"{name}: {sum(same)} of {len(same)} alike, weights within {largest:.5f}")
    assert np.mean(same) >= 0.995 and largest <= 0.01


@pytest.mark.pages
@pytest.mark.parametrize("name", LETTERS)
def test_the_engine_reverses_letters_as_numpy_does(open_figure, name):
    alike(open_figure("letters"), name, [list(text) for text in some_letters(LETTERS[name])])


@pytest.mark.pages
@pytest.mark.parametrize("name", [name for name, (_, _, count) in NUMBERS.items() if count])
def test_the_engine_says_numbers_as_numpy_does(open_figure, name):
    language, digits, count = NUMBERS[name]
    sources = [tasks.number_words(n, language) for n in some_numbers(digits, count)]
    alike(open_figure("letters"), name, sources)


FORBIDDEN = """async ([name, inputs]) => {
  const model = await engine.load(name);
  return inputs.map(([words, looks]) => {
    const mask = (i, j) => !looks.some(look => look[0] === i && look[1] === j);
    const { said, maps } = engine.run(model, words, mask);
    return { said, weights: maps.cross.heads[0] };
  });
}"""


@pytest.mark.pages
@pytest.mark.parametrize("name", ["reversal_attention_64", "german_attention"])
def test_forbidden_looks_change_what_numpy_changes(open_figure, name):
    trained, rng, inputs = runs.load(name), np.random.default_rng(1), []
    pairs = trained.task.held_out
    for source, target in (pairs[k] for k in rng.permutation(len(pairs))[:300]):
        words = trained.task.source_words(source)
        if name.startswith("german") and len(inputs) >= 60:
            break
        places = zip(
            rng.integers(0, len(target) + 1, 4).tolist(),
            rng.integers(0, len(words), 4).tolist(),
            strict=True,
        )
        inputs.append((words, sorted(set(places))))
    answers = through_json(open_figure("letters"), FORBIDDEN, [name, inputs])
    same, largest = [], 0
    for (words, looks), answer in zip(inputs, answers, strict=True):
        found = forbidding(trained, words, looks)
        same.append(answer["said"] == found.rows[:-1])
        if same[-1]:
            largest = max(largest, np.abs(np.array(answer["weights"]) - found.weights[0, 0]).max())
    print(f"{name}: {sum(same)} of {len(same)} alike, weights within {largest:.5f}")
    assert np.mean(same) >= 0.995 and largest <= 0.01


def type_in(page, text):
    """Type into the figure's field, once its models are there."""
    names = page.locator("figure.sides").get_attribute("data-models").split()
    page.evaluate("names => Promise.all(names.map(engine.load))", names)
    page.locator("figure.sides input[type=text]").fill(text)


def said(page, which):
    words = page.locator(".says").nth(which).locator("button, span:not(.unseen)")
    return [re.sub(r"\s*\(wrong\)", "", text) for text in words.all_inner_texts()]


@pytest.mark.pages
@pytest.mark.parametrize("name", FIGURES)
def test_the_script_draws_the_first_state_as_it_was_written(browser, folder, name):
    drawn = {}
    for script in (True, False):
        context = browser.new_context(java_script_enabled=script)
        page = context.new_page()
        page.goto((folder / f"{name}.html").as_uri())
        parts = page.locator("figure .should, figure .verdict, figure .maps")
        words = page.locator("figure .words").all()  # their buttons get lit by the script
        drawn[script] = [part.inner_html() for part in parts.all()]
        drawn[script] += [part.inner_text() for part in words]
        drawn[script] += [part.locator(".off").count() for part in words]
        context.close()
    assert drawn[True] == drawn[False]


@pytest.mark.pages
def test_no_number_is_invented(open_figure):
    """With chance forbidden, what is shown is NumPy's; its 16 bits may turn a digit after a 5."""
    page, trained = open_figure("letters"), runs.load("reversal_attention_64")
    page.evaluate("() => { Math.random = () => { throw new Error('an invented number') } }")
    for text in ("abcde", "attention", "transformation", *some_letters(4)):
        type_in(page, text)
        found = trained.maps(text)["cross"]
        assert said(page, 1) == found.rows
        cells = page.locator(".map.m1 [role=gridcell]").evaluate_all(
            "cells => cells.map(cell => +cell.getAttribute('aria-label'))"
        )
        assert np.abs(np.array(cells) - found.weights.ravel()).max() <= 0.005 + 2e-4


@pytest.mark.pages
def test_a_look_that_is_pressed_is_forbidden_until_it_is_pressed_again(open_figure):
    page = open_figure("letters")
    type_in(page, "abcde")
    allow = page.locator(".allow")
    assert said(page, 1) == [*"edcba", "(end)"] and allow.is_disabled()
    cell = page.locator(".map.m1 [role=gridcell]").nth(4)
    cell.click()
    assert said(page, 1) == [*"decba", "(end)"]
    assert page.locator(".verdict").nth(1).inner_text() == "✗ wrong: 3 of 5 letters right"
    assert page.locator(".verdict").nth(0).inner_text() == "✓ right"
    assert page.locator(".map.m1 .cut").count() == 1
    assert page.locator(".say").inner_text() == "d cannot look at e: it is forbidden"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")  # and the next one
    found = forbidding(runs.load("reversal_attention_64"), "abcde", [(0, 4), (0, 3)])
    assert said(page, 1) == found.rows
    page.keyboard.press("Enter")
    assert said(page, 1) == [*"decba", "(end)"]
    assert page.locator(".map.m1 [tabindex='0']").count() == 1
    allow.click()
    assert said(page, 1) == [*"edcba", "(end)"] and allow.is_disabled()
    page.locator(".map.m1 [role=gridcell]").nth(4).click()
    type_in(page, "abcdef")  # other letters, other looks
    assert said(page, 1) == [*"fedcba", "(end)"] and page.locator(".cut").count() == 0


@pytest.mark.pages
def test_numbers_break_where_numpy_breaks(open_figure):
    page = open_figure("german")
    for number in (47_236, 373_737_373, 100_000_007):
        type_in(page, str(number))
        right = tasks.number_words(number, "en")
        for k, name in enumerate(GERMAN):
            words = runs.load(name).says(tasks.number_words(number, "de"))
            assert said(page, k) == [*words, "(end)"]
            verdict = page.locator(".verdict").nth(k).inner_text()
            assert verdict.startswith("✓ right" if words == right else "✗ wrong: ")
            wrong = page.locator(".says").nth(k).locator(".off").count()
            assert wrong == module.kept(words, right).count(False)
    type_in(page, "eins")
    assert page.locator(".trouble").inner_text() == ""
    type_in(page, "47z")
    assert page.locator(".trouble").inner_text().startswith("It has learned no 47z")


@pytest.mark.pages
def test_what_was_said_and_how_sure_it_was(open_figure):
    page = open_figure("sizes")
    for text in ("abcdefghij", "internationalisation"):
        type_in(page, text)
        for k, name in enumerate(list(LETTERS)[:3]):
            trained = runs.load(name)
            words = trained.says(text)
            assert said(page, k) == words
            logits = trained.logits([trained.task.pair(text, words)])[0, :-1].astype(float)
            sure = 1 / np.exp(logits - logits.max(axis=-1, keepdims=True)).sum(axis=-1)
            shown = (
                page.locator(".says")
                .nth(k)
                .locator("[style]")
                .evaluate_all("all => all.map(one => +one.style.getPropertyValue('--p'))")
            )
            assert np.abs(np.array(shown) - sure).max() <= 0.01
    type_in(page, "xyz")
    assert page.locator(".trouble").inner_text().startswith("It has never read “x”. It knows the")
    type_in(page, " ")
    assert page.locator(".trouble").inner_text() == "Type some letters."


@pytest.mark.pages
def test_models_that_do_not_arrive_are_told_with_a_way_to_the_test(browser, folder):
    context = browser.new_context()
    context.route("**/live/*.js", lambda route: route.abort())
    page = context.new_page()
    page.goto((folder / "letters.html").as_uri())
    page.locator("input[type=text]").fill("abc")
    link = page.locator(".trouble a")
    link.wait_for()
    assert "file is missing" in page.locator(".trouble").inner_text()
    assert link.get_attribute("href").endswith("/selftest.html")
    context.close()


KEY = """async text => {
  const field = document.querySelector("figure.sides input[type=text]");
  await new Promise(requestAnimationFrame);
  field.value = text;
  field.dispatchEvent(new Event("input", {bubbles: true}));
  await null;
  document.querySelector("figure.sides").getBoundingClientRect();
}"""
PARTS = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration")


@pytest.mark.pages
@pytest.mark.parametrize("name", FIGURES)
def test_a_key_is_answered_at_once(open_figure, name):
    """From the key to the new maps, laid out, in the page's own time on a core.

    The clock counts while the page computes, so that other programs don't count.
    """
    page, texts = open_figure(name), some_letters(30)
    if name == "german":  # about 50 letters
        numbers = np.random.default_rng(2).integers(10_000, 100_000, 30)
        texts = [str(number) for number in numbers]
    type_in(page, texts[0])
    clock = page.context.new_cdp_session(page)
    clock.send("Performance.enable", {"timeDomain": "threadTicks"})

    def milliseconds():
        found = clock.send("Performance.getMetrics")["metrics"]
        return 1000 * sum(metric["value"] for metric in found if metric["name"] in PARTS)

    times = []
    for text in texts:
        rounds = []
        for _ in range(5):
            start = milliseconds()
            page.evaluate(KEY, text)
            rounds.append(milliseconds() - start)
        times.append(min(rounds))
    late = np.percentile(times, 95)
    print(f"{name}: median {statistics.median(times):.1f} ms, 95th percentile {late:.1f} ms")
    assert statistics.median(times) <= 50 and late <= 100


@pytest.mark.pages
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", FIGURES)
def test_everybody_can_use_it(open_figure, name, theme):
    page = open_figure(name)
    page.evaluate(
        "theme => { document.documentElement.dataset.theme = theme;"
        "document.body.style.background = theme === 'dark' ? '#121212' : '#fff';"
        "document.body.style.color = theme === 'dark' ? '#ced6dd' : '#1f2328';"
        "if (theme === 'dark') for (const [name, value] of [['background', '#121212'],"
        "['text-base', '#ced6dd'], ['text-muted', '#9ca4af'], ['border', '#48566b']])"
        "document.body.style.setProperty(`--pst-color-${name}`, value) }",
        theme,
    )
    if name != "sizes":
        names = page.locator("figure.sides").get_attribute("data-models").split()
        page.evaluate("names => Promise.all(names.map(engine.load))", names)
        page.locator(".map.m1 [role=gridcell]").nth(3).click()
        page.locator(".cut").wait_for()
    serious = serious_troubles(page)
    assert not serious, "\n".join(serious)


@pytest.mark.pages
@pytest.mark.parametrize("name", FIGURES)
def test_on_a_phone_all_can_be_read(browser, folder, name):
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    page.goto((folder / f"{name}.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    boxes = [box.bounding_box() for box in page.locator(".answer").all()]
    assert len({box["x"] for box in boxes}) == 1
    sizes = page.locator("figure.sides *").evaluate_all(
        "all => all.filter(one => one.innerText)"
        ".map(one => parseFloat(getComputedStyle(one).fontSize))"
    )
    assert min(sizes) >= 11
    context.close()


# ---- the self-test ------------------------------------------------------------------------------


@pytest.fixture
def test_page(browser, folder, tmp_path):
    """Write the self-test of two models, and return a function that opens it and waits."""
    names = ["reversal_attention_64", "german_attention"]
    shutil.copytree(folder, tmp_path / "_static", ignore=shutil.ignore_patterns("*.html"))
    shutil.copy(STATIC / "selftest.js", tmp_path / "_static")
    (tmp_path / "selftest.html").write_text(selftest.page(models_of(names)))
    context = browser.new_context()

    def opened(change=None):
        (tmp_path / "selftest.html").write_text(
            (change or str)((tmp_path / "selftest.html").read_text())
        )
        page = context.new_page()
        page.goto((tmp_path / "selftest.html").as_uri())
        page.locator("#verdict.good, #verdict.bad").wait_for()
        return page

    opened.folder = tmp_path
    yield opened
    context.close()


@pytest.mark.pages
def test_the_self_test_says_that_all_is_well(test_page):
    page = test_page()
    assert page.locator("#verdict").inner_text().startswith("✓ all is well: 2 models")
    for row in page.locator("td").all_inner_texts():
        assert row == "✓ says the same as NumPy in 3 of 3 sources"
    assert not serious_troubles(page)


@pytest.mark.pages
def test_the_self_test_says_what_is_not_well(test_page):
    page = test_page(lambda html: html.replace('"says": ["', '"says": ["never said", "', 1))
    assert "2 of 3 sources; read" in page.locator("td").nth(0).inner_text()
    (test_page.folder / "_static" / "live" / "german_attention.js").unlink()
    page = test_page()
    assert "its file did not arrive" in page.locator("#german_attention").inner_text()
    assert page.locator("#verdict").inner_text().startswith("✗ not all is well: 2 of 2")
    (test_page.folder / "_static" / "engine.js").unlink()
    page = test_page()
    assert "engine.js did not arrive" in page.locator("#verdict").inner_text()


@pytest.mark.pages
def test_the_book_has_a_self_test_that_succeeds(browser):
    path = HTML / "selftest.html"
    if not path.exists():
        pytest.fail("the book isn't built: run `make book`")
    context = browser.new_context()
    page = context.new_page()
    page.goto(path.as_uri())
    page.locator("#verdict.good").wait_for()
    assert page.locator("td.good").count() == page.locator("td").count() >= 4
    context.close()
