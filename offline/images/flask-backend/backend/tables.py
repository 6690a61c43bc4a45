"""The CSV tables: which metrics they come from, and how two moments are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from backend.prometheus import Series

Row = dict[str, object]
Key = tuple[str, ...]
BLOCK_BYTES = 8192

# Column of /pgss_metrics/csv -> metric that it is the growth of.
STATEMENT_METRICS = {
    "calls": "calls",
    "exec_time": "exec_time_total",
    "plan_time": "plan_time_total",
    "rows": "rows",
    "shared_blks_hit": "shared_bytes_hit_total",
    "shared_blks_read": "shared_bytes_read_total",
    "shared_blks_dirtied": "shared_bytes_dirtied_total",
    "shared_blks_written": "shared_bytes_written_total",
    "blk_read_time": "block_read_total",
    "blk_write_time": "block_write_total",
}
STATEMENT_PREFIX = "pgwatch_pg_stat_statements_"
STATEMENT_COLUMNS = [
    "queryid",
    "query_text",
    "duration_seconds",
    *(name for column in STATEMENT_METRICS for name in (column, f"{column}_per_sec", f"{column}_per_call")),
]

BLOAT_COLUMNS = {
    name: f"pgwatch_pg_btree_bloat_{name}"
    for name in ("real_size_mib", "extra_size", "extra_pct", "fillfactor", "bloat_size", "bloat_pct", "is_na")
}

TABLE_SIZES = {
    "total_size": "pgwatch_pg_class_total_relation_size_bytes",
    "table_size": "pgwatch_table_size_detailed_table_main_size_b",
    "index_size": "pgwatch_table_size_detailed_table_indexes_size_b",
    "toast_size": "pgwatch_table_size_detailed_total_toast_size_b",
}
TABLE_COUNTERS = {
    "seq_scan": "pgwatch_pg_stat_all_tables_seq_scan",
    "idx_scan": "pgwatch_pg_stat_all_tables_idx_scan",
    "n_tup_ins": "pgwatch_table_stats_n_tup_ins",
    "n_tup_upd": "pgwatch_table_stats_n_tup_upd",
    "n_tup_del": "pgwatch_table_stats_n_tup_del",
    "n_tup_hot_upd": "pgwatch_table_stats_n_tup_hot_upd",
    "heap_blks_read": "pgwatch_pg_statio_all_tables_heap_blks_read",
    "heap_blks_hit": "pgwatch_pg_statio_all_tables_heap_blks_hit",
    "idx_blks_read": "pgwatch_pg_statio_all_tables_idx_blks_read",
    "idx_blks_hit": "pgwatch_pg_statio_all_tables_idx_blks_hit",
}
TABLE_METRICS = TABLE_SIZES | TABLE_COUNTERS
# What a counter is called in the table of growth over a time.
GROWTH_NAMES = {
    "seq_scan": "seq_scans",
    "idx_scan": "idx_scans",
    "n_tup_ins": "inserts",
    "n_tup_upd": "updates",
    "n_tup_del": "deletes",
    "n_tup_hot_upd": "hot_updates",
}
TABLE_COLUMNS = ["schema", "table_name", *TABLE_METRICS]
TABLE_GROWTH_COLUMNS = [
    "schema",
    "table_name",
    *TABLE_SIZES,
    *(name for c in TABLE_COUNTERS for name in (GROWTH_NAMES.get(c, c), f"{GROWTH_NAMES.get(c, c)}_per_sec")),
    "duration_seconds",
]


@dataclass
class Moment:
    """The values of one object at about one time."""

    time: float = 0.0
    values: dict[str, float] = field(default_factory=dict)


def statement_key(labels: Mapping[str, str]) -> Key:
    """What tells two statements apart."""
    return tuple(labels.get(name, "") for name in ("datname", "queryid", "user", "instance"))


def table_key(labels: Mapping[str, str]) -> Key:
    """What tells two tables apart; metrics name the same thing differently."""
    schema = labels.get("schemaname") or labels.get("schema", "")
    table = labels.get("relname") or labels.get("table_name") or labels.get("tblname", "")
    return labels.get("datname", ""), schema, table


def index_key(labels: Mapping[str, str]) -> Key:
    """What tells two indexes apart."""
    return tuple(labels.get(name, "") for name in ("datname", "schemaname", "tblname", "idxname"))


def moments(
    found: Iterable[tuple[str, list[Series]]], when: float, key_of: Callable[[Mapping[str, str]], Key]
) -> dict[Key, Moment]:
    """Group series by object; (column, series) pairs in, the sample nearest to a Unix time of each out."""
    objects: dict[Key, Moment] = {}
    for column, series in found:
        for one in series:
            time, value = one.nearest(when)
            moment = objects.setdefault(key_of(one.labels), Moment(time))
            moment.values[column] = value
    return objects


def pairs(start: dict[Key, Moment], end: dict[Key, Moment], seconds: float) -> list[tuple[Key, Moment, Moment, float]]:
    """Each object with its two moments and the true time between them; `seconds` is used if one is missing."""
    result = []
    for key in start.keys() | end.keys():
        first, last = start.get(key, Moment()), end.get(key, Moment())
        result.append((key, first, last, last.time - first.time if first.time and last.time else seconds))
    return result


def statement_rows(
    start: dict[Key, Moment], end: dict[Key, Moment], seconds: float, texts: Mapping[str, str]
) -> list[Row]:
    """Rows of /pgss_metrics/csv, the statement with most execution time first."""
    rows: list[Row] = []
    for (_, queryid, *_), first, last, duration in pairs(start, end, seconds):
        row: Row = {"queryid": queryid, "query_text": texts.get(queryid, ""), "duration_seconds": duration}
        calls = last.values.get("calls", 0.0) - first.values.get("calls", 0.0)
        for column, metric in STATEMENT_METRICS.items():
            growth = last.values.get(column, 0.0) - first.values.get(column, 0.0)
            if "_bytes_" in metric:
                growth /= BLOCK_BYTES
            row[column] = growth
            row[f"{column}_per_sec"] = growth / duration if duration > 0 else 0.0
            row[f"{column}_per_call"] = growth / calls if calls > 0 else 0.0
        rows.append(row)
    return sorted(rows, key=lambda row: (-_number(row["exec_time"]), str(row["queryid"])))


def table_growth_rows(start: dict[Key, Moment], end: dict[Key, Moment], seconds: float) -> list[Row]:
    """Rows of /table_info/csv over a time, the largest table first."""
    rows: list[Row] = []
    for (_, schema, table), first, last, duration in pairs(start, end, seconds):
        row: Row = {"schema": schema, "table_name": table, "duration_seconds": duration}
        for counter in TABLE_COUNTERS:
            growth = last.values.get(counter, 0.0) - first.values.get(counter, 0.0)
            name = GROWTH_NAMES.get(counter, counter)
            row[name] = growth
            row[f"{name}_per_sec"] = growth / duration if duration > 0 else 0.0
        rows.append(row | {size: last.values.get(size, 0.0) for size in TABLE_SIZES})
    return sorted(rows, key=lambda row: (-_number(row["total_size"]), str(row["schema"]), str(row["table_name"])))


def _number(value: object) -> float:
    return value if isinstance(value, float) else 0.0
