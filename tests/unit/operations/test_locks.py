"""One operation of this command at a time on a preview, and a lock whose process is gone is no lock."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from operations.engine.locks import Locks
from operations.errors import LockedError


@pytest.fixture
def locks(tmp_path: Path) -> Locks:
    return Locks(tmp_path / "locks")


def test_a_second_operation_is_refused_naming_who_holds_the_stack_since_when(locks: Locks) -> None:
    with (
        locks.held("preview-a", "deploy", 0, print),
        pytest.raises(LockedError) as refused,
        locks.held("preview-a", "destroy", 0.3, print),
    ):
        pass
    sentence = str(refused.value)
    assert "'preview-a' is held by deploy by " in sentence
    assert f"(process {os.getpid()}) since 20" in sentence


def test_who_waits_says_so_once_and_goes_on_when_the_other_has_ended(locks: Locks) -> None:
    told: list[str] = []
    waiting, entered = threading.Event(), threading.Event()

    def note(text: str) -> None:
        told.append(text)
        waiting.set()

    def second() -> None:
        with locks.held("preview-a", "destroy", 30, note):
            entered.set()

    with locks.held("preview-a", "deploy", 0, print):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(10)
        assert not entered.is_set()
    assert entered.wait(10)
    thread.join()
    assert len(told) == 1
    assert told[0].startswith("waiting for deploy by ")


def test_the_lock_of_a_killed_operation_is_free(locks: Locks, tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from operations.engine.locks import Locks\n"
        f"with Locks(Path({str(tmp_path / 'locks')!r})).held('preview-a', 'deploy', 0, print):\n"
        "    print('held', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        holder = locks.holder("preview-a")
        assert holder is not None
        assert (holder.pid, holder.operation) == (process.pid, "deploy")
        process.kill()
        process.wait()
    assert locks.holder("preview-a") is None
    with locks.held("preview-a", "deploy", 0, print):
        pass


def test_many_who_take_turns_are_never_two_at_once_and_leave_no_file(locks: Locks, tmp_path: Path) -> None:
    inside, most = 0, 0

    def turn(_: int) -> None:
        nonlocal inside, most
        with locks.held("preview-a", "deploy", 60, lambda _: None):
            inside += 1
            most = max(most, inside)
            assert locks.holder("preview-a") is not None
            inside -= 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(turn, range(12)))
    assert most == 1
    assert locks.holder("preview-a") is None
    assert list((tmp_path / "locks").iterdir()) == []
