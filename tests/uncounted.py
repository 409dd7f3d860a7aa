"""A plugin of pytest (`-p tests.uncounted`) for what nbval leaves open.

nbval compares no cell that has no execution count, so such a cell may not print. It gives up
when a kernel dies at its start, as one in two hundred does when several start at a time. And it
throws away what the cells showed: with STATIC_BOOK=1 that is just what the built book shows, so
where a whole notebook passed, it is kept, and no build executes the notebook once more.
"""

import functools
import os
import time

import nbval.kernel
import nbval.plugin
import pytest
from jupyter_cache import get_cache

import course
import notebooks
from folders import ROOT

BUILD = ROOT / "_build"
SETTINGS = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Fail a cell that printed something which can't be compared."""
    start = time.perf_counter()
    result = yield
    if isinstance(item, nbval.plugin.IPyNbCell):
        complaint = notebooks.why_not_compared(item.cell, item.test_outputs)
        if complaint:
            item.raise_cell_error(complaint)
        item.seconds = time.perf_counter() - start
    return result


def pytest_runtest_teardown(item, nextitem):
    """Keep a notebook for the build, behind its last cell, if all of them were run and passed."""
    if not isinstance(item, nbval.plugin.IPyNbCell) or os.environ.get("STATIC_BOOK") != "1":
        return
    file = item.parent
    passed = vars(file).setdefault("passed", [])
    if hasattr(item, "seconds"):
        passed.append(item)
    code = sum(cell.cell_type == "code" for cell in file.nb.cells)
    last = nextitem is None or nextitem.parent is not file
    if last and len(passed) == code and course.fingerprint() == item.config.course_at_start:
        for one in passed:
            one.cell.outputs = one.test_outputs
        seconds = sum(one.seconds for one in passed)
        course.keep(get_cache(str(course.cache_folder(BUILD))), file.path, file.nb, seconds)


def once_more(start):
    """Let a function that starts a kernel try a second time."""

    @functools.wraps(start)
    def start_patiently(*arguments, **options):
        try:
            return start(*arguments, **options)
        except RuntimeError:
            return start(*arguments, **options)

    return start_patiently


def pytest_configure(config):
    """Let nbval start its kernels patiently, and note what all outputs depend on."""
    config.stash[SETTINGS] = notebooks.course_settings()
    config.stash[SETTINGS].__enter__()
    config.course_at_start = course.fingerprint()
    nbval.kernel.start_new_kernel = once_more(nbval.kernel.start_new_kernel)


def pytest_unconfigure(config):
    """Give the user's own settings back."""
    config.stash[SETTINGS].__exit__(None, None, None)
