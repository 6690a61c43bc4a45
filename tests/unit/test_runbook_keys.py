"""The runbook's way to another SSH key: each machine, by its own host key. Programs keep what they are told."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.equipment.runbook import with_words

BASE = {"address": "192.0.2.1", "docker_host": "ssh://deploy@192.0.2.1:2222", "ssh_host_key": "ssh-ed25519 FIRST"}
MANAGER = {"name": "one", "docker_host": "", "address": "192.0.2.1", "ssh_host_key": "ssh-ed25519 FIRST"}
WORKER = {"name": "two", "docker_host": "", "address": "192.0.2.2", "ssh_host_key": "ssh-ed25519 SECOND"}
PIN = "-o KnownHostsCommand=/bin/echo %H ssh-ed25519"


def typed(root: Path, outputs: dict[str, Any], *, deaf: str = "nobody") -> list[str]:
    """What is asked of SSH, its agent and Pulumi, in order; the machine that is deaf does not answer."""
    (root / "bin").mkdir()
    (root / "outputs").write_text(json.dumps({**BASE, **outputs}), encoding="utf-8")
    (root / "new.pub").write_text("ssh-ed25519 NEW somebody\n", encoding="utf-8")
    keep = f'echo "${{0##*/}} $*" >>{root}/asked'
    for name, answer in {
        "pulumi": f'case "$*" in *output*) cat {root}/outputs ;; *) {keep} ;; esac',
        "ssh-add": keep,
        "ssh": f'[ "$(cat)" = "ssh-ed25519 NEW somebody" ] && {keep} && case "$*" in *{deaf}*) exit 255 ;; esac',
    }.items():
        (root / "bin" / name).write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
        (root / "bin" / name).chmod(0o755)
    script = with_words("Another SSH key", NEW_KEY=root / "new", OLD_KEY="old")
    environment = {"PATH": f"{root}/bin:{os.environ['PATH']}"}
    subprocess.run(["sh", "-ec", script], env=environment, check=deaf == "nobody", timeout=60, capture_output=True)
    return (root / "asked").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("outputs", [{}, {"nodes": []}])
def test_a_machine_alone_lets_in_the_new_key_before_the_old_one_goes(tmp_path: Path, outputs: dict[str, Any]) -> None:
    only = f"ssh {PIN} FIRST ssh://deploy@192.0.2.1:2222"
    assert typed(tmp_path, outputs) == [
        f"{only} tee -a .ssh/authorized_keys",
        f"ssh-add {tmp_path}/new",
        "pulumi config set sshPublicKey ssh-ed25519 NEW somebody --stack base",
        "pulumi up --stack base",
        "ssh-add -d old",
        f"{only} tee .ssh/authorized_keys",
    ]


def test_workers_change_the_key_with_the_manager(tmp_path: Path) -> None:
    asked = [line for line in typed(tmp_path, {"nodes": [MANAGER, WORKER]}) if line.startswith("ssh ")]
    first, second = f"ssh {PIN} FIRST ssh://deploy@192.0.2.1:2222", f"ssh {PIN} SECOND ssh://deploy@192.0.2.2:2222"
    assert asked == [
        f"{first} tee -a .ssh/authorized_keys",
        f"{second} tee -a .ssh/authorized_keys",
        f"{first} tee .ssh/authorized_keys",
        f"{second} tee .ssh/authorized_keys",
    ]


def test_a_machine_that_does_not_answer_stops_the_change_while_the_old_key_opens_all(tmp_path: Path) -> None:
    asked = typed(tmp_path, {"nodes": [MANAGER, WORKER]}, deaf="192.0.2.1")
    assert len(asked) == 1
