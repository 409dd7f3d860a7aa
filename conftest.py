"""What every doctest finds."""

import numpy
import pytest


@pytest.fixture(autouse=True)
def names_in_doctests(doctest_namespace):
    """Let the examples in docstrings write `numpy` without importing it."""
    doctest_namespace["numpy"] = numpy
