"""Secrets and the engine's socket stay where they belong."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

import pytest

from components.hardening import PROCESSES_OF_A_CONTAINER
from components.services import SECRETS
from stacks.names import slug_of, stack_of
from tests.engine.world import World
from tests.equipment.docker import run_once, services
from tests.equipment.state import passwords, unpacked

pytestmark = pytest.mark.engine


def test_no_secret_is_in_the_state_inspect_labels_arguments_or_logs(world: World, engine: Any) -> None:
    secrets = passwords(world.clone, world.first)
    assert len(secrets) == len(SECRETS)
    assert all(len(password) == 32 for password in secrets.values())
    slug = slug_of(world.first)
    kept = [path for kind in ("*.json", "*.gz", "*.bak") for path in world.clone.data.rglob(kind)]
    texts = {f"state {path.name}": unpacked(path.read_bytes()).decode("utf-8", "replace") for path in kept}
    (state,) = [text for name, text in texts.items() if name == f"state {stack_of(slug)}.json.gz"]
    assert '"ciphertext"' in state, "the state of the preview is among what is searched, and can be read"
    containers = engine.containers.list(all=True, ignore_removed=True, filters={"label": f"pgai.preview.slug={slug}"})
    assert len(containers) == 10
    for container in containers:
        texts[f"inspect {container.name}"] = json.dumps(container.attrs)
        texts[f"log {container.name}"] = container.logs().decode("utf-8", "replace")
        if container.status == "running":
            texts[f"arguments {container.name}"] = json.dumps(container.top(ps_args="-eo pid,args"))
    texts["what the commands printed"] = "\n".join(world.clone.transcript[:2])
    for where, text in texts.items():
        for name, password in secrets.items():
            assert password not in text, f"{name} is in {where}"


def test_the_check_for_secrets_would_find_one(world: World, engine: Any) -> None:
    """The search above means something: the passwords are in use."""
    secrets = passwords(world.clone, world.first)
    target = services(engine, world.first)["target"]
    read = target.exec_run(["cat", "/run/secrets/target_workload"]).output.decode()
    assert read in secrets.values()


def test_a_service_cannot_change_its_secrets_nor_see_those_of_others(world: World, engine: Any) -> None:
    workload = services(engine, world.first)["workload"]
    listed = workload.exec_run(["ls", "/run/secrets"]).output.decode().split()
    assert listed == ["target_workload"]
    assert workload.exec_run(["touch", "/run/secrets/x"]).exit_code != 0


# Starts processes that wait for somebody to write, and fails where it can start no more.
_START = (
    "mkfifo /tmp/held; i=0; while [ $i -lt {} ]; do (read -r _ </tmp/held; exit 0) >/dev/null 2>&1 & i=$((i + 1)); done"
)
# All have begun to read by then.
_END = "exec 3<>/tmp/held; sleep 1; exec 3>&-; rm /tmp/held"


def test_a_container_that_starts_all_the_processes_it_can_keeps_no_other_preview_from_starting_its_own(
    world: World, engine: Any
) -> None:
    def limit(processes: int) -> None:
        subprocess.run(
            ["docker", "update", f"--pids-limit={processes}", full.name], check=True, capture_output=True, timeout=60
        )

    for container in services(engine, world.first).values():
        assert container.attrs["HostConfig"]["PidsLimit"] == PROCESSES_OF_A_CONTAINER, container.name
    # Of one user, on one machine.
    full, other = (services(engine, branch)["sink"] for branch in (world.first, world.second))
    try:
        said = full.exec_run(["sh", "-c", _START.format(PROCESSES_OF_A_CONTAINER)])
        assert (said.exit_code, b"fork" in said.output) == (2, True), said.output
        elsewhere = other.exec_run(["sh", "-c", f"{_START.format(100)}; {_END}"])
        assert elsewhere.exit_code == 0, elsewhere.output
    finally:
        limit(-1)
        assert full.exec_run(["sh", "-c", _END]).exit_code == 0
        limit(PROCESSES_OF_A_CONTAINER)


def test_the_socket_proxy_answers_what_traefik_asks_and_refuses_everything_else(world: World, engine: Any) -> None:
    def ask(method: str, path: str) -> str:
        request = f"{method} {path} HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\nContent-Length: 0\\r\\n\\r\\n"
        output = run_once(
            engine,
            f"exec 3<>/dev/tcp/socket-proxy/2375; printf '{request}' >&3; head -n 1 <&3",
            network=f"{world.clone.prefix}traefik-socket",
        )
        return output.decode().split()[1]

    assert ask("GET", "/v1.44/containers/json") == "200"
    assert ask("GET", "/version") == "200"
    for method, path in (
        ("POST", "/containers/create"),
        ("POST", "/v1.44/containers/create"),
        ("DELETE", "/v1.44/containers/x"),
        ("GET", "/v1.44/images/json"),
        ("GET", "/v1.44/containers/json/../../info"),
        ("GET", "/v1.44/containers/x/archive"),
        ("GET", "/v1.44/secrets"),
    ):
        assert ask(method, path) == "403", f"{method} {path}"


def test_the_reverse_proxy_hears_of_nothing_but_what_it_may_route_to(world: World, engine: Any) -> None:
    edge = f"{world.clone.prefix}traefik-public"

    def answers(path: str) -> list[Any]:
        """JSON values, one a line, that the socket proxy answers in HTTP 1.0, which ends with the connection."""
        request = f"GET {path} HTTP/1.0\\r\\nHost: x\\r\\n\\r\\n"
        said = run_once(
            engine,
            f"exec 3<>/dev/tcp/socket-proxy/2375; printf '{request}' >&3; cat <&3",
            network=f"{world.clone.prefix}traefik-socket",
        ).decode()
        return [json.loads(line) for line in said.partition("\r\n\r\n")[2].splitlines() if line.startswith(("{", "["))]

    (listed,) = answers("/v1.44/containers/json?all=1")
    routed = engine.containers.list(all=True, ignore_removed=True, filters={"label": f"pgai.edge={edge}"})
    assert {row["Id"] for row in listed} == {container.id for container in routed}
    assert len(listed) < len(engine.containers.list(all=True, ignore_removed=True))
    grafana, backend = (services(engine, world.first)[key] for key in ("grafana", "backend"))
    grafana.exec_run(["true"])
    backend.exec_run(["true"])
    heard = answers(f"/v1.44/events?since=1&until={int(time.time()) + 1}")
    assert {row["Actor"]["Attributes"]["pgai.edge"] for row in heard} == {edge}


def test_the_passphrase_of_the_state_is_its_owners_alone(world: World) -> None:
    (passphrase,) = world.clone.data.rglob("passphrase")
    assert passphrase.stat().st_mode & 0o077 == 0
