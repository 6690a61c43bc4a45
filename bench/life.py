"""Times the life of a preview on the local base: first deploy, no-op update, list, destroy.

Run after ``make demo`` (the base must be up), on a quiet machine: ``.venv/bin/python -m bench.life --runs 5``.
"""

from __future__ import annotations

import argparse
import os
import statistics

from bench.machine import described
from bench.process_tree import Measured, measure
from stacks.names import slug_of, stack_of
from stacks.setup.environment import environment
from stacks.setup.paths import Paths

BRANCH = "bench/life"


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    paths = Paths.default()
    paths.logs.mkdir(parents=True, exist_ok=True)
    log = paths.logs / "bench-life.log"
    variables = {**os.environ, **environment(paths)}
    stack = stack_of(slug_of(BRANCH))
    commands = {
        "`./preview deploy`, first, to all healthy": ["./preview", "deploy", BRANCH],
        "`./preview deploy`, nothing changed": ["./preview", "deploy", BRANCH],
        "`pulumi up`, nothing changed": ["pulumi", "up", "--yes", "--skip-preview", "--stack", stack],
        "`./preview list`": ["./preview", "list", "--json"],
        "`./preview destroy`": ["./preview", "destroy", BRANCH],
    }
    measured: dict[str, list[Measured]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            measured[name].append(measure(command, cwd=paths.checkout, environment=variables, log=log))
    print(f"{described()}; {runs} runs each.\n")
    print("| step | median s | min–max s | peak memory, MiB |")
    print("|---|---|---|---|")
    for name, rows in measured.items():
        seconds = sorted(row.seconds for row in rows)
        peak = max(row.peak_mib for row in rows)
        print(f"| {name} | {statistics.median(seconds):.1f} | {seconds[0]:.1f}–{seconds[-1]:.1f} | {peak:.0f} |")


if __name__ == "__main__":
    main()
