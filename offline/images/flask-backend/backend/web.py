"""The endpoints: paths, parameters and columns are those of the product's own backend."""

# mypy: disable-error-code="import-not-found"
from __future__ import annotations

import csv
import io
import logging
import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, request

from backend import VERSION, tables
from backend.prometheus import Prometheus, UnavailableError, selector
from backend.query_info import exposition
from backend.settings import Settings
from backend.shorten import cut, summarise
from backend.sink import Sink, SinkError

TEXT_LENGTH = 150
logger = logging.getLogger("backend")


class BadRequestError(Exception):
    """A parameter cannot be used; the message names it."""


class TimeError(Exception):
    """A time cannot be read; the message names it. A fault of the server, as in the original."""


def parse_time(name: str, text: str) -> float:
    """Turn Unix seconds or an ISO 8601 time (UTC if it names no zone) into Unix seconds.

    Raises:
        TimeError: it is neither.
    """
    with suppress(ValueError):
        seconds = float(text)
        if math.isfinite(seconds):
            return seconds
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise TimeError(f"{name} must be Unix seconds or an ISO 8601 time, not {text!r}") from None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def stamp(when: float) -> str:
    """A Unix time as part of a file name."""
    return datetime.fromtimestamp(when, UTC).strftime("%Y%m%d_%H%M%S")


def csv_response(columns: Sequence[str], rows: Iterable[tables.Row], filename: str) -> Response:
    """A CSV file with a header line, also when there are no rows; columns that a row lacks stay empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    response = Response(text.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f"attachment; filename={filename}"
    return response


class Endpoints:
    """The view functions, and what they read from."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is connected yet."""
        self.prometheus = Prometheus(settings.prometheus_url)
        self.sink = Sink(settings.sink_url)

    def health(self) -> Any:
        """Whether VictoriaMetrics answers, asked anew each time."""
        try:
            self.prometheus.query("up")
        except UnavailableError as error:
            return jsonify({"status": "unhealthy", "error": str(error)}), 500
        return jsonify({"status": "healthy", "prometheus_url": self.prometheus.url})

    def version(self) -> Any:
        """Version and build time; an array, as Grafana's Infinity data source likes it."""
        version, built = (
            _text_of(path) or otherwise for path, otherwise in (("/VERSION", VERSION), ("/BUILD_TS", "-"))
        )
        display = f"PostgresAI monitoring backend (stand-in) {version} (built: {built})"
        return jsonify([{"version": version, "build_ts": built, "display": display}])

    def pgss_metrics(self) -> Any:
        """Growth of pg_stat_statements between two times."""
        period = self._period()
        if period is None:
            raise BadRequestError("time_start and time_end parameters are required")
        start, end = period
        node = request.args.get("node_name")
        filters = [
            ("cluster", "=", request.args.get("cluster_name")),
            ("instance", "=~", f".*{node}.*" if node else None),
            ("datname", "=", request.args.get("db_name")),
        ]
        metrics = {column: tables.STATEMENT_PREFIX + metric for column, metric in tables.STATEMENT_METRICS.items()}
        first, last = (self._moments(metrics, filters, when, tables.statement_key) for when in (start, end))
        raw = "raw" in request.args.get("truncation_mode", "smart").lower()
        shorten = cut if raw else summarise
        texts = {queryid: shorten(text, TEXT_LENGTH) for queryid, text in self._texts().items()}
        return csv_response(
            tables.STATEMENT_COLUMNS,
            tables.statement_rows(first, last, end - start, texts),
            f"pgss_metrics_{stamp(start)}_{stamp(end)}.csv",
        )

    def btree_bloat(self) -> Any:
        """The newest bloat estimate of each B-tree index."""
        filters = [
            *self._place(),
            *((name, "=", request.args.get(name)) for name in ("schemaname", "tblname", "idxname")),
        ]
        rows: dict[tables.Key, tables.Row] = {}
        for column, metric in tables.BLOAT_COLUMNS.items():
            for series in self.prometheus.latest(selector(metric, filters)):
                key = tables.index_key(series.labels)
                names = zip(("database", "schemaname", "tblname", "idxname"), key, strict=True)
                value = series.samples[-1][1]
                rows.setdefault(key, dict(names))[column] = int(value) if column == "is_na" else value
        columns = ["database", "schemaname", "tblname", "idxname", *tables.BLOAT_COLUMNS]
        return csv_response(columns, rows.values(), "btree_bloat_latest.csv")

    def table_info(self) -> Any:
        """Sizes and use of each table: the newest, or the growth between two times."""
        filters = [
            *self._place(),
            ("schemaname", "=~", request.args.get("schemaname")),
            ("tblname", "=", request.args.get("tblname")),
        ]
        period = self._period()
        if period is not None:
            start, end = period
            first, last = (self._moments(tables.TABLE_METRICS, filters, when, tables.table_key) for when in period)
            rows = tables.table_growth_rows(first, last, end - start)
            return csv_response(tables.TABLE_GROWTH_COLUMNS, rows, f"table_stats_{stamp(start)}_{stamp(end)}.csv")
        found: dict[tables.Key, tables.Row] = {}
        for column, metric in tables.TABLE_METRICS.items():
            for series in self.prometheus.latest(selector(metric, filters)):
                _, schema, table = key = tables.table_key(series.labels)
                found.setdefault(key, {"schema": schema, "table_name": table})[column] = series.samples[-1][1]
        return csv_response(tables.TABLE_COLUMNS, found.values(), "table_stats_latest.csv")

    def query_texts(self) -> Any:
        """Short statement texts by query identifier, for chart legends."""
        text = request.args.get("truncate", "40")
        if not text.isdecimal():
            raise BadRequestError("truncate must be a valid integer")
        length = int(text)
        if not 1 <= length <= 10000:
            raise BadRequestError("truncate must be between 1 and 10000")
        short = {queryid: summarise(query, length) for queryid, query in self._texts().items()}
        return jsonify(
            [
                {"queryid": queryid, "query_text": query, "displayName": query or queryid}
                for queryid, query in short.items()
            ]
        )

    def query_info(self) -> Any:
        """The same texts as a metric, to be scraped and joined to others by queryid."""
        return Response(exposition(self._texts()), content_type="text/plain; charset=utf-8")

    def metrics(self) -> Any:
        """Names of the pg_stat_statements metrics that VictoriaMetrics knows."""
        names = self.prometheus.names()
        return jsonify({"pg_stat_statements_metrics": [name for name in names if "pg_stat_statements" in name]})

    def debug_metrics(self) -> Any:
        """What VictoriaMetrics knows about index bloat, with examples."""
        names = self.prometheus.names()
        bloat = [name for name in names if "btree_bloat" in name]
        samples = {}
        for name in bloat[:5]:
            series = self.prometheus.query(name)
            samples[name] = {"count": len(series), "sample_labels": [dict(one.labels) for one in series[:2]]}
        return jsonify({"all_metrics_count": len(names), "btree_metrics": bloat, "sample_data": samples})

    def _period(self) -> tuple[float, float] | None:
        start, end = request.args.get("time_start"), request.args.get("time_end")
        if not start or not end:
            return None
        return parse_time("time_start", start), parse_time("time_end", end)

    def _place(self) -> list[tuple[str, str, str | None]]:
        parameters = {"cluster": "cluster_name", "node_name": "node_name", "datname": "db_name"}
        return [(label, "=", request.args.get(parameter)) for label, parameter in parameters.items()]

    def _moments(
        self,
        metrics: dict[str, str],
        filters: list[tuple[str, str, str | None]],
        when: float,
        key: Any,
    ) -> dict[tables.Key, tables.Moment]:
        found = ((column, self.prometheus.around(selector(name, filters), when)) for column, name in metrics.items())
        return tables.moments(found, when, key)

    def _texts(self) -> dict[str, str]:
        """Texts if the sink has them; numbers without texts are better than no numbers."""
        try:
            return self.sink.query_texts(request.args.get("db_name"))
        except SinkError as error:
            logger.warning("no query texts: %s", error)
            return {}


def create_app(settings: Settings) -> Any:
    """The Flask application."""
    app = Flask("backend", static_folder=None)
    view = Endpoints(settings)
    for path, function in {
        "/health": view.health,
        "/version": view.version,
        "/pgss_metrics/csv": view.pgss_metrics,
        "/btree_bloat/csv": view.btree_bloat,
        "/table_info/csv": view.table_info,
        "/query_texts": view.query_texts,
        "/query_info_metrics": view.query_info,
        "/metrics": view.metrics,
        "/debug/metrics": view.debug_metrics,
    }.items():
        app.add_url_rule(path, path, function, methods=["GET"])
    app.register_error_handler(BadRequestError, lambda error: (jsonify({"error": str(error)}), 400))
    app.register_error_handler(UnavailableError, lambda error: (jsonify({"error": str(error)}), 500))
    app.register_error_handler(TimeError, lambda error: (jsonify({"error": str(error)}), 500))
    return app


def _text_of(path: str) -> str | None:
    try:
        return Path(path).read_text().strip() or None
    except OSError:
        return None
