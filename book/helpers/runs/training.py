"""The loop that trains, with a progress bar, and what a trained model is measured by.

Stands on learning; a model comes in as a function of its parameters and a batch.
"""

import math
import os
import signal
import threading
import time
from contextlib import contextmanager

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from helpers import fast
from helpers.fast.arrays import keep_memory
from helpers.learning import adam, flatten, learning_rate, leaves, rebuild, unflatten
from helpers.learning import clip as shorten
from helpers.shapes import require, shapes
from helpers.tasks import PAD, make_batch


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

    Matrix products run on one thread here: at this course's sizes more of them only wait for each
    other, and cost 6 to 16 times the CPU time.

    Parameters
    ----------
    loss : callable
        (params, batch) -> scalar, written with `autograd.numpy` and the functions of `helpers`.
    params : dict
        Nested, where training starts; it is not changed. Whole numbers become floats.
    batches : iterator
        Yields whatever `loss` takes as its batch, at least `steps` times.
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
    label : str or None
        Stands before the progress bar; None: no bar.
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
        If the loss or its gradient stops being finite, the batches run out, or `resume` is of
        other parameters.
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
    try:
        with _bar(numbers, label, steps) as bar, _control_c() as stopped, threadpool_limits(1):
            for batch in _each(batches, bar, steps):
                value, gradient = value_and_gradient(loss, unflatten(vector, params), batch)
                _require_finite(value, gradient, history["step"], rate, warmup)
                vector = _step(vector, shorten(gradient, clip), history, (steps, rate, warmup))
                history["loss"].append(value)
                if evaluate and (history["step"] % every == 0 or history["step"] == steps):
                    found = evaluate(unflatten(vector, params))
                    history["evaluated"].append((history["step"], found))
                _show(bar, history)
                if stopped():
                    raise KeyboardInterrupt
    except KeyboardInterrupt:
        tqdm.write(f"stopped after {history['step']} of {steps} steps")
    history["rng"] = rng.bit_generator.state if rng else None
    history["seconds"] = time.perf_counter() - start
    return unflatten(vector, params), history


def _bar(numbers, label, steps):
    """Progress bar over the numbers of steps; the static book has none.

    It stays and says how long that took: a bar that is taken away leaves an empty one in Lab.
    """
    hidden = label is None or bool(os.environ.get("STATIC_BOOK"))
    return tqdm(numbers, label, steps, disable=hidden, initial=numbers.start)


def _each(batches, bar, steps):
    """Yield a batch for each step of the bar."""
    batches = iter(batches)
    for step in bar:
        try:
            yield next(batches)
        except StopIteration:
            raise ValueError(
                f"the batches ran out after {step} of {steps} steps: "
                f"use an iterator without end, such as tasks.batches, or {step} steps"
            ) from None


def _history(vector, resume, rng):
    """Return what training keeps: new, or copied from an earlier call."""
    if resume is None:
        moments = np.zeros_like(vector), np.zeros_like(vector)
        return {"loss": [], "evaluated": [], "seconds": 0.0, "step": 0, "moments": moments}
    known = resume["moments"][0].size
    require(
        known == vector.size, f"resume is of {known} parameters, but params holds {vector.size}"
    )
    if rng and resume["rng"]:
        rng.bit_generator.state = resume["rng"]
    lists = {name: list(resume[name]) for name in ("loss", "evaluated")}
    return {**resume, **lists}


def _step(vector, gradient, history, schedule):
    """Take a step of Adam; the history gets its moments and number."""
    step, moments = history["step"], history["moments"]
    rate = learning_rate(step, *schedule)
    vector, history["moments"] = adam(vector, gradient, moments, step, rate)
    history["step"] = step + 1
    return vector


def _require_finite(value, gradient, step, rate, warmup):
    length = math.sqrt(np.sum(gradient * gradient))
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


def value_and_gradient(loss, params, batch):
    """Value of a loss and its gradient as one vector, see `learning.flatten`.

    Parameters
    ----------
    loss : callable
        (params, batch) -> scalar
    params : dict
        Nested; arrays.
    batch
        Whatever `loss` takes.

    Returns
    -------
    value : float
    gradient : array (number of parameters,)

    Raises
    ------
    ValueError
        If the loss is not one number.
    TypeError
        If the loss does what cannot be differentiated; the message says what to do instead.

    Examples
    --------
    >>> value_and_gradient(lambda p, batch: p["x"] ** 2 * batch, {"x": np.array(3.0)}, 2.0)
    (18.0, array([12.]))
    """

    def traced_loss(arrays):
        value = loss(rebuild(params, iter(arrays)), batch)
        require(
            np.shape(value) == (),
            f"the loss must be one number, but it has shape {np.shape(value)}",
        )
        return value

    try:
        value, gradients = fast.value_and_gradients(traced_loss, list(leaves(params)))
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


@shapes
def exact_match(logits, targets, lengths):
    """For each sequence, whether every token is predicted right, the end token included.

    Where the target holds PAD nothing is to be said, see `tasks.Task`.

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
    right = logits.argmax(axis=-1) == targets
    nothing = (targets == PAD) | (np.arange(targets.shape[1]) >= lengths[:, None])
    return (right | nothing).all(axis=1)


def exactly_right(logits_of, pairs, make=make_batch):
    """For each pair, whether a model predicts every token of the target, under teacher forcing.

    Parameters
    ----------
    logits_of : callable
        batch -> logits (batch, n_target, vocabulary): any model, whole, changed or taken apart.
    pairs : list of pairs
        Source and target tokens, such as the ones that a task holds out.
    make : callable
        pairs -> batch

    Returns
    -------
    boolean array (number of pairs,)
        In their order; sources of one length are run together.

    Raises
    ------
    ValueError
        If there are no pairs.

    Examples
    --------
    >>> def always_3(batch):
    ...     return np.eye(4)[np.where(batch.target_in == 1, 3, 2)]
    >>> exactly_right(always_3, [([5], [3]), ([5, 5], [3]), ([5], [4])])
    array([ True,  True, False])
    """
    require(len(pairs) > 0, "pairs is empty; there must be at least one")
    right, lengths = np.zeros(len(pairs), dtype=bool), _source_lengths(pairs)
    for length in np.unique(lengths):
        chosen = np.flatnonzero(lengths == length)
        batch = make([pairs[i] for i in chosen])
        right[chosen] = exact_match(logits_of(batch), batch.target_out, batch.target_lengths)
    return right


def _source_lengths(pairs):
    return np.array([len(source) for source, _ in pairs])


def accuracy_by_length(logits_of, pairs, make=make_batch):
    """Exact match under teacher forcing, for each source length.

    Parameters
    ----------
    logits_of, pairs, make
        As for `exactly_right`.

    Returns
    -------
    dict
        length -> (share of pairs right, number of pairs), in rising order of length.

    Examples
    --------
    >>> def always_3(batch):
    ...     return np.eye(4)[np.where(batch.target_in == 1, 3, 2)]
    >>> accuracy_by_length(always_3, [([5], [3]), ([5], [4]), ([5, 5], [3])])
    {1: (0.5, 2), 2: (1.0, 1)}
    """
    right, lengths = exactly_right(logits_of, pairs, make), _source_lengths(pairs)
    groups = {int(length): right[lengths == length] for length in np.unique(lengths)}
    return {length: (float(group.mean()), len(group)) for length, group in groups.items()}


def share_right(logits_of, pairs, make=make_batch):
    """Share of all pairs that a model gets right in every word, under teacher forcing.

    Parameters
    ----------
    logits_of, pairs, make
        As for `exactly_right`.

    Returns
    -------
    float

    Examples
    --------
    >>> def always_3(batch):
    ...     return np.eye(4)[np.where(batch.target_in == 1, 3, 2)]
    >>> share_right(always_3, [([5], [3]), ([5], [4]), ([5, 5], [3]), ([5, 5], [3])])
    0.75
    """
    return float(exactly_right(logits_of, pairs, make).mean())
