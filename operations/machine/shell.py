"""Runs a POSIX shell script and brings a directory's content here, whichever command line leads to the shell."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from operations.errors import OperationError
from stacks.ssh_options import with_variables

_SECONDS = 120


class ScriptError(OperationError):
    """A script failed; the message is what it said.

    Attributes:
        code: Its exit code.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def run_script(shell: Sequence[str], script: str) -> bytes:
    """Output of a script.

    Args:
        shell: Command line that reads the script from its standard input.
        script: Its text.

    Raises:
        ScriptError: It failed.
        OperationError: It did not end in time.
    """
    try:
        # In a session of its own: what a terminal interrupts is this command, which lets no script end half way.
        done = subprocess.run(
            shell, input=script.encode(), capture_output=True, check=False, timeout=_SECONDS, start_new_session=True
        )
    except subprocess.TimeoutExpired as error:
        raise OperationError(
            f"A script on the machine of the base did not end within {_SECONDS} s: check that it runs and try again."
        ) from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise ScriptError(said or f"A script on the machine ended with {done.returncode}.", done.returncode)
    return done.stdout


def packed(directory: str) -> str:
    """A script that prints a directory's content as a tar archive."""
    return with_variables('exec tar -C "$DIRECTORY" -cf - .', {"DIRECTORY": directory})


def unpack(archive: bytes, destination: Path) -> None:
    """Unpack such an archive.

    By the program rather than by Python's module, whose older versions know no safe way, and whose newer ones refuse
    links that lead elsewhere. The program keeps links as they are, and follows none.

    Raises:
        OperationError: It cannot be unpacked.
    """
    done = subprocess.run(
        ["tar", "-C", str(destination), "--no-same-owner", "-xf", "-"], input=archive, capture_output=True, check=False
    )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise OperationError(f"Files of the preview cannot be unpacked in {destination}: {said}.")
