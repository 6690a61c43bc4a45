"""A real browser without a window, with a profile of its own."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from tests.equipment.prerequisites import browser

_SECONDS = 120
_ATTEMPTS = 3
_NETWORK_CHANGED = "net::ERR_NETWORK_CHANGED"
"""Why Chromium gives a page up when a network of the machine comes or goes, as Docker's do with previews nearby."""


def chromium(profile: Path, *options: str) -> list[str]:
    """Command line of Chromium without a window, which asks nobody for anything but the page.

    Args:
        profile: Directory of its own.
        options: More options, and the page's address.
    """
    program = browser()
    if not program:
        pytest.fail("Chromium is needed: run make test, which installs it")
    return [
        program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={profile}", *options,
    ]  # fmt: skip


def drawn(
    command: Sequence[str], env: Mapping[str, str] | None = None, *, complete: Callable[[str], bool] = bool
) -> str:
    """What a page consists of once its scripts have run, or why it could not be loaded (``net::ERR_…``).

    On a machine that is busy Chromium may draw nothing, or not all, and say nothing; a person would load it again.

    Args:
        command: Chromium with its options, and the page's address last.
        env: Its environment.
        complete: Whether a page is; the last one is given back either way.
    """
    found = ""
    for _ in range(_ATTEMPTS):
        shown = subprocess.run(
            [*command[:-1], "--virtual-time-budget=10000", "--dump-dom", command[-1]],
            env=env,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
        )
        failure = "".join(re.findall(r"Page load failed: (\S+)", shown.stderr))
        found = shown.stdout or failure
        if failure != _NETWORK_CHANGED and (failure or complete(found)):
            break
    return found


class Browser:
    """Chromium that trusts nobody but the public authorities and whom it is told to."""

    def __init__(self, home: Path, *, addresses: Mapping[str, str]) -> None:
        """Start with an empty profile.

        Args:
            home: Its user's home directory.
            addresses: Host name → address, in the place of DNS.
        """
        self._home = home
        self._rules = ",".join(f"MAP {name} {address}" for name, address in addresses.items())
        self._trusted = home / ".pki/nssdb"
        self._trusted.mkdir(parents=True)
        self._certutil("-N", "--empty-password")

    def trust(self, root: str) -> None:
        """Trust an authority for servers.

        Args:
            root: Its certificate, PEM.
        """
        (self._home / "root.pem").write_text(root, encoding="utf-8")
        self._certutil("-A", "-n", "authority", "-t", "C,,", "-i", str(self._home / "root.pem"))

    def page(self, url: str) -> str:
        """What the page consists of once its scripts have run, or why it could not be loaded (``net::ERR_…``)."""
        command = chromium(self._home / "profile", f"--host-resolver-rules={self._rules}", url)
        return drawn(command, {**os.environ, "HOME": str(self._home)})

    def _certutil(self, *arguments: str) -> None:
        subprocess.run(["certutil", "-d", f"sql:{self._trusted}", *arguments], check=True, capture_output=True)
