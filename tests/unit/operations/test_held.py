"""Who holds what: operations of the command on this machine, and the engine's locks in a directory or in S3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import boto3
import pytest
from moto.server import ThreadedMotoServer

from operations.engine.held import held
from operations.engine.locks import Holder, Locks
from operations.engine.workspace import Engine
from operations.errors import OperationError

LOCK = {"pid": 4711, "username": "ci", "hostname": "runner-7", "timestamp": "2026-01-02T03:04:05Z"}
HOLDER = Holder(user="ci", host="runner-7", pid=4711, since="2026-01-02T03:04:05Z")
KEY = ".pulumi/locks/organization/pgai-preview/preview-a/0123.json"


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Only what is asked of it: the command's own locks."""
    return cast(Engine, Locks(tmp_path / "locks"))


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
    locks = cast(Locks, engine)
    with locks.held("preview-b", "deploy", 0, print):
        # Another process would see it held; the same one is asked by another file.
        (found,) = held(engine)
    assert (found.stack, found.holder.operation) == ("preview-b", "deploy")
    assert held(engine) == []


def test_a_half_written_lock_keeps_nobody_from_seeing_the_others(engine: Engine, backend: Path) -> None:
    (backend / KEY).write_text(json.dumps(LOCK))
    (backend / KEY).with_name("4567.json").write_text('{"pid": 12')
    assert [one.holder for one in held(engine)] == [HOLDER]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of a real S3 server on loopback, with a bucket."""
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}.items():
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(Bucket="states")
    yield endpoint
    server.stop()


def test_locks_in_an_object_store_are_shown_too(engine: Engine, s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = boto3.client("s3", endpoint_url=s3, region_name="us-east-1")
    client.put_object(Bucket="states", Key=f"team/{KEY}", Body=json.dumps(LOCK))
    address = s3.removeprefix("http://")
    query = f"endpoint={address}&disableSSL=true&s3ForcePathStyle=true&region=us-east-1"
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"s3://states/team?{query}")
    assert [(one.stack, one.holder) for one in held(engine)] == [("preview-a", HOLDER)]


def test_a_bucket_that_is_not_there_is_one_sentence(engine: Engine, s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    address = s3.removeprefix("http://")
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"s3://nowhere?endpoint={address}&disableSSL=true&region=us-east-1")
    with pytest.raises(OperationError, match="locks in the backend s3://nowhere cannot be read"):
        held(engine)


def test_another_kind_of_backend_is_named(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "gs://bucket")
    with pytest.raises(OperationError, match=r"gs://.*cannot be shown: they are the objects below \.pulumi/locks"):
        held(engine)
