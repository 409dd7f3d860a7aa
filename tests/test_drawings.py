"""Drawings of models: the numbers in them, what a phone and a screen reader get, and handles."""

import re
import shutil
from xml.etree import ElementTree

import numpy as np
import pytest
from accessible import serious_troubles
from figure_pages import open_page, watched, write_page

from figures import drawings
from figures.colours import STATIONS
from folders import BOOK, HTML
from notebooks import read

STATIC = BOOK / "_static"
CHAPTERS = sorted(BOOK.glob("[0-9]*.ipynb"))
WORDS = ["cent", "vingt", "et", "un"]
SAID = ["hundred", "twenty", "(end)"]
WEIGHTS = np.array([[0.6, 0.25, 0.149, 0.001], [0.0, 0.996, 0.002, 0.002], [0.1, 0.2, 0.3, 0.4]])
TOLD = {"label": "What is found.", "caption": "What to try & see."}


def attends(**changed):
    given = {"chain": True, "sums": "c", "chosen": 0} | TOLD | changed
    return drawings.looks(WORDS, SAID, WEIGHTS, **given).data


def all_drawings():
    rng = np.random.default_rng(0)
    maps = rng.dirichlet(np.ones(5), (4, 5))
    letters, long_word = list("siebenundvierzig"), list("siebenundvierzigtausendzweihundert")
    said = ["forty", "seven", "(end)"]
    numbers = {"kept": (0.5, -0.5, 0.9), "replaced": (-1, 1, 0), "mixed": (1, -1, 0.5)}
    one = drawings.one_vector
    return {
        "one vector": one(letters, np.arange(1, 17), said, size=64, **TOLD),
        "one vector, long": one(long_word, np.ones(34), said * 3, size=64, **TOLD),
        "attention": attends(),
        "attention to letters": drawings.looks(
            letters, said, rng.dirichlet(np.ones(16), 3), chain=True, sums="c", **TOLD
        ),
        "self-attention": drawings.looks(
            WORDS,
            WORDS,
            maps[0, :4, :4] / maps[0, :4, :4].sum(1)[:, None],
            chain=False,
            sums="c",
            **TOLD,
        ),
        "gate": drawings.gate(numbers, old="sieben", new="u", **TOLD),
        "heads": drawings.heads(list("abcde"), maps, width=64, **TOLD),
        "one map": drawings.one_map(WORDS, SAID, np.tril(np.ones((7, 7))) / 7, **TOLD),
        "padded": drawings.padded([["quatre", "vingt"], ["douze"]], **TOLD),
        "shifted": drawings.shifted(["eighty", "four"], **TOLD),
        "wanted": drawings.wanted(
            {"table": ("abcd", [3, 0, 1, 2]), "twins": (["A1", "B2", "A3"], [2, None, 0])}, **TOLD
        ),
        "waits": drawings.waits({"at once": [1] * 8, "one by one": range(1, 9)}, **TOLD),
        "exponentials": drawings.exponentials({"first": 2.0, "second": -1.0}, **TOLD),
        "means": drawings.means(
            {"value of a": (0, 0), "value of b": (4, 0), "value of c": (0, 4)},
            {"a": (1, 1), "b": (2, 0.5)},
            **TOLD,
        ),
        "amounts": drawings.amounts({"needed": 86.4, "there": 2048}, shown="{:,.0f}", **TOLD),
        "answers": drawings.answers(
            {"right": ["six", "(end)"], "said": ["ten", "seven", "(end)"]}, **TOLD
        ),
    }


DRAWN = {name: getattr(drawn, "data", drawn) for name, drawn in all_drawings().items()}


def tree_of(html):
    return ElementTree.fromstring(html)


def texts(element):
    return [one.text for one in element.iter("text")]


# ---- without a browser -------------------------------------------------------------------------


def test_weights_are_widths_and_numbers_and_words():
    groups = [one for one in tree_of(attends()).iter("g") if one.get("data-row")]
    assert [one.get("display") for one in groups] == [None, "none", "none"]
    for group, row, said in zip(groups, WEIGHTS, SAID, strict=True):
        printed = texts(group)[: len(WORDS)]
        assert [float(text) for text in printed] == [round(weight, 2) for weight in row]
        lines = [one for one in group.iter("path") if one.get("fill") == "none"]
        widths = [float(line.get("stroke-width")) for line in lines[:-1]]  # the last leads down
        drawn = [weight for weight in row if weight >= drawings.FAINT]
        assert np.allclose(widths, np.maximum(1, 9 * np.array(drawn)), atol=0.05)
        seen = zip(WORDS, row, strict=True)
        told = ", ".join(f"{word} {w:.2f}" for word, w in seen if w >= drawings.FAINT)
        assert group.get("data-say") == f"{said} looks at {told}"
    say = tree_of(attends()).find("p").text
    assert say == groups[0].get("data-say"), "the first state is there before any script"


def test_only_a_recurrence_has_arrows_from_one_vector_to_the_next():
    heads = {
        name: sum(one.get("d").endswith("Z") for one in tree_of(DRAWN[name]).iter("path"))
        for name in ("attention", "self-attention")
    }
    words, rows = len(WORDS), {"attention": len(SAID), "self-attention": len(WORDS)}
    assert heads["attention"] == words + (words - 1) + rows["attention"]
    assert heads["self-attention"] == words + rows["self-attention"]


def test_the_one_vector_is_the_last_state():
    parts = [one for one in tree_of(DRAWN["one vector"]).iter("g") if one.get("data-part")]
    names = [one.get("data-part") for one in parts]
    assert names == [*(f"h{t}" for t in range(1, 17)), "c", "s1", "s2", "s3"]
    assert texts(parts[3]) == ["b", "4.0"]
    assert texts(parts[16]) == ["c = h₁₆, 64 numbers: all that is handed on"]
    assert [texts(part)[1] for part in parts[17:]] == ["forty", "seven", "(end)"]


def test_a_new_number_lies_where_the_gate_says():
    parts = [one for one in tree_of(DRAWN["gate"]).iter("g") if one.get("data-part")]
    assert [texts(part)[-1] for part in parts] == ["0.40", "1.00", "0.00"]
    for part in parts:
        old, new = (float(one.get("cx")) for one in part.iter("circle"))
        *_, diamond = (one for one in part.iter("path") if one.get("d").endswith("z"))
        candidate = float(re.match(r"M([\d.]+)", diamond.get("d")).group(1))
        u = float(re.search(r"u = ([\d.]+)", texts(part)[0]).group(1))
        assert abs(new - (u * old + (1 - u) * candidate)) < 0.1


def test_heads_have_the_shapes_of_their_arrays():
    words = texts(tree_of(DRAWN["heads"]))
    assert words[0] == "X (5, 64): 5 words, 64 numbers each"
    assert words.count("(5, 16)") == 8 and "(5, 64) again" in words[-1]


def boxes(html, part):
    """Places and sizes of the boxes in a part."""
    (group,) = (one for one in tree_of(html).iter("g") if one.get("data-part") == part)
    names = ("x", "y", "width", "height")
    return [tuple(float(one.get(name)) for name in names) for one in group.iter("rect")]


def test_padding_is_where_the_mask_is_false():
    parts = [one for one in tree_of(DRAWN["padded"]).iter("g") if one.get("data-part")]
    assert [texts(part) for part in parts] == [
        ["quatre", "True", "vingt", "True"],
        ["douze", "True", "0", "False"],
    ]


def test_what_a_decoder_is_asked_for_is_what_it_reads_one_place_later():
    parts = [one for one in tree_of(DRAWN["shifted"]).iter("g") if one.get("data-part")]
    wanted, read = zip(*map(texts, parts), strict=True)
    assert (read[0], wanted[-1]) == ("(start)", "(end)") and wanted[:-1] == read[1:]


def test_each_card_looks_where_it_should_and_no_arrow_lies_on_another():
    tree = tree_of(DRAWN["wanted"])
    for name, places in (("wanted1", [3, 0, 1, 2]), ("wanted2", [2, None, 0])):
        part = next(one for one in tree.iter("g") if one.get("data-part") == name)
        arrows = [one for one in part.iter("g") if one.get("class") == "look"]
        pairs = {(int(one.get("data-from")), int(one.get("data-to"))) for one in arrows}
        assert pairs == {(i, j) for i, j in enumerate(places) if j is not None}
        cards, flat = list(part.iter("rect")), []
        for one in arrows:
            way = next(one.iter("path")).get("d").removeprefix("M").split("L")
            (x, _), (_, height), (_, _), (end, down) = (map(float, at.split()) for at in way)
            for place, at in ((one.get("data-from"), x), (one.get("data-to"), end)):
                card = cards[int(place)]
                left, width = float(card.get("x")), float(card.get("width"))
                assert left < at < left + width and down == float(card.get("y"))
            flat.append((height, min(x, end), max(x, end)))
        for i, (height, left, right) in enumerate(flat):
            others = [(a, b) for h, a, b in flat[i + 1 :] if h == height]
            assert all(b <= left or right <= a for a, b in others)


def test_what_waits_stands_lower():
    html = DRAWN["waits"]
    assert len({y for _, y, *_ in boxes(html, "waits1")}) == 1
    lower = [y for _, y, *_ in boxes(html, "waits2")]
    assert lower == sorted(set(lower)) and len(lower) == 8
    assert ">1 step<" in html and ">8 steps<" in html


def test_bars_are_to_scale():
    first, second = (boxes(DRAWN["amounts"], f"amount{i}")[0][2] for i in (1, 2))
    assert abs(first / second - 86.4 / 2048) < 1e-3
    first, second = (boxes(DRAWN["exponentials"], f"share{i}")[0][2] for i in (1, 2))
    assert abs(second / first - np.exp(-3)) < 1e-3


def test_means_lie_between_the_values():
    corners = [boxes(DRAWN["means"], f"value{i}")[0] for i in (1, 2, 3)]
    (xa, ya), (xb, _), (_, yc) = [(x + wide / 2, y + high / 2) for x, y, wide, high in corners]
    for i, (across, up) in enumerate([(1, 1), (2, 0.5)], 1):
        found = re.search(
            rf'data-part="mean{i}".*?d="M([\d.]+) ([\d.]+)', DRAWN["means"], re.DOTALL
        )
        x, y = float(found[1]), float(found[2]) + 7
        assert abs(x - xa - across / 4 * (xb - xa)) < 0.01
        assert abs(y - ya - up / 4 * (yc - ya)) < 0.01


def test_wrong_words_are_marked():
    parts = [one for one in tree_of(DRAWN["answers"]).iter("g") if one.get("data-part")]
    assert [texts(part).count("✗") for part in parts] == [0, 3]


@pytest.mark.parametrize("name", DRAWN)
def test_a_drawing_can_be_heard_and_read_on_a_phone(name):
    figure = tree_of(DRAWN[name])
    (svg,) = figure.iter("svg")
    assert (svg.get("role"), svg.get("aria-label")) == ("img", TOLD["label"])
    assert figure.find("figcaption").text == TOLD["caption"]
    _, _, width, height = map(float, svg.get("viewBox").split())
    assert width <= 332 and f"min-width:{width:g}px" in svg.get("style")
    for text in svg.iter("text"):
        size = float(text.get("font-size"))
        assert size >= 11
        x, y, length = float(text.get("x")), float(text.get("y")), 0.56 * size * len(text.text)
        begin = x - {"start": 0, "middle": length / 2, "end": length}[text.get("text-anchor")]
        assert -2 <= begin and begin + length <= width + 2, text.text
        assert 0 <= y <= height, text.text


def test_a_drawing_of_looks_can_have_another_title_and_colour():
    html = attends(chain=False, station="attention", title="a key for each name")
    assert "a key for each name" in html and "var(--attention," in html
    assert "one vector for each input" not in html and "self-attention" not in html


def test_weights_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"\(3, 2\)"):
        drawings.looks(WORDS[:2], SAID, WEIGHTS, chain=True, sums="c", **TOLD)


def test_stations_have_their_colours_in_drawings_style_sheet_and_charts():
    shown = drawings.stations(*STATIONS).data
    style = (STATIC / "course.css").read_text(encoding="utf-8")
    for name, colour in STATIONS.items():
        variable = "--" + name.lower().replace(" ", "-")
        assert f"<strong>{name}</strong>" in shown and f"var({variable}, {colour})" in shown
        assert f"  {variable}: {colour};" in style
        assert style.count(f"  {variable}: ") == 2, "one for light, one for dark"
    with pytest.raises(ValueError, match="no station 'two vectors'"):
        drawings.stations("two vectors")


# ---- the chapters ------------------------------------------------------------------------------

HANDLE = re.compile(r'<span data-handle="([^"]+)"')
HANDLED = ("02", "05", "07", "09", "11")


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_walk_begins_with_the_stations(path):
    cells = [cell for cell in read(path).cells if cell.source]
    (walk,) = [i for i, cell in enumerate(cells) if "\n## The walk" in f"\n{cell.source}"]
    assert "drawings.stations(" in cells[walk + 1].source


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_handles_can_be_read_without_a_script(path):
    for cell in read(path).cells:
        if cell.cell_type != "markdown":
            assert "data-handle" not in cell.source
        for words in re.findall(r"<span data-handle=[^>]*>(.*?)</span>", cell.source):
            assert words.strip("*$ "), "JupyterLab shows what is in a handle, and nothing else"
    found = HANDLE.findall("\n".join(cell.source for cell in read(path).cells))
    if path.stem[:2] in HANDLED:
        assert 3 <= len(found) <= 8, "few and good"


# ---- a page, with a script and a keyboard ------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make a page with two drawings, and text that speaks of their parts."""
    folder = tmp_path_factory.mktemp("page")
    shutil.copy(STATIC / "course.css", folder)
    text = (
        '<p id="text">See <span data-handle="h2"><em>h</em>₂</span>, '
        '<span data-handle="row2">the row of twenty</span>, '
        '<span data-handle="gate1" data-name="u">$u$</span> and '
        '<span data-handle="nothing">nothing</span>.</p>'
    )
    html = f"{text}{DRAWN['attention']}{DRAWN['gate']}"
    write_page(folder, "page", html, ("drawings", "handles"))
    return folder


@pytest.fixture
def page(browser, folder):
    with watched(browser) as context:
        yield open_page(context, folder)


def shown_row(page):
    rows = page.locator("figure.drawing [data-row]").evaluate_all(
        "all => all.filter(one => one.getAttribute('display') !== 'none')"
        ".map(one => one.dataset.row)"
    )
    assert len(rows) == 1
    return int(rows[0])


@pytest.mark.pages
def test_a_word_that_is_pressed_shows_its_looks(page):
    say, rows = page.locator(".say"), page.get_by_role("radio")
    assert shown_row(page) == 0 and rows.count() == 3
    rows.nth(2).click()
    assert shown_row(page) == 2
    assert say.inner_text() == "(end) looks at cent 0.10, vingt 0.20, et 0.30, un 0.40"
    page.keyboard.press("ArrowRight")  # goes on with the first one
    assert shown_row(page) == 0
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    assert shown_row(page) == 1
    assert say.inner_text() == "twenty looks at vingt 1.00"
    checked = [row.get_attribute("aria-checked") for row in rows.all()]
    assert checked == ["false", "true", "false"]
    assert [row.get_attribute("tabindex") for row in rows.all()] == ["-1", "0", "-1"]


@pytest.mark.pages
def test_a_handle_lights_its_part_by_keyboard_and_lets_go(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.handle") == "h2"
    page.keyboard.press("Enter")
    lit = page.locator(".lit")
    assert [one.get_attribute("data-part") for one in lit.all()] == ["h2"]
    page.keyboard.press(" ")
    assert lit.count() == 0
    page.keyboard.press("Tab")
    page.keyboard.press(" ")
    assert [one.get_attribute("data-part") for one in lit.all()] == ["row2"]
    assert shown_row(page) == 1, "a row that is named is shown as well"
    pressed = page.locator('[data-handle="row2"]')
    assert pressed.get_attribute("aria-pressed") == "true"
    page.keyboard.press("Escape")
    assert lit.count() == 0 and pressed.get_attribute("aria-pressed") == "false"
    dead = page.locator('[data-handle="nothing"]')
    assert dead.get_attribute("role") is None, "what leads nowhere is no button"


@pytest.mark.pages
def test_a_part_leads_to_its_paragraph_by_keyboard_and_by_pointer(page):
    links = page.locator(".back a")
    assert links.all_inner_texts() == ["h₂", "the row of twenty", "u"]
    links.nth(1).focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.dataset.handle") == "row2"
    assert page.locator(".reached").get_attribute("id") == "text"
    page.locator('[data-part="h2"] text').last.click()
    assert page.evaluate("document.activeElement.dataset.handle") == "h2"


@pytest.mark.pages
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_drawings(page, theme):
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    page.locator('[data-handle="h2"]').click()
    serious = serious_troubles(page)
    assert not serious, "\n".join(serious)


@pytest.mark.pages
def test_drawings_fit_a_phone(browser, folder):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto((folder / "page.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for svg in page.locator("figure.drawing svg").all():
        assert svg.bounding_box()["width"] >= drawings.WIDTH, "a unit is never below a pixel"
    context.close()


# ---- the built chapters ------------------------------------------------------------------------


def built(stem):
    path = HTML / "book" / f"{stem}.html"
    if not path.exists():
        pytest.fail("the book isn't built: run `make book`")
    return path.as_uri()


@pytest.mark.pages
@pytest.mark.parametrize("stem", [path.stem for path in CHAPTERS if path.stem[:2] in HANDLED])
def test_every_handle_of_a_chapter_has_its_part_and_every_part_its_way_back(browser, stem):
    context = browser.new_context(viewport={"width": 1300, "height": 900})
    page = context.new_page()
    page.goto(built(stem))
    handles = page.locator("[data-handle]")
    assert handles.count() >= 3
    names = []
    for handle in handles.all():
        handle.focus()
        page.keyboard.press("Enter")
        lit = page.locator(".lit").evaluate_all("all => all.map(one => one.dataset.part)")
        assert lit and set(lit) == {handle.get_attribute("data-handle")}
        names.append(handle.get_attribute("data-handle-name"))
    assert sorted(page.locator(".back a").all_inner_texts()) == sorted(names)
    for link in page.locator(".back a").all():
        link.focus()
        page.keyboard.press("Enter")
        focused = page.evaluate("document.activeElement.dataset.handleName")
        assert focused == link.inner_text()
    context.close()
