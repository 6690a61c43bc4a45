"""Data sources, scrape jobs, pgwatch's sources and metrics fit each other and the services of a preview."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.equipment.monitoring import CONFIG, DASHBOARDS, columns, dashboards, metrics, read_yaml

MOUNT = "/postgres_ai_configs"
FILES = sorted(path for path in CONFIG.rglob("*") if path.is_file())
SERVICES = {"grafana": 3000, "sink-prometheus": 9090, "pgwatch-prometheus": 9091, "monitoring_flask_backend": 8000}

every_file = pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(CONFIG)) for path in FILES])
every_metric = pytest.mark.parametrize(("name", "metric"), metrics().items(), ids=metrics())


def presets() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = read_yaml("pgwatch-prometheus", "metrics.yml")["presets"]
    return found


@every_file
def test_a_file_parses(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert path.suffix in (".yml", ".json")
    assert json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)


@every_file
def test_a_file_holds_no_password(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for value in re.findall(r"(?i)(?:password|passwd|secret|token)\"?\s*[:=]\s*(\S+)", text):
        assert value.startswith("$__file{/run/secrets/"), value
    for url in re.findall(r"\w+://[^\s\"']+", text):
        assert urlsplit(url).password is None, url


def test_the_data_sources_are_those_of_the_compatible_layout() -> None:
    sources = read_yaml("grafana", "provisioning", "datasources", "datasources.yml")["datasources"]
    seen = {source["uid"]: (source["name"], source["type"], source["url"]) for source in sources}
    assert seen == {
        "P7A0D6631BB10B34F": ("PGWatch-Prometheus", "prometheus", "http://sink-prometheus:9090"),
        "P031DD592934B2F1F": ("PGWatch-PostgreSQL", "postgres", "sink-postgres:5432"),
    }
    assert [source["name"] for source in sources if source.get("isDefault")] == ["PGWatch-Prometheus"]


def test_the_sink_is_read_with_the_read_only_role_and_a_password_file() -> None:
    sources = read_yaml("grafana", "provisioning", "datasources", "datasources.yml")["datasources"]
    sink = next(source for source in sources if source["type"] == "postgres")
    assert sink["user"] == "grafana"
    assert sink["jsonData"]["database"] == "measurements"
    assert sink["secureJsonData"] == {"password": "$__file{/run/secrets/sink_grafana}"}


def test_the_dashboards_are_provisioned_from_the_mounted_directory() -> None:
    providers = read_yaml("grafana", "provisioning", "dashboards", "dashboards.yml")["providers"]
    paths = [provider["options"]["path"] for provider in providers]
    assert paths == [f"{MOUNT}/{DASHBOARDS.relative_to(CONFIG)}"]
    assert all(provider["updateIntervalSeconds"] == 10 for provider in providers)


def test_no_folder_has_the_uid_of_a_dashboard() -> None:
    """Grafana keeps both in one table, and does not save a dashboard whose uid is taken."""
    providers = read_yaml("grafana", "provisioning", "dashboards", "dashboards.yml")["providers"]
    folders = {provider["folderUid"] for provider in providers}
    assert folders.isdisjoint(dashboard["uid"] for dashboard in dashboards().values())


def test_every_scrape_job_names_a_service_of_a_preview() -> None:
    jobs = read_yaml("prometheus", "prometheus.yml")["scrape_configs"]
    assert [job["job_name"] for job in jobs] == ["pgwatch", "victoriametrics", "grafana", "backend"]
    for job in jobs:
        for group in job["static_configs"]:
            for target in group["targets"]:
                host, port = target.split(":")
                assert SERVICES[host] == int(port)


def test_scraping_is_as_quick_as_collecting() -> None:
    assert read_yaml("prometheus", "prometheus.yml")["global"]["scrape_interval"] == "10s"
    assert min(presets()["preview"]["metrics"].values()) == 10


def test_pgwatch_monitors_the_target_with_the_preset() -> None:
    (source,) = read_yaml("pgwatch-prometheus", "sources.yml")
    assert source["is_enabled"]
    url = urlsplit(source["conn_str"])
    assert (url.username, url.hostname, url.port, url.path) == ("pgwatch", "target-db", 5432, "/target_database")
    assert source["preset_metrics"] in presets()


def test_presets_and_sources_name_only_metrics_that_exist() -> None:
    for preset in presets().values():
        assert preset["description"]
        assert preset["metrics"].keys() <= metrics().keys()
    for source in read_yaml("pgwatch-prometheus", "sources.yml"):
        assert source.get("custom_metrics", {}).keys() <= metrics().keys()


def test_every_metric_is_collected() -> None:
    assert {name for preset in presets().values() for name in preset["metrics"]} == metrics().keys()


@every_metric
def test_a_metric_covers_postgresql_15_and_names_its_columns(name: str, metric: dict[str, Any]) -> None:
    assert metric["description"]
    assert min(metric["sqls"]) <= 15
    for version, sql in metric["sqls"].items():
        assert isinstance(version, int)
        names = columns(sql)
        assert names[0] == "epoch_ns"
        assert len(set(names)) == len(names)
        assert all(re.fullmatch(r"[a-z_]+", column) for column in names)


@every_metric
def test_every_version_of_a_metric_has_the_same_columns(name: str, metric: dict[str, Any]) -> None:
    assert len({tuple(columns(sql)) for sql in metric["sqls"].values()}) == 1


@every_metric
def test_gauges_are_columns(name: str, metric: dict[str, Any]) -> None:
    known = {column for sql in metric["sqls"].values() for column in columns(sql)}
    assert set(metric.get("gauges", [])) <= known | {"*"}
