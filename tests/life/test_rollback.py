"""All or nothing: an update that fails or is interrupted leaves the last good version, a first deploy nothing."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from stacks.names import slug_of
from tests.equipment.checkout import Clone
from tests.life.conftest import Ground

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def broken(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image that shows the secrets it was given and ends."""
    folder = tmp_path_factory.mktemp("image")
    (folder / "Dockerfile").write_text(
        'FROM postgres:15\nENTRYPOINT ["sh", "-c", "echo broken on purpose; cat /run/secrets/*; exit 1"]\n',
        encoding="utf-8",
    )
    tag = f"{ground.token}/broken:1"
    ground.engine.images.build(path=str(folder), tag=tag, rm=True)
    yield tag
    ground.engine.images.remove(tag, force=True)


def passwords(clone: Clone, branch: str) -> set[str]:
    """Every password of a preview, as plain Pulumi shows them to whoever has the passphrase."""
    stack = f"preview-{slug_of(branch)}"
    state = json.loads(clone.pulumi("stack", "export", "--show-secrets", "--stack", stack).stdout)
    rows = [row for row in state["deployment"]["resources"] if row["type"].endswith(":RandomPassword")]
    return {json.loads(row["outputs"]["result"]["plaintext"]) for row in rows}


def test_an_update_that_fails_puts_the_last_good_version_back(
    ground: Ground, broken: str, gone_afterwards: Callable[[str], str]
) -> None:
    branch = gone_afterwards("update")
    ground.deploy(branch, "--commit", "900d")
    assert ground.clone.preview("extend", branch, "--hours", "7").code == 0
    before, images = ground.row(branch), _images(ground, branch)
    dashboard = ground.directory(branch) / "config/grafana/dashboards/activity.json"
    good = dashboard.read_bytes()

    changed = ground.clone.path / "config/grafana/dashboards/activity.json"
    workload = ground.clone.path / "workload/generate.sh"
    kept = workload.read_text(encoding="utf-8")
    with (
        instead(changed, '{"uid": "activity", "title": "Bad", "panels": []}'),
        instead(workload, f"{kept}\n# changed\n"),
    ):
        done = ground.clone.preview("deploy", branch, "--commit", "bad", "--image", f"backend={broken}")

    assert done.code == 5, done.text
    assert "The last good version is running again." in done.stderr
    assert "broken on purpose" in done.stderr
    assert "Traceback" not in done.text
    ground.require_live(branch)
    assert ground.row(branch) == before, "commit and expiry are those of the last good version"
    assert _images(ground, branch) == images
    assert dashboard.read_bytes() == good
    assert (ground.directory(branch) / "workload/generate.sh").read_text(encoding="utf-8") == kept
    found = passwords(ground.clone, branch)
    assert len(found) >= 7
    assert not [secret for secret in found if secret in done.text], "logs that are shown have no secret"
    assert "[redacted]" in done.stderr


def _images(ground: Ground, branch: str) -> dict[str, str]:
    return {service: container.attrs["Image"] for service, container in ground.containers(branch).items()}


def test_containers_removed_or_stopped_by_hand_run_again_and_nothing_else_is_touched(
    ground: Ground, gone_afterwards: Callable[[str], str]
) -> None:
    branch = gone_afterwards("mend")
    ground.deploy(branch)
    before = {service: container.id for service, container in ground.containers(branch).items()}
    ground.containers(branch)["victoriametrics"].remove(force=True)
    ground.containers(branch)["backend"].stop(timeout=1)
    ground.deploy(branch)
    after = {service: container.id for service, container in ground.containers(branch).items()}
    assert {service for service in after if after[service] != before[service]} == {"victoriametrics"}


def test_a_container_that_is_broken_is_made_anew_and_nothing_else_is_touched(
    ground: Ground, gone_afterwards: Callable[[str], str]
) -> None:
    branch = gone_afterwards("broken")
    ground.deploy(branch)
    before = {service: container.id for service, container in ground.containers(branch).items()}
    backend = ground.containers(branch)["backend"]
    backend.pause()
    done = ground.deploy(branch)
    assert f"the container {backend.name} is paused: making it anew" in " ".join(done.stderr.split())
    ground.require_live(branch)
    after = {service: container.id for service, container in ground.containers(branch).items()}
    assert {service for service in after if after[service] != before[service]} == {"backend"}


def test_a_workload_that_ends_at_once_is_taken_back(ground: Ground, gone_afterwards: Callable[[str], str]) -> None:
    branch = gone_afterwards("ends")
    ground.deploy(branch)
    before = ground.row(branch)
    with instead(ground.clone.path / "workload/generate.sh", "echo ends at once; exit 1\n") as good:
        done = ground.clone.preview("deploy", branch)
    assert done.code == 5, done.text
    said = " ".join(done.stderr.split())
    assert f"preview-{slug_of(branch)}-workload ends again and again." in said
    assert "The last good version is running again." in said
    assert "ends at once" in said, "its last lines"
    assert "Traceback" not in done.text
    ground.require_live(branch)
    assert ground.row(branch) == before, "commit and expiry are those of the last good version"
    assert (ground.directory(branch) / "workload/generate.sh").read_text(encoding="utf-8") == good


def test_a_deploy_does_not_succeed_while_a_container_is_not_well(
    ground: Ground, gone_afterwards: Callable[[str], str]
) -> None:
    branch = gone_afterwards("unwell")
    ground.deploy(branch)
    workload = ground.containers(branch)["workload"]
    with instead(ground.directory(branch) / "workload/generate.sh", "echo spoilt by hand; exit 1\n"):
        workload.stop(timeout=1)
        done = ground.clone.preview("deploy", branch)
    assert done.code == 5, done.text
    said = " ".join(done.stderr.split())
    assert f"is up to date, but the container {workload.name} is " in said
    assert "mend that and deploy again." in said
    assert "spoilt by hand" in said, "its last lines"
    assert "Traceback" not in done.text
    ground.deploy(branch)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_first_deploy_leaves_nothing(ground: Ground, number: signal.Signals) -> None:
    branch = ground.branch(f"interrupted-{number.name.lower()}")
    with ground.clone.started("deploy", branch) as process:
        _wait_for_line(process, "+ Network")
        process.send_signal(number)
        assert process.wait(120) == 128 + number
    assert "was interrupted. Everything that was made has been removed again." in ground.clone.transcript[-1]
    assert "Traceback" not in ground.clone.transcript[-1]
    ground.require_nothing(branch)


def test_an_interrupted_update_leaves_the_last_good_version(
    ground: Ground, gone_afterwards: Callable[[str], str], tmp_path: Path
) -> None:
    branch = gone_afterwards("interrupted")
    ground.deploy(branch)
    before = ground.row(branch)
    with changed_files(ground.clone, "interrupted"), ground.clone.started("deploy", branch) as process:
        _wait_for_line(process, "* Container")
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 128 + signal.SIGTERM
    assert "was interrupted. The last good version is running again." in ground.clone.transcript[-1]
    ground.require_live(branch)
    assert ground.row(branch) == before


@contextmanager
def instead(path: Path, text: str) -> Iterator[str]:
    """Another text in a file while the block runs, which gets the file's own."""
    own = path.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    try:
        yield own
    finally:
        path.write_text(own, encoding="utf-8")


@contextmanager
def changed_files(clone: Clone, text: str) -> Iterator[None]:
    """Files of the clone whose change replaces containers, changed while the block runs."""
    paths = [clone.path / name for name in ("config/pgwatch-prometheus/sources.yml", "workload/generate.sh")]
    with ExitStack() as changed:
        for path in paths:
            changed.enter_context(instead(path, f"{path.read_text(encoding='utf-8')}\n# {text}\n"))
        yield


def _wait_for_line(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdout is not None
    seen: list[str] = []
    for line in process.stdout:
        seen.append(line)
        if text in line:
            return
    raise AssertionError(f"{text!r} was never said: {''.join(seen)}")
