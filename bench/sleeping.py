"""What a preview that sleeps costs, how long it takes to wake, and how many branches two slots serve.

``.venv/bin/python -m bench.sleeping --branches 10`` as root, on a quiet machine, after ``make demo``. It makes a base
of its own with two slots and ``whenFull: sleep``, deploys that many branches one after the other, and then wakes each
in turn. Deploys are made to look old, for a young preview is never put to sleep for another.
"""

from __future__ import annotations

import statistics
from typing import Any

from bench.machine import described
from bench.own_base import OwnBase, own_base
from bench.record import parser, positive, require_root, run_to_its_end, write
from tests.equipment.checkout import ok
from tests.equipment.previews import Ground


def main() -> int:
    """Run, print the table, and write the raw figures."""
    reader = parser(__doc__, "sleeping")
    reader.add_argument("--branches", type=positive, default=10, help="how many share the two slots")
    options = reader.parse_args()
    require_root(reader)
    print(f"{described()}.\n", flush=True)
    with own_base(2) as base:
        raw = _measure(base, options.branches)
    write(options.output, raw)
    print("| what | figure |\n|---|---|")
    for name, figure in raw["table"].items():
        print(f"| {name} | {figure} |")
    return 0


def _measure(base: OwnBase, count: int) -> dict[str, Any]:
    # All of them sleep at the moment at which the last one is put to sleep by hand, but for one.
    for key, value in (("whenFull", "sleep"), ("maxAsleep", str(count))):
        ok(base.clone.pulumi("config", "set", key, value, "--stack", "local"))
    ok(base.clone.pulumi("up", "--yes", "--skip-preview", "--stack", "local"))
    ground = Ground(base.clone, base.engine, base.token)
    branches = [base.branch(f"branch-{number}") for number in range(count)]
    deploys, sleeps, wakes, taken_turns = [], [], [], []
    for branch in branches:
        deploys.append(base.measured("deploy", branch).seconds)
        _age(ground, branch)
    first = branches[-1]
    awake = _footprint(base, first)
    sleeps.append(_seconds(base, "sleep", first))
    asleep = _footprint(base, first)
    wakes.append(_seconds(base, "wake", first))
    for branch in branches:
        _age(ground, branch)
        # Both slots are taken: another one is put to sleep first.
        taken_turns.append(_seconds(base, "wake", branch))
        row = ground.row(branch)
        if row["health"] != "7/7 healthy":
            raise RuntimeError(f"{branch} is {row['state']}, {row['health']}.")
    live = [row["branch"] for row in base.clone.json("list", "--json") if row["state"] == "live"]
    table = {
        "memory of an awake preview, MiB": f"{awake[0]:.0f}",
        "containers that run, awake and asleep": f"{awake[1]} and {asleep[1]}",
        "memory of a preview that sleeps, MiB": f"{asleep[0]:.0f}",
        "`./preview sleep`, s": f"{sleeps[0]:.1f}",
        "`./preview wake` with a free slot, s": f"{wakes[0]:.1f}",
        f"`./preview wake` of {count} in turn on two slots, median (min–max), s": _spread(taken_turns),
        f"first deploy of {count} in turn on two slots, median (min–max), s": _spread(deploys),
        "awake at the end": str(len(live)),
    }
    return {"table": table, "deploys": deploys, "sleeps": sleeps, "wakes": wakes, "turns": taken_turns}


def _age(ground: Ground, branch: str) -> None:
    ground.edit_outputs(branch, lambda found: found.update(deployed_at="2026-01-01T00:00:00Z"))


def _seconds(base: OwnBase, command: str, branch: str) -> float:
    return base.measured(command, branch).seconds


def _footprint(base: OwnBase, branch: str) -> tuple[float, int]:
    """Memory in MiB of a preview's containers, and how many of them run: what is stopped has no control group."""
    running = [one for one in base.containers(branch).values() if one.status == "running"]
    usage = [one.stats(stream=False)["memory_stats"].get("usage", 0) for one in running]
    return sum(usage) / 2**20, len(running)


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f}–{max(values):.1f})"


if __name__ == "__main__":
    run_to_its_end(main)
