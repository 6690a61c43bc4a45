"""What the Docker engine of a base knows about previews, read through its API."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from docker.errors import APIError, DockerException, NotFound

from components.labels import BASE, PART_OF_BASE, PREVIEW, SLUG
from components.services import by_key
from operations.at_once import at_once
from operations.machine.belongings import Belongings
from operations.machine.connection import Api, Way, posted
from operations.machine.docker_state import ContainerEvent, ContainerState, event_of, state_of
from operations.machine.executions import Executions
from operations.machine.images import Images
from operations.machine.runtime import LOG_LINES
from operations.machine.usage import Usages
from operations.machine.wellness import wait_until_well


class Docker(Belongings, Images, Executions, Usages):
    """The Docker engine of a base; satisfies :class:`operations.machine.runtime.Runtime`.

    Args:
        way: The way to it.
        label: Base whose previews are meant, by its label; empty: all that are there.

    Raises:
        OperationError: It does not answer.
    """

    def __init__(self, way: Way, label: str = "") -> None:
        super().__init__(way)
        self._filters = [f"{PREVIEW}=true", *([f"{BASE}={label}"] if label else [])]

    def previews(self) -> list[ContainerState]:
        """Every service's container of every preview, running or not, in the order of their names.

        Raises:
            OperationError: Docker does not say.
        """
        return [state for state in self._states() if state.service in by_key()]

    def of_slug(self, slug: str) -> list[ContainerState]:
        """Containers of one preview; see :meth:`previews`."""
        return [state for state in self.previews() if state.slug == slug]

    def failed(self, slug: str) -> list[ContainerState]:
        """Containers of one preview that are not well, and those whose preparing of data has failed."""
        return [
            state
            for state in self._states()
            if state.slug == slug and (state.exit_code if state.service not in by_key() else not state.well)
        ]

    def unwell(self, slug: str, give_up: Callable[[], bool] = lambda: False) -> list[ContainerState]:
        """Containers of one preview that are not well, once those that run have had their time to become it.

        Args:
            slug: The preview.
            give_up: Says whether to stop waiting.

        Raises:
            OperationError: Docker does not say.
        """
        return wait_until_well(lambda: self.of_slug(slug), give_up)

    def remove_broken(self, slug: str) -> list[ContainerState]:
        """Remove containers of one preview that are broken, for an update to make anew; returns them as they were.

        Raises:
            OperationError: Docker does not say, or refuses.
        """
        broken = [state for state in self.of_slug(slug) if state.broken]
        for state in broken:
            self.remove_container(state)
        return broken

    def shortage(self, slug: str, ahead: Callable[[], Iterable[str]]) -> str:  # noqa: ARG002
        """Nothing: what one machine has room for, its slots say."""
        return ""

    def start(self, state: ContainerState) -> None:
        """Start a container that is stopped; one that runs is left alone.

        Raises:
            OperationError: Docker refuses, as of one that is gone.
        """
        self._ask(f"start the container {state.name}", lambda api: api.start(state.id))

    def limit_cpus(self, state: ContainerState, cpus: float) -> None:
        """Give a container that share of processors, if it has another, whether it runs or not; it may be gone.

        Raises:
            OperationError: Docker refuses.
        """
        wanted = round(cpus * 1e9)

        def limited(api: Api) -> None:
            with contextlib.suppress(NotFound):
                if api.inspect_container(state.id)["HostConfig"]["NanoCpus"] != wanted:
                    # Docker's client knows the older way to say it alone, which cannot change this one.
                    posted(api, f"/containers/{state.id}/update", json={"NanoCpus": wanted})

        self._ask(f"limit the container {state.name}", limited)

    def stop_all(self, slug: str) -> bool:
        """Stop all containers of one preview at once, each within its own time; Docker starts none of them again.

        Returns:
            Whether one ran.

        Raises:
            OperationError: Docker does not say, or refuses.
        """

        def stopped(state: ContainerState) -> None:
            def unless_gone(api: Api) -> None:
                with contextlib.suppress(NotFound):
                    api.stop(state.id)

            self._ask(f"stop the container {state.name}", unless_gone)

        running = [state for state in self._states() if state.slug == slug and state.runs]
        at_once(stopped, running)
        return bool(running)

    def remove_container(self, state: ContainerState) -> None:
        """Remove a container; it may be gone already.

        Raises:
            OperationError: Docker refuses.
        """
        self._remove("container", state.id or state.name, state.name)

    @contextlib.contextmanager
    def events(self, slug: str) -> Iterator[Iterator[ContainerEvent]]:
        """What happens to containers of one preview, until the block ends or the connection breaks.

        Raises:
            OperationError: Docker does not say.
        """
        wanted = {
            "type": "container",
            "event": ["start", "health_status", "die", "kill", "oom"],
            "label": [*self._filters, f"{SLUG}={slug}"],
        }
        stream = self._ask("tell what happens", lambda api: api.events(filters=wanted, decode=True))
        try:
            yield map(event_of, stream)
        finally:
            # Whoever reads it in another thread finds its end.
            with contextlib.suppress(OSError, AttributeError):
                stream.close()

    def of_bases(self) -> list[ContainerState]:
        """Containers of the bases that are on the engine, running or not.

        Raises:
            OperationError: Docker does not say.
        """
        return self._states([f"{PART_OF_BASE}=true"])

    def _states(self, labels: Sequence[str] = ()) -> list[ContainerState]:
        wanted = {"label": [*(labels or self._filters)]}
        found = self._ask("list its containers", lambda api: api.containers(all=True, filters=wanted))
        return sorted(map(state_of, found), key=lambda state: state.name)

    def follow(self, container: str) -> Iterator[str]:
        """Lines of a container's log as they come, from the last ones on, until it ends."""
        with contextlib.suppress(APIError):
            rest = ""
            for chunk in self._client.api.logs(container, tail=LOG_LINES, follow=True, stream=True):
                *lines, rest = (rest + chunk.decode("utf-8", "replace")).split("\n")
                yield from lines
            if rest:
                yield rest

    def last_lines(self, container: str, lines: int = LOG_LINES) -> str:
        """Last lines of a container's log; empty where it has none, is gone, or Docker does not answer."""
        with contextlib.suppress(DockerException, OSError):
            text: bytes = self._client.api.logs(container, tail=lines)
            return text.decode("utf-8", "replace").rstrip()
        return ""

    def published_ports(self, container: str) -> set[int]:
        """Host ports that a container publishes; empty where it does not exist or does not run.

        Raises:
            OperationError: Docker does not say.
        """
        ports = (self._container(container).get("NetworkSettings") or {}).get("Ports") or {}
        return {int(binding["HostPort"]) for bindings in ports.values() for binding in bindings or []}

    def is_running(self, container: str) -> bool:
        """Whether a container of that name runs.

        Raises:
            OperationError: Docker does not say.
        """
        return bool((self._container(container).get("State") or {}).get("Running"))

    def _container(self, name: str) -> Mapping[str, Any]:
        def inspected(api: Api) -> Mapping[str, Any]:
            with contextlib.suppress(NotFound):
                found: Mapping[str, Any] = api.inspect_container(name)
                return found
            return {}

        return self._ask(f"describe the container {name}", inspected)
