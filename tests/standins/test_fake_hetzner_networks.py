"""Private networks: the vendor's own Python client cannot tell the fake Hetzner API from the vendor's."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from hcloud.locations.domain import Location
from hcloud.networks.domain import NetworkSubnet

from tests.standins.hetzner import Cloud, fields_of, refused

HOME = "10.77.0.0/24"


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    cloud = Cloud()
    with cloud.fake:
        yield cloud


def network(cloud: Cloud, name: str = "private", ip_range: str = "10.77.0.0/16") -> Any:
    return cloud.client.networks.create(name, ip_range)


def with_subnet(cloud: Cloud, ip_range: str = HOME, zone: str = "eu-central") -> Any:
    made = network(cloud)
    subnet(made, ip_range, zone).wait_until_finished()
    return cloud.client.networks.get_by_id(made.id)


def subnet(made: Any, ip_range: str, zone: str = "eu-central") -> Any:
    return made.add_subnet(NetworkSubnet(type="cloud", ip_range=ip_range, network_zone=zone))


def attach(server: Any, made: Any, **more: Any) -> None:
    server.attach_to_network(made, **more).wait_until_finished()


def test_a_server_enters_a_network_under_its_address_and_leaves_it_and_nothing_is_left(cloud: Cloud) -> None:
    made, server = with_subnet(cloud), cloud.server()
    attach(server, made, ip="10.77.0.7")
    server = cloud.client.servers.get_by_id(server.id)
    assert [(one.network.id, one.ip, one.alias_ips) for one in server.private_net] == [(made.id, "10.77.0.7", [])]
    assert [one.id for one in cloud.client.networks.get_by_id(made.id).servers] == [server.id]
    server.detach_from_network(made).wait_until_finished()
    assert not cloud.client.servers.get_by_id(server.id).private_net
    made.delete_subnet(made.subnets[0]).wait_until_finished()
    made.delete()
    assert cloud.client.networks.get_all() == []


def test_the_first_address_is_the_gateways_and_the_rest_are_given_out_once(cloud: Cloud) -> None:
    made = with_subnet(cloud, "10.77.0.0/29")
    servers = [cloud.server(f"worker-{number}") for number in range(3)]
    attach(servers[0], made)
    attach(servers[1], made)
    assert [cloud.client.servers.get_by_id(one.id).private_net[0].ip for one in servers[:2]] == [
        "10.77.0.2", "10.77.0.3",
    ]  # fmt: skip
    for ip in ("10.77.0.1", "10.77.0.2", "10.77.0.0", "10.77.0.7", "10.77.9.9"):
        assert refused(partial(attach, servers[2], made, ip=ip)).code == "ip_not_available", ip


def test_a_server_is_in_a_network_once(cloud: Cloud) -> None:
    made, server = with_subnet(cloud), cloud.server()
    attach(server, made)
    assert refused(partial(attach, server, made)).code == "server_already_attached"


def test_a_network_has_nothing_for_servers_of_another_zone_or_without_a_subnet(cloud: Cloud) -> None:
    bare, server = network(cloud, "bare"), cloud.server()
    assert refused(partial(attach, server, bare)).code == "no_subnet_available"
    overseas = cloud.server("overseas", kind="ccx23", location=Location(name="ash"))
    assert refused(partial(attach, overseas, with_subnet(cloud))).code == "no_subnet_available"


def test_while_a_network_is_changed_another_change_is_a_conflict_which_the_client_waits_out() -> None:
    # Not over before a busy machine has asked for the next one.
    cloud = Cloud(action_seconds=3)
    with cloud.fake:
        made = network(cloud)
        subnet(made, HOME)
        subnet(made, "10.77.1.0/24")
        adding = [one.status for one in cloud.fake.requests if one.path.endswith("/add_subnet")]
        assert adding[:2] == [201, 409]
        assert adding[-1] == 201


def test_ranges_nest_and_do_not_overlap(cloud: Cloud) -> None:
    for ip_range in ("203.0.113.0/24", "10.0.0.0/25", "10.0.0.1/16", "everywhere"):
        assert fields_of(refused(partial(network, cloud, "n", ip_range))) == ["ip_range"], ip_range
    made = with_subnet(cloud)
    for ip_range in ("10.78.0.0/24", "10.77.0.128/25", "10.77.0.0/16", "10.77.1.0/31"):
        assert fields_of(refused(partial(subnet, made, ip_range))) == ["ip_range"], ip_range
    assert fields_of(refused(partial(subnet, made, "10.77.1.0/24", "mars"))) == ["network_zone"]
    assert refused(partial(network, cloud)).code == "uniqueness_error"


def test_a_network_or_subnet_that_servers_are_in_stays_until_they_are_gone(cloud: Cloud) -> None:
    made, server = with_subnet(cloud), cloud.server()
    attach(server, made)
    assert refused(made.delete).code == "resource_in_use"
    error = refused(lambda: made.delete_subnet(made.subnets[0]))
    assert (error.code, "servers are attached" in str(error)) == ("service_error", True)
    server.delete().wait_until_finished()
    assert not cloud.client.networks.get_by_id(made.id).servers
    made.delete()


def test_a_network_counts_as_something_that_is_left(cloud: Cloud) -> None:
    made = network(cloud)
    assert not cloud.fake.state.empty
    made.delete()
    assert cloud.fake.state.empty
