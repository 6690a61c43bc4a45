"""What the Docker engine's lists say of the things of a preview."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any, Literal

from components.labels import SERVICE, SLUG

Kind = Literal["container", "service", "network", "volume", "secret", "config"]

SWARM_STARTS = ("new", "pending", "assigned", "accepted", "preparing", "ready")
"""Swarm's words for what it has begun to start, in their order."""

_ENDED = re.compile(r"Exited \((\d+)\)")


@dataclass(frozen=True, kw_only=True)
class ContainerState:
    """A container of a preview.

    Attributes:
        name: Container name.
        slug: Preview.
        service: Service key.
        status: Docker's word: running, exited, restarting …; of a Swarm's service also pending, preparing, rejected …
        health: healthy, unhealthy, starting; empty where there is no check.
        exit_code: Of one that has ended; None of any other.
        fresh: Whether it has run for less than a second.
        id: Docker's id.
        node: Machine of a cluster that it is on; empty where there is one alone, or where it is on none yet.
    """

    name: str
    slug: str
    service: str
    status: str
    health: str
    exit_code: int | None = None
    fresh: bool = False
    id: str = ""
    node: str = ""

    def __str__(self) -> str:
        return f"the container {self.name} is {self.health or self.status}"

    def as_dict(self) -> dict[str, str]:
        """For JSON."""
        said = {"service": self.service, "container": self.name, "status": self.status, "health": self.health}
        return {**said, **({"node": self.node} if self.node else {})}

    @property
    def well(self) -> bool:
        """Runs, and is healthy; where it does not say, it has run a second: what ends at once runs at times."""
        return self.status == "running" and (self.health == "healthy" or not (self.health or self.fresh))

    @property
    def on_its_way(self) -> bool:
        """May become well by itself: it runs, or a Swarm is about to start it."""
        return self.status in ("running", *SWARM_STARTS)

    @property
    def runs(self) -> bool:
        """Has a process, or is about to get one: it takes room."""
        return self.status in ("running", "restarting", "paused")

    @property
    def broken(self) -> bool:
        """Is not well, and neither time nor a start will make it so."""
        return self.health == "unhealthy" or self.status in ("dead", "paused", "restarting", "failed", "rejected")


@dataclass(frozen=True, kw_only=True)
class Belonging:
    """Something that Docker holds for a preview.

    Attributes:
        kind: What it is.
        id: Docker's id.
        name: Its name.
        slug: Preview that it says it belongs to.
        created_at: RFC 3339 time.
    """

    kind: Kind
    id: str
    name: str
    slug: str
    created_at: str


def belonging_of(kind: Kind, identity: str, name: str, row: dict[str, Any]) -> Belonging:
    """A row of one of Docker's lists, with its id and name."""
    created = row.get("Created") or row.get("CreatedAt") or ""
    if isinstance(created, int):
        created = dt.datetime.fromtimestamp(created, dt.UTC).isoformat()
    spec = row.get("Spec") or row
    return Belonging(
        kind=kind,
        id=identity,
        name=name,
        slug=(spec.get("Labels") or {}).get(SLUG, ""),
        created_at=str(created),
    )


def state_of(row: dict[str, Any]) -> ContainerState:
    """A row of Docker's list of containers."""
    labels = row.get("Labels") or {}
    # The list has the health only in its text, "Up 3 seconds (health: starting)"; asking each container costs a call.
    status = str(row.get("Status", ""))
    health, exit_code = "", None
    if ended := _ENDED.match(status):
        exit_code = int(ended[1])
    if "(" in status and row.get("State") == "running":
        health = status.rpartition("(")[2].rstrip(")").removeprefix("health: ")
    return ContainerState(
        name=str((row.get("Names") or ["/?"])[0]).lstrip("/"),
        slug=labels.get(SLUG, ""),
        service=labels.get(SERVICE, ""),
        status=str(row.get("State", "")),
        health=health,
        exit_code=exit_code,
        fresh=status.startswith("Up Less than a second"),
        id=str(row.get("Id", "")),
    )


@dataclass(frozen=True, kw_only=True)
class ContainerEvent:
    """Something that has just happened to a container of a preview.

    Attributes:
        action: Docker's word: ``start``, ``healthy``, ``unhealthy``, ``die`` for each end of its program, ``oom`` where
            the kernel has killed a process of it for memory, ``kill`` where somebody stops it; of a Swarm's ``pend``
            where no node has room for it, and ``reject`` where a node cannot run it.
        id: Docker's id.
        name: Container name.
        service: Service key.
        exit_code: Of a program that has ended; else 0.
        reason: What a Swarm says of it.
    """

    action: str
    id: str
    name: str
    service: str
    exit_code: int = 0
    reason: str = ""


def event_of(row: dict[str, Any]) -> ContainerEvent:
    """One of Docker's events."""
    attributes = row["Actor"]["Attributes"]
    return ContainerEvent(
        action=str(row["Action"]).removeprefix("health_status: "),
        id=str(row["Actor"]["ID"]),
        name=attributes.get("name", ""),
        service=attributes.get(SERVICE, ""),
        exit_code=int(attributes.get("exitCode", 0)),
    )
