"""Containers, networks and volumes that carry this project's labels: found and removed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

from docker.errors import NotFound

from operations.machine.connection import Api, Connection
from operations.machine.docker_state import Belonging, Kind, belonging_of

SWARM_TASK = "com.docker.swarm.task.id"
"""Docker's label of a container that a Swarm runs."""


class Belongings(Connection):
    """What belongs to a preview or a base on one engine."""

    def belongings(self, labels: Mapping[str, str]) -> list[Belonging]:
        """Containers, networks and volumes that carry all the labels, in the order in which they can be removed.

        Raises:
            OperationError: Docker does not say.
        """
        wanted = {"label": [f"{name}={value}" for name, value in labels.items()]}
        containers = self._ask("list its containers", lambda api: api.containers(all=True, filters=wanted))
        networks = self._ask("list its networks", lambda api: api.networks(filters=wanted))
        volumes = self._ask("list its volumes", lambda api: api.volumes(filters=wanted)["Volumes"] or [])
        return [
            *(belonging_of("container", row["Id"], row["Names"][0].lstrip("/"), row) for row in containers),
            *(belonging_of("network", row["Id"], row["Name"], row) for row in networks),
            *(belonging_of("volume", row["Name"], row["Name"], row) for row in volumes),
        ]

    def remove(self, belonging: Belonging) -> None:
        """Remove something; it may be gone already.

        Raises:
            OperationError: Docker refuses.
        """
        self._remove(belonging.kind, belonging.id, belonging.name)

    def _remove(self, kind: Kind, identity: str, name: str) -> None:
        remove: dict[Kind, Callable[[Api], object]] = {
            "container": lambda api: api.remove_container(identity, force=True, v=True),
            "network": lambda api: remove_network(api, identity),
            "volume": lambda api: api.remove_volume(identity),
        }

        def unless_gone(api: Api) -> None:
            with contextlib.suppress(NotFound):
                remove[kind](api)

        self._ask(f"remove the {kind} {name}", unless_gone)


def remove_network(api: Api, identity: str) -> None:
    """Remove a network, from which the reverse proxy is taken first, which stays.

    A Swarm's container leaves it by itself, when it ends: taken from it before, it would leave its volume behind.
    """
    for container in api.inspect_network(identity).get("Containers") or {}:
        with contextlib.suppress(NotFound):
            if SWARM_TASK not in (api.inspect_container(container)["Config"]["Labels"] or {}):
                api.disconnect_container_from_network(container, identity, force=True)
    api.remove_network(identity)
