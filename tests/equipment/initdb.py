"""A preview's databases, initialised as the image does it, on a server of the test's own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.equipment.postgres import BINARIES, PostgresServer, running_postgres

INITDB = Path(__file__).resolve().parents[2] / "components/initdb"


@dataclass(frozen=True, kw_only=True)
class Initialised:
    """A server that has the preview's roles.

    Attributes:
        server: The server; the superuser's password is its own, that of another role ``own-ROLE``.
        folder: The preview's SQL files, as the container has them.
    """

    server: PostgresServer
    folder: Path

    def log_in(self, user: str, database: str, password: str | None = None) -> psycopg.Connection:
        """A session of a role, each statement a transaction of its own."""
        return self.server.connect(database, user=user, password=password or f"own-{user}")

    def run(self, database: str, *files: Path) -> None:
        """Run files as the superuser, in one session: the image's own needs no password, which files may change."""
        place = ["-h", self.server.host, "-p", str(self.server.port), "-U", "postgres", "-d", database]
        scripts = [part for file in files for part in ("-f", str(file))]
        done = subprocess.run(
            [str(BINARIES / "psql"), "-v", "ON_ERROR_STOP=1", "--no-psqlrc", "-q", *place, *scripts],
            env={**os.environ, "PGPASSWORD": self.server.password},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr

    def check_health(self) -> None:
        """What the sink's container does every ten seconds."""
        self.run("postgres", self.folder / "30-hold.sql")


@contextmanager
def initialised(key: str, folder: Path, branch: str) -> Iterator[Initialised]:
    """A server that was initialised first with the branch's SQL, then with the preview's.

    Args:
        key: ``sink`` or ``target``.
        folder: For files.
        branch: SQL of the branch.
    """
    with running_postgres({"shared_preload_libraries": "pg_stat_statements"}) as server:
        database = "postgres" if key == "sink" else "target_database"
        if database != "postgres":
            with server.connect() as admin:
                admin.execute("create database target_database")
        for name in ("postgres", "pgwatch", "grafana", "backend", "workload"):
            (folder / f"{key}_{name}").write_text(server.password if name == "postgres" else f"own-{name}")
        (folder / "00-branch.sql").write_text(branch)
        for file in (INITDB / key).glob("*.sql"):
            (folder / file.name).write_text(file.read_text().replace("/run/secrets", str(folder)))
        made = Initialised(server=server, folder=folder)
        made.run(database, *sorted(folder.glob("*.sql")))
        yield made
