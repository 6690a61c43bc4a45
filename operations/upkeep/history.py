"""What has happened to previews: kept on their machine, where it outlives them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace

from operations.engine.workspace import Engine
from operations.errors import OperationError
from operations.find import bases, machine_at
from operations.happening import Happening
from operations.redact import sentence_of
from stacks.moments import text_of


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of the history; texts are empty where unknown.

    Attributes:
        at: RFC 3339 time, in UTC.
        what: What happened, see :class:`operations.happening.Happening`.
        branch: Branch.
        slug: Slug.
        commit: Commit.
        by: Who did it.
        why: What went wrong, or why it ended: one sentence.
        base: Base stack on which it happened; not part of the line.
    """

    at: str
    what: str
    branch: str
    slug: str
    commit: str
    by: str
    why: str
    base: str = ""

    def as_dict(self) -> dict[str, str]:
        """The same, for JSON."""
        return asdict(self)


_WRITTEN = [field.name for field in fields(Entry) if field.name != "base"]


def line_of(happening: Happening) -> str:
    """The line that tells of something: JSON in ASCII, whatever the branch's name is."""
    entry = Entry(
        at=text_of(happening.at),
        what=happening.what,
        branch=happening.name.branch,
        slug=happening.name.slug,
        commit=happening.commit,
        by=happening.by,
        why=sentence_of(happening.why),
    )
    return json.dumps({name: getattr(entry, name) for name in _WRITTEN})


def entries_of(text: str) -> list[Entry]:
    """Entries of a history, in its order; lines that are none, as a disk that was full leaves them, are left out."""
    return [entry for line in text.splitlines() if (entry := _entry(line))]


def _entry(line: str) -> Entry | None:
    try:
        found = json.loads(line)
        values = {name: found[name] for name in _WRITTEN}
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return Entry(**values) if all(isinstance(value, str) for value in values.values()) else None


def history(engine: Engine, branch: str, base: str, limit: int, note: Callable[[str], None]) -> list[Entry]:
    """What has happened to previews, the newest first.

    Args:
        engine: The engine.
        branch: Branch that is meant; empty: all.
        base: Base that is meant; empty: all.
        limit: Entries at most.
        note: Told of a base that does not answer, where another does.

    Raises:
        OperationError: No base answers.
    """
    found: list[Entry] = []
    faults: list[OperationError] = []
    names = bases(engine, base)
    for name in names:
        try:
            found += _of_base(engine, name)
        except OperationError as error:
            faults.append(error)
    if faults and len(faults) == len(names):
        raise faults[0]
    for fault in faults:
        note(str(fault))
    mine = [entry for entry in reversed(found) if branch in ("", entry.branch)]
    return sorted(mine, key=lambda entry: entry.at, reverse=True)[:limit]


def _of_base(engine: Engine, name: str) -> list[Entry]:
    machine = machine_at(engine, name)
    if not machine.base.page_directory:
        return []
    variables = {"HISTORY": f"{machine.base.page_directory}/history.jsonl"}
    text = machine.run('[ ! -e "$HISTORY" ] || cat -- "$HISTORY"', variables)
    return [replace(entry, base=name) for entry in entries_of(text)]
