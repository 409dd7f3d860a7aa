"""The points of written answers: a table that the instructor fills in, and nothing takes away."""

import dataclasses
import hashlib

from grading import tables
from grading.outcomes import READ, TO_READ
from grading.places import write_whole

KEY = ("student", "set", "question")
FIELDS = [*KEY, "points", "comment", "note", "text"]
NEEDED = [*KEY, "points", "comment"]


class Written:
    """The table `written.csv`: read before grading, written after it.

    Rows stay in their order, with every column that the instructor has added; those of answers
    that are new stand at the end.
    """

    def __init__(self, path):
        self.path, self.fields, self.rows, self.form = path, list(FIELDS), [], tables.Form()
        if not path.exists():
            return
        fields, found, self.form = tables.rows(path.read_bytes())
        if missing := [one for one in NEEDED if one not in fields]:
            raise SystemExit(
                f"{path} has no column {missing[0]!r}: its first line must hold "
                f"{', '.join(NEEDED)}. Nothing was graded and nothing changed."
            )
        self.fields = [*fields, *(one for one in FIELDS if one not in fields)]
        by_key = {}
        for line, row in found:
            key = key_of(row)
            row["_line"], row["_points"] = line, _points(row["points"], path, line)
            self.rows.append(row)
            by_key.setdefault(key, []).append(row)
        for key, same in by_key.items():
            values = {row["_points"] for row in same} - {None}
            if len(values) > 1:
                lines = " and ".join(str(row["_line"]) for row in same)
                raise SystemExit(f"{path}, lines {lines}: {', '.join(key)} has two marks")

    def apply(self, outcomes, texts):
        """Return the outcomes with the points of written answers, and add rows for new ones.

        Parameters
        ----------
        outcomes : list of Outcome
        texts : dict of (student, set, question) to str
            The answers. Points that were given to another text are taken out, and `note` says so.
        """
        found, self.changed = [], 0
        for one in outcomes:
            if one.reason == TO_READ:
                key = (one.student, one.set, one.question)
                one = self._with_points(one, key, fingerprint(texts.get(key, "")))
            found.append(one)
        return found

    def _with_points(self, outcome, key, text):
        same = [row for row in self.rows if key_of(row) == as_written(key)]
        if not same:
            same = [
                {**dict.fromkeys(self.fields, ""), **dict(zip(KEY, as_written(key), strict=True))}
            ]
            self.rows += same
        row = next((one for one in same if one.get("_points") is not None), same[0])
        before = row.get("text") or text
        row["text"] = text
        if before != text:
            if row.get("_points") is not None:
                self.changed += 1
                row["note"] = f"the text has changed since it got {row['points'].strip()}"
            row["points"], row["_points"] = "", None
        points = row.get("_points")
        if points is None:
            return outcome
        if points > outcome.out_of:
            raise SystemExit(
                f"{self.path}, line {row['_line']}: {points:g} points of {outcome.out_of:g}"
            )
        row["note"] = ""
        return dataclasses.replace(outcome, points=points, reason=READ, detail=row["comment"] or "")

    def save(self):
        """Write the table, in the form in which it was."""
        write_whole(self.path, tables.table(self.fields, self.rows, self.form))


def key_of(row):
    """Return what tells a row from others: student, set and question."""
    return tuple(row[one].strip() for one in KEY)


def as_written(key):
    """Return the key of the row that is written for an answer."""
    return tuple(tables.safe(one).strip() for one in key)


def _points(word, path, line):
    """Return a number, or None where there is none yet."""
    word = (word or "").strip()
    if not word:
        return None
    try:
        points = float(word.replace(",", "."))
    except ValueError:
        points = -1
    if not 0 <= points < 1000:
        raise SystemExit(
            f"{path}, line {line}: the points {word!r} are no number such as 2.5. "
            "Nothing was graded and nothing changed."
        )
    return points


def fingerprint(text):
    """Return letters that stand for a text; no spreadsheet takes them for a number.

    Examples
    --------
    >>> fingerprint("Too little training.")
    'fobioopkfk'
    """
    digest = hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:10]
    return digest.translate(str.maketrans("0123456789abcdef", "abcdefghijklmnop"))
