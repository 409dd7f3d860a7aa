"""Cutting text: what merged pairs may and may not do, and the tasks that are cut so."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import tasks
from helpers.tasks import cut_french, cut_word, in_one_piece, learn_merges, merge_pair

words = st.text("abc-", min_size=1, max_size=9)
texts = st.dictionaries(words, st.integers(1, 5), min_size=1, max_size=8)
few = settings(max_examples=60, deadline=None)


def counted(cut, times):
    """Count all pairs of neighbours, word by word."""
    found = Counter()
    for word, pieces in cut.items():
        for pair in pairwise(pieces):
            found[pair] += times[word]
    return found


@few
@given(text=texts, other=words, count=st.integers(0, 12))
def test_pieces_join_to_the_word_whatever_was_learned(text, other, count):
    merges = learn_merges(text, count)
    for word in (*text, other):
        assert "".join(cut_word(word, merges)) == word
        assert all(cut_word(word, merges))


@few
@given(text=texts)
def test_each_merge_is_the_most_frequent_pair_of_what_is_left(text):
    merges = learn_merges(text, 30)
    for n, pair in enumerate(merges):
        found = counted({word: cut_word(word, merges[:n]) for word in text}, text)
        most = max(found.values())
        assert pair == max(one for one, times in found.items() if times == most)
    assert not counted({word: cut_word(word, merges) for word in text}, text) or len(merges) == 30


@few
@given(text=texts, count=st.integers(1, 12))
def test_fewer_merges_are_the_first_of_more_and_cut_no_coarser(text, count):
    merges = learn_merges(text, count)
    assert learn_merges(text, count - 1) == merges[: count - 1]
    for word in text:
        lengths = [len(cut_word(word, merges[:n])) for n in range(len(merges) + 1)]
        assert lengths == sorted(lengths, reverse=True)


@few
@given(pieces=st.lists(st.sampled_from(["a", "b", "ab", "ba"]), max_size=9).map(tuple))
def test_a_merge_goes_from_left_to_right_and_leaves_no_pair(pieces):
    for pair in (("a", "b"), ("ab", "a"), ("b", "b")):
        merged = merge_pair(pieces, pair)
        assert "".join(merged) == "".join(pieces)
        assert pair not in pairwise(merged) or pair[0] == pair[1]
        assert [one for one in merged if one not in ("a", "b", "ab", "ba")] == [
            "".join(pair)
        ] * sum(one == "".join(pair) for one in merged if one not in ("a", "b", "ab", "ba"))


def test_merges_are_applied_in_their_order():
    word = "bab"
    assert cut_word(word, [("a", "b"), ("b", "a")]) == ("b", "ab")
    assert cut_word(word, [("b", "a"), ("a", "b")]) == ("ba", "b")
    assert merge_pair("aaa", ("a", "a")) == ("aa", "a")


def test_a_frequent_word_counts_as_often_as_it_occurs():
    assert learn_merges({"ab": 1, "cd": 3}, 1) == [("c", "d")]
    assert learn_merges({"ab": 4, "cd": 3}, 1) == [("a", "b")]
    assert learn_merges({"ab": 3, "cd": 3}, 1) == [("c", "d")]  # equally often: the later letter


@pytest.mark.parametrize("language", ["fr", "de"])
def test_no_merge_comes_from_a_number_that_is_held_out(language):
    merges = tasks.number_merges(language, 5)
    trained = {in_one_piece(n, language): 1 for n in range(10, 1000) if n % 7}
    assert list(merges) == learn_merges(trained, 5)
    assert tasks.number_merges(language, 3) == merges[:3]


def test_all_cuts_of_french_say_the_same_text():
    for number in (10, 21, 80, 81, 97, 200, 297, 999):
        whole = in_one_piece(number, "fr")
        assert "-".join(cut_french(number, "words")) == whole
        assert "".join(cut_french(number, "letters")) == whole
        assert "".join(cut_french(number, "pairs")) == whole
        assert set(map(len, cut_french(number, "letters"))) == {1}
    with pytest.raises(ValueError, match="cut = 'syllables'"):
        cut_french(97, "syllables")


@pytest.mark.parametrize("name", ["fr_letters3", "fr_pairs3"])
def test_a_task_that_is_cut_otherwise_asks_for_the_same_numbers(name):
    task, usual = tasks.make_task(name), tasks.make_task("fr3")
    assert task.target_vocabulary == usual.target_vocabulary
    assert [said for _, said in task.held_out] == [said for _, said in usual.held_out]
    for source, target in task.held_out:
        text = "".join(task.source_words(source))
        number = next(n for n in range(10, 1000) if in_one_piece(n, "fr") == text)
        assert task.target_words(target) == tasks.number_words(number, "en")
    merges = tasks.number_merges("fr") if name == "fr_pairs3" else ()
    assert task.source_tokens(list(cut_word("septante-et-un", merges)))  # can be read all the same


def test_only_french_is_cut_otherwise():
    with pytest.raises(ValueError, match="needs French, not 'de'"):
        tasks.numbers("de", 3, cut="pairs")
