"""Measures `./preview` beside Docker Compose, in one run, on the same images, memory limits and health checks.

`./preview` gives a container that starts a processor until it is healthy. Compose has each start within the share that
it has to live in, and a first deploy is measured once more with a processor for whatever has a health check.

On a quiet machine, as root (secrets are given to the services' users): ``.venv/bin/python -m bench.compare --runs 5``.
It makes a base of its own and leaves nothing behind. The raw figures go to ``docs/measurements/compare.json``, from
which ``bench.plot`` draws.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import docker
from rich.console import Console

from bench import compose_tool
from bench.comparison import cost, costs_table, steps_table
from bench.composed import Composed
from bench.machine import described, engine_socket, memory_gib
from bench.ours import Ours
from bench.own_base import own_base
from bench.process_tree import together
from bench.rounds import Rounds, Tool
from components.services import GRAFANA
from stacks.moments import text_of
from stacks.paths import Paths
from toolchain.environment import environment
from toolchain.process import is_root, output_of
from toolchain.report import SetupError

_MAX_PREVIEWS = 12

OUTPUT = Path(__file__).resolve().parents[1] / "docs/measurements/compare.json"


def main() -> None:
    """Measure, print Markdown tables and write the raw figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.compare", description=__doc__)
    parser.add_argument(
        "--runs", metavar="N", type=_count, default=5, help="lives of a preview, and two at once (default: 5)"
    )
    parser.add_argument(
        "--many-runs",
        metavar="N",
        type=int,
        default=1,
        help="in how many of them ten at once, which takes minutes (default: 1)",
    )
    parser.add_argument(
        "--output",
        metavar="FILE",
        type=Path,
        default=OUTPUT,
        help="file for the raw figures (default: in docs/measurements)",
    )
    options = parser.parse_args()
    try:
        if not is_root():
            raise RuntimeError("Compose's secrets must be given to the services' users: run this as root.")
        data = _measure(options.runs, options.many_runs)
    except (RuntimeError, ValueError, SetupError, docker.errors.DockerException) as error:
        sys.exit(f"Error: {error}")
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print("\n".join(_report(data)))


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {text}")
    return int(text)


def _measure(runs: int, many_runs: int) -> dict[str, Any]:
    console = Console(stderr=True, highlight=False, markup=False)
    compose = compose_tool.ensure(console)
    paths = Paths.default()
    engine = docker.DockerClient(base_url=f"unix://{engine_socket()}")
    repository = GRAFANA.image.rpartition(":")[0]
    log = paths.logs / "bench-compare.log"
    log.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="pgai-bench-") as folder, own_base(_MAX_PREVIEWS) as base:
        image = f"{repository}:{base.token}"
        rounds = Rounds(engine, image, log, console.print)
        ours = Ours(base)

        def composed(name: str, *, hastened: bool) -> Composed:
            return Composed(
                Path(folder) / name,
                f"{base.token}-{name}",
                compose=compose,
                edge_network=ours.edge_network,
                port=ours.port,
                hastened=hastened,
            )

        plain, hastened = composed("plain", hastened=False), composed("hastened", hastened=True)
        try:
            # Another tag alone would change nothing for a preview, which knows its images by their ids.
            recipe = f"FROM {GRAFANA.image}\nLABEL bench.run={base.token}\n"
            engine.images.build(fileobj=io.BytesIO(recipe.encode()), tag=image, rm=True)
            _run(rounds, [ours, plain], hastened, runs, many_runs)
        finally:
            together([side.destroy(preview) for side in (plain, hastened) for preview in side.left()], log)
            with suppress(docker.errors.ImageNotFound):
                engine.images.remove(image)
    return {
        "measured_at": text_of(dt.datetime.now(dt.UTC)),
        "machine": {"cores": os.cpu_count(), "memory_gib": round(memory_gib(), 1)},
        "versions": {
            "docker": engine.version()["Version"],
            "compose": compose_tool.version_of(compose),
            "pulumi": output_of(["pulumi", "version"], env={**os.environ, **environment(paths)}).removeprefix("v"),
            "pulumi-docker": metadata.version("pulumi_docker"),
            "project": _commit(),
        },
        "runs": runs,
        "steps": rounds.steps,
        "costs": {
            operation: {tool: cost(measured, rounds.calls[operation][tool]) for tool, measured in tools.items()}
            for operation, tools in rounds.costs.items()
        },
        "state_bytes": rounds.state,
    }


def _run(rounds: Rounds, tools: list[Tool], hastened: Composed, runs: int, many_runs: int) -> None:
    for run in range(runs):
        # In turn first and second, so that a busy minute of the machine meets both.
        order = tools if run % 2 == 0 else tools[::-1]
        for tool in order:
            rounds.life(tool, f"life-{run}")
            if isinstance(tool, Ours):
                # Right beside what it is compared with.
                rounds.start(hastened, f"start-{run}")
        for tool in order:
            rounds.several(tool, [f"pair-{run}-{number}" for number in range(2)])
        if run < many_runs:
            for tool in order:
                rounds.several(tool, [f"many-{run}-{number}" for number in range(10)])
    for tool in tools:
        rounds.counted(tool, "counted")


def _commit() -> str:
    shown = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=OUTPUT.parents[2], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip()


def _report(data: dict[str, Any]) -> list[str]:
    versions, state = data["versions"], data["state_bytes"]
    replaced = [
        f"{step['step']}: containers replaced or restarted: "
        + ", ".join(f"{tool} {max(counts)}" for tool, counts in step["replaced_containers"].items())
        for step in data["steps"]
        if "replaced_containers" in step
    ]
    return [
        f"{described()}, Docker Engine {versions['docker']}, Compose {versions['compose']}, Pulumi "
        f"{versions['pulumi']}; runs: {data['runs']}; {data['measured_at'][:10]}.",
        "",
        *steps_table(data["steps"]),
        "",
        *(f"* {line}" for line in replaced),
        "",
        *costs_table(data["costs"]),
        "",
        f"State of a preview after its first deploy and four updates: {state['export'] / 1024:.0f} KiB as exported, "
        f"{state['backend'] / 1024:.0f} KiB in the backend's directory, history included.",
    ]


if __name__ == "__main__":
    main()
