"""Drawings: what pages include is what the description says, and the description what is there."""

import ast

from figures import diagrams
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
