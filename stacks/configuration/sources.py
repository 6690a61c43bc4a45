"""What pgwatch monitors: a branch's sources with the preview's own credentials, or one that is made for it."""

from __future__ import annotations

from collections.abc import Collection

from pydantic import BaseModel, RootModel

from stacks.configuration.connection import OWN_HOSTS, UnusableConnectionError, settings_of, with_own_credentials
from stacks.configuration.documents import Document, put, rows, text_at, tree, written
from stacks.configuration.faults import Fault
from stacks.configuration.layout import METRICS, SOURCES
from stacks.configuration.metrics import Metrics
from stacks.configuration.values import Flag, Named, Number

_KINDS = (
    "postgres", "postgres-continuous-discovery", "pgbouncer", "pgpool", "patroni", "patroni-continuous-discovery",
    "patroni-namespace-discovery",
)  # fmt: skip
_MADE = {"env": "demo", "cluster": "local", "node_name": "node-01"}
"""Tags that the product's dashboards choose by, as its own set-up gives them to its target."""


class _Source(BaseModel):
    name: Named
    conn_str: Named
    kind: str | None = None
    group: str | None = None
    preset_metrics: str | None = None
    preset_metrics_standby: str | None = None
    custom_metrics: dict[str, Number | None] | None = None
    custom_metrics_standby: dict[str, Number | None] | None = None
    include_pattern: str | None = None
    exclude_pattern: str | None = None
    is_enabled: Flag | None = None
    only_if_master: Flag | None = None
    custom_tags: dict[str, str | None] | None = None


class _File(RootModel[list[_Source]]):
    pass


def made(metrics: Metrics) -> str:
    """Sources of a branch that has metrics and none: the target."""
    preset = metrics.preset()
    collected = {"preset_metrics": preset} if preset else {"custom_metrics": dict.fromkeys(metrics.metrics, 60)}
    row = {
        "name": OWN_HOSTS["target-db"],
        "conn_str": with_own_credentials("host=target-db"),
        "kind": "postgres",
        **collected,
        "is_enabled": True,
        "custom_tags": _MADE,
    }
    return written(tree([row]))


def source_faults(document: Document) -> list[Fault]:
    """Why pgwatch would not start with these sources, or could not reach them."""
    data = document.data
    if not isinstance(data, list) or not all(isinstance(row, dict) and row.get("conn_str") for row in data):
        return [document.fault("must be a list of sources, each with a conn_str.")]
    if shape := document.shape_faults(_File):
        return shape
    faults: list[Fault] = []
    names: set[str] = set()
    for index, row in enumerate(data):
        if row["name"] in names:
            faults.append(document.fault(f"has two sources named {row['name']!r}: pgwatch would not start.", index))
        names.add(row["name"])
        if row.get("kind") and row["kind"] not in _KINDS:
            faults.append(document.fault(f"the kind must be one of {', '.join(_KINDS)}.", index, "kind"))
        if (row.get("kind") or "").startswith("patroni"):
            continue
        try:
            settings_of(row["conn_str"])
        except UnusableConnectionError as error:
            reason = f"pgwatch cannot use the conn_str of source {row['name']!r}: {error}."
            faults.append(document.fault(reason, index, "conn_str"))
    return faults


def give_credentials(document: Document) -> tuple[bool, list[str]]:
    """Let pgwatch log in as the preview's own role, whose password is in a file.

    Returns:
        Whether sources have been changed, and what is passed on as it is, in words.
    """
    changed, notes, enabled = False, [], False
    for row in rows(document.root):
        name, text = text_at(row, "name"), text_at(row, "conn_str")
        enabled |= text_at(row, "is_enabled").lower() in ("true", "y", "yes", "on")
        own = None if text_at(row, "kind").startswith("patroni") else with_own_credentials(text)
        if own is None:
            notes.append(
                f"{document.name}: source {name!r} is none of the preview's databases and passed on as it is; "
                "a preview has no way out, so it will have no data"
            )
        elif own != text:
            put(row, "conn_str", own)
            changed = True
    if not enabled:
        notes.append(f"{document.name}: no source says is_enabled: true, so nothing is monitored")
    return changed, notes


def preset_faults(document: Document, presets: Collection[str]) -> list[Fault]:
    """Presets that sources name and no file has."""
    return [
        document.fault(
            f"{SOURCES} monitors {text_at(row, 'name')!r} with the preset {preset!r}, which {METRICS} does not have: "
            f"add a {SOURCES} of the branch that names one of {', '.join(presets) or '(none)'}.",
            index,
            key,
        )
        for index, row in enumerate(rows(document.root))
        for key in ("preset_metrics", "preset_metrics_standby")
        if (preset := text_at(row, key)) and preset not in presets
    ]
