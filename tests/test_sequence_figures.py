"""The two figures of chapter 01: the cutter and the batches, held to Python in a browser."""

import gzip
import json
import re
from contextlib import ExitStack

import numpy as np
import pytest
from accessible import serious_troubles
from figure_pages import html_of, open_page, watched, write_page

from figures import batching, card, cutter
from folders import BOOK
from helpers import tasks
from helpers.tasks import cut_word, in_one_piece, number_words

STATIC = BOOK / "_static"
FIGURES = ("cutter", "batching")
MERGES = {language: tasks.number_merges(language, 100) for language in ("fr", "de")}
LETTERS = {
    language: "".join(sorted(set("".join(in_one_piece(n, language) for n in range(10, 1000)))))
    for language in MERGES
}
LANGUAGES = {"fr": "French", "de": "German"}
NUMBERS = [97, 12, 497_997, 80, 71, 1_000, 300, 47_236]
TOKENS = {word: place for place, word in enumerate(tasks.make_task("fr6").source_vocabulary)}


def sequences():
    said = {number: number_words(number, "fr") for number in NUMBERS}
    return [(f"{n:,}", words, [TOKENS[word] for word in words]) for n, words in said.items()]


def show(name, start=("French", "97", 10)):
    """Show a figure as chapter 01 does."""
    if name == "cutter":
        given = cut_word, in_one_piece, MERGES, LETTERS
        cutter.cutter(*given, names=LANGUAGES, start=start, caption="Type.")
    else:
        options = {"sizes": (1, 2, 4, 8), "start": ("as drawn", 4)}
        batching.batching(sequences(), caption="Sort.", **options)


def html_with(name, **options):
    return html_of(card, lambda: show(name, **options))


# ---- without a browser -------------------------------------------------------------------------


@pytest.mark.parametrize("name", FIGURES)
def test_names_its_scripts_and_disables_its_controls_until_they_run(name):
    html = html_with(name)
    assert re.search(rf'data-scripts="attend( number_names)? {name}"', html)
    assert html.count("<input") + html.count("<button") == html.count(" disabled")
    json.loads(re.search(r'<script type="application/json">(.*?)</script>', html).group(1))
    for end in ("js", "css"):
        text = (STATIC / f"{name}.{end}").read_text()
        assert len(gzip.compress(text.encode())) <= 2_500
    assert len(gzip.compress(html.encode())) <= 6_000
    script = (STATIC / f"{name}.js").read_text()
    assert '"use strict"' in script and not re.findall("^(const|let|var)|Math.random|Date", script)


def test_the_first_state_of_the_cutter_holds_the_pieces():
    html = html_with("cutter", start=("French", "97", 60))
    assert re.findall(r"<b>(\S+)</b>", html) == ["quatre-vingt-", "dix-", "sept"]
    assert "21 characters, cut into 3 tokens. Merge 60 made" in html


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("97", "quatre-vingt-dix-sept"),
        (" 1,097 ", "mille-quatre-vingt-dix-sept"),
        ("Septante  Deux", "septante-deux"),
        ("0", ""),
        ("1000000", ""),
        ("", ""),
    ],
)
def test_what_is_typed_becomes_a_text(typed, text):
    assert cutter.text_of(typed, lambda number: in_one_piece(number, "fr")) == text


def test_what_has_no_token_is_named():
    said = cutter.told(cut_word("kiwi", MERGES["fr"]), LETTERS["fr"], MERGES["fr"], 100)
    assert "There is no token for k and w:" in said
    numbers = cutter.token_numbers(("k", "-", "t-"), LETTERS["fr"], MERGES["fr"])
    assert numbers == [None, 3, 3 + len(LETTERS["fr"])]
    assert cutter.told((), "", (), 0) == cutter.EMPTY


@pytest.mark.parametrize("rule", batching.RULES)
@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_batches_are_as_wide_as_tasks_make_them(rule, size):
    pairs = [(tokens, [3]) for _, _, tokens in sequences()]
    if rule != "as drawn":
        pairs.sort(key=lambda pair: len(pair[0]))
    made = [tasks.make_batch(pairs[i : i + size]).source for i in range(0, len(pairs), size)]
    lengths = [len(tokens) for _, _, tokens in sequences()]
    expected = [source.shape[1] for source in made for _ in range(size)]
    assert batching.widths_of(lengths, rule, size) == expected


def test_wrong_arguments_are_told(monkeypatch):
    monkeypatch.setattr(card, "_show_html", lambda html: None)
    with pytest.raises(ValueError, match="8 sequences cannot be cut into batches of 3"):
        batching.batching(sequences(), sizes=(1, 3), start=("as drawn", 1))
    unequal = {"fr": MERGES["fr"], "de": MERGES["de"][:3]}
    with pytest.raises(ValueError, match="equally many merges"):
        cutter.cutter(cut_word, in_one_piece, unequal, LETTERS, names=LANGUAGES, start=("", "", 0))


@pytest.mark.parametrize("name", FIGURES)
def test_in_a_kernel_widgets_redraw(monkeypatch, name):
    boxes = []
    monkeypatch.delenv("STATIC_BOOK", raising=False)
    monkeypatch.setattr(card, "display", boxes.append)
    show(name)
    *controls, drawing = boxes[0].children
    for control in controls:
        before = drawing.value
        options = getattr(control, "options", ("97", "84"))
        value = next(one for one in reversed(options) if one != control.value)
        control.value = value[1] if isinstance(value, tuple) else value
        assert drawing.value != before, control.description
    assert "Error" not in drawing.value


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
            look = {"viewport": {"width": 820, "height": 900}, **options}
            return open_page(contexts.enter_context(watched(browser, **look)), folder, name)

        yield open_one


def texts(page, selector):
    return page.locator(selector).evaluate_all("all => all.map(one => one.textContent)")


SET = """([name, value]) => {
  for (const input of document.querySelectorAll(`[data-name="${name}"]`)) {
    if (input.type === "range") input.value = JSON.parse(input.dataset.options).indexOf(value);
    else if (input.type === "text") input.value = value;
    else if (input.value !== value) continue;
    else input.checked = true;
    input.dispatchEvent(new Event("input", {bubbles: true}));
  }
}"""


def choose(page, **state):
    """Set controls as a reader would."""
    for pair in state.items():
        page.evaluate(SET, list(pair))


@pytest.mark.pages
@pytest.mark.parametrize("name", FIGURES)
def test_the_script_finds_the_first_state_as_it_was_written(opened, name):
    drawn = [
        opened(name, java_script_enabled=script).locator(".drawing").inner_html()
        for script in (True, False)
    ]
    plain = [re.sub(r' class=""| disabled=""', "", one) for one in drawn]
    assert plain[0] == plain[1]


@pytest.mark.pages
def test_the_cutter_agrees_with_python_in_150_states(opened):
    page, rng = opened("cutter"), np.random.default_rng(1)
    codes = {name: code for code, name in LANGUAGES.items()}
    words = [
        "septante-deux",
        "Kiwi",
        "",
        "0",
        "1,000,000",
        "et un",
        "1",
        "999,999",
        "quatre vingts",
    ]
    numbers = [str(rng.integers(1, 10 ** rng.integers(1, 7))) for _ in range(150 - len(words))]
    for typed in (*words, *numbers):
        language, learned = str(rng.choice([*codes])), int(rng.integers(101))
        choose(page, language=language, typed=typed, learned=learned)
        code = codes[language]
        pairs = MERGES[code][:learned]
        text = cutter.text_of(typed, lambda number, code=code: in_one_piece(number, code))
        pieces = cut_word(text, pairs)
        assert texts(page, ".whole") == [text]
        assert texts(page, ".pieces b") == [*pieces]
        found = cutter.token_numbers(pieces, LETTERS[code], pairs)
        assert texts(page, ".pieces small") == ["?" if n is None else str(n) for n in found]
        assert texts(page, ".state") == [cutter.told(pieces, LETTERS[code], pairs, learned)]


@pytest.mark.pages
def test_the_batches_agree_with_python_in_every_state(opened):
    page, lengths = opened("batching"), [len(tokens) for _, _, tokens in sequences()]
    for rule in batching.RULES:
        order = batching.order_of(lengths, rule)
        for size in (1, 2, 4, 8):
            choose(page, rule=rule, size=size)
            widths = batching.widths_of(lengths, rule, size)
            shown = [sequences()[place] for place in order]
            assert texts(page, ".rows button") == [name for name, _, _ in shown]
            padding = sum(widths) - sum(lengths)
            share = batching._percent(padding, sum(widths))
            state = batching.STATE.format(places=sum(widths), padding=padding, share=share)
            assert texts(page, ".state") == [state]
            assert abs(share - 100 * padding / sum(widths)) <= 0.5
            for shows in batching.SHOWS:
                choose(page, shows=shows)
                rows = [
                    [*tokens, *[0] * (width - len(tokens))]
                    for (_, _, tokens), width in zip(shown, widths, strict=True)
                ]
                cells = [token > 0 if shows == "mask" else token for row in rows for token in row]
                assert texts(page, ".rows i") == [str(int(cell)) for cell in cells]
            assert page.locator(".padding").count() == padding


@pytest.mark.pages
def test_a_row_is_read_and_stays_chosen_when_it_moves(opened):
    page = opened("batching")
    page.get_by_role("button", name="12", exact=True).focus()
    page.keyboard.press("Enter")
    said = page.locator(".say")
    assert said.inner_text().startswith("12 is douze. Its length is 1; its batch is ")
    choose(page, rule="sorted by length", size=1)
    assert said.inner_text() == "12 is douze. Its length is 1; its batch is 1 wide. Mask: 1."
    assert texts(page, "[aria-pressed=true]") == ["12"]
    page.keyboard.press("Escape")
    assert said.inner_text() == batching.HINT


@pytest.mark.pages
@pytest.mark.parametrize("name", FIGURES)
def test_is_accessible_in_both_themes_and_readable_on_a_phone(opened, name):
    page = opened(name, viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    if name == "cutter":
        choose(page, typed="siebenundvierzigtausendkw", language="German")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    smallest = page.evaluate(
        """() => Math.min(...[...document.querySelectorAll("figure *")]
          .filter(one => one.textContent.trim() && one.tagName !== "SCRIPT")
          .map(one => parseFloat(getComputedStyle(one).fontSize)))"""
    )
    assert smallest >= 11
    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        assert not serious_troubles(page)
