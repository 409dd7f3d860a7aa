"""Where the notebooks of problem sets and chapters are, and how they get to the students."""

import shutil

import nbformat

from folders import ASSIGNMENTS, BOOK, CODE, DATA
from grading import chapters, hidden

SOURCE, RELEASE = ASSIGNMENTS / "source", ASSIGNMENTS / "release"


def read(path):
    """Read a notebook."""
    return nbformat.read(path, as_version=4)


def write(notebook, path):
    """Write a notebook, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def named(folder, name):
    """Return where the notebook of a set is in nbgrader's folders."""
    return folder / name / f"{name}.ipynb"


def set_names():
    """Return the names of the problem sets."""
    return sorted(path.parent.name for path in SOURCE.glob("*/*.ipynb"))


def source_of(name, seed):
    """Return the instructor's version of a set, hidden tests and all, or of a chapter."""
    if name in set_names():
        notebook = read(named(SOURCE, name))
        hidden.fill(notebook, name, seed)
        return notebook
    return chapters.gradable(read(BOOK / f"{name}.ipynb"))


def hand_out(notebook, folder, name):
    """Write a student's notebook, and beside it what it imports and reads."""
    shutil.rmtree(folder / name, ignore_errors=True)
    write(notebook, named(folder, name))
    rubbish = shutil.ignore_patterns("__pycache__", "*.pyc")
    wanted = ["helpers"] if name in set_names() else [*CODE, *DATA]
    for part in wanted:
        if (BOOK / part).is_dir():
            shutil.copytree(BOOK / part, folder / name / part, ignore=rubbish)
