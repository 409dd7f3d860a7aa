"""Real text, letter by letter: what a language model learns on.

Stands on `base`; knows no model.
"""

import gzip
from functools import lru_cache
from pathlib import Path

import numpy as np

from helpers.shapes import require
from helpers.tasks.base import END, SPECIAL, Task, encode_tokens

#: Topics that no model is trained on. No other topic repeats them.
HELD_OUT_TOPICS = ("calls", "comparisons", "import", "objects", "raise")


@lru_cache
def topics():
    """Return texts on Python: name of a topic -> what ``help()`` says about it.

    A part of the standard library's ``pydoc_data.topics``, as of Python 3.11, since its text
    changes with the version. Its licence stands beside the file, in ``python_topics_license.txt``.

    Examples
    --------
    >>> print(topics()["truth"][:62])
    Truth Value Testing
    *******************
    <BLANKLINE>
    Any object can be tes
    """
    path = Path(__file__).with_name("python_topics.txt.gz")
    parts = gzip.decompress(path.read_bytes()).decode("utf-8").removeprefix("@@ ").split("\n@@ ")
    named = (part.partition("\n") for part in parts)
    return {name: text for name, _, text in named}


@lru_cache
def whole_text(held_out=False):
    """Return all topics to train on as one text, or those that are held out.

    Examples
    --------
    >>> len(whole_text()) // 1000, len(whole_text(held_out=True)) // 1000
    (337, 34)
    """
    wanted = [text for name, text in topics().items() if (name in HELD_OUT_TOPICS) == held_out]
    return "\n\n".join(wanted)


@lru_cache
def python_topics(length=64, held_out=400):
    r"""Say the next letter of a text on Python.

    A pair has no source; its target is a part of the text, which may begin in the midst of a
    word. Five topics are held out, so what is tested stands in no part that was trained on.

    Parameters
    ----------
    length : int
        Letters in a part, blanks, signs and line ends among them.
    held_out : int
        Parts of the held-out topics, at equal distances.

    Returns
    -------
    Task
        With the same vocabulary on both sides, and END `given`: a part of a text has no end.

    Raises
    ------
    ValueError
        If `length` is below 1, or above what the held-out topics have.

    Examples
    --------
    >>> task = python_topics()
    >>> source, target = task.held_out[0]
    >>> source, "".join(task.target_words(target))
    ([], 'Calls\n*****\n\nA call calls a callable object (e.g., a *function*)')
    """
    vocabulary = (*SPECIAL, *sorted(set(whole_text() + whole_text(held_out=True))))
    texts = [np.array(encode_tokens(whole_text(out), vocabulary)) for out in (False, True)]
    require(
        1 <= length <= min(map(len, texts)),
        f"length = {length} must lie in 1 … {min(map(len, texts))}",
    )

    def part(text, begin):
        return [], text[begin : begin + length].tolist()

    def draw(rng):
        return part(texts[0], rng.integers(len(texts[0]) - length + 1))

    begins = np.linspace(0, len(texts[1]) - length, held_out).astype(int)
    test = [part(texts[1], begin) for begin in begins]
    return Task("Python topics", vocabulary, vocabulary, draw, test, (END,))
