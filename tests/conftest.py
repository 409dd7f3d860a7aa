"""What test files share: the right copy of the course, kernels or formulas, the browser."""

import os
import shutil
import signal
from contextlib import nullcontext
from pathlib import Path

import pytest

import folders
import grading
import helpers
from helpers import fast

# Begun in the background by a shell, the tests would ignore Ctrl-C, and their children with them.
signal.signal(signal.SIGINT, signal.default_int_handler)

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
# What a Chromium would otherwise begin by itself.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# Files that take more than half a minute.
LONGEST = {
    "test_assignments",
    "test_binder",
    "test_build",
    "test_explore",
    "test_grading",
    "test_live",
    "test_notebooks",
    "test_pages",
    "test_running",
    "test_sides",
    "test_small_figures",
    "test_streams",
}


def pytest_configure():
    """Stop if Python finds the course elsewhere: another copy would be tested."""
    for module in (folders, grading, helpers):
        if not Path(module.__file__).is_relative_to(Path(__file__).parents[1]):
            raise pytest.UsageError(
                f"this would test another copy of the course, {module.__file__}: "
                "`make check` installs this one in .venv and tests it"
            )


@pytest.fixture(scope="module", params=["kernels", "formulas"])
def way(request):
    """Run a test with kernels, and once more with formulas alone."""
    with fast.off() if request.param == "formulas" else nullcontext():
        yield


def pytest_collection_modifyitems(items):
    """Leave what drives a browser out of `make check`; keep together what opens the same pages.

    With ``--dist loadgroup``, the tests of one file, or of one built page, run in one process. The
    longest files come first, so that at the end no process works on one alone.
    """
    items.sort(key=lambda item: item.path.stem not in LONGEST)
    for item in items:
        if "browser_path" in getattr(item, "fixturenames", ()):
            item.add_marker("slow")
        if item.get_closest_marker("pages"):
            built = getattr(item, "callspec", None) and item.callspec.params.get("name")
            page = built if item.path.stem == "test_pages" else None
            item.add_marker(pytest.mark.xdist_group(page or item.path.stem))


@pytest.fixture(scope="session")
def browser_path():
    """Find a Chromium. Without one, tests are skipped, but in CI they fail."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        message = "no Chromium: install one (Debian: apt-get install chromium; or Chrome)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return found


@pytest.fixture(scope="module")
def browser(browser_path):
    """Open a Chromium for the tests of a file."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=browser_path, args=FLAGS)
        yield chromium
        chromium.close()
