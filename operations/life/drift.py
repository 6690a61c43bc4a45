"""Whether a preview is still what its state says, without reading every resource."""

from __future__ import annotations

from components.labels import preview_labels
from operations.engine.snapshot import IN_DOCKER, RECORD, Snapshot
from operations.machine.runtime import Runtime


def has_drifted(docker: Runtime, slug: str, base_label: str, snapshot: Snapshot) -> bool:
    """Whether an update should let the engine read every resource first.

    That takes seconds, two of which the Docker provider waits before it looks at a network at all. A look at Docker's
    lists finds what was removed, was stopped or has broken. A DNS record is in none of them, so it is read; and nobody
    knows how far an update came that died.

    Args:
        docker: What runs previews on the preview's machine.
        slug: The preview.
        base_label: Its base, as labels name it.
        snapshot: State of the preview's stack.

    Raises:
        OperationError: Docker does not say.
    """
    if snapshot.empty:
        return False
    if snapshot.pending or RECORD in snapshot.ids:
        return True
    there = {found.id for found in docker.belongings(preview_labels(slug, base_label))}
    known = {identity for kind in IN_DOCKER.values() for identity in snapshot.ids.get(kind, ())}
    return not known <= there or not all(state.well for state in docker.of_slug(slug))
