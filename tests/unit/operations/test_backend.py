"""What the backend is asked for when the states of many stacks are read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from operations.engine.backend import Backend
from operations.engine.known import KEY
from operations.engine.snapshot import Snapshot
from operations.engine.store import FileStore, Listed
from operations.errors import OperationError
from stacks.settings import PROJECT

STATE = {"checkpoint": {"latest": {"manifest": {"time": "2026-01-10T00:00:00Z"}, "resources": []}}}


class CountingStore(FileStore):
    """A directory that says what of it was listed, and what was read."""

    listed: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()

    def list(self, prefix: str) -> Mapping[str, Listed]:
        self.listed += (prefix,)
        return super().list(prefix)

    def read(self, key: str) -> bytes | None:
        self.reads += (key,)
        return super().read(key)

    def states_read(self) -> set[str]:
        """Stacks whose states were read since this was last asked."""
        found = {Path(key).name.split(".")[0] for key in self.reads if key != KEY}
        self.reads = ()
        return found


@pytest.fixture
def store(tmp_path: Path) -> CountingStore:
    made = CountingStore(tmp_path)
    for number in range(20):
        made.write(f".pulumi/stacks/{PROJECT}/preview-{number}.json", json.dumps(STATE).encode())
    made.write(f".pulumi/stacks/{PROJECT}/preview-torn.json", b'{"checkpoint":')
    return made


@pytest.fixture
def backend(store: CountingStore) -> Backend:
    made = Backend()
    made.store = store
    return made


def test_the_backend_is_listed_once_however_many_states_are_read(backend: Backend, store: CountingStore) -> None:
    readable, wrong = backend.readable(lambda name: name != "preview-2")
    assert (len(readable), list(wrong)) == (19, ["preview-torn"])
    assert store.listed == (f".pulumi/stacks/{PROJECT}/",)


def test_whoever_wants_some_stacks_alone_does_not_list_all(backend: Backend, store: CountingStore) -> None:
    one, none, other = backend.snapshots(["preview-1", "preview-99", "preview-2"])
    assert one is not None
    assert other is not None
    assert (one.stack, none, other.stack) == ("preview-1", None, "preview-2")
    assert backend.snapshot("preview-1") == one
    backend.edit("preview-1", lambda deployment: None)
    assert f".pulumi/stacks/{PROJECT}/" not in store.listed


@pytest.mark.parametrize("suffix", ["json", "json.gz"])
def test_a_new_stack_is_empty_and_has_the_key_of_the_other_alone(
    backend: Backend, store: CountingStore, suffix: str
) -> None:
    manifest = {"time": "2026-01-10T00:00:00Z", "magic": "m", "version": "3.220.0"}
    provider = {"type": "passphrase", "state": {"salt": "v1:s:v1:n:c"}}
    resources = [{"type": "pulumi:pulumi:Stack", "urn": "urn::s", "outputs": {"branch": "one"}}]
    latest = {"manifest": manifest, "secrets_providers": provider, "resources": resources, "pending_operations": [{}]}
    base = {"version": 3, "checkpoint": {"stack": f"organization/{PROJECT}/local", "config": {}, "latest": latest}}
    packed = json.dumps(base).encode()
    store.write(f".pulumi/stacks/{PROJECT}/local.{suffix}", gzip.compress(packed) if suffix.endswith("gz") else packed)
    backend.add("preview-new", like="local")
    written = store.read(f".pulumi/stacks/{PROJECT}/preview-new.{suffix}")
    assert written
    assert json.loads(gzip.decompress(written) if suffix.endswith("gz") else written) == {
        "version": 3,
        "checkpoint": {
            "stack": f"organization/{PROJECT}/preview-new",
            "latest": {"manifest": manifest, "secrets_providers": provider},
        },
    }
    found = backend.snapshot("preview-new")
    assert found
    assert (found.ids, found.preview) == ({}, None)


def test_a_stack_that_is_there_is_left_as_it_is(backend: Backend, store: CountingStore) -> None:
    key = f".pulumi/stacks/{PROJECT}/preview-1.json"
    store.write(key, state("one"))
    backend.add("preview-1", like="preview-2")
    assert store.read(key) == state("one")


def test_without_the_other_stack_none_is_made(backend: Backend, store: CountingStore) -> None:
    with pytest.raises(OperationError, match="no stack 'local' any more"):
        backend.add("preview-new", like="local")
    assert backend.snapshot("preview-new") is None


def state(branch: str, saved_at: str = "2026-01-10T00:00:00Z") -> bytes:
    """A state of a preview of a branch, with a secret output."""
    outputs = {"branch": branch, "credentials": {"4dabf18193072939515e22adb298388d": "…", "ciphertext": "v1:5ecret"}}
    container = {"type": "docker:index/container:Container", "urn": "urn::c", "custom": True, "id": "c1"}
    stack = {"type": "pulumi:pulumi:Stack", "urn": "urn::s", "outputs": outputs}
    latest = {"manifest": {"time": saved_at}, "resources": [stack, container]}
    return json.dumps({"checkpoint": {"latest": latest}}).encode()


def all_of(backend: Backend) -> Mapping[str, Snapshot]:
    return backend.readable(lambda name: name != "preview-torn")[0]


def test_a_state_that_nobody_has_written_since_is_not_read_again_and_says_the_same(
    backend: Backend, store: CountingStore
) -> None:
    store.write(f".pulumi/stacks/{PROJECT}/preview-1.json", state("one"))
    first = all_of(backend)
    assert len(store.states_read()) == 20
    assert all_of(backend) == first
    assert store.states_read() == set()
    assert first["preview-1"].owner == "one"
    assert first["preview-1"].ids == {"docker:index/container:Container": frozenset({"c1"})}


def test_a_state_that_was_written_is_read_again_and_no_other(backend: Backend, store: CountingStore) -> None:
    all_of(backend)
    store.states_read()
    store.write(f".pulumi/stacks/{PROJECT}/preview-1.json", state("one"))
    assert all_of(backend)["preview-1"].owner == "one"
    assert store.states_read() == {"preview-1"}


def test_a_state_that_was_written_while_it_was_read_is_read_again(backend: Backend, store: CountingStore) -> None:
    key = f".pulumi/stacks/{PROJECT}/preview-1.json"
    listing = store.list(f".pulumi/stacks/{PROJECT}/")
    store.write(key, state("one"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "list", lambda _: listing)
        all_of(backend)
    store.write(key, state("another"))
    store.states_read()
    assert all_of(backend)["preview-1"].owner == "another"


def test_the_state_that_the_engine_would_read_decides(backend: Backend, store: CountingStore) -> None:
    store.write(f".pulumi/stacks/{PROJECT}/preview-new.json.gz", state("packed"))
    all_of(backend)
    store.write(f".pulumi/stacks/{PROJECT}/preview-new.json", state("plain"))
    assert all_of(backend)["preview-new"].owner == "plain"


@pytest.mark.parametrize(
    "damaged", [b"", b"nonsense", gzip.compress(b"[]"), gzip.compress(b'{"x": {"version": "1"}}'), b"\x1f\x8b\x08cut"]
)
def test_what_is_known_is_made_anew_where_it_is_damaged(backend: Backend, store: CountingStore, damaged: bytes) -> None:
    first = all_of(backend)
    store.write(KEY, damaged)
    store.states_read()
    assert all_of(backend) == first
    assert len(store.states_read()) == 20
    all_of(backend)
    assert store.states_read() == set()


def test_what_is_known_of_one_stack_is_never_said_of_another(backend: Backend, store: CountingStore) -> None:
    all_of(backend)
    known = gzip.decompress(store.read(KEY) or b"").replace(b'"stack":"preview-1"', b'"stack":"preview-2"')
    store.write(KEY, gzip.compress(known))
    assert {stack: one.stack for stack, one in all_of(backend).items()}["preview-1"] == "preview-1"


def test_a_stack_that_is_gone_is_known_no_longer(backend: Backend, store: CountingStore) -> None:
    all_of(backend)
    store.delete(f".pulumi/stacks/{PROJECT}/preview-1.json")
    store.write(f".pulumi/stacks/{PROJECT}/preview-2.json", state("two"))
    assert "preview-1" not in all_of(backend)
    assert b"preview-1.json" not in gzip.decompress(store.read(KEY) or b"")


def test_no_secret_is_kept_with_what_is_known(backend: Backend, store: CountingStore) -> None:
    store.write(f".pulumi/stacks/{PROJECT}/preview-1.json", state("one"))
    all_of(backend)
    assert b"5ecret" not in gzip.decompress(store.read(KEY) or b"")


def test_states_are_read_where_what_is_known_can_be_neither_read_nor_kept(
    backend: Backend, store: CountingStore, tmp_path: Path
) -> None:
    (tmp_path / KEY).mkdir(parents=True)
    assert len(all_of(backend)) == 20
    assert len(all_of(backend)) == 20
