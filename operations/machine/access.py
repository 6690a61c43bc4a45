"""The one object through which operations reach the machine of a base; which kind it is, is asked here alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from operations.machine.cluster import ClusterMachine
from operations.machine.connection import Way
from operations.machine.docker import Docker
from operations.machine.entrance import Entrance
from operations.machine.local import LocalMachine
from operations.machine.records import Records
from operations.machine.runtime import Runtime
from operations.machine.vm import VmMachine
from stacks.outputs import BaseOutputs


class Machine(Protocol):
    """A base's machine, with what stands around it for previews."""

    @property
    def base(self) -> BaseOutputs:
        """What the base hands on."""
        ...

    @property
    def docker(self) -> Runtime:
        """What runs its previews.

        Raises:
            OperationError: It does not answer.
        """
        ...

    @property
    def records(self) -> Records:
        """DNS records of its previews.

        Raises:
            OperationError: They cannot be asked for.
        """
        ...

    @property
    def entrance(self) -> Entrance:
        """How a viewer gets to its previews."""
        ...

    def run(self, script: str, environment: Mapping[str, str]) -> str:
        """Run a POSIX shell script on it.

        Args:
            script: Its text.
            environment: Its variables; never a secret.

        Returns:
            What it printed.

        Raises:
            ScriptError: It failed.
            OperationError: The machine cannot be reached.
        """
        ...

    def fetch(self, directory: str, destination: Path) -> None:
        """Bring a directory's content here.

        Raises:
            ScriptError: There is no such directory.
            OperationError: The machine cannot be reached.
        """
        ...


class SingleMachine(Machine, Protocol):
    """One machine, whose own Docker engine runs previews."""

    @property
    def docker(self) -> Docker:
        """Its Docker engine; opened when it is first asked for."""
        ...

    @property
    def way(self) -> Way:
        """The way to its Docker engine."""
        ...


def machine_of(base: BaseOutputs) -> Machine:
    """The machine of a base; nothing is connected to yet."""

    def containers() -> Machine:
        return _single(base)

    def services() -> Machine:
        return ClusterMachine(base, _single)

    return base.by_runtime(containers=containers, services=services)


def _single(base: BaseOutputs) -> SingleMachine:
    def local() -> SingleMachine:
        return LocalMachine(base)

    def hetzner() -> SingleMachine:
        return VmMachine(base)

    return base.by_kind(local=local, hetzner=hetzner)
