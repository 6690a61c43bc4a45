"""A larger share of processors for a container while it starts.

Much of what a service does before it is well it never does again: Grafana migrates a database, the backend imports its
libraries. Within the share that each has to live in, a deploy and a wake would mostly wait for that.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from components.services import by_key
from operations.at_once import at_once
from operations.engine.snapshot import CONTAINER
from operations.errors import OperationError
from operations.life.work import Work
from operations.machine.docker_state import ContainerEvent, ContainerState
from operations.machine.runtime import Runtime

_STARTING_CPUS = 1.0


@contextmanager
def hastened(docker: Runtime, slug: str, *, only_new: bool = False) -> Iterator[set[str]]:
    """Let what starts while the block runs use a whole processor until it is healthy.

    Before the block every container of the preview gets its own share, also one to which an operation that was killed
    has left more, and after it whichever was given more. Where Docker does not tell what happens, all start within
    their own.

    Args:
        docker: What runs previews on the preview's machine.
        slug: The preview.
        only_new: Whether a container that is there already has its own share all the time: an engine that reads it
            meanwhile would take another one for a change, and make it anew.

    Yields:
        Ids of the containers that have been given more, as they are.

    Raises:
        OperationError: Docker does not answer before the block, or once it has ended well.
    """
    before = docker.of_slug(slug)
    give_own_shares(docker, before)
    given: set[str] = set()
    try:
        with ExitStack() as leaving:
            with suppress(OperationError):
                # Left in the opposite order: the thread ends when it finds that the events have.
                joined = leaving.enter_context(ExitStack())
                events = leaving.enter_context(docker.events(slug))
                spared = {state.id for state in before} if only_new else set[str]()
                thread = threading.Thread(target=_follow, args=(docker, slug, events, spared, given), daemon=True)
                thread.start()
                joined.callback(thread.join)
            yield given
    except BaseException:
        with suppress(OperationError):
            _take_back(docker, slug, given)
        raise
    _take_back(docker, slug, given)


@contextmanager
def hastened_update(work: Work) -> Iterator[None]:
    """The same while the engine updates a preview, whose state knows nothing of it afterwards.

    Docker's provider reads a container as soon as it runs, and so its larger share at times.

    Args:
        work: The operation.

    Raises:
        OperationError: Docker does not answer before the block.
    """
    made = False
    try:
        with hastened(work.machine.docker, work.name.slug, only_new=True) as given:
            yield
            made = True
    except Exception as error:
        if not made:
            raise
        work.told.note(f"containers keep the processors of their start until the next deploy ({error})")
    # Where somebody else works on the stack by now, the next update makes the container anew, which loses nothing.
    if given:
        with suppress(OperationError), work.engine.locked(work.name.stack, work.operation):
            work.engine.edit(work.name.stack, declare_as_asked)


def declare_as_asked(deployment: dict[str, Any]) -> None:
    """Let a state say of containers what was declared: their share, and that they run.

    One that ended and was started again in the moment in which the provider read it would seem to have been stopped.
    """
    for row in deployment["resources"]:
        if row["type"] == CONTAINER and "cpus" in row.get("inputs", {}):
            row["outputs"] |= {"cpus": row["inputs"]["cpus"], "mustRun": row["inputs"].get("mustRun", True)}


def _follow(
    docker: Runtime, slug: str, events: Iterator[ContainerEvent], spared: Collection[str], given: set[str]
) -> None:
    # Whatever goes wrong in here, they start within their own shares.
    with suppress(Exception):
        for event in events:
            service = by_key().get(event.service)
            # One without a health check never says that its start is over.
            if service and service.health and event.action in ("start", "healthy") and event.id not in spared:
                own = float(service.cpus)
                for state in docker.of_slug(slug):
                    if state.id == event.id:
                        given.add(state.id)
                        docker.limit_cpus(state, own if state.well else max(own, _STARTING_CPUS))


def give_own_shares(docker: Runtime, states: Sequence[ContainerState]) -> None:
    """Take back from containers what an operation that was killed has left them."""

    def give(state: ContainerState) -> None:
        docker.limit_cpus(state, float(by_key()[state.service].cpus))

    at_once(give, states)


def _take_back(docker: Runtime, slug: str, given: Collection[str]) -> None:
    if given:
        give_own_shares(docker, [state for state in docker.of_slug(slug) if state.id in given])
