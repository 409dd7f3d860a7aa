"""Installs the course, and what its notebooks import: the first cell runs this on Colab.

Packages that are there already stay as they are, since the machine may need their versions.
"""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

EDITOR = ("jupyterlab", "ipykernel")  # Colab has its own


def missing(lines):
    """Return the requirements of which no version is installed.

    Examples
    --------
    >>> missing(["# a comment", "numpy>=2.0,<3  # arrays", "no-such-package>=1"])
    ['no-such-package>=1']
    """
    wanted = []
    for line in lines:
        requirement = line.split("#")[0].strip()
        name = requirement.split(">")[0].split("<")[0]
        if requirement and not name.startswith(EDITOR) and not is_installed(name):
            wanted.append(requirement)
    return wanted


def is_installed(name):
    """Tell whether some version of a distribution is installed."""
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def install(*arguments):
    """Let pip install something."""
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *arguments], check=True)


if __name__ == "__main__":
    requirements = Path(__file__).with_name("requirements.txt")
    if wanted := missing(requirements.read_text().splitlines()):
        install(*wanted)
    install("--no-deps", "--editable", str(requirements.parents[1]))
