"""Docker engines on this machine that form one Swarm, each in a network namespace as if on a machine of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from stacks.paths import Paths
from toolchain import docker_packages
from toolchain.local_network import LocalNetwork, require_namespaces, run
from toolchain.report import SetupError

_START_SECONDS = 60
_STOP_SECONDS = 60

# Beside the addresses of the machines themselves; each preview has two networks of 62 addresses.
_OVERLAY_POOL = "10.201.0.0/16"
_OVERLAY_MASK = 26
_PROCESSES_OF_ONE_USER = 2048


@dataclass(frozen=True, kw_only=True)
class LocalNode:
    """One of the engines.

    Attributes:
        name: Its host name, by which the Swarm knows it.
        namespace: Its network namespace.
        link: Its end of the cable, inside the namespace.
        address: Its IPv4 address, which this machine reaches.
        docker_host: Address of the engine, as ``DOCKER_HOST`` takes it.
        run: Directory for what lives as long as the engine runs; its process id is in a file beside it.
    """

    name: str
    namespace: str
    link: str
    address: str
    docker_host: str
    run: Path

    @property
    def process(self) -> int:
        """Process id of the engine; 0 where it does not run."""
        with contextlib.suppress(OSError, ValueError):
            process = int(self.run.with_suffix(".pid").read_text())
            if Path(f"/proc/{process}/exe").resolve().name == "dockerd":
                return process
        return 0

    @property
    def client(self) -> Any:
        """A new client of the engine. Nothing is asked of it yet."""
        import docker

        return docker.DockerClient(base_url=self.docker_host, version="auto", timeout=_START_SECONDS)


@dataclass(frozen=True, kw_only=True)
class LocalCluster:
    """Engines in namespaces that are joined by a bridge in one more; there is no way out of them.

    Attributes:
        root: Directory for the data and the logs of all engines.
        prefix: In the name of everything that is made; at most 8 characters.
        size: How many there are; the first is the manager.
    """

    root: Path
    prefix: str
    size: int

    @property
    def nodes(self) -> tuple[LocalNode, ...]:
        """The engines, the manager first."""
        return tuple(
            LocalNode(
                name=f"node-{number}",
                namespace=self._network.namespace(number),
                link=self._network.link(number),
                address=self._network.address(number),
                docker_host=f"unix:///run/{self.prefix}-{number}.sock",
                run=Path(f"/run/{self.prefix}-{number}"),
            )
            for number in range(1, self.size + 1)
        )

    @property
    def _network(self) -> LocalNetwork:
        return LocalNetwork(prefix=self.prefix)

    def up(self) -> None:
        """Start what does not run, and join it; again: finds nothing to do.

        Raises:
            SetupError: This is not Linux, the user is not root, a program is missing, or an engine does not start.
        """
        self.start_all()
        manager, *workers = self.nodes
        if _swarm_state(manager) != "active":
            manager.client.swarm.init(
                **_own_address(manager), default_addr_pool=[_OVERLAY_POOL], subnet_size=_OVERLAY_MASK
            )
        token = manager.client.swarm.attrs["JoinTokens"]["Worker"]
        for worker in workers:
            if _swarm_state(worker) != "active":
                there = [f"{manager.address}:2377"]
                worker.client.swarm.join(**_own_address(worker), remote_addrs=there, join_token=token)

    def start_all(self) -> None:
        """Start all engines, which know nothing of each other yet.

        Raises:
            SetupError: As for :meth:`up`.
        """
        for node in self.nodes:
            self.start(node)

    def data(self, node: LocalNode) -> Path:
        """Directory of what an engine keeps; not there before its first start."""
        return self.root / node.name

    def start(self, node: LocalNode) -> None:
        """Start an engine, and wait until it answers; one that runs is left alone.

        Raises:
            SetupError: As for :meth:`up`.
        """
        if not node.process:
            require_namespaces()
            self._network.connect(self.size)
            self._launch(node)
        try:
            Retrying(
                stop=stop_after_delay(_START_SECONDS),
                wait=wait_fixed(0.2),
                retry=retry_if_result(lambda ready: not ready),
            )(lambda: bool(_swarm_state(node)))
        except RetryError:
            raise SetupError(f"The Docker engine {node.name} does not answer: its log is {self._log(node)}.") from None

    def stop(self, node: LocalNode, how: signal.Signals = signal.SIGTERM) -> None:
        """End an engine, and wait until its process is gone."""
        if process := node.process:
            os.kill(process, how)
            Retrying(
                stop=stop_after_delay(_STOP_SECONDS), wait=wait_fixed(0.1), retry=retry_if_result(lambda runs: runs)
            )(lambda: bool(node.process))

    def down(self) -> None:
        """End the engines and remove all that they hold, also of a cluster that is half there."""
        for node in self.nodes:
            if not node.process and node.run.with_suffix(".pid").exists():
                # It was killed. What it ran may run on, and only an engine finds and ends that.
                with contextlib.suppress(SetupError):
                    self.start(node)
            if node.process:
                _empty(node)
            self.stop(node)
            # Nothing goes below a mount. One is left where a container of the machine's own network has run, and one
            # where an engine was killed.
            for place in (node.run / "netns/default", self.data(node) / "overlay2", self.data(node)):
                with contextlib.suppress(SetupError):
                    run("umount", str(place))
            shutil.rmtree(node.run, ignore_errors=True)
            for left in (".pid", ".sock"):
                node.run.with_suffix(left).unlink(missing_ok=True)
        self._network.disconnect(self.size)
        shutil.rmtree(self.root, ignore_errors=True)

    def _launch(self, node: LocalNode) -> None:
        built = docker_packages.directory(Paths.default())
        node.run.with_suffix(".pid").unlink(missing_ok=True)
        data = self.data(node)
        data.mkdir(parents=True, exist_ok=True)
        engine = [
            *("dockerd", "--host", node.docker_host, "--data-root", str(data), "--exec-root", str(node.run)),
            *("--pidfile", str(node.run.with_suffix(".pid")), "--log-level", "warn"),
            # Services have neither, so their engines give it to all.
            "--no-new-privileges",
            *("--default-ulimit", f"nproc={_PROCESSES_OF_ONE_USER}:{_PROCESSES_OF_ONE_USER}"),
            *docker_packages.IMAGE_STORE,
        ]
        with self._log(node).open("ab") as log:
            subprocess.Popen(
                [
                    # Not `ip netns exec`, which hides the control groups.
                    *("nsenter", f"--net=/run/netns/{node.namespace}", "unshare", "--uts", "sh", "-c"),
                    *('hostname "$0" && exec "$@"', node.name, *engine),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                env={**os.environ, "PATH": f"{built}{os.pathsep}{os.environ.get('PATH', os.defpath)}"},
            )

    def _log(self, node: LocalNode) -> Path:
        return self.root / f"{node.name}.log"


def _own_address(node: LocalNode) -> dict[str, str]:
    return {"advertise_addr": node.address, "listen_addr": f"{node.address}:2377"}


def _swarm_state(node: LocalNode) -> str:
    """Docker's word for the node's part in a Swarm; empty where the engine does not answer."""
    import docker
    import requests

    with contextlib.suppress(docker.errors.DockerException, requests.RequestException):
        return str(node.client.info()["Swarm"]["LocalNodeState"])
    return ""


def _empty(node: LocalNode) -> None:
    """Leave the Swarm, and remove all containers with their volumes."""
    import docker
    import requests

    with contextlib.suppress(docker.errors.DockerException, requests.RequestException):
        node.client.swarm.leave(force=True)
        for container in node.client.containers.list(all=True, ignore_removed=True):
            container.remove(force=True, v=True)
