"""Two places: who comes third is refused and leaves nothing, whoever asks and however many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from stacks.names import slug_of, stack_of
from tests.equipment.checkout import Finished
from tests.equipment.docker import container_ids
from tests.equipment.previews import Ground

pytestmark = pytest.mark.engine


def refused(ground: Ground, done: Finished) -> str:
    assert done.code == 3, done.text
    assert "Traceback" not in done.text
    assert not done.stdout
    return done.stderr


def test_of_eight_deploys_at_once_two_get_a_place(ground: Ground, gone_afterwards: Callable[[str], str]) -> None:
    branches = [gone_afterwards(f"rush-{number}") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        done = dict(
            zip(branches, pool.map(lambda branch: ground.clone.preview("deploy", branch), branches), strict=True)
        )
    live = [branch for branch, one in done.items() if one.code == 0]
    assert len(live) == 2, [one.text for one in done.values()]
    assert {row["branch"] for row in ground.clone.json("list", "--json")} == set(live)
    for branch in live:
        ground.require_live(branch)
    for branch in set(branches) - set(live):
        assert "There is no room for the preview" in refused(ground, done[branch])
        ground.require_nothing(branch)


class TestAFullMachine:
    """Both places taken by previews that run."""

    @pytest.fixture(scope="class")
    @classmethod
    def full(cls, ground: Ground) -> Iterator[tuple[str, str]]:
        first, second = ground.branch("first"), ground.branch("second")
        with ThreadPoolExecutor() as pool:
            list(pool.map(ground.deploy, (first, second)))
        yield first, second
        for branch in (first, second):
            assert ground.clone.preview("destroy", branch).code == 0

    def test_a_third_is_refused_at_once_naming_those_that_run(self, ground: Ground, full: tuple[str, str]) -> None:
        before = container_ids(ground.engine, ground.token)
        done = ground.clone.preview("deploy", ground.branch("third"))
        sentence = refused(ground, done)
        assert "2 of 2 previews run or start" in sentence
        assert all(branch in sentence for branch in full)
        assert container_ids(ground.engine, ground.token) == before
        ground.require_nothing(ground.branch("third"))

    def test_plain_pulumi_is_refused_too_and_its_preview_takes_nothing(
        self, ground: Ground, full: tuple[str, str]
    ) -> None:
        branch = ground.branch("by-hand")
        stack = stack_of(slug_of(branch))
        for command in (("stack", "init", stack), ("config", "set", "branch", branch, "--stack", stack)):
            assert ground.clone.pulumi(*command).code == 0
        planned = ground.clone.pulumi("preview", "--stack", stack)
        assert planned.code == 0, planned.text
        assert not ground.directory(branch).exists()
        done = ground.clone.pulumi("up", "--yes", "--skip-preview", "--stack", stack)
        assert done.code != 0
        assert "There is no room for the preview" in done.text
        assert not ground.directory(branch).exists()
        assert ground.clone.preview("destroy", branch).code == 0
        ground.require_nothing(branch)

    def test_a_live_preview_is_updated_all_the_same(self, ground: Ground, full: tuple[str, str]) -> None:
        ground.deploy(full[0], "--commit", "abc")
        assert ground.row(full[0])["commit"] == "abc"

    def test_update_of_what_is_not_there_says_so_and_succeeds(self, ground: Ground, full: tuple[str, str]) -> None:
        done = ground.clone.preview("update", ground.branch("third"))
        assert done.code == 0, done.text
        assert "nothing to update" in done.stderr
        assert not done.stdout
        ground.require_nothing(ground.branch("third"))

    def test_status_and_logs_show_the_preview_and_no_secret(self, ground: Ground, full: tuple[str, str]) -> None:
        status = ground.clone.json("status", full[0], "--json")
        assert status["branch"] == full[0]
        assert {one["service"]: one["status"] for one in status["containers"]}["workload"] == "running"
        said = ground.clone.preview("logs", full[0])
        assert said.code == 0, said.text
        secrets = [entry["password"] for entry in ground.clone.json("credentials", full[0], "--json").values()]
        assert not [secret for secret in secrets if secret in said.text]
        one = ground.clone.preview("logs", full[0], "workload")
        assert "waiting" in one.stdout.lower() or "pgbench" in one.stdout
        assert ground.clone.preview("logs", full[0], "nonsense").code == 2
        assert ground.clone.preview("status", ground.branch("third")).code == 6


@pytest.mark.parametrize(
    ("key", "word"), [("minFreeDiskGb", "of the host's disk"), ("minAvailableMemoryGb", "of the host's memory")]
)
def test_too_little_disk_or_memory_is_refused_and_leaves_nothing(ground: Ground, key: str, word: str) -> None:
    assert ground.clone.pulumi("config", "set", key, "900000", "--stack", "local").code == 0
    try:
        assert ground.clone.pulumi("up", "--yes", "--skip-preview", "--stack", "local").code == 0
        sentence = refused(ground, ground.clone.preview("deploy", ground.branch("large")))
    finally:
        assert ground.clone.pulumi("config", "rm", key, "--stack", "local").code == 0
        assert ground.clone.pulumi("up", "--yes", "--skip-preview", "--stack", "local").code == 0
    assert word in sentence
    assert "and 900000 GB must be" in sentence
    ground.require_nothing(ground.branch("large"))
