"""A larger share of processors for a container while it starts.

Much of what a service does before it is well it never does again: Grafana migrates a database, the backend imports its
libraries. Within the share that each has to live in, a deploy and a wake would mostly wait for that.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from components.services import by_key
from operations.errors import OperationError
from operations.machine.docker_state import ContainerEvent
from operations.machine.runtime import Runtime

_STARTING_CPUS = 1.0


@contextmanager
def hastened(docker: Runtime, slug: str) -> Iterator[None]:
    """Let what starts while the block runs use a whole processor until it is healthy.

    When the block has ended, every container of the preview has its own share, also one to which an operation that was
    killed has left more. Where Docker does not tell what happens, all start within their own.

    Args:
        docker: What runs previews on the preview's machine.
        slug: The preview.

    Raises:
        OperationError: Docker does not answer once the block has ended well.
    """
    try:
        with ExitStack() as leaving:
            with suppress(OperationError):
                # Left in the opposite order: the thread ends when it finds that the events have.
                joined = leaving.enter_context(ExitStack())
                events = leaving.enter_context(docker.events(slug))
                thread = threading.Thread(target=_follow, args=(docker, slug, events), daemon=True)
                thread.start()
                joined.callback(thread.join)
            yield
    except BaseException:
        with suppress(OperationError):
            _give_own_shares(docker, slug)
        raise
    _give_own_shares(docker, slug)


def _follow(docker: Runtime, slug: str, events: Iterator[ContainerEvent]) -> None:
    # Whatever goes wrong in here, they start within their own shares.
    with suppress(Exception):
        for event in events:
            service = by_key().get(event.service)
            # One without a health check never says that its start is over.
            if service and service.health and event.action in ("start", "healthy"):
                own = float(service.cpus)
                for state in docker.of_slug(slug):
                    if state.id == event.id:
                        docker.limit_cpus(state, own if state.well else max(own, _STARTING_CPUS))


def _give_own_shares(docker: Runtime, slug: str) -> None:
    for state in docker.of_slug(slug):
        docker.limit_cpus(state, float(by_key()[state.service].cpus))
