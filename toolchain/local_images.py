"""Brings images of this machine's Docker engine to those of a cluster, none of which can pull."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from stacks.paths import Paths
from toolchain.local_cluster import LocalCluster, LocalNode
from toolchain.local_network import run
from toolchain.report import SetupError
from toolchain.stamps import exclusive

_CHUNK = 1 << 20

# Where an engine keeps images, below its data: what they are, and their layers.
_STORES = ("image/overlay2", "overlay2")


def fill(cluster: LocalCluster, images: Iterable[str]) -> None:
    """Bring images to engines that were never started; see :func:`give`.

    Raises:
        SetupError: As for :func:`give`.
    """
    give([cluster.data(node) for node in cluster.nodes], images)


def give(directories: Iterable[Path], images: Iterable[str]) -> None:
    """Bring images to engines by what they keep in their directories, of which those that are there are left alone.

    An engine of this cache's own unpacks them once, which takes the time and the room; the others get links to its
    files, or copies on another disk. An engine never writes to a file there again: it puts another in its place.

    Raises:
        SetupError: As for :func:`load_images`; or an engine does not start.
    """
    fresh = [directory for directory in directories if not directory.exists()]
    if not fresh:
        return
    import docker

    wanted = sorted(set(images))
    contents = _contents(docker.from_env(), wanted)
    found = json.dumps([_STORES, wanted, contents], sort_keys=True)
    stores = Paths.default().cache / "unpacked-images"
    store = stores / hashlib.sha256(found.encode()).hexdigest()[:12]
    with exclusive(stores / "lock", lambda: None):
        if not store.exists():
            _unpack(store, wanted)
        for former in stores.iterdir():
            if former.is_dir() and former != store:
                shutil.rmtree(former)
        for directory in fresh:
            _share(store, directory)


def _unpack(store: Path, images: Sequence[str]) -> None:
    """Let an engine unpack images, and keep where it has them."""
    own = LocalCluster(root=store.with_name("engine"), prefix="pgaiimg", size=1)
    own.down()
    try:
        (node,) = own.nodes
        own.start(node)
        load_images([node], images)
        own.stop(node)
        partial = store.with_name(f"{store.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        for name in _STORES:
            kept = partial / name
            kept.parent.mkdir(parents=True, exist_ok=True)
            (own.data(node) / name).replace(kept)
        partial.replace(store)
    finally:
        own.down()


def _share(source: Path, target: Path) -> None:
    """The images of an engine that does not run, for another one."""
    # In a place of its own until it is complete: an engine whose folder is there takes what it finds.
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    for name in _STORES:
        store = partial / name
        store.parent.mkdir(parents=True, exist_ok=True)
        # Unlike Python's own, it keeps owners, and what the kernel notes of a layer's folders.
        linked = ["--link"] if source.stat().st_dev == store.parent.stat().st_dev else []
        run("cp", "--archive", *linked, str(source / name), str(store))
    partial.replace(target)


def load_images(nodes: Sequence[LocalNode], images: Iterable[str]) -> None:
    """Bring images from this machine's engine to those that lack them.

    Raises:
        SetupError: An image is not here, or cannot be loaded.
    """
    import docker

    wanted = sorted(set(images))
    contents = _contents(docker.from_env(), wanted)
    if missing := [image for image in wanted if image not in contents]:
        raise SetupError(f"This machine's Docker engine lacks {', '.join(missing)}: run ./preview setup.")
    lacking = [node for node in nodes if _contents(node.client, wanted) != contents]
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
                # One that has ended says by its code whether it had all that it needed; the others go on.
                with contextlib.suppress(BrokenPipeError):
                    load.stdin.write(chunk)
        for load in loads:
            load.communicate()
    if save.returncode or any(load.returncode for load in loads):
        raise SetupError("Images could not be loaded into the engines of the cluster: see that the disk has room.")


def _contents(client: Any, images: Sequence[str]) -> dict[str, list[str]]:
    """Image → when it was made and what its layers are, of those that an engine has.

    Its id says the same, but another on an engine that keeps images in another way, as this machine's own may.
    """
    tags = {tag for row in client.api.images() for tag in row["RepoTags"] or ()}
    shown = {image: client.api.inspect_image(image) for image in images if image in tags}
    return {image: [one["Created"], *one["RootFS"]["Layers"]] for image, one in shown.items()}
