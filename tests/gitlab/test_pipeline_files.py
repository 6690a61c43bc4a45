"""What the pipeline's files tell GitLab about its jobs."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from operations.errors import RefusedError
from tests.equipment.gitlab.pipelines import LIFE, PREVIEWS, Repository


@pytest.fixture(scope="module")
def configuration(repository: Repository) -> dict[str, Any]:
    return repository.configuration()


def test_a_branch_that_no_environment_can_be_named_after_has_no_preview_jobs_by_hand_either(
    configuration: dict[str, Any],
) -> None:
    deploy, update, destroy = (configuration[name]["rules"] for name in LIFE)
    assert deploy[:2] == update[:2] == destroy[:2]
    assert [rule["when"] for rule in deploy[:2]] == ["never", "never"]


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


def test_git_hands_the_jobs_token_to_gitlab_and_to_no_other_server(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / ".gitlab/ci/preview.yml").read_text(encoding="utf-8")
    before = "\n".join(yaml.safe_load(text)[".preview"]["before_script"])
    token, server = "the-jobs-own-token", "https://gitlab.example:8443/gitlab"

    def said(url: str) -> str:
        done = subprocess.run(
            ["bash", "-ec", f"{before}\ngit credential fill"],
            input=f"url={url}\n\n",
            env={
                "PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "false",
                "CI_JOB_TOKEN": token, "CI_SERVER_URL": server,
            },
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        return done.stdout

    assert f"password={token}\n" in said(f"{server}/group/previews.git")
    for other in ("https://gitlab.example/gitlab/x.git", "https://elsewhere.example/gitlab/x.git"):
        assert token not in said(other)


def test_the_originals_are_set_up_shown_verified_and_tested_with_nothing_built_before(
    configuration: dict[str, Any],
) -> None:
    job = configuration["originals"]
    done = "\n".join(job["script"])
    for step in ("./preview setup", "./preview demo", "./preview verify", "pytest tests/engine"):
        assert step in done
    assert done.index("setup") < done.index("demo") < done.index("verify") < done.index("tests/engine")
    (cache,) = job["cache"]
    assert cache["paths"] == [".cache/pip", ".cache/uv"], "what an earlier job has built would be restored"
    assert job["tags"] == ["privileged"]
    assert "artifacts" in job["artifacts"]["paths"]
