"""A branch's files: what they hash to, and how the host's scripts place them."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from components.files import digest_of
from components.services import SERVICES
from tests.equipment.slots import full_disk

HOST_SCRIPTS = Path(__file__).resolve().parents[2] / "host"


def run(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(HOST_SCRIPTS / script)],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def branch_files(tmp_path: Path) -> Path:
    folder = tmp_path / "branch"
    (folder / "grafana/dashboards").mkdir(parents=True)
    (folder / "pgwatch-prometheus").mkdir()
    (folder / "grafana/dashboards/a.json").write_text("{}", encoding="utf-8")
    (folder / "pgwatch-prometheus/metrics.yml").write_text("metrics: {}", encoding="utf-8")
    return folder


def test_a_digest_changes_with_content_and_with_names(branch_files: Path) -> None:
    before = digest_of({"config": branch_files})
    (branch_files / "grafana/dashboards/a.json").write_text("[]", encoding="utf-8")
    changed = digest_of({"config": branch_files})
    (branch_files / "grafana/dashboards/a.json").rename(branch_files / "grafana/dashboards/b.json")
    renamed = digest_of({"config": branch_files})
    assert len({before, changed, renamed}) == 3


def test_a_digest_does_not_depend_on_times_or_permissions(branch_files: Path) -> None:
    before = digest_of({"config": branch_files})
    os.utime(branch_files / "grafana/dashboards/a.json", (0, 0))
    (branch_files / "grafana/dashboards/a.json").chmod(0o600)
    assert digest_of({"config": branch_files}) == before


def test_a_dashboard_does_not_count_for_what_restarts_pgwatch(branch_files: Path) -> None:
    before = digest_of({"config": branch_files}, ["config/pgwatch-prometheus"])
    (branch_files / "grafana/dashboards/a.json").write_text("[]", encoding="utf-8")
    assert digest_of({"config": branch_files}, ["config/pgwatch-prometheus"]) == before
    (branch_files / "pgwatch-prometheus/metrics.yml").write_text("x", encoding="utf-8")
    assert digest_of({"config": branch_files}, ["config/pgwatch-prometheus"]) != before


def test_placing_files_replaces_all_of_them_and_keeps_the_folder_itself(branch_files: Path, tmp_path: Path) -> None:
    destination = tmp_path / "host/config"
    assert run("place_files.sh", SOURCE=str(branch_files), DESTINATION=str(destination)).returncode == 0
    held_open = destination.stat().st_ino
    (branch_files / "grafana/dashboards/a.json").unlink()
    (branch_files / "grafana/dashboards/b.json").write_text("{}", encoding="utf-8")
    (branch_files / "prometheus").mkdir()

    assert run("place_files.sh", SOURCE=str(branch_files), DESTINATION=str(destination)).returncode == 0

    assert destination.stat().st_ino == held_open
    assert digest_of({"config": destination}) == digest_of({"config": branch_files})
    assert sorted(path.name for path in destination.parent.iterdir()) == ["config"]


def test_a_running_container_sees_each_new_file_in_every_folder_that_it_mounts(tmp_path: Path) -> None:
    mounted = {folder for service in SERVICES for folder in service.mounts}
    assert {"config", "workload", "initdb/sink", "initdb/target"} <= mounted
    held: dict[str, int] = {}
    for version in ("one", "two"):
        for folder in mounted:
            new = tmp_path / version / folder
            (new / "below").mkdir(parents=True)
            for name in ("same.sql", f"{version}.sql", f"below/{version}"):
                (new / name).write_text(version, encoding="utf-8")
        for top in ("config", "workload", "initdb"):
            source, destination = tmp_path / version / top, tmp_path / "host" / top
            assert run("place_files.sh", SOURCE=str(source), DESTINATION=str(destination)).returncode == 0
        # As a mount is, each is held from its first version on.
        held = held or {folder: os.open(tmp_path / "host" / folder, os.O_RDONLY) for folder in mounted}
    for folder, descriptor in held.items():
        seen = Path(f"/proc/self/fd/{descriptor}")
        found = {path.relative_to(seen).as_posix(): path for path in seen.rglob("*") if path.is_file()}
        assert set(found) == {"same.sql", "two.sql", "below/two"}, folder
        assert {path.read_text(encoding="utf-8") for path in found.values()} == {"two"}, folder
        os.close(descriptor)


def test_a_file_in_the_place_of_a_folder_and_the_other_way_round_is_placed(tmp_path: Path) -> None:
    folder, file = tmp_path / "folder", tmp_path / "file"
    (folder / "one/two").mkdir(parents=True)
    (folder / "one/two/three").write_text("", encoding="utf-8")
    file.mkdir()
    (file / "one").write_text("", encoding="utf-8")
    for source in (folder, file, folder):
        assert run("place_files.sh", SOURCE=str(source), DESTINATION=str(tmp_path / "host/x")).returncode == 0
        assert digest_of({"x": tmp_path / "host/x"}) == digest_of({"x": source})


def test_placed_files_are_readable_by_containers_whatever_the_umask(branch_files: Path, tmp_path: Path) -> None:
    (branch_files / "grafana/dashboards/a.json").chmod(0o600)
    (branch_files / "grafana").chmod(0o700)
    destination = tmp_path / "host/config"
    assert run("place_files.sh", SOURCE=str(branch_files), DESTINATION=str(destination)).returncode == 0
    assert (destination / "grafana/dashboards/a.json").stat().st_mode & 0o777 == 0o644
    assert (destination / "grafana").stat().st_mode & 0o777 == 0o755


def test_files_that_are_there_already_take_no_room_so_going_back_works_on_a_full_disk(
    branch_files: Path, tmp_path: Path
) -> None:
    destination = tmp_path / "host/config"
    assert run("place_files.sh", SOURCE=str(branch_files), DESTINATION=str(destination)).returncode == 0
    full = full_disk(tmp_path)
    better = tmp_path / "better"
    better.mkdir()
    (better / "a.yml").write_text("better", encoding="utf-8")
    failed = run("place_files.sh", SOURCE=str(better), DESTINATION=str(destination), PATH=full)
    assert failed.returncode != 0
    assert "No space left on device" in failed.stderr
    assert sorted(path.name for path in destination.parent.iterdir()) == ["config"], "what a failed copy took is back"
    again = run("place_files.sh", SOURCE=str(branch_files), DESTINATION=str(destination), PATH=full)
    assert again.returncode == 0, again.stderr
    assert digest_of({"config": destination}) == digest_of({"config": branch_files})


def test_files_are_placed_by_one_at_a_time(branch_files: Path, tmp_path: Path) -> None:
    destination = tmp_path / "host/config"
    destination.mkdir(parents=True)
    held = os.open(destination.parent, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    waited = run("place_files.sh", SOURCE=str(branch_files), DESTINATION=str(destination), LOCK_SECONDS="1")
    os.close(held)
    assert waited.returncode == 1
    assert "Files are still being placed" in waited.stderr
    assert not list(destination.iterdir())


def test_files_that_cannot_be_copied_leave_the_old_ones_in_place(branch_files: Path, tmp_path: Path) -> None:
    destination = tmp_path / "host/config"
    assert run("place_files.sh", SOURCE=str(branch_files), DESTINATION=str(destination)).returncode == 0
    before = digest_of({"config": destination})
    assert run("place_files.sh", SOURCE=str(tmp_path / "gone"), DESTINATION=str(destination)).returncode != 0
    assert digest_of({"config": destination}) == before


def test_what_was_uploaded_is_placed_once_and_asking_again_finds_it_placed(branch_files: Path, tmp_path: Path) -> None:
    destination = tmp_path / "host/config"
    digest = digest_of({"config": branch_files})

    def place(digest: str) -> int:
        asked = {"SOURCE": str(branch_files), "DESTINATION": str(destination), "DIGEST": digest, "UPLOADED": "yes"}
        return run("place_files.sh", **asked).returncode

    assert place(digest) == 0
    assert not branch_files.exists()
    assert place(digest) == 0, "whoever asked may not have heard that it was done"
    assert digest_of({"config": destination}) == digest
    assert place("another") != 0, "nothing was uploaded"
    shutil.move(destination, branch_files)
    assert place(digest) == 0
    shutil.rmtree(destination)
    assert place(digest) != 0, "what was placed is gone"


def test_an_exchange_that_was_cut_off_does_not_pass_for_done(branch_files: Path, tmp_path: Path) -> None:
    destination = tmp_path / "host/config"
    asked = {"DESTINATION": str(destination), "DIGEST": digest_of({"config": branch_files}), "UPLOADED": "yes"}
    assert run("place_files.sh", SOURCE=str(branch_files), **asked).returncode == 0
    better = tmp_path / "better"
    better.mkdir()
    (better / "a.yml").write_text("better", encoding="utf-8")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/mv").write_text("#!/bin/sh\nkill -KILL $PPID\n", encoding="utf-8")
    (tmp_path / "bin/mv").chmod(0o755)
    cut_off = run("place_files.sh", **asked, SOURCE=str(better), PATH=f"{tmp_path}/bin:{os.environ['PATH']}")
    assert cut_off.returncode != 0
    assert run("place_files.sh", SOURCE=str(branch_files), **asked).returncode != 0
