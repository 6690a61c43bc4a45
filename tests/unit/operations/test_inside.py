"""A program in a container of a preview: which container, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from cli.__main__ import app
from operations import inside
from operations.errors import BadInputError, NotFoundError, OperationError, UnhealthyError
from operations.machine.docker_state import ContainerState
from operations.machine.streams import Streams
from tests.unit.operations.engine import StandInEngine, preview

STREAMS = Streams()


class StandInDocker:
    """Containers of one preview; says what was run where."""

    def __init__(self, status: str = "running") -> None:
        self.ran: list[tuple[str, tuple[str, ...]]] = []
        self._status = status

    def of_slug(self, slug: str) -> list[ContainerState]:
        return [
            ContainerState(name=f"preview-{slug}-{key}", slug=slug, service=key, status=self._status, health="")
            for key in ("grafana", "sink", "target")
        ]

    def execute(self, container: str, command: Sequence[str], streams: Streams) -> int:
        self.ran.append((container, tuple(command)))
        return 42


@pytest.fixture
def engine() -> StandInEngine:
    return StandInEngine(states={"preview-a": preview("a")})


def on(monkeypatch: pytest.MonkeyPatch, docker: StandInDocker) -> StandInDocker:
    monkeypatch.setattr(inside, "machine_at", lambda engine, base: SimpleNamespace(docker=docker))
    return docker


def test_a_program_runs_in_the_services_container_and_its_code_is_passed_on(
    engine: StandInEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = on(monkeypatch, StandInDocker())
    assert inside.run_inside(engine.engine, "a", "grafana", ["ls", "-l"], STREAMS) == 42
    assert inside.run_inside(engine.engine, "a", "grafana", [], STREAMS) == 42
    assert docker.ran == [("preview-a-grafana", ("ls", "-l")), ("preview-a-grafana", inside.SHELL)]


@pytest.mark.parametrize(("service", "database"), list(inside.DATABASES.items()))
def test_psql_asks_the_database_that_matters_as_its_superuser(
    engine: StandInEngine, monkeypatch: pytest.MonkeyPatch, service: str, database: str
) -> None:
    docker = on(monkeypatch, StandInDocker())
    inside.psql(engine.engine, "a", service, ["-c", "select 1"], STREAMS)
    ((container, command),) = docker.ran
    assert container == f"preview-a-{service}"
    assert " ".join(command).endswith(f"-U postgres -d {database} -c select 1")
    assert "-h" not in command, "the socket, which asks for no password"


@pytest.mark.parametrize(
    ("branch", "service", "error", "said"),
    [
        ("a", "grafna", BadInputError, "no service 'grafna': services are backend"),
        ("nobody", "grafana", NotFoundError, "no preview of branch 'nobody'"),
        ("nobody", "grafna", BadInputError, "no service"),
    ],
)
def test_what_is_not_there_is_refused(
    engine: StandInEngine, branch: str, service: str, error: type[OperationError], said: str
) -> None:
    with pytest.raises(error, match=said):
        inside.run_inside(engine.engine, branch, service, [], STREAMS)


@pytest.mark.parametrize(("service", "status"), [("grafana", "exited"), ("backend", "gone")])
def test_a_container_that_does_not_run_is_named(
    engine: StandInEngine, monkeypatch: pytest.MonkeyPatch, service: str, status: str
) -> None:
    docker = on(monkeypatch, StandInDocker("exited"))
    with pytest.raises(UnhealthyError, match=rf"preview-a-{service} does not run \(it is {status}\)"):
        inside.run_inside(engine.engine, "a", service, [], STREAMS)
    assert not docker.ran


def test_a_preview_that_sleeps_says_how_to_wake_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asleep = StandInEngine(states={"preview-a-b": preview("a/b", asleep_since="2026-01-01T00:00:00Z")})
    on(monkeypatch, StandInDocker("exited"))
    with pytest.raises(UnhealthyError, match=r"asleep since 2026.*: wake it with \./preview wake a/b\."):
        inside.run_inside(asleep.engine, "a/b", "grafana", [], STREAMS)


@pytest.mark.parametrize(
    ("typed", "database", "arguments"),
    [
        ([], "target", []),
        (["sink"], "sink", []),
        (["--", "-c", "select 1"], "target", ["-c", "select 1"]),
        (["sink", "--", "-At", "-c", "select 1"], "sink", ["-At", "-c", "select 1"]),
    ],
)
def test_psqls_own_arguments_stand_behind_two_dashes(
    monkeypatch: pytest.MonkeyPatch, typed: list[str], database: str, arguments: list[str]
) -> None:
    asked: list[object] = []

    def psql(engine: object, branch: str, database: str, arguments: list[str], streams: Streams, base: str) -> int:
        asked.append((database, arguments))
        return 3

    monkeypatch.setattr(inside, "psql", psql)
    monkeypatch.setattr("cli.session.open_engine", lambda: None)
    assert CliRunner().invoke(app, ["psql", "a", *typed]).exit_code == 3
    assert asked == [(database, arguments)]


def test_an_unknown_database_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    done = CliRunner().invoke(app, ["psql", "a", "measurements"])
    assert done.exit_code == 2
    assert "name sink or target" in done.output


def test_nobody_reading_ends_the_command_as_it_ends_any_program(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: object) -> int:
        raise BrokenPipeError

    monkeypatch.setattr(inside, "run_inside", run)
    monkeypatch.setattr("cli.session.open_engine", lambda: None)
    assert CliRunner().invoke(app, ["exec", "a", "grafana", "--", "yes"]).exit_code == 141
