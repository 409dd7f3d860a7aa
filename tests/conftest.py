"""What several test files share: the chapters, executed once, and the browser."""

import os
import shutil
import signal

import pytest

import notebooks

# Begun in the background by a shell, the tests would ignore Ctrl-C, and their children with them.
signal.signal(signal.SIGINT, signal.default_int_handler)

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


@pytest.fixture(scope="session")
def executed():
    """Execute every chapter once, in live mode, and return the runs by chapter name."""
    return {run.path.stem: run for run in notebooks.execute_all(notebooks.chapters(), static=False)}


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
