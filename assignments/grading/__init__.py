"""Handing out and grading: ``make assignments`` and ``make grade``.

`places` knows where things are, and `course` talks to nbgrader; `chapters` makes coursework of
the book's chapters; `cases` and `hidden` write hidden tests from the secret seed; `rebuild` puts
a student's answers into a clean copy of the notebook; `execute` and `sandbox` run it; `outcomes`
says what came of each question; `report` writes the CSV files and the feedback; `leaks` looks for
solutions in what is handed out.
"""
