"""Scripts and files of a base's machine, outside of an update: over SSH where it is a VM."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

from operations.errors import OperationError
from stacks.outputs import BaseOutputs
from stacks.ssh_options import SHARED, make_room, pinned, with_variables

_SECONDS = 120
_SSH_FAILED = 255


class ScriptError(OperationError):
    """A script on the host failed; the message is what it said.

    Attributes:
        code: Its exit code.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class HostShell:
    """The shell of a base's machine.

    Args:
        base: What the base hands on.
    """

    def __init__(self, base: BaseOutputs) -> None:
        self._base = base

    def run(self, script: str, environment: Mapping[str, str]) -> str:
        """Run a POSIX shell script.

        Args:
            script: Its text.
            environment: Its variables; never a secret.

        Returns:
            What it printed.

        Raises:
            ScriptError: It failed.
            OperationError: The machine cannot be reached.
        """
        return self._run(["/bin/sh", "-s"], with_variables(script, environment).encode()).decode("utf-8", "replace")

    def fetch(self, directory: str, destination: Path) -> None:
        """Bring a directory's content here.

        Raises:
            ScriptError: There is no such directory.
            OperationError: The machine cannot be reached.
        """
        script = with_variables('exec tar -C "$DIRECTORY" -cf - .', {"DIRECTORY": directory})
        with tarfile.open(fileobj=io.BytesIO(self._run(["/bin/sh", "-s"], script.encode()))) as archive:
            archive.extractall(destination, filter="data")

    def _run(self, command: list[str], script: bytes) -> bytes:
        remote = bool(self._base.ssh_host_key)
        try:
            done = subprocess.run(
                [*self._ssh(), *command] if remote else command,
                input=script,
                capture_output=True,
                check=False,
                timeout=_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise OperationError(
                f"The machine of the base at {self._base.address} did not answer within {_SECONDS} s: "
                "check that it runs and try again."
            ) from error
        said = done.stderr.decode("utf-8", "replace").strip()
        if remote and done.returncode == _SSH_FAILED:
            raise OperationError(
                f"The VM at {self._base.address} cannot be reached over SSH as {self._base.ssh_user} "
                f"({said.splitlines()[-1] if said else 'no answer'}): check that it runs and that the key is in the "
                "agent (ssh-add -l)."
            )
        if done.returncode:
            raise ScriptError(said or f"A script on the host ended with {done.returncode}.", done.returncode)
        return done.stdout

    def _ssh(self) -> list[str]:
        base = self._base
        make_room()
        known = pinned(base.address, base.ssh_port, base.ssh_host_key)
        return ["ssh", *SHARED, "-o", known, "-p", str(base.ssh_port), f"{base.ssh_user}@{base.address}"]
