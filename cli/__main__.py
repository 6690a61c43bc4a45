"""The operators' command. Each subject has a module in :mod:`cli`; they print, nothing else does."""

from __future__ import annotations

import os

from cli import life, reports, start, verify, webhook
from cli.app import app

__all__ = ["app", "life", "reports", "start", "verify", "webhook"]


def main() -> None:
    """Entry point."""
    os.environ.setdefault("PULUMI_SKIP_UPDATE_CHECK", "true")
    app(prog_name="preview")


if __name__ == "__main__":
    main()
