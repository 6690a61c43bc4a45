"""Grafana's data sources: what Grafana refuses, and the preview's own way to the sink's database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel

from components.service_spec import SECRETS_MOUNT
from stacks.configuration.documents import Document, mapping_at, put, rows, text_at
from stacks.configuration.faults import Fault
from stacks.configuration.hosts import host_of, is_out_of_reach
from stacks.configuration.values import GrafanaFlag, GrafanaWhole, Named, Organisation, Uid

_SINK = "sink-postgres"
_TARGET = "target-db"
_PASSWORD = f"$__file{{{SECRETS_MOUNT}/sink_grafana}}"


class _DataSource(BaseModel):
    name: Named
    type: Named
    uid: Uid | None = None
    access: str | None = None
    url: str | None = None
    user: str | None = None
    database: str | None = None
    basicAuth: GrafanaFlag | None = None  # noqa: N815 - Grafana's names
    basicAuthUser: str | None = None  # noqa: N815
    withCredentials: GrafanaFlag | None = None  # noqa: N815
    isDefault: GrafanaFlag | None = None  # noqa: N815
    editable: GrafanaFlag | None = None
    orgId: Organisation | None = None  # noqa: N815
    version: GrafanaWhole | None = None
    jsonData: dict[str, Any] | None = None  # noqa: N815
    secureJsonData: dict[str, str | None] | None = None  # noqa: N815


class _Deleted(BaseModel):
    name: Named
    orgId: Organisation | None = None  # noqa: N815


class _File(BaseModel):
    apiVersion: GrafanaWhole | None = None  # noqa: N815
    datasources: list[_DataSource] | None = None
    deleteDatasources: list[_Deleted] | None = None  # noqa: N815
    prune: GrafanaFlag | None = None


def datasource_faults(documents: Iterable[Document]) -> list[Fault]:
    """Why Grafana would not start with these files, or would leave out what they have."""
    faults: list[Fault] = []
    usable: list[Document] = []
    for document in documents:
        shape = document.shape_faults(_File)
        faults += shape or _format_faults(document)
        usable += [] if shape else [document]
    return faults + list(_doubles(usable))


def _format_faults(document: Document) -> list[Fault]:
    data = document.data or {}
    if data.get("datasources") and (data.get("apiVersion") or "0").strip("0") == "":
        return [document.fault("must say apiVersion: 1; without it Grafana reads a format of long ago.")]
    return []


def _doubles(documents: Iterable[Document]) -> Iterator[Fault]:
    seen: dict[tuple[str, str, str], str] = {}
    for document in documents:
        for index, row in enumerate((document.data or {}).get("datasources") or []):
            unique = {key: row[key] for key in ("name", "uid") if row.get(key)}
            if str(row.get("isDefault")).lower() in ("true", "t", "1"):
                unique["mark as default"] = "isDefault"
            for key, value in unique.items():
                claim = (row.get("orgId") or "1", key, value)
                if claim in seen:
                    reason = f"has the {key} {value!r} of a data source in {seen[claim]} again: keep one of them."
                    yield document.fault(reason, "datasources", index)
                seen[claim] = document.file


def unreachable(document: Document) -> Iterator[str]:
    """Data sources that have no answers in a preview, in words."""
    for row in rows(document.root, "datasources"):
        url, name = text_at(row, "url"), text_at(row, "name")
        if is_out_of_reach(url):
            yield f"{document.name}: the data source {name!r} asks {host_of(url)}, which a preview does not have"
        elif host_of(url) == _TARGET:
            yield f"{document.name}: the data source {name!r} asks {_TARGET}, where viewers of a preview have no role"


def with_own_credentials(document: Document) -> bool:
    """Let the data sources of the sink's database log in as the preview's reader; False where they do."""
    changed = False
    for row in rows(document.root, "datasources"):
        if host_of(text_at(row, "url")) != _SINK:
            continue
        if (text_at(row, "user"), text_at(row, "secureJsonData", "password")) != ("grafana", _PASSWORD):
            put(row, "user", "grafana")
            put(mapping_at(row, "secureJsonData"), "password", _PASSWORD)
            changed = True
    return changed
