"""What nbgrader is asked to do."""

import os
import sys
import warnings

from nbgrader.apps import NbGraderAPI
from sqlalchemy.exc import SAWarning
from traitlets.config import Config

from grading import sandbox
from grading.execute import Patient
from grading.places import named, read, write

# nbgrader's gradebook brings them about, and they mean nothing to who grades.
warnings.simplefilter("ignore", SAWarning)


class Course:
    """A course in nbgrader's sense, in a folder that is thrown away.

    Parameters
    ----------
    folder : Path
        An empty folder.
    unsafe : bool
        Whether student code runs without bubblewrap.
    """

    def __init__(self, folder, *, unsafe):
        self.folder = folder
        sandbox.write_kernelspec(folder, unsafe=unsafe)
        os.environ["JUPYTER_PATH"] = str(folder)
        # nbgrader calls alembic by its name; the installed script breaks when the course is moved.
        alembic = folder / "bin" / "alembic"
        alembic.parent.mkdir()
        alembic.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m alembic "$@"\n')
        alembic.chmod(0o755)
        os.environ["PATH"] = os.pathsep.join((str(alembic.parent), os.environ["PATH"]))
        self.config = _config(folder)
        self.api = NbGraderAPI(config=self.config)

    def add(self, name, notebook):
        """Add a set, and return the version for students, which nbgrader makes of it."""
        write(notebook, named(self.folder / "source", name))
        _require(self.api.generate_assignment(name), f"nbgrader could not release {name}")
        return read(named(self.folder / "release", name))

    def validate(self, name, notebook):
        """Run an instructor's version: its solutions must pass every test."""
        resources = {"metadata": {}}
        executed, _ = Patient(config=self.config, kernel_name=sandbox.NAME).preprocess(
            notebook, resources
        )
        for cell in executed.cells:
            for output in cell.get("outputs", ()):
                if output.output_type == "error":
                    where = cell.metadata.get("nbgrader", {}).get("grade_id", cell.id)
                    raise SystemExit(f"{name}, {where}: {output.ename}: {output.evalue}")

    def grade(self, student, name, notebook):
        """Run one submission, and return it with outputs and with its points by question."""
        write(notebook, named(self.folder / "submitted" / student, name))
        _require(self.api.autograde(name, student), "nbgrader could not grade this notebook")
        executed = read(named(self.folder / "autograded" / student, name))
        with self.api.gradebook as gradebook:
            grades = gradebook.find_submission_notebook(name, name, student).grades
            return executed, {grade.name: (grade.auto_score, grade.max_score) for grade in grades}


def _config(folder):
    config = Config()
    config.CourseDirectory.root = str(folder)
    config.CourseDirectory.course_id = "course"
    config.CourseDirectory.db_url = f"sqlite:///{folder}/gradebook.db"
    config.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}
    config.ClearSolutions.text_stub = "Your answer here."
    config.Autograde.autograde_preprocessors = [
        Patient,
        "nbgrader.preprocessors.LimitOutput",
        "nbgrader.preprocessors.SaveAutoGrades",
    ]
    config.ExecutePreprocessor.kernel_name = sandbox.NAME
    config.ExecutePreprocessor.timeout = sandbox.setting("GRADING_TIMEOUT")
    config.ExecutePreprocessor.interrupt_on_timeout = False
    config.ExecutePreprocessor.shutdown_kernel = "immediate"
    return config


def _require(answer, sentence):
    if not answer["success"]:
        raise RuntimeError(f"{sentence}:\n{answer.get('error') or ''}{answer.get('log') or ''}")
