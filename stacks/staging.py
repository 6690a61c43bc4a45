"""Where a preview's files are put together on the machine that deploys, each time the program runs.

It also runs for ``pulumi preview``, which nothing keeps from running beside a deploy. So no run changes what another
may be bringing to the host just then: each content has a directory of its own.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from components.files import digest_of
from stacks.configuration import Configuration

_NAME = "config"
_UNUSED_SECONDS = 3600
"""After so long nobody brings files to a host any more: that is among the first things that a deploy does."""


def stage(found: Configuration, place: Path) -> Path:
    """Put files together; what nobody has used for an hour goes.

    Args:
        found: The files.
        place: Directory of the preview; what is not called ``config…`` in it stays.

    Returns:
        A directory below it, the same one for the same files, so that a second update finds nothing changed. Its own
        name is always the same: by that the host knows what was uploaded.
    """
    place.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f"{_NAME}.", dir=place) as folder:
        own = Path(folder)
        found.write(own / "new" / _NAME)
        digest = _digest(own / "new")
        staged = place / f"{_NAME}-{digest}"
        if staged.is_dir() and _digest(staged) != digest:
            # Somebody was stopped while removing it.
            staged.rename(own / "partial")
        if not staged.is_dir():
            _put(own / "new", staged)
        os.utime(staged)
        for other in place.glob(f"{_NAME}*"):
            # Another run may remove it as well, or what is its own.
            with suppress(FileNotFoundError):
                if other != staged and other.stat().st_mtime < time.time() - _UNUSED_SECONDS:
                    # Gone at once, and removed with the folder.
                    other.rename(own / other.name)
    return staged / _NAME


def _put(new: Path, staged: Path) -> None:
    try:
        new.rename(staged)
    except OSError:
        # Another run may have put the same there meanwhile.
        if not staged.is_dir():
            raise


def _digest(directory: Path) -> str:
    return digest_of({_NAME: directory / _NAME})
