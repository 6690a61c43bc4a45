"""All or nothing: an update that fails or is interrupted leaves the last good version, a first deploy nothing.

One preview lives through the tests of updates: each leaves it as well as it was. The last one destroys it.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.databases import SINK
from components.services import BACKEND
from tests.equipment.checkout import ok, wait_for_line
from tests.equipment.docker import built_image, service_ids
from tests.equipment.edits import changed_files, instead
from tests.equipment.previews import Ground
from tests.equipment.state import passwords

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def broken(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image that shows the secrets it was given and ends."""
    dockerfile = 'FROM postgres:15\nENTRYPOINT ["sh", "-c", "echo broken on purpose; cat /run/secrets/*; exit 1"]\n'
    with built_image(ground.engine, tmp_path_factory.mktemp("image"), f"{ground.token}/broken:1", dockerfile) as tag:
        yield tag


@pytest.fixture(scope="module")
def quitter(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image whose program ends soon."""
    dockerfile = 'FROM postgres:15\nENTRYPOINT ["sh", "-c", "echo nothing to do here; exit 3"]\n'
    with built_image(ground.engine, tmp_path_factory.mktemp("quit"), f"{ground.token}/quit:1", dockerfile) as tag:
        yield tag


@pytest.fixture(scope="module")
def live(ground: Ground) -> Iterator[str]:
    branch = ground.branch("live")
    ground.deploy(branch)
    yield branch
    ok(ground.clone.preview("destroy", branch))


def test_an_update_that_fails_puts_the_last_good_version_back(ground: Ground, broken: str, live: str) -> None:
    ground.deploy(live, "--commit", "900d")
    ok(ground.clone.preview("extend", live, "--hours", "7"))
    before, images = ground.row(live), _images(ground, live)
    dashboard = ground.directory(live) / "config/grafana/dashboards/activity.json"
    good = dashboard.read_bytes()

    changed = ground.clone.path / "config/grafana/dashboards/activity.json"
    workload = ground.clone.path / "workload/generate.sh"
    kept = workload.read_text(encoding="utf-8")
    with (
        instead(changed, '{"uid": "activity", "title": "Bad", "panels": []}'),
        instead(workload, f"{kept}\n# changed\n"),
    ):
        done = ground.clone.preview("deploy", live, "--commit", "bad", "--image", f"backend={broken}")

    assert done.code == 5, done.text
    assert "The last good version is running again." in done.stderr
    assert "backend: ended with exit code 1, 3 times: " in done.stderr
    assert "broken on purpose" in done.stderr
    assert "Traceback" not in done.text
    ground.require_live(live)
    assert ground.row(live) == before, "commit and expiry are those of the last good version"
    assert _images(ground, live) == images
    assert dashboard.read_bytes() == good
    assert (ground.directory(live) / "workload/generate.sh").read_text(encoding="utf-8") == kept
    found = passwords(ground.clone, live).values()
    assert len(found) >= 7
    assert not [secret for secret in found if secret in done.text], "logs that are shown have no secret"
    assert "[redacted]" in done.stderr


def test_an_update_ends_when_a_container_ends_again_and_again(ground: Ground, quitter: str, live: str) -> None:
    before = service_ids(ground.engine, live)
    done = ground.clone.preview("deploy", live, "--image", f"victoriametrics={quitter}")
    assert done.code == 5, done.text
    assert "Traceback" not in done.text
    said = " ".join(done.stderr.split())
    assert "did not come up: victoriametrics: ended with exit code 3, 3 times: nothing to do here." in said
    assert "The last good version is running again." in said
    assert re.search(r"last lines of preview-\S+-victoriametrics", said)
    ground.require_live(live)
    after = service_ids(ground.engine, live)
    assert {service for service in after if after[service] != before[service]} == {"victoriametrics"}


def test_a_tag_that_was_moved_is_noticed_and_undoing_goes_back_to_the_image_that_ran(
    ground: Ground, live: str, tmp_path: Path
) -> None:
    tag, good = f"{ground.token}/moved:1", f"FROM {BACKEND.image}\nLABEL {ground.token}=good\n"
    with built_image(ground.engine, tmp_path, tag, good) as moving:
        ground.deploy(live, "--image", f"backend={moving}")
        before = _images(ground, live)
        assert "unchanged" in ground.deploy(live, "--image", f"backend={moving}").stderr
        (tmp_path / "Dockerfile").write_text(f'{good}ENTRYPOINT ["false"]\n', encoding="utf-8")
        ground.engine.images.build(path=str(tmp_path), tag=tag, rm=True)
        done = ground.clone.preview("deploy", live, "--image", f"backend={moving}")
        assert done.code == 5, done.text
        assert "The last good version is running again." in done.stderr
        assert _images(ground, live) == before
        ground.require_live(live)
        ground.deploy(live, "--image", "backend=default")


def test_another_image_of_the_sink_makes_the_sink_alone_anew(ground: Ground, live: str, tmp_path: Path) -> None:
    before = service_ids(ground.engine, live, all=True)
    dockerfile = f"FROM {SINK.image}\nLABEL {ground.token}=another\n"
    with built_image(ground.engine, tmp_path, f"{ground.token}/sink:1", dockerfile) as another:
        for image in (another, "default"):
            ground.deploy(live, "--image", f"sink={image}")
            after = service_ids(ground.engine, live, all=True)
            assert {service for service in after if after[service] != before[service]} == {"sink", "sink-init"}, image
            before = after


def _images(ground: Ground, branch: str) -> dict[str, str]:
    return {service: container.attrs["Image"] for service, container in ground.containers(branch).items()}


def test_containers_removed_or_stopped_by_hand_run_again_and_nothing_else_is_touched(ground: Ground, live: str) -> None:
    before = service_ids(ground.engine, live, all=True)
    ground.containers(live)["victoriametrics"].remove(force=True)
    ground.containers(live)["backend"].stop(timeout=1)
    ground.deploy(live)
    after = service_ids(ground.engine, live, all=True)
    assert {service for service in after if after[service] != before[service]} == {"victoriametrics"}


def test_a_container_that_is_broken_is_made_anew_and_nothing_else_is_touched(ground: Ground, live: str) -> None:
    before = service_ids(ground.engine, live, all=True)
    backend = ground.containers(live)["backend"]
    backend.pause()
    done = ground.deploy(live)
    assert f"the container {backend.name} is paused: making it anew" in " ".join(done.stderr.split())
    ground.require_live(live)
    after = service_ids(ground.engine, live, all=True)
    assert {service for service in after if after[service] != before[service]} == {"backend"}


def test_a_workload_that_ends_at_once_is_taken_back(ground: Ground, live: str) -> None:
    before = ground.row(live)
    with instead(ground.clone.path / "workload/generate.sh", "echo ends at once; exit 1\n") as good:
        done = ground.clone.preview("deploy", live)
    assert done.code == 5, done.text
    said = " ".join(done.stderr.split())
    # Who notices first: the script that would keep the files, or who watches the containers.
    assert re.search(
        r"-workload ends again and again\.|workload: ended with exit code 1, 3 times: ends at once\.", said
    )
    assert "The last good version is running again." in said
    assert "ends at once" in said, "its last lines"
    assert "Traceback" not in done.text
    ground.require_live(live)
    assert ground.row(live) == before, "commit and expiry are those of the last good version"
    assert (ground.directory(live) / "workload/generate.sh").read_text(encoding="utf-8") == good


def test_a_deploy_does_not_succeed_while_a_container_is_not_well(ground: Ground, live: str) -> None:
    # What went back to its good copy has its files brought again by the next deploy.
    ground.deploy(live)
    workload = ground.containers(live)["workload"]
    with instead(ground.directory(live) / "workload/generate.sh", "echo spoilt by hand; exit 1\n"):
        workload.stop(timeout=1)
        done = ground.clone.preview("deploy", live)
    assert done.code == 5, done.text
    said = " ".join(done.stderr.split())
    assert f"is up to date, but the container {workload.name} is " in said
    assert "mend that and deploy again." in said
    assert "spoilt by hand" in said, "its last lines"
    assert "Traceback" not in done.text
    ground.deploy(live)


def test_an_interrupted_update_leaves_the_last_good_version(ground: Ground, live: str) -> None:
    before = ground.row(live)
    with changed_files(ground.clone, "interrupted"), ground.clone.started("deploy", live) as process:
        wait_for_line(process, "* Container")
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 128 + signal.SIGTERM
    assert "was interrupted. The last good version is running again." in ground.clone.transcript[-1]
    ground.require_live(live)
    assert ground.row(live) == before


def test_an_interrupted_destroy_says_so_by_its_exit_code(ground: Ground, live: str) -> None:
    with ground.clone.started("destroy", live) as process:
        wait_for_line(process, "- Command")
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 128 + signal.SIGINT
    assert "Interrupted" in ground.clone.transcript[-1]
    assert "Traceback" not in ground.clone.transcript[-1]


def test_destroy_leaves_nothing_and_may_be_asked_again(ground: Ground, live: str) -> None:
    assert "nothing to destroy" not in ground.destroy(live).stderr
    assert "nothing to destroy" in ground.destroy(live).stderr


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_an_interrupted_first_deploy_leaves_nothing(ground: Ground, number: signal.Signals) -> None:
    branch = ground.branch(f"interrupted-{number.name.lower()}")
    with ground.clone.started("deploy", branch) as process:
        wait_for_line(process, "+ Network")
        process.send_signal(number)
        assert process.wait(120) == 128 + number
    assert "was interrupted. Everything that was made has been removed again." in ground.clone.transcript[-1]
    assert "Traceback" not in ground.clone.transcript[-1]
    ground.require_nothing(branch)
