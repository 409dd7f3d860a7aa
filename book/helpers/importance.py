r"""How much a word that is said owes to each word that is read, measured in seven ways.

Three are read off the map (`weight`, `value`, `contribution`), two ask the vector that is looked
at (`vector gradient`, `forbidden`), two the word that was read (`word gradient`, `replaced`). Of
models whose decoder asks once for each word: recurrent ones that attend after their steps, and
Transformers with one block on either side. Stands on runs.
"""

from typing import NamedTuple

import autograd.numpy as np
import numpy
from autograd import make_vjp

from helpers import seq2seq, transformer
from helpers.attention import (
    additive,
    attention_weights,
    causal_mask,
    join_heads,
    multi_head_attention,
    split_heads,
)
from helpers.functions import embedding, feed_forward, linear, softmax, tanh
from helpers.positions import position_score
from helpers.recurrent import shown
from helpers.runs.build import build
from helpers.runs.trained import Map
from helpers.shapes import require, shapes
from helpers.tasks import END, SPECIAL, START, make_batch

FIRST = len(SPECIAL)  # number of the first token that is a word
#: The seven measures, from the map to the word.
MEASURES = (
    "weight",
    "value",
    "contribution",
    "vector gradient",
    "forbidden",
    "word gradient",
    "replaced",
)


class Read(NamedTuple):
    """What the decoder starts with: the vectors that it may look at, and its first state."""

    memory: numpy.ndarray
    state: numpy.ndarray | None


def read(trained, batch, params=None):
    """Read the sources of a batch.

    Parameters
    ----------
    trained : Trained
    batch : Batch
    params : dict, optional
        In place of the model's own.

    Returns
    -------
    Read
        ``memory`` (batch, n_source, width), and of a recurrent decoder ``state`` (batch, width).

    Raises
    ------
    ValueError
        If the model does not ask once for each word.

    Examples
    --------
    >>> from helpers.runs import load
    >>> model = load("french_both_ways_0")
    >>> read(model, model.batch([model.task.pair("deux cent trois")])).memory.shape
    (1, 3, 32)
    """
    settings, params = trained.settings, trained.params if params is None else params
    if settings.model == "recurrent" and settings.attend and settings.attention == "after":
        options = {"encoder": settings.encoder, "summary": settings.summary}
        return Read(*seq2seq.encode(params, batch.source, batch.source_lengths, **options))
    one_block = settings.model == "transformer" and settings.layers == 1
    require(one_block, f"{settings} must attend once for each word that it says")
    embedded = embedding(params["source_embedding"], batch.source)
    options = {"positions": settings.positions, "norm": settings.norm}
    return Read(
        transformer.encoder(params["encoder"], embedded, batch.source_lengths, **options)[0], None
    )


def say(trained, found, target_in, mask=None, params=None):
    """Return the logits of every word, and where it looks, under a mask of one's own.

    Parameters
    ----------
    trained : Trained
    found : Read
    target_in : integer array (batch, n_target)
        The target, shifted right by one.
    mask : boolean array to (batch, n_target, n_source), optional
        For the looks of the target at the source: True = may attend.
    params : dict, optional
        In place of the model's own.

    Returns
    -------
    logits : array (batch, n_target, vocabulary)
    weights : array (batch, heads, n_target, n_source)

    Examples
    --------
    >>> from helpers.runs import load
    >>> model = load("french_both_ways_0")
    >>> batch = model.batch([model.task.pair("deux cent trois", "two hundred and three")])
    >>> say(model, read(model, batch), batch.target_in)[1].shape
    (1, 1, 5, 3)
    """
    settings, params = trained.settings, trained.params if params is None else params
    if settings.model == "recurrent":
        options = seq2seq.cell_of(settings.encoder), settings.score
        logits, queries, _ = seq2seq.decode(
            params, target_in, found.memory, mask, found.state, *options
        )
        score = seq2seq.named_score(settings.score, params)
        return logits, attention_weights(queries, found.memory, mask, score)[:, None]
    stack, embedded = params["decoder"], embedding(params["target_embedding"], target_in)
    x, causal = (
        transformer.enter(stack, embedded, settings.positions),
        causal_mask(target_in.shape[1]),
    )
    parts = {"score": position_score(settings.positions), "norm": settings.norm}
    [block] = transformer.blocks(stack)
    x, _, weights = transformer.decoder_block(block, x, found.memory, causal, mask, **parts)
    return linear(params["output"], transformer.leave(stack, x)), weights


def say_with(trained, found, target_in, weights):
    """Return the logits of every word, if the looks at the source had weights of one's own.

    Parameters
    ----------
    trained : Trained
    found : Read
    target_in : integer array (batch, n_target)
        The target, shifted right by one.
    weights : array (draws, batch, heads, n_target, n_source)
        Several for each row.

    Returns
    -------
    array (draws, batch, n_target, vocabulary)

    Examples
    --------
    >>> from helpers.runs import load
    >>> model = load("map_one_head_0")
    >>> batch = model.batch([model.task.pair("deux cent trois", "two hundred and three")])
    >>> found = read(model, batch)
    >>> logits, weights = say(model, found, batch.target_in)
    >>> again = say_with(model, found, batch.target_in, weights[None])
    >>> bool(abs(again[0] - logits).max() < 1e-4)
    True
    """
    settings, params = trained.settings, trained.params
    if settings.model == "recurrent":
        cell = seq2seq.cell_of(settings.encoder)
        _, queries, _ = seq2seq.decode(params, target_in, found.memory, None, found.state, cell)
        context = weights[:, :, 0] @ found.memory
        both = np.concatenate([numpy.broadcast_to(queries, context.shape), context], axis=-1)
        return linear(params["output"], tanh(linear(params["combine"], both)))
    stack, parts = params["decoder"], (settings.norm, settings.residual is not False)
    [block], score = transformer.blocks(stack), position_score(settings.positions)
    x = transformer.enter(
        stack, embedding(params["target_embedding"], target_in), settings.positions
    )
    own = multi_head_attention
    x, _ = transformer.sublayer(
        block["attention_norm"],
        x,
        lambda y: own(block["attention"], y, y, causal_mask(y.shape[1]), score),
        *parts,
    )
    context = weights @ split_heads(found.memory, block["cross"]["values"])
    fetched = join_heads(context.reshape(-1, *context.shape[2:]), block["cross"]["output"])
    x = numpy.tile(x, (len(weights), 1, 1))
    x, _ = transformer.sublayer(block["cross_norm"], x, lambda y: (fetched, None), *parts)
    x, _ = transformer.sublayer(
        block["feed_forward_norm"],
        x,
        lambda y: (feed_forward(block["expand"], block["shrink"], y), None),
        *parts,
    )
    logits = linear(params["output"], transformer.leave(stack, x))
    return logits.reshape(*weights.shape[:2], *logits.shape[1:])


def shuffled(trained, pairs, rng, draws=100):
    """How far what is said moves when the weights of each row are put in another order.

    Parameters
    ----------
    trained : Trained
    pairs : list of pairs
        Of one length of source and one of target: nothing is padded.
    rng : numpy.random.Generator
        Draws the orders; all heads of a row get the same.
    draws : int
        How many orders for each row.

    Returns
    -------
    moved : array (batch, n_target)
        Total variation distance of the probabilities of the next word, see `total_variation`;
        the median over the orders.
    most : array (batch, n_target)
        The largest weight of each row, of the mean of the heads.
    right : boolean array (batch, n_target)
        Whether the model says the word.

    References
    ----------
    Jain and Wallace 2019, section 4.2.1.

    Examples
    --------
    >>> from helpers.runs import load
    >>> model = load("french_both_ways_0")
    >>> pairs = [model.task.pair("deux cent trois", "two hundred and three")]
    >>> moved, most, _ = shuffled(model, pairs, numpy.random.default_rng(0), draws=9)
    >>> moved.shape, bool(moved[0, 0] > 0.9)
    ((1, 5), True)
    """
    batch = make_batch(pairs)
    found = read(trained, batch)
    logits, weights = say(trained, found, batch.target_in)
    rows = numpy.ones((draws, len(pairs), 1, *weights.shape[2:]), dtype=int)
    orders = rng.permuted(rows.cumsum(axis=-1) - 1, axis=-1)
    others = numpy.take_along_axis(weights[None], orders, axis=-1)
    moved = total_variation(
        softmax(say_with(trained, found, batch.target_in, others)), softmax(logits)
    )
    right = logits.argmax(axis=-1) == batch.target_out
    return numpy.median(moved, axis=0), weights.mean(axis=1).max(axis=-1), right


def total_variation(one, other):
    r"""Distance of two distributions: 0 the same, 1 nothing in common.

    .. math:: \tfrac12 \textstyle\sum_k |p_k - q_k|

    Parameters
    ----------
    one, other : array (..., n)
        Each row sums to 1.

    Returns
    -------
    array (...)

    Examples
    --------
    >>> total_variation(numpy.array([0.5, 0.5, 0.0]), numpy.array([0.25, 0.5, 0.25])).item()
    0.25
    """
    return abs(one - other).sum(axis=-1) / 2


@shapes
def said_log_probability(logits, said):
    """Return the log probability, in nats, of each word that is said.

    Parameters
    ----------
    logits : array (..., n_target, vocabulary)
    said : integer array (..., n_target) below vocabulary

    Returns
    -------
    array (..., n_target)

    Examples
    --------
    >>> said_log_probability(numpy.zeros((1, 4)), numpy.array([2])).round(2)
    array([-1.39])
    """
    shifted = logits - np.max(logits, axis=-1, keepdims=True)
    chosen = (said[..., None] == numpy.arange(logits.shape[-1])).astype(logits.dtype)
    return np.sum(shifted * chosen, axis=-1) - np.log(np.sum(np.exp(shifted), axis=-1))


def measured(trained, pairs, rng, draws=4):
    """Measure, for each word said and each word read, all seven ways.

    Parameters
    ----------
    trained : Trained
    pairs : list of pairs
        Of one length of source and one of target: nothing is padded.
    rng : numpy.random.Generator
        Draws the words that replace others.
    draws : int
        How many words replace each.

    Returns
    -------
    dict of str to array (batch, n_target, n_source)
        By the names of `MEASURES`; heads are averaged, contributions of heads added up. Rows are
        the words of the target, the end token last.
    right : boolean array (batch, n_target)
        Whether the model says the word.

    Examples
    --------
    >>> from helpers.runs import load
    >>> model = load("french_both_ways_0")
    >>> pairs = [model.task.pair("deux cent trois", "two hundred and three")]
    >>> found, right = measured(model, pairs, numpy.random.default_rng(0))
    >>> found["forbidden"].shape, int(found["forbidden"][0, 3].argmax())
    ((1, 5, 3), 2)
    """
    batch = make_batch(pairs)
    found = read(trained, batch)
    logits, weights = say(trained, found, batch.target_in)
    base = said_log_probability(logits, batch.target_out)
    by_vector, by_word = _gradients(trained, batch, found)
    ways = {
        **dict(zip(MEASURES, _of_the_map(trained, found.memory, weights), strict=False)),
        "vector gradient": by_vector,
        "forbidden": base[..., None] - _forbidden(trained, batch, found),
        "word gradient": by_word,
        "replaced": base[..., None] - _replaced(trained, batch, rng, draws),
    }
    return ways, logits.argmax(axis=-1) == batch.target_out


def _of_the_map(trained, memory, weights):
    """Weight, weight times the value's length, length of what arrives; (batch, rows, columns)."""
    params = trained.params
    if trained.settings.model == "recurrent":
        values, width = memory[:, None], memory.shape[-1]
        output = params["combine"]["weight"][None, -width:]
    else:
        cross = transformer.blocks(params["decoder"])[0]["cross"]
        values, output = split_heads(memory, cross["values"]), cross["output"]
    norms = numpy.linalg.norm(values, axis=-1)[:, :, None]
    arrives = numpy.einsum("bhij,bhjd,hdo->bijo", weights, values, output, optimize=True)
    lengths = numpy.linalg.norm(arrives, axis=-1)
    return weights.mean(axis=1), (weights * norms).mean(axis=1), lengths


def _gradients(trained, batch, found):
    """Lengths of the gradients at the vectors looked at, and at the embeddings of words read."""
    table, count = trained.params["source_embedding"], batch.source.size
    own = batch._replace(source=len(table) + numpy.arange(count).reshape(batch.source.shape))

    def from_memory(memory):
        logits, _ = say(trained, found._replace(memory=memory), batch.target_in)
        return said_log_probability(logits, batch.target_out)

    def from_words(rows):
        params = trained.params | {"source_embedding": np.concatenate([table, rows])}
        logits, _ = say(trained, read(trained, own, params), batch.target_in)
        return said_log_probability(logits, batch.target_out)

    shape = *batch.source.shape, -1
    starts = (from_memory, found.memory), (from_words, table[batch.source.ravel()])
    return [_rows_of_gradients(*one, shape) for one in starts]


def _rows_of_gradients(function, at, shape):
    back, value = make_vjp(function)(at)
    rows = []
    for i in range(value.shape[1]):
        chosen = numpy.zeros_like(value)
        chosen[:, i] = 1
        rows.append(numpy.linalg.norm(back(chosen).reshape(shape), axis=-1))
    return numpy.stack(rows, axis=1)


def _forbidden(trained, batch, found):
    """Log probabilities when nobody may look at a column, (batch, n_target, n_source)."""
    n = batch.source.shape[1]
    lost = [
        say(trained, found, batch.target_in, (numpy.arange(n) != j)[None, None])[0]
        for j in range(n)
    ]
    return numpy.stack([said_log_probability(one, batch.target_out) for one in lost], axis=-1)


def _replaced(trained, batch, rng, draws):
    """Mean log probabilities when another word stands at a place, (batch, n_target, n_source)."""
    words, n = len(trained.params["source_embedding"]) - FIRST, batch.source.shape[1]
    count, times = len(batch.source), n * draws
    # All at once: place after place, and for each place draw after draw.
    many = batch._replace(
        source=numpy.tile(batch.source, (times, 1)),
        source_lengths=numpy.tile(batch.source_lengths, times),
    )
    rows, places = numpy.arange(times * count), numpy.repeat(numpy.arange(n), draws * count)
    steps = numpy.concatenate([rng.integers(1, words, size=count) for _ in range(times)])
    old = many.source[rows, places]
    many.source[rows, places] = FIRST + (old - FIRST + steps) % words  # on a circle: never the same
    logits, _ = say(trained, read(trained, many), numpy.tile(batch.target_in, (times, 1)))
    found = said_log_probability(logits, numpy.tile(batch.target_out, (times, 1)))
    return found.reshape(n, draws, count, -1).mean(axis=1).transpose(1, 2, 0)


def kendall_tau(one, other, pairs=None):
    r"""Say how far two measures order the same things alike: 1 the same order, -1 turned round.

    Of all pairs of things, those that both put in one order less those that they put in two, over
    the geometric mean of the pairs that each of them orders at all (tau-b).

    Parameters
    ----------
    one, other : array (..., n)
    pairs : boolean array (..., n, n), optional
        Which pairs of things count; by default all.

    Returns
    -------
    array (...)
        NaN where one of them orders nothing.

    References
    ----------
    Kendall 1945.

    Examples
    --------
    >>> kendall_tau(numpy.array([1, 2, 3, 4]), numpy.array([1, 2, 4, 3])).round(2).item()
    0.67
    """
    first, second = (numpy.sign(x[..., :, None] - x[..., None, :]) for x in (one, other))
    if pairs is not None:
        first, second = first * pairs, second * pairs
    both = (first * second).sum(axis=(-1, -2))
    ordered = (first**2).sum(axis=(-1, -2)) * (second**2).sum(axis=(-1, -2))
    return numpy.where(ordered > 0, both / numpy.sqrt(numpy.maximum(ordered, 1)), numpy.nan)


@shapes
def rollout(weights, kept=0.5):
    r"""Follow a stack of maps down to the words: :math:`\prod_l (\kappa I + (1 - \kappa) W_l)`.

    Parameters
    ----------
    weights : array (..., layers, n, n)
        The maps, heads averaged, from the first block to the last.
    kept : float, from 0 to 1
        The share that a place is taken to keep of itself in each block.

    Returns
    -------
    array (..., n, n)
        Rows sum to 1.

    References
    ----------
    Abnar and Zuidema 2020, who take one half.

    Examples
    --------
    >>> rollout(numpy.array([[[0.0, 1.0], [1.0, 0.0]]]))
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """
    n = weights.shape[-1]
    mixed, found = kept * numpy.eye(n) + (1 - kept) * weights, numpy.eye(n)
    for layer in range(weights.shape[-3]):
        found = mixed[..., layer, :, :] @ found
    return found


def forbidding(trained, text, looks, limit=60):
    """Return what a model says, and where it looks, when some looks at the source are forbidden.

    A forbidden look gets weight 0 in every head; the others in its row keep their proportions, and
    the row sums to 1. A row that may look nowhere gets a context of zeros.

    Parameters
    ----------
    trained : Trained
        A recurrent model, with attention or with one vector, or a Transformer of one block.
    text : str or list of str
        What is read.
    looks : list of pairs of int
        Row and column of its map ``cross``, from 0. A row is a step of the decoder, whatever it
        comes to say there.
    limit : int
        Most words that it says.

    Returns
    -------
    Map
        As `Trained.maps` gives it; the rows are what is said.

    Raises
    ------
    ValueError
        If the model does not ask once for each word.

    Examples
    --------
    >>> from helpers.runs import load
    >>> reverser = load("reversal_attention_64")
    >>> reverser.says("abcde"), forbidding(reverser, "abcde", [(0, 4)]).rows
    (['e', 'd', 'c', 'b', 'a'], ['d', 'e', 'c', 'b', 'a', '(end)'])
    """
    batch, recurrent = (
        trained.batch([trained.task.pair(text)]),
        trained.settings.model == "recurrent",
    )
    names, next_word = (_steps if recurrent else _rows)(trained, batch)
    may, tokens, rows = numpy.ones((limit + 1, len(names)), dtype=bool), [START], []
    for i, j in looks:
        may[i : i + 1, j] = False  # a row that is never said forbids nothing
    while len(rows) <= limit and tokens[-1] != END:
        logits, weights = next_word(tokens, may[: len(tokens)])
        rows.append(weights)
        tokens.append(int(logits.argmax()))
    said = trained.task.target_words(tokens[1 : limit + 1])
    return Map(numpy.stack(rows, axis=1)[None], [*said, "(end)"], names)


def _steps(trained, batch):
    """Names of a recurrent decoder's columns, and a function that takes its next step.

    From the tokens said and whom each row may ask, it gives the last row's logits, and its weights
    (1, n_source). Attention inside asks with the state before the step.
    """
    settings, params = trained.settings, trained.params
    step, (state, memory, _) = build(settings).begin(params, batch)
    names = trained.task.source_words(batch.source[0]) if settings.attend else ["(summary)"]
    if settings.attention == "inside":
        score = additive(params["decoder"]["score"])
    else:
        score = seq2seq.named_score(settings.score, params)

    def next_word(tokens, may):
        nonlocal state
        before, mask = state, may[None, -1:]
        logits, (state, _, _) = step(numpy.array([tokens[-1:]]), (before, memory, mask))
        query = before if settings.attention == "inside" else shown(state)
        return logits, attention_weights(query[:, None], memory, mask, score)[:, 0]

    return names, next_word


def _rows(trained, batch):
    """As `_steps`, of a Transformer, which reads again all that it has said; (heads, n_source)."""
    found = read(trained, batch)

    def next_word(tokens, may):
        logits, weights = say(trained, found, numpy.array([tokens]), may[None])
        return logits[0, -1], weights[0, :, -1]

    return trained.task.source_words(batch.source[0]), next_word
