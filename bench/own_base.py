"""A local base that a measurement has to itself: own state, names and ports, and nothing left of it afterwards."""

from __future__ import annotations

import json
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker

from bench.containers import left_behind
from bench.process_tree import Command, Measured, measure
from components.services import SERVICES
from stacks.names import slug_of
from stacks.paths import APPLICATION
from tests.equipment.checkout import Clone, Finished, ok
from tests.equipment.cluster import running_cluster, standing_cluster_base

_LINES = 12


@dataclass(frozen=True)
class OwnBase:
    """A base that is up.

    Attributes:
        clone: The user's clone.
        engine: The Docker engine; of a cluster the manager's.
        token: In the name of everything that is made.
        root: Folder of the clone, its data and its temporary files.
        engines: The Docker engine of each machine, by how a name ends of what is on it.
    """

    clone: Clone
    engine: Any
    token: str
    root: Path
    engines: Mapping[str, Any]

    @property
    def data(self) -> Path:
        """The clone's data directory: state, locks, staged files, the host's directory."""
        return self.clone.data / APPLICATION

    @property
    def temporary(self) -> Path:
        """Where the clone's commands make their temporary files."""
        return self.root / "tmp"

    def branch(self, name: str) -> str:
        """A branch of this run."""
        return f"{self.token}/{name}"

    def containers(self, branch: str) -> dict[str, Any]:
        """Containers of a branch's preview by their service, running or not.

        The carrier of the secrets, which never runs, is not among them.
        """
        found = self.engine.containers.list(all=True, filters={"label": f"pgai.preview.slug={slug_of(branch)}"})
        by_service = {one.labels["pgai.preview.service"]: one for one in found}
        return {service.key: by_service[service.key] for service in SERVICES if service.key in by_service}

    def measured(self, *args: str) -> Measured:
        """Run ``./preview`` and measure its process tree.

        Raises:
            RuntimeError: It failed; says so with its last lines.
        """
        log = self.root / "command.log"
        log.unlink(missing_ok=True)
        try:
            command = Command(argv=["./preview", *args], cwd=self.clone.path, environment=self.clone.environment)
            return measure(command, log=log)
        except RuntimeError as error:
            raise RuntimeError(f"./preview {' '.join(args)} failed:\n{last_lines(log.read_text())}") from error


def last_lines(text: str) -> str:
    """The end of what a command printed, indented."""
    return "\n".join(f"    {line}" for line in text.rstrip().splitlines()[-_LINES:])


def edit(clone: Clone, edits: Sequence[tuple[str, str, str]]) -> None:
    """Let files of a clone say something else, for what only a measurement wants.

    Args:
        clone: The clone.
        edits: Path, what is there, and what shall be there.

    Raises:
        RuntimeError: A file does not say what is to be replaced.
    """
    for name, own, other in edits:
        path = clone.path / name
        text = path.read_text(encoding="utf-8")
        if own not in text:
            raise RuntimeError(f"{name} no longer says {own!r}.")
        path.write_text(text.replace(own, other), encoding="utf-8")


@contextmanager
def own_clone(extra: Mapping[str, str]) -> Iterator[Clone]:
    """A clone that is set up, with a state of its own and no base; gone after the block.

    Args:
        extra: More variables of its user's environment.
    """
    clone, _, root = _clone(extra)
    try:
        yield clone
    finally:
        shutil.rmtree(root)


@contextmanager
def own_base(max_previews: int) -> Iterator[OwnBase]:
    """A base of its own, up while the block runs; whatever previews it has then are destroyed with it.

    Raises:
        RuntimeError: Something of it is left on the engine afterwards; its state is kept then.
    """
    engine = docker.from_env()
    clone, token, root = _clone({})
    clone.configure({**clone.ports, "namePrefix": clone.prefix, "maxPreviews": max_previews})
    try:
        ok(clone.pulumi("stack", "init", "local"))
        ok(clone.pulumi("up", "--yes", "--skip-preview", "--stack", "local"))
        yield OwnBase(clone, engine, token, root, {"": engine})
    finally:
        _take_away(clone)
        if left := left_behind(engine, token):
            raise RuntimeError(f"Left behind: {', '.join(left)}; the state is in {root}.")
        shutil.rmtree(root)


@contextmanager
def own_cluster_base() -> Iterator[OwnBase]:
    """The same on three engines of this machine that form a Docker Swarm."""
    root, token = _place()
    try:
        with (
            running_cluster(root / "engines", token) as cluster,
            standing_cluster_base(cluster, root, token, calm=False) as base,
        ):
            base.clone.extra.update(TMPDIR=str(root / "tmp"))
            clients = {f" on {node.name}": node.client for node in cluster.nodes}
            yield OwnBase(base.clone, base.manager.client, token, root, clients)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _place() -> tuple[Path, str]:
    """A folder for all files, and what is in the name of everything else."""
    # Whoever stops a measurement wants its previews gone too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    root = Path(tempfile.mkdtemp(prefix="bench-"))
    (root / "tmp").mkdir()
    return root, f"b{secrets.token_hex(3)}"


def _clone(extra: Mapping[str, str]) -> tuple[Clone, str, Path]:
    root, token = _place()
    clone = Clone.make(root, token, calm=False)
    clone.extra.update(extra, TMPDIR=str(root / "tmp"))
    ok(clone.preview("setup"))
    return clone, token, root


def _take_away(clone: Clone) -> None:
    listed = clone.preview("list", "--json")
    if listed.code:
        print(last_lines(listed.text), file=sys.stderr)
    else:
        for row in json.loads(listed.stdout):
            # One whose first deploy never ended has no branch on record.
            _destroyed(clone.preview("destroy", row["branch"] or row["slug"]))
    _destroyed(clone.pulumi("destroy", "--yes", "--skip-preview", "--stack", "local"))


def _destroyed(done: Finished) -> None:
    if done.code:
        print(last_lines(done.text), file=sys.stderr)
