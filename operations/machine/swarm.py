"""What runs previews on several machines: a Docker Swarm, asked through its manager, and for one container its node."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from docker.errors import APIError, DockerException
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from components.services import SERVICES, by_key
from operations.at_once import at_once
from operations.errors import OperationError
from operations.machine.connection import Api, Way
from operations.machine.docker import Docker
from operations.machine.docker_state import ContainerEvent, ContainerState
from operations.machine.images import Images
from operations.machine.runtime import LOG_LINES
from operations.machine.streams import Streams
from operations.machine.swarm_lists import SwarmLists
from operations.machine.swarm_room import nodes_of, shortage_of
from operations.machine.swarm_tasks import Task, event_of_task, part_of, service_id, task_of
from operations.machine.usage import Usage
from operations.machine.wellness import wait_until_well

_POLL_SECONDS = 1.0
_STOP_SECONDS = 90
_UNPLACED_SECONDS = 30
"""How long a task may wait for a node: one may be starting again, or a service that goes may still be on it."""
_KILLED = 137
_TIME = re.compile(r"\d{4}-\d\d-\d\dT")

Engines = Mapping[str, Callable[[], Docker]]
"""Name of a node → opens the way to its Docker engine."""


class Swarm(Images, SwarmLists):
    """A Docker Swarm; satisfies :class:`operations.machine.runtime.Runtime`.

    Args:
        way: The way to the manager's engine.
        label: Base whose previews are meant, by its label.
        engines: The nodes' engines, each opened when it is first needed.

    Raises:
        OperationError: The manager does not answer.
    """

    def __init__(self, way: Way, label: str, engines: Engines) -> None:
        super().__init__(way, label)
        self._engines = engines
        self._open_engines: dict[str, Docker] = {}
        self._opening = threading.Lock()

    def previews(self) -> list[ContainerState]:
        return [service.state for service in self._services() if service.key in by_key()]

    def of_slug(self, slug: str) -> list[ContainerState]:
        return [service.state for service in self._services(slug) if service.key in by_key()]

    def failed(self, slug: str) -> list[ContainerState]:
        return [state for state in self.of_slug(slug) if not state.well]

    def unwell(self, slug: str, give_up: Callable[[], bool] = lambda: False) -> list[ContainerState]:
        return wait_until_well(lambda: self.of_slug(slug), give_up)

    def remove_broken(self, slug: str) -> list[ContainerState]:
        broken = [state for state in self.of_slug(slug) if state.broken]
        for state in broken:
            self.remove_container(state)
        return broken

    def shortage(self, slug: str, ahead: Callable[[], Iterable[str]]) -> str:
        rows = self._ask("list its tasks", lambda api: api.tasks())
        tasks = [task_of(row, "", {}) for row in rows]
        # By tasks, which outlive their services: while a preview is being destroyed it has its slot, and what it no
        # longer has must not be counted beside what still runs of it.
        placed = {part_of(row) for row, task in zip(rows, tasks, strict=True) if task.takes_room}
        wanted = [service for service in SERVICES if (slug, service.key) not in placed]
        if not wanted:
            return ""
        first = [service for other in ahead() for service in SERVICES if (other, service.key) not in placed]
        return shortage_of(nodes_of(self._ask("list its nodes", lambda api: api.nodes()), tasks), first, wanted)

    def start(self, state: ContainerState) -> None:
        for service in self._services(state.slug):
            if service.id == service_id(state):
                self._set_replicas(service, 1)

    def limit_cpus(self, state: ContainerState, cpus: float) -> None:
        """The engine of its node is told, for with another share the Swarm would make the container anew."""
        service = next((one for one in self._services(state.slug) if one.id == service_id(state)), None)
        if service and service.task and service.task.runs:
            # One that is away has no more than it was given before.
            with contextlib.suppress(OperationError):
                self._engine(service.node).limit_cpus(replace(state, id=service.task.name), cpus)

    def stop_all(self, slug: str) -> bool:
        found = self._services(slug)
        at_once(lambda service: self._set_replicas(service, 0), found)
        try:
            Retrying(stop=stop_after_delay(_STOP_SECONDS), wait=wait_fixed(0.5), retry=retry_if_result(bool))(
                self._stopping, slug
            )
        except RetryError as error:
            raise OperationError(
                f"Services of the preview {slug!r} have not stopped within {_STOP_SECONDS} s: see with docker node ls "
                "on the manager that all its nodes answer, and try again."
            ) from error
        return any(service.replicas for service in found)

    def _stopping(self, slug: str) -> list[str]:
        """Tasks that still run, where the manager can know."""
        nodes = self._ask("list its nodes", lambda api: api.nodes())
        away = {row["ID"] for row in nodes if row["Status"]["State"] != "ready"}
        return [
            task.id for service in self._services(slug) for task in service.tasks if task.runs and task.node not in away
        ]

    def remove_container(self, state: ContainerState) -> None:
        self._remove("service", service_id(state), state.name)

    @contextlib.contextmanager
    def events(self, slug: str) -> Iterator[Iterator[ContainerEvent]]:
        over = threading.Event()
        self._services(slug)
        try:
            yield self._happening(slug, over)
        finally:
            over.set()

    def _happening(self, slug: str, over: threading.Event) -> Iterator[ContainerEvent]:
        told: set[tuple[str, str]] = set()
        waiting: dict[str, float] = {}
        while not over.wait(_POLL_SECONDS):
            for service in self._services(slug):
                for task in service.tasks:
                    event = event_of_task(service, task)
                    if event is None or (task.id, event.action) in told:
                        continue
                    if event.action == "pend" and _waited(waiting, task) < _UNPLACED_SECONDS:
                        continue
                    told.add((task.id, event.action))
                    yield self._of_memory(task, event)

    def _of_memory(self, task: Task, event: ContainerEvent) -> ContainerEvent:
        """The same, with what its node's engine alone knows: that the kernel has killed it for memory."""
        if event.exit_code == _KILLED:
            with contextlib.suppress(OperationError, LookupError):
                if self._engine(task.host).was_out_of_memory(task.name):
                    return replace(event, action="oom")
        return event

    def _engine(self, node: str) -> Docker:
        """Engine of a node.

        Raises:
            OperationError: It does not answer, or the base does not know the node.
        """
        if node not in self._open_engines:
            if node not in self._engines:
                raise OperationError(
                    f"The base does not know the node {node!r}: bring it up again (pulumi up), which learns its nodes."
                )
            # Of many that ask at once, one opens the way to a node.
            with self._opening:
                if node not in self._open_engines:
                    self._open_engines[node] = self._engines[node]()
        return self._open_engines[node]

    def execute(self, container: str, command: Sequence[str], streams: Streams) -> int:
        service = self._service(container)
        if service is None or service.task is None or not service.task.runs:
            raise OperationError(f"The service {container} does not run: see ./preview status, and try again.")
        return self._engine(service.node).execute(service.task.name, command, streams)

    def usage(self, state: ContainerState) -> Usage | None:
        service = next((one for one in self._services(state.slug) if one.id == service_id(state)), None)
        # What was never given to a node, or has left it, uses nothing.
        if service is None or service.task is None or not service.task.runs:
            return None
        task = service.task
        found = self._engine(service.node).usage(replace(state, id=task.name))
        ended = [one for one in service.tasks if one.generation == task.generation and one is not task]
        return replace(found, state=state, restarts=len(ended)) if found else None

    def use_images(self, references: Iterable[str], on_pull: Callable[[str], None]) -> dict[str, str]:
        """Names of images that every node understands: an id means nothing where the image came another way."""
        return {
            reference: self._ask(f"describe the image {reference}", partial(_digest, reference))
            for reference in super().use_images(references, on_pull)
        }

    def follow(self, container: str) -> Iterator[str]:
        rest = ""
        with contextlib.suppress(APIError):
            for chunk in self._log(container, LOG_LINES, follow=True):
                *lines, rest = (rest + chunk).split("\n")
                yield from lines
        if rest:
            yield rest

    def last_lines(self, container: str, lines: int = LOG_LINES) -> str:
        with contextlib.suppress(DockerException, OSError):
            text = "".join(self._log(container, lines, follow=False))
            # Each task has a log of its own. What has no time says that a node is away.
            told = sorted(line for line in text.splitlines() if _TIME.match(line))[-lines:]
            return "\n".join(line.partition(" ")[2] for line in told).rstrip()
        return ""

    def _log(self, service: str, lines: int, *, follow: bool) -> Iterator[str]:
        chunks = self._client.api.service_logs(
            service, stdout=True, stderr=True, tail=lines, follow=follow, timestamps=not follow, is_tty=False
        )
        return (chunk.decode("utf-8", "replace") for chunk in chunks)


def _waited(since: dict[str, float], task: Task) -> float:
    """Seconds since a task was first found waiting."""
    return time.monotonic() - since.setdefault(task.id, time.monotonic())


def _digest(reference: str, api: Api) -> str:
    """Repository and digest of an image; the reference where it has none, as where it was built on the manager."""
    found = api.inspect_image(reference).get("RepoDigests") or []
    repository = reference.partition("@")[0]
    head, slash, last = repository.rpartition("/")
    repository = f"{head}{slash}{last.partition(':')[0]}"
    return next((one for one in found if one.partition("@")[0] == repository), reference)
