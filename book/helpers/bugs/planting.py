"""A bug in the right function's place, everywhere in `helpers`, for as long as a block runs.

So a model can be trained, and a check can be tried, with the bug in it. Kernels that would go past
the bug, since they call no formula, are off meanwhile.
"""

import inspect
import sys
from contextlib import contextmanager, nullcontext
from functools import lru_cache

from helpers import fast
from helpers.bugs.base import BUGS
from helpers.shapes import require_choice


@contextmanager
def planted(name):
    """Let every function of `helpers` call the wrong function instead of the right one.

    Parameters
    ----------
    name : str
        Of a bug.

    Raises
    ------
    ValueError
        If there is no bug of that name.

    Examples
    --------
    >>> from helpers import attention
    >>> with planted("causal-upside-down"):
    ...     attention.causal_mask(2).astype(int)
    array([[1, 1],
           [0, 1]])
    >>> attention.causal_mask(2).astype(int)
    array([[1, 0],
           [1, 1]])
    """
    require_choice("bug", name, BUGS)
    right, wrong = BUGS[name].right, BUGS[name].wrong
    # The wrong one may call the right one, and must find it: the gallery keeps its own.
    places, above = _found(right, len(sys.modules))
    with fast.off(*above) if above else nullcontext():
        _put(places, right, wrong)
        try:
            yield
        finally:
            _put(places, wrong, right)


@lru_cache
def _found(right, _loaded):
    """Return where a function stands, and which functions with a kernel come to call it."""
    places, above = [], []
    for name, module in list(sys.modules.items()):
        if not f"{name}.".startswith("helpers.") or f"{name}.".startswith("helpers.bugs."):
            continue
        for value in [vars(module), *vars(module).values()]:
            if type(value) is dict:
                places += [(value, key) for key, part in value.items() if part is right]
            elif inspect.isfunction(value):
                places += [(one, None) for one in _layers(value) if right in _defaults(one)]
                if hasattr(value, "formula") and _calls(value, right, set()):
                    above.append(value)
    return places, above


def _layers(function):
    """Yield a function, and what its decorators stand around."""
    while function is not None:
        yield function
        function = getattr(function, "__wrapped__", None)


def _defaults(function):
    return [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]


def _calls(function, right, seen):
    """Whether a function calls another, itself or through those that it names."""
    function = inspect.unwrap(function)
    if function in seen:
        return False
    seen.add(function)
    named = [function.__globals__.get(name) for name in _names(function.__code__)]
    named += [cell.cell_contents for cell in function.__closure__ or ()]
    for value in [*named, *_defaults(function)]:
        for one in value.values() if isinstance(value, dict) else [value]:
            if one is right or (inspect.isfunction(one) and _calls(one, right, seen)):
                return True
    return False


def _names(code):
    """Yield the names that code uses, and the functions within it."""
    yield from code.co_names
    for part in code.co_consts:
        if inspect.iscode(part):
            yield from _names(part)


def _put(places, old, new):
    for owner, key in places:
        if key is not None:
            owner[key] = new
            continue
        if owner.__defaults__:
            owner.__defaults__ = tuple(new if part is old else part for part in owner.__defaults__)
        for name, part in (owner.__kwdefaults__ or {}).items():
            owner.__kwdefaults__[name] = new if part is old else part
