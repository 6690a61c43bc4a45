"""What previews there are, and who may log in where."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass

from operations import bases
from operations.engine.snapshot import Snapshot
from operations.engine.workspace import Engine
from operations.errors import OperationError
from operations.machine.containers import DockerEngine
from operations.machine.docker_state import ContainerState
from operations.upkeep.expiry import ends_at, existing
from stacks.moments import text_of
from stacks.names import STACK_PREFIX, slug_of, stack_of


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A preview as ``list`` shows it; times are RFC 3339 in UTC, empty where unknown.

    Attributes:
        branch: Branch, empty where the first deploy never ended.
        slug: Slug.
        stack: Stack.
        url: Public address.
        commit: Deployed commit.
        base: Base stack.
        created_at: First deploy.
        deployed_at: Last successful deploy.
        expires_at: End of life.
        state: ``live``, ``busy`` (an operation holds it), ``incomplete`` (no deploy ever succeeded), ``expired``.
        health: ``7/7 healthy``; ``unknown`` where the engine cannot be asked.
    """

    branch: str
    slug: str
    stack: str
    url: str
    commit: str
    base: str
    created_at: str
    deployed_at: str
    expires_at: str
    state: str
    health: str

    def as_dict(self) -> dict[str, str]:
        """The same, for JSON."""
        return asdict(self)


def snapshots(engine: Engine) -> dict[str, Snapshot]:
    """State of every preview's stack, by the stack's name.

    Raises:
        EngineError: The backend cannot be read.
    """
    stacks = [name for name in engine.stacks() if name.startswith(STACK_PREFIX)]
    found = zip(stacks, engine.snapshots(stacks), strict=True)
    # One that was removed meanwhile has none.
    return {stack: snapshot for stack, snapshot in found if snapshot is not None}


def previews(engine: Engine, now: dt.datetime) -> list[Preview]:
    """All previews of the project, the newest deploy first.

    Raises:
        EngineError: The backend cannot be read.
    """
    found = snapshots(engine)
    containers = _containers(engine, {str(one.outputs["base"]) for one in found.values() if one.outputs.get("base")})
    listed = [
        _preview(engine, stack, snapshot, containers.get(str(snapshot.outputs.get("base", ""))), now)
        for stack, snapshot in found.items()
    ]
    return sorted(listed, key=lambda preview: preview.deployed_at, reverse=True)


def status(engine: Engine, branch: str, now: dt.datetime) -> tuple[Preview, list[ContainerState]]:
    """A branch's preview and its containers.

    Raises:
        NotFoundError: There is no such preview.
        OperationError: Its machine cannot be reached.
    """
    snapshot = existing(engine, branch)
    containers = docker_of(engine, snapshot).of_slug(slug_of(branch))
    return _preview(engine, stack_of(slug_of(branch)), snapshot, containers, now), containers


def docker_of(engine: Engine, snapshot: Snapshot) -> DockerEngine:
    """The Docker engine that a preview runs on.

    Raises:
        OperationError: It cannot be reached.
    """
    return DockerEngine.of(bases.outputs(engine, str(snapshot.outputs["base"])))


def credentials(engine: Engine, branch: str) -> dict[str, dict[str, str]]:
    """Service → ``user`` and ``password`` of a branch's preview.

    Raises:
        NotFoundError: There is no such preview.
    """
    existing(engine, branch)
    found: dict[str, dict[str, str]] = engine.outputs(stack_of(slug_of(branch)))["credentials"]
    return found


def _containers(engine: Engine, names: set[str]) -> dict[str, list[ContainerState]]:
    found: dict[str, list[ContainerState]] = {}
    for name in sorted(names):
        try:
            found[name] = DockerEngine.of(bases.outputs(engine, name)).previews()
        except OperationError:
            # An engine that is away must not hide the list; its previews say that their health is unknown.
            continue
    return found


def _preview(
    engine: Engine, stack: str, snapshot: Snapshot, containers: list[ContainerState] | None, now: dt.datetime
) -> Preview:
    slug = stack.removeprefix(STACK_PREFIX)
    end = ends_at(engine, stack, snapshot)
    values = snapshot.outputs
    return Preview(
        branch=str(values.get("branch", "")),
        slug=slug,
        stack=stack,
        url=str(values.get("url", "")),
        commit=str(values.get("commit", "")),
        base=str(values.get("base", "")),
        created_at=str(values.get("created_at", "")),
        deployed_at=str(values.get("deployed_at", "")),
        expires_at=text_of(end) if end else "",
        state=_state(engine, stack, snapshot, end, now),
        health=_health([state for state in containers if state.slug == slug] if containers is not None else None),
    )


def _state(engine: Engine, stack: str, snapshot: Snapshot, end: dt.datetime | None, now: dt.datetime) -> str:
    if engine.holder(stack):
        return "busy"
    if not snapshot.outputs:
        return "incomplete"
    return "expired" if end and end <= now else "live"


def _health(containers: list[ContainerState] | None) -> str:
    if containers is None:
        return "unknown"
    return f"{sum(state.well for state in containers)}/{len(containers)} healthy"
