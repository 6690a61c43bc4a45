"""Watches previews under their workload: memory, processor and disk of every service against its limits.

``.venv/bin/python -m bench.load --minutes 30`` as root (the sizes of logs are read where the engine keeps them), on a
quiet machine, after ``make demo`` (which installs what this drives). It makes a base of its own. The workload is the
previews' own generator. Before the previews are made, the engine is watched without them: what it takes more with them
is the price of running them, health checks above all. Whatever else runs on the engine must stay the same over both.
``--hours`` fits as many hours of the workload's patterns into those minutes: they come and go faster, each at its own
rate.
"""

from __future__ import annotations

import argparse
import time

from bench.engine_cost import seconds_a_minute
from bench.engine_cost import taken as engine_time
from bench.figures import percent
from bench.load_watch import Watched, disk, watch
from bench.machine import described
from bench.own_base import OwnBase, edit, own_base
from bench.record import parser, positive, require_root, run_to_its_end, write
from components.services import SERVICES

_SAMPLE_SECONDS = 5.0
_MIB = 2**20
_SETTINGS, _REAL_TIME = "workload/lib/settings.sh", "${WORKLOAD_TIME_SCALE:-1}"
_HEAD = """
| service | memory limit, MiB | peak, MiB | of the limit | working set, peak MiB | CPU limit | peak share | mean share \
| throttled periods | disk growth, MB an hour |
|---|---|---|---|---|---|---|---|---|---|"""


def main() -> int:
    """Watch, print a Markdown table and the verdict, and write the raw figures.

    Returns:
        1 where a container was killed, restarted, replaced or over a limit.
    """
    reader = parser(__doc__, "load")
    reader.add_argument("--minutes", type=positive, default=30, help="how long the previews are watched")
    reader.add_argument("--hours", type=positive, help="how much of the workload's time passes in these minutes")
    reader.add_argument("--previews", type=positive, default=2, help="how many there are")
    reader.add_argument("deploy", nargs="*", help="further arguments of `deploy`, after `--`: a configuration, images")
    reader.add_argument("--idle-seconds", type=positive, default=60, help="how long the base alone is watched")
    options = reader.parse_args()
    require_root(reader)
    head = (
        f"{described()}; previews: {options.previews}, {options.minutes} minutes, a sample every {_SAMPLE_SECONDS:g} s."
    )
    if options.hours:
        head += f" The workload's time passes faster: {options.hours} hours of it."
    print(head, flush=True)
    with own_base(max_previews=options.previews) as base:
        if options.hours:
            scale = f"{options.minutes / options.hours / 60:.6f}"
            edit(base.clone, [(_SETTINGS, _REAL_TIME, _REAL_TIME.replace("-1", f"-{scale}"))])
        return 1 if _run(base, options) else 0


def _run(base: OwnBase, options: argparse.Namespace) -> list[str]:
    """Returns: what is not as it should be, in words."""
    alone_start = engine_time()
    time.sleep(options.idle_seconds)
    alone = seconds_a_minute(alone_start, engine_time())
    branches = [base.branch(f"load-{number}") for number in range(options.previews)]
    for branch in branches:
        base.measured("deploy", branch, *options.deploy)
    watched = watch(base, branches)
    disk_before = disk(base.engine, watched)
    start = engine_time()
    _sample(watched, options.minutes * 60)
    end = engine_time()
    disk_after = disk(base.engine, watched)
    now = {branch: base.containers(branch) for branch in branches}
    faults = [fault for one in watched for fault in one.faults(now[one.branch].get(one.service))]
    hours = (end.moment - start.moment) / 3600
    growth = {name: (disk_after[name] - disk_before[name]) / 1e6 / hours for name in disk_before}
    with_previews = seconds_a_minute(start, end)
    content = {
        "minutes": options.minutes,
        "hours_of_the_workload": options.hours or options.minutes / 60,
        "containers": [one.as_dict() for one in watched],
        "disk_bytes": {name: [disk_before[name], disk_after[name]] for name in disk_before},
        "disk_mb_an_hour": growth,
        "engine_cpu_seconds_a_minute": {"without them": alone, "with them": with_previews},
        "faults": faults,
    }
    write(options.output, content)
    _report(watched, growth, options.previews)
    _report_engine(alone, with_previews, options.previews)
    within = "No OOM kill, no restart, no container replaced, everything within its limits"
    print(f"\n{'; '.join(faults) or within}.", flush=True)
    return faults


def _sample(watched: list[Watched], seconds: float) -> None:
    start = time.monotonic()
    for number in range(int(seconds / _SAMPLE_SECONDS) + 1):
        # Counted from the start: what a sample takes must not add up.
        time.sleep(max(start + number * _SAMPLE_SECONDS - time.monotonic(), 0))
        for one in watched:
            one.sample()


def _report(watched: list[Watched], growth: dict[str, float], previews: int) -> None:
    """A row a service, each figure of the preview in which it is the largest; disk growth is the mean of all."""
    print(_HEAD)
    for service in SERVICES:
        same = [one for one in watched if one.service == service.key]
        peak = max(one.peak for one in same)
        cells = (
            f"{same[0].memory_limit / _MIB:.0f}",
            f"{peak / _MIB:.0f}",
            f"{percent(peak, same[0].memory_limit):.0f} %",
            f"{max(one.working_set for one in same) / _MIB:.0f}",
            f"{same[0].cpus:.2f}",
            f"{max(max(one.cpu_shares, default=0) for one in same):.0f} %",
            f"{max(one.mean_share for one in same):.0f} %",
            f"{max(one.throttled for one in same):.0f} %",
            f"{sum(growth[one.container.name] for one in same) / len(same):.1f}",
        )
        print(f"| {service.key} | {' | '.join(cells)} |")
    print(f"| disk growth of one preview {'| ' * 8}| {sum(growth.values()) / previews:.1f} |")


def _report_engine(alone: dict[str, float], with_previews: dict[str, float], previews: int) -> None:
    print("\n| processor time of the engine, s a minute | without them | with them | a preview |")
    print("|---|---|---|---|")
    rows = {
        "dockerd, containerd, shims": "own",
        "runc and health commands, which they waited for": "waited",
    }
    for name, key in rows.items():
        before, after = alone[key], with_previews[key]
        print(f"| {name} | {before:.1f} | {after:.1f} | {(after - before) / previews:.1f} |")


if __name__ == "__main__":
    run_to_its_end(main)
