"""Small directories after what people have reported of such systems, each taken or refused as it should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from stacks.configuration import ConfigurationError, gather, home_of
from tests.equipment.foreign import CASES, FOREIGN, require
from tests.unit.configuration.trees import DEFAULT, accepted, read

SOURCES = "pgwatch-prometheus/sources.yml"
PROVIDERS = "grafana/provisioning/dashboards/dashboards.yml"

REFUSED = {
    "conn_str-with-port-variable": ("sources.yml, line 2: ", "its port is not a number"),
    "conn_str-with-bracket": ("sources.yml, line 2: ", "it is not a URL"),
    "provider-without-options": ("dashboards.yml, line 5: ", "providers.0.options must be a mapping"),
    "lone-dash": ("extra.yml, line 3: ", "datasources.0 must be a mapping"),
    "two-documents": ("more.yml, line 2: ", "Grafana reads one document a file"),
    "same-uid-twice": ("two.json: has the uid 'case-twin' of ", "one.json"),
    "export-wrapper": ("export.json: is an API export", 'take out "meta"'),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_case_that_no_preview_can_show_is_refused_with_file_and_reason(name: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        gather(require(CASES / name), DEFAULT)
    for part in REFUSED[name]:
        assert part in str(error.value)


@pytest.mark.parametrize("name", ["conn_str-with-bracket", "conn_str-with-port-variable"])
def test_a_refused_connection_string_is_not_repeated(name: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        gather(require(CASES / name), DEFAULT)
    assert "a[b" not in str(error.value)
    assert "not-a-secret" not in str(error.value)


@pytest.mark.parametrize("name", ["conn_str-keyword-form", "yaml-not-yml"])
def test_every_form_of_sources_gets_the_previews_own_credentials(name: str, tmp_path: Path) -> None:
    found, directory = accepted(require(CASES / name), tmp_path)
    (source,) = read(directory, SOURCES)
    assert source["conn_str"] == "postgresql://pgwatch@target-db:5432/target_database"
    assert f"{SOURCES}: given the preview's own credentials and paths" in found.notes


def test_only_comments_are_as_good_as_no_file(tmp_path: Path) -> None:
    found, directory = accepted(require(CASES / "only-comments"), tmp_path)
    assert "grafana/provisioning/datasources/extra.yml: says nothing, left out" in found.notes
    assert [path.name for path in (directory / "grafana/provisioning/datasources").iterdir()] == ["datasources.yml"]


def test_two_providers_show_a_folder_each(tmp_path: Path) -> None:
    _, directory = accepted(require(CASES / "two-providers"), tmp_path)
    providers = read(directory, PROVIDERS)["providers"]
    mounted = "/postgres_ai_configs/grafana/dashboards"
    assert {row["folder"]: row["options"]["path"] for row in providers} == {
        "Databases": f"{mounted}/databases",
        "Machines": f"{mounted}/machines",
    }
    assert (directory / "grafana/dashboards/databases/d.json").is_file()
    assert (directory / "grafana/dashboards/machines/m.json").is_file()


def test_dashboards_beside_their_provider_are_shown_alone(tmp_path: Path) -> None:
    _, directory = accepted(require(CASES / "dashboards-beside-provider"), tmp_path)
    (provider,) = read(directory, PROVIDERS)["providers"]
    assert provider["options"]["path"] == "/postgres_ai_configs/grafana/provisioning/dashboards"
    assert [path.name for path in directory.rglob("*.json")] == ["beside.json"]
    assert home_of(directory) == "grafana/provisioning/dashboards/beside.json"


def test_leading_zeros_stay(tmp_path: Path) -> None:
    _, directory = accepted(require(CASES / "leading-zeros"), tmp_path)
    (row,) = read(directory, "grafana/provisioning/datasources/zeros.yml")["datasources"]
    assert (row["basicAuthUser"], row["secureJsonData"]["basicAuthPassword"]) == ("0042", "00123456")


def test_a_dashboard_with_a_byte_order_mark_is_shown_without_it(tmp_path: Path) -> None:
    found, directory = accepted(require(CASES / "byte-order-mark"), tmp_path)
    assert (directory / "grafana/dashboards/bom.json").read_bytes().startswith(b'{"uid": "case-bom"')
    assert any("byte-order mark" in note for note in found.notes)


def test_what_a_preview_does_not_use_is_named(tmp_path: Path) -> None:
    found, _ = accepted(require(CASES / "alerting-and-targets"), tmp_path)
    unused = "grafana/provisioning/alerting/rules.yml, prometheus/targets/more.json"
    assert f"not used by a preview, left out: {unused}" in found.notes


def test_every_case_has_an_answer_here() -> None:
    known = {
        *REFUSED, "conn_str-keyword-form", "yaml-not-yml", "only-comments", "two-providers", "leading-zeros",
        "dashboards-beside-provider", "byte-order-mark", "alerting-and-targets",
    }  # fmt: skip
    assert {path.name for path in require(CASES).iterdir()} <= known


def test_the_products_tree_is_taken_as_it_is_checked_out(tmp_path: Path) -> None:
    _, directory = accepted(require(FOREIGN), tmp_path)
    (source,) = read(directory, SOURCES)
    assert source["preset_metrics"] == "full"
    assert source["custom_tags"] == {"cluster": "local", "node_name": "node-01", "env": "demo"}
    own = [read(require(FOREIGN), f"{folder}/metrics.yml") for folder in ("pgwatch-postgres", "pgwatch-prometheus")]
    merged = read(directory, "pgwatch-prometheus/metrics.yml")
    assert merged["metrics"] == {**own[0]["metrics"], **own[1]["metrics"]}
    intervals = {**own[0]["presets"]["full"]["metrics"], **own[1]["presets"]["full"]["metrics"]}
    soon = {metric: str(min(int(seconds), 120)) for metric, seconds in intervals.items()}
    assert merged["presets"]["full"]["metrics"] == soon
    assert (directory / "grafana/provisioning/grafana.ini").is_file()
    assert home_of(directory) == "grafana/dashboards/Dashboard_1_Node_performance_overview.json"
    (sink, *_) = read(directory, "grafana/provisioning/datasources/datasources.yml")["datasources"]
    assert (sink["user"], sink["secureJsonData"]["password"]) == ("grafana", "$__file{/run/secrets/sink_grafana}")
