"""What a bug is, the list of all of them, and what students are told about theirs."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import autograd.numpy as np
import numpy

from helpers import checks


@dataclass(frozen=True, kw_only=True)
class Bug:
    """A function that runs, returns the right shape, and is wrong.

    Attributes
    ----------
    name : str
    right : callable
        A public function of the models.
    wrong : callable
        Takes the same arguments and returns the same shapes.
    example : callable
        (rng) -> arguments on which the two differ; no two axes of an array have the same size.
    symptom : str
        What one sees.
    mistake : str
        What is wrong, as a student is told after "not yet: ".
    chapter : str
        Where it matters.
    caught_by : str
        The check that finds it: a name in `checks`.
    handed : callable, optional
        ``(function, *arguments)`` -> what that check is called with. Without it the check is
        `same_result`, which compares with the right function.
    needs : str
        Sizes that must agree for the bug to run at all; with others it is found at once.

    Examples
    --------
    >>> bug = BUGS["softmax-over-queries"]
    >>> bug.verdict(bug.wrong, numpy.random.default_rng(0))
    not yet: row (0,) of weights sums to 1.9. Along which axis did you divide?
    >>> bug.verdict(bug.right, numpy.random.default_rng(0))
    right: every row of weights is positive and sums to 1.
    """

    name: str
    right: Callable
    wrong: Callable
    example: Callable
    symptom: str
    mistake: str
    chapter: str
    caught_by: str = "same_result"
    handed: Callable | None = None
    needs: str = ""

    def verdict(self, function, rng):
        """Hand a function, on the bug's example, to the check that finds the bug."""
        arguments = self.example(rng)
        with numpy.errstate(all="ignore"):  # some bugs divide by 0
            if self.handed is None:
                expected = numbers(call(self.right, arguments))
                return checks.same_result(lambda *a: numbers(function(*a)), arguments, expected)
            return getattr(checks, self.caught_by)(*self.handed(function, *arguments))


#: All bugs by name.
BUGS = {}


def mistakes(right, arguments, then=lambda result: result):
    """Map what a student is told to the result that it is said of, for `checks.same_result`.

    Parameters
    ----------
    right : callable
        A function that has bugs in the gallery.
    arguments : tuple
        What it is called with. A bug that does not run with them, or does not show, is left out.
    then : callable
        What becomes of a result, if the exercise asks for something else than the function
        returns: a part of it, or what is computed from it.

    Returns
    -------
    dict of str to array

    Raises
    ------
    ValueError
        If no bug of this function shows in these arguments.

    Examples
    --------
    >>> from helpers.attention import dot, scaled_dot
    >>> rng = numpy.random.default_rng(0)
    >>> given = tuple(rng.standard_normal(shape) for shape in ((3, 4), (5, 4)))
    >>> told = mistakes(scaled_dot, given)
    >>> checks.same_result(dot, given, scaled_dot(*given), told)
    not yet: the scores are not scaled: divide by the root of the key's width.
    """
    seen, found = [then(call(right, arguments))], {}
    for entry in BUGS.values():
        if entry.right is right:
            try:
                result = then(call(entry.wrong, arguments))
            except Exception:  # it needs other sizes
                continue
            finite = checks.close(result, result)
            if finite and not any(checks.close(result, other) for other in seen):
                seen.append(result)
                found[entry.mistake] = result
    if not found:
        raise ValueError(f"no bug of {right.__name__} shows in these arguments")
    return found


def call(function, arguments):
    """Call with copies: what is handed over stays as it is, and a random generator where it is.

    Examples
    --------
    >>> numbers = [3, 1, 2]
    >>> call(lambda x: (x.sort(), x)[1], (numbers,)), numbers
    ([1, 2, 3], [3, 1, 2])
    """
    with numpy.errstate(all="ignore"):
        return function(*copy.deepcopy(arguments))


def numbers(result):
    """Return all numbers of a result, which may be a tuple or a dict, in one row.

    Examples
    --------
    >>> numbers((numpy.ones((1, 2)), {"a": numpy.zeros(1)}))
    array([1., 1., 0.])
    """
    if isinstance(result, dict):
        result = tuple(result.values())
    if isinstance(result, tuple):
        return np.concatenate([numbers(part) for part in result])
    return np.reshape(result, -1)


def bug(right, example, **said):
    """Enter the function below into the gallery; it is called as it is named, with hyphens.

    Parameters
    ----------
    right : callable
        The function that it stands in for.
    example : callable
        (rng) -> arguments
    **said
        The other fields of `Bug`: ``symptom``, ``mistake``, ``chapter`` …

    Examples
    --------
    >>> said = {"symptom": "a debt", "mistake": "absolute values have no sign.", "chapter": ""}
    >>> @bug(abs, lambda rng: (-1.0,), **said)
    ... def _sign_kept(x):
    ...     return x
    >>> BUGS.pop("sign-kept").mistake
    'absolute values have no sign.'
    """

    def enter(wrong):
        name = wrong.__name__.strip("_").replace("_", "-")
        if name in BUGS:
            raise ValueError(f"there is a bug called {name} already")
        BUGS[name] = Bug(name=name, right=right, wrong=wrong, example=example, **said)
        return wrong

    return enter


def or_everything(mask):
    """Return a mask that allows everything where none is given.

    Examples
    --------
    >>> or_everything(None)
    True
    """
    return True if mask is None else mask
