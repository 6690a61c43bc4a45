"""What is kept beyond its end, by whom, and who is told."""

from __future__ import annotations

import datetime as dt
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from cli.deploy import labels_of
from components.host_scripts import script
from operations.engine.events import Reporting, no_steps
from operations.errors import OperationError, RefusedError
from operations.happening import Happening
from operations.life.labels import KEEP_LABEL, kept_after, labelled_after
from operations.listing import previews
from operations.machine.access import Machine
from operations.upkeep import expiry
from operations.upkeep.expiry import extend, keep, unkeep
from operations.upkeep.reap import ReapRequest, reap
from stacks.outputs import BaseOutputs
from tests.equipment.fakes.grafana import base as base_outputs
from tests.unit.operations.deploying import STATE, World
from tests.unit.operations.engine import StandInEngine, preview

NOW = dt.datetime(2026, 1, 10, tzinfo=dt.UTC)
PAST, FUTURE = "2026-01-09T23:59:59Z", "2026-01-12T00:00:00Z"


@dataclass
class Host:
    """A machine that runs what it is given, in a directory of this one."""

    base: BaseOutputs
    away: bool = False
    marks: list[str] = field(default_factory=list)

    def run(self, text: str, environment: Mapping[str, str]) -> str:
        if self.away:
            raise OperationError("The machine cannot be reached.")
        self.marks.append(environment["KEPT"])
        return ""


@dataclass
class Keeping:
    engine: StandInEngine
    host: Host
    heard: list[Happening] = field(default_factory=list)

    @property
    def told(self) -> Reporting:
        return Reporting(step=no_steps, note=print, happened=self.heard.append, by="ada")

    def reap(self) -> dict[str, str]:
        request = ReapRequest(base="local", branches_from="", dry_run=False, now=NOW)
        return {one.branch: one.result for one in reap(self.engine.engine, request, print)[0]}

    def outputs(self, branch: str) -> Mapping[str, Any]:
        return self.engine.states[f"preview-{branch}"].outputs


@pytest.fixture
def keeping(monkeypatch: pytest.MonkeyPatch) -> Keeping:
    made = Keeping(
        StandInEngine({"preview-a": preview("a", PAST, url="https://a", commit="c1")}), Host(base_outputs(8443))
    )
    monkeypatch.setattr(expiry, "machine_at", lambda engine, base: cast(Machine, made.host))
    return made


def test_a_kept_preview_does_not_expire_and_is_listed_without_an_end(keeping: Keeping) -> None:
    keep(keeping.engine.engine, "a", keeping.told)
    assert keeping.reap() == {}
    (row,) = previews(keeping.engine.engine, NOW)
    assert (row.state, row.kept, row.expires_at) == ("live", "command", "")
    assert keeping.host.marks == ["yes"]


def test_a_preview_that_is_kept_no_longer_lives_on_for_as_long_as_a_warning_takes(keeping: Keeping) -> None:
    keep(keeping.engine.engine, "a", keeping.told)
    after = unkeep(keeping.engine.engine, "a", NOW, keeping.told)
    assert (after.kept, after.expires_at) == ("", "2026-01-10T12:00:00Z")
    assert keeping.host.marks == ["yes", ""]
    assert keeping.reap() == {}


def test_a_preview_that_is_kept_no_longer_ends_when_it_would_have(keeping: Keeping) -> None:
    keeping.engine.states["preview-a"] = preview("a", FUTURE, kept="command")
    assert unkeep(keeping.engine.engine, "a", NOW, keeping.told).expires_at == FUTURE


def test_the_command_does_not_take_back_what_the_label_keeps(keeping: Keeping) -> None:
    keep(keeping.engine.engine, "a", keeping.told, by="label")
    with pytest.raises(RefusedError, match="take the label away"):
        unkeep(keeping.engine.engine, "a", NOW, keeping.told)
    assert keeping.outputs("a")["kept"] == "label"


def test_the_label_does_not_take_back_what_the_command_keeps(keeping: Keeping) -> None:
    keep(keeping.engine.engine, "a", keeping.told)
    keep(keeping.engine.engine, "a", keeping.told, by="label")
    with pytest.raises(RefusedError, match=r"\./preview unkeep lets it end"):
        unkeep(keeping.engine.engine, "a", NOW, keeping.told, by="label")
    assert keeping.outputs("a")["kept"] == "command"


def test_what_nothing_keeps_cannot_be_kept_no_longer(keeping: Keeping) -> None:
    with pytest.raises(RefusedError, match="Nothing keeps the preview"):
        unkeep(keeping.engine.engine, "a", NOW, keeping.told)


def test_a_machine_that_cannot_be_reached_leaves_the_record_as_it_was(keeping: Keeping) -> None:
    keeping.host.away = True
    with pytest.raises(OperationError, match="cannot be reached"):
        keep(keeping.engine.engine, "a", keeping.told)
    assert "kept" not in keeping.outputs("a")
    assert keeping.heard == []


def test_everybody_hears_what_is_extended_kept_and_kept_no_longer(keeping: Keeping) -> None:
    extend(keeping.engine.engine, "a", 24, NOW, keeping.told)
    keep(keeping.engine.engine, "a", keeping.told)
    unkeep(keeping.engine.engine, "a", NOW, keeping.told)
    told = [(one.what, one.expires_at, one.by, one.url, one.commit) for one in keeping.heard]
    assert told == [
        ("extended", "2026-01-11T00:00:00Z", "ada", "https://a", "c1"),
        ("kept", "", "ada", "https://a", "c1"),
        ("kept", "2026-01-11T00:00:00Z", "ada", "https://a", "c1"),
    ]


def test_a_kept_preview_goes_with_its_branch(keeping: Keeping, tmp_path: Path) -> None:
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    keep(keeping.engine.engine, "a", keeping.told)
    request = ReapRequest(base="local", branches_from=str(tmp_path), dry_run=False, now=NOW)
    assert [one.result for one in reap(keeping.engine.engine, request, print)[0]] == ["destroyed"]


@pytest.mark.parametrize(
    ("before", "labels", "after"),
    [
        ("", None, ""),
        ("", "", ""),
        ("", f"bug, {KEEP_LABEL}", "label"),
        ("", f"{KEEP_LABEL}ing", ""),
        ("label", None, "label"),
        ("label", "bug", ""),
        ("command", "", "command"),
        ("command", KEEP_LABEL, "command"),
    ],
)
def test_the_label_keeps_and_takes_back_no_more_than_it_has_kept(before: str, labels: str | None, after: str) -> None:
    assert kept_after(before, labels_of(labels)) == after


@pytest.mark.parametrize(
    ("before", "labels", "updated", "after"),
    [
        ("", "preview", False, "yes"),
        ("", "preview", True, "yes"),
        ("yes", "bug", True, "yes"),
        ("yes", "bug", False, ""),
        ("yes", None, False, "yes"),
        ("", "preview::keep,previews", True, ""),
    ],
)
def test_a_push_does_not_hide_that_the_label_which_started_a_preview_is_gone(
    before: str, labels: str | None, updated: bool, after: str
) -> None:
    assert labelled_after(before, labels_of(labels), updated=updated) == after


@pytest.mark.parametrize(("before", "labels", "marked"), [("", {KEEP_LABEL}, 1), ("command", None, 1), ("", set(), 0)])
def test_a_deploy_hands_on_what_keeps_the_preview_and_marks_it_on_the_machine(
    monkeypatch: pytest.MonkeyPatch, before: str, labels: set[str] | None, marked: int
) -> None:
    world = World.make(monkeypatch)
    world.engine.states[STATE.stack] = preview("a", base="base", kept=before)
    world.deploy(labels=labels)
    assert world.engine.values[0]["kept"] == ("label" if labels else before)
    assert world.machine.scripts.count("mark") == marked


def test_the_last_good_version_comes_back_with_what_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World.make(monkeypatch)
    world.engine.states[STATE.stack] = preview("a", PAST, base="base", kept="command")
    world.engine.ups = [world.fail(OperationError("up failed."))]
    with pytest.raises(OperationError, match="up failed"):
        world.deploy()
    assert (world.engine.values[1]["kept"], world.engine.values[1]["expiresAt"]) == ("command", PAST)


def test_the_mark_is_a_file_in_the_previews_directory_and_makes_no_directory(tmp_path: Path) -> None:
    def mark(kept: str) -> bool:
        directory = tmp_path / "previews/a"
        run = subprocess.run(
            ["sh", "-s"],
            input=script("mark_kept"),
            text=True,
            check=True,
            env={"DIRECTORY": str(directory), "KEPT": kept},
        )
        assert run.returncode == 0
        return (directory / "kept").exists()

    assert not mark("yes")
    assert not (tmp_path / "previews").exists()
    (tmp_path / "previews/a").mkdir(parents=True)
    assert [mark("yes"), mark("yes"), mark(""), mark("")] == [True, True, False, False]
