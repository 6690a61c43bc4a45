"""The state backend's objects, in a directory and in S3, a stand-in on loopback."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from operations.engine.store import Store, store_of
from operations.errors import OperationError
from tests.equipment.s3 import Bucket, bucket_on_loopback, only_with_a_key


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


WRONG_KEYS = {
    "a key that nobody has": ({"AWS_ACCESS_KEY_ID": "AKIAWRONG"}, "Key Id you provided does not exist"),
    "another secret": ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "signature we calculated does not match"),
}


@pytest.mark.parametrize(("wrong", "why"), WRONG_KEYS.values(), ids=WRONG_KEYS)
@pytest.mark.parametrize("ask", [lambda store: store.list("a/"), lambda store: store.write("a", b"1")])
def test_a_key_that_the_bucket_does_not_take_is_one_sentence(
    s3: Bucket, monkeypatch: pytest.MonkeyPatch, ask: Callable[[Store], object], wrong: dict[str, str], why: str
) -> None:
    with only_with_a_key(s3) as right:
        for name, value in right.items():
            monkeypatch.setenv(name, value)
        ask(store_of(s3.url))
        for name, value in wrong.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(OperationError, match=f"^The state backend s3://{s3.name} cannot be used .*{why}") as told:
            ask(store_of(s3.url))
    assert len(str(told.value).splitlines()) == 1
