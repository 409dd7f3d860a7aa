"""The zip files that `make release` writes."""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

import notebooks
import published
from folders import BOOK, CODE, DATA, HTML

pytestmark = pytest.mark.slow

BOOK_ZIP, NOTEBOOKS_ZIP = "attention-measured-book.zip", "attention-measured-notebooks.zip"


def release(html, folder):
    """Run the program as `make release` does."""
    command = [sys.executable, "-m", "grading.release", html, folder]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def zips(tmp_path_factory):
    """Make a release of a book of two pages."""
    folder = tmp_path_factory.mktemp("release")
    (folder / "html" / "book").mkdir(parents=True)
    (folder / "html" / "index.html").write_text("index")
    (folder / "html" / "book" / "intro.html").write_text("intro")
    assert release(folder / "html", folder / "dist").returncode == 0
    return folder


def test_checksums_are_those_of_the_files(zips):
    lines = (zips / "dist" / "SHA256SUMS").read_text().splitlines()
    assert [line.split("  ")[1] for line in lines] == [BOOK_ZIP, NOTEBOOKS_ZIP]
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256((zips / "dist" / name).read_bytes()).hexdigest() == digest


def test_the_same_content_gives_the_same_bytes(zips, tmp_path):
    os.utime(zips / "html" / "index.html", (1e9, 1e9))
    assert release(zips / "html", tmp_path).returncode == 0
    for name in (BOOK_ZIP, NOTEBOOKS_ZIP, "SHA256SUMS"):
        assert (tmp_path / name).read_bytes() == (zips / "dist" / name).read_bytes()


def test_notes_say_what_is_released(zips):
    notes = (zips / "dist" / "NOTES.md").read_text(encoding="utf-8")
    for path in notebooks.chapters():
        assert published.title(path) in notes
    assert BOOK_ZIP in notes and NOTEBOOKS_ZIP in notes
    kept = len(list((BOOK / "results").glob("*.npz")))
    assert f"{kept} trained models" in notes and "0 figures run a trained model" in notes


def test_students_get_notebooks_without_solutions_that_run(zips, tmp_path):
    with zipfile.ZipFile(zips / "dist" / NOTEBOOKS_ZIP) as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / "attention-measured-notebooks"
    beginnings = []
    for path in notebooks.chapters():
        notebook = nbformat.read(folder / "book" / path.name, as_version=4)
        text = "\n".join(cell.source for cell in notebook.cells)
        assert "solution-start" not in text and "def solution_" not in text
        setup, imports, *_ = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        beginnings += [setup, imports]
    assert (folder / "binder" / "requirements.txt").is_file()
    assert all((folder / "book" / name).is_dir() for name in (*CODE, *DATA))
    code = "\n".join([*beginnings, "import helpers; print(helpers.__file__)"])
    printed = subprocess.check_output([sys.executable, "-c", code], cwd=folder / "book", text=True)
    *_, where = printed.splitlines()  # a first cell may show something
    assert Path(where) == folder / "book" / "helpers" / "__init__.py"


def test_without_a_book_it_says_what_to_do(tmp_path):
    result = release(tmp_path, tmp_path / "dist")
    assert result.returncode != 0 and "make book" in result.stderr


@pytest.mark.pages
def test_the_book_works_from_the_zip(tmp_path, browser_path):
    from playwright.sync_api import sync_playwright

    assert release(HTML, tmp_path / "dist").returncode == 0
    with zipfile.ZipFile(tmp_path / "dist" / BOOK_ZIP) as archive:
        archive.extractall(tmp_path)
    failed = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("requestfailed", lambda request: failed.append(request.url))
        page.goto((tmp_path / "attention-measured-book" / "index.html").as_uri())
        page.wait_for_url("**/book/intro.html")
        field = page.locator("figure.live input[type=text]")
        field.fill("92")  # the model's own file is in the zip, too
        page.wait_for_function(
            "() => document.querySelector('figure.live .says').innerText.includes('ninety')"
        )
        page.goto(page.url.replace("intro", "05_attention"))
        page.wait_for_selector("figure.explore input:not([disabled])")
        browser.close()
    assert not failed
