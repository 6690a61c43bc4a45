"""Deploys and updates as GitLab's deployments."""

from __future__ import annotations

from typing import Any

import pytest

from tests.equipment.fakes import FakeGitLab
from tests.unit.review.in_gitlab.conftest import BRANCH, COMMIT, URL, Jobs, happening

ENVIRONMENT = f"preview/{BRANCH}"


def deployments(fake: FakeGitLab) -> list[dict[str, Any]]:
    with fake.edit() as state:
        return list(state.deployments.values())


def address(fake: FakeGitLab) -> str:
    with fake.edit() as state:
        (one,) = state.environments.values()
        return str(one["external_url"])


@pytest.mark.parametrize(
    ("what", "status"), [("live", "success"), ("failed", "failed"), ("rolled back", "failed"), ("broken", "failed")]
)
def test_an_update_is_one_deployment_that_runs_and_ends_as_the_update_does(jobs: Jobs, what: str, status: str) -> None:
    hear = jobs.new(CI_ENVIRONMENT_NAME=ENVIRONMENT, CI_ENVIRONMENT_ACTION="prepare")
    hear(happening("deploying"))
    (begun,) = deployments(jobs.fake)
    assert (begun["status"], begun["environment"]["name"], begun["ref"]) == ("running", ENVIRONMENT, BRANCH)
    assert address(jobs.fake) == f"{URL}/?from=now-30m&to=now"
    hear(happening(what))
    (ended,) = deployments(jobs.fake)
    assert (ended["status"], ended["sha"]) == (status, COMMIT)
    assert not [said for said in jobs.said if "deployment" in said]


def test_a_job_that_deploys_in_gitlabs_eyes_gets_no_second_deployment_and_its_address_at_once(jobs: Jobs) -> None:
    jobs.fake.start_job(ENVIRONMENT, COMMIT, BRANCH, on_stop="preview:destroy")
    for action in ("start", ""):
        hear = jobs.new(CI_ENVIRONMENT_NAME=ENVIRONMENT, CI_ENVIRONMENT_ACTION=action)
        hear(happening("deploying"))
        assert address(jobs.fake) == f"{URL}/?from=now-30m&to=now"
        hear(happening("live"))
    (only,) = deployments(jobs.fake)
    assert only["status"] == "running", "GitLab ends it with the job"
    assert not jobs.said


def test_the_deployment_of_a_job_that_died_is_canceled_by_the_next(jobs: Jobs) -> None:
    jobs.update("deploying")
    own = jobs.fake.start_job(ENVIRONMENT, COMMIT, BRANCH)
    jobs.update("deploying", "live")
    assert [one["status"] for one in deployments(jobs.fake)] == ["canceled", "running", "success"]
    assert deployments(jobs.fake)[1]["id"] == own


def test_what_gitlab_did_not_take_at_the_beginning_it_gets_at_the_end(jobs: Jobs) -> None:
    jobs.fake.fail_next(500, times=10)
    hear = jobs.new()
    hear(happening("deploying"))
    assert not deployments(jobs.fake)
    jobs.fake.clear_faults()
    hear(happening("live"))
    assert [one["status"] for one in deployments(jobs.fake)] == ["success"]


def test_what_is_no_deploy_is_no_deployment(jobs: Jobs) -> None:
    jobs.update("live", "extended", "asleep", "gone")
    assert not deployments(jobs.fake)


def test_without_a_whole_commit_there_is_no_deployment(jobs: Jobs) -> None:
    for commit in ("", "0123456", "main"):
        jobs.update("deploying", "live", commit=commit)
    assert not deployments(jobs.fake)
    assert not jobs.said


def test_a_branch_that_gitlab_cannot_name_an_environment_after_has_no_deployment(jobs: Jobs) -> None:
    jobs.update("deploying", "live", branch="feature/a#1,é")
    assert not deployments(jobs.fake)
    assert not jobs.said


def test_the_jobs_own_token_is_enough_for_deployments(jobs: Jobs) -> None:
    jobs.variables = {}
    jobs.update("deploying", "live")
    assert [one["status"] for one in deployments(jobs.fake)] == ["success"]
    assert [one["user"]["username"] for one in deployments(jobs.fake)] == ["alice"]
