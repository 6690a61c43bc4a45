"""What a Swarm's manager says of previews, and what it is told to change."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from docker.errors import APIError, NotFound
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from components.labels import BASE, PREVIEW, SERVICE, SLUG
from operations.machine.belongings import remove_network
from operations.machine.connection import Api, Connection, Way, posted
from operations.machine.docker_state import Belonging, Kind, belonging_of
from operations.machine.swarm_tasks import Service, node_name, services_of

_IN_USE_SECONDS = 60
"""How long tasks of a service that is removed may take to end: networks, secrets and configs are theirs until then."""
_REPLICAS_TRIES_SECONDS = 10


class SwarmLists(Connection):
    """The services of previews, and all that belongs to them.

    Args:
        way: The way to the manager's engine.
        label: Base whose previews are meant, by its label.

    Raises:
        OperationError: It does not answer.
    """

    def __init__(self, way: Way, label: str) -> None:
        super().__init__(way)
        self._labels = [f"{PREVIEW}=true", f"{BASE}={label}"]

    def _services(self, slug: str = "") -> list[Service]:
        """Services of one preview, or of all, in the order of their names."""
        wanted = {"label": [*self._labels, *([f"{SLUG}={slug}"] if slug else [])]}

        def listed(api: Api) -> list[Service]:
            rows = [row for row in api.services(filters=wanted) if SERVICE in row["Spec"]["Labels"]]
            tasks = api.tasks(filters={"service": [row["ID"] for row in rows]}) if rows else []
            return services_of(rows, tasks, {row["ID"]: node_name(row) for row in api.nodes()})

        return self._ask("list the services of previews", listed)

    def _service(self, name: str) -> Service | None:
        return next((one for one in self._services() if one.name == name), None)

    def _set_replicas(self, service: Service, replicas: int) -> None:
        """Say how many containers of a service are wanted; nothing else of it changes, and it may be gone."""

        def scale(api: Api) -> None:
            with contextlib.suppress(NotFound):
                row = api.inspect_service(service.id)
                spec = row["Spec"]
                if spec["Mode"]["Replicated"].get("Replicas") == replicas:
                    return
                spec["Mode"]["Replicated"]["Replicas"] = replicas
                # Docker's client would describe the service anew, and forget what it does not know.
                posted(api, f"/services/{service.id}/update", params={"version": row["Version"]["Index"]}, json=spec)

        Retrying(
            # Somebody else has changed it in between: it is read again.
            retry=retry_if_exception(lambda error: "out of sequence" in str(error)),
            stop=stop_after_delay(_REPLICAS_TRIES_SECONDS),
            wait=wait_fixed(0.1),
            reraise=True,
        )(lambda: self._ask(f"scale the service {service.name}", scale))

    def belongings(self, labels: Mapping[str, str]) -> list[Belonging]:
        """Services, networks, secrets and configs that carry all the labels, in the order in which they can be removed.

        Raises:
            OperationError: Docker does not say.
        """
        wanted = {"label": [f"{name}={value}" for name, value in labels.items()]}

        def listed(api: Api) -> list[Belonging]:
            return [
                *(belonging_of("service", row["ID"], row["Spec"]["Name"], row) for row in api.services(filters=wanted)),
                *(belonging_of("network", row["Id"], row["Name"], row) for row in api.networks(filters=wanted)),
                *(belonging_of("secret", row["ID"], row["Spec"]["Name"], row) for row in api.secrets(filters=wanted)),
                *(belonging_of("config", row["ID"], row["Spec"]["Name"], row) for row in api.configs(filters=wanted)),
            ]

        return self._ask("list what belongs to previews", listed)

    def remove(self, belonging: Belonging) -> None:
        """Remove something; it may be gone already.

        Raises:
            OperationError: Docker refuses.
        """
        self._remove(belonging.kind, belonging.id, belonging.name)

    def _remove(self, kind: Kind, identity: str, name: str) -> None:
        remove: dict[Kind, Callable[[Api], Any]] = {
            "service": lambda api: api.remove_service(identity),
            "network": lambda api: remove_network(api, identity),
            "secret": lambda api: api.remove_secret(identity),
            "config": lambda api: api.remove_config(identity),
        }

        def unless_gone(api: Api) -> None:
            with contextlib.suppress(NotFound):
                Retrying(
                    retry=retry_if_exception(_in_use),
                    stop=stop_after_delay(_IN_USE_SECONDS),
                    wait=wait_fixed(0.5),
                    reraise=True,
                )(remove[kind], api)

        self._ask(f"remove the {kind} {name}", unless_gone)


def _in_use(error: BaseException) -> bool:
    return isinstance(error, APIError) and ("in use" in str(error) or "active endpoints" in str(error))
