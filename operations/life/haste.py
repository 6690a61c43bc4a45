"""A larger share of processors for a container while it starts.

Much of what a service does before it is well it never does again: Grafana migrates a database, the backend imports its
libraries. Within the share that each has to live in, a deploy and a wake would mostly wait for that.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress

from components.services import by_key
from operations.errors import OperationError
from operations.machine.docker_state import ContainerEvent
from operations.machine.runtime import Runtime

_STARTING_CPUS = 1.0


@contextmanager
def hastened(docker: Runtime, slug: str, *, only_new: bool = False) -> Iterator[None]:
    """Let what starts while the block runs use a whole processor until it is healthy.

    Before and after the block every container of the preview has its own share, also one to which an operation that was
    killed has left more. Where Docker does not tell what happens, all start within their own.

    Args:
        docker: What runs previews on the preview's machine.
        slug: The preview.
        only_new: Whether a container that is there already has its own share all the time: an engine that reads it
            meanwhile would take another one for a change, and make it anew.

    Raises:
        OperationError: Docker does not answer before the block, or once it has ended well.
    """
    there = _give_own_shares(docker, slug)
    try:
        with ExitStack() as leaving:
            with suppress(OperationError):
                # Left in the opposite order: the thread ends when it finds that the events have.
                joined = leaving.enter_context(ExitStack())
                events = leaving.enter_context(docker.events(slug))
                spared = there if only_new else frozenset[str]()
                thread = threading.Thread(target=_follow, args=(docker, slug, events, spared), daemon=True)
                thread.start()
                joined.callback(thread.join)
            yield
    except BaseException:
        with suppress(OperationError):
            _give_own_shares(docker, slug)
        raise
    _give_own_shares(docker, slug)


def _follow(docker: Runtime, slug: str, events: Iterator[ContainerEvent], spared: Collection[str]) -> None:
    # Whatever goes wrong in here, they start within their own shares.
    with suppress(Exception):
        for event in events:
            service = by_key().get(event.service)
            # One without a health check never says that its start is over.
            if service and service.health and event.action in ("start", "healthy") and event.id not in spared:
                own = float(service.cpus)
                for state in docker.of_slug(slug):
                    if state.id == event.id:
                        docker.limit_cpus(state, own if state.well else max(own, _STARTING_CPUS))


def _give_own_shares(docker: Runtime, slug: str) -> frozenset[str]:
    """Returns the ids of the containers that there are."""
    states = docker.of_slug(slug)
    for state in states:
        docker.limit_cpus(state, float(by_key()[state.service].cpus))
    return frozenset(state.id for state in states)
