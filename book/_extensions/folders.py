"""Where things are: the one place that names the folders of the course.

Stands on Python alone, so that grading and its sandbox can import it as well.
"""

from pathlib import Path

BOOK = Path(__file__).resolve().parents[1]
ROOT = BOOK.parent
ASSIGNMENTS = ROOT / "assignments"
HTML = ROOT / "_build" / "html"
CODE = ("helpers", "figures")  # what notebooks import
DATA = ("results", "quizzes")  # what they read


def modules():
    """Return the paths of all Python files that notebooks may import."""
    return sorted(path for name in CODE for path in (BOOK / name).rglob("*.py"))
