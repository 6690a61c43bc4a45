"""What containers that are not well say of themselves, for the report of a test that failed."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import docker
from docker.errors import APIError, DockerException

_LABELS = ("pgai.base=true", "pgai.preview=true")
_LINES = 20
_SECONDS = 20


def unwell(since: float) -> str:
    """State, health log and last words of each container of a base or preview that is not well; may be empty.

    Args:
        since: Older containers are somebody else's; seconds since 1970.
    """
    try:
        client = docker.from_env(timeout=_SECONDS)
        found = {
            one.id: one
            for label in _LABELS
            for one in client.containers.list(all=True, ignore_removed=True, filters={"label": label})
        }
        return "\n".join(_told(one) for one in found.values() if _made(one) >= since and not _is_well(one))
    except DockerException as error:
        return f"Docker cannot be asked: {error}"


def _made(container: Any) -> float:
    # Nanoseconds are more than Python's dates take.
    return dt.datetime.fromisoformat(container.attrs["Created"][:19] + "+00:00").timestamp()


def _is_well(container: Any) -> bool:
    state = container.attrs["State"]
    if state["Status"] == "running":
        health: str = state.get("Health", {}).get("Status", "healthy")
        return health == "healthy"
    # Those that prepare something end, and the carrier of the secrets never starts.
    return not state["Error"] and (state["Status"] == "created" or state["ExitCode"] == 0)


def _told(container: Any) -> str:
    try:
        said = container.logs(tail=_LINES).decode(errors="replace")
    except APIError as error:
        said = str(error)
    return f"--- {container.name}\n{json.dumps(container.attrs['State'], indent=1)}\n{said}"
