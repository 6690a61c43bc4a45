"""A push that changes nothing of its preview needs no engine, and hides nothing that somebody else has done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from stacks.names import slug_of, stack_of
from tests.engine.world import World
from tests.equipment.checkout import ok
from tests.equipment.docker import service_ids
from tests.equipment.edits import instead

pytestmark = pytest.mark.engine


@pytest.fixture
def branch(world: World) -> Iterator[str]:
    ok(world.clone.preview("deploy", world.second, "--commit", world.commit))
    yield world.second
    ok(world.clone.preview("deploy", world.second, "--commit", world.commit))


def updates(world: World, branch: str) -> int:
    """How many updates the engine has made, as its history says."""
    done = ok(
        world.clone.pulumi("stack", "history", "--json", "--page-size", "0", "--stack", stack_of(slug_of(branch)))
    )
    return len(json.loads(done.stdout))


def row(world: World, branch: str) -> dict[str, Any]:
    (found,) = [row for row in world.clone.json("list", "--json") if row["branch"] == branch]
    return dict(found)


def test_a_push_that_changes_nothing_is_recorded_without_the_engine(world: World, engine: Any, branch: str) -> None:
    before, ran, ids = row(world, branch), updates(world, branch), service_ids(engine, branch, all=True)
    done = ok(world.clone.preview("deploy", branch, "--commit", "fee1900d"))
    assert "unchanged" in done.stderr
    assert updates(world, branch) == ran
    after = row(world, branch)
    assert after["commit"] == "fee1900d"
    assert after["expires_at"] > before["expires_at"]
    assert {**after, "commit": "", "deployed_at": "", "expires_at": ""} == {
        **before, "commit": "", "deployed_at": "", "expires_at": "",
    }  # fmt: skip
    assert service_ids(engine, branch, all=True) == ids
    by_hand = world.clone.pulumi("up", "--yes", "--stack", stack_of(slug_of(branch)), "--expect-no-changes")
    assert by_hand.code == 0, by_hand.text
    assert row(world, branch)["commit"] == "fee1900d", "the engine was told of it too"


def test_what_an_operators_own_update_has_changed_is_put_back_by_the_next_deploy(
    world: World, engine: Any, branch: str
) -> None:
    ids, ran = service_ids(engine, branch), updates(world, branch)
    workload = world.clone.path / "workload/generate.sh"
    with instead(workload, f"{workload.read_text(encoding='utf-8')}\n# by hand\n"):
        by_hand = world.clone.pulumi("up", "--yes", "--skip-preview", "--stack", stack_of(slug_of(branch)))
        assert by_hand.code == 0, by_hand.text
    changed = service_ids(engine, branch)
    assert {key for key in ids if changed[key] != ids[key]} == {"workload"}
    ok(world.clone.preview("deploy", branch, "--commit", world.commit))
    assert updates(world, branch) == ran + 2
    back = service_ids(engine, branch)
    assert {key for key in ids if back[key] != changed[key]} == {"workload"}
