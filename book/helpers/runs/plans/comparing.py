"""What comparing query and key brings: location scores beside dot scores, chapter 06.

Recall of pairs that are paired anew in every source: half and three times the steps, and two rates.
Then the chapter's other tasks, at budgets small enough to tell; the runs with dot scores, and most
of those with one vector, are in their own records.
"""

from helpers.runs.settings import Settings

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
    Settings(task="fr12", attend=True, score="location", steps=500),
    *(
        Settings(task="reversal", attend=True, score="location", steps=steps)
        for steps in (750, 3000)
    ),
    Settings(task="de5", attend=True, score="location", steps=800),
    Settings(task="de5", steps=800),
]
KEEP = {}
SEEDS = 5
