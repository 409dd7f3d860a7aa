"""What `helpers.runs` finds is what `helpers.experiments` found, for every setting there is.

Run once, before the old module went, with PYTHONPATH=book.
"""

from helpers import experiments, runs, training
from helpers.runs.plans import load_plan, plan_names
from helpers.tasks import make_task

assert plan_names() == sorted(experiments.EXPERIMENTS)
BINS = [(1, 5), (6, 12), (13, 20)]
total = compared = 0
for name, old_plan in experiments.EXPERIMENTS.items():
    old, new = experiments.load_record(name), runs.load_record(name)
    assert len(old) == len(new) == len({run.settings for run in new})
    new_of = {run.settings: run for run in new}
    in_order = [new_of[runs.Settings(**one["settings"], seed=one["seed"])] for one in old]
    print(f"{name}: {'the same' if in_order == new else 'another'} order")
    for one, two in zip(old, in_order, strict=True):
        assert one["cpu_seconds"] == two.cpu_seconds and one["loss"] == two.loss
        assert one["accuracy"] == two.accuracy and one["count"] == two.count
        assert two.versions["autograd"] == "unknown" and two.code is None
    total += len(old)
    plan = load_plan(name)
    assert [runs.Settings(**settings) for settings in old_plan] == plan.runs
    for settings in old_plan:
        now = runs.Settings(**settings)
        kwargs = {key: settings[key] for key in settings if key != "task"}
        for bins in (None, BINS) if name != "german" else (None, [(7, 30), (31, 103)]):
            x, accuracy = experiments.curves(old, bins, **settings)
            for found in (
                runs.curves(new, bins, now),
                runs.curves(new, bins, task=settings["task"], **kwargs),
            ):
                assert found[0] == x and (found[1] == accuracy).all()
        assert (experiments.shares(old, **settings) == runs.shares(new, now)).all()
        compared += 1
    print(f"{name}: {len(old)} runs, {len(old_plan)} settings, curves and shares are equal")
print(f"{total} runs in all, {compared} settings")

for name in experiments.MODELS:
    params, settings = experiments.load_model(name)
    trained = runs.load(name)
    assert training.flatten(params).tobytes() == training.flatten(trained.params).tobytes()
    assert trained.settings == runs.Settings(**settings)
    task = make_task(settings["task"])
    some = task.held_out[:: max(1, len(task.held_out) // 60)]
    before = experiments.accuracy_by_length(params, settings, some)
    assert before == trained.accuracy_by_length(some)
    said = experiments.translate(params, settings, [source for source, _ in some])
    assert [task.target_words(tokens) for tokens in said] == trained.answers(some)
    print(f"{name}: the same parameters, accuracy and answers; {trained}")

SMALL = {"steps": 12, "width": 16, "batch": 8}
for changes in (
    dict(experiments.DEFAULTS, task="fr3", attend=True),
    dict(experiments.DEFAULTS, task="reversal", reversed_source=True, encoder="lstm"),
    dict(experiments.DEFAULTS, task="fr3", encoder="self_attention", summary="last"),
    dict(experiments.DEFAULTS, task="fr3", encoder="bidirectional", attention="inside"),
    dict(experiments.TRANSFORMER, task="fr3", norm="post", layers=2, warmup=4),
):
    settings = changes | SMALL
    params, history = experiments.train(settings, seed=3)
    trained = runs.train(runs.Settings(**settings, seed=3))
    assert training.flatten(params).tobytes() == training.flatten(trained.params).tobytes()
    assert history["loss"] == trained.history["loss"]
    found = experiments.accuracy_by_length(params, settings)
    assert found == trained.accuracy_by_length()
    print("trained bit for bit the same:", trained.settings)
