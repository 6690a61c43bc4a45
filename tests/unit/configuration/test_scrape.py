"""What VictoriaMetrics scrapes: what would end it at its next start is refused now."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.configuration.trees import accepted, refused, tree

SCRAPE = "prometheus/prometheus.yml"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("scrape_configs:\n- job_name: a\n- job_name: a", 3, "has the job_name 'a' twice"),
        ("scrape_configs:\n- metrics_path: /a", 2, "scrape_configs.0.job_name is missing"),
        ("scrape_configs:\n- job_name: ''", 2, "scrape_configs.0.job_name must not be empty"),
        ("scrape_configs:\n  a: b", 2, "scrape_configs must be a list"),
        ("scrape_configs:\n-", 2, "scrape_configs.0 must be a mapping"),
        ("global:\n  scrape_interval: often", 2, "global.scrape_interval must be a duration such as 15s"),
        ("global:\n  scrape_interval: -5s", 2, "global.scrape_interval must be a duration such as 15s"),
        ("global:\n  external_labels: [a]", 2, "global.external_labels must be a mapping"),
        ("scrape_configs:\n- job_name: a\n  scheme: ftp", 3, "scrape_configs.0.scheme must be http or https"),
        ("scrape_configs:\n- job_name: a\n  honor_labels: maybe", 3, "honor_labels must be true or false"),
        ("scrape_configs:\n- job_name: a\n  params: {a: b}", 3, "scrape_configs.0.params.a must be a list"),
        ("scrape_configs:\n- job_name: a\n  static_configs: [a]", 3, "static_configs.0 must be a mapping"),
        ("scrape_configs:\n- job_name: a\n  static_configs: [{targets: a}]", 3, "targets must be a list"),
        ("scrape_configs:\n- job_name: a\n  static_configs: [{targets: [{a: b}]}]", 3, "targets.0 must be text"),
        ("scrape_configs:\n- job_name: a\n  static_configs: [{labels: [a]}]", 3, "labels must be a mapping"),
        ("scrape_configs:\n- job_name: a\n  dns_sd_configs: {}", 3, "dns_sd_configs must be a list of mappings"),
        ("scrape_configs:\n- job_name: a\n  relabel_configs: {}", 3, "relabel_configs must be a list"),
        ("scrape_configs:\n- job_name: a\n  metrics_path: /%{PATH}", 3, "%{PATH} names a variable"),
        ("just text", 1, "must be a mapping, not str"),
        ("[]", 1, "must be a mapping, not list"),
    ],
)
def test_what_victoriametrics_would_not_start_with_is_refused(
    tmp_path: Path, text: str, line: int, reason: str
) -> None:
    message = refused(tree(tmp_path, {SCRAPE: text}))
    assert message.startswith(f"{tmp_path / SCRAPE}, line {line}: ")
    assert reason in message


def test_what_is_written_for_prometheus_is_taken_unchanged(tmp_path: Path) -> None:
    text = (
        "global: {scrape_interval: 1m30s, evaluation_interval: 15s, external_labels: {a: 0042}}\n"
        "rule_files:\n  # - rules.yml\nalerting: {alertmanagers: []}\nstorage: {tsdb: {}}\n"
        "scrape_configs:\n- job_name: a\n  scrape_interval: 1.5m\n  scheme: https\n  honor_labels: true\n"
        "  static_configs: [{targets: ['a:1'], labels: {n: 1}}, {targets: null}]\n"
        "  params: {m: [a, 1]}\n  file_sd_configs: [{files: [targets/*.json]}]\n"
        "  relabel_configs: [{source_labels: [a], regex: (.+), target_label: b, action: replace}]\n"
    )
    _, directory = accepted(tree(tmp_path / "branch", {SCRAPE: text}), tmp_path / "written")
    assert (directory / SCRAPE).read_text(encoding="utf-8") == text


def test_targets_that_a_preview_does_not_have_are_said(tmp_path: Path) -> None:
    text = "scrape_configs: [{job_name: a, static_configs: [{targets: ['pgwatch-prometheus:9091', 'cadvisor:8080']}]}]"
    found, _ = accepted(tree(tmp_path / "branch", {SCRAPE: text}), tmp_path / "written")
    assert f"{SCRAPE}: a preview does not have cadvisor:8080" in found.notes


def test_the_other_ending_is_taken_under_the_name_that_is_read(tmp_path: Path) -> None:
    branch = tree(tmp_path / "branch", {"prometheus/prometheus.yaml": "scrape_configs: []"})
    _, directory = accepted(branch, tmp_path / "written")
    assert (directory / SCRAPE).read_text(encoding="utf-8") == "scrape_configs: []"
