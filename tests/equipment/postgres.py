"""A real PostgreSQL server for tests: its own temporary directory, a free loopback port, scram passwords."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.equipment.ports import free_port

BINARIES = Path("/usr/lib/postgresql/15/bin")
START_SECONDS = 30.0


class PostgresError(Exception):
    """The server cannot be made or does not do what it was told; the message says why."""


@dataclass(kw_only=True)
class PostgresServer:
    """One server process and the directory that it lives in.

    Attributes:
        directory: holds the data, the password file and the server's log.
        port: TCP port on 127.0.0.1.
        password: of the superuser `postgres`.
    """

    directory: Path
    port: int
    password: str
    host: str = "127.0.0.1"
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def log(self) -> str:
        """What the server printed so far."""
        return (self.directory / "server.log").read_text(errors="replace")

    @property
    def pid(self) -> int:
        """Process id of the running server.

        Raises:
            PostgresError: it does not run.
        """
        if self._process is None:
            raise PostgresError("the test's PostgreSQL server is not running")
        return self._process.pid

    def connect(
        self, database: str = "postgres", *, user: str = "postgres", password: str | None = None
    ) -> psycopg.Connection:
        """Opens an autocommit session; the superuser's unless another role is named."""
        return psycopg.connect(
            host=self.host,
            port=self.port,
            dbname=database,
            user=user,
            password=self.password if password is None else password,
            connect_timeout=5,
            autocommit=True,
        )

    def start(self) -> None:
        """Starts the server and waits until it answers.

        Raises:
            PostgresError: it ended or did not answer within `START_SECONDS`; carries its log.
        """
        with (self.directory / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_as_unprivileged_user(), str(BINARIES / "postgres"), "-D", str(self.directory / "data")],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.connect().close()
                return
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise PostgresError(f"PostgreSQL does not answer: {error}\n{self.log}") from error
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stops the server: SIGINT cuts all sessions and shuts down (fast), SIGQUIT is a crash (immediate)."""
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stopped while the block runs, and started again however it ends."""
        self.stop()
        try:
            yield
        finally:
            self.start()


@contextmanager
def running_postgres(settings: dict[str, str] | None = None) -> Iterator[PostgresServer]:
    """A fresh cluster that runs inside the `with` block and leaves nothing.

    Args:
        settings: lines for postgresql.conf beside the ones that a small, fast test server wants.

    Raises:
        PostgresError: PostgreSQL 15 is not installed, or the cluster cannot be made.
    """
    if not (BINARIES / "initdb").exists():
        raise PostgresError(f"{BINARIES}/initdb is missing; install PostgreSQL 15: apt-get install postgresql-15")
    directory = Path(tempfile.mkdtemp(prefix="test-postgres-"))
    server = PostgresServer(directory=directory, port=free_port(), password=secrets.token_urlsafe(18))
    try:
        _make_cluster(server, settings or {})
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)


def _make_cluster(server: PostgresServer, settings: dict[str, str]) -> None:
    password_file = server.directory / "password"
    password_file.write_text(server.password)
    if os.geteuid() == 0:
        user = _unprivileged_user()
        for path in (server.directory, password_file):
            os.chown(path, user.pw_uid, user.pw_gid)
    made = subprocess.run(
        [
            *_as_unprivileged_user(),
            str(BINARIES / "initdb"),
            "--username=postgres",
            "--auth=scram-sha-256",
            f"--pwfile={password_file}",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            f"--pgdata={server.directory / 'data'}",
        ],
        capture_output=True,
        text=True,
        cwd=server.directory,
        timeout=120,
    )
    if made.returncode:
        raise PostgresError(f"initdb failed: {made.stderr or made.stdout}")
    lines = {
        "listen_addresses": server.host,
        "port": str(server.port),
        "unix_socket_directories": "",
        "fsync": "off",
        "shared_buffers": "32MB",
        "max_connections": "40",
        **settings,
    }
    with (server.directory / "data" / "postgresql.conf").open("a") as conf:
        conf.writelines(f"{name} = '{value}'\n" for name, value in lines.items())


def _unprivileged_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresError("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")


def _as_unprivileged_user() -> list[str]:
    """The command prefix that drops root; `setpriv` replaces itself, so signals reach the server."""
    if os.geteuid() != 0:
        return []
    user = _unprivileged_user()
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
