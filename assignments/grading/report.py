"""What the instructor and the students get: two CSV files, and a page for each student."""

import csv
import dataclasses
import shutil
from itertools import groupby

from jinja2 import Environment

from grading.outcomes import READ, TO_READ, Outcome

FIELDS = [field.name for field in dataclasses.fields(Outcome)]
WRITTEN = ["student", "set", "question", "points", "comment"]

PAGE = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string("""\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Feedback for {{ student }}</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 50rem;
         padding: 0 1rem }
  table { border-collapse: collapse; width: 100% }
  th, td { border-bottom: 1px solid #bbb; padding: .3rem .6rem; text-align: left;
           vertical-align: top }
  td:nth-child(2) { white-space: nowrap }
</style>
<h1>Feedback for {{ student }}</h1>
{% for name, outcomes, points, out_of in sets %}
<h2>{{ name }}: {{ points }} of {{ out_of }} points</h2>
<table>
<tr><th scope="col">question<th scope="col">points<th scope="col">result<th scope="col">why
{% for one in outcomes %}
<tr><td>{{ one.question }}<td>{{ number(one.points) }} of {{ number(one.out_of) }}\
<td>{{ one.reason }}<td>{{ one.detail }}
{% endfor %}
</table>
{% endfor %}
</html>
""")


def number(value):
    """Write points without needless decimals; what has none yet is a dash.

    Examples
    --------
    >>> number(2.0), number(1.5), number(None)
    ('2', '1.5', '–')
    """
    return "–" if value is None else f"{value:g}"


def add_written(outcomes, path):
    """Take the points of written answers from a table that the instructor fills in.

    Parameters
    ----------
    outcomes : list of Outcome
    path : Path
        Made if it isn't there; a line is added for each answer that is still to be read.

    Returns
    -------
    list of Outcome
    """
    known = {}
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            known = {tuple(row[key] for key in WRITTEN[:3]): row for row in csv.DictReader(file)}
    done = []
    for one in outcomes:
        if one.reason == TO_READ:
            key = (one.student, one.set, one.question)
            row = known.setdefault(key, dict(zip(WRITTEN, (*key, "", ""), strict=True)))
            one = _with_points(one, row)
        done.append(one)
    _write(path, WRITTEN, [known[key] for key in sorted(known)])
    return done


def _with_points(outcome, row):
    if not (row["points"] or "").strip():
        return outcome
    points = float(row["points"].replace(",", "."))
    if not 0 <= points <= outcome.out_of:
        raise SystemExit(f"written.csv: {points} points of {outcome.out_of} in {row}")
    return dataclasses.replace(outcome, points=points, reason=READ, detail=row["comment"] or "")


def write_tables(outcomes, folder):
    """Write grades.csv, a line a question, and totals.csv, a line a student."""
    rows = [
        dataclasses.asdict(one) | {"points": _cell(one.points), "out_of": number(one.out_of)}
        for one in outcomes
    ]
    _write(folder / "grades.csv", FIELDS, rows)
    names = sorted({one.set for one in outcomes})
    totals = []
    for student, theirs in groupby(outcomes, lambda one: one.student):
        theirs = list(theirs)
        points = {name: _sum(one for one in theirs if one.set == name) for name in names}
        totals.append({"student": student} | points)
    _write(folder / "totals.csv", ["student", *names], totals)


def write_pages(outcomes, folder):
    """Write feedback/STUDENT.html."""
    shutil.rmtree(folder / "feedback", ignore_errors=True)
    (folder / "feedback").mkdir(parents=True)
    for student, theirs in groupby(outcomes, lambda one: one.student):
        sets = []
        for name, some in groupby(theirs, lambda one: one.set):
            some = list(some)
            sets.append((name, some, _sum(some), number(sum(one.out_of for one in some))))
        page = PAGE.render(student=student, sets=sets, number=number)
        (folder / "feedback" / f"{student}.html").write_text(page, encoding="utf-8")


def _sum(outcomes):
    return number(sum(one.points or 0 for one in outcomes))


def _cell(value):
    return "" if value is None else number(value)


def _write(path, fields, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fields, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
