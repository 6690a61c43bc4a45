"""The table of the seven containers."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.services import SERVICES, by_key

TABLE = {
    "grafana": ("grafana/grafana:12.0.2", 256, "0.25"),
    "victoriametrics": ("victoriametrics/victoria-metrics:v1.105.0", 768, "0.40"),
    "pgwatch": ("cybertecpostgresql/pgwatch:3.7.0", 512, "0.50"),
    "sink": ("postgres:15", 512, "0.20"),
    "target": ("postgres:15", 512, "0.30"),
    "workload": ("postgres:15", 128, "0.15"),
    "backend": ("postgresai/monitoring-flask-backend:0.14.0", 128, "0.10"),
}


@pytest.mark.parametrize("key", sorted(TABLE))
def test_a_service_has_the_image_and_limits_of_the_table(key: str) -> None:
    service = by_key()[key]
    assert (service.image, service.memory_mib, service.cpus) == TABLE[key]


def test_there_are_exactly_the_seven_services() -> None:
    assert {service.key for service in SERVICES} == set(TABLE)


def test_a_preview_asks_for_as_much_as_the_machine_was_sized_for() -> None:
    assert sum(float(service.cpus) for service in SERVICES) == pytest.approx(1.9)
    assert sum(service.memory_mib for service in SERVICES) / 1024 == pytest.approx(2.75)


def test_the_names_that_a_branchs_files_expect_are_on_the_network() -> None:
    expected = {"target-db", "sink-postgres", "sink-prometheus", "pgwatch-prometheus", "monitoring_flask_backend"}
    assert expected <= {alias for service in SERVICES for alias in service.aliases}


def test_every_service_but_the_workload_has_a_health_check() -> None:
    assert {service.key for service in SERVICES if service.health is None} == {"workload"}


def test_the_workload_may_finish_its_pattern_before_it_is_killed() -> None:
    assert by_key()["workload"].stop_grace_seconds == 60


def test_victoriametrics_keeps_three_days_on_port_9090() -> None:
    command = by_key()["victoriametrics"].command
    assert "-retentionPeriod=72h" in command
    assert "-httpListenAddr=:9090" in command


def test_pgwatch_writes_to_both_sinks() -> None:
    sinks = {argument for argument in by_key()["pgwatch"].command if argument.startswith("--sink=")}
    assert sinks == {
        "--sink=postgresql://pgwatch@sink-postgres:5432/measurements",
        "--sink=prometheus://0.0.0.0:9091/pgwatch",
    }


def test_only_grafana_is_public() -> None:
    assert [service.key for service in SERVICES if service.public] == ["grafana"]


@pytest.mark.parametrize(("key", "folder"), [("sink", "sink-postgres"), ("target", "target-db")])
def test_a_database_runs_the_branchs_sql_before_the_previews_roles(key: str, folder: str) -> None:
    mounts = by_key()[key].mounts
    scripts = Path(__file__).resolve().parents[2] / "components" / next(iter(mounts))
    first, second, *_ = sorted(scripts.iterdir())
    assert f"{mounts['config']}/{folder}/*.sql" in first.read_text(encoding="utf-8")
    assert second.name == "10-roles.sql"


def test_the_sinks_health_check_holds_what_viewers_could_lift() -> None:
    sink = by_key()["sink"]
    assert sink.health
    assert sink.health.test[-1] == "/docker-entrypoint-initdb.d/30-hold.sql"
    assert sink.health.rest_seconds <= 10


def test_victoriametrics_answers_what_changes_it_to_nobody_and_takes_only_what_it_scrapes() -> None:
    service = by_key()["victoriametrics"]
    (key,) = service.secrets
    assert len([part for part in service.command if part.endswith(f"AuthKey=file:///run/secrets/{key}")]) == 8
    assert "-maxConcurrentInserts=0" in service.command
