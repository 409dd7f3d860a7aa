"""Wires, sums, parts and addresses of live figures: what runs is NumPy's, what is shown adds up."""

import gzip
import itertools
import re
from contextlib import ExitStack
from xml.etree import ElementTree

import numpy as np
import pytest
from accessible import serious_troubles
from figure_pages import html_of, open_page, through_json, watched, write_page

from figures import live as live_module
from figures import parts as parts_module
from figures.live import live
from figures.parts import PARTS, drawing, parts
from figures.wires import wires
from folders import BOOK
from helpers import runs, tasks
from helpers.attention import causal_mask, multi_head_attention
from helpers.start import init_decoder_block
from helpers.transformer import WIRES, decoder_block, rewired_block

STATIC = BOOK / "_static"
NAME = "french_transformer"
FIGURE = {
    "name": NAME,
    "languages": ("fr", "en"),
    "numbers": (10, 10**12 - 1),
    "words": tasks.number_words,
    "start": 421,
}
TAPS = ["".join(three) for three in itertools.product("ts", repeat=3)]
REMOVABLE = [part for part, (*_, can_go) in PARTS.items() if can_go]
TRAINED_SO = {WIRES: [0.98, 0.99], "ttt ttt": [0.0, 0.01]}


@pytest.fixture(scope="module")
def ready():
    return runs.load(NAME)


def block_and_inputs(n_source=7, n_target=5):
    rng = np.random.default_rng(0)
    params = init_decoder_block(rng, 8, 2)
    x, memory = (rng.standard_normal((3, n, 8), np.float32) for n in (n_target, n_source))
    return params, x, memory


# ---- NumPy ------------------------------------------------------------------------------------


def test_the_usual_wires_are_the_decoder_block():
    params, x, memory = block_and_inputs()
    found = rewired_block(params, x, memory, causal_mask(5))
    for one, other in zip(found, decoder_block(params, x, memory, causal_mask(5)), strict=True):
        assert np.abs(one - other).max() < 1e-5


@pytest.mark.parametrize("wires", ["ttt ttt", "tss tss", "tss ttt"])
def test_wires_that_fit_hand_in_the_sequences_that_they_say(wires):
    params, x, memory = block_and_inputs()
    for name in ("attention_norm", "cross_norm", "feed_forward_norm"):
        assert name in params
    found = rewired_block(params, x, memory, causal_mask(5), wires=wires, norm="none")
    masks = {"t": causal_mask(5), "s": None}
    given = {"t": lambda y: y, "s": lambda y: memory}
    y = x
    for name, taps, weights in zip(("attention", "cross"), wires.split(), found[1:], strict=True):
        change, expected = multi_head_attention(params[name], y, given[taps[1]](y), masks[taps[1]])
        assert np.abs(weights - expected).max() < 1e-5
        y = y + change


def test_what_does_not_fit_is_refused_with_its_reason():
    params, x, memory = block_and_inputs()
    fitting = []
    for taps in TAPS:
        try:
            rewired_block(params, x, memory, causal_mask(5), wires=f"ttt {taps}")
            fitting.append(taps)
        except ValueError as error:
            reasons = ("7 rows come out, 5 words wait", "weights, ")
            assert any(reason in str(error) for reason in reasons)
    assert fitting == ["ttt", "tss"]


@pytest.mark.parametrize("taps", TAPS)
def test_equally_long_all_eight_run_and_none_sees_a_later_word(taps):
    params, x, memory = block_and_inputs(5)
    first = rewired_block(params, x, memory, causal_mask(5), wires=f"ttt {taps}")[0]
    later = x.copy()
    later[:, 3] += 1
    second = rewired_block(params, later, memory, causal_mask(5), wires=f"ttt {taps}")[0]
    assert np.abs(first - second)[:, :3].max() < 1e-5 < np.abs(first - second)[:, 3].max()


def test_an_attention_of_none_adds_nothing_and_looks_nowhere():
    params, x, memory = block_and_inputs()
    _, own, cross = rewired_block(params, x, memory, causal_mask(5), wires="none tss", norm="none")
    assert (own == 0).all() and np.abs(cross.sum(axis=-1) - 1).max() < 1e-5
    _, expected = multi_head_attention(params["cross"], x, memory)
    assert np.abs(cross - expected).max() < 1e-5


@pytest.mark.parametrize("part", REMOVABLE)
def test_a_model_without_a_part_is_worse_and_the_whole_one_is_not_changed(ready, part):
    some = ready.task.held_out[::60]
    assert ready.without(part).share_right(some) < ready.share_right(some)


def test_a_part_that_is_not_there_cannot_be_out(ready):
    with pytest.raises(ValueError, match="'heads' is unknown"):
        ready.without("heads")


def test_the_record_is_of_the_wires_that_the_plan_says():
    plan = runs.load_record("wired")
    assert {run.settings.wires for run in plan} == {
        WIRES,
        "ttt ttt",
        "ttt none",
        "tss tss",
        "none tss",
    }


# ---- the first state, and kernels --------------------------------------------------------------


@pytest.fixture
def shown(monkeypatch):
    collected = []
    monkeypatch.setenv("STATIC_BOOK", "1")
    monkeypatch.setattr(live_module, "_show_html", collected.append)
    return collected


def test_without_script_the_boxes_say_who_gives_queries_keys_and_values(ready, shown):
    wires(ready, **FIGURE, switches=("cross",))
    boxes = re.findall(r'<div class="box .*?</div>(?=<div class="box|</div>)', shown[0], re.S)
    text = [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", box)) for box in boxes]
    assert "Encoder self-attention the source asks itself" in text[0]
    assert "queries: the source" in text[0] and "keys, values: the source" in text[0]
    assert "queries: the target so far" in text[1] and "keys, values: the target so far" in text[1]
    checked = re.findall(r'value="(\w)" data-tap="(\w)"[^>]* checked', shown[0])
    assert checked == [("t", "q"), ("s", "k"), ("s", "v")]
    assert shown[0].count("<input") == shown[0].count(" disabled") - 4  # four buttons besides


def test_switches_of_no_attention_are_told(ready, shown):
    with pytest.raises(ValueError, match="'heads' must be one of"):
        wires(ready, **FIGURE, switches=("heads",))


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_the_drawing_has_a_button_for_each_part_and_its_words_fit(norm):
    svg = ElementTree.fromstring(drawing(norm))
    names = [one.get("data-part") for one in svg.iter("g")]
    wanted = set(PARTS) - ({"last norms"} if norm == "post" else set())
    assert set(names) == wanted and names.count("norms") == 5
    assert names.count("encoder residual") == 2 and names.count("decoder residual") == 3
    for group in svg.iter("g"):
        assert group.get("role") == "button" and group.get("tabindex") == "0"
        box = group.find("rect")
        if box is None:
            continue
        left, width = float(box.get("x")), float(box.get("width"))
        assert left >= 0 and left + width <= parts_module.WIDTH
        for text in group.iter("text"):
            assert 6.6 * len(text.text) <= width, text.text
    ys = [float(box.get("y")) for box in svg.iter("rect")]
    assert min(ys) >= 0


def test_scripts_are_light():
    sizes = {
        name: len(gzip.compress((STATIC / f"{name}.js").read_bytes()))
        for name in ("wires", "sum", "parts", "address")
    }
    assert max(sizes.values()) <= 3_500 and sum(sizes.values()) <= 11_000, sizes


def kernel_box(monkeypatch):
    boxes = []
    monkeypatch.delenv("STATIC_BOOK", raising=False)
    monkeypatch.setattr(live_module, "display", boxes.append)
    return boxes


def test_in_a_kernel_wires_are_run_by_numpy(ready, monkeypatch):
    boxes = kernel_box(monkeypatch)
    wires(ready, **FIGURE)
    _, controls, said, picture, _ = boxes[0].children
    before = picture.value
    assert len(controls.children) == 6 and "✓ right" in said.value
    for tap in controls.children[4:]:  # keys and values of cross-attention
        tap.value = "t"
    expected = " ".join(ready.but(wires="ttt ttt").says(tasks.number_words(421, "fr")))
    assert expected in said.value and "wrong" in said.value and picture.value != before
    controls.children[3].value = "s"
    assert "5 rows come out, 6 words wait" in said.value


def test_in_a_kernel_parts_are_taken_out_by_numpy(ready, monkeypatch):
    boxes = kernel_box(monkeypatch)
    parts(ready, **FIGURE)
    _, controls, said, _, _ = boxes[0].children
    controls.children[0].value = "positions"
    expected = " ".join(ready.without("positions").says(tasks.number_words(421, "fr")))
    assert expected in said.value


# ---- in a browser -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory, ready):
    folder = tmp_path_factory.mktemp("page")
    figures = {
        "wires": lambda: wires(ready, **FIGURE, trained_so=TRAINED_SO, caption="A caption."),
        "maps": lambda: live(ready, **FIGURE, address="maps", caption="A caption."),
        "parts": lambda: parts(ready, **FIGURE, shares={"": 0.99}, caption="A caption."),
    }
    for name, make in figures.items():
        write_page(folder, name, html_of(live_module, make), models={NAME: ready})
    return folder


@pytest.fixture
def opened(browser, folder):
    """Open a figure's page; an error in a script fails the test."""
    with ExitStack() as contexts:

        def open_one(name, state="", viewport=(860, 900)):
            size = dict(zip(("width", "height"), viewport, strict=True))
            context = contexts.enter_context(
                watched(browser, viewport=size, reduced_motion="reduce")
            )
            page = open_page(context, folder, name, state)
            page.evaluate(f"async () => {{ await engine.load('{NAME}') }}")
            return page

        yield open_one


RUN = """async ([name, sources, changes]) => {
  const model = await engine.load(name);
  return sources.map((words, i) => {
    const { said, would, maps } = engine.run(model, words, undefined, changes[i]);
    return { said, would, maps };
  });
}"""


def numpy_maps(model, *words):
    return {
        kind: (one.rows, one.columns, one.weights[0]) for kind, one in model.maps(*words).items()
    }


def largest_difference(answer, expected):
    found = 0
    for kind, (rows, columns, weights) in expected.items():
        own = answer["maps"][kind]
        assert (own["rows"], own["columns"]) == (rows, columns), kind
        found = max(found, np.abs(np.array(own["heads"]) - weights).max())
    return found


@pytest.mark.pages
def test_wires_that_fit_run_as_numpy_runs_them(opened, ready):
    numbers = (47, 421, 47_236, 80, 999_071)
    cases = [
        (tasks.number_words(number, "fr"), way)
        for number in numbers
        for way in (WIRES, "ttt ttt", "tss tss", "tss ttt", "ttt none", "none tss")
    ]
    sources, changes = [words for words, _ in cases], [{"wires": way} for _, way in cases]
    answers = through_json(opened("wires"), RUN, [NAME, sources, changes])
    for (words, way), answer in zip(cases, answers, strict=True):
        model = ready.but(wires=way)
        assert answer["said"] == model.says(words)
        assert largest_difference(answer, numpy_maps(model, words)) < 0.01


@pytest.mark.pages
@pytest.mark.parametrize("number", [397, 99_568])
def test_equally_long_all_eight_run_as_numpy_runs_them(opened, ready, number):
    source, right = (tasks.number_words(number, language) for language in ("fr", "en"))
    ways = [way for taps in TAPS for way in (f"ttt {taps}", f"{taps} tss")]
    changes = [{"wires": way, "given": right} for way in ways]
    answers = through_json(opened("wires"), RUN, [NAME, [source] * len(ways), changes])
    for way, answer in zip(ways, answers, strict=True):
        model = ready.but(wires=way)
        logits = model.logits([ready.task.pair(source, right)])[0]
        assert answer["would"] == [ready.task.target_vocabulary[i] for i in logits.argmax(axis=-1)]
        assert largest_difference(answer, numpy_maps(model, source, right)) < 0.01


@pytest.mark.pages
def test_what_does_not_fit_is_refused_with_numpys_reason(opened, ready):
    source, right = (tasks.number_words(421, language) for language in ("fr", "en"))
    found = opened("wires").evaluate("taps => taps.map(one => engine.misfit(one, 5, 6))", TAPS)
    for taps, reason in zip(TAPS, found, strict=True):
        try:
            ready.but(wires=f"ttt {taps}").maps(source, right)
            assert reason == ""
        except ValueError as error:
            assert reason == str(error)


@pytest.mark.pages
def test_what_the_model_says_without_a_part_is_what_numpy_says(opened, ready):
    page = opened("parts")
    for part in REMOVABLE:
        page.locator(f"svg.pre [data-part='{part}']").first.click()
        page.get_by_role("button", name="take it out").click()
        expected = ready.without(part).says(tasks.number_words(421, "fr"))
        page.wait_for_function("document.querySelector('.about button').innerText == 'put it back'")
        assert page.locator(".says button").all_inner_texts() == [*expected, "(end)"], part
        page.get_by_role("button", name="put it back").click()
        page.wait_for_function("document.querySelector('.about button').innerText == 'take it out'")


def rewire(page, **taps):
    for name, side in taps.items():
        kind, tap = name.split("_")
        page.locator(f".box.{kind} input[data-tap={tap}][value={side}]").check(force=True)


@pytest.mark.pages
def test_the_reader_predicts_and_then_it_runs_or_is_refused(opened, ready):
    page = opened("wires")
    rewire(page, cross_q="s")
    assert page.locator(".guesses").is_visible() and page.locator(".outcome").inner_text() == ""
    page.get_by_role("button", name="another number").click()
    page.wait_for_function("document.querySelector('.outcome').innerText")
    said = page.locator(".outcome").inner_text()
    assert said.startswith("You expected: another number. Refused. Cross-attention: queries from")
    assert "5 rows come out, 6 words wait" in said
    page.locator("figure.live input[type=text]").fill("397")
    assert "Both sides have 6 rows, so it runs, and nothing warns." in (
        page.locator(".outcome").inner_text()
    )
    page.get_by_role("button", name="as trained").click()
    rewire(page, cross_k="t", cross_v="t")
    page.get_by_role("button", name="the right number").click()
    page.wait_for_function("document.querySelector('.outcome').innerText")
    said = page.locator(".outcome").inner_text()
    assert "0.00 to 0.01 of the held-out ones right" in said and "0.98 to 0.99" in said
    expected = ready.but(wires="ttt ttt").says(tasks.number_words(397, "fr"))
    assert page.locator(".says button").all_inner_texts() == [*expected, "(end)"]
    assert page.locator(".map.cross .title").inner_text() == "English asks English so far"
    assert page.locator(".verdict").inner_text().startswith("✗ wrong")
    serious = serious_troubles(page)
    assert not serious, "\n".join(serious)


def printed(page, chosen):
    return [
        float(text.replace("−", "-")) for text in page.locator(f".sum {chosen} b").all_inner_texts()
    ]


@pytest.mark.pages
def test_the_lines_of_a_sum_add_up_as_they_are_printed_on_50_cells(opened):
    page, rng = opened("maps"), np.random.default_rng(0)
    page.evaluate("() => { Math.random = () => { throw new Error('an invented number') } }")
    for number in map(int, (421, 47_236, *rng.integers(10, 10**9, 8))):
        page.locator("figure.live input[type=text]").fill(str(number))
        for _ in range(5):
            kind = rng.choice(["encoder", "decoder", "cross"])
            page.locator("figure.live fieldset label").nth(int(rng.integers(4))).click()
            cells = page.locator(f".map.{kind} [role=gridcell]:not(.none)")
            place = int(rng.integers(cells.count()))
            cells.nth(place).click()
            page.wait_for_selector(".sum")
            *products, score, scaled = printed(page, ".products")
            shifted, power, *powers, total, weight = printed(page, ".powers")
            *added, fetched = printed(page, ".values")
            assert sum(products) == pytest.approx(score, abs=1e-9)
            assert scaled == pytest.approx(score / 4, abs=0.00051)
            assert power == pytest.approx(np.exp(shifted), abs=0.00051)
            assert sum(powers) == pytest.approx(total, abs=1e-9)
            assert weight == pytest.approx(power / total, abs=0.00501)
            assert sum(added) == pytest.approx(fetched, abs=1e-9)
            assert f"{weight:.2f}" == cells.nth(place).get_attribute("aria-label")


@pytest.mark.pages
def test_a_sum_opens_by_enter_lights_its_places_and_closes_by_escape(opened):
    page = opened("maps")
    page.locator(".map.cross [role=gridcell]").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".sum")
    assert page.locator(".sum .of").inner_text().startswith("four looks at quatre: ")
    line = page.locator(".sum .values li[data-j]").nth(1)
    line.hover()
    column = int(line.get_attribute("data-j"))
    lit = page.locator(".map.cross [role=columnheader].lit").inner_text()
    assert lit == tasks.number_words(421, "fr")[column]
    serious = serious_troubles(page)
    assert not serious, "\n".join(serious)
    page.keyboard.press("Escape")
    assert page.locator(".sum").count() == 0
    assert page.evaluate("document.activeElement.getAttribute('role')") == "gridcell"


@pytest.mark.pages
def test_an_address_leads_to_a_state_and_the_state_to_its_address(opened):
    page = opened("wires", "#wires?n=92&head=3&wires=sss-ttt-ttt&row=nine")
    page.wait_for_function("document.querySelector('.outcome').innerText")
    page.wait_for_timeout(100)
    assert page.locator("figure.live input[type=text]").input_value() == "92"
    assert page.locator("figure.live .ask input:checked").get_attribute("value") == "2"
    assert page.locator(".box.cross").get_attribute("class").endswith("rewired")
    page.locator("figure.live input[type=text]").fill("47")
    page.get_by_role("button", name="as trained").click()
    page.locator(".says button").first.click()
    page.wait_for_function("location.hash == '#wires?n=47&head=3&row=forty'")
    page.locator(".map.cross [role=gridcell]").first.click()
    page.wait_for_function("location.hash == '#wires?n=47&head=3&cell=cross-1-1'")
    again = opened("wires", "#wires?n=47&head=3&cell=cross-1-1")
    again.wait_for_selector(".sum")
    assert again.locator(".sum .of").inner_text().startswith("forty looks at quarante")


@pytest.mark.pages
@pytest.mark.parametrize("name", ["wires", "parts"])
def test_on_a_phone_nothing_is_cut_and_labels_can_be_read(opened, name):
    page = opened(name, viewport=(390, 844))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    sizes = page.locator("figure.live *:not(svg *)").evaluate_all(
        "all => all.filter(one => one.innerText)"
        ".map(one => parseFloat(getComputedStyle(one).fontSize))"
    )
    assert min(sizes) >= 11
    if name == "parts":
        shown = page.locator("svg.pre").bounding_box()["width"] / parts_module.WIDTH
        assert 13 * shown >= 11
    else:
        boxes = [box.bounding_box() for box in page.locator(".box").all()]
        assert boxes[0]["y"] < page.locator(".ask").bounding_box()["y"]
    serious = serious_troubles(page)
    assert not serious, "\n".join(serious)


@pytest.mark.pages
@pytest.mark.parametrize("screen, column", [(390, 358), (1300, 704)])
def test_sources_stand_within_their_box(browser, folder, screen, column):
    with watched(browser, viewport={"width": screen, "height": 900}) as context:
        page = open_page(context, folder, "wires")
        page.add_style_tag(content=f"html {{ font: 16px system-ui }} main {{ width: {column}px }}")
        ends = page.evaluate(
            """() => [...document.querySelectorAll("figure.wired .box .tap label")].map(label =>
              [label.getBoundingClientRect().right,
               label.closest(".box").getBoundingClientRect().right])"""
        )
        assert len(ends) == 18 and all(label <= box for label, box in ends)
