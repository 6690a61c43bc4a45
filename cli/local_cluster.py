"""Brings up a base on several Docker engines of this machine, and takes it down again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from operations.engine.events import OnStep, no_steps
from operations.engine.workspace import Engine
from operations.errors import OperationError
from operations.local_base import is_free
from stacks.names import CLUSTER
from stacks.paths import Paths
from stacks.settings import BaseSettings
from toolchain.local_cluster import LocalCluster, LocalNode
from toolchain.local_images import fill, load_images
from toolchain.recipes import RECIPES

_PREFIX = "pgai"
_ENTRANCE = "pgai-cluster-entrance"
_LOOPBACK = "127.0.0.1"
# Beside those of the base on one engine.
_PORTS = {"httpPort": 9080, "httpsPort": 9443, "dashboardPort": 9081, "nodeExporterPort": 9101}
_PREVIEWS = 8
_ENTRANCE_CONFIGURATION = """\
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
{listens}
"""
_LISTEN = """\
listen {name}
    bind {own}:{port}
    server manager {manager}:{port}
"""


def cluster_of(paths: Paths, size: int) -> LocalCluster:
    """The cluster of this user: with at least so many engines, or those that are there already."""
    root = paths.data / "cluster"
    there = len([one for one in root.glob("node-*") if one.is_dir()]) if root.is_dir() else 0
    return LocalCluster(root=root, prefix=_PREFIX, size=max(size, there))


def bring_up_cluster(engine: Engine, cluster: LocalCluster, on_note: Callable[[str], None], on_step: OnStep) -> None:
    """Start the engines, give them the images, and ``pulumi up`` the base; again: finds nothing to do.

    Raises:
        SetupError: This is not Linux, the user is not root, or an engine does not start.
        OperationError: A port is taken, or the engine failed.
    """
    on_note(f"starting {cluster.size} Docker engines with all images")
    fill(cluster, RECIPES)
    cluster.up()
    # Engines of an earlier day may lack some by now.
    load_images(cluster.nodes, RECIPES)
    manager = cluster.nodes[0]
    engine.create(CLUSTER)
    engine.configure(
        CLUSTER,
        {
            **_PORTS,
            "namePrefix": f"{_PREFIX}-",
            "bindAddress": manager.address,
            "nodes": " ".join(f"{node.name}={node.docker_host}" for node in cluster.nodes),
            # These engines have no way out, to where the vendor is.
            "grafanaPlugins": "none",
            "maxPreviews": _PREVIEWS,
        },
    )
    engine.up(CLUSTER, on_step)
    _open_entrance(BaseSettings().socket_proxy_image, cluster.root, manager)


def take_down_cluster(engine: Engine, cluster: LocalCluster) -> None:
    """Remove the base, and end the engines with all that they hold.

    Raises:
        OperationError: A preview is still on it, or the engine failed.
    """
    if CLUSTER in engine.stacks():
        cluster.up()
        engine.destroy(CLUSTER, no_steps)
    _close_entrance()
    cluster.down()


def _open_entrance(image: str, root: Path, manager: LocalNode) -> None:
    """Lead the ports of loopback, where names below .localhost lead, to the manager's namespace."""
    _close_entrance()
    chosen = {name: _PORTS[name] for name in ("httpPort", "httpsPort")}
    if taken := [str(port) for port in chosen.values() if not is_free(_LOOPBACK, port)]:
        raise OperationError(f"In use by another program on this machine: port {', '.join(taken)}. Stop that program.")
    listens = "".join(
        _LISTEN.format(name=name, own=_LOOPBACK, manager=manager.address, port=port) for name, port in chosen.items()
    )
    file = root / "entrance.cfg"
    file.write_text(_ENTRANCE_CONFIGURATION.format(listens=listens), encoding="utf-8")
    _docker().containers.run(
        image,
        name=_ENTRANCE,
        network_mode="host",
        read_only=True,
        detach=True,
        restart_policy={"Name": "unless-stopped"},
        volumes={str(file): {"bind": "/usr/local/etc/haproxy/haproxy.cfg", "mode": "ro"}},
    )


def _close_entrance() -> None:
    from docker.errors import NotFound

    with contextlib.suppress(NotFound):
        _docker().containers.get(_ENTRANCE).remove(force=True, v=True)


def _docker() -> Any:
    """Client of this machine's own engine."""
    import docker

    return docker.from_env()
