"""Names that follow from a branch: slug, stack, host. Pure functions, used by everything that needs a name."""

from __future__ import annotations

import hashlib
import re

SLUG_MAX = 45
"""Characters of a slug before a digest takes the place of the rest; keeps ``preview-<slug>`` within a DNS label."""

STACK_PREFIX = "preview-"

_DIGEST_LENGTH = 8


class NameRefusedError(ValueError):
    """A branch or stack name that nothing can be made of; the message says why and what to do."""


def slug_of(branch: str) -> str:
    """Turn a branch name into the slug that names its preview everywhere.

    Args:
        branch: Git branch name, any length.

    Returns:
        1 to 54 characters of ``[a-z0-9-]`` that neither start nor end with a dash. Different branches can share
        a slug (``feature/a``, ``feature_a``): who owns it is checked at deploy.

    Raises:
        NameRefusedError: Nothing usable is left of the name.
    """
    slug = re.sub(r"[/_]", "-", branch.lower())
    slug = re.sub(r"[^a-z0-9-]", "", slug)
    slug = re.sub(r"-+", "-", slug).strip("-")
    if not slug:
        msg = (
            f"The branch name {branch!r} has no letter or digit (a-z, 0-9) to name a preview with: "
            "give a branch whose name has at least one."
        )
        raise NameRefusedError(msg)
    if len(slug) > SLUG_MAX:
        digest = hashlib.sha1(branch.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
        slug = f"{slug[:SLUG_MAX].rstrip('-')}-{digest[:_DIGEST_LENGTH]}"
    return slug


def stack_of(slug: str) -> str:
    """Name of the stack of a preview."""
    return f"{STACK_PREFIX}{slug}"


def slug_of_stack(stack: str) -> str:
    """Slug of a preview's stack name.

    Raises:
        NameRefusedError: The stack is not a preview's.
    """
    slug = stack.removeprefix(STACK_PREFIX)
    if slug == stack or not slug:
        raise NameRefusedError(f"The stack {stack!r} is not a preview's: its name must be {STACK_PREFIX}<slug>.")
    return slug


def host_of(slug: str, domain: str) -> str:
    """Host name under which a preview is reached, for example ``preview-feature-a.pgai.watch``."""
    return f"{STACK_PREFIX}{slug}.{domain}"


def url_of(slug: str, *, scheme: str, domain: str, port: int) -> str:
    """Public address of a preview; the port is left out where the scheme implies it."""
    implied = {"https": 443, "http": 80}.get(scheme) == port
    return f"{scheme}://{host_of(slug, domain)}" + ("" if implied else f":{port}")
