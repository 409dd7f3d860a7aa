"""French numbers below 1000 cut into words, letters or merged pairs: chapter 01.

The same translator, with one summary vector, at three budgets; at the one in the middle at other
learning rates too, and, since letters make long sequences, with attention. Then the same
translator trained by mistake: its decoder reads the very word that it is asked for. Recorded with
each run is what it makes of Belgian numbers, whose *septante*, 70, and *nonante*, 90, stand in no
text it was trained on.
"""

from num2words import num2words

from helpers.runs.settings import Settings, grid
from helpers.tasks import cut_word, number_merges, number_words

TASKS = {"words": "fr3", "letters": "fr_letters3", "pairs": "fr_pairs3"}
BUDGETS = (300, 600, 1200)
RATES = (4e-3, 16e-3, 32e-3)  # besides 8e-3
START = Settings(task="fr3", width=32, steps=600)
BELGIAN = (*range(70, 80), *range(90, 100))
PLAN = [
    *grid(task=tuple(TASKS.values()), width=32, steps=BUDGETS),
    *grid(task=tuple(TASKS.values()), width=32, steps=600, rate=RATES),
    *grid(task=tuple(TASKS.values()), width=32, steps=600, attend=True),
    START.but(shifted=False),
]
KEEP = {}
SEEDS = 5


def WATCH(trained):
    """Return what it says to Belgian numbers, and how many of the twenty are right.

    Returns
    -------
    dict or None
        Nothing of a model that knows whole words alone: it cannot read them.

    Examples
    --------
    >>> from helpers.runs import Trained, start
    >>> WATCH(Trained(start(START), START)) is None
    True
    """
    if trained.settings.task == TASKS["words"]:
        return None
    merges = number_merges("fr") if trained.settings.task == TASKS["pairs"] else ()
    pairs = [
        trained.task.pair(list(cut_word(num2words(number, lang="fr_BE").replace(" ", "-"), merges)))
        for number in BELGIAN
    ]
    said = trained.answers(pairs)
    right = sum(
        words == number_words(number, "en") for number, words in zip(BELGIAN, said, strict=True)
    )
    return {"right": right, "septante": " ".join(said[0]), "nonante": " ".join(said[10])}
