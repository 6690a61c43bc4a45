"""Entry point of ``./preview``; importing a command's module registers it."""

from __future__ import annotations

import gc
import os
import signal

# Until a command watches for it, Ctrl-C ends the process as it ends others, and not with the trace of what was loading.
# Where a shell has it ignored, as for what runs in the background, that stays.
if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
# Loading modules makes many objects and hardly any garbage: looking for some after every 700 of them takes 3 % of an
# update's processor time.
gc.set_threshold(100_000)

from cli import (  # noqa: E402
    deploy,
    destroy,
    expiry,
    history,
    inside,
    keep,
    listing,
    lock,
    logs,
    reap,
    setup,
    sleep,
    stats,
    verify,
    webhook,
)
from cli.app import app  # noqa: E402

__all__ = [
    "app",
    "deploy",
    "destroy",
    "expiry",
    "history",
    "inside",
    "keep",
    "listing",
    "lock",
    "logs",
    "reap",
    "setup",
    "sleep",
    "stats",
    "verify",
    "webhook",
]


def main() -> None:
    """Entry point."""
    os.environ.setdefault("PULUMI_SKIP_UPDATE_CHECK", "true")
    app(prog_name="preview")


if __name__ == "__main__":
    main()
