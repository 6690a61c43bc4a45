"""Several machines, as the machine of a base: the manager has slots, files and records, and all run previews."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from operations.machine.docker import Docker
from operations.machine.entrance import Entrance
from operations.machine.records import Records
from operations.machine.swarm import Swarm
from stacks.outputs import BaseOutputs

if TYPE_CHECKING:
    from operations.machine.access import SingleMachine


class ClusterMachine:
    """Satisfies :class:`operations.machine.access.Machine`.

    Args:
        base: What the base hands on.
        single: Makes one machine of a base that describes it alone.
    """

    def __init__(self, base: BaseOutputs, single: Callable[[BaseOutputs], SingleMachine]) -> None:
        self.base = base
        self._single = single
        self._manager = single(base)

    @cached_property
    def docker(self) -> Swarm:
        return Swarm(self._manager.way, self.base.edge_network, {name: _opener(one) for name, one in self._nodes()})

    def _nodes(self) -> list[tuple[str, SingleMachine]]:
        return [
            (
                node.name,
                self._single(
                    self.base.model_copy(
                        update={
                            "nodes": (),
                            "docker_host": node.docker_host,
                            "address": node.address,
                            "ssh_host_key": node.ssh_host_key,
                        }
                    )
                ),
            )
            for node in self.base.nodes
        ]

    @property
    def records(self) -> Records:
        return self._manager.records

    @property
    def entrance(self) -> Entrance:
        return self._manager.entrance

    def run(self, script: str, environment: Mapping[str, str]) -> str:
        return self._manager.run(script, environment)

    def fetch(self, directory: str, destination: Path) -> None:
        self._manager.fetch(directory, destination)


def _opener(machine: SingleMachine) -> Callable[[], Docker]:
    return lambda: machine.docker
