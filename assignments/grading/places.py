"""Where the notebooks of problem sets and chapters are, and how they get to the students."""

import os
import re
import shutil
import threading
from pathlib import Path

import nbformat
from nbformat import from_dict
from nbformat.v4 import new_notebook

from folders import ASSIGNMENTS, BOOK, CODE, DATA
from grading import chapters
from grading.rebuild import is_answer, is_check, name_of

SOURCE, RELEASE = ASSIGNMENTS / "source", ASSIGNMENTS / "release"
LOADS = re.compile(r"\bload\(\"(\w+)\"\)")
REGION = re.compile(r"^( *)### BEGIN SOLUTION\n.*?^ *### END SOLUTION", re.DOTALL | re.MULTILINE)


def read(path):
    """Read a notebook."""
    return nbformat.read(path, as_version=4)


def write(notebook, path):
    """Write a notebook, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def write_whole(path, data):
    """Write a file whole or not at all: whatever stops this, the one before is still there."""
    data = data if isinstance(data, bytes) else data.encode("utf-8", "replace")
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{os.getpid()}-{threading.get_ident()}.new")
    try:
        new.write_bytes(data)
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)


def named(folder, name):
    """Return where the notebook of a set is."""
    return folder / name / f"{name}.ipynb"


def set_names():
    """Return the names of the problem sets."""
    return sorted(path.parent.name for path in SOURCE.glob("*/*.ipynb"))


def known_names():
    """Return the names of all that can be handed in: sets, then chapters."""
    return [*set_names(), *sorted(path.stem for path in BOOK.glob("[0-9]*.ipynb"))]


def student_version(name):
    """Return what students get of a set, or what is graded of a chapter."""
    if name in set_names():
        return without_solutions(read(named(SOURCE, name)))
    return chapters.gradable(read(BOOK / f"{name}.ipynb"))


def without_solutions(notebook):
    """Return a problem set for students, its solutions and model answers gone."""
    cells = []
    for cell in map(from_dict, notebook.cells):
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            cell.source = REGION.sub(r"\1raise NotImplementedError", cell.source)
        elif is_answer(cell):
            cell.source = "Your answer here."
        if name_of(cell):
            cell.metadata["deletable"] = False
            if cell.metadata.nbgrader.locked:
                cell.metadata["editable"] = False
        cells.append(cell)
    return new_notebook(cells=cells, metadata=notebook.metadata, nbformat_minor=5)


def cell_names(name):
    """Return the names and the ids by which cells of a set or a chapter are recognised."""
    found = set()
    for cell in student_version(name).cells:
        if name_of(cell) and (is_answer(cell) or is_check(cell)):
            found.add(name_of(cell))
            if name in set_names():  # those of chapters are numbers
                found.add(cell.id)
    return found


def hand_out(notebook, folder, name):
    """Write a student's notebook, and beside it what it imports and reads."""
    shutil.rmtree(folder / name, ignore_errors=True)
    write(notebook, named(folder, name))
    rubbish = shutil.ignore_patterns("__pycache__", "*.pyc")
    wanted = ["helpers"] if name in set_names() else [*CODE, *DATA]
    for part in wanted:
        if (BOOK / part).is_dir():
            shutil.copytree(BOOK / part, Path(folder, name, part), ignore=rubbish)
    for model in kept_models(notebook) if name in set_names() else ():
        target = Path(folder, name, "results", f"{model}.npz")
        target.parent.mkdir(exist_ok=True)
        shutil.copy(BOOK / "results" / target.name, target)


def kept_models(notebook):
    """Return the names of the trained models that a notebook loads.

    Examples
    --------
    >>> kept_models(from_dict({"cells": [{"source": 'load("french_transformer")'}]}))
    ['french_transformer']
    """
    return sorted({found for cell in notebook.cells for found in LOADS.findall(cell.source)})
