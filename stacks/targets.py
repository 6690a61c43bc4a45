"""From a base to the machine and the providers of its previews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_command as command
import pulumi_docker as docker

from components.environment_args import RecordArgs
from components.host_scripts import script
from components.machine import Host
from stacks.outputs import BaseOutputs
from stacks.ssh import SshAddress, SshHost


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a preview goes.

    Attributes:
        host: The machine.
        providers: Providers that reach its engine.
        record: DNS record that leads to it; None where names need none.
    """

    host: Host
    providers: list[pulumi.ProviderResource]
    record: RecordArgs | None


class LocalHost:
    """This machine. Satisfies :class:`components.machine.Host`."""

    def __init__(self, directory: str) -> None:
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
        triggers: Sequence[pulumi.Input[str]] = (),
    ) -> command.local.Command:
        return command.local.Command(
            name,
            interpreter=["/bin/sh", "-c"],
            create=create,
            delete=delete,
            environment=dict(environment),
            # Scripts run where the state is destroyed too, which need not be a checkout.
            dir="/",
            triggers=list(triggers) or None,
            opts=opts,
        )

    def copy(
        self, name: str, *, source: Path, destination: str, digest: str, opts: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        return self.command(
            name,
            create=script("place_files"),
            # The preview's directory goes as a whole, with the slot.
            delete=None,
            environment={"SOURCE": str(source.resolve()), "DESTINATION": destination, "DIGEST": digest},
            opts=opts,
        )


def target_of(base: BaseOutputs) -> Target:
    """The machine and providers that a base's previews use."""
    return base.by_kind(local=lambda: _this_machine(base), hetzner=lambda: _vm(base))


def _this_machine(base: BaseOutputs) -> Target:
    docker_provider = docker.Provider("docker", host=base.docker_host)
    return Target(host=LocalHost(base.host_directory), providers=[docker_provider], record=None)


def _vm(base: BaseOutputs) -> Target:
    address = SshAddress(host=base.address, port=base.ssh_port, user=base.ssh_user, host_key=base.ssh_host_key)
    return Target(
        host=SshHost(address, base.host_directory),
        providers=[docker.Provider("docker", host=address.docker_host, ssh_opts=address.options())],
        record=RecordArgs(zone_id=base.zone_id, address=base.address),
    )
