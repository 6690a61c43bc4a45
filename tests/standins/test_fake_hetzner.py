"""The vendor's own Python client cannot tell the fake Hetzner API from the vendor's."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from hcloud.actions.domain import ActionFailedException
from hcloud.firewalls.domain import FirewallResource, FirewallRule
from hcloud.images.domain import Image
from hcloud.locations.domain import Location
from hcloud.server_types.domain import ServerType
from hcloud.servers.domain import ServerCreatePublicNetwork

from tests.standins.hetzner import ANYWHERE, Cloud, fields_of, public_key, refused
from tests.standins.support import wait_for

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    cloud = Cloud()
    with cloud.fake:
        yield cloud


def test_a_server_is_made_with_key_address_firewall_and_user_data_and_leaves_nothing(cloud: Cloud) -> None:
    key, address, firewall = cloud.key(), cloud.address(), cloud.firewall()
    server = cloud.server(
        ssh_keys=[key],
        firewalls=[firewall],
        user_data="#cloud-config\n",
        labels={"role": "preview"},
        public_net=ServerCreatePublicNetwork(ipv4=address, enable_ipv6=False),
    )
    assert (server.status, server.locked, server.location.name) == ("running", False, "fsn1")
    assert server.public_net.ipv4.ip == address.ip == "203.0.113.1"
    assert server.public_net.ipv6 is None
    assert [one.status for one in server.public_net.firewalls] == ["applied"]
    assert cloud.client.firewalls.get_by_id(firewall.id).applied_to[0].server.id == server.id
    assert cloud.client.primary_ips.get_by_id(address.id).assignee_id == server.id
    boot = cloud.fake.state.boots[server.id]
    assert (boot.user_data, boot.ssh_keys, boot.image) == ("#cloud-config\n", (key.public_key,), "debian-12")
    error = refused(firewall.delete)
    assert error.code == "resource_in_use"
    server.delete().wait_until_finished()
    assert cloud.client.servers.get_by_name("ralph-preview-01") is None
    assert cloud.client.primary_ips.get_by_id(address.id).assignee_id is None
    firewall.delete()
    address.delete()
    key.delete()
    assert cloud.fake.state.empty
    assert wait_for("the hook heard all", lambda: len(cloud.events) == 3)
    assert [event for event, _ in cloud.events] == ["created", "powered_on", "deleted"]


def test_an_action_runs_for_a_while_and_locks_its_server(cloud: Cloud) -> None:
    cloud.fake.delay_actions(0.4)
    made = cloud.client.servers.create("ralph-preview-01", ServerType(name="cx33"), Image(name="debian-12"))
    assert (made.action.status, made.server.status) == ("running", "initializing")
    error = refused(made.server.delete)
    assert error.code == "locked"
    seen = wait_for("progress", lambda: 0 < cloud.client.actions.get_by_id(made.action.id).progress < 100)
    assert seen
    for action in (made.action, *made.next_actions):
        action.wait_until_finished()
        assert (action.status, action.progress) == ("success", 100)
        assert action.finished is not None
    assert [one.command for one in made.server.get_actions()] == ["create_server", "start_server"]


def test_an_action_may_fail(cloud: Cloud) -> None:
    cloud.fake.fail_action("start_server", "placement_error", "no host has room")
    with pytest.raises(ActionFailedException, match="no host has room"):
        cloud.server()
    assert cloud.fake.state.server("ralph-preview-01")["status"] == "off"


def test_power_type_image_protection_and_labels_of_a_server_change(cloud: Cloud) -> None:
    server = cloud.server(ssh_keys=[cloud.key()])
    error = refused(lambda: server.change_type(ServerType(name="cx43"), upgrade_disk=False))
    assert error.code == "server_not_stopped"
    server.power_off().wait_until_finished()
    server.change_type(ServerType(name="cx43"), upgrade_disk=False).wait_until_finished()
    server.power_on().wait_until_finished()
    server.rebuild(Image(name="ubuntu-24.04")).action.wait_until_finished()
    server.update(labels={"role": "changed"})
    server.change_protection(delete=True, rebuild=True).wait_until_finished()
    server.reload()
    assert (server.server_type.name, server.primary_disk_size, server.image.name) == ("cx43", 80, "ubuntu-24.04")
    assert (server.status, server.labels) == ("running", {"role": "changed"})
    error = refused(server.delete)
    assert error.code == "protected"
    server.change_protection(delete=False, rebuild=False).wait_until_finished()
    server.reboot().wait_until_finished()
    server.delete().wait_until_finished()
    heard = ["created", "powered_on", "powered_off", "powered_on", "rebuilt", "rebooted", "deleted"]
    assert wait_for("the hook heard all", lambda: [event for event, _ in cloud.events] == heard)


@pytest.mark.parametrize(
    ("kind", "place", "code"),
    [
        ("cx31", "fsn1", "invalid_server_type"),
        ("cx32", "fsn1", "invalid_server_type"),
        ("cpx31", "fsn1", "invalid_server_type"),
        ("cx33", "ash", "invalid_input"),
        ("cx99", "fsn1", "invalid_input"),
        ("cax21", "fsn1", ""),
        ("cpx31", "ash", ""),
    ],
)
def test_a_type_is_orderable_only_where_it_is_still_sold(cloud: Cloud, kind: str, place: str, code: str) -> None:
    if not code:
        assert cloud.server(kind=kind, location=Location(name=place)).server_type.name == kind
        return
    error = refused(lambda: cloud.server(kind=kind, location=Location(name=place)))
    assert error.code == code


def test_the_catalogue_tells_what_is_deprecated_and_where(cloud: Cloud) -> None:
    old, partly, new = (cloud.client.server_types.get_by_name(name) for name in ("cx31", "cpx31", "cx33"))
    assert old is not None
    assert partly is not None
    assert new is not None
    assert old.deprecation is not None
    assert (partly.deprecation, new.deprecation) == (None, None)
    ended = {one.location.name for one in partly.locations or [] if one.deprecation is not None}
    assert ended == {"fsn1", "nbg1", "hel1"}
    assert (new.cores, new.memory, new.architecture) == (4, 8, "x86")
    assert cloud.client.images.get_by_name_and_architecture("debian-12", "arm") is not None
    assert cloud.client.images.get_by_name_and_architecture("ubuntu-20.04", "x86") is None
    error = refused(cloud.client.datacenters.get_all)
    assert error.code == "deprecated_api_endpoint"


def test_wrong_input_names_the_field(cloud: Cloud) -> None:
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("name", {"name": "under_score"}),
        ("user_data", {"user_data": "#" * 32769}),
        ("labels", {"labels": {"role": "not a value"}}),
        ("location", {"location": Location(name="moon1")}),
    ]
    for field, more in wrong:
        error = refused(partial(cloud.server, **more))
        assert (error.code, fields_of(error)) == ("invalid_input", [field])
    rules = [
        ("rules.0.port", FirewallRule("in", "tcp", ANYWHERE)),
        ("rules.0.port", FirewallRule("in", "icmp", ANYWHERE, port="1")),
        ("rules.0.source_ips", FirewallRule("in", "tcp", ["10.0.0.1/8"], port="22")),
        ("rules.0.source_ips", FirewallRule("in", "tcp", [], port="22")),
    ]
    for field, rule in rules:
        error = refused(partial(cloud.client.firewalls.create, "preview", rules=[rule]))
        assert (error.code, fields_of(error)) == ("invalid_input", [field])
    error = refused(lambda: cloud.client.ssh_keys.create("deploy", "ssh-ed25519 AAAA"))
    assert fields_of(error) == ["public_key"]


def test_names_keys_and_addresses_are_used_once(cloud: Cloud) -> None:
    key = cloud.key()
    address = cloud.address()
    first = cloud.server(public_net=ServerCreatePublicNetwork(ipv4=address))
    for attempt, code in (
        (lambda: cloud.key("deploy"), "uniqueness_error"),
        (lambda: cloud.client.ssh_keys.create("other", key.public_key or ""), "uniqueness_error"),
        (lambda: cloud.address(), "uniqueness_error"),
        (lambda: cloud.server(), "uniqueness_error"),
        (lambda: cloud.server("two", public_net=ServerCreatePublicNetwork(ipv4=address)), "primary_ip_assigned"),
        (lambda: address.delete(), "server_not_stopped"),
    ):
        error = refused(attempt)
        assert error.code == code
    assert first.public_net.ipv6.ip.endswith("::/64")
    first.delete().wait_until_finished()
    assert [one.name for one in cloud.client.primary_ips.get_all()] == ["preview"], "the automatic IPv6 went with it"


def test_limits_of_the_project_hold(cloud: Cloud) -> None:
    with cloud.fake.edit() as state:
        state.limits["servers"] = 1
    cloud.server()
    error = refused(lambda: cloud.server("ralph-preview-02"))
    assert error.code == "resource_limit_exceeded"


def test_lists_are_paged_filtered_and_selected_by_label(cloud: Cloud) -> None:
    for number in range(53):
        cloud.client.ssh_keys.create(
            f"key-{number:02}", public_key(), labels={"parity": "odd" if number % 2 else "even"}
        )
    page = cloud.client.ssh_keys.get_list(page=2, per_page=20)
    assert (len(page.ssh_keys), page.meta.pagination.last_page, page.meta.pagination.next_page) == (20, 3, 3)
    assert page.meta.pagination.total_entries == 53
    assert len(cloud.client.ssh_keys.get_all()) == 53
    for selector, count in (
        ("parity=odd", 26),
        ("parity!=odd", 27),
        ("parity in (odd,even)", 53),
        ("!parity", 0),
        ("parity,parity==even", 27),
    ):
        assert len(cloud.client.ssh_keys.get_all(label_selector=selector)) == count, selector
    found = cloud.client.ssh_keys.get_by_name("key-07")
    assert found is not None
    found.update(name="renamed")
    assert cloud.client.ssh_keys.get_by_name("key-07") is None


def test_a_firewall_follows_rules_labels_and_servers(cloud: Cloud) -> None:
    firewall, server = cloud.firewall(), cloud.server(labels={"role": "preview"})
    target = FirewallResource(FirewallResource.TYPE_SERVER, server=server)
    for action in firewall.apply_to_resources([target]):
        action.wait_until_finished()
    error = refused(lambda: firewall.apply_to_resources([target]))
    assert error.code == "firewall_already_applied"
    firewall.set_rules([FirewallRule("in", "icmp", ANYWHERE)])
    assert [rule.protocol for rule in cloud.client.firewalls.get_by_id(firewall.id).rules] == ["icmp"]
    firewall.remove_from_resources([target])
    server.reload()
    assert server.public_net.firewalls == []
    server.delete().wait_until_finished()
    firewall.delete()
