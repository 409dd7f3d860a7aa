"""Questions with several answers, of which one is right: each answer says why.

When the book is built (STATIC_BOOK=1) a quiz is plain HTML, native radio buttons in a `fieldset`
for each question, and ``_static/quiz.js`` grades what is answered. In a kernel the same questions
are ipywidgets. In both the arrow keys choose, and only Enter, Space or a click answers: an answer
can be read without being given.
"""

import itertools
import json
import os
import random
from html import escape
from pathlib import Path

from IPython.display import display

from figures.explore import _show_html

HOW = "Arrow keys choose, Enter or Space answers."

_numbers = itertools.count(1)


def quiz(path):
    """Show the questions of a file.

    Parameters
    ----------
    path : str or Path
        A JSON file: a list of questions, each with ``question`` and ``answers``, and each answer
        with ``answer``, ``correct`` and ``feedback``. All of it is plain text. The answers are
        shown in an order that depends on nothing but the question.

    Raises
    ------
    ValueError
        If a question does not have exactly one right answer.

    Examples
    --------
    >>> quiz("quizzes/05_attention.json")  # doctest: +SKIP
    """
    questions = [_mixed(question) for question in json.loads(Path(path).read_text("utf-8"))]
    if os.environ.get("STATIC_BOOK") == "1":
        _show_html(_section(questions, next(_numbers)))
    else:
        _show_widgets(questions)


def _mixed(question):
    """Return a question's text and its answers, in an order that tells nothing.

    Examples
    --------
    >>> answers = [{"answer": word, "correct": word == "a", "feedback": ""} for word in "abc"]
    >>> text, mixed = _mixed({"question": "Which is it?", "answers": answers})
    >>> text, [answer["answer"] for answer in mixed]
    ('Which is it?', ['b', 'c', 'a'])
    """
    text, answers = question["question"], list(question["answers"])
    right = sum(answer["correct"] for answer in answers)
    if right != 1:
        raise ValueError(f"the question {text!r} has {right} right answers: it needs one")
    random.Random(text).shuffle(answers)
    return text, answers


def _section(questions, number):
    """Return a whole quiz as HTML."""
    fields = "".join(
        _fieldset(f"quiz-{number}-{index}", f"{index}. {text}", answers)
        for index, (text, answers) in enumerate(questions, 1)
    )
    return (
        '<section class="quiz" data-scripts="quiz" aria-label="Questions">'
        f'<p class="how">{HOW}</p>{fields}</section>'
    )


def _fieldset(name, text, answers):
    """Return a question as HTML; without a script, the chosen answer shows its reason."""
    options = "".join(
        f'<label><input type="radio" name="{name}" autocomplete="off"'
        f"{' data-right' if answer['correct'] else ''}>"
        f"<span>{escape(answer['answer'])}</span>"
        f'<span class="reason">{escape(answer["feedback"])}</span></label>'
        for answer in answers
    )
    return f'<fieldset><legend>{escape(text)}</legend>{options}<p role="status"></p></fieldset>'


def _show_widgets(questions):
    import ipywidgets  # here, because a single widget in a built page would load scripts

    rows = [ipywidgets.HTML(HOW)]
    for index, (text, answers) in enumerate(questions, 1):
        rows += _question_widgets(f"{index}. {text}", answers)
    display(ipywidgets.VBox(rows, layout={"max_width": "680px"}))


def _question_widgets(text, answers):
    """Return the widgets of a question; a button answers, since radio buttons can't tell how."""
    import ipywidgets

    options = [(answer["answer"], index) for index, answer in enumerate(answers)]
    choice = ipywidgets.RadioButtons(options=options, value=None, layout={"width": "auto"})
    button = ipywidgets.Button(description="Answer", disabled=True)
    reason = ipywidgets.HTML('<span role="status"></span>')

    def allow(_change):
        button.disabled = choice.value is None
        reason.value = '<span role="status"></span>'

    def answer(_button):
        reason.value = f'<span role="status">{escape(answers[choice.value]["feedback"])}</span>'

    choice.observe(allow, names="value")
    button.on_click(answer)
    return [ipywidgets.HTML(f"<b>{escape(text)}</b>"), choice, button, reason]
