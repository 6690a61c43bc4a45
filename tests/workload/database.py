"""The database that the generator works on, seen with the superuser's eyes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, LiteralString

from tests.equipment.postgres import PostgresServer

LOGGED = {"log_connections": "on", "log_disconnections": "on", "log_line_prefix": "%n [%p] "}
"""Settings of a server that says of each session when it begins and ends."""

_EVENT = re.compile(
    r"^([\d.]+) \[(\d+)\] LOG:  "
    r"(?:(starting PostgreSQL)|(connection authorized|disconnection): .*?user=workload .*?(?:application_name=(.*))?$)",
    re.MULTILINE,
)


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


@dataclass(frozen=True)
class Moment:
    """What was open when a session of the workload role had begun or ended.

    Attributes:
        at: Seconds since 1970.
        begun: Who has begun one just then; empty where one has ended.
        open: Process of the server → who works in that session.
    """

    at: float
    begun: str
    open: Mapping[str, str]


def moments(server: PostgresServer) -> Iterator[Moment]:
    """The sessions of the workload role from the first to the last, as the server's log tells."""
    found: dict[str, str] = {}
    first = ""
    for at, process, started, event, who in sorted(_EVENT.findall(server.log), key=lambda one: float(one[0])):
        if started:
            found = {}  # A server that crashed has not told that its sessions ended.
        elif event == "disconnection":
            found.pop(process, None)
        else:
            # pgbench has closed its first one, in which it looks at the tables, before it begins those of its clients;
            # the server may end it later.
            if who == "pgbench":
                found.pop(first, None)
            begins_run = who == "pgbench" and not first and "pgbench" not in found.values()
            first = process if begins_run else ""
            found[process] = who
        yield Moment(float(at), who if event == "connection authorized" else "", dict(found))


def most_sessions(server: PostgresServer, begin: datetime, end: datetime | None = None) -> int:
    """The highest number of sessions of the workload role at once within a time."""
    most = 0
    for moment in moments(server):
        if end and moment.at >= end.timestamp():
            break
        now = len(moment.open)
        most = now if moment.at < begin.timestamp() else max(most, now)
    return most
