from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg import sql

from tests.equipment.generator import Generator
from tests.equipment.postgres import BINARIES, PostgresServer, running_postgres
from tests.workload.database import LOGGED, Database

Start = Callable[..., Generator]


@pytest.fixture(scope="session")
def password() -> str:
    return secrets.token_urlsafe(24)


@pytest.fixture(scope="session")
def postgres(password: str) -> Iterator[PostgresServer]:
    """A server with the role `workload` and two databases to copy: one empty, one with pgbench's data of scale 1."""
    with running_postgres(LOGGED) as server:
        with server.connect() as session:
            session.execute(sql.SQL("create role workload login password {}").format(password))
        for name in ("empty", "filled"):
            with server.connect() as session:
                session.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
                session.execute(sql.SQL("grant create on database {} to workload").format(sql.Identifier(name)))
            with server.connect(name) as session:
                session.execute("grant create on schema public to workload")
        subprocess.run(
            [BINARIES / "pgbench", "-i", "-q", "-h", server.host, "-p", str(server.port), "-U", "workload", "filled"],
            env={**os.environ, "PGPASSWORD": password},
            check=True,
            capture_output=True,
        )
        yield server


@pytest.fixture
def make_database(
    postgres: PostgresServer, password: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Database]]:
    name = "target_database"

    def drop() -> None:
        with postgres.connect() as session:
            session.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def make(template: str) -> Database:
        drop()
        with postgres.connect() as session:
            copy = sql.SQL("create database {} template {}")
            session.execute(copy.format(sql.Identifier(name), sql.Identifier(template)))
            grant = sql.SQL("grant create on database {} to workload")
            session.execute(grant.format(sql.Identifier(name)))
        password_file = tmp_path / "password"
        password_file.write_text(password + "\n")
        return Database(server=postgres, name=name, password_file=password_file)

    yield make
    drop()


@pytest.fixture
def filled(make_database: Callable[[str], Database]) -> Database:
    """A database whose pgbench data (scale 1) are complete."""
    return make_database("filled")


@pytest.fixture
def empty(make_database: Callable[[str], Database]) -> Database:
    """A database without tables."""
    return make_database("empty")


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a generator on a database with the settings given; what still runs after the test is killed."""
    running: list[Generator] = []

    def run(database: Database, **settings: str) -> Generator:
        generator = Generator(database.environment(**settings))
        running.append(generator)
        return generator

    yield run
    for generator in running:
        generator.kill()
