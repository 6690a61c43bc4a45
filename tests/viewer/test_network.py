"""Whoever had taken Grafana over would reach the preview and the reverse proxy's pages, and nothing else."""

from __future__ import annotations

import httpx
import pytest
from tenacity import retry, stop_after_delay, wait_fixed

from stacks.names import slug_of
from tests.equipment.docker import services
from tests.equipment.viewer import viewer
from tests.viewer.conftest import Attacked

pytestmark = pytest.mark.engine


def test_grafana_shares_a_network_with_its_preview_and_the_reverse_proxy_alone(attacked: Attacked) -> None:
    slug = slug_of(attacked.branch)
    networks = services(attacked.engine, attacked.branch)["grafana"].attrs["NetworkSettings"]["Networks"]
    assert set(networks) == {f"preview-{slug}", f"preview-{slug}_edge"}
    edge = attacked.engine.networks.get(f"preview-{slug}_edge").attrs
    names = {one["Name"] for one in edge["Containers"].values()}
    assert names == {f"preview-{slug}-grafana", f"{attacked.clone.prefix}traefik"}


@pytest.mark.parametrize("service", ["grafana", "sink", "pgwatch", "backend"])
def test_no_container_of_a_preview_has_a_way_out_or_to_the_machine(attacked: Attacked, service: str) -> None:
    code, table = attacked.run(service, "cat", "/proc/net/route")
    assert code == 0
    routes = [line.split() for line in table.splitlines()[1:]]
    assert routes
    assert not [route for route in routes if route[1] == "00000000" or route[2] != "00000000"], "a gateway"
    for name in services(attacked.engine, attacked.branch)[service].attrs["NetworkSettings"]["Networks"]:
        network = attacked.engine.networks.get(name).attrs
        assert network["Internal"]
        assert network["Options"]["com.docker.network.bridge.inhibit_ipv4"] == "true", (
            "the machine has an address there"
        )


def test_the_reverse_proxys_api_answers_the_machine_and_not_grafana(attacked: Attacked) -> None:
    port = attacked.clone.ports["dashboardPort"]
    routers = httpx.get(f"http://127.0.0.1:{port}/api/http/routers", trust_env=False)
    assert f"preview-{slug_of(attacked.branch)}@docker" in [one["name"] for one in routers.json()]
    proxy = f"http://{attacked.clone.prefix}traefik:{port}"
    assert attacked.run("grafana", "wget", "-q", "-T", "10", "-O", "-", f"{proxy}/ping") == (0, "OK"), "it is there"
    for path in ("api/http/routers", "api/rawdata", "dashboard/", "debug/vars"):
        code, said = attacked.run("grafana", "wget", "-T", "10", "-O", "-", f"{proxy}/{path}")
        assert code != 0, said
        assert "404" in said


@pytest.mark.parametrize("path", ["/", "/api/health", "/nothing-here", "/api/nothing-here"])
def test_search_engines_are_told_to_keep_no_page(attacked: Attacked, path: str) -> None:
    assert attacked.anybody.get(path).headers["X-Robots-Tag"] == "noindex"


def test_nor_that_of_a_preview_which_is_not_there(attacked: Attacked) -> None:
    with viewer("nobody/deployed-this", attacked.clone.ports["httpsPort"]) as stranger:
        answer = stranger.get("/")
    assert (answer.status_code, answer.headers["X-Robots-Tag"]) == (404, "noindex")


def test_a_reverse_proxy_that_was_made_anew_finds_its_previews_again(attacked: Attacked) -> None:
    name = f"{attacked.clone.prefix}traefik"
    attacked.engine.containers.get(name).remove(force=True)
    done = attacked.clone.pulumi("up", "--yes", "--skip-preview", "--refresh", "--stack", "local")
    assert done.code == 0, done.text

    # It is well before it has read the containers.
    @retry(stop=stop_after_delay(180), wait=wait_fixed(0.5), reraise=True)
    def shows_the_preview() -> None:
        with viewer(attacked.branch, attacked.clone.ports["httpsPort"]) as anybody:
            assert anybody.get("/api/health").status_code == 200

    shows_the_preview()
