"""How a VM is reached: over SSH, to the one host key that was learnt when the base was made.

Docker's client shares one OpenSSH connection; the command plugin makes one for each command and copy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_command as command
import pulumi_docker as docker

from components.host_scripts import script
from stacks.ssh_options import CONNECT_SECONDS, SHARED, SharedDirectoryError, in_plain_shell, make_room, pinned

_DIGEST_LENGTH = 16


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

        Raises:
            pulumi.RunError: Connections cannot be shared.
        """
        try:
            make_room()
        except SharedDirectoryError as error:
            raise pulumi.RunError(str(error)) from None
        known = pulumi.Output.all(self.host, self.host_key).apply(
            lambda parts: pinned(str(parts[0]), self.port, str(parts[1]))
        )
        return [*SHARED, "-o", known]

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
            per_dial_timeout=CONNECT_SECONDS,
        )


class SshHost:
    """A VM behind SSH. Satisfies :class:`components.machine.Host`."""

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
        environment: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions,
        triggers: Sequence[pulumi.Input[str]] = (),
    ) -> command.remote.Command:
        known = pulumi.Output.from_input(dict(environment))
        return command.remote.Command(
            name,
            connection=self._address.connection(),
            create=known.apply(lambda values: in_plain_shell(create, _texts(values))),
            delete=known.apply(lambda values: in_plain_shell(delete, _texts(values))) if delete else None,
            # A server takes a variable only where it names it, and nothing here reads what was printed before.
            add_previous_output_in_env=False,
            triggers=list(triggers) or None,
            opts=opts,
        )

    def copy(
        self, name: str, *, source: Path, destination: str, digest: str, opts: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        # Beside its destination, so that the exchange that follows is renames.
        upload = f"{destination}.upload"
        place = script("place_files")
        # Placing takes what was uploaded, so another script wants it once more; and another machine has none of it.
        again = [digest, hashlib.sha256(place.encode()).hexdigest()[:_DIGEST_LENGTH], self._address.host_key]
        room = self.command(
            f"{name}-room",
            # An upload that was interrupted has left files that need not be in the next one.
            create='rm -rf -- "$UPLOAD" && mkdir -p -- "$UPLOAD"',
            delete=None,
            environment={"UPLOAD": upload},
            triggers=again,
            opts=opts,
        )
        copied = command.remote.CopyToRemote(
            f"{name}-upload",
            connection=self._address.connection(),
            source=pulumi.FileArchive(str(source)),
            remote_path=upload,
            triggers=again,
            opts=pulumi.ResourceOptions(parent=opts.parent, depends_on=[room]),
        )
        return self.command(
            name,
            create=place,
            delete=None,
            environment={
                "SOURCE": f"{upload}/{source.name}",
                "DESTINATION": destination,
                "DIGEST": digest,
                "UPLOADED": "yes",
            },
            opts=pulumi.ResourceOptions(parent=opts.parent, depends_on=[copied]),
        )


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def on_engine(
    name: str, address: SshAddress, ready: pulumi.Resource, server: pulumi.Resource
) -> pulumi.ResourceOptions:
    """Options of what a base makes on the Docker engine of a server.

    Args:
        name: Name of the provider.
        address: How the server is reached.
        ready: Its first boot is over.
        server: The server.
    """
    engine = docker.Provider(
        name,
        host=address.docker_host,
        ssh_opts=address.options(),
        # That it runs is seen by what is made on it; asking here would keep a lost machine's base from being destroyed.
        disable_docker_daemon_check=True,
        opts=pulumi.ResourceOptions(depends_on=[ready]),
    )
    return pulumi.ResourceOptions(
        providers=[engine],
        depends_on=[ready],
        # A server takes along what is on it, so a lost one need not be asked.
        deleted_with=server,
    )


# Prints what the last run printed, which the plugin hands on.
_KEEP_HOST_KEY = (
    "printf '%s' \"${PULUMI_COMMAND_STDOUT:?The host key that was learnt is not in the state any more. Learn it anew: "
    "pulumi up --replace '**host-key**'}\""
)


def learn_host_key(
    name: str,
    address: pulumi.Input[str],
    server: pulumi.CustomResource,
    port: int,
    seconds_at_most: int,
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """The host key of a new machine, read once and pinned ever after, whatever else changes.

    Args:
        name: Name of the resource.
        address: Address of the machine.
        server: The machine; another one in its place has another key.
        port: Port of its SSH server.
        seconds_at_most: How long it may take to answer.
        opts: Parent.
    """
    scanned = command.local.Command(
        name,
        interpreter=["/bin/sh", "-c"],
        create=script("learn_host_key"),
        # Without it the plugin would learn the key again where only the script or a setting is another, and whoever
        # answers at that moment would be trusted.
        update=_KEEP_HOST_KEY,
        environment={"ADDRESS": address, "PORT": str(port), "SECONDS_AT_MOST": str(seconds_at_most)},
        dir="/",
        triggers=[server.id],
        opts=opts,
    )
    return scanned.stdout
