"""The project's Python packages as files, so that jobs in clean checkouts do not download them again each time."""

from __future__ import annotations

import sys
from pathlib import Path

from stacks.paths import Paths
from tests.equipment.gitlab.whole import fill
from toolchain.stamps import fingerprint

_LOCK = Path(__file__).resolve().parents[3] / "requirements.lock"
_DOWNLOAD_SECONDS = 900


def _directory() -> Path:
    """Where they are; another place for every lock file, so that what is there is complete and up to date."""
    return Paths.default().cache / "gitlab-ci-packages" / fingerprint(_LOCK)


def there() -> bool:
    """Whether they have been downloaded."""
    return _directory().exists()


def variables() -> dict[str, str]:
    """Variables with which pip takes them, and only them, from their directory; it holds them to the lock's hashes."""
    return {
        "PIP_FIND_LINKS": str(_directory()),
        "PIP_NO_INDEX": "1",
        # To pip this is the value of `compile`. Python compiles what a job imports; the rest is most of it.
        "PIP_NO_COMPILE": "0",
    }


def download() -> None:
    """Download them, all or none.

    Raises:
        OSError: They could not be downloaded; the message says why.
    """
    fill(_directory(), "pip download", _pip, there=there, seconds=_DOWNLOAD_SECONDS)


def _pip(directory: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--require-hashes", "--dest", str(directory), "--requirement", str(_LOCK)),
    ]
