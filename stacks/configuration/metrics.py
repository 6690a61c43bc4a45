"""What pgwatch collects: the files of the product's two pgwatch instances become the one that a preview starts with.

The product runs an instance for each sink. A preview's one pgwatch writes whatever it collects to both, and pgwatch 3
has no setting against it. What is meant for the database has texts, which the other sink makes labels of. What is
meant for the other sink costs the database disk: about 120 MB an hour with the product's metrics.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import yaml
from pydantic import BaseModel

from stacks.configuration.documents import Document, child, plain, tree, written
from stacks.configuration.faults import Fault
from stacks.configuration.values import Flag, Number, Whole

LONGEST_INTERVAL_SECONDS = 120
"""A preview lives for days and is looked at from its first minutes on; its database is small, so nothing is dear."""


class _Metric(BaseModel):
    sqls: dict[Whole, str | None] | None = None
    init_sql: str | None = None
    node_status: str | None = None
    gauges: list[str | None] | None = None
    is_instance_level: Flag | None = None
    storage_name: str | None = None
    description: str | None = None


class _Preset(BaseModel):
    description: str | None = None
    metrics: dict[str, Number | None] | None = None


class _File(BaseModel):
    metrics: dict[str, _Metric | None] | None = None
    presets: dict[str, _Preset | None] | None = None


@dataclass
class Metrics:
    """All metrics and presets.

    Attributes:
        metrics: Name → definition.
        presets: Name → definition.
        faults: Why they cannot be one file.
        notes: What was decided, in words.
        hastened: Metrics that are collected more often than their files say.
    """

    metrics: dict[str, yaml.Node] = field(default_factory=dict)
    presets: dict[str, dict[str, yaml.Node]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    hastened: set[str] = field(default_factory=set)

    def text(self) -> str:
        """The file."""
        root = tree({"metrics": {}, "presets": {name: {"metrics": {}} for name in self.presets}})
        _fill(root, self.metrics, "metrics")
        for name, preset in self.presets.items():
            _fill(root, preset, "presets", name, "metrics")
        return written(root)

    def preset(self) -> str | None:
        """The preset that a source without one is given: the full one, else the largest."""
        return max(self.presets, key=lambda name: (name == "full", len(self.presets[name])), default=None)

    def unknown(self) -> Iterator[str]:
        """Metrics that presets name and no file defines; pgwatch leaves them out."""
        for name, preset in self.presets.items():
            missing = [metric for metric in preset if metric not in self.metrics and not metric.startswith("reco_")]
            if missing:
                yield f"the preset {name!r} names what no file defines, so it is not collected: {', '.join(missing)}"


def metric_faults(documents: Iterable[Document]) -> list[Fault]:
    """Why pgwatch would not start with these files."""
    return [fault for document in documents for fault in document.shape_faults(_File)]


def merged(documents: Iterable[Document]) -> Metrics:
    """One set of definitions of several files of the right shape.

    What two files define alike is one definition. Presets of one name in different folders are taken together, because
    each of the product's instances has one of its own by that name.
    """
    result = Metrics()
    origin: dict[tuple[str, str], Document] = {}
    for document in documents:
        for key, value in _entries(document.root, "metrics"):
            other = origin.setdefault(("metrics", key), document)
            if key in result.metrics and plain(result.metrics[key]) != plain(value):
                result.faults.append(_double(document, other, key, "metrics"))
            result.metrics.setdefault(key, value)
        for key, value in _entries(document.root, "presets"):
            other = origin.setdefault(("presets", key), document)
            if other is not document and _folder(other) == _folder(document):
                result.faults.append(_double(document, other, key, "presets"))
            _add(result, key, dict(_entries(value, "metrics")))
    return result


def _add(result: Metrics, name: str, preset: Mapping[str, yaml.Node]) -> None:
    known = result.presets.setdefault(name, {})
    for metric, given in preset.items():
        interval = given
        if _seconds(given) > LONGEST_INTERVAL_SECONDS:
            interval = yaml.ScalarNode("tag:yaml.org,2002:int", str(LONGEST_INTERVAL_SECONDS))
            result.hastened.add(metric)
        if metric in known and plain(known[metric]) != plain(interval):
            result.notes.append(f"the preset {name!r} has {metric} at two intervals: the first one counts")
        known.setdefault(metric, interval)


def _seconds(interval: yaml.Node) -> float:
    # What is no number has been named as a fault.
    with suppress(ValueError, TypeError):
        return float(plain(interval))
    return 0.0


def _entries(root: yaml.Node | None, key: str) -> Iterator[tuple[str, yaml.Node]]:
    found = child(root, key) if root is not None else None
    if isinstance(found, yaml.MappingNode):
        yield from ((name.value, value) for name, value in found.value)


def _fill(root: yaml.Node, entries: Mapping[str, yaml.Node], *place: str) -> None:
    for part in place:
        found = child(root, part)
        assert found is not None
        root = found
    filled: list[Any] = [(yaml.ScalarNode("tag:yaml.org,2002:str", name), value) for name, value in entries.items()]
    root.value = filled


def _double(document: Document, other: Document, key: str, section: str) -> Fault:
    return document.fault(
        f"{document.name} and {other.name} both define {key!r} in {section}: keep one of them.", section, key
    )


def _folder(document: Document) -> str:
    return document.name.rpartition("/")[0]
