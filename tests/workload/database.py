"""The database that the generator works on, seen with the superuser's eyes."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, LiteralString

import psycopg

from tests.equipment.postgres import PostgresServer

# Looks at pg_stat_activity every half millisecond; the snapshot would otherwise stay the same for a transaction.
SAMPLER = """
create function sample(span interval) returns table (seen_at timestamptz, sessions int) language plpgsql as $$
declare
    last int := -1;
    finish timestamptz := clock_timestamp() + span;
begin
    while clock_timestamp() < finish loop
        perform pg_stat_clear_snapshot();
        select count(*) into sessions from pg_stat_activity
        where usename = 'workload' and backend_type = 'client backend';
        seen_at := clock_timestamp();
        if sessions <> last then
            last := sessions;
            return next;
        end if;
        perform pg_sleep(0.0005);
    end loop;
end $$
"""


@dataclass(frozen=True, kw_only=True)
class Record:
    """A row of workload.pattern."""

    name: str
    clients: int
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database of the test server, and the role that puts load on it."""

    server: PostgresServer
    name: str
    password_file: Path

    def query(self, text: LiteralString, *parameters: object) -> list[tuple[Any, ...]]:
        """Runs a statement as the superuser; rows, or an empty list for a statement that has none."""
        with self.server.connect(self.name) as session:
            cursor = session.execute(text, parameters)
            return cursor.fetchall() if cursor.description else []

    def value(self, text: LiteralString, *parameters: object) -> Any:
        """The single value that a query gives."""
        return self.query(text, *parameters)[0][0]

    def sessions(self) -> int:
        """Sessions of the workload role now."""
        return int(self.value("select count(*) from pg_stat_activity where usename = 'workload'"))

    def records(self) -> list[Record]:
        """What the generator wrote down, oldest first."""
        rows = self.query("select name, clients, started_at, ended_at from workload.pattern order by id")
        return [Record(name=name, clients=clients, started_at=at, ended_at=end) for name, clients, at, end in rows]

    def environment(self, **more: str) -> dict[str, str]:
        """What the container of the generator gets; pgbench scale 1 unless `more` says otherwise."""
        return {
            "PGHOST": self.server.host,
            "PGPORT": str(self.server.port),
            "PGUSER": "workload",
            "PGDATABASE": self.name,
            "WORKLOAD_PASSWORD_FILE": str(self.password_file),
            "WORKLOAD_SCALE": "1",
            **more,
        }


class SessionSampler:
    """Counts the sessions of the workload role about 1500 times a second while its `with` block runs."""

    def __init__(self, server: PostgresServer) -> None:
        self.samples: list[tuple[datetime, int]] = []
        self._session = server.connect("postgres")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> SessionSampler:
        self._session.execute("drop function if exists sample")
        self._session.execute(SAMPLER)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(10)
        self._session.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.samples += self._session.execute("select * from sample('200 ms')").fetchall()
            except psycopg.OperationalError:
                return

    def most(self, record: Record | None = None) -> int:
        """The highest number seen, ever or while a record was open."""
        chosen = self.samples
        if record:
            end = record.ended_at or self.samples[-1][0]
            chosen = [sample for sample in self.samples if record.started_at <= sample[0] < end]
        return max((sessions for _, sessions in chosen), default=0)
