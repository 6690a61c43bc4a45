"""Whether a preview is still what its state says, without reading every resource."""

from __future__ import annotations

from components.labels import preview_labels
from components.record_args import comment_of
from operations.engine.snapshot import RECORD, Snapshot
from operations.machine.access import Machine
from stacks.names import PreviewName


def has_drifted(machine: Machine, name: PreviewName, snapshot: Snapshot) -> bool:
    """Whether an update should let the engine read every resource first.

    That takes seconds, two of which the Docker provider waits before it looks at a network at all. A look at Docker's
    lists finds what was removed, was stopped or has broken. A DNS record is in none of them, so Cloudflare is asked for
    it alone; and nobody knows how far an update came that died.

    Args:
        machine: The preview's machine.
        name: The preview.
        snapshot: State of the preview's stack.

    Raises:
        OperationError: Docker does not say.
    """
    if snapshot.empty:
        return False
    if snapshot.pending:
        return True
    base, docker = machine.base, machine.docker
    there = {found.id for found in docker.belongings(preview_labels(name.slug, base.edge_network))}
    if not snapshot.in_docker <= there or not all(state.well for state in docker.of_slug(name.slug)):
        return True
    host, comment = name.host(base.domain), comment_of(name.branch)
    return not all(machine.records.is_as_declared(identity, host, comment) for identity in snapshot.ids.get(RECORD, ()))
