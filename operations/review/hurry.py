"""An HTTP session that has so much time and no more; only imported where GitLab is asked."""

from __future__ import annotations

import math
import time
from typing import Any

import requests
from gitlab.exceptions import GitlabHttpError

_TOO_MANY = 429


class HurriedSession(requests.Session):
    """Ends every request in time, and waits where GitLab asks for it and there is time.

    python-gitlab itself would wait as long as GitLab says, so no answer that asks to wait gets to it.

    Args:
        end: When all has to have ended, by the monotonic clock.
        longest: Seconds that one request may take.
    """

    def __init__(self, end: float, longest: float) -> None:
        super().__init__()
        self._end = end
        self._longest = longest

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """The same as its base's.

        Raises:
            requests.Timeout: There is no time left.
            GitlabHttpError: GitLab asks to wait for longer than there is time.
        """
        while True:
            left = self._end - time.monotonic()
            if left <= 0:
                raise requests.Timeout
            response = super().request(*args, **{**kwargs, "timeout": min(self._longest, left)})
            pause = _pause(response)
            if pause is None:
                return response
            # What is sent as a stream, as an upload, is used up.
            if kwargs.get("data") is not None or time.monotonic() + pause >= self._end:
                raise GitlabHttpError("429 Too Many Requests", _TOO_MANY)
            time.sleep(pause)


def _pause(response: requests.Response) -> float | None:
    """Seconds after which GitLab wants to be asked again; None where it has answered."""
    if response.status_code != _TOO_MANY:
        return None
    try:
        return max(float(response.headers["Retry-After"]), 0.0)
    except (KeyError, ValueError):
        return math.inf
