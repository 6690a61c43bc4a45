"""A branch's own configuration: the PostgresAI layout works unchanged, what is broken is named before anything runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.files import digest_of
from stacks.configuration import Configuration, ConfigurationError, gather, home_of

DEFAULT = Path(__file__).resolve().parents[3] / "config"


@pytest.fixture
def branch(tmp_path: Path) -> Path:
    """A copy of the default configuration."""
    return Path(shutil.copytree(DEFAULT, tmp_path / "branch"))


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """A directory of the product repository's layout: its own credentials, a second metrics file, more beside it."""
    root = tmp_path / "product"
    files: dict[str, Any] = {
        "grafana/provisioning/datasources/datasources.yml": {
            "apiVersion": 1,
            "datasources": [
                {"name": "PGWatch-PostgreSQL", "uid": "P031DD592934B2F1F", "type": "postgres",
                 "url": "sink-postgres:5432", "user": "pgwatch", "database": "measurements",
                 "secureJsonData": {"password": "in-the-repository"}},
                {"name": "PGWatch-Prometheus", "uid": "P7A0D6631BB10B34F", "type": "prometheus",
                 "url": "http://sink-prometheus:9090"},
            ],
        },
        "grafana/provisioning/dashboards/dashboards.yml": {
            "apiVersion": 1,
            "providers": [{"name": "x", "type": "file", "options": {"path": "/var/lib/grafana/dashboards"}}],
        },
        "grafana/provisioning/grafana.ini": "[server]",
        "grafana/dashboards/Dashboard_2 other.json": {"title": "Other", "panels": []},
        "grafana/dashboards/Dashboard_1.json": {"title": "Overview", "panels": []},
        "pgwatch-prometheus/metrics.yml": {
            "metrics": {"a": {"sqls": {11: "select 1"}}}, "presets": {"full": {"metrics": {"a": 30}}},
        },
        "pgwatch-prometheus/more.yaml": {"metrics": {"b": {"sqls": {11: "select 2"}}}},
        "pgwatch-prometheus/sources.yml": [
            {"name": "target-database", "kind": "postgres", "preset_metrics": "full", "custom_tags": {"env": "demo"},
             "conn_str": "postgresql://monitor:in-the-repository@target-db:5432/target_database?sslmode=disable"},
        ],
        "pgwatch-postgres/metrics.yml": {"metrics": {}},
        "scripts/entrypoint.sh": "#!/bin/sh",
    }  # fmt: skip
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        elif path.suffix == ".json":
            path.write_text(json.dumps(content), encoding="utf-8")
        else:
            path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return root


def written(found: Configuration, tmp_path: Path) -> Path:
    destination = tmp_path / "written"
    found.write(destination)
    return destination


def read(directory: Path, name: str) -> Any:
    return yaml.safe_load((directory / name).read_text(encoding="utf-8"))


def test_the_default_configuration_passes_through_unchanged_and_without_a_note(tmp_path: Path) -> None:
    found = gather(DEFAULT, DEFAULT)
    assert found.notes == ()
    assert digest_of({"config": written(found, tmp_path)}) == digest_of({"config": DEFAULT})


def test_the_products_layout_gets_the_previews_own_credentials_and_keeps_all_else(
    product: Path, tmp_path: Path
) -> None:
    directory = written(gather(product, DEFAULT), tmp_path)
    sink, prometheus = read(directory, "grafana/provisioning/datasources/datasources.yml")["datasources"]
    assert (sink["uid"], sink["user"]) == ("P031DD592934B2F1F", "grafana")
    assert sink["secureJsonData"] == {"password": "$__file{/run/secrets/sink_grafana}"}
    assert prometheus["uid"] == "P7A0D6631BB10B34F"
    assert "user" not in prometheus
    (source,) = read(directory, "pgwatch-prometheus/sources.yml")
    assert source["conn_str"] == "postgresql://pgwatch@target-db:5432/target_database?sslmode=disable"
    assert source["custom_tags"] == {"env": "demo"}
    (provider,) = read(directory, "grafana/provisioning/dashboards/dashboards.yml")["providers"]
    assert provider["options"]["path"] == "/postgres_ai_configs/grafana/dashboards"
    everything = "".join(path.read_text(encoding="utf-8") for path in directory.rglob("*") if path.is_file())
    assert "in-the-repository" not in everything


def test_several_metrics_files_become_one(product: Path, tmp_path: Path) -> None:
    directory = written(gather(product, DEFAULT), tmp_path)
    assert set(read(directory, "pgwatch-prometheus/metrics.yml")["metrics"]) == {"a", "b"}
    assert sorted(path.name for path in (directory / "pgwatch-prometheus").iterdir()) == ["metrics.yml", "sources.yml"]


def test_what_is_not_of_the_layout_is_left_out_by_name(product: Path, tmp_path: Path) -> None:
    found = gather(product, DEFAULT)
    directory = written(found, tmp_path)
    assert sorted(path.name for path in directory.iterdir()) == ["grafana", "pgwatch-prometheus", "prometheus"]
    assert "not used by a preview, left out: scripts/" in found.notes


@pytest.mark.parametrize("name", ["target-db/init.sql", "sink-postgres/init.sql"])
def test_sql_for_a_new_database_goes_along_and_is_said_to_run_once(product: Path, tmp_path: Path, name: str) -> None:
    (product / name).parent.mkdir()
    (product / name).write_text("select 1;\n", encoding="utf-8")
    found = gather(product, DEFAULT)
    assert (written(found, tmp_path) / name).read_text(encoding="utf-8") == "select 1;\n"
    assert any(note.startswith(f"{name}: run when the database is initialised") for note in found.notes)


def test_a_script_beside_the_sql_is_left_out_by_name(product: Path, tmp_path: Path) -> None:
    (product / "sink-postgres").mkdir()
    (product / "sink-postgres/hba.sh").write_text("exit 1", encoding="utf-8")
    found = gather(product, DEFAULT)
    assert not (written(found, tmp_path) / "sink-postgres").exists()
    assert "not used by a preview, left out: scripts/, sink-postgres/hba.sh" in found.notes


def test_what_is_lacking_is_taken_from_the_default_with_a_note(product: Path, tmp_path: Path) -> None:
    found = gather(product, DEFAULT)
    assert any(note.startswith("prometheus/prometheus.yml: not in ") for note in found.notes)
    written_file = written(found, tmp_path) / "prometheus/prometheus.yml"
    assert written_file.read_bytes() == (DEFAULT / "prometheus/prometheus.yml").read_bytes()


def test_the_activity_dashboard_opens_first_and_without_it_the_first_by_name(product: Path, tmp_path: Path) -> None:
    assert home_of(DEFAULT) == "grafana/dashboards/activity.json"
    assert home_of(written(gather(product, DEFAULT), tmp_path)) == "grafana/dashboards/Dashboard_1.json"


@pytest.mark.parametrize(
    ("name", "text", "line", "reason"),
    [
        ("grafana/dashboards/activity.json", '{\n"title": "x",\n}', 3, "not valid JSON"),
        ("prometheus/prometheus.yml", "global:\n  a: [1\nb: 2\n", 3, "not valid YAML"),
        ("pgwatch-prometheus/sources.yml", "- name: x\n  conn_str: 'unfinished\n", 3, "not valid YAML"),
    ],
)
def test_a_broken_file_is_named_with_its_line(branch: Path, name: str, text: str, line: int, reason: str) -> None:
    (branch / name).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        gather(branch, DEFAULT)
    assert f"{branch / name}, line {line}: {reason}" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("grafana/dashboards/activity.json", "[]", "must be a mapping, not list"),
        ("grafana/dashboards/activity.json", "{}", "a dashboard must have a title"),
        ("prometheus/prometheus.yml", "just text", "must be a mapping, not str"),
        ("pgwatch-prometheus/sources.yml", "- name: x", "must be a list of sources, each with a conn_str"),
        ("pgwatch-prometheus/metrics.yml", "metrics: {}\npresets: {other: {}}", "the preset 'preview', which"),
    ],
)
def test_a_file_of_the_wrong_shape_is_refused_saying_what_it_must_be(
    branch: Path, name: str, text: str, reason: str
) -> None:
    (branch / name).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=reason):
        gather(branch, DEFAULT)


def test_every_broken_file_is_named_at_once(branch: Path) -> None:
    (branch / "grafana/dashboards/activity.json").write_text("{", encoding="utf-8")
    (branch / "prometheus/prometheus.yml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError) as refused:
        gather(branch, DEFAULT)
    assert len(str(refused.value).splitlines()) == 2


def test_a_metric_that_two_files_define_is_refused_naming_both(product: Path) -> None:
    (product / "pgwatch-prometheus/more.yaml").write_text("metrics: {a: {}}", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"more\.yaml and pgwatch-prometheus/metrics\.yml both define 'a'"):
        gather(product, DEFAULT)


def test_a_directory_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not exist"):
        gather(tmp_path / "nowhere", DEFAULT)
