"""What the backend is asked for when the states of many stacks are read."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest

from operations.engine.backend import Backend
from operations.engine.store import FileStore
from operations.engine.vendor import EngineProcess
from stacks.settings import PROJECT

STATE = {"checkpoint": {"latest": {"manifest": {"time": "2026-01-10T00:00:00Z"}, "resources": []}}}


class CountingStore(FileStore):
    """A directory that counts how often it is listed."""

    listings = 0

    def list(self, prefix: str) -> Mapping[str, dt.datetime]:
        self.listings += 1
        return super().list(prefix)


@pytest.fixture
def store(tmp_path: Path) -> CountingStore:
    made = CountingStore(tmp_path)
    for number in range(20):
        made.write(f".pulumi/stacks/{PROJECT}/preview-{number}.json", json.dumps(STATE).encode())
    made.write(f".pulumi/stacks/{PROJECT}/preview-torn.json", b'{"checkpoint":')
    return made


@pytest.fixture
def backend(store: CountingStore) -> Backend:
    made = Backend(cast(EngineProcess, None), "/")
    made.store = store
    return made


def test_the_backend_is_listed_once_however_many_states_are_read(backend: Backend, store: CountingStore) -> None:
    stacks = backend.stacks()
    store.listings = 0
    readable, wrong = backend.readable(stacks)
    assert (len(readable), list(wrong)) == (20, ["preview-torn"])
    assert store.listings == 1
    assert all(backend.snapshots(["preview-1", "preview-2"]))
    assert store.listings == 2
