"""The Docker socket of a VM, brought here through SSH."""

from __future__ import annotations

import atexit
import contextlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from operations.errors import OperationError
from stacks.outputs import BaseOutputs
from stacks.ssh_options import CONNECT_SECONDS, SHARED, make_room, pinned


def open_socket(base: BaseOutputs) -> str:
    """Forward the VM's Docker socket to one on this machine until this process ends.

    Returns:
        Address of the socket, as ``DOCKER_HOST`` takes it.

    Raises:
        OperationError: The VM does not answer, shows another host key, or refuses the key.
    """
    folder = Path(tempfile.mkdtemp(prefix="pgai-"))
    make_room()
    socket = folder / "docker.sock"
    process = subprocess.Popen(
        [
            "ssh",
            *SHARED,
            "-o",
            pinned(base.address, base.ssh_port, base.ssh_host_key),
            "-o",
            "ExitOnForwardFailure=yes",
            "-p",
            str(base.ssh_port),
            "-N",
            "-L",
            f"{socket}:/var/run/docker.sock",
            f"{base.ssh_user}@{base.address}",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )

    def close() -> None:
        process.kill()
        with contextlib.suppress(OSError):
            shutil.rmtree(folder)

    atexit.register(close)
    with contextlib.suppress(RetryError):
        Retrying(
            stop=stop_after_delay(2 * CONNECT_SECONDS),
            wait=wait_fixed(0.05),
            retry=retry_if_result(lambda ended: not ended),
        )(lambda: socket.exists() or process.poll() is not None)
    if not socket.exists():
        process.kill()
        said = (process.communicate()[1] or "").strip().splitlines() or ["no answer"]
        raise OperationError(
            f"The VM at {base.address} cannot be reached over SSH as {base.ssh_user} ({said[-1]}): "
            "check that it runs and that the key is in the agent (ssh-add -l); if it is lost, "
            "./preview destroy BRANCH --forget removes what is left of a preview."
        )
    return f"unix://{socket}"
