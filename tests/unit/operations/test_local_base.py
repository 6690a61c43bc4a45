"""What is looked at before this machine's base is brought up: its own engine, and what is in the way there."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from operations.engine.events import no_steps
from operations.engine.workspace import Changes, Engine
from operations.errors import BadInputError
from operations.local_base import bring_up_local, is_free
from operations.machine.connection import Way
from stacks.settings import DEFAULT_DOCKER_HOST


@dataclass
class StandIn:
    """An engine that makes a base where none was, on a Docker without containers.

    Attributes:
        asked: Addresses of the Docker engines that were asked.
        made: Stacks that were brought up.
    """

    checkout: Path
    asked: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)

    def docker(self, way: Way) -> StandIn:
        self.asked.append(way.open())
        return self

    def published_ports(self, _: str) -> set[int]:
        return set()

    def is_running(self, _: str) -> bool:
        return False

    def create(self, _: str) -> None:
        pass

    def snapshot(self, _: str) -> None:
        return None

    def up(self, stack: str, _: Any, *, refresh: bool) -> Changes:
        assert not refresh
        self.made.append(stack)
        return Changes()

    def bring_up(self, **values: str) -> None:
        lines = "".join(f'  pgai-preview:{key}: "{value}"\n' for key, value in values.items())
        (self.checkout / "Pulumi.local.yaml").write_text(f"config:\n{lines}", encoding="utf-8")
        bring_up_local(cast(Engine, self), self.checkout, no_steps)


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    made = StandIn(tmp_path)
    monkeypatch.setattr("operations.local_base.Docker", made.docker)
    monkeypatch.setattr("operations.local_base.is_free", lambda *_: True)
    monkeypatch.setenv("DOCKER_HOST", "unix:///of/the/caller.sock")
    return made


def test_the_base_s_own_engine_comes_before_the_caller_s_and_that_before_the_system_s(
    base: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    base.bring_up(dockerHost="unix:///of/the/base.sock")
    base.bring_up(domain="localhost")
    monkeypatch.delenv("DOCKER_HOST")
    base.bring_up(domain="localhost")
    assert base.asked == ["unix:///of/the/base.sock", "unix:///of/the/caller.sock", DEFAULT_DOCKER_HOST]
    assert base.made == ["local"] * 3


def test_a_base_of_several_engines_is_brought_up_on_the_first(base: StandIn) -> None:
    base.bring_up(nodes="one=unix:///one.sock two=unix:///two.sock")
    assert (base.asked, base.made) == (["unix:///one.sock"], ["local"])


@pytest.mark.parametrize(
    ("values", "reason"),
    [({"httpPort": "none"}, "'httpPort' of stack 'local'"), ({"dockerHost": "tcp://10.0.0.1:2375"}, "^dockerHost=tcp")],
)
def test_what_the_program_would_refuse_is_refused_before_anything_is_asked(
    base: StandIn, values: dict[str, str], reason: str
) -> None:
    with pytest.raises(BadInputError, match=reason):
        base.bring_up(**values)
    assert (base.asked, base.made) == ([], [])


def test_a_port_on_which_a_program_listens_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not is_free("127.0.0.1", server.getsockname()[1])


@pytest.mark.parametrize("reason", [errno.EACCES, errno.EADDRNOTAVAIL])
def test_a_port_that_only_docker_may_have_or_refuse_is_not_called_taken(
    monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    class Refused(socket.socket):
        def bind(self, _: object) -> None:
            raise OSError(reason, "refused")

    monkeypatch.setattr("operations.local_base.socket.socket", Refused)
    assert is_free("127.0.0.1", 443)
