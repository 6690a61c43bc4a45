"""Queries through the Grafana stand-in: Prometheus (a stand-in with canned answers) and a real PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from tests.equipment.postgres import PostgresServer
from tests.standins.grafana import SINK_PASSWORD, Grafana, PrometheusStandIn

PROMETHEUS, POSTGRES = "P7A0D6631BB10B34F", "P031DD592934B2F1F"


@pytest.fixture(scope="module")
def grafana(
    grafana_binary: Path,
    postgres: PostgresServer,
    prometheus: PrometheusStandIn,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Grafana]:
    """Both data sources answer; the database role may write to one of two tables."""
    with postgres.connect() as conn:
        conn.execute(sql.SQL("CREATE ROLE grafana LOGIN PASSWORD {}").format(sql.Literal(SINK_PASSWORD)))
        conn.execute("CREATE DATABASE measurements")
    with postgres.connect("measurements") as conn:
        conn.execute(
            "CREATE TABLE tps AS SELECT now() - n * interval '10 s' AS time, n % 2 AS db, n AS v"
            " FROM generate_series(0, 9) n"
        )
        conn.execute("ALTER TABLE tps OWNER TO grafana")
        conn.execute("CREATE TABLE locked AS SELECT 1 AS v")
        conn.execute("GRANT SELECT ON locked TO grafana")
    running = Grafana(
        grafana_binary,
        tmp_path_factory.mktemp("grafana"),
        prometheus=prometheus.url,
        postgres=f"{postgres.host}:{postgres.port}",
    )
    yield running
    running.program.kill()


def ask(grafana: Grafana, uid: str, **query: object) -> tuple[int, dict[str, Any]]:
    body = {"from": "now-1h", "to": "now", "queries": [{"refId": "A", "datasource": {"uid": uid}, **query}]}
    answer = grafana.visitor().post("/api/ds/query", json=body)
    return answer.status_code, answer.json()["results"]["A"]


def test_a_prometheus_range_query_becomes_a_frame(grafana: Grafana, prometheus: PrometheusStandIn) -> None:
    status, result = ask(
        grafana,
        PROMETHEUS,
        expr="rate(tps[$__rate_interval])",
        range=True,
        legendFormat="db {{db}}",
        maxDataPoints=500,
        intervalMs=10000,
    )
    assert (status, result["status"]) == (200, 200)
    method, path, asked = prometheus.asked[-1]
    assert (method, path, asked["query"], asked["step"]) == ("POST", "/api/v1/query_range", ["rate(tps[40s])"], ["10"])
    assert asked["latency_offset"] == ["1s"]
    assert float(asked["end"][0]) - float(asked["start"][0]) == 3600
    frame = result["frames"][0]
    moment, value = frame["schema"]["fields"]
    assert (moment["type"], value["type"]) == ("time", "number")
    assert value["labels"] == {"__name__": "tps", "db": "one"}
    assert value["config"]["displayNameFromDS"] == "db one"
    assert frame["data"]["values"] == [[1700000000000, 1700000010000], [1.5, None]]
    assert frame["data"]["entities"][1] == {"NaN": [1]}


def test_an_instant_query_asks_once(grafana: Grafana, prometheus: PrometheusStandIn) -> None:
    before = len(prometheus.asked)
    assert ask(grafana, PROMETHEUS, expr="tps", instant=True)[0] == 200
    assert [path for _, path, _ in prometheus.asked[before:]] == ["/api/v1/query"]


def test_an_error_of_prometheus_is_told_for_its_query(grafana: Grafana, prometheus: PrometheusStandIn) -> None:
    good = prometheus.answer
    prometheus.answer = {"status": "error", "errorType": "bad_data", "error": "parse error: unexpected )"}
    try:
        status, result = ask(grafana, PROMETHEUS, expr="tps)", range=True)
    finally:
        prometheus.answer = good
    assert (status, result["status"], result["error"]) == (400, 400, "parse error: unexpected )")


def test_any_get_passes_the_proxy_and_other_methods_only_where_the_plugin_has_a_route(
    grafana: Grafana, prometheus: PrometheusStandIn
) -> None:
    visitor = grafana.visitor()
    for base in (f"/api/datasources/proxy/uid/{PROMETHEUS}", "/api/datasources/proxy/1"):
        for path in ("/api/v1/label/db/values", "/api/v1/admin/tsdb/delete_series", "/debug/pprof/heap"):
            assert visitor.get(f"{base}{path}?match[]=tps").json()["status"] == "success"
            assert prometheus.asked[-1] == ("GET", path, {"match[]": ["tps"]})
    base = f"/api/datasources/proxy/uid/{PROMETHEUS}/api/v1"
    assert visitor.post(f"{base}/query", data={"query": "up"}).json()["status"] == "success"
    before = len(prometheus.asked)
    for method, path in (("POST", "import"), ("PUT", "query"), ("DELETE", "series")):
        refused = visitor.request(method, f"{base}/{path}")
        assert refused.status_code == 403
        assert refused.json()["message"] == f"non allow-listed {method}s not allowed on proxied Prometheus datasource"
    missing = visitor.get("/api/datasources/proxy/uid/none/api/v1/query")
    assert (missing.status_code, missing.json()["message"]) == (404, "Unable to find datasource")
    assert len(prometheus.asked) == before


def test_the_resources_of_a_data_source_pass_everything_on(grafana: Grafana, prometheus: PrometheusStandIn) -> None:
    visitor = grafana.visitor()
    base = f"/api/datasources/uid/{PROMETHEUS}/resources"
    for method, path in (
        ("GET", "/api/v1/labels"),
        ("GET", "/api/v1/label/db/values"),
        ("GET", "/api/v1/series"),
        ("GET", "/api/v1/metadata"),
        ("POST", "/api/v1/series"),
        ("DELETE", "/api/v1/anything"),
    ):
        assert visitor.request(method, f"{base}{path}?match[]=tps").json()["status"] == "success"
        assert prometheus.asked[-1] == (method, path, {"match[]": ["tps"]})
    assert visitor.get("/api/datasources/uid/none/resources/api/v1/labels").status_code == 404
    assert visitor.get(f"/api/datasources/uid/{POSTGRES}/resources/any").status_code == 501


def test_a_table_query_keeps_types(grafana: Grafana) -> None:
    text = (
        "SELECT 1.5::numeric AS n, 'ü<b>' AS s, true AS b, null AS x,"
        " '2026-01-02 03:04:05+00'::timestamptz AS at, '{\"a\": 1}'::jsonb AS j"
    )
    status, result = ask(grafana, POSTGRES, rawSql=text, format="table")
    assert status == 200
    frame = result["frames"][0]
    assert [field["type"] for field in frame["schema"]["fields"]] == [
        "number",
        "string",
        "boolean",
        "string",
        "time",
        "string",
    ]
    assert [column[0] for column in frame["data"]["values"]] == [1.5, "ü<b>", True, None, 1767323045000, '{"a": 1}']


def test_a_time_series_query_becomes_one_column_a_label(grafana: Grafana) -> None:
    text = (
        "SELECT $__timeGroupAlias(time, $__interval), db::text AS metric, max(v) AS value"
        " FROM tps WHERE $__timeFilter(time) GROUP BY 1, 2 ORDER BY 1"
    )
    status, result = ask(grafana, POSTGRES, rawSql=text, format="time_series", intervalMs=10000)
    assert status == 200, result
    frame = result["frames"][0]
    assert sorted(field["name"] for field in frame["schema"]["fields"]) == ["0", "1", "Time"]
    times = frame["data"]["values"][0]
    assert len(times) == 10
    assert times == sorted(times)
    assert abs(times[-1] / 1000 - time.time()) < 60


def count(postgres: PostgresServer, table: str) -> int:
    with postgres.connect("measurements") as conn:
        found = conn.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    assert found
    return int(found[0])


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO locked VALUES (2)",
        "COMMIT; DELETE FROM locked",
        "SELECT * FROM nowhere",
        "SELECT $__nonsense(time)",
    ],
)
def test_sql_that_the_role_may_not_run_is_refused_in_one_sentence(
    grafana: Grafana, postgres: PostgresServer, text: str
) -> None:
    status, result = ask(grafana, POSTGRES, rawSql=text, format="table")
    assert status == 400
    assert "\n" not in result["error"]
    assert SINK_PASSWORD not in result["error"]
    assert count(postgres, "locked") == 1


def test_a_viewer_runs_any_sql_that_the_role_may_run(grafana: Grafana, postgres: PostgresServer) -> None:
    assert ask(grafana, POSTGRES, rawSql="INSERT INTO tps VALUES (now(), 9, 99)", format="table")[0] == 200
    assert count(postgres, "tps") == 11
    text = (
        "SET statement_timeout = 1234; DELETE FROM tps WHERE v = 99; SELECT current_setting('statement_timeout') AS s"
    )
    status, result = ask(grafana, POSTGRES, rawSql=text, format="table")
    assert (status, result["frames"][0]["data"]["values"]) == (200, [["1234ms"]])
    assert count(postgres, "tps") == 10


def test_a_viewer_can_hold_as_many_connections_as_there_are_queries_at_once(
    grafana: Grafana, postgres: PostgresServer
) -> None:
    queries = [
        {"refId": f"Q{number}", "datasource": {"uid": POSTGRES}, "rawSql": "SELECT pg_sleep(0.5)", "format": "table"}
        for number in range(12)
    ]
    answer = grafana.visitor().post("/api/ds/query", json={"from": "now-1h", "to": "now", "queries": queries})
    assert answer.status_code == 200
    with postgres.connect() as conn:
        found = conn.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'grafana'").fetchone()
    assert found
    assert found[0] >= 12


def test_an_unknown_data_source_is_not_found(grafana: Grafana) -> None:
    body = {"from": "now-1h", "to": "now", "queries": [{"refId": "A", "datasource": {"uid": "none"}, "expr": "up"}]}
    answer = grafana.visitor().post("/api/ds/query", json=body)
    assert (answer.status_code, answer.json()["message"]) == (404, "Data source not found")
    assert grafana.visitor().post("/api/ds/query", content=b"{broken").status_code == 400


def test_a_data_source_whose_plugin_is_missing_answers_as_grafana_does(grafana: Grafana) -> None:
    body = {"from": "now-1h", "to": "now", "queries": [{"refId": "A", "datasource": {"uid": "aerffb0z8rjlsc"}}]}
    visitor = grafana.visitor()
    for answer in (
        visitor.post("/api/ds/query", json=body),
        visitor.get("/api/datasources/uid/aerffb0z8rjlsc/health"),
        visitor.get("/api/datasources/uid/aerffb0z8rjlsc/resources/any"),
    ):
        assert (answer.status_code, answer.json()["messageId"]) == (404, "plugin.notRegistered")
    listed = visitor.get("/api/frontend/settings").json()["datasources"]
    assert set(listed) == {"PGWatch-Prometheus", "PGWatch-PostgreSQL"}
