"""What the jobs' script makes of the SSH key: an agent's, for as long as the job lasts."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from tests.equipment.gitlab.job_script import Job
from tests.equipment.processes import has_ended
from tests.equipment.sshd import make_key


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A private key and its public half."""
    file = tmp_path_factory.mktemp("key") / "key"
    make_key(file)
    return file.read_text("utf-8"), file.with_suffix(".pub").read_text("utf-8").strip()


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
