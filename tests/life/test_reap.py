"""Scheduled clean-up on real previews: the expired and the branchless go, the rest stays, orphans only when asked."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stacks.names import slug_of
from tests.equipment.checkout import ok
from tests.equipment.edits import changed_files
from tests.equipment.previews import Ground

pytestmark = pytest.mark.engine


def reap(ground: Ground, *args: str, code: int = 0) -> Any:
    done = ground.clone.preview("reap", "--json", *args)
    assert done.code == code, done.text
    return json.loads(done.stdout)


def test_the_expired_and_the_branchless_go_and_what_is_held_stays(
    ground: Ground, gone_afterwards: Callable[[str], str], tmp_path: Path
) -> None:
    expired, branchless = gone_afterwards("expired"), gone_afterwards("branchless")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q", "-b", expired], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    for branch in (expired, branchless):
        ground.deploy(branch)
    ground.expire(expired)
    assert ground.row(expired)["state"] == "expired"

    ok(ground.clone.preview("keep", expired))
    row = ground.row(expired)
    assert (row["state"], row["kept"], row["expires_at"]) == ("live", "command", "")
    assert (ground.directory(expired) / "kept").exists()
    assert reap(ground, "--dry-run")["previews"] == []
    ok(ground.clone.preview("unkeep", expired))
    assert not (ground.directory(expired) / "kept").exists()
    warned = {"branch": expired, "why": "ends soon", "result": "told", "reason": ""}
    assert reap(ground) == {"previews": [], "settled": [warned], "orphans": []}
    assert reap(ground)["settled"] == [], "once for each end"
    ground.expire(expired)

    planned = reap(ground, "--dry-run", "--branches-from", str(tmp_path))
    assert {row["branch"]: (row["why"], row["result"]) for row in planned["previews"]} == {
        expired: ("expired", "due"),
        branchless: ("branch is gone", "due"),
    }
    for failed in ("/nowhere", "https://127.0.0.1:1/x.git"):
        done = ground.clone.preview("reap", "--branches-from", failed)
        assert done.code == 1
        assert "Nothing was destroyed" in done.stderr
    assert len(ground.clone.json("list", "--json")) == 2

    with changed_files(ground.clone, "held"), ground.clone.started("deploy", expired) as deploying:
        assert deploying.stdout is not None
        assert any("* " in line or "~ " in line for line in deploying.stdout), "it has begun to change something"
        held = reap(ground)
        deploying.stdout.read()
        assert deploying.wait(120) == 0
    (row,) = held["previews"]
    assert (row["branch"], row["result"]) == (expired, "skipped")
    assert "is held by deploy by" in row["reason"]
    assert ground.row(expired)["state"] == "live", "the deploy has moved its end"

    ground.expire(expired)
    done = reap(ground, "--branches-from", str(tmp_path))
    assert {row["branch"]: row["result"] for row in done["previews"]} == {expired: "destroyed", branchless: "destroyed"}
    for branch in (expired, branchless):
        ground.require_nothing(branch)
    assert reap(ground) == {"previews": [], "settled": [], "orphans": []}


def test_what_no_stack_owns_is_listed_and_removed_only_when_asked(
    ground: Ground, gone_afterwards: Callable[[str], str]
) -> None:
    kept, lost = gone_afterwards("kept"), ground.branch("lost")
    ground.deploy(kept)
    ground.deploy(lost)
    stack = f"preview-{slug_of(lost)}"
    assert ground.clone.pulumi("stack", "rm", "--force", "--yes", stack).code == 0

    listed = reap(ground)["orphans"]
    assert {row["slug"] for row in listed} == {slug_of(lost)}
    assert {row["kind"] for row in listed} == {"container", "network", "volume", "slot"}
    assert {row["result"] for row in listed} == {"found"}
    assert all(row["created_at"] for row in listed)
    assert len(ground.containers(lost)) == 10, "the seven, the carrier of the secrets, and two that prepared data"

    removed = reap(ground, "--orphans")["orphans"]
    assert {row["result"] for row in removed} == {"removed"}, removed
    ground.require_nothing(lost)
    ground.require_live(kept)
