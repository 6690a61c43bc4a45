"""What a dashboard's variables are when it opens: asked anew, in their order, as Grafana's page does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from operations.verify.interpolation import Variables, interpolate, prometheus
from operations.verify.metadata import Metadata
from operations.verify.sources import sources_of
from operations.verify.variables import resolve
from tests.equipment.fakes.grafana import FakeGrafana
from tests.equipment.foreign import dashboards

SERIES = [
    {"__name__": "up", "job": "pgwatch", "instance": "a:1"},
    {"__name__": "up", "job": "pgwatch", "instance": "b:2"},
    {"__name__": "up", "job": "vm", "instance": "c:3"},
    {"__name__": "tps", "job": "pgwatch", "db": "one"},
]


@pytest.fixture
def grafana(tmp_path: Path) -> FakeGrafana:
    return FakeGrafana(tmp_path, series=SERIES)


def opened(grafana: FakeGrafana, *models: dict[str, Any]) -> Variables:
    return resolve({"templating": {"list": list(models)}}, sources_of(grafana), Metadata(grafana), {})


def asking(query: Any, current: object = "", **more: object) -> dict[str, Any]:
    return {"name": "v", "type": "query", "query": query, "current": {"value": current, "text": current}, **more}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("label_values(job)", ("pgwatch", "vm")),
        ("label_values(up, instance)", ("a:1", "b:2", "c:3")),
        ('label_values(up{job="vm"}, instance)', ("c:3",)),
        ({"qryType": 1, "query": "label_values({}, job)", "refId": "x"}, ("pgwatch", "vm")),
        ("label_names()", ("__name__", "db", "instance", "job")),
        ("label_names(tps)", ("db", "job")),
        ("metrics(^t.*)", ("tps",)),
        ('up{job="vm"}', ('up{job="vm",instance="c:3"}',)),
        ("label_values()", ()),
        ("", ()),
        (None, ()),
        ({"qryType": 1}, ()),
    ],
)
def test_what_is_asked_of_victoriametrics_is_offered(
    grafana: FakeGrafana, query: Any, expected: tuple[str, ...]
) -> None:
    assert opened(grafana, asking(query, "$__all", multi=True, includeAll=True))["v"].values == expected


def test_label_values_are_asked_for_as_the_page_asks(grafana: FakeGrafana) -> None:
    opened(grafana, asking('label_values(up{job="vm"}, instance)'))
    path = grafana.asked[-1][1]
    assert path.startswith("/api/datasources/uid/P7A0D6631BB10B34F/resources/api/v1/label/instance/values?")
    assert "match%5B%5D=up%7Bjob%3D%22vm%22%7D" in path
    assert "start=" in path
    assert "end=" in path


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"data": {"resultType": "scalar", "result": [1700000000, "7"]}}, "7"),
        (
            {"data": {"resultType": "vector", "result": [
                {"metric": {"__name__": "up", "job": "a"}, "value": [1700000000.5, "1"]}
            ]}},
            'up{job="a"} 1 1700000000500',
        ),
        ({"data": None}, ""),
    ],
)  # fmt: skip
def test_the_result_of_a_query_is_offered_as_text(grafana: FakeGrafana, answer: dict[str, Any], text: str) -> None:
    path = "/api/datasources/uid/P7A0D6631BB10B34F/resources/api/v1/query"
    grafana.odd[path] = (200, {"status": "success", **answer})
    assert opened(grafana, asking("query_result(up)"))["v"].value == text


def frame(names: list[str], *columns: list[object]) -> dict[str, Any]:
    return {"frames": [{"schema": {"fields": [{"name": name} for name in names]}, "data": {"values": list(columns)}}]}


def test_sql_is_asked_as_a_table_of_values_or_of_texts_and_values(grafana: FakeGrafana) -> None:
    sink = {"uid": "P031DD592934B2F1F", "type": "postgres"}
    grafana.answer = lambda query: frame(["__value", "__text"], [1, 2], ["one", "two"])
    found = opened(grafana, asking("SELECT 1", "2", datasource=sink))["v"]
    assert (found.value, found.shown) == ("2", "two")
    assert grafana.asked[-1][2]["queries"][0]["format"] == "table"
    grafana.answer = lambda query: frame(["name"], ["a", "b", "a"])
    assert opened(grafana, asking("SELECT 2", "$__all", datasource=sink, includeAll=True))["v"].value == ("a", "b")


@pytest.mark.parametrize(
    ("more", "current", "expected"),
    [
        ({}, "b:2", "b:2"),
        ({}, "gone", "a:1"),
        ({}, "$__all", "a:1"),
        ({"includeAll": True}, "b:2", "b:2"),
        ({"includeAll": True}, "gone", ("a:1", "b:2", "c:3")),
        ({"includeAll": True}, "$__all", ("a:1", "b:2", "c:3")),
        ({"multi": True}, ["b:2", "gone"], ("b:2",)),
        ({"multi": True}, ["gone"], ("a:1",)),
        ({"multi": True}, ["$__all"], ("a:1",)),
        ({"multi": True, "includeAll": True}, ["gone"], ("a:1", "b:2", "c:3")),
        ({"multi": True, "includeAll": True}, ["$__all"], ("a:1", "b:2", "c:3")),
        ({"regex": "/([bc])/", "sort": 2}, "", "c"),
    ],
)
def test_the_files_value_counts_only_where_it_is_offered(
    grafana: FakeGrafana, more: dict[str, Any], current: object, expected: object
) -> None:
    assert opened(grafana, asking("label_values(up, instance)", current, **more))["v"].value == expected


def test_a_value_is_found_by_its_label_too(grafana: FakeGrafana) -> None:
    model = {"name": "v", "type": "custom", "query": "Short : s, Long : l", "current": {"value": "?", "text": "Long"}}
    assert opened(grafana, model)["v"].value == "l"


def test_all_values_may_have_a_text_of_their_own(grafana: FakeGrafana) -> None:
    known = opened(grafana, asking("label_values(up, instance)", "$__all", includeAll=True, allValue=".+"))
    assert interpolate('up{i=~"$v"}', known, prometheus) == 'up{i=~".+"}'


def test_later_variables_use_earlier_ones(grafana: FakeGrafana) -> None:
    known = opened(
        grafana,
        {**asking("label_values(job)", "vm"), "name": "job"},
        asking('label_values(up{job="$job"}, instance)', "a:1"),
        {**asking("label_values(up, instance)", regex="/^${v:regex}$/"), "name": "same"},
    )
    assert [known[name].value for name in ("job", "v", "same")] == ["vm", "c:3", "c:3"]


def test_a_variable_without_values_says_so(grafana: FakeGrafana) -> None:
    known = opened(
        grafana,
        {**asking("label_values(gone, x)", "stored"), "name": "one"},
        {**asking("label_values(gone, x)", ["$__all"], multi=True, includeAll=True), "name": "several"},
        {**asking("label_values(gone, x)", "$__all", includeAll=True, allValue=".*"), "name": "anything"},
    )
    assert {name: known[name].problem for name in known} == {
        "one": "variable one has no values", "several": "variable several has no values", "anything": "",
    }  # fmt: skip
    assert known["one"].value == ""


def test_a_variable_that_cannot_be_asked_keeps_the_files_value_and_says_why(grafana: FakeGrafana) -> None:
    grafana.answer = lambda query: {"error": 'relation "x" does not exist'}
    sink = {"uid": "P031DD592934B2F1F", "type": "postgres"}
    found = opened(grafana, asking("SELECT x FROM x", "stored", datasource=sink))["v"]
    assert (found.value, found.problem) == ("stored", 'variable v: relation "x" does not exist')
    found = opened(grafana, asking("label_values(job)", "stored", regex="/(/"))["v"]
    assert "not a valid regular expression" in found.problem
    gone = opened(grafana, asking("label_values(job)", datasource={"uid": "gone", "type": "prometheus"}))["v"]
    assert gone.problem == "variable v: data source 'gone' does not exist"


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({"type": "constant", "query": "seven"}, "seven"),
        ({"type": "textbox", "query": "seven", "current": {"value": ""}}, "seven"),
        ({"type": "textbox", "query": "seven", "current": {"value": "eight"}}, "eight"),
        ({"type": "interval", "query": "1m,10m", "current": {"value": "10m"}}, "10m"),
        ({"type": "interval", "query": "1m,10m", "current": {"value": "7m"}}, "1m"),
        ({"type": "interval", "query": "1m", "auto": True, "auto_count": 10, "current": {"value": "$__auto"}}, "2m"),
        (
            {"type": "interval", "query": "1m", "auto": True, "auto_count": 1000, "auto_min": "10s",
             "current": {"value": "$__auto_interval_v"}},
            "10s",
        ),
        ({"type": "datasource", "query": "prometheus"}, "P7A0D6631BB10B34F"),
        ({"type": "datasource", "query": "postgres", "regex": "/^Postgre/"}, "P031DD592934B2F1F"),
        ({"type": "datasource", "query": "loki"}, ""),
    ],
)  # fmt: skip
def test_every_other_type_has_a_value(grafana: FakeGrafana, model: dict[str, Any], expected: str) -> None:
    assert opened(grafana, {"name": "v", **model})["v"].value == expected


def test_an_ad_hoc_filter_stands_for_nothing(grafana: FakeGrafana) -> None:
    assert opened(grafana, {"name": "v", "type": "adhoc"}) == {}


def test_the_same_question_is_asked_once(grafana: FakeGrafana) -> None:
    opened(grafana, *({**asking("label_values(job)"), "name": name} for name in "abc"))
    assert len([path for _, path, _ in grafana.asked if "/label/job/" in path]) == 1


@pytest.mark.parametrize("dashboard", dashboards().values(), ids=dashboards())
def test_every_dashboards_variables_get_values_that_there_are_and_no_stored_one(
    tmp_path: Path, dashboard: dict[str, Any]
) -> None:
    models = [model for model in dashboard.get("templating", {}).get("list", []) if model["type"] == "query"]
    labels = [model["query"]["query"].rpartition(",")[2].strip(" )") for model in models]
    metrics = {model["query"]["query"].partition("(")[2].partition(",")[0].partition("{")[0] for model in models}
    series = [{"__name__": metric, **{label: f"this {label}" for label in labels}} for metric in metrics]
    grafana = FakeGrafana(tmp_path, series=series)
    known = resolve(dashboard, sources_of(grafana), Metadata(grafana), {})
    found = {model["name"]: known[model["name"]].values for model in models}
    assert found == {model["name"]: (f"this {label}",) for model, label in zip(models, labels, strict=True)}
    assert not [known[model["name"]].problem for model in models if known[model["name"]].problem]
