"""Three tasks, and the parts of a model: what each of them needs, chapter 13.

The same decoder in every cell. It is handed one vector, the mean of what the encoder put out, or
attends to all of it; the encoder is none (each word's own vector), two GRUs or self-attention. The
controls: fewer real reviews to train on; and self-attention on made reviews, which is trained at
half the others' rate, at their rate as well.
"""

import numpy as np

from helpers.runs.settings import Settings

WORDS = {"encoder": "words"}
TWO_GRUS = {"encoder": "bidirectional"}
SELF_ATTENTION = {"encoder": "self_attention", "positions": "rotary"}
ENCODERS = {"words alone": WORDS, "two GRUs": TWO_GRUS, "self-attention": SELF_ATTENTION}
TASKS = {
    "dates": Settings(task="dates", width=32, summary="mean", steps=600, rate=8e-3),
    "summaries": Settings(task="summaries", width=32, summary="mean", steps=600, rate=8e-3),
    "made reviews": Settings(task="sentiment", width=32, summary="mean", steps=1000, rate=8e-3),
    "real reviews": Settings(task="real_reviews", width=16, summary="mean", steps=500, rate=8e-3),
}
MEASURES = ("rouge1", "rouge2", "rougeL")


def shuffled(pairs, seed=0):
    """Put the words of each source into an order drawn by lot; what is to be said stays.

    Parameters
    ----------
    pairs : list of pairs
    seed : int

    Returns
    -------
    list of pairs

    Examples
    --------
    >>> shuffled([([5, 6, 7, 8], [3])])
    [([7, 5, 6, 8], [3])]
    """
    rng = np.random.default_rng(seed)
    return [(rng.permutation(source).tolist(), target) for source, target in pairs]


def rouge(said, wanted):
    """How much of what was wanted was said, by the package rouge-score: the mean of F scores.

    Parameters
    ----------
    said, wanted : list of list of str
        The words of each text.

    Returns
    -------
    dict
        ``rouge1`` (single words), ``rouge2`` (pairs of neighbours) and ``rougeL`` (the longest
        sequence that both have, with gaps), from 0 to 1.

    References
    ----------
    Lin 2004.

    Examples
    --------
    >>> found = rouge([["anna", "wins"]], [["anna", "wins", "the", "race"]])
    >>> {name: round(value, 2) for name, value in found.items()}
    {'rouge1': 0.67, 'rouge2': 0.5, 'rougeL': 0.67}
    """
    from rouge_score.rouge_scorer import RougeScorer  # slow to load, and for this alone

    scorer = RougeScorer(MEASURES)
    pairs = zip(said, wanted, strict=True)
    scores = [scorer.score(" ".join(right), " ".join(one)) for one, right in pairs]
    return {name: float(np.mean([one[name].fmeasure for one in scores])) for name in MEASURES}


def WATCH(trained):
    """Return what is recorded beside the share right: that of sources whose words are shuffled.

    Of summaries, their ROUGE as well.

    Examples
    --------
    >>> from helpers.runs import Trained, start
    >>> settings = TASKS["made reviews"].but(**WORDS)
    >>> sorted(WATCH(Trained(start(settings), settings)))
    ['shuffled']
    """
    task = trained.task
    found = {"shuffled": round(trained.share_right(shuffled(task.held_out)), 4)}
    if task.name == "summaries":
        wanted = [task.target_words(target) for _, target in task.held_out]
        scores = rouge(trained.answers(limit=20), wanted)
        found |= {name: round(value, 4) for name, value in scores.items()}
    return found


def cells(task):
    """Return the six settings of a task, by what the encoder is and whether the decoder attends.

    Examples
    --------
    >>> len(cells("dates")), cells("dates")["words alone", True].attend
    (6, True)
    """
    slower = {("self-attention", "made reviews"): {"rate": 4e-3}}
    return {
        (name, attend): TASKS[task].but(**options, **slower.get((name, task), {}), attend=attend)
        for name, options in ENCODERS.items()
        for attend in (False, True)
    }


COUNTS = {1000: 200, 3000: 300}  # real reviews to train on -> steps
FEWER = {
    (name, count): cells("real reviews")[name, False].but(task=f"real_reviews{count}", steps=steps)
    for count, steps in COUNTS.items()
    for name in ENCODERS
}
AT_THE_OTHERS_RATE = {
    attend: cells("made reviews")["self-attention", attend].but(rate=TASKS["made reviews"].rate)
    for attend in (False, True)
}
PLAN = [
    *(one for task in TASKS for one in cells(task).values()),
    *FEWER.values(),
    *AT_THE_OTHERS_RATE.values(),
]
SEEDS = 5
KEEP = {
    "dates_one_vector": cells("dates")["two GRUs", False],
    "dates_attention": cells("dates")["two GRUs", True],
    "summaries_one_vector": cells("summaries")["two GRUs", False],
    "summaries_attention": cells("summaries")["two GRUs", True],
    "made_reviews_words": cells("made reviews")["words alone", True],
    "made_reviews_attention": cells("made reviews")["two GRUs", True],
}
