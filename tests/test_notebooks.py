"""The chapters as git keeps them: what they print is stored, compared, and nothing else."""

import copy
import os
import re
import subprocess
import sys

import nbformat
import pytest

import notebooks

CHAPTERS = notebooks.chapters()
NAMES = [path.stem for path in CHAPTERS]


def read(name):
    return notebooks.read(notebooks.BOOK / f"{name}.ipynb")


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def is_compared(cell):
    return "nbval-ignore-output" not in cell.metadata.get("tags", [])


@pytest.mark.parametrize("name", NAMES)
def test_committed_notebook_is_in_normal_form(name):
    notebook = read(name)
    path = notebooks.BOOK / f"{name}.ipynb"
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    counts = [cell.execution_count for cell in code_cells(notebook) if cell.execution_count]
    assert counts == list(range(1, len(counts) + 1)), "run `make notebooks`"
    for cell in notebook.cells:
        assert set(cell.metadata) <= set(notebooks.KEPT_CELL_METADATA)
    for cell in code_cells(notebook):
        for output in cell.outputs:
            assert not notebooks.is_drawn(output), f"{cell.id} holds a figure or a widget"
            assert not notebooks.is_progress_bar(output), f"{cell.id} holds a progress bar"
        assert not cell.outputs or cell.execution_count, f"{cell.id} has outputs but no count"
    written = nbformat.writes(notebook).rstrip("\n") + "\n"
    assert path.read_text(encoding="utf-8") == written


@pytest.mark.parametrize("name", NAMES)
def test_first_cell_makes_the_helpers_importable_elsewhere(name):
    first = read(name).cells[0]
    assert first == notebooks.setup_cell(), "run `python book/_extensions/notebooks.py --setup`"


@pytest.mark.parametrize("path", notebooks.problem_sets(), ids=lambda path: path.stem)
def test_first_cell_of_a_problem_set_is_that_of_the_chapters(path):
    assert notebooks.read(path).cells[0].source == notebooks.setup_cell().source


@pytest.mark.parametrize("path", [*CHAPTERS, *notebooks.problem_sets()], ids=lambda path: path.stem)
def test_lab_folds_what_the_book_hides(path):
    both = {"source_hidden": True, "outputs_hidden": True}
    for cell in notebooks.read(path).cells:
        tags = set(cell.metadata.get("tags", ()))
        if tags & {"solution", "remove-cell"}:
            wanted = {"source_hidden": True} if cell.id == "setup" else both
        elif tags & {"hide-input", "remove-input"}:
            wanted = {"source_hidden": True}
        else:
            assert not [tag for tag in tags if tag.startswith(("hide-", "remove-"))]
            wanted = {}
        assert cell.metadata.get("jupyter", {}) == wanted, cell.id


def test_the_normal_form_folds_by_tags_alone():
    notebook = example()
    notebook.cells[1].metadata = {"jupyter": {"outputs_hidden": True}}
    notebook.cells[2].metadata = {"tags": ["remove-output", "kept"]}
    cells = notebooks.normalise(notebook).cells
    assert "jupyter" not in cells[1].metadata
    assert cells[2].metadata.jupyter == {"outputs_hidden": True}


def test_first_cell_is_put_in_once_and_keeps_the_others():
    notebook = example()
    notebook.cells[1].execution_count = 1
    once = notebooks.with_setup(copy.deepcopy(notebook))
    assert [cell.id for cell in once.cells] == ["setup", *(cell.id for cell in notebook.cells)]
    assert once.cells[2].execution_count == 2
    assert notebooks.with_setup(copy.deepcopy(once)) == once


ELSEWHERE = {"url": "https://example.org/owner/course", "branch": "some"}


def elsewhere(tmp_path, code, git="exit 1"):
    """Run code in a folder without the course, with a `git` that does what it is told."""
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{git}\n")
    program.chmod(0o755)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment["PATH"] = f"{program.parent}{os.pathsep}{environment['PATH']}"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )


def test_first_cell_fetches_the_course_where_it_is_missing(tmp_path):
    """As on Colab: a folder of its own, and a `git` that gives this working copy."""
    code = (
        notebooks.setup_cell(ELSEWHERE).source + "\nfrom helpers import checks; print(os.getcwd())"
    )
    git = f"""echo "$@" > asked; for last; do :; done; ln -s "{notebooks.BOOK.parent}" "$last" """
    run = elsewhere(tmp_path, code, git)
    assert run.stdout.strip() == str(notebooks.BOOK), run.stderr
    asked = (tmp_path / "asked").read_text().split()
    assert asked[-2:] == [ELSEWHERE["url"], "course"] and "some" in asked


def test_first_cell_carries_on_after_a_restart_of_the_kernel(tmp_path):
    """Git refuses to fetch into a folder that is there, and need not be asked again."""
    (tmp_path / "course").symlink_to(notebooks.BOOK.parent)
    run = elsewhere(tmp_path, notebooks.setup_cell(ELSEWHERE).source + "\nimport helpers")
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    ("repository", "sentence"),
    [({"url": "", "branch": "main"}, "_config.yml"), (ELSEWHERE, "needs a network")],
)
def test_first_cell_says_what_is_missing_without_a_traceback(tmp_path, repository, sentence):
    notebook = nbformat.v4.new_notebook(cells=[notebooks.setup_cell(repository)])
    notebook.cells[0].source = f"import os; os.environ['PATH'] = ''\n{notebook.cells[0].source}"
    notebooks.write(notebook, tmp_path / "alone.ipynb")
    [run] = notebooks.execute_all([tmp_path / "alone.ipynb"], static=False)
    [output] = [one for one in run.notebook.cells[0].outputs if one.output_type == "error"]
    [shown] = output.traceback
    assert sentence in shown and "Traceback" not in shown
    assert not (tmp_path / "course").exists()


def test_first_cell_keeps_numpy_on_one_thread_even_if_it_was_loaded_before():
    code = (
        f"import numpy\n{notebooks.setup_cell().source}\n"
        "pools = threadpoolctl.threadpool_info()\n"
        "print(len(pools) > 0, {pool['num_threads'] for pool in pools}, os.cpu_count())"
    )
    several = {"OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "3"}
    printed = subprocess.check_output(
        [sys.executable, "-c", code], env={**os.environ, **several}, cwd=notebooks.BOOK, text=True
    )
    assert printed.startswith("True {1} ")


@pytest.mark.parametrize("name", NAMES)
def test_notebook_runs_and_what_it_prints_is_committed(name, executed):
    """Cells without a count print nothing: nbval would not compare it."""
    run = executed[name]
    assert not run.error, run.error
    assert not notebooks.mixed_cells(run.notebook), "cells that print and draw: split them"
    fresh = notebooks.normalise(copy.deepcopy(run.notebook))
    for stored, new in zip(code_cells(read(name)), code_cells(fresh), strict=True):
        assert stored.execution_count == new.execution_count, f"{stored.id}: `make notebooks`"
        if is_compared(stored):
            assert stored.outputs == new.outputs, f"{stored.id} printed something else"


@pytest.mark.parametrize("name", NAMES)
def test_normal_form_of_the_normal_form_is_itself(name, executed, tmp_path):
    once = notebooks.normalise(copy.deepcopy(executed[name].notebook))
    notebooks.write(once, tmp_path / "once.ipynb")
    again = notebooks.read(tmp_path / "once.ipynb")
    notebooks.write(again, tmp_path / "again.ipynb")
    assert (tmp_path / "once.ipynb").read_bytes() == (tmp_path / "again.ipynb").read_bytes()
    assert [cell.id for cell in again.cells] == [cell.id for cell in read(name).cells]


def example():
    """Build a notebook with one cell of each kind."""
    sources = [
        "x = 6 * 7",
        "print(x)",
        "from IPython.display import HTML\nHTML('<figure>drawn</figure>')",
        "from tqdm import tqdm\nfor _ in tqdm(range(3), leave=False): pass",
        "x",
    ]
    cells = [nbformat.v4.new_code_cell(source, id=f"c{i}") for i, source in enumerate(sources)]
    cells[1].metadata = {"tags": ["kept"], "collapsed": True}
    return nbformat.v4.new_notebook(cells=cells, metadata={"volatile": 1})


@pytest.fixture(scope="module")
def example_path(tmp_path_factory):
    """Execute the example and write it in normal form."""
    path = tmp_path_factory.mktemp("notebook") / "example.ipynb"
    notebooks.write(example(), path)
    [run] = notebooks.execute_all([path], static=False)
    assert not run.error
    notebooks.write(notebooks.normalise(run.notebook), path)
    return path


def test_normal_form_keeps_text_and_drops_drawings(example_path):
    notebook = notebooks.read(example_path)
    silent, printed, figure, bar, value = notebook.cells
    assert [cell.execution_count for cell in notebook.cells] == [1, 2, None, None, 3]
    assert silent.outputs == figure.outputs == bar.outputs == []
    assert printed.outputs[0].text == "42\n"
    assert printed.metadata == {"tags": ["kept"]}
    assert value.outputs[0].data == {"text/plain": "42"}
    assert "volatile" not in notebook.metadata


def nbval(path):
    """Return the exit code of nbval and what it printed."""
    command = [sys.executable, "-m", "pytest", "--nbval", "--rootdir", path.parent, path]
    result = subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        capture_output=True,
        text=True,
        cwd=path.parent,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
    )
    return result.returncode, result.stdout


def test_nbval_accepts_the_normal_form_and_fails_on_a_changed_number(example_path):
    code, report = nbval(example_path)
    assert code == 0, report
    changed = example_path.with_name("changed.ipynb")
    changed.write_text(example_path.read_text().replace('"42\\n"', '"43\\n"'))
    assert changed.read_text() != example_path.read_text()
    code, report = nbval(changed)
    assert code == 1
    assert "1 failed" in report


def test_cells_that_print_and_draw_are_named():
    notebook = example()
    drawing = nbformat.v4.new_output("display_data", {"text/html": "<figure></figure>"})
    notebook.cells[1].outputs = [drawing, nbformat.v4.new_output("stream", text="42")]
    assert notebooks.mixed_cells(notebook) == ["c1"]
    notebook.cells[1].metadata["tags"] = ["nbval-ignore-output"]
    assert notebooks.mixed_cells(notebook) == []


@pytest.mark.parametrize("name", [name for name in NAMES if name != "intro"])
def test_a_chapter_has_all_its_parts(name):
    cells = read(name).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert {"What would make it fail", "The walk"} <= set(headings)
    assert headings[-4:] == ["Exercises", "Quiz", "In five lines", "Where to read more"]
    assert f"# {name[:2]} · " in text, "the title carries the chapter's number"
    assert "**Predict.**" in text
    assert len(re.findall(r"^explore\(", code, re.MULTILINE)) >= 2
    assert code.count("assert ") >= 4
    assert "{py:mod}`helpers." in text[text.index("## Where to read more") :], "links to the API"


@pytest.mark.parametrize("name", NAMES)
def test_code_that_a_reader_sees_fits_on_a_screen(name):
    folded = {"hide-input", "remove-cell"}
    for cell in code_cells(read(name)):
        if not folded & set(cell.metadata.get("tags", [])):
            assert len(cell.source.splitlines()) <= 40, cell.id
