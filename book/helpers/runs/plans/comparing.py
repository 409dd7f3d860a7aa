"""What comparing query and key brings: location scores beside dot scores, chapter 06.

Recall of pairs that are paired anew in every source, with more steps for what fails; then the
chapter's other tasks, whose runs with dot scores are in their own records, at two budgets.
"""

from helpers.runs.settings import Settings, grid

RECALL = Settings(task="recall8", attend=True, steps=1000)
PLAN = [
    RECALL,
    RECALL.but(steps=500),
    *grid(task="recall8", attend=True, score="location", steps=(1000, 3000)),
    *grid(task="recall8", steps=(1000, 3000)),
    *grid(task="fr12", attend=True, score="location", steps=(500, 1500)),
    *grid(task="reversal", attend=True, score="location", steps=(750, 3000)),
    Settings(task="de9", attend=True, score="location", steps=1500),
]
KEEP = {}
SEEDS = 5
