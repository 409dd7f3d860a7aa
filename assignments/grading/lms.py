"""From the zip file of a learning platform to `submitted/`, and back with marks and feedback.

Moodle and Canvas name what students handed in after students, and after numbers by which they
know them again. Folders here get the student's name alone; the numbers are kept beside them, in
`identifiers.csv`.
"""

import io
import re
import shutil
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from grading import places, report, tables
from grading.handed_in import IDENTIFIERS, LARGEST, RUBBISH, readable
from grading.outcomes import NOT_GRADED, TO_READ

FIELDS = ["student", "set", "platform", "identifier", "folder"]
MOODLE = re.compile(
    r"(?P<who>(?P<name>[^/]+?)_(?P<id>\d+)_assignsubmission_[a-z]+_?)/?(?P<rest>.*)"
)
CANVAS = re.compile(r"(?P<who>(?P<name>[^/_]+)(?:_LATE)?_(?P<id>\d+)_\d+_)(?P<rest>[^/]+)")
MOST_BYTES = 2_000_000_000  # of one download, unpacked


def lay_out(archive, name, submitted):
    """Lay the notebooks of a download where grading looks for them.

    Whoever is in the download gets a new folder for this set; all others keep theirs.

    Parameters
    ----------
    archive : Path
        The zip file of one assignment.
    name : str
        The set or chapter that was handed in.
    submitted : Path

    Returns
    -------
    (list of str, list of str)
        The students, and what in the zip file belongs to nobody.
    """
    submitted.mkdir(parents=True, exist_ok=True)
    people, strange = sorted_out(entries(archive))
    known = [row for row in identifiers(submitted) if row["set"] != name]
    mine = []
    for label, (platform, number, who, files) in sorted(people.items()):
        place = submitted / label / name
        with tempfile.TemporaryDirectory(dir=submitted, prefix=".new-") as new:
            for path, data in files.items():
                target = Path(new, "set", *path.parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
            shutil.rmtree(place, ignore_errors=True)
            place.parent.mkdir(exist_ok=True)
            Path(new, "set").rename(place)
        values = label, name, platform, number, who
        mine.append(dict(zip(FIELDS, values, strict=True)))
    before = [row for row in identifiers(submitted) if row["set"] == name]
    kept = [row for row in before if row["student"] not in people]
    places.write_whole(submitted / IDENTIFIERS, tables.table(FIELDS, [*known, *kept, *mine]))
    return sorted(people), strange


def entries(archive, depth=1):
    """Return the files in a zip file by their paths; a zip file in it is opened, once."""
    found, size = {}, 0
    try:
        with zipfile.ZipFile(archive) as opened:
            for entry in opened.infolist():
                path = PurePosixPath(_named(entry).replace("\\", "/"))
                parts = [part for part in path.parts if part not in ("/", "..", ".")]
                if entry.is_dir() or any(RUBBISH.fullmatch(part) for part in parts):
                    continue
                with opened.open(entry) as file:
                    data = file.read(LARGEST + 1)  # a longer one is too long to be graded
                size += len(data)
                if size > MOST_BYTES:
                    raise SystemExit(f"{archive} holds more than {MOST_BYTES} bytes")
                path = PurePosixPath(*parts)
                if depth and path.suffix.lower() == ".zip":
                    for inner, content in entries(io.BytesIO(data), depth - 1).items():
                        found[path.with_suffix("") / inner] = content
                else:
                    found[path] = data
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        if depth:
            raise SystemExit(f"{archive} can't be read as a zip file: {error}") from None
    return found


def _named(entry):
    """Return the name of an entry; without its mark for UTF-8, Python takes it for a DOS name."""
    if entry.flag_bits & 0x800:
        return readable(entry.filename)
    return readable(entry.filename.encode("cp437", "replace").decode("utf-8", "surrogateescape"))


def sorted_out(files):
    """Return who handed in what, {label: (platform, identifier, folder, files)}, and the rest."""
    by_who, strange = {}, []
    for path, data in files.items():
        text = str(path)
        match, platform = MOODLE.fullmatch(text), "Moodle"
        if not match:
            match, platform = CANVAS.fullmatch(text), "Canvas"
        if match and match["rest"]:
            key = (match["name"].strip(), platform, match["id"], match["who"])
            rest = match["rest"]
        elif len(path.parts) > 1:
            key, rest = (path.parts[0], "", "", path.parts[0]), str(PurePosixPath(*path.parts[1:]))
        else:
            strange.append(text)
            continue
        by_who.setdefault(key, {})[PurePosixPath(rest)] = data
    people, names = {}, [name for name, _ in {key[0::2][:2] for key in by_who}]
    for (name, platform, number, who), theirs in by_who.items():
        label = f"{name} {number}" if names.count(name) > 1 and number else name
        label = label.strip(". ") or "_"
        if label in people:  # the same person, with two forms of a hand-in
            theirs = people[label][3] | theirs
            who = who if "_file" in who else people[label][2]
        people[label] = platform, number, who, theirs
    return people, strange


def identifiers(submitted):
    """Return the rows of identifiers.csv."""
    path = submitted / IDENTIFIERS
    if not path.exists():
        return []
    fields, rows, _ = tables.rows(path.read_bytes())
    if missing := [field for field in FIELDS if field not in fields]:
        raise SystemExit(f"{path} has no column {missing[0]!r}: lay the zip file out again")
    return [row for _, row in rows]


def write_back(outcomes, submitted, out):
    """Write marks and feedback in the platforms' own names: a table and a zip file a set.

    A mark stands there only if it is whole: nothing is to be read, and everything was graded.
    """
    rows = identifiers(submitted) if submitted.is_dir() else []
    pages = report.file_names(sorted({one.student for one in outcomes}))
    pages = {tables.safe(student): page for student, page in pages.items()}
    for name in sorted({row["set"] for row in rows}):
        marks, files = [], {}
        for row in (row for row in rows if row["set"] == name and row["platform"]):
            theirs = [
                one
                for one in outcomes
                if one.set == name and tables.safe(one.student) == row["student"]
            ]
            if not theirs:
                continue
            whole = not any(one.reason in (TO_READ, NOT_GRADED) for one in theirs)
            mark = report.number(sum(one.points or 0 for one in theirs)) if whole else ""
            out_of = report.number(sum(one.out_of for one in theirs))
            marks.append(_row(row, mark, out_of))
            separator = "/" if row["platform"] == "Moodle" else ""
            page = (out / "feedback" / pages[row["student"]]).read_bytes()
            files[f"{row['folder']}{separator}feedback.html"] = page
        if marks:
            data = tables.table(list(marks[0]), marks)
            places.write_whole(out / "platform" / f"{name}-marks.csv", data)
            places.write_whole(out / "platform" / f"{name}-feedback.zip", zipped(files))


def _row(row, mark, out_of):
    """Return a line with the headings that the platform gives its own tables."""
    if row["platform"] == "Moodle":
        number = f"Participant {row['identifier']}"
        return {
            "Identifier": number,
            "Full name": row["student"],
            "Grade": mark,
            "Maximum Grade": out_of,
        }
    return {"Student": row["student"], "ID": row["identifier"], f"{row['set']} ({out_of})": mark}


def zipped(files):
    """Return the bytes of a zip file."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name), files[name])
    return data.getvalue()
