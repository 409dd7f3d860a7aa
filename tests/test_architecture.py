"""The page about the architecture tells what the code does: its lines, and the shapes."""

import re
import tomllib

import pytest

from figures import diagrams
from figures.listing import body
from folders import BOOK, ROOT
from helpers import functions, runs, tasks, transformer

PAGE = (BOOK / "architecture.md").read_text(encoding="utf-8")
SHOWN = (
    functions.embedding,
    transformer.encoder_block,
    transformer.decoder_block,
    functions.cross_entropy,
)


def told():
    """Shapes of the first table behind the heading, by the name of the stop."""
    part = PAGE.split("## The life of one sentence")[1].split("```")[0]
    rows = [re.split(r" \| ", line.strip("| ")) for line in part.splitlines() if line[:1] == "|"]
    return [(row[0], row[3]) for row in rows[2:]]


@pytest.fixture(scope="module")
def life():
    """Shapes of the course's example, stop by stop, as the model has them."""
    model = runs.load("german_transformer")
    params, options = model.params, {"positions": model.settings.positions}
    letters, words = (tasks.number_words(tasks.RUNNING_EXAMPLE, side) for side in ("de", "en"))
    batch = model.batch([model.task.pair(letters, words)])
    embedded = functions.embedding(params["source_embedding"], batch.source)
    memory, _ = transformer.encoder(params["encoder"], embedded, batch.source_lengths, **options)
    given = batch.source, batch.source_lengths, batch.target_in
    maps = transformer.attention_maps(params, *given, **options)
    assert model.says(letters) == words
    return [
        ("words", len(letters)),
        ("batch", batch.source.shape),
        ("vectors", embedded.shape),
        ("encoder", memory.shape),
        ("its map", maps["encoder"][0].shape),
        ("decoder's map", maps["decoder"][0].shape),
        ("cross map", maps["cross"][0].shape),
        ("logits", model.logits(batch).shape),
        ("words", len(words)),
    ]


def test_the_life_of_one_sentence_has_the_shapes_that_the_page_tells(life):
    assert told() == [(stop, str(shape)) for stop, shape in life]


def test_the_code_on_the_page_is_that_of_the_library():
    shown = "\n\n\n".join(map(body, SHOWN))
    assert f"```python\n{shown}\n```" in PAGE


def test_the_drawn_floors_keep_the_order_of_the_import_contract():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    depth = {room: n for n, layer in enumerate(layers) for room in layer.split(" | ")}
    drawn = {room: n for n, (_, rooms) in enumerate(diagrams.FLOORS) for room in rooms}
    assert set(drawn) == set(depth) | {"chapters", "figures"}
    by_layer = sorted(depth, key=depth.get)
    for above in by_layer:
        for below in by_layer:
            if depth[above] < depth[below]:
                assert drawn[above] <= drawn[below], f"{above} is drawn below {below}"
