"""The production path, in the order of its life: base, previews over SSH, update, destroy, a lost machine, the end.

The tests of this file build on each other, as an operator's steps do.
"""

from __future__ import annotations

import ssl
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from tenacity import Retrying, retry, retry_if_result, stop_after_delay, wait_fixed

from stacks.names import slug_of
from tests.equipment.browser import Browser
from tests.equipment.checkout import ok
from tests.equipment.docker import service_ids
from tests.equipment.edits import changed_files
from tests.equipment.moments import until_hit
from tests.equipment.production import DOMAIN, Production, zone_name_server
from tests.equipment.sshd import make_key
from tests.equipment.state import known_resources

pytestmark = pytest.mark.engine

BRANCHES = ("feature/first", "feature/second")


def branch(production: Production, index: int) -> str:
    return f"{production.token}/{BRANCHES[index]}"


def test_the_base_comes_up_and_a_second_up_changes_nothing(production: Production) -> None:
    ok(production.clone.preview("setup"))
    ok(production.clone.pulumi("stack", "init", "base"))
    ok(production.clone.pulumi("up", "--yes", "--skip-preview", "--stack", "base"))
    state = production.hetzner.state
    assert [server["name"] for server in state.servers.values()] == ["ralph-preview-01"]
    ok(production.clone.pulumi("up", "--yes", "--stack", "base", "--expect-no-changes"))


def test_the_wildcard_certificate_is_issued_once_for_the_base(production: Production, engine: Any) -> None:
    context = ssl.create_default_context(cadata=production.pebble.issuing_root())

    @retry(stop=stop_after_delay(60), wait=wait_fixed(1), reraise=True)
    def served() -> None:
        with httpx.Client(verify=context) as client:
            client.get(
                f"https://127.0.0.1:{production.ports['httpsPort']}/",
                headers={"Host": f"base.{DOMAIN}"},
                extensions={"sni_hostname": f"base.{DOMAIN}"},
            )

    with zone_name_server(engine, production):
        served()
    assert production.proofs() == 1


def test_two_previews_come_up_over_ssh_with_a_record_each(production: Production, engine: Any) -> None:
    for index in (0, 1):
        name = branch(production, index)
        before = production.vm.connections()
        done = ok(production.clone.preview("deploy", name))
        assert done.stdout.strip() == f"{production.url(name)}/?from=now-30m&to=now"
        opened = production.vm.connections() - before
        # Each command and copy has one of its own; Docker's client and the command share theirs.
        assert opened <= production.commands_and_copies(name) + 5
        assert len(service_ids(engine, name)) == 7
        record = production.records()[production.host(name)]
        assert (record["content"], record["proxied"], record["ttl"]) == ("127.0.0.1", True, 1)
    assert production.proofs() == 1, "previews ask for no certificate"


def test_pages_are_served_over_https_by_host_name_with_the_wildcard_certificate(production: Production) -> None:
    for index in (0, 1):

        @retry(stop=stop_after_delay(30), wait=wait_fixed(1), retry=retry_if_result(lambda health: health != "ok"))
        def health(name: str) -> Any:
            with production.viewer(name) as client:
                answer = client.get("/api/health")
                return answer.json()["database"] if answer.status_code == 200 else answer.status_code

        assert health(branch(production, index)) == "ok"


def test_so_is_the_page_of_all_previews_on_which_both_are_well(production: Production) -> None:
    with production.reader(production.page) as client:
        page = client.get("/").raise_for_status().text
    for index in (0, 1):
        assert branch(production, index) in page
    assert page.count("7 of 7 services") == 2
    assert "0 of 2</strong> slots free" in page


def test_a_browser_that_trusts_the_authority_shows_the_page_without_a_warning(
    production: Production, tmp_path: Path
) -> None:
    name = branch(production, 0)
    browser = Browser(
        tmp_path, addresses={production.host(name): production.records()[production.host(name)]["content"]}
    )
    assert browser.page(production.url(name)) == "net::ERR_CERT_AUTHORITY_INVALID", "nobody is trusted without a reason"
    browser.trust(production.pebble.issuing_root())
    Retrying(stop=stop_after_delay(60), retry=retry_if_result(lambda shown: "PostgreSQL activity" not in shown))(
        lambda: browser.page(production.url(name))
    )


def test_a_changed_dashboard_reaches_the_vm_and_restarts_nothing(production: Production, engine: Any) -> None:
    name = branch(production, 0)
    before = service_ids(engine, name)
    added = production.clone.path / "config/grafana/dashboards/added.json"
    added.write_text('{"uid": "added", "title": "Added", "panels": [], "schemaVersion": 41}', encoding="utf-8")
    ok(production.clone.preview("deploy", name))
    assert service_ids(engine, name) == before
    placed = production.vm.directory / f"previews/{slug_of(name)}/config/grafana/dashboards/added.json"
    assert placed.read_text(encoding="utf-8") == added.read_text(encoding="utf-8")


def test_list_shows_the_health_of_previews_on_the_vm(production: Production) -> None:
    rows = production.clone.json("list", "--json")
    assert {row["health"] for row in rows} == {"7/7 healthy"}


@pytest.fixture(scope="module")
def undisturbed(production: Production) -> float:
    """Seconds that an update takes on this machine at the moment."""
    with changed_files(production.clone, "undisturbed"):
        return ok(production.clone.preview("deploy", branch(production, 1), "--commit", "900d")).seconds


@pytest.mark.moments(2, 20)
def test_an_update_whose_connections_are_cut_ends_well_or_leaves_the_last_good_version(
    production: Production, engine: Any, undisturbed: float, number: int, share: float
) -> None:
    name = branch(production, 1)
    good = production.row(name)["commit"]

    def cut_after(seconds: float) -> bool:
        with (
            changed_files(production.clone, f"cut {number}"),
            production.clone.started("deploy", name, "--commit", f"c{number}") as process,
        ):
            with suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
            under_way = process.poll() is None
            production.vm.cut()
            assert process.stdout is not None
            said = process.stdout.read()
            code = process.wait(60)
        assert code == 0 or "The last good version is running again." in said or "Nothing was" in said, said
        assert "Traceback" not in said
        found = production.row(name)
        assert (found["state"], found["health"]) == ("live", "7/7 healthy"), said
        assert found["commit"] == (f"c{number}" if code == 0 else good)
        assert len(service_ids(engine, name)) == 7
        return under_way

    until_hit(cut_after, share * undisturbed, lambda: ok(production.clone.preview("deploy", name, "--commit", good)))


def test_the_base_cannot_be_destroyed_while_previews_run(production: Production) -> None:
    known = known_resources(production.clone, "base")
    done = production.clone.pulumi("destroy", "--yes", "--skip-preview", "--stack", "base")
    assert done.code != 0
    assert "cannot be destroyed while these previews run on it" in done.text
    assert branch(production, 0) in done.text
    assert production.hetzner.state.servers
    assert known_resources(production.clone, "base") == known, "nothing at all is gone"


def test_a_preview_is_destroyed_from_its_state_alone_in_an_empty_folder(
    production: Production, engine: Any, tmp_path: Path
) -> None:
    name = branch(production, 0)
    exports = ok(production.clone.preview("env")).stdout
    stack = f"organization/pgai-preview/preview-{slug_of(name)}"
    done = subprocess.run(
        ["sh", "-c", f"{exports}\npulumi destroy --yes --skip-preview --stack {stack}"],
        cwd=tmp_path,
        env=production.clone.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not service_ids(engine, name)
    assert production.host(name) not in production.records()
    ok(production.clone.preview("destroy", name))
    ok(production.clone.preview("destroy", name))


def test_another_host_key_is_refused(production: Production, tmp_path: Path) -> None:
    keys = production.vm.private_key.parent
    make_key(tmp_path / "other")
    production.vm.set_host_key(tmp_path / "other")
    try:
        done = production.clone.preview("deploy", branch(production, 1))
    finally:
        production.vm.set_host_key(keys / "host")
    assert done.code == 1, done.text
    assert "Host key verification failed" in done.stderr
    assert "Traceback" not in done.text


def test_cloudflare_out_of_order_for_a_while_is_survived(production: Production) -> None:
    name = f"{production.token}/patience"
    production.cloudflare.fail_next(429, times=2, retry_after=1, method="POST")
    ok(production.clone.preview("deploy", name))
    ok(production.clone.preview("destroy", name))


def test_a_deploy_that_gets_no_record_says_so_and_leaves_nothing(production: Production, engine: Any) -> None:
    name = f"{production.token}/nameless"
    production.cloudflare.fail_next(500, times=1000, method="POST")
    try:
        done = production.clone.preview("deploy", name)
    finally:
        production.cloudflare.clear_faults()
    assert done.code == 1, done.text
    (sentence,) = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert "Cloudflare" in sentence
    assert "500" in sentence
    assert "Traceback" not in done.text
    left = [*engine.containers.list(all=True, ignore_removed=True), *engine.networks.list(), *engine.volumes.list()]
    assert not [each.name for each in left if slug_of(name) in each.name]
    assert production.host(name) not in production.records()
    assert slug_of(name) not in ok(production.clone.pulumi("stack", "ls")).stdout
    assert not (production.vm.directory / "previews" / slug_of(name)).exists()


def test_a_lost_machine_is_forgotten_with_its_record(production: Production) -> None:
    name = branch(production, 1)
    production.vm.lose()
    refused = production.clone.preview("destroy", name)
    assert refused.code != 0
    ok(production.clone.preview("destroy", name, "--forget"))
    assert set(production.records()) == {production.page}
    assert slug_of(name) not in ok(production.clone.pulumi("stack", "ls")).stdout


def test_the_base_is_destroyed_and_nothing_is_left_in_either_cloud(production: Production) -> None:
    production.vm.come_back()
    ok(production.clone.pulumi("destroy", "--yes", "--skip-preview", "--stack", "base"))
    assert production.hetzner.state.empty
    assert not production.cloudflare.state.all_records()
