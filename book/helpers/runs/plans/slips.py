"""Small models trained with a bug in place, beside the same models without it: the gallery.

French numbers of 2 to 4 digits, and budgets at which a model can still get better: a Transformer;
a recurrent model that attends, and reads from both ends; and one with a single vector. Each run is
measured in four ways, since a bug may show in one of them and in no other: with a teacher and
sources of one length together, which is the accuracy of every record; with a teacher and all
lengths in one padded batch; by what it writes alone; and, its parameters unchanged, with the right
function back in place.
"""

import operator

from helpers import decoding
from helpers.runs.build import build
from helpers.runs.settings import Settings
from helpers.tasks import END, START, by_length

SMALL = {"task": "fr4", "width": 32, "batch": 16, "rate": 8e-3}
TRANSFORMER = Settings(**SMALL, model="transformer", heads=2, steps=250)
BOTH_WAYS = Settings(**SMALL, attend=True, encoder="bidirectional", steps=300)
ONE_VECTOR = Settings(**SMALL, steps=500).but(width=48)
#: Bugs of what runs word by word alone: these are measured as they write from a cache.
CACHED = ("positions-restart", "cache-grown-at-the-front")
#: Each bug, in the model that it is measured in.
PLACES = {
    TRANSFORMER: (
        "softmax-over-queries",
        "scores-unscaled",
        "scores-by-the-models-width",
        "scores-by-the-number-of-keys",
        "mask-after-softmax",
        "mask-times-scores",
        "mask-turned-round",
        "causal-one-ahead",
        "decoder-sees-the-future",
        "queries-masked-for-keys",
        "decoder-sees-source-padding",
        "padding-counted-as-zero",
        "memory-taken-from-the-target",
        "heads-merged-without-moving-the-axis",
        "positions-along-the-batch",
        "wavelength-of-each-number",
        "norm-over-time",
        "softmax-before-the-loss",
        *CACHED,
    ),
    TRANSFORMER.but(dropout=0.1): ("dropout-turned-round",),
    BOTH_WAYS: ("backward-not-turned-back", "update-gate-turned-round"),
    ONE_VECTOR: ("padding-read",),
    ONE_VECTOR.but(summary="last"): ("last-of-the-padded-array",),
    ONE_VECTOR.but(summary="mean"): ("mean-over-padding",),
}


def WATCH(trained):
    """Return the share of held-out pairs that is right, measured in the other three ways.

    Examples
    --------
    >>> from helpers.runs import Trained, start
    >>> sorted(WATCH(Trained(start(PLAN[0]), PLAN[0])))
    ['mended', 'padded', 'written']
    """
    pairs = trained.task.held_out
    said = trained.answers(pairs) if trained.settings.bug in CACHED else _written(trained, pairs)
    wanted = [trained.task.target_words(target) for _, target in pairs]
    right = sum(map(operator.eq, said, wanted))
    return {
        "padded": round(_share(trained.logits(pairs), trained.batch(pairs)), 3),
        "written": round(right / len(pairs), 3),
        "mended": round(trained.but(bug="").share_right(), 3),
    }


def _share(logits, batch):
    """Share of a batch that is right in every word."""
    wrong = (logits.argmax(axis=-1) != batch.target_out) & batch.target_mask
    return float(1 - wrong.any(axis=1).mean())


def _written(trained, pairs):
    """Return what a model writes, running all of it again for each word."""
    model, said = build(trained.settings), {}
    for sources in by_length([(tuple(source), []) for source, _ in pairs]).values():
        step, state = decoding.without_cache(
            lambda *batch: model.logits(trained.params, batch), *trained.batch(sources)[:2]
        )
        answers = decoding.greedy(step, state, START, END, 12)
        said |= {source: answer for (source, _), answer in zip(sources, answers, strict=True)}
    return [trained.task.target_words(said[tuple(source)]) for source, _ in pairs]


PLAN = [settings.but(bug=name) for settings, names in PLACES.items() for name in ("", *names)]
KEEP, SEEDS = {}, 5
