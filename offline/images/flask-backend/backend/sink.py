"""Query texts from the sink database, where pgwatch stores them."""

# mypy: disable-error-code="import-not-found,import-untyped"
from __future__ import annotations

from contextlib import closing

import psycopg2

# As the original asks: the whole table, every time, and the identifier from the data alone.
TEXTS = """
    SELECT DISTINCT ON (data->>'queryid') data->>'queryid', data->>'query'
    FROM public.pgss_queryid_queries
    WHERE (%(dbname)s = '' OR dbname = %(dbname)s)
    AND data->>'queryid' IS NOT NULL AND data->>'query' IS NOT NULL
    ORDER BY data->>'queryid', time DESC
"""


class SinkError(Exception):
    """The sink database cannot be used; the message says why and holds no password."""


class Sink:
    """Reads the sink database. Safe for concurrent use: every question has its own short connection.

    Args:
        url: Connection URI.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def query_texts(self, db_name: str | None) -> dict[str, str]:
        """Statement texts by query identifier, of one monitored database or, without a name, of all.

        Raises:
            SinkError: The sink cannot be read, or pgwatch has not stored texts yet.
        """
        # Grafana sends its "All" and an unset variable as they are.
        wanted = "" if not db_name or db_name.lower() == "all" or db_name.startswith("$") else db_name
        try:
            with closing(psycopg2.connect(self._url)) as connection, connection.cursor() as cursor:
                cursor.execute(TEXTS, {"dbname": wanted})
                return {str(queryid): str(query) for queryid, query in cursor}
        except psycopg2.Error as error:
            first_line = str(error).strip().partition("\n")[0]
            raise SinkError(f"the sink database cannot be read: {first_line or type(error).__name__}") from error
