"""Measures the least that Pulumi does beside Docker Compose: it makes and removes a network and seven that only wait.

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
| a network and seven that wait | | s | min–max | CPU s, its processes | CPU s, machine | peak memory, MiB |
|---|---|---|---|---|---|---|"""
_STEPS = ("made", "removed")


def main() -> int:
    """Measure, print a Markdown table, and write the raw figures."""
    reader = parser(__doc__, "least")
    reader.add_argument("--runs", type=positive, default=5, help="runs of each")
    options = reader.parse_args()
    compose = compose_tool.ensure(Console(stderr=True))
    measured: dict[str, dict[str, list[Measured]]] = {
        tool: {step: [] for step in _STEPS} for tool in ("Pulumi", "Compose")
    }
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
                ended: list[Measured] = []
                try:
                    ended.append(_run(up, folder))
                finally:
                    ended.append(_run(down, folder))
                for step, one in zip(_STEPS, ended, strict=True):
                    measured[tool][step].append(one)
    print(f"{described()}; {options.runs} runs each.\n{_HEAD}")
    for tool, steps in measured.items():
        for step, every in steps.items():
            print(_row(tool, step, every))
    write(
        options.output,
        {
            "runs": options.runs,
            **{
                tool: {step: [vars(one) for one in every] for step, every in steps.items()}
                for tool, steps in measured.items()
            },
        },
    )
    return 0


def _run(argv: list[str], folder: Path) -> Measured:
    return measure(Command(argv=argv, cwd=ORIGIN, environment=os.environ), folder / "log")


def _row(tool: str, step: str, every: list[Measured]) -> str:
    own, machine, peak = (
        statistics.median(getattr(one, name) for one in every)
        for name in ("cpu_seconds", "machine_cpu_seconds", "peak_mib")
    )
    seconds = [one.seconds for one in every]
    figures = f"{statistics.median(seconds):.1f} | {spread(seconds)} | {own:.1f} | {machine:.1f} | {peak:.0f}"
    return f"| {tool} | {step} | {figures} |"


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
        # In one run of the engine, and the state written once, as for a preview.
        once = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
        arguments = ["destroy", "--yes", "--skip-preview", "--remove", "--stack", own.stack.name]
        done = own.process.run(arguments, job["state"], {**own.variables, **once})
        if done.code:
            sys.exit(done.stderr)


if __name__ == "__main__":
    if "--job" in sys.argv:
        internal = argparse.ArgumentParser()
        internal.add_argument("--job", type=Path)
        internal.add_argument("operation", choices=["up", "destroy"])
        asked = internal.parse_args()
        _pulumi(json.loads(asked.job.read_text(encoding="utf-8")), asked.operation)
    else:
        run_to_its_end(main)
