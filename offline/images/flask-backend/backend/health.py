"""Whether the two databases behind this process answer, asked seldom and never waited for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

# A health check every few seconds must not become load on the databases.
FRESH_SECONDS = 15.0
# The longest a health check waits for first results; the check itself must stay quick.
WAIT_SECONDS = 1.0
NOT_ASKED = "not asked yet"


class Probe:
    """Asks one database in the background and remembers the answer."""

    def __init__(self, ask: Callable[[], object], failures: tuple[type[Exception], ...]) -> None:
        """Ask raises one of the failures, with a sentence, if the database cannot be used."""
        self._ask = ask
        self._failures = failures
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._asked = 0.0
        self._fault: str | None = NOT_ASKED

    def refresh(self) -> threading.Thread | None:
        """Ask anew if the answer is old; returns the thread to wait for while there is no answer at all."""
        with self._lock:
            old = not self._asked or time.monotonic() - self._asked >= FRESH_SECONDS
            if old and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
            return self._thread if self._fault == NOT_ASKED else None

    def _run(self) -> None:
        try:
            self._ask()
        except self._failures as error:
            self._fault = str(error)
        else:
            self._fault = None
        self._asked = time.monotonic()

    def report(self) -> dict[str, object]:
        """The answer as JSON: whether it is reachable, and what is wrong if not."""
        fault = self._fault
        return {"reachable": fault is None} | ({"detail": fault} if fault else {})


def check(probes: dict[str, Probe]) -> dict[str, object]:
    """Refresh all probes at the same time and report them by name."""
    waiting = [thread for probe in probes.values() if (thread := probe.refresh())]
    deadline = time.monotonic() + WAIT_SECONDS
    for thread in waiting:
        thread.join(max(0.0, deadline - time.monotonic()))
    return {name: probe.report() for name, probe in probes.items()}
