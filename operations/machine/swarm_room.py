"""Whether a Swarm has room for services, reckoned as its scheduler does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from components.service_spec import ServiceSpec
from operations.machine.swarm_tasks import Task, node_name

_MIB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Node:
    """What a node of a Swarm has to give.

    Attributes:
        id: Swarm's id.
        name: Its host name.
        obstacle: Why nothing can be placed on it, such as ``down`` or ``drained``; empty where something can.
        cpus: Processors that are not set aside.
        memory: Bytes of memory that are not.
        tasks: Tasks that it has.
    """

    id: str
    name: str
    obstacle: str = ""
    cpus: float
    memory: int
    tasks: int = 0

    def takes(self, service: ServiceSpec) -> bool:
        """Whether it has room for a service."""
        # The share is a decimal fraction, of which several do not add up in binary ones.
        return (
            not self.obstacle and self.cpus + 1e-6 >= float(service.cpus) and self.memory >= service.memory_mib * _MIB
        )

    def with_service(self, service: ServiceSpec) -> Node:
        """The same with a service more."""
        return replace(
            self,
            cpus=self.cpus - float(service.cpus),
            memory=self.memory - service.memory_mib * _MIB,
            tasks=self.tasks + 1,
        )

    def __str__(self) -> str:
        if self.obstacle:
            return f"{self.name} is {self.obstacle}"
        return f"{self.name} has {max(self.cpus, 0):.2f} CPU and {max(self.memory, 0) // _MIB} MiB free"


def nodes_of(rows: Iterable[Mapping[str, Any]], tasks: Sequence[Task]) -> list[Node]:
    """The nodes of a Swarm, in the order of their names.

    Args:
        rows: Its list of nodes.
        tasks: All its tasks.
    """
    found = []
    for row in rows:
        own = [task for task in tasks if task.node == row["ID"] and task.takes_room]
        has = (row.get("Description") or {}).get("Resources") or {}
        state, availability = row["Status"]["State"], row["Spec"]["Availability"]
        found.append(
            Node(
                id=row["ID"],
                name=node_name(row),
                obstacle="" if state == "ready" and availability == "active" else _obstacle(state, availability),
                cpus=int(has.get("NanoCPUs") or 0) / 1e9 - sum(task.cpus for task in own),
                memory=int(has.get("MemoryBytes") or 0) - sum(task.memory for task in own),
                tasks=len(own),
            )
        )
    return sorted(found, key=lambda node: node.name)


def _obstacle(state: str, availability: str) -> str:
    return state if state != "ready" else {"drain": "drained", "pause": "paused"}.get(availability, availability)


def shortage_of(nodes: Sequence[Node], ahead: Iterable[ServiceSpec], wanted: Iterable[ServiceSpec]) -> str:
    """What each node lacks for the first service that finds no room; empty where all do.

    Each goes where the scheduler would put it: on the node with the fewest tasks of those that have room.

    Args:
        nodes: The nodes as they are.
        ahead: Services of others that go first, and are not there yet.
        wanted: Services to be placed.
    """
    left = {node.name: node for node in nodes}

    def place(service: ServiceSpec) -> bool:
        able = [node for node in left.values() if node.takes(service)]
        if able:
            chosen = min(able, key=lambda node: node.tasks)
            left[chosen.name] = chosen.with_service(service)
        return bool(able)

    for service in ahead:
        place(service)
    for service in wanted:
        if not place(service):
            needs = f"{service.key} needs {float(service.cpus):.2f} CPU and {service.memory_mib} MiB"
            return f"{needs}, and beside the others {', '.join(map(str, left.values()))}"
    return ""
