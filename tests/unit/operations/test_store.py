"""The state backend's objects, in a directory and in a real S3 server on loopback."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from operations.engine.store import Store, store_of
from operations.errors import OperationError
from tests.equipment.s3 import Bucket, bucket_on_loopback


@pytest.fixture(scope="module")
def s3() -> Iterator[Bucket]:
    with pytest.MonkeyPatch.context() as environment, bucket_on_loopback() as bucket:
        for name, value in bucket.credentials.items():
            environment.setenv(name, value)
        environment.delenv("AWS_PROFILE", raising=False)
        yield bucket


@pytest.fixture(params=["file", "s3", "s3 in a folder"])
def store(request: pytest.FixtureRequest, tmp_path: Path, s3: Bucket) -> Store:
    urls = {"file": f"file://{tmp_path}", "s3": s3.url, "s3 in a folder": f"s3://{s3.name}/team?{s3.options}"}
    return store_of(urls[request.param])


def test_what_is_written_is_read_listed_and_removed(store: Store) -> None:
    before = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=2)
    store.write("a/b/one.json", b"1")
    store.write("a/b/one.json", b"2")
    store.write("a/c.json", b"3")
    assert store.read("a/b/one.json") == b"2"
    assert sorted(store.list("a/")) == ["a/b/one.json", "a/c.json"]
    assert list(store.list("a/b/")) == list(store.list("a/b/on")) == ["a/b/one.json"]
    assert list(store.list("a/b/two")) == []
    assert all(one.changed > before for one in store.list("a/").values())
    for _ in range(2):
        store.delete("a/b/one.json")
    assert store.read("a/b/one.json") is None
    assert list(store.list("a/")) == ["a/c.json"]
    assert store.list("nowhere/") == {}


def test_what_is_written_again_has_another_version_however_soon(store: Store) -> None:
    seen = set()
    for content in (b"1", b"2", b"3"):
        store.write("v/one.json", content)
        seen.add(store.list("v/")["v/one.json"].version)
        assert store.list("v/")["v/one.json"].version in seen
    assert len(seen) == 3


def test_a_folder_never_holds_what_is_only_half_written(tmp_path: Path) -> None:
    store_of(f"file://{tmp_path}").write("locks/one.json", b"1")
    assert [path.name for path in (tmp_path / "locks").iterdir()] == ["one.json"]
    assert list((tmp_path / ".pulumi").iterdir()) == []


def test_a_bucket_that_is_not_there_is_one_sentence(s3: Bucket) -> None:
    with pytest.raises(OperationError, match="state backend s3://nowhere cannot be used"):
        store_of(f"s3://nowhere?{s3.options}").list("a/")
