"""A plan of small runs in a folder of its own."""

import pytest
from plans_of_tests import use


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Plan ``tiny``: change its PLAN, KEEP and SEEDS; its files are in `tmp_path`."""
    return use(tmp_path, monkeypatch)
