"""Figures to move: the pre-rendered ones, in Python and in a Chromium, and the live ones."""

import asyncio
import contextlib
import gzip
import io
import json
import os
import re
import statistics
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import numpy as np
import pytest
from figure_pages import DARK
from hypothesis import given
from hypothesis import strategies as st
from legible import SMALLEST, unreadable
from nbclient import NotebookClient
from PIL import Image

from figures import controls, plots, svg
from figures import explore as module
from figures.explore import IN_THE_DARK, explore, picture, positions

BOOK = Path(__file__).parents[1] / "book"
SHARPNESS = np.linspace(0.1, 2, 21)
STATES = range(4, 88, 4)
TOKENS = "<s> neun und zwanzig tausend drei hundert ein und vierzig </s>".split()


def draw_map(figure, sharpness):
    scores = sharpness * np.random.default_rng(0).standard_normal((6, len(TOKENS)))
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    plots.heatmap(figure, weights, rows="abcdef", columns=TOKENS, x_label="source", y_label="out")


def draw_curves(figure, state):
    x = np.arange(2, 22)
    noise = np.random.default_rng(0).standard_normal((2, 3, len(x))) / 2
    series = {
        "one summary vector": 1 / (1 + np.exp((x - 3 - state / 8) / 2 + noise[0])),
        "attention": 1 / (1 + np.exp((x - 16 - state / 20) / 2 + noise[1])),
    }
    shade = (16, 21.5, "never\ntrained on")
    plots.lines(
        figure, x, series, x_label="length", y_label="accuracy", limits=(0, 1.03), shade=shade
    )


def draw_cells(figure, row, letter):
    matrix = np.zeros((2, 3))
    matrix[row, "xyz".index(letter)] = 1
    plots.heatmap(figure, matrix, rows="ab", columns="xyz")


CELLS = {"row": [0, 1], "letter": list("xyz")}
CELLS_ALT = "row {row} looks at {letter}"


@pytest.fixture
def shown(monkeypatch):
    """Collect what is displayed."""
    collected = []
    monkeypatch.setattr(module, "display", lambda output, **_: collected.append(output))
    monkeypatch.delenv("STATIC_BOOK", raising=False)
    return collected


@pytest.fixture
def static(shown, monkeypatch):
    """Be in the built book, and return a function from a call to the HTML that it shows."""
    monkeypatch.setenv("STATIC_BOOK", "1")

    def html_of(function, *arguments, **keywords):
        function(*arguments, **keywords)
        output = shown.pop()
        assert list(output) == ["text/html"]
        return output["text/html"]

    return html_of


def data_of(html):
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', html).group(1))


SIZES = {"wide": (6.4, 3.6), "narrow": (module.PHONE, 3.6)}


def drawings_of(html):
    """Return the elements of each SVG, by its class."""
    found = re.findall(r'<svg class="(\w+)"[^>]*>(.*?)</svg>', html)
    return {name: re.findall(r"<text.*?</text>|<\w+ [^>]*/>", inside) for name, inside in found}


def frames_of(html):
    """Put together the picture at each position as the script does, by its class."""
    for (name, base), frames in zip(
        drawings_of(html).items(), data_of(html)["frames"], strict=True
    ):
        yield name, [put_together(base, differences) for differences in frames]


def put_together(base, differences):
    parts, place = "", 0
    for first, last, text in differences:
        parts += "".join(base[place:first]) + text
        place = last
    return parts + "".join(base[place:])


def drawn(draw, size=SIZES["wide"], **position):
    """Return what an SVG of its own holds."""
    figure = plots.new_figure(size)
    draw(figure, **position)
    return "".join(svg.drawn(figure))


def rendered(draw, **position):
    figure = plots.new_figure()
    draw(figure, **position)
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3]


class Elements(HTMLParser):
    """Collects start tags with their attributes, and text, of well-formed HTML."""

    def __init__(self, html):
        super().__init__()
        self.found, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        """Keep a tag."""
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        """Keep text, also that between tags of scripts."""
        self.text += data

    def all(self, tag):
        """Return the attributes of each tag of this name."""
        return [attributes for name, attributes in self.found if name == tag]


# Pre-rendered


CURVES = {"state": [8, 16, 80, 24, 32]}
MAPS = {"sharpness": list(SHARPNESS[::5])}


@pytest.mark.parametrize(
    ("draw", "values"),
    [(draw_cells, CELLS), (draw_curves, CURVES), (draw_map, MAPS)],
    ids=["cells", "curves", "map"],
)
def test_every_position_is_drawn_to_the_letter(static, draw, values):
    start = {name: options[1] for name, options in values.items()}
    html = static(explore, draw, alt="a picture", start=start, **values)
    for name, frames in frames_of(html):
        assert "".join(drawings_of(html)[name]) == drawn(draw, SIZES[name], **start)
        for frame, position in zip(frames, positions(**values), strict=True):
            assert frame == drawn(draw, SIZES[name], **position)
    assert len({frame for _, frames in frames_of(html) for frame in frames}) == 2 * len(frames)


def test_drawn_twice_it_is_the_same(static):
    first, again = (
        re.sub(r"choices-\d+", "", static(explore, draw_cells, alt=CELLS_ALT, **CELLS))
        for _ in range(2)
    )
    assert first == again
    still = {"sharpness": 1, "alt": "a map"}
    assert static(picture, draw_map, **still) == static(picture, draw_map, **still)


def test_a_frame_is_what_differs(static):
    data = data_of(static(explore, draw_cells, alt=CELLS_ALT, **CELLS))
    for frames in data["frames"]:
        assert frames[0] == []  # the picture itself
        for differences in frames[1:]:
            [[first, last, text]] = differences
            assert (last - first, text.count("<")) == (1, 1) and text.startswith("<image")


def test_a_page_holds_no_identifier_twice_and_no_style_of_its_own(static):
    html = static(explore, draw_curves, alt="curves", **CURVES)
    html += static(explore, draw_cells, alt=CELLS_ALT, **CELLS)
    for drawing in re.findall("<svg.*?</svg>", html):
        assert not re.search(r"\bid=|url\(|<style|<!--|<\?xml|font-family|<metadata", drawing)


def choices_of(html):
    """Return what the reader can choose: each control's texts."""
    fields = re.findall(r"<fieldset.*?</fieldset>", html)
    return [re.findall(r"<span>(.*?)</span>", field) for field in fields]


def test_markup_names_controls_and_values(static):
    html = static(
        explore,
        draw_cells,
        alt=CELLS_ALT,
        caption="What to see.",
        labels={"letter": "source letter"},
        start={"letter": "z"},
        **CELLS,
    )
    elements = Elements(html)
    buttons = elements.all("input")
    assert [button["type"] for button in buttons] == ["radio"] * 5
    assert [button["value"] for button in buttons] == ["0", "1", "0", "1", "2"]
    assert ["checked" in button for button in buttons] == [True, False, False, False, True]
    assert all("disabled" in button for button in buttons)
    assert len({button["name"] for button in buttons}) == 2
    (picture,) = [one for one in elements.all("div") if one.get("role") == "img"]
    assert picture["aria-label"] == "row 0 looks at z"
    assert "<legend>source letter</legend>" in html and "What to see." in elements.text
    assert data_of(html)["alts"][:2] == ["row 0 looks at x", "row 0 looks at y"]
    assert choices_of(html) == [["0", "1"], ["x", "y", "z"]]
    assert data_of(html)["counts"] == [2, 3]


def test_many_numbers_in_their_order_are_a_slider(static):
    html = static(explore, draw_curves, alt="curves", start={"state": 12}, state=STATES)
    [slider] = Elements(html).all("input")
    assert (slider["type"], slider["max"], slider["value"]) == ("range", "20", "2")
    assert slider["aria-valuetext"] == "12" and "disabled" in slider
    assert json.loads(slider["data-texts"]) == [str(state) for state in STATES]
    assert "<button" not in html
    mixed = static(explore, lambda figure, n: None, alt="{n}", n=[5, 3, 8, 1, 9, 2])
    assert choices_of(mixed) == [["5", "3", "8", "1", "9", "2"]]


def test_what_is_time_can_be_played(static):
    keywords = {"alt": "{n} {m}", "n": [1, 2], "m": [1, 2]}
    html = static(explore, lambda figure, n, m: None, play="n", **keywords)
    assert [element["type"] for element in Elements(html).all("input")] == ["range"] + ["radio"] * 2
    assert len(Elements(html).all("button")) == 1


@pytest.mark.parametrize("values", [[47_236, 48], [47_236, *range(50_000, 50_006)]])
def test_a_number_is_written_alike_wherever_it_stands(static, values):
    assert "47,236" in static(explore, lambda figure, n: None, alt="{n:,}", n=values)


def test_words_are_escaped(static):
    unsafe = '</script><b title="x">&'
    html = static(
        explore,
        lambda figure, n: plots.bars(figure, [n / 3], labels="a", y_label="y"),
        alt=lambda n: unsafe + str(n),
        caption=unsafe,
        labels={"n": unsafe},
        n=[1, 2],
    )
    elements = Elements(html)
    assert not elements.all("b")
    assert elements.all("div")[0]["aria-label"] == unsafe + "1"
    assert elements.text.count(unsafe) == 2
    assert data_of(html)["alts"] == [unsafe + "1", unsafe + "2"]
    named = static(picture, plots.bars, [0.5], labels=[unsafe], y_label="y", alt=unsafe)
    assert Elements(named).all("div")[0]["aria-label"] == unsafe
    assert unsafe in Elements(named).text and not Elements(named).all("b")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("draw", "values", "limit"),
    [(draw_map, {"sharpness": SHARPNESS}, 12_000), (draw_curves, {"state": STATES}, 50_000)],
)
def test_page_weight(static, draw, values, limit):
    html = static(explore, draw, alt="a picture", **values)
    assert [len(frames) for frames in data_of(html)["frames"]] == [21, 21]
    assert len(gzip.compress(html.encode())) < limit


def test_scripts_are_about_a_kilobyte_each():
    for name in ("controls", "frames"):
        text = (BOOK / "_static" / f"{name}.js").read_bytes()
        assert len(gzip.compress(text)) < 1400


def test_a_draw_that_depends_on_more_than_its_values_is_refused(static):
    def draw(figure, n):
        axes = figure.axes[0] if figure.axes else figure.add_subplot()
        axes.plot([0, n], [0, 1])

    with pytest.raises(ValueError, match=r"two pictures for \{'n': 1\}"):
        static(explore, draw, alt="lines", n=[1, 2])


def test_an_error_in_draw_says_where(static):
    def draw(figure, n):
        return 1 / (n - 2)

    with pytest.raises(ZeroDivisionError) as caught:
        static(explore, draw, alt="none", n=[1, 2])
    assert "{'n': 2}" in caught.value.__notes__[0]


def test_one_position_and_pictures_that_never_change_work(static):
    html = static(explore, lambda figure, n: None, alt="white", n=[1])
    assert data_of(html)["frames"] == [[[]], [[]]]
    static(explore, lambda figure, n: None, alt="white", n=[1, 2])


def test_a_picture_has_words_and_a_size_for_a_phone(static, monkeypatch):
    bar = {"labels": "a", "y_label": "y", "alt": "one bar", "caption": "A bar.", "size": (5, 3)}
    html = static(picture, plots.bars, [0.5], **bar)
    elements = Elements(html)
    assert [one.get("aria-label") for one in elements.all("div")] == ["one bar"]
    sizes = [(one["class"], one["width"], one["height"]) for one in elements.all("svg")]
    assert sizes == [("wide", "480", "288"), ("narrow", "341", "288")]
    higher = Elements(static(picture, plots.bars, [0.5], **bar, phone=4)).all("svg")
    assert [one["height"] for one in higher] == ["288", "384"]
    monkeypatch.delenv("STATIC_BOOK")  # a kernel has no style sheet, and may be dark
    live_html = static(picture, plots.bars, [0.5], **bar)
    (alone,) = Elements(live_html).all("svg")
    assert alone["width"] == "480" and "background:#fff" in alone["style"]
    assert "".join(drawings_of(html)["wide"]) in live_html


def test_panels_stand_below_each_other_on_a_phone(static):
    def draw(figure):
        for part in plots.panels(figure, ["left", "right"]):
            plots.bars(part, [0.5], labels="a", y_label="y")

    wide, narrow = Elements(static(picture, draw, alt="two bars", size=(6, 3))).all("svg")
    assert (wide["height"], narrow["height"]) == ("288", "576")


# Wrong use


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({}, ValueError, "one keyword at least"),
        ({"row": [0], "letter": []}, ValueError, "letter has no values"),
        ({"row": [0, 0], "letter": "x"}, TypeError, "letter must be a sequence"),
        ({"row": [0, 0], "letter": ["x"]}, ValueError, "row has a value twice"),
        ({"row": [1, 1.0], "letter": ["x"]}, ValueError, "row has a value twice"),
        ({"row": [0.3, 0.1 + 0.1, 0.2], "letter": ["x"]}, ValueError, "row has a value twice"),
        ({"row": [np.nan, np.nan], "letter": ["x"]}, ValueError, "row has a value twice"),
        ({"row": 3, "letter": ["x"]}, TypeError, "row must be a sequence.*3"),
        ({"row": range(21), "letter": range(20)}, ValueError, "21 x 20 = 420.*400"),
        (
            {"row": [0], "column": [1]},
            TypeError,
            r"\['row', 'column'\].*takes \(figure, row, letter",
        ),
        ({"row": [0]}, TypeError, "letter"),
        ({"start": {"row": 7}, **CELLS}, ValueError, r"start\['row'\] is 7.*\[0, 1\]"),
        ({"start": {"line": 7}, **CELLS}, ValueError, r"start names \['line'\].*'letter'"),
        ({"labels": {"line": "x"}, **CELLS}, ValueError, r"labels names \['line'\]"),
        ({"play": "line", **CELLS}, ValueError, r"play names \['line'\].*'letter'"),
        ({"alt": "{line}", **CELLS}, ValueError, r"field 'line'.*\['row', 'letter'\]"),
        ({"alt": " ", **CELLS}, ValueError, "alt is empty"),
    ],
)
@pytest.mark.parametrize("mode", ["live", "static"])
def test_wrong_use_is_explained(shown, monkeypatch, mode, keywords, error, message):
    monkeypatch.setenv("STATIC_BOOK", str(int(mode == "static")))
    with pytest.raises(error, match=message):
        explore(draw_cells, **{"alt": CELLS_ALT, **keywords})
    assert not shown


@pytest.mark.parametrize("mode", ["live", "static"])
@pytest.mark.parametrize(
    ("values", "first", "last"),
    [
        (np.linspace(1000, 1001, 11), "1000", "1001"),
        (np.linspace(0, 1, 4), "0", "1"),
        ([0.1 + 0.2, 0.3, "none"], "0.30000000000000004", "none"),
    ],
)
def test_values_that_look_alike_get_the_digits_that_tell_them_apart(
    shown, monkeypatch, mode, values, first, last
):
    monkeypatch.setenv("STATIC_BOOK", str(int(mode == "static")))
    explore(lambda figure, rate: None, alt="{rate}", rate=values)
    if mode == "live":
        texts = [text for text, _ in shown.pop().children[1].options]
    elif len(values) < 6:
        (texts,) = choices_of(shown.pop()["text/html"])
    else:
        (slider,) = Elements(shown.pop()["text/html"]).all("input")
        texts = json.loads(slider["data-texts"])
    assert len(set(texts)) == len(values)
    assert (texts[0], texts[-1]) == (first, last)


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, unique=True))
def test_distinct_numbers_are_never_taken_for_one(values):
    texts = controls.texts(values)
    assert len(set(texts)) == len(values)
    assert [float(text) for text in texts] == pytest.approx(values, rel=1e-3)


def test_positions_are_plain_values_in_the_order_of_the_frames():
    assert list(positions(row=[0, 1], letter="xy")) == [
        {"row": 0, "letter": "x"},
        {"row": 0, "letter": "y"},
        {"row": 1, "letter": "x"},
        {"row": 1, "letter": "y"},
    ]


# Live


def live(shown, *arguments, **keywords):
    """Return the picture, the controls by their labels, and the words below."""
    explore(*arguments, **keywords)
    picture, *controls, words = shown.pop().children
    return picture, {control.description: control for control in controls}, words


def test_widgets_redraw_and_describe(shown):
    picture, sliders, words = live(
        shown, draw_cells, alt=CELLS_ALT, caption="<b>", labels={"row": "the row"}, **CELLS
    )
    assert list(sliders) == ["the row", "letter"]
    assert words.value.endswith("&lt;b&gt;")
    for position in positions(**CELLS):
        sliders["the row"].value, sliders["letter"].value = position.values()
        said = Elements(words.value.removeprefix(IN_THE_DARK)).text
        assert said == CELLS_ALT.format(**position) + "<b>"
        drawn = np.asarray(Image.open(io.BytesIO(picture.value)))
        assert (drawn == rendered(draw_cells, **position)).all()


def test_the_same_rule_chooses_the_widget(shown):
    _, found, _ = live(shown, draw_cells, alt=CELLS_ALT, **CELLS)
    assert [type(one).__name__ for one in found.values()] == ["RadioButtons"] * 2
    _, found, _ = live(shown, draw_curves, alt="{state}", state=STATES)
    assert [type(one).__name__ for one in found.values()] == ["SelectionSlider"]
    explore(lambda figure, n: None, alt="{n}", play="n", n=[1, 2, 5])
    slider, button = shown.pop().children[1].children
    assert type(slider).__name__ == "SelectionSlider"
    assert (type(button).__name__, button.min, button.max, button.value) == ("Play", 0, 2, 0)


def test_widgets_start_where_asked_and_hand_over_plain_numbers(shown):
    seen = []
    _, sliders, _ = live(
        shown,
        lambda figure, n, x: seen.append((type(n), type(x))),
        alt="n is {n}",
        n=np.arange(5),
        x=np.linspace(0, 1, 3),
        start={"n": 3, "x": 0.5},
    )
    assert (sliders["n"].value, sliders["x"].value) == (3, 0.5)
    assert seen == [(int, float)]


def decoded(picture):
    return np.asarray(Image.open(io.BytesIO(picture.value)))


def test_where_a_kernel_waits_a_move_is_a_draft_and_then_the_whole_picture(shown):
    picture, sliders, _ = live(shown, draw_map, alt="{sharpness}", sharpness=SHARPNESS)

    async def move():
        formats = []
        for place in (20, 7, 5):
            sliders["sharpness"].value = SHARPNESS[place]
            formats.append(picture.format)
            drafts.append(decoded(picture))
        await asyncio.sleep(module.REST + 0.2)
        return [*formats, picture.format]

    drafts = []
    assert asyncio.run(move()) == ["jpeg", "jpeg", "jpeg", "png"]
    expected = rendered(draw_map, sharpness=SHARPNESS[5])
    assert (decoded(picture) == expected).all()
    away = abs(drafts[-1].astype(int) - expected).max(axis=-1)
    assert np.mean(away > 30) < 0.01  # a little loss; the same picture
    assert np.mean(abs(drafts[0].astype(int) - expected).max(axis=-1) > 30) > 0.01  # another


@pytest.mark.slow
@pytest.mark.parametrize(
    ("draw", "values"),
    [(draw_map, {"sharpness": SHARPNESS}), (draw_curves, {"state": STATES})],
    ids=["map", "curves"],
)
def test_a_draft_takes_less_than_two_thirds_of_the_time(shown, draw, values):
    _, sliders, _ = live(shown, draw, alt="a picture", **values)
    [slider], [options] = sliders.values(), values.values()
    seconds = {"draft": [], "whole": []}

    def move(way):
        for value in list(options)[1:16]:
            begun = time.process_time()  # others may be at work here
            slider.value = value
            seconds[way].append(time.process_time() - begun)

    async def drafts():
        move("draft")

    move("whole")
    asyncio.run(drafts())
    draft, whole = (1000 * statistics.median(seconds[way]) for way in ("draft", "whole"))
    print(f"median {draft:.0f} ms, whole pictures {whole:.0f} ms")
    assert draft < 2 / 3 * whole
    assert draft < 200


def test_an_error_in_a_live_draw_is_shown_until_the_next_picture(shown):
    def draw(figure, n):
        if n == 2:
            raise ValueError("<two>")

    _, sliders, words = live(shown, draw, alt="none", caption="below", n=[1, 2, 3])
    sliders["n"].value = 2
    assert words.value == "<b>ValueError</b>: &lt;two&gt;"
    sliders["n"].value = 3
    assert Elements(words.value.removeprefix(IN_THE_DARK)).text == "nonebelow"


@pytest.mark.slow
@pytest.mark.parametrize("static_book", ["1", "0"])
def test_notebook_has_widgets_only_when_live(monkeypatch, static_book):
    monkeypatch.setenv("STATIC_BOOK", static_book)
    code = (
        "from figures.explore import explore\nfrom figures.plots import bars\n"
        "def draw(figure, n):\n    bars(figure, [1 / n], labels='a', y_label='y')\n"
        "explore(draw, alt='a bar', n=[1, 2])\n"
        "explore(draw, alt='a bar', n=range(1, 8), play='n')"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook, timeout=60).execute()
    first, second = notebook.cells[0].outputs
    if static_book == "1":
        assert list(first.data) == list(second.data) == ["text/html"]
        assert "widgets" not in notebook.metadata
    else:
        assert "application/vnd.jupyter.widget-view+json" in first.data
        (state,) = notebook.metadata.widgets.values()
        models = {model["model_name"] for model in state["state"].values()}
        expected = {"RadioButtonsModel", "SelectionSliderModel", "PlayModel", "ImageModel"}
        assert expected | {"HTMLModel"} <= models
        assert "OutputModel" not in models


def test_static_mode_loads_no_widgets_no_pyplot_and_no_model():
    code = (
        "import sys; from figures.explore import explore\n"
        "explore(lambda figure, n: None, alt='white', n=[1])\n"
        "print(*(name for name in sys.modules if 'ipywidgets' in name or 'pyplot' in name\n"
        "        or name.startswith(('figures.', 'helpers'))), file=sys.stderr)"
    )
    environment = {**os.environ, "STATIC_BOOK": "1"}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    drawing = {"colours", "controls", "explore", "plots", "svg"}
    assert set(run.stderr.split()) == {f"figures.{name}" for name in drawing}


# In a Chromium


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    """Write a page with the same choices twice, curves and a map with sliders, a still picture."""
    collected = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STATIC_BOOK", "1")
        patch.setattr(module, "display", lambda output, **_: collected.append(output["text/html"]))
        for _ in range(2):
            explore(draw_cells, alt=CELLS_ALT, caption="Cells.", **CELLS)
        explore(
            draw_curves,
            alt="curves at {state}",
            caption="Curves.",
            labels={"state": "size of the state, in numbers"},
            state=STATES,
        )
        explore(draw_map, alt="map at {sharpness:.2f}", caption="Map.", sharpness=SHARPNESS)
        picture(draw_map, sharpness=1, alt="a map", caption="Still.")
    style, script = (
        "\n".join((BOOK / "_static" / name).read_text() for name in names)
        for names in (("explore.css", "controls.css"), ("controls.js", "frames.js"))
    )
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sliders</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{style}</style>{DARK}</head><body><main><h1>Sliders</h1>"
        f"{''.join(collected)}</main><script>{script}</script></body></html>"
    )
    return path


@contextlib.contextmanager
def opened(browser, page_file, script="", **options):
    """Open the page as a file, and hold that it stays silent and asks for nothing else."""
    with contextlib.closing(browser.new_context(**options)) as context:
        page = context.new_page()
        noise = []
        page.on("console", lambda message: noise.append(message.text))
        page.on("pageerror", lambda error: noise.append(str(error)))
        page.on("request", lambda request: noise.append(request.url))
        page.add_init_script(script)
        page.goto(page_file.as_uri())
        if options.get("java_script_enabled", True):
            page.wait_for_function("!document.querySelector('input:disabled')")
        yield page
        assert [text for text in noise if not text.startswith("data:")] == [page_file.as_uri()]


def shows(page, card, elements):
    """Tell whether what a card shows is made of these elements and no others."""
    script = """([card, elements]) => {
      const shown = [...document.querySelectorAll("figure")[card].querySelectorAll("svg")];
      const holder = document.createElement("template");
      holder.innerHTML = `<svg>${elements}</svg>`;
      return shown.filter(one => one.checkVisibility())
        .map(one => one.innerHTML === holder.content.firstChild.innerHTML);
    }"""
    (same,) = page.evaluate(script, [card, elements])
    return same


def test_keyboard_moves_one_figure_and_tells_it(browser, page_file):
    with opened(browser, page_file) as page:
        cards = page.locator("figure.explore")
        groups = cards.nth(0).get_by_role("group")
        assert groups.locator("legend").all_text_contents() == ["row", "letter"]
        row, letter = groups.all()
        page.keyboard.press("Tab")
        assert row.evaluate("group => group.contains(document.activeElement)")
        page.keyboard.press("Tab")  # a group is one stop
        assert letter.evaluate("group => group.contains(document.activeElement)")
        for key, expected in [("ArrowRight", "y"), ("ArrowRight", "z"), ("ArrowLeft", "y")]:
            page.keyboard.press(key)
            assert letter.get_by_role("radio", checked=True).count() == 1
            assert letter.get_by_role("radio", name=expected).is_checked()
            alt = cards.nth(0).get_by_role("img").get_attribute("aria-label")
            assert alt == CELLS_ALT.format(row=0, letter=expected)
            assert shows(page, 0, drawn(draw_cells, row=0, letter=expected))
        row.get_by_role("radio", name="1").click()
        assert shows(page, 0, drawn(draw_cells, row=1, letter="y"))
        second = cards.nth(1).get_by_role("radio", checked=True)
        assert [one.evaluate("one => one.labels[0].innerText") for one in second.all()] == [
            "0",
            "x",
        ]
        assert shows(page, 1, drawn(draw_cells, row=0, letter="x"))


def test_a_slider_says_its_value_and_moves_its_picture(browser, page_file):
    with opened(browser, page_file) as page:
        card = page.locator("figure.explore").nth(3)
        slider = card.get_by_role("slider", name="sharpness")
        slider.focus()
        for key, place in [("End", 20), ("ArrowLeft", 19), ("Home", 0), ("ArrowRight", 1)]:
            page.keyboard.press(key)
            text = controls.texts(SHARPNESS)[place]
            assert card.locator("output").text_content() == text
            assert slider.get_attribute("aria-valuetext") == text
            assert shows(page, 3, drawn(draw_map, sharpness=SHARPNESS[place]))


def test_either_size_follows_and_the_screen_chooses(browser, page_file):
    with opened(browser, page_file, viewport={"width": 390, "height": 844}) as page:
        page.locator("figure.explore").nth(2).get_by_role("slider").focus()
        page.keyboard.press("End")
        state = STATES[-1]
        assert shows(page, 2, drawn(draw_curves, SIZES["narrow"], state=state))
        page.set_viewport_size({"width": 900, "height": 844})
        assert shows(page, 2, drawn(draw_curves, state=state))
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 390, "height": 844})
        assert shows(page, 2, drawn(draw_curves, state=state))


# Milliseconds of work from the input event until the picture is laid out, and then until it is
# painted: a message sent at the beginning of a frame arrives after it.
MEASURE = """
    window.times = [];
    let began = 0;
    addEventListener("input", () => { began = performance.now(); }, true);
    addEventListener("input", () => {
      document.body.getBoundingClientRect();
      const laidOut = performance.now() - began;
      requestAnimationFrame(() => {
        const frame = performance.now(), { port1, port2 } = new MessageChannel();
        port1.onmessage = () => times.push(laidOut + performance.now() - frame);
        port2.postMessage(0);
      });
    });"""


@pytest.mark.parametrize("card", [2, 3], ids=["curves", "map"])
def test_picture_follows_within_a_frame(browser, page_file, card):
    medians = []
    for _ in range(5):  # the machine may be busy with something else
        with opened(browser, page_file, MEASURE) as page:
            page.locator("figure.explore").nth(card).locator("input").focus()
            for _ in range(20):
                page.keyboard.press("ArrowRight")
                page.wait_for_timeout(40)
            times = page.evaluate("times")
        assert len(times) == 20
        medians.append(statistics.median(times))
        if medians[-1] < 16:
            break
    print(f"median {min(medians):.1f} ms, longest {max(times):.1f} ms")
    assert min(medians) < 16


def test_without_script_the_first_picture_shows_and_controls_are_off(browser, page_file):
    with opened(browser, page_file, java_script_enabled=False) as page:
        for card in page.locator("figure.explore").all():
            assert card.locator("svg:visible").bounding_box()["width"] > 300
            assert all(control.is_disabled() for control in card.locator("input").all())
        assert page.locator("figure.explore input").count() == 12


@pytest.mark.parametrize("width", [390, 1000])
def test_every_word_can_be_read(browser, page_file, width):
    with opened(browser, page_file, viewport={"width": width, "height": 844}) as page:
        assert not unreadable(page)


def test_words_that_cannot_be_read_are_found(browser, page_file):
    with opened(browser, page_file) as page:
        page.evaluate("""() => {
          const [one, other, last] = document.querySelectorAll("figure.plot svg.wide text");
          one.setAttribute("font-size", 10);
          other.setAttribute("x", 700);
          last.after(last.cloneNode(true));
        }""")
        found = unreadable(page)
    assert any(f"{SMALLEST - 1} px" in one for one in found)
    assert any("over the edge" in one for one in found)
    assert any("over each other" in one for one in found)


def test_a_phone_does_not_overflow(browser, page_file):
    with opened(browser, page_file, viewport={"width": 390, "height": 844}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for element in page.locator("figure *:not(script)").all():
            box = element.bounding_box()
            assert box is None or (box["x"] >= 0 and box["x"] + box["width"] <= 390)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1000])
def test_axe_finds_nothing_serious(browser, page_file, theme, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with opened(browser, page_file, viewport={"width": width, "height": 844}) as page:
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        violations = axe.run(page).response["violations"]
    serious = [found for found in violations if found["impact"] in ("serious", "critical")]
    assert not serious, json.dumps(serious, indent=1)


def test_in_the_dark_pictures_are_light_on_the_ground_of_the_page(browser, page_file):
    with opened(browser, page_file) as page:
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        for card in page.locator("figure").all():
            ground = card.evaluate("card => getComputedStyle(card).backgroundColor")
            assert ground == "rgba(0, 0, 0, 0)"
            drawing = card.locator("svg:visible")
            look = "one => [getComputedStyle(one).filter, getComputedStyle(one).backgroundColor]"
            assert drawing.evaluate(look) == ["invert(1) hue-rotate(180deg)", "rgba(0, 0, 0, 0)"]
            shot = np.asarray(Image.open(io.BytesIO(drawing.screenshot())).convert("RGB"))
            assert (shot[0, 0] == (20, 24, 30)).all()  # #14181e
            assert shot.max() == 255  # words
        page.emulate_media(media="print")
        assert drawing.evaluate("one => getComputedStyle(one).filter") == "none"


@pytest.mark.parametrize(("light", "pale"), [("true", False), ("false", True)])
def test_in_a_dark_lab_charts_are_light_on_dark(browser, shown, light, pale):
    picture(plots.bars, [0.5, 0.2], labels="ab", y_label="y", alt="two bars")
    still = shown.pop()["text/html"]
    _, _, words = live(shown, draw_cells, alt=CELLS_ALT, **CELLS)
    page = browser.new_page()
    for html in (still, f'{words.value}<img class="chart">'):
        page.set_content(f'<body data-jp-theme-light="{light}">{html}')
        filters = "all => all.map(one => getComputedStyle(one).filter !== 'none')"
        assert page.locator("svg, img").evaluate_all(filters) == [pale]
    page.close()


# A figure in one call.


def test_a_picture_hands_on_what_it_is_told(static):
    told = {"labels": "ab", "y_label": "weight", "limits": (0, 2)}
    html = static(picture, plots.bars, [0.5, 0.2], size=(3, 2), alt="two bars", **told)
    for name, size in {"wide": (3, 2), "narrow": (module.PHONE, 2)}.items():
        figure = plots.new_figure(size)
        plots.bars(figure, [0.5, 0.2], **told)
        assert drawings_of(html)[name] == svg.drawn(figure)


def test_a_picture_needs_words():
    with pytest.raises(ValueError, match="alt is empty"):
        picture(plots.bars, [0.5], labels="a", y_label="y", alt=" ")
