"""The chapters as git keeps them: what they print is stored, compared, and nothing else."""

import copy
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import uncounted
from environments import without_the_course
from jupyter_cache import get_cache

import course
import notebooks
import pages
from folders import BOOK, HTML, ROOT

CHAPTERS = notebooks.chapters()
NAMES = [path.stem for path in CHAPTERS]


def read(name):
    return notebooks.read(BOOK / f"{name}.ipynb")


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def is_compared(cell):
    return "nbval-ignore-output" not in cell.metadata.get("tags", [])


@pytest.mark.parametrize("name", NAMES)
def test_committed_notebook_is_in_normal_form(name):
    notebook = read(name)
    path = BOOK / f"{name}.ipynb"
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
    assert first == notebooks.setup_cell(), "run `python -m notebooks --setup`"


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


@pytest.mark.slow
def test_first_cell_fetches_and_installs_the_course_where_it_is_missing(tmp_path):
    """As on Colab: a folder and a Python of their own, and a `git` that gives this working copy."""
    python = without_the_course(tmp_path / "environment")
    git = tmp_path / "bin" / "git"
    git.parent.mkdir()
    git.write_text(f"""#!/bin/sh
        echo "$@" >> {tmp_path}/asked
        for last; do :; done
        ln -s "{ROOT}" "$last"
    """)
    git.chmod(0o755)
    path = {"PATH": f"{git.parent}{os.pathsep}{os.environ['PATH']}"}
    offline = {"PIP_NO_BUILD_ISOLATION": "false"}  # pip means: without isolation
    shows = "\nfrom helpers import checks; print(checks.__file__, os.getcwd(), sep='\\n')"
    command = [python, "-c", notebooks.setup_cell(ELSEWHERE).source + shows]
    for _ in range(2):  # the second time, the kernel was restarted
        printed = subprocess.check_output(
            command, cwd=tmp_path, env=os.environ | path | offline, text=True
        )
        assert [Path(line).resolve() for line in printed.splitlines()] == [
            BOOK / "helpers" / "checks.py",
            BOOK,
        ]
    [asked] = (tmp_path / "asked").read_text().splitlines()
    assert asked.endswith(f"--branch some {ELSEWHERE['url']} course")


# A kernel that doesn't find the course, as if it were not installed.
UNINSTALL = "import sys; sys.meta_path[:] = [x for x in sys.meta_path if 'editable' not in str(x)]"


@pytest.mark.parametrize(
    ("repository", "sentence"),
    [({"url": "", "branch": "main"}, "_config.yml"), (ELSEWHERE, "needs a network")],
)
def test_first_cell_says_what_is_missing_without_a_traceback(tmp_path, repository, sentence):
    notebook = nbformat.v4.new_notebook(cells=[notebooks.setup_cell(repository)])
    without = f"{UNINSTALL}\nimport os; os.environ['PATH'] = ''\n"
    notebook.cells[0].source = without + notebook.cells[0].source
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
        [sys.executable, "-c", code], env={**os.environ, **several}, cwd=BOOK, text=True
    )
    assert printed.startswith("True {1} ")


@pytest.mark.pages
@pytest.mark.parametrize("name", NAMES)
def test_the_built_chapter_printed_what_is_committed(name):
    """Sliders are pictures there; nbval compares what is printed where they are live."""
    cache = get_cache(HTML.parent / ".jupyter_cache" / course.fingerprint())
    _, run = cache.merge_match_into_notebook(read(name))
    assert not notebooks.mixed_cells(run), "cells that print and draw: split them"
    for stored, new in zip(read(name).cells, run.cells, strict=True):
        trains = stored.cell_type == "code" and stored.execution_count is None
        if trains and stored.source and not new.outputs:  # its bar, which only the live run shows
            new.outputs = [nbformat.v4.new_output("stream", name="stderr", text="100%|##| 3/3 [")]
    fresh = notebooks.normalise(run)
    for stored, new in zip(read(name).cells, fresh.cells, strict=True):
        assert stored.id == new.id
        if stored.cell_type == "code":
            assert stored.execution_count == new.execution_count, f"{stored.id}: `make notebooks`"
            if is_compared(stored):
                assert stored.outputs == new.outputs, f"{stored.id} printed something else"


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


def test_normal_form_of_the_normal_form_is_itself(example_path, tmp_path):
    notebooks.write(notebooks.read(example_path), tmp_path / "again.ipynb")
    assert example_path.read_bytes() == (tmp_path / "again.ipynb").read_bytes()


def nbval(path):
    """Return the exit code of nbval and what it printed."""
    command = [sys.executable, "-m", "pytest", "--nbval", "--rootdir", path.parent, path]
    result = subprocess.run(
        [*command, "-p", "no:cacheprovider", "-p", "tests.uncounted"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
    )
    return result.returncode, result.stdout


@pytest.mark.slow
def test_nbval_accepts_the_normal_form_and_fails_on_a_changed_number(example_path):
    code, report = nbval(example_path)
    assert code == 0, report
    changed = example_path.with_name("changed.ipynb")
    changed.write_text(example_path.read_text().replace('"42\\n"', '"43\\n"'))
    assert changed.read_text() != example_path.read_text()
    code, report = nbval(changed)
    assert code == 1
    assert "1 failed" in report


@pytest.mark.slow
def test_nbval_fails_on_a_cell_that_prints_and_has_no_count(example_path):
    notebook = notebooks.read(example_path)
    notebook.cells[1].execution_count, notebook.cells[1].outputs = None, []
    path = example_path.with_name("uncounted.ipynb")
    notebooks.write(notebook, path)
    code, report = nbval(path)
    assert code == 1
    assert "1 failed" in report and "run `make notebooks`" in report


@pytest.mark.slow
def test_nbval_fails_on_a_cell_that_prints_and_draws(example_path):
    notebook = notebooks.read(example_path)
    notebook.cells[2].source = f"print(42)\n{notebook.cells[2].source}"
    mixed = example_path.with_name("mixed.ipynb")
    notebooks.write(notebook, mixed)
    code, report = nbval(mixed)
    assert code == 1
    assert "1 failed" in report and "split it" in report


def test_what_prints_is_counted_and_what_shows_nothing_may_be_either():
    printed = [nbformat.v4.new_output("stream", text="42\n")]
    bar = [nbformat.v4.new_output("stream", name="stderr", text="\r 50%|##")]
    counted, uncounted = (
        nbformat.v4.new_code_cell("run()", execution_count=count) for count in (1, None)
    )
    for cell, outputs, compared in [
        (counted, printed, True),
        (counted, bar, False),
        (uncounted, printed, False),
        (uncounted, bar, True),
        (counted, [], True),
        (uncounted, [], True),  # it trained, without a bar
    ]:
        assert (notebooks.why_not_compared(cell, outputs) == "") == compared


def test_a_kernel_that_dies_at_its_start_is_started_once_more():
    tries = []

    def start(name):
        tries.append(name)
        if len(tries) == 1:
            raise RuntimeError("Kernel died before replying to kernel_info")
        return "kernel"

    assert uncounted.once_more(start)("python3") == "kernel"
    assert len(tries) == 2


def test_cells_that_print_and_draw_are_named():
    notebook = example()
    drawing = nbformat.v4.new_output("display_data", {"text/html": "<figure></figure>"})
    notebook.cells[1].outputs = [drawing, nbformat.v4.new_output("stream", text="42")]
    assert notebooks.mixed_cells(notebook) == ["c1"]
    notebook.cells[1].metadata["tags"] = ["nbval-ignore-output"]
    assert notebooks.mixed_cells(notebook) == []


# What shows a figure that the reader moves.
MOVES = "|".join(
    "explore explore_maps show_maps live side_by_side stream wire_it parts cut_heads show_curves "
    "draggable_query draggable_look_up clickable_mask pattern_puzzles three_words "
    "cutter batching show_sizes".split()
)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("intro", "bugs")])
def test_a_chapter_has_all_its_parts(name):
    cells = read(name).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert {"What would make it fail", "The walk"} <= set(headings)
    assert headings[-4:] == ["Exercises", "Quiz", "In five lines", "Where to read more"]
    assert f"# {name[:2]} · " in text, "the title carries the chapter's number"
    assert "**Predict.**" in text
    assert len(re.findall(rf"^({MOVES})\(", code, re.MULTILINE)) >= 2
    assert code.count("assert ") >= 4
    assert "{py:mod}`helpers." in text[text.index("## Where to read more") :], "links to the API"


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("intro", "bugs")])
def test_the_first_line_adds_up_the_minutes_of_the_exercises(name):
    cells = [cell.source for cell in read(name).cells if cell.cell_type == "markdown"]
    each = re.findall(r"^\*Difficulty .* about (\d+) minutes", "\n".join(cells), re.MULTILINE)
    line = pages.chapter_lines().get(name[:2], "no line")
    assert f" {sum(map(int, each))} for the exercises" in line, "see the table in instructors.md"


def test_the_gallery_has_parts_of_its_own():
    cells = read("bugs").cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    assert "# Bugs · " in text and "**Predict.**" in text
    first = [cell.id for cell in cells[1:4]]  # behind the cell that finds the course
    assert first == ["opening", "predict-unseen", "index"]
    assert text.rindex("\n## ") == text.index("\n## Where to read more")
    assert code.count("show_bugs(") == 9 and code.count("assert ") >= 4


@pytest.mark.parametrize("name", NAMES)
def test_code_that_a_reader_sees_fits_on_a_screen(name):
    folded = {"hide-input", "remove-cell"}
    for cell in code_cells(read(name)):
        if not folded & set(cell.metadata.get("tags", [])):
            assert len(cell.source.splitlines()) <= 40, cell.id
