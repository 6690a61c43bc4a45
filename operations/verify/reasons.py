"""Why a panel is empty, in words, and whether a preview is expected to fill it.

A panel counts where it asks VictoriaMetrics or the sink about something that a preview has. It does not count

* where another data source or a plugin would have to answer;
* where it names only metrics of programs that no preview runs, and none of them is there: cAdvisor (``container_``,
  ``machine_``), node-exporter (``node_``), postgres-exporter (``pg_``), archiving of WAL (``pgwatch_archive_``);
* where it waits for its reader: it uses a text box that is empty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from operations.verify.answers import RefusedError, mapping, one_line, text
from operations.verify.metadata import Metadata
from operations.verify.panels import Query, Shown
from operations.verify.sources import Source
from operations.verify.timing import RANGE_WORDS

_FOREIGN = ("container_", "machine_", "node_", "pg_", "pgwatch_archive_")
_MOST_METRICS = 3
_PLUGIN = re.compile(r"plugin", re.IGNORECASE)
_STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`', re.DOTALL)
_NAMED = re.compile(r"""__name__\s*=\s*["']([a-zA-Z_:][\w:]*)["']""", re.ASCII)
_BRACES, _RANGE = re.compile(r"\{[^{}]*\}"), re.compile(r"\[[^\[\]]*\]")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)", re.IGNORECASE)
_COMMENT = re.compile(r"#[^\n]*")
_WORD = re.compile(r"(?<![\w:.$])[a-zA-Z_:][\w:]*+(?!\s*\()", re.ASCII)
_MOST_READ = 10_000
_KEYWORDS = frozenset({
    "and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "offset", "bool", "inf",
    "nan", "atan2", "start", "end", "default", "if", "ifnot", "keep_metric_names", "limit", "with",
})  # fmt: skip


def metrics_in(expression: str) -> list[str]:
    """Names of the metrics that a PromQL expression asks for, in their order."""
    expression = expression[:_MOST_READ]
    named = _NAMED.findall(expression)
    bare = _COMMENT.sub("", _STRING.sub('""', expression))
    for part in (_BRACES, _RANGE, _GROUPING):
        bare = part.sub(" ", bare)
    words = [word for word in _WORD.findall(bare) if word.lower() not in _KEYWORDS]
    return list(dict.fromkeys([*words, *named]))


def reason_of(panel: Shown, results: Mapping[str, Any], refused: str, metadata: Metadata) -> tuple[str, bool]:
    """Why a panel is empty, and whether it counts.

    Args:
        panel: The panel.
        results: Answers to its queries, by their letter.
        refused: Why a request failed as a whole; empty where none did.
        metadata: Where it is asked which metrics there are.

    Raises:
        httpx.HTTPError: Grafana does not answer.
    """
    asked = [query for query in panel.queries if not query.is_expression]
    ours = [query for query in asked if query.source.is_prometheus or query.source.is_sql]
    for query in asked:
        if not query.source.listed:
            return _unknown(query.source)
    named, missing = _metrics(asked, metadata)
    counted = bool(ours) and not _waits(panel) and not _foreign(ours, named, missing)
    errors = [one_line(text(mapping(result).get("error"))) for result in results.values()]
    failure = next((error for error in errors if error), "") or refused
    if failure and not ours and _PLUGIN.search(failure):
        return f"needs plugin {asked[0].source.kind or asked[0].source.uid}" if asked else failure, False
    problems = [variable.problem for name, variable in panel.variables.items() if name in panel.used]
    if failure:
        return f"the query failed: {failure}", counted
    if problem := next(filter(None, problems), ""):
        return problem, counted
    if missing:
        return _absent(missing), counted
    return f"no rows in {RANGE_WORDS}", counted


def _unknown(source: Source) -> tuple[str, bool]:
    if source.kind and not source.is_prometheus and not source.is_sql:
        return f"needs plugin {source.kind}", False
    return f"data source {source.uid or source.kind!r} does not exist", True


def _waits(panel: Shown) -> bool:
    return any(panel.variables[name].waits for name in panel.used if name in panel.variables)


def _metrics(queries: Sequence[Query], metadata: Metadata) -> tuple[list[str], list[str]]:
    """Metrics that are asked for, and those of them that there are not."""
    named: list[str] = []
    missing: list[str] = []
    for query in queries:
        if not query.source.is_prometheus:
            continue
        wanted = metrics_in(text(query.body.get("expr")))
        try:
            known = metadata.metrics(query.source)
        except RefusedError:
            known = frozenset(wanted)
        named += [name for name in wanted if name not in named]
        missing += [name for name in wanted if name not in known and name not in missing]
    return named, missing


def _foreign(ours: Sequence[Query], named: list[str], missing: list[str]) -> bool:
    only_metrics = all(query.source.is_prometheus for query in ours)
    return only_metrics and bool(named) and all(name in missing and name.startswith(_FOREIGN) for name in named)


def _absent(missing: list[str]) -> str:
    if len(missing) == 1:
        return f"metric {missing[0]} does not exist"
    more = f" and {len(missing) - _MOST_METRICS} more" if len(missing) > _MOST_METRICS else ""
    return f"metrics {', '.join(missing[:_MOST_METRICS])}{more} do not exist"
