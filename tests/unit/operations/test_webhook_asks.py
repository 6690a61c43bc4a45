"""What a webhook tells of a merge request is looked up in GitLab, by the rules of the clean-up, before it acts."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.__main__ import app
from tests.unit.operations.agreeing import BEFORE, World
from tests.unit.operations.webhook_events import DELETED, MERGED, changed, relabelled

CLOSED = changed(MERGED, "object_attributes.action", "close")
LOST_START, LOST_KEEP = relabelled(["preview"], []), relabelled(["preview::keep"], [])
GOT_KEEP = relabelled([], ["preview::keep"])
BRANCH, STACK = "feature/a", "preview-feature-a"


@pytest.fixture
def world(gitlab_world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    for name, value in gitlab_world.fake.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("cli.session.open_engine", lambda *_, **__: gitlab_world.engine)
    monkeypatch.setattr("cli.session.audience", lambda _: gitlab_world.heard.append)
    return gitlab_world


@pytest.fixture
def hear(world: World, tmp_path: Path) -> Callable[..., tuple[str, str]]:
    """Event of a webhook → result of the command, and what it says."""

    def heard(event: dict[str, Any], *options: str) -> tuple[str, str]:
        payload = tmp_path / "payload"
        payload.write_text(json.dumps(event), encoding="utf-8")
        arguments = ["webhook", "--project", "15", "--auto", "label", "--json", *options, str(payload)]
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)["result"], done.stderr

    return heard


Hear = Callable[..., tuple[str, str]]


def opened_again(world: World) -> None:
    world.merge_request(BRANCH)


def another_is_open(world: World) -> None:
    world.merge_request(BRANCH, ended="closed")
    world.merge_request(BRANCH)


def made_later(world: World) -> None:
    world.merge_request(BRANCH, ended="closed", at=BEFORE)


@pytest.mark.parametrize("asked", [opened_again, another_is_open, made_later])
@pytest.mark.parametrize("event", [MERGED, CLOSED], ids=["merged", "closed"])
def test_a_preview_that_the_clean_up_would_leave_alone_outlives_what_a_webhook_says(
    world: World, hear: Hear, asked: Callable[[World], None], event: dict[str, Any]
) -> None:
    world.preview(BRANCH)
    asked(world)
    assert hear(event)[0] == "nothing to do"
    assert world.engine.destroyed == []
    assert world.reap()[0] == []


@pytest.mark.parametrize(("labelled", "result"), [("", "nothing to do"), ("yes", "destroyed")])
def test_the_loss_of_the_label_ends_what_it_has_started_and_not_what_was_deployed_by_hand(
    world: World, hear: Hear, labelled: str, result: str
) -> None:
    world.preview(BRANCH, labelled=labelled)
    world.merge_request(BRANCH)
    assert hear(LOST_START, "--auto", "manual")[0] == "nothing to do"
    assert hear(LOST_START)[0] == result


@pytest.mark.parametrize(
    ("event", "kept", "labels", "result"),
    [
        (LOST_KEEP, "label", [["preview::keep"], []], "nothing to do"),
        (LOST_KEEP, "label", [[], []], "kept no longer"),
        (LOST_KEEP, "command", [[]], "nothing to do"),
        (GOT_KEEP, "", [["preview::keep"], []], "kept"),
        (GOT_KEEP, "", [["bug"]], "nothing to do"),
    ],
    ids=["another has it", "none has it", "the command keeps", "one has it", "taken away again"],
)
def test_the_labels_of_all_open_merge_requests_of_a_branch_say_whether_its_preview_is_kept(
    world: World, hear: Hear, event: dict[str, Any], kept: str, labels: list[list[str]], result: str
) -> None:
    world.preview(BRANCH, kept=kept)
    for of_one in labels:
        world.merge_request(BRANCH, *of_one)
    assert hear(event)[0] == result
    assert world.engine.states[STACK].outputs["kept"] == {"kept": "label", "kept no longer": ""}.get(result, kept)


def test_a_preview_ends_with_its_merge_request_and_why_is_told(world: World, hear: Hear) -> None:
    world.preview(BRANCH)
    world.merge_request(BRANCH, ended="merged")
    result, said = hear(MERGED, "--dry-run")
    assert (result, world.engine.destroyed) == ("due", [])
    assert "its merge request was merged" in said
    assert hear(MERGED)[0] == "destroyed"
    assert [(one.what, one.why) for one in world.heard] == [("gone", "its merge request was merged")]
    assert hear(MERGED)[0] == "absent"


def test_a_merge_request_that_is_opened_again_while_another_operation_is_waited_for_keeps_its_preview(
    world: World, hear: Hear, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.preview(BRANCH)
    world.merge_request(BRANCH, ended="closed")
    locked = world.engine.locked

    def after_a_while(*how: Any) -> AbstractContextManager[None]:
        world.merge_request(BRANCH)
        return locked(*how)

    monkeypatch.setattr(world.engine, "locked", after_a_while)
    result, said = hear(CLOSED)
    assert (result, world.engine.destroyed) == ("nothing to do", [])
    assert "Nothing to do: it was removed, or what ended it was taken back, meanwhile." in said


@pytest.mark.parametrize("variable", ["CI_API_V4_URL", "CI_JOB_TOKEN"], ids=["away", "outside a job"])
def test_where_gitlab_cannot_be_asked_the_clean_up_decides_and_that_is_said(
    world: World, hear: Hear, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    world.preview(BRANCH)
    world.merge_request(BRANCH, ended="merged")
    monkeypatch.setenv(variable, "http://127.0.0.1:1/api/v4" if variable.endswith("URL") else "")
    result, said = hear(MERGED)
    assert (result, world.engine.destroyed) == ("skipped", [])
    assert "Nothing was done: the next clean-up (./preview reap) looks again." in said
    assert hear(DELETED)[0] == "destroyed", "nobody has to be asked what a deleted branch means"
