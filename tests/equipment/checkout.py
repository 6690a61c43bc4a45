"""A user's clone of the project with a state, ports and names of its own, driven as a user drives it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from stacks.settings import PROJECT
from tests.equipment.ports import free_ports
from tests.equipment.processes import kill_tree

ORIGIN = Path(__file__).resolve().parents[2]
ARTIFACTS = ORIGIN / "artifacts"
_COMMAND_SECONDS = 600


@dataclass(frozen=True)
class Finished:
    """A command that has ended."""

    code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def text(self) -> str:
        """Both streams."""
        return f"{self.stdout}\n{self.stderr}"


def ok(done: Finished) -> Finished:
    """A command that succeeded."""
    assert done.code == 0, done.text
    assert "Traceback" not in done.text
    return done


@dataclass
class Clone:
    """The project's files in a directory of their own.

    Attributes:
        path: Root of the clone.
        data: The clone's ``XDG_DATA_HOME``: state, passphrase, files of previews.
        ports: Configuration key → port.
        prefix: Put before the names of the base's networks and containers.
        transcript: Everything that commands printed.
        extra: More variables of the user's environment.
    """

    path: Path
    data: Path
    ports: Mapping[str, int]
    prefix: str
    transcript: list[str] = field(default_factory=list)
    extra: dict[str, str] = field(default_factory=dict)
    _evaluated: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def make(cls, root: Path, token: str, *, calm: bool = True) -> Clone:
        """Copy the files that Git knows or would add, and give the copy free ports."""
        keys = ("httpPort", "httpsPort", "dashboardPort", "nodeExporterPort")
        clone = cls(
            path=_copy(root / "clone", calm),
            data=root / "data",
            ports=dict(zip(keys, free_ports(len(keys)), strict=True)),
            prefix=f"{token}-",
        )
        clone.configure({**clone.ports, "namePrefix": clone.prefix})
        return clone

    def another(self, root: Path, *, calm: bool = True, **values: object) -> Clone:
        """A second clone of the same user, with the same state and base, whose configuration says more."""
        clone = replace(self, path=_copy(root / "clone", calm), transcript=[], extra=dict(self.extra), _evaluated={})
        clone.configure({**clone.ports, "namePrefix": clone.prefix, **values})
        return clone

    def configure(self, values: Mapping[str, object]) -> None:
        """Write the local base's configuration file; plugins of Grafana only where they are asked for."""
        # Nothing in a test asks a vendor.
        chosen = {"grafanaPlugins": "none", **values}
        content = {"config": {f"{PROJECT}:{key}": str(value) for key, value in chosen.items()}}
        (self.path / "Pulumi.local.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")

    def calm_down(self) -> None:
        """Change the workload as a branch may: from the next deploy on it leaves the processors to the tests."""
        _calm(self.path)

    def commit(self) -> None:
        """Put all of it into a Git repository of its own, on the branch ``main``."""
        for command in (
            ["init", "--quiet", "--initial-branch=main"],
            ["add", "--all"],
            ["-c", "user.name=Test", "-c", "user.email=test@localhost", "commit", "--quiet", "--message=Start"],
        ):
            subprocess.run(["git", *command], cwd=self.path, check=True)

    @property
    def environment(self) -> dict[str, str]:
        """Environment of the clone's user."""
        # Whoever runs the tests may keep Python from keeping what it compiles: every command would compile all anew.
        others = ("PULUMI_", "PREVIEW_", "PYTHONDONTWRITEBYTECODE")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
        return {**kept, "XDG_DATA_HOME": str(self.data), "NO_COLOR": "1", "COLUMNS": "160", **self.extra}

    def preview(self, *args: str, **environment: str) -> Finished:
        """Run ``./preview``."""
        return self._run(["./preview", *args], environment)

    @contextmanager
    def started(self, *args: str) -> Iterator[subprocess.Popen[str]]:
        """Run ``./preview`` while the block runs; whatever still runs of it then is killed."""
        with subprocess.Popen(
            ["./preview", *args],
            cwd=self.path,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    kill_tree(process.pid)
                said = process.stdout.read() if process.stdout else ""
                self.transcript.append(f"$ ./preview {' '.join(args)} (ended with {process.wait()})\n{said}")

    def pulumi(self, *args: str) -> Finished:
        """Run plain ``pulumi`` as the README tells operators to."""
        return self._run(
            ["sh", "-c", f'{self._exports()}\nexec pulumi "$@"', "pulumi", *args], {}, f"pulumi {' '.join(args)}"
        )

    def shell(self, script: str) -> Finished:
        """Run lines that a user types after ``eval "$(./preview env)"``; the first that fails ends it."""
        return self._run(["sh", "-ec", f"{self._exports()}\n{script}"], {}, script)

    def _exports(self) -> str:
        """What ``./preview env`` prints, which an operator has evaluated once in his shell."""
        key = json.dumps(self.environment)
        if key not in self._evaluated:
            self._evaluated[key] = ok(self.preview("env")).stdout
        return self._evaluated[key]

    def json(self, *args: str) -> Any:
        """Run ``./preview`` and read the JSON that it prints."""
        done = self.preview(*args)
        assert done.code == 0, done.text
        return json.loads(done.stdout)

    def _run(self, command: list[str], environment: Mapping[str, str], shown: str = "") -> Finished:
        started = time.monotonic()
        done = subprocess.run(
            command,
            cwd=self.path,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        self.transcript.append(f"$ {shown or ' '.join(command)}\n{done.stdout}{done.stderr}")
        return Finished(done.returncode, done.stdout, done.stderr, time.monotonic() - started)


def wait_for_line(process: subprocess.Popen[str], text: str) -> str:
    """Read what a command says up to a line with a text; where it never says so, what it said instead is told."""
    assert process.stdout is not None
    seen: list[str] = []
    for line in process.stdout:
        seen.append(line)
        if text in line:
            return line
    raise AssertionError(f"{text!r} was never said: {''.join(seen)}")


_CALM = {
    "workload/lib/settings.sh": ("WORKLOAD_SCALE:-10}", "WORKLOAD_SCALE:-1}"),
    "workload/lib/patterns.sh": ("${3-} -T $length", "${3-} -R 5 -T $length"),
}
"""What a branch changes in its workload so that it has a tenth of the data and five transactions a second."""


def _copy(path: Path, calm: bool) -> Path:
    """The files that Git knows or would add, in a directory of their own."""
    listed = subprocess.run(
        ["git", "-C", str(ORIGIN), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        source = ORIGIN / name
        if source.is_file():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, path / name)
    if calm:
        _calm(path)
    (path / ".venv").symlink_to(ORIGIN / ".venv")
    return path


def _calm(path: Path) -> None:
    for name, (before, after) in _CALM.items():
        text = (path / name).read_text(encoding="utf-8")
        assert before in text
        (path / name).write_text(text.replace(before, after), encoding="utf-8")
