"""Deploys many previews at once on a Swarm of three engines: how long it takes, and what becomes of each.

Run as root after ``make demo``, on a quiet machine: ``.venv/bin/python -m bench.swarm_many --counts 1 5 20``. The three
engines share the processors of one machine, so services set aside an eighth of what they may use, in the clone that is
measured; nothing else is changed. What it shows is that the manager, the slots and the engine's state bear so many at
once; how long that takes on machines of their own it does not. With ``--tiny`` services keep their shape (networks,
secrets, files, limits, checks), and each runs a program that only waits, in the place of its image's.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bench.machine import described
from bench.own_base import edit
from bench.record import parser, positive, require_root, run_to_its_end, write
from operations.at_once import at_once
from stacks.settings import BaseSettings
from tests.equipment.checkout import Finished
from tests.equipment.cluster import ClusterBase, running_cluster, standing_cluster_base

_SET_ASIDE = 8
_SERVICE = "components/service.py"
_LESS_SET_ASIDE = [
    (
        _SERVICE,
        "ReservationArgs(memory_bytes=memory, nano_cpus=cpus)",
        f"ReservationArgs(memory_bytes=memory, nano_cpus=cpus // {_SET_ASIDE})",
    ),
    ("operations/machine/swarm_room.py", "float(service.cpus)", f"float(service.cpus) / {_SET_ASIDE}"),
]
_TINY = [
    (_SERVICE, "image=placement.image,", f'image="{BaseSettings().socket_proxy_image}",'),
    (
        _SERVICE,
        "commands=list(service.entrypoint) or None,",
        'commands=["sh", "-c", "trap exit TERM USR1; sleep 86400 & wait"],',
    ),
    (_SERVICE, "args=list(service.command) or None,", "args=None,"),
    (_SERVICE, 'tests=["CMD", *check.test],', 'tests=["CMD", "true"],'),
]


def main() -> int:
    """Run, print the table, and write the raw figures."""
    reader = parser(__doc__, "swarm-many")
    reader.add_argument("--counts", type=positive, nargs="+", default=[1, 5, 20], help="how many at once, in turn")
    reader.add_argument("--tiny", action="store_true", help="services of the same shape that only wait")
    options = reader.parse_args()
    require_root(reader)
    print(
        f"{described()}.\n\n| at once | well | s until all had ended | destroyed at once, s | exit codes |", flush=True
    )
    print("|---|---|---|---|---|", flush=True)
    rounds = []
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        with (
            running_cluster(root / "engines", "bsm") as cluster,
            standing_cluster_base(cluster, root / "user", "bsm", calm=False, maxPreviews=max(options.counts)) as base,
        ):
            edit(base.clone, [*_LESS_SET_ASIDE, *(_TINY if options.tiny else ())])
            for count in options.counts:
                row = _round(base, count)
                rounds.append(row)
                write(options.output, {"tiny": options.tiny, "rounds": rounds})
                codes = ", ".join(f"{number} × {code}" for code, number in sorted(row["codes"].items()))
                print(
                    f"| {count} | {row['well']} | {row['seconds']:.0f} | {row['destroyed']:.0f} | {codes} |", flush=True
                )
    for row in rounds:
        for branch, said in row["said"].items():
            print(f"\n{branch}: {said}")
    return 0


def _round(base: ClusterBase, count: int) -> dict[str, Any]:
    branches = [base.branch(f"of-{count}-{number}") for number in range(count)]
    done, seconds = _at_once(base, "deploy", branches)
    well = [row["branch"] for row in base.clone.json("list", "--json") if row["health"] == "7/7 healthy"]
    for branch, one in done.items():
        if one.code:
            base.require_nothing(branch)
    gone, destroyed = _at_once(base, "destroy", [branch for branch, one in done.items() if not one.code])
    for branch, one in gone.items():
        if not one.code:
            base.require_nothing(branch)
    return {
        "count": count,
        "well": len(well),
        "seconds": seconds,
        "destroyed": destroyed,
        "each": [one.seconds for one in done.values()],
        "codes": Counter(str(one.code) for one in (*done.values(), *gone.values())),
        "said": {branch: one.stderr[-2000:] for branch, one in {**done, **gone}.items() if one.code},
    }


def _at_once(base: ClusterBase, command: str, branches: list[str]) -> tuple[dict[str, Finished], float]:
    began = time.monotonic()
    done = at_once(lambda branch: base.clone.preview(command, branch), branches)
    return dict(zip(branches, done, strict=True)), time.monotonic() - began


if __name__ == "__main__":
    run_to_its_end(main)
