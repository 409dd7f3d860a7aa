"""``make release``: the book and the student notebooks as zip files, with notes and checksums.

The same content gives the same bytes: names are sorted, and all files bear one date. What the
notes say is counted in what is released.
"""

import hashlib
import sys
import zipfile
from pathlib import Path

import nbformat

import notebooks
import published
from folders import BOOK, CODE, DATA, HTML, ROOT
from grading.chapters import without_solutions
from grading.places import read

DIST = ROOT / "dist"
DATE = (1980, 1, 1, 0, 0, 0)
OTHERS = ("binder/requirements.txt", "binder/install_missing.py", "LICENSE", "README.md")


def files_below(folder):
    """Return the files below a folder by their names, without what Python compiled."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in Path(folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def student_notebooks():
    """Return what a student needs to work without the repository: bytes by name."""
    content = {name: (ROOT / name).read_bytes() for name in OTHERS}
    for path in BOOK.glob("*.ipynb"):
        notebook = without_solutions(read(path))
        content[f"book/{path.name}"] = (nbformat.writes(notebook) + "\n").encode()
    for folder in (*CODE, *DATA):
        for name, data in files_below(BOOK / folder).items():
            content[f"book/{folder}/{name}"] = data
    return content


def write_zip(path, content):
    """Write a zip file whose bytes depend on its content alone."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(content):
            entry = zipfile.ZipInfo(f"{path.stem}/{name}", DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # the same on any system
            archive.writestr(entry, content[name])


def described(path):
    """Describe a chapter in a line: its title, and how much there is to do in it."""
    cells = notebooks.read(path).cells
    exercises = sum("{exercise}" in cell.source for cell in cells)
    experiments = sum("runs.train(" in cell.source for cell in cells if cell.cell_type == "code")
    counted = [f"{exercises} exercises"] * bool(exercises)
    counted += [f"{experiments} cells that train a model"] * (experiments > 1)
    return f"- {published.title(path)}" + f" ({', '.join(counted)})" * bool(counted)


def notes(archives, html):
    """Say in Markdown what a release contains.

    Parameters
    ----------
    archives : dict of Path to dict
        The zip files, and what is in each.
    html : Path
        The built book.
    """
    live = sum(page.read_text("utf-8").count("data-models=") for page in html.rglob("*.html"))
    kept = len(list((BOOK / "results").glob("*.npz")))
    records = len(list((BOOK / "results").glob("*.json")))
    files = "\n".join(
        f"- `{path.name}`: {len(content)} files, {path.stat().st_size / 1e6:.1f} MB; {what}"
        for (path, content), what in zip(
            archives.items(),
            (
                "unpack it and open `index.html`; no network is needed",
                "notebooks without solutions, with all that they import and read",
            ),
            strict=True,
        )
    )
    return f"""# Attention, Measured

{published.sentence(published.places())}

{files}

## Chapters

{chr(10).join(map(described, notebooks.chapters()))}

{len(notebooks.problem_sets())} problem sets with grading are in the repository. The chapters rest
on {records} files of recorded runs and {kept} trained models; {live} figures run a trained model in
the page. Python 3.11 or newer.
"""


def release(html=HTML, folder=DIST):
    """Write both zip files, NOTES.md and SHA256SUMS."""
    if not (html / "index.html").is_file():
        raise SystemExit(f"There is no book in {html}: run `make book`.")
    folder.mkdir(parents=True, exist_ok=True)
    archives = {
        folder / "attention-measured-book.zip": files_below(html),
        folder / "attention-measured-notebooks.zip": student_notebooks(),
    }
    sums = []
    for path, content in archives.items():
        write_zip(path, content)
        sums.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n")
        print(f"{path}: {len(content)} files, {path.stat().st_size / 1e6:.1f} MB")
    (folder / "NOTES.md").write_text(notes(archives, html), encoding="utf-8")
    (folder / "SHA256SUMS").write_text("".join(sums))


if __name__ == "__main__":
    release(*map(Path, sys.argv[1:]))
