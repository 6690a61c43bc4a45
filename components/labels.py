"""Labels by which everything that the engine keeps for a preview is found again. Imports no provider."""

from __future__ import annotations

PREVIEW = "pgai.preview"
SLUG = "pgai.preview.slug"
BASE = "pgai.preview.base"
SERVICE = "pgai.preview.service"
FILES = "pgai.preview.files"

PREPARING = "-init"
"""Follows the service in the label of a container that prepares the service's data."""


def preview_labels(slug: str, base: str) -> dict[str, str]:
    """Labels of everything that the engine keeps for a preview.

    Args:
        slug: The preview.
        base: Its base, by the name of the edge network: two bases can share an engine.
    """
    return {PREVIEW: "true", SLUG: slug, BASE: base}
