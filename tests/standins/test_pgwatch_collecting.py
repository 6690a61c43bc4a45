"""The pgwatch stand-in against real PostgreSQL: what reaches Prometheus and the sink database."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.equipment.postgres import PostgresServer
from tests.equipment.programs import http_get, wait_for
from tests.standins.pgwatch import Pgwatch, make_databases

METRICS = r"""
metrics:
  workload:
    sqls:
      9: SELECT 'chosen for PostgreSQL 9' AS wrong
      11: |
        SELECT (extract(epoch FROM clock_timestamp()) * 1e9)::int8 AS epoch_ns, 'a"b\c'::text AS tag_place,
               NULL::text AS tag_nothing, 41::int8 AS total, 2.5::float8 AS level, true AS busy, 'text' AS words,
               1.5::numeric AS dear, 3::int2 AS small, NULL::int8 AS unknown
      99: SELECT 1 AS future
    gauges: [level]
  all_gauges:
    sqls: {11: SELECT 7 AS value}
    gauges: ['*']
    storage_name: stored_elsewhere
  broken:
    sqls: {11: SELECT missing_column FROM pg_class}
  vanishing:
    sqls: {11: "SELECT name AS tag_name, 1 AS present FROM public.things"}
  twice:
    sqls: {11: SELECT 1 AS value UNION ALL SELECT 2}
  partitioned:
    sqls: {11: "SELECT 1 AS value, 'words' AS text"}
  slow:
    sqls: {11: "SELECT 1 AS value FROM pg_sleep(60)"}
    statement_timeout_seconds: 1
  instance_up:
    sqls: {11: SELECT 0 AS instance_up}
presets:
  everything:
    metrics:
      {workload: 1, all_gauges: 1, broken: 1, vanishing: 1, twice: 1, slow: 1, partitioned: 1, instance_up: 1,
       undefined: 1}
"""


@pytest.fixture(scope="module")
def pgwatch(
    postgres: PostgresServer, go_binary: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pgwatch]:
    make_databases(postgres, "collecting")
    with postgres.connect("collecting_target") as conn:
        conn.execute("CREATE TABLE things (name text)")
        conn.execute("INSERT INTO things VALUES ('table'), ('chair')")
        conn.execute("GRANT SELECT ON things TO PUBLIC")
    with postgres.connect("collecting_sink") as conn:
        conn.execute(
            "CREATE TABLE partitioned (time timestamptz NOT NULL, dbname text NOT NULL, data jsonb NOT NULL, "
            "tag_data jsonb) PARTITION BY LIST (dbname)"
        )
        conn.execute("ALTER TABLE partitioned OWNER TO collecting")
    running = Pgwatch(go_binary("pgwatch"), tmp_path_factory.mktemp("collecting"), postgres, "collecting", METRICS)
    yield running
    running.program.kill()


def samples(text: str, name: str) -> list[tuple[str, float]]:
    """(labels, value) of each sample of a name."""
    found = re.findall(rf"^{name}{{(.*)}} (\S+) \d+$", text, re.MULTILINE)
    return [(labels, float(value)) for labels, value in found]


def test_a_column_becomes_a_metric_with_the_source_and_its_tags_as_labels(pgwatch: Pgwatch) -> None:
    text = pgwatch.scrape_with("pgwatch_workload_total")
    [(labels, value)] = samples(text, "pgwatch_workload_total")
    assert value == 41
    for label in ('cluster="local"', 'dbname="source-a"', r'place="a\"b\\c"', 'words="text"'):
        assert label in labels
    assert 'real_dbname="collecting_target"' in labels
    assert re.search(r'sys_id="\d+"', labels)


def test_gauges_are_gauges_and_the_rest_are_counters(pgwatch: Pgwatch) -> None:
    text = pgwatch.scrape_with("pgwatch_workload_total", "pgwatch_stored_elsewhere_value", "pgwatch_instance_up")
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    assert types["pgwatch_workload_total"] == "counter"
    assert types["pgwatch_workload_level"] == "gauge"
    assert types["pgwatch_stored_elsewhere_value"] == "gauge"
    assert types["pgwatch_instance_up"] == "gauge"


def test_booleans_count_and_what_pgwatch_does_not_export_is_left_out(pgwatch: Pgwatch) -> None:
    text = pgwatch.scrape_with("pgwatch_workload_busy")
    assert samples(text, "pgwatch_workload_busy")[0][1] == 1
    for column in ("words", "dear", "small", "unknown", "epoch_ns", "wrong", "future", "real_dbname", "sys_id"):
        assert f"pgwatch_workload_{column}" not in text


def test_a_numeric_column_that_is_not_exported_is_explained_once(pgwatch: Pgwatch) -> None:
    for _ in range(3):
        pgwatch.scrape_with("pgwatch_workload_total")
    explained = [line for line in pgwatch.program.output.splitlines() if "column=dear" in line]
    assert len(explained) == 1
    assert "cast it to int8 or float8" in explained[0]


def test_every_path_of_the_prometheus_address_answers(pgwatch: Pgwatch) -> None:
    for path in ("pgwatch", "metrics"):
        assert http_get(f"{pgwatch.metrics_url}/{path}")[0] == 200


def test_rows_that_share_their_tags_do_not_spoil_the_scrape(pgwatch: Pgwatch) -> None:
    text = pgwatch.scrape_with("pgwatch_twice_value")
    assert len(samples(text, "pgwatch_twice_value")) == 1


def test_a_row_that_is_gone_is_not_served_any_more(pgwatch: Pgwatch, postgres: PostgresServer) -> None:
    pgwatch.scrape_with("pgwatch_vanishing_present", 'name="chair"')
    with postgres.connect("collecting_target") as conn:
        conn.execute("DELETE FROM things WHERE name = 'chair'")

    def table_alone() -> bool:
        text = pgwatch.scrape_with("pgwatch_vanishing_present")
        return 'name="table"' in text and 'name="chair"' not in text

    wait_for("the row vanishes", table_alone)


def test_bad_sql_is_logged_once_and_the_other_metrics_go_on(pgwatch: Pgwatch) -> None:
    first = pgwatch.sample_time("pgwatch_workload_total")
    wait_for("two more rounds", lambda: pgwatch.sample_time("pgwatch_workload_total") > first + 2000)
    lines = [line for line in pgwatch.program.output.splitlines() if "metric=broken" in line]
    assert len(lines) == 1
    assert 'column \\"missing_column\\" does not exist' in lines[0]


def test_a_measurement_is_served_to_one_scrape_only(pgwatch: Pgwatch) -> None:
    first = pgwatch.sample_time("pgwatch_workload_total")
    assert pgwatch.sample_time("pgwatch_workload_total") > first


def test_instance_up_is_an_answer_of_the_server_whatever_its_sql_says(pgwatch: Pgwatch) -> None:
    assert samples(pgwatch.scrape_with("pgwatch_instance_up"), "pgwatch_instance_up")[0][1] == 1


def test_a_metric_that_no_file_defines_is_named(pgwatch: Pgwatch) -> None:
    lines = [line for line in pgwatch.program.output.splitlines() if "metric=undefined" in line]
    assert len(lines) == 1


def test_the_sink_has_a_table_for_each_metric(pgwatch: Pgwatch, postgres: PostgresServer) -> None:
    pgwatch.scrape_with("pgwatch_workload_total")

    def first_row() -> tuple[str, dict[str, object], dict[str, object]] | None:
        with postgres.connect("collecting_sink") as conn:
            return conn.execute("SELECT dbname, data, tag_data FROM public.workload LIMIT 1").fetchone()

    dbname, data, tags = wait_for("the first row", first_row)
    assert dbname == "source-a"
    assert tags["cluster"] == "local"
    assert tags["place"] == 'a"b\\c'
    assert data["total"] == 41
    assert data["words"] == "text"
    assert data["dear"] == 1.5
    assert data["real_dbname"] == "collecting_target"
    with postgres.connect("collecting_sink") as conn:
        columns = conn.execute(
            """SELECT column_name::text, data_type::text FROM information_schema.columns
               WHERE table_schema = 'public' AND table_name = 'workload' ORDER BY ordinal_position"""
        ).fetchall()
        indexes = conn.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'workload'").fetchall()
        listed = conn.execute("SELECT dbname, metric FROM admin.all_distinct_dbname_metrics").fetchall()
    assert columns == [
        ("time", "timestamp with time zone"),
        ("dbname", "text"),
        ("data", "jsonb"),
        ("tag_data", "jsonb"),
    ]
    assert any("(dbname, " in str(index) for index in indexes)
    assert ("source-a", "workload") in listed
    assert ("source-a", "stored_elsewhere") in listed


def test_few_connections_are_used_and_they_say_whose_they_are(pgwatch: Pgwatch, postgres: PostgresServer) -> None:
    pgwatch.scrape_with("pgwatch_workload_total")
    with postgres.connect() as conn:
        found = conn.execute(
            """SELECT datname::text, count(*) FROM pg_stat_activity
               WHERE application_name = 'pgwatch' AND datname LIKE 'collecting%' GROUP BY 1"""
        ).fetchall()
    counts: dict[str, int] = dict(found)
    assert 1 <= counts["collecting_target"] <= 4
    assert counts.get("collecting_sink", 0) <= 2


def test_the_probes_answer_as_the_official_ones_do(pgwatch: Pgwatch) -> None:
    wait_for("readiness", lambda: http_get(f"{pgwatch.web_url}/readiness")[0] == 200)
    for probe in ("liveness", "readiness"):
        status, body = http_get(f"{pgwatch.web_url}/{probe}")
        assert (status, json.loads(body)) == (200, {"status": "ok"})


def test_no_password_is_in_the_log(pgwatch: Pgwatch) -> None:
    pgwatch.scrape_with("pgwatch_workload_total")
    assert pgwatch.password not in pgwatch.program.output
    assert "stand-in" in pgwatch.program.output


def test_a_table_that_was_made_partitioned_by_source_is_filled(pgwatch: Pgwatch, postgres: PostgresServer) -> None:
    def stored() -> bool:
        with postgres.connect("collecting_sink") as conn:
            return conn.execute("SELECT data->>'text' FROM partitioned LIMIT 1").fetchone() == ("words",)

    wait_for("a row", stored)
