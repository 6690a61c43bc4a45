"""Times the production path beside the local one: the same previews, images and machine, once over SSH.

Run after ``make demo`` and ``make test`` (which install what this drives), on a quiet machine:
``.venv/bin/python -m bench.ssh --runs 3``. The VM is the tests' stand-in: its boot and the way to it take no time, and
the clouds are fakes on loopback: what is left is the price of the connections, of the record and of the copies.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import statistics
import tempfile
from pathlib import Path

import docker

from bench.ours import retitle_a_dashboard
from tests.equipment.checkout import Clone, Finished, ok
from tests.equipment.production import Production, running_production

DEPLOY = {"local": "`./preview deploy`, first, local base", "ssh": "`./preview deploy`, first, over SSH"}
AGAIN = {"local": "the same, nothing changed, local base", "ssh": "the same, nothing changed, over SSH"}
DASHBOARD = {"local": "one dashboard changed, local base", "ssh": "one dashboard changed, over SSH"}
BASE_UP = "`pulumi up --stack base`, from nothing, without the machine's boot"
BASE_AGAIN = "`pulumi up --stack base`, nothing changed"


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    engine = docker.from_env()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "local").mkdir()
        (root / "production").mkdir()
        with running_production(engine, root / "production", calm=False) as production:
            local = Clone.make(root / "local", f"b{secrets.token_hex(3)}", calm=False)
            try:
                seconds, connections = _measure(local, production, root, runs)
            finally:
                ok(local.pulumi("destroy", "--yes", "--skip-preview", "--stack", "local"))
    print(f"{os.cpu_count()} cores; {runs} runs; {max(connections)} SSH connections a first deploy at most.\n")
    print("| step | median s | min–max s |")
    print("|---|---|---|")
    for step, values in seconds.items():
        print(f"| {step} | {statistics.median(values):.1f} | {min(values):.1f}–{max(values):.1f} |")
    ratio = statistics.median(seconds[DEPLOY["ssh"]]) / statistics.median(seconds[DEPLOY["local"]])
    print(f"\nA first deploy over SSH takes {ratio:.2f} times as long as a local one.")


def _measure(local: Clone, production: Production, root: Path, runs: int) -> tuple[dict[str, list[float]], list[int]]:
    seconds: dict[str, list[float]] = {}
    connections: list[int] = []

    def timed(step: str, done: Finished) -> None:
        seconds.setdefault(step, []).append(ok(done).seconds)

    remote = production.clone
    for clone, stack in ((local, "local"), (remote, "base")):
        ok(clone.preview("setup"))
        ok(clone.pulumi("stack", "init", stack))
    ok(local.pulumi("up", "--yes", "--skip-preview", "--stack", "local"))
    for run in range(runs):
        timed(BASE_UP, remote.pulumi("up", "--yes", "--skip-preview", "--stack", "base"))
        timed(BASE_AGAIN, remote.pulumi("up", "--yes", "--skip-preview", "--stack", "base"))
        # One after the other within a run, so that a busy minute of the machine meets both.
        for kind, clone in (("local", local), ("ssh", remote)):
            branch = f"{production.token}/{kind}"
            before = production.vm.connections()
            timed(DEPLOY[kind], clone.preview("deploy", branch))
            if kind == "ssh":
                connections.append(production.vm.connections() - before)
            timed(AGAIN[kind], clone.preview("deploy", branch))
            changed = root / f"{kind}-{run}"
            shutil.copytree(clone.path / "config", changed)
            retitle_a_dashboard(changed)
            timed(DASHBOARD[kind], clone.preview("deploy", branch, "--config-dir", str(changed)))
            ok(clone.preview("destroy", branch))
        ok(remote.pulumi("destroy", "--yes", "--skip-preview", "--stack", "base"))
        # A server takes along what is on it, which the stand-in does when it is told to.
        production.vm.empty()
    return seconds, connections


if __name__ == "__main__":
    main()
