"""From settings to a model: its parameters, and the functions that run it on a batch.

Stands on the models, settings and tasks. Whatever the model is, it is run in one way: a
`tasks.Batch` goes in, logits for every target position come out.
"""

from collections.abc import Callable
from typing import NamedTuple

import autograd.numpy as anp
import numpy as np

from helpers import cached, decoding, recurrent, seq2seq, transformer
from helpers.attention import attention, multi_head_attention
from helpers.bugs import planted
from helpers.functions import cross_entropy, embedding, linear, relu
from helpers.shapes import require
from helpers.start import (
    init_decoder_only,
    init_last_state,
    init_look_up,
    init_look_ups,
    init_one_layer,
    init_recurrent_only,
    init_recurrent_tagger,
    init_seq2seq,
    init_transformer,
)
from helpers.tasks import PAD, SPECIAL, make_task, pad

LONGEST = 256  # positions that a table of learned ones has


class Model(NamedTuple):
    """A model that settings have chosen.

    Attributes
    ----------
    start : callable
        rng -> parameters before training, a nested dict of float32 arrays.
    logits : callable
        (params, batch, rng=None) -> logits (batch, n_target, target_vocabulary), each from the
        source and the target words before it (teacher forcing). It drops out with `rng` alone.
    loss : callable
        (params, batch, rng=None) -> cross-entropy of the target words, smoothed as chosen.
    maps : callable
        (params, batch) -> dict of attention maps, each (batch, layers, heads, n_queries, n_keys):
        ``cross``, ``encoder`` and ``decoder`` of those that the model has, the second of one layer
        too; ``stack`` of a decoder-only one; ``page`` of several look-ups; nothing of a recurrent
        one without a decoder, or of a look-up.
    begin : callable
        (params, batch) -> (step, state), to say the target word by word with `decoding`.
    """

    start: Callable
    logits: Callable
    loss: Callable
    maps: Callable
    begin: Callable


def build(settings):
    """Return the model of these settings.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    Model

    Examples
    --------
    >>> from helpers.runs.settings import Settings
    >>> model = build(Settings(task="reversal", model="transformer", width=8))
    >>> sorted(model.start(np.random.default_rng(0)))
    ['decoder', 'encoder', 'output', 'source_embedding', 'target_embedding']
    """
    start, logits, maps, begin = _BUILDERS[settings.model](settings)

    def loss(params, batch, rng=None):
        found = logits(params, batch, rng)
        return cross_entropy(found, batch.target_out, batch.target_mask, settings.smoothing)

    loss = _loss_of_both(settings) if settings.source_loss else loss
    model = Model(start, logits, loss, maps, begin)
    return _with_bug(model, settings.bug) if settings.bug else model


def _with_bug(model, name):
    """Return a model whose functions run with a bug in the right function's place."""

    def wrong(function):
        def run(*arguments):
            with planted(name):
                return function(*arguments)

        return run

    def begin(params, batch):
        step, state = wrong(model.begin)(params, batch)
        return wrong(step), state

    return Model(model.start, *map(wrong, (model.logits, model.loss, model.maps)), begin)


def start(settings):
    """Return the parameters before training, as its seed decides.

    Examples
    --------
    >>> from helpers.runs.settings import Settings
    >>> start(Settings(task="reversal", width=8))["output"]["weight"].shape
    (8, 23)
    """
    return build(settings).start(np.random.default_rng(settings.seed))


def wiring(settings):
    """Return the part of the settings that the model's own functions take, by keyword.

    Examples
    --------
    >>> from helpers.runs.settings import Settings
    >>> wiring(Settings(task="reversal", model="transformer"))
    {'positions': 'sinusoidal', 'norm': 'pre', 'residual': True}
    """
    if settings.model in ("recurrent_only", "last_state"):
        return {"cell": settings.encoder}
    if settings.model == "tagger" and settings.encoder != "self_attention":
        return {"encoder": settings.encoder}
    if settings.model == "one_layer":
        return {"projections": settings.projections}
    if settings.model == "look_up":
        return {"score": settings.score}
    if settings.model == "look_ups":
        return {}
    names = ("positions", "norm", "residual")
    if settings.model == "decoder_only":
        names = (*names, *(("window",) if settings.window else ()))
        names = names if settings.softmax else (*names, "softmax")
    if settings.model == "transformer" and settings.summary:
        names = (*names, "summary")
    if settings.model == "transformer" and settings.wires != transformer.WIRES:
        names = (*names, "wires")
    if settings.model == "recurrent":
        names = ("attend", "encoder", "summary", "score", "attention")
        names = (*names, "positions") if settings.encoder == "self_attention" else names
    return {name: getattr(settings, name) for name in names}


def _sizes(settings):
    task = make_task(settings.task)
    return len(task.source_vocabulary), len(task.target_vocabulary)


def _shape(settings):
    """Return heads, layers and positions, as the start of a stack takes them."""
    names = ("heads", "layers", "positions")
    return {name: getattr(settings, name) for name in names} | {"longest": LONGEST}


def _dropout(settings, rng):
    return {"dropout": settings.dropout, "rng": rng} if rng and settings.dropout else {}


def _stacked(layers):
    """Put maps of several layers (batch, heads, n_queries, n_keys) into one array."""
    return np.stack(layers, axis=1)


def _recurrent(settings):
    options, looks_within = wiring(settings), settings.encoder == "self_attention"

    def start(rng):
        sizes = *_sizes(settings), settings.width
        shape = _shape(settings) if looks_within else {}
        names = {"score": settings.score, "attention": settings.attention}
        return init_seq2seq(rng, *sizes, settings.encoder, **names, **shape)

    def logits(params, batch, rng=None):
        return seq2seq.seq2seq(params, *batch[:3], **options, **_dropout(settings, rng))

    def maps(params, batch):
        found = {"cross": seq2seq.alignment(params, *batch[:3], **options)[:, None, None]}
        if looks_within:
            embedded = embedding(params["source_embedding"], batch.source)
            reading = {"positions": settings.positions}
            _, layers = transformer.encoder(
                params["encoder"], embedded, batch.source_lengths, **reading
            )
            found["encoder"] = _stacked(layers)
        return found

    def begin(params, batch):
        return seq2seq.start_decoding(params, *batch[:2], **options)

    return start, logits, maps, begin


def _transformer(settings):
    options, whole = wiring(settings), transformer.share_projections

    def start(rng):
        sizes = *_sizes(settings), settings.width
        shape = _shape(settings) | {"shared_projections": settings.shared_projections}
        return init_transformer(rng, *sizes, **shape, norm=settings.norm)

    def logits(params, batch, rng=None):
        parts, dropping = whole(params), _dropout(settings, rng)
        return transformer.transformer(parts, *batch[:3], **options, **dropping)

    def maps(params, batch):
        found = transformer.attention_maps(whole(params), *batch[:3], **options)
        return {kind: _stacked(layers) for kind, layers in found.items()}

    def begin(params, batch):
        if "wires" in options:  # a cache is for the usual wires alone
            return decoding.without_cache(lambda *said: logits(params, said), *batch[:2])
        return cached.start_decoding(whole(params), *batch[:2], **options)

    return start, logits, maps, begin


def _decoder_only(settings):
    """Build one stack that reads source and target end to end."""
    options, prefix, read = wiring(settings), settings.mask == "prefix", _reading(settings)

    def start(rng):
        sizes = sum(_one_table(settings)), settings.width
        shape = _shape(settings) | {"key_heads": settings.key_heads or None}
        return init_decoder_only(rng, *sizes, **shape, norm=settings.norm)

    def write(params, tokens):
        return cached.start_writing(params, tokens, prefix=prefix, **options)

    logits, begin = _end_to_end(settings, read, write)

    def maps(params, batch):
        first, _ = _one_table(settings)
        return {"stack": _stacked(read(params, batch, _joined(batch, first))[1])}

    return start, logits, maps, begin


def _reading(settings):
    """Return how a decoder-only model reads: (params, batch, tokens, rng) -> (logits, maps)."""
    options, prefix = wiring(settings), settings.mask == "prefix"

    def read(params, batch, tokens, rng=None):
        seen = batch.source_lengths if prefix else None
        dropping = _dropout(settings, rng)
        whole = transformer.repeat_keys(params) if settings.key_heads else params
        return transformer.decoder_only(whole, tokens, seen, **options, **dropping)

    return read


def _loss_of_both(settings):
    """Return the loss of a decoder-only model that has to predict the source as well.

    The token that opens the target is always the same, so it does not count.
    """
    read, (first, _) = _reading(settings), _one_table(settings)

    def loss(params, batch, rng=None):
        found, _ = read(params, batch, _joined(batch, first), rng)
        said = np.where(batch.target_mask, batch.target_out + first, PAD)
        rows = zip(batch.source, batch.source_lengths, said, strict=True)
        following, _ = pad([[*source[1:n], *[PAD] * min(n, 1), *own] for source, n, own in rows])
        return cross_entropy(found, following, following != PAD, settings.smoothing)

    return loss


def _recurrent_only(settings):
    """Build recurrent layers that read source and target end to end."""
    options = wiring(settings)

    def start(rng):
        sizes = sum(_one_table(settings)), settings.width
        return init_recurrent_only(rng, *sizes, **options, layers=settings.layers)

    def read(params, batch, tokens, rng=None):
        return recurrent.recurrent_only(params, tokens, **options)

    def write(params, tokens):
        _, states = recurrent.recurrent_only(params, tokens, **options)
        return lambda tokens, states: recurrent.recurrent_only(
            params, tokens, **options, states=states
        ), states

    logits, begin = _end_to_end(settings, read, write)
    return start, logits, lambda params, batch: {}, begin


def _look_up(settings):
    """Build one look-up: the last token of a source asks the pairs of key and value before it."""

    def start(rng):
        options = {"length": settings.start_length, "from_zero": settings.from_zero}
        return init_look_up(rng, *_sizes(settings), settings.width, settings.score, **options)

    def find(params, source, times):
        keys, values, asked = source[:, :-1:2], source[:, 1:-1:2], source[:, -1:]
        queries = embedding(params["query"], np.repeat(asked, times, axis=1))
        keys, values = embedding(params["key"], keys), embedding(params["value"], values)
        score = seq2seq.named_score(settings.score, params)
        return linear(params["output"], attention(queries, keys, values, score=score))

    def logits(params, batch, rng=None):
        return find(params, batch.source, batch.target_in.shape[1])

    def begin(params, batch):
        answer = find(params, batch.source, 1)
        return lambda tokens, state: (answer, state), None  # whatever has been said

    return start, logits, lambda params, batch: {}, begin


def _last_state(settings):
    """Build a recurrent layer that reads, and a map for each place of the target."""
    places = 1 + len(make_task(settings.task).held_out[0][1])  # and END, which nobody asks for

    def start(rng):
        source, target = _sizes(settings)
        options = {"gain": settings.gain, "gate_bias": settings.gate_bias}
        return init_last_state(
            rng, source, places, target, settings.width, settings.encoder, **options
        )

    def logits(params, batch, rng=None):
        read = batch.source, places, batch.source_lengths
        return recurrent.last_state_only(params, *read, settings.encoder)

    def begin(params, batch):
        answers = logits(params, batch)
        return lambda tokens, place: (answers[:, place : place + 1], place + 1), 0

    return start, logits, lambda params, batch: {}, begin


def _look_ups(settings):
    """Build several look-ups: the last tokens of a source, as one vector, ask the pairs before."""
    task = make_task(settings.task)
    asked, answers = len(task.held_out[0][1]), len(task.target_vocabulary)

    def start(rng):
        sizes = len(task.source_vocabulary), answers, asked, settings.width, settings.heads
        options = {"width_head": settings.width_head, "hidden": settings.hidden}
        return init_look_ups(rng, *sizes, **options, length=settings.start_length)

    def find(params, source):
        names, numbers = source[:, :-asked:2], source[:, 1:-asked:2]
        page = embedding(params["entry"], names) + embedding(params["entry"], numbers)
        queries = (embedding(params[f"query_{i}"], source[:, [i - asked]]) for i in range(asked))
        found, weights = multi_head_attention(params["attention"], sum(queries), page)
        if settings.hidden:
            found = relu(linear(params["expand"], found))
        said = linear(params["output"], found)  # (batch, 1, asked * answers)
        return said.reshape((len(source), asked, answers)), weights

    def logits(params, batch, rng=None):
        places = np.minimum(np.arange(batch.target_in.shape[1]), asked - 1)  # END is given
        return find(params, batch.source)[0][:, places]

    def maps(params, batch):
        return {"page": find(params, batch.source)[1][:, None]}

    def begin(params, batch):
        answer = find(params, batch.source)[0]
        return lambda tokens, said: (answer[:, [min(said, asked - 1)]], said + 1), 0

    return start, logits, maps, begin


def _tagger(settings):
    """Build an encoder without a decoder: it says a word at each place of the source."""
    options, first = wiring(settings), _one_table(settings)[0]
    looks_within, sees_all = settings.encoder == "self_attention", settings.mask == "prefix"

    def start(rng):
        sizes, own = (sum(_one_table(settings)), settings.width), _shape(settings)
        if looks_within:
            return init_decoder_only(rng, *sizes, **own, norm=settings.norm)
        return init_recurrent_tagger(rng, *sizes, **options)

    def read(params, batch, rng=None):
        if not looks_within:
            states = recurrent.recurrent_tagger
            return states(params, batch.source, batch.source_lengths, **options), []
        seen = batch.source_lengths if sees_all else None
        dropping = _dropout(settings, rng)
        return transformer.decoder_only(params, batch.source, seen, **options, **dropping)

    def logits(params, batch, rng=None):
        said = read(params, batch, rng)[0][..., first:]
        behind = np.zeros((*said.shape[:1], 1, *said.shape[2:]), said.dtype)  # END, which is given
        return anp.concatenate([said, behind], axis=1)

    def maps(params, batch):
        weights = read(params, batch)[1]
        return {"encoder": _stacked(weights)} if looks_within else {}

    def begin(params, batch):
        raise ValueError("a tagger says all its words at once: ask for its logits")

    return start, logits, maps, begin


def _one_layer(settings):
    """Build one layer of self-attention that says something at every place, never a special token.

    With answers that are never right in its output, the twins learn far more slowly.
    """
    options = wiring(settings)

    def start(rng):
        entries, answers = _sizes(settings)
        return init_one_layer(rng, entries, answers - len(SPECIAL), settings.width)

    def logits(params, batch, rng=None):
        found, _ = transformer.one_layer(params, batch.source, **options)
        n, answers, kind = *found.shape[1:], found.dtype
        # The end is given, not said: whatever the last one says will do.
        places = np.eye(n, dtype=kind)[[*range(n), n - 1]]
        shift = np.eye(answers, answers + len(SPECIAL), len(SPECIAL), dtype=kind)
        never = np.where(shift.any(axis=0), 0, -1e9).astype(kind)
        return places @ found @ shift + never

    def maps(params, batch):
        return {"encoder": _stacked([transformer.one_layer(params, batch.source, **options)[1]])}

    def begin(params, batch):
        answers = logits(params, batch)  # whatever has been said
        return lambda tokens, place: (answers[:, place : place + 1], place + 1), 0

    return start, logits, maps, begin


def _one_table(settings):
    """Return where the target's tokens begin in the table that holds both, and how many they are.

    They stand behind the source's: target token t has number t + `first`. If the vocabularies are
    the same, so are the tokens.
    """
    task, (first, n_words) = make_task(settings.task), _sizes(settings)
    return (0 if task.source_vocabulary == task.target_vocabulary else first), n_words


def _end_to_end(settings, read, write):
    """Return `logits` and `begin` of a model that reads source and target as one sequence.

    `read` is (params, batch, tokens, rng) -> logits (batch, n, vocabulary) of both, and something
    else; `write` is (params, tokens) -> (step, state) after these tokens.
    """
    first, _ = _one_table(settings)

    def logits(params, batch, rng=None):
        found, _ = read(params, batch, _joined(batch, first), rng)
        places = batch.source_lengths[:, None] + np.arange(batch.target_in.shape[1])
        chosen = places[..., None] == np.arange(found.shape[1])  # (batch, n_target, n)
        return chosen.astype(found.dtype) @ found[..., first:]

    def begin(params, batch):
        ends = batch.source_lengths
        require((ends == ends[0]).all(), f"sources must be equally long, but have lengths {ends}")
        step, state = write(params, batch.source[:, : ends[0]])

        def say(tokens, state):
            found, state = step(tokens + first, state)
            return found[..., first:], state

        return say, state

    return logits, begin


def _joined(batch, first):
    """Tokens (batch, n): in each row the source, without its padding, and behind it the target."""
    rows = zip(batch.source, batch.source_lengths, batch.target_in + first, strict=True)
    return pad([[*source[:length], *target] for source, length, target in rows])[0]


_BUILDERS = {
    "recurrent": _recurrent,
    "transformer": _transformer,
    "decoder_only": _decoder_only,
    "recurrent_only": _recurrent_only,
    "look_up": _look_up,
    "last_state": _last_state,
    "look_ups": _look_ups,
    "tagger": _tagger,
    "one_layer": _one_layer,
}
