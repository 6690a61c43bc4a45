"""What containers use of what they may, as the Docker engine counts it."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from docker.errors import NotFound

from operations.machine.connection import Api, Connection
from operations.machine.docker_state import ContainerState


@dataclass(frozen=True, kw_only=True)
class Usage:
    """A container's counters at one moment, and its limits.

    Attributes:
        state: The container.
        at: The moment; None where it does not run.
        cpu_seconds: Processor time since its start.
        cpus: Processors that it may use.
        memory: Bytes of memory, with what the kernel keeps of files.
        working_set: The same without files that the kernel can let go at once: what it would be killed for.
        memory_limit: Bytes of memory that it may use.
        received: Bytes over its networks.
        sent: Bytes over its networks.
        restarts: How often Docker has started it again since it was made.
        out_of_memory: Whether a process of it was killed for memory since its last start.
    """

    state: ContainerState
    at: dt.datetime | None
    cpu_seconds: float
    cpus: float
    memory: int
    working_set: int
    memory_limit: int
    received: int
    sent: int
    restarts: int
    out_of_memory: bool


class Usages(Connection):
    """Counters of containers."""

    def usage(self, state: ContainerState) -> Usage | None:
        """What a container uses; None where it is gone.

        Raises:
            OperationError: Docker does not say.
        """

        def read(api: Api) -> Usage | None:
            with contextlib.suppress(NotFound):
                found = api.inspect_container(state.id)
                running = state.status == "running"
                # Without "one shot" the engine takes a second look a second later.
                counted = api.stats(state.id, stream=False, one_shot=True) if running else {}
                return usage_of(state, found, counted)
            return None

        return self._ask(f"say what {state.name} uses", read)

    def was_out_of_memory(self, container: str) -> bool:
        """Whether the kernel has killed a process of a container for memory since its last start; not where it is gone.

        Raises:
            OperationError: Docker does not say.
        """

        def read(api: Api) -> bool:
            with contextlib.suppress(NotFound):
                return bool(api.inspect_container(container)["State"]["OOMKilled"])
            return False

        return self._ask(f"say how {container} ended", read)


def usage_of(state: ContainerState, found: Mapping[str, Any], counted: Mapping[str, Any]) -> Usage:
    """Usage out of what the engine says.

    Args:
        state: The container.
        found: Its description.
        counted: Its counters; empty where it does not run.
    """
    memory = counted.get("memory_stats") or {}
    used = int(memory.get("usage") or 0)
    details = memory.get("stats") or {}
    # By the kernel's second interface for groups of processes, else by its first.
    idle = int(details.get("inactive_file", details.get("total_inactive_file", 0)))
    networks = (counted.get("networks") or {}).values()
    limits = found["HostConfig"]
    return Usage(
        state=state,
        # A container that has just ended is counted at no time.
        at=dt.datetime.fromisoformat(counted["read"]) if used else None,
        cpu_seconds=int(((counted.get("cpu_stats") or {}).get("cpu_usage") or {}).get("total_usage") or 0) / 1e9,
        cpus=limits["NanoCpus"] / 1e9,
        memory=used,
        working_set=max(used - idle, 0),
        memory_limit=limits["Memory"],
        received=sum(row["rx_bytes"] for row in networks),
        sent=sum(row["tx_bytes"] for row in networks),
        restarts=found["RestartCount"],
        out_of_memory=found["State"]["OOMKilled"],
    )
