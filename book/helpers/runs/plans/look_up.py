"""One look-up in a phone book, five scores, against where training starts: chapter 05.

Each score starts from queries and keys of seven lengths and is trained at three rates; general
scores also start from a matrix of zeros, so that all weights start equal, as additive ones do.
Location scores, which do not see the names, are tried at one length alone.
"""

from helpers.runs.settings import Settings

BOOK = Settings(task="phone_book", model="look_up", steps=400)
LENGTHS = (0.3, 1.0, 2.83, 4.0, 8.0, 16.0, 24.0)
RATES = (3e-3, 9e-3, 2e-2)
SCORES = (
    {"score": "dot"},
    {"score": "scaled_dot"},
    {"score": "general"},
    {"score": "general", "from_zero": True},
    {"score": "additive"},
)
PLAN = [
    *(
        BOOK.but(**score, start_length=length, rate=rate)
        for score in SCORES
        for rate in RATES
        for length in LENGTHS
    ),
    *(BOOK.but(score="location", rate=rate) for rate in RATES),
]
KEEP = {}
SEEDS = 5
