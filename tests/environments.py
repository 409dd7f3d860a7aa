"""Environments for tests: what is installed for the course, but not the course itself."""

import sysconfig
import venv
from pathlib import Path


def without_the_course(folder):
    """Make an environment that has the packages of this one, and return its Python.

    What is installed there goes there: the course by its path is in a `.pth` file, and such a
    file is not read where another one leads.
    """
    venv.create(folder, symlinks=True)
    here = sysconfig.get_path("purelib")
    for place in Path(folder).glob("lib/python*/site-packages"):
        (place / "packages.pth").write_text(f"{here}\n")
    return Path(folder) / "bin" / "python"
