"""This machine, as the machine of a base."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from operations.machine.connection import Way, way_on_this_machine
from operations.machine.docker import Docker
from operations.machine.entrance import Entrance
from operations.machine.records import NoRecords, Records
from operations.machine.shell import packed, run_script, unpack
from stacks.outputs import BaseOutputs
from stacks.ssh_options import with_variables

_SHELL = ("/bin/sh", "-s")
# What listens on all addresses of a kind is reached by the one that never leaves this machine.
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


class LocalMachine:
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
        return way_on_this_machine(self.base.docker_host)

    @property
    def records(self) -> Records:
        # Names below .localhost lead here by themselves.
        return NoRecords()

    @property
    def entrance(self) -> Entrance:
        base = self.base
        # Where the reverse proxy listens; on a cluster of this machine's engines that is the manager's own address.
        address = _LOOPBACK.get(base.address, base.address)
        return Entrance(address=address, port=base.port, http_port=base.http_port, certified=False)

    def run(self, script: str, environment: Mapping[str, str]) -> str:
        return run_script(_SHELL, with_variables(script, environment)).decode("utf-8", "replace")

    def fetch(self, directory: str, destination: Path) -> None:
        unpack(run_script(_SHELL, packed(directory)), destination)
