"""What the jobs' script hands to ``./preview``, and when it runs nothing."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.equipment.gitlab.job_script import HOSTILE, Job


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("deploy", ["deploy", "--commit", "0123abcd", "--dotenv", "preview.env", "--", HOSTILE]),
        ("update", ["update", "--commit", "0123abcd", "--", HOSTILE]),
        ("destroy", ["destroy", "--", HOSTILE]),
        ("cleanup", ["reap", "--branches-from", "https://gitlab.example/group/previews.git", "--idle", "0"]),
        ("webhook", ["webhook", "--project", "15", "--", "/builds/previews.tmp/TRIGGER_PAYLOAD"]),
    ],
)
def test_a_branchs_name_is_one_argument_whatever_is_in_it(job: Job, action: str, arguments: list[str]) -> None:
    payload = {"TRIGGER_PAYLOAD": "/builds/previews.tmp/TRIGGER_PAYLOAD"} if action == "webhook" else {}
    done = job.run(action, **payload)
    assert done.returncode == 0, done.stderr
    assert [call["arguments"] for call in job.calls] == [["setup"], arguments]
    assert not list(job.path.rglob("pwned"))


@pytest.mark.parametrize("drawn", [False, True], ids=["without a browser", "with a browser"])
def test_dashboards_are_compared_with_the_default_branchs_where_there_is_a_browser(
    job: Job, tmp_path: Path, drawn: bool
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "env", "python3", "dirname", "ssh-add", *(["chromium"] if drawn else [])):
        (programs / name).symlink_to(shutil.which(name, path=os.defpath) or "/bin/true")
    done = job.run("verify", PATH=str(programs), CI_DEFAULT_BRANCH="main")
    assert done.returncode == 0, done.stderr
    pictures = ["--screenshots", "pictures", "--against", "main"] if drawn else []
    assert job.calls[-1]["arguments"] == ["verify", "--junit", "verify.xml", *pictures, "--", HOSTILE]


@pytest.mark.parametrize("action", ["deploy", "update"])
@pytest.mark.parametrize(
    ("variables", "passed"),
    [
        ({"CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_LABELS": f"-x,{HOSTILE}"}, [f"--labels=-x,{HOSTILE}"]),
        ({"CI_MERGE_REQUEST_IID": "7"}, ["--labels="]),
        ({}, []),
    ],
)
def test_the_labels_of_a_merge_request_are_handed_on_where_there_is_one(
    job: Job, action: str, variables: dict[str, str], passed: list[str]
) -> None:
    done = job.run(action, **variables)
    assert done.returncode == 0, done.stderr
    arguments = job.calls[-1]["arguments"]
    assert arguments[:3] == [action, "--commit", "0123abcd"]
    assert [one for one in arguments if one.startswith("--labels")] == passed
    assert not list(job.path.rglob("pwned"))


def test_a_refusal_is_said_and_its_code_is_the_jobs(job: Job) -> None:
    """As where all slots are taken: GitLab tells a warning from a failure by the code."""
    said = "Error: There is no room for the preview of branch 'b': 2 of 2 previews run or start (a, c)."
    (job.path / "preview").write_text(f'#!/bin/sh\n[ "$1" = setup ] || {{ echo "{said}" >&2; exit 3; }}\n', "utf-8")
    done = job.run("deploy")
    assert (done.returncode, done.stderr.strip()) == (3, said)


@pytest.mark.parametrize("action", ["deploy", "destroy", "cleanup", "webhook"])
def test_without_the_shared_state_nothing_is_run(job: Job, action: str) -> None:
    """A state of the job's own would make a destroy find nothing, and succeed."""
    done = job.run(action, PULUMI_BACKEND_URL="")
    assert done.returncode == 1
    assert "Error: PULUMI_BACKEND_URL is not set" in done.stderr
    assert not job.calls


def test_a_trigger_that_sets_variables_is_refused_before_anything_is_run(job: Job, tmp_path: Path) -> None:
    payload = tmp_path / "payload"
    payload.write_text(
        json.dumps({"ref": "main", "variables": {"PIP_INDEX_URL": "x", "A\n\u001b[31m": "5ecret"}}), "utf-8"
    )
    done = job.run("webhook", TRIGGER_PAYLOAD=str(payload))
    assert done.returncode == 1
    assert "sets variables (['A\\n\\x1b[31m', 'PIP_INDEX_URL'])" in done.stderr
    assert 'set "Minimum role to use pipeline variables" to "No one allowed"' in done.stderr
    assert "5ecret" not in done.stderr
    assert not job.calls


@pytest.mark.parametrize(
    "content", ['{"variables": {}}', '{"object_kind": "push"}', "[1]", "no JSON", "[" * 100_000, ""]
)
def test_a_trigger_that_sets_none_is_the_commands_to_judge(job: Job, tmp_path: Path, content: str) -> None:
    payload = tmp_path / "payload"
    payload.write_text(content, encoding="utf-8")
    done = job.run("webhook", TRIGGER_PAYLOAD=str(payload))
    assert done.returncode == 0, done.stderr
    assert [call["arguments"][0] for call in job.calls] == ["setup", "webhook"]


@pytest.mark.parametrize("action", ["deploy", "update", "verify", "destroy", "cleanup"])
def test_a_trigger_starts_no_job_but_its_own_whatever_it_says_of_the_pipeline(job: Job, action: str) -> None:
    done = job.run(action, TRIGGER_PAYLOAD="/builds/previews.tmp/TRIGGER_PAYLOAD", CI_PIPELINE_SOURCE="push")
    assert done.returncode == 1
    assert "starts the job preview:webhook and no other" in done.stderr
    assert not job.calls


def test_an_update_in_a_project_without_previews_says_so_and_succeeds(job: Job) -> None:
    done = job.run("update", PULUMI_BACKEND_URL="")
    assert done.returncode == 0
    assert "nothing to update" in done.stdout
    assert not job.calls


def test_an_action_that_it_does_not_know_is_named(job: Job) -> None:
    done = job.run("undeploy")
    assert done.returncode == 1
    assert "not undeploy" in done.stderr
