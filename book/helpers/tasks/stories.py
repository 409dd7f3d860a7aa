"""Tasks in made-up English: the sentiment of a review, the headline of a news item.

Stands on `base`; knows no model. These are no real reviews and no real news. A grammar of a few
dozen words stands in for them, so that a model can be trained in seconds and tested on
combinations of words that it has never seen together; what it then can do says little about
English.
"""

import numpy as np

from helpers.shapes import require
from helpers.tasks.base import SPECIAL, Task, encode_tokens

SUBJECTS = "film plot acting music ending dialogue camera story".split()
POSITIVE = "good great funny clever moving fresh".split()
NEGATIVE = "bad dull boring silly weak slow".split()
NEGATORS = "not never hardly".split()
DEGREES = ["", "very", "really", "quite"]
ASIDES = ["", "i saw it on monday .", "we went with friends .", "it was late .", "i had read it ."]


def sentiment(held_out=600):
    """Tell whether a made-up review is positive or negative, in one word.

    A review has one clause or two. "not", "never" and "hardly" turn a clause round; after "but"
    the second clause counts, before "although" the first. Each clause has a verdict of its own,
    so the one that does not count tells nothing about the other, and a degree such as "very"
    stands in clauses with a negator and without.

    Parameters
    ----------
    held_out : int
        Number of held-out reviews.

    Returns
    -------
    Task
        In a held-out review the clause that counts joins a degree and an adjective that training
        never joins. Half of these clauses are turned round, by a negator that training never joins
        with the adjective either. Each word by itself, and each with others, it has seen.

    Raises
    ------
    ValueError
        If `held_out` is below 1.

    Examples
    --------
    >>> task = sentiment()
    >>> source, target = task.held_out[1]
    >>> " ".join(task.source_words(source))
    'it was late . the ending was never really great but the dialogue was very good .'
    >>> task.target_words(target)
    ['positive']
    """

    def clause(rng, subject, positive, is_held_out=False):
        is_turned = bool(rng.integers(2))
        while True:
            negator = _choose(rng, NEGATORS) if is_turned else ""
            degree = _choose(rng, DEGREES[1:] if is_held_out else DEGREES)
            adjective = _choose(rng, POSITIVE if positive != is_turned else NEGATIVE)
            joined = {_is_held_out_phrase(word, adjective) for word in (negator, degree) if word}
            if joined <= {is_held_out}:
                break
        return f"the {subject} was {negator} {degree} {adjective}"

    def review(rng, is_held_out=False):
        positive = bool(rng.integers(2))
        first, second = rng.permutation(SUBJECTS)[:2]
        counts = clause(rng, first, positive, is_held_out)
        other = clause(rng, second, bool(rng.integers(2)))
        body = [counts, f"{other} but {counts}", f"{counts} although {other}"][rng.integers(3)]
        text = [_choose(rng, ASIDES), f"{body} ."][:: _choose(rng, (1, -1))]
        return " ".join(text), "positive" if positive else "negative"

    sentences = [*ASIDES, "the was but although .", *SUBJECTS, *POSITIVE, *NEGATIVE, *NEGATORS]
    return _grammar_task(
        "sentiment", review, [*sentences, *DEGREES], ["positive negative"], held_out
    )


def _is_held_out_phrase(word, adjective):
    """Whether training never joins a negator or degree with an adjective: a third of all pairs.

    Spread over all words: each adjective has one negator and one degree that it never meets.
    """
    words = NEGATORS if word in NEGATORS else DEGREES[1:]
    return (words.index(word) + (POSITIVE + NEGATIVE).index(adjective)) % len(words) == 0


PEOPLE = "anna ben clara david emma felix greta hugo ida jonas".split()
CITIES = "berlin lisbon oslo paris prague rome vienna".split()
DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
EVENTS = {
    ("won", "wins"): ["the race", "the prize", "the match"],
    ("bought", "buys"): ["the bakery", "the old farm", "a boat"],
    ("opened", "opens"): ["a school", "a museum", "the new bridge"],
    ("found", "finds"): ["a painting", "the lost dog", "a roman coin"],
}
FILLERS = [
    "the weather was {mood} .",
    "many people came to {city} on {day} .",
    "{person} was there and felt {mood} .",
    "later {person} went home to {city} .",
    "{person} said that it was {mood} .",
]
MOODS = "fine cold strange terrible wonderful".split()


def summaries(held_out=500):
    """Sum up a made-up news item of two to four sentences in a headline.

    One sentence tells who did what where; the others, about the weather and other people, stand
    before and behind it and are left out. The headline is in the present tense: "won" -> "wins".

    Parameters
    ----------
    held_out : int
        Number of held-out items.

    Returns
    -------
    Task
        In a held-out item a person does what that person never does in training; person and deed
        have been seen, each with others.

    Raises
    ------
    ValueError
        If `held_out` is below 1.

    Examples
    --------
    >>> task = summaries()
    >>> source, target = task.held_out[0]
    >>> " ".join(task.source_words(source))
    'ben said that it was fine . on tuesday ida opened a museum in paris .'
    >>> " ".join(task.target_words(target))
    'ida opens a museum in paris'
    """
    deeds = [(*verb, thing) for verb, things in EVENTS.items() for thing in things]

    def filler(rng):
        words = {"mood": MOODS, "city": CITIES, "day": DAYS, "person": PEOPLE}
        chosen = {name: _choose(rng, options) for name, options in words.items()}
        return _choose(rng, FILLERS).format(**chosen)

    def item(rng, is_held_out=False):
        while True:
            person, deed = int(rng.integers(len(PEOPLE))), int(rng.integers(len(deeds)))
            if ((person + deed) % 5 == 0) == is_held_out:
                break
        (past, present, thing), city = deeds[deed], _choose(rng, CITIES)
        report = f"on {_choose(rng, DAYS)} {PEOPLE[person]} {past} {thing} in {city} ."
        sentences = [filler(rng) for _ in range(rng.integers(1, 4))]
        sentences.insert(int(rng.integers(len(sentences) + 1)), report)
        return " ".join(sentences), f"{PEOPLE[person]} {present} {thing} in {city}"

    things = [thing for group in EVENTS.values() for thing in group]
    pasts, presents = ([verb[i] for verb in EVENTS] for i in (0, 1))
    shared = [*PEOPLE, *CITIES, *things, "in"]
    plain = [sentence.format(mood="", city="", day="", person="") for sentence in FILLERS]
    sources = [*shared, *pasts, *plain, *MOODS, *DAYS, "on ."]
    return _grammar_task("summaries", item, sources, [*shared, *presents], held_out)


def _choose(rng, options):
    return options[rng.integers(len(options))]


def _grammar_task(name, write, sources, targets, held_out):
    """Task from a writer, (rng, is_held_out) -> two texts, and texts that hold all words."""
    require(held_out > 0, f"held_out = {held_out} must be at least 1")
    vocabularies = [
        (*SPECIAL, *sorted({word for text in texts for word in text.split()}))
        for texts in (sources, targets)
    ]

    def encode(texts):
        pairs = zip(texts, vocabularies, strict=True)
        source, target = (encode_tokens(text.split(), vocabulary) for text, vocabulary in pairs)
        return source, target

    fixed = np.random.default_rng(0)  # the same held-out set in every run
    test = [encode(write(fixed, True)) for _ in range(held_out)]
    return Task(name, *vocabularies, lambda rng: encode(write(rng)), test)
