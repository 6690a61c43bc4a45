"""Which jobs a pipeline has, and what GitLab is told about them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from operations.errors import RefusedError
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
HOSTILE = "a';touch>pwned;'$(touch>pwned)`touch>pwned`\"&touch>pwned|#"
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


def labelled(*labels: str, branch: str = BRANCH, **variables: str) -> Pipeline:
    """A pipeline of a merge request with labels; GitLab leaves the variable out where there are none."""
    of_request = merge_request(branch)
    known = {"CI_MERGE_REQUEST_IID": "7", **({"CI_MERGE_REQUEST_LABELS": ",".join(labels)} if labels else {})}
    return Pipeline({**of_request.variables, **known, **variables}, of_request.unset)


BY_ITSELF = {"preview:deploy": "on_success", "preview:verify": "manual", "preview:destroy": "manual"}
DRAFT = {"CI_MERGE_REQUEST_DRAFT": "true"}


@pytest.mark.parametrize(
    ("pipeline", "jobs"),
    [
        pytest.param(labelled("preview"), PREVIEWS, id="a label where nothing starts by itself"),
        pytest.param(labelled("preview", PREVIEW_AUTO="manual"), PREVIEWS, id="a label where all is by hand"),
        pytest.param(labelled(PREVIEW_AUTO="label"), PREVIEWS, id="no label"),
        pytest.param(labelled("bug", "preview", PREVIEW_AUTO="label"), BY_ITSELF, id="the label"),
        pytest.param(
            labelled("preview::keep", "no preview", "previews", PREVIEW_AUTO="label"), PREVIEWS, id="other labels"
        ),
        pytest.param(labelled(PREVIEW_AUTO="all"), BY_ITSELF, id="all"),
        pytest.param(labelled(PREVIEW_AUTO="all", **DRAFT), BY_ITSELF, id="a draft"),
        pytest.param(labelled(PREVIEW_AUTO="all", PREVIEW_DRAFTS="no", **DRAFT), PREVIEWS, id="a draft, left out"),
        pytest.param(
            labelled("preview", PREVIEW_AUTO="label", PREVIEW_DRAFTS="no", **DRAFT),
            PREVIEWS,
            id="a labelled draft, left out",
        ),
        pytest.param(
            labelled(PREVIEW_AUTO="all", PREVIEW_DRAFTS="no", CI_MERGE_REQUEST_DRAFT="false"), BY_ITSELF, id="no draft"
        ),
        pytest.param(
            labelled(PREVIEW_AUTO="all", CI_MERGE_REQUEST_SOURCE_PROJECT_ID=FORK), {}, id="a fork's, where all start"
        ),
        pytest.param(
            Pipeline({**push(BRANCH).variables, "PREVIEW_AUTO": "all"}), PREVIEWS, id="a branch where all start"
        ),
    ],
)
def test_a_preview_starts_by_itself_for_the_merge_requests_that_the_project_has_chosen(
    repository: Repository, pipeline: Pipeline, jobs: Mapping[str, str]
) -> None:
    assert repository.jobs(pipeline) == {**CHECKS, **jobs}


@pytest.mark.parametrize(
    ("branch", "has_previews"),
    [
        ("Feature/{a_b}-1.0", True),
        ("a" * 247, True),
        ("a" * 248, False),
        ("feature/ä", False),
        ("feature/$HOME", False),
        (HOSTILE, False),
        ("_", False),
    ],
)
def test_a_branch_that_no_environment_can_be_named_after_has_no_preview_jobs(
    repository: Repository, branch: str, has_previews: bool
) -> None:
    jobs = BY_ITSELF if has_previews else {}
    assert repository.jobs(labelled(branch=branch, PREVIEW_AUTO="all")) == {**CHECKS, **jobs}


def test_a_branch_that_no_environment_can_be_named_after_has_no_preview_jobs_by_hand_either(
    configuration: dict[str, Any],
) -> None:
    deploy, update, destroy = (configuration[name]["rules"] for name in LIFE)
    assert deploy[:2] == update[:2] == destroy[:2]
    assert [rule["when"] for rule in deploy[:2]] == ["never", "never"]


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


def test_no_timer_of_gitlab_ends_what_the_clean_up_ends(configuration: dict[str, Any]) -> None:
    deploy, update, destroy = (configuration[name] for name in LIFE)
    assert deploy["environment"]["on_stop"] == "preview:destroy"
    environments = [
        job["environment"] for job in configuration.values() if isinstance(job, dict) and "environment" in job
    ]
    assert not [one for one in environments if "auto_stop_in" in one]
    assert "action" not in deploy["environment"]
    assert update["environment"]["action"] == "prepare", "an update of no preview is not a deployment"
    assert destroy["environment"]["action"] == "stop"


def test_the_stop_job_is_in_every_pipeline_that_has_the_deploy_job(configuration: dict[str, Any]) -> None:
    deploy, destroy = (configuration[f"preview:{name}"]["rules"] for name in ("deploy", "destroy"))
    assert [rule for rule in deploy if rule["when"] != "on_success"] == destroy
    for rule in (rule for rule in deploy if rule["when"] == "on_success"):
        (offered,) = [one for one in destroy if rule["if"].startswith(one["if"])]
        assert offered["when"] == "manual"


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


def test_a_refusal_is_a_warning_and_a_failure_is_a_failure(configuration: dict[str, Any]) -> None:
    deploy = configuration["preview:deploy"]
    assert deploy["allow_failure"] == {"exit_codes": [RefusedError.exit_code]}
    assert [rule for rule in deploy["rules"] if rule["when"] == "on_success" and "allow_failure" not in rule]


def test_a_manual_job_that_nobody_starts_does_not_block_the_pipeline(configuration: dict[str, Any]) -> None:
    for name in ("preview:deploy", "preview:verify", "preview:destroy"):
        offered = [rule for rule in configuration[name]["rules"] if rule["when"] == "manual"]
        assert len(offered) == 2
        assert all(rule["allow_failure"] is True for rule in offered)
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
        "if: $CI_COMMIT_REF_NAME == $CI_DEFAULT_BRANCH",
        r"$CI_COMMIT_REF_NAME !~ /^[A-Za-z0-9_.\/{} -]{1,247}$/ || $CI_COMMIT_REF_NAME !~ /[A-Za-z0-9]/",
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
