"""The vendor's own Python client cannot tell the fake Hetzner API from the vendor's, as far as the fake plays it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from hcloud.actions.domain import ActionFailedException
from hcloud.firewalls.domain import FirewallRule
from hcloud.locations.domain import Location
from hcloud.server_types.domain import ServerType

from tests.equipment.programs import wait_for
from tests.standins.hetzner import ANYWHERE, FSN, Cloud, fields_of, refused


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    cloud = Cloud()
    with cloud.fake:
        yield cloud


def test_a_server_is_made_with_key_address_firewall_and_user_data_and_leaves_nothing(cloud: Cloud) -> None:
    key, address, firewall = cloud.key(), cloud.address(), cloud.firewall()
    server = cloud.server(
        address=address,
        ssh_keys=[key],
        firewalls=[firewall],
        user_data="#cloud-config\n",
        labels={"role": "preview"},
    )
    assert (server.status, server.locked, server.location.name) == ("running", False, "fsn1")
    assert server.public_net.ipv4.ip == address.ip == "203.0.113.1"
    assert server.public_net.ipv6 is None
    assert [one.status for one in server.public_net.firewalls] == ["applied"]
    assert cloud.client.firewalls.get_by_id(firewall.id).applied_to[0].server.id == server.id
    assert cloud.client.primary_ips.get_by_id(address.id).assignee_id == server.id
    boot = cloud.fake.state.boots[server.id]
    assert (boot.user_data, boot.ssh_keys, boot.image) == ("#cloud-config\n", (key.public_key,), "debian-12")
    assert refused(firewall.delete).code == "resource_in_use"
    server.delete().wait_until_finished()
    assert cloud.client.servers.get_by_name("ralph-preview-01") is None
    assert cloud.client.primary_ips.get_by_id(address.id).assignee_id is None
    firewall.delete()
    address.delete()
    key.delete()
    assert cloud.fake.state.empty


def test_an_action_runs_for_a_while_and_locks_its_server() -> None:
    # Not over before a busy machine has asked how it goes.
    cloud = Cloud(action_seconds=3)
    with cloud.fake:
        made = cloud.order()
        assert (made.action.status, made.server.status) == ("running", "initializing")
        assert refused(made.server.delete).code == "locked"
        assert wait_for("progress", lambda: 0 < cloud.client.actions.get_by_id(made.action.id).progress < 100)
        for action in (made.action, *made.next_actions):
            action.wait_until_finished()
            assert (action.status, action.progress) == ("success", 100)
            assert action.finished is not None
        assert [one.command for one in (made.action, *made.next_actions)] == ["create_server", "start_server"]


def test_an_action_may_fail(cloud: Cloud) -> None:
    cloud.fake.fail_action("start_server", "placement_error", "no host has room")
    with pytest.raises(ActionFailedException, match="no host has room"):
        cloud.server()
    assert cloud.fake.state.server("ralph-preview-01")["status"] == "off"


def test_power_type_protection_and_labels_of_a_server_change(cloud: Cloud) -> None:
    server = cloud.server(ssh_keys=[cloud.key()])
    larger = partial(server.change_type, ServerType(name="cx43"), upgrade_disk=False)
    assert refused(larger).code == "server_not_stopped"
    server.power_off().wait_until_finished()
    assert cloud.fake.state.server("ralph-preview-01")["status"] == "off"
    larger().wait_until_finished()
    server.update(labels={"role": "changed"})
    server.change_protection(delete=True, rebuild=True).wait_until_finished()
    server.reload()
    assert (server.server_type.name, server.primary_disk_size) == ("cx43", 80)
    assert (server.status, server.labels) == ("running", {"role": "changed"}), "it starts again by itself"
    assert refused(server.delete).code == "protected"
    server.change_protection(delete=False, rebuild=False).wait_until_finished()
    server.delete().wait_until_finished()
    assert not cloud.fake.state.servers


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
    assert refused(lambda: cloud.server(kind=kind, location=Location(name=place))).code == code


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
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


def test_wrong_input_names_the_field(cloud: Cloud) -> None:
    address = cloud.address()
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("name", {"name": "under_score"}),
        ("user_data", {"user_data": "#" * 32769}),
        ("labels", {"labels": {"role": "not a value"}}),
        ("location", {"location": Location(name="moon1")}),
    ]
    for field, more in wrong:
        error = refused(partial(cloud.server, address=address, **more))
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
    key, address = cloud.key(), cloud.address()
    elsewhere = cloud.address("elsewhere", Location(name="hel1"))
    cloud.server(address=address)
    for attempt, code in (
        (lambda: cloud.key("deploy"), "uniqueness_error"),
        (lambda: cloud.client.ssh_keys.create("other", key.public_key or ""), "uniqueness_error"),
        (lambda: cloud.address(), "uniqueness_error"),
        (lambda: cloud.server(), "uniqueness_error"),
        (lambda: cloud.server("two", address=address), "primary_ip_assigned"),
        (lambda: cloud.server("two", address=elsewhere), "primary_ip_datacenter_mismatch"),
        (lambda: address.delete(), "server_not_stopped"),
    ):
        assert refused(attempt).code == code


def test_limits_of_the_project_hold(cloud: Cloud) -> None:
    address = cloud.address("second")
    with cloud.fake.edit() as state:
        state.limits.update(servers=1, primary_ips=2)
    cloud.server()
    for attempt in (lambda: cloud.server("ralph-preview-02", address=address), lambda: cloud.address("third")):
        assert refused(attempt).code == "resource_limit_exceeded"


def test_lists_are_paged_and_filtered(cloud: Cloud) -> None:
    kinds = cloud.client.server_types
    every = cloud.fake.state.server_types
    page = kinds.get_list(page=2, per_page=5)
    assert [one.name for one in page.server_types] == [one["name"] for one in every[5:10]]
    assert (page.meta.pagination.last_page, page.meta.pagination.next_page) == (4, 3)
    assert page.meta.pagination.total_entries == len(kinds.get_all()) == len(every)
    assert [one.name for one in kinds.get_all(name="cx33")] == ["cx33"]


def test_the_rules_of_a_firewall_change(cloud: Cloud) -> None:
    firewall = cloud.firewall()
    cloud.server(firewalls=[firewall])
    actions = firewall.set_rules([FirewallRule("in", "icmp", ANYWHERE)])
    assert [action.command for action in actions] == ["set_firewall_rules", "apply_firewall"]
    for action in actions:
        action.wait_until_finished()
    assert [rule.protocol for rule in cloud.client.firewalls.get_by_id(firewall.id).rules] == ["icmp"]


def test_what_the_fake_does_not_play_is_refused_and_never_left_out(cloud: Cloud) -> None:
    server = cloud.server()
    for attempt in (
        server.reboot,
        lambda: server.update(name="other"),
        lambda: cloud.client.servers.get_all(label_selector="role=preview"),
        lambda: cloud.server("two", start_after_create=False),
        lambda: cloud.client.primary_ips.create("ipv6", "six", location=FSN),
    ):
        assert refused(attempt).code == "unsupported_error"
    assert refused(cloud.client.volumes.get_all).code == "not_found"
