"""A container that boots like a machine: systemd is its first process, and cloud-init one of its services."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import docker

from tests.equipment.first_boot import IMAGE, METADATA, Machine, build_image

_IMAGE = "pgai-test/systemd:bookworm"
# What the first boot installs is there already, which only saves time. Nothing asks the metadata address: cloud-init
# looks into the seed alone, and a route that leads nowhere is belt and braces.
_RECIPE = f"""
FROM {IMAGE}
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \\
        ca-certificates curl docker.io systemd-sysv unattended-upgrades \\
    && rm -rf /var/lib/apt/lists/* \\
    && systemctl mask getty.target systemd-logind.service apt-daily.timer apt-daily-upgrade.timer \\
    && systemctl disable docker.service docker.socket containerd.service \\
    && printf '[Unit]\\nBefore=cloud-init-local.service\\nDefaultDependencies=no\\n[Service]\\nType=oneshot\\n\
ExecStart=/sbin/ip route add unreachable {METADATA}\\n[Install]\\nWantedBy=sysinit.target\\n' \\
        >/etc/systemd/system/no-metadata.service \\
    && systemctl enable no-metadata.service
"""


@contextmanager
def booting_machine(user_data: str) -> Iterator[Machine]:
    """A machine that has just been switched on for the first time.

    It may do what its own namespaces allow, but its kernel's settings are read-only: they are this machine's too.

    Args:
        user_data: For cloud-init.
    """
    client = docker.from_env()
    build_image(client)
    client.images.build(fileobj=io.BytesIO(_RECIPE.encode()), tag=_IMAGE, rm=True, forcerm=True)
    container = client.containers.create(
        _IMAGE,
        ["/sbin/init"],
        name=f"booting-{uuid.uuid4().hex[:8]}",
        environment={"container": "docker"},
        cap_add=["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE"],
        security_opt=["seccomp=unconfined", "apparmor=unconfined"],
        tmpfs={"/run": "", "/run/lock": "", "/tmp": ""},
        volumes=["/sys/fs/cgroup:/sys/fs/cgroup:rw", "/var/lib/docker"],
        stop_signal="SIGRTMIN+3",
    )
    try:
        machine = Machine(container)
        machine.put(
            "/var/lib/cloud/seed/nocloud",
            user_data=user_data,
            meta_data="instance-id: test\nlocal-hostname: test\n",
        )
        container.start()
        yield machine
    finally:
        container.remove(force=True, v=True)
