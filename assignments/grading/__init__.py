"""Handing out and grading: ``make assignments`` and ``make grade``.

`places` knows where things are; `chapters` makes coursework of the book's chapters; `cases` and
`hidden` make hidden examples from the secret seed. `handed_in` finds and reads submissions, and
`rebuild` puts a student's answers into a clean copy of the notebook. `execute` runs it in a
`sandbox`, where `inside` does nothing but return values; `outcomes` compares them and says what
came of each question, `pry` which answers to look at. `results` keeps that, `written` the points
that the instructor gives, `tables` reads and writes CSV, and `report` writes what people read.
`leaks` looks for solutions in what is handed out, and `release` makes the zip files.
"""
