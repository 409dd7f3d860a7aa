"""Decoding: saying a target token by token, with no teacher, greedily or by beam search.

Stands on functions alone: a model comes in as a `step` and a `state`, which its module's
`start_decoding` makes. It stands apart from training, which it does not need: a trained model is
decoded wherever parameters are loaded.
"""

import numpy as np

from helpers.functions import log_softmax
from helpers.primitives import as_array, require


def without_cache(model, source, source_lengths):
    """Decode the slow and obvious way: run the whole model again for every new token.

    Parameters
    ----------
    model : callable
        (source, source_lengths, target_in) -> logits (batch, n_target, vocabulary)
    source : integer array (batch, n_source)
    source_lengths : integer array (batch,)

    Returns
    -------
    step : callable
        (tokens (batch, 1), state) -> (logits (batch, 1, vocabulary), state)
    state : tuple
        Source, lengths, and the target so far.

    Examples
    --------
    >>> def count(source, source_lengths, target_in):
    ...     return np.eye(5)[np.minimum(target_in + 1, 4)]
    >>> greedy(*without_cache(count, np.array([[0]]), np.array([1])), start=1, end=4, limit=9)
    [[2, 3]]
    """

    def step(tokens, state):
        source, source_lengths, said = state
        said = np.concatenate([said, tokens], axis=1)
        return model(source, source_lengths, said)[:, -1:], (source, source_lengths, said)

    source = as_array("source", source)
    return step, (source, np.asarray(source_lengths), np.zeros((len(source), 0), dtype=int))


def greedy(step, state, start, end, limit):
    """Decode token by token, always taking the likeliest.

    Parameters
    ----------
    step : callable
        (tokens (batch, 1), state) -> (logits (batch, 1, vocabulary), state)
    state : array, or arrays in tuples, lists and dicts
        Whatever `step` hands on; the first axis of each array is the batch.
    start : int or integer array (batch,)
        The first token in.
    end : int
        The token after which a sequence is finished.
    limit : int
        Stop after this many tokens, finished or not.

    Returns
    -------
    list of lists of int
        For each sequence the tokens before the first `end`.

    Raises
    ------
    ValueError
        If `limit` is below 1.

    Examples
    --------
    >>> count = lambda tokens, state: (np.eye(5)[np.minimum(tokens + 1, 4)], state)
    >>> greedy(count, None, np.array([0, 2]), end=4, limit=9)
    [[1, 2, 3], [3]]
    """
    _require_limit(limit)
    tokens = _first_tokens(start, state)[:, None]
    columns, finished = [], np.zeros(len(tokens), dtype=bool)
    while len(columns) < limit and not finished.all():
        logits, state = step(tokens, state)
        tokens = logits.argmax(axis=-1)
        columns.append(tokens[:, 0])
        finished |= tokens[:, 0] == end
    return [_until(row, end) for row in np.stack(columns, axis=1).tolist()]


def beam_search(step, state, start, end, limit, width=4):
    """Decode token by token, keeping the likeliest `width` beginnings of each sequence.

    With width 1 this is greedy decoding. A wider beam finds a target at least as likely in most
    cases, not in all: a beginning that would have won may fall out of the beam.

    Parameters
    ----------
    step, state, start, end, limit
        As for `greedy`.
    width : int
        Beginnings that are kept.

    Returns
    -------
    sequences : list of lists of int
        For each sequence the tokens before the first `end`, of the likeliest target found.
    log_probabilities : array (batch,)
        Sum over the tokens of that target, `end` included, in nats; not divided by the length.

    Raises
    ------
    ValueError
        If `limit` or `width` is below 1.

    References
    ----------
    Sutskever et al. 2014, section 3.2.

    Examples
    --------
    >>> def step(tokens, state):  # first 1 is likelier than 2, but only 2 is followed for sure
    ...     table = {0: [0, 0.6, 0.4, 0], 1: [0, 0.5, 0, 0.5], 2: [0, 0, 0, 1]}
    ...     return np.log(np.array([[table[t]] for t in tokens[:, 0].tolist()]) + 1e-9), state
    >>> greedy(step, None, [0], end=3, limit=1), beam_search(step, None, [0], 3, 2, width=2)[0]
    ([[1]], [[2]])
    """
    _require_limit(limit)
    require(width > 0, f"width = {width} must be at least 1")
    start = _first_tokens(start, state)
    batch = len(start)
    own = np.arange(batch)[:, None] * width  # row of each sequence's first beginning
    state = _take(state, np.repeat(np.arange(batch), width))
    said = np.repeat(start, width)[:, None]
    totals = np.full((batch, width), -np.inf)
    totals[:, 0] = 0  # all beginnings are the same as yet: count one
    finished = np.zeros(batch * width, dtype=bool)
    while said.shape[1] <= limit and not finished.all():
        logits, state = step(said[:, -1:], state)
        gains = log_softmax(logits[:, 0].astype(float))
        gains[finished] = -np.inf
        gains[finished, end] = 0  # what is finished stays as it is
        candidates = (totals[:, :, None] + gains.reshape(batch, width, -1)).reshape(batch, -1)
        best = np.argsort(-candidates, axis=1, kind="stable")[:, :width]
        totals = np.take_along_axis(candidates, best, axis=1)
        beam, tokens = np.divmod(best, gains.shape[1])
        rows = (own + beam).reshape(-1)
        state, finished = _take(state, rows), finished[rows] | (tokens.reshape(-1) == end)
        said = np.concatenate([said[rows], tokens.reshape(-1, 1)], axis=1)
    winners = own[:, 0] + totals.argmax(axis=1)
    return [_until(row, end) for row in said[winners, 1:].tolist()], totals.max(axis=1)


def _require_limit(limit):
    require(limit > 0, f"limit = {limit} must be at least 1")


def _first_tokens(start, state):
    """One first token for each sequence; a single one is repeated over the batch of the state."""
    start = np.asarray(start)
    if start.ndim:
        return start
    array = next(_arrays(state), None)
    require(array is not None, f"start = {start} must be (batch,): the state holds no array")
    return np.full(len(array), start)


def _arrays(state):
    if hasattr(state, "shape"):
        yield state
    elif state is not None:
        for part in state.values() if isinstance(state, dict) else state:
            yield from _arrays(part)


def _take(state, rows):
    """Choose rows of every array in a state."""
    if state is None:
        return None
    if isinstance(state, dict):
        return {name: _take(part, rows) for name, part in state.items()}
    if isinstance(state, tuple | list):
        return type(state)(_take(part, rows) for part in state)
    return state[rows]


def _until(row, end):
    return row[: row.index(end)] if end in row else row
