"""A branch's files, each read once and as what it is, and the default's where the branch has none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from stacks.configuration.dashboards import Dashboard, dashboard_of
from stacks.configuration.documents import Document, document_of
from stacks.configuration.faults import Fault, UnusableError
from stacks.configuration.ini import without_own
from stacks.configuration.layout import (
    DASHBOARDS,
    DATASOURCES,
    GRAFANA_INI,
    METRICS,
    PARTS,
    PROVIDERS,
    SCRAPE,
    SINK_SQL,
    SOURCES,
    TARGET_SQL,
    Tree,
    part_of,
)
from stacks.configuration.scrape import require_no_variables
from stacks.configuration.texts import text_of, without_mark

_READERS = {
    DATASOURCES: "Grafana",
    PROVIDERS: "Grafana",
    SCRAPE: "VictoriaMetrics",
    METRICS: "pgwatch",
    SOURCES: "pgwatch",
}


@dataclass
class Found:
    """What a preview's configuration is made of.

    Attributes:
        files: Path below the configuration directory → file, or text that takes its place.
        documents: Part of the layout → its YAML files.
        dashboards: The dashboards.
        defaulted: Parts that come from the default.
        faults: What cannot be used.
        notes: What was done, in words.
    """

    files: dict[str, Path | str] = field(default_factory=dict)
    documents: dict[str, list[Document]] = field(default_factory=dict)
    dashboards: list[Dashboard] = field(default_factory=list)
    defaulted: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def all(self, *parts: str) -> Iterator[Document]:
        """The YAML files of parts."""
        for part in parts:
            yield from self.documents.get(part, [])


def read(branch: Tree, default: Tree) -> Found:
    """Read what is used of a branch's directory, and of the default what it lacks.

    A YAML file that says nothing counts as absent.
    """
    found = Found()
    lacking = [part for part in PARTS if not _read_part(found, branch, part)]
    for part in lacking:
        _read_part(found, default, part)
        found.defaulted.add(part)
        found.notes.append(f"{part}: not in {branch.root}, taken from the default configuration")
    for part in (GRAFANA_INI, TARGET_SQL, SINK_SQL):
        _read_part(found, branch, part)
    return found


def _read_part(found: Found, tree: Tree, part: str) -> bool:
    """Read a part's files; False where there are none that say anything."""
    said = False
    for name in tree.files:
        if part_of(name) != part:
            continue
        path = tree.root / name
        try:
            said |= _read_file(found, part, name, path)
        except UnusableError as error:
            found.faults.append(Fault(str(path), error.reason, error.line))
            said = True
    return said


def _read_file(found: Found, part: str, name: str, path: Path) -> bool:
    text = text_of(path)
    if part in _READERS:
        if part == SCRAPE:
            require_no_variables(text)
        document = document_of(name, str(path), without_mark(text), _READERS[part])
        if document.root is None:
            found.notes.append(f"{name}: says nothing, left out")
            return False
        if part in (SCRAPE, SOURCES):
            _require_one(found, part)
        found.documents.setdefault(part, []).append(document)
    elif part == DASHBOARDS:
        found.dashboards.append(dashboard_of(name, str(path), text))
        if text != without_mark(text):
            found.notes.append(f"{name}: without its byte-order mark, with which Grafana cannot read it")
            found.files[name] = without_mark(text)
            return True
    elif part == GRAFANA_INI:
        kept, left_out = without_own(text)
        if left_out:
            found.notes.append(f"{name}: a preview decides itself, so left out: {', '.join(left_out)}")
            found.files[name] = kept
            return True
    else:
        found.notes.append(
            f"{name}: run when the database is initialised, with the first deploy; to run a change of it, destroy the "
            "preview and deploy again"
        )
    found.files[part if part in (SCRAPE, SOURCES) else name] = path
    return True


def _require_one(found: Found, part: str) -> None:
    other = next(found.all(part), None)
    if other:
        raise UnusableError(f"is there as {Path(other.name).name} too: keep one of them.")
