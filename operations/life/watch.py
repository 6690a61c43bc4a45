"""Watches the containers that an update makes: one that will not come up ends the update at once.

Whoever waits for a new container to be healthy does so until its time is over, whatever becomes of it meanwhile, or
until it is gone.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TypeVar

from components.labels import PREPARING
from components.services import by_key
from operations.errors import EngineError, OperationError
from operations.machine.docker_state import ContainerEvent
from operations.machine.runtime import Runtime

_MOST_ENDS = 3
_ENDS = ("die", "oom", "pend", "reject")
_NO_IMAGE = "No such image"
_POLL_SECONDS = 0.5

T = TypeVar("T")


class EndedError(OperationError):
    """A container that an update has made will not come up; the message names it, with the reason.

    Attributes:
        container: Its name.
        log: Its last lines.
        refused: Whether it was never started: no node has room for it, or can get its image.
    """

    def __init__(self, message: str, container: str, log: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.container = container
        self.log = log
        self.refused = refused


class Judge:
    """Says which container will not come up, by what happens to those that an update makes.

    * One that the kernel kills for memory: its limit stays what it is.
    * One that prepares data and fails: it is not started again.
    * One that no node of a Swarm has room for, which the Swarm would wait for without end, or whose image a node cannot
      get.
    * One that has ended three times. Docker starts it again each time, and once or twice may be chance (pgwatch ends by
      a race of its own); a deploy does not last long enough for three by chance.

    Containers that were there before are not judged: the update has not made them, and undoing it would not mend them.

    Args:
        known: Ids of containers that were there before.
    """

    def __init__(self, known: Collection[str]) -> None:
        # Who is stopped ends as it should.
        self._ignored = set(known)
        self._ends: Counter[str] = Counter()

    def reason(self, event: ContainerEvent) -> str:
        """Why the container of an event will not come up; empty where it may."""
        service = by_key().get(event.service.removesuffix(PREPARING))
        if event.action == "kill":
            self._ignored.add(event.id)
        if service is None or event.id in self._ignored or event.action not in _ENDS:
            return ""
        if event.action == "oom":
            return f"killed: out of memory ({service.memory_mib} MiB)"
        if event.action == "pend" or (event.action == "reject" and _NO_IMAGE in event.reason):
            return event.reason
        ended = event.reason or f"ended with exit code {event.exit_code}"
        if event.service.endswith(PREPARING):
            return ended if event.exit_code else ""
        self._ends[event.id] += 1
        return f"{ended}, {_MOST_ENDS} times" if self._ends[event.id] >= _MOST_ENDS else ""


def watched(docker: Runtime, slug: str, interrupt: Callable[[], None], update: Callable[[], T]) -> T:
    """Run an update of a preview, and end it where a container that it makes will not come up.

    Where Docker does not tell what happens, the update runs as it would alone.

    Args:
        docker: What runs previews on the preview's machine.
        slug: The preview.
        interrupt: Asks the engine to end what it has begun and to stop.
        update: The update.

    Raises:
        EndedError: A container did not come up. It, and whatever else was new and not well yet, is gone.
        OperationError: The update failed by itself.
    """
    watch = _Watch(docker, slug, interrupt)
    try:
        with watch.running():
            result = update()
    except EngineError as error:
        if watch.ended:
            raise watch.ended from error
        raise
    if watch.ended:
        raise watch.ended
    return result


class _Watch:
    def __init__(self, docker: Runtime, slug: str, interrupt: Callable[[], None]) -> None:
        self._docker = docker
        self._slug = slug
        self._interrupt = interrupt
        self._thread: threading.Thread | None = None
        self._over = threading.Event()
        self.ended: EndedError | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Watch while the block runs."""
        with ExitStack() as leaving:
            # Left in the opposite order: the thread ends when it finds that the events have.
            leaving.callback(self._join)
            with suppress(OperationError):
                events = leaving.enter_context(self._docker.events(self._slug))
                known = {state.id for state in self._docker.of_slug(self._slug)}
                self._thread = threading.Thread(target=self._follow, args=(events, known), daemon=True)
                self._thread.start()
            leaving.callback(self._over.set)
            yield

    def _join(self) -> None:
        if self._thread:
            self._thread.join()

    def _follow(self, events: Iterator[ContainerEvent], known: Collection[str]) -> None:
        judge = Judge(known)
        # Whatever goes wrong in here, the update goes on as it would alone.
        with suppress(Exception):
            for event in events:
                if reason := judge.reason(event):
                    self._end(event, reason, known)
                    return

    def _end(self, event: ContainerEvent, reason: str, known: Collection[str]) -> None:
        # Read first: its log goes with it.
        log = self._docker.last_lines(event.name)
        said = next((line.strip() for line in reversed(log.splitlines()) if line.strip()), "")
        words = f": {said.rstrip('.')}" if said and event.action == "die" else ""
        refused = event.action in ("pend", "reject")
        self.ended = EndedError(f"{event.service}: {reason}{words}.", event.name, log, refused=refused)
        self._interrupt()
        # The engine ends when all that it has begun has, and waits for health end when there is nothing to wait for.
        while not self._over.is_set():
            for state in self._docker.of_slug(self._slug):
                if state.id not in known and not state.well:
                    with suppress(OperationError):
                        self._docker.remove_container(state)
            self._over.wait(_POLL_SECONDS)
