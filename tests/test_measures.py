"""What chapters measure, on cases whose result is known."""

import time

import numpy as np
import pytest

from helpers import measures


def test_entropy_is_largest_where_weights_are_equal_and_0_where_one_key_has_all():
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.ones(6), size=(2, 3, 5))
    found = measures.entropy(weights)
    assert found.shape == (2, 3, 5)
    assert (found > 0).all() and (found < np.log2(6)).all()
    assert measures.entropy(np.full(6, 1 / 6)) == pytest.approx(np.log2(6))
    assert measures.entropy(np.eye(4)).tolist() == [0, 0, 0, 0]


def test_the_mean_of_weights_is_at_least_as_flat_as_they_are_on_average():
    weights = np.random.default_rng(1).dirichlet(np.ones(5) / 2, size=(4, 7))
    entropy = measures.entropy
    assert (entropy(weights.mean(axis=0)) > entropy(weights).mean(axis=0)).all()


def test_the_fastest_of_some_rounds_counts_and_all_take_turns():
    called = []

    def way(name, seconds):
        """Take that much CPU time at the first call, and next to nothing at later ones."""

        def run():
            until = time.process_time() + (seconds if name not in called else 0)
            called.append(name)
            while time.process_time() < until:
                pass

        return run

    found = measures.fastest({"slow once": way("slow once", 0.2), "quick": way("quick", 0)}, 3)
    assert called == ["slow once", "quick"] * 3
    assert list(found) == ["slow once", "quick"]
    assert 0 <= found["slow once"] < 0.1
