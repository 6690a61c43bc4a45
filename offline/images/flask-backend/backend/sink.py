"""Query texts from the sink database, where pgwatch stores them."""

# mypy: disable-error-code="import-not-found,import-untyped"
from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

from backend.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECT_SECONDS = 2
QUERY_MILLISECONDS = 8000
# Texts change seldom, and reading them is the dearest thing this process asks of the sink.
CACHE_SECONDS = 30.0

# Every collection lists all statements known at the time, so the newest hours are enough; only where the metric is
# collected more seldom than that is the whole table read.
TEXTS = """
    SELECT DISTINCT ON (queryid) queryid, query
    FROM (
        SELECT time, coalesce(data->>'queryid', tag_data->>'queryid') AS queryid, data->>'query' AS query
        FROM public.pgss_queryid_queries
        WHERE (%(dbname)s = '' OR dbname = %(dbname)s)
        AND (%(hours)s = 0 OR time > now() - %(hours)s * interval '1 hour')
    ) AS texts
    WHERE queryid IS NOT NULL AND query IS NOT NULL
    ORDER BY queryid, time DESC
"""
RECENT_HOURS = 2


class SinkError(Exception):
    """The sink database cannot be used; the message says why and holds no password."""


class Sink:
    """Reads the sink database. Safe for concurrent use: every question has its own short connection."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is connected yet."""
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._texts: dict[str, tuple[float, dict[str, str]]] = {}

    def ping(self) -> None:
        """Ask the sink for a sign of life.

        Raises:
            SinkError: there is none within two seconds.
        """
        self._ask("SELECT 1", {})

    def query_texts(self, db_name: str | None) -> dict[str, str]:
        """Statement texts by query identifier, of one monitored database or, without a name, of all.

        Raises:
            SinkError: the sink cannot be read, or pgwatch has not stored texts yet.
        """
        # Grafana sends its "All" and an unset variable as they are.
        wanted = "" if not db_name or db_name.lower() == "all" or db_name.startswith("$") else db_name
        with self._lock:  # one reader at a time: the others get its result
            kept = self._texts.get(wanted)
            if kept and self._clock() - kept[0] < CACHE_SECONDS:
                return kept[1]
            rows = self._ask(TEXTS, {"dbname": wanted, "hours": RECENT_HOURS}) or self._ask(
                TEXTS, {"dbname": wanted, "hours": 0}
            )
            texts = {str(queryid): str(query) for queryid, query in rows}
            self._texts[wanted] = (self._clock(), texts)
            return texts

    def _ask(self, sql: str, values: dict[str, object]) -> list[tuple[Any, ...]]:
        import psycopg2  # here: keeps the start, which has a tenth of a CPU, short

        settings = self._settings
        try:
            arguments: dict[str, object] = {
                "connect_timeout": CONNECT_SECONDS,
                "application_name": "monitoring-backend",
                "options": f"-c statement_timeout={QUERY_MILLISECONDS} -c default_transaction_read_only=on",
            }
            if settings.sink_url:
                arguments["dsn"] = settings.sink_url
            else:
                arguments |= {
                    "host": settings.sink_host,
                    "port": settings.sink_port,
                    "dbname": settings.sink_database,
                    "user": settings.sink_user,
                }
            if password := settings.password():
                arguments["password"] = password
            with closing(psycopg2.connect(**arguments)) as connection, connection.cursor() as cursor:
                cursor.execute(sql, values)
                rows: list[tuple[Any, ...]] = cursor.fetchall()
                return rows
        except (psycopg2.Error, OSError) as error:
            first_line = str(error).strip().partition("\n")[0]
            raise SinkError(f"the sink database cannot be read: {first_line or type(error).__name__}") from error
