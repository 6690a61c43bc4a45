"""What the jobs' script hands to ``./preview``, and what becomes of the SSH key.

The ``preview`` of these checkouts is a fake that writes down how it was called and what is around it; agent, keys and
shell are real.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from tests.equipment.checkout import ORIGIN
from tests.equipment.processes import has_ended

HOSTILE = "feature/a';touch>pwned;'$(touch>pwned)`touch>pwned`\"&touch>pwned|#"
RECORDER = """#!/usr/bin/env python3
import json, os, pathlib, subprocess, sys
def output(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout
with open(os.environ["RECORD"], "a") as record:
    record.write(json.dumps({
        "arguments": sys.argv[1:],
        "environment": dict(os.environ),
        "agent": output("ssh-add", "-L"),
        "processes": [pathlib.Path(p, "cmdline").read_bytes().decode("utf-8", "replace")
                      for p in pathlib.Path("/proc").glob("[0-9]*") if pathlib.Path(p, "cmdline").exists()],
    }) + "\\n")
"""


@dataclass(frozen=True)
class Job:
    """A job's checkout.

    Attributes:
        path: Its root.
    """

    path: Path

    def run(self, action: str, **variables: str) -> subprocess.CompletedProcess[str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        predefined = {
            "PREVIEW_BASE": "base",
            "PULUMI_BACKEND_URL": "s3://state",
            "CI_COMMIT_REF_NAME": HOSTILE,
            "CI_COMMIT_SHA": "0123abcd",
            "CI_PROJECT_ID": "15",
            "CI_PROJECT_URL": "https://gitlab.example/group/previews",
        }
        return subprocess.run(
            [str(self.path / ".gitlab/ci/preview.sh"), action],
            env={
                **kept,
                **predefined,
                "RECORD": str(self.path / "record"),
                "TMPDIR": str(self.path / "tmp"),
                **variables,
            },
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    @property
    def calls(self) -> list[dict[str, Any]]:
        record = self.path / "record"
        return [json.loads(line) for line in record.read_text("utf-8").splitlines()] if record.exists() else []


@pytest.fixture
def job(tmp_path: Path) -> Job:
    script = tmp_path / ".gitlab/ci/preview.sh"
    script.parent.mkdir(parents=True)
    shutil.copy2(ORIGIN / ".gitlab/ci/preview.sh", script)
    preview = tmp_path / "preview"
    preview.write_text(RECORDER, encoding="utf-8")
    preview.chmod(0o755)
    (tmp_path / "tmp").mkdir()
    return Job(tmp_path)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A private key and its public half."""
    file = tmp_path_factory.mktemp("key") / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ci", "-f", str(file)], check=True)
    return file.read_text("utf-8"), file.with_suffix(".pub").read_text("utf-8").strip()


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


@pytest.mark.parametrize("form", ["text", "text with the line ends of Windows", "base64", "file"])
def test_the_key_reaches_an_agent_and_nothing_else(job: Job, key: tuple[str, str], form: str, tmp_path: Path) -> None:
    private, public = key
    value = {
        "text": private.rstrip("\n"),
        "text with the line ends of Windows": private.replace("\n", "\r\n"),
        "base64": base64.b64encode(private.encode()).decode(),
        "file": str(tmp_path / "SSH_PRIVATE_KEY"),
    }[form]
    if form == "file":
        Path(value).write_text(private, encoding="utf-8")
    done = job.run("destroy", SSH_PRIVATE_KEY=value)
    assert done.returncode == 0, done.stderr
    line = private.splitlines()[1]
    for call in job.calls:
        assert call["agent"].strip() == public
        assert "SSH_PRIVATE_KEY" not in call["environment"]
        assert not [text for text in call["processes"] if line in text or value in text]
    assert line not in done.stdout + done.stderr
    written = [path for path in tmp_path.rglob("*") if stat.S_ISREG(path.lstat().st_mode) and str(path) != value]
    assert not [path for path in written if line in path.read_text("utf-8", "replace")]


def test_the_agent_ends_with_the_job(job: Job, key: tuple[str, str]) -> None:
    job.run("destroy", SSH_PRIVATE_KEY=key[0])
    (pid,) = {call["environment"]["SSH_AGENT_PID"] for call in job.calls}
    # The job has told it to end, which takes a moment on a busy machine; here nobody may be there to reap it.
    Retrying(stop=stop_after_delay(10), wait=wait_fixed(0.02), retry=retry_if_result(lambda ended: not ended))(
        lambda: has_ended(int(pid))
    )


@pytest.mark.parametrize("value", ["no key", "/nowhere/key", "QUJD", "-----BEGIN OPENSSH PRIVATE KEY-----"])
def test_what_is_no_key_is_named_and_nothing_is_run(job: Job, value: str) -> None:
    done = job.run("deploy", SSH_PRIVATE_KEY=value)
    assert done.returncode == 1
    assert "Error: SSH_PRIVATE_KEY is not a private key" in done.stderr
    assert not job.calls


def test_an_agent_that_is_there_already_is_used(job: Job) -> None:
    done = job.run("destroy", SSH_AUTH_SOCK="/run/agent")
    assert done.returncode == 0
    assert {call["environment"]["SSH_AUTH_SOCK"] for call in job.calls} == {"/run/agent"}


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
