"""Made-up English: what decides an answer, and which combinations are held out."""

import numpy
import pytest
from drawing import drawn_from, texts

from helpers import tasks
from helpers.tasks.stories import _is_held_out_phrase

KINDS = ("one clause", "but", "although")


def clauses(words):
    """Kind of a review, and its clauses as lists of words, the one that counts first."""
    (body,) = [part for part in " ".join(words).split(" . ") if " was " in part and "the " in part]
    kind = next((word for word in KINDS if word in words), "one clause")
    found = [clause.split() for clause in body.removesuffix(" .").split(f" {kind} ")]
    return kind, found[::-1] if kind == "but" else found


def verdict(clause):
    """Whether a clause praises: its adjective, turned round or not."""
    return (clause[-1] in tasks.POSITIVE) != is_turned(clause)


def is_turned(clause):
    return any(word in tasks.NEGATORS for word in clause)


def joined(clause):
    """Each negator and degree of a clause, with its adjective."""
    before = [word for word in clause[:-1] if word in (*tasks.NEGATORS, *tasks.DEGREES)]
    return {(word, clause[-1]) for word in before}


def test_sentiment_is_that_of_the_clause_that_counts():
    task = tasks.sentiment()
    for words, target in texts(task, task.held_out) + drawn_from(task, 3000):
        _, (counts, *_) = clauses(words)
        assert target == ["positive" if verdict(counts) else "negative"]


def test_what_a_held_out_review_joins_training_never_does():
    task = tasks.sentiment()
    held_out, drawn = texts(task, task.held_out), drawn_from(task, 4000)
    new = set.union(*(joined(clauses(words)[1][0]) for words, _ in held_out))
    assert all(_is_held_out_phrase(*phrase) for phrase in new)
    assert len(new) == 24  # a negator and a degree for each adjective
    seen = set.union(*(joined(clause) for words, _ in drawn for clause in clauses(words)[1]))
    assert not new & seen
    assert len(new | seen) == 6 * 12
    for words, _ in held_out:
        _, (counts, *_) = clauses(words)
        assert len(joined(counts)) == 1 + is_turned(counts)


def test_verdicts_turns_and_degrees_of_a_review_are_drawn_apart():
    task = tasks.sentiment()
    for pairs in (texts(task, task.held_out), drawn_from(task, 4000)):
        near = pytest.approx(0.5, abs=4 * 0.5 / len(pairs) ** 0.5)
        found = [clauses(words)[1] for words, _ in pairs]
        assert numpy.mean([verdict(counts) for counts, *_ in found]) == near
        assert numpy.mean([is_turned(counts) for counts, *_ in found]) == near
        assert numpy.mean([verdict(counts) == is_turned(counts) for counts, *_ in found]) == near
        two = [(counts, other) for counts, *others in found for other in others]
        for tell in (verdict, is_turned):
            assert numpy.mean([tell(one) == tell(other) for one, other in two]) == pytest.approx(
                0.5, abs=4 * 0.5 / len(two) ** 0.5
            )
        with_degree = [
            {is_turned(counts): any(w in tasks.DEGREES[1:] for w in counts)} for counts, *_ in found
        ]
        shares = [
            numpy.mean([one[turned] for one in with_degree if turned in one])
            for turned in (False, True)
        ]
        assert shares[0] == pytest.approx(shares[1], abs=0.05)


# What looks at less than it should: whether to call a review positive.
SHORTCUTS = {
    "do as the adjective says": lambda counts, others, first: counts[-1] in tasks.POSITIVE,
    "always turn it round": lambda counts, others, first: counts[-1] in tasks.NEGATIVE,
    "turn it round unless a degree stands there": lambda counts, others, first: (
        (counts[-1] in tasks.POSITIVE) == any(word in tasks.DEGREES[1:] for word in counts)
    ),
    "read the first clause": lambda counts, others, first: verdict(first),
    "read the last clause": lambda counts, others, first: verdict(
        next((one for one in (counts, *others) if one is not first), first)
    ),
    "the opposite of the clause that does not count": lambda counts, others, first: (
        not verdict(others[0]) if others else verdict(counts)
    ),
    "turn round for each negator of the review": lambda counts, others, first: (
        (counts[-1] in tasks.POSITIVE) != (sum(map(is_turned, (counts, *others))) % 2 == 1)
    ),
}


@pytest.mark.parametrize("rule", SHORTCUTS.values(), ids=SHORTCUTS)
def test_no_shortcut_is_above_chance_in_all_kinds_of_held_out_reviews(rule):
    task, right = tasks.sentiment(), {}
    for words, target in texts(task, task.held_out):
        kind, (counts, *others) = clauses(words)
        first = others[0] if kind == "but" else counts
        said = ["positive" if rule(counts, others, first) else "negative"]
        right.setdefault((kind, is_turned(counts)), []).append(said == target)
    assert len(right) == 6
    assert min(len(group) for group in right.values()) > 70
    assert min(numpy.mean(group) for group in right.values()) < 0.65


def test_no_single_word_gives_the_sentiment_away():
    drawn = drawn_from(tasks.sentiment(), 4000)
    for word in {word for words, _ in drawn for word in words}:
        labels = [target == ["positive"] for words, target in drawn if word in words]
        assert 0.25 < sum(labels) / len(labels) < 0.75, word


def test_a_summary_says_who_does_what_where():
    task = tasks.summaries()
    present = {past: now for past, now in tasks.EVENTS}

    def deed(words):
        text = " ".join(words)
        (report,) = [s for s in text.split(" .") if any(f" {past} " in s for past in present)]
        who, past, *rest = report.split()[2:]
        return [who, present[past], *rest], (who, past, *rest[: rest.index("in")])

    held_out, drawn = texts(task, task.held_out), drawn_from(task, 5000)
    for words, target in held_out + drawn:
        assert deed(words)[0] == target
    before = {deed(words)[1] for words, _ in drawn}
    new = {deed(words)[1] for words, _ in held_out}
    assert not before & new
    assert len(before) == 96
    assert len(new) == 24
    for place in (0, 1):
        assert {one[place] for one in new} <= {one[place] for one in before}
    lengths = [len(words) / len(target) for words, target in drawn]
    assert numpy.mean(lengths) > 2.5, "a summary that leaves little out"
