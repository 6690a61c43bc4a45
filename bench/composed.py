"""Docker Compose's side of the comparison: a project for each preview, made from the previews' own declarations."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from bench.compose_file import ComposeArgs, as_yaml, compose_file, secrets_of
from bench.ours import retitle_a_dashboard
from bench.process_tree import Command
from components.services import PASSFILES, SECRETS, SERVICES
from stacks.configuration import home_of
from stacks.names import host_of

_CHECKOUT = Path(__file__).resolve().parents[1]
_FOLDERS = {"config": "config", "workload": "workload", "initdb": "components/initdb"}
_DOMAIN = "localhost"


class Composed:
    """Makes and drives Compose projects.

    Files and passwords are there before a first deploy is timed; `./preview` makes its own within the time.

    Args:
        root: Folder for the projects, and for nothing else.
        token: Start of every name on the engine.
        compose: Start of a command line that runs Compose.
        edge_network: Network of the base's reverse proxy.
        port: Its public port.
        hastened: Whether the projects' services are given a processor.
    """

    name = "compose"

    def __init__(
        self,
        root: Path,
        token: str,
        *,
        compose: Sequence[str],
        edge_network: str,
        port: int,
        hastened: bool = False,
    ) -> None:
        self._root = root
        self._token = token
        self._compose = compose
        self._edge_network = edge_network
        self._port = port
        self._hastened = hastened
        self._environment = dict(os.environ)

    def point_at(self, address: str) -> None:
        """Send Compose's calls to an address of the engine."""
        self._environment["DOCKER_HOST"] = address

    def prepare(self, preview: str) -> None:
        """Files, passwords and the Compose file of a new project.

        Raises:
            PermissionError: This user may not hand files to the services' users.
        """
        folder = self._folder(preview)
        for name, source in _FOLDERS.items():
            shutil.copytree(_CHECKOUT / source, folder / name)
        _write_secrets(folder)
        self._write(preview, {})

    def deploy(self, preview: str) -> Command:
        return self._run(preview, "up", "--wait", "--detach")

    def change_dashboard(self, preview: str) -> None:
        retitle_a_dashboard(self._folder(preview) / "config")

    def change_image(self, preview: str, image: str) -> None:
        self._write(preview, {"grafana": image})

    def destroy(self, preview: str) -> Command:
        # A preview's containers are killed too.
        return self._run(preview, "down", "--volumes", "--timeout", "0")

    def label(self, preview: str) -> str:
        """Label that all containers of the project have."""
        return f"com.docker.compose.project={self._slug(preview)}"

    def left(self) -> list[str]:
        """Projects that were made."""
        return sorted(folder.name for folder in self._root.glob("*"))

    def _slug(self, preview: str) -> str:
        return f"{self._token}-compose-{preview}"

    def _folder(self, preview: str) -> Path:
        return self._root / preview

    def _run(self, preview: str, *arguments: str) -> Command:
        file = str(self._folder(preview) / "compose.yaml")
        return Command(
            argv=[*self._compose, "--file", file, *arguments],
            cwd=self._folder(preview),
            environment=self._environment,
        )

    def _write(self, preview: str, images: dict[str, str]) -> None:
        folder, slug = self._folder(preview), self._slug(preview)
        content = compose_file(
            ComposeArgs(
                slug=slug,
                edge_network=self._edge_network,
                host_name=host_of(slug, _DOMAIN),
                url=f"https://{host_of(slug, _DOMAIN)}:{self._port}",
                home_dashboard=home_of(folder / "config"),
                folders={name: folder / name for name in _FOLDERS},
                secrets=folder / "secrets",
                images=images,
                hastened=self._hastened,
            )
        )
        (folder / "compose.yaml").write_text(as_yaml(content), encoding="utf-8")


def _write_secrets(folder: Path) -> None:
    passwords = {name: secrets.token_hex(16) for name in SECRETS}
    passfiles = {name: "".join(f"{line}\n" for line in lines).format(**passwords) for name, lines in PASSFILES.items()}
    contents = {**passwords, **passfiles}
    for service in SERVICES:
        user, _, group = (service.user or "0:0").partition(":")
        for name in secrets_of(service, folder / "initdb"):
            file = folder / "secrets" / service.key / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o400)
            file.write_text(contents[name], encoding="utf-8")
            os.chown(file, int(user), int(group or 0))
