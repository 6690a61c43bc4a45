"""How a VM is reached: one shared OpenSSH connection, to the one host key that was learnt when the base was made."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_command as command

from components.slot import SCRIPTS

_DIAL_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class SshAddress:
    """A machine behind SSH.

    Attributes:
        host: Address.
        port: Port.
        user: Who logs in; the key comes from the agent.
        host_key: Public host key, ``ssh-ed25519 AAAA…``.
        dial_attempts: How often a connection is tried; a machine that boots needs many.
    """

    host: pulumi.Input[str]
    port: int
    user: str
    host_key: pulumi.Input[str]
    dial_attempts: int = 10

    @property
    def docker_host(self) -> pulumi.Output[str]:
        """Address of the Docker engine, as ``DOCKER_HOST`` takes it."""
        return pulumi.Output.concat(f"ssh://{self.user}@", self.host, f":{self.port}")

    def options(self) -> list[pulumi.Input[str]]:
        """Options of the OpenSSH client for the Docker provider.

        The host key is in the options themselves, so they work from a stack's state alone, without a file.
        """
        opening, closing = ("", "") if self.port == 22 else ("[", f"]:{self.port}")
        known = pulumi.Output.concat("KnownHostsCommand=/bin/echo ", opening, self.host, closing, " ", self.host_key)
        settings = {
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": "/dev/null",
            "GlobalKnownHostsFile": "/dev/null",
            "BatchMode": "yes",
            "ConnectTimeout": str(_DIAL_TIMEOUT_SECONDS),
            "ServerAliveInterval": "15",
            # One connection for the many that Docker's client asks for.
            "ControlMaster": "auto",
            "ControlPath": "~/.ssh/pgai-%C",
            "ControlPersist": "60",
        }
        plain = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]
        return [*plain, "-o", known]

    def connection(self) -> command.remote.ConnectionArgs:
        """The same for commands and copies.

        No private key: the agent's is used, which never enters the state.
        """
        return command.remote.ConnectionArgs(
            host=self.host,
            port=self.port,
            user=self.user,
            host_key=self.host_key,
            dial_error_limit=self.dial_attempts,
            per_dial_timeout=_DIAL_TIMEOUT_SECONDS,
        )


class SshHost:
    """A VM behind SSH. Satisfies :class:`components.hosts.Host`."""

    def __init__(self, address: SshAddress, directory: str) -> None:
        self._address = address
        self._directory = directory

    @property
    def directory(self) -> str:
        return self._directory

    def command(
        self,
        name: str,
        *,
        create: str,
        delete: str | None,
        environment: Mapping[str, str],
        opts: pulumi.ResourceOptions,
    ) -> pulumi.Resource:
        return command.remote.Command(
            name,
            connection=self._address.connection(),
            create=_script(create, environment),
            delete=_script(delete, environment) if delete else None,
            opts=opts,
        )

    def copy(
        self, name: str, *, source: Path, destination: str, digest: str, opts: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        # Beside its destination, so that the exchange that follows is renames.
        upload = f"{destination}.upload"
        room = self.command(
            f"{name}-room",
            create='mkdir -p -- "$UPLOAD"',
            delete=None,
            environment={"UPLOAD": upload, "DIGEST": digest},
            opts=opts,
        )
        copied = command.remote.CopyToRemote(
            f"{name}-upload",
            connection=self._address.connection(),
            source=pulumi.FileArchive(str(source)),
            remote_path=upload,
            triggers=[digest],
            opts=pulumi.ResourceOptions(parent=opts.parent, depends_on=[room]),
        )
        return self.command(
            name,
            create=(SCRIPTS / "place_files.sh").read_text(encoding="utf-8") + 'rm -rf -- "$SOURCE"\n',
            delete=None,
            environment={"SOURCE": f"{upload}/{source.name}", "DESTINATION": destination, "DIGEST": digest},
            opts=pulumi.ResourceOptions(parent=opts.parent, depends_on=[copied]),
        )


def _script(script: str, environment: Mapping[str, str]) -> str:
    """A script that sets its own variables: a server takes a client's only where its configuration names them."""
    assignments = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(environment.items()))
    return assignments + script
