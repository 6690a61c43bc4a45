"""Waits until the dashboards of a young preview have data, and for the window in which its activity is looked at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import httpx
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from operations.errors import OperationError
from operations.verify import verdict
from operations.verify.activity import STEP_SECONDS, Samples
from operations.verify.answers import RefusedError
from operations.verify.checks import reason_of
from operations.verify.panels import PanelState
from operations.verify.viewer import Viewer

DATA_WITHIN_SECONDS = 120
_ASK_EVERY_SECONDS = 5
_LATE_SECONDS = 60

OnNote = Callable[[str], None]
OnCount = Callable[[int, int], None]


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
    unanswered = "no dashboard answered"

    def ask() -> list[PanelState]:
        nonlocal last, unanswered
        try:
            last = viewer.panels()
        except (httpx.HTTPError, RefusedError) as error:
            unanswered = f"no dashboard answered ({reason_of(error)})"
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
            f"After {seconds:.0f} s these panels had no data: {names or unanswered}. "
            "Look at the containers' logs (docker logs) and deploy again."
        ) from None


def samples_of(viewer: Viewer, expression: str, start: dt.datetime, end: dt.datetime) -> Samples:
    """Samples of an expression; none where it cannot be asked for."""
    try:
        return viewer.series(expression, start, end, STEP_SECONDS)
    except (httpx.HTTPError, RefusedError):
        return []


def await_window(viewer: Viewer, expression: str, minutes: int, on_note: OnNote, on_count: OnCount) -> None:
    """Wait until the window is full of samples, as long as samples come at all.

    Args:
        viewer: Who asks.
        expression: What is sampled, in PromQL.
        minutes: Length of the window, which ends now.
        on_note: Told in words what is going on.
        on_count: Told how many seconds of the window there are, and how many there have to be.
    """
    # The newest sample is always a little old.
    wanted = minutes * 60 - 2 * STEP_SECONDS

    def covered() -> float:
        end = dt.datetime.now(dt.UTC)
        samples = samples_of(viewer, expression, end - dt.timedelta(minutes=minutes), end)
        seconds = samples[-1][0] - samples[0][0] if samples else -1.0
        on_count(min(max(int(seconds), 0), wanted), wanted)
        return seconds

    def until(least: float, within: float) -> float:
        try:
            return Retrying(
                stop=stop_after_delay(within),
                wait=wait_fixed(_ASK_EVERY_SECONDS),
                retry=retry_if_result(lambda seconds: seconds < least),
            )(covered)
        except RetryError as error:
            return float(error.last_attempt.result())

    there = until(0, DATA_WITHIN_SECONDS)
    if 0 <= there < wanted:
        on_note(f"waiting {wanted - there:.0f} s for what the window of {minutes} min lacks")
        until(wanted, wanted - there + _LATE_SECONDS)
