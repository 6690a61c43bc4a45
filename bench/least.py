"""Measures the least that Pulumi does beside Docker Compose: a network and seven containers that only wait.

``.venv/bin/python -m bench.least`` on a quiet machine that is set up. What Pulumi takes more than Compose here no
preview can do without: it has secrets, volumes, files and a record besides. Nothing is left behind.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import statistics
import sys
import tempfile
from pathlib import Path

import docker as docker_api
import pulumi
import pulumi_docker as docker
from rich.console import Console

from bench import compose_tool
from bench.figures import spread
from bench.machine import described, engine_socket
from bench.own_stack import own_stack
from bench.process_tree import Command, Measured, measure
from bench.record import parser, positive, run_to_its_end, write
from components.databases import TARGET
from components.services import SERVICES
from operations.engine.vendor import mute_debug
from tests.equipment.checkout import ORIGIN

_WAIT = ["sleep", "3600"]
_HEAD = """
| a network and seven that wait | s | min–max | CPU s, its processes | CPU s, machine | peak memory, MiB |
|---|---|---|---|---|---|"""


def main() -> int:
    """Measure, print a Markdown table, and write the raw figures."""
    reader = parser(__doc__, "least")
    reader.add_argument("--runs", type=positive, default=5, help="runs of each")
    options = reader.parse_args()
    compose = compose_tool.ensure(Console(stderr=True))
    measured: dict[str, list[Measured]] = {"Pulumi": [], "Compose": []}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        job = {
            "prefix": f"bench-{secrets.token_hex(3)}",
            "image": docker_api.from_env().images.get(TARGET.image).id,
            "state": str(folder),
        }
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        (folder / "compose.json").write_text(json.dumps(_composed(job)), encoding="utf-8")
        ours = [sys.executable, "-m", "bench.least", "--job", str(folder / "job.json")]
        theirs = [*compose, "--file", str(folder / "compose.json")]
        tools = {
            "Pulumi": ([*ours, "up"], [*ours, "destroy"]),
            "Compose": ([*theirs, "up", "--detach"], [*theirs, "down"]),
        }
        for run in range(options.runs):
            # In turn first and second, so that a busy minute of the machine meets both.
            for tool in list(tools)[:: -1 if run % 2 else 1]:
                up, down = tools[tool]
                try:
                    measured[tool].append(_run(up, folder))
                finally:
                    _run(down, folder)
    print(f"{described()}; {options.runs} runs each.\n{_HEAD}")
    for tool, every in measured.items():
        print(_row(tool, every))
    write(
        options.output,
        {"runs": options.runs, **{tool: [vars(one) for one in every] for tool, every in measured.items()}},
    )
    return 0


def _run(argv: list[str], folder: Path) -> Measured:
    return measure(Command(argv=argv, cwd=ORIGIN, environment=os.environ), folder / "log")


def _row(tool: str, every: list[Measured]) -> str:
    own, machine, peak = (
        statistics.median(getattr(one, name) for one in every)
        for name in ("cpu_seconds", "machine_cpu_seconds", "peak_mib")
    )
    seconds = [one.seconds for one in every]
    return f"| {tool} | {statistics.median(seconds):.1f} | {spread(seconds)} | {own:.1f} | {machine:.1f} | {peak:.0f} |"


def _composed(job: dict[str, str]) -> dict[str, object]:
    service = {"image": job["image"], "command": _WAIT, "stop_signal": "SIGKILL"}
    return {"name": f"{job['prefix']}-compose", "services": {one.key: service for one in SERVICES}}


def _pulumi(job: dict[str, str], operation: str) -> None:
    """The same by Pulumi, with its program in this process as a preview's is."""

    def program() -> None:
        engine = pulumi.ResourceOptions(provider=docker.Provider("docker", host=f"unix://{engine_socket()}"))
        network = docker.Network("network", name=job["prefix"], opts=engine)
        for service in SERVICES:
            docker.Container(
                service.key,
                name=f"{job['prefix']}-{service.key}",
                image=job["image"],
                command=_WAIT,
                stop_signal="SIGKILL",
                networks_advanced=[docker.ContainerNetworksAdvancedArgs(name=network.name)],
                opts=engine,
            )

    mute_debug()
    own = own_stack("least", Path(job["state"]))
    if operation == "up":
        own.workspace.create_stack(own.stack.name)
        own.stack.up(program=program)
    else:
        own.stack.destroy()
        own.workspace.remove_stack(own.stack.name)


if __name__ == "__main__":
    if "--job" in sys.argv:
        internal = argparse.ArgumentParser()
        internal.add_argument("--job", type=Path)
        internal.add_argument("operation", choices=["up", "destroy"])
        asked = internal.parse_args()
        _pulumi(json.loads(asked.job.read_text(encoding="utf-8")), asked.operation)
    else:
        run_to_its_end(main)
