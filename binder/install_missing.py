"""Installs what the notebooks import and what is missing here: the first cell runs it on Colab.

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


if __name__ == "__main__":
    requirements = Path(__file__).with_name("requirements.txt").read_text().splitlines()
    if wanted := missing(requirements):
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *wanted], check=True)
