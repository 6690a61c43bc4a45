"""What a Swarm's lists say of the services of previews."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.labels import SERVICE, SLUG
from operations.machine.docker_state import SWARM_STARTS, ContainerEvent, ContainerState

_FAILED = ("failed", "rejected")
_SHUT_DOWN = 143


@dataclass(frozen=True, kw_only=True)
class Task:
    """One attempt of a Swarm to run a service's container.

    Attributes:
        id: Swarm's id.
        service: Id of its service.
        name: Name of its container.
        state: Swarm's word: pending, preparing, starting, running, failed, rejected …
        wanted: Whether the Swarm still wants it to run.
        node: Id of the node that it was given to; empty: none yet.
        host: Name of that node; empty where nobody knows it.
        generation: The same for all tasks that were made from one description of the service.
        error: What Swarm says is wrong.
        exit_code: Of a program that has ended; else 0.
        cpus: Processors that are set aside for it.
        memory: Bytes of memory that are.
        created_at: RFC 3339 time, in UTC and without a suffix, so that later ones sort behind.
    """

    id: str
    service: str
    name: str
    state: str
    wanted: bool
    node: str
    host: str
    generation: str
    error: str
    exit_code: int
    cpus: float
    memory: int
    created_at: str

    @property
    def takes_room(self) -> bool:
        """Whether its node has to have room for it."""
        return bool(self.node) and self.state in (*SWARM_STARTS, "starting", "running")

    @property
    def runs(self) -> bool:
        """Whether it has a process."""
        return self.state in ("starting", "running")


def node_name(row: Mapping[str, Any]) -> str:
    """Host name of a row of Swarm's list of nodes; its id while it has joined and not yet described itself."""
    return str((row.get("Description") or {}).get("Hostname") or row["ID"])


def task_of(row: Mapping[str, Any], service: str, nodes: Mapping[str, str]) -> Task:
    """A row of Swarm's list of tasks.

    Args:
        row: The row.
        service: Name of its service.
        nodes: Name of each node, by its id.
    """
    status, spec = row["Status"], row["Spec"]
    reserved = (spec.get("Resources") or {}).get("Reservations") or {}
    return Task(
        id=row["ID"],
        service=row["ServiceID"],
        name=f"{service}.{row.get('Slot', 1)}.{row['ID']}",
        state=status["State"],
        wanted=row["DesiredState"] in ("running", "ready"),
        node=row.get("NodeID", ""),
        host=nodes.get(row.get("NodeID", ""), ""),
        generation=hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:12],
        error=str(status.get("Err", "")),
        exit_code=int((status.get("ContainerStatus") or {}).get("ExitCode") or 0),
        cpus=int(reserved.get("NanoCPUs") or 0) / 1e9,
        memory=int(reserved.get("MemoryBytes") or 0),
        created_at=str(row["CreatedAt"]).rstrip("Z"),
    )


def part_of(row: Mapping[str, Any]) -> tuple[str, str]:
    """Preview and service key of a row of Swarm's list of tasks, by its container's labels; empty where it has none."""
    labels = (row["Spec"].get("ContainerSpec") or {}).get("Labels") or {}
    return labels.get(SLUG, ""), labels.get(SERVICE, "")


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service of a preview.

    Attributes:
        id: Swarm's id.
        name: Its name.
        slug: Preview.
        key: Service key.
        replicas: Containers that are wanted: 1, or 0 while the preview sleeps.
        checked: Whether its container can say that it is healthy.
        tasks: Its tasks, the newest last.
    """

    id: str
    name: str
    slug: str
    key: str
    replicas: int
    checked: bool
    tasks: Sequence[Task]

    @property
    def task(self) -> Task | None:
        """The newest task."""
        return self.tasks[-1] if self.tasks else None

    @property
    def node(self) -> str:
        """Name of the node of the newest; empty: none yet."""
        return self.task.host if self.task else ""

    @property
    def state(self) -> ContainerState:
        """The same, as of a container."""
        status, health = self._status()
        return ContainerState(
            name=self.name,
            slug=self.slug,
            service=self.key,
            status=status,
            health=health,
            exit_code=self.task.exit_code if self.task and self.task.state in ("failed", "complete") else None,
            id=_identity(self.task) if self.task else self.id,
            # What is stopped is nowhere: it may be started on another.
            node=self.node if status != "exited" else "",
        )

    def _status(self) -> tuple[str, str]:
        task = self.task
        if not self.replicas:
            return ("removing" if any(one.runs for one in self.tasks) else "exited"), ""
        if task is None:
            return "new", ""
        if task.state == "running":
            return "running", "healthy" if self.checked else ""
        if task.state == "starting":
            return "running", "starting"
        if task.state in SWARM_STARTS:
            before = [one for one in self.tasks[:-1] if one.generation == task.generation]
            return ("restarting" if before and before[-1].state in _FAILED else task.state), ""
        return task.state, ""


def services_of(
    rows: Iterable[Mapping[str, Any]], tasks: Iterable[Mapping[str, Any]], nodes: Mapping[str, str]
) -> list[Service]:
    """Services of previews, in the order of their names.

    Args:
        rows: Swarm's list of services.
        tasks: Its list of tasks, of others too.
        nodes: Name of each node, by its id.
    """
    found = []
    by_service: dict[str, list[Mapping[str, Any]]] = {}
    for task in tasks:
        by_service.setdefault(task["ServiceID"], []).append(task)
    for row in rows:
        spec = row["Spec"]
        own = [task_of(one, spec["Name"], nodes) for one in by_service.get(row["ID"], ())]
        own.sort(key=lambda task: task.created_at)
        found.append(
            Service(
                id=row["ID"],
                name=spec["Name"],
                slug=spec["Labels"].get(SLUG, ""),
                key=spec["Labels"].get(SERVICE, ""),
                replicas=int(((spec.get("Mode") or {}).get("Replicated") or {}).get("Replicas", 1)),
                checked=bool((spec["TaskTemplate"]["ContainerSpec"].get("Healthcheck") or {}).get("Test")),
                tasks=own,
            )
        )
    return sorted(found, key=lambda service: service.name)


def service_id(state: ContainerState) -> str:
    """Swarm's id of the service that a state is of."""
    return state.id.partition(".")[0]


def event_of_task(service: Service, task: Task) -> ContainerEvent | None:
    """What has happened to a task, where that keeps its service from coming up or brings it nearer to it.

    Args:
        service: Its service.
        task: The task.
    """

    def event(action: str, reason: str = "") -> ContainerEvent:
        return ContainerEvent(
            action=action,
            id=_identity(task),
            name=service.name,
            service=service.key,
            exit_code=task.exit_code,
            reason=reason,
        )

    if task.state == "rejected":
        return event("reject", f"{task.host or 'a node'} cannot run it: {task.error.rstrip('.')}")
    if task.state == "pending" and task.error:
        return event("pend", task.error.rstrip("."))
    if task.state == "failed" and task.exit_code == _SHUT_DOWN and "unhealthy" in task.error:
        return event("die", "was stopped, since its health check fails")
    actions = {"starting": "start", "running": "healthy", "failed": "die", "complete": "die"}
    return event(actions[task.state]) if task.state in actions else None


def _identity(task: Task) -> str:
    return f"{task.service}.{task.generation}"
