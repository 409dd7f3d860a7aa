"""The same numbers, sooner. Nobody has to read this: no formula of the course stands here.

`by` lets a kernel of this package compute what the function below it says. A kernel that does not
fit (a student's own score, numbers that are not finite) returns `NotImplemented`, and the formula
runs. ``with fast.off():``, or HELPERS_FORMULAS=1 in the environment, runs formulas everywhere;
``with fast.off(attention):`` runs that one's alone.
"""

import os
from contextlib import contextmanager
from functools import wraps

import numpy as np
from autograd.core import VJPNode, backward_pass
from autograd.extend import SparseObject
from autograd.tracer import find_top_boxed_args, isbox, new_box, trace_stack

_switch = {"on": os.environ.get("HELPERS_FORMULAS", "") in ("", "0"), "but": frozenset()}


@contextmanager
def off(*functions):
    """Run the formulas themselves, until the block ends.

    Parameters
    ----------
    *functions : callable
        Whose formulas; everyone's, if none is named.

    Examples
    --------
    >>> with off():
    ...     _switch["on"]
    False
    """
    before = dict(_switch)
    if functions:
        _switch["but"] = _switch["but"].union(function.formula for function in functions)
    else:
        _switch["on"] = False
    try:
        yield
    finally:
        _switch.update(before)


def by(kernel):
    """Let `kernel` compute what the function below says; ``function.formula`` is what it says.

    Parameters
    ----------
    kernel : callable
        Takes what the function takes; returns the same, or `NotImplemented`.

    Examples
    --------
    >>> @by(lambda x: x + x if isinstance(x, int) else NotImplemented)
    ... def twice(x):
    ...     return 2 * x
    >>> twice(3), twice("ab"), twice.formula(3)
    (6, 'abab', 6)
    """

    def swap(formula):
        @wraps(formula)
        def function(*arguments, **options):
            if _switch["on"] and formula not in _switch["but"]:
                result = kernel(*arguments, **options)
                if result is not NotImplemented:
                    return result
            return formula(*arguments, **options)

        function.formula, function.kernel = formula, kernel
        return function

    return swap


def differentiable(backward):
    """Let `autograd` differentiate the function below by a function written beside it.

    Parameters
    ----------
    backward : callable
        (g, kept, *arguments) -> one gradient for each argument that has one; these come first.
        If the function has several results, g is a list, with None for what was not used.

    Returns
    -------
    callable
        Decorates a function of arrays that returns (result, kept): `kept` is what its backward
        needs, and is seen by nobody else.

    Examples
    --------
    >>> from autograd import grad
    >>> @differentiable(lambda g, root, x: (g / (2 * root),))
    ... def square_root(x):
    ...     return x**0.5, x**0.5
    >>> float(square_root(4.0)), float(grad(square_root)(4.0))
    (2.0, 0.25)
    """

    def decorate(forward):
        @wraps(forward)
        def function(*arguments):
            boxes, trace, *_ = find_top_boxed_args(arguments)
            if not boxes:
                return forward(*arguments)[0]
            values, places = list(arguments), [place for place, _ in boxes]
            for place, box in boxes:
                values[place] = box._value
            result, kept = forward(*values)

            def vjp(g):
                gradients = backward(g, kept, *values)
                return [gradients[place] for place in places]

            node = _node([box._node for _, box in boxes], vjp)
            if not isinstance(result, tuple):
                return new_box(result, trace, node)
            parts = (_part(node, i, len(result)) for i in range(len(result)))
            return tuple(new_box(x, trace, part) for x, part in zip(result, parts, strict=True))

        return function

    return decorate


def value_and_gradients(function, arrays):
    """Value of a function of a list of arrays, and the gradient of each.

    What `autograd.make_vjp` gives for a tuple; that one looks at all arrays again for each of
    them, which for a Transformer's 50 took a tenth of a training step.

    Parameters
    ----------
    function : callable
        list of traced arrays -> scalar
    arrays : list of arrays

    Returns
    -------
    value : scalar array
    gradients : list of arrays

    Examples
    --------
    >>> value, gradients = value_and_gradients(lambda x: x[0] * x[0] * x[1], [3.0, 2.0])
    >>> float(value), [float(gradient) for gradient in gradients]
    (18.0, [12.0, 9.0])
    """
    start, count = VJPNode.new_root(), len(arrays)
    with trace_stack.new_trace() as trace:
        result = function([new_box(x, trace, _part(start, i, count)) for i, x in enumerate(arrays)])
    if not isbox(result):
        return result, [np.zeros_like(x) for x in arrays]
    gradients = backward_pass(np.ones_like(result._value), result._node)
    pairs = zip(gradients, arrays, strict=True)
    return result._value, [np.zeros_like(x) if g is None else g for g, x in pairs]


def _node(parents, vjp):
    node = VJPNode.new_root()
    node.parents, node.vjp = parents, vjp
    return node


def _part(node, place, count):
    """Node of one of several results: its gradient goes to its place in a list of `count`."""

    def put(g):
        def add(slots):
            slots[place] = g if slots[place] is None else slots[place] + g
            return slots

        return (SparseObject(_Slots(count), add),)

    return _node([node], put)


class _Slots:
    """What `autograd` asks for the start of a sum of gradients: here, nothing in each place."""

    def __init__(self, count):
        self.count = count

    def zeros(self):
        return [None] * self.count
