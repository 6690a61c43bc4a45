"""What the Docker engine of a base knows about previews, read through its API."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from tenacity import Retrying, retry_if_result, wait_fixed

from components.labels import BASE, PREVIEW
from components.service_spec import HEALTHY_WITHIN_SECONDS
from components.services import by_key
from operations.errors import OperationError, RefusedError
from operations.machine.docker_state import Belonging, ContainerState, Kind, belonging_of, state_of
from operations.machine.tunnel import open_socket
from stacks.outputs import BaseOutputs

LOG_LINES = 50
_POLL_SECONDS = 0.5
_PULL_TIMEOUT_SECONDS = 300


class DockerEngine:
    """A connection to a base's Docker engine.

    Args:
        address: As ``DOCKER_HOST`` takes it.
        label: Base whose previews are meant, by its label; empty: all that are there.

    Raises:
        OperationError: It does not answer.
    """

    def __init__(self, address: str, label: str = "") -> None:
        self._address = address
        self._filters = [f"{PREVIEW}=true", *([f"{BASE}={label}"] if label else [])]
        try:
            self._client = docker.DockerClient(base_url=address, timeout=60)
            self._client.ping()
        except (DockerException, OSError) as error:
            raise OperationError(
                f"The Docker engine at {address} does not answer: start it, or name a reachable one with DOCKER_HOST "
                "and bring the base up again."
            ) from error

    @classmethod
    def of(cls, base: BaseOutputs) -> DockerEngine:
        """The engine of a base, over SSH where it is a VM's.

        Raises:
            OperationError: It does not answer.
        """
        return cls(open_socket(base) if base.ssh_host_key else base.docker_host, base.edge_network)

    def previews(self) -> list[ContainerState]:
        """Every service's container of every preview, running or not, in the order of their names.

        Raises:
            OperationError: The engine does not say.
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
            OperationError: The engine does not say.
        """
        began = time.monotonic()

        def may_become_well(found: list[ContainerState]) -> bool:
            waited = time.monotonic() - began
            return not give_up() and any(
                state.status == "running" and waited < _healthy_within_seconds(state.service) for state in found
            )

        return Retrying(retry=retry_if_result(may_become_well), wait=wait_fixed(_POLL_SECONDS))(
            lambda: [state for state in self.of_slug(slug) if not state.well]
        )

    def remove_broken(self, slug: str) -> list[ContainerState]:
        """Remove containers of one preview that are broken, for an update to make anew; returns them as they were.

        Raises:
            OperationError: The engine does not say, or refuses.
        """
        broken = [state for state in self.of_slug(slug) if state.broken]
        for state in broken:
            self._remove("container", state.name, state.name)
        return broken

    def _states(self) -> list[ContainerState]:
        with self._asking("list its containers"):
            found = self._client.api.containers(all=True, filters={"label": self._filters})
        return sorted(map(state_of, found), key=lambda state: state.name)

    def belongings(self, labels: Mapping[str, str]) -> list[Belonging]:
        """Containers, networks and volumes that carry all the labels, in the order in which they can be removed.

        Raises:
            OperationError: The engine does not say.
        """
        wanted = {"label": [f"{name}={value}" for name, value in labels.items()]}
        with self._asking("list what it holds"):
            containers = self._client.api.containers(all=True, filters=wanted)
            networks = self._client.api.networks(filters=wanted)
            volumes = self._client.api.volumes(filters=wanted)["Volumes"] or []
        return [
            *(belonging_of("container", row["Id"], row["Names"][0].lstrip("/"), row) for row in containers),
            *(belonging_of("network", row["Id"], row["Name"], row) for row in networks),
            *(belonging_of("volume", row["Name"], row["Name"], row) for row in volumes),
        ]

    def remove(self, belonging: Belonging) -> None:
        """Remove something; it may be gone already.

        Raises:
            OperationError: The engine refuses.
        """
        self._remove(belonging.kind, belonging.id, belonging.name)

    def _remove(self, kind: Kind, identity: str, name: str) -> None:
        remove = {
            "container": lambda one: self._client.api.remove_container(one, force=True, v=True),
            "network": self._client.api.remove_network,
            "volume": self._client.api.remove_volume,
        }[kind]
        with self._asking(f"remove the {kind} {name}"), contextlib.suppress(NotFound):
            remove(identity)

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
        """Last lines of a container's log; empty where it has none, is gone, or the engine does not answer."""
        with contextlib.suppress(DockerException, OSError):
            text: bytes = self._client.api.logs(container, tail=lines)
            return text.decode("utf-8", "replace").rstrip()
        return ""

    def published_ports(self, container: str) -> set[int]:
        """Host ports that a container publishes; empty where it does not exist or does not run."""
        with contextlib.suppress(APIError):
            ports = self._client.api.inspect_container(container)["NetworkSettings"]["Ports"] or {}
            return {int(binding["HostPort"]) for bindings in ports.values() for binding in bindings or []}
        return set()

    def is_running(self, container: str) -> bool:
        """Whether a container of that name runs."""
        with contextlib.suppress(APIError):
            return bool(self._client.api.inspect_container(container)["State"]["Running"])
        return False

    def require_images(self, references: Iterable[str]) -> Iterator[str]:
        """Make sure that images are there, pulling those that are not.

        Yields:
            Each reference that is about to be pulled.

        Raises:
            RefusedError: An image is neither there nor can it be pulled.
        """
        for reference in sorted(set(references)):
            try:
                self._client.api.inspect_image(reference)
            except ImageNotFound:
                yield reference
                self._pull(reference)

    @contextlib.contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        try:
            yield
        except (DockerException, OSError) as error:
            reason = str(getattr(error, "explanation", None) or error).strip().rstrip(".")
            raise OperationError(
                f"The Docker engine at {self._address} does not {what} ({reason}): see that it runs, and try again."
            ) from error

    def _pull(self, reference: str) -> None:
        repository, _, tag = reference.partition("@") if "@" in reference else _split_tag(reference)
        try:
            self._client.api.timeout = _PULL_TIMEOUT_SECONDS
            self._client.images.pull(repository, tag=tag or "latest")
        except (DockerException, OSError) as error:
            reason = str(getattr(error, "explanation", None) or error).strip().rstrip(".")
            raise RefusedError(
                f"The image {reference} is not on the machine and cannot be pulled ({reason}): "
                "correct its name, or put the image on the machine. Nothing was changed."
            ) from error


def _healthy_within_seconds(service: str) -> int:
    health = by_key()[service].health
    return health.healthy_within_seconds if health else HEALTHY_WITHIN_SECONDS


def _split_tag(reference: str) -> tuple[str, str, str]:
    head, slash, last = reference.rpartition("/")
    name, colon, tag = last.partition(":")
    return f"{head}{slash}{name}", colon, tag
