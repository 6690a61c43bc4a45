"""What ends the wait of a deploy, and what does not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import cast

import pytest

from operations.errors import EngineError, OperationError
from operations.life.watch import EndedError, Judge, watched
from operations.machine.docker import Docker
from operations.machine.docker_state import ContainerEvent, ContainerState, event_of

_SECONDS = 30


def event(action: str, service: str = "pgwatch", code: int = 0, identity: str = "new") -> ContainerEvent:
    return ContainerEvent(action=action, id=identity, name=f"preview-a-{service}", service=service, exit_code=code)


def judged(*events: ContainerEvent, known: tuple[str, ...] = ("old",)) -> list[str]:
    judge = Judge(known)
    return [judge.reason(one) for one in events]


def test_a_container_that_is_killed_for_memory_is_given_up_at_once() -> None:
    assert judged(event("oom", "grafana")) == ["killed: out of memory (256 MiB)"]
    assert judged(event("oom", "sink-init")) == ["killed: out of memory (512 MiB)"]
    assert judged(event("die", "grafana", 137), event("oom", "grafana"))[-1] == "killed: out of memory (256 MiB)"


def test_a_container_may_end_twice_but_not_three_times() -> None:
    ends = judged(*[event("die", code=1)] * 3)
    assert ends == ["", "", "ended with exit code 1, 3 times"]
    assert judged(event("die", code=0), event("die", code=0), event("die", code=0))[-1], "nobody needs it to end well"


def test_ends_of_several_containers_are_counted_apart() -> None:
    pairs = [event("die", "pgwatch", 1, "one"), event("die", "backend", 1, "two")] * 2
    assert judged(*pairs) == [""] * 4


def test_a_container_that_prepares_data_may_end_well_and_must_not_fail() -> None:
    assert judged(event("die", "sink-init", 0)) == [""]
    assert judged(event("die", "sink-init", 3)) == ["ended with exit code 3"]


def test_what_was_there_before_and_what_is_stopped_is_left_alone() -> None:
    assert judged(event("oom", identity="old"), *[event("die", code=1, identity="old")] * 5) == [""] * 6
    assert judged(event("kill"), *[event("die", code=137)] * 5) == [""] * 6


def test_what_is_no_service_is_left_alone() -> None:
    assert judged(event("oom", ""), event("oom", "stranger")) == ["", ""]


def test_dockers_event_is_read() -> None:
    attributes = {"name": "preview-a-sink", "pgai.preview.service": "sink", "exitCode": "137"}
    assert event_of({"Action": "die", "Actor": {"ID": "c1", "Attributes": attributes}}) == event(
        "die", "sink", 137, "c1"
    )


@dataclass
class StandInDocker:
    """A Docker engine whose events a test gives."""

    happens: SimpleQueue[ContainerEvent | Exception | None] = field(default_factory=SimpleQueue)
    containers: list[ContainerState] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    deaf: bool = False
    on_removed: Callable[[], None] = lambda: None

    @property
    def docker(self) -> Docker:
        return cast(Docker, self)

    @contextmanager
    def events(self, slug: str) -> Iterator[Iterator[ContainerEvent]]:
        assert slug == "a"
        if self.deaf:
            raise OperationError("does not answer")
        try:
            yield self._read()
        finally:
            self.happens.put(None)

    def _read(self) -> Iterator[ContainerEvent]:
        while (found := self.happens.get(timeout=_SECONDS)) is not None:
            if isinstance(found, Exception):
                raise found
            yield found

    def of_slug(self, slug: str) -> list[ContainerState]:
        return [state for state in self.containers if state.slug == slug and state.name not in self.removed]

    def last_lines(self, container: str) -> str:
        return f"hello from {container}\nthe disk is full.\n\n"

    def remove_container(self, state: ContainerState) -> None:
        self.removed.append(state.name)
        self.on_removed()


def state(service: str, identity: str, health: str = "starting") -> ContainerState:
    return ContainerState(
        name=f"preview-a-{service}", slug="a", service=service, status="running", health=health, id=identity
    )


def _watching() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if "_follow" in thread.name]


class Update:
    """An update that ends when it is interrupted and nothing is left to wait for."""

    def __init__(self, docker: StandInDocker, *, made: list[ContainerState], gives: Exception | None) -> None:
        self._docker, self._made, self._gives = docker, made, gives
        self.interrupted = threading.Event()
        self._free = threading.Event()
        docker.on_removed = self._free.set

    def __call__(self) -> str:
        self._docker.containers += self._made
        for _ in range(3):
            self._docker.happens.put(event("die", code=1))
        assert self.interrupted.wait(_SECONDS)
        assert self._free.wait(_SECONDS)
        if self._gives:
            raise self._gives
        return "done"


@pytest.mark.parametrize("gives", [EngineError("update canceled"), None])
def test_an_update_is_interrupted_and_the_container_named_with_its_last_words(gives: Exception | None) -> None:
    docker = StandInDocker(containers=[state("target", "old", "unhealthy"), state("sink", "old-sink")])
    update = Update(docker, made=[state("pgwatch", "new"), state("grafana", "newer", "healthy")], gives=gives)
    with pytest.raises(EndedError) as ended:
        watched(docker.docker, "a", update.interrupted.set, update)
    assert str(ended.value) == "pgwatch: ended with exit code 1, 3 times: the disk is full."
    assert ended.value.container == "preview-a-pgwatch"
    assert "hello from preview-a-pgwatch" in ended.value.log
    assert set(docker.removed) == {"preview-a-pgwatch"}, "what is old or well stays"
    assert not _watching()


def test_an_update_that_goes_well_or_fails_by_itself_is_left_alone() -> None:
    docker = StandInDocker()
    assert watched(docker.docker, "a", pytest.fail, lambda: 7) == 7
    with pytest.raises(EngineError, match="no room"):
        watched(docker.docker, "a", pytest.fail, _failing)
    assert not _watching()


def _failing() -> None:
    raise EngineError("no room")


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_watch_that_fails_fails_no_update() -> None:
    assert watched(StandInDocker(deaf=True).docker, "a", pytest.fail, lambda: 7) == 7
    broken = StandInDocker()
    broken.happens.put(RuntimeError("half an event"))
    assert watched(broken.docker, "a", pytest.fail, lambda: 7) == 7
