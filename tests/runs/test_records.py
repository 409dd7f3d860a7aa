"""Records: whole files, no run lost, and what is read from them; plans; weights that say theirs."""

import dataclasses
import hashlib
import json

import numpy
import pytest
from plans_of_tests import TINY

from helpers.learning import flatten
from helpers.runs import (
    Run,
    Settings,
    curves,
    load,
    load_record,
    overall,
    records,
    select,
    shares,
    start,
    within_record,
)
from helpers.runs import settings as settings_module
from helpers.runs.plans import load_plan, plan_names, plan_of_model

VERSIONS = {"python": "3", "numpy": "2", "autograd": "1"}
# What was recorded before runs had settings of their own kind: so many runs, with these numbers.
FIRST_RUNS = {"french": 24, "german": 15, "reversal": 60, "transformer": 45, "wirings": 63}


def run_of(settings, accuracy=(0.5, 1.0), count=(30, 10)):
    """Make up a run: shares right and numbers of pairs of lengths 1, 2, …."""
    lengths = range(1, len(accuracy) + 1)
    return Run(
        settings=settings,
        cpu_seconds=1.5,
        loss=[2.0, 1.0],
        accuracy=dict(zip(lengths, accuracy, strict=True)),
        count=dict(zip(lengths, count, strict=True)),
        versions=VERSIONS,
    )


def write(runs):
    records.write_record(records.RESULTS / "tiny.json", load_plan("tiny"), runs)


@pytest.mark.parametrize("name", plan_names())
def test_a_plan_is_a_list_of_runs_with_models_to_keep(name):
    plan = load_plan(name)
    assert plan.runs
    assert len(set(plan.runs)) == len(plan.runs), "a run twice"
    assert all(isinstance(one, Settings) and one.seed == 0 for one in plan.runs)
    assert {one.but(seed=0) for one in plan.keep.values()} <= set(plan.runs)
    assert all(one.seed < plan.seeds for one in plan.keep.values())
    assert len(set(plan.keep.values())) == len(plan.keep)
    assert plan.seeds >= 3


def test_no_two_plans_keep_a_model_of_one_name():
    names = [model for name in plan_names() for model in load_plan(name).keep]
    assert len(set(names)) == len(names)
    assert {plan_of_model(model).name for model in names} <= set(plan_names())


def wanted(plan):
    return {one.but(seed=seed) for one in plan.runs for seed in range(plan.seeds)}


@pytest.mark.parametrize("name", plan_names())
def test_all_that_a_plan_wants_is_recorded_and_nothing_that_no_plan_can_make_again(name):
    found = {run.settings for run in load_record(name)}
    plan = load_plan(name)
    assert found >= wanted(plan)
    assert found <= set().union(*map(wanted, map(load_plan, plan_names())))
    for model, settings in plan.keep.items():
        loaded = load(model)
        assert loaded.settings == settings
        assert loaded.size == flatten(start(settings)).size


@pytest.mark.parametrize("name", FIRST_RUNS)
def test_no_run_that_was_recorded_first_is_lost(name):
    first = [run for run in load_record(name) if run.versions["autograd"] == "unknown"]
    assert len(first) == FIRST_RUNS[name]
    assert {json.dumps(run.versions) for run in first} == {
        '{"python": "3.11.7", "numpy": "2.4.6", "autograd": "unknown"}'
    }


def test_the_numbers_of_the_first_runs_are_what_they_were():
    digest = hashlib.sha256()
    for name in sorted(FIRST_RUNS):
        for run in load_record(name):
            if run.versions["autograd"] == "unknown":
                chosen = sorted(run.settings.chosen().items())
                found = chosen, run.cpu_seconds, run.loss, run.accuracy, run.count
                digest.update(repr(found).encode())
    assert digest.hexdigest()[:16] == "ee8bcdaec9d460a6"


def test_a_record_that_is_read_and_written_is_the_same(tiny):
    runs = [run_of(one.but(seed=seed)) for one in TINY for seed in (0, 1)]
    write(runs)
    assert load_record("tiny") == runs
    before = (records.RESULTS / "tiny.json").read_bytes()
    write(load_record("tiny"))
    assert (records.RESULTS / "tiny.json").read_bytes() == before


def test_runs_are_written_in_the_order_of_the_plan_and_others_stay_behind_them(tiny):
    other = run_of(Settings(task="de2", seed=4))
    runs = [run_of(one.but(seed=seed)) for one in TINY for seed in (0, 5)]
    write([other, *runs[::-1]])
    assert load_record("tiny") == [*runs, other]
    assert len((records.RESULTS / "tiny.json").read_text().splitlines()) == 3 + 7


def test_a_field_that_is_added_later_keeps_every_run(tiny, monkeypatch):
    write([run_of(one) for one in TINY])

    @dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
    class Wider(Settings):
        colour: str = "grey"

    def fields_of(one):
        return dataclasses.fields(Wider if one is Settings else one)

    monkeypatch.setattr(records, "Settings", Wider)
    monkeypatch.setattr(settings_module, "Settings", Wider)
    runs = load_record("tiny")
    assert [run.settings for run in runs] == [Wider(**one.chosen()) for one in TINY]
    assert {run.settings.colour for run in runs} == {"grey"}
    tiny.PLAN = [Wider(**one.chosen()) for one in TINY]
    assert len(select(runs, Wider(**TINY[1].chosen()))) == 1
    write([*runs, run_of(Wider(**TINY[0].chosen(), colour="red"))])
    assert [run.settings.colour for run in load_record("tiny")] == ["grey"] * 3 + ["red"]


def test_a_record_with_a_name_that_is_unknown_now_is_not_read(tiny):
    write([run_of(TINY[0])])
    path = records.RESULTS / "tiny.json"
    path.write_text(path.read_text().replace('"width"', '"widht"'))
    with pytest.raises(TypeError, match="Settings has no 'widht'; did you mean 'width'"):
        load_record("tiny")


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "record.json"
    records.write_whole(path, lambda file: file.write(b"old"))

    def fail(file):
        file.write(b"ne")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        records.write_whole(path, fail)
    assert path.read_bytes() == b"old"
    assert [other.name for other in path.parent.iterdir()] == ["record.json"]


def keep(tiny, settings):
    """Write weights of these settings as the model ``kept``, which the plan wants of TINY[0]."""
    tiny.KEEP = {"kept": TINY[0]}
    vector = flatten(start(settings))
    records.write_weights(records.RESULTS / "kept.npz", settings, vector)
    return vector


def test_weights_are_read_back_to_the_last_bit(tiny):
    vector = keep(tiny, TINY[0])
    found = load("kept")
    assert flatten(found.params).tobytes() == vector.tobytes()
    assert found.settings == TINY[0]


def test_weights_of_other_settings_are_refused_though_their_shapes_fit(tiny):
    keep(tiny, TINY[1])
    with pytest.raises(ValueError) as error:
        load("kept")
    for words in (
        "kept.npz holds Settings(task='fr2', width=4, batch=8, steps=32)",
        "but the plan keeps Settings(task='fr2', width=4, batch=8, steps=31)",
        "python -m helpers.runs run tiny",
    ):
        assert words in str(error.value)


def test_weights_that_do_not_say_their_settings_are_refused(tiny):
    keep(tiny, TINY[0])
    numpy.savez(records.RESULTS / "kept.npz", flatten(start(TINY[0])))
    with pytest.raises(ValueError, match=r"kept.npz does not say its settings: python -m"):
        load("kept")


def test_what_is_not_there_says_how_to_make_it(tiny):
    tiny.KEEP = {"kept": TINY[0]}
    with pytest.raises(FileNotFoundError, match=r"no kept.npz: python -m helpers.runs run tiny"):
        load("kept")
    with pytest.raises(FileNotFoundError, match=r"no tiny.json: python -m helpers.runs run tiny"):
        load_record("tiny")
    with pytest.raises(ValueError, match=r"plan = 'tinny' is unknown; there are \('tiny',\)"):
        load_record("tinny")
    with pytest.raises(ValueError, match=r"model = 'tinny' is unknown; there are \('kept',\)"):
        load("tinny")


BASE = Settings(task="fr2")
RUNS = [
    *(run_of(BASE.but(seed=seed), accuracy=(1.0, 0.2 + seed / 10)) for seed in (0, 1, 2)),
    run_of(BASE.but(attend=True), accuracy=(1.0, 0.9)),
    run_of(BASE.but(task="de2"), accuracy=(0.0, 0.1)),
    run_of(BASE.but(model="transformer")),
]


def test_runs_are_selected_by_settings_whatever_their_seed():
    assert select(RUNS) == RUNS[:3]
    assert select(RUNS, BASE.but(seed=17)) == RUNS[:3]
    assert select(RUNS, attend=True) == [RUNS[3]]
    assert select(RUNS, BASE, attend=True) == [RUNS[3]]
    assert select(RUNS, task="de2") == [RUNS[4]]
    assert select(RUNS, model="transformer") == [RUNS[5]]


def test_settings_that_no_run_has_are_told_the_nearest():
    with pytest.raises(ValueError) as error:
        select(RUNS, attend=True, batch=16)
    assert str(error.value) == (
        "no run has Settings(task='fr2', attend=True, batch=16); "
        "the nearest has Settings(task='fr2', attend=True)"
    )
    with pytest.raises(TypeError, match="Settings has no 'widht'"):
        select(RUNS, widht=32)
    with pytest.raises(ValueError, match="leave seed out"):
        select(RUNS, seed=0)


def test_curves_have_a_row_for_each_seed_and_a_column_for_each_length():
    lengths, accuracy = curves(RUNS)
    assert lengths == [1, 2]
    assert accuracy.tolist() == [[1.0, 0.2], [1.0, pytest.approx(0.3)], [1.0, 0.4]]
    middles, binned = curves(RUNS, [(1, 2)], BASE, attend=True)
    assert middles == [1.5]
    assert binned.tolist() == [[pytest.approx((1.0 * 30 + 0.9 * 10) / 40)]]


def test_a_share_counts_pairs_and_not_lengths():
    assert shares(RUNS, attend=True) == pytest.approx((1.0 * 30 + 0.9 * 10) / 40)
    assert len(shares(RUNS)) == 3
    assert RUNS[4].share == overall({1: 0.0, 2: 0.1}, {1: 30, 2: 10}) == pytest.approx(0.025)


@pytest.mark.parametrize("name", plan_names())
def test_a_model_that_is_worse_by_a_third_is_never_within_the_record(name):
    recorded = {}
    for run in load_record(name):
        recorded.setdefault(run.settings.but(seed=0), []).append(run.share)
    for settings, found in recorded.items():
        worse = numpy.mean(found) * 2 / 3
        assert not within_record(worse, found) or worse == 0, settings


def test_within_the_record_is_within_three_spreads_or_a_twentieth():
    wide, narrow = [0.45, 0.5, 0.55], [0.5, 0.5, 0.5]
    assert within_record(0.649, wide)
    assert not within_record(0.651, wide)
    assert within_record(0.549, narrow)
    assert not within_record(0.551, narrow)
