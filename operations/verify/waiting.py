"""Waits until the dashboards of a young preview have data."""

from __future__ import annotations

from collections.abc import Callable

import httpx
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from operations.errors import OperationError
from operations.verify import verdict
from operations.verify.answers import RefusedError
from operations.verify.panels import PanelState
from operations.verify.viewer import Viewer

DATA_WITHIN_SECONDS = 120


def wait_for_data(
    viewer: Viewer, on_progress: Callable[[int, int], None], *, seconds: float = DATA_WITHIN_SECONDS
) -> list[PanelState]:
    """Wait until every panel of every dashboard has data, as far as it has to.

    Args:
        viewer: Who asks.
        on_progress: Told how many of how many panels have data.
        seconds: Deadline.

    Returns:
        The panels.

    Raises:
        OperationError: The deadline passed; names the panels that stayed empty.
    """
    last: list[PanelState] = []

    def ask() -> list[PanelState]:
        nonlocal last
        try:
            last = viewer.panels()
        except (httpx.HTTPError, RefusedError):
            return []
        wanted = verdict.expected(last)
        on_progress(sum(panel.has_data for panel in wanted), len(wanted))
        return last

    try:
        return Retrying(
            stop=stop_after_delay(seconds),
            wait=wait_fixed(1),
            retry=retry_if_result(lambda found: not verdict.enough(found)),
        )(ask)
    except RetryError:
        names = verdict.named([panel for panel in verdict.expected(last) if not panel.has_data])
        raise OperationError(
            f"After {seconds:.0f} s these panels had no data: {names or 'no dashboard answered'}. "
            "Look at the containers' logs (docker logs) and deploy again."
        ) from None
