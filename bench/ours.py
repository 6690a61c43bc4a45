"""The previews' side of the comparison: `./preview` on a base of its own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from bench.own_base import OwnBase
from bench.process_tree import Command
from stacks.names import slug_of, stack_of
from stacks.settings import PROJECT
from tests.equipment.checkout import ok


class Ours:
    """Makes and drives previews.

    Args:
        base: The base that they run on.
    """

    name = "ours"

    def __init__(self, base: OwnBase) -> None:
        self._base = base
        self._clone = base.clone
        self._options: dict[str, list[str]] = {}

    @property
    def port(self) -> int:
        """Public port of the base's reverse proxy."""
        return self._clone.ports["httpsPort"]

    @property
    def edge_network(self) -> str:
        """Network of the base's reverse proxy."""
        return f"{self._clone.prefix}traefik-public"

    def point_at(self, address: str) -> None:
        """Send the previews' calls to another address of the same engine.

        In the base's outputs alone: with the whole base brought up there, the calls of its reverse proxy, which follows
        every container, would be counted as well.
        """
        state = json.loads(ok(self._clone.pulumi("stack", "export", "--stack", "local")).stdout)
        stack = next(one for one in state["deployment"]["resources"] if one["type"] == "pulumi:pulumi:Stack")
        stack["outputs"]["docker_host"] = address
        file = self._base.root / "base.json"
        file.write_text(json.dumps(state), encoding="utf-8")
        ok(self._clone.pulumi("stack", "import", "--stack", "local", "--file", str(file)))

    def prepare(self, preview: str) -> None:
        """A new preview of the clone's own files."""
        self._options[preview] = []

    def deploy(self, preview: str) -> Command:
        return self._preview("deploy", self._branch(preview), *self._options[preview])

    def plain_update(self, preview: str) -> Command:
        """An update by the engine's own command, in the environment that `./preview env` makes."""
        shown = ok(self._clone.shell("env -0")).stdout
        variables = dict(line.split("=", 1) for line in shown.split("\0") if "=" in line)
        argv = ["pulumi", "up", "--yes", "--skip-preview", "--stack", self._stack(preview)]
        return Command(argv=argv, cwd=self._clone.path, environment=variables)

    def change_dashboard(self, preview: str) -> None:
        """The branch's configuration becomes a copy with one dashboard's title changed."""
        folder = self._base.root / f"config-{preview}"
        shutil.copytree(self._clone.path / "config", folder)
        retitle_a_dashboard(folder)
        self._options[preview] += ["--config-dir", str(folder)]

    def change_image(self, preview: str, image: str) -> None:
        self._options[preview] += ["--image", f"grafana={image}"]

    def destroy(self, preview: str) -> Command:
        return self._preview("destroy", self._branch(preview))

    def label(self, preview: str) -> str:
        """Label that all containers of the preview have."""
        return f"pgai.preview.slug={slug_of(self._branch(preview))}"

    def state_bytes(self, preview: str) -> dict[str, int]:
        """Size of what the engine exports of a preview's stack, and of all files that the backend keeps for it."""
        exported = ok(self._clone.pulumi("stack", "export", "--stack", self._stack(preview))).stdout
        return {
            "export": len(exported.encode()),
            "backend": sum(file.stat().st_size for file in self._state_files(preview)),
        }

    def _preview(self, *arguments: str) -> Command:
        return Command(argv=["./preview", *arguments], cwd=self._clone.path, environment=self._clone.environment)

    def _branch(self, preview: str) -> str:
        return self._base.branch(preview)

    def _stack(self, preview: str) -> str:
        return stack_of(slug_of(self._branch(preview)))

    def _state_files(self, preview: str) -> list[Path]:
        stack = self._stack(preview)
        files = (self._base.data / "state/.pulumi").rglob("*")
        return [file for file in files if file.is_file() and _is_of(file, stack)]


def _is_of(file: Path, stack: str) -> bool:
    parts = file.parts[file.parts.index(".pulumi") :]
    return PROJECT in parts and any(part == stack or part.startswith(f"{stack}.") for part in parts)


def retitle_a_dashboard(config: Path) -> None:
    """Change the title of the first dashboard of a configuration directory, in place."""
    file = min((config / "grafana/dashboards").rglob("*.json"))
    dashboard = json.loads(file.read_text(encoding="utf-8"))
    dashboard["title"] += ", changed"
    file.write_text(json.dumps(dashboard, indent=2), encoding="utf-8")
