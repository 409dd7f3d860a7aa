"""Set-up and build: requirements, what makes outputs stale, and how failures are told."""

import ast
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from types import SimpleNamespace

import nbformat
import pytest
from environments import without_the_course
from sphinx.errors import ExtensionError

import course
import notebooks
from folders import ASSIGNMENTS, BOOK, CODE, ROOT, modules


def requirement_lines(path):
    lines = path.read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("folder", ["", "bench", "binder"])
def test_every_requirement_says_why(folder):
    for line in requirement_lines(ROOT / folder / "requirements.txt"):
        assert re.search(r"\S +# \S", line), line


def test_the_modules_of_the_course_are_installed():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert {f"{name}.py" for name in settings["py-modules"]} == {
        path.name for path in (BOOK / "_extensions").glob("*.py") if path.stem != "first_cell"
    }
    assert all((BOOK / name / "__init__.py").is_file() for name in CODE)


def imported_by(code):
    """Return the names of the packages that some code imports."""
    names = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module.split(".")[0])
    return names


def test_binder_installs_what_helpers_and_notebooks_import():
    sources = [path.read_text() for path in modules()]
    for path in notebooks.chapters():
        sources += [cell.source for cell in notebooks.read(path).cells if cell.cell_type == "code"]
    names = set().union(*map(imported_by, sources)) - set(sys.stdlib_module_names)
    lines = requirement_lines(ROOT / "binder" / "requirements.txt")
    installed = {re.split("[<>]", line)[0].replace("-", "_") for line in lines}
    # Pillow and ipykernel bring packages of other names; a Dask cluster has its own.
    assert names <= installed | {*CODE, "PIL", "IPython", "distributed"}


def test_the_api_pages_list_every_module_once():
    """A package by its name: what it is for stands there; kernels are nobody's reading."""
    pages = "".join(path.read_text() for path in BOOK.glob("api*.md"))
    listed = re.findall(r"^\.\. automodule:: (.+)$", pages, re.MULTILINE)
    found = {path.relative_to(BOOK).with_suffix("").parts[:2] for path in modules()}
    public = {".".join(parts) for parts in found if parts[1] not in ("__init__", "fast")}
    assert sorted(listed) == sorted(public)


def test_every_paper_that_the_helpers_name_is_in_the_references():
    entries = re.findall(r"^@\w+\{(\w+?)(\d{4})", (BOOK / "references.bib").read_text(), re.M)
    known = {(name, year) for name, year in entries}
    for path in modules():
        text = re.sub(r"\s+", " ", path.read_text())
        for name, year in re.findall(r"([A-Z]\w+)(?: et al\.| and [A-Z]\w+) ((?:19|20)\d\d)", text):
            assert (name.lower(), year) in known, f"{path.name}: {name} {year}"


# ---- the repository's address ------------------------------------------------------------


def theme(address):
    """Return the theme's options after the extension has seen them, as Jupyter Book makes them."""
    options = {"repository_url": address, "launch_buttons": {"colab_url": "https://example.org"}}
    config = SimpleNamespace(html_theme_options=options)
    course.configure(SimpleNamespace(outdir="_build/html"), config)
    return options


def test_without_an_address_there_are_no_launch_buttons(monkeypatch):
    for variables in [{}, {"GITHUB_REPOSITORY": "a/fork", "GITHUB_SERVER_URL": "https://git"}]:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        assert not theme("")["launch_buttons"]


def test_launch_buttons_lead_to_the_address_and_on_github_to_the_fork(monkeypatch):
    address = "https://example.org/owner/name"
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    assert theme(address)["repository_url"] == address
    assert theme(address)["launch_buttons"]
    monkeypatch.setenv("GITHUB_REPOSITORY", "a/fork")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://example.org")
    assert theme(address)["repository_url"] == "https://example.org/a/fork"


def test_no_file_names_an_address_that_is_not_in_the_settings():
    """Whoever registers an invented address would run code on readers' machines."""
    places = r"(github|gitlab)\.(com|io)/[a-z0-9-]*/?attention-?measured"
    address = notebooks.settings()["repository"].get("url") or "nowhere"
    listed = subprocess.run(
        ["git", "grep", "-hiE", places], cwd=ROOT, capture_output=True, text=True
    )
    assert not [line for line in listed.stdout.splitlines() if address not in line]


# ---- what makes outputs stale ------------------------------------------------------------


@pytest.fixture
def small_book(tmp_path):
    """Make the folders that the fingerprint covers."""
    for folder in course.DEPENDENCIES:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file.py").write_text("one = 1\n")
    return tmp_path


@pytest.mark.parametrize("folder", course.DEPENDENCIES)
def test_fingerprint_follows_the_files(small_book, folder):
    before = course.fingerprint(small_book)
    assert course.fingerprint(small_book) == before
    (small_book / folder / "file.py").write_text("one = 2\n")
    changed = course.fingerprint(small_book)
    (small_book / folder / "file.py").rename(small_book / folder / "renamed.py")
    assert len({before, changed, course.fingerprint(small_book)}) == 3


def test_fingerprint_ignores_compiled_files(small_book):
    before = course.fingerprint(small_book)
    (small_book / "helpers" / "file.cpython-311.pyc").write_bytes(b"compiled")
    assert course.fingerprint(small_book) == before


# ---- executing ---------------------------------------------------------------------------


def write_notebook(path, *sources):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    kernelspec = {"kernelspec": notebooks.KERNELSPEC}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernelspec), path)
    return path


def sphinx_objects(folder, cache="cache"):
    """Make the few attributes of Sphinx that the extension uses."""
    config = SimpleNamespace(nb_execution_cache_path=str(folder / cache), nb_execution_timeout=60)
    environment = SimpleNamespace(doc2path=lambda name: str(folder / name))
    return SimpleNamespace(config=config), environment


@pytest.mark.slow
def test_all_failing_notebooks_are_shown_before_one_error(tmp_path, caplog, monkeypatch):
    write_notebook(tmp_path / "good.ipynb", "print('fine')")
    write_notebook(tmp_path / "first.ipynb", "1 / 0")
    write_notebook(tmp_path / "second.ipynb", "{}['missing']")
    names = ["first.ipynb", "good.ipynb", "second.ipynb", "page.md"]
    monkeypatch.setattr(course, "logger", logging.getLogger("course-test"))
    app, environment = sphinx_objects(tmp_path)
    with caplog.at_level("INFO"), pytest.raises(ExtensionError) as raised:
        course.execute_missing_notebooks(app, environment, names)
    assert "2 of 3 notebooks failed: first.ipynb, second.ipynb" in str(raised.value)
    assert "ZeroDivisionError" in caplog.text
    assert "KeyError" in caplog.text
    assert "good.ipynb done in" in caplog.text


def test_a_notebook_in_the_cache_is_not_executed_again(tmp_path, monkeypatch):
    write_notebook(tmp_path / "one.ipynb", "print('fine')")
    app, environment = sphinx_objects(tmp_path, cache=course.fingerprint())
    course.execute_missing_notebooks(app, environment, ["one.ipynb"])
    monkeypatch.setattr(notebooks, "execute_all", None)  # calling it would fail
    course.execute_missing_notebooks(app, environment, ["one.ipynb"])


KEEPING = """
import sys
from pathlib import Path
import pytest
from tests import uncounted
uncounted.BUILD = Path(sys.argv[1])
sys.exit(pytest.main(["--nbval", "-p", "no:cacheprovider", sys.argv[2]], plugins=[uncounted]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "static", "kept"),
    [
        ("import os; print(os.environ.get('STATIC_BOOK'))", "1", True),
        ("print('another text')", "1", False),
        ("print(1)", "", False),
    ],
)
def test_what_passes_the_comparison_is_not_executed_again(tmp_path, source, static, kept):
    path = write_notebook(tmp_path / "one.ipynb", source)
    notebook = notebooks.read(path)
    notebook.cells[0].execution_count = 1
    notebook.cells[0].outputs = [nbformat.v4.new_output("stream", text="1\n")]
    notebooks.write(notebook, path)
    command = [sys.executable, "-c", KEEPING, str(tmp_path), str(path)]
    environment = {**os.environ, "STATIC_BOOK": static}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (run.returncode == 0) == ("another" not in source), run.stdout
    app, environment = sphinx_objects(tmp_path, cache=f".jupyter_cache/{course.fingerprint()}")
    cache = course.get_cache(app.config.nb_execution_cache_path)
    assert course.is_cached(cache, path) == kept
    if kept:
        _, shown = cache.merge_match_into_notebook(notebooks.read(path))
        assert shown.cells[0].outputs[0].text == "1\n"


def test_a_change_while_notebooks_run_is_told(tmp_path):
    write_notebook(tmp_path / "one.ipynb", "1")
    app, environment = sphinx_objects(tmp_path, cache="fingerprint-of-before")
    with pytest.raises(ExtensionError, match="build again"):
        course.execute_missing_notebooks(app, environment, ["one.ipynb"])


@pytest.mark.slow
def test_kernels_know_whether_the_book_is_static(tmp_path):
    source = "import os; print(os.environ.get('STATIC_BOOK'), os.environ['OMP_NUM_THREADS'])"
    path = write_notebook(tmp_path / "one.ipynb", source)
    for static, printed in [(True, "1 1\n"), (False, "None 1\n")]:
        [run] = notebooks.execute_all([path], static=static)
        assert run.notebook.cells[0].outputs[0].text == printed


def test_a_kernel_that_dies_at_its_start_is_tried_once_more(tmp_path, monkeypatch):
    path = write_notebook(tmp_path / "one.ipynb", "1")
    tries = []

    async def dying(self, **arguments):
        tries.append(self)
        raise RuntimeError("Kernel died before replying to kernel_info")

    monkeypatch.setattr(notebooks.NotebookClient, "async_execute", dying)
    [run] = notebooks.execute_all([path], static=False)
    assert len(tries) == 2
    assert "Kernel died" in run.error


def strange_settings(folder, monkeypatch):
    """Set what a user may have: another kernel, another way to show, a deep temporary folder."""
    kernel = folder / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    kernel.write_text('{"argv": ["false"], "display_name": "mine", "language": "python"}')
    profile = folder / "profile_default" / "ipython_kernel_config.py"
    profile.parent.mkdir()
    profile.write_text("get_config().InteractiveShell.ast_node_interactivity = 'all'\n")
    deep = folder / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    monkeypatch.setenv("JUPYTER_PATH", str(folder))
    monkeypatch.setenv("IPYTHONDIR", str(folder))
    monkeypatch.setenv("TMPDIR", str(deep))
    monkeypatch.setattr("tempfile.tempdir", None)


@pytest.mark.slow
def test_settings_of_the_user_do_not_reach_the_kernels(tmp_path, monkeypatch):
    path = write_notebook(tmp_path / "one.ipynb", "1\n2")
    strange_settings(tmp_path, monkeypatch)
    [run] = notebooks.execute_all([path], static=True)
    assert not run.error
    assert [output.data["text/plain"] for output in run.notebook.cells[0].outputs] == ["2"]
    assert os.environ["IPYTHONDIR"] == os.environ["JUPYTER_PATH"] == str(tmp_path)


@pytest.mark.slow
def test_settings_of_the_user_do_not_reach_the_comparison(tmp_path, monkeypatch):
    path = write_notebook(tmp_path / "one.ipynb", "1\n2")
    [run] = notebooks.execute_all([path], static=True)
    notebooks.write(notebooks.normalise(run.notebook), path)
    strange_settings(tmp_path, monkeypatch)
    command = [sys.executable, "-c", KEEPING, str(tmp_path), str(path)]
    compared = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert compared.returncode == 0, compared.stdout


@pytest.mark.slow
def test_a_kernel_that_dies_in_a_cell_is_told_at_once(tmp_path):
    path = write_notebook(tmp_path / "one.ipynb", "import os; os._exit(1)")
    [run] = notebooks.execute_all([path], static=False)
    assert "died" in run.error.lower()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is a signal on POSIX systems only")
def test_control_c_stops_the_notebooks(tmp_path):
    path = write_notebook(tmp_path / "one.ipynb", "import time; time.sleep(60)")
    program = (
        "import sys, pathlib, notebooks\n"
        "notebooks.execute_all([pathlib.Path(sys.argv[1])], static=False)"
    )
    command = [sys.executable, "-c", program, path]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=20)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in complaint


# ---- make --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("case $2 in *version_info*) exit 1;; esac; echo 'Python 3.9.1'", "3.11 or newer"),
        ("case $2 in *ensurepip*) exit 1;; esac", "python3-venv"),
    ],
)
def test_make_says_what_to_do_without_a_suitable_python(tmp_path, script, sentence):
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "binder").mkdir()
    for folder in (tmp_path, tmp_path / "binder"):
        (folder / "requirements.txt").touch()
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    command = ["make", "book", f"PYTHON={python}"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode != 0
    assert sentence in result.stdout


@pytest.mark.slow
def test_a_folder_that_was_renamed_is_found_again(tmp_path):
    """Scripts of an environment, and what is installed there by its path, break by a move."""
    old, new = tmp_path / "course", tmp_path / "another name"
    for folder in (BOOK / "_extensions", *(BOOK / name for name in CODE), ASSIGNMENTS / "grading"):
        shutil.copytree(folder, old / folder.relative_to(ROOT))
    for name in ("Makefile", "pyproject.toml", "LICENSE", "requirements.txt", "binder"):
        (shutil.copytree if name == "binder" else shutil.copy)(ROOT / name, old / name)
    without_the_course(old / ".venv")
    (old / ".venv" / "installed").touch()
    make = ["make", "--no-print-directory", ".venv/here"]  # also where make runs the tests
    for folder in (old, new):
        if folder == new:
            old.rename(new)
        subprocess.run(make, cwd=folder, check=True)
        command = [folder / ".venv" / "bin" / "python", "-c", "import helpers; print(helpers)"]
        printed = subprocess.check_output(command, cwd=tmp_path, text=True)
        assert str(folder / "book" / "helpers") in printed
    again = subprocess.run(make, cwd=new, capture_output=True, text=True)
    assert "Nothing" not in again.stderr and not again.stdout


def test_make_calls_no_script_of_an_environment():
    """Scripts carry the path of their Python, which changes when the folder is renamed."""
    called = re.findall(r"\.venv\S*/bin/(\S+)", (ROOT / "Makefile").read_text())
    called += re.findall(r"\$\(BIN\)/(\S+)", (ROOT / "Makefile").read_text())
    assert set(called) == {"python"}
