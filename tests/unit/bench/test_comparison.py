"""When a goal of the comparison counts as met."""

from __future__ import annotations

import pytest

from bench.comparison import Goal, Step, steps_table


def met(step: Step) -> bool:
    verdict: bool = step.as_data()["goal"]["met"]
    return verdict


@pytest.mark.parametrize(
    ("goal", "limit"),
    [(Goal(seconds=3), 3.0), (Goal(times_compose=1.2), 12.0)],
)
def test_a_goal_is_met_by_a_median_at_its_limit_and_no_further(goal: Goal, limit: float) -> None:
    for seconds, expected in ((limit, True), (limit + 0.1, False)):
        runs = [0.0, seconds, 999.0]
        assert met(Step(title="x", goal=goal, seconds={"ours": runs, "compose": [10.0]})) is expected


def test_a_goal_is_missed_when_a_container_was_restarted_in_any_run() -> None:
    goal = Goal(seconds=5, no_restarts=True)
    seconds = {"ours": [1.0, 1.0], "compose": [1.0]}
    assert met(Step(title="x", goal=goal, seconds=seconds, replaced={"ours": [0, 0], "compose": [7]}))
    assert not met(Step(title="x", goal=goal, seconds=seconds, replaced={"ours": [0, 1]}))


def test_a_goal_is_missed_when_a_deploy_failed_and_the_table_says_so() -> None:
    step = Step(title="x", goal=Goal(times_compose=1.5), seconds={"ours": [1.0], "compose": [1.0]}, failed={"ours": 1})
    assert not met(step)
    assert "1 failed" in steps_table([step.as_data()])[-1]
