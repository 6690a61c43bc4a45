"""What is said of a preview that failed where its passwords cannot be read, so that nothing can be masked."""

from __future__ import annotations

from typing import Any

import pytest

from operations.engine.events import Reporting
from operations.errors import EngineError, OperationError, UnhealthyError
from operations.happening import Happening
from operations.life.deploy import deploy
from operations.life.last_words import LOG_WITHHELD, secrets_of
from operations.life.request import DeployRequest
from operations.life.watch import EndedError
from operations.machine.docker_state import ContainerState
from tests.unit.operations.deploying import CHECKOUT, STATE, World

STATE_OF_TARGET = ContainerState(name="preview-a-target", slug="a", service="target", status="exited", health="")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A preview whose state cannot be decrypted, and a container of it that says its password."""
    world = World.make(monkeypatch)
    world.engine.states[STATE.stack] = STATE

    def unreadable(stack: str) -> set[str]:
        raise EngineError("incorrect passphrase")

    monkeypatch.setattr(world.engine, "secrets", unreadable)
    monkeypatch.setattr(world.machine, "failed", lambda slug: [STATE_OF_TARGET])
    monkeypatch.setattr(world.machine, "last_lines", lambda name: "login with 5ecret", raising=False)
    return world


def outcome(world: World) -> tuple[UnhealthyError, str]:
    """How a deploy fails, and all that anybody is told of it."""
    heard: list[Happening] = []
    told = Reporting(step=lambda step: None, note=world.notes.append, happened=heard.append)
    with pytest.raises(UnhealthyError) as failed:
        deploy(world.engine.engine, CHECKOUT, DeployRequest(branch="a", base="base"), world.interrupts, told)
    return failed.value, f"{failed.value} {failed.value.logs} {world.notes} {heard}"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (EngineError("postgres: 5ecret refused", {"Container"}), "could not do all that it began (Container);"),
        (EndedError("target: ended: 5ecret.", "preview-a-target", "5ecret"), "container preview-a-target did not come"),
        (TypeError("extractall() got 5ecret"), "TypeError where none was expected;"),
    ],
)
def test_where_passwords_cannot_be_read_containers_are_named_and_their_words_withheld(
    world: World, error: Exception, says: str
) -> None:
    world.engine.ups = [world.fail(error)]
    failed, everything = outcome(world)
    assert failed.logs == {"preview-a-target": LOG_WITHHELD}
    assert says in str(failed)
    assert "its words are withheld, because the preview's passwords could not be read." in str(failed)
    assert "The last good version is running again." in str(failed)
    assert "5ecret" not in everything


def test_what_keeps_the_last_good_version_from_coming_back_shows_no_password_either(world: World) -> None:
    again = [world.fail(EngineError("postgres: 5ecret refused", {"Container"}))] * 3
    world.engine.ups = [world.fail(OperationError("The VM cannot be reached.")), *again]
    failed, everything = outcome(world)
    assert "The VM cannot be reached." in str(failed), "no container has said that"
    assert "The last good version could not be put back" in str(failed)
    assert "5ecret" not in everything


def test_a_password_is_masked_in_what_undoing_says_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.engine, "secrets", lambda stack: {"5ecret"})
    world.engine.ups = [world.fail(EngineError("postgres: 5ecret refused", {"Container"}))] * 4
    failed, everything = outcome(world)
    assert str(failed).count("postgres: [redacted] refused") == 2
    assert "5ecret" not in everything


def test_an_update_that_stands_beside_a_broken_container_withholds_its_log(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.machine, "unwell", lambda slug, give_up: [STATE_OF_TARGET])
    failed, everything = outcome(world)
    assert failed.logs == {"preview-a-target": LOG_WITHHELD}
    assert "5ecret" not in everything


def test_where_there_is_no_stack_there_is_no_password_to_withhold_words_for(world: World) -> None:
    engine: Any = world.engine
    assert secrets_of(engine, STATE.stack) is None
    assert secrets_of(engine, "preview-none") == set()
