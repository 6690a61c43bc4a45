"""What an operator does to the production base, in the runbook's own words; at last the machine is lost, twice.

The tests of this file build on each other.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from stacks.names import slug_of
from tests.equipment import runbook
from tests.equipment.checkout import Finished, ok
from tests.equipment.production import DOMAIN, Production
from tests.equipment.sshd import make_key

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def production(production: Production) -> Production:
    """With the base up."""
    ok(production.clone.preview("setup"))
    ok(production.clone.pulumi("stack", "select", "--create", "base"))
    ok(production.clone.pulumi("up", "--skip-preview", "--stack", "base"))
    return production


@pytest.fixture(scope="module")
def branch(production: Production) -> str:
    return f"{production.token}/survivor"


def type_in(production: Production, heading: str, **words: object) -> Finished:
    return runbook.type_in(production.clone, heading, **words)


def keys_in_the_agent(production: Production) -> list[str]:
    """Type and key of each, without its comment."""
    done = subprocess.run(
        ["ssh-add", "-L"], env=production.clone.environment, capture_output=True, text=True, check=True
    )
    return [" ".join(line.split()[:2]) for line in done.stdout.splitlines()]


def server_ids(production: Production) -> list[int]:
    return sorted(production.hetzner.state.servers)


def edge(engine: Any, production: Production) -> dict[str, str]:
    """Name → state of the base's containers."""
    found = engine.containers.list(filters={"label": "pgai.base=true", "name": production.token})
    return {container.name.removeprefix(f"{production.token}-"): container.status for container in found}


def require_alive(production: Production, engine: Any, branch: str) -> None:
    """All of a preview is there and healthy, and so is what leads to it."""
    (row,) = production.clone.json("list", "--json")
    assert (row["branch"], row["health"]) == (branch, "7/7 healthy")
    assert set(production.records()) == {production.host(branch), production.page}
    network = engine.networks.get(f"{production.token}-traefik-public")
    assert {"traefik", "traefik-socket-proxy", "node-exporter"} <= set(edge(engine, production))
    assert len(network.attrs["Containers"]) == 1, "the reverse proxy, and nobody else has its way out"
    edge_network = engine.networks.get(f"preview-{slug_of(branch)}_edge")
    assert len(edge_network.attrs["Containers"]) == 2, "the reverse proxy and Grafana"


def test_the_machine_has_a_shell_behind_its_pinned_key(production: Production) -> None:
    assert f"{production.token}-traefik" in type_in(production, "A shell on the machine").stdout


def test_another_ssh_key_takes_the_place_of_the_old_one(production: Production, tmp_path: Path) -> None:
    server = server_ids(production)
    key = tmp_path / "new"
    wanted = make_key(key)
    type_in(production, "Another SSH key", NEW_KEY=key, OLD_KEY=production.vm.private_key)
    assert keys_in_the_agent(production) == [wanted]
    public = key.with_suffix(".pub").read_text(encoding="utf-8").strip()
    assert production.vm.read("/home/deploy/.ssh/authorized_keys").strip() == public
    (known,) = production.hetzner.state.ssh_keys.values()
    assert known["public_key"] == public
    assert server_ids(production) == server
    ok(production.clone.pulumi("up", "--stack", "base", "--expect-no-changes"))


def test_another_cloudflare_token_reaches_the_reverse_proxy(production: Production, engine: Any) -> None:
    token = "the-next-cloudflare-token"
    production.cloudflare.add_token(token, [DOMAIN])
    type_in(production, "Another token", NEW_TOKEN=token)
    with production.cloudflare.edit() as state:
        del state.tokens[production.cloudflare.token]
    production.clone.extra["CLOUDFLARE_API_TOKEN"] = token
    traefik = engine.containers.get(f"{production.token}-traefik")
    status, content = traefik.exec_run(["cat", "/run/secrets/cloudflare_token"])
    assert (status, content.decode()) == (0, token)


def test_a_larger_machine_is_the_same_one_and_carries_more(production: Production) -> None:
    before = server_ids(production)
    type_in(production, "A larger machine")
    assert server_ids(production) == before
    assert production.hetzner.state.server("ralph-preview-01")["server_type"]["name"] == "cx43"
    assert ok(production.clone.pulumi("stack", "output", "max_previews", "--stack", "base")).stdout.strip() == "4"


def test_a_machine_without_previews_is_replaced_by_a_new_one(production: Production, engine: Any) -> None:
    before, of_edge = server_ids(production), edge(engine, production)
    destroy, up = runbook.commands("A new machine in the place of the old one").splitlines()
    ok(production.clone.shell(destroy))
    # What a server takes along, the stand-in's engine still has.
    production.vm.empty()
    ok(production.clone.shell(up))
    assert server_ids(production) != before
    assert edge(engine, production) == of_edge
    ok(production.clone.pulumi("up", "--stack", "base", "--expect-no-changes"))


def test_a_deploy_whose_machine_dies_is_mended_by_the_next_one(
    production: Production, engine: Any, branch: str
) -> None:
    @retry(stop=stop_after_delay(120), wait=wait_fixed(0.1), retry=retry_if_result(lambda found: not found))
    def begun() -> Any:
        return engine.containers.list(filters={"label": f"pgai.preview.slug={slug_of(branch)}"})

    with subprocess.Popen(
        ["./preview", "deploy", branch],
        cwd=production.clone.path,
        env=production.clone.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as deploy:
        begun()
        production.vm.stop()
        for container in engine.containers.list(
            all=True, ignore_removed=True, filters={"label": f"pgai.preview.slug={slug_of(branch)}"}
        ):
            container.remove(force=True, v=True)
        _, said = deploy.communicate(timeout=300)
    assert deploy.returncode != 0, said
    assert "Error: " in said
    assert "Traceback" not in said
    production.vm.come_back()
    ok(production.clone.preview("deploy", branch))
    require_alive(production, engine, branch)


def test_the_server_is_not_replaced_while_previews_run_on_it(production: Production, branch: str) -> None:
    ok(production.clone.preview("deploy", branch))
    before = server_ids(production)
    done = production.clone.pulumi("up", "--skip-preview", "--stack", "base", "--replace", "**::host-server")
    assert done.code != 0
    assert "cannot be destroyed while these previews run on it" in done.text
    assert "pulumi destroy and pulumi up then, as RUNBOOK.md has it" in done.text
    assert branch in done.text
    assert server_ids(production) == before


def test_a_lost_machine_is_replaced_by_a_new_one(
    production: Production, engine: Any, branch: str, tmp_path: Path
) -> None:
    before, addresses = server_ids(production), production.hetzner.state.primary_ips
    production.vm.lose()
    make_key(tmp_path / "host")
    production.vm.set_host_key(tmp_path / "host")
    type_in(production, "A new machine for a lost one", BRANCH=branch)
    (server,) = server_ids(production)
    assert [server] != before
    assert set(production.hetzner.state.primary_ips) == set(addresses), "the address stays"
    assert "Host key" not in ok(production.clone.preview("deploy", branch)).text
    require_alive(production, engine, branch)


def test_a_lost_machine_and_all_that_belongs_to_it_is_given_up(production: Production, branch: str) -> None:
    production.vm.lose()
    type_in(production, "No machine any more", BRANCH=branch)
    assert production.hetzner.state.empty
    # But for a proof of the certificate that the machine was about to give.
    assert not production.records()
    assert not ok(production.clone.pulumi("stack", "ls", "--json")).stdout.strip().strip("[]").strip()
