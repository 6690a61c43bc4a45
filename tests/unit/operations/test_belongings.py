"""How what belongs to a preview is removed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from docker.errors import NotFound

from operations.machine.belongings import remove_network
from operations.machine.connection import Api

PROXY, TASK, GONE, ITS_OWN_END = "proxy", "task", "gone", "lb-preview-a_edge"


@dataclass
class StandInApi:
    """A Docker engine with one network."""

    disconnected: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    @property
    def api(self) -> Api:
        return cast(Api, self)

    def inspect_network(self, network: str) -> dict[str, Any]:
        return {"Id": network, "Containers": {PROXY: {}, TASK: {}, GONE: {}, ITS_OWN_END: {}}}

    def inspect_container(self, container: str) -> dict[str, Any]:
        labels = {PROXY: None, TASK: {"com.docker.swarm.task.id": "t1"}, GONE: {}}
        if container not in labels:
            raise NotFound("no such container")
        return {"Config": {"Labels": labels[container]}}

    def disconnect_container_from_network(self, container: str, network: str, *, force: bool) -> None:
        assert force
        if container == GONE:
            raise NotFound("no such container")
        self.disconnected.append(container)

    def remove_network(self, network: str) -> None:
        self.removed.append(network)


def test_the_reverse_proxy_is_taken_from_a_network_and_what_a_swarm_is_still_ending_is_not() -> None:
    engine = StandInApi()
    remove_network(engine.api, "n1")
    assert engine.disconnected == [PROXY]
    assert engine.removed == ["n1"]
