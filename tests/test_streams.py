"""Models that read one sequence, in the page: the same numbers as NumPy's, and looks to be cut."""

import shutil

import numpy as np
import pytest
from playwright.sync_api import sync_playwright

from figures.live import packed
from folders import BOOK
from helpers import runs, transformer

STATIC = BOOK / "_static"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
#: Models that have not learned anything: every way to tell places, both masks, every norm.
FRESH = {
    "sinusoidal": {"positions": "sinusoidal", "norm": "post"},
    "learned": {"positions": "learned", "layers": 1},
    "rotary": {"positions": "rotary", "mask": "prefix"},
    "alibi": {"positions": "alibi", "heads": 6, "width": 24},
    "none": {"positions": "none", "norm": "none", "mask": "prefix", "residual": False},
}


def fresh(name):
    options = {"layers": 2, "heads": 2, "width": 16} | FRESH[name]
    settings = runs.Settings(task="reversal", model="decoder_only", **options)
    return runs.Trained(runs.start(settings), settings)


# ---- in a browser -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser(browser_path):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    (folder / "live").mkdir()
    shutil.copy(STATIC / "engine.js", folder)
    for name in FRESH:
        (folder / "live" / f"fresh_{name}.js").write_text(packed(fresh(name), f"fresh_{name}"))
    (folder / "engine.html").write_text('<!doctype html><script src="engine.js"></script>')
    return folder


@pytest.fixture
def page(browser, folder):
    """Open a page that has nothing but the engine; an error in its script fails the test."""
    context = browser.new_context()
    page, troubles = context.new_page(), []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto((folder / "engine.html").as_uri())
    yield page
    context.close()
    assert not troubles


@pytest.mark.pages
@pytest.mark.parametrize("name", FRESH)
def test_one_stack_computes_what_numpy_computes(page, name):
    trained, rng = fresh(name), np.random.default_rng(0)
    tokens = rng.integers(3, 23, 17)
    prefix = 11 if trained.settings.mask == "prefix" else None
    logits, *maps = page.evaluate(
        """async ([name, tokens, prefix]) => {
          const { params, settings } = await engine.load(name);
          const mask = prefix === null ? engine.causalMask : engine.prefixMask(prefix);
          const masks = [mask, mask];
          const [logits, maps] = engine.decoderOnly(params, tokens, masks, settings);
          return [logits, ...maps].map(rows => rows.map(row => [...row]));
        }""",
        [f"fresh_{name}", tokens.tolist(), prefix],
    )
    options = {key: getattr(trained.settings, key) for key in ("positions", "norm", "residual")}
    lengths = None if prefix is None else np.array([prefix])
    expected, weights = transformer.decoder_only(trained.params, tokens[None], lengths, **options)
    assert np.abs(np.array(logits) - expected[0]).max() < 2e-3 * np.abs(expected).max()
    assert np.abs(np.array(maps) - np.concatenate([one[0] for one in weights])).max() < 2e-3
