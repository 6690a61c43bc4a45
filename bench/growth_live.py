"""What a deploy costs beside live previews, and with much configuration."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench.own_base import OwnBase
from bench.process_tree import Measured
from stacks.names import slug_of, stack_of
from tests.equipment.checkout import ok

_DASHBOARD_BYTES = 100_000
_LINE = "A generated dashboard, as large as one with many panels. "


@dataclass
class Deploys:
    """A deploy and its destroy, over and over.

    Attributes:
        around: Live previews beside it, or bytes of its configuration.
        deploys: Each deploy that succeeded.
        destroys: Each destroy.
        failures: What failed, in words.
        sizes: Bytes by what they are of, while it was up.
    """

    around: int
    deploys: list[Measured] = field(default_factory=list)
    destroys: list[Measured] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)

    def run(self, base: OwnBase, branch: str, *options: str, seen: Callable[[], dict[str, int]] = dict) -> None:
        """Deploy a branch and destroy it again, whatever became of the deploy."""
        try:
            self.deploys.append(base.measured("deploy", branch, *options))
            self.sizes = seen()
        except RuntimeError as error:
            self.failures.append(str(error))
        self.destroys.append(base.measured("destroy", branch))


def beside(base: OwnBase, counts: list[int], runs: int) -> Iterator[Deploys]:
    """One more preview beside each number of live ones, which are made one after the other and stay."""
    live = 0
    for count in sorted(counts):
        while live < count:
            base.measured("deploy", base.branch(f"live-{live}"))
            live += 1
        deploys = Deploys(count)
        for _ in range(runs):
            deploys.run(base, base.branch("one-more"))
        yield deploys


def with_configuration(base: OwnBase, megabytes: list[int], runs: int) -> Iterator[Deploys]:
    """A preview with the default configuration, then with each size of it, each preview from nothing."""
    for size in [0, *sorted(megabytes)]:
        directory = base.root / "filled"
        total = fill(base.clone.path / "config", directory, size * 1_000_000)
        deploys = Deploys(total)
        branch = base.branch("filled")
        before = bytes_below(base.data / "state")
        for _ in range(runs):
            deploys.run(base, branch, "--config-dir", str(directory), seen=partial(_sizes, base, branch, before))
            before = bytes_below(base.data / "state")
        yield deploys


def fill(source: Path, directory: Path, total: int) -> int:
    """Copy a configuration, and add generated dashboards in a folder of their own.

    Args:
        source: The configuration.
        directory: Where the copy goes; what was there goes.
        total: Bytes that the copy shall have at least.

    Returns:
        Bytes that it has.
    """
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(source, directory)
    folder = directory / "grafana/dashboards/generated"
    folder.mkdir()
    size, number = bytes_below(directory), 0
    while size < total:
        # Each text is its own, so that nothing that stores files by content can store them once.
        text = (f"{number} {_LINE}" * (min(_DASHBOARD_BYTES, total - size) // len(_LINE) + 1))[:_DASHBOARD_BYTES]
        panel = {"id": 1, "type": "text", "title": "Text", "gridPos": {"h": 8, "w": 24, "x": 0, "y": 0}}
        dashboard = {
            "uid": f"generated-{number}",
            "title": f"Generated {number}",
            "schemaVersion": 41,
            "panels": [{**panel, "options": {"mode": "markdown", "content": text}}],
        }
        file = folder / f"{number:04}.json"
        file.write_text(json.dumps(dashboard), encoding="utf-8")
        size += file.stat().st_size
        number += 1
    return size


def bytes_below(directory: Path) -> int:
    """Bytes of all files below a directory."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def _sizes(base: OwnBase, branch: str, before: int) -> dict[str, int]:
    export = base.root / "export.json"
    ok(base.clone.pulumi("stack", "export", "--stack", stack_of(slug_of(branch)), "--file", str(export)))
    return {
        "export": export.stat().st_size,
        "backend": bytes_below(base.data / "state") - before,
        "host": bytes_below(base.data / "host/previews" / slug_of(branch)),
    }
