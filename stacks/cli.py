"""The operators' command. Each subject has a module in :mod:`stacks.commands`; they print, nothing else does."""

from __future__ import annotations

import os

from stacks.commands import life, reports, start, verify, webhook
from stacks.commands.app import app

__all__ = ["app", "life", "reports", "start", "verify", "webhook"]


def main() -> None:
    """Entry point."""
    os.environ.setdefault("PULUMI_SKIP_UPDATE_CHECK", "true")
    app(prog_name="preview")


if __name__ == "__main__":
    main()
