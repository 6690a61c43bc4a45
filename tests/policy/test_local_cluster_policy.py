"""Invariants over a local base with nodes, which are a cluster."""

from __future__ import annotations

import pulumi
import pytest

from stacks import local as base
from tests.equipment.recording import Declared, declare
from tests.policy.declared import containers

CONFIG = {"nodes": "node-1=unix:///run/c-1.sock node-2=unix:///run/c-2.sock", "grafanaPlugins": "none"}


@pytest.fixture(scope="module")
def of_cluster() -> list[Declared]:
    return declare(base.local, stack="local", config=CONFIG)


def test_the_reverse_proxy_of_a_cluster_follows_its_services_too(of_cluster: list[Declared]) -> None:
    command = containers(of_cluster)["traefik"]["command"]
    assert "--providers.swarm=true" in command
    assert "--providers.swarm.exposedbydefault=false" in command
    assert "--providers.swarm.constraints=Label(`pgai.edge`,`traefik-public`)" in command
    assert "--providers.docker=true" in command, "the page and what search engines are told are containers"
    assert "PROVIDER=swarm" in containers(of_cluster)["traefik-socket-proxy"]["envs"]


def test_the_reverse_proxy_of_one_machine_asks_for_no_services(of_base: list[Declared]) -> None:
    assert not [part for part in containers(of_base)["traefik"]["command"] if "swarm" in part]
    assert "PROVIDER=docker" in containers(of_base)["traefik-socket-proxy"]["envs"]


def test_a_base_with_nodes_stands_on_the_first_of_them(of_cluster: list[Declared]) -> None:
    (connecting,) = [one.inputs for one in of_cluster if one.name == "edge-connect"]
    assert connecting["environment"]["DOCKER_HOST"] == "unix:///run/c-1.sock"


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"nodes": "node-1"}, "NAME=unix:///"),
        ({"nodes": "a=unix:///run/a.sock a=unix:///run/b.sock"}, "names a twice"),
        ({**CONFIG, "dockerHost": "unix:///run/a.sock"}, "dockerHost must be left out"),
    ],
)
def test_nodes_that_cannot_be_a_cluster_are_refused(config: dict[str, str], sentence: str) -> None:
    with pytest.raises(pulumi.RunError, match=sentence):
        declare(base.local, stack="local", config=config)
