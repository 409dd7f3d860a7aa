"""Making runs: what is missing, one after the other, in processes, on a cluster; interruptions."""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from distributed import LocalCluster
from plans_of_tests import TINY

import notebooks
from helpers.learning import flatten
from helpers.runs import __main__ as command_line
from helpers.runs import load, load_record, records, running, train

SEEDED = [one.but(seed=seed) for one in TINY for seed in (0, 1)]


def found():
    return [run.settings for run in load_record("tiny")]


def counted(monkeypatch):
    """Count the runs that are made in this process."""
    made = []
    measure = running.measure
    monkeypatch.setattr(
        running, "measure", lambda one, *how: made.append(one) or measure(one, *how)
    )
    return made


def test_a_run_is_recorded_with_all_that_made_it(tiny):
    running.run("tiny")
    assert found() == SEEDED
    for run in load_record("tiny"):
        trained = train(run.settings, label=None)
        assert run.accuracy == {
            n: round(share, 4) for n, (share, _) in trained.accuracy_by_length().items()
        }
        assert run.count == {n: count for n, (_, count) in trained.accuracy_by_length().items()}
        assert len(run.loss) == 30
        assert run.loss[-1] == pytest.approx(trained.history["loss"][-1], abs=1e-4)
        assert run.cpu_seconds >= 0
        assert sorted(run.versions) == ["autograd", "numpy", "python"]
        assert "unknown" not in run.versions.values()
        assert run.code == running.code_state()


def size_of_model(trained):
    """Be watched in a test: a function of a module, which another process can import."""
    return {"size": trained.size, "sum": float(flatten(trained.params).sum())}


@pytest.mark.parametrize(("every", "steps"), [(None, [31]), (10, [10, 20, 30, 31])])
def test_what_a_plan_watches_is_recorded_and_read_again(tiny, every, steps):
    tiny.PLAN, tiny.WATCH, tiny.EVERY = TINY[:1], size_of_model, every
    running.run("tiny", seeds=1)
    (run,) = load_record("tiny")
    trained = train(run.settings, label=None)
    assert [step for step, _ in run.watched] == steps
    assert run.watched[-1][1] == size_of_model(trained)
    sums = {found["sum"] for _, found in run.watched}
    assert len(sums) == len(steps)
    assert run.accuracy == {
        n: round(share, 4) for n, (share, _) in trained.accuracy_by_length().items()
    }


def test_a_plan_that_watches_nothing_records_nothing_of_it(tiny):
    tiny.PLAN = TINY[:1]
    running.run("tiny", seeds=1)
    assert load_record("tiny")[0].watched is None
    assert "watched" not in (records.RESULTS / "tiny.json").read_text()


def test_only_what_is_missing_is_made(tiny, monkeypatch):
    made = counted(monkeypatch)
    tiny.PLAN = TINY[:1]
    running.run("tiny", seeds=1)
    assert made == TINY[:1]
    first = load_record("tiny")
    tiny.PLAN = TINY[1::-1]
    assert running.missing("tiny", seeds=1) == [TINY[1]]
    running.run("tiny", seeds=1)
    assert made == TINY[:2]
    assert found() == TINY[1::-1]
    assert load_record("tiny")[1] == first[0], "what was recorded stays"
    running.run("tiny", seeds=1)
    assert made == TINY[:2]


def test_runs_that_no_plan_wants_any_more_are_kept(tiny):
    running.run("tiny", seeds=1)
    everything = found()
    tiny.PLAN = [TINY[2].but(width=5)]
    running.run("tiny", seeds=1)
    assert found() == [*tiny.PLAN, *everything]


def test_kept_weights_that_are_missing_are_made_though_the_run_is_recorded(tiny, monkeypatch):
    running.run("tiny", seeds=1)
    before = (records.RESULTS / "tiny.json").read_bytes()
    made = counted(monkeypatch)
    tiny.KEEP = {"kept": TINY[1]}
    assert running.missing("tiny", seeds=1) == [TINY[1]]
    running.run("tiny", seeds=1)
    assert made == [TINY[1]]
    assert (records.RESULTS / "tiny.json").read_bytes() == before
    expected = train(TINY[1], label=None)
    assert flatten(load("kept").params).tobytes() == flatten(expected.params).tobytes()
    running.run("tiny", seeds=1)
    assert made == [TINY[1]]


def test_weights_of_other_settings_are_made_anew(tiny):
    tiny.KEEP = {"kept": TINY[0]}
    running.run("tiny", seeds=1)
    tiny.KEEP = {"kept": TINY[1]}
    assert running.missing("tiny", seeds=1) == [TINY[1]]
    running.run("tiny", seeds=1)
    assert load("kept").settings == TINY[1]


def test_recorded_runs_are_missing_none_of_todays_plans():
    for name in ("reversal", "french", "german", "wirings", "transformer"):
        assert running.missing(name) == []


@pytest.mark.slow
def test_several_processes_make_the_same_runs(tiny):
    tiny.KEEP = {"kept": TINY[0]}
    running.run("tiny", jobs=2)
    assert found() == SEEDED
    assert load("kept").settings == TINY[0]
    apart = load_record("tiny")
    (records.RESULTS / "tiny.json").unlink()
    running.run("tiny")
    for one, another in zip(apart, load_record("tiny"), strict=True):
        assert dataclasses.replace(one, cpu_seconds=0) == dataclasses.replace(
            another, cpu_seconds=0
        )


@pytest.mark.slow
@pytest.mark.parametrize("processes", [False, True], ids=["threads", "processes"])
def test_a_dask_cluster_makes_the_same_runs(tiny, processes, monkeypatch):
    tiny.KEEP = {"kept": TINY[0]}
    monkeypatch.setenv("PYTHONPATH", str(notebooks.BOOK))  # for workers in processes of their own
    with LocalCluster(
        n_workers=1 + processes,
        threads_per_worker=2 - processes,
        processes=processes,
        dashboard_address=None,
    ) as cluster:
        command_line.main(["run", "tiny", "--scheduler", cluster.scheduler_address])
    assert found() == SEEDED
    assert load("kept").settings == TINY[0]
    expected = train(SEEDED[1], label=None).accuracy_by_length()
    assert load_record("tiny")[1].accuracy == {
        n: round(share, 4) for n, (share, _) in expected.items()
    }


def test_half_a_model_is_no_result(tiny, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("helpers.runs.training._step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        running.measure(TINY[0])
    with pytest.raises(KeyboardInterrupt):
        running.run("tiny")
    assert list(records.RESULTS.iterdir()) == []


def test_an_error_in_one_run_keeps_the_others(tiny, monkeypatch):
    measure = running.measure

    def failing(settings, *how):
        if settings == SEEDED[3]:
            raise RuntimeError("no memory")
        return measure(settings, *how)

    monkeypatch.setattr(running, "measure", failing)
    with pytest.raises(RuntimeError, match="no memory"):
        running.run("tiny")
    assert found() == SEEDED[:3]


def test_the_commit_is_told_and_whether_the_helpers_changed_since():
    state = running.code_state()
    git = ("git", "-C", str(notebooks.BOOK))
    commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    assert state["commit"] == commit.stdout.strip()
    assert isinstance(state["changed"], bool)


def test_without_a_repository_there_is_no_commit(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert running.code_state() is None


def test_the_command_line_lists_and_runs(tiny, capsys):
    command_line.main(["list"])
    assert capsys.readouterr().out == (
        "tiny: 3 settings, 0 runs recorded, 6 missing; keeps no model\n"
    )
    tiny.KEEP = {"kept": TINY[0]}
    command_line.main(["run", "tiny", "--seeds", "1"])
    command_line.main(["run", "all"])
    capsys.readouterr()
    command_line.main(["list"])
    assert capsys.readouterr().out == ("tiny: 3 settings, 6 runs recorded, 0 missing; keeps kept\n")
    with pytest.raises(SystemExit):
        command_line.main(["run", "tinny"])
    assert "invalid choice: 'tinny'" in capsys.readouterr().err


PROGRAM = """
import sys
from pathlib import Path
import pytest
from plans_of_tests import TINY, use
from helpers.runs.__main__ import main
with pytest.MonkeyPatch.context() as patch:
    tiny = use(Path(sys.argv[1]), patch)
    tiny.PLAN = [TINY[0].but(steps=150 + i) for i in range(8)]
    main(["run", "tiny", "--seeds", "1", "--jobs", sys.argv[2]])
"""


def start(folder, jobs):
    """Make eight runs in a process of its own."""
    path = os.pathsep.join([str(notebooks.BOOK), str(Path(__file__).parent)])
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), str(jobs)],
        env=os.environ | {"PYTHONPATH": path},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def recorded(folder):
    path = folder / "tiny.json"
    return json.loads(path.read_text())["runs"] if path.exists() else []


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


def end_group(group):
    """End what is left of a process group that this test has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def group_is_gone(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def ctrl_c(process):
    os.killpg(process.pid, signal.SIGINT)  # the terminal sends it to every process


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals and process groups of POSIX systems")
@pytest.mark.parametrize(
    ("interrupt", "jobs"),
    [
        pytest.param(ctrl_c, 1, id="Ctrl-C, one process"),
        pytest.param(ctrl_c, 2, id="Ctrl-C, two processes"),
        pytest.param(subprocess.Popen.terminate, 2, id="SIGTERM"),
        pytest.param(subprocess.Popen.kill, 1, id="SIGKILL"),
    ],
)
def test_an_interruption_leaves_a_whole_record_and_goes_on(interrupt, jobs, tmp_path):
    with start(tmp_path, jobs) as process:
        wait_until(lambda: recorded(tmp_path))
        interrupt(process)
        assert process.wait(timeout=60) != 0
        if interrupt is ctrl_c:
            wait_until(lambda: group_is_gone(process.pid), seconds=10)
        else:  # workers that are left end after their run; here they need not
            end_group(process.pid)
        complaint = process.stderr.read()
    before = recorded(tmp_path)
    assert 0 < len(before) < 8, "too late to interrupt anything"
    if interrupt is ctrl_c:
        assert [path.name for path in tmp_path.iterdir()] == ["tiny.json"]
        assert "stopped; what is done is recorded" in complaint
        assert "Traceback" not in complaint
    with start(tmp_path, jobs) as process:
        process.communicate(timeout=120)
    assert process.returncode == 0
    after = recorded(tmp_path)
    assert [run["settings"]["steps"] for run in after] == [150 + i for i in range(8)]
    assert [run for run in after if run in before] == before, "a run was made twice"
