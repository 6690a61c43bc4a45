"""Entry point of ``./preview``; importing a command's module registers it."""

from __future__ import annotations

import os

from cli import (
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
from cli.app import app

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
