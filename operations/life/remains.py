"""What belongs to a preview without its stack knowing: left by an update that died between making and noting it."""

from __future__ import annotations

from components.host_scripts import script
from components.labels import preview_labels
from operations.engine.snapshot import CONTAINER, NETWORK, RECORD, VOLUME, Snapshot
from operations.engine.workspace import Engine
from operations.machine.containers import DockerEngine
from operations.machine.records import DnsRecords
from operations.machine.shell import HostShell
from stacks.names import host_of
from stacks.outputs import BaseOutputs


def remove_unknown(base: BaseOutputs, docker: DockerEngine, slug: str, snapshot: Snapshot) -> list[str]:
    """Remove what carries the preview's labels, or its name in DNS, and is not in the state.

    Args:
        base: The preview's base.
        docker: Its engine.
        slug: The preview.
        snapshot: State of the preview's stack; what it names is left alone.

    Returns:
        Names of what was removed.

    Raises:
        OperationError: Something cannot be removed.
    """
    known = {
        name: snapshot.ids.get(kind, frozenset())
        for name, kind in {"container": CONTAINER, "network": NETWORK, "volume": VOLUME}.items()
    }
    unknown = [
        found
        for found in docker.belongings(preview_labels(slug, base.edge_network))
        if found.id not in known[found.kind]
    ]
    for found in unknown:
        docker.remove(found)
    removed = [f"{found.kind} {found.name}" for found in unknown]
    # Asking the cloud takes seconds, and a record is only ever unknown after an update that died.
    if base.zone_id and snapshot.pending:
        removed += DnsRecords(base).remove(host_of(slug, base.domain), snapshot.ids.get(RECORD, frozenset()))
    return removed


def release_slot(base: BaseOutputs, slug: str, branch: str) -> bool:
    """Give a preview's place on the host back, with its files.

    Args:
        base: The preview's base.
        slug: The preview.
        branch: Whose place it must be; empty: anybody's.

    Returns:
        Whether there was one.

    Raises:
        OperationError: It is another branch's; the machine cannot be reached, or is busy.
    """
    return bool(HostShell(base).run(script("release_slot"), base.slot(slug, branch).environment).strip())


def forget_pending(engine: Engine, stack: str, snapshot: Snapshot) -> None:
    """Drop from a state what an update that died had begun; call it when :func:`remove_unknown` has been there."""
    if snapshot.pending:
        engine.edit(stack, lambda deployment: deployment.pop("pending_operations", None))
