"""A small checkout, an empty cache, and fake programs on a PATH of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from stacks.paths import Paths
from toolchain import golang
from toolchain.context import Context
from toolchain.report import Row
from toolchain.stamps import Stamps
from toolchain.versions import PLUGINS

# Speaks the few words of `go` that set-up uses and writes every call down. What it "builds" is the fake engine, which
# is a plugin's binary just as well.
FAKE_GO = """#!/bin/sh
echo "$*" >>"{calls}"
case "$*" in
"env GOVERSION") echo go1.26.0 ;;
*" list -m "*) echo "{sdk}" ;;
*" list -deps "*) printf 'a\\nb\\nc\\n' ;;
*" build "*)
    if [ -e "{broken}" ]; then
        echo "cmd/x/main.go:1: syntax error" >&2
        echo "exiting now" >&2
        exit 1
    fi
    echo a >&2
    while [ "$1" != -o ]; do shift; done
    cp "{engine}" "$2" && chmod 755 "$2"
    ;;
esac
"""

FAKE_ENGINE = """#!/bin/sh
echo "$*" >>"{calls}"
case "$1" in
version) echo "v{version}" ;;
plugin)
    directory="$PULUMI_HOME/plugins/resource-$4-v$5"
    mkdir -p "$directory" && cp "$0" "$directory/pulumi-resource-$4"
    ;;
esac
"""


@dataclass
class Recorder:
    """A reporter that remembers."""

    started: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def start(self, name: str) -> None:
        self.started.append(name)

    def progress(self, name: str, fraction: float | None, text: str) -> None:
        self.said.append(f"{name}: {text}")

    def done(self, row: Row) -> None:
        self.rows.append(row)


@dataclass
class Machine:
    """A machine on which nothing is installed yet.

    Attributes:
        paths: Its places.
        report: What set-up said.
        online: Whether the vendor's site answers.
        probes: Sites that were asked for.
    """

    root: Path
    paths: Paths
    report: Recorder = field(default_factory=Recorder)
    online: bool = False
    probes: list[str] = field(default_factory=list)

    @property
    def bin(self) -> Path:
        return self.root / "bin"

    def context(self) -> Context:
        """The context of a new run."""

        def probe(url: str) -> bool:
            self.probes.append(url)
            return self.online

        stamps = Stamps(self.paths.cache / "stamps")
        return Context(paths=self.paths, report=self.report, stamps=stamps, probe=probe)

    def install(self, name: str, text: str) -> Path:
        """Put a program on PATH."""
        return write_program(self.bin / name, text)

    def install_go(self) -> None:
        write_program(self.root / "engine-to-build", self.engine_text("3.220.0"))
        self.install(
            "go",
            FAKE_GO.format(
                calls=self.root / "go-calls",
                sdk=self.root / "sdk",
                engine=self.root / "engine-to-build",
                broken=self.root / "broken",
            ),
        )

    def engine_text(self, version: str) -> str:
        return FAKE_ENGINE.format(calls=self.root / "engine-calls", version=version)

    def builds(self) -> list[str]:
        """Packages that were built, in order."""
        return [call.rsplit(" ", 1)[1] for call in self.calls("go-calls") if " build " in call]

    def calls(self, file: str) -> list[str]:
        path = self.root / file
        return path.read_text().splitlines() if path.exists() else []


def write_program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    checkout = tmp_path / "checkout"
    module = checkout / "offline" / "go"
    for plugin in PLUGINS:
        for source in plugin.sources:
            (module / source).mkdir(parents=True, exist_ok=True)
            (module / source / "main.go").write_text("package main\n")
    for directory in ("cmd/pulumi-language-python", "internal/pythonhost"):
        (module / directory).mkdir(parents=True)
    (module / "go.mod").write_text("module x\n")
    (module / "go.sum").write_text("")
    script = tmp_path / "sdk" / "python" / "cmd" / "pulumi-language-python-exec"
    script.parent.mkdir(parents=True)
    script.write_text("#!/usr/bin/env python\n")
    result = Machine(root=tmp_path, paths=Paths(checkout=checkout, cache=tmp_path / "cache", data=tmp_path / "data"))
    result.bin.mkdir()
    monkeypatch.setenv("PATH", f"{result.bin}:/usr/bin:/bin")
    monkeypatch.setattr(golang, "_USUAL_PLACE", tmp_path / "no-go-here")
    for name in ("PULUMI_BACKEND_URL", "DOCKER_HOST"):
        monkeypatch.delenv(name, raising=False)
    return result
