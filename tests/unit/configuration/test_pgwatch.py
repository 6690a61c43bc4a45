"""pgwatch's files: sources get the preview's own credentials, metrics become one file, and what is wrong is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from stacks.configuration.connection import UnusableConnectionError, with_own_credentials
from tests.unit.configuration.trees import accepted, read, refused, tree

SOURCES = "pgwatch-prometheus/sources.yml"
METRICS = "pgwatch-prometheus/metrics.yml"
SINK_METRICS = "pgwatch-postgres/metrics.yml"
OWN = "postgresql://pgwatch@target-db:5432/target_database"


def source(**values: str) -> str:
    row = {"name": "x", "conn_str": OWN, "preset_metrics": "preview", "is_enabled": "true", **values}
    return "- {" + ", ".join(f"{key}: {value}" for key, value in row.items()) + "}\n"


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("postgresql://u:p@target-db:5432/target_database", OWN),
        ("postgres://target-db", OWN),
        ("postgres://u:p%40%2F@target-db/target_database?password=q&user=w&sslmode=require", OWN),
        ("postgres://u@elsewhere/target_database?host=target-db", OWN),
        ("host=target-db port=5432 user=u password='a b' dbname=target_database", OWN),
        ("  host = target-db  password='it\\'s'  ", OWN),
        ("postgresql://u:p@target-db:5432/a%20b?application_name=x", f"{OWN[:35]}/a%20b?application_name=x"),
        ("host=target-db dbname=postgres sslmode=disable", f"{OWN[:35]}/postgres?sslmode=disable"),
        ("host=sink-postgres", "postgresql://pgwatch@sink-postgres:5432/measurements"),
        ("postgresql://u:p@db.example:6432/any", None),
        ("postgresql://u:p@[::1]:6432/any", None),
        ("postgresql://u:p@one,two:6432/any", None),
        ("dbname=any", None),
    ],
)
def test_the_previews_databases_are_monitored_with_its_own_credentials(text: str, own: str | None) -> None:
    assert with_own_credentials(text) == own


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u:se[cret@target-db/x",
        "postgresql://u:se/cret@target-db/x",
        "postgresql://u:secret@target-db:$PORT/x",
        "postgresql://u:secret@target-db:0/x",
        "postgresql://u:secret@target-db:99999999999/x",
        "postgresql://u:secret@target-db/x?sslmode",
        "postgresql://u:secret@a:b:c/x",
        "secret",
        "$SECRET",
        "host=target-db secret",
        "host='target-db secret",
        "password=secret\x07",
        "mysql://secret@target-db/x",
        " ",
    ],
)
def test_what_is_no_connection_string_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(UnusableConnectionError) as error:
        with_own_credentials(text)
    assert "cret" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (source() + source(), 2, "has two sources named 'x'"),
        (source(kind="mysql"), 1, "the kind must be one of postgres, "),
        (source(is_enabled="maybe"), 1, "0.is_enabled must be true or false"),
        (source(custom_tags="[a]"), 1, "0.custom_tags must be a mapping"),
        (source(custom_metrics="{a: often}"), 1, "0.custom_metrics.a must be a number"),
        (source(preset_metrics="other"), 1, "with the preset 'other', which"),
        (source(preset_metrics_standby="other"), 1, "with the preset 'other', which"),
        (source(name="''"), 1, "0.name must not be empty"),
        ("a: b", 1, "must be a list of sources"),
        ("- x", 1, "must be a list of sources"),
    ],
)
def test_sources_that_pgwatch_would_not_take_are_refused(tmp_path: Path, text: str, line: int, reason: str) -> None:
    message = refused(tree(tmp_path, {SOURCES: text}))
    assert message.startswith(f"{tmp_path / SOURCES}, line {line}: ")
    assert reason in message


def test_another_host_is_passed_on_with_a_note(tmp_path: Path) -> None:
    text = source(conn_str="postgresql://u:p@db.example/any")
    found, directory = accepted(tree(tmp_path / "branch", {SOURCES: text}), tmp_path / "written")
    assert (directory / SOURCES).read_text(encoding="utf-8") == text
    assert any("source 'x' is none of the preview's databases" in note for note in found.notes)
    assert not any("u:p@" in note for note in found.notes)


def test_sources_of_which_none_is_enabled_are_said(tmp_path: Path) -> None:
    found, _ = accepted(tree(tmp_path / "branch", {SOURCES: source(is_enabled="no")}), tmp_path / "written")
    assert f"{SOURCES}: no source says is_enabled: true, so nothing is monitored" in found.notes


def test_a_file_under_both_of_its_names_is_refused(tmp_path: Path) -> None:
    files = {SOURCES: source(), "pgwatch-prometheus/sources.yaml": source()}
    assert "is there as sources.yaml too: keep one of them" in refused(tree(tmp_path, files))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("metrics: {a: {sqls: {new: select 1}}}", "metrics.a.sqls.new must be a whole number"),
        ("metrics: {a: {sqls: [select 1]}}", "metrics.a.sqls must be a mapping"),
        ("metrics: {a: {gauges: all}}", "metrics.a.gauges must be a list"),
        ("metrics: {a: {is_instance_level: maybe}}", "metrics.a.is_instance_level must be true or false"),
        ("metrics: [a]", "metrics must be a mapping"),
        ("presets: {p: {metrics: {a: often}}}", "presets.p.metrics.a must be a number"),
        ("presets: {p: {metrics: [a]}}", "presets.p.metrics must be a mapping"),
    ],
)
def test_metrics_that_pgwatch_would_not_take_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    assert f"{tmp_path / METRICS}, line 1: {reason}" in refused(tree(tmp_path, {METRICS: text}))


def test_the_presets_of_both_instances_are_taken_together(tmp_path: Path) -> None:
    files = {
        METRICS: "metrics: {a: {sqls: {11: x}}, c: {sqls: {11: x}}}\npresets: {full: {metrics: {a: 30, c: 1e1}}}",
        SINK_METRICS: "metrics: {b: {sqls: {11: y}}, c: {sqls: {11: x}}}\npresets: {full: {metrics: {b: 60}}}",
    }
    _, directory = accepted(tree(tmp_path / "branch", files), tmp_path / "written")
    merged = read(directory, METRICS)
    assert merged["presets"] == {"full": {"metrics": {"a": "30", "b": "60", "c": "1e1"}}}
    assert set(merged["metrics"]) == {"a", "b", "c"}
    (made,) = read(directory, SOURCES)
    assert (made["conn_str"], made["preset_metrics"], made["is_enabled"]) == (OWN, "full", "true")


def test_a_metric_that_both_instances_define_differently_is_refused(tmp_path: Path) -> None:
    files = {METRICS: "metrics: {a: {sqls: {11: x}}}", SINK_METRICS: "metrics: {a: {sqls: {11: y}}}"}
    assert f"{METRICS} and {SINK_METRICS} both define 'a' in metrics" in refused(tree(tmp_path, files))


def test_metrics_without_a_preset_are_all_collected(tmp_path: Path) -> None:
    branch = tree(tmp_path / "branch", {METRICS: "metrics: {a: {sqls: {11: select 1}}}"})
    _, directory = accepted(branch, tmp_path / "written")
    assert read(directory, SOURCES)[0]["custom_metrics"] == {"a": "60"}


def test_a_preset_that_names_what_no_file_defines_is_said(tmp_path: Path) -> None:
    files = {METRICS: "metrics: {a: {}}\npresets: {p: {metrics: {a: 1, b: 1}}}"}
    found, _ = accepted(tree(tmp_path / "branch", files), tmp_path / "written")
    assert f"{METRICS}: the preset 'p' names what no file defines, so it is not collected: b" in found.notes


def test_what_is_collected_once_in_hours_is_shown_by_a_young_preview_too(tmp_path: Path) -> None:
    metrics = {"a": {"sqls": {11: "select 1::int8 as x"}}, "b": {"sqls": {11: "select 1::int8 as x"}}}
    preset = {"preview": {"metrics": {"a": 7200, "b": 30}}}
    files = {METRICS: {"metrics": metrics, "presets": preset}, SOURCES: source()}
    found, made = accepted(tree(tmp_path / "branch", files), tmp_path / "made")
    assert read(made, METRICS)["presets"]["preview"]["metrics"] == {"a": "120", "b": "30"}
    assert f"{METRICS}: collected every 120 s, since a preview is young: a" in found.notes
