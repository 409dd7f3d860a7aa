"""What more than one chapter measures: maps, where gradients go, what a head is for, time.

Stands on runs; a chapter that measures something alone keeps it to itself.
"""

import math
import time
from unittest.mock import patch

import autograd.numpy as np
import numpy
from autograd import make_vjp
from threadpoolctl import threadpool_limits

from helpers import fast, positions
from helpers.functions import embedding, linear
from helpers.positions import position_score
from helpers.runs.build import build
from helpers.shapes import require, shapes
from helpers.transformer import blocks, encoder_block, enter, leave


@shapes
def entropy(weights):
    r"""How undecided weights are, in bits: 0 for a single key, :math:`\log_2 n` for n keys alike.

    .. math:: H = -\sum_j w_j \log_2 w_j, \qquad 0 \log 0 = 0

    Parameters
    ----------
    weights : array (..., n_keys)
        Each row sums to 1.

    Returns
    -------
    array (...)

    References
    ----------
    Shannon 1948.

    Examples
    --------
    >>> entropy(numpy.array([[1.0, 0.0, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]]))
    array([0., 2.])
    """
    safe = numpy.where(weights > 0, weights, 1)
    return abs(numpy.sum(weights * numpy.log2(safe), axis=-1))  # abs: no -0.0


@shapes
def largest(weights):
    """Return the largest weight of each row, and the place of the key that has it.

    Parameters
    ----------
    weights : array (..., n_keys)

    Returns
    -------
    weight : array (...)
    place : integer array (...)
        The first, if several are equal.

    Examples
    --------
    >>> weight, place = largest(numpy.array([[0.1, 0.7, 0.2]]))
    >>> weight, place
    (array([0.7]), array([1]))
    """
    return weights.max(axis=-1), weights.argmax(axis=-1)


def input_gradient(trained, text, target, place):
    """How strongly a word that is said depends on each word that is read.

    The norm of the gradient of the word's logit, less the mean of all logits, with respect to the
    embedding of each source token. (Without the mean, what all logits share would count, which
    changes no probability.) To tell equal tokens apart, each is read from a row of its own.

    Parameters
    ----------
    trained : Trained
    text, target : str or list of str
        What is read, and what is said.
    place : int
        Of the word in the target; after the last comes the end token.

    Returns
    -------
    array (n_source,)
        In the order in which the model reads.

    References
    ----------
    Simonyan et al. 2014.

    Examples
    --------
    >>> from helpers.runs import load
    >>> reverser = load("reversal_attention_64")
    >>> int(input_gradient(reverser, "abcdefgh", "hgfedcba", place=0).argmax())  # "h" stands last
    7
    """
    batch = trained.batch([trained.task.pair(text, target)])
    name = "source_embedding" if "source_embedding" in trained.params else "embedding"
    table, model = trained.params[name], build(trained.settings)
    own_rows = len(table) + numpy.arange(batch.source.shape[1])[None]

    def logit(rows):
        params = trained.params | {name: np.concatenate([table, rows])}
        logits = model.logits(params, batch._replace(source=own_rows))[0, place]
        return logits[batch.target_out[0, place]] - np.mean(logits)

    back, value = make_vjp(logit)(table[batch.source[0]])
    return numpy.linalg.norm(back(numpy.ones_like(value)), axis=-1)


def ablate_head(params, *path, head):
    """Return parameters in which one head of one multi-head attention says nothing.

    Its rows of the output projection are 0; all other heads stay as they are.

    Parameters
    ----------
    params : dict
        Of the attention, or nested, of a whole model.
    *path : str
        Names that lead to the attention, such as ``"decoder", "block_0", "cross"``.
    head : int
        From 0.

    Returns
    -------
    dict
        A copy; `params` is not changed.

    Raises
    ------
    ValueError
        If there is no head of that number.

    References
    ----------
    Michel et al. 2019.

    Examples
    --------
    >>> from helpers.start import init_multi_head
    >>> params = {"cross": init_multi_head(numpy.random.default_rng(0), 8, heads=2)}
    >>> ablate_head(params, "cross", head=1)["cross"]["output"].any(axis=(1, 2))
    array([ True, False])
    """
    if path:
        return params | {path[0]: ablate_head(params[path[0]], *path[1:], head=head)}
    heads = len(params["output"])
    require(0 <= head < heads, f"head = {head} must lie in 0 … {heads - 1}")
    kept = numpy.arange(heads)[:, None, None] != head
    return params | {
        "output": numpy.where(kept, params["output"], 0).astype(params["output"].dtype)
    }


def without_looks(trained, tokens, masks, silent=()):
    """Run a decoder-only model with a mask of its own in each block, and with silent heads.

    Parameters
    ----------
    trained : Trained
    tokens : integer array (batch, n)
        Source and target end to end, numbered as in the model's one table; nothing is padded.
    masks : list of boolean arrays to (batch, n, n)
        One for each block, for all of its heads: True = may attend.
    silent : iterable of (int, int)
        Block and head, from 0, see `ablate_head`.

    Returns
    -------
    logits : array (batch, n, vocabulary)
    weights : array (batch, blocks, heads, n, n)

    Raises
    ------
    ValueError
        If there are not as many masks as blocks, or there is no such head.

    Examples
    --------
    >>> from helpers.attention import causal_mask
    >>> from helpers.runs import load
    >>> model, mask = load("recall_two_blocks"), causal_mask(4)
    >>> letter, number = model.task.source_tokens("A 7")
    >>> tokens = numpy.array([[letter, number, 1, letter]])  # 1 is the start of the questions
    >>> logits, weights = without_looks(model, tokens, [mask, mask])
    >>> bool(logits[0, 3].argmax() == number), weights.shape
    (True, (1, 2, 4, 4, 4))
    """
    params, settings = trained.params, trained.settings
    for block, head in silent:
        params = ablate_head(params, "stack", f"block_{block}", "attention", head=head)
    stack = params["stack"]
    require(
        len(masks) == settings.layers,
        f"masks must be one for each of the {settings.layers} blocks, not {len(masks)}",
    )
    parts = {"norm": settings.norm, "residual": settings.residual}
    parts["score"] = position_score(settings.positions)
    x = enter(stack, embedding(params["embedding"], tokens), settings.positions)
    maps = []
    for block, mask in zip(blocks(stack), masks, strict=True):
        x, weights = encoder_block(block, x, mask, **parts)
        maps.append(weights)
    return linear(params["output"], leave(stack, x)), numpy.stack(maps, axis=1)


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
    found = dict.fromkeys(ways, numpy.inf)
    with threadpool_limits(1):
        for _ in range(rounds):
            for name, way in ways.items():
                start = time.process_time()
                way()
                found[name] = min(found[name], time.process_time() - start)
    return found


class Counting(numpy.ndarray):
    """An array that counts the multiplications of the matrix products it takes part in.

    Examples
    --------
    >>> Counting.done = 0
    >>> product = numpy.ones((2, 3)).view(Counting) @ numpy.ones((3, 4))
    >>> product.shape, Counting.done
    ((2, 4), 24)
    """

    done = 0

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        """Compute with plain arrays, count, and hand the result on as one that counts."""
        plain = [numpy.asarray(one) if isinstance(one, Counting) else one for one in inputs]
        if "out" in options:
            options["out"] = tuple(numpy.asarray(one) for one in options["out"])
        result = getattr(ufunc, method)(*plain, **options)
        if ufunc is numpy.matmul:
            Counting.done += result.size * plain[0].shape[-1]
        return result.view(Counting) if isinstance(result, numpy.ndarray) else result

    def __array_function__(self, function, types, arguments, options):
        """Do the same for sums over products that are written with letters."""
        result = super().__array_function__(function, types, arguments, options)
        if function is numpy.einsum:
            letters, *arrays = arguments
            names = "".join(letters.partition("->")[0].split(","))
            sizes = dict(zip(names, (n for one in arrays for n in one.shape), strict=True))
            Counting.done += math.prod(sizes.values())
        return result.view(Counting) if isinstance(result, numpy.ndarray) else result


def multiplications(function, params):
    """Count the multiplications in matrix products that a function of parameters really does.

    Parameters
    ----------
    function : callable
        Of the parameters; it runs as a formula, without any faster way.
    params : dict
        Nested; arrays.

    Returns
    -------
    count : int
    result
        What the function returned.

    Examples
    --------
    >>> multiplications(lambda params: params["a"] @ params["a"], {"a": numpy.ones((5, 5))})[0]
    125
    """
    Counting.done, rotate = 0, positions.rotate

    def turned(*arguments):  # which autograd stacks into a plain array
        return rotate(*arguments).view(Counting)

    with fast.off(), patch.object(positions, "rotate", turned):
        result = function(_counting(params))
    return Counting.done, result


def _counting(params):
    if isinstance(params, dict):
        return {name: _counting(part) for name, part in params.items()}
    return params.view(Counting)
