"""A plugin of pytest (`-p tests.uncounted`) for what nbval leaves open.

nbval compares no cell that has no execution count, so such a cell may not print. It also gives up
when a kernel dies at its start, as one in two hundred does when several start at a time.
"""

import functools

import nbval.kernel
import nbval.plugin
import pytest

import notebooks


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Fail a cell that printed something which can't be compared."""
    result = yield
    if isinstance(item, nbval.plugin.IPyNbCell):
        complaint = notebooks.why_not_compared(item.cell, item.test_outputs)
        if complaint:
            item.raise_cell_error(complaint)
    return result


def once_more(start):
    """Let a function that starts a kernel try a second time."""

    @functools.wraps(start)
    def start_patiently(*arguments, **options):
        try:
            return start(*arguments, **options)
        except RuntimeError:
            return start(*arguments, **options)

    return start_patiently


def pytest_configure():
    """Let nbval start its kernels patiently."""
    nbval.kernel.start_new_kernel = once_more(nbval.kernel.start_new_kernel)
