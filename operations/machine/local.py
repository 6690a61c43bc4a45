"""This machine, as the machine of a base."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from operations.machine.docker import Docker
from operations.machine.entrance import Entrance
from operations.machine.records import NoRecords, Records
from operations.machine.shell import packed, run_script, unpack
from stacks.outputs import BaseOutputs
from stacks.ssh_options import with_variables

_SHELL = ("/bin/sh", "-s")


class LocalMachine:
    """Satisfies :class:`operations.machine.access.SingleMachine`.

    Args:
        base: What the base hands on.
    """

    def __init__(self, base: BaseOutputs) -> None:
        self.base = base

    @cached_property
    def docker(self) -> Docker:
        return Docker(self.connect, self.base.edge_network)

    def connect(self) -> str:
        return self.base.docker_host

    @property
    def records(self) -> Records:
        # Names below .localhost lead here by themselves.
        return NoRecords()

    @property
    def entrance(self) -> Entrance:
        return Entrance(address="127.0.0.1", port=self.base.port, http_port=self.base.http_port, certified=False)

    def run(self, script: str, environment: Mapping[str, str]) -> str:
        return run_script(_SHELL, with_variables(script, environment)).decode("utf-8", "replace")

    def fetch(self, directory: str, destination: Path) -> None:
        unpack(run_script(_SHELL, packed(directory)), destination)
