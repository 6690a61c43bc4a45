"""Stands in for the Hetzner VM: a container with a real sshd and user ``deploy``, in front of this machine's engine.

What is real: sshd, its keys, the Docker engine, the directory. What is not: the machine is a container, so its engine
is also the one that runs the container.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenacity import retry, stop_after_delay, wait_fixed

from tests.equipment.sshd import make_key

SOCKET = Path("/var/run/docker.sock")
IMAGE = "pgai-test/vm:1"
DEPLOY_UID = 1500
_HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"

_DOCKERFILE = """\
FROM pgai-offline/debian:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends openssh-server \\
 && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_* && mkdir -p /run/sshd /var/lib/pgai-preview
COPY docker /usr/local/bin/docker
RUN groupadd --gid {gid} --non-unique socket \\
 && useradd --uid {uid} --groups socket --create-home --shell /bin/bash deploy \\
 && usermod -p '*' deploy
RUN chmod 0755 /usr/local/bin/docker && touch /var/lib/pgai-preview/ready
ENTRYPOINT ["/usr/sbin/sshd", "-D", "-e"]
"""


@dataclass
class Vm:
    """A running stand-in.

    Attributes:
        container: Its container.
        port: Port of its sshd, on loopback.
        private_key: File with the private key of whoever deploys.
        public_key: The public one, a line of OpenSSH's form.
        host_key: Its public host key.
        directory: Directory on it, at the same path on this machine, as its engine needs.
        token: In the names of everything that is made on it; the engine is not its own alone.
    """

    container: Any
    port: int
    private_key: Path
    public_key: str
    host_key: str
    directory: Path
    token: str

    def connections(self) -> int:
        """SSH connections that were accepted so far."""
        log: bytes = self.container.logs()
        return log.decode("utf-8", "replace").count("Accepted publickey for deploy")

    def read(self, path: str) -> str:
        """Content of a file on it."""
        status, content = self.container.exec_run(["cat", path])
        assert status == 0, content
        return str(content.decode())

    def cut(self) -> None:
        """Every SSH connection breaks from one moment to the next; what it has started runs on."""
        for pid, command in ((int(row[0]), row[1]) for row in self.container.top(ps_args="-eo pid,args")["Processes"]):
            if command.startswith("sshd: ") and "[listener]" not in command:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """The machine stops from one moment to the next; its disk stays, and so does what its engine runs."""
        self.container.stop(timeout=0)

    def lose(self) -> None:
        """The machine is gone from one moment to the next, with its disk and all that ran on it."""
        self.stop()
        self.empty()

    def empty(self) -> None:
        """Take away what was made on it."""
        engine = self.container.client
        for container in engine.containers.list(all=True, ignore_removed=True, filters={"name": self.token}):
            if container.id != self.container.id:
                container.remove(force=True, v=True)
        for kind in (engine.networks, engine.volumes):
            for found in kind.list(filters={"name": self.token}):
                found.remove()
        for path in self.directory.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def come_back(self) -> None:
        """A machine with the same address and host key answers."""
        self.container.start()
        _wait_for_banner(self.port)

    def set_host_key(self, key: Path) -> None:
        """Show another host key from now on; connections that are open end."""
        _put(self.container, _HOST_KEY, key.read_bytes(), owner=0)
        self.container.restart(timeout=0)
        _wait_for_banner(self.port)


def build_image(engine: Any) -> None:
    """Make the stand-in's image; quick where the engine has its layers."""
    program = shutil.which("docker")
    assert program, "the stand-in for the VM needs the docker client on PATH: set-up installs it with the engine"
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        content = _DOCKERFILE.format(uid=DEPLOY_UID, gid=SOCKET.stat().st_gid).encode()
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
        # On PATH it may be a link.
        tar.add(Path(program).resolve(), "docker", filter=_reproducible)
    archive.seek(0)
    engine.images.build(fileobj=archive, custom_context=True, tag=IMAGE, rm=True)


def _reproducible(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mtime, entry.mode = 0, 0o755
    return entry


@contextmanager
def running_vm(engine: Any, root: Path, *, token: str, port: int) -> Iterator[Vm]:
    """A stand-in for the VM, gone afterwards.

    Args:
        engine: Docker client.
        root: Directory of the test.
        token: In the names of everything that is made on it.
        port: Port of sshd on loopback.
    """
    build_image(engine)
    keys, directory = root / "keys", root / "opt"
    keys.mkdir()
    directory.mkdir()
    os.chown(directory, DEPLOY_UID, DEPLOY_UID)
    public, host_key = make_key(keys / "user"), make_key(keys / "host")
    container = engine.containers.create(
        IMAGE,
        [
            "-p", str(port), "-o", "ListenAddress=127.0.0.1", "-o", "PasswordAuthentication=no",
            "-o", "AllowUsers=deploy", "-o", "MaxStartups=64", "-o", "MaxSessions=64",
            "-o", f"HostKey={_HOST_KEY}", "-o", "UsePAM=no",
        ],
        name=f"{token}-vm",
        network_mode="host",
        volumes=[f"{SOCKET}:{SOCKET}", f"{directory}:{directory}"],
        labels={"pgai.test": "vm"},
    )  # fmt: skip
    vm = Vm(container, port, keys / "user", public, host_key, directory, token)
    try:
        _put(container, _HOST_KEY, (keys / "host").read_bytes(), owner=0)
        _put(container, "/home/deploy/.ssh/authorized_keys", f"{public}\n".encode(), owner=DEPLOY_UID)
        container.start()
        _wait_for_banner(port)
        yield vm
    finally:
        vm.empty()
        container.remove(force=True, v=True)


def _put(container: Any, path: str, content: bytes, *, owner: int) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        folder = tarfile.TarInfo(str(Path(path).parent).lstrip("/"))
        folder.type, folder.mode, folder.uid, folder.gid = tarfile.DIRTYPE, 0o755, owner, owner
        tar.addfile(folder)
        entry = tarfile.TarInfo(path.lstrip("/"))
        entry.size, entry.mode, entry.uid, entry.gid = len(content), 0o600, owner, owner
        tar.addfile(entry, io.BytesIO(content))
    container.put_archive("/", archive.getvalue())


@retry(stop=stop_after_delay(20), wait=wait_fixed(0.2), reraise=True)
def _wait_for_banner(port: int) -> None:
    done = subprocess.run(
        ["ssh-keyscan", "-T", "2", "-p", str(port), "127.0.0.1"], capture_output=True, text=True, check=False
    )
    assert "ssh-ed25519" in done.stdout, done.stderr
