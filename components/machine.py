"""What a component may ask of the machine that previews run on, whichever way it is reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pulumi
import pulumi_command as command

Command = command.local.Command | command.remote.Command
"""A script that has run on the machine; ``stdout`` is what it has said."""


class Host(Protocol):
    """A machine with a Docker engine, a shell and a directory for the files of previews."""

    @property
    def directory(self) -> str:
        """Absolute path of the directory that belongs to this project on the host."""
        ...

    def command(
        self,
        name: str,
        *,
        create: str,
        delete: str | None,
        environment: Mapping[str, str],
        opts: pulumi.ResourceOptions,
        triggers: Sequence[pulumi.Input[str]] = (),
    ) -> Command:
        """A shell script that runs on the host when the resource is made or changed, and another when it goes.

        Args:
            name: Name of the resource.
            create: POSIX shell script.
            delete: POSIX shell script; must work from the state alone.
            environment: Variables of both scripts; never a secret.
            opts: Parent, dependencies.
            triggers: What else it is run again for when it changes.
        """
        ...

    def copy(
        self, name: str, *, source: Path, destination: str, digest: str, opts: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        """Bring a folder's content to the host; done again when the digest changes.

        Args:
            name: Name of the resource.
            source: Folder on this machine.
            destination: Absolute path on the host, below :attr:`directory`; what was there is replaced.
            digest: Digest of the folder's content.
            opts: Parent, dependencies.
        """
        ...
