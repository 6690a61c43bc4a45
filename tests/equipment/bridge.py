"""Where containers with a way out find this machine."""

from __future__ import annotations

import ipaddress
from typing import Any


def address_for_containers(engine: Any) -> str:
    """Address of this machine on the engine's default network."""
    (configuration,) = engine.networks.get("bridge").attrs["IPAM"]["Config"]
    # An engine that has made the network in this very run tells only the range; it takes the first address.
    first = next(ipaddress.ip_network(configuration["Subnet"]).hosts())
    return str(configuration.get("Gateway") or first)
