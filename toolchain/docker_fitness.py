"""Whether a Docker engine can carry the local base, by its address and what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stacks.docker_address import CURE, far


def obstacle(address: str, info: Mapping[str, Any]) -> str:
    """Why previews of the local base cannot run on an engine, as a sentence; empty where they can.

    Args:
        address: As ``DOCKER_HOST`` takes it; empty: this machine's own.
        info: What ``docker info`` tells.
    """
    options = {part for option in info.get("SecurityOptions") or () for part in str(option).split(",")}
    if reason := far(address):
        return reason
    # Only Podman tells this in its answer to Docker's question.
    if "BuildahVersion" in info:
        return f"{_who(address)} is Podman, and previews are made for the Docker engine alone: {CURE}"
    if "name=rootless" in options:
        return (
            f"{_who(address)} runs rootless, where users in containers are others on the machine, which then cannot "
            f"read the previews' files: {CURE}"
        )
    if "name=userns" in options:
        return (
            f"{_who(address)} runs with userns-remap, where root in a container may neither use the engine's socket, "
            "as the reverse proxy's filter must, nor read the previews' files: take userns-remap out of the engine's "
            "daemon.json and start it anew, or name another engine of this machine with DOCKER_HOST."
        )
    root = str(info.get("DockerRootDir") or "")
    if root and _missing(Path(root)):
        return (
            f"{_who(address)} does not see this machine's files (its directory {root} is not here), and the local base "
            f"hands each preview its files in a directory of this machine: {CURE}"
        )
    return ""


def _who(address: str) -> str:
    return f"The engine at DOCKER_HOST={address}" if address else "The Docker engine of this machine"


def _missing(path: Path) -> bool:
    try:
        path.stat()
    except FileNotFoundError:
        return True
    except OSError:
        # Others' directories may be closed to this user.
        return False
    return False
