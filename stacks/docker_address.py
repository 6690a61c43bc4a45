"""Whether an address can be that of this machine's own Docker engine."""

from __future__ import annotations

CURE = "name the engine of this machine with DOCKER_HOST=unix:///var/run/docker.sock, or unset DOCKER_HOST."


def far(address: str, given_as: str = "DOCKER_HOST") -> str:
    """Why the local base cannot stand on the engine at an address, as a sentence; empty where nothing says so.

    Args:
        address: As ``DOCKER_HOST`` takes it; empty: this machine's own.
        given_as: What it is the value of.
    """
    if not address or address.startswith("unix://"):
        return ""
    cure = CURE if given_as == "DOCKER_HOST" else f"set it to unix:///var/run/docker.sock, or leave {given_as} away."
    return (
        f"{given_as}={address} is an engine that does not see this machine's files, and the local base hands each "
        f"preview its files in a directory of this machine: {cure}"
    )
