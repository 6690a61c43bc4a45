"""Brings images of this machine's Docker engine to those of a cluster, none of which can pull."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterable, Sequence
from typing import Any

from toolchain.local_cluster import LocalNode
from toolchain.report import SetupError

_CHUNK = 1 << 20


def load_images(nodes: Sequence[LocalNode], images: Iterable[str]) -> None:
    """Bring images from this machine's engine to those that lack them.

    Raises:
        SetupError: An image is not here, or cannot be loaded.
    """
    import docker

    wanted = sorted(set(images))
    ids = _ids(docker.from_env(), wanted)
    if missing := [image for image in wanted if image not in ids]:
        raise SetupError(f"This machine's Docker engine lacks {', '.join(missing)}: run ./preview setup.")
    lacking = [node for node in nodes if _ids(node.client, wanted) != ids]
    if not lacking:
        return
    with contextlib.ExitStack() as stack:
        save = stack.enter_context(subprocess.Popen(["docker", "save", *wanted], stdout=subprocess.PIPE))
        loads = [
            stack.enter_context(
                subprocess.Popen(
                    ["docker", "--host", node.docker_host, "load", "--quiet"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                )
            )
            for node in lacking
        ]
        assert save.stdout
        while chunk := save.stdout.read(_CHUNK):
            for load in loads:
                assert load.stdin
                load.stdin.write(chunk)
        for load in loads:
            load.communicate()
    if save.returncode or any(load.returncode for load in loads):
        raise SetupError("Images could not be loaded into the engines of the cluster: see that the disk has room.")


def _ids(client: Any, images: Sequence[str]) -> dict[str, str]:
    """Image → id, of those that an engine has."""
    tags = {tag: row["Id"] for row in client.api.images() for tag in row["RepoTags"] or ()}
    return {image: tags[image] for image in images if image in tags}
