"""French numbers by one stack, without encoder and without cross-attention: chapter 12.

The Transformers to compare with, at the same 500 steps and at 1000, are in the records of `parts`
and `transformer`. What else might tell the two apart is changed by itself: the depth, how
positions are told, and whether the source has to be predicted as well. With a prefix, in which the
words of the source see each other, there are also twice the steps, and half the rate. And heads of
queries that share their keys and values, two by two and all four. The weights of the first five are
kept: the chapter takes blocks of their map away.
"""

import numpy as np

from helpers.runs.settings import Settings

STACK = Settings(task="fr12", model="decoder_only", layers=2, positions="rotary", steps=500)
PREFIX = STACK.but(mask="prefix")
PLAN = [
    STACK,
    PREFIX,
    STACK.but(layers=1),
    PREFIX.but(steps=1000),
    STACK.but(positions="sinusoidal"),
    STACK.but(source_loss=True),
    PREFIX.but(rate=2e-3),
    *(STACK.but(key_heads=shared) for shared in (2, 1)),
]
SEEDS = 5
KEEP = {f"one_stack_{seed}": STACK.but(seed=seed) for seed in range(SEEDS)}
KEEP |= {"one_stack_prefix": PREFIX}
FRENCH = "deux trois quatre cinq six sept huit neuf vingt trente quarante cinquante cent mille"
ENGLISH = "two three four five six seven eight nine twenty thirty forty fifty hundred thousand"
SAME = dict(zip(ENGLISH.split(), FRENCH.split(), strict=True))


def looks(trained, groups):
    """How much weight each head gives to the places that the detectors of chapter 07 are about.

    Words count that stand once on either side, and whose French word is not the last.

    Parameters
    ----------
    trained : Trained
        A stack that translates French numbers.
    groups : list of lists of pairs
        Each of one length of source and one of target: nothing is padded.

    Returns
    -------
    dict of str to array (blocks, heads)
        Mean weights: of French words on the word before; of the row that has just read an English
        word on its French word, and on the place behind that; of the row that says it on its French
        word.

    Examples
    --------
    >>> from helpers.runs import load
    >>> model = load("one_stack_0")
    >>> pairs = [model.task.pair("deux cent trente six", "two hundred and thirty six")]
    >>> found = looks(model, [pairs])
    >>> list(found), found["behind it"].shape
    (['one back, in French', 'at what it has read', 'behind it', 'at what it says'], (2, 4))
    """
    names = ("one back, in French", "at what it has read", "behind it", "at what it says")
    task, found = trained.task, {name: [] for name in names}
    for group in groups:
        for pair, maps in zip(group, trained.weights(group)["stack"], strict=True):
            words, said = task.source_words(pair[0]), task.target_words(pair[1])
            n, french = len(words), np.arange(1, len(words))
            found["one back, in French"].append(maps[:, :, french, french - 1].mean(axis=-1))
            for i, word in enumerate(said):
                same = SAME.get(word)
                if words.count(same) == said.count(word) == 1 and words[-1] != same:
                    j, row = words.index(same), n + i  # says the word; the next row reads it
                    found["at what it says"].append(maps[:, :, row, j])
                    found["at what it has read"].append(maps[:, :, row + 1, j])
                    found["behind it"].append(maps[:, :, row + 1, j + 1])
    return {name: np.mean(weights, axis=0) for name, weights in found.items()}
