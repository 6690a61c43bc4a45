"""The data sources of a preview, as its Grafana lists them to the page of a viewer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from operations.verify.answers import Asks, RefusedError, fetched, mapping, mappings, text
from operations.verify.interpolation import Format, Variables, glob, interpolate, prometheus, sql

MIXED, DASHBOARD, EXPRESSION = "-- Mixed --", "-- Dashboard --", "__expr__"
PROMETHEUS = "prometheus"
_SQL = ("postgres", "mysql", "mssql")
# Grafana has renamed plugins; files and answers use either name.
_ALIASES = {"grafana-postgresql-datasource": "postgres"}
_OWN = ("grafana", "-- Grafana --", MIXED, DASHBOARD, EXPRESSION, "-100")


@dataclass(frozen=True, kw_only=True)
class Source:
    """One data source.

    Attributes:
        uid: Its id.
        name: Its name.
        kind: Type of its plugin.
        default: Whether panels without a data source ask it.
        least: Least interval of its queries, such as ``10s``; empty for none.
        listed: Whether Grafana lists it; False for what a dashboard refers to and Grafana does not have.
    """

    uid: str
    name: str
    kind: str
    default: bool = False
    least: str = ""
    listed: bool = True

    @property
    def is_prometheus(self) -> bool:
        """Whether it is asked in PromQL."""
        return self.kind == PROMETHEUS

    @property
    def is_sql(self) -> bool:
        """Whether it is asked in SQL."""
        return self.kind in _SQL

    @property
    def builtin(self) -> bool:
        """Whether it is part of Grafana."""
        return self.uid in _OWN

    @property
    def format(self) -> Format:
        """How it wants variables."""
        return prometheus if self.is_prometheus else sql if self.is_sql else glob

    @property
    def reference(self) -> dict[str, str]:
        """How a query names it."""
        return {"uid": self.uid, **({"type": self.kind} if self.kind else {})}


@dataclass(frozen=True)
class Sources:
    """All of a preview's data sources; None where Grafana does not tell."""

    known: tuple[Source, ...] | None

    def of(self, reference: Any, variables: Variables) -> Source:
        """The data source that a panel, a query or a variable refers to: by id, by name, by its type, or the default.

        Args:
            reference: ``{"uid": …, "type": …}``, a name (older dashboards), or nothing.
            variables: Variables of the dashboard, which a reference may name.
        """
        wanted = mapping(interpolate(reference, variables))
        uid = text(wanted.get("uid")) or text(interpolate(reference, variables))
        kind = _kind(wanted.get("type"))
        if uid in _OWN or kind == EXPRESSION:
            return Source(uid=uid or EXPRESSION, name=uid, kind=kind)
        known = self.known or ()
        if uid in ("", "default"):
            found = [source for source in known if source.kind == kind] if kind else list(known)
            found.sort(key=lambda source: not source.default)
        else:
            found = [source for source in known if uid == source.uid] or [s for s in known if uid == s.name]
        if found:
            return found[0]
        return Source(uid=uid, name=uid, kind=kind, listed=self.known is None)

    def of_kind(self, kind: str) -> Iterator[Source]:
        """Those of a plugin, in the order of their names."""
        return (source for source in self.known or () if source.kind == _kind(kind))


def sources_of(asks: Asks) -> Sources:
    """Ask for the data sources as the page of a viewer does.

    Raises:
        httpx.HTTPError: There is no answer.
    """
    try:
        listed = mapping(mapping(fetched(asks, "/api/frontend/settings")).get("datasources"))
    except RefusedError:
        return Sources(None)
    found = [_source(row) for row in mappings(list(listed.values())) if text(row.get("uid"))]
    return Sources(tuple(sorted((source for source in found if not source.builtin), key=lambda source: source.name)))


def _source(row: Any) -> Source:
    kind = _kind(row.get("type"))
    fallback = "15s" if kind == PROMETHEUS else "1m" if kind in _SQL else ""
    return Source(
        uid=text(row.get("uid")),
        name=text(row.get("name")),
        kind=kind,
        default=row.get("isDefault") is True,
        least=text(mapping(row.get("jsonData")).get("timeInterval")) or fallback,
    )


def _kind(value: Any) -> str:
    return _ALIASES.get(text(value), text(value))
