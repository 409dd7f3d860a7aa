"""Training and measuring: Adam, the loop with a progress bar, exact match.

Stands on functions; a model comes in as a function of its parameters and a batch.
"""

import math
import os
import signal
import threading
import time
from contextlib import contextmanager

import numpy as np
from autograd import make_vjp
from tqdm import tqdm

from helpers.primitives import keep_memory, require, require_shape


def flatten(params):
    """Put all arrays of a nested dict into one vector, in the order of the dict.

    Parameters
    ----------
    params : dict
        Nested; its leaves are float arrays.

    Returns
    -------
    array (number of parameters,)

    Examples
    --------
    >>> flatten({"a": np.ones((2, 1)), "b": {"c": np.zeros(3)}})
    array([1., 1., 0., 0., 0.])
    """
    return np.concatenate([leaf.reshape(-1) for leaf in _leaves(params)])


def _leaves(params):
    for value in params.values():
        if isinstance(value, dict):
            yield from _leaves(value)
        else:
            yield value


def _rebuild(template, leaves):
    """Nested dict in the shape of `template`, filled from the iterator `leaves`."""
    return {
        name: _rebuild(value, leaves) if isinstance(value, dict) else next(leaves)
        for name, value in template.items()
    }


def unflatten(vector, template):
    """Cut a vector into views, as a nested dict in the shape of `template`.

    Parameters
    ----------
    vector : array (number of parameters,)
    template : dict
        Nested; says names and shapes.

    Returns
    -------
    dict
        Its arrays share memory with `vector`.

    Raises
    ------
    ValueError
        If the vector has another number of entries than the template.

    Examples
    --------
    >>> unflatten(np.arange(3.0), {"a": np.ones((2, 1)), "b": np.zeros(1)})["b"]
    array([2.])
    """
    shapes = [leaf.shape for leaf in _leaves(template)]
    sizes = [int(np.prod(shape)) for shape in shapes]
    require_shape("vector", vector, sum(sizes), reason=", the size of the template")
    pieces = np.split(vector, np.cumsum(sizes)[:-1])
    return _rebuild(
        template, (piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True))
    )


def learning_rate(step, steps, peak, warmup):
    """Rate at a step: a linear rise over `warmup` steps, then half a cosine down to 0.

    Examples
    --------
    >>> [round(learning_rate(step, 300, 1.0, 100), 2) for step in (0, 99, 200, 299)]
    [0.01, 1.0, 0.5, 0.0]
    """
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = (step - warmup) / max(steps - warmup, 1)
    return peak * 0.5 * (1 + math.cos(math.pi * progress))


def adam(vector, gradient, moments, step, rate, decays=(0.9, 0.98), epsilon=1e-9):
    """Change `vector` in place by one step of Adam (Kingma and Ba 2015).

    Parameters
    ----------
    vector : array (n,)
        The parameters; changed in place.
    gradient : array (n,)
    moments : pair of arrays (n,)
        Running means of the gradient and of its square; changed in place, zeros at the start.
    step : int
        Number of the step, from 0.
    rate : float
        Learning rate.
    decays : pair of floats
        Share of the old mean that is kept, for either moment.
    epsilon : float

    Examples
    --------
    >>> vector, moments = np.array([1.0, 1.0]), (np.zeros(2), np.zeros(2))
    >>> adam(vector, np.array([5.0, -0.1]), moments, step=0, rate=0.1)
    >>> vector.round(3)  # the first step has the size of the rate, whatever the gradient's
    array([0.9, 1.1])
    """
    first, second = moments
    first *= decays[0]
    first += (1 - decays[0]) * gradient
    second *= decays[1]
    second += (1 - decays[1]) * gradient * gradient
    # Both means start at 0; these two factors take that bias away.
    size = rate / (1 - decays[0] ** (step + 1))
    spread = np.sqrt(second / (1 - decays[1] ** (step + 1))) + epsilon
    vector -= (size * first / spread).astype(vector.dtype)


def fit(
    loss,
    params,
    batches,
    steps,
    *,
    rate=4e-3,
    warmup=100,
    clip=1.0,
    evaluate=None,
    every=100,
    label="training",
    rng=None,
    pause=None,
    resume=None,
):
    """Train: follow the gradient of `loss` for `steps` batches.

    Ctrl-C stops after the step that is running; a second one stops at once. To go on later as if
    nothing had happened, to the last bit, call again with the same arguments, the parameters and
    history that came back, as `params` and `resume`, and the same iterator of batches. (In a new
    process: with batches made anew from their seed, without the first ``history["step"]``.)

    Parameters
    ----------
    loss : callable
        (params, batch) -> scalar, written with `autograd.numpy` and the functions of `helpers`.
    params : dict
        Nested, where training starts; it is not changed.
    batches : iterator
        Yields whatever `loss` takes as its batch.
    steps : int
        Where the learning rate ends, paused or not.
    rate : float
        Highest learning rate, see `learning_rate`.
    warmup : int
        Steps of its linear rise.
    clip : float
        The gradient is shortened to this length if it is longer (Pascanu et al. 2013).
    evaluate : callable, optional
        params -> anything worth keeping, such as the accuracy on held-out data; called every
        `every` steps and at the end. The progress bar shows it if it is a number.
    every : int
    label : str
        Stands before the progress bar.
    rng : numpy.random.Generator, optional
        The one that `loss` drops out with: its state is kept too, and set again to resume.
    pause : int, optional
        Return after this step.
    resume : dict, optional
        The history that an earlier call returned.

    Returns
    -------
    params : dict
        The trained parameters, or, after Ctrl-C, those trained so far.
    history : dict
        ``loss`` (one float a step), ``seconds``, ``evaluated`` (pairs of step and what `evaluate`
        returned), ``step`` (steps done), and what resuming needs: ``moments``, ``rng``.

    Raises
    ------
    ValueError
        If the loss or its gradient stops being finite, or `resume` is of other parameters.
    TypeError
        If the loss does what cannot be differentiated; the message says what to do instead.

    Examples
    --------
    >>> from itertools import repeat
    >>> trained, history = fit(lambda p, batch: (p["x"] - batch) ** 2, {"x": np.array(0.0)},
    ...                        repeat(3.0), steps=300, rate=0.1, warmup=10)
    >>> round(float(trained["x"]), 2)
    3.0
    """
    keep_memory()
    vector = flatten(params)
    history = _history(vector, resume, rng)
    start, first = time.perf_counter() - history["seconds"], history["step"]
    numbers = range(first, steps if pause is None else min(pause, steps))
    in_book = bool(os.environ.get("STATIC_BOOK"))  # the static book has no progress bars
    bar = tqdm(numbers, label, steps, leave=False, disable=in_book, initial=first)
    try:
        with bar, _control_c() as stopped:
            for step, batch in zip(bar, batches, strict=False):
                value, gradient = _value_and_gradient(loss, unflatten(vector, params), batch)
                _step(vector, value, gradient, history, clip, (steps, rate, warmup))
                if evaluate and ((step + 1) % every == 0 or step + 1 == steps):
                    found = evaluate(unflatten(vector.copy(), params))
                    history["evaluated"].append((step + 1, found))
                _show(bar, history)
                if stopped():
                    raise KeyboardInterrupt
    except KeyboardInterrupt:
        tqdm.write(f"stopped after {history['step']} of {steps} steps")
    history["rng"] = rng.bit_generator.state if rng else None
    history["seconds"] = time.perf_counter() - start
    return unflatten(vector, params), history


def _history(vector, resume, rng):
    """Return what training keeps: new, or copied from an earlier call."""
    if resume is None:
        moments = np.zeros_like(vector), np.zeros_like(vector)
        return {"loss": [], "evaluated": [], "seconds": 0.0, "step": 0, "moments": moments}
    moments = tuple(moment.copy() for moment in resume["moments"])
    require(
        moments[0].shape == vector.shape,
        f"resume is of {moments[0].size} parameters, but params holds {vector.size}",
    )
    if rng and resume["rng"]:
        rng.bit_generator.state = resume["rng"]
    lists = {name: list(resume[name]) for name in ("loss", "evaluated")}
    return {**resume, **lists, "moments": moments}


def _step(vector, value, gradient, history, clip, schedule):
    """Change the vector, and the moments in the history, by a clipped step of Adam."""
    step, length = history["step"], math.sqrt(np.sum(gradient * gradient))
    _require_finite(value, length, step, *schedule[1:])
    if length > clip:
        gradient *= clip / length
    adam(vector, gradient, history["moments"], step, learning_rate(step, *schedule))
    history["loss"].append(value)
    history["step"] = step + 1


def _require_finite(value, length, step, rate, warmup):
    name, wrong = ("loss", value) if not np.isfinite(value) else ("length of its gradient", length)
    require(
        np.isfinite(wrong),
        f"the {name} is {wrong} at step {step}: training has diverged. "
        f"Try a lower rate than {rate}, more warmup than {warmup}, or a smaller clip.",
    )


def _show(bar, history):
    """Put the last loss, and the last evaluation if it is a number, at the end of the bar."""
    evaluated = history["evaluated"][-1:]
    if evaluated and not isinstance(evaluated[0][1], int | float | np.number):
        evaluated = []
    if history["step"] % 20 == 1 or (evaluated and evaluated[0][0] == history["step"]):
        accuracy = {"accuracy": f"{evaluated[0][1]:.3f}"} if evaluated else {}
        bar.set_postfix(loss=f"{history['loss'][-1]:.3f}", **accuracy, refresh=False)


@contextmanager
def _control_c():
    """Let Ctrl-C wait for the end of a step; yields a function that says whether it was pressed.

    A step that breaks off half-way would leave parameters and moments that do not belong together.
    """
    pressed = []

    def note(*_):
        pressed.append(True)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    ours = usual and threading.current_thread() is threading.main_thread()
    if ours:
        signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(pressed)
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _value_and_gradient(loss, params, batch):
    """Value of the loss and its gradient as one vector."""
    leaves = tuple(_leaves(params))
    try:
        pullback, value = make_vjp(lambda traced: loss(_rebuild(params, iter(traced)), batch))(
            leaves
        )
        if np.shape(value) != ():
            raise ValueError(f"the loss must be one number, but it has shape {np.shape(value)}")
        gradients = pullback(np.ones_like(value))
    except TypeError as error:
        raise TypeError(f"{error}. {_advice(str(error))}") from error
    return float(value), np.concatenate([g.reshape(-1) for g in gradients])


def _advice(message):
    if "item assignment" in message:
        return "A traced array cannot be changed in place: build a new one with np.where instead."
    if "format" in message or "float()" in message or "ArrayBox" in message:
        return (
            "A traced array is not a number while the gradient is recorded: "
            "print or convert it outside the loss, or look at its ._value."
        )
    return "It happened while the gradient of the loss was recorded."


def exact_match(logits, targets, lengths):
    """For each sequence, whether every token is predicted right, the end token included.

    With teacher-forced logits this equals exact match under greedy decoding: as long as all
    tokens so far were right, both have seen the same input.

    Parameters
    ----------
    logits : array (batch, n_target, vocabulary)
    targets : integer array (batch, n_target)
    lengths : integer array (batch,)
        True lengths of the targets.

    Returns
    -------
    boolean array (batch,)

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> logits = np.eye(3)[[[0, 1], [0, 1]]]
    >>> exact_match(logits, np.array([[0, 1], [0, 2]]), np.array([2, 2]))
    array([ True, False])
    """
    targets, lengths = np.asarray(targets), np.asarray(lengths)
    reason = f", as logits has shape {logits.shape}"
    require_shape("targets", targets, *logits.shape[:2], reason=reason)
    require_shape("lengths", lengths, len(logits), reason=reason)
    right = logits.argmax(axis=-1) == targets
    padding = np.arange(targets.shape[1]) >= lengths[:, None]
    return (right | padding).all(axis=1)
