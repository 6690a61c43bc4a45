"""Names that follow from a branch: slug, stack, host, address. Pure; everything that needs a name asks here."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Protocol

SLUG_MAX = 45
"""Characters of a slug before a digest takes the place of the rest; keeps ``preview-<slug>`` within a DNS label."""

STACK_PREFIX = "preview-"

LOCAL, CLUSTER, PRODUCTION = "local", "cluster", "base"
"""Names of the base stacks: on this machine's engine, on several engines of this machine, and in the cloud."""

_DIGEST_LENGTH = 8

# The rules of git check-ref-format --branch, and of this project: C1's control characters and the separators of lines
# and paragraphs, which Git takes, would cut a name in two wherever it is printed or read; surrogates are what Python
# makes of bytes that are no UTF-8.
_NOT_IN_GIT = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|\A[-/]|/\Z|\.\Z|(\A|/)\.|\.lock(/|\Z)|\AHEAD\Z")
_NOT_HERE = re.compile("[\x80-\x9f\u2028\u2029\ud800-\udfff]")


class NameRefusedError(ValueError):
    """A branch or stack name that nothing can be made of; the message says why and what to do."""


def slug_of(branch: str) -> str:
    """Turn a branch name into the slug that names its preview everywhere; :class:`PreviewName` checks the name as well.

    Args:
        branch: Git branch name, any length.

    Returns:
        1 to 54 characters of ``[a-z0-9-]`` that neither start nor end with a dash. Different branches can share
        a slug (``feature/a`` and ``feature_a``, ``release/1.10`` and ``release/11.0``): who owns it is checked at
        deploy.

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


def _require_branch(branch: str) -> None:
    if _NOT_IN_GIT.search(branch):
        rule = "is none that Git takes (git check-ref-format --branch says so too)"
    elif _NOT_HERE.search(branch):
        rule = "has bytes that are no UTF-8, or control characters"
    else:
        return
    raise NameRefusedError(f"The branch name {branch!r} {rule}: give the name of a branch, as git branch shows it.")


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


class Site(Protocol):
    """What the public address of a preview depends on besides its name."""

    @property
    def scheme(self) -> str: ...
    @property
    def domain(self) -> str: ...
    @property
    def port(self) -> int: ...


@dataclass(frozen=True)
class PreviewName:
    """A branch, and every name that its preview has because of it.

    Attributes:
        branch: Git branch name.
        slug: See :func:`slug_of`.

    Raises:
        NameRefusedError: It is no name of a branch, or nothing can be named after it.
    """

    branch: str
    slug: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "slug", slug_of(self.branch))
        _require_branch(self.branch)

    @property
    def stack(self) -> str:
        """Name of the preview's stack."""
        return stack_of(self.slug)

    def host(self, domain: str) -> str:
        """Host name under which the preview is reached."""
        return host_of(self.slug, domain)

    def url(self, site: Site) -> str:
        """Public address; the port is left out where the scheme implies it."""
        return url_of(self.host(site.domain), site.scheme, site.port)


def url_of(host: str, scheme: str, port: int) -> str:
    """Address of a host; the port is left out where the scheme implies it."""
    implied = {"https": 443, "http": 80}.get(scheme) == port
    return f"{scheme}://{host}" + ("" if implied else f":{port}")


def page_host(domain: str) -> str:
    """Host name of the page of all previews."""
    return f"previews.{domain}"


def host_of(slug: str, domain: str) -> str:
    """Host name under which a preview is reached, for example ``preview-feature-a.pgai.watch``."""
    return f"{STACK_PREFIX}{slug}.{domain}"
