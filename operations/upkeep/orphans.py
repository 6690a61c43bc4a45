"""What carries a preview's label or name, and no stack owns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial

from components.host_scripts import script
from components.labels import BASE, PREVIEW
from operations.engine.workspace import Engine
from operations.errors import LockedError, OperationError
from operations.find import machine_at
from operations.life.holders import holders
from operations.life.slot import release_slot
from operations.machine.access import Machine
from stacks.names import STACK_PREFIX, stack_of


@dataclass(frozen=True, kw_only=True)
class Orphan:
    """Something that no stack owns.

    Attributes:
        kind: ``container``, ``network``, ``volume``, ``slot`` or ``record``.
        name: Its name.
        slug: Preview that it was made for.
        created_at: RFC 3339 time.
        result: ``found``, ``removed``, ``skipped`` or ``failed``.
        reason: Why it was not removed.
    """

    kind: str
    name: str
    slug: str
    created_at: str
    result: str = "found"
    reason: str = ""

    def as_dict(self) -> dict[str, str]:
        """The same, for JSON."""
        return asdict(self)


_Removable = tuple[Orphan, Callable[[], object]]


def find_orphans(engine: Engine, base: str, *, remove: bool) -> list[Orphan]:
    """What no stack owns on a base's machine, and in its DNS zone.

    A first deploy takes its slot some time before it makes its stack, so what a slot was taken for just now is spared.

    Args:
        engine: The engine.
        base: Name of the base stack.
        remove: Remove it too.

    Raises:
        OperationError: The base cannot be read, or its machine or zone cannot be reached.
    """
    machine = machine_at(engine, base)
    found = list(_everything(machine))
    # Read last: a stack is made before anything that it owns, and removed after it.
    stacks = {name for name in engine.stacks() if name.startswith(STACK_PREFIX)}
    orphans = [one for one in found if stack_of(one[0].slug) not in stacks]
    starting = _starting(machine) if orphans else set()
    of_slug: dict[str, list[_Removable]] = {}
    for one in orphans:
        if one[0].slug not in starting:
            of_slug.setdefault(one[0].slug, []).append(one)
    if not remove:
        return [orphan for own in of_slug.values() for orphan, _ in own]
    return [gone for slug, own in of_slug.items() for gone in _remove(engine, machine, slug, own)]


def _starting(machine: Machine) -> set[str]:
    return {one.slug for one in holders(machine) if one.state == "starting"}


def _remove(engine: Engine, machine: Machine, slug: str, own: list[_Removable]) -> list[Orphan]:
    """Remove what was made for one slug, while nobody can deploy it, and where nobody has since it was listed."""
    stack = stack_of(slug)
    try:
        with engine.held(stack, "reap", 0), engine.locked(stack, "reap", 0):
            if engine.snapshot(stack) or slug in _starting(machine):
                raise LockedError("Somebody has begun to deploy it meanwhile.")
            return [_removed(orphan, take_away) for orphan, take_away in own]
    except LockedError as error:
        return [replace(orphan, result="skipped", reason=str(error)) for orphan, _ in own]
    except OperationError as error:
        return [replace(orphan, result="failed", reason=str(error)) for orphan, _ in own]


def _everything(machine: Machine) -> Iterator[_Removable]:
    """Everything of previews that there is, in the order in which it can be removed, each with what removes it."""
    base, docker, records = machine.base, machine.docker, machine.records
    for one in docker.belongings({PREVIEW: "true", BASE: base.edge_network}):
        orphan = Orphan(kind=one.kind, name=one.name, slug=one.slug, created_at=one.created_at)
        yield orphan, partial(docker.remove, one)
    for line in machine.run(script("list_slots"), {"PREVIEWS": f"{base.host_directory}/previews"}).splitlines():
        created_at, _, slug = line.partition(" ")
        yield Orphan(kind="slot", name=slug, slug=slug, created_at=created_at), partial(release_slot, machine, slug)
    for record in records.all():
        orphan = Orphan(kind="record", name=record.name, slug=record.slug(base.domain), created_at=record.created_at)
        yield orphan, partial(records.remove, record.name)


def _removed(orphan: Orphan, take_away: Callable[[], object]) -> Orphan:
    try:
        take_away()
    except OperationError as error:
        return replace(orphan, result="failed", reason=str(error))
    return replace(orphan, result="removed")
