"""Files and directories that a command was told to write: what cannot be written is said before anything starts."""

from __future__ import annotations

import os
from pathlib import Path

from operations.errors import BadInputError, OperationError


def require_file(file: Path | None) -> None:
    """Refuse a file that could not be written; its directory is made, it itself is not.

    Args:
        file: The file; None: there is none to write.

    Raises:
        BadInputError: It is a directory, or its directory cannot be made or written to.
    """
    if file is None:
        return
    require_directory(file.absolute().parent)
    if file.is_dir():
        raise BadInputError(f"{file} is a directory: name a file.")
    if file.exists() and not os.access(file, os.W_OK):
        raise BadInputError(f"The file {file} cannot be written to: name one that can.")


def require_directory(directory: Path) -> None:
    """Make a directory that results go to.

    Raises:
        BadInputError: It cannot be made, or not be written to.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInputError(
            f"The directory {directory} cannot be made ({error.strerror}): name one that can be written to."
        ) from error
    if not os.access(directory, os.W_OK | os.X_OK):
        raise BadInputError(f"The directory {directory} cannot be written to: name one that can.")


def write(file: Path | None, text: str) -> None:
    """Write a file that was checked before.

    Args:
        file: The file; None: there is none to write.
        text: All that will be in it.

    Raises:
        OperationError: It cannot be written now, as on a disk that is full.
    """
    try:
        if file:
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OperationError(
            f"The file {file} could not be written ({error.strerror}); all else is done. Make room, or name another "
            "file, and run this again."
        ) from error
