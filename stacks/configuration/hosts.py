"""Which hosts a preview has: its network has no way out."""

from __future__ import annotations

import re

from components.services import SERVICES

_KNOWN = frozenset({"localhost", "127.0.0.1", *(alias for service in SERVICES for alias in service.aliases)})


def host_of(address: str) -> str:
    """Host of ``host:port`` or of a URL; empty where there is none."""
    found = re.match(r"(?:[a-zA-Z][a-zA-Z0-9+.-]*://)?(?:[^/@]*@)?(\[[^\]]*\]|[^:/?#]*)", address)
    return found[1] if found else ""


def is_out_of_reach(address: str) -> bool:
    """Whether an address is none of a preview's; one with a variable may be anything."""
    host = host_of(address)
    return bool(host) and "$" not in host and host not in _KNOWN
