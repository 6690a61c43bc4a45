"""What the environment says. Bad input: one clear sentence each, status 2, nothing started."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.equipment.generator import Generator, run_script
from tests.equipment.ports import free_port


@pytest.fixture
def good(tmp_path: Path) -> dict[str, str]:
    password = tmp_path / "password"
    password.write_text("x\n")
    return {"PGHOST": "127.0.0.1", "PGUSER": "u", "PGDATABASE": "d", "WORKLOAD_PASSWORD_FILE": str(password)}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("WORKLOAD_SEED", ["abc", "-1", "1.5", "1" * 19, "1; id"]),
        ("WORKLOAD_TIME_SCALE", ["0", "0.0", "-1", "abc", "1e-2", "101", "1.", "0.0000001", "a[$(id)]"]),
        ("WORKLOAD_SCALE", ["0", "-1", "1.5", "1001", "ten"]),
        ("WORKLOAD_PASSWORD_FILE", ["/nonexistent", "/"]),
        ("PGHOST", [""]),
        ("PGUSER", [""]),
        ("PGDATABASE", [""]),
    ],
)
def test_a_bad_value_is_one_sentence_that_names_it(good: dict[str, str], name: str, values: list[str]) -> None:
    for value in values:
        done = run_script(**{**good, name: value})
        assert done.returncode == 2, value
        assert done.stdout == ""
        [line] = done.stderr.splitlines()
        assert line.startswith("generate.sh: ")
        assert name in line
        assert value in line


def test_an_empty_password_is_refused(good: dict[str, str]) -> None:
    Path(good["WORKLOAD_PASSWORD_FILE"]).write_text("\n")
    done = run_script(**good)
    assert (done.returncode, done.stdout) == (2, "")
    assert "empty" in done.stderr


def test_all_bad_values_are_reported_at_once() -> None:
    done = run_script(WORKLOAD_SEED="a", WORKLOAD_TIME_SCALE="b", WORKLOAD_SCALE="c")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 3


@pytest.mark.parametrize("arguments", [["--plan"], ["--plan", "0"], ["--plan", "x"], ["--wat"], ["--plan", "1", "2"]])
def test_a_bad_argument_is_one_sentence(arguments: list[str]) -> None:
    done = run_script(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_numbers_with_leading_zeros_are_decimal() -> None:
    assert run_script("--plan", "9", WORKLOAD_SEED="010").stdout == run_script("--plan", "9", WORKLOAD_SEED="10").stdout


def test_the_plain_programs_are_started_where_slower_ones_come_first_on_path(
    good: dict[str, str], tmp_path: Path
) -> None:
    slow = tmp_path / "psql"
    slow.write_text("#!/bin/sh\necho a slower psql >&2\nexit 1\n")
    slow.chmod(0o755)
    path = f"{tmp_path}:/usr/bin:/bin:/usr/lib/postgresql/15/bin"
    generator = Generator({**good, "PGPORT": str(free_port()), "PATH": path, "PG_MAJOR": "15"})
    try:
        assert "psql: error: connection" in generator.await_log("WAIT: .+")
    finally:
        generator.kill()


def test_help_tells_the_usage() -> None:
    done = run_script("--help")
    assert done.returncode == 0
    assert "--plan N" in done.stdout
