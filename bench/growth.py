"""Measures what grows: commands with the number of stacks, a deploy with live previews and with its configuration.

``.venv/bin/python -m bench.growth`` on a quiet machine, after ``make demo`` (which installs what this drives). It makes
bases of its own and leaves nothing behind. Eight live previews need about 8 GiB of memory available.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import asdict
from typing import Any

from bench.figures import line_through, per_one_ratio, spread
from bench.growth_live import Deploys, beside, with_configuration
from bench.machine import described
from bench.many_stacks import LIST, REAP, Timed, timed_commands
from bench.own_base import OwnBase, own_base
from bench.record import parser, positive, run_to_its_end, write

_LINEAR = 1.15
_PARTS = ("stacks", "live", "configuration")
_LIVE_HEAD = """
| live previews | deploy of one more, median s | min–max s | peak memory, MiB | destroy, median s |
|---|---|---|---|---|"""
_CONFIGURATION_HEAD = """
| configuration, MB | deploy, median s | min–max s | peak memory, MiB | destroy, median s | `stack export`, kB \
| backend grown by, kB | on the host, MB |
|---|---|---|---|---|---|---|---|"""


def main() -> int:
    """Measure, print Markdown tables, and write the raw figures.

    Returns:
        1 where a command grows worse than linearly or a deploy failed.
    """
    options = _options()
    runs: int = options.runs
    raw: dict[str, Any] = {"runs": runs}
    faults: list[str] = []
    print(f"{described()}; {runs} runs each.", flush=True)
    if "stacks" in options.parts:
        rows = _stacks(options.stacks, runs, options.backend)
        raw["stacks"] = [asdict(row) for row in rows]
        faults += _linearity(rows, raw)
        write(options.output, raw)
    with_base = [part for part in _PARTS[1:] if part in options.parts]
    if with_base:
        with own_base(max_previews=max(options.live) + 1) as base:
            # First: what is live takes the processors from what is measured.
            if "configuration" in with_base:
                rows_of_sizes = _configuration(base, options.megabytes, runs)
                raw["configuration"] = [asdict(row) for row in rows_of_sizes]
                faults += [failure for row in rows_of_sizes for failure in row.failures]
                write(options.output, raw)
            if "live" in with_base:
                raw["live"] = []
                print(_LIVE_HEAD, flush=True)
                for row in beside(base, options.live, runs):
                    print(f"| {row.around} {_cells(row)}", flush=True)
                    raw["live"].append(asdict(row))
                    faults += row.failures
                    write(options.output, raw)
    for fault in faults:
        print(f"\n{fault}")
    return 1 if faults else 0


def _options() -> argparse.Namespace:
    reader = parser(__doc__, "growth")
    reader.add_argument("--runs", type=positive, default=3, help="runs of each command")
    reader.add_argument("--stacks", type=positive, nargs="+", default=[10, 100, 300], help="numbers of stacks")
    reader.add_argument("--backend", choices=("file", "s3"), default="file", help="where the stacks are counted")
    reader.add_argument("--live", type=positive, nargs="+", default=[1, 2, 8], help="numbers of live previews")
    reader.add_argument("--megabytes", type=positive, nargs="+", default=[1, 20], help="sizes of configuration")
    reader.add_argument("--parts", choices=_PARTS, nargs="+", default=_PARTS, help="what to measure")
    options = reader.parse_args()
    options.stacks, options.live = sorted(set(options.stacks)), sorted(set(options.live))
    if len(options.stacks) < 2:
        reader.error("--stacks needs at least two different numbers: a line goes through them.")
    return options


def _stacks(counts: list[int], runs: int, backend: str) -> list[Timed]:
    print("\n| what | stacks | median s | min–max s |\n|---|---|---|---|", flush=True)
    rows = []
    for row in timed_commands(counts, runs, backend):
        rows.append(row)
        median = statistics.median(row.seconds)
        print(f"| {row.command} | {row.stacks} | {median:.1f} | {spread(row.seconds)} |", flush=True)
    return rows


def _linearity(rows: list[Timed], raw: dict[str, Any]) -> list[str]:
    """Print what a stack costs, and whether it costs more where there are many; returns what breaks the rule."""
    faults = []
    raw["lines"] = {}
    print()
    for command in (LIST, REAP):
        points = [(row.stacks, statistics.median(row.seconds)) for row in rows if row.command == command]
        line = line_through(points)
        ratio = per_one_ratio(points[-2], points[-1])
        raw["lines"][command] = {**asdict(line), "per_stack_ratio": ratio}
        print(
            f"{command}: {line.constant:.2f} s and {line.slope:.3f} s a stack; a stack of {points[-1][0]} takes "
            f"{ratio:.2f} times as long as one of {points[-2][0]} (at most {_LINEAR})."
        )
        if ratio > _LINEAR:
            faults.append(f"{command} grows worse than linearly: {ratio:.2f} times as long a stack.")
    return faults


def _configuration(base: OwnBase, megabytes: list[int], runs: int) -> list[Deploys]:
    print(_CONFIGURATION_HEAD, flush=True)
    rows = []
    for row in with_configuration(base, megabytes, runs):
        rows.append(row)
        sizes = " | ".join(
            f"{row.sizes[what] / unit:{digits}}" if row.sizes else ""
            for what, unit, digits in (("export", 1e3, ".0f"), ("backend", 1e3, ".0f"), ("host", 1e6, ".1f"))
        )
        print(f"| {row.around / 1e6:.1f} {_cells(row)} {sizes} |", flush=True)
    return rows


def _cells(row: Deploys) -> str:
    destroy = statistics.median(one.seconds for one in row.destroys)
    if not row.deploys:
        return f"| failed | | | {destroy:.1f} |"
    seconds = [one.seconds for one in row.deploys]
    peak = max(one.peak_mib for one in row.deploys)
    return f"| {statistics.median(seconds):.1f} | {spread(seconds)} | {peak:.0f} | {destroy:.1f} |"


if __name__ == "__main__":
    run_to_its_end(main)
