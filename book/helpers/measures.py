"""What two chapters measure, written once.

Stands on nothing but NumPy: what is measured comes in as arrays or functions.
"""

import time

import numpy as np
from threadpoolctl import threadpool_limits


def entropy(weights):
    r"""How flat each row of weights is, in bits.

    .. math:: -\sum_j w_j \log_2 w_j

    Parameters
    ----------
    weights : array (..., n_keys)
        Each row at least 0, with sum 1.

    Returns
    -------
    array (...)
        From 0, if one key has all of it, to log2(n_keys), if all have the same.

    Examples
    --------
    >>> entropy(np.array([[0.5, 0.5, 0, 0], [0.25, 0.25, 0.25, 0.25]]))
    array([1., 2.])
    """
    weights = np.asarray(weights)
    return -(weights * np.log2(np.where(weights > 0, weights, 1))).sum(axis=-1)


def fastest(ways, rounds=5):
    """CPU seconds of each of several functions: of some rounds, the least disturbed.

    In a round all take their turn, so that a busy machine slows all alike. Matrix products run on
    one thread.

    Parameters
    ----------
    ways : dict of str to callable
        Called with nothing.
    rounds : int, at least 1

    Returns
    -------
    dict of str to float

    Examples
    --------
    >>> seconds = fastest({"few": lambda: sum(range(10)), "many": lambda: sum(range(100_000))})
    >>> seconds["few"] < seconds["many"]
    True
    """
    found = dict.fromkeys(ways, np.inf)
    with threadpool_limits(1):
        for _ in range(rounds):
            for name, way in ways.items():
                start = time.process_time()
                way()
                found[name] = min(found[name], time.process_time() - start)
    return found
