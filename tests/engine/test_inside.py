"""Looking inside: programs in a preview's containers, its databases, and what the containers use."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
import time
from typing import Any

import pytest

from components.services import by_key
from tests.engine.world import World
from tests.equipment.docker import services
from tests.equipment.following import require_followed_log
from tests.equipment.processes import of_each
from tests.equipment.state import passwords

pytestmark = pytest.mark.engine

_WITHIN_SECONDS = 120
# Waits until its terminal is as large as the user's, and then for a Ctrl-C.
_AT_A_TERMINAL = (
    'trap "echo caught; exit 5" INT; until [ "$(stty size)" = "33 99" ]; do sleep 0.1; done; echo ready; '
    "while :; do sleep 0.1; done"
)


def piped(world: World, *args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """A command without a terminal, that is given something to read."""
    return subprocess.run(
        ["./preview", *args],
        cwd=world.clone.path,
        env=world.clone.environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=_WITHIN_SECONDS,
        check=False,
    )


def test_a_program_reads_and_writes_through_pipes_and_its_exit_code_is_passed_on(world: World) -> None:
    script = "md5sum; echo wrong >&2; seq 1 100000; exit 42"
    given = "\n".join(map(str, range(200_000)))
    done = piped(world, "exec", world.first, "target", "--", "sh", "-c", script, stdin=given)
    assert (done.returncode, done.stderr) == (42, "wrong\n")
    lines = done.stdout.splitlines()
    digest = subprocess.run(["md5sum"], input=given, capture_output=True, text=True, check=True).stdout.strip()
    assert lines[0] == digest, "all that was given has arrived"
    assert lines[1:] == [str(number) for number in range(1, 100_001)]


def test_a_log_is_followed_without_its_secrets_until_somebody_stops_it(world: World) -> None:
    require_followed_log(world.clone, world.second, "workload")


def test_at_a_terminal_the_program_has_one_of_the_same_size_and_gets_ctrl_c(world: World) -> None:
    user, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
    before = termios.tcgetattr(terminal)
    command = ["./preview", "exec", world.first, "target", "--", "bash", "-c", _AT_A_TERMINAL]
    said = b""
    with subprocess.Popen(
        command,
        cwd=world.clone.path,
        env=world.clone.environment,
        stdin=terminal,
        stdout=terminal,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        while b"ready" not in said:
            said += os.read(user, 1024)
        os.write(user, b"\x03")
        while b"caught" not in said:
            said += os.read(user, 1024)
        assert process.wait(_WITHIN_SECONDS) == 5
    assert termios.tcgetattr(terminal) == before, "the terminal is as it was"
    os.close(user)
    os.close(terminal)


@pytest.fixture(scope="module")
def secrets(world: World) -> dict[str, str]:
    """Every password of the preview."""
    return passwords(world.clone, world.first)


@pytest.mark.parametrize(("service", "database"), [("sink", "measurements"), ("target", "target_database")])
def test_psql_is_a_databases_superuser_and_no_password_shows_anywhere(
    world: World, engine: Any, secrets: dict[str, str], service: str, database: str
) -> None:
    began = int(time.time()) - 1
    command = ["./preview", "psql", world.first, service, "--", "-At"]
    with subprocess.Popen(
        command,
        cwd=world.clone.path,
        env=world.clone.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        bufsize=1,
    ) as process:
        assert process.stdin
        assert process.stdout
        # A line at a time, and its answer: psql runs on meanwhile.
        query = "select current_user, current_database(), usesuper from pg_user where usename = current_user;"
        process.stdin.write(f"{query}\n")
        answer = process.stdout.readline()
        container = services(engine, world.first)[service]
        texts = {"inspect": json.dumps(container.attrs), "answer": answer}
        for identity in container.attrs["ExecIDs"]:
            texts[f"inspect {identity}"] = json.dumps(engine.api.exec_inspect(identity))
        command_lines = {pid: said.decode(errors="replace") for pid, said in of_each("cmdline")}
        texts["arguments"] = arguments = "\n".join(command_lines.values())
        texts["environment"] = "\n".join(
            said.decode(errors="replace") for pid, said in of_each("environ") if "psql" in command_lines.get(pid, "")
        )
        process.stdin.close()
        texts["rest"] = process.stdout.read()
        assert process.wait(_WITHIN_SECONDS) == 0, texts["rest"]
    assert answer == f"postgres|{database}|t\n"
    happened = engine.api.events(
        decode=True, since=began, until=int(time.time()) + 1, filters={"container": container.name}
    )
    texts["events"] = json.dumps(list(happened))
    # What is searched is what it has to be.
    assert f"-d\0{database}\0" in arguments
    assert "PGDATA=" in texts["environment"]
    assert "exec_create" in texts["events"]
    for where, text in texts.items():
        for name, password in secrets.items():
            assert password not in text, f"{name} is in {where}"


def test_stats_tells_what_each_container_uses_of_its_limits(world: World) -> None:
    found = {row["service"]: row for row in world.clone.json("stats", world.first, "--json")}
    assert set(found) == set(by_key())
    for key, service in by_key().items():
        row = found[key]
        assert row["branch"] == world.first
        assert (row["cpu_limit"], row["memory_limit"]) == (float(service.cpus), service.memory_mib << 20)
        assert 0 < row["working_set"] <= row["memory"] <= row["memory_limit"], key
        assert row["memory_share"] == pytest.approx(row["working_set"] / row["memory_limit"], abs=1e-3)
        assert row["cpu_share"] == pytest.approx(row["cpus"] / row["cpu_limit"], abs=1e-2)
    assert found["workload"]["sent"] > 0
    assert any(row["cpus"] > 0 for row in found.values())
