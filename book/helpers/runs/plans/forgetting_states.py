"""What the last state of an encoder still holds, with attention and without: chapter 04.

The same encoder-decoder, on letters that are said backwards, with attention and with one vector.
Afterwards the encoder is frozen, and two others read its last state: a linear probe, and a fresh
decoder without attention that is trained for it. For comparison an encoder after a single step of
training, and, for the probe, letters that belong to other sources.
"""

import numpy as np

from helpers.functions import cross_entropy
from helpers.recurrent import CELLS, shown
from helpers.runs.build import start
from helpers.runs.settings import Settings
from helpers.runs.training import fit
from helpers.seq2seq import seq2seq
from helpers.tasks import SPECIAL, make_batch

ONE_VECTOR = Settings(task="reversal10", steps=1000)
ATTENTION = ONE_VECTOR.but(attend=True)
UNTRAINED = ONE_VECTOR.but(steps=1)
PLAN = [ONE_VECTOR, ATTENTION, UNTRAINED]
KEEP = {}
SEEDS = 5
LETTERS, LENGTH = 20, 10


def sources(rng, count):
    """Draw sequences of letters (count, 10).

    Examples
    --------
    >>> sources(np.random.default_rng(0), 2).shape
    (2, 10)
    """
    return len(SPECIAL) + rng.integers(LETTERS, size=(count, LENGTH))


def last_states(trained, tokens):
    """Return the last states (batch, width) of a recurrent encoder.

    Examples
    --------
    >>> from helpers.runs import load
    >>> last_states(load("reversal_one_vector_16"), np.array([[3, 4, 5]])).shape
    (1, 16)
    """
    cell = CELLS[trained.settings.encoder]
    table = trained.params["source_embedding"]
    return shown(cell(trained.params["encoder"], tokens, table=table)[1])


def linear_probe(states, labels, ridge=1e-2):
    r"""Fit one linear map from states to labels, by least squares.

    .. math:: W = (H^\top H + \lambda n I)^{-1} H^\top Y

    Parameters
    ----------
    states : array (n, width)
        H; one more column, of ones, is put to it.
    labels : integer array (n, places)
        Each place has a map of its own. Y has a 1 where a label stands, else 0.
    ridge : float
        :math:`\lambda`: keeps the numbers of W small.

    Returns
    -------
    callable
        States (m, width) -> the likeliest labels (m, places).

    References
    ----------
    Alain and Bengio 2016.

    Examples
    --------
    >>> read = linear_probe(np.array([[0.0], [1.0], [2.0]]), np.array([[1], [1], [0]]))
    >>> read(np.array([[0.1], [1.9]]))[:, 0]
    array([1, 0])
    """
    classes = labels.max() + 1
    wanted = np.eye(classes)[labels].reshape(len(labels), -1)
    with_one = np.insert(states.astype(float), 0, 1, axis=1)
    penalty = ridge * len(states) * np.eye(with_one.shape[1])
    weight = np.linalg.solve(with_one.T @ with_one + penalty, with_one.T @ wanted)

    def read(states):
        scores = np.insert(states.astype(float), 0, 1, axis=1) @ weight
        return scores.reshape(len(states), -1, classes).argmax(axis=-1)

    return read


def fresh_reader(trained, steps=500, batch=32):
    """Train a new decoder, without attention, to say backwards what a frozen encoder has read.

    Parameters
    ----------
    trained : Trained
        A recurrent encoder-decoder; its encoder is used, and not changed.
    steps, batch : int

    Returns
    -------
    callable
        Batch of sequences of ten letters -> logits (batch, n_target, vocabulary).

    Examples
    --------
    >>> from helpers.runs import load
    >>> read = fresh_reader(load("reversal_one_vector_16"), steps=1)
    >>> read(make_batch([([3, 4], [4, 3])])).shape
    (1, 3, 23)
    """
    settings = trained.settings.but(attend=False, seed=100 + trained.settings.seed)
    frozen = {name: trained.params[name] for name in ("source_embedding", "encoder")}
    new = {name: own for name, own in start(settings).items() if name not in frozen}
    rng = np.random.default_rng(settings.seed)

    def logits(params, batch):
        options = {"attend": False, "encoder": settings.encoder}
        return seq2seq({**frozen, **params}, *batch[:3], **options)

    def loss(params, batch):
        return cross_entropy(logits(params, batch), batch.target_out, batch.target_mask)

    drawn = (backwards(sources(rng, batch)) for _ in range(steps))
    params, _ = fit(loss, new, drawn, steps, rate=8e-3, label=None)
    return lambda batch: logits(params, batch)


def backwards(tokens):
    """Batch of sequences and of the same turned round.

    Examples
    --------
    >>> backwards(np.array([[3, 4, 5]])).target_out
    array([[5, 4, 3, 2]])
    """
    return make_batch([(one.tolist(), one[::-1].tolist()) for one in tokens])


def WATCH(trained):
    """Share of letters right, by distance to the end, of four readers of the last state.

    The model's own decoder, which may attend; a fresh one, which may not; a linear probe; and a
    probe fitted to the letters of other sources.

    Examples
    --------
    >>> from helpers.runs import load
    >>> found = WATCH(load("reversal_one_vector_16"))  # doctest: +SKIP
    >>> sorted(found), len(found["probe"])  # doctest: +SKIP
    (['fresh', 'own', 'probe', 'shuffled'], 10)
    """
    rng = np.random.default_rng(0)
    tokens, test = sources(rng, 4000), sources(rng, 1000)
    states, test_states = last_states(trained, tokens), last_states(trained, test)
    labels = (tokens - len(SPECIAL))[:, ::-1]  # the last letter first: distance 1, 2, …
    said = {
        "probe": linear_probe(states, labels)(test_states),
        "shuffled": linear_probe(states, rng.permutation(labels))(test_states),
    }
    batch = backwards(test)
    for name, read in (("own", trained.logits), ("fresh", fresh_reader(trained))):
        said[name] = read(batch).argmax(axis=-1)[:, :LENGTH] - len(SPECIAL)
    right = (test - len(SPECIAL))[:, ::-1]
    return {name: (one == right).mean(axis=0).round(4).tolist() for name, one in said.items()}
