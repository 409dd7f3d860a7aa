"""Executing notebooks in parallel, and the normal form in which they are committed.

The Sphinx extension beside this file uses the first half (`execute_all`). The second
half is what ``make notebooks`` runs::

    python -m notebooks                  # every chapter
    python -m notebooks 03_bottleneck    # just one
    python -m notebooks --setup          # execute nothing: renew the first cells, and what
                                         # JupyterLab shows folded
"""

import asyncio
import contextlib
import json
import os
import re
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import yaml
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from traitlets.config import Config

from folders import ASSIGNMENTS, BOOK, ROOT

CELL_TIMEOUT = 600
# One thread a kernel: as many kernels run side by side as there are cores.
KERNEL_ENVIRONMENT = {"OMP_NUM_THREADS": "1"}
LONGEST_SOCKET = 107  # letters of its path
ANSI_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
PROGRESS_BAR = re.compile(r"\r|\d+%\||^\s*$")


# ---- executing ---------------------------------------------------------------------------


@dataclass
class Run:
    """What came of executing one notebook; `error` is empty when it went well."""

    path: Path
    notebook: nbformat.NotebookNode
    seconds: float
    error: str


def cores():
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def execute_all(paths, *, static, timeout=CELL_TIMEOUT, report=lambda run: None):
    """Execute notebooks side by side, as many at a time as there are cores.

    Parameters
    ----------
    paths : list of Path
        The notebooks. Nothing is written to these files.
    static : bool
        True for the built book, where sliders are pre-rendered; False for a live kernel.
    timeout : int
        Seconds a cell may take.
    report : callable
        Called with each `Run` as soon as its notebook is done.

    Returns
    -------
    list of Run
        In the order of `paths`; a notebook that failed doesn't stop the others.
    """
    with course_settings():
        return asyncio.run(_execute_all(paths, static, timeout, report))


@contextlib.contextmanager
def course_settings():
    """Let kernels be the course's own: no kernel and no profile of the user's takes their place."""
    before = {name: os.environ.get(name) for name in ("JUPYTER_PATH", "IPYTHONDIR")}
    with TemporaryDirectory(prefix="ipython-") as folder:
        os.environ.pop("JUPYTER_PATH", None)
        os.environ["IPYTHONDIR"] = folder
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


async def _execute_all(paths, static, timeout, report):
    loop = asyncio.get_running_loop()
    # nbclient would replace asyncio's handler of Ctrl-C by one that carries on.
    loop.add_signal_handler = loop.remove_signal_handler = lambda *arguments: None
    free_core = asyncio.Semaphore(cores())

    async def one(path):
        async with free_core:
            run = await _execute(path, static, timeout)
        report(run)
        return run

    return await asyncio.gather(*map(one, paths))


async def _execute(path, static, timeout):
    start = time.perf_counter()
    answered, notebook, error = await _try(path, static, timeout)
    if not answered:  # the kernel died while it started: that happens, about once in 200 times
        _, notebook, error = await _try(path, static, timeout)
    return Run(path, notebook, time.perf_counter() - start, error)


async def _try(path, static, timeout):
    notebook = read(path)
    environment = {**os.environ, **KERNEL_ENVIRONMENT}
    environment.pop("STATIC_BOOK", None)
    if static:
        environment["STATIC_BOOK"] = "1"
    answered = []
    error = ""
    with TemporaryDirectory(prefix="kernel-") as sockets:
        client = NotebookClient(
            notebook,
            timeout=timeout,
            kernel_name="python3",
            coalesce_streams=True,
            record_timing=False,
            on_notebook_start=lambda notebook: answered.append(True),
            config=_transport(sockets),
        )
        try:
            await client.async_execute(cwd=str(path.parent), env=environment)
        except CellExecutionError as failure:
            error = ANSI_COLOUR.sub("", str(failure))
        except Exception as failure:
            error = f"{type(failure).__name__}: {failure}"
    return bool(answered), notebook, error


def _transport(sockets):
    """Let the kernel talk over Unix sockets: it starts in 0.8 s instead of 1.2 s over TCP.

    Where there are none, or the temporary folder's path is too long for one, it is TCP.
    """
    if not hasattr(socket, "AF_UNIX") or len(f"{sockets}/socket-9") > LONGEST_SOCKET:
        return Config()
    # The address must be absolute: the kernel runs in another folder than this process.
    return Config(KernelManager={"transport": "ipc", "ip": f"{sockets}/socket"})


# ---- outputs -----------------------------------------------------------------------------


def is_progress_bar(output):
    """Tell whether an output is the trace of a progress bar."""
    return output.get("name") == "stderr" and bool(PROGRESS_BAR.search(output.text))


def is_drawn(output):
    """Tell whether an output is a picture, an HTML figure, a quiz, a card or a widget."""
    data = output.get("data", {})
    html = data.get("text/html", "")
    return (
        "<figure" in html
        or re.search('<section class="(quiz|bug)', html) is not None
        or any(kind.startswith(("image/", "application/vnd.jupyter.widget")) for kind in data)
    )


def drop_progress_bars(notebook):
    """Remove the traces of progress bars from an executed notebook."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not is_progress_bar(output)]


def mixed_cells(notebook):
    """List the ids of the cells of an executed notebook that print, and draw as well.

    nbval can't compare the text of such a cell, since the drawing isn't committed.
    """
    mixed = []
    for cell in notebook.cells:
        if cell.cell_type == "code" and "nbval-ignore-output" not in cell.metadata.get("tags", []):
            passing = [is_drawn(output) or is_progress_bar(output) for output in cell.outputs]
            if any(passing) and not all(passing):
                mixed.append(cell.id)
    return mixed


def why_not_compared(cell, outputs):
    """Say why nbval could not compare what a code cell showed; empty if it could, or needn't.

    Parameters
    ----------
    cell : NotebookNode
        As it is committed.
    outputs : list of NotebookNode
        What it showed when it was executed.
    """
    shown = nbformat.from_dict({**cell, "outputs": outputs})
    if mixed_cells(nbformat.v4.new_notebook(cells=[shown])):
        return "This cell prints and draws: split it."
    # Without its progress bar, as in the static book, a cell that trains shows nothing at all.
    if outputs and _normalise_outputs(shown, 1) != bool(cell.execution_count):
        return "This cell prints now and did not before, or the other way: run `make notebooks`."
    return ""


# ---- the normal form ---------------------------------------------------------------------

KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
KEPT_CELL_METADATA = ("tags", "mystnb", "jupyter")
SOURCE, OUTPUTS = "source_hidden", "outputs_hidden"
# What the book hides or leaves out, JupyterLab shows folded. A cell without one of these tags
# is open: what was folded while it was written stays so for nobody else.
FOLDED = {
    "hide-input": (SOURCE,),
    "remove-input": (SOURCE,),
    "hide-output": (OUTPUTS,),
    "remove-output": (OUTPUTS,),
    "hide-cell": (SOURCE, OUTPUTS),
    "remove-cell": (SOURCE, OUTPUTS),
    "solution": (SOURCE, OUTPUTS),
}


def fold(cell):
    """Make JupyterLab fold of a cell what its tags hide in the book."""
    hidden = {part for tag in cell.metadata.get("tags", ()) for part in FOLDED.get(tag, ())}
    if cell.id == "setup":
        hidden -= {OUTPUTS}  # it speaks only when something is missing
    cell.metadata.pop("jupyter", None)
    if hidden:
        cell.metadata["jupyter"] = nbformat.from_dict(dict.fromkeys(sorted(hidden), True))
    return cell


def normalise(notebook):
    """Bring an executed notebook into the form in which it is committed.

    Printed text stays, so that ``pytest --nbval`` can compare it. Figures, widgets and
    progress bars go; a cell that showed nothing else keeps no execution count, which tells
    nbval not to compare it. The other code cells are numbered from 1.
    """
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    count = 0
    for index, cell in enumerate(notebook.cells):
        cell.setdefault("id", f"cell-{index:02d}")
        kept = {key: cell.metadata[key] for key in KEPT_CELL_METADATA if key in cell.metadata}
        cell.metadata = nbformat.from_dict(kept)
        fold(cell)
        if cell.cell_type == "code":
            count += _normalise_outputs(cell, count + 1)
    return notebook


def _normalise_outputs(cell, number):
    """Keep what a code cell printed; return whether it took the number."""
    silent = not cell.outputs
    cell.outputs = [
        output for output in cell.outputs if not (is_drawn(output) or is_progress_bar(output))
    ]
    counted = bool(cell.source.strip()) and (silent or bool(cell.outputs))
    cell.execution_count = number if counted else None
    for output in cell.outputs:
        if "metadata" in output:
            output.metadata = nbformat.from_dict({})
        if output.output_type == "execute_result":
            output.execution_count = number
    return counted


# ---- the first cell ----------------------------------------------------------------------

# Its code, without an address.
FIRST_CELL = Path(__file__).with_name("first_cell.py")
NOWHERE = 'ADDRESS, BRANCH = "", "main"'


def settings():
    """Read ``_config.yml``."""
    return yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))


def setup_cell(repository=None):
    """Make the first cell of every notebook.

    It keeps NumPy on one thread, and on Colab it makes `helpers` importable.

    Parameters
    ----------
    repository : dict, optional
        Address ("url", empty if there is none yet) and "branch" of the course; those that
        ``_config.yml`` names, unless they are given.
    """
    place = settings()["repository"] if repository is None else repository
    address, branch = json.dumps(place.get("url") or ""), json.dumps(place["branch"])
    code = FIRST_CELL.read_text(encoding="utf-8").rstrip("\n")
    source = code.replace(NOWHERE, f"ADDRESS, BRANCH = {address}, {branch}")
    tags = {"tags": ["remove-cell"]}
    return fold(nbformat.v4.new_code_cell(source, id="setup", execution_count=1, metadata=tags))


def with_setup(notebook):
    """Put the first cell into a notebook that has none, or renew it; the others keep their ids."""
    new = setup_cell()
    if notebook.cells[0].id == "setup":
        old = notebook.cells[0]
        new.execution_count = old.execution_count
        if "nbgrader" in old.metadata:
            new.metadata["nbgrader"] = old.metadata.nbgrader
        notebook.cells[0] = new
        return notebook
    notebook.cells.insert(0, new)
    for cell in notebook.cells[1:]:
        for counted in (cell, *cell.get("outputs", ())):
            if counted.get("execution_count"):
                counted.execution_count += 1
    return notebook


# ---- files -------------------------------------------------------------------------------


def read(path):
    """Read a notebook."""
    return nbformat.read(path, as_version=4)


def write(notebook, path):
    """Write a notebook as `nbformat` does, with a newline at its end."""
    path.write_text(nbformat.writes(notebook).rstrip("\n") + "\n", encoding="utf-8")


def longest_first(paths):
    """Sort notebooks by their code cells, so that no long one is left for the end."""

    def size(path):
        return sum(cell.cell_type == "code" for cell in read(path).cells)

    return sorted(paths, key=size, reverse=True)


def chapters(names=()):
    """Return the paths of the chapters with these names, or of all chapters."""
    if names:
        return [BOOK / f"{Path(name).stem}.ipynb" for name in names]
    return sorted(BOOK.glob("*.ipynb"))


def problem_sets():
    """Return the paths of the instructor's versions of the problem sets."""
    return sorted((ASSIGNMENTS / "source").glob("*/*.ipynb"))


def main(names):
    """Execute chapters in live mode and rewrite them in normal form."""

    def report(run):
        print(f"{run.path.name}: {run.seconds:.1f} s", flush=True)

    failed = False
    for run in execute_all(longest_first(chapters(names)), static=False, report=report):
        mixed = mixed_cells(run.notebook)
        if run.error:
            print(f"\n{run.path.name} failed and was not written:\n{run.error}", file=sys.stderr)
        elif mixed:
            print(
                f"\n{run.path.name} was not written: split the cells that print and draw, "
                f"or nbval can't compare what they print: {', '.join(mixed)}",
                file=sys.stderr,
            )
        else:
            write(normalise(with_setup(run.notebook)), run.path)
        failed = failed or bool(run.error or mixed)
    return int(failed)


def renew_setup(names):
    """Renew first cells and what is folded, in chapters and problem sets; execute nothing."""
    for path in chapters(names) + ([] if names else problem_sets()):
        notebook = with_setup(read(path))
        for cell in notebook.cells:
            fold(cell)
        write(notebook, path)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--setup"]:
        renew_setup(sys.argv[2:])
    else:
        sys.exit(main(sys.argv[1:]))
