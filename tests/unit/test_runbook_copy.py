"""The runbook's copy of a cluster's manager: made, fetched, and brought to a machine that shows another host key."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.equipment.runbook import blocks

MAKE, FETCH = blocks("A copy of a cluster's manager")
UPLOAD, _, _ = blocks("A lost manager of a cluster")
(SHELL,) = blocks("A shell on the machine")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where an operator types, with ``machine/`` for the home of ``deploy`` there; SSH notes how it was called."""
    for folder in ("machine", "bin", "root/var/lib/docker/swarm", "root/opt/postgres-ai-previews", "root/etc/ssh"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "root/etc/ssh/ssh_host_ed25519_key").write_text("private", encoding="utf-8")
    noted = f'echo "${{0##*/}} $*" >>{tmp_path}/noted'
    for name, content in {
        "pulumi": "echo VALUE",
        "ssh": f'{noted}; for last; do :; done; cd {tmp_path}/machine && sh -c "$last"',
        "machine": f'{noted}; cd {tmp_path}/machine && sh -c "$*"',
        "chown": noted,
        "systemctl": noted,
    }.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{content}\n", encoding="utf-8")
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


def typed(home: Path, script: str) -> list[str]:
    """Run commands as they are typed; returns what was noted."""
    environment = {"PATH": f"{home}/bin:{os.environ['PATH']}"}
    subprocess.run(["sh", "-c", script], cwd=home, env=environment, check=False, timeout=60, capture_output=True)
    noted = home / "noted"
    return noted.read_text(encoding="utf-8").splitlines() if noted.exists() else []


def private(path: Path) -> bool:
    return path.stat().st_mode & 0o077 == 0


def made(home: Path) -> list[str]:
    """Make the copy, with other places for the machine's own."""
    script = MAKE.replace("/home/deploy", f"{home}/machine").replace("-C /", f"-C {home}/root")
    return typed(home, script.replace("cd /", f"cd {home}/root"))


def test_the_copy_is_for_deploy_alone_and_the_engine_runs_again(home: Path) -> None:
    assert made(home) == [
        "systemctl stop docker docker.socket",
        "systemctl start docker",
        f"chown deploy: {home}/machine/manager.tar.gz",
    ]
    assert private(home / "machine/manager.tar.gz")


def test_the_copy_is_fetched_for_its_owner_alone_and_removed_from_the_machine(home: Path) -> None:
    made(home)
    typed(home, FETCH)
    listed = subprocess.run(["tar", "-tzf", home / "manager.tar.gz"], capture_output=True, text=True, check=True)
    assert "etc/ssh/ssh_host_ed25519_key" in listed.stdout.splitlines()
    assert private(home / "manager.tar.gz")
    assert not (home / "machine/manager.tar.gz").exists()


def test_a_copy_that_did_not_arrive_whole_stays_on_the_machine(home: Path) -> None:
    (home / "machine/manager.tar.gz").write_text("half", encoding="utf-8")
    typed(home, FETCH)
    assert (home / "machine/manager.tar.gz").exists()


def test_the_copy_is_taken_by_a_machine_whose_host_key_is_not_the_pinned_one(home: Path) -> None:
    (home / "manager.tar.gz").write_text("whole", encoding="utf-8")
    (called,) = typed(home, UPLOAD)
    assert "KnownHostsCommand" not in called
    assert "StrictHostKeyChecking" not in called, "the operator compares the fingerprint"
    assert (home / "machine/manager.tar.gz").read_text(encoding="utf-8") == "whole"
    assert private(home / "machine/manager.tar.gz")


def test_a_shell_on_the_machine_is_what_the_copy_is_fetched_by(home: Path) -> None:
    (home / "bin/machine").unlink()
    made(home)
    typed(home, SHELL + FETCH)
    assert (home / "manager.tar.gz").exists()
