"""A preview on three engines, from plain Pulumi: it is up, an update changes what it names, and nothing is left."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import httpx
import pytest

from components.cluster_names import stem_of
from components.services import SECRETS, by_key
from stacks.names import host_of, slug_of, stack_of
from tests.equipment.checkout import Clone, Finished, ok
from tests.equipment.cluster import ClusterBase
from tests.equipment.docker import run_once
from tests.equipment.plugin_archives import DATASOURCE
from tests.equipment.programs import wait_for
from tests.equipment.state import passwords

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def branch(cluster_base: ClusterBase) -> Iterator[str]:
    branch = cluster_base.branch("plain")
    stack = stack_of(slug_of(branch))
    ok(cluster_base.clone.pulumi("stack", "select", "--create", stack))
    ok(cluster_base.clone.pulumi("config", "set", "branch", branch, "--stack", stack))
    try:
        ok(up(cluster_base.clone, branch))
        yield branch
    finally:
        ok(cluster_base.clone.pulumi("destroy", "--yes", "--skip-preview", "--stack", stack))
        ok(cluster_base.clone.pulumi("stack", "rm", "--yes", stack))
        cluster_base.require_nothing(branch)


def up(clone: Clone, branch: str, *args: str) -> Finished:
    return clone.pulumi("up", "--yes", "--skip-preview", "--stack", stack_of(slug_of(branch)), *args)


def ask(base: ClusterBase, branch: str, path: str) -> httpx.Response:
    """A viewer's request, to the manager, by the preview's host name."""
    host = host_of(slug_of(branch), "localhost")
    address = f"https://{base.manager.address}:{base.clone.ports['httpsPort']}{path}"
    return httpx.get(address, headers={"Host": host}, verify=False, timeout=30)


def tasks(base: ClusterBase, branch: str) -> dict[str, str]:
    """Service → id of the task that runs."""
    stem = stem_of(slug_of(branch))
    return {
        service.name.removeprefix(f"{stem}-"): task["ID"]
        for service in base.manager.client.services.list(filters={"label": f"pgai.preview.slug={slug_of(branch)}"})
        for task in service.tasks({"desired-state": "running"})
    }


def test_grafana_answers_through_the_managers_reverse_proxy_wherever_it_runs(
    cluster_base: ClusterBase, branch: str
) -> None:
    answer = ask(cluster_base, branch, "/api/health")
    assert answer.status_code == 200, answer.text
    assert answer.json()["database"] == "ok"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert set(tasks(cluster_base, branch)) == set(by_key())


def test_its_grafana_has_the_plugins_of_its_base_wherever_it_runs_and_cannot_write_them(
    cluster_base: ClusterBase, branch: str
) -> None:
    assert DATASOURCE in {plugin["id"] for plugin in ask(cluster_base, branch, "/api/plugins").json()}
    folder = "/var/lib/grafana/plugins"
    wrote = cluster_base.clone.preview("exec", branch, "grafana", "--", "touch", f"{folder}/x")
    assert wrote.code != 0
    assert "Read-only file system" in wrote.text
    for node in cluster_base.cluster.nodes:
        (installer,) = node.client.containers.list(all=True, filters={"name": "grafana-plugins-init"})
        assert installer.logs().decode().splitlines() == [f"installed {DATASOURCE}@1.0"]


def test_a_second_update_finds_nothing_to_do(cluster_base: ClusterBase, branch: str) -> None:
    ok(up(cluster_base.clone, branch, "--expect-no-changes"))


def test_no_password_is_in_the_state_or_in_what_the_swarm_shows(cluster_base: ClusterBase, branch: str) -> None:
    stack = stack_of(slug_of(branch))
    secrets = passwords(cluster_base.clone, branch)
    assert len(secrets) == len(SECRETS)
    state = ok(cluster_base.clone.pulumi("stack", "export", "--stack", stack)).stdout
    assert '"ciphertext"' in state
    client = cluster_base.manager.client
    kept = json.dumps([one.attrs for one in (*client.services.list(), *client.secrets.list(), *client.configs.list())])
    for name, password in secrets.items():
        for form in (password, base64.b64encode(password.encode()).decode()):
            assert form not in state, name
            assert form not in kept, name


def test_the_socket_proxy_of_a_cluster_shows_where_services_run_and_refuses_everything_else(
    cluster_base: ClusterBase, branch: str
) -> None:
    def ask_engine(method: str, path: str) -> str:
        request = f"{method} {path} HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\nContent-Length: 0\\r\\n\\r\\n"
        output = run_once(
            cluster_base.manager.client,
            f"exec 3<>/dev/tcp/socket-proxy/2375; printf '{request}' >&3; cat <&3",
            network=f"{cluster_base.clone.prefix}traefik-socket",
        )
        return output.decode()

    listed = ask_engine("GET", "/v1.44/services")
    assert listed.split()[1] == "200"
    assert f"{stem_of(slug_of(branch))}-grafana" in listed
    assert f"{stem_of(slug_of(branch))}-sink" not in listed, "it need not know what it does not route to"
    for path in ("/v1.44/tasks", "/networks"):
        assert ask_engine("GET", path).split()[1] == "200", path
    for method, path in (
        ("GET", "/v1.44/secrets"),
        ("GET", "/v1.44/configs"),
        ("GET", "/v1.44/swarm"),
        ("GET", "/v1.44/nodes"),
        ("POST", "/v1.44/services/create"),
        ("DELETE", "/v1.44/services/x"),
        ("POST", "/v1.44/networks"),
    ):
        assert ask_engine(method, path).split()[1] == "403", f"{method} {path}"


def test_a_changed_dashboard_starts_grafana_anew_and_nothing_else(cluster_base: ClusterBase, branch: str) -> None:
    before = tasks(cluster_base, branch)
    dashboard = cluster_base.clone.path / "config/grafana/dashboards/preview.json"
    text = dashboard.read_text(encoding="utf-8")
    changed = {**json.loads(text), "title": "Changed on a cluster"}
    try:
        dashboard.write_text(json.dumps(changed, indent=2), encoding="utf-8")
        ok(up(cluster_base.clone, branch))
    finally:
        dashboard.write_text(text, encoding="utf-8")
    after = tasks(cluster_base, branch)
    assert {key for key in after if after[key] != before[key]} == {"grafana"}
    # On a Swarm the reverse proxy looks every two seconds where Grafana is.
    path = "/api/search?query=Changed"
    wait_for("the reverse proxy to find Grafana", lambda: ask(cluster_base, branch, path).status_code == 200, 10)
    assert [row["title"] for row in ask(cluster_base, branch, path).json()] == ["Changed on a cluster"]
