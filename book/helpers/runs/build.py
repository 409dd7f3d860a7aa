"""From settings to a model: its parameters, and the functions that run it on a batch.

Stands on the models, settings and tasks. Whatever the model is, it is run in one way: a
`tasks.Batch` goes in, logits for every target position come out.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy

from helpers import seq2seq, transformer
from helpers.functions import cross_entropy, embedding
from helpers.tasks import make_task

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
        ``cross``, ``encoder`` and ``decoder`` of those that the model has; ``stack`` of a
        decoder-only one.
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
    >>> sorted(model.start(numpy.random.default_rng(0)))
    ['decoder', 'encoder', 'output', 'source_embedding', 'target_embedding']
    """
    start, logits, maps, begin = _BUILDERS[settings.model](settings)

    def loss(params, batch, rng=None):
        found = logits(params, batch, rng)
        return cross_entropy(found, batch.target_out, batch.target_mask, settings.smoothing)

    return Model(start, logits, loss, maps, begin)


def start(settings):
    """Return the parameters before training, as its seed decides.

    Examples
    --------
    >>> from helpers.runs.settings import Settings
    >>> start(Settings(task="reversal", width=8))["output"]["weight"].shape
    (8, 23)
    """
    return build(settings).start(numpy.random.default_rng(settings.seed))


def wiring(settings):
    """Return the part of the settings that the model's own functions take, by keyword.

    Examples
    --------
    >>> from helpers.runs.settings import Settings
    >>> wiring(Settings(task="reversal", model="transformer"))
    {'positions': 'sinusoidal', 'norm': 'pre', 'residual': True}
    """
    names = ("positions", "norm", "residual")
    if settings.model == "recurrent":
        names = ("attend", "encoder", "summary", "score", "positions")
        names = names if settings.attention == "after" else names[:3]
    return {name: getattr(settings, name) for name in names}


def _sizes(settings):
    task = make_task(settings.task)
    return len(task.source_vocabulary), len(task.target_vocabulary), settings.width


def _dropout(settings, rng):
    return {"dropout": settings.dropout, "rng": rng} if rng and settings.dropout else {}


def _stacked(layers):
    """Put maps of several layers (batch, heads, n_queries, n_keys) into one array."""
    return numpy.stack(layers, axis=1)


def _recurrent(settings):
    options = {name: wiring(settings)[name] for name in ("attend", "encoder", "summary")}
    shape = {}  # until seq2seq takes layers, heads, positions and a named score

    def start(rng):
        return seq2seq.init_seq2seq(
            rng, *_sizes(settings), settings.encoder, settings.attention, **shape
        )

    def logits(params, batch, rng=None):
        return seq2seq.seq2seq(params, *batch[:3], **options, **_dropout(settings, rng))

    def maps(params, batch):
        found = {"cross": seq2seq.alignment(params, *batch[:3], **options)[:, None, None]}
        if settings.encoder == "self_attention":
            embedded = embedding(params["source_embedding"], batch.source)
            _, layers = transformer.encoder(params["encoder"], embedded, batch.source_lengths)
            found["encoder"] = _stacked(layers)
        return found

    def begin(params, batch):
        return seq2seq.start_decoding(params, *batch[:2], **options)

    return start, logits, maps, begin


def _transformer(settings):
    options = wiring(settings)
    shape = {"positions": settings.positions, "norm": settings.norm, "longest": LONGEST}

    def start(rng):
        sizes = *_sizes(settings), settings.heads, settings.layers
        return transformer.init_transformer(rng, *sizes, **shape)

    def logits(params, batch, rng=None):
        return transformer.transformer(params, *batch[:3], **options, **_dropout(settings, rng))

    def maps(params, batch):
        found = transformer.attention_maps(params, *batch[:3], **options)
        return {kind: _stacked(layers) for kind, layers in found.items()}

    def begin(params, batch):
        return transformer.start_decoding(params, *batch[:2], **options)

    return start, logits, maps, begin


_BUILDERS = {"recurrent": _recurrent, "transformer": _transformer}
