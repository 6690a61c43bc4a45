"""What carries a preview's label or name, and no stack owns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

from components.host_scripts import script
from components.labels import BASE, PREVIEW
from operations import bases
from operations.engine.workspace import Engine
from operations.errors import OperationError
from operations.life.remains import release_slot
from operations.machine.containers import DockerEngine
from operations.machine.records import DnsRecords
from operations.machine.shell import HostShell
from stacks.names import STACK_PREFIX, stack_of
from stacks.outputs import BaseOutputs


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
    outputs = bases.outputs(engine, base)
    found = list(_everything(outputs))
    # Read last: a stack is made before anything that it owns, and removed after it.
    stacks = {name for name in engine.stacks() if name.startswith(STACK_PREFIX)}
    orphans = [(orphan, take_away) for orphan, take_away in found if stack_of(orphan.slug) not in stacks]
    return [_removed(orphan, take_away) if remove else orphan for orphan, take_away in orphans]


def _everything(base: BaseOutputs) -> list[tuple[Orphan, Callable[[], object]]]:
    """Everything of previews that there is, in the order in which it can be removed, each with what removes it."""
    docker = DockerEngine.of(base)
    labels = {PREVIEW: "true", BASE: base.edge_network}
    found: list[tuple[Orphan, Callable[[], object]]] = [
        (
            Orphan(kind=one.kind, name=one.name, slug=one.slug, created_at=one.created_at),
            partial(docker.remove, one),
        )
        for one in docker.belongings(labels)
    ]
    listed = HostShell(base).run(script("list_slots"), {"PREVIEWS": f"{base.host_directory}/previews"})
    for line in listed.splitlines():
        created_at, _, slug = line.partition(" ")
        found.append(
            (
                Orphan(kind="slot", name=slug, slug=slug, created_at=created_at),
                partial(release_slot, base, slug, ""),
            )
        )
    if base.zone_id:
        records = DnsRecords(base)
        found += [
            (
                Orphan(kind="record", name=one.name, slug=one.slug(base.domain), created_at=one.created_at),
                partial(records.remove, one.name),
            )
            for one in records.all()
        ]
    return found


def _removed(orphan: Orphan, take_away: Callable[[], object]) -> Orphan:
    values = orphan.as_dict()
    try:
        take_away()
    except OperationError as error:
        return Orphan(**{**values, "result": "failed", "reason": str(error)})
    return Orphan(**{**values, "result": "removed"})
