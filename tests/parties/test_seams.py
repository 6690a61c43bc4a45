"""Two machines on one backend, and plain Pulumi: whoever comes second changes nothing, and nothing is lost.

Most previews here are stacks alone, of which nothing runs: whose a preview is, and who holds it, its stack says.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from operations.engine.stack_locks import StackLocks
from stacks.names import slug_of
from tests.equipment import docker
from tests.equipment.checkout import ok
from tests.equipment.moments import killed_after, until_hit
from tests.parties.stage import Stage, between, typed

pytestmark = pytest.mark.engine

PAST, FUTURE = "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"
KILLS = (4, 20)
"""How many moments are drawn: in a run, and with ``--long``."""


@pytest.fixture(autouse=True)
def nothing_afterwards(stage: Stage) -> Iterator[None]:
    """Whatever a test has left of the preview goes, whosever it is, and then nothing is left."""
    yield
    for branch in (stage.branch, stage.other):
        if stage.ours.clone.preview("destroy", branch).code == 0:
            break
    stage.require_nothing()


def words(text: str) -> str:
    """Text without its line ends."""
    return " ".join(text.split())


def owner(stage: Stage) -> str:
    """Whose the preview is, as a list says; empty where there is none."""
    rows = stage.theirs.json("list", "--json")
    return next((str(row["branch"]) for row in rows if row["stack"] == stage.stack), "")


def end(stage: Stage) -> str:
    """When the preview ends."""
    return str(stage.ours.row(stage.branch)["expires_at"])


@pytest.mark.parametrize(
    "command",
    [("deploy",), ("update",), ("destroy",), ("destroy", "--forget", "--force"), ("extend", "--hours", "1")],
    ids=" ".join,
)
def test_while_an_engine_elsewhere_holds_it_nothing_is_touched(stage: Stage, command: tuple[str, ...]) -> None:
    stage.register(stage.branch, expires_at=FUTURE)
    with stage.leftover() as container:
        with stage.locked_elsewhere():
            done = stage.theirs.preview(command[0], stage.branch, *command[1:], "--wait", "0")
        assert done.code == 4, done.text
        assert "is held by pulumi by ci on elsewhere (process 4711)" in words(done.stderr)
        assert stage.exists(container)
        assert (owner(stage), end(stage)) == (stage.branch, FUTURE)


@pytest.mark.both_backends
def test_a_reap_that_says_skipped_has_removed_nothing(stage: Stage) -> None:
    stage.register(stage.branch, expires_at=PAST)
    with stage.leftover() as container:
        with stage.locked_elsewhere():
            (row,) = stage.theirs.json("reap", "--json")["previews"]
            assert (row["branch"], row["result"]) == (stage.branch, "skipped")
            assert stage.exists(container)
        (row,) = stage.theirs.json("reap", "--json")["previews"]
        assert (row["branch"], row["result"]) == (stage.branch, "destroyed")
        assert not stage.exists(container), "whoever holds the lock removes what is left over"


@pytest.mark.both_backends
def test_plain_pulumi_is_refused_while_a_step_of_the_command_is_under_way(stage: Stage) -> None:
    stage.register(stage.branch)
    with StackLocks(lambda: stage.store, dt.timedelta(hours=2), print).held(stage.stack, "deploy", 0):
        for command in (("destroy", "--skip-preview"), ("stack", "rm")):
            done = stage.theirs.pulumi(*command, "--yes", "--stack", stage.stack)
            assert done.code != 0
            assert "the stack is currently locked by 1 lock(s)" in done.text
    assert owner(stage) == stage.branch


@pytest.mark.parametrize("only_slot", [False, True], ids=["a live preview", "a first deploy"])
def test_another_branch_of_the_slug_gets_neither_it_nor_rid_of_it(stage: Stage, only_slot: bool) -> None:
    stage.register(stage.branch, only_slot=only_slot)
    for verb in ("deploy", "destroy"):
        done = stage.theirs.preview(verb, stage.other)
        assert done.code == 3, done.text
        assert f"belongs to the preview of branch '{stage.branch}'" in words(done.stderr)
    assert owner(stage) == stage.branch


@pytest.mark.both_backends
def test_a_preview_that_is_extended_between_the_steps_of_reap_stays(stage: Stage) -> None:
    stage.register(stage.branch, expires_at=PAST)
    done = between(stage.ours.clone, typed(stage.theirs, "extend", stage.branch, "--hours", "72"), "reap", "--json")
    assert done.code == 0, done.text
    (row,) = json.loads(done.stdout)["previews"]
    assert row["result"] == "skipped", row
    assert owner(stage) == stage.branch


def test_a_preview_that_another_branch_has_made_between_the_steps_of_destroy_stays(stage: Stage) -> None:
    stage.register(stage.branch)
    file = stage.ours.clone.data / "of-the-other.json"
    exported = json.loads(ok(stage.ours.clone.pulumi("stack", "export", "--stack", stage.stack)).stdout)
    exported["deployment"]["resources"][0]["outputs"]["branch"] = stage.other
    file.write_text(json.dumps(exported), encoding="utf-8")
    swap = f"pulumi stack import --stack {stage.stack} --file {file}"
    done = between(stage.ours.clone, f'eval "$(./preview env)" && {swap} >&2', "destroy", stage.branch)
    assert done.code == 3, done.text
    assert f"belongs to the preview of branch '{stage.other}'" in words(done.stderr)
    assert owner(stage) == stage.other


@pytest.mark.both_backends
def test_a_deploy_between_whose_steps_the_preview_changes_does_nothing_more(stage: Stage) -> None:
    stage.register(stage.branch, expires_at=FUTURE)
    moved = typed(stage.theirs, "extend", stage.branch, "--hours", "1")
    done = between(stage.ours.clone, moved, "deploy", stage.branch)
    assert done.code == 4, done.text
    assert "Another operation has changed the preview" in words(done.stderr)
    assert not docker.services(stage.ours.engine, stage.branch, all=True)
    assert end(stage) == "2100-01-01T01:00:00Z", "what the other one did is not lost"


def test_a_deploy_between_whose_steps_the_preview_is_destroyed_makes_nothing(stage: Stage) -> None:
    stage.register(stage.branch)
    done = between(stage.ours.clone, typed(stage.theirs, "destroy", stage.branch), "deploy", stage.branch)
    assert done.code in (1, 4), done.text
    assert owner(stage) == ""
    assert not docker.services(stage.ours.engine, stage.branch, all=True)


@pytest.mark.both_backends
@pytest.mark.parametrize("second", ["destroy", "reap"])
def test_of_two_that_destroy_it_at_once_none_fails_and_nothing_is_left(stage: Stage, second: str) -> None:
    stage.register(stage.branch, expires_at=PAST)
    destroy: tuple[str, ...] = ("destroy", stage.branch, "--wait", "120")
    arguments = [destroy, destroy if second == "destroy" else ("reap",)]
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda clone, args: clone.preview(*args), (stage.ours.clone, stage.theirs), arguments))
    assert [one.code for one in done] == [0, 0], [one.text for one in done]
    assert owner(stage) == ""


@pytest.fixture(scope="module")
def undisturbed(stage: Stage) -> dict[str, float]:
    """How many seconds each command takes on this machine at the moment."""
    stage.register(stage.branch, expires_at=FUTURE)
    commands = (("extend", stage.branch, "--hours", "1"), ("destroy", stage.branch))
    return {command[0]: ok(stage.theirs.preview(*command)).seconds for command in commands}


@pytest.mark.both_backends
@pytest.mark.moments(*KILLS)
def test_a_party_that_is_killed_loses_nothing_and_blocks_nobody(
    stage: Stage, undisturbed: dict[str, float], number: int, share: float
) -> None:
    dying, living = (stage.ours.clone, stage.theirs) if number % 2 else (stage.theirs, stage.ours.clone)
    command = ("destroy", stage.branch) if number % 4 < 2 else ("extend", stage.branch, "--hours", "1")
    stage.register(stage.branch, expires_at=FUTURE)
    until_hit(
        lambda seconds: killed_after(dying, seconds, *command),
        share * undisturbed[command[0]],
        again=lambda: stage.register(stage.branch, expires_at=FUTURE),
    )
    # In the same boot and namespace it is known to be dead, so that its lock is cleared at once.
    ok(living.preview("destroy", stage.branch, "--wait", "0"))
    assert not docker.remains(stage.ours.engine, slug_of(stage.branch))
