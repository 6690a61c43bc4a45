"""A log that is followed while it is written."""

from __future__ import annotations

import signal

from tests.equipment.checkout import Clone, ok, wait_for_line
from tests.equipment.state import passwords

_ENDED_WITHIN_SECONDS = 30
_INTERRUPTED = 130


def require_followed_log(clone: Clone, branch: str, service: str) -> None:
    """Lines of a service are shown as they come, without a password that is in them, until somebody stops it."""
    password = next(iter(passwords(clone, branch).values()))
    with clone.started("logs", branch, service, "--follow") as following:
        for said in ("first", "second"):
            into_its_log = f'echo "{said} $0" >/proc/1/fd/1'
            ok(clone.preview("exec", branch, service, "--", "sh", "-c", into_its_log, password))
            assert password not in wait_for_line(following, f"{said} ")
        following.send_signal(signal.SIGINT)
        assert following.wait(_ENDED_WITHIN_SECONDS) == _INTERRUPTED
