"""The machine's first boot, run by the real cloud-init of Debian 12 in a container, and what it leaves behind.

A container is not a machine: nothing here may switch swap on or set the kernel's swappiness, and there is no init
system. Docker's own repository may be out of reach. So Docker is Debian's package, the units are enabled and verified
but not started, and the test starts the engine as its unit would.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from components.cloud_init import FAILED_FILE, READY_FILE, CloudInitArgs, user_data
from tests.equipment.first_boot import METADATA, STAGES, Machine, unbooted_machine

PING = "http://127.0.0.1:9/ping"
LAST_STEP = "DIRECTORY=/opt/postgres-ai-previews ENGINE_SECONDS=1 /usr/local/lib/pgai-preview/first_boot.sh"


@pytest.fixture(scope="module")
def computer() -> Iterator[Machine]:
    with unbooted_machine() as made:
        yield made


@pytest.fixture(scope="module")
def operators_key(computer: Machine) -> str:
    return computer.shell(
        "ssh-keygen -q -t ed25519 -N '' -C operator -f /root/operator; cat /root/operator.pub"
    ).strip()


@pytest.fixture(scope="module")
def booted(computer: Machine, operators_key: str) -> Machine:
    data = user_data(CloudInitArgs(authorized_keys=(operators_key,), docker_from="distribution", ping_url=PING))
    computer.put("/var/lib/cloud/seed/nocloud", user_data=data, meta_data="instance-id: test\nlocal-hostname: test\n")
    computer.engine(with_its_package=True)
    for stage in STAGES:
        computer.said += computer.run("cloud-init", *stage)[1]
    return computer


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"distribution": "ubuntu", "ssh_port": 2222},
        {"docker_from": "distribution", "ping_url": PING},
    ],
)
def test_cloud_init_knows_every_key_of_the_data(computer: Machine, operators_key: str, changes: dict[str, Any]) -> None:
    computer.put("/root/schema", data_yaml=user_data(CloudInitArgs(authorized_keys=(operators_key,), **changes)))
    said = computer.ok("cloud-init", "schema", "--config-file", "/root/schema/data-yaml")
    assert "Valid cloud-config" in said
    assert "deprecated" not in said.lower()


def test_deploy_is_in_group_docker_and_has_neither_password_nor_sudo(booted: Machine) -> None:
    assert set(booted.ok("id", "-nG", "deploy").split()) == {"deploy", "docker"}
    assert booted.ok("getent", "shadow", "deploy").split(":")[1].startswith("!")
    assert booted.run("sudo", "-n", "true", user="deploy")[0] != 0
    assert booted.run("id", "debian")[0] != 0, "no user but deploy is made"


def test_deploy_logs_in_with_the_key_and_root_does_not(booted: Machine, operators_key: str) -> None:
    assert booted.ok("cat", "/home/deploy/.ssh/authorized_keys").strip() == operators_key
    booted.shell("mkdir -p /run/sshd; /usr/sbin/sshd")
    login = ("ssh", "-i", "/root/operator", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no")
    assert booted.ok(*login, "deploy@localhost", "id", "-un").splitlines()[-1] == "deploy"
    status, said = booted.run(*login, "root@localhost", "id", "-un")
    assert status != 0
    assert "Permission denied (publickey)" in said


def test_the_ssh_server_takes_keys_only(booted: Machine) -> None:
    settings = booted.shell("mkdir -p /run/sshd; sshd -T -C user=deploy,host=x,addr=192.0.2.1").splitlines()
    for setting in (
        "permitrootlogin no",
        "passwordauthentication no",
        "kbdinteractiveauthentication no",
        "authenticationmethods publickey",
        "allowusers deploy",
        "maxsessions 64",
        "maxstartups 128:30:128",
    ):
        assert setting in settings


def test_the_swap_file_has_4_gib_and_is_switched_on_at_every_boot(booted: Machine) -> None:
    assert booted.ok("stat", "-c", "%s %a", "/swapfile").split() == [str(4 * 1024**3), "600"]
    assert booted.ok("blkid", "-p", "-s", "TYPE", "-o", "value", "/swapfile").strip() == "swap"
    assert booted.shell("awk '$1 == \"/swapfile\" { print $2, $3 }' /etc/fstab").split() == ["none", "swap"]
    assert "swappiness = 1" in booted.ok("cat", "/etc/sysctl.d/90-pgai-preview.conf")


def test_docker_is_installed_and_its_settings_are_accepted(booted: Machine) -> None:
    assert "Docker version" in booted.ok("docker", "--version")
    settings = json.loads(booted.ok("cat", "/etc/docker/daemon.json"))
    assert (settings["live-restore"], settings["storage-driver"]) == (True, "overlay2")
    assert (
        booted.ok("docker", "info", "--format", "{{.LoggingDriver}} {{.LiveRestoreEnabled}}").strip()
        == "json-file true"
    )


def test_security_updates_are_on(booted: Machine) -> None:
    said = booted.ok("apt-config", "dump")
    assert 'APT::Periodic::Unattended-Upgrade "1";' in said
    assert 'Unattended-Upgrade::Automatic-Reboot "false";' in said
    assert "Debian-Security" in said


def test_scripts_and_settings_are_there_with_their_permissions(booted: Machine) -> None:
    data = yaml.safe_load(booted.ok("cat", "/var/lib/cloud/instance/user-data.txt"))
    for entry in data["write_files"]:
        assert booted.ok("cat", entry["path"]) == entry["content"], entry["path"]
        mode = booted.ok("stat", "-c", "%a %U", entry["path"]).split()
        assert mode == [entry["permissions"].removeprefix("0"), "root"], entry["path"]
    assert booted.run("cat", "/etc/pgai-preview/health.conf", user="deploy")[0] != 0
    assert booted.run("cat", "/var/lib/cloud/instance/user-data.txt", user="deploy")[0] != 0


def test_the_units_are_understood_and_their_timers_start_at_every_boot(booted: Machine) -> None:
    units = ["docker.service", *booted.shell("cd /etc/systemd/system; ls -d pgai-preview-*").split()]
    said = booted.ok("systemd-analyze", "verify", *units)
    assert "pgai-preview" not in said
    assert "block-metadata" not in said
    assert {"pgai-preview-health.timer", "pgai-preview-prune.timer"} <= set(
        booted.shell("ls /etc/systemd/system/timers.target.wants").split()
    )
    shown = booted.ok("systemd-analyze", "cat-config", "systemd/system/docker.service")
    assert shown.count("block_metadata.sh") == 2


def test_the_directory_and_its_lock_belong_to_deploy(booted: Machine) -> None:
    said = booted.shell("cd /opt/postgres-ai-previews; stat -c '%n %U:%G %a' . previews .lock").splitlines()
    assert said == [". deploy:deploy 755", "previews deploy:deploy 755", ".lock deploy:deploy 644"]


def test_the_boot_ends_with_a_machine_that_is_ready(booted: Machine) -> None:
    assert booted.ok("cat", READY_FILE).startswith("Docker "), booted.said[-3000:]
    assert booted.run("cat", FAILED_FILE)[0] != 0


def test_nothing_fails_but_what_a_container_cannot_do(booted: Machine) -> None:
    results = json.loads(booted.ok("cat", "/run/cloud-init/status.json"))["v1"]
    errors = [error for stage in results.values() if isinstance(stage, dict) for error in stage.get("errors", [])]
    # This image has no translations.
    assert [error for error in errors if "locale" not in error] == []
    noted = {line.removeprefix("first boot: ") for line in booted.said.splitlines() if line.startswith("first boot: ")}
    assert {note.split(",")[0] for note in noted} == {
        "vm.swappiness could not be set",
        "there is no swap",
        "the unit files could not be read again",
        "the SSH server could not be told its settings",
        "the socket of the SSH server could not be told its port",
        "docker.service could not be started",
        "pgai-preview-health.timer could not be started",
        "pgai-preview-page.timer could not be started",
        "pgai-preview-prune.timer could not be started",
        "ready",
    }


def test_the_engine_keeps_the_rule_when_it_starts_again(booted: Machine) -> None:
    booted.engine(starts=False)
    booted.engine()
    rules = booted.ok("iptables", "-S", "DOCKER-USER").splitlines()
    assert rules[1].startswith(f"-A DOCKER-USER -d {METADATA}/32 -j REJECT")
    assert len(rules) == len(set(rules))


def test_a_machine_whose_containers_could_reach_the_address_is_not_ready(booted: Machine) -> None:
    booted.shell(f"iptables -D DOCKER-USER -d {METADATA} -j REJECT")
    assert booted.run("sh", "-c", LAST_STEP)[0] != 0
    assert "metadata address" in booted.ok("cat", FAILED_FILE)
    assert booted.run("cat", READY_FILE)[0] != 0
    booted.shell(f"/usr/local/lib/pgai-preview/block_metadata.sh; {LAST_STEP}")
    assert booted.ok("cat", READY_FILE).startswith("Docker ")


def test_without_an_engine_the_machine_is_not_ready_and_says_why(booted: Machine) -> None:
    booted.engine(starts=False)
    assert booted.run("sh", "-c", LAST_STEP)[0] != 0
    assert booted.run("cat", READY_FILE)[0] != 0
    assert booted.ok("cat", FAILED_FILE).startswith(
        "The user deploy cannot use Docker, even after 1 s. It last said: Cannot connect to the Docker daemon"
    )


def test_dockers_own_repository_becomes_a_source_for_this_release(booted: Machine, operators_key: str) -> None:
    booted.put("/root/own", data_yaml=user_data(CloudInitArgs(authorized_keys=(operators_key,))))
    for module in ("write_files", "apt_configure"):
        booted.ok("cloud-init", "--file", "/root/own/data-yaml", "single", "--name", module, "--frequency", "always")
    assert booted.ok("cat", "/etc/apt/sources.list.d/docker.list").strip() == (
        "deb [signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/debian bookworm stable"
    )
    # apt gives the key to gpgv as it is; readable to the user that apt becomes.
    booted.ok("cat", "/etc/apt/keyrings/docker.asc", user="_apt")
