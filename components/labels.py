"""Every label that this project sets or looks for. Imports no provider."""

from __future__ import annotations

PREVIEW = "pgai.preview"
SLUG = "pgai.preview.slug"
BASE = "pgai.preview.base"
SERVICE = "pgai.preview.service"
FILES = "pgai.preview.files"

PART_OF_BASE = "pgai.base"
"""On everything that Docker keeps for a base."""

EDGE = "pgai.edge"
"""Names the edge, by its network, whose reverse proxy follows the container."""

OF_IMAGES = frozenset(("pgai.recipe", "pgai.stand-in"))
"""Labels that images built by set-up have."""

IN_CLOUD = {"pgai-preview": "base"}
"""Labels of a base's resources at Hetzner."""

PREPARING = "-init"
"""Follows the service in the label of a container that prepares the service's data."""


def is_reserved(label: str) -> bool:
    """Whether an image must not have that label, for its containers would have it too.

    The reverse proxy reads its own in any case of letters.
    """
    return label.lower().startswith(("traefik.", "pgai.")) and label not in OF_IMAGES


def preview_labels(slug: str, base: str) -> dict[str, str]:
    """Labels of everything that Docker keeps for a preview.

    Args:
        slug: The preview.
        base: Its base, by the name of the edge network: two bases can share a Docker engine.
    """
    return {PREVIEW: "true", SLUG: slug, BASE: base}
