"""Drawings: what pages include is what the description says, and the description what is there."""

import ast
from xml.etree import ElementTree

from figures import diagrams
from figures.plots import new_figure
from notebooks import BOOK

HELPERS = BOOK / "helpers"


def floor_of(room):
    """Return the number of the floor, from the top down."""
    (number,) = (i for i, (_, rooms) in enumerate(diagrams.FLOORS) if room in rooms)
    return number


def rooms_there_are():
    paths = (path for path in HELPERS.iterdir() if not path.name.startswith("_"))
    return {path.stem for path in paths if path.suffix == ".py" or (path / "__init__.py").exists()}


def imported(path):
    """Rooms of helpers that a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("helpers"):
            inside = node.module.split(".")[1:2]
            yield from inside or [alias.name for alias in node.names]


def test_the_page_shows_the_house_as_it_is_described():
    page = (BOOK / "_static" / "architecture.html").read_text(encoding="utf-8")
    assert page == diagrams.house() + "\n"


def test_every_room_is_on_one_floor():
    drawn = [room for _, rooms in diagrams.FLOORS for room in rooms]
    assert sorted(drawn) == sorted(rooms_there_are() | {"chapters", "figures"})


def test_imports_point_down_or_stay_on_a_floor():
    upwards = [
        (str(path.relative_to(HELPERS)), room)
        for path in HELPERS.rglob("*.py")
        for room in imported(path)
        if path.name != "__init__.py" or path.parent != HELPERS
        if room in rooms_there_are()
        and floor_of(room) < floor_of(path.relative_to(HELPERS).parts[0].removesuffix(".py"))
    ]
    assert upwards == []


SOURCE, SAID = ["dix", "sept"], ["seven", "<ty>", "(end)"]
ATTENTIONS = {
    "Encoder self-attention": {
        "asking": "source",
        "asked": "source",
        "rows": SOURCE,
        "columns": SOURCE,
        "weights": [[0.3, 0.7], [0.5, 0.5]],
    },
    "Decoder self-attention": {
        "asking": "target",
        "asked": "target so far",
        "rows": SAID,
        "columns": ["(start)", *SAID[:2]],
        "weights": [[1, 0, 0], [0.4, 0.6, 0], [0.2, 0.2, 0.6]],
    },
    "Cross-attention": {
        "asking": "target",
        "asked": "source",
        "rows": SAID,
        "columns": SOURCE,
        "weights": [[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]],
    },
}


def drawn_attentions():
    """Return the three panels as elements, and the whole text."""
    drawn = diagrams.who_asks_whom(ATTENTIONS, "Who asks & whom.")
    return ElementTree.fromstring(drawn).findall(".//svg"), drawn


def test_each_attention_has_a_panel_with_its_words_and_a_cell_for_each_pair():
    panels, drawn = drawn_attentions()
    assert "Who asks &amp; whom." in drawn
    for panel, (title, parts) in zip(panels, ATTENTIONS.items(), strict=True):
        texts = [text.text for text in panel.iter("text")]
        assert texts[:2] == [f"{parts['asking']} asks {parts['asked']}", title]
        assert texts[2:4] == ["Q", f"from the {parts['asking']}"]
        assert texts[4:7] == ["K", "V", f"from the {parts['asked']}"]
        assert set(parts["rows"]) | set(parts["columns"]) <= set(texts)
        forbidden = sum(weight == 0 for row in parts["weights"] for weight in row)
        assert texts.count("×") == forbidden
        frames = [one for one in panel.iter("rect") if one.get("stroke")]
        assert len(frames) == len(parts["rows"]) * len(parts["columns"])
        filled = [one for one in panel.iter("rect") if one.get("fill") == diagrams.WEIGHT]
        opacities = [float(one.get("fill-opacity")) ** 2 for one in filled]
        expected = [weight for row in parts["weights"] for weight in row if weight]
        assert max(abs(a - b) for a, b in zip(opacities, expected, strict=True)) < 0.02


def test_a_drawing_can_be_heard_and_read_on_a_phone_in_either_theme():
    panels, _ = drawn_attentions()
    for panel, (title, parts) in zip(panels, ATTENTIONS.items(), strict=True):
        said = panel.get("aria-label")
        assert panel.get("role") == "img"
        assert said.startswith(f"{title}: {parts['asking']} asks {parts['asked']}")
        assert f"{parts['rows'][0]} looks most at" in said
        _, _, width, height = map(float, panel.get("viewBox").split())
        assert width <= 300, "one panel fits beside the margins of a phone of 390 pixels"
        assert f"max-width:{width:g}px" in panel.get("style"), "a unit is a pixel, never less"
        for text in panel.iter("text"):
            assert float(text.get("font-size")) >= 12
            if text.get("fill"):
                assert text.text in diagrams.HUES, "other text has the colour of the page"
            x, y, length = float(text.get("x")), float(text.get("y")), 7.6 * len(text.text)
            across = {"start": (x, x + length), "end": (x - length, x), "middle": (x, x)}
            left, right = across[text.get("text-anchor")]
            if text.get("transform"):
                left, right, y = x, x, y - length
            assert 0 <= left and right <= width and 0 <= y <= height, text.text


def drawn_transformer():
    """Return what is written in the drawing, and the extents of the writing and of the boxes."""
    figure = new_figure((4.4, 5.2))
    diagrams.transformer(figure)
    (axes,) = figure.axes
    written = [one for one in axes.texts if one.get_text()]
    boxes = [box.get_window_extent() for box in axes.patches]
    return axes, written, boxes


def test_a_transformer_has_a_sum_and_a_norm_for_each_part_and_a_norm_at_each_end():
    _, written, _ = drawn_transformer()
    words = [one.get_text() for one in written]
    parts = [part for side in diagrams.PARTS.values() for part in side]
    assert [word for word in words if word in parts] == parts
    assert words.count("+") == len(parts) == 5
    assert words.count("norm") == len(parts) + 2


def test_what_is_written_in_a_transformer_fits_its_box_and_the_figure():
    axes, written, boxes = drawn_transformer()
    whole = axes.get_window_extent()
    for one in written:
        extent = one.get_window_extent()
        assert whole.x0 <= extent.x0 and extent.x1 <= whole.x1
        assert whole.y0 <= extent.y0 and extent.y1 <= whole.y1
        middle = (extent.x0 + extent.x1) / 2, (extent.y0 + extent.y1) / 2
        around = [box for box in boxes if box.contains(*middle)]
        assert all(box.x0 <= extent.x0 and extent.x1 <= box.x1 for box in around)
