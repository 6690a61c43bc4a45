"""One operation at a time on a preview; a timeout says who holds it; a dead process holds nothing."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from operations.engine.holder import ENGINE, Holder
from operations.engine.locks import Locks
from stacks.names import slug_of, stack_of
from tests.equipment.checkout import wait_for_line
from tests.equipment.previews import Ground

pytestmark = pytest.mark.engine


@contextmanager
def engine_lock(ground: Ground, branch: str, *, host: str, pid: int, **noted: str) -> Iterator[Path]:
    """The engine's own lock on a stack, as an engine elsewhere leaves it, or with what was noted of its process."""
    backend = ground.clone.data / "pgai-preview/state/.pulumi"
    lock = backend / "locks/organization/pgai-preview" / stack_of(slug_of(branch)) / "4711.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    holder = {"pid": pid, "username": "ci", "hostname": host, "timestamp": "2026-01-02T03:04:05Z", **noted}
    lock.write_text(json.dumps(holder), encoding="utf-8")
    try:
        yield lock
    finally:
        lock.unlink(missing_ok=True)


def test_a_wait_that_times_out_says_who_holds_the_preview_and_what_to_do(
    ground: Ground, gone_afterwards: Callable[[str], str]
) -> None:
    here, elsewhere, claimed = gone_afterwards("here"), ground.branch("elsewhere"), gone_afterwards("claimed")
    assert ground.clone.pulumi("stack", "init", stack_of(slug_of(elsewhere))).code == 0
    locks = Locks(ground.clone.data / "pgai-preview/locks")
    with (
        locks.held(stack_of(slug_of(here)), "deploy", 0, print),
        engine_lock(ground, elsewhere, host="another-machine", pid=4711),
        engine_lock(ground, claimed, host="another-machine", pid=4712) as claim,
        ThreadPoolExecutor() as pool,
    ):
        commands = [("deploy", here), ("destroy", here), ("destroy", elsewhere), ("deploy", claimed)]
        first, second, third, fourth = pool.map(lambda command: ground.clone.preview(*command, "--wait", "2"), commands)
        assert claim.exists()
    for done in (first, second, third, fourth):
        assert done.code == 4, done.text
        assert done.seconds >= 2
        assert "waiting for" in done.stderr
        assert "which did not end within 2 s" in " ".join(done.stderr.split())
        assert "Traceback" not in done.text
    for done in (first, second):
        assert f"is held by deploy by root on {socket.gethostname()} (process {os.getpid()}) since 20" in done.stderr
    assert "is held by pulumi by ci on another-machine (process 4711) since 2026-01-02T03:04:05Z, for" in third.stderr
    assert f"if its process is gone, delete file://{claim} " in " ".join(fourth.stderr.split())
    assert ground.clone.preview("destroy", elsewhere).code == 0
    ground.require_nothing(elsewhere)


def lock_of_the_dead(ground: Ground, branch: str) -> AbstractContextManager[Path]:
    """A lock whose process was one of this machine's, and has ended."""
    gone = subprocess.Popen(["sleep", "600"])
    noted = Holder.this(ENGINE, gone.pid)
    gone.kill()
    gone.wait()
    more = {"boot": noted.boot, "namespace": noted.namespace, "started": noted.started}
    return engine_lock(ground, branch, host=noted.host, pid=noted.pid, **more)


def test_the_lock_of_a_dead_process_is_cleared_with_a_note(
    ground: Ground, gone_afterwards: Callable[[str], str]
) -> None:
    branch = gone_afterwards("dead")
    assert ground.clone.pulumi("stack", "init", stack_of(slug_of(branch))).code == 0
    with lock_of_the_dead(ground, branch) as lock:
        done = ground.clone.preview("destroy", branch)
        assert done.code == 0, done.text
        assert not lock.exists()
    assert "cleared the lock of pulumi by ci" in done.stderr
    assert "waiting for" not in done.stderr


def test_the_lock_of_one_who_died_between_stack_and_lock_is_cleared_by_the_next_deploy(
    ground: Ground, gone_afterwards: Callable[[str], str]
) -> None:
    branch = gone_afterwards("nameless")
    with lock_of_the_dead(ground, branch) as lock:
        done = ground.deploy(branch)
        assert not lock.exists()
    assert "cleared the lock of pulumi by ci" in done.stderr


def test_a_destroy_repeated_after_one_that_died_with_its_work_done_leaves_no_lock(ground: Ground) -> None:
    branch = ground.branch("all-but-lock")
    with lock_of_the_dead(ground, branch) as lock:
        done = ground.clone.preview("destroy", branch)
        assert done.code == 0, done.text
        assert not lock.exists()
    ground.require_nothing(branch)


def test_the_same_branch_twice_at_once_is_one_preview(ground: Ground, gone_afterwards: Callable[[str], str]) -> None:
    branch = gone_afterwards("twice")
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(lambda _: ground.clone.preview("deploy", branch), range(2))
    assert (first.code, second.code) == (0, 0), first.text + second.text
    assert sorted(word for done in (first, second) for word in ("created", "unchanged") if word in done.stderr) == [
        "created",
        "unchanged",
    ]
    ground.require_live(branch)


def test_destroy_during_a_deploy_waits_and_then_leaves_nothing(ground: Ground) -> None:
    branch = ground.branch("caught")
    with ground.clone.started("deploy", branch) as deploying:
        wait_for_line(deploying, "+ Network")
        assert deploying.stdout is not None
        with ThreadPoolExecutor() as pool:
            destroying = pool.submit(ground.clone.preview, "destroy", branch)
            deploying.stdout.read()
            assert deploying.wait(120) == 0
            done = destroying.result()
    assert done.code == 0, done.text
    assert "waiting for deploy by" in done.stderr
    ground.require_nothing(branch)
