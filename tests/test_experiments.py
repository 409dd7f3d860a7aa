"""Recorded experiments: resuming, whole files, and interruptions that leave nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

import notebooks
from helpers import experiments

TINY = [
    dict(experiments.DEFAULTS, task="fr3", width=4, steps=steps, batch=8) for steps in range(40, 46)
]
PROGRAM = """
import json, pathlib, sys
from helpers import experiments
experiments.RESULTS = pathlib.Path(sys.argv[1])
experiments.EXPERIMENTS = {"tiny": json.loads(sys.argv[2])}
experiments.main(["run", "tiny", "--seeds", "2", "--jobs", "2"])
"""


def start(folder):
    """Run the tiny experiment, 12 runs on two processes, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), json.dumps(TINY)],
        cwd=notebooks.BOOK,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def recorded_runs(folder):
    path = folder / "tiny.json"
    return json.loads(path.read_text())["runs"] if path.exists() else []


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


def group_is_gone(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def ctrl_c(process):
    os.killpg(process.pid, signal.SIGINT)  # the terminal sends it to every process


@pytest.mark.skipif(os.name != "posix", reason="signals and process groups of POSIX systems")
@pytest.mark.parametrize(
    "interrupt",
    [ctrl_c, subprocess.Popen.terminate, subprocess.Popen.kill],
    ids=["Ctrl-C", "SIGTERM", "SIGKILL"],
)
def test_an_interruption_leaves_a_whole_record_no_process_and_goes_on(interrupt, tmp_path):
    process = start(tmp_path)
    wait_until(lambda: recorded_runs(tmp_path))
    interrupt(process)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode != 0
    wait_until(lambda: group_is_gone(process.pid), seconds=10)
    before = recorded_runs(tmp_path)
    assert 0 < len(before) < 12, "too late to interrupt anything"
    if interrupt is not subprocess.Popen.kill:
        assert [path.name for path in tmp_path.iterdir()] == ["tiny.json"]
        assert "Traceback" not in complaint
    if interrupt is ctrl_c:
        assert "stopped; what is done is recorded" in complaint
    process = start(tmp_path)
    process.communicate(timeout=120)
    assert process.returncode == 0
    after = recorded_runs(tmp_path)
    assert [(run["settings"], run["seed"]) for run in after] == [
        (settings, seed) for settings in TINY for seed in (0, 1)
    ]
    assert [run for run in after if run in before] == before, "a run was made twice"
    assert all(len(run["loss"]) == 30 and run["accuracy"] for run in after)


def test_a_record_is_extended_by_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(experiments, "RESULTS", tmp_path)
    monkeypatch.setattr(experiments, "EXPERIMENTS", {"tiny": TINY[:1]})
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # run sets it; put it back afterwards
    experiments.run("tiny", seeds=1)
    first = experiments.load_record("tiny")
    monkeypatch.setattr(experiments, "EXPERIMENTS", {"tiny": TINY[1::-1]})
    experiments.run("tiny", seeds=1)
    both = experiments.load_record("tiny")
    assert [run["settings"] for run in both] == TINY[1::-1]
    assert both[1] == first[0]
    monkeypatch.setattr(experiments, "EXPERIMENTS", {"tiny": TINY[1:2]})
    experiments.run("tiny", seeds=1)
    assert len(experiments.load_record("tiny")) == 2, "nothing missing, so nothing is written"
    params, history = experiments.train(TINY[0], seed=0)
    found = experiments.accuracy_by_length(params, TINY[0])
    assert first[0]["accuracy"] == {n: round(share, 4) for n, (share, _) in found.items()}
    assert first[0]["loss"][-1] == pytest.approx(history["loss"][-1], abs=1e-3)


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "record.json"
    experiments._write(path, lambda file: file.write(b"old"))

    def fail(file):
        file.write(b"ne")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        experiments._write(path, fail)
    assert path.read_bytes() == b"old"
    assert [other.name for other in path.parent.iterdir()] == ["record.json"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: experiments.run("tinny"),
            "experiment = 'tinny' is unknown; there are .'reversal'",
        ),
        (lambda: experiments.load_record("tinny"), "experiment = 'tinny' is unknown"),
        (lambda: experiments.load_model("tinny"), "model = 'tinny' is unknown"),
        (lambda: experiments.make_task("xx3"), "task = 'xx3' is unknown; there are .'copying'"),
    ],
)
def test_unknown_names_are_told(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("name", [*experiments.TASKS, "fr2", "de3", "reversal5"])
def test_every_task_goes_by_its_name(name):
    assert experiments.make_task(name).held_out
