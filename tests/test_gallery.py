"""The gallery of bugs: thirty entries, each true to its bug, found by its check and by no other.

In the browser: an index by what one sees, guesses, folds and addresses, without a script as well.
"""

import gzip
import inspect
import re
import sys

import numpy as np
import pytest
from accessible import serious_troubles

from figures import gallery as figures_gallery
from figures.listing import body
from folders import BOOK, HTML
from helpers import attention, fast, runs, tasks, transformer
from helpers.bugs import BUGS, planted, planting
from helpers.bugs.base import call, numbers
from helpers.bugs.gallery import FAMILIES, GALLERY, SHARED, SIGHTS
from helpers.runs import Settings
from helpers.runs.plans import slips

each_entry = pytest.mark.parametrize("name", GALLERY)
MEASURED = {name: place for place, names in slips.PLACES.items() for name in names}


def first(result):
    """Return what a version returns, of a function that returns more."""
    return result[0] if isinstance(result, tuple) else result


# ---- what an entry promises --------------------------------------------------------------------


def test_there_are_thirty_of_all_kinds():
    assert len(GALLERY) == 30
    assert tuple(dict.fromkeys(one.family for one in GALLERY.values())) == FAMILIES
    for sight in SIGHTS:
        assert sum(sight in one.sights for one in GALLERY.values()) >= 2
    titles = [one.title for one in GALLERY.values()]
    assert len(set(titles)) == 30


@each_entry
def test_what_it_says_can_be_said(name):
    one = GALLERY[name]
    assert one.name == name == one.bug.name and one.bug is BUGS[name]
    assert one.sights and set(one.sights) <= set(SIGHTS)
    assert set(one.others) <= set(GALLERY) - {name} and len(set(one.others)) == 2
    told = {BUGS[other].mistake for other in (name, *one.others)}
    assert len(told) == 3, "two answers would read the same"
    assert one.title[0].isupper() and one.title[-1] not in ".!"
    assert one.pytorch and (one.seen or one.note or name == "softmax-that-overflows")
    for thread, address in one.threads.items():
        assert re.fullmatch(r"[\w.-]+/[\w.-]+( PR )?#\d+", thread)
        assert re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+/(issues|pull)/\d+", address)


@each_entry
@pytest.mark.parametrize("seed", range(3))
def test_the_two_versions_are_the_bug_and_the_right_function(name, seed):
    one = GALLERY[name]
    arguments = one.bug.example(np.random.default_rng(seed))
    for version in ("right", "wrong"):
        full, short = (call(getattr(where, version), arguments) for where in (one.bug, one))
        full = full if isinstance(short, tuple) else first(full)
        assert np.allclose(numbers(short), numbers(full), atol=1e-4, equal_nan=True), version


@each_entry
def test_the_two_versions_can_be_read_side_by_side(name):
    one = GALLERY[name]
    right, wrong = (body(version).splitlines() for version in (one.right, one.wrong))
    assert right[0].replace("right", "") == wrong[0].replace("wrong", "")
    assert max(len(right), len(wrong)) <= 8
    assert right[1:] != wrong[1:]
    assert len(set(right[1:]) ^ set(wrong[1:])) <= 4


@each_entry
def test_it_shows(name):
    one = GALLERY[name]
    with np.errstate(all="ignore"):
        right, wrong = one.show(one.bug.right), one.show(one.bug.wrong)
    assert np.shape(right) == np.shape(wrong) == (len(one.rows), len(one.columns))
    assert np.isfinite(right).all()
    assert not np.allclose(right, wrong, atol=0.02)
    if one.is_map:
        assert (np.asarray(right) >= 0).all() and np.max(right) <= 1


# ---- checks against bugs -----------------------------------------------------------------------


def test_the_whole_matrix_of_checks_and_bugs_of_one_function():
    for name, one in GALLERY.items():
        with np.errstate(all="ignore"):
            alike = [other for other in GALLERY.values() if other.bug.right is one.bug.right]
            verdict = one.check(one.bug.right)
            found = {other.name for other in alike if not one.check(other.bug.wrong)}
        assert verdict, (name, verdict)
        assert found == {name, *SHARED.get(name, ((), ""))[0]}, name


@each_entry
def test_in_the_library_a_bug_is_found_where_its_function_is_called_and_nowhere_else(name):
    right = BUGS[name].right
    elsewhere = [one for one in GALLERY.values() if one.bug.right is not right]
    with planted(name), np.errstate(all="ignore"):
        found = [one for one in elsewhere if not one.check(one.bug.right)]
    for one in found:  # what calls a wrong function may fail its own check
        calls = [planting._calls(f, right, set()) for f in (one.bug.right, one.check)]
        assert any(calls), f"the check of {one.name} found it"


def test_shared_checks_are_named_with_a_reason():
    for name, (others, reason) in SHARED.items():
        assert {name, *others} <= set(GALLERY)
        assert reason[0].islower() and not reason.endswith(".")


# ---- planting ----------------------------------------------------------------------------------


def test_a_bug_is_planted_everywhere_and_goes_again():
    right = attention.scaled_dot
    wrong = BUGS["scores-unscaled"].wrong
    default = inspect.signature(attention.attention).parameters["score"]
    with pytest.raises(RuntimeError), planted("scores-unscaled"):
        assert attention.scaled_dot is transformer.scaled_dot is wrong
        assert inspect.signature(attention.attention).parameters["score"].default is wrong
        raise RuntimeError
    assert attention.scaled_dot is transformer.scaled_dot is right
    assert inspect.signature(attention.attention).parameters["score"] == default


def test_an_unknown_bug_is_refused():
    with pytest.raises(ValueError, match="softmax-over-querys"), planted("softmax-over-querys"):
        pass
    with pytest.raises(ValueError, match="bug = 'nowhere'"):
        Settings(task="fr2", bug="nowhere")


def test_kernels_that_would_go_past_a_bug_are_off_and_the_others_are_not():
    x = np.ones((1, 2, 4), dtype=np.float32)
    calls = []

    @fast.by(lambda x: calls.append("kernel") or x)
    def formula(x):
        return x

    with planted("softmax-over-queries"):
        formula(x)
        assert attention.attention.formula in fast._switch["but"]
    assert calls == ["kernel"]
    assert not fast._switch["but"]
    with fast.off(formula):
        formula(x)
    assert calls == ["kernel"]


@pytest.mark.parametrize("name", MEASURED)
def test_a_measured_bug_changes_the_model_it_is_measured_in(name):
    settings = MEASURED[name].but(bug=name)
    texts = ("cent deux", "one hundred and two"), ("dix", "ten"), ("vingt deux", "twenty two")
    pairs = [tasks.make_task("fr4").pair(*text) for text in texts]
    found = []
    for one in (settings.but(bug=""), settings):
        model, params = runs.build(one), runs.start(one)
        batch = tasks.make_batch(pairs)
        rng = np.random.default_rng(0) if one.dropout else None
        values = [model.logits(params, batch, rng), np.array(model.loss(params, batch, rng))]
        step, state = model.begin(params, batch)
        for token in ([[1]], [[5]], [[4]]):
            logits, state = step(np.repeat(token, 3, axis=0), state)
            values.append(logits)
        if name == "cache-grown-at-the-front":
            values.append(state["block_0"]["itself"]["keys"])
        found.append(np.concatenate([np.ravel(value) for value in values]))
    assert not np.allclose(*found, atol=1e-6)


def test_nothing_of_the_gallery_is_planted_now():
    for bug in BUGS.values():
        module = sys.modules[bug.right.__module__]
        assert getattr(module, bug.right.__name__) is bug.right


# ---- cards -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cards():
    costs = {
        name: {one: ([0.9, 0.8], [0.1, 0.2], "lower") for one in figures_gallery.MEASURES}
        for name in MEASURED
    }
    return {
        name: figures_gallery.card_html(
            one, GALLERY, figures_gallery._cost(costs[name]) if name in costs else ""
        )
        for name, one in GALLERY.items()
    }


@each_entry
def test_a_card_has_all_that_it_promises(cards, name):
    card = cards[name]
    assert f'id="{name}"' in card and f'href="#{name}"' in card
    before, fold = card.split("<details>")
    assert before.count("data-right") == 1 and before.count('type="radio"') == 3
    versions = re.findall(r"<pre[^>]*>(.*?)</pre>", fold, re.DOTALL)
    assert len(versions) == 4 and "<mark>" in versions[0] + versions[1]
    assert "not yet: " in fold and "In PyTorch" in fold and "Seen in the wild" in fold
    assert "=0x" not in card and " at 0x" not in card


def test_in_a_kernel_a_card_brings_its_styles(monkeypatch):
    monkeypatch.delenv("STATIC_BOOK", raising=False)
    shown = []
    monkeypatch.setattr(figures_gallery, "_show_html", shown.append)
    figures_gallery.show_bugs(GALLERY, ["empty-row-nan"], {}, {"empty-row-nan": "why <not>"})
    figures_gallery.show_index(GALLERY.values(), SIGHTS)
    assert shown[0].startswith("<style>") and "why &lt;not&gt;" in shown[0]
    assert "NaN" in shown[0]


def test_the_style_sheet_knows_every_sight():
    text = (BOOK / "_static" / "gallery.css").read_text("utf-8")
    for sight in SIGHTS:
        assert f'[value="{sight}"]:checked) li:not([data-sights~="{sight}"])' in text


# ---- the built page ----------------------------------------------------------------------------

PAGE = HTML / "book" / "bugs.html"


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def page(browser, request):
    with browser.new_context(java_script_enabled=request.param) as context:
        page = context.new_page()
        page.goto(PAGE.as_uri())
        page.has_script = request.param
        yield page


@pytest.mark.pages
def test_the_index_shows_what_one_sees(page):
    assert page.locator(".bug-index li:visible").count() == 30
    page.locator('.bug-index input[value="nan"]').check()
    wanted = [one.title for one in GALLERY.values() if "nan" in one.sights]
    assert page.locator(".bug-index li:visible").all_inner_texts() == wanted
    if page.has_script:
        assert page.locator(".bug-index [role=status]").inner_text() == f"{len(wanted)} of 30 bugs"


@pytest.mark.pages
def test_every_entry_has_an_address_a_guess_and_a_fold(page):
    for name in GALLERY:
        card = page.locator(f"section#{name}")
        assert card.count() == 1
    card = page.locator("section#mask-turned-round")
    assert not card.locator("details pre").first.is_visible()
    card.locator("summary").focus()
    page.keyboard.press("Enter")
    assert card.locator("details pre").first.is_visible()
    card.locator("input[data-right]").check()
    told = card.locator(".quiz [role=status]" if page.has_script else ".reason:visible")
    assert told.inner_text() == figures_gallery.TEXT["right"]


@pytest.mark.pages
@pytest.mark.parametrize(("width", "theme"), [(390, "light"), (1300, "dark")])
def test_the_page_fits_and_is_accessible(browser, theme, width):
    with browser.new_context(viewport={"width": width, "height": 900}) as context:
        page = context.new_page()
        page.goto(PAGE.as_uri())
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        page.locator("section.bug details").evaluate_all("all => all.forEach(d => d.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not serious_troubles(page, colours_only=theme == "dark")


@pytest.mark.pages
def test_the_page_is_light():
    assert len(gzip.compress(PAGE.read_bytes())) < 350_000
