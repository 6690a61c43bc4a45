"""What Grafana's page asks data sources for the values of variables: labels and metrics, or rows of SQL."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

from operations.verify.answers import Asks, RefusedError, body_of, fetched, listing, mapping, mappings, one_line, text
from operations.verify.options import Option
from operations.verify.sources import Source
from operations.verify.timing import FROM, RANGE_SECONDS, TO

_LABEL_NAMES = re.compile(r"label_names\((.*)\)\s*")
_LABEL_VALUES = re.compile(r"label_values\((?:(.+),\s*)?(.+)\)\s*")
_METRICS = re.compile(r"metrics\((.+)\)\s*")
_QUERY_RESULT = re.compile(r"query_result\((.+)\)\s*")
_NOTHING = ("label_values()", "metrics()", "query_result()")
_LONGEST_QUERY = 10_000
_LOOKED_BACK_SECONDS = 24 * 3600

Known = TypeVar("Known")


class Metadata:
    """Answers for one look at a preview; the same question is asked once.

    Args:
        asks: Who asks Grafana.
    """

    def __init__(self, asks: Asks) -> None:
        self._asks = asks
        self._known: dict[tuple[str, str], Any] = {}
        self._end = int(time.time())

    def options(self, source: Source, query: str) -> list[Option]:
        """Answers to a variable's query, whose own variables have been put in.

        Raises:
            RefusedError: It cannot be answered.
            httpx.HTTPError: Grafana does not answer.
        """
        if len(query) > _LONGEST_QUERY:
            raise RefusedError("its query is too long")
        if not source.listed:
            raise RefusedError(f"data source {source.uid or source.kind!r} does not exist")
        if source.is_prometheus:
            return self._once(source, query, lambda: self._of_prometheus(source, query))
        if source.is_sql:
            return self._once(source, query, lambda: self._of_sql(source, query))
        raise RefusedError(f"only the plugin {source.kind or source.uid} knows how to ask")

    def metrics(self, source: Source) -> frozenset[str]:
        """Names of all metrics of the last day.

        Raises:
            RefusedError: They cannot be asked for.
            httpx.HTTPError: Grafana does not answer.
        """

        def ask() -> frozenset[str]:
            found = self._resource(source, "label/__name__/values", {}, _LOOKED_BACK_SECONDS)
            return frozenset(map(text, listing(found)))

        return self._once(source, "", ask)

    def _once(self, source: Source, query: str, ask: Callable[[], Known]) -> Known:
        key = (source.uid, query)
        if key not in self._known:
            try:
                self._known[key] = ask()
            except RefusedError as error:
                self._known[key] = error
        known = self._known[key]
        if isinstance(known, RefusedError):
            raise known
        answer: Known = known
        return answer

    def _of_prometheus(self, source: Source, query: str) -> list[Option]:
        if match := _LABEL_NAMES.fullmatch(query):
            some = {"match[]": f'{{__name__=~".*{match[1]}.*"}}'} if match[1] else {}
            names = sorted(map(text, listing(self._resource(source, "labels", some))))
            return _options(name for name in names if not match[1] or name != "__name__")
        if match := _LABEL_VALUES.fullmatch(query):
            selector = match[1] or ""
            some = {"match[]": selector} if selector.replace(" ", "") not in ("", "{}") else {}
            label = quote(match[2].strip().strip("\"'"), safe="")
            return _options(map(text, listing(self._resource(source, f"label/{label}/values", some))))
        if match := _METRICS.fullmatch(query):
            some = {"match[]": f'{{__name__=~"{match[1]}"}}'}
            return _options(map(text, listing(self._resource(source, "label/__name__/values", some))))
        if match := _QUERY_RESULT.fullmatch(query):
            return _of_result(mapping(self._resource(source, "query", {"query": match[1]})))
        if query in _NOTHING:
            return []
        return _options(map(_series, mappings(self._resource(source, "series", {"match[]": query}))))

    def _resource(self, source: Source, path: str, some: dict[str, str], seconds: int = RANGE_SECONDS) -> Any:
        end = str(self._end)
        moments = {"time": end} if path == "query" else {"start": str(self._end - seconds), "end": end}
        at = f"/api/datasources/uid/{quote(source.uid, safe='')}/resources/api/v1/{path}"
        body = mapping(fetched(self._asks, at, {**some, **moments}))
        if body.get("status") != "success":
            raise RefusedError(one_line(text(body.get("error"))) or "the answer is not Prometheus's")
        return body.get("data")

    def _of_sql(self, source: Source, query: str) -> list[Option]:
        wanted = {"refId": "variable", "datasource": source.reference, "rawSql": query, "format": "table"}
        response = self._asks.ask("POST", "/api/ds/query", json={"queries": [wanted], "from": FROM, "to": TO})
        body = mapping(body_of(response))
        result = mapping(mapping(body.get("results")).get("variable"))
        error = one_line(text(result.get("error")) or text(body.get("message")))
        if error or not response.is_success:
            raise RefusedError(error or f"HTTP {response.status_code}")
        return _of_frames(result)


def _of_frames(result: Any) -> list[Option]:
    columns: dict[str, list[Any]] = {}
    for frame in mappings(result.get("frames")):
        fields = [text(field.get("name")) for field in mappings(mapping(frame.get("schema")).get("fields"))]
        for place, values in enumerate(listing(mapping(frame.get("data")).get("values"))):
            name = fields[place] if place < len(fields) else str(place)
            columns.setdefault(name, []).extend(listing(values))
    if {"__text", "__value"} <= columns.keys():
        pairs = zip(columns["__text"], columns["__value"], strict=False)
        return [Option(text(shown), text(value)) for shown, value in pairs]
    return _options(dict.fromkeys(text(value) for values in columns.values() for value in values))


def _of_result(data: Any) -> list[Option]:
    if data.get("resultType") in ("scalar", "string"):
        return _options(map(text, listing(data.get("result"))[1:2]))
    found = []
    for row in mappings(data.get("result")):
        labels = dict(mapping(row.get("metric")))
        name = text(labels.pop("__name__", ""))
        at, value = (*listing(row.get("value")), 0, "")[:2]
        milliseconds = f"{at * 1000:.15g}" if isinstance(at, int | float) and not isinstance(at, bool) else "0"
        inside = ",".join(f'{label}="{text(one)}"' for label, one in labels.items())
        found.append(f"{name}{{{inside}}} {text(value)} {milliseconds}")
    return _options(found)


def _series(labels: Any) -> str:
    inside = ",".join(f'{label}="{text(value)}"' for label, value in labels.items() if label != "__name__")
    return f"{text(labels.get('__name__'))}{{{inside}}}"


def _options(values: Any) -> list[Option]:
    return [Option(value, value) for value in values]
