"""A real OpenSSH server for tests on a free port of loopback, with files of its own; keys for it, and an agent."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from tests.equipment.ports import free_ports
from tests.equipment.processes import kill_tree

SERVER = Path("/usr/sbin/sshd")
START_SECONDS = 10.0
_PRIVILEGE_SEPARATION = Path("/run/sshd")


class SshdError(Exception):
    """The server cannot be made or does not start; the message says why."""


@dataclass(kw_only=True)
class Sshd:
    """A server that runs inside the ``with`` block; it can be stopped and started again on the same port.

    As root it lets every existing user in whose account is not locked (``usermod -p '*'``), else only the user it
    runs as. It accepts no environment from its clients, as servers do by default.

    Attributes:
        port: TCP port on 127.0.0.1.
        settings: Lines of sshd_config beside the ones that the tests need.
        directory: Holds keys, configuration and log; its path is short enough for sockets.
    """

    port: int = field(default_factory=lambda: free_ports(1)[0])
    settings: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    directory: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="sshd-")), init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    def __enter__(self) -> Sshd:
        if not SERVER.exists():
            raise SshdError(f"{SERVER} is missing; install the OpenSSH server: apt-get install openssh-server")
        self.directory.chmod(0o755)
        make_key(self.directory / "host")
        public = make_key(self.client_key)
        (self.directory / "authorized_keys").write_text(f"{public}\n")
        self._write_configuration()
        if os.geteuid() == 0:
            _PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def user(self) -> str:
        """The user that runs the tests, who may log in."""
        return pwd.getpwuid(os.geteuid()).pw_name

    @property
    def client_key(self) -> Path:
        """Private key that may log in; its public half is beside it."""
        return self.directory / "client"

    @property
    def host_key(self) -> str:
        """The server's public key: type and key."""
        return " ".join((self.directory / "host.pub").read_text().split()[:2])

    @property
    def log(self) -> str:
        """What the server wrote so far."""
        path = self.directory / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def connections(self) -> int:
        """How many clients have logged in so far."""
        return self.log.count("Accepted publickey for ")

    def start(self) -> None:
        """Start the server and wait until it listens.

        Raises:
            SshdError: It ended or did not listen within ``START_SECONDS``; carries its log.
        """
        before = len(self.log)
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(SERVER), "-D", "-e", "-f", str(self.directory / "config")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while "Server listening on" not in self.log[before:]:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise SshdError(f"the SSH server does not start:\n{self.log}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End the server and everything that runs in its sessions at once, as when the machine is lost."""
        if self._process is None:
            return
        # The server first: nobody shall tell the client what became of its command.
        kill_tree(self._process.pid)
        self._process.wait()
        self._process = None

    def _write_configuration(self) -> None:
        lines = (
            f"ListenAddress {self.host}:{self.port}",
            f"HostKey {self.directory}/host",
            f"AuthorizedKeysFile {self.directory}/authorized_keys",
            "PidFile none",
            "UsePAM no",
            "StrictModes no",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "PermitRootLogin prohibit-password",
            "PrintMotd no",
            "LogLevel VERBOSE",
            "Subsystem sftp internal-sftp",
            *self.settings,
        )
        (self.directory / "config").write_text("\n".join(lines) + "\n")


def make_key(path: Path, passphrase: str = "") -> str:
    """Make a key pair.

    Returns:
        The public key: type and key.
    """
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "test", "-f", str(path)],
        check=True,
        timeout=START_SECONDS,
    )
    return " ".join(path.with_suffix(".pub").read_text().split()[:2])


@contextmanager
def agent(key: Path) -> Iterator[str]:
    """An SSH agent that holds one key; gives the path of its socket (``SSH_AUTH_SOCK``).

    Raises:
        SshdError: It ended or did not listen within ``START_SECONDS``.
    """
    # Of its own: the path of a socket may not be long.
    with tempfile.TemporaryDirectory(prefix="agent-") as folder:
        socket = Path(folder, "socket")
        process = subprocess.Popen(
            ["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL, start_new_session=True
        )
        try:
            deadline = time.monotonic() + START_SECONDS
            while not socket.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SshdError("ssh-agent does not start")
                time.sleep(0.02)
            subprocess.run(
                ["ssh-add", "-q", str(key)],
                env={**os.environ, "SSH_AUTH_SOCK": str(socket)},
                check=True,
                timeout=START_SECONDS,
            )
            yield str(socket)
        finally:
            process.terminate()
            process.wait(START_SECONDS)
