"""Carry records and weights of `helpers.experiments` over to `helpers.runs`; used once.

``python -m helpers.runs.migrate OLD NEW``. Stands on records, and on the old experiments for the
names of the models.
"""

import json
import sys
from pathlib import Path

import numpy as np

from helpers import experiments
from helpers.runs import records
from helpers.runs.settings import Settings


def main(old, new):
    """Read every file of the folder `old`, and write it to the folder `new` as it is now."""
    records.RESULTS = new
    for path in sorted(old.glob("*.json")):
        whole = json.loads(path.read_text())
        runs = [
            records.Run.from_json(
                {name: value for name, value in run.items() if name != "seed"}
                | {"settings": {**run["settings"], "seed": run["seed"]}}
                | {"versions": whole["versions"]}
            )
            for run in whole["runs"]
        ]
        records.write_record(path.stem, runs)
        print(f"{path.name}: {len(whole['runs'])} runs, {len(records.load_record(path.stem))} now")
    for path in sorted(old.glob("*.npz")):
        settings = Settings(**experiments.MODELS[path.stem], seed=0)
        with np.load(path) as file:
            records.write_weights(path.stem, settings, file["arr_0"])
        vector, _ = records.read_weights(path.stem)
        print(f"{path.name}: {vector.size} numbers, {settings}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
