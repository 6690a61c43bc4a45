"""Which jobs a pipeline has, and what GitLab is told about them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.equipment.checkout import Clone
from tests.equipment.gitlab.pipelines import (
    DEFAULT_BRANCH,
    SCHEDULE,
    TRIGGER,
    Pipeline,
    Repository,
    merge_request,
    push,
    tag,
)

CHECKS = {"lint": "on_success", "unit": "on_success", "engine": "on_success", "standins": "on_success"}
LIFE = {"preview:deploy": "manual", "preview:update": "on_success", "preview:destroy": "manual"}
PREVIEWS = LIFE | {"preview:verify": "manual"}
BRANCH = "feature/a"
FORK = "16"
ORIGINALS = Pipeline({**SCHEDULE.variables, "PGAI_REQUIRE_ORIGINALS": "1"})


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    root = tmp_path_factory.mktemp("pipelines")
    clone = Clone.make(root, "never-run")
    clone.commit()
    return Repository(clone.path, root, clone.environment)


@pytest.fixture(scope="module")
def configuration(repository: Repository) -> dict[str, Any]:
    return repository.configuration()


@pytest.mark.parametrize(
    ("pipeline", "jobs"),
    [
        pytest.param(push(BRANCH), CHECKS | PREVIEWS, id="a branch"),
        pytest.param(push(BRANCH, source="web"), CHECKS | PREVIEWS, id="a branch, started in the browser"),
        pytest.param(push(DEFAULT_BRANCH), CHECKS, id="the default branch"),
        pytest.param(push(DEFAULT_BRANCH, source="web"), CHECKS, id="the default branch, started in the browser"),
        pytest.param(merge_request(BRANCH), CHECKS | PREVIEWS, id="a merge request"),
        pytest.param(merge_request(DEFAULT_BRANCH), CHECKS, id="a merge request of the default branch"),
        pytest.param(merge_request(BRANCH, source=FORK), CHECKS, id="a fork's merge request, run in this project"),
        pytest.param(merge_request(BRANCH, target=FORK), CHECKS, id="a fork's merge request, run in the fork"),
        pytest.param(tag("v1"), {}, id="a tag"),
        pytest.param(SCHEDULE, {"preview:cleanup": "on_success"}, id="the schedule"),
        pytest.param(
            Pipeline({**SCHEDULE.variables, "LONG_TESTS": "yes"}),
            {"preview:cleanup": "on_success", "long": "on_success", "oldest-docker": "on_success"},
            id="the schedule of the long tests",
        ),
        pytest.param(
            ORIGINALS, {"preview:cleanup": "on_success", "originals": "on_success"}, id="the originals' schedule"
        ),
        pytest.param(
            Pipeline({**ORIGINALS.variables, "CI_COMMIT_BRANCH": BRANCH, "CI_COMMIT_REF_NAME": BRANCH}),
            {},
            id="the originals' schedule of another branch",
        ),
        pytest.param(TRIGGER, {"preview:webhook": "on_success"}, id="a webhook"),
        *(
            pytest.param(Pipeline({**TRIGGER.variables, name: "x"}), {}, id=f"a trigger that sets {name}")
            for name in ("BASH_ENV", "PULUMI_HOME")
        ),
        pytest.param(push(BRANCH, source="schedule"), {}, id="a schedule of another branch"),
        pytest.param(push(BRANCH, source="trigger"), {}, id="a webhook that names another branch"),
        pytest.param(push(BRANCH, source="api"), CHECKS, id="the programming interface"),
    ],
)
def test_a_pipeline_has_the_jobs_of_what_started_it_and_no_others(
    repository: Repository, pipeline: Pipeline, jobs: Mapping[str, str]
) -> None:
    assert repository.jobs(pipeline) == jobs


def test_a_branch_with_an_open_merge_request_has_one_pipeline_not_two(repository: Repository) -> None:
    known = {"CI_OPEN_MERGE_REQUESTS": "group/previews!1"}
    of_branch, of_request = push(BRANCH), merge_request(BRANCH)
    assert repository.jobs(Pipeline({**of_branch.variables, **known})) == {}
    assert repository.jobs(Pipeline({**of_request.variables, **known}, of_request.unset)) == CHECKS | PREVIEWS


def test_deploy_update_and_destroy_name_the_same_environment_and_wait_for_each_other(
    configuration: dict[str, Any],
) -> None:
    jobs = [configuration[name] for name in LIFE]
    assert {job["environment"]["name"] for job in jobs} == {"preview/$CI_COMMIT_REF_NAME"}
    assert {job["resource_group"] for job in jobs} == {"preview/$CI_COMMIT_REF_NAME"}
    assert not any(job["interruptible"] for job in jobs)


def test_the_environment_stops_by_destroy_after_three_days_without_a_deploy_or_update(
    configuration: dict[str, Any],
) -> None:
    deploy, update, destroy = (configuration[name] for name in LIFE)
    assert deploy["environment"]["on_stop"] == "preview:destroy"
    assert deploy["environment"]["auto_stop_in"] == update["environment"]["auto_stop_in"] == "3 days"
    assert "action" not in deploy["environment"]
    assert update["environment"]["action"] == "prepare", "an update of no preview is not a deployment"
    assert destroy["environment"]["action"] == "stop"
    assert destroy["rules"] == deploy["rules"], "GitLab finds the stop job in the pipeline of the deploy job"


def test_the_address_of_the_environment_is_what_the_deploy_reports(configuration: dict[str, Any]) -> None:
    deploy = configuration["preview:deploy"]
    assert deploy["environment"]["url"] == "$PREVIEW_URL"
    assert deploy["artifacts"]["reports"]["dotenv"] == "preview.env"


def test_the_check_of_a_preview_follows_its_deploy_and_keeps_nobody_waiting(configuration: dict[str, Any]) -> None:
    verify = configuration["preview:verify"]
    assert [need["job"] for need in verify["needs"]] == ["preview:deploy"]
    assert "resource_group" not in verify
    assert verify["environment"] == {"name": "preview/$CI_COMMIT_REF_NAME", "action": "verify"}
    assert verify["artifacts"]["reports"]["junit"] == "verify.xml"


def test_the_stand_ins_have_a_job_of_their_own_and_are_part_of_all_tests(configuration: dict[str, Any]) -> None:
    assert configuration["standins"]["script"] == ["make standins"]
    makefile = (Path(__file__).parents[2] / "Makefile").read_text(encoding="utf-8")
    assert "pytest tests/standins\n" in makefile
    assert "tests/standins" not in re.findall(r"--ignore[= ](\S+)", makefile)


def test_no_checkout_of_the_branch_is_needed_to_destroy_it(configuration: dict[str, Any]) -> None:
    assert configuration["preview:destroy"]["variables"]["GIT_STRATEGY"] == "none"


def test_programs_that_run_beside_the_secrets_come_from_no_cache_that_a_branch_has_written(
    configuration: dict[str, Any],
) -> None:
    jobs = {name: job for name, job in configuration.items() if name.startswith("preview:")}
    writers = {name for name, job in jobs.items() if any(cache["policy"] != "pull" for cache in job["cache"])}
    assert writers == {"preview:cleanup", "preview:webhook"}
    assert {cache["key"]["prefix"] for job in jobs.values() for cache in job["cache"]} == {"preview"}
    for name in writers:
        assert all("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH" in rule["if"] for rule in jobs[name]["rules"])
    others = [
        job for name, job in configuration.items() if isinstance(job, dict) and "script" in job and name not in jobs
    ]
    assert not [cache for job in others for cache in job.get("cache", []) if cache["key"].get("prefix") == "preview"]


def test_a_manual_job_that_nobody_starts_does_not_block_the_pipeline(configuration: dict[str, Any]) -> None:
    for name in ("preview:deploy", "preview:verify", "preview:destroy"):
        offered = [rule for rule in configuration[name]["rules"] if rule["when"] != "never"]
        assert all(rule == {**rule, "when": "manual", "allow_failure": True} for rule in offered)
    assert not any(rule.get("allow_failure") for rule in configuration["preview:update"]["rules"])


def test_only_jobs_of_previews_name_an_environment_so_variables_can_be_kept_for_them(
    configuration: dict[str, Any],
) -> None:
    jobs = {name: job for name, job in configuration.items() if isinstance(job, dict) and "script" in job}
    named = {name for name, job in jobs.items() if job.get("environment", {}).get("name", "").startswith("preview")}
    assert (
        named
        == {name for name in jobs if name.startswith("preview:")}
        == {*PREVIEWS, "preview:cleanup", "preview:webhook"}
    )


def test_no_script_has_the_name_of_the_branch_in_its_text() -> None:
    """It reaches the jobs as the value of a variable; as text of a script it would be run."""
    text = (Path(__file__).parents[2] / ".gitlab/ci/preview.yml").read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines() if "CI_COMMIT_REF_NAME" in line]
    assert set(lines) == {
        "resource_group: preview/$CI_COMMIT_REF_NAME",
        "name: preview/$CI_COMMIT_REF_NAME",
        "- if: $CI_COMMIT_REF_NAME == $CI_DEFAULT_BRANCH",
    }


def test_the_originals_are_set_up_shown_verified_and_tested_with_nothing_built_before(
    configuration: dict[str, Any],
) -> None:
    job = configuration["originals"]
    done = "\n".join(job["script"])
    for step in ("./preview setup", "./preview demo", "./preview verify", "pytest tests/engine"):
        assert step in done
    assert done.index("setup") < done.index("demo") < done.index("verify") < done.index("tests/engine")
    (cache,) = job["cache"]
    assert cache["paths"] == [".cache/pip"], "what an earlier job has built would be restored"
    assert job["tags"] == ["privileged"]
    assert "artifacts" in job["artifacts"]["paths"]
