"""The quizzes: one a chapter, one right answer to each question, and a reason with every answer.

In the browser: an answer can be read without being given, and given without a mouse.
"""

import gzip
import json
import re

import pytest
from accessible import serious_troubles

import notebooks
from figures import quiz as module
from figures.quiz import quiz
from folders import BOOK

# In the gallery of bugs every card is a question, see test_gallery.py.
CHAPTERS = [path for path in notebooks.chapters() if path.stem not in ("intro", "bugs")]
STATIC = BOOK / "_static"
EXAMPLE = BOOK / "quizzes" / "05_attention.json"


def questions_of(path):
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_shows_its_quiz(path):
    call = f'quiz("quizzes/{path.stem}.json")'
    cells = [cell for cell in notebooks.read(path).cells if cell.source == call]
    assert len(cells) == 1
    assert "remove-input" in cells[0].metadata.tags


def test_no_quiz_is_left_over():
    stems = {path.stem for path in (BOOK / "quizzes").iterdir()}
    assert stems == {path.stem for path in CHAPTERS}


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_question_has_one_right_answer_and_a_reason_with_each(path):
    questions = questions_of(BOOK / "quizzes" / f"{path.stem}.json")
    assert len(questions) >= 3
    for question in questions:
        assert set(question) == {"question", "answers"}
        answers = question["answers"]
        assert [answer["correct"] for answer in answers].count(True) == 1
        assert len(answers) >= 3
        for key in ("answer", "feedback"):
            texts = [answer[key] for answer in answers]
            assert len(set(texts)) == len(texts)
            assert all(len(text) > (20 if key == "feedback" else 0) for text in texts)


def test_the_place_of_an_answer_tells_nothing():
    places = []
    for path in CHAPTERS:
        for question in questions_of(BOOK / "quizzes" / f"{path.stem}.json"):
            _, answers = module._mixed(question)
            places.append([answer["correct"] for answer in answers].index(True))
    assert all(places.count(place) >= len(places) / 8 for place in range(3))
    assert places.count(max(places, key=places.count)) <= len(places) / 2


def test_a_question_without_one_right_answer_is_refused(tmp_path):
    answer = {"answer": "yes", "correct": False, "feedback": "no"}
    file = tmp_path / "quiz.json"
    file.write_text(json.dumps([{"question": "Is it?", "answers": [answer]}]))
    with pytest.raises(ValueError, match=r"Is it\?.* 0 right"):
        quiz(file)


def test_in_a_kernel_a_button_answers(monkeypatch):
    boxes = []
    monkeypatch.delenv("STATIC_BOOK", raising=False)
    monkeypatch.setattr(module, "display", boxes.append)
    quiz(EXAMPLE)
    _, choice, button, reason = boxes[0].children[1:5]
    first = questions_of(EXAMPLE)[0]["answers"]
    assert choice.value is None and button.disabled
    for label, index in choice.options:
        choice.value = index
        assert ">Right" not in reason.value and ">No" not in reason.value
        button.click()
        [feedback] = [answer["feedback"] for answer in first if answer["answer"] == label]
        assert feedback.split(":")[0] in reason.value


def test_script_and_style_are_light():
    for name in ("quiz.js", "quiz.css"):
        assert len(gzip.compress((STATIC / name).read_bytes())) <= 1_500, name


# ---- in a browser -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def section():
    """Return a quiz as the built book shows it."""
    html = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STATIC_BOOK", "1")
        patch.setattr(module, "_show_html", html.append)
        quiz(EXAMPLE)
    return html[0]


@pytest.fixture
def open_quiz(browser, section):
    """Return a function that opens a page with that quiz, with its script or without."""
    contexts, troubles = [], []
    script = f"<script>{(STATIC / 'quiz.js').read_text()}</script>"
    colours = ":root {--pst-color-link: #0054a8; --pst-color-border: #999}"
    style = f"<style>{colours}{(STATIC / 'quiz.css').read_text()}</style>"

    def open_(javascript=True):
        context = browser.new_context(java_script_enabled=javascript)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.set_content(
            f'<!doctype html><html lang="en"><title>A quiz</title>{style}'
            f"<main><h1>Quiz</h1>{section}</main>{script}"
        )
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not troubles


def first_question(page):
    """Return the first question, the places of its answers, and which of them is right."""
    question = page.locator(".quiz fieldset").first
    right = question.locator("input").evaluate_all(
        "inputs => inputs.findIndex(input => input.hasAttribute('data-right'))"
    )
    return question, question.get_by_role("radio"), question.get_by_role("status"), right


@pytest.mark.pages
@pytest.mark.parametrize("key", ["Enter", " "])
def test_arrows_choose_and_enter_or_space_answers(open_quiz, key):
    page = open_quiz()
    question, options, status, right = first_question(page)
    page.keyboard.press("Tab")
    for _ in range(options.count() + 1):  # once round
        page.keyboard.press("ArrowDown")
        assert status.inner_text() == ""
        assert question.locator("label.right, label.wrong").count() == 0
    while not options.nth(right).is_checked():
        page.keyboard.press("ArrowUp")
    page.keyboard.press(key)
    assert status.inner_text().startswith("Right")
    assert question.locator("label.right").count() == 1
    page.keyboard.press("ArrowDown")
    assert status.inner_text().startswith("Right"), "to move on takes nothing back"
    page.keyboard.press(key)
    assert status.inner_text().startswith("No")
    assert question.locator("label.right").count() == 0
    assert question.locator("label.wrong").count() == 1


@pytest.mark.pages
def test_a_click_answers_also_after_arrows(open_quiz):
    page = open_quiz()
    question, options, status, right = first_question(page)
    options.nth(0).focus()
    page.keyboard.press("ArrowDown")
    for index in range(options.count()):
        question.locator("label").nth(index).click()
        assert status.inner_text().startswith("Right" if index == right else "No")
        assert options.nth(index).is_checked()


@pytest.mark.pages
def test_the_question_names_its_group_and_the_focus_shows(open_quiz):
    page = open_quiz()
    text = questions_of(EXAMPLE)[0]["question"]
    assert page.get_by_role("group", name=f"1. {text}").count() == 1
    page.keyboard.press("Tab")
    ring = page.locator("label:focus-within").evaluate("label => getComputedStyle(label).outline")
    assert re.search(r"solid 3px|3px solid", ring), ring
    assert not serious_troubles(page)


@pytest.mark.pages
def test_without_script_the_chosen_answer_shows_its_reason(open_quiz):
    page = open_quiz(javascript=False)
    reasons = page.locator(".quiz fieldset").first.locator(".reason")
    page.locator(".quiz label").first.click()
    shown = [reasons.nth(index).is_visible() for index in range(reasons.count())]
    assert shown == [True] + [False] * (reasons.count() - 1)
