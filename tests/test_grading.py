"""What a real class does to grading: damaged files, odd names, Ctrl-C, spreadsheets, full disks."""

import copy
import csv
import io
import json
import os
import resource
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import nbformat
import pytest
from test_assignments import PARTS, SET, cell, model_answers, needs_sandbox, with_answers, with_cell

import folders
from grading import __main__ as program
from grading import (
    execute,
    handed_in,
    hidden,
    lms,
    outcomes,
    places,
    pry,
    rebuild,
    report,
    sandbox,
    tables,
)
from grading.cases import CHAPTERS, SETS
from grading.execute import Evidence

pytestmark = pytest.mark.slow

FULL = 11


@pytest.fixture(scope="module")
def handed_out():
    return places.student_version(SET)


@pytest.fixture(scope="module")
def right(handed_out):
    return with_answers(handed_out, **model_answers(), explanations="Too little training.")


def as_cells(notebook, tmp_path):
    """Read a notebook, or the data of one, as grading reads it."""
    path = tmp_path / "one.ipynb"
    path.write_text(json.dumps(notebook) if isinstance(notebook, dict) else notebook)
    return handed_in.load(path)


def marked(notebook, tmp_path, unsafe=True, name=SET):
    """Grade one notebook, and return its outcomes by question."""
    version = places.student_version(name)
    examples = hidden.of_set(name, "seed") if name in SETS else None
    submission = rebuild.take(version, as_cells(notebook, tmp_path))
    steps = rebuild.steps(version, submission, everywhere=name in SETS)
    evidence = execute.run(steps, examples, program.refused(name), unsafe=unsafe)
    found = outcomes.judge("ann", name, version, submission, steps, evidence, examples)
    return {one.question: one for one in found}


def points(found):
    return sum(one.points or 0 for one in found.values())


# ---- every set ---------------------------------------------------------------------------------


def handed_in_of(name, answers):
    """Return what a student hands in: right answers, nothing, or 0.5 everywhere."""
    source = places.read(places.named(places.SOURCE, name))
    notebook = places.student_version(name)
    for part in SETS[name] if answers != "empty" else ():
        lines = cell(source, part).source.split("\n")
        right = "\n".join(line for line in lines if "### " not in line)
        wrong = f"{lines[0]}\n    return 0.5"
        notebook = with_answers(notebook, **{part: right if answers == "right" else wrong})
    for part in written_of(notebook) if answers != "empty" else ():
        notebook = with_answers(notebook, **{part: "Too little training."})
    return notebook


def written_of(notebook):
    """Return the names of the written answers."""
    marks = [one.metadata.get("nbgrader", {}) for one in notebook.cells]
    return [mark["grade_id"] for mark in marks if mark.get("grade") and mark["solution"]]


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize(
    ("answers", "reason", "text"),
    [("right", "passed", "to be read"), ("empty", "missing", "missing"), ("wrong", "wrong", "")],
)
def test_right_empty_and_wrong_answers_of_every_set(tmp_path, name, answers, reason, text):
    notebook = handed_in_of(name, answers)
    found = marked(nbformat.writes(notebook), tmp_path, unsafe=True, name=name)
    assert {part: found[part].reason for part in SETS[name]} == dict.fromkeys(SETS[name], reason)
    assert points(found) == (
        sum(found[part].out_of for part in SETS[name]) if text == "to be read" else 0
    )
    for part in written_of(notebook):
        assert found[part].reason == (text or "to be read")


# ---- what was handed in is read ------------------------------------------------------------


def damaged(right):
    """Return right submissions that were damaged, or written in another way."""
    data = json.loads(nbformat.writes(right))

    def changed(change):
        other = copy.deepcopy(data)
        change(other)
        return other

    def bare(other):
        for one in other["cells"]:
            one.pop("outputs", None)
            one.pop("execution_count", None)

    def tags(other):
        for one in other["cells"]:
            one["metadata"]["tags"] = ["twice", "twice"]

    def emptied(other):
        for one in other["cells"]:
            one["metadata"] = {}

    def copied(other):
        [(place, one)] = [
            (i, one) for i, one in enumerate(other["cells"]) if one["id"] == "context"
        ]
        stub = copy.deepcopy(one)
        stub["source"] = "def context(states, memory):\n    raise NotImplementedError"
        other["cells"].insert(place, stub)

    def own_cell(other, step):
        [(place, one)] = [
            (i, one) for i, one in enumerate(other["cells"]) if one["id"] == "context"
        ]
        own = {**copy.deepcopy(one), "id": "own", "metadata": {}}
        one["source"] = "def context(states, memory):\n    raise NotImplementedError"
        other["cells"].insert(place + step, own)

    def imports(other):
        for one in other["cells"]:
            if one["id"] == "imports":
                one["source"] = "import math\n" + "".join(one["source"])
            if one["id"] == "bits-per-number":
                one["source"] = (
                    "def bits_per_number(length, symbols, width):\n"
                    "    return length * math.log2(symbols) / width"
                )

    def matrix(other):
        for one in other["cells"]:
            if one["id"] == "context":
                one["source"] = (
                    "def context(states, memory):\n"
                    "    return np.matrix(softmax(states @ memory.T)) @ memory"
                )

    return {
        "a minor version that has no ids": changed(lambda it: it.update(nbformat_minor=4)),
        "no outputs": changed(bare),
        "a tag twice": changed(tags),
        "no name of the kernel": changed(lambda it: it.update(metadata={"kernelspec": {}})),
        "no metadata": changed(emptied),
        "an untouched copy above": changed(copied),
        "a cell of one's own below": changed(lambda it: own_cell(it, 1)),
        "a cell of one's own above": changed(lambda it: own_cell(it, 0)),
        "a cell of one's own below the check": changed(lambda it: own_cell(it, 2)),
        "an import added to ours": changed(imports),
        "np.matrix": changed(matrix),
        "a byte-order mark": "\ufeff" + json.dumps(data),
    }


@pytest.mark.parametrize(
    "damage",
    [
        "a minor version that has no ids",
        "no outputs",
        "a tag twice",
        "no name of the kernel",
        "no metadata",
        "an untouched copy above",
        "a cell of one's own below",
        "a cell of one's own above",
        "a cell of one's own below the check",
        "an import added to ours",
        "np.matrix",
        "a byte-order mark",
    ],
)
def test_what_was_written_counts(right, tmp_path, damage):
    found = marked(damaged(right)[damage], tmp_path)
    assert points(found) == FULL, found
    assert found["explanations"].reason == "to be read"


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"cells": 1}', b"\xff\xfe", b"[" * 10**5])
def test_what_is_no_notebook_is_said_to_be_none(tmp_path, data):
    path = tmp_path / "x.ipynb"
    path.write_bytes(data)
    with pytest.raises(handed_in.Unreadable):
        handed_in.load(path)


def test_lone_surrogates_and_wrong_types_in_cells_are_read(tmp_path):
    cells = [
        {"cell_type": "code", "source": ["a", 1], "metadata": [], "id": 3},
        {"cell_type": "code", "source": "\ud800", "metadata": {"nbgrader": {"grade_id": [1]}}},
        "no cell",
    ]
    found = as_cells(json.dumps({"cells": cells}), tmp_path)
    assert [one.source for one in found] == ["a", "?"]
    assert [one.name for one in found] == ["", ""]


# ---- blame -----------------------------------------------------------------------------------


KILLERS = {
    "exit at the top": ("exit()", None),
    "os._exit at the top": ("import os; os._exit(1)", None),
    "a timer": ("import threading, os; threading.Timer(.05, os._exit, [1]).start()", None),
    "quit after an answer": (None, "\nquit()"),
    "sys.exit after an answer": (None, "\nimport sys; sys.exit()"),
    "deep folders": ("import os\nfor _ in range(1200): os.mkdir('d'); os.chdir('d')", None),
    "no folder": ("import os, shutil; shutil.rmtree(os.getcwd(), ignore_errors=True)", None),
    "closed files": ("import os; os.closerange(0, 3)", None),
}


@needs_sandbox
@pytest.mark.parametrize("killer", KILLERS)
def test_what_ends_python_costs_nobody_else(right, tmp_path, killer):
    top, after = KILLERS[killer]
    notebook = with_cell(right, top) if top else copy.deepcopy(right)
    if after:
        cell(notebook, "state_weights").source += after
    found = marked(notebook, tmp_path, unsafe=False)
    assert points(found) == FULL, found


@needs_sandbox
def test_the_answer_that_ends_python_is_the_one_that_is_named(right, tmp_path):
    notebook = copy.deepcopy(right)
    cell(notebook, "state_weights").source += "\nimport os; os._exit(1)"
    found = marked(notebook, tmp_path, unsafe=False)
    assert {name for name, one in found.items() if one.reason == "crashed"} == {"state_weights"}
    assert "ended by this code" in found["state_weights"].detail


@needs_sandbox
def test_code_that_kills_all_of_the_sandbox_is_left_out(right, tmp_path):
    found = marked(with_cell(right, "import os; os.kill(-1, 9)"), tmp_path, unsafe=False)
    assert points(found) == FULL


@needs_sandbox
def test_a_long_temporary_folder_is_no_trouble(right, tmp_path, monkeypatch):
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    for unsafe in (False, True):
        assert points(marked(right, tmp_path, unsafe=unsafe)) == FULL


def test_who_asks_for_input_is_told_that_nobody_answers(right, tmp_path):
    notebook = with_answers(right, context="def context(states, memory):\n    return input()")
    assert "calls input()" in marked(notebook, tmp_path)["context"].detail


# ---- limits ----------------------------------------------------------------------------------


@needs_sandbox
def test_a_whole_submission_has_a_limit_too(right, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADING_TIMEOUT", "2")
    monkeypatch.setenv("GRADING_TOTAL", "4")
    notebook = right
    for _ in range(8):
        notebook = with_cell(notebook, "import time; time.sleep(1.5)")
    begin = time.monotonic()
    found = marked(notebook, tmp_path, unsafe=False)
    assert time.monotonic() - begin < 40
    assert {found[name].reason for name in PARTS} == {"timed out"}
    assert "whole notebook" in found["context"].detail


GREEDY = {
    "processes": "import subprocess, time\n"
    "for _ in range(500): subprocess.Popen(['sleep', '60'])\ntime.sleep(9)",
    "memory of many": "import os, time\nfor _ in range(8):\n    if not os.fork():\n"
    "        keep = b'1' * 10**8; time.sleep(9); os._exit(0)\ntime.sleep(9)",
    "disk": "for i in range(30):\n    open(f'/tmp/{i}', 'wb').write(b'1' * 4 * 10**7)",
    "shared memory": "for i in range(30):\n    open(f'/dev/shm/{i}', 'wb').write(b'1' * 4 * 10**7)",
    "prints": "while True: print('x' * 10**6)",
    "shows": "from IPython.display import display, HTML\nwhile True: display(HTML('x' * 10**6))",
    "screams": "import os\nwhile True: os.write(2, b'\\x1b[31mboo' * 1000)",
}


@needs_sandbox
@pytest.mark.parametrize("greed", GREEDY)
def test_what_uses_up_the_machine_is_stopped(right, tmp_path, monkeypatch, greed):
    monkeypatch.setenv("GRADING_TIMEOUT", "5")
    monkeypatch.setenv("GRADING_MEMORY_MB", "600" if greed == "memory of many" else "1500")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = marked(with_cell(right, GREEDY[greed]), tmp_path, unsafe=False)
    assert points(found) == FULL, found
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def test_nothing_is_left_running_or_lying_about(right, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    deep = "import os\nfor _ in range(1200): os.mkdir('d'); os.chdir('d')"
    runs = "import subprocess; subprocess.Popen(['sleep', '7177'])"
    marked(with_cell(with_cell(right, deep), runs), tmp_path, unsafe=True)
    assert [path.name for path in tmp_path.iterdir()] == ["one.ipynb"]
    listed = subprocess.check_output(["ps", "-eo", "args"], text=True)
    assert "sleep 7177" not in listed


@pytest.mark.parametrize("word", ["30s", "-1", "0", "1.5"])
def test_a_limit_that_is_no_number_is_named(monkeypatch, word):
    monkeypatch.setenv("GRADING_TIMEOUT", word)
    with pytest.raises(SystemExit, match="GRADING_TIMEOUT"):
        program.limits()


# ---- looking ---------------------------------------------------------------------------------


def test_prose_is_not_worth_a_look():
    innocent = (
        "# In every row: inspect it, gc\ndef f(x):\n    '''In every row, eval it.'''\n    return x"
    )
    assert pry.names([innocent, "%matplotlib inline\n!ls\nx = 'inspect the sum'"]) == []


def test_added_cells_are_looked_at(handed_out, right, tmp_path):
    notebook = with_cell(right, "import inspect")
    submission = rebuild.take(handed_out, as_cells(nbformat.writes(notebook), tmp_path))
    steps = rebuild.steps(handed_out, submission)
    found = outcomes.judge(
        "a", SET, handed_out, submission, steps, Evidence(), {name: [] for name in PARTS}
    )
    assert {one.look for one in found if one.question in PARTS} == {"inspect"}


# ---- a class, without running anything -------------------------------------------------------


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Return a class of which nothing is really run: every answer is right, at once."""
    monkeypatch.setenv("GRADING_SEED", "seed")
    monkeypatch.setattr(program, "validate", lambda *a, **k: None)

    class Course:
        def __init__(self):
            self.submitted, self.out = tmp_path / "submitted", tmp_path / "out"
            self.ran, self.trouble = [], set()

        def hand_in(self, name, notebook, path=f"{SET}/{SET}.ipynb"):
            target = self.submitted / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(nbformat.writes(notebook), encoding="utf-8")
            return target

        def grade(self, **options):
            self.ran.clear()
            return program.grade(self.submitted, self.out, True, **options)

        def table(self, name="grades.csv"):
            with (self.out / name).open(newline="", encoding="utf-8") as file:
                return list(csv.DictReader(file))

    found = Course()

    def run(steps, examples, *_, **__):
        who = [step.source for step in steps if step.source.startswith("# I am ")]
        found.ran += who or [""]
        if found.trouble & set(who):
            raise sandbox.Trouble("the sandbox doesn't start: no sockets")
        values = {
            name: [
                {"shape": list(one.expected.shape), "values": one.expected.ravel().tolist()}
                for one in of
            ]
            for name, of in examples.items()
        }
        return Evidence(values=values)

    monkeypatch.setattr(execute, "run", run)
    return found


def named(right, who):
    return with_cell(right, f"# I am {who}")


def test_trouble_of_the_grader_is_nobodys_fault(course, right):
    for who in ("ann", "bob"):
        course.hand_in(who, named(right, who))
    course.trouble = {"# I am ann"}
    assert course.grade() is False
    rows = [row for row in course.table() if row["student"] == "ann"]
    assert {row["reason"] for row in rows} == {"not graded"}
    assert {row["points"] for row in rows} == {""}
    assert "no sockets" in rows[0]["detail"]
    page = (course.out / "feedback" / "ann.html").read_text()
    assert "no fault" in page and "no sockets" not in page
    totals = {row["student"]: row[SET] for row in course.table("totals.csv")}
    assert totals == {"ann": "", "bob": "11"}
    course.trouble = set()
    assert course.grade() is True
    assert course.ran == ["# I am ann"]
    assert {row[SET] for row in course.table("totals.csv")} == {"11"}


def test_the_command_fails_if_something_was_not_graded(monkeypatch):
    monkeypatch.setattr(program, "grade", lambda *a, **k: False)
    with pytest.raises(SystemExit) as stopped:
        program.main(["grade"])
    assert stopped.value.code == 1


def test_a_file_that_cannot_be_read_is_not_graded(course, right, monkeypatch):
    course.hand_in("ann", right)
    real = Path.read_bytes

    def read_bytes(path):
        if "ann" in path.parts and path.suffix == ".ipynb":
            raise PermissionError("may not be read")
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    assert course.grade() is False
    assert course.table()[0]["reason"] == "not graded"


def test_odd_names_are_only_labels(course, right):
    odd = ["a[b]c", "  blank", "=1+1", "x" * 250, "Zoë", "@home", "a\x1b[31mb", "ü" * 120]
    for name in odd:
        course.hand_in(name, right)
    raw = os.fsencode(course.submitted) + b"/M\xfcller/" + SET.encode()
    os.makedirs(raw)
    (course.submitted / "Zoë" / SET / f"{SET}.ipynb").rename(os.fsdecode(raw) + f"/{SET}.ipynb")
    course.hand_in("Zoë", right)
    assert course.grade() is True
    totals = {row["student"]: row[SET] for row in course.table("totals.csv")}
    assert set(totals.values()) == {"11"} and len(totals) == len(odd) + 1
    assert {"a[b]c", "Müller", "Zoë", "'=1+1", "'@home", "a [31mb"} <= set(totals)
    assert len(list((course.out / "feedback").glob("*.html"))) == len(odd) + 1
    data = b"".join(path.read_bytes() for path in course.out.glob("*.csv"))
    assert b"\x1b" not in data


def test_no_cell_of_a_table_is_a_formula_or_steers_a_screen():
    row = {"a": "=HYPERLINK('x')", "b": "+1", "c": "-1", "d": "@x", "e": "\x00\x1b[1m", "f": "\t=1"}
    for value in next(
        csv.DictReader(io.StringIO(tables.table(list(row), [row]).decode()))
    ).values():
        assert not value.startswith(("=", "+", "-", "@", "\t")) and "\x1b" not in value


# ---- finding ---------------------------------------------------------------------------------


LAYOUTS = [
    "bottleneck.ipynb",
    "Bottleneck/bottleneck.ipynb",
    "Bottleneck/Bottleneck.IPYNB",
    "deep/er/bottleneck/bottleneck (1).ipynb",
    "homework.ipynb",
    "bottleneck/name_123_assignsubmission_file_Untitled.ipynb",
]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_notebook_is_found_wherever_it_lies(course, right, layout):
    course.hand_in("ann", right, layout)
    (course.submitted / "ann" / "._bottleneck.ipynb").write_bytes(b"\x00\x05")
    (course.submitted / "ann" / "__MACOSX").mkdir()
    (course.submitted / "ann" / "__MACOSX" / "bottleneck.ipynb").write_bytes(b"x")
    assert course.grade() is True
    assert course.table("totals.csv")[0][SET] == "11"
    assert not (course.out / "not_looked_at.txt").exists()


def test_what_is_not_looked_at_is_listed(course, right, capsys):
    course.hand_in("ann", right)
    (course.submitted / "ann" / "notes.pdf").write_bytes(b"x")
    (course.submitted / "ann" / "other.ipynb").write_text('{"cells": []}')
    (course.submitted / "ann" / "helpers").mkdir()
    (course.submitted / "ann" / "helpers" / "checks.py").write_text("handed out")
    course.hand_in(".bob", right)
    (course.submitted / "alone.ipynb").write_text("{}")
    (course.submitted / "link").symlink_to(course.submitted / "ann")
    (course.submitted / "ann" / "l.ipynb").symlink_to("/etc/passwd")
    course.grade()
    lines = (course.out / "not_looked_at.txt").read_text().splitlines()
    said = " ".join(lines)
    assert len(lines) == 6
    for word in ("notes.pdf", "other.ipynb", ".bob", "alone.ipynb", "link", "l.ipynb"):
        assert word in said
    assert "notes.pdf" in capsys.readouterr().out


def test_two_different_notebooks_are_not_chosen_from(course, right, handed_out):
    course.hand_in("ann", right, "one.ipynb")
    course.hand_in("ann", right, "same.ipynb")
    course.hand_in("bob", right, "one.ipynb")
    course.hand_in("bob", handed_out, "other.ipynb")
    assert course.grade() is False
    totals = {row["student"]: row[SET] for row in course.table("totals.csv")}
    assert totals == {"ann": "11", "bob": ""}
    assert "leave one of one.ipynb, other.ipynb" in course.table()[-1]["detail"]


# ---- nothing is lost -------------------------------------------------------------------------


def test_unchanged_submissions_are_not_run_again(course, right):
    for who in ("ann", "bob"):
        course.hand_in(who, named(right, who))
    course.grade()
    assert sorted(course.ran) == ["# I am ann", "# I am bob"]
    course.grade()
    assert course.ran == []
    course.hand_in("bob", named(named(right, "bob"), "new"))
    course.grade()
    assert course.ran == ["# I am new"] or "# I am bob" in course.ran
    assert len(course.ran) == 2  # the two cells of the one that is new


def test_one_student_or_one_set_alone(course, right):
    for who in ("ann", "bob"):
        course.hand_in(who, named(right, who))
    course.grade(only_students=["bob"])
    assert course.ran == ["# I am bob"]
    assert [row["student"] for row in course.table("totals.csv")] == ["bob"]
    course.grade(only_sets=[SET])
    assert course.ran == ["# I am ann"]
    assert len(course.table("totals.csv")) == 2
    for wrong in ({"only_students": ["eve"]}, {"only_sets": ["nothing"]}):
        with pytest.raises(SystemExit, match="There is no"):
            course.grade(**wrong)


def test_another_seed_is_noticed(course, right, monkeypatch):
    course.hand_in("ann", right)
    course.grade()
    before = (course.out / "grades.csv").read_bytes()
    monkeypatch.setenv("GRADING_SEED", "another")
    with pytest.raises(SystemExit, match="another seed"):
        course.grade()
    assert (course.out / "grades.csv").read_bytes() == before
    assert course.grade(other_seed=True) is True
    assert len(course.ran) == 1
    kept = "".join(path.read_text() for path in (course.out / "graded").iterdir())
    assert "another" not in kept


def test_a_graded_set_outlives_its_files(course, right):
    path = course.hand_in("ann", right)
    course.grade()
    path.unlink()
    course.hand_in("bob", right)
    course.grade()
    assert {row["student"]: row[SET] for row in course.table("totals.csv")} == {
        "ann": "11",
        "bob": "11",
    }


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
@needs_sandbox
def test_a_run_that_is_stopped_keeps_what_is_finished(right, tmp_path, stop):
    for who in "abc":
        path = tmp_path / "submitted" / who / SET / f"{SET}.ipynb"
        path.parent.mkdir(parents=True)
        wait = (
            "import os, time; print('BOO'); os.write(2, b'BOO\\x1b[31m'); os.system('echo BOO')\n"
        )
        wait += f"time.sleep({0 if who == 'a' else 4})"
        nbformat.write(with_cell(right, wait), path)
    command = [sys.executable, "-m", "grading", "grade"]
    command += ["--submitted", tmp_path / "submitted", "--out", tmp_path / "out"]
    environment = {**os.environ, "GRADING_SEED": "x", "GRADING_JOBS": "1"}
    running = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    kept = tmp_path / "out" / "graded"
    while not list(kept.glob("*.json")):
        assert running.poll() is None, running.stderr.read()
        time.sleep(0.1)
    running.send_signal(stop)
    _, errors = running.communicate(timeout=60)
    assert running.returncode != 0
    done = len(list(kept.glob("*.json")))
    assert 1 <= done < 3
    if stop == signal.SIGINT:
        assert f"Stopped: {done} are graded" in errors
        with (tmp_path / "out" / "totals.csv").open() as file:
            assert {row[SET] for row in csv.DictReader(file)} == {"11"}
    time.sleep(1)
    listed = subprocess.check_output(["ps", "-eo", "args"], text=True)
    assert str(tmp_path) not in listed
    before = {path: path.stat().st_mtime_ns for path in kept.glob("*.json")}
    again = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert again.returncode == 0, again.stderr
    assert "BOO" not in again.stdout + again.stderr + errors
    assert all(path.stat().st_mtime_ns == old for path, old in before.items())
    with (tmp_path / "out" / "totals.csv").open() as file:
        assert [row[SET] for row in csv.DictReader(file)] == ["11"] * 3


# ---- written.csv -----------------------------------------------------------------------------


SAVED = {
    "Excel's UTF-8": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "semicolons": lambda text: text.replace(",", ";").encode(),
    "semicolons and a comma": lambda text: text.replace(",", ";").replace("2.5", "2,5").encode(),
    "Windows": lambda text: text.replace("\n", "\r\n").encode("cp1252"),
    "UTF-16 and tabs": lambda text: text.replace(",", "\t").encode("utf-16"),
    "sep=": lambda text: ("sep=;\n" + text.replace(",", ";")).encode(),
}


@pytest.mark.parametrize("form", SAVED)
def test_any_spreadsheet_may_have_saved_the_points(course, right, form):
    course.hand_in("José", right)
    course.grade()
    path = course.out / "written.csv"
    text = path.read_text().replace("explanations,,", "explanations,2.5,schön")
    path.write_bytes(SAVED[form](text))
    for _ in range(2):
        assert course.grade() is True
        row = course.table()[-1]
        assert (row["points"], row["reason"], row["detail"]) == ("2.5", "read", "schön")
    assert not course.ran
    assert course.table("totals.csv")[0] == {
        "student": "José",
        SET: "13.5",
        f"{SET} out of": "14",
        f"{SET} to be read": "0",
    }


def test_totals_say_what_is_still_to_be_read(course, right):
    course.hand_in("ann", right)
    course.grade()
    [row] = course.table("totals.csv")
    assert (row[SET], row[f"{SET} out of"], row[f"{SET} to be read"]) == ("11", "14", "3")
    assert "3 still to be read" in (course.out / "feedback" / "ann.html").read_text()


@pytest.mark.parametrize("word", ["2/3", "two", "-1", "17", "nan", "1e9"])
def test_points_that_are_none_are_named_with_their_line(course, right, word):
    course.hand_in("ann", right)
    course.grade()
    path = course.out / "written.csv"
    path.write_text(path.read_text().replace("explanations,,", f"explanations,{word},"))
    before = path.read_bytes()
    with pytest.raises(SystemExit, match="line 2"):
        course.grade()
    assert not course.ran
    assert path.read_bytes() == before


def test_a_table_without_its_columns_is_named_before_grading(course, right):
    course.hand_in("ann", right)
    course.out.mkdir()
    (course.out / "written.csv").write_text("Name,Mark\nann,2\n")
    with pytest.raises(SystemExit, match="no column 'student'"):
        course.grade()
    assert not course.ran and not (course.out / "grades.csv").exists()


def test_rows_columns_and_comments_of_the_instructor_stay(course, right):
    course.hand_in("ann", right)
    course.grade()
    path = course.out / "written.csv"
    fields, rows, _ = tables.rows(path.read_bytes())
    row = rows[0][1] | {"points": "2", "comment": "a, b", "mine": "kept"}
    blank = row | {"points": "", "comment": ""}
    old = dict.fromkeys(fields, "") | {"student": "gone", "points": "1", "mine": "also"}
    path.write_bytes(tables.table([*fields, "mine"], [old, row, blank]))
    for _ in range(2):
        course.grade()
    _, rows, _ = tables.rows(path.read_bytes())
    assert [(one["student"], one["points"], one["mine"]) for _, one in rows] == [
        ("gone", "1", "also"),
        ("ann", "2", "kept"),
        ("ann", "", "kept"),
    ]
    assert course.table()[-1]["points"] == "2"
    path.write_bytes(tables.table([*fields, "mine"], [row, row | {"points": "3"}]))
    with pytest.raises(SystemExit, match="lines 2 and 3"):
        course.grade()


def test_a_text_that_changes_loses_its_points_and_says_so(course, right, capsys):
    course.hand_in("ann", right)
    course.grade()
    path = course.out / "written.csv"
    path.write_text(path.read_text().replace("explanations,,", "explanations,2,good"))
    course.grade()
    assert course.table()[-1]["reason"] == "read"
    capsys.readouterr()
    course.hand_in("ann", with_answers(right, explanations="Something else."))
    course.grade()
    assert course.table()[-1]["reason"] == "to be read"
    [(_, row)] = tables.rows(path.read_bytes())[1]
    assert (row["points"], row["comment"]) == ("", "good")
    assert row["note"] == "the text has changed since it got 2"
    assert "1 written answers have changed" in capsys.readouterr().out


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "x.csv"
    places.write_whole(path, "before")
    monkeypatch.setattr(os, "replace", lambda *a: (_ for _ in ()).throw(OSError("no space")))
    with pytest.raises(OSError, match="no space"):
        places.write_whole(path, "after")
    assert path.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["x.csv"]


def test_all_answers_to_a_question_stand_on_one_page(course, right):
    for who, words in (("ann", "Too <b>little</b> training."), ("bob", "Capacity.")):
        course.hand_in(who, with_answers(right, explanations=words))
    course.grade()
    page = (course.out / "reading.html").read_text()
    assert "Too &lt;b&gt;little&lt;/b&gt; training." in page and "Capacity." in page
    assert "gradient descent has not found how" in page  # the model answer
    assert page.count('name="points"') == 2


@pytest.fixture
def page(browser_path):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 390, "height": 800})
        browser.close()


def test_what_is_typed_into_the_page_becomes_the_table(course, right, page, tmp_path):
    course.hand_in("ann", with_answers(right, explanations="</script><b>Too little</b>"))
    course.hand_in("bob", right)
    course.grade()
    page.goto((course.out / "reading.html").as_uri())
    page.locator("input[name=points]").nth(1).fill("2,5")
    page.locator("input[name=comment]").nth(1).fill('nearly, "but"')
    with page.expect_download() as saved:
        page.get_by_role("button").click()
    saved.value.save_as(course.out / "written.csv")
    course.grade()
    rows = {row["student"]: row for row in course.table() if row["question"] == "explanations"}
    assert rows["ann"]["reason"] == "to be read"
    assert (rows["bob"]["points"], rows["bob"]["detail"]) == ("2.5", 'nearly, "but"')


def test_feedback_fits_on_a_phone_and_says_what_a_question_was(course, right, page):
    course.hand_in("ann" * 50, right)
    course.grade()
    [path] = (course.out / "feedback").iterdir()
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert "4. Bug hunt: what does it look at?" in page.inner_text("body")
    assert page.inner_text("h2") == "bottleneck: 11 of 14 points, 3 still to be read"


def test_titles_lead_into_the_published_book(course, right, monkeypatch):
    course.hand_in("ann", right)
    course.grade()
    [path] = (course.out / "feedback").iterdir()
    assert "href" not in path.read_text(), "the book is published nowhere"
    monkeypatch.setattr("published.places", lambda: {"book": "https://example.org/course/"})
    course.grade()
    link = '<a href="https://example.org/course/book/06_alignment.html">4. Bug hunt'
    assert link in path.read_text()


def test_every_question_has_its_place_in_the_book():
    for name in SETS:
        notebook = places.read(places.named(places.SOURCE, name))
        assert list(CHAPTERS[name]) == [*SETS[name], *written_of(notebook)]
        assert all((folders.BOOK / f"{page}.ipynb").is_file() for page in CHAPTERS[name].values())


def test_an_exercise_of_a_chapter_leads_to_itself(monkeypatch):
    monkeypatch.setattr("published.places", lambda: {"book": "https://example.org/course/"})
    titles = report.titles_of(["03_bottleneck"])
    assert titles["03_bottleneck", "ex-ways"] == "How long is the way?"
    links = report.links_of(titles)
    assert links["03_bottleneck", "ex-ways"].endswith("/book/03_bottleneck.html#ex-ways")


# ---- from a platform and back ----------------------------------------------------------------


def zipped(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def downloads(right):
    text = nbformat.writes(right)
    return {
        "Moodle": {
            "Ann Ü_11_assignsubmission_file_/bottleneck.ipynb": text,
            "Ann Ü_11_assignsubmission_onlinetext_/onlinetext.html": "hello",
            "Bob B_12_assignsubmission_file/my work.ipynb": text,
            "Bob B_13_assignsubmission_file_/x.zip": zipped({"in/bottleneck.ipynb": text}),
            "__MACOSX/Ann Ü_11_assignsubmission_file_/._bottleneck.ipynb": "x",
        },
        "Canvas": {
            "ann_11_900_bottleneck.ipynb": text,
            "bob_LATE_12_901_bottleneck-1.ipynb": text,
            "bob_13_902_homework.ipynb": text,
        },
        "plain": {
            "class/ann/bottleneck.ipynb": text,
        },
    }


@pytest.mark.parametrize("platform", ["Moodle", "Canvas"])
def test_a_download_becomes_marks_and_feedback(course, right, tmp_path, platform):
    archive = tmp_path / "download.zip"
    archive.write_bytes(zipped({**downloads(right)[platform], "readme.txt": "whose?"}))
    command = ["lay-out", str(archive), SET, "--submitted", str(course.submitted)]
    program.main(command)
    program.main(command)  # again: the same
    assert course.grade() is True
    totals = {row["student"]: row[SET] for row in course.table("totals.csv")}
    assert len(totals) == 3 and set(totals.values()) == {"11"}
    assert set(totals) == (
        {"Ann Ü", "Bob B 12", "Bob B 13"} if platform == "Moodle" else {"ann", "bob 12", "bob 13"}
    )
    marks = course.table(f"platform/{SET}-marks.csv")
    grade = "Grade" if platform == "Moodle" else f"{SET} (14)"
    assert {row[grade] for row in marks} == {""}  # not read yet
    path = course.out / "written.csv"
    path.write_text(path.read_text().replace("explanations,,", "explanations,3,"))
    course.grade()
    marks = course.table(f"platform/{SET}-marks.csv")
    assert {row[grade] for row in marks} == {"14"}
    key, form = ("Identifier", "Participant {}") if platform == "Moodle" else ("ID", "{}")
    assert {row[key] for row in marks} == {form.format(n) for n in (11, 12, 13)}
    with zipfile.ZipFile(course.out / "platform" / f"{SET}-feedback.zip") as back:
        names = set(back.namelist())
        assert b"Feedback for" in back.read(sorted(names)[0])
    if platform == "Moodle":
        assert "Ann Ü_11_assignsubmission_file_/feedback.html" in names
    else:
        assert "ann_11_900_feedback.html" in names


def test_laying_out_leaves_others_alone_and_writes_nowhere_else(course, right, tmp_path):
    course.hand_in("eve", right)
    archive = tmp_path / "download.zip"
    text = nbformat.writes(right)
    archive.write_bytes(zipped({"../../evil/bottleneck.ipynb": text, "/abs/x.ipynb": text}))
    students, _ = lms.lay_out(archive, SET, course.submitted)
    assert students == ["abs", "evil"]
    assert not (tmp_path.parent / "evil").exists()
    assert (course.submitted / "eve" / SET / f"{SET}.ipynb").exists()
    (tmp_path / "no.zip").write_bytes(b"x")
    with pytest.raises(SystemExit, match="zip file"):
        lms.lay_out(tmp_path / "no.zip", SET, course.submitted)


# ---- chapters --------------------------------------------------------------------------------


def chapter_exercise(check):
    """Return a chapter with one exercise, whose check is this."""
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    text = "```{exercise-start}\n:label: ex-double\n```\n**Double it**"
    return new_notebook(
        cells=[
            new_code_cell("import numpy as np\nfrom helpers import checks"),
            new_markdown_cell(text),
            new_code_cell("def double(x):\n    raise NotImplementedError"),
            new_code_cell(check, metadata={"tags": ["exercise"]}),
        ]
    )


CHECK = """
draws = [(np.ones(3),), (np.arange(4.0),), (np.eye(2),)]
mistakes = {"you squared it.": np.square}
checks.same_function(
    double,
    lambda x: 2 * x,
    draws,
    mistakes,
    then=lambda function: f"so 2 becomes {function(2)}",
)
"""
VERDICTS = {
    "right": ("def double(x):\n    return x + x", "passed", ""),
    "wrong": ("def double(x):\n    return x * x", "wrong", "you squared it."),
    "stopped": ("def double(x):\n    return x.y", "crashed", "the function stopped with Attr"),
    "silent": (
        "get_ipython().input_transformers_cleanup.append(lambda lines: [])\n"
        "def double(x):\n    return x * x",
        "crashed",
        "the check did not run",
    ),
}


@pytest.mark.parametrize("answer", VERDICTS)
def test_a_check_of_several_lines_decides_in_a_chapter(tmp_path, monkeypatch, answer):
    from grading import chapters

    version = chapters.gradable(chapter_exercise(CHECK))
    monkeypatch.setattr(places, "student_version", lambda name: version)
    notebook = copy.deepcopy(chapters.without_solutions(chapter_exercise(CHECK)))
    source, reason, detail = VERDICTS[answer]
    notebook.cells[2].source = source
    found = marked(nbformat.writes(notebook), tmp_path, name="99_chapter")
    assert found["ex-double"].reason == reason, found
    assert found["ex-double"].detail.startswith(detail)
