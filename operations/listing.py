"""What previews there are, and who may log in where."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from operations.engine.snapshot import Snapshot
from operations.engine.workspace import Engine
from operations.errors import OperationError
from operations.find import existing, machine_at
from operations.machine.docker_state import ContainerState
from operations.upkeep.expiry import ends_at, moment
from stacks.moments import text_of
from stacks.names import STACK_PREFIX


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A preview as ``list`` shows it; times are RFC 3339 in UTC, empty where unknown.

    Attributes:
        branch: Branch, empty where nobody's: a stack was only just made.
        slug: Slug.
        stack: Stack.
        url: Public address.
        commit: Deployed commit.
        base: Base stack.
        created_at: First deploy.
        deployed_at: Last successful deploy.
        deployed_by: Who did that.
        expires_at: End of life; empty where it is kept, too.
        kept: What keeps it beyond its end: ``command`` or ``label``; empty: nothing.
        state: ``live``, ``asleep``, ``busy`` (an operation holds it), ``incomplete`` (no deploy ever succeeded),
            ``expired``, ``unreadable`` (its state is damaged: ``reap`` says how).
        health: ``7/7 healthy``; ``asleep``; ``unknown`` where the engine cannot be asked.
        nodes: Service → machine of a cluster that it is on; empty where there is one alone.
    """

    branch: str
    slug: str
    stack: str
    url: str
    commit: str
    base: str
    created_at: str
    deployed_at: str
    deployed_by: str
    expires_at: str
    kept: str
    state: str
    health: str
    nodes: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The same, for JSON; says nothing of nodes where there is one machine."""
        said = asdict(self)
        return said if self.nodes else {name: value for name, value in said.items() if name != "nodes"}


def snapshots(engine: Engine) -> tuple[dict[str, Snapshot], dict[str, OperationError]]:
    """State of every preview's stack that can be read, by the stack's name, and what is wrong with the others.

    Raises:
        OperationError: The backend cannot be read.
    """
    return engine.readable(lambda name: name.startswith(STACK_PREFIX))


def previews(engine: Engine, now: dt.datetime, base: str = "") -> list[Preview]:
    """All previews of the project, the newest deploy first.

    Args:
        engine: The engine.
        now: The present.
        base: Base whose previews are meant; empty: all.

    Raises:
        EngineError: The backend cannot be read.
    """
    readable, wrong = snapshots(engine)
    meant = {stack: one for stack, one in readable.items() if not base or _base(one) in ("", base)}
    containers = _containers(engine, {_base(one) for one in meant.values()} - {""})
    listed = [_unreadable(stack) for stack in wrong]
    for stack, one in meant.items():
        try:
            listed.append(_preview(engine, one, containers.get(_base(one)), now))
        except OperationError:
            listed.append(_unreadable(stack))
    return sorted(listed, key=lambda preview: preview.deployed_at, reverse=True)


def status(engine: Engine, branch: str, now: dt.datetime, base: str = "") -> tuple[Preview, list[ContainerState]]:
    """A branch's preview and its containers.

    Raises:
        NotFoundError: There is no such preview.
        OperationError: Its machine cannot be reached.
    """
    found = existing(engine, branch, base)
    containers = machine_at(engine, found.outputs.base).docker.of_slug(found.name.slug)
    return _preview(engine, found.snapshot, containers, now), containers


def credentials(engine: Engine, branch: str, base: str = "") -> dict[str, dict[str, str]]:
    """Service → ``user`` and ``password`` of a branch's preview.

    Raises:
        NotFoundError: There is no such preview.
    """
    found = existing(engine, branch, base)
    values: dict[str, dict[str, str]] = engine.outputs(found.name.stack)["credentials"]
    return values


def _base(snapshot: Snapshot) -> str:
    base = snapshot.outputs.get("base", "")
    return base if isinstance(base, str) else ""


def _containers(engine: Engine, names: set[str]) -> dict[str, list[ContainerState]]:
    found: dict[str, list[ContainerState]] = {}
    for name in sorted(names):
        try:
            found[name] = machine_at(engine, name).docker.previews()
        except OperationError:
            # A machine that is away must not hide the list; its previews say that their health is unknown.
            continue
    return found


def _preview(engine: Engine, snapshot: Snapshot, containers: list[ContainerState] | None, now: dt.datetime) -> Preview:
    slug = snapshot.stack.removeprefix(STACK_PREFIX)
    end = ends_at(engine, snapshot)
    known = snapshot.preview
    for text in (known.created_at, known.deployed_at) if known else ():
        moment(text)
    own = [state for state in containers if state.slug == slug] if containers is not None else None
    return Preview(
        branch=snapshot.owner,
        slug=slug,
        stack=snapshot.stack,
        url=known.url if known else "",
        commit=known.commit if known else "",
        base=known.base if known else "",
        created_at=known.created_at if known else "",
        deployed_at=known.deployed_at if known else "",
        deployed_by=known.deployed_by if known else "",
        expires_at=text_of(end) if end else "",
        kept=known.kept if known else "",
        state=_state(engine, snapshot, end, now),
        health=_health(snapshot, own),
        nodes={state.service: state.node for state in own or () if state.node},
    )


def _unreadable(stack: str) -> Preview:
    """What can be said of a preview whose state cannot be read: that there is one."""
    names = (one.name for one in fields(Preview) if one.name != "nodes")
    known: dict[str, Any] = {
        "slug": stack.removeprefix(STACK_PREFIX),
        "stack": stack,
        "state": "unreadable",
        "health": "unknown",
    }
    return Preview(**{**dict.fromkeys(names, ""), **known})


def _state(engine: Engine, snapshot: Snapshot, end: dt.datetime | None, now: dt.datetime) -> str:
    if engine.holder(snapshot.stack):
        return "busy"
    if snapshot.preview is None:
        return "incomplete"
    if end and end <= now:
        return "expired"
    return "asleep" if snapshot.asleep_since else "live"


def _health(snapshot: Snapshot, containers: list[ContainerState] | None) -> str:
    if snapshot.asleep_since:
        return "asleep"
    if containers is None:
        return "unknown"
    return f"{sum(state.well for state in containers)}/{len(containers)} healthy"
