"""What the instructor and the students get: tables, pages with feedback, a page for reading."""

import hashlib
import re
from itertools import groupby

from jinja2 import Environment

import published
from folders import BOOK
from grading import places, rebuild, tables
from grading.cases import CHAPTERS
from grading.chapters import exercises
from grading.outcomes import NOT_GRADED, READ, TO_READ
from grading.written import as_written, key_of

FIELDS = ["student", "set", "question", "points", "out_of", "reason", "detail", "look"]
LONGEST = 120  # bytes of a file's name

ENVIRONMENT = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
PAGE = ENVIRONMENT.from_string("""\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Feedback for {{ student }}</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 50rem;
         padding: 0 1rem; overflow-wrap: anywhere }
  ul { list-style: none; padding: 0 }
  li { border-bottom: 1px solid #bbb; padding: .5rem 0 }
  b { float: right; margin-left: 1rem; white-space: nowrap }
</style>
<h1>Feedback for {{ student }}</h1>
{% for name, outcomes, points, out_of, waiting, missed in sets %}
<h2>{{ name }}: {{ points }} of {{ out_of }} points
{%- if waiting %}, {{ waiting }} still to be read{% endif %}</h2>
{% if missed %}<p>Questions for {{ missed }} more points could not be graded yet. That is no fault
of yours.
{% endif %}
<ul>
{% for one in outcomes %}
<li><b>{{ number(one.points) }} of {{ number(one.out_of) }}</b>
{% set title = titles.get((one.set, one.question), one.question) %}
{% set place = links.get((one.set, one.question)) %}
{% if place %}<a href="{{ place }}">{{ title }}</a>{% else %}{{ title }}{% endif %}<br>
{{ one.reason }}{% if one.detail and one.reason != not_graded %}: {{ one.detail }}{% endif %}
{% endfor %}
</ul>
{% endfor %}
</html>
""")
READING = ENVIRONMENT.from_string("""\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Written answers</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; margin: 1rem auto; max-width: 90rem;
         padding: 0 1rem; overflow-wrap: anywhere }
  section { display: grid; gap: 2rem; grid-template-columns: 1fr 1fr }
  .model { align-self: start; background: #f2f2f2; max-height: 92vh; overflow: auto;
           padding: 0 1rem; position: sticky; top: 1rem }
  pre { font: inherit; white-space: pre-wrap }
  article { border-bottom: 1px solid #bbb; padding-bottom: 1rem }
  input { font: inherit } input[name=points] { width: 4rem } input[name=comment] { width: 60% }
  @media (max-width: 50rem) { section { display: block } .model { position: static } }
</style>
<h1>Written answers</h1>
<p>Type points and comments here, then <button type="button">save written.csv</button>, put it in
the place of <code>{{ place }}</code>, and run <code>make grade</code> again. You can also type into
that file. Until you save, nothing is kept.
{% for name, question, title, model, out_of, answers in questions %}
<h2>{{ name }}: {{ title }}</h2>
<section>
<div class="model"><h3>Model answer and points ({{ number(out_of) }})</h3>
<pre>{{ model }}</pre></div>
<div>
{% for one, text, row in answers %}
<article>
<h3>{{ one.student }}</h3>
<pre>{{ text }}</pre>
<label>points <input name="points" inputmode="decimal" data-row="{{ row }}"
  value="{{ rows[row].points }}"></label> of {{ number(out_of) }}
<label>comment <input name="comment" data-row="{{ row }}" value="{{ rows[row].comment }}"></label>
{% if rows[row].note %}<p>{{ rows[row].note }}{% endif %}
</article>
{% endfor %}
</div>
</section>
{% endfor %}
<script>
const fields = {{ fields | tojson }}, rows = {{ rows | tojson }};
document.querySelectorAll("input").forEach(input => input.addEventListener("input", () => {
  rows[input.dataset.row][input.name] = input.value;
}));
document.querySelector("button").addEventListener("click", () => {
  const cell = text => '"' + String(text ?? "").replaceAll('"', '""') + '"';
  const lines = [fields, ...rows.map(row => fields.map(field => row[field]))];
  const table = lines.map(line => line.map(cell).join(",")).join("\\n") + "\\n";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([table], {type: "text/csv"}));
  link.download = "written.csv";
  link.click();
});
</script>
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


def write_tables(outcomes, folder):
    """Write grades.csv, a line a question, and totals.csv, a line a student.

    A total that isn't known yet, because something was not graded, stays empty.
    """
    rows = [
        {field: getattr(one, field) for field in FIELDS}
        | {"points": _cell(one.points), "out_of": number(one.out_of)}
        for one in outcomes
    ]
    places.write_whole(folder / "grades.csv", tables.table(FIELDS, rows))
    names = sorted({one.set for one in outcomes})
    fields = ["student"]
    for name in names:
        fields += [name, f"{name} out of", f"{name} to be read"]
    totals = []
    for student, theirs in groupby(outcomes, lambda one: one.student):
        row = {"student": student}
        for name, some in groupby(theirs, lambda one: one.set):
            some = list(some)
            row[name] = "" if _of(some, NOT_GRADED) else _sum(some)
            row[f"{name} out of"] = number(sum(one.out_of for one in some))
            row[f"{name} to be read"] = number(_of(some, TO_READ))
        totals.append(row)
    places.write_whole(folder / "totals.csv", tables.table(fields, totals))


def write_list(lines, path):
    """Write lines of text, or no file if there are none."""
    if lines:
        places.write_whole(path, "\n".join(lines) + "\n")
    else:
        path.unlink(missing_ok=True)


def write_pages(outcomes, folder):
    """Write feedback/STUDENT.html for everybody, and take away pages of nobody."""
    titles = titles_of({one.set for one in outcomes})
    links = links_of(titles)
    written, files = {}, file_names(sorted({one.student for one in outcomes}))
    for student, theirs in groupby(outcomes, lambda one: one.student):
        sets = []
        for name, some in groupby(theirs, lambda one: one.set):
            some = list(some)
            out_of = number(sum(one.out_of for one in some))
            waiting, missed = (number(_of(some, why)) for why in (TO_READ, NOT_GRADED))
            sets.append(
                (
                    name,
                    some,
                    _sum(some),
                    out_of,
                    waiting != "0" and waiting,
                    missed != "0" and missed,
                )
            )
        written[files[student]] = PAGE.render(
            student=student,
            sets=sets,
            number=number,
            titles=titles,
            links=links,
            not_graded=NOT_GRADED,
        )
    for file, page in written.items():
        places.write_whole(folder / "feedback" / file, page)
    for path in (folder / "feedback").glob("*.html"):
        if path.name not in written:
            path.unlink()


def file_name(student, taken=()):
    """Return a name for a student's page, whatever the student's folder is called.

    Examples
    --------
    >>> file_name("ann"), file_name("a/b"), file_name("ann", ["ann.html"])
    ('ann.html', 'a_b.html', 'ann-49915e0d.html')
    """
    name = student.replace("/", "_").strip(". ") or "_"
    short = name.encode()[:LONGEST].decode(errors="ignore")
    if short != name or f"{short}.html" in taken:
        short += "-" + hashlib.sha256(student.encode()).hexdigest()[:8]
    return f"{short}.html"


def file_names(students):
    """Return the names of the pages of all students."""
    found = {}
    for student in students:
        found[student] = file_name(student, found.values())
    return found


def write_reading(outcomes, texts, written, folder):
    """Write reading.html: all answers to one question, beside the model answer."""
    rows = [{field: row.get(field, "") for field in written.fields} for row in written.rows]
    numbers = {key_of(row): number for number, row in reversed([*enumerate(rows)])}
    found = {}
    for one in outcomes:
        key = (one.student, one.set, one.question)
        if one.reason in (TO_READ, READ) and key in texts:
            row = numbers[as_written(key)]
            found.setdefault((one.set, one.question), []).append((one, texts[key], row))
    path = folder / "reading.html"
    if not found:
        path.unlink(missing_ok=True)
        return
    titles = titles_of({name for name, _ in found})
    questions = [
        (
            name,
            question,
            titles.get((name, question), question),
            model_answer(name, question),
            answers[0][0].out_of,
            answers,
        )
        for (name, question), answers in sorted(found.items())
    ]
    page = READING.render(
        questions=questions, rows=rows, fields=written.fields, number=number, place=written.path
    )
    places.write_whole(path, page)


def model_answer(name, question):
    """Return the model answer to a written question."""
    for cell in places.read(places.named(places.SOURCE, name)).cells:
        if rebuild.name_of(cell) == question:
            return cell.source
    return ""


def titles_of(names):
    """Return the headings of the questions of sets and chapters, by (set, question)."""
    found = {}
    for name in names:
        if name in places.set_names():
            title = ""
            for cell in places.read(places.named(places.SOURCE, name)).cells:
                if cell.cell_type == "markdown" and cell.source.startswith("## "):
                    title = cell.source.splitlines()[0].removeprefix("## ")
                elif rebuild.name_of(cell):
                    found[name, rebuild.name_of(cell)] = title
        elif (BOOK / f"{name}.ipynb").is_file():
            for label, cells in exercises(places.read(BOOK / f"{name}.ipynb").cells).items():
                if bold := re.search(r"^\*\*(.+?)\*\*", cells[0].source, re.MULTILINE):
                    found[name, label] = bold[1].rstrip(".")
    return found


def links_of(questions):
    """Return where the published book has what questions ask for; none before it is published.

    Parameters
    ----------
    questions : iterable of (str, str)
        Sets and questions, or chapters and their exercises.

    Returns
    -------
    dict of (str, str) to str
    """
    book = published.places().get("book")
    pages = {}
    for name, question in questions:
        if name in CHAPTERS:
            page = CHAPTERS[name].get(question)
        else:
            page = name
        if book and page:
            exercise = "" if name in CHAPTERS else f"#{question}"
            pages[name, question] = f"{book}book/{page}.html{exercise}"
    return pages


def _sum(outcomes):
    return number(sum(one.points or 0 for one in outcomes))


def _of(outcomes, reason):
    return sum(one.out_of for one in outcomes if one.reason == reason)


def _cell(value):
    return "" if value is None else number(value)
