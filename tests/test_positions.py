"""Positions: the formula of the paper, and the number format."""

import math

import numpy
import pytest
from compare import agree
from hypothesis import given
from hypothesis import strategies as st

from helpers.positions import sinusoidal


def position(t, width):
    """Sinusoidal encoding of one position."""
    angles = [t / 10000 ** (2 * (i // 2) / width) for i in range(width)]
    return numpy.array([(math.cos if i % 2 else math.sin)(angle) for i, angle in enumerate(angles)])


@pytest.mark.parametrize(("n", "width"), [(7, 4), (50, 32), (3, 5), (0, 4)])
def test_encodings_are_those_of_the_paper(n, width):
    expected = [position(t, width) for t in range(n)]
    encoding = sinusoidal(n, width)
    agree(encoding, numpy.reshape(expected, (n, width)), 1e-6)
    assert encoding.dtype == numpy.float32


@given(t=st.integers(0, 40), distance=st.integers(0, 20))
def test_product_of_two_encodings_depends_on_their_distance_alone(t, distance):
    encoding = sinusoidal(61, 8)
    agree(encoding[t] @ encoding[t + distance], encoding[0] @ encoding[distance], 1e-5)


def test_a_longer_sequence_begins_like_a_shorter_one():
    agree(sinusoidal(9, 6)[:4], sinusoidal(4, 6), 0)
