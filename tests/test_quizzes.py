"""The quizzes: one a chapter, multiple choice, and a reason with every answer."""

import json

import pytest

import notebooks

CHAPTERS = [path for path in notebooks.chapters() if path.stem != "intro"]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_shows_its_quiz(path):
    call = f'display_quiz("quizzes/{path.stem}.json", **QUIZ)'
    cells = [cell for cell in notebooks.read(path).cells if cell.source == call]
    assert len(cells) == 1
    assert {"remove-input", "nbval-ignore-output"} <= set(cells[0].metadata.tags)


def test_no_quiz_is_left_over():
    stems = {path.stem for path in (notebooks.BOOK / "quizzes").iterdir()}
    assert stems == {path.stem for path in CHAPTERS}


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_question_has_one_right_answer_and_a_reason_with_each(path):
    questions = json.loads((notebooks.BOOK / "quizzes" / f"{path.stem}.json").read_text())
    assert len(questions) >= 3
    for question in questions:
        assert set(question) == {"question", "type", "answers"}
        assert question["type"] == "multiple_choice"
        answers = question["answers"]
        assert [answer["correct"] for answer in answers].count(True) == 1
        assert len(answers) >= 3
        for key in ("answer", "feedback"):
            texts = [answer[key] for answer in answers]
            assert len(set(texts)) == len(texts)
            assert all(len(text) > (20 if key == "feedback" else 0) for text in texts)
