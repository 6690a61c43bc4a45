"""The Flask backend stand-in against a real VictoriaMetrics and a real sink database.

The original can be held to the same cases: ``PGAI_ORIGINAL_BACKEND=DIRECTORY``, where its ``app.py`` is.
"""

from __future__ import annotations

import csv
import io
import json
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.equipment.postgres import PostgresServer
from tests.equipment.programs import http_get, wait_for
from tests.standins.backend import ORIGINAL, Backend

NOW = int(time.time())
START, END = NOW - 400, NOW - 100
LONG_QUERY = "WITH recent AS (SELECT id FROM events WHERE at > $1), other AS (SELECT 2) " + (
    "SELECT /* comment */ r.id, count(*) FROM recent r, orders WHERE r.id = orders.id GROUP BY r.id ORDER BY r.id"
)
TEXTS = {
    "101": "SELECT 1",
    "102": LONG_QUERY,
    "103": 'UPDATE "odd" SET a = $1,\n  b = $2 WHERE c = \'back\\slash "quoted"\' AND d = $3 AND e = $4',
}


@pytest.fixture(scope="module")
def backend(
    postgres: PostgresServer, victoria_metrics: str, backend_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backend]:
    store_samples(victoria_metrics)
    store_texts(postgres)
    running = Backend(backend_python, tmp_path_factory.mktemp("backend"), postgres, "backend_sink", victoria_metrics)
    wait_for("the backend answers", lambda: http_get(f"{running.url}/health")[0] == 200, seconds=60)
    yield running
    running.program.kill()


def store_samples(url: str) -> None:
    place = 'cluster="local",node_name="n1",instance="pgwatch:9091",datname="shop"'
    statement, prefix = f'{place},user="app"', "pgwatch_pg_stat_statements_"
    table = f'{place},schemaname="public",relname="orders",tblname="orders"'
    index = f'{place},schemaname="public",tblname="orders",idxname="orders_pkey"'
    lines = []
    for when, calls, exec_time, read in ((START, 10, 100, 0), (END, 310, 700, 819200)):
        stamp = when * 1000
        lines += [
            f'{prefix}calls{{{statement},queryid="102"}} {calls} {stamp}',
            f'{prefix}exec_time_total{{{statement},queryid="102"}} {exec_time} {stamp}',
            f'{prefix}shared_bytes_read_total{{{statement},queryid="102"}} {read} {stamp}',
            f'{prefix}calls{{{statement},queryid="101"}} {calls + 5} {stamp}',
            f'{prefix}exec_time_total{{{statement},queryid="101"}} 7 {stamp}',
            f"pgwatch_pg_stat_all_tables_seq_scan{{{table}}} {calls} {stamp}",
            f"pgwatch_table_stats_n_tup_ins{{{table}}} {calls * 10} {stamp}",
            f"pgwatch_pg_class_total_relation_size_bytes{{{table}}} 65536 {stamp}",
            f"pgwatch_pg_btree_bloat_real_size_mib{{{index}}} 12.5 {stamp}",
            f"pgwatch_pg_btree_bloat_is_na{{{index}}} 0 {stamp}",
        ]
    request = urllib.request.Request(f"{url}/api/v1/import/prometheus", "\n".join(lines).encode() + b"\n")
    with urllib.request.urlopen(request, timeout=10):
        pass
    http_get(f"{url}/internal/force_flush")


def store_texts(server: PostgresServer) -> None:
    with server.connect() as conn:
        conn.execute("CREATE DATABASE backend_sink")
    with server.connect("backend_sink") as conn:
        conn.execute("CREATE TABLE pgss_queryid_queries (time timestamptz, dbname text, data jsonb, tag_data jsonb)")
        for queryid, query in TEXTS.items():
            conn.execute(
                "INSERT INTO pgss_queryid_queries VALUES (now() - interval '1 minute', 'target', %s, '{}'),"
                " (now() - interval '2 minutes', 'target', %s, '{}')",
                (
                    json.dumps({"queryid": queryid, "query": query}),
                    json.dumps({"queryid": queryid, "query": "an older text"}),
                ),
            )
        conn.execute(
            "INSERT INTO pgss_queryid_queries VALUES"
            """ (now(), 'elsewhere', '{"queryid": "201", "query": "SELECT 2"}', '{}'),"""
            """ (now(), 'elsewhere', '{"query": "SELECT 3"}', '{"queryid": "202"}')"""
        )


def rows_of(backend: Backend, path: str, **parameters: object) -> list[dict[str, str]]:
    status, text = http_get(f"{backend.url}{path}?{urllib.parse.urlencode(parameters)}")
    assert status == 200, text
    return list(csv.DictReader(io.StringIO(text)))


def test_it_is_healthy_when_victoriametrics_answers(backend: Backend, victoria_metrics: str) -> None:
    status, text = http_get(f"{backend.url}/health")
    assert status == 200
    assert json.loads(text) == {"status": "healthy", "prometheus_url": victoria_metrics}


def test_version_is_an_array_and_names_the_stand_in(backend: Backend) -> None:
    [version] = json.loads(http_get(f"{backend.url}/version")[1])
    assert set(version) == {"version", "build_ts", "display"}
    assert ORIGINAL or "stand-in" in version["display"]


def test_statements_are_compared_between_two_times(backend: Backend) -> None:
    first, second = rows_of(backend, "/pgss_metrics/csv", time_start=START, time_end=END)
    assert [first["queryid"], second["queryid"]] == ["102", "101"]
    assert float(first["duration_seconds"]) == 300
    assert float(first["calls"]) == 300
    assert float(first["calls_per_sec"]) == 1
    assert float(first["exec_time_per_call"]) == 2
    assert float(first["shared_blks_read"]) == 100
    assert first["query_text"] == "with recent, other select ... from recent, orders"
    assert second["query_text"] == "SELECT 1"


def test_a_time_may_be_iso_8601(backend: Backend) -> None:
    start, end = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when)) for when in (START, END))
    assert rows_of(backend, "/pgss_metrics/csv", time_start=start, time_end=end)


def test_filters_are_applied_and_cannot_break_out(backend: Backend) -> None:
    period = {"time_start": START, "time_end": END}
    for matching in ({"db_name": "shop"}, {"cluster_name": "local"}, {"node_name": "pgwatch"}):
        assert len(rows_of(backend, "/pgss_metrics/csv", **period, **matching)) == 2
    for other in ({"db_name": "no"}, {"cluster_name": 'x"} or vector(1) #'}, {"node_name": "nowhere"}):
        assert rows_of(backend, "/pgss_metrics/csv", **period, **other) == []


def test_table_info_is_the_newest_or_the_growth(backend: Backend) -> None:
    [newest] = rows_of(backend, "/table_info/csv", schemaname="pub.*")
    assert (newest["schema"], newest["table_name"]) == ("public", "orders")
    assert float(newest["seq_scan"]) == 310
    assert float(newest["total_size"]) == 65536
    [growth] = rows_of(backend, "/table_info/csv", time_start=START, time_end=END, tblname="orders")
    assert float(growth["seq_scans"]) == 300
    assert float(growth["inserts_per_sec"]) == 10


def test_btree_bloat_lists_each_index(backend: Backend) -> None:
    [row] = rows_of(backend, "/btree_bloat/csv", db_name="shop", idxname="orders_pkey")
    assert row["database"] == "shop"
    assert float(row["real_size_mib"]) == 12.5
    assert row["is_na"] == "0"


def test_query_texts_are_the_newest_and_short_and_named_by_the_data_not_by_tags(backend: Backend) -> None:
    texts = {one["queryid"]: one for one in json.loads(http_get(f"{backend.url}/query_texts")[1])}
    assert set(texts) == {"101", "102", "103", "201"}
    assert texts["101"]["query_text"] == texts["101"]["displayName"] == "SELECT 1"
    assert texts["103"]["query_text"] == 'update "odd" ...'
    assert all(len(one["query_text"]) <= 40 for one in texts.values())
    only = json.loads(http_get(f"{backend.url}/query_texts?db_name=elsewhere")[1])
    assert [one["queryid"] for one in only] == ["201"]


def test_query_info_can_be_scraped(backend: Backend, victoria_metrics: str) -> None:
    status, text = http_get(f"{backend.url}/query_info_metrics")
    assert status == 200
    request = urllib.request.Request(f"{victoria_metrics}/api/v1/import/prometheus", text.encode())
    with urllib.request.urlopen(request, timeout=10):
        pass
    http_get(f"{victoria_metrics}/internal/force_flush")

    def scraped() -> dict[str, dict[str, str]]:
        answer = json.loads(http_get(f"{victoria_metrics}/api/v1/query?query=pgwatch_query_info&nocache=1")[1])
        return {one["metric"]["queryid"]: one["metric"] for one in answer["data"]["result"]}

    found = wait_for("VictoriaMetrics has the texts", scraped)
    assert set(found) == {"101", "102", "103", "201"}
    assert found["101"]["displayname"] == "101 | SELECT 1"
    assert found["103"]["displayname_full"] == "103 | " + " ".join(TEXTS["103"].split())
    assert found["102"]["displayname_queryid"] == "102"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/pgss_metrics/csv", "time_start and time_end parameters are required"),
        ("/query_texts?truncate=0", "truncate must be between 1 and 10000"),
        ("/query_texts?truncate=many", "truncate must be a valid integer"),
    ],
)
def test_bad_parameters_are_told_in_one_sentence(backend: Backend, path: str, told: str) -> None:
    status, text = http_get(backend.url + path)
    assert (status, json.loads(text)) == (400, {"error": told})


@pytest.mark.parametrize(
    "path",
    ["/pgss_metrics/csv?time_start=yesterday&time_end=2", "/table_info/csv?time_start=1&time_end=nan"],
)
def test_a_time_that_cannot_be_read_is_a_fault_without_a_trace(backend: Backend, path: str) -> None:
    status, text = http_get(backend.url + path)
    assert status == 500
    assert json.loads(text)["error"]
    assert "Traceback" not in text
