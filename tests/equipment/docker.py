"""What is on a Docker engine, and what a run has left there."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tenacity import retry, stop_after_delay, wait_fixed

from stacks.names import slug_of


def run_once(engine: Any, script: str, **options: Any) -> bytes:
    """Output of a Bash script in a container that is gone afterwards, with every volume of its image."""
    output: bytes = engine.containers.run(
        "postgres:15",
        ["-c", script],
        entrypoint="bash",
        remove=True,
        tmpfs={"/var/lib/postgresql/data": ""},
        **options,
    )
    return output


@contextmanager
def built_image(engine: Any, folder: Path, tag: str, dockerfile: str) -> Iterator[str]:
    """An image that is there while the block runs.

    Args:
        engine: Docker client.
        folder: Directory for the Dockerfile.
        tag: Its name.
        dockerfile: The Dockerfile's text.
    """
    (folder / "Dockerfile").write_text(dockerfile, encoding="utf-8")
    engine.images.build(path=str(folder), tag=tag, rm=True)
    try:
        yield tag
    finally:
        # By its id: a deploy of it has given it a name more.
        engine.images.remove(engine.images.get(tag).id, force=True)


def services(engine: Any, branch: str, *, all: bool = False) -> dict[str, Any]:  # noqa: A002 - Docker's own word
    """Containers of a branch's preview by their service: those that run, or all."""
    found = engine.containers.list(
        all=all, ignore_removed=True, filters={"label": f"pgai.preview.slug={slug_of(branch)}"}
    )
    return {container.labels["pgai.preview.service"]: container for container in found}


def service_ids(engine: Any, branch: str, *, all: bool = False) -> dict[str, str]:  # noqa: A002
    """Service → id of the container of a branch's preview that runs it."""
    return {service: container.id for service, container in services(engine, branch, all=all).items()}


def container_ids(engine: Any, token: str) -> set[str]:
    """Containers with the token in their names: others may come and go on the engine meanwhile."""
    return {
        container.id for container in engine.containers.list(all=True, ignore_removed=True) if token in container.name
    }


@contextmanager
def events_of(engine: Any, branch: str, action: str) -> Iterator[list[str]]:
    """Services of a branch's preview to which Docker does something, in that order; complete once the block is over.

    Args:
        engine: Docker client.
        branch: The branch.
        action: Docker's word for it.
    """
    found: list[str] = []
    # Read as they come: the engine remembers no more than the last 256.
    wanted = {"type": "container", "event": action, "label": f"pgai.preview.slug={slug_of(branch)}"}
    stream = engine.events(filters=wanted, decode=True)

    def read() -> None:
        found.extend(event["Actor"]["Attributes"]["pgai.preview.service"] for event in stream)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield found
    finally:
        stream.close()
        thread.join()


def remains(engine: Any, token: str) -> list[str]:
    """Names of everything on the engine that has the token in its name."""
    names = [container.name for container in engine.containers.list(all=True, ignore_removed=True)]
    names += [network.name for network in engine.networks.list()]
    names += [volume.name for volume in engine.volumes.list()]
    return sorted(name for name in names if token in name)


def dangling_volumes(engine: Any) -> set[str]:
    """Volumes without a name that no container uses."""
    found = {volume.name for volume in engine.volumes.list(filters={"dangling": True})}
    return {name for name in found if re.fullmatch(r"[0-9a-f]{64}", name)}


@contextmanager
def nothing_left(engine: Any, token: str) -> Iterator[None]:
    """Whatever has the token in its name, and every volume without one, is gone when the block ends.

    Raises:
        AssertionError: Something is left.
    """
    volumes = dangling_volumes(engine)
    yield
    left = remains(engine, token)
    assert not left, left

    # Those of containers that end beside this block are gone a moment after their container.
    @retry(stop=stop_after_delay(30), wait=wait_fixed(1), reraise=True)
    def no_volume_left() -> None:
        left = dangling_volumes(engine) - volumes
        assert not left, f"volumes without a name were left behind: {[engine.volumes.get(one).attrs for one in left]}"

    no_volume_left()
