"""A VM behind SSH, as the machine of a base."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from operations.errors import OperationError
from operations.machine.connection import Way
from operations.machine.docker import Docker
from operations.machine.entrance import Entrance
from operations.machine.records import CloudflareRecords, Records
from operations.machine.shell import ScriptError, packed, run_script, unpack
from operations.machine.tunnel import Tunnel
from stacks.outputs import BaseOutputs
from stacks.ssh_options import SHARED, SharedDirectoryError, make_room, pinned, with_variables

_SSH_FAILED = 255


class VmMachine:
    """Satisfies :class:`operations.machine.access.SingleMachine`.

    Args:
        base: What the base hands on.
    """

    def __init__(self, base: BaseOutputs) -> None:
        self.base = base

    @cached_property
    def docker(self) -> Docker:
        return Docker(self.way, self.base.edge_network)

    @property
    def way(self) -> Way:
        remedy = "see that it runs there (systemctl status docker), and try again"
        return Way(lambda: self._tunnel.open(), f"of the VM at {self.base.address}", remedy)

    @cached_property
    def _tunnel(self) -> Tunnel:
        return Tunnel(self.base, self._ssh())

    @cached_property
    def records(self) -> Records:
        return CloudflareRecords(self.base)

    @property
    def entrance(self) -> Entrance:
        return Entrance(address=None, port=self.base.port, http_port=self.base.http_port, certified=True)

    def run(self, script: str, environment: Mapping[str, str]) -> str:
        return self._run(with_variables(script, environment)).decode("utf-8", "replace")

    def fetch(self, directory: str, destination: Path) -> None:
        unpack(self._run(packed(directory)), destination)

    def _run(self, script: str) -> bytes:
        base = self.base
        try:
            return run_script([*self._ssh(), f"{base.ssh_user}@{base.address}", "/bin/sh", "-s"], script)
        except ScriptError as error:
            if error.code != _SSH_FAILED:
                raise
            raise OperationError(
                f"The VM at {base.address} cannot be reached over SSH as {base.ssh_user} "
                f"({str(error).splitlines()[-1]}): check that it runs and that the key is in the agent (ssh-add -l)."
            ) from error

    def _ssh(self) -> list[str]:
        """Start of a command line of the OpenSSH client.

        Raises:
            OperationError: There is none, or connections cannot be shared.
        """
        base = self.base
        if not shutil.which("ssh"):
            raise OperationError(
                f"The VM at {base.address} is reached over SSH, but PATH has no ssh: install the OpenSSH client."
            )
        try:
            make_room()
        except SharedDirectoryError as error:
            raise OperationError(str(error)) from error
        known = pinned(base.address, base.ssh_port, base.ssh_host_key)
        return ["ssh", *SHARED, "-o", known, "-p", str(base.ssh_port)]
