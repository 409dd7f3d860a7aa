"""Invariants of attention and of batches: feedback for students, assertions, and tests.

Knows no model: every check is handed the function it looks at, tries it on small arrays of
distinct sizes, and returns a `Verdict`, which is true or false and says what is wrong and why. A
check never raises on a student's code, whatever that does: it hands over copies, which may be
worked on in place, and outlives `exit()`. `assert checks.rows_sum_to_one(weights)` fails with
the same words that the student reads.
"""

import builtins
import copy
import traceback
from contextlib import contextmanager
from functools import partial, wraps
from typing import NamedTuple

import numpy as np


class Verdict(NamedTuple):
    """Answer of a check: whether it holds, and one sentence that says what was found.

    Examples
    --------
    >>> bool(Verdict(False, "row 2 sums to 0.71")), print(Verdict(True, "rows sum to 1"))
    right: rows sum to 1
    (False, None)
    """

    holds: bool
    message: str

    def __bool__(self):
        return self.holds

    def __str__(self):
        return ("right: " if self.holds else "not yet: ") + self.message

    __repr__ = __str__


class _Wrong(Exception):
    """What a check found, as the sentence that the student reads."""


def _verdict(check):
    """Let a check raise `_Wrong`, or return what is right: its caller gets a `Verdict`."""

    @wraps(check)
    def checked(*arguments, **options):
        try:
            return Verdict(True, check(*arguments, **options))
        except _Wrong as found:
            return Verdict(False, str(found))

    return checked


def _attempt(function, *arguments):
    """Call a student's function, with arguments of its own."""
    return _outcome(function, arguments)[0]


def _outcome(function, arguments):
    """Call a student's function with copies: its result, and what it made of the copies."""
    given = [_copy(argument) for argument in arguments]
    if isinstance(function, partial):
        function = _copy(function)
    try:
        with _python_goes_on():
            result = function(*given)
    except BaseException as error:  # what ends Python, too, must not end the check
        raise _Wrong(_reason(error)) from None
    if result is None:
        changed = any(map(_differs, given, arguments))
        raise _Wrong(
            "the function changed what it was given and returned None: return the result."
            if changed
            else "the function returned None. Is there a `return`?"
        )
    return result, given


def _copy(argument):
    """Copy an argument, or hand it on if it is something that can't be copied."""
    try:
        return copy.deepcopy(argument)
    except Exception:
        return argument


def _differs(value, before):
    """Whether an array, or one somewhere in a dict or list, was written into."""
    if isinstance(value, dict) and isinstance(before, dict):
        value, before = ([one[key] for key in sorted(one, key=str)] for one in (value, before))
    if isinstance(value, (list, tuple)) and isinstance(before, (list, tuple)):
        return len(value) != len(before) or any(map(_differs, value, before))
    return isinstance(value, np.ndarray) and value.tobytes() != np.asarray(before).tobytes()


@contextmanager
def _python_goes_on():
    """Let `exit()` end the call alone: in a notebook it would stop the kernel a moment later."""
    shell = getattr(builtins, "get_ipython", lambda: None)()
    if shell is None:
        yield
        return

    def ask_exit():
        raise SystemExit

    before, shell.ask_exit = shell.ask_exit, ask_exit
    try:
        yield
    finally:
        shell.ask_exit = before


def _reason(error):
    """Say in a sentence how a student's function came to stop."""
    kind, words = type(error).__name__, _words(error)
    stack = [frame for frame, _ in traceback.walk_tb(error.__traceback__)][1:]  # without `_attempt`
    if kind == "NotImplementedError" and _is_theirs(stack):
        name = "the function" if len(stack) == 1 else stack[-1].f_code.co_name
        return f"{name} still raises NotImplementedError: write it first."
    if kind == "StdinNotImplementedError" or words.startswith("EOF when reading a line"):
        return "the function calls input(), and nobody answers: use its arguments instead."
    if kind == "NotImplementedError" and words.startswith(("VJP of", "JVP of")):
        return f"autograd can't go back through a function that is called here: {words}"
    if isinstance(error, SystemExit):
        return "the function ends Python, as by exit(): return the result instead."
    if isinstance(error, KeyboardInterrupt):
        return "the function was interrupted before it had a result. Does a loop never end?"
    return f"the function stopped with {kind}: {words}"


def _words(error):
    """Return what an exception says, if it can say it."""
    try:
        return str(error)
    except BaseException:
        return "it can't be said in words"


def _is_theirs(stack):
    """Whether the last of the frames stands where the first one does, and in no library."""
    return bool(stack) and stack[0].f_globals is stack[-1].f_globals


def _called(found):
    """Return what was found; a callable is called."""
    return _attempt(found) if callable(found) else found


def _numbers(found, name, shape=None):
    """Array of what was found."""
    kind, array = f"of type {type(found).__name__}", None
    try:
        array = np.asarray(found)
        kind = f"an array of {array.dtype}" if isinstance(found, np.ndarray) else kind
        array = array.astype(float) if array.dtype.kind in "biufO" else None
    except BaseException:  # whatever a student's object does when it is turned into numbers
        array = None
    if found is None or array is None:
        raise _Wrong(f"{name} is {kind}, but it should be an array of numbers.")
    if shape is not None and array.shape != shape:
        raise _Wrong(f"{name} has shape {array.shape}, but it should be {shape}.")
    if not np.isfinite(array).all():
        raise _Wrong(f"{name} holds NaN or infinity. Is something divided by 0?")
    return array


def _first(wrong):
    """Place of the first element that is True."""
    return tuple(int(i) for i in np.argwhere(wrong)[0])


@_verdict
def close(found, expected, name="result", tolerance=1e-5):
    """Whether an array has the expected shape and values.

    Parameters
    ----------
    found : array or callable without arguments
        What the student computed; a callable is called here, so that an error becomes feedback.
    expected : array
    name : str
        What to call it in the sentence.
    tolerance : float
        Largest difference allowed, absolute and relative.

    Returns
    -------
    Verdict

    Examples
    --------
    >>> close(np.ones(3), np.ones((3, 1)), "context")
    not yet: context has shape (3,), but it should be (3, 1).
    >>> close(lambda: [1.0, 2.0], np.array([1.0, 2.5]))
    not yet: result is 2 at position (1,), but it should be 2.5.
    """
    expected = np.asarray(expected, dtype=float)
    found = _numbers(_called(found), name, expected.shape)
    wrong = ~np.isclose(found, expected, atol=tolerance, rtol=tolerance)
    if wrong.any():
        place = _first(wrong)
        where = f" at position {place}" if place else ""
        raise _Wrong(
            f"{name} is {found[place]:.4g}{where}, but it should be {expected[place]:.4g}."
        )
    return f"{name} is as expected."


@_verdict
def same_result(function, arguments, expected, mistakes=None):
    """Whether a student's function gives the expected result, and if not, which mistake it is.

    Parameters
    ----------
    function : callable
    arguments : tuple
        What it is called with.
    expected : array
    mistakes : dict of str to array, optional
        A sentence about a well-known mistake -> the result that this mistake gives.

    Returns
    -------
    Verdict

    Examples
    --------
    >>> numbers = np.array([2.0, 4.0, 0.0])
    >>> mistakes = {"you counted the padding, which is 0, as a third number.": 2.0}
    >>> same_result(np.mean, (numbers,), expected=3.0, mistakes=mistakes)
    not yet: you counted the padding, which is 0, as a third number.
    """
    found = _attempt(function, *arguments)
    verdict = close(found, expected)
    if verdict:
        return verdict.message
    for message, result in (mistakes or {}).items():
        if close(found, result):
            raise _Wrong(message)
    raise _Wrong(verdict.message)


@_verdict
def same_function(function, right, draws, mistakes=None, then=None, tolerance=1e-5):
    """Whether a student's function agrees with the right one, and if not, which mistake it is.

    Parameters
    ----------
    function : callable
        The student's.
    right : callable
        Takes the same arguments, returns an array or a tuple of arrays.
    draws : list of tuple
        What both are called with. Several, of different sizes, so that no wrong formula agrees by
        chance.
    mistakes : dict of str to callable, optional
        A sentence about a well-known mistake -> a function that makes it.
    then : callable, optional
        Gets the student's function once it has agreed in all draws, to train with it or to put it
        into a trained model. Returns a `Verdict`, a sentence to add, or None.
    tolerance : float
        Largest difference allowed, absolute and relative.

    Returns
    -------
    Verdict

    Examples
    --------
    >>> draws = [(np.array([3.0, 0.0, 6.0]),), (np.array([1.0, 5.0]),)]
    >>> mistakes = {"you took the number in the middle.": np.median}
    >>> same_function(np.mean, np.mean, draws, mistakes)
    right: as expected in 2 examples.
    >>> same_function(np.median, np.mean, draws, {})
    right: as expected in 2 examples.
    >>> draws += [(np.array([0.0, 0.0, 6.0, 1.0]),)]
    >>> same_function(np.median, np.mean, draws, mistakes)
    not yet: you took the number in the middle.
    """
    for number, arguments in enumerate(draws):
        found, given = _outcome(function, arguments)
        verdict = _agrees(found, right(*copy.deepcopy(arguments)), tolerance)
        if not verdict:
            for message, wrong in (mistakes or {}).items():
                if _makes(function, wrong, draws, number, tolerance):
                    raise _Wrong(message)
            where = f"in example {number + 1}, where the ones before are right, " if number else ""
            raise _Wrong(where + verdict.message)
        changed = [
            i for i, pair in enumerate(zip(given, arguments, strict=True)) if _differs(*pair)
        ]
        if changed:
            raise _Wrong(
                f"the numbers are right, but argument {changed[0] + 1} was written into: whoever "
                "calls the function still needs it. Work on a copy."
            )
    message = f"as expected in {len(draws)} examples."
    more = None if then is None else _attempt_then(then, function)
    if isinstance(more, Verdict) and not more:
        raise _Wrong(f"{message} But {more.message}")
    return message if more is None else f"{message} {getattr(more, 'message', more)}"


def _agrees(found, expected, tolerance):
    """Compare a result, or the parts of one, with what is expected."""
    if not isinstance(expected, tuple):
        return close(found, expected, tolerance=tolerance)
    if not isinstance(found, (tuple, list)) or len(found) != len(expected):
        size = f"{len(found)} things" if isinstance(found, (tuple, list)) else "one thing"
        return Verdict(False, f"the function returned {size}, but it should be {len(expected)}.")
    for place, (part, wanted) in enumerate(zip(found, expected, strict=True)):
        verdict = close(part, wanted, f"result {place + 1} of {len(expected)}", tolerance)
        if not verdict:
            return verdict
    return Verdict(True, "all parts are as expected.")


def _makes(function, wrong, draws, number, tolerance):
    """Whether a function makes a mistake: the same in the draw that told, and wherever it runs."""
    for other in [number, *range(number), *range(number + 1, len(draws))]:
        try:
            with np.errstate(all="ignore"):
                expected = wrong(*copy.deepcopy(draws[other]))
                found = _attempt(function, *draws[other])
        except Exception:  # a mistake that needs other sizes
            if other == number:
                return False
            continue
        if not _agrees(found, expected, tolerance):
            return False
    return True


def _attempt_then(then, function):
    """Go on with a student's function that is right so far; say it if that stops."""
    try:
        with _python_goes_on():
            return then(function)
    except BaseException as error:
        raise _Wrong(f"right in the small examples, but then {_reason(error)}") from None


def reaches(share, at_least, at_most=1.0, name="the share of right answers"):
    """Whether what a trained model reached lies where it should.

    Parameters
    ----------
    share : float
    at_least, at_most : float
        Between which it should lie.
    name : str
        What to call it in the sentence.

    Returns
    -------
    Verdict

    Examples
    --------
    >>> reaches(0.99, at_least=0.98)
    right: the share of right answers is 0.990.
    >>> reaches(0.61, at_least=0.98)
    not yet: the share of right answers is 0.610, but it should be at least 0.980.
    >>> reaches(0.97, at_least=0.85, at_most=0.9)
    not yet: the share of right answers is 0.970, but it should be from 0.850 to 0.900.
    """
    if at_least <= share <= at_most:
        return Verdict(True, f"{name} is {share:.3f}.")
    wanted = f"at least {at_least:.3f}" if at_most == 1 else f"from {at_least:.3f} to {at_most:.3f}"
    return Verdict(False, f"{name} is {share:.3f}, but it should be {wanted}.")


@_verdict
def finite(found, name="result"):
    """Whether a function runs, and every number that it returns is finite.

    Parameters
    ----------
    found : array or callable
        A callable is called, without arguments.
    name : str
        What to call it in the sentence.

    Returns
    -------
    Verdict

    Examples
    --------
    >>> finite(np.log([1.0, 2.0]))
    right: every number of the result is finite.
    >>> finite(lambda: np.array([1.0, np.inf]), "score")
    not yet: score holds NaN or infinity. Is something divided by 0?
    """
    _numbers(_called(found), name)
    return f"every number of the {name} is finite."


@_verdict
def depends_on(function, x, tolerance=1e-5):
    """Whether a result changes with what a function is given.

    Parameters
    ----------
    function : callable
        ``(x)`` -> array
    x : array
        It is exchanged for other numbers.
    tolerance : float

    Returns
    -------
    Verdict

    Examples
    --------
    >>> depends_on(lambda x: x.sum(), np.ones(3))
    right: other numbers give another result.
    >>> depends_on(lambda x: 0 * x, np.ones(3))
    not yet: the result is the same whatever the function is given: it never looks there.
    """
    before = _numbers(_attempt(function, x), "result")
    other = x + np.random.default_rng(0).standard_normal(np.shape(x))
    after = _numbers(_attempt(function, other), "result", before.shape)
    if np.abs(before - after).max(initial=0) <= tolerance:
        raise _Wrong("the result is the same whatever the function is given: it never looks there.")
    return "other numbers give another result."


@_verdict
def rows_sum_to_one(weights, mask=None, tolerance=1e-5):
    """Whether attention weights are positive and each row sums to 1.

    Parameters
    ----------
    weights : array (..., n_queries, n_keys)
    mask : boolean array, optional
        Broadcastable to the weights, True = may attend. Rows that may attend to nothing must
        sum to 0.
    tolerance : float

    Returns
    -------
    Verdict

    Examples
    --------
    >>> rows_sum_to_one(np.full((2, 4), 0.25))
    right: every row of weights is positive and sums to 1.
    >>> rows_sum_to_one(np.full((4, 2), 0.25))
    not yet: row (0,) of weights sums to 0.5. Along which axis did you divide?
    """
    weights = _numbers(_called(weights), "weights")
    if weights.ndim < 2:
        raise _Wrong(f"weights has shape {weights.shape}, but it should be (…, n_queries, n_keys).")
    allowed = _fitted(True if mask is None else mask, weights).any(axis=-1)
    if (weights < 0).any():
        raise _Wrong(f"the smallest weight is {weights.min():.3g}; none may be negative.")
    sums = weights.sum(axis=-1)
    wrong = np.abs(sums - allowed) > tolerance
    if wrong.any():
        place = _first(wrong)
        if allowed[place]:
            hint = "Along which axis did you divide?"
        else:
            hint = "It may attend to nothing, so all its weights must be 0."
        raise _Wrong(f"row {place} of weights sums to {sums[place]:.3g}. {hint}")
    return "every row of weights is positive and sums to 1."


def _fitted(mask, weights):
    """Boolean mask, broadcast to the shape of the weights."""
    try:
        return np.broadcast_to(np.asarray(mask, dtype=bool), weights.shape)
    except ValueError:
        raise _Wrong(
            f"mask {np.shape(mask)} does not broadcast to weights {weights.shape}."
        ) from None


@_verdict
def masked_weights_are_zero(weights, mask):
    """Whether every weight that the mask forbids is exactly 0.

    Parameters
    ----------
    weights : array (..., n_queries, n_keys)
    mask : boolean array
        Broadcastable to the weights, True = may attend.

    Returns
    -------
    Verdict

    Examples
    --------
    >>> masked_weights_are_zero(np.array([[0.5, 0.5]]), np.array([[True, False]]))
    not yet: weight (0, 1) is 0.5, but the mask forbids it. True means "may attend".
    """
    weights = _numbers(_called(weights), "weights")
    forbidden = ~_fitted(mask, weights)
    wrong = forbidden & (weights != 0)
    if wrong.any():
        place = _first(wrong)
        raise _Wrong(
            f"weight {place} is {weights[place]:.3g}, but the mask forbids it. "
            'True means "may attend".'
        )
    return f"all {int(forbidden.sum())} forbidden weights are exactly 0."


@_verdict
def permutation_invariant(attend, seed=0, tolerance=1e-5):
    """Whether reordering keys and values together leaves the context as it was.

    Parameters
    ----------
    attend : callable
        (queries (batch, n_queries, width), keys (batch, n_keys, width),
        values (batch, n_keys, width_values)) -> context (batch, n_queries, width_values)
    seed : int
    tolerance : float

    Returns
    -------
    Verdict

    Examples
    --------
    >>> permutation_invariant(lambda queries, keys, values: values[:, :3])
    not yet: reordering keys and values together changed the context by up to 3.5.
    """
    rng = np.random.default_rng(seed)
    queries, keys, values = _example(rng)
    order = np.roll(np.arange(keys.shape[1]), 2)
    shape = (*queries.shape[:2], values.shape[2])
    before = _numbers(_attempt(attend, queries, keys, values), "context", shape)
    after = _numbers(_attempt(attend, queries, keys[:, order], values[:, order]), "context", shape)
    change = np.abs(before - after).max()
    if change > tolerance:
        raise _Wrong(
            f"reordering keys and values together changed the context by up to {change:.3g}."
        )
    return "reordering keys and values together changes nothing."


def _example(rng):
    """Make queries, keys and values in which no two axes have the same size."""
    shapes = (2, 3, 4), (2, 5, 4), (2, 5, 6)
    return tuple(rng.standard_normal(shape).astype(np.float32) for shape in shapes)


@_verdict
def batch_items_independent(function, *arrays, tolerance=1e-5):
    """Whether each item of a batch gets what it would get alone.

    Parameters
    ----------
    function : callable
        ``(*arrays)`` -> array (batch, ...)
    arrays : arrays (batch, ...)
        Each is cut along its first axis.
    tolerance : float

    Returns
    -------
    Verdict

    Examples
    --------
    >>> batch_items_independent(lambda x: x - x.mean(), np.array([[1.0], [2.0], [6.0]]))
    not yet: item 0 of the batch changes by 2 when it is computed alone.
    """
    batch = len(arrays[0])
    together = _numbers(_attempt(function, *arrays), "result")
    if together.shape[:1] != (batch,):
        raise _Wrong(f"result has shape {together.shape}, but its first axis should be {batch}.")
    for i in range(batch):
        items = (array[i : i + 1] for array in arrays)
        shape = (1, *together.shape[1:])
        alone = _numbers(_attempt(function, *items), f"result for item {i} alone", shape)
        difference = np.abs(together[i] - alone[0]).max(initial=0)
        if difference > tolerance:
            raise _Wrong(
                f"item {i} of the batch changes by {difference:.3g} when it is computed alone."
            )
    return f"each of the {batch} items gets what it would get alone."


@_verdict
def later_changes_nothing(function, x, tolerance=1e-5):
    """Whether each place of a result knows only the same and earlier places of a sequence.

    Parameters
    ----------
    function : callable
        ``(x)`` -> array (batch, n, ...)
    x : array (batch, n, ...)
        Its later places are exchanged for other numbers.
    tolerance : float

    Returns
    -------
    Verdict

    Examples
    --------
    >>> later_changes_nothing(lambda x: x.cumsum(axis=1), np.ones((2, 3, 4)))
    right: no place sees a later one.
    >>> later_changes_nothing(lambda x: x - x.mean(axis=1, keepdims=True), np.ones((2, 3, 4)))
    not yet: place 0 changes by 1.01 when only later ones do: it sees the future.
    """
    before = _numbers(_attempt(function, x), "result")
    if before.shape[:2] != x.shape[:2]:
        raise _Wrong(f"result has shape {before.shape}, but it should begin with {x.shape[:2]}.")
    rng = np.random.default_rng(0)
    for place in range(x.shape[1] - 1):
        other = x * 1.0
        other[:, place + 1 :] += rng.standard_normal(x[:, place + 1 :].shape)
        after = _numbers(_attempt(function, other), "result", before.shape)
        change = np.abs(before[:, : place + 1] - after[:, : place + 1]).max(initial=0)
        if change > tolerance:
            raise _Wrong(
                f"place {place} changes by {change:.3g} when only later ones do: it sees the "
                "future."
            )
    return "no place sees a later one."


@_verdict
def padding_changes_nothing(function, x, lengths, tolerance=1e-5):
    """Whether what stands in the padding leaves the result as it was.

    Parameters
    ----------
    function : callable
        ``(x)`` -> array. If it begins with (batch, n), what it holds in the padding is free.
    x : array (batch, n, ...)
        Its padding is exchanged for other numbers.
    lengths : integer array (batch,)
        True length of each sequence.
    tolerance : float

    Returns
    -------
    Verdict

    Examples
    --------
    >>> x, lengths = np.ones((2, 3, 1)), np.array([3, 2])
    >>> padding_changes_nothing(lambda x: x[:, :2].sum(axis=1), x, lengths)
    right: what stands in the padding changes nothing.
    >>> padding_changes_nothing(lambda x: x.sum(axis=1), x, lengths)
    not yet: the result changes by 0.126 when only the padding does.
    """
    padding = np.arange(x.shape[1]) >= np.asarray(lengths)[:, None]
    other = x * 1.0
    other[padding] += np.random.default_rng(0).standard_normal(x[padding].shape)
    before = _numbers(_attempt(function, x), "result")
    after = _numbers(_attempt(function, other), "result", before.shape)
    if before.shape[:2] == padding.shape:
        before, after = before[~padding], after[~padding]
    change = np.abs(before - after).max(initial=0)
    if change > tolerance:
        raise _Wrong(f"the result changes by {change:.3g} when only the padding does.")
    return "what stands in the padding changes nothing."
