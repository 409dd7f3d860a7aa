"""Arguments are what the docstring says they are, or a `ValueError` names argument and shape.

The lowest module: it imports no other. `@shapes` reads the *Parameters* section of a docstring:

=====================================================  ============================================
``queries : array (..., n_queries, width)``            shape; a word means the same size everywhere
``lengths : integer array (batch,) up to time``        whole numbers, each from 0 to that size
``tokens : integer array (*places) below vocabulary``  whole numbers that are rows of a table
``mask : boolean array to (..., n_queries, n_keys)``   True and False, broadcastable to that shape
``norm : {"pre", "post"}``                             one of these
``heads : int, at least 1``                            a whole number that is large enough
``rate : float, from 0 to below 1``                    a number in that range
``score : callable (queries, keys)``                   what its own docstring says of those two
``state : pair of arrays (batch, width)``              two arrays of that shape
``state : array or pair of arrays (batch, width)``     or one alone
``x : array (n, 3) or integer array (n,)``             the one that has as many axes
``x : array (n, 3), with y integer array (n,)``        the second where y is given
=====================================================  ============================================

``...`` are axes that broadcast, ``*places`` axes that are the same in every array, ``3 width`` is
three times the size of *width*, ``n + width`` the sum of two of which the second is known.
Double-backticked names with a shape, below ``params : dict``, are arrays in that dictionary;
``norm.scale`` is one in a dictionary inside. ``**options`` that are *as for* another function are
checked by its docstring. What is optional may be None. Whole numbers where
real ones belong become real numbers, lists become arrays.
"""

import ast
import inspect
import re
import sys
from contextvars import ContextVar
from functools import wraps
from typing import NamedTuple

import numpy as np


def require(condition, message):
    """Raise a `ValueError` with `message` unless `condition` holds.

    Raises
    ------
    ValueError
        If `condition` is false.

    Examples
    --------
    >>> require(2 > 1, "never shown")
    """
    if not condition:
        raise ValueError(message)


def require_choice(name, value, choices):
    """Raise a `ValueError` unless the value is one of the choices.

    Raises
    ------
    ValueError
        If it is another.

    Examples
    --------
    >>> require_choice("norm", "batch", ("pre", "post"))
    Traceback (most recent call last):
    ValueError: norm = 'batch' is unknown; there are ('pre', 'post')
    """
    known = any(value is choice or value == choice for choice in choices)
    require(known, f"{name} = {value!r} is unknown; there are {tuple(choices)}")


def shapes(function):
    """Check the arguments of a function against its docstring, see above.

    Only the outermost call is checked: what a checked function hands on has been checked.

    Raises
    ------
    ValueError
        When the function is called with what its docstring does not allow.

    Examples
    --------
    >>> @shapes
    ... def product(x, weight):
    ...     '''Multiply.
    ...
    ...     Parameters
    ...     ----------
    ...     x : array (..., width_in)
    ...     weight : array (width_in, width_out)
    ...     '''
    ...     return x @ weight
    >>> product([[1, 2]], np.ones((2, 3))).shape
    (1, 3)
    >>> product(np.ones((5, 4)), np.ones((2, 3)))
    Traceback (most recent call last):
    ValueError: weight has shape (2, 3); it must be (4, width_out), as x has shape (5, 4)
    """
    contract, signature = _read(function), inspect.signature(function)
    names = list(signature.parameters)
    usual = {
        said.name: signature.parameters[said.name].default for said in contract if _calls(said)
    }

    @wraps(function)
    def checked(*arguments, **options):
        if _inside.get():
            return function(*arguments, **options)
        given = dict(zip(names, arguments, strict=False))
        if len(arguments) > len(names) or given.keys() & options.keys():
            signature.bind(*arguments, **options)  # raises what Python says of such a call
        fitted = _fit(contract, {**usual, **given, **options})
        arguments = [fitted.get(name, value) for name, value in given.items()]
        options = {name: fitted.get(name, value) for name, value in options.items()}
        token = _inside.set(True)
        try:
            return function(*arguments, **options)
        finally:
            _inside.reset(token)

    checked.contract = contract
    return checked


_inside = ContextVar("whether a checked function is running", default=False)


class _Array(NamedTuple):
    """What a docstring says of an array; `owner` is the dictionary that holds it, or None."""

    owner: str | None
    name: str
    kind: str  # "", "integer", "boolean" or "any"
    axes: tuple
    limit: tuple | None  # ("up to" or "below", name of a size)
    broadcast: bool
    beside: str | None = None  # argument with which alone it is meant


class _Pair(NamedTuple):
    """Two arrays of one shape; or perhaps one alone."""

    name: str
    axes: tuple
    or_one: bool


class _Value(NamedTuple):
    """What a docstring says of an argument that is no array."""

    name: str
    choices: tuple | None
    low: float | None
    high: tuple | None  # (number, whether it is allowed)
    whole: bool


class _Call(NamedTuple):
    """A function among the arguments, and which arguments it will be called with."""

    name: str
    arguments: tuple


def _calls(said):
    return isinstance(said, _Call)


_ARRAY = re.compile(
    r"(?:with (?P<beside>\w+) )?(?P<kind>integer |boolean |any )?arrays? "
    r"(?P<to>to )?\((?P<axes>[^)]*)\)"
    r"(?: (?P<limit>up to|below) (?P<size>\w+))?"
)
_PAIR = re.compile(r"(?P<one>array or )?pair of arrays \((?P<axes>[^)]*)\)")
_INNER = re.compile(r"(?P<names>(?:``[\w.]+``(?:, | and )?)+)\s+\((?P<axes>[^)]*)\)")
_CHOICES = re.compile(r"\{(?P<choices>[^}]*)\}")
_CALL = re.compile(r"callable \((?P<arguments>[^)]*)\)")
_LEAST = re.compile(r"(?P<kind>int|float), at least (?P<low>[\d.]+)")
_RANGE = re.compile(
    r"(?P<kind>int|float), from (?P<low>[\d.]+) to (?P<below>below )?(?P<high>[\d.]+)"
)


def _read(function):
    """Contract of a function: what its docstring says of its parameters."""
    text = inspect.getdoc(function).partition("Parameters\n----------\n")[2]
    text = re.split(r"\n\w+\n-{3,}\n", text)[0]
    contract = []
    for names, kind, body in re.findall(r"^(\w[\w, *]*?) : (.*)\n?((?:    .*\n?|\n)*)", text, re.M):
        for name in names.replace("*", "").split(", "):
            contract += _said(name, kind, body)
    for body in re.findall(r"^[\w, ]*\*\*\w+\n((?:    .*\n?)*)", text, re.M):
        for other in _others(function, body):
            more = other.contract if hasattr(other, "contract") else _read(other)
            contract += [said for said in more if isinstance(said, _Value)]
    return contract


def _others(function, text):
    """Yield the functions to which a docstring hands options on."""
    function = inspect.unwrap(function)
    package = function.__module__.rpartition(".")[0]
    for module, name in re.findall(r"[Aa]s\s+for\s+`(?:(\w+)\.)?(\w+)`", text):
        there = vars(sys.modules[f"{package}.{module}"]) if module else function.__globals__
        yield there[name]


def _said(name, kind, body):
    """Return what the lines about one parameter say."""
    if kind.startswith("dict"):
        return [
            _Array(name, inner.strip("`"), "", _axes(found["axes"]), None, False)
            for found in _INNER.finditer(" ".join(body.split()))
            for inner in re.findall(r"``[\w.]+``", found["names"])
        ]
    if found := _PAIR.match(kind):
        return [_Pair(name, _axes(found["axes"]), bool(found["one"]))]
    if _ARRAY.match(kind):
        return [tuple(_array(name, found) for found in _ARRAY.finditer(kind))]
    if found := _CHOICES.match(kind):
        choices = re.findall(r'"[^"]*"|True|False', found["choices"])
        return [_Value(name, tuple(map(ast.literal_eval, choices)), None, None, False)]
    if found := _CALL.match(kind):
        return [_Call(name, _axes(found["arguments"]))]
    if found := _LEAST.match(kind):
        return [_Value(name, None, float(found["low"]), None, found["kind"] == "int")]
    if found := _RANGE.match(kind):
        high = float(found["high"]), not found["below"]
        return [_Value(name, None, float(found["low"]), high, found["kind"] == "int")]
    return []


def _array(name, found):
    limit = (found["limit"], found["size"]) if found["limit"] else None
    kind = (found["kind"] or "").strip()
    axes = _axes(found["axes"])
    return _Array(None, name, kind, axes, limit, bool(found["to"]), found["beside"])


def _axes(text):
    return tuple(axis.strip() for axis in text.split(",") if axis.strip())


def _fit(contract, given):
    """Return the arguments as the contract wants them."""
    fitted, sizes, limited = {}, {}, []
    for said in contract:
        if isinstance(said, _Value):
            _require_value(said, given.get(said.name))
        elif isinstance(said, _Call):
            inner = getattr(given.get(said.name), "contract", ())
            _fit(inner, {name: given.get(name) for name in said.arguments})
        elif isinstance(said, _Pair):
            _bind_pair(said, given.get(said.name), sizes)
        else:
            said, array = _taken(said, given)
            if array is None:
                continue
            array = _as_array(said, array, given)
            if said.broadcast:
                _require_broadcast(said, array, sizes)
            else:
                _bind(said, array.shape, sizes)
            limited += [(said, array)] if said.limit else []
            if said.owner is None:
                fitted[said.name] = array
    for said, array in limited:
        _require_within(said, array, sizes)
    return fitted


def _taken(said, given):
    """Return what is said of an array, and the array, or None if there is none."""
    if isinstance(said, tuple) and not isinstance(said, _Array):
        array = _from_lists(said[0].name, given.get(said[0].name))
        axes = len(getattr(array, "shape", ()))
        said = [one for one in said if given.get(one.beside) is not None] or [
            one for one in said if one.beside is None
        ]
        return next((one for one in said if len(one.axes) == axes), said[0]), array
    array = given.get(said.owner)
    for name in said.name.split("."):
        array = array.get(name) if isinstance(array, dict) else None
    return said, _from_lists(said.name, array)


def _bind_pair(said, pair, sizes):
    if pair is None:
        return
    if said.or_one and hasattr(pair, "shape"):
        pair = pair, pair
    given = f"an array {pair.shape}" if hasattr(pair, "shape") else f"{len(pair)} arrays"
    fits = not hasattr(pair, "shape") and len(pair) == 2
    require(fits, f"{said.name} must be a pair of arrays, not {given}")
    for array in pair:
        _bind(_Array(None, said.name, "", said.axes, None, False), array.shape, sizes)


def _as_array(said, array, given):
    """Turn lists into arrays, and whole numbers into real ones where those belong."""
    if said.kind == "boolean":
        reason = "takes part" if said.name == "where" else "may attend"
        text = f"{said.name} must be boolean (True = {reason}), not {array.dtype}"
        require(array.dtype == bool, text)
    elif said.kind == "integer":
        whole = np.issubdtype(array.dtype, np.integer) or not array.size
        require(whole, f"{said.name} must hold integers, not {array.dtype}")
        array = array if np.issubdtype(array.dtype, np.integer) else array.astype(int)
    elif said.owner is None and said.kind != "any" and not np.issubdtype(array.dtype, np.floating):
        text = f"{said.name} must hold real numbers, not {array.dtype}"
        require(array.dtype.kind in "biu", text)
        return array.astype(_format(given))
    return array


def _from_lists(name, lists):
    if lists is None or hasattr(lists, "shape"):
        return lists
    try:
        return np.asarray(lists)
    except ValueError:
        lengths = sorted({len(row) if hasattr(row, "__len__") else 1 for row in lists})
        raise ValueError(
            f"{name} is a ragged batch with rows of lengths {lengths}; pad it with tasks.pad first"
        ) from None


def _format(given):
    """Real numbers as they are among the other arguments; 64 bits if there are none."""
    for value in given.values():
        for array in value.values() if isinstance(value, dict) else (value,):
            if hasattr(array, "dtype") and np.issubdtype(array.dtype, np.floating):
                return array.dtype
    return np.dtype(float)


def _bind(said, shape, sizes):
    """Compare a shape with the sizes that are known, and learn the others from it."""
    axes, whole = said.axes, shape
    if axes[-1:] == ("...",):  # whatever follows
        axes, shape = axes[:-1], shape[: len(axes) - 1]
    lead = axes[0] if axes and axes[0].startswith(("...", "*")) else None
    body = axes[1:] if lead else axes
    front, back = shape[: len(shape) - len(body)], shape[len(shape) - len(body) :]
    fits = len(back) == len(body) and (lead is not None or not front)
    fits = fits and all(_fits(axis, n, sizes) for axis, n in zip(body, back, strict=True))
    if lead and lead != "...":
        fits = fits and sizes.get(lead, (front,))[0] == front
    if not fits:
        beside = f" with {said.beside}" if said.beside else ""
        wanted = f"it must be {_wanted(said, sizes)}"
        raise ValueError(f"{said.name} has shape {whole}{beside}; {wanted}")
    if lead:
        _bind_front(said, lead, front, whole, sizes)
    for axis, n in zip(body, back, strict=True):
        name, size = _solved(axis, n, sizes)
        sizes.setdefault(name, (int(size), said.name, whole))


def _solved(axis, n, sizes):
    """Return the name in an axis, and its size where that of the axis is n."""
    first, *rest = axis.split()
    if not rest:
        return first, n
    if rest[0] == "+":
        return first, n - sizes[rest[1]][0]
    return rest[0], n / int(first)


def _fits(axis, n, sizes):
    name, size = _solved(axis, n, sizes)
    known = int(name) if name.isdigit() else sizes.get(name, (size,))[0]
    return size == known and size >= 0 and size % 1 == 0


def _bind_front(said, lead, front, shape, sizes):
    """Axes in front: ``...`` of all arrays must broadcast together, named ones are equal."""
    if lead != "...":
        sizes.setdefault(lead, (front, said.name, shape))
        return
    before, name, other = sizes.get(lead, ((), said.name, shape))
    try:
        sizes[lead] = np.broadcast_shapes(before, front), said.name, shape
    except ValueError:
        raise ValueError(
            f"{name} {other}, {said.name} {shape} must agree in the axes in front (batch)"
        ) from None


def _wanted(said, sizes):
    """Return the shape that an array should have, and why."""
    text, why = [], {}
    for axis in said.axes:
        *times, name = axis.split()
        if name == "...":
            text.append("…")
        elif name in sizes and "+" not in times:
            size, source, shape = sizes[name]
            found = size if isinstance(size, tuple) else (int(times[0] if times else 1) * size,)
            text.extend(map(str, found))
            why[source] = shape
        else:
            text.append(axis)
    comma = "," if len(text) == 1 else ""
    reasons = " and ".join(f"{name} has shape {shape}" for name, shape in why.items())
    return f"({', '.join(text)}{comma})" + (f", as {reasons}" if reasons else "")


def _require_broadcast(said, array, sizes):
    """Check that a mask broadcasts to the shape; two axes that could be two things are refused."""
    shape = ()
    for axis in said.axes:
        size = sizes[axis][0] if axis in sizes else 1
        shape += size if isinstance(size, tuple) else (size,)
    fits = array.ndim <= len(shape) and all(
        n in (1, m) for n, m in zip(array.shape[::-1], shape[::-1], strict=False)
    )
    text = f"{said.name} has shape {array.shape}, which does not broadcast to {shape}"
    if array.ndim == 2 and len(shape) > 2 and len(array) == shape[0] != 1:
        hint = f"; two axes are ({', '.join(said.axes[-2:])}), the same for the whole batch: for "
        hint += f"one row a sequence, write {said.name}[:, None]"
        require(fits, text + hint)
        text = f"{said.name} of shape {array.shape} is ambiguous for {shape}: its first axis may "
        text += f"be the batch or {said.axes[-2]}{hint}"
        fits = shape[-2] == shape[-1] or len(array) != shape[-2]
    require(fits, text)


def _require_within(said, array, sizes):
    word, name = said.limit
    require(name in sizes, f"{said.name} has shape {array.shape}, but {name} is not known: give it")
    if not array.size:
        return
    size, source, shape = sizes[name]
    lowest, highest = int(array.min()), int(array.max())
    top = size if word == "up to" else size - 1
    require(
        0 <= lowest and highest <= top,
        f"{said.name} must lie in 0 … {top}, as {source} has shape {shape}, "
        f"but they go from {lowest} to {highest}",
    )


def _require_value(said, value):
    """Compare what is no array with its choices or its range."""
    if value is None:
        return
    if said.choices is not None:
        require_choice(said.name, value, said.choices)
        return
    kinds = (int, np.integer) if said.whole else (int, float, np.integer, np.floating)
    number = isinstance(value, kinds) and not isinstance(value, bool)
    kind = "a whole number" if said.whole else "a number"
    require(number, f"{said.name} = {value!r} must be {kind}")
    wanted = f"at least {said.low:g}"
    fits = value >= said.low
    if said.high is not None:
        top, allowed = said.high
        wanted += f" and {'at most' if allowed else 'below'} {top:g}"
        fits = fits and (value <= top if allowed else value < top)
    require(fits, f"{said.name} = {value} must be {wanted}")
