"""Stand in for the VMs of a cluster: Docker engines in network namespaces, each with a real sshd beside it.

What is real: the engines, the Swarm, sshd and its keys. What is not: they share this machine's kernel and disk.
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tenacity import retry, stop_after_delay, wait_fixed

from tests.equipment.namespaces import ip
from tests.equipment.processes import kill_tree
from tests.equipment.sshd import SERVER, make_key
from toolchain.local_cluster import LocalCluster, LocalNode
from toolchain.local_images import fill
from toolchain.recipes import RECIPES

MANAGER = "ralph-preview-01"
_DEPLOY_UID = 1500
_CONFIGURATION = """\
Port 22
ListenAddress {address}
HostKey {keys}/host-{number}
AuthorizedKeysFile .ssh/authorized_keys
AllowUsers deploy
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
MaxStartups 128
MaxSessions 64
LogLevel VERBOSE
Subsystem sftp internal-sftp
"""
# With mounts of its own: the engine of its namespace is behind the usual socket, the user deploy exists, and the first
# boot is over.
_START = """\
set -eu
mount --make-rprivate /
hostname "$NAME"
mount --bind "$SOCKET" /var/run/docker.sock
for file in passwd group shadow; do mount --bind "$ETC/$file" "/etc/$file"; done
mount -t tmpfs none /var/lib
mkdir /var/lib/pgai-preview
touch /var/lib/pgai-preview/ready
exec "$SERVER" -D -e -f "$CONFIGURATION"
"""


class Machines(LocalCluster):
    """Engines that are no Swarm yet, under the names that a base gives its servers."""

    @property
    def nodes(self) -> tuple[LocalNode, ...]:
        """The machines, the manager first."""
        names = [MANAGER, *(f"{MANAGER}-worker-{number}" for number in range(1, self.size))]
        return tuple(replace(node, name=name) for node, name in zip(super().nodes, names, strict=True))


@dataclass(frozen=True)
class ClusterMachines:
    """Machines that wait for their base.

    Attributes:
        root: Directory of all that they are made of.
        machines: Their engines.
        directory: Directory of the manager for files of previews.
        private_key: File with the private key of whoever deploys.
        public_key: The public one.
    """

    root: Path
    machines: Machines
    directory: Path
    private_key: Path
    public_key: str

    @property
    def addresses(self) -> dict[str, str]:
        """Name of a Primary IP → address."""
        return {f"{node.name}-ipv4": node.address for node in self.machines.nodes}

    def admitted(self) -> dict[str, list[str]]:
        """Name → public keys that a machine lets in, each as its type and the key."""
        return {
            node.name: [" ".join(line.split()[:2]) for line in _admitted(self.root, number).read_text().splitlines()]
            for number, node in enumerate(self.machines.nodes)
        }


@contextmanager
def running_machines(size: int, network: str) -> Iterator[ClusterMachines]:
    """Machines with all images, gone afterwards.

    Args:
        size: How many, with the manager.
        network: First three numbers of the addresses in their private network.
    """
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    # Not below pytest's directory, which each run of it closes to other users anew.
    with tempfile.TemporaryDirectory(prefix="machines-") as made, ExitStack() as stack:
        root = Path(made)
        root.chmod(0o755)
        machines = Machines(root=root / "engines", prefix=f"c{secrets.token_hex(2)}", size=size)
        keys, directory = root / "keys", root / "opt"
        keys.mkdir()
        directory.mkdir()
        shutil.chown(directory, _DEPLOY_UID, _DEPLOY_UID)
        public = make_key(keys / "user")
        stack.callback(machines.down)
        fill(machines, RECIPES)
        machines.start_all()
        for number, node in enumerate(machines.nodes):
            ip("-n", node.namespace, "address", "add", f"{network}.{2 + number}/24", "dev", node.link)
            _serve(stack, root, number, node)
        yield ClusterMachines(root, machines, directory, keys / "user", public)


def _admitted(root: Path, number: int) -> Path:
    """File with the public keys that a machine lets in."""
    return root / f"etc-{number}/home/.ssh/authorized_keys"


def _serve(stack: ExitStack, root: Path, number: int, node: LocalNode) -> None:
    """Run its sshd until the stack ends; waits until it answers."""
    keys, etc = root / "keys", root / f"etc-{number}"
    make_key(keys / f"host-{number}")
    socket = Path(node.docker_host.removeprefix("unix://"))
    etc.mkdir()
    home = etc / "home"
    admitted = _admitted(root, number)
    admitted.parent.mkdir(parents=True)
    shutil.copy(keys / "user.pub", admitted)
    for path in (home, admitted.parent, admitted):
        shutil.chown(path, _DEPLOY_UID, _DEPLOY_UID)
    added = {
        "passwd": f"deploy:x:{_DEPLOY_UID}:{socket.stat().st_gid}::{home}:/bin/bash\n",
        "group": "",
        "shadow": "deploy:*:19000:0:99999:7:::\n",
    }
    for name, line in added.items():
        rows = Path("/etc", name).read_text().splitlines(keepends=True)
        (etc / name).write_text("".join(row for row in rows if not row.startswith("deploy:")) + line)
        (etc / name).chmod(0o644)
    configuration = etc / "sshd_config"
    configuration.write_text(_CONFIGURATION.format(address=node.address, keys=keys, number=number))
    with (etc / "log").open("wb") as log:
        process = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{node.namespace}", "unshare", "--uts", "--mount", "sh", "-c", _START],
            env={
                "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "NAME": node.name,
                "SOCKET": str(socket),
                "ETC": str(etc),
                "SERVER": str(SERVER),
                "CONFIGURATION": str(configuration),
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    stack.callback(process.wait)
    stack.callback(kill_tree, process.pid)

    @retry(stop=stop_after_delay(30), wait=wait_fixed(0.1), reraise=True)
    def answers() -> None:
        argv = ["ssh-keyscan", "-T", "2", "-t", "ed25519", node.address]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert "ssh-ed25519" in done.stdout, (etc / "log").read_text()

    answers()
