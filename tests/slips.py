"""Wrong answers of every kind, each made of the right one: what no check may take for right."""

import copy

import numpy as np


def of_all_parts(right, change):
    """Return the right function with something done to each array of its result."""

    def wrong(*arguments):
        result = right(*arguments)
        if isinstance(result, tuple):
            return tuple(change(np.asarray(part, dtype=float)) for part in result)
        return change(np.asarray(result, dtype=float))

    return wrong


def constant(right, draws):
    """Give the result of the first example, whatever is asked."""
    first = right(*copy.deepcopy(draws[0]))
    return lambda *arguments: copy.deepcopy(first)


def zeros(right, draws):
    """Give the right shape alone."""
    return of_all_parts(right, np.zeros_like)


def ones(right, draws):
    """Give the right shape, and a number that many rows sum to."""
    return of_all_parts(right, np.ones_like)


def other_sign(right, draws):
    """Subtract the wrong way round."""
    return of_all_parts(right, np.negative)


def a_hundredth_off(right, draws):
    """Be nearly right."""
    return of_all_parts(right, lambda part: part * 1.01 + 0.01)


def not_a_number(right, draws):
    """Divide by 0 at the end."""
    return of_all_parts(right, lambda part: part * np.nan)


def one_axis_more(right, draws):
    """Keep an axis that should be gone."""
    return of_all_parts(right, lambda part: part[None])


def nothing(right, draws):
    """Forget the `return`."""

    def wrong(*arguments):
        right(*arguments)

    return wrong


def no_answer(right, draws):
    """Leave the stub as it is."""

    def wrong(*arguments):
        raise NotImplementedError

    return wrong


SLIPS = [
    constant,
    zeros,
    ones,
    other_sign,
    a_hundredth_off,
    not_a_number,
    one_axis_more,
    nothing,
    no_answer,
]
