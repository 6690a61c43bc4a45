"""Who holds what: operations of the command on this machine, and the engine's locks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from operations.engine.held import held
from operations.engine.holder import Holder
from operations.engine.workspace import Engine
from operations.errors import OperationError
from stacks.paths import Paths

LOCK = {"pid": 4711, "username": "ci", "hostname": "runner-7", "timestamp": "2026-01-02T03:04:05Z"}
HOLDER = Holder(user="ci", host="runner-7", pid=4711, since="2026-01-02T03:04:05Z")
KEY = ".pulumi/locks/organization/pgai-preview/preview-a/0123.json"


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(Paths(cache=tmp_path / "cache", data=tmp_path / "data", checkout=tmp_path), "3.220.0", print)


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    (tmp_path / KEY).parent.mkdir(parents=True)
    return tmp_path


def test_the_engines_lock_is_shown_with_its_holder(engine: Engine, backend: Path) -> None:
    (backend / KEY).write_text(json.dumps(LOCK))
    (found,) = held(engine, "preview-a")
    assert (found.stack, found.holder) == ("preview-a", HOLDER)
    assert found.as_dict()["operation"] == "pulumi"
    assert held(engine, "preview-b") == []


def test_an_operation_of_the_command_is_shown_while_it_runs(engine: Engine, backend: Path) -> None:
    with engine.held("preview-b", "deploy"):
        (found,) = held(engine)
    assert (found.stack, found.holder.operation) == ("preview-b", "deploy")
    assert held(engine) == []


def test_a_lock_that_cannot_be_read_keeps_nobody_from_seeing_the_others(engine: Engine, backend: Path) -> None:
    (backend / KEY).write_text(json.dumps(LOCK))
    (backend / KEY).with_name("4567.json").write_text('{"pid": 12')
    assert [one.holder.user for one in held(engine)] == ["somebody", "ci"]


def test_another_kind_of_backend_is_refused_with_those_that_are_taken(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "gs://bucket")
    with pytest.raises(OperationError, match=r"gs://.* set PULUMI_BACKEND_URL to file:///DIRECTORY or s3://BUCKET"):
        held(engine)
