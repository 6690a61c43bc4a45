"""First boot of the production machine, as cloud-init user data: users, Docker, swap, limits, updates, health."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

from components.host_scripts import host_file

# Hetzner refuses more.
MAX_BYTES = 32 * 1024
_SWAP_BYTES = 4 * 1024**3
USER = "deploy"
DIRECTORY = "/opt/postgres-ai-previews"
SCRIPT_DIRECTORY = "/usr/local/lib/pgai-preview"
STATE_DIRECTORY = "/var/lib/pgai-preview"
# Written last of all. A machine that failed has the reason in FAILED_FILE instead.
READY_FILE = f"{STATE_DIRECTORY}/ready"
FAILED_FILE = f"{STATE_DIRECTORY}/failed"

SCRIPTS = ("block_metadata.sh", "first_boot.sh", "health_ping.sh", "prune_images.sh", "refresh_page.sh")
_CONFIGURATION = "/etc/pgai-preview"
_PROCESSES_OF_ONE_USER = 2048
_PRIVATE_NETWORK_MTU = 1450
# Docker's provider asks for all images whenever it makes a container. containerd's store, the default, reads a dozen
# files for each image then, and keeps every layer twice.
_IMAGE_STORE = {"storage-driver": "overlay2", "features": {"containerd-snapshotter": False}}
_DOCKER_KEY = "/etc/apt/keyrings/docker.asc"
# Another major version comes by a decision, not by an update in the night.
_DOCKER_PIN = "Package: docker-ce docker-ce-cli\nPin: version 5:29.*\nPin-Priority: 990\n"
_PUBLIC_KEY = re.compile(r"(ssh-(ed25519|rsa)|ecdsa-sha2-nistp\d+|sk-[\w@.-]+) [A-Za-z0-9+/]+=* ?[^\n\r]*")
_PING_URL = re.compile(r"https?://[A-Za-z0-9.:-]+(/[A-Za-z0-9._~%-]*)*")
_DIRECTORY = re.compile(r"(/[A-Za-z0-9._-]+)+")

_SSHD = """\
# Read before the distribution's own settings; the first value of a keyword counts.
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
AuthenticationMethods publickey
AllowUsers {user}
Port {port}
X11Forwarding no
# Docker's client has all its sessions in one connection; each of a deploy's commands and copies, a dozen for the first
# deploy of a preview, makes one of its own, and ten deploys may run at once.
MaxSessions 64
MaxStartups 128
"""
_AUTO_UPGRADES = """\
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
APT::Periodic::AutocleanInterval "7";
"""


@dataclass(frozen=True, kw_only=True)
class CloudInitArgs:
    """What differs between machines.

    Attributes:
        authorized_keys: Public SSH keys, one line each, of those who may log in as ``deploy``.
        distribution: Of the machine's image; needed for Docker's repository.
        docker_from: ``docker.com``: Docker's own apt repository, its key pinned in this repository.
            ``distribution``: the package of the image's distribution, where that has Docker 26 or newer.
        ssh_port: Port of the SSH server.
        directory: Absolute path of the project's directory on the machine.
        ping_url: Address of the health ping, without ``/fail``; a secret. None: the machine does not report its health.
        role: What it is to be: the only machine of a base, or the manager or a worker of a cluster.
    """

    authorized_keys: tuple[str, ...]
    distribution: Literal["debian", "ubuntu"] = "debian"
    docker_from: Literal["docker.com", "distribution"] = "docker.com"
    ssh_port: int = 22
    directory: str = DIRECTORY
    ping_url: str | None = field(default=None, repr=False)
    role: Literal["alone", "manager", "worker"] = "alone"


def user_data(args: CloudInitArgs) -> str:
    """Cloud-init user data of a machine that previews run on.

    Holds ``ping_url``, so it is as secret as that.

    Returns:
        A ``#cloud-config`` document of at most :data:`MAX_BYTES` bytes.

    Raises:
        ValueError: Arguments that would make a machine nobody can use, all of them named; or too long a document.
    """
    faults = _faults(args)
    if faults:
        raise ValueError("The first-boot data of the machine cannot be made: " + "; ".join(faults) + ".")
    text = "#cloud-config\n" + yaml.dump(_document(args), Dumper=_Dumper, sort_keys=False, width=1000)
    size = len(text.encode())
    if size > MAX_BYTES:
        raise ValueError(
            f"The first-boot data of the machine has {size} bytes, but Hetzner takes at most {MAX_BYTES}: "
            "authorize fewer SSH keys or shorten the scripts in host/."
        )
    return text


def _faults(args: CloudInitArgs) -> list[str]:
    faults = []
    if not args.authorized_keys:
        faults.append("there is no SSH key, so nobody could log in: give at least one public key")
    faults += [
        f"SSH key number {number} is not a public key of one line: give the content of the .pub file"
        for number, key in enumerate(args.authorized_keys, start=1)
        if not _PUBLIC_KEY.fullmatch(key)
    ]
    if not _DIRECTORY.fullmatch(args.directory):
        faults.append(f"the directory {args.directory!r} is not an absolute path of letters, digits, '.', '_' and '-'")
    if args.ping_url is not None and not _PING_URL.fullmatch(args.ping_url):
        faults.append("the ping address is not a plain http(s) URL without user, query and fragment")
    return faults


def _document(args: CloudInitArgs) -> dict[str, Any]:
    from_docker = args.docker_from == "docker.com"
    apt: dict[str, Any] = {
        # The image's mirrors stay.
        "preserve_sources_list": True,
        "conf": 'Acquire::Retries "5";\nDPkg::Lock::Timeout "300";\n',
    }
    if from_docker:
        apt["sources"] = {
            "docker.list": {
                "source": f"deb [signed-by={_DOCKER_KEY}] https://download.docker.com/linux/{args.distribution} "
                "$RELEASE stable"
            }
        }
    docker = ["docker-ce", "docker-ce-cli", "containerd.io"] if from_docker else ["docker.io"]
    return {
        "groups": ["docker"],
        # Without "default": nobody else.
        "users": [
            {
                "name": USER,
                "groups": ["docker"],
                "shell": "/bin/bash",
                "lock_passwd": True,
                "ssh_authorized_keys": list(args.authorized_keys),
            }
        ],
        "disable_root": True,
        "ssh_pwauth": False,
        "swap": {"filename": "/swapfile", "size": _SWAP_BYTES},
        "write_files": _files(args, from_docker=from_docker),
        "apt": apt,
        "package_update": True,
        "packages": ["ca-certificates", "curl", "iptables", "unattended-upgrades", *docker],
        "runcmd": [["env", f"DIRECTORY={args.directory}", f"{SCRIPT_DIRECTORY}/first_boot.sh"]],
    }


def _files(args: CloudInitArgs, *, from_docker: bool) -> list[dict[str, str]]:
    files = [_file(f"{SCRIPT_DIRECTORY}/{name}", host_file(name), "0755") for name in SCRIPTS]
    # systemd's units: of the health ping only where there is an address, of the page only where there is one.
    units = ["pgai-preview-page"] if args.role != "worker" else []
    units += ["pgai-preview-prune"] + (["pgai-preview-health"] if args.ping_url else [])
    files += [
        _file(f"/etc/systemd/system/{unit}.{kind}", host_file(f"systemd/{unit}.{kind}"))
        for unit in units
        for kind in ("service", "timer")
    ]
    daemon = {"log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "3"}, **_IMAGE_STORE}
    files += [
        _file("/etc/systemd/system/docker.service.d/block-metadata.conf", host_file("systemd/block-metadata.conf")),
        _file("/etc/docker/daemon.json", json.dumps(daemon | _runtime(args.role), indent=2) + "\n"),
        _file("/etc/ssh/sshd_config.d/10-pgai-preview.conf", _SSHD.format(user=USER, port=args.ssh_port)),
        _file("/etc/sysctl.d/90-pgai-preview.conf", "vm.swappiness = 1\n"),
        _file("/etc/apt/apt.conf.d/20auto-upgrades", _AUTO_UPGRADES),
        _file("/etc/apt/apt.conf.d/52pgai-preview", 'Unattended-Upgrade::Automatic-Reboot "false";\n'),
        _file(f"{_CONFIGURATION}/host.conf", f"DIRECTORY={args.directory}\n"),
    ]
    if from_docker:
        files.append(_file(_DOCKER_KEY, host_file("docker.asc")))
        files.append(_file("/etc/apt/preferences.d/docker", _DOCKER_PIN))
    if args.ping_url:
        files.append(_file(f"{_CONFIGURATION}/health.conf", f"PING_URL={args.ping_url}\n", "0600"))
    return files


def _runtime(role: Literal["alone", "manager", "worker"]) -> dict[str, Any]:
    """What the engine is told for containers of one machine, or for services of a cluster."""
    if role == "alone":
        return {"live-restore": True}
    return {
        # A service has neither of its own. Live restore and Swarm exclude each other.
        "no-new-privileges": True,
        "default-ulimits": {"nproc": {"Name": "nproc", "Hard": _PROCESSES_OF_ONE_USER, "Soft": _PROCESSES_OF_ONE_USER}},
        # Packets in Hetzner's private networks are smaller than Docker expects; what it adds itself it takes off.
        "default-network-opts": {"overlay": {"com.docker.network.driver.mtu": str(_PRIVATE_NETWORK_MTU)}},
    }


def _file(path: str, content: str, permissions: str = "0644") -> dict[str, str]:
    return {"path": path, "permissions": permissions, "content": content}


class _Dumper(yaml.SafeDumper):
    """Scripts stay readable: text of several lines is written as a literal block."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)
