"""The database that the generator works on, seen with the superuser's eyes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, LiteralString

from tests.equipment.postgres import PostgresServer

LOGGED = {"log_connections": "on", "log_disconnections": "on", "log_line_prefix": "%n [%p] "}
"""Settings of a server that says of each session when it begins and ends."""

_EVENT = re.compile(
    r"^([\d.]+) \[\d+\] LOG:  (?:(starting PostgreSQL)|(connection authorized|disconnection): .*?user=workload )",
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


def most_sessions(server: PostgresServer, begin: datetime, end: datetime | None = None) -> int:
    """The highest number of sessions of the workload role at once within a time, as the server's log tells."""
    events = sorted((float(moment), started or session) for moment, started, session in _EVENT.findall(server.log))
    most = now = 0
    for moment, event in events:
        if end and moment >= end.timestamp():
            break
        match event:
            case "connection authorized":
                now += 1
            case "disconnection":
                now -= 1
            case _:
                now = 0  # a server that crashed has not told that its sessions ended
        most = now if moment < begin.timestamp() else max(most, now)
    return most
