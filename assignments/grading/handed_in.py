"""Finding what was handed in, in whatever folders, and reading it, whatever is in it."""

import json
import os
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

LARGEST = 20_000_000
# What systems leave behind, and no student means to hand in.
RUBBISH = re.compile(r"\._.*|\.DS_Store|__MACOSX|\.ipynb_checkpoints|__pycache__|Thumbs\.db")


class Unreadable(Exception):
    """Why a submission can't be read, as the sentence that the student gets."""


@dataclass(frozen=True)
class Cell:
    """What counts of a cell that was handed in."""

    code: bool
    source: str
    name: str  # nbgrader's, or ""
    id: str


@dataclass
class Found:
    """What lies in the folder of submissions.

    Attributes
    ----------
    students : list of str
        Labels, in order.
    notebooks : dict of (str, str) to list of Path
        By student and set.
    passed_over : list of str
        What was not looked at, and why.
    """

    students: list = field(default_factory=list)
    notebooks: dict = field(default_factory=lambda: defaultdict(list))
    passed_over: list = field(default_factory=list)


def look_through(submitted, names_of):
    """Find the notebooks of all students.

    Links are not followed: they could lead to the instructor's files.

    Parameters
    ----------
    submitted : Path
    names_of : dict of str to set of str
        The names and ids of the cells of each set.
    """
    found, labels = Found(), {}
    for folder in sorted(submitted.iterdir()):
        if RUBBISH.fullmatch(folder.name) or folder.name == IDENTIFIERS:
            continue
        if folder.is_symlink() or not folder.is_dir() or folder.name.startswith("."):
            why = "it is a link" if folder.is_symlink() else "it is in no student's folder"
            if folder.is_dir() and not folder.is_symlink():
                why = "its name begins with a dot"
            found.passed_over.append(f"{readable(folder.name)}: {why}")
            continue
        label = readable(folder.name)
        if labels.setdefault(label, folder) != folder:
            found.passed_over.append(f"{label}: another folder has the same name")
            continue
        found.students.append(label)
        for path in sorted(_files(folder, found.passed_over)):
            name = set_of(path, path.relative_to(folder), names_of)
            where = readable(str(path.relative_to(submitted)))
            if path.suffix.lower() != ".ipynb":
                if not _was_handed_out(path.relative_to(folder)):
                    found.passed_over.append(f"{where}: it is not a notebook")
            elif name is None:
                found.passed_over.append(f"{where}: it belongs to no set and no chapter")
            else:
                found.notebooks[label, name].append(path)
    return found


def _files(folder, passed_over):
    """Return the files below a folder, and say what can't be read."""

    def stop(error):
        passed_over.append(f"{readable(str(error.filename))}: {error.strerror}")

    for here, folders, names in os.walk(folder, onerror=stop):
        folders[:] = [name for name in folders if not RUBBISH.fullmatch(name)]
        for name in [*folders, *names]:
            path = Path(here, name)
            if path.is_symlink():
                passed_over.append(f"{readable(str(path.relative_to(folder.parent)))}: a link")
            elif path.is_file() and not RUBBISH.fullmatch(name):
                yield path


def _was_handed_out(path):
    """Tell whether a file comes with every notebook: it lies in `helpers` or the like."""
    return bool({"helpers", "figures", "results", "quizzes"} & set(path.parts[:-1]))


def set_of(path, inside, names_of):
    """Return the set or chapter to which a notebook belongs: by its cells, or its path."""
    if path.suffix.lower() != ".ipynb":
        return None
    try:
        cells = load(path)
    except (Unreadable, OSError):
        cells = []
    marks = {cell.name for cell in cells} | {cell.id for cell in cells}
    scores = {name: len(marks & names) for name, names in names_of.items()}
    best = [name for name in scores if scores[name] == max(scores.values()) > 0]
    if len(best) == 1:
        return best[0]
    parts = [part.casefold() for part in (*inside.parts[:-1], inside.stem)]
    for matches in (str.__eq__, str.__contains__):
        for part in reversed(parts):
            named = [name for name in best or names_of if matches(part, name.casefold())]
            if named:
                return named[0]
    return None


def chosen(paths, name):
    """Return the notebook that counts, of those of a student for one set.

    Raises
    ------
    ValueError
        It can't be told.
    """
    for path in paths:
        if path.name == f"{name}.ipynb" and path.parent.name == name:
            return path
    if len({path.read_bytes() for path in paths}) == 1:
        return paths[0]
    names = ", ".join(readable(path.name) for path in paths)
    raise ValueError(f"more than one notebook: leave one of {names}")


def load(path):
    """Read the cells of a submitted notebook, which may hold anything.

    Only what a cell is, its text, its name and its id count, so no fault of anything else matters.
    """
    if path.stat().st_size == 0:
        raise Unreadable("the file is empty")
    if path.stat().st_size > LARGEST:
        raise Unreadable("the file is larger than 20 MB")
    try:
        notebook = json.loads(path.read_bytes().decode("utf-8-sig"))
        if "worksheets" in notebook:  # an old form
            notebook = notebook["worksheets"][0]
        cells = notebook["cells"]
        return [_cell(one) for one in cells if isinstance(one, dict)]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise Unreadable("the file is not a notebook") from None


def _cell(cell):
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    metadata = cell.get("metadata")
    mark = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = mark.get("grade_id") if isinstance(mark, dict) else ""
    source, name, one = (
        # Half of a pair of surrogates can be written into no file.
        value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""
        for value in (source, name, cell.get("id"))
    )
    return Cell(cell.get("cell_type") == "code", source, name, one)


IDENTIFIERS = "identifiers.csv"


def readable(name):
    r"""Return a name from the file system as text that can be printed and written anywhere.

    Old zip files have names in the encoding of somebody's Windows.

    Examples
    --------
    >>> readable("M\udcfcller"), readable("a\x1b[31m")
    ('Müller', 'a [31m')
    """
    data = os.fsencode(name)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    text = unicodedata.normalize("NFC", text)
    return "".join(one if one.isprintable() else " " for one in text)
