"""A trained model that answers in one call: what it says, where it looks, how often it is right.

Stands on build, training and records.
"""

import dataclasses
from typing import NamedTuple

import numpy as np

from helpers import decoding
from helpers.learning import flatten, unflatten
from helpers.runs.build import build
from helpers.runs.records import read_weights
from helpers.runs.settings import Settings
from helpers.runs.training import accuracy_by_length, exactly_right, fit, share_right
from helpers.shapes import require, require_choice
from helpers.tasks import (
    END,
    START,
    Batch,
    batches,
    by_length,
    make_batch,
    make_task,
    reversed_source,
    unshifted,
)
from helpers.transformer import WIRES


class Map(NamedTuple):
    """Attention maps of one kind, with the words they lie between.

    Attributes
    ----------
    weights : array (layers, heads, n_rows, n_columns)
        Recurrent models have one layer and one head.
    rows : list of str
        The words that are said there, ``(end)`` the last of them; in an encoder those that look.
    columns : list of str
        The words that are looked at; ``(start)`` is the token before the first word, and
        ``(summary)`` the one vector of a model without attention.
    """

    weights: np.ndarray
    rows: list
    columns: list


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Trained:
    """A model with its parameters and the settings that say how to run them.

    Texts are strings, or lists of words, see `tasks.split_text`; pairs are (source tokens, target
    tokens), as `Task.pair` makes them and a task holds them out. With changed parameters it is
    another model: ``dataclasses.replace(trained, params=...)``.

    Attributes
    ----------
    params : dict
        Nested; arrays.
    settings : Settings
    history : dict or None
        Of its training, see `fit`; None if it was loaded.

    Examples
    --------
    >>> reverser = load("reversal_attention_64")
    >>> reverser.says("abcde")
    ['e', 'd', 'c', 'b', 'a']
    >>> look = reverser.maps("abc")["cross"]
    >>> look.weights.shape, look.rows, look.columns
    ((1, 1, 4, 3), ['c', 'b', 'a', '(end)'], ['a', 'b', 'c'])
    """

    params: dict
    settings: Settings
    history: dict | None = None

    def __repr__(self):
        return f"Trained({self.size:,} parameters, {self.settings})"

    def but(self, **changes):
        """Return the same parameters, run by other settings.

        Examples
        --------
        >>> ready = load("french_transformer")
        >>> ready.but(wires="ttt ttt").says("dix sept") == ready.says("dix sept")
        False
        """
        return dataclasses.replace(self, settings=self.settings.but(**changes))

    def without(self, part):
        """Return the same Transformer with one part taken out: it adds nothing to the sums.

        Parameters
        ----------
        part : str
            ``encoder self-attention``, ``decoder self-attention``, ``cross-attention``, ``encoder
            feed-forward``, ``decoder feed-forward``, ``encoder residual`` or ``decoder residual``
            (the sums of that side), ``norms`` (of all blocks), ``last norms``, or ``positions``.

        Raises
        ------
        ValueError
            If it has no such part.

        Examples
        --------
        >>> ready = load("french_transformer")
        >>> ready.says("dix sept")
        ['seventeen']
        >>> ready.without("cross-attention").says("dix sept") == ["seventeen"]
        False
        """
        settings = {
            "decoder self-attention": {"wires": "none tss"},
            "cross-attention": {"wires": "ttt none"},
            "encoder residual": {"residual": "decoder"},
            "decoder residual": {"residual": "encoder"},
            "norms": {"norm": "none"},
            "positions": {"positions": "none"},
        }
        places = {
            "encoder self-attention": ("encoder", ("attention", "output")),
            "encoder feed-forward": ("encoder", ("shrink",)),
            "decoder feed-forward": ("decoder", ("shrink",)),
        }
        require_choice("part", part, (*settings, *places, "last norms"))
        if part in settings:
            return self.but(**settings[part])
        params = dict(self.params)
        for side, way in [places[part]] if part in places else [("encoder", ()), ("decoder", ())]:
            stack = {name: own for name, own in params[side].items() if name != "norm" or way}
            params[side] = {
                name: _silenced(own, way) if name.startswith("block_") else own
                for name, own in stack.items()
            }
        return dataclasses.replace(self, params=params)

    @property
    def task(self):
        """The task that it was trained on."""
        return make_task(self.settings.task)

    @property
    def size(self):
        """Number of its parameters."""
        return flatten(self.params).size

    def batch(self, pairs):
        """Batch of the pairs, as the model reads them: with sources turned round if it does so."""
        batch = pairs if isinstance(pairs, Batch) else make_batch(pairs, self.task.given)
        return reversed_source(batch) if self.settings.reversed_source else batch

    def says(self, text, limit=60):
        """Words that it says to a source text, each the likeliest after the one before."""
        return self.answers([self.task.pair(text)], limit)[0]

    def answers(self, pairs=None, limit=60):
        """Words that it says to the source of each pair; the targets are not looked at.

        Raises
        ------
        ValueError
            If the task gives a part of the target: then ask for the `logits` behind that part.
        """
        task, pairs = self.task, self._pairs(pairs)
        require(not task.given, f"the task {task.name} gives a part of each target; ask for logits")
        said = {}  # sources of one length at a time: nothing is padded
        for sources in by_length([(tuple(source), []) for source, _ in pairs]).values():
            step, state = self._model.begin(self.params, self.batch(sources))
            answers = decoding.greedy(step, state, START, END, limit)
            said |= {source: answer for (source, _), answer in zip(sources, answers, strict=True)}
        return [task.target_words(said[tuple(source)]) for source, _ in pairs]

    def logits(self, pairs):
        """Logits (batch, n_target, target_vocabulary), each after the right words before it."""
        return self._logits(self.batch(pairs))

    def loss(self, pairs=None):
        """Mean cross-entropy of the target words, in nats, smoothed if it was trained so."""
        return float(self._model.loss(self.params, self.batch(self._pairs(pairs))))

    def maps(self, text, target=None):
        """Attention maps of a source text and a target text, by default what the model says.

        Returns
        -------
        dict of Map
            ``cross`` (target looks at source), ``encoder`` (source at source) and ``decoder``
            (target at target), as far as the model has them; of a decoder-only one ``stack``,
            in which source and target are one sequence; of several look-ups ``page``.
        """
        said = self.says(text) if target is None else target
        pair = self.task.pair(text, said)
        found, read = self.weights([pair]), self.batch([pair]).source[0]
        source, said = self.task.source_words(read), self.task.target_words(pair[1])
        read, rows = ["(start)", *said], [*said, "(end)"]
        one_vector = self.settings.model == "recurrent" and not self.settings.attend
        looked_at = ["(summary)"] if one_vector else source
        labels = {
            "encoder": (source, source),
            "decoder": (rows, read),
            "cross": (rows, looked_at),
            "stack": ([*source, *rows], [*source, *read]),
            "page": (["asks"], _entries(source)),
        }
        if self.settings.wires != WIRES:
            labels |= _labels_of_wires(self.settings.wires, source, rows, read)
        return {kind: Map(weights[0], *labels[kind]) for kind, weights in found.items()}

    def weights(self, pairs):
        """Attention weights of many pairs: kind -> (batch, layers, heads, n_rows, n_columns).

        Kinds, rows and columns are those of `maps`; past a pair's own lengths stands padding.
        """
        return self._model.maps(self.params, self.batch(pairs))

    def right(self, pairs=None):
        """For each pair, by default those held out, whether it gets every word right."""
        return exactly_right(self._logits, self._pairs(pairs), self.batch)

    def accuracy_by_length(self, pairs=None):
        """Length of the source -> (share of pairs right in every word, number of pairs)."""
        return accuracy_by_length(self._logits, self._pairs(pairs), self.batch)

    def share_right(self, pairs=None):
        """Share of pairs, by default those held out, that it gets right in every word."""
        return share_right(self._logits, self._pairs(pairs), self.batch)

    @property
    def _model(self):
        return build(self.settings)

    def _logits(self, batch):
        return self._model.logits(self.params, batch)

    def _pairs(self, pairs):
        return self.task.held_out if pairs is None else pairs


def _entries(words):
    """Names with their numbers, of a page of a phone book and what is asked behind it."""
    pairs = zip(words[::2], words[1::2], strict=False)
    return [f"{name} {number}" for name, number in pairs if number.isdigit()]


def _silenced(params, way):
    """Return the parameters of a block with 0 in one place, so that this part adds nothing."""
    if not way:
        return params
    name, *rest = way
    if rest:
        return params | {name: _silenced(params[name], rest)}
    own = params[name]
    zero = {key: 0 * array for key, array in own.items()} if isinstance(own, dict) else 0 * own
    return params | {name: zero}


def _labels_of_wires(wires, source, rows, read):
    """Return what rows and columns of the decoder's two maps are, whoever asks and is asked."""
    pairs = zip(wires.split(), WIRES.split(), strict=True)
    taps = [usual if three == "none" else three for three, usual in pairs]
    asks, asked = {"t": rows, "s": source}, {"t": read, "s": source}
    found = [(asks[three[0]], asked[three[1]]) for three in taps]
    return dict(zip(("decoder", "cross"), found, strict=True))


def train(settings, label="training", evaluate=None, every=100):
    """Train a model.

    Parameters
    ----------
    settings : Settings
    label : str or None
        Stands before the progress bar; None: no bar.
    evaluate : callable, optional
        Trained -> anything worth keeping, called every so many steps and at the end; kept in
        ``history["evaluated"]`` as pairs of step and what it returned.
    every : int

    Returns
    -------
    Trained

    Examples
    --------
    >>> trained = train(Settings(task="reversal", width=4, steps=2))
    >>> len(trained.history["loss"]), trained
    (2, Trained(575 parameters, Settings(task='reversal', width=4, steps=2)))
    """
    task, rng = make_task(settings.task), np.random.default_rng(settings.seed)
    dropping = np.random.default_rng([settings.seed, 1])  # so that batches do not depend on it
    model = build(settings)
    params, drawn = model.start(rng), batches(task, rng, settings.batch)
    if settings.reversed_source:
        drawn = map(reversed_source, drawn)
    if not settings.shifted:
        drawn = map(unshifted, drawn)
    watch = evaluate and (lambda params: evaluate(Trained(params, settings)))
    params, history = fit(
        lambda params, batch: model.loss(params, batch, dropping),
        params,
        drawn,
        settings.steps,
        rate=settings.rate,
        warmup=settings.warmup,
        clip=settings.clip,
        evaluate=watch,
        every=every,
        label=label,
        rng=dropping,
    )
    return Trained(params, settings, history)


def load(name):
    """Load a trained model that a plan keeps.

    Parameters
    ----------
    name : str

    Returns
    -------
    Trained

    Raises
    ------
    ValueError
        If no plan keeps such a model, or its file holds one of other settings.
    FileNotFoundError
        If there is no file.

    Examples
    --------
    >>> load("french_attention").says("quatre vingt douze")
    ['ninety', 'two']
    """
    vector, settings = read_weights(name)
    template = build(settings).start(np.random.default_rng(0))
    return Trained(unflatten(vector, template), settings)
