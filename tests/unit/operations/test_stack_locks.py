"""The engine's lock on a stack, taken in the engine's way; only the dead's is cleared, and what is too old."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from operations.engine.holder import ENGINE, Holder
from operations.engine.stack_locks import StackLocks
from operations.engine.store import store_of
from operations.errors import LockedError

FOLDER = ".pulumi/locks/organization/pgai-preview/preview-a"
TWO_HOURS = dt.timedelta(hours=2)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def locks(tmp_path: Path, told: list[str]) -> StackLocks:
    store = store_of(f"file://{tmp_path}")
    return StackLocks(lambda: store, TWO_HOURS, told.append)


@pytest.fixture
def running() -> Iterator[int]:
    """Id of a process that runs."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process.pid
        process.kill()


def lock_file(tmp_path: Path, name: str = "0123", *, host: str = "", pid: int = 1, **more: object) -> Path:
    """A lock as an engine writes it."""
    path = tmp_path / FOLDER / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    now = dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "Z")
    lock = {"pid": pid, "username": "ci", "hostname": host or socket.gethostname(), "timestamp": now, **more}
    path.write_text(json.dumps(lock), encoding="utf-8")
    return path


def dead_pid() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def refused(locks: StackLocks) -> str:
    with pytest.raises(LockedError) as error, locks.held("preview-a", "deploy", 0):
        pass
    return str(error.value)


def test_what_holds_a_stack_is_a_file_that_the_engine_reads_and_it_goes_with_the_block(
    locks: StackLocks, tmp_path: Path
) -> None:
    with locks.held("preview-a", "deploy", 0):
        (path,) = (tmp_path / FOLDER).glob("*.json")
        lock = json.loads(path.read_text(encoding="utf-8"))
        assert {name: type(lock[name]) for name in ("pid", "username", "hostname", "timestamp")} == {
            "pid": int,
            "username": str,
            "hostname": str,
            "timestamp": str,
        }
        assert "is held by deploy by" in refused(locks)
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_it_goes_with_a_block_that_fails_too(locks: StackLocks, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), locks.held("preview-a", "deploy", 0):
        raise KeyboardInterrupt
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_somebody_who_is_interrupted_while_he_lets_go_of_a_stack_leaves_it_free(
    locks: StackLocks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, delete = locks._open(), locks._open().delete
    signals = [KeyboardInterrupt("once")]

    def interrupted(key: str) -> None:
        if signals:
            raise signals.pop()
        delete(key)

    monkeypatch.setattr(store, "delete", interrupted)
    with pytest.raises(KeyboardInterrupt, match="once"), locks.held("preview-a", "deploy", 0):
        pass
    assert list((tmp_path / FOLDER).iterdir()) == []
    with locks.held("preview-a", "deploy", 0):
        pass


def test_many_who_take_turns_are_never_two_at_once(locks: StackLocks) -> None:
    inside, most, guard = 0, 0, threading.Lock()

    def turn(_: int) -> None:
        nonlocal inside, most
        with locks.held("preview-a", "deploy", 120):
            with guard:
                inside += 1
                most = max(most, inside)
            locks.all()
            with guard:
                inside -= 1

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(turn, range(6)))
    assert most == 1


@pytest.mark.parametrize("host", ["", "another-machine"])
def test_a_host_name_and_a_process_that_is_not_there_say_nothing(locks: StackLocks, tmp_path: Path, host: str) -> None:
    path = lock_file(tmp_path, host=host, pid=dead_pid())
    sentence = refused(locks)
    assert path.exists()
    assert f"held by pulumi by ci on {host or socket.gethostname()} (process " in sentence
    assert re.search(r", for \d+ s\. Wait", sentence)
    assert f"delete file://{path}" in sentence
    assert "older than 2 h is cleared" in sentence


def test_the_lock_of_an_engine_that_was_noted_and_killed_is_cleared(
    locks: StackLocks, tmp_path: Path, told: list[str]
) -> None:
    with subprocess.Popen(["sleep", "600"]) as engine, locks.noted("preview-a", engine.pid) as killed:
        path = lock_file(tmp_path, pid=engine.pid)
        assert "held by pulumi" in refused(locks), "it runs"
        engine.kill()
        engine.wait()
        killed()
    with locks.held("preview-a", "deploy", 0):
        assert not path.exists()
    assert "that process is gone" in told[-1]
    assert not [path for path in (tmp_path / FOLDER).rglob("*") if path.is_file()], "its note is gone too"


def test_the_note_of_an_engine_that_ended_by_itself_goes_with_it(
    locks: StackLocks, tmp_path: Path, running: int
) -> None:
    with locks.noted("preview-a", running):
        assert [path for path in (tmp_path / FOLDER).rglob("*") if path.is_file()]
    assert not [path for path in (tmp_path / FOLDER).rglob("*") if path.is_file()]


def test_the_note_of_an_engine_that_was_killed_without_a_lock_is_cleared_by_the_next(
    locks: StackLocks, tmp_path: Path
) -> None:
    with subprocess.Popen(["sleep", "600"]) as engine, locks.noted("preview-a", engine.pid) as killed:
        engine.kill()
        engine.wait()
        killed()
    assert [path for path in (tmp_path / FOLDER).rglob("*") if path.is_file()]
    with locks.held("preview-a", "deploy", 0):
        pass
    assert not [path for path in (tmp_path / FOLDER).rglob("*") if path.is_file()]


def test_a_lock_from_before_the_process_that_was_noted_is_not_its_own(locks: StackLocks, tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as engine, locks.noted("preview-a", engine.pid) as killed:
        engine.kill()
        engine.wait()
        killed()
    path = lock_file(tmp_path, pid=engine.pid, timestamp="2026-01-02T03:04:05.123456789Z")
    refused(locks)
    assert path.exists()


def test_one_of_another_boot_or_namespace_or_without_a_note_is_never_known_to_be_dead() -> None:
    gone = replace(Holder.this(ENGINE), pid=dead_pid(), started="1")
    assert gone.dead
    for other in (
        replace(gone, boot="another"),
        replace(gone, namespace="pid:[1]"),
        replace(gone, boot=""),
        replace(gone, started=""),
    ):
        assert not other.dead


def test_a_later_process_with_the_same_id_is_another_one(running: int) -> None:
    holder = Holder.this(ENGINE, running)
    assert not holder.dead
    assert replace(holder, started="1").dead


def test_one_that_has_ended_and_that_nobody_has_waited_for_is_dead() -> None:
    with subprocess.Popen(["sleep", "600"]) as process:
        holder = Holder.this(ENGINE, process.pid)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert holder.dead


def test_a_lock_that_is_older_than_any_operation_is_cleared_wherever_it_is_from(
    locks: StackLocks, tmp_path: Path, told: list[str]
) -> None:
    old, young = (lock_file(tmp_path, name, host="another-machine") for name in ("old", "young"))
    then = dt.datetime.now().timestamp() - TWO_HOURS.total_seconds() - 60  # noqa: DTZ005
    os.utime(old, (then, then))
    assert [lock.key for lock in locks.overdue()] == [f"{FOLDER}/old.json"]
    refused(locks)
    assert (old.exists(), young.exists()) == (False, True)
    assert "no operation lasts longer than 2 h" in told[0]


def test_a_lock_that_cannot_be_read_is_a_lock(locks: StackLocks, tmp_path: Path) -> None:
    path = lock_file(tmp_path)
    path.write_text('{"pid": 12', encoding="utf-8")
    assert f"delete file://{path}" in refused(locks)
