"""Times previews on a Swarm of three engines beside those on one engine, on the same images and machine.

Run as root after ``make demo`` (which installs what this drives), on a quiet machine:
``.venv/bin/python -m bench.swarm --runs 3``. The engines are in network namespaces of this machine and share its
processors; what a step of the Swarm takes longer is therefore the price of the Swarm, not of more machines.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.figures import spread
from bench.machine import described
from bench.own_base import own_base
from bench.record import parser, positive, require_root, run_to_its_end, write
from tests.equipment.checkout import Clone, ok
from tests.equipment.cluster import ClusterBase, running_cluster, standing_cluster_base

_STEPS: Mapping[str, tuple[str, ...]] = {
    "first deploy, all healthy": ("deploy",),
    "nothing changed": ("deploy",),
    "sleep": ("sleep",),
    "wake": ("wake",),
    "destroy": ("destroy",),
}


def main() -> int:
    """Run, print the tables, and write the raw figures."""
    reader = parser(__doc__, "swarm")
    reader.add_argument("--runs", type=positive, default=3, help="runs of each step")
    options = reader.parse_args()
    require_root(reader)
    seconds: dict[str, dict[str, list[float]]] = {step: {"one engine": [], "Swarm": []} for step in _STEPS}
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        with (
            running_cluster(root / "engines", "bsw") as cluster,
            standing_cluster_base(cluster, root / "user", "bsw", calm=False) as swarm,
            own_base(2) as single,
        ):
            for number in range(options.runs):
                # In turn within a run, so that a busy minute of the machine meets both.
                _life(single.clone, single.branch(f"run-{number}"), "one engine", seconds)
                _life(swarm.clone, swarm.branch(f"run-{number}"), "Swarm", seconds)
            kept = _bytes_kept(swarm)
    raw: dict[str, Any] = {"runs": options.runs, "seconds": seconds, "object_bytes_of_a_preview": kept}
    write(options.output, raw)
    print(f"{described()}; {options.runs} runs.\n")
    print("| step | one engine: median s (min–max) | Swarm | ratio |\n|---|---|---|---|")
    for step, both in seconds.items():
        one, more = both["one engine"], both["Swarm"]
        ratio = statistics.median(more) / statistics.median(one)
        print(
            f"| {step} | {statistics.median(one):.1f} ({spread(one)}) "
            f"| {statistics.median(more):.1f} ({spread(more)}) | {ratio:.2f} |"
        )
    print(f"\nThe manager's objects, as its API tells them, grow by {kept / 1000:.0f} kB with a preview.")
    return 0


def _life(clone: Clone, branch: str, where: str, seconds: Mapping[str, Mapping[str, list[float]]]) -> None:
    for step, command in _STEPS.items():
        seconds[step][where].append(ok(clone.preview(*command, branch)).seconds)


def _bytes_kept(base: ClusterBase) -> int:
    """By how much the manager's objects grow with one preview, without what secrets hold and the log of changes."""
    before = _kept(base)
    branch = base.branch("kept")
    ok(base.clone.preview("deploy", branch))
    after = _kept(base)
    ok(base.clone.preview("destroy", branch))
    return after - before


def _kept(base: ClusterBase) -> int:
    """Size of what the manager's engine tells of its objects, as JSON."""
    client = base.manager.client
    held = [*client.services.list(), *client.secrets.list(), *client.configs.list()]
    return sum(len(json.dumps(one.attrs)) for one in held)


if __name__ == "__main__":
    run_to_its_end(main)
