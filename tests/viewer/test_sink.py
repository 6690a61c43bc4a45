"""An anonymous viewer, who may send any SQL, reads measurements and nothing else, and not for long."""

from __future__ import annotations

import pytest
from tenacity import retry, stop_after_delay, wait_fixed

from tests.viewer.conftest import Attacked

pytestmark = pytest.mark.engine

LIFTED = "set statement_timeout = 0; set default_transaction_read_only = off; set transaction_read_only = off; "
DENIED = [
    "select rolpassword from pg_authid",
    "select lo_from_bytea(0, 'x')",
    "create temporary table mine (a int)",
    "create table public.mine (a int)",
    "select pg_notify('a', 'b')",
    "select pg_advisory_lock(1)",
    "select pg_export_snapshot()",
    "select pg_terminate_backend(pid) from pg_stat_activity",
    "select pg_sleep(60)",
    "do $$ begin end $$",
    "copy (select 1) to program 'cat'",
    "select pg_read_file('/run/secrets/sink_postgres')",
    "create extension dblink",
    "set temp_file_limit = -1",
    "alter role current_user superuser",
    "set role pgwatch",
]


@pytest.mark.parametrize("statement", DENIED)
def test_a_viewers_sql_changes_nothing_whatever_it_lifts(attacked: Attacked, statement: str) -> None:
    refused = attacked.sql(LIFTED + statement)
    assert refused.status_code == 400, refused.text
    assert "permission denied" in refused.text or "must be" in refused.text, refused.text


def test_a_viewer_reads_what_pgwatch_has_measured(attacked: Attacked) -> None:
    @retry(stop=stop_after_delay(120), wait=wait_fixed(1), reraise=True)
    def reads() -> None:
        table = attacked.sql("select schemaname, tablename from pg_tables where tableowner = 'pgwatch' limit 1")
        (schema,), (name,) = table.json()["results"]["A"]["frames"][0]["data"]["values"]
        found = attacked.sql(f'select count(*) from "{schema}"."{name}"')
        assert found.status_code == 200, found.text

    reads()


def test_the_server_ends_a_statement_whose_session_has_lifted_its_limit(attacked: Attacked) -> None:
    """Within the container, since Grafana's own deadline would end it too."""
    # For hours, with less put aside on the disk than the limit.
    endless = "select count(*) from generate_series(1, 200000) a, generate_series(1, 200000) b"
    statement = ["-c", "set statement_timeout = 0", "-c", endless]
    code, said = attacked.run("sink", "psql", "-h", "127.0.0.1", "-U", "grafana", "-d", "measurements", *statement)
    assert code != 0
    assert "terminating connection due to administrator command" in said


def test_a_password_that_a_viewer_has_changed_is_put_back(attacked: Attacked) -> None:
    assert attacked.sql(LIFTED + "alter role current_user password 'mine'; select 1").status_code == 200
    kept = "select rolpassword = password from pg_authid join kept_roles on oid = role where rolname = 'grafana'"

    @retry(stop=stop_after_delay(60), wait=wait_fixed(0.5), reraise=True)
    def put_back() -> None:
        assert attacked.run("sink", "psql", "-AtX", "-h", "127.0.0.1", "-U", "postgres", "-c", kept) == (0, "t\n")

    put_back()
