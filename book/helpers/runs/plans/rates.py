"""Three cells at five learning rates, French numbers of 2 to 4 digits: chapter 02.

Which cell is ahead depends on the rate. The plain RNN gets more steps as well, at two rates. The
last runs clip no gradient.
"""

from helpers.runs.settings import grid

PLAN = [
    *grid(
        task="fr4",
        steps=600,
        encoder=("rnn", "gru", "lstm"),
        rate=(1e-3, 2e-3, 4e-3, 8e-3, 16e-3),
    ),
    *grid(task="fr4", steps=(1200, 2400), encoder="rnn", rate=(4e-3, 8e-3)),
    *grid(task="fr4", steps=600, encoder=("rnn", "gru", "lstm"), clip=1e6),
]
KEEP = {}
SEEDS = 5
