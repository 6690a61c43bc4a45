"""Invariants over everything that a local base declares."""

from __future__ import annotations

from stacks import local as base
from tests.equipment.recording import Declared, declare
from tests.policy.declared import containers, labels


def test_the_edge_publishes_two_ports_and_its_dashboard_on_loopback(of_base: list[Declared]) -> None:
    ports = {(port["ip"], port["external"]) for port in containers(of_base)["traefik"]["ports"]}
    assert ports == {("127.0.0.1", 8080), ("127.0.0.1", 8443), ("127.0.0.1", 8081)}
    dashboards = declare(base.local, stack="local", config={"bindAddress": "0.0.0.0"})
    addresses = {port["external"]: port["ip"] for port in containers(dashboards)["traefik"]["ports"]}
    assert addresses == {8080: "0.0.0.0", 8443: "0.0.0.0", 8081: "127.0.0.1"}


def test_the_reverse_proxy_does_not_hold_the_docker_socket(of_base: list[Declared]) -> None:
    for name, inputs in containers(of_base).items():
        holds = any(volume.get("hostPath") == "/var/run" for volume in inputs.get("volumes") or [])
        assert holds == (name == "traefik-socket-proxy"), name


def test_the_socket_proxy_finds_a_socket_that_was_made_anew(of_base: list[Declared]) -> None:
    proxy = containers(of_base)["traefik-socket-proxy"]
    assert "/var/run/docker.sock" not in [volume["hostPath"] for volume in proxy["volumes"]], "the dead one would stay"
    assert "SOCKET=docker.sock" in proxy["envs"]


def test_no_viewer_hands_grafana_the_id_of_a_device(of_base: list[Declared]) -> None:
    found = labels(containers(of_base)["traefik"])
    assert found["traefik.http.middlewares.nameless.headers.customrequestheaders.X-Grafana-Device-Id"] == ""


def test_every_page_is_kept_from_search_engines_also_that_of_no_preview(of_base: list[Declared]) -> None:
    traefik = containers(of_base)["traefik"]
    assert "--entrypoints.websecure.http.middlewares=noindex@docker,nameless@docker" in traefik["command"]
    found = labels(traefik)
    assert found["traefik.http.middlewares.noindex.headers.customresponseheaders.X-Robots-Tag"] == "noindex"
    assert (found["traefik.http.routers.unknown.rule"], found["traefik.http.routers.unknown.priority"]) == (
        "PathPrefix(`/`)",
        "1",
    )


def test_the_proxys_dashboard_answers_the_machine_alone(of_base: list[Declared]) -> None:
    traefik = containers(of_base)["traefik"]
    assert not [part for part in traefik["command"] if part.startswith("--api.insecure")]
    router = "traefik.http.routers.dashboard"
    found = {name: value for name, value in labels(traefik).items() if value == "api@internal" or router in name}
    assert found == {
        f"{router}.rule": "ClientIP(`172.30.0.1`)",
        f"{router}.entrypoints": "traefik",
        f"{router}.service": "api@internal",
    }


def test_nobody_shares_the_reverse_proxys_way_out(of_base: list[Declared]) -> None:
    for name, inputs in containers(of_base).items():
        joined = {network["name"] for network in inputs.get("networksAdvanced") or []}
        assert ("traefik-public" in joined) == (name == "traefik"), name


def test_a_new_reverse_proxy_joins_the_networks_of_its_previews_and_of_the_page(of_base: list[Declared]) -> None:
    (connecting,) = [one.inputs for one in of_base if one.name == "edge-connect"]
    assert connecting["environment"] == {"BASE": "traefik-public", "DOCKER_HOST": "unix:///var/run/docker.sock"}
    assert connecting["triggers"] == ["edge-traefik-id", "edge-page-network-id"]


def test_the_socket_proxy_is_on_a_network_without_a_way_out(of_base: list[Declared]) -> None:
    networks = {one.inputs["name"]: one.inputs for one in of_base if one.type.endswith(":Network")}
    assert networks["traefik-socket"]["internal"] is True
    proxy = containers(of_base)["traefik-socket-proxy"]
    assert [network["name"] for network in proxy["networksAdvanced"]] == ["traefik-socket"]
    assert "EDGE=traefik-public" in proxy["envs"], "what is shown to the reverse proxy carries the label of its edge"


def test_the_machines_metrics_are_on_loopback(of_base: list[Declared]) -> None:
    assert "--web.listen-address=127.0.0.1:9100" in containers(of_base)["node-exporter"]["command"]


def test_a_prefix_keeps_two_bases_on_one_engine_apart(of_base: list[Declared]) -> None:
    other = declare(base.local, stack="local", config={"namePrefix": "other-"})
    names = [{one.inputs["name"] for one in declared if "name" in one.inputs} for declared in (of_base, other)]
    assert not names[0] & names[1]


def test_the_page_is_served_by_who_can_reach_nobody_and_write_nothing(of_base: list[Declared]) -> None:
    server = containers(of_base)["page"]
    assert not server.get("ports")
    assert server["user"] == "99:99"
    assert [network["name"] for network in server["networksAdvanced"]] == ["traefik-page"]
    assert all(volume["readOnly"] for volume in server["volumes"])
    (network,) = [one.inputs for one in of_base if one.name == "edge-page-network"]
    assert network["internal"] is True
    assert network["options"] == {"com.docker.network.bridge.inhibit_ipv4": "true"}
    assert labels(network)["pgai.edge"] == "traefik-public", "by this the reverse proxy joins it"


def test_names_of_previews_that_do_not_answer_lead_to_the_page_and_others_nowhere(of_base: list[Declared]) -> None:
    found = labels(containers(of_base)["page"])
    assert found["traefik.http.routers.page.rule"] == "Host(`previews.localhost`)"
    assert found["traefik.http.routers.gone.rule"] == r"HostRegexp(`^preview-[a-z0-9-]+\.localhost$`)"
    assert int(found["traefik.http.routers.gone.priority"]) < len("Host(`preview-a.b`)"), "after that of any preview"
    assert containers(of_base)["page"]["envs"] == ["PAGE_URL=https://previews.localhost:8443"]


def test_only_a_change_of_what_is_served_makes_its_server_anew(of_base: list[Declared]) -> None:
    (written,) = [one.inputs for one in of_base if one.name == "edge-page-written"]
    assert written["environment"]["LIMIT"] == "2"
    raised = declare(base.local, stack="local", config={"maxPreviews": "4"})
    assert containers(raised)["page"] == containers(of_base)["page"]
    assert containers(raised)["traefik"] == containers(of_base)["traefik"]
