"""What belongs to a preview without its stack knowing: left by an update that died between making and noting it."""

from __future__ import annotations

from components.labels import preview_labels
from operations.engine.snapshot import IN_DOCKER, RECORD, Snapshot
from operations.engine.workspace import Engine
from operations.machine.access import Machine
from stacks.names import host_of


def remove_unknown(machine: Machine, slug: str, snapshot: Snapshot) -> list[str]:
    """Remove what carries the preview's labels, or its name in DNS, and is not in the state.

    Args:
        machine: The machine of its base.
        slug: The preview.
        snapshot: State of the preview's stack; what it names is left alone.

    Returns:
        Names of what was removed.

    Raises:
        OperationError: Something cannot be removed.
    """
    known = {name: snapshot.ids.get(kind, frozenset()) for name, kind in IN_DOCKER.items()}
    labels = preview_labels(slug, machine.base.edge_network)
    unknown = [found for found in machine.docker.belongings(labels) if found.id not in known[found.kind]]
    for found in unknown:
        machine.docker.remove(found)
    return [f"{found.kind} {found.name}" for found in unknown] + remove_unknown_record(machine, slug, snapshot)


def remove_unknown_record(machine: Machine, slug: str, snapshot: Snapshot) -> list[str]:
    """The same of DNS alone, for a machine that is lost."""
    # Asking the cloud takes seconds, and a record is only ever unknown after an update that died.
    if not snapshot.pending:
        return []
    return machine.records.remove(host_of(slug, machine.base.domain), snapshot.ids.get(RECORD, frozenset()))


def forget_pending(engine: Engine, stack: str, snapshot: Snapshot) -> None:
    """Drop from a state what an update that died had begun; call it when :func:`remove_unknown` has been there.

    The stack's lock has to be held.
    """
    if snapshot.pending:
        engine.edit(stack, lambda deployment: deployment.pop("pending_operations", None))
