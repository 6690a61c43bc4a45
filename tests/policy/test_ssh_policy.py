"""How whoever deploys reaches a VM, and brings files to it."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from components.host_scripts import script
from stacks import preview, ssh
from stacks.ssh_options import in_plain_shell
from tests.equipment.recording import Declared, declare
from tests.policy.production import VM_OUTPUTS, connections

pytestmark = pytest.mark.usefixtures("cloudflare_token")


def test_the_host_key_is_learnt_once_and_pinned_for_docker_and_commands(of_vm: list[Declared]) -> None:
    (engine,) = [each.inputs for each in of_vm if each.type == "pulumi:providers:docker"]
    options = json.dumps(engine["sshOpts"])
    assert "StrictHostKeyChecking=yes" in options
    assert "KnownHostsCommand=/bin/echo 203.0.113.5 ssh-ed25519 AAAAhostkey" in options
    assert {each["hostKey"] for each in connections(of_vm)} == {"ssh-ed25519 AAAAhostkey"}


def test_nothing_but_another_server_makes_the_base_learn_a_host_key_again(of_vm: list[Declared]) -> None:
    (learning,) = [each.inputs for each in of_vm if each.type == "command:local:Command"]
    assert learning["triggers"] == ["4711"], "the server"
    kept = {"PULUMI_COMMAND_STDOUT": "ssh-ed25519 AAAAfirst", "ADDRESS": "192.0.2.1"}
    for earlier, refused, printed in ((kept, False, "ssh-ed25519 AAAAfirst"), ({}, True, "")):
        done = subprocess.run(
            [*learning["interpreter"], learning["update"]], env=earlier, capture_output=True, text=True, check=False
        )
        assert (bool(done.returncode), done.stdout) == (refused, printed)
        assert ("Learn it anew: pulumi up --replace '**host-key**'" in done.stderr) == refused


def test_no_private_key_enters_the_state(of_vm: list[Declared], of_preview_on_vm: list[Declared]) -> None:
    for connection in connections([*of_vm, *of_preview_on_vm]):
        assert set(connection) <= {"host", "port", "user", "hostKey", "dialErrorLimit", "perDialTimeout"}


def test_whatever_the_login_shell_of_a_vm_is_a_plain_one_runs_its_commands(
    of_vm: list[Declared], of_preview_on_vm: list[Declared]
) -> None:
    commands = [each.inputs for each in [*of_vm, *of_preview_on_vm] if each.type == "command:remote:Command"]
    assert commands
    for text in [one[key] for one in commands for key in ("create", "delete") if one.get(key)]:
        assert re.match(r"(export \w+=.*\n)*exec /bin/sh -c ", text), text


def test_each_upload_starts_in_an_empty_directory(of_vm: list[Declared], of_preview_on_vm: list[Declared]) -> None:
    declared = {each.name: each.inputs for each in [*of_vm, *of_preview_on_vm]}
    uploads = {name.removesuffix("-upload"): copy for name, copy in declared.items() if name.endswith("-upload")}
    assert len(uploads) == len(["socket proxy", "page"]) + len(["config", "workload", "initdb"])
    for name, copy in uploads.items():
        room = declared[f"{name}-room"]
        emptied = 'rm -rf -- "$UPLOAD" && mkdir -p -- "$UPLOAD"'
        assert room["create"] == in_plain_shell(emptied, {"UPLOAD": copy["remotePath"]})
        assert room["triggers"] == copy["triggers"], "it is emptied whenever there is something to be copied"


def test_a_version_that_places_files_in_another_way_uploads_them_again(
    of_preview_on_vm: list[Declared], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh, "script", lambda name: f"{script(name)}# another\n")
    later = declare(preview.preview, stack="preview-feature-a", config={"branch": "feature/a"}, base_outputs=VM_OUTPUTS)
    before, after = ({each.name: each.inputs for each in declared} for declared in (of_preview_on_vm, later))
    placing = "feature-a-files-config"
    assert before[placing]["create"] != after[placing]["create"], "placed again, and the earlier upload is gone"
    assert before[f"{placing}-upload"]["triggers"] != after[f"{placing}-upload"]["triggers"]
