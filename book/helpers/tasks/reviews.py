"""Real reviews: what people wrote of films, and whether others took it for praise.

Stands on `base`; knows no model.
"""

import gzip
import re
from collections import Counter
from functools import lru_cache
from pathlib import Path

import numpy as np

from helpers.shapes import require
from helpers.tasks.base import SPECIAL, Task, encode_tokens

#: Stands for every word that the reviews to train on hold fewer than five times.
RARE = "<rare>"
HELD_OUT, OFTEN = 1500, 5


def review_words(text):
    """Cut a review into small words and marks.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of str

    Examples
    --------
    >>> review_words("It isn't funny, but who cares?")
    ['it', "isn't", 'funny', ',', 'but', 'who', 'cares', '?']
    """
    return re.findall(r"[a-z]+(?:'[a-z]+)?|[.,!?;:]", text.lower())


@lru_cache
def rated_reviews():
    """Return snippets of film reviews and their ratings, in a fixed order that is drawn by lot.

    From Hutto and Gilbert 2014, without those that are rated between -0.5 and 0.5. The licence
    stands beside the file, in ``film_reviews_license.txt``.

    Returns
    -------
    list of (float, str)
        The mean of people's ratings, from -4 to 4, and the text.

    References
    ----------
    Hutto and Gilbert 2014.

    Examples
    --------
    >>> len(rated_reviews()), rated_reviews()[2][1][:43]
    (10070, "Even if the ride's a little bumpy, with a f")
    """
    path = Path(__file__).with_name("film_reviews.txt.gz")
    lines = gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()
    rated = [line.split("\t") for line in lines]
    order = np.random.default_rng(0).permutation(len(rated)).tolist()
    return [(float(rated[i][0]), rated[i][1]) for i in order]


@lru_cache
def real_reviews(count=None):
    """Tell whether a real snippet of a film review praises the film, in one word.

    Parameters
    ----------
    count : int, optional
        Reviews to train on; all that are not held out, if not given. The vocabulary stays the same.

    Returns
    -------
    Task
        The first 1,500 of `rated_reviews` are held out. A word that those to train on hold fewer
        than five times is `RARE`.

    Raises
    ------
    ValueError
        If `count` is below 1, or above what there is.

    Examples
    --------
    >>> task = real_reviews()
    >>> source, target = task.held_out[2]
    >>> " ".join(task.source_words(source))[:46], task.target_words(target)
    ('even if the <rare> a little <rare> , with a fi', ['positive'])
    """
    rated = rated_reviews()
    most = len(rated) - HELD_OUT
    require(count is None or 1 <= count <= most, f"count = {count} must lie in 1 … {most}")
    counts = Counter(word for _, text in rated[HELD_OUT:] for word in review_words(text))
    known = sorted(word for word, times in counts.items() if times >= OFTEN)
    sources, targets = (*SPECIAL, RARE, *known), (*SPECIAL, "negative", "positive")

    def pair(rating, text):
        words = [word if counts[word] >= OFTEN else RARE for word in review_words(text)]
        verdict = "positive" if rating > 0 else "negative"
        return encode_tokens(words, sources), encode_tokens([verdict], targets)

    pairs = [pair(*one) for one in rated]
    to_train = pairs[HELD_OUT:][:count]

    def draw(rng):
        return to_train[rng.integers(len(to_train))]

    return Task("real reviews", sources, targets, draw, pairs[:HELD_OUT])
