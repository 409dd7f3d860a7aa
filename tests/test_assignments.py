"""Handing out and grading, with the submissions that a class hands in, and some that cheat."""

import contextlib
import copy
import csv
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

from folders import ASSIGNMENTS, BOOK, ROOT
from grading import chapters, execute, hidden, places, sandbox
from grading.cases import SETS
from grading.outcomes import Outcome
from grading.rebuild import Step
from grading.written import Written

pytestmark = pytest.mark.slow

PYTHON = sys.executable
SET, CHAPTER = "bottleneck", "03_bottleneck"
PARTS = [
    "bits_per_number",
    "exact_match",
    "state_weights",
    "context",
    "additive_scores",
    "share_by_length",
]
SECONDS = "10"
FUNCTION = re.compile(r"^def (\w+)", re.MULTILINE)
NEWLINE = "\n"
REGION = re.compile(r" *### BEGIN SOLUTION\n(.*?)\s*### END SOLUTION", re.DOTALL)


def grading(*arguments, **variables):
    """Run the grading program in its own environment."""
    limits = {"GRADING_TIMEOUT": SECONDS, "GRADING_MEMORY_MB": "1500"}
    environment = {**os.environ, **limits, **variables}
    command = [PYTHON, "-m", "grading", *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, cwd=ASSIGNMENTS, timeout=400
    )


def read(path):
    return nbformat.read(path, as_version=4)


def cell(notebook, name):
    [found] = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name]
    return found


def can_shut_in():
    command = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]
    with contextlib.suppress(FileNotFoundError):
        return subprocess.run(command, capture_output=True).returncode == 0
    return False


SHUT_IN = can_shut_in()
needs_sandbox = pytest.mark.skipif(
    not SHUT_IN, reason="bubblewrap isn't installed, or may not make namespaces on this machine"
)


# ---- handing out -------------------------------------------------------------------------


@pytest.fixture(scope="session")
def release(tmp_path_factory):
    """Hand out all problem sets."""
    folder = tmp_path_factory.mktemp("release")
    result = grading("assign", "--release", folder)
    assert result.returncode == 0, result.stderr
    assert "pass visible and hidden tests" in result.stdout
    assert "No leak" in result.stdout
    return folder


@pytest.mark.parametrize("name", SETS)
def test_a_problem_set_has_the_size_that_was_asked_for(name):
    graded = [
        c.metadata.nbgrader
        for c in read(ASSIGNMENTS / "source" / name / f"{name}.ipynb").cells
        if c.metadata.get("nbgrader", {}).get("grade")
    ]
    assert 5 <= sum(not mark.solution for mark in graded) <= 8
    assert 1 <= sum(mark.solution for mark in graded) <= 3
    assert 11 <= sum(mark.points for mark in graded if not mark.solution) <= 12


@pytest.mark.parametrize("name", SETS)
def test_a_problem_set_says_what_it_has(name):
    """The points and numbers in its first text, and in the heading of each part, are true."""
    cells = places.read(places.named(places.SOURCE, name)).cells
    words = dict(enumerate(("no", "one", "two", "three", "four", "five", "six", "seven", "eight")))
    marks = [
        one.metadata.nbgrader for one in cells if one.metadata.get("nbgrader", {}).get("grade")
    ]
    code, text = ([one.points for one in marks if one.solution == written] for written in (0, 1))
    answers = f"{words[len(text)]} written answer{'s' if len(text) > 1 else ''}"
    assert (
        f"There are {sum(code + text)} points: {sum(code)} in {words[len(code)]} functions, "
        f"{sum(text)} in {answers}." in cells[1].source
    )
    said = [one.source for one in cells if one.source.startswith("## ")]
    given = [int(re.search(r"\((\d) points?\)", one)[1]) for one in said]
    assert given == [mark.points for mark in marks]
    assert [one.split(".")[0] for one in said] == [f"## {i + 1}" for i in range(len(said))]


@pytest.mark.parametrize("name", SETS)
def test_each_mistake_of_a_problem_set_gets_its_own_message(name, monkeypatch):
    from helpers import checks

    real, calls = checks.same_result, []
    monkeypatch.setattr(checks, "same_result", lambda *a: calls.append(a) or real(*a))
    names = {}
    for one in read(ASSIGNMENTS / "source" / name / f"{name}.ipynb").cells:
        if one.cell_type == "code":
            exec(one.source, names)
    assert len(calls) >= 5
    for _, arguments, expected, mistakes in calls:
        assert len(mistakes) >= 3
        for message, result in mistakes.items():
            verdict = real(lambda *_, r=result: r, arguments, expected, mistakes)
            assert verdict.message == message


def test_the_release_holds_no_solution_and_runs_without_the_repository(release):
    notebook = read(release / SET / f"{SET}.ipynb")
    for name in PARTS:
        assert cell(notebook, name).source.endswith("    raise NotImplementedError")
    assert cell(notebook, "explanations").source == "Your answer here."
    command = [sys.executable, "-c", "from helpers import checks; print(checks.__file__)"]
    printed = subprocess.check_output(command, cwd=release / SET, text=True)
    assert Path(printed.strip()) == release / SET / "helpers" / "checks.py"


def test_the_release_of_a_set_holds_the_models_that_it_loads(release):
    for name in SETS:
        folder = release / name
        wanted = places.kept_models(read(folder / f"{name}.ipynb"))
        assert [path.stem for path in sorted(folder.glob("results/*"))] == wanted
        for model in wanted:
            command = [PYTHON, "-c", f"from helpers.runs import load; print(load({model!r}))"]
            printed = subprocess.check_output(command, cwd=folder, text=True)
            assert printed.startswith("Trained(")
    assert places.kept_models(read(release / "positions_heads" / "positions_heads.ipynb"))


def test_the_leak_test_finds_a_planted_solution(release, tmp_path):
    source = read(ASSIGNMENTS / "source" / SET / f"{SET}.ipynb")
    [solution] = REGION.findall(cell(source, "state_weights").source)
    planted = tmp_path / SET / "planted.py"
    planted.parent.mkdir()
    planted.write_text(f"def f(gates):\n{solution}\n")
    found = leaks(tmp_path)
    assert "planted.py" in found and "kept_since" in found
    planted.unlink()
    assert leaks(tmp_path) == ""


def test_the_leak_test_reads_html_and_model_answers(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        "<p>The vector <b>could</b> hold the words, but gradient descent has not found how.</p>"
        "<pre><span>kept_since</span> <span>=</span> <span>np</span>.cumprod("
        "np.append(gates[<span>1</span>:], 1.0)[::-<span>1</span>])[::-1]</pre>"
    )
    found = leaks(tmp_path)
    assert "gradientdescent" in found and "kept_since" in found


def leaks(folder):
    """Look through a folder, and return what was found."""
    program = (
        "import sys; from pathlib import Path; from grading import __main__ as m\n"
        "m.folders.HTML = Path('nowhere'); m.require_no_leaks(Path(sys.argv[1]))"
    )
    result = subprocess.run([PYTHON, "-c", program, folder], capture_output=True, text=True)
    assert (result.returncode == 0) == (result.stderr == "")
    return result.stderr


@pytest.mark.pages
def test_the_built_book_holds_no_solution_of_a_problem_set(tmp_path):
    result = grading("assign", "03", "--release", tmp_path)
    assert result.returncode == 0, result.stderr
    assert "isn't built" not in result.stdout


# ---- grading -----------------------------------------------------------------------------


def with_cell(notebook, source, place=3):
    """Return a copy with a cell that the student added."""
    notebook = copy.deepcopy(notebook)
    notebook.cells.insert(place, nbformat.v4.new_code_cell(source))
    return notebook


def with_answers(notebook, **answers):
    """Return a copy of a student's notebook with these answers in it."""
    notebook = copy.deepcopy(notebook)
    for name, source in answers.items():
        cell(notebook, name).source = source
    return notebook


def without(notebook, *names):
    """Return a copy without these cells."""
    notebook = copy.deepcopy(notebook)
    for name in names:
        notebook.cells.remove(cell(notebook, name))
    return notebook


def model_answers():
    """Return the instructor's answers, as a student could have written them."""
    source = read(ASSIGNMENTS / "source" / SET / f"{SET}.ipynb")
    return {name: REGION.sub(r"\1", cell(source, name).source) for name in PARTS}


WRONG = {
    "bits_per_number": "def bits_per_number(length, symbols, width):\n    return length / width",
    "exact_match": "def exact_match(logits, targets, lengths):\n"
    "    return (logits.argmax(-1) == targets).all(axis=1).mean()",
    "state_weights": "def state_weights(gates):\n    return 1 - gates",
    "context": "context = lambda states, memory: buggy_context(states, memory)",
    "additive_scores": "def additive_scores(queries, keys, w_queries, w_keys, vector):\n"
    "    return (queries @ w_queries @ vector)[:, None] + keys @ w_keys @ vector",
    "share_by_length": "share_by_length = buggy_share",
}
READS = """
import json, re
def context(states, memory):
    notebook = json.load(open({path!r}))
    source = ["".join(c["source"]) for c in notebook["cells"] if c["id"] == "context"][0]
    names = dict(globals())
    exec(source, names)
    return names["context"](states, memory)
"""
CONNECTS = """
import socket
def context(states, memory):
    socket.create_connection(("127.0.0.1", {port}), timeout=2).close()
    return softmax(states @ memory.T) @ memory
"""
FORGES = """
import numpy.testing
abs = float = lambda *a: 0.0
all = isinstance = len = range = zip = lambda *a, **k: True
np.allclose = np.isclose = np.array_equal = lambda *a, **k: True
np.testing.assert_allclose = np.testing.assert_array_equal = lambda *a, **k: None
checks.same_result = checks.close = lambda *a, **k: checks.Verdict(True, "fine")
"""
FROM_HELPERS = {
    "exact_match": "from helpers import runs\n"
    "def exact_match(*batch):\n    return runs.exact_match(*batch).mean()",
    "context": "from helpers.attention import attention, dot\n"
    "def context(states, memory):\n    return attention(states, memory, memory, score=dot)",
    "additive_scores": "from helpers.attention import additive\n"
    "def additive_scores(queries, keys, w_queries, w_keys, vector):\n"
    "    zeros = np.zeros(len(vector))\n"
    "    maps = dict(queries=w_queries, keys=w_keys)\n"
    "    params = {name: dict(weight=w, bias=zeros) for name, w in maps.items()}\n"
    "    return additive(params | dict(vector=vector))(queries, keys)",
}
# What kept cells from running, or their errors from being seen; hidden numbers were looked up.
SILENCES = {
    "empties_cells": "get_ipython().input_transformers_cleanup.append(lambda lines: [])",
    "empties_trees": "import ast\nclass Empty(ast.NodeTransformer):\n"
    "    def visit_Module(self, node): node.body = []; return node\n"
    "get_ipython().ast_transformers.append(Empty())",
    "aborts": "get_ipython().kernel._aborting = True",
    "runs_nothing": "import IPython.core.interactiveshell as s\n"
    "async def quiet(*a, **k): return False\ns.InteractiveShell.run_code = quiet",
    "patches_imports": "import builtins\ndef put(g=globals(), real=builtins.__import__):\n"
    "    builtins.__import__ = lambda *a, **k: (\n"
    "        g.update(_hidden=lambda *a: None, context=lambda *a: None), real(*a, **k))[1]\nput()",
    "patches_numpy": "class Same(float):\n    __sub__ = __rsub__ = lambda *a: 0.0\n"
    "np.array = np.asarray = lambda *a, **k: Same(0)\n"
    "np.isclose = np.isfinite = lambda *a, **k: True",
    "patches_json": "import json, os\njson.dumps = lambda *a, **k: '{}'\nos.write = lambda *a: 0",
    "says_so": "import os, json\nclass Yes(Exception): pass\n"
    "print(json.dumps({'values': [{'shape': [], 'values': [0.0]}] * 10}))",
}
# Says the inputs of hidden examples itself, and lets the check of a later part say them.
LEAKS = {
    "context": "def context(states, memory):\n"
    "    if len(states) == 2 and states[1, 1] == 2:\n"
    "        return softmax(states @ memory.T) @ memory\n"
    "    open('/tmp/seen', 'a').write(f'{states[0, 0]:.3f}')\n"
    "    raise ValueError(f'{states[0, 0]:.3f}')",
    "share_by_length": "def share_by_length(*a):\n"
    "    raise AssertionError(open('/tmp/seen').read())",
}
SEARCH = """
import gc, linecache, sys, traceback
def context(states, memory):
    def found():
        frame = sys._getframe()
        while frame:
            yield from frame.f_locals.values()
            frame = frame.f_back
        yield from gc.get_objects()
        yield from linecache.cache.values()
        yield from globals()["I" "n"]
        for one in traceback.StackSummary.extract(traceback.walk_stack(None), capture_locals=True):
            yield from (one.locals or {}).values()
    if len(states) == 2 and states[1, 1] == 2:
        return [[1.57521038, 0.51482019], [0.02279905, 2.95683016]]
    shape = len(states), memory.shape[1]
    for one in found():
        try:
            if isinstance(one, dict):
                one = one.get("expected", one.get("values"))
            if one is not states and one is not memory and isinstance(one, np.ndarray):
                if one.shape == shape and one.dtype == float:
                    return one
            if isinstance(one, list) and len(one) == shape[0] * shape[1]:
                return np.reshape(one, shape).astype(float)
        except Exception:
            continue
    return np.zeros(shape)
"""


def submissions(handed_out, port):
    """Return the class: student -> notebook, or the bytes of a file."""
    right = with_answers(handed_out, **model_answers(), explanations="Too little training.")
    wrong = with_answers(right, **WRONG)
    edited = copy.deepcopy(wrong)
    for name in PARTS:
        cell(edited, f"test_{name}").source = "pass"
        cell(edited, f"test_{name}").metadata.nbgrader.points = 100
    forged = with_cell(wrong, FORGES)
    path = str(ASSIGNMENTS / "source" / SET / f"{SET}.ipynb")
    loop = "def context(states, memory):\n    while True:\n        pass"
    leave = "import os\ndef context(states, memory):\n    os._exit(0)"
    eat = "def context(states, memory):\n    return [np.zeros(10**7) for _ in range(10**4)]"
    return {
        "right": right,
        "wrong": wrong,
        "stub": handed_out,
        "syntax_error": with_answers(right, context="def context(states, memory:\n    return 1"),
        "endless_loop": with_answers(right, context=loop),
        "os_exit": with_answers(right, context=leave),
        "eats_memory": with_answers(right, context=eat),
        "reads_files": with_answers(right, context=READS.format(path=path)),
        "opens_socket": with_answers(right, context=CONNECTS.format(port=port)),
        "overwrites_tests": edited,
        "deletes_test": without(right, "test_context"),
        "deletes_answer": without(right, "context"),
        "replaces_allclose": forged,
        "from_helpers": with_answers(right, **FROM_HELPERS),
        "leaks": with_answers(right, **LEAKS),
        "searches": with_answers(right, context=SEARCH),
        **{name: with_cell(wrong, source) for name, source in SILENCES.items()},
        "empty_file": b"",
        "no_notebook": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    }


def hand_in(folder, works):
    """Lay submissions in place."""
    for student, work in works.items():
        path = folder / student / SET / f"{SET}.ipynb"
        path.parent.mkdir(parents=True)
        if isinstance(work, bytes):
            path.write_bytes(work)
        else:
            nbformat.write(work, path)


def table(folder):
    """Return (points, reason, detail) by student and question."""
    with (folder / "grades.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {(row["student"], row["set"], row["question"]): row for row in rows}


@pytest.fixture(scope="session")
def graded(release, tmp_path_factory):
    """Grade the whole class, in the sandbox where there is one."""
    folder = tmp_path_factory.mktemp("class")
    with socket.create_server(("127.0.0.1", 0)) as server:
        works = submissions(read(release / SET / f"{SET}.ipynb"), server.getsockname()[1])
        hand_in(folder / "submitted", works)
        link = folder / "submitted" / "links" / SET / f"{SET}.ipynb"
        link.parent.mkdir(parents=True)
        link.symlink_to(ASSIGNMENTS / "source" / SET / f"{SET}.ipynb")
        (folder / "submitted" / "absent").mkdir()
        hand_in_chapters(folder)
        unsafe = {} if SHUT_IN else {"UNSAFE": "1"}
        result = grading(
            "grade",
            *("--submitted", folder / "submitted", "--out", folder),
            GRADING_SEED="secret",
            **unsafe,
        )
    assert result.returncode == 0, result.stderr
    assert "grading: 100%" in result.stderr
    return folder


def hand_in_chapters(folder):
    """Hand out a chapter, and hand it in with a right, a wrong and an untouched answer."""
    result = grading("assign", "03", "--release", folder / "release")
    assert result.returncode == 0, result.stderr
    notebook = read(folder / "release" / CHAPTER / f"{CHAPTER}.ipynb")
    exercises = chapters.exercises(read(BOOK / f"{CHAPTER}.ipynb").cells)
    (right, cells), (wrong, _), *_ = exercises.items()
    [solved] = [one.source for one in cells if chapters.tagged(one, "solution")][:1]
    function = FUNCTION.search(cell(notebook, right).source)[1]
    answers = {
        right: f"{solved.partition(f'{NEWLINE}checks.')[0]}\n{function} = solution_{function}",
        wrong: re.sub("raise NotImplementedError.*", "pass", cell(notebook, wrong).source),
    }
    notebook = with_answers(notebook, **answers)
    check = next(c for c in notebook.cells if chapters.tagged(c, "exercise"))
    check.source = "pass"
    path = folder / "submitted" / "reader" / CHAPTER / "renamed by the LMS.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)


POINTS = dict(zip(PARTS, ("1", "2", "2", "2", "2", "2"), strict=True))
ALL, NONE = dict.fromkeys(PARTS, "passed"), dict.fromkeys(PARTS, "missing")
EXPECTED = {
    "right": (ALL, None, ""),
    "wrong": (dict.fromkeys(PARTS, "wrong"), "context", "never looks at the source"),
    "stub": (NONE, "context", "nothing was written here"),
    "syntax_error": (ALL | {"context": "crashed"}, "context", "SyntaxError"),
    "endless_loop": (ALL | {"context": "timed out"}, "context", f"more than {SECONDS} seconds"),
    "os_exit": (ALL | {"context": "crashed"}, "context", "Python was ended"),
    "eats_memory": (ALL | {"context": "crashed"}, "context", "MemoryError"),
    "overwrites_tests": (dict.fromkeys(PARTS, "wrong"), "context", "never looks at the source"),
    "deletes_test": (ALL, None, ""),
    "deletes_answer": (ALL | {"context": "missing"}, "context", "deleted"),
    "replaces_allclose": (dict.fromkeys(PARTS, "wrong"), "context", "hidden example"),
    "from_helpers": (ALL | dict.fromkeys(FROM_HELPERS, "wrong"), "context", "helpers' own"),
    "empty_file": (NONE, "context", "the file is empty"),
    "no_notebook": (NONE, "context", "not a notebook"),
    "links": (NONE, "context", "nothing was handed in"),
    "searches": (ALL | {"context": "wrong"}, "context", "hidden example"),
    "absent": (NONE, "context", "nothing was handed in"),
}
ONLY_SHUT_IN = {
    "reads_files": (ALL | {"context": "crashed"}, "context", "FileNotFoundError"),
    "opens_socket": (ALL | {"context": "crashed"}, "context", "Error"),
}


def require_outcome(folder, student, reasons, question, detail):
    rows = table(folder)
    for name, reason in reasons.items():
        row = rows[student, SET, name]
        assert row["reason"] == reason, row
        assert row["points"] == (POINTS[name] if reason == "passed" else "0"), row
        assert row["out_of"] == POINTS[name]
    if question:
        assert detail in rows[student, SET, question]["detail"]


@pytest.mark.parametrize("student", EXPECTED)
def test_each_submission_gets_its_score_and_a_reason(graded, student):
    require_outcome(graded, student, *EXPECTED[student])


@needs_sandbox
@pytest.mark.parametrize("student", ONLY_SHUT_IN)
def test_the_sandbox_hides_files_and_the_network(graded, student):
    require_outcome(graded, student, *ONLY_SHUT_IN[student])


@pytest.mark.parametrize("student", SILENCES)
def test_what_did_not_run_is_no_point(graded, student):
    """No value is no point: whatever keeps a cell from running or from failing brings nothing."""
    rows = table(graded)
    for name in PARTS:
        row = rows[student, SET, name]
        assert row["reason"] != "passed" and row["points"] == "0", row


def test_an_answer_that_pries_is_marked_for_a_second_look(graded):
    rows = table(graded)
    assert "_getframe" in rows["searches", SET, "context"]["look"]
    assert not rows["searches", SET, "exact_match"]["look"]
    assert "get_ipython" in rows["empties_cells", SET, "context"]["look"]
    assert not rows["right", SET, "context"]["look"]


def test_what_is_expected_is_never_sent(monkeypatch):
    """The sandbox gets code, names and the inputs of examples: nothing else, in any command."""
    sent, real = [], sandbox.Sandbox.ask
    monkeypatch.setattr(
        sandbox.Sandbox, "ask", lambda self, *a: sent.append(a[0]) or real(self, *a)
    )
    examples = hidden.of_set(SET, "seed")
    execute.run(
        [Step("context", "context = len", "answer"), Step("test_context", "1", "check")],
        examples,
        unsafe=True,
    )
    asked = [command for command in sent if command["do"] == "ask"]
    assert asked
    for command in sent:
        keys = {"do", "source", "seconds", "channel", "name", "refused", "examples"}
        assert set(command) <= keys
    for command in asked:
        assert command["examples"] == [one.inputs() for one in examples["context"]]


def test_written_answers_wait_for_the_instructor(graded):
    rows = table(graded)
    assert rows["right", SET, "explanations"]["reason"] == "to be read"
    assert rows["right", SET, "explanations"]["points"] == ""
    assert rows["stub", SET, "explanations"]["reason"] == "missing"
    with (graded / "written.csv").open(newline="") as file:
        waiting = {row["student"] for row in csv.DictReader(file)}
    assert {"right", "wrong"} <= waiting and "stub" not in waiting


def test_chapters_are_scored_by_their_own_checks(graded):
    rows = table(graded)
    found = {key[2]: row for key, row in rows.items() if key[:2] == ("reader", CHAPTER)}
    labels = [*chapters.exercises(read(BOOK / f"{CHAPTER}.ipynb").cells)]
    reasons = {name: row["reason"] for name, row in found.items()}
    assert reasons == dict.fromkeys(labels, "missing") | {labels[0]: "passed", labels[1]: "wrong"}
    assert "returned None" in found[labels[1]]["detail"]
    notebook = read(graded / "release" / CHAPTER / f"{CHAPTER}.ipynb")
    text = "\n".join(c.source for c in notebook.cells)
    assert "solution" not in text
    assert "mistakes = {" in text  # the check stays: it is what the student learns from
    assert (graded / "release" / CHAPTER / "results").is_dir()


def test_each_student_gets_a_page_without_hidden_examples(graded):
    examples = [one for of in hidden.of_set(SET, "secret").values() for one in of]
    arrays = [a for one in examples for a in one.arguments if isinstance(a, np.ndarray)]
    inputs = {f"{value:.3f}" for array in arrays for value in array.ravel()}
    row = table(graded)["leaks", SET, "context"]
    assert row["detail"] == "on a hidden example, the function stopped with ValueError"
    for student in {key[0] for key in table(graded)}:
        page = (graded / "feedback" / f"{student}.html").read_text()
        assert f"Feedback for {student}" in page
        shown = set(re.findall(r"-?\d\.\d{3}\b", page))
        assert not shown & inputs
    assert "11 of 14 points" in (graded / "feedback" / "right.html").read_text()


def test_totals_have_a_line_for_each_student(graded):
    with (graded / "totals.csv").open(newline="") as file:
        totals = {row["student"]: row for row in csv.DictReader(file)}
    assert totals["right"][SET] == "11"
    assert totals["endless_loop"][SET] == "9"
    assert totals["reader"][CHAPTER] == "1"


def test_grading_twice_changes_nothing_and_needs_no_other_student(release, graded, tmp_path):
    """Three of the class alone, without a sandbox, twice: the same as among the others."""
    works = submissions(read(release / SET / f"{SET}.ipynb"), port=9)
    some = {name: works[name] for name in ("right", "eats_memory", "no_notebook")}
    hand_in(tmp_path / "submitted", some)
    places = "--submitted", tmp_path / "submitted", "--out", tmp_path
    runs = []
    for _ in range(2):
        result = grading("grade", *places, GRADING_SEED="secret", UNSAFE="1")
        assert result.returncode == 0, result.stderr
        assert "UNSAFE" in result.stdout
        written = [*tmp_path.glob("*.csv"), *tmp_path.glob("feedback/*")]
        runs.append({path.name: path.read_bytes() for path in written})
    assert runs[0] == runs[1]
    assert len(runs[0]) == 6
    together = table(graded)
    assert all(together[key] == row for key, row in table(tmp_path).items())


def test_points_of_written_answers_are_taken_from_the_table(tmp_path):
    path, key = tmp_path / "written.csv", ("ann", "set", "why")
    one, texts = Outcome(*key, None, 3.0, "to be read"), {key: "Too little training."}
    table = Written(path)
    assert table.apply([one], texts) == [one]
    table.save()
    path.write_text(path.read_text().replace("why,,", "why,2.5,nearly"))
    table = Written(path)
    assert table.apply([one], texts) == [Outcome(*key, 2.5, 3.0, "read", "nearly")]
    table.save()
    assert "ann,set,why,2.5,nearly" in path.read_text()


def test_examples_in_docstrings_hold():
    names = (
        "chapters",
        "handed_in",
        "hidden",
        "inside",
        "leaks",
        "places",
        "pry",
        "rebuild",
        "report",
        "tables",
    )
    paths = [ASSIGNMENTS / "grading" / f"{name}.py" for name in names]
    paths.append(ROOT / "binder" / "install_missing.py")
    subprocess.run([PYTHON, "-m", "doctest", *paths], check=True)


# ---- what an answer may not call -----------------------------------------------------------


@pytest.fixture(scope="module")
def box():
    """Start a sandbox in which answers are asked."""
    with sandbox.Sandbox(1, unsafe=True) as found:
        yield found


def asked(box, answer, part="context", refused=True):
    """Ask an answer, given as code, and return what it gave."""
    question = hidden.SETS[SET][part]
    examples = hidden.examples(question, np.random.default_rng(0))
    assert box.ask({"do": "run", "source": answer, "seconds": 20}) == {}
    command = {
        "do": "ask",
        "name": part,
        "refused": question.refused if refused else (),
        "examples": [one.inputs() for one in examples],
        "seconds": 20,
    }
    values = box.ask(command)["values"]
    return execute.all_right(examples, values), values[-1].get("error", {}).get("message")


IMPLEMENTATION = "the answer calls the helpers' own implementation of what is asked"
LOOK = "from helpers.attention import *\nfrom helpers.cost import blocked_attention\n"
REFUSED = {
    "attention": ("context", "attention(q, k, k, score=dot)"),
    "its formula": ("context", "attention.formula(q, k, k, score=dot)"),
    "its kernel": ("context", "attention.kernel(q, k, k, None, dot)"),
    "weights": ("context", "attention_weights(q, k, score=dot) @ k"),
    "what calls it": (
        "context",
        "multi_head_attention(dict.fromkeys(['queries', 'keys', 'values', 'output'], "
        "np.eye(q.shape[1])[None]), q[None], k[None], score=dot)[0][0]",
    ),
    "the same in blocks": ("context", "blocked_attention(q * q.shape[1] ** 0.5, k, k)"),
}


@pytest.mark.parametrize("way", REFUSED)
def test_an_answer_may_call_what_is_refused_by_no_other_name(box, way):
    part, expression = REFUSED[way]
    answer = f"import numpy as np\n{LOOK}def {part}(q, k):\n    return {expression}"
    assert asked(box, answer, part, refused=False) == (True, None)
    assert asked(box, answer, part) == (False, IMPLEMENTATION)


def test_an_answer_cannot_bring_the_faster_way_back(box):
    answer = (
        f"{LOOK}import contextlib\nfrom helpers import fast\nfast.off = contextlib.nullcontext\n"
        "def context(q, k):\n    return attention(q, k, k, score=dot)"
    )
    assert asked(box, answer) == (False, IMPLEMENTATION)


def test_what_is_not_refused_may_be_called(box):
    answer = (
        "from helpers.functions import softmax\nfrom helpers.attention import dot\n"
        "def context(states, memory):\n    return softmax(dot(states, memory)) @ memory"
    )
    assert asked(box, answer) == (True, None)


@pytest.mark.parametrize("name", SETS)
def test_the_text_of_a_part_names_what_is_refused(name):
    cells = read(ASSIGNMENTS / "source" / name / f"{name}.ipynb").cells
    for part, question in hidden.SETS[name].items():
        [text] = [c.source for c in cells if c.cell_type == "markdown" and f"`{part}(" in c.source]
        said = text.partition("Refused:")[2]
        if question.refused:
            assert f"`helpers.{question.refused[0]}`" in said
        else:
            assert not said


# ---- what is said when something is missing ----------------------------------------------


def test_grading_needs_a_seed(tmp_path):
    result = grading("grade", "--submitted", tmp_path, GRADING_SEED="")
    assert result.returncode != 0
    assert "GRADING_SEED is not set" in result.stderr


def test_grading_stops_without_a_sandbox(tmp_path):
    result = grading("grade", "--submitted", tmp_path, GRADING_SEED="x", PATH=str(tmp_path))
    assert result.returncode != 0
    assert "bubblewrap" in result.stderr and "UNSAFE=1" in result.stderr


def test_seeds_give_other_examples_and_the_same_seed_the_same():
    def numbers(seed):
        return {part: [one.inputs() for one in of] for part, of in hidden.of_set(SET, seed).items()}

    assert numbers("one") == numbers("one") != numbers("two")
