"""The first boot: what a machine must have is in its user data."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from components import cloud_init
from components.cloud_init import MAX_BYTES, CloudInitArgs, user_data
from toolchain.versions import DOCKER

HOST = Path(__file__).resolve().parents[2] / "host"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdAcGVyYXRvci1vbmUtcHVibGljLWtleS0wMDAw operator@example"
PING = "https://hc.example/ping/4f1c-secret"


def arguments(**changes: Any) -> CloudInitArgs:
    return CloudInitArgs(**{"authorized_keys": (KEY,), "ping_url": PING, **changes})


def document(**changes: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(user_data(arguments(**changes)))
    return loaded


def files(**changes: Any) -> dict[str, dict[str, str]]:
    return {entry["path"]: entry for entry in document(**changes)["write_files"]}


def content(path: str, **changes: Any) -> str:
    return files(**changes)[path]["content"]


def test_the_data_says_that_it_is_cloud_configuration() -> None:
    assert user_data(arguments()).startswith("#cloud-config\n")


def test_the_same_arguments_give_the_same_bytes() -> None:
    assert user_data(arguments()) == user_data(arguments())


def test_the_only_user_is_deploy_who_is_in_group_docker_and_has_a_key_but_no_password() -> None:
    (user,) = document()["users"]
    assert (user["name"], user["groups"], user["lock_passwd"]) == ("deploy", ["docker"], True)
    assert user["ssh_authorized_keys"] == [KEY]
    assert "passwd" not in user
    assert "sudo" not in user
    assert "docker" in document()["groups"]


def test_nobody_logs_in_with_a_password_or_as_root() -> None:
    settings = dict(
        line.split(maxsplit=1)
        for line in content("/etc/ssh/sshd_config.d/10-pgai-preview.conf").splitlines()
        if not line.startswith("#")
    )
    assert settings["PermitRootLogin"] == "no"
    assert settings["PasswordAuthentication"] == "no"
    assert settings["KbdInteractiveAuthentication"] == "no"
    assert settings["AllowUsers"] == "deploy"
    assert document()["ssh_pwauth"] is False
    assert document()["disable_root"] is True


def test_there_are_4_gib_of_swap_which_are_used_last() -> None:
    assert document()["swap"] == {"filename": "/swapfile", "size": 4 * 1024**3}
    assert content("/etc/sysctl.d/90-pgai-preview.conf") == "vm.swappiness = 1\n"


def test_container_logs_are_limited_and_containers_survive_an_engine_that_restarts_and_images_are_kept_once() -> None:
    assert json.loads(content("/etc/docker/daemon.json")) == {
        "storage-driver": "overlay2",
        "features": {"containerd-snapshotter": False},
        "log-driver": "json-file",
        "log-opts": {"max-size": "10m", "max-file": "3"},
        "live-restore": True,
    }


def test_docker_comes_from_its_own_repository_and_only_its_own_key_signs_there() -> None:
    (source,) = document()["apt"]["sources"].values()
    assert source["source"] == (
        "deb [signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/debian $RELEASE stable"
    )
    assert "keyserver" not in source
    assert {"docker-ce", "docker-ce-cli", "containerd.io"} <= set(document()["packages"])


def test_docker_stays_at_the_major_version_that_previews_are_tested_with() -> None:
    assert content("/etc/apt/preferences.d/docker") == (
        f"Package: docker-ce docker-ce-cli\nPin: version 5:{DOCKER.partition('.')[0]}.*\nPin-Priority: 990\n"
    )
    assert "/etc/apt/preferences.d/docker" not in files(docker_from="distribution")


def test_the_key_of_docker_is_the_one_that_docker_publishes() -> None:
    armoured = content("/etc/apt/keyrings/docker.asc").split("\n\n", 1)[1]
    data = base64.b64decode("".join(armoured.splitlines()[: armoured.splitlines().index("=0YYh")]))
    assert data[0] == 0x99, "an old-format public key packet with two bytes of length"
    length = int.from_bytes(data[1:3], "big")
    # A version 4 fingerprint is the hash of exactly this packet (RFC 4880, 12.2).
    assert hashlib.sha1(data[: 3 + length]).hexdigest() == "9dc858229fc7dd38854ae2d88d81803c0ebfcd88"


def test_an_ubuntu_image_gets_the_repository_for_ubuntu() -> None:
    (source,) = document(distribution="ubuntu")["apt"]["sources"].values()
    assert "https://download.docker.com/linux/ubuntu " in source["source"]


def test_docker_can_be_the_distributions_package_instead() -> None:
    changed = document(docker_from="distribution")
    assert "docker.io" in changed["packages"]
    assert "docker-ce" not in changed["packages"]
    assert "sources" not in changed["apt"]
    assert "/etc/apt/keyrings/docker.asc" not in files(docker_from="distribution")


def test_the_images_package_mirrors_stay() -> None:
    assert document()["apt"]["preserve_sources_list"] is True


def test_security_updates_come_by_themselves_and_do_not_restart_the_machine() -> None:
    assert "unattended-upgrades" in document()["packages"]
    assert 'APT::Periodic::Unattended-Upgrade "1";' in content("/etc/apt/apt.conf.d/20auto-upgrades")
    assert content("/etc/apt/apt.conf.d/52pgai-preview") == 'Unattended-Upgrade::Automatic-Reboot "false";\n'


@pytest.mark.parametrize(
    "script", ["block_metadata.sh", "first_boot.sh", "health_ping.sh", "prune_images.sh", "refresh_page.sh"]
)
def test_a_host_script_arrives_byte_for_byte_and_executable(script: str) -> None:
    entry = files()[f"/usr/local/lib/pgai-preview/{script}"]
    assert entry["content"].encode() == (HOST / script).read_bytes()
    assert entry["permissions"] == "0755"


@pytest.mark.parametrize("unit", sorted(path.name for path in (HOST / "systemd").glob("pgai-preview-*")))
def test_a_unit_arrives_byte_for_byte_and_starts_a_script_that_is_there(unit: str) -> None:
    text = content(f"/etc/systemd/system/{unit}")
    assert text.encode() == (HOST / "systemd" / unit).read_bytes()
    started = [line.removeprefix("ExecStart=") for line in text.splitlines() if line.startswith("ExecStart=")]
    assert len(started) == (1 if unit.endswith(".service") else 0)
    assert set(started) <= set(files())


def test_page_and_health_ping_are_due_every_minute_and_the_prune_every_hour() -> None:
    assert "OnCalendar=minutely\n" in content("/etc/systemd/system/pgai-preview-page.timer")
    assert "OnCalendar=minutely\n" in content("/etc/systemd/system/pgai-preview-health.timer")
    assert "OnCalendar=hourly\n" in content("/etc/systemd/system/pgai-preview-prune.timer")


def test_the_engine_does_not_start_without_the_rules_that_hide_the_metadata_address() -> None:
    lines = content("/etc/systemd/system/docker.service.d/block-metadata.conf").splitlines()
    script = "/usr/local/lib/pgai-preview/block_metadata.sh"
    # Without a "-" before the path, a failure of the script is one of the engine's unit.
    assert f"ExecStartPre={script}" in lines
    assert f"ExecStartPost={script}" in lines


def test_only_root_reads_the_ping_address_and_nothing_else_holds_it() -> None:
    entry = files()["/etc/pgai-preview/health.conf"]
    assert (entry["content"], entry["permissions"]) == (f"PING_URL={PING}\n", "0600")
    assert user_data(arguments()).count(PING) == 1
    assert PING not in repr(arguments())


def test_without_a_ping_address_there_is_no_health_timer() -> None:
    paths = files(ping_url=None)
    assert not [path for path in paths if "health" in path and not path.endswith(".sh")]


def test_the_projects_directory_reaches_the_prune_and_the_last_step() -> None:
    assert content("/etc/pgai-preview/host.conf", directory="/srv/previews") == "DIRECTORY=/srv/previews\n"
    assert "EnvironmentFile=/etc/pgai-preview/host.conf" in content("/etc/systemd/system/pgai-preview-prune.service")
    (last,) = document(directory="/srv/previews")["runcmd"]
    assert last == ["env", "DIRECTORY=/srv/previews", "/usr/local/lib/pgai-preview/first_boot.sh"]
    assert document()["runcmd"][0][1] == "DIRECTORY=/opt/postgres-ai-previews"


def test_ready_is_the_last_thing_that_the_first_boot_says() -> None:
    lines = content("/usr/local/lib/pgai-preview/first_boot.sh").splitlines()
    written = next(number for number, line in enumerate(lines) if line.endswith(' "$state/ready"'))
    assert [line.split()[0] for line in lines[written + 1 :]] == ["note"]
    assert cloud_init.READY_FILE == "/var/lib/pgai-preview/ready"


def test_the_data_fits_with_twenty_keys_and_is_refused_clearly_when_it_does_not() -> None:
    long_key = "ssh-rsa " + "A" * 720 + "= operator"
    assert len(user_data(arguments(authorized_keys=(KEY,) * 20)).encode()) <= MAX_BYTES
    with pytest.raises(ValueError, match=r"has \d+ bytes, but Hetzner takes at most 32768: authorize fewer SSH keys"):
        user_data(arguments(authorized_keys=(long_key,) * 40))


def test_every_unusable_argument_is_named_at_once_and_no_secret_is_repeated() -> None:
    with pytest.raises(ValueError, match="cannot be made") as refused:
        user_data(
            arguments(
                authorized_keys=("-----BEGIN OPENSSH PRIVATE KEY-----", f"{KEY}\nroot"),
                directory="opt/previews; reboot",
                ping_url=f'{PING}"\noutput = "/etc/passwd',
            )
        )
    said = str(refused.value)
    for part in ("SSH key number 1", "SSH key number 2", "opt/previews", "ping address"):
        assert part in said
    assert PING not in said
    assert "PRIVATE KEY" not in said


def test_a_machine_that_nobody_could_log_in_to_is_refused() -> None:
    with pytest.raises(ValueError, match="nobody could log in"):
        user_data(arguments(authorized_keys=()))
