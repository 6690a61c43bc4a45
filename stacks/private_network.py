"""The private network of a cluster's machines, as the base's configuration names it."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import AfterValidator

from components.overlay import POOL
from stacks.validation import fault

# Docker gives its own networks addresses of the other private ranges.
_WITHIN = ipaddress.IPv4Network("10.0.0.0/8")
# Hetzner has no smaller ones, and nobody needs larger ones.
_SHORTEST, _LONGEST = 16, 24


def _usable(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError:
        network = None
    if network is None or not network.subnet_of(_WITHIN) or not _SHORTEST <= network.prefixlen <= _LONGEST:
        raise fault(
            f"must be a network of /{_SHORTEST} to /{_LONGEST} within {_WITHIN} (Docker's own have the other private "
            "ranges), such as 10.77.0.0/24"
        )
    if network.overlaps(ipaddress.IPv4Network(POOL)):
        raise fault(f"must not overlap {POOL}, which the networks of previews have: choose 10.77.0.0/24, for example")
    return value


PrivateNetwork = Annotated[str, AfterValidator(_usable)]
"""Range of IPv4 addresses, ``A.B.C.D/N``."""
