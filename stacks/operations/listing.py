"""What previews there are, and who may log in where."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from stacks.names import STACK_PREFIX, slug_of, stack_of
from stacks.operations.containers import ContainerState, DockerEngine
from stacks.operations.errors import NotFoundError, OperationError
from stacks.operations.workspace import Engine, StackInfo
from stacks.outputs import BaseOutputs, OutputsError

_PARALLEL_READS = 4


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


def previews(engine: Engine, now: dt.datetime) -> list[Preview]:
    """All previews of the project, the newest deploy first.

    Raises:
        EngineError: The backend cannot be read.
    """
    stacks = [info for info in engine.stacks() if info.name.startswith(STACK_PREFIX)]
    with ThreadPoolExecutor(_PARALLEL_READS) as pool:
        outputs = list(pool.map(lambda info: engine.outputs(info.name), stacks))
    containers = _containers(engine, {str(values["base"]) for values in outputs if values.get("base")})
    found = [
        _preview(info, values, containers.get(str(values.get("base", ""))), now)
        for info, values in zip(stacks, outputs, strict=True)
    ]
    return sorted(found, key=lambda preview: preview.deployed_at, reverse=True)


def credentials(engine: Engine, branch: str) -> dict[str, dict[str, str]]:
    """Service → ``user`` and ``password`` of a branch's preview.

    Raises:
        NotFoundError: There is no such preview.
    """
    stack = stack_of(slug_of(branch))
    outputs = engine.outputs(stack) if engine.exists(stack) else {}
    if outputs.get("branch") != branch:
        raise NotFoundError(f"There is no preview of branch {branch!r}: ./preview list shows those that there are.")
    found: dict[str, dict[str, str]] = outputs["credentials"]
    return found


def _containers(engine: Engine, bases: set[str]) -> dict[str, list[ContainerState]]:
    found: dict[str, list[ContainerState]] = {}
    for base in sorted(bases):
        try:
            found[base] = DockerEngine.of(BaseOutputs.of(base, engine.outputs(base))).previews()
        except (OperationError, OutputsError):
            # An engine that is away must not hide the list; its previews say that their health is unknown.
            continue
    return found


def _preview(
    info: StackInfo, values: Mapping[str, Any], containers: list[ContainerState] | None, now: dt.datetime
) -> Preview:
    slug = info.name.removeprefix(STACK_PREFIX)
    return Preview(
        branch=str(values.get("branch", "")),
        slug=slug,
        stack=info.name,
        url=str(values.get("url", "")),
        commit=str(values.get("commit", "")),
        base=str(values.get("base", "")),
        created_at=str(values.get("created_at", "")),
        deployed_at=str(values.get("deployed_at", "")),
        expires_at=str(values.get("expires_at", "")),
        state=_state(info, values, now),
        health=_health([state for state in containers if state.slug == slug] if containers is not None else None),
    )


def _state(info: StackInfo, values: Mapping[str, Any], now: dt.datetime) -> str:
    if info.in_progress:
        return "busy"
    if not values.get("branch"):
        return "incomplete"
    expires = values.get("expires_at")
    return "expired" if expires and dt.datetime.fromisoformat(expires) <= now else "live"


def _health(containers: list[ContainerState] | None) -> str:
    if containers is None:
        return "unknown"
    return f"{sum(state.well for state in containers)}/{len(containers)} healthy"
