"""What comparing query and key brings: location scores beside dot scores, chapter 06.

Recall of pairs that are paired anew in every source: half and three times the steps, and two rates.
Then the chapter's other tasks, whose runs with dot scores are in their own records, at two budgets.
"""

from helpers.runs.settings import Settings, grid

RECALL = Settings(task="recall8", attend=True, steps=500, rate=1.2e-2)
BY_PLACE = RECALL.but(score="location")
SLOWER = Settings(task="recall8", attend=True, steps=1000)
PLAN = [
    RECALL,
    RECALL.but(steps=250),
    *(BY_PLACE.but(steps=steps) for steps in (500, 1500)),
    *(RECALL.but(attend=False, steps=steps) for steps in (500, 1500)),
    SLOWER,
    SLOWER.but(score="location"),
    *grid(task="fr12", attend=True, score="location", steps=(500, 1500)),
    *grid(task="reversal", attend=True, score="location", steps=(750,)),
]
KEEP = {}
SEEDS = 5
