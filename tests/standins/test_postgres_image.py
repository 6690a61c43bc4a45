"""The PostgreSQL image keeps the official one's contract."""

from __future__ import annotations

import io
import tarfile
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from toolchain.docker import connect

pytestmark = pytest.mark.engine

IMAGE = "postgres:15"
Start = Callable[..., Any]


@pytest.fixture
def start() -> Iterator[Start]:
    client = connect()
    made: list[Any] = []

    def start(files: dict[str, str] | None = None, command: list[str] | None = None, **options: Any) -> Any:
        name = f"tmp-postgres-{uuid.uuid4().hex[:8]}"
        container = client.containers.create(IMAGE, command, name=name, network_mode="none", **options)
        made.append(container)
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for path, text in (files or {}).items():
                entry = tarfile.TarInfo(path.lstrip("/"))
                entry.size = len(text)
                entry.mode = 0o444
                archive.addfile(entry, io.BytesIO(text.encode()))
        container.put_archive("/", buffer.getvalue())
        container.start()
        return container

    yield start
    for container in made:
        container.remove(force=True, v=True)
    client.close()


def wait_until_ready(container: Any) -> None:
    deadline = time.monotonic() + 60
    while container.exec_run(["pg_isready", "-h", "127.0.0.1"]).exit_code != 0:
        assert time.monotonic() < deadline, container.logs().decode()[-2000:]
        time.sleep(0.2)


def ask(container: Any, question: str, database: str = "postgres", user: str = "postgres") -> str:
    answer = container.exec_run(["psql", "-XAtq", "-U", user, "-d", database, "-c", question])
    assert answer.exit_code == 0, answer.output.decode()
    return str(answer.output.decode().strip())


def test_a_locked_down_container_initialises_from_secret_file_and_scripts(start: Start) -> None:
    container = start(
        {
            "/run/secrets/password": "from-a-file",
            "/docker-entrypoint-initdb.d/1.sql": "CREATE TABLE t (a int); CREATE EXTENSION pg_stat_statements;",
            "/docker-entrypoint-initdb.d/2.sh": 'psql -U $POSTGRES_USER -d $POSTGRES_DB -c "INSERT INTO t SELECT 7"',
        },
        ["-c", "shared_preload_libraries=pg_stat_statements"],
        user="999:999",
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        tmpfs={"/tmp": "", "/var/run/postgresql": ""},
        environment={"POSTGRES_PASSWORD_FILE": "/run/secrets/password", "POSTGRES_DB": "measurements"},
    )
    wait_until_ready(container)
    assert ask(container, "SELECT a FROM t", "measurements") == "7"
    assert ask(container, "SELECT count(*) > 0 FROM pg_stat_statements", "measurements") == "t"
    assert ask(container, "SHOW listen_addresses") == "*"
    assert ask(container, "SELECT auth_method FROM pg_hba_file_rules WHERE address = 'all'") == "scram-sha-256"
    stored = ask(container, "SELECT rolpassword FROM pg_authid WHERE rolname = 'postgres'")
    assert stored.startswith("SCRAM-SHA-256$")
    environment = container.exec_run(["cat", "/proc/1/environ"]).output.decode()
    assert "from-a-file" not in environment


def test_data_outlives_a_restart_and_is_not_made_anew(start: Start) -> None:
    container = start(environment={"POSTGRES_PASSWORD": "x", "POSTGRES_USER": "bob"})
    wait_until_ready(container)
    ask(container, "CREATE TABLE kept (a int)", "bob", "bob")
    container.restart(timeout=20)
    wait_until_ready(container)
    assert ask(container, "SELECT count(*) FROM kept", "bob", "bob") == "0"
    assert "database system was interrupted" not in container.logs().decode()


def test_data_can_be_initialised_by_a_container_that_ends_and_is_then_left_alone(start: Start) -> None:
    init = {"entrypoint": ["docker-ensure-initdb.sh"], "environment": {"POSTGRES_PASSWORD": "secret"}}
    first = start({"/docker-entrypoint-initdb.d/1.sql": "CREATE TABLE t AS SELECT 7 AS a"}, ["postgres"], **init)
    assert first.wait(timeout=60)["StatusCode"] == 0, first.logs().decode()
    second = start(command=["postgres"], volumes_from=[first.name], **init)
    assert second.wait(timeout=60)["StatusCode"] == 0, second.logs().decode()
    server = start(volumes_from=[first.name])
    wait_until_ready(server)
    assert ask(server, "SELECT a FROM t") == "7"


def test_initialising_apart_fails_with_its_script(start: Start) -> None:
    container = start(
        {"/docker-entrypoint-initdb.d/1.sql": "SELECT nothing"},
        entrypoint=["docker-ensure-initdb.sh"],
        environment={"POSTGRES_PASSWORD": "secret"},
    )
    assert container.wait(timeout=60)["StatusCode"] != 0


def test_clients_on_path_are_debians_slower_ones_and_the_rest_are_the_servers_own(start: Start) -> None:
    container = start(command=["bash", "-c", "command -v psql pgbench pg_isready initdb pg_ctl postgres"])
    assert container.wait(timeout=30)["StatusCode"] == 0
    own = "/usr/lib/postgresql/15/bin"
    assert container.logs().decode().split() == [
        *("/usr/bin/psql", "/usr/bin/pgbench", "/usr/bin/pg_isready"),
        *(f"{own}/initdb", f"{own}/pg_ctl", f"{own}/postgres"),
    ]


def test_root_steps_down(start: Start) -> None:
    container = start(environment={"POSTGRES_PASSWORD": "x"})
    wait_until_ready(container)
    status = container.exec_run(["grep", "Uid", "/proc/1/status"]).output.decode()
    assert status.split()[1:] == ["999"] * 4


def test_without_a_password_it_says_so_and_ends(start: Start) -> None:
    container = start()
    assert container.wait(timeout=30)["StatusCode"] == 1
    assert "POSTGRES_PASSWORD" in container.logs().decode()


def test_a_failing_script_stops_the_start(start: Start) -> None:
    container = start({"/docker-entrypoint-initdb.d/1.sql": "SELECT nonsense;"}, environment={"POSTGRES_PASSWORD": "x"})
    assert container.wait(timeout=60)["StatusCode"] != 0
    assert "nonsense" in container.logs().decode()
