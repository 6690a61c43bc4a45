"""Queries through the Grafana stand-in: Prometheus (a stand-in with canned answers) and a real PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from tests.equipment.postgres import PostgresServer
from tests.standins.grafana import SINK_PASSWORD, Grafana, PrometheusStandIn

PROMETHEUS, POSTGRES = "P7A0D6631BB10B34F", "P031DD592934B2F1F"


@pytest.fixture(scope="module")
def prometheus() -> Iterator[PrometheusStandIn]:
    """A Prometheus stand-in."""
    server = PrometheusStandIn()
    yield server
    server.close()


@pytest.fixture(scope="module")
def grafana(
    go_binary: Callable[[str], Path],
    postgres: PostgresServer,
    prometheus: PrometheusStandIn,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Grafana]:
    """Both data sources answer; the database role could write, so that only Grafana keeps it from doing so."""
    with postgres.connect() as conn:
        conn.execute(sql.SQL("CREATE ROLE grafana LOGIN PASSWORD {}").format(sql.Literal(SINK_PASSWORD)))
        conn.execute("CREATE DATABASE measurements OWNER grafana")
    with postgres.connect("measurements") as conn:
        conn.execute(
            "CREATE TABLE tps AS SELECT now() - n * interval '10 s' AS time, n % 2 AS db, n AS v"
            " FROM generate_series(0, 9) n"
        )
        conn.execute("ALTER TABLE tps OWNER TO grafana")
    running = Grafana(
        go_binary("grafana"),
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


def test_the_proxy_reads_and_does_nothing_else(grafana: Grafana, prometheus: PrometheusStandIn) -> None:
    visitor = grafana.visitor()
    before = len(prometheus.asked)
    for path in ("proxy/uid/" + PROMETHEUS, "proxy/1", f"uid/{PROMETHEUS}/resources"):
        assert visitor.get(f"/api/datasources/{path}/api/v1/label/db/values?match[]=tps").json()["status"] == "success"
    assert [path for _, path, _ in prometheus.asked[before:]] == ["/api/v1/label/db/values"] * 3
    base = f"/api/datasources/proxy/uid/{PROMETHEUS}/api/v1"
    assert visitor.post(f"{base}/query", data={"query": "up"}).json()["status"] == "success"
    assert visitor.get(f"{base}/admin/tsdb/delete_series?match[]=tps").status_code == 403
    assert visitor.delete(f"{base}/query").status_code in (403, 405)
    assert visitor.get("/api/datasources/proxy/uid/none/api/v1/query").status_code == 404
    assert prometheus.asked[-1][1] == "/api/v1/query"


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


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO tps VALUES (now(), 1, 1)",
        "SET TRANSACTION READ WRITE; INSERT INTO tps VALUES (now(), 1, 1)",
        "COMMIT; INSERT INTO tps VALUES (now(), 1, 1)",
        "WITH gone AS (DELETE FROM tps RETURNING *) SELECT * FROM gone",
        "SELECT * FROM nowhere",
        "SELECT $__nonsense(time)",
    ],
)
def test_sql_that_writes_or_fails_is_refused_in_one_sentence(
    grafana: Grafana, postgres: PostgresServer, text: str
) -> None:
    status, result = ask(grafana, POSTGRES, rawSql=text, format="table")
    assert status == 400
    assert "\n" not in result["error"]
    assert SINK_PASSWORD not in result["error"]
    with postgres.connect("measurements") as conn:
        assert conn.execute("SELECT count(*) FROM tps").fetchone() == (10,)


def test_a_session_that_was_made_writable_does_not_stay_so(grafana: Grafana, postgres: PostgresServer) -> None:
    for text in (
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        "SET default_transaction_read_only = off",
        "COMMIT",
    ):
        ask(grafana, POSTGRES, rawSql=text, format="table")
        assert ask(grafana, POSTGRES, rawSql="DELETE FROM tps", format="table")[0] == 400
    with postgres.connect("measurements") as conn:
        assert conn.execute("SELECT count(*) FROM tps").fetchone() == (10,)


def test_an_unknown_data_source_is_not_found(grafana: Grafana) -> None:
    body = {"from": "now-1h", "to": "now", "queries": [{"refId": "A", "datasource": {"uid": "none"}, "expr": "up"}]}
    answer = grafana.visitor().post("/api/ds/query", json=body)
    assert (answer.status_code, answer.json()["message"]) == (404, "Data source not found")
    assert grafana.visitor().post("/api/ds/query", content=b"{broken").status_code == 400
