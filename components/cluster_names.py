"""Names of what a Swarm keeps for a preview."""

from __future__ import annotations

import hashlib

_LONGEST = 36  # characters: a secret's name has 64 at most, a service's 63
_DIGEST_LENGTH = 8


def stem_of(slug: str) -> str:
    """Start of the names of a preview's services, networks, secrets and configs.

    Returns:
        ``preview-<slug>``; of a slug that is too long for the longest of those names its start and a digest of it.
    """
    if len(slug) > _LONGEST:
        digest = hashlib.sha256(slug.encode()).hexdigest()[:_DIGEST_LENGTH]
        slug = f"{slug[: _LONGEST - _DIGEST_LENGTH - 1].rstrip('-')}-{digest}"
    return f"preview-{slug}"
