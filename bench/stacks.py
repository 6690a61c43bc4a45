"""Times what grows with the number of stacks: list, a dry reap, and a reap of 20 expired previews.

Needs Docker alone; it works on a state of its own: ``.venv/bin/python -m bench.stacks --stacks 10 100``. The stacks are
small stand-ins (a generated password and the outputs of a preview): what is measured is this command and the engine,
not containers.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from bench.machine import described
from stacks.names import stack_of
from stacks.outputs import BaseOutputs
from stacks.settings import PROJECT
from stacks.setup.environment import environment, prepare_state
from stacks.setup.paths import Paths

_PATTERN = "bench-00000"
_EXPIRED = 20


class Bench:
    """A state with many stacks."""

    def __init__(self, data: Path) -> None:
        os.environ["XDG_DATA_HOME"] = str(data)
        self._paths = Paths.default()
        prepare_state(self._paths)
        self._environment = {**os.environ, **environment(self._paths), "NO_COLOR": "1"}
        # Plain pulumi writes its salt beside the project's file: not into the checkout.
        self._project = data / "project"
        self._project.mkdir()
        (self._project / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n", encoding="utf-8")
        self._stacks = self._paths.state_dir / ".pulumi/stacks" / PROJECT

    def run(self, *command: str, codes: tuple[int, ...] = (0,)) -> float:
        """Seconds that a command takes."""
        started = time.monotonic()
        done = subprocess.run(
            [str(self._paths.checkout / command[0]) if command[0].startswith("./") else command[0], *command[1:]],
            cwd=self._project,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in codes, done.stdout + done.stderr
        return time.monotonic() - started

    def make_base(self) -> None:
        """A base stack that has the outputs of one, and nothing else; it asks for more disk than there is."""
        outputs = BaseOutputs(
            kind="local", docker_host="unix:///var/run/docker.sock", host_directory=str(self._paths.host_dir),
            edge_network="bench-no-such-network", domain="localhost", scheme="https", port=8443, max_previews=2,
            min_free_disk_gb=900_000, min_available_memory_gb=0, address="127.0.0.1",
        )  # fmt: skip
        self._make("local", outputs.model_dump(), [])

    def make_pattern(self) -> None:
        """The preview stack that all others are copies of."""
        outputs = {
            "branch": _PATTERN, "slug": _PATTERN, "commit": "0123abcd", "url": "https://x.localhost", "base": "local",
            "created_at": "2020-01-01T00:00:00Z", "deployed_at": "2020-01-01T00:00:00Z",
            "expires_at": "2020-01-04T00:00:00Z",
        }  # fmt: skip
        urn = f"urn:pulumi:{stack_of(_PATTERN)}::{PROJECT}::"
        provider = f"{urn}pulumi:providers:random::default_4_21_4"
        self._make(
            stack_of(_PATTERN),
            outputs,
            [
                {"urn": provider, "custom": True, "id": "7a3c9e52-7d3e-4c0b-9d7e-6f1c2b3a4d5e",
                 "type": "pulumi:providers:random", "inputs": {"version": "4.21.4"}, "outputs": {"version": "4.21.4"}},
                {"urn": f"{urn}random:index/randomPassword:RandomPassword::password", "custom": True, "id": "none",
                 "type": "random:index/randomPassword:RandomPassword", "inputs": {"length": 32},
                 "outputs": {"length": 32, "id": "none", "result": "x" * 32, "bcryptHash": "x"},
                 "provider": f"{provider}::7a3c9e52-7d3e-4c0b-9d7e-6f1c2b3a4d5e"},
            ],
        )  # fmt: skip

    def _make(self, stack: str, outputs: Mapping[str, object], resources: list[dict[str, object]]) -> None:
        self.run("pulumi", "stack", "init", stack)
        file = self._paths.data / "state.json"
        self.run("pulumi", "stack", "export", "--stack", stack, "--file", str(file))
        state = json.loads(file.read_text(encoding="utf-8"))
        root: dict[str, object] = {
            "urn": f"urn:pulumi:{stack}::{PROJECT}::pulumi:pulumi:Stack::{PROJECT}-{stack}",
            "custom": False,
        }
        state["deployment"]["resources"] = [
            {**root, "type": "pulumi:pulumi:Stack", "outputs": dict(outputs)},
            *resources,
        ]
        file.write_text(json.dumps(state), encoding="utf-8")
        self.run("pulumi", "stack", "import", "--stack", stack, "--file", str(file))

    def fill(self, count: int, *, expired: int) -> None:
        """Copies of the pattern, so many in all; the first of them expired."""
        pattern = (self._stacks / f"{stack_of(_PATTERN)}.json").read_text(encoding="utf-8")
        for number in range(1, count):
            text = pattern.replace(_PATTERN, f"bench-{number:05}")
            if number >= expired:
                text = text.replace("2020-01-04T00:00:00Z", "2099-01-01T00:00:00Z")
            (self._stacks / f"{stack_of(f'bench-{number:05}')}.json").write_text(text, encoding="utf-8")


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stacks", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    print(f"{described()}; {options.runs} runs each.\n\n| what | stacks | median s | min–max s |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="pgai-bench-") as folder:
        bench = Bench(Path(folder))
        bench.make_base()
        bench.make_pattern()
        for count in options.stacks:
            bench.fill(count, expired=_EXPIRED)
            for name, command in {
                "`./preview list`": ["./preview", "list", "--json"],
                "`./preview reap --dry-run`": ["./preview", "reap", "--dry-run", "--json"],
            }.items():
                seconds = sorted(bench.run(*command) for _ in range(options.runs))
                spread = f"{seconds[0]:.1f}–{seconds[-1]:.1f}"
                print(f"| {name} | {count} | {statistics.median(seconds):.1f} | {spread} |", flush=True)
        seconds = sorted(bench.run("./preview", "deploy", "bench/refused", codes=(3,)) for _ in range(options.runs))
        spread = f"{seconds[0]:.1f}–{seconds[-1]:.1f}"
        print(f"| `./preview deploy`, refused | {count} | {statistics.median(seconds):.1f} | {spread} |", flush=True)
        bench.fill(_EXPIRED, expired=_EXPIRED)
        seconds_of_reap = bench.run("./preview", "reap", "--json")
        print(f"| `./preview reap` of {_EXPIRED} expired, two at once | {_EXPIRED} | {seconds_of_reap:.1f} | one run |")


if __name__ == "__main__":
    main()
