"""Command line: ``python -m helpers.runs list`` and ``… run NAME|all``.

Stands on running.
"""

import argparse
import sys

from helpers.runs import plans, running


def main(arguments):
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(prog="python -m helpers.runs", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="show the plans, and what is recorded and missing of each")
    making = commands.add_parser("run", help="make what is missing of a plan")
    making.add_argument("name", choices=[*plans.plan_names(), "all"])
    making.add_argument("--seeds", type=int, help="seeds from 0; the plan's number if not given")
    making.add_argument("--jobs", type=int, default=1, help="processes at a time")
    making.add_argument("--scheduler", help="address of a Dask scheduler that makes the runs")
    options = parser.parse_args(arguments)
    if options.command == "list":
        for name in plans.plan_names():
            plan = plans.load_plan(name)
            print(
                f"{name}: {len(plan.runs)} settings, {len(running.recorded(name))} runs recorded, "
                f"{len(running.missing(name))} missing; keeps {', '.join(plan.keep) or 'no model'}"
            )
        return
    for name in plans.plan_names() if options.name == "all" else [options.name]:
        try:
            running.run(name, options.seeds, options.jobs, options.scheduler)
        except KeyboardInterrupt:
            sys.exit("stopped; what is done is recorded, and the same command goes on from there")


if __name__ == "__main__":
    main(sys.argv[1:])
