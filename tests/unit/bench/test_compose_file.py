"""The Compose file that the previews are measured against asks for the same containers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.compose_file import ComposeArgs, as_yaml, compose_file, secrets_of
from components.hardening import hardened
from components.service_spec import SECRETS_MOUNT, ServiceSpec
from components.services import SERVICES, by_key

INITDB = Path(__file__).resolve().parents[3] / "components/initdb"
EVERY = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.key)


def made(images: dict[str, str] | None = None, *, hastened: bool = False) -> dict[str, Any]:
    return compose_file(
        ComposeArgs(
            slug="x-one",
            edge_network="x-traefik-public",
            host_name="preview-x-one.localhost",
            url="https://preview-x-one.localhost:8443",
            home_dashboard="grafana/dashboards/activity.json",
            folders={"config": Path("/p/config"), "workload": Path("/p/workload"), "initdb": INITDB},
            secrets=Path("/p/secrets"),
            images=images or {},
            hastened=hastened,
        )
    )


def written() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(as_yaml(made()))
    return content


def test_it_has_exactly_the_services_of_a_preview() -> None:
    assert list(written()["services"]) == [service.key for service in SERVICES]


@EVERY
def test_a_service_has_the_declared_image_and_limits(service: ServiceSpec) -> None:
    content = written()["services"][service.key]
    assert content["image"] == service.image
    assert content["mem_limit"] == content["memswap_limit"] == f"{service.memory_mib}m"
    assert float(content["cpus"]) == float(service.cpus)
    assert content["stop_grace_period"] == f"{service.stop_grace_seconds}s"


@EVERY
def test_a_hastened_service_has_a_processor_to_start_with_where_a_preview_gives_it_one(service: ServiceSpec) -> None:
    plain, hastened = made()["services"][service.key], made(hastened=True)["services"][service.key]
    assert float(hastened.pop("cpus")) == (1 if service.health else float(service.cpus))
    assert float(plain.pop("cpus")) == float(service.cpus)
    assert plain == hastened


@EVERY
def test_a_service_has_the_declared_health_check(service: ServiceSpec) -> None:
    content = made()["services"][service.key].get("healthcheck")
    if service.health is None:
        assert content is None
        return
    declared = hardened(labels={}, memory_mib=1, cpus="1", health=service.health)["healthcheck"]
    assert declared is not None
    assert content == {
        "test": declared.tests,
        "start_interval": declared.start_interval,
        "interval": declared.interval,
        "timeout": declared.timeout,
        "retries": declared.retries,
        "start_period": declared.start_period,
    }


@EVERY
def test_a_service_is_hardened(service: ServiceSpec) -> None:
    content = written()["services"][service.key]
    assert content["read_only"] is True
    assert content["cap_drop"] == ["ALL"]
    assert content["security_opt"] == ["no-new-privileges"]
    assert content["ulimits"]["nproc"]["hard"] > 0
    assert "ports" not in content
    assert content["tmpfs"] == [f"{path}:{options}" for path, options in service.tmpfs.items()]


@EVERY
def test_a_secret_is_a_file_and_never_in_the_environment(service: ServiceSpec) -> None:
    content = written()["services"][service.key]
    for name, value in content.get("environment", {}).items():
        if any(word in name for word in ("PASSWORD", "PGPASS", "SECRET")):
            assert value.startswith(f"{SECRETS_MOUNT}/"), name
    sources = [volume["source"] for volume in content["volumes"] if volume["target"] == SECRETS_MOUNT]
    assert sources == ([f"/p/secrets/{service.key}"] if secrets_of(service, INITDB) else [])
    assert all(volume["read_only"] for volume in content["volumes"] if volume["type"] == "bind")


def test_only_grafana_is_on_the_edge_network() -> None:
    content = written()
    assert content["networks"]["preview"] == {"internal": True}
    assert content["networks"]["edge"] == {"name": "x-traefik-public", "external": True}
    assert [key for key, one in content["services"].items() if "edge" in one["networks"]] == ["grafana"]


@pytest.mark.parametrize("key", ["sink", "target"])
def test_a_database_is_initialised_by_its_image(key: str) -> None:
    content = written()["services"][key]
    assert {
        "type": "bind",
        "source": str(INITDB / key),
        "target": "/docker-entrypoint-initdb.d",
        "read_only": True,
    } in (content["volumes"])
    assert content["environment"]["POSTGRES_PASSWORD_FILE"] == f"{SECRETS_MOUNT}/{key}_postgres"
    check = content["healthcheck"]["test"]
    assert check[check.index("-d") + 1] == content["environment"]["POSTGRES_DB"]
    assert f"{key}_postgres" in secrets_of(by_key()[key], INITDB)


def test_another_image_takes_the_place_of_the_declared_one() -> None:
    assert made({"grafana": "grafana/grafana:other"})["services"]["grafana"]["image"] == "grafana/grafana:other"


def test_a_dollar_sign_is_not_taken_for_a_variable() -> None:
    assert yaml.safe_load(as_yaml({"command": ["echo $HOME"]})) == {"command": ["echo $$HOME"]}
