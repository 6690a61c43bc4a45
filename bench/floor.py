"""Measures what no change of this project can take away: Python, the engine and the Docker plugin, with nothing to do.

``.venv/bin/python -m bench.floor`` on a quiet machine that is set up. Its stacks are in a state of their own and touch
no container; nothing is left behind.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pulumi
import pulumi_docker as docker

from bench.figures import spread
from bench.machine import described
from bench.own_stack import own_stack
from bench.record import parser, positive, run_to_its_end, write
from tests.equipment.checkout import ORIGIN

_STACK = "floor"
_MODULES = "import cli, cli.life, cli.phases, operations.life.deploy"
_HEAD = """
| with nothing to do | median s | min–max s |
|---|---|---|"""


def main() -> int:
    """Measure, print a Markdown table, and write the raw figures."""
    reader = parser(__doc__, "floor")
    reader.add_argument("--runs", type=positive, default=10, help="runs of each step")
    options = reader.parse_args()
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for _ in range(options.runs):
            for step, taken in _life(Path(folder)).items():
                seconds.setdefault(step, []).append(taken)
    print(f"{described()}; {options.runs} runs each.\n{_HEAD}")
    for step, every in seconds.items():
        print(f"| {step} | {statistics.median(every):.2f} | {spread(every)} |")
    write(options.output, {"runs": options.runs, "seconds": seconds})
    return 0


def _life(folder: Path) -> dict[str, float]:
    """One stack from its making to its end: step → seconds."""
    own = own_stack(_STACK, folder)
    process, variables, workspace, stack = own.process, own.variables, own.workspace, own.stack
    return {
        "Python and the command's modules": _timed(
            lambda: subprocess.run([sys.executable, "-c", _MODULES], check=True, cwd=ORIGIN)
        ),
        "the engine, asked for its version": _timed(lambda: process.run(["version"], str(folder), variables)),
        "a stack made": _timed(lambda: workspace.create_stack(_STACK)),
        "its state read": _timed(lambda: process.run(["stack", "export", "--stack", _STACK], str(folder), variables)),
        "first `up`, of a provider and a secret alone": _timed(lambda: stack.up(program=_program)),
        "`up` again": _timed(lambda: stack.up(program=_program)),
        "`destroy`": _timed(stack.destroy),
        "the stack removed": _timed(lambda: workspace.remove_stack(_STACK)),
    }


def _program() -> None:
    """The least that a preview has: a provider of Docker, which starts its plugin, and a secret output."""
    docker.Provider("docker", host="unix:///nowhere")
    pulumi.export("secret", pulumi.Output.secret("secret"))


def _timed(operation: Callable[[], object]) -> float:
    started = time.monotonic()
    operation()
    return time.monotonic() - started


if __name__ == "__main__":
    run_to_its_end(main)
