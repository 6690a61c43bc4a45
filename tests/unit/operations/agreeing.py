"""A project in GitLab, whose fake is a real server, and previews in memory that are to agree with it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from operations.engine.snapshot import Snapshot
from operations.happening import Happening
from operations.review.settings import GitLab
from operations.upkeep.reap import ReapRequest, reap
from operations.upkeep.settled import Reaped, Settled
from tests.equipment.fakes import FakeGitLab
from tests.unit.operations.engine import StandInEngine, preview

NOW = dt.datetime(2026, 1, 10, tzinfo=dt.UTC)
FUTURE, MADE = "2026-01-12T00:00:00Z", "2026-01-08T00:00:00Z"
BEFORE, AFTER = "2026-01-07T00:00:00.000Z", "2026-01-09T00:00:00.123+00:00"


def made(branch: str, **more: str) -> Snapshot:
    """A preview that would live on."""
    return preview(branch, FUTURE, created_at=MADE, deployed_at=MADE, **more)


@dataclass
class World:
    fake: FakeGitLab
    gitlab: GitLab
    engine: StandInEngine = field(default_factory=StandInEngine)
    heard: list[Happening] = field(default_factory=list)

    def preview(self, branch: str, **more: str) -> None:
        found = made(branch, **more)
        self.engine.states[found.stack] = found

    def environment(self, branch: str, state: str = "available", changed_at: str = BEFORE) -> None:
        with self.fake.edit() as inside:
            number = len(inside.environments) + 1
            inside.environments[number] = {
                "id": number,
                "name": f"preview/{branch}" if branch else "production",
                "state": state,
                "created_at": BEFORE,
                "updated_at": changed_at,
            }

    def merge_request(self, branch: str, *labels: str, ended: str = "", at: str = AFTER, fork: int = 0) -> None:
        iid = self.fake.open_merge_request(branch, labels=labels, state=ended or "opened", source_project=fork)
        with self.fake.edit() as inside:
            inside.merge_requests[iid].update(
                closed_at=at if ended == "closed" else None, merged_at=at if ended == "merged" else None
            )

    def states(self) -> dict[str, str]:
        with self.fake.edit() as inside:
            return {row["name"].removeprefix("preview/"): row["state"] for row in inside.environments.values()}

    def reap(self, *, dry_run: bool = False, started_by_label: bool = False) -> tuple[list[Reaped], list[Settled]]:
        request = ReapRequest(
            base="local",
            branches_from="",
            dry_run=dry_run,
            now=NOW,
            happened=self.heard.append,
            gitlab=self.gitlab,
            started_by_label=started_by_label,
        )
        return reap(self.engine.engine, request, print)

    def ended(self, **how: bool) -> dict[str, str]:
        """Branch of each preview that was destroyed → why."""
        reaped = self.reap(**how)[0]
        assert {one.result for one in reaped} <= {"destroyed"}
        assert {one.branch for one in reaped} == {name.removeprefix("preview-") for name in self.engine.destroyed}
        return {one.branch: one.why for one in reaped}
