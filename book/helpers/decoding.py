"""Decoding: saying a target token by token, with no teacher: greedily, by beam search, by lot.

A model comes in as a `step` and a `state`, which `seq2seq` and `cached` make. A state is an array
whose first axis is the batch, or such arrays in tuples, lists and dicts; anything else in it (a
number, a function, None) is handed on as it is.
"""

import numpy as np

from helpers.functions import log_softmax, softmax
from helpers.shapes import shapes


@shapes
def without_cache(model, source, source_lengths):
    """Decode the slow and obvious way: run the whole model again for every new token.

    Parameters
    ----------
    model : callable
        (source, source_lengths, target_in) -> logits (batch, n_target, vocabulary)
    source : integer array (batch, n_source)
    source_lengths : integer array (batch,) up to n_source

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

    return step, (source, source_lengths, np.zeros((len(source), 0), dtype=int))


@shapes
def greedy(step, state, start, end, limit):
    """Decode token by token, always taking the likeliest.

    Parameters
    ----------
    step : callable
        (tokens (batch, 1), state) -> (logits (batch, 1, vocabulary), state)
    state : see above
        Whatever `step` hands on.
    start : integer array () or integer array (batch,)
        The first token in, for all or for each.
    end : int, at least 0
        The token after which a sequence is finished.
    limit : int, at least 1
        Stop after this many tokens, finished or not.

    Returns
    -------
    list of lists of int
        For each sequence the tokens before the first `end`.

    Raises
    ------
    ValueError
        If `limit` is below 1, or what should be whole numbers is not.

    Examples
    --------
    >>> count = lambda tokens, state: (np.eye(5)[np.minimum(tokens + 1, 4)], state)
    >>> greedy(count, None, np.array([0, 2]), end=4, limit=9)
    [[1, 2, 3], [3]]
    """
    return _say(step, state, start, end, limit, lambda logits: logits.argmax(axis=-1))


@shapes
def beam_search(step, state, start, end, limit, width=4):
    """Decode token by token, keeping the likeliest `width` beginnings of each sequence.

    With width 1 this is greedy decoding. A wider beam finds a target at least as likely in most
    cases, not in all: a beginning that would have won may fall out of the beam.

    Parameters
    ----------
    step : callable
        (tokens (batch, 1), state) -> (logits (batch, 1, vocabulary), state)
    state : see above
        Whatever `step` hands on.
    start : integer array () or integer array (batch,)
        The first token in, for all or for each.
    end : int, at least 0
        The token after which a sequence is finished.
    limit : int, at least 1
        Stop after this many tokens, finished or not.
    width : int, at least 1
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
        If `limit` or `width` is below 1, or what should be whole numbers is not.

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
    first = first_tokens(start, state)
    batch = len(first)
    own = np.arange(batch)[:, None] * width  # row of each sequence's first beginning
    state, said = take(state, np.repeat(np.arange(batch), width)), np.repeat(first, width)[:, None]
    totals = np.where(np.arange(width) > 0, -np.inf, np.zeros((batch, 1)))  # all alike: one counts
    finished = np.zeros(batch * width, dtype=bool)
    while said.shape[1] <= limit and not finished.all():
        logits, state = step(said[:, -1:], state)
        gains = said_no_more(log_softmax(logits[:, 0].astype(float)), finished, end)
        totals, beam, tokens = beam_step(totals, gains.reshape(batch, width, -1))
        rows, tokens = (own + beam).reshape(-1), tokens.reshape(-1, 1)
        state, finished = take(state, rows), finished[rows] | (tokens[:, 0] == end)
        said = np.concatenate([said[rows], tokens], axis=1)
    winners = own[:, 0] + totals.argmax(axis=1)
    return [until(row, end) for row in said[winners, 1:].tolist()], totals.max(axis=1)


@shapes
def chances(logits, temperature=1.0, top_k=None):
    r"""Probabilities that the next token is drawn from: a softmax, sharper or flatter, cut short.

    .. math:: p = \mathrm{softmax}(z / T), \quad \text{over the } k \text{ largest } z \text{ alone}

    Near temperature 0 the likeliest token is certain, which is greedy decoding; at 1 the model is
    taken at its word; above, what is unlikely gets more.

    Parameters
    ----------
    logits : array (..., vocabulary)
    temperature : float, at least 0.001
    top_k : int, at least 1, optional
        So many likeliest tokens keep a chance; all, if it is not given. Tokens that are as likely
        as the last of them stay in as well.

    Returns
    -------
    array (..., vocabulary)

    Raises
    ------
    ValueError
        If `temperature` or `top_k` is too small.

    References
    ----------
    Top-k: Fan et al. 2018.

    Examples
    --------
    >>> logits = np.log(np.array([0.5, 0.3, 0.2]))
    >>> chances(logits, temperature=0.5).round(2), chances(logits, top_k=2).round(3)
    (array([0.66, 0.24, 0.11]), array([0.625, 0.375, 0.   ]))
    """
    k = min(top_k or logits.shape[-1], logits.shape[-1])
    least = np.sort(logits, axis=-1)[..., -k, None]
    return softmax(logits / temperature, where=logits >= least)


@shapes
def sample(step, state, start, end, limit, rng, temperature=1.0, top_k=None):
    """Decode token by token, each drawn by lot from the model's own probabilities.

    Parameters
    ----------
    step : callable
        (tokens (batch, 1), state) -> (logits (batch, 1, vocabulary), state)
    state : see above
        Whatever `step` hands on.
    start : integer array () or integer array (batch,)
        The first token in, for all or for each.
    end : int, at least 0
        The token after which a sequence is finished.
    limit : int, at least 1
        Stop after this many tokens, finished or not.
    rng : numpy.random.Generator
        Draws; the same seed says the same again.
    temperature, top_k
        As for `chances`.

    Returns
    -------
    list of lists of int
        For each sequence the tokens before the first `end`.

    Raises
    ------
    ValueError
        If `limit` is below 1, or as for `chances`.

    Examples
    --------
    >>> even = lambda tokens, state: (np.zeros((len(tokens), 1, 3)), state)
    >>> sample(even, None, np.array([0]), end=2, limit=9, rng=np.random.default_rng(0))
    [[1, 0, 0, 0]]
    """

    def drawn(logits):
        reached = np.cumsum(chances(logits.astype(float), temperature, top_k), axis=-1)
        return (rng.random((len(logits), 1, 1)) * reached[..., -1:] < reached).argmax(axis=-1)

    return _say(step, state, start, end, limit, drawn)


def _say(step, state, start, end, limit, choose):
    """Decode token by token; `choose` is (logits (batch, 1, vocabulary)) -> tokens (batch, 1)."""
    tokens = first_tokens(start, state)[:, None]
    said, finished = tokens[:, :0], np.zeros(len(tokens), dtype=bool)
    while said.shape[1] < limit and not finished.all():
        logits, state = step(tokens, state)
        tokens = choose(logits)
        said = np.concatenate([said, tokens], axis=1)
        finished = finished | (tokens[:, 0] == end)
    return [until(row, end) for row in said.tolist()]


def beam_step(totals, log_probabilities):
    """Extend every beginning by every token, and keep the likeliest, as many as there were.

    Parameters
    ----------
    totals : array (batch, width)
        Log-probability of each beginning.
    log_probabilities : array (batch, width, vocabulary)
        Of the next token.

    Returns
    -------
    totals : array (batch, width)
        Of the new beginnings, the likeliest first.
    beam : integer array (batch, width)
        Which beginning each of them extends.
    tokens : integer array (batch, width)
        By which token.

    References
    ----------
    Sutskever et al. 2014, section 3.2.

    Examples
    --------
    >>> totals, beam, tokens = beam_step(np.array([[-1.0, -2.0]]), np.array([[[-9, 0], [-3, -1]]]))
    >>> totals, beam, tokens
    (array([[-1., -3.]]), array([[0, 1]]), array([[1, 1]]))
    """
    (batch, width), vocabulary = totals.shape, log_probabilities.shape[-1]
    candidates = (totals[:, :, None] + log_probabilities).reshape(batch, width * vocabulary)
    best = np.argsort(-candidates, axis=1, kind="stable")[:, :width]
    beam, tokens = np.divmod(best, vocabulary)
    return np.take_along_axis(candidates, best, axis=1), beam, tokens


def said_no_more(log_probabilities, finished, end):
    """Let what is finished stay as it is: only `end` follows, and costs nothing.

    Examples
    --------
    >>> said_no_more(np.log([[0.5, 0.5]]), np.array([True]), end=1)
    array([[-inf,   0.]])
    """
    only_end = np.where(np.arange(log_probabilities.shape[1]) == end, 0.0, -np.inf)
    return np.where(finished[:, None], only_end, log_probabilities)


def first_tokens(start, state):
    """One first token for each sequence; a single one is repeated over the batch of the state.

    Raises
    ------
    ValueError
        If there is a single one, and the state holds no array that tells the batch.

    Examples
    --------
    >>> first_tokens(np.array(1), {"cache": np.ones((3, 2))})
    array([1, 1, 1])
    """
    if start.ndim:
        return start
    array = next(arrays(state), None)
    if array is None:
        raise ValueError(f"start = {start} must be (batch,): the state holds no array")
    return np.full(len(array), start)


def arrays(state):
    """Yield the arrays of a state.

    Examples
    --------
    >>> [array.shape for array in arrays((np.ones(2), {"more": [np.ones((2, 3)), None, 7]}))]
    [(2,), (2, 3)]
    """
    if getattr(state, "shape", ()):
        yield state
    elif isinstance(state, dict | tuple | list):
        for part in state.values() if isinstance(state, dict) else state:
            yield from arrays(part)


def take(state, rows):
    """Choose rows of every array in a state.

    Examples
    --------
    >>> take((np.arange(3), {"n": 7}), [2, 2])
    (array([2, 2]), {'n': 7})
    """
    if getattr(state, "shape", ()):
        return state[rows]
    if isinstance(state, dict):
        return {name: take(part, rows) for name, part in state.items()}
    if isinstance(state, tuple | list):
        parts = [take(part, rows) for part in state]
        return type(state)(*parts) if hasattr(state, "_fields") else type(state)(parts)
    return state


def until(row, end):
    """Return what stands before `end`.

    Examples
    --------
    >>> until([5, 6, 2, 7], end=2)
    [5, 6]
    """
    return row[: row.index(end)] if end in row else row
