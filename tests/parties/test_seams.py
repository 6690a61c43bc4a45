"""Two machines on one backend, and plain Pulumi: whoever comes second changes nothing, and nothing is lost.

The tests are in the order of one preview's life.
"""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.equipment.checkout import ok
from tests.equipment.docker import service_ids
from tests.equipment.edits import changed_files
from tests.equipment.moments import pytest_generate_tests
from tests.equipment.processes import kill_tree
from tests.equipment.programs import wait_for
from tests.parties.stage import Stage, between, typed

pytestmark = pytest.mark.engine
__all__ = ["pytest_generate_tests"]

KILLS = (4, 20)
"""How many moments are drawn: in a run, and with ``--long``."""
_UPDATE_SECONDS = 12.0


def words(text: str) -> str:
    """Text without its line ends."""
    return " ".join(text.split())


def test_a_first_deploy_is_neither_taken_over_nor_removed_by_anybody(stage: Stage) -> None:
    ours, theirs, branch, other, stack = stage
    with ours.clone.started("deploy", branch) as deploying:
        with stage.engine_stopped(deploying):
            for command in (("deploy", other), ("deploy", branch), ("destroy", other), ("destroy", branch)):
                done = theirs.preview(*command, "--wait", "0")
                assert done.code in (3, 4), done.text
            plain = theirs.pulumi("destroy", "--yes", "--skip-preview", "--stack", stack)
            assert plain.code != 0
            assert "is currently locked by 1 lock" in plain.text
            reaped = theirs.json("reap", "--json")
            assert [row for row in reaped["previews"] if row["stack"] == stack] == []
        assert deploying.stdout is not None
        said = deploying.stdout.read()
        assert deploying.wait(300) == 0, said
    ours.require_live(branch)
    for verb in ("deploy", "destroy"):
        done = theirs.preview(verb, other)
        assert done.code == 3, done.text
        assert f"belongs to the preview of branch '{branch}'" in words(done.stderr)
    ours.require_live(branch)


def test_while_an_engine_elsewhere_holds_it_no_command_touches_anything(stage: Stage, tmp_path: Path) -> None:
    ours, theirs, branch, _, _ = stage
    ours.expire(branch, tmp_path)
    before = service_ids(ours.engine, branch, all=True)
    with stage.leftover() as container:
        with stage.locked_elsewhere():
            for command in (("deploy", branch), ("destroy", branch), ("extend", branch, "--hours", "1")):
                done = theirs.preview(*command, "--wait", "0")
                assert done.code == 4, done.text
                assert "is held by pulumi by ci on elsewhere (process 4711)" in words(done.stderr)
            (row,) = theirs.json("reap", "--json")["previews"]
            assert (row["branch"], row["result"]) == (branch, "skipped")
            assert stage.exists(container), "a reap that says skipped has removed nothing"
        assert {**service_ids(ours.engine, branch, all=True), **before} == service_ids(ours.engine, branch, all=True)
        ok(theirs.preview("extend", branch, "--hours", "72"))
        ok(theirs.preview("deploy", branch))
        assert not stage.exists(container), "whoever holds the lock removes what is left over"
    ours.require_live(branch)


def test_a_reap_between_whose_steps_the_preview_is_extended_leaves_it(stage: Stage, tmp_path: Path) -> None:
    ours, theirs, branch, _, _ = stage
    ours.expire(branch, tmp_path)
    done = between(ours.clone, typed(theirs, "extend", branch, "--hours", "72"), "reap", "--json")
    assert done.code == 0, done.text
    (row,) = json.loads(done.stdout)["previews"]
    assert row["result"] == "skipped", row
    ours.require_live(branch)


def test_of_two_updates_at_once_nothing_is_lost(stage: Stage) -> None:
    ours, theirs, branch, _, _ = stage
    with changed_files(ours.clone, "of two"), ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda clone: clone.preview("deploy", branch, "--wait", "200"), (ours.clone, theirs)))
    # Who was overtaken between two steps says so, and has done nothing.
    codes = {one.code for one in done}
    assert 0 in codes, [one.text for one in done]
    assert codes <= {0, 4}, [one.text for one in done]
    ours.require_live(branch)


@pytest.mark.moments(*KILLS)
def test_a_party_that_is_killed_loses_nothing_and_blocks_nobody(stage: Stage, number: int, share: float) -> None:
    ours, theirs, branch, _, _ = stage
    dying, living = (ours.clone, theirs) if number % 2 else (theirs, ours.clone)
    with changed_files(dying, f"killed {number}"), dying.started("deploy", branch) as process:
        try:
            process.wait(share * _UPDATE_SECONDS)
        except subprocess.TimeoutExpired:
            kill_tree(process.pid)
    # In the same boot and namespace it is known to be dead, so that its lock is cleared at once.
    ok(living.preview("deploy", branch))
    ours.require_live(branch)
    wait_for("no lock", lambda: not list(stage.locks.glob("*.json")))


def test_a_deploy_between_whose_steps_the_preview_is_destroyed_makes_nothing(stage: Stage) -> None:
    ours, theirs, branch, _, _ = stage
    done = between(ours.clone, typed(theirs, "destroy", branch), "deploy", branch)
    assert done.code in (1, 4), done.text
    assert "Another operation has changed the preview" in words(done.stderr)
    assert "Traceback" not in done.text
    ok(ours.clone.preview("destroy", branch))
    ours.require_nothing(branch)


def test_of_two_destroys_at_once_both_succeed_and_nothing_is_left(stage: Stage) -> None:
    ours, theirs, branch, _, _ = stage
    ok(ours.clone.preview("deploy", branch))
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda clone: clone.preview("destroy", branch, "--wait", "200"), (ours.clone, theirs)))
    assert [one.code for one in done] == [0, 0], [one.text for one in done]
    ours.require_nothing(branch)
