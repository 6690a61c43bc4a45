"""What carries a preview's label or name, and no stack owns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial

from components.host_scripts import script
from components.labels import BASE, PREVIEW
from operations.engine.workspace import Engine
from operations.errors import OperationError
from operations.find import machine_at
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
        result: ``found``, ``removed`` or ``failed``.
        reason: Why it could not be removed.
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


def find_orphans(engine: Engine, base: str, *, remove: bool) -> list[Orphan]:
    """What no stack owns on a base's machine, and in its DNS zone.

    Args:
        engine: The engine.
        base: Name of the base stack.
        remove: Remove it too.

    Raises:
        OperationError: The base cannot be read, or its machine or zone cannot be reached.
    """
    found = list(_everything(machine_at(engine, base)))
    # Read last: a stack is made before anything that it owns, and removed after it.
    stacks = {name for name in engine.stacks() if name.startswith(STACK_PREFIX)}
    orphans = [(orphan, take_away) for orphan, take_away in found if stack_of(orphan.slug) not in stacks]
    return [_removed(orphan, take_away) if remove else orphan for orphan, take_away in orphans]


def _everything(machine: Machine) -> Iterator[tuple[Orphan, Callable[[], object]]]:
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
    values = orphan.as_dict()
    try:
        take_away()
    except OperationError as error:
        return Orphan(**{**values, "result": "failed", "reason": str(error)})
    return Orphan(**{**values, "result": "removed"})
