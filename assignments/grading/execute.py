"""Executing a submission so that one bad cell costs only itself."""

import tempfile
from pathlib import Path

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.v4 import new_output
from nbgrader.preprocessors import Execute
from nbgrader.utils import is_grade

from grading.outcomes import DIED, TIMED_OUT


class Patient(Execute):
    """Runs a notebook; what kills the kernel or takes too long is left out of a fresh start.

    nbgrader alone gives up on a submission whose kernel dies, and counts cells that never ran as
    right.
    """

    def preprocess(self, nb, resources):
        """Execute the notebook in a folder of its own, as often as it takes."""
        self.left_out = {}
        while True:
            with tempfile.TemporaryDirectory(prefix="k-", ignore_cleanup_errors=True) as folder:
                try:
                    return self._run(nb, resources, Path(folder))
                except CellTimeoutError:
                    self.left_out[self.running] = TIMED_OUT, f"more than {self.timeout} seconds"
                except DeadKernelError:
                    self.left_out[self.running] = DIED, "Python was ended by this code"

    def _run(self, nb, resources, folder):
        # Sockets are files in a folder that belongs to this kernel alone: no network is needed.
        here = folder / "work"
        here.mkdir()
        self.config.KernelManager.transport = "ipc"
        self.config.KernelManager.ip = str(folder / "k")
        self.config.KernelManager.connection_file = str(folder / "kernel.json")
        resources["metadata"]["path"] = str(here)
        return super().preprocess(nb, resources)

    def preprocess_cell(self, cell, resources, index):
        """Execute one cell, or say why it is left out."""
        self.running = index
        if index in self.left_out:
            name, message = self.left_out[index]
            cell.outputs = [new_output("error", ename=name, evalue=message, traceback=[message])]
            return cell, resources
        cell, resources = super().preprocess_cell(cell, resources, index)
        if is_grade(cell) and cell.cell_type == "code":
            # A warning costs nothing, and a printed number is no score: only an error counts.
            cell.outputs = [output for output in cell.outputs if output.output_type == "error"]
        return cell, resources
