"""Waits for containers of a preview to become well."""

from __future__ import annotations

import time
from collections.abc import Callable

from tenacity import Retrying, retry_if_result, wait_fixed

from components.service_spec import HEALTHY_WITHIN_SECONDS
from components.services import by_key
from operations.machine.docker_state import ContainerState

_POLL_SECONDS = 0.5


def wait_until_well(look: Callable[[], list[ContainerState]], give_up: Callable[[], bool]) -> list[ContainerState]:
    """Those that are not well, once those on their way have had their time to become it.

    Args:
        look: Gives them as they are.
        give_up: Says whether to stop waiting.
    """
    began = time.monotonic()

    def may_become_well(found: list[ContainerState]) -> bool:
        waited = time.monotonic() - began
        return not give_up() and any(
            state.on_its_way and waited < _healthy_within_seconds(state.service) for state in found
        )

    return Retrying(retry=retry_if_result(may_become_well), wait=wait_fixed(_POLL_SECONDS))(
        lambda: [state for state in look() if not state.well]
    )


def _healthy_within_seconds(service: str) -> int:
    health = by_key()[service].health
    return health.healthy_within_seconds if health else HEALTHY_WITHIN_SECONDS
