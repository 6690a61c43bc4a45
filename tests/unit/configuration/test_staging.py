"""A preview's files are put together without changing what another run of the program is bringing to the host."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from stacks import staging
from stacks.configuration import Configuration
from stacks.staging import stage


def files(text: str) -> Configuration:
    return Configuration(files={"grafana/dashboards/a.json": text, "prometheus/prometheus.yml": "b"}, notes=())


def content(directory: Path) -> dict[str, str]:
    found = (path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): path.read_text(encoding="utf-8") for path in found}


def unused(directory: Path, hours: float) -> None:
    then = time.time() - hours * 3600
    os.utime(directory, (then, then))


def test_a_run_with_other_files_leaves_those_alone_that_another_is_bringing_to_the_host(tmp_path: Path) -> None:
    deployed = stage(files("deployed"), tmp_path)
    seen = stage(files("seen"), tmp_path)
    assert content(deployed) == files("deployed").files
    assert content(seen) == files("seen").files
    # As the folder is called that an undone update uploads: what is uploaded and what is placed have to be the same.
    assert deployed.name == seen.name == "config"


def test_the_same_files_are_in_the_same_place_and_are_not_written_again(tmp_path: Path) -> None:
    first = stage(files("a"), tmp_path)
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in first.rglob("*")}
    assert stage(files("a"), tmp_path) == first
    assert {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in first.rglob("*")} == before
    assert list(tmp_path.iterdir()) == [first.parent]


def test_what_was_half_removed_is_made_whole(tmp_path: Path) -> None:
    first = stage(files("a"), tmp_path)
    shutil.rmtree(first / "grafana")
    assert stage(files("a"), tmp_path) == first
    assert content(first) == files("a").files


def test_of_two_runs_with_the_same_files_one_puts_them_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put = staging._put

    def late(new: Path, staged: Path) -> None:
        shutil.copytree(new, staged)
        put(new, staged)

    monkeypatch.setattr(staging, "_put", late)
    assert content(stage(files("a"), tmp_path)) == files("a").files


def test_what_nobody_has_used_for_an_hour_goes_and_nothing_else_does(tmp_path: Path) -> None:
    old, recent, used = (stage(files(text), tmp_path) for text in ("old", "recent", "used"))
    # Of an earlier version, of a run that was killed, and of an update that waited for its preview's wake.
    earlier, killed, update = (tmp_path / name for name in ("config", "config.k1ll3d", "update"))
    for folder in (earlier, killed, update):
        folder.mkdir()
        (folder / "file").touch()
    for folder in (old.parent, used.parent, earlier, killed, update):
        unused(folder, hours=2)
    unused(recent.parent, hours=0.9)
    assert stage(files("used"), tmp_path) == used
    assert set(tmp_path.iterdir()) == {recent.parent, used.parent, update}
