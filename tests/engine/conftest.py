"""One local base with two previews on it, made once by the commands that a newcomer types."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from stacks.names import slug_of
from tests.equipment.checkout import Clone, Finished

ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts"


@dataclass(frozen=True)
class World:
    """What the tests of this folder share.

    Attributes:
        clone: The user's clone.
        first: Branch that ``demo`` was told to show.
        second: Branch that ``deploy`` brought up beside it.
        configuration_kept: Whether ``demo`` left the files under version control as they were.
        demo: How ``demo`` ended.
        deployed: How ``deploy`` ended.
    """

    clone: Clone
    first: str
    second: str
    configuration_kept: bool
    demo: Finished
    deployed: Finished

    def url(self, branch: str) -> str:
        """Public address of a preview."""
        return f"https://preview-{slug_of(branch)}.localhost:{self.clone.ports['httpsPort']}"

    def viewer(self, branch: str) -> httpx.Client:
        """An anonymous viewer: by host name, through the reverse proxy, over https."""
        return client(branch, self.clone.ports["httpsPort"])


def client(branch: str, port: int) -> httpx.Client:
    """A client whose requests go to loopback with the host name of a branch's preview."""
    host = f"preview-{slug_of(branch)}.localhost"

    def name(request: httpx.Request) -> None:
        request.headers["Host"] = f"{host}:{port}"
        request.extensions["sni_hostname"] = host

    return httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=False, timeout=30, event_hooks={"request": [name]})


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory, token: str, engine: Any) -> Iterator[World]:
    clone = Clone.make(tmp_path_factory.mktemp("user"), token)
    # Beside the two that live through all tests, there is room for those that a test makes.
    clone.configure({**clone.ports, "namePrefix": clone.prefix, "maxPreviews": 4})
    volumes = dangling_volumes(engine)
    first, second = f"feature/{token}-first", f"feature/{token}-second"
    try:
        configured = (clone.path / "Pulumi.local.yaml").read_bytes()
        demo = clone.preview("demo", "--branch", first)
        assert demo.code == 0, demo.text
        kept = (clone.path / "Pulumi.local.yaml").read_bytes() == configured
        deployed = clone.preview("deploy", second, "--commit", "0123abcd")
        assert deployed.code == 0, deployed.text
        yield World(clone, first, second, kept, demo, deployed)
    finally:
        ARTIFACTS.mkdir(exist_ok=True)
        for branch in (first, second):
            clone.preview("destroy", branch)
        clone.pulumi("destroy", "--yes", "--stack", "local")
        (ARTIFACTS / "transcript.txt").write_text("\n".join(clone.transcript), encoding="utf-8")
        left = remains(engine, token)
        assert not left, left
        assert dangling_volumes(engine) <= volumes, "a volume without a name was left behind"


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


def container_ids(engine: Any, token: str) -> set[str]:
    """Containers of this run: others may come and go on the engine meanwhile."""
    return {container.id for container in engine.containers.list(all=True) if token in container.name}


def dangling_volumes(engine: Any) -> set[str]:
    """Volumes without a name that no container uses; others may come and go on the engine meanwhile."""
    found = {volume.name for volume in engine.volumes.list(filters={"dangling": True})}
    return {name for name in found if re.fullmatch(r"[0-9a-f]{64}", name)}


def unpacked(content: bytes) -> bytes:
    """What a file or object of the state backend holds, compressed or not."""
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


def remains(engine: Any, token: str) -> list[str]:
    """Names of everything on the engine that has the token in its name."""
    names = [container.name for container in engine.containers.list(all=True)]
    names += [network.name for network in engine.networks.list()]
    names += [volume.name for volume in engine.volumes.list()]
    return sorted(name for name in names if token in name)
