"""A container of Debian with cloud-init, in the place of a machine that has never booted."""

from __future__ import annotations

import io
import tarfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import docker

IMAGE = "pgai-test/cloud-init:bookworm"
METADATA = "169.254.169.254"
# cloud-init looks nowhere but into the seed: other sources of data would ask the metadata address. Nothing starts when
# a package is installed.
RECIPE = r"""
FROM {base}
LABEL pgai.test=true
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        cloud-init fdisk iproute2 iptables openssh-server procps sudo systemd util-linux \
    && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_* \
    && echo 'datasource_list: [NoCloud]' >/etc/cloud/cloud.cfg.d/99-seed-only.cfg \
    && printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d
"""
# In the place of docker.service: a real engine, with the rules before and after its start.
_START_ENGINE = """
until dpkg-query -W -f '${Status}' docker.io 2>/dev/null | grep -q 'ok installed'; do sleep 0.1; done
/usr/local/lib/pgai-preview/block_metadata.sh
# A container may mount nothing, as every storage driver but this one does.
DOCKER_DRIVER=vfs setsid dockerd --bridge none >>/var/log/dockerd.log 2>&1 &
until docker ps >/dev/null 2>&1; do sleep 0.1; done
/usr/local/lib/pgai-preview/block_metadata.sh
"""
# The next one does not start while this one still has its file.
_STOP_ENGINE = """
pid=$(cat /run/docker.pid)
kill "$pid"
while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
"""
STAGES = (("init", "--local"), ("init",), ("modules", "--mode=config"), ("modules", "--mode=final"))


@dataclass
class Machine:
    """A container that boots for the first time.

    Attributes:
        container: Of docker-py.
        said: Output of cloud-init's stages.
    """

    container: Any
    said: str = ""

    def run(self, *command: str, user: str = "root") -> tuple[int, str]:
        status, output = self.container.exec_run(list(command), user=user)
        return status, output.decode(errors="replace")

    def ok(self, *command: str, user: str = "root") -> str:
        status, output = self.run(*command, user=user)
        assert status == 0, f"{command}: {output}\n{self.said[-3000:]}"
        return output

    def shell(self, script: str) -> str:
        return self.ok("sh", "-ec", script)

    def engine(self, *, starts: bool = True, with_its_package: bool = False) -> None:
        """Start or stop the engine of the machine.

        Args:
            starts: Or stops.
            with_its_package: It starts as soon as it is installed; do not wait for that.
        """
        script = _START_ENGINE if starts else _STOP_ENGINE
        command = ["timeout", "300" if with_its_package else "30", "sh", "-ec", script]
        if with_its_package:
            self.container.exec_run(command, detach=True)
        else:
            self.ok(*command)

    def put(self, directory: str, **contents: str) -> None:
        """Files with the names' ``_`` as ``-``."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for name, content in contents.items():
                entry = tarfile.TarInfo(f"{directory}/{name.replace('_', '-')}".lstrip("/"))
                entry.size = len(content.encode())
                tar.addfile(entry, io.BytesIO(content.encode()))
        self.container.put_archive("/", archive.getvalue())


def build_image(client: Any) -> None:
    """Make the image of a machine that has not booted; quick where the engine has its layers."""
    offline = "pgai-offline/debian:bookworm"
    base = offline if client.images.list(name=offline) else "debian:bookworm-slim"
    client.images.build(fileobj=io.BytesIO(RECIPE.format(base=base).encode()), tag=IMAGE, rm=True, forcerm=True)


@contextmanager
def unbooted_machine() -> Iterator[Machine]:
    """Debian with cloud-init that has not booted yet."""
    client = docker.from_env()
    build_image(client)
    container = client.containers.run(
        IMAGE,
        ["sleep", "infinity"],
        name=f"first-boot-{uuid.uuid4().hex[:8]}",
        detach=True,
        init=True,
        # Its own network's rules, nothing of this machine.
        cap_add=["NET_ADMIN"],
    )
    try:
        made = Machine(container)
        # Belt and braces: from this container nothing is ever sent to that address.
        made.ok("iptables", "-I", "OUTPUT", "-d", METADATA, "-j", "REJECT")
        yield made
    finally:
        container.remove(force=True, v=True)
