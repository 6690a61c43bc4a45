"""The Docker socket of a VM, brought here through SSH."""

from __future__ import annotations

import atexit
import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from operations.errors import OperationError
from stacks.outputs import BaseOutputs
from stacks.ssh_options import CONNECT_SECONDS


class Tunnel:
    """Forwards the VM's Docker socket to one on this machine until this process ends.

    Args:
        base: What the base hands on.
        ssh: Start of a command line of the OpenSSH client.
    """

    def __init__(self, base: BaseOutputs, ssh: Sequence[str]) -> None:
        self._base = base
        self._ssh = ssh
        self._folder = Path(tempfile.mkdtemp(prefix="pgai-"))
        self._opened = 0
        self._process: subprocess.Popen[str] | None = None
        atexit.register(self._close)

    def open(self) -> str:
        """Open the tunnel; anew where it was open, for then it has broken.

        Returns:
            Address of the socket, as ``DOCKER_HOST`` takes it.

        Raises:
            OperationError: The VM does not answer, shows another host key, or refuses the key.
        """
        self._end()
        # Paths of its own each time: what was killed leaves its behind.
        self._opened += 1
        base, socket, control = self._base, *(self._folder / f"{one}-{self._opened}" for one in ("docker", "control"))
        program, *options = self._ssh
        own = ["-o", "ControlMaster=yes", "-o", f"ControlPath={control}", "-o", "ControlPersist=no", "-N"]
        self._process = process = subprocess.Popen(
            [program, *own, *options, f"{base.ssh_user}@{base.address}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            # What a terminal interrupts is this command, which still needs the tunnel to leave things in order.
            start_new_session=True,
        )
        with contextlib.suppress(RetryError):
            Retrying(
                stop=stop_after_delay(2 * CONNECT_SECONDS),
                wait=wait_fixed(0.05),
                retry=retry_if_result(lambda ended: not ended),
            )(lambda: control.exists() or process.poll() is not None)
        if control.exists():
            # Asked for once the connection is there: the client forwards either nothing at its start, or what an
            # operator's own configuration says as well.
            forward = ["-F", "/dev/null", "-S", str(control), "-O", "forward", "-L", f"{socket}:/var/run/docker.sock"]
            subprocess.run([program, *forward, base.address], capture_output=True, check=False)
        if socket.exists():
            return f"unix://{socket}"
        said = self._end().strip().splitlines() or ["no answer"]
        raise OperationError(
            f"The VM at {base.address} cannot be reached over SSH as {base.ssh_user} ({said[-1]}): "
            "check that it runs and that the key is in the agent (ssh-add -l); if it is lost, "
            "./preview destroy BRANCH --forget removes what is left of a preview."
        )

    def _end(self) -> str:
        """End the connection; gives what its client has said."""
        process, self._process = self._process, None
        if process is None:
            return ""
        process.kill()
        return process.communicate()[1] or ""

    def _close(self) -> None:
        self._end()
        shutil.rmtree(self._folder, ignore_errors=True)
