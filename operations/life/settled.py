"""An update that changes nothing but what is recorded of a preview, which needs no engine.

Most pushes to a branch touch nothing that its preview consists of. To find that out, the engine starts, loads its
plugins, and has the program declare every resource again. So each update leaves a note: digests of all files that the
program and the preview are made of, of all that the program is told, and of all that the state says of resources. Where
the three are the same again, the program would declare what it has declared before. Whatever else runs an engine on the
stack, or edits a resource in its state, makes the note worthless.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from components.digests import digest_of_files
from operations.engine import notes
from operations.engine.snapshot import STACK
from operations.engine.workspace import Changes, Engine
from operations.errors import OperationError
from operations.life.haste import give_own_shares
from operations.life.work import Work
from stacks.configuration import ConfigurationError
from stacks.configuration.layout import look
from stacks.outputs import PreviewOutputs
from stacks.paths import Paths

PROGRAM = ("components", "host", "stacks", "workload", "Pulumi.yaml", "__main__.py", "requirements.lock")
"""Folders and files of the project that a preview's program reads, besides its default configuration."""

_NOT_TOLD = frozenset(
    # The program only records these, and of that directory it is told by the digest of its files. Which images a commit
    # means shows in their ids.
    ("commit", "configDirectory", "createdAt", "deployedAt", "deployedBy", "expiresAt", "kept", "labelled")
)


class Settled:
    """What the last update of a stack has left, and what this one would leave.

    Args:
        engine: The engine.
        stack: The stack.
        checkout: Root of the project.
        configuration: Directory of the branch's own configuration; None: the project's.
    """

    def __init__(self, engine: Engine, stack: str, checkout: Path, configuration: Path | None) -> None:
        self._note = notes.read(engine.store, stack)
        self._checkout = checkout
        self._configuration = configuration or checkout / "config"
        self._files = self._digest()

    @property
    def likely(self) -> bool:
        """Whether nothing but what the program is told can be another than at the last update."""
        return bool(self._files) and self._note.startswith(f"{self._files} ")

    def only_recorded(self, work: Work, values: Mapping[str, Any]) -> Changes | None:
        """Update what is recorded of a preview that has not drifted, where nothing else of it would change.

        Args:
            work: The operation.
            values: Configuration of the preview's stack.

        Returns:
            What was done; None where the engine has to look.

        Raises:
            LockedError: Somebody else works on the stack.
            OperationError: The backend refuses.
        """
        started = time.monotonic()
        recorded = work.records
        if recorded is None or not self.likely:
            return None
        with work.locked() as found:
            work.require_unchanged(found.before)
            if self._would_be(work, values) != self._note:
                return None
            give_own_shares(work.machine.docker, work.machine.docker.of_slug(work.name.slug))
            work.engine.configure(work.name.stack, values)
            work.engine.edit(work.name.stack, lambda deployment: _record(deployment, recorded))
        return Changes(seconds=time.monotonic() - started)

    def keep(self, work: Work, values: Mapping[str, Any]) -> None:
        """Note what an update has left that succeeded."""
        with suppress(OperationError):
            after = work.engine.snapshot(work.name.stack)
            # Nobody else was there since, the program has recorded what would be recorded without it, and has read the
            # files that are digested.
            if after and after.preview == work.records and self._files and self._digest() == self._files:
                notes.write(work.engine.store, work.name.stack, self._would_be(work, values))

    def _digest(self) -> str:
        """Digest of all files; empty where one cannot be read, of which whoever reads it next says what is wrong."""
        default = self._checkout / "config"
        try:
            return digest_of_files([*_program(self._checkout), *_listed(default), *_listed(self._configuration)])
        except (OSError, ConfigurationError):
            return ""

    def _would_be(self, work: Work, values: Mapping[str, Any]) -> str:
        told = {
            "values": {key: value for key, value in values.items() if key not in _NOT_TOLD},
            "base": work.machine.base.model_dump(mode="json"),
            "engine": work.engine.process.version,
            "staged": str(Paths.default().staged(work.name.stack)),
        }
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        return f"{self._files} {digest} {work.engine.made(work.name.stack)}"


def _record(deployment: dict[str, Any], recorded: PreviewOutputs) -> None:
    for row in deployment["resources"]:
        if row["type"] == STACK:
            others = {name: value for name, value in row["outputs"].items() if name not in PreviewOutputs.model_fields}
            row["outputs"] = {**others, **recorded.by_program()}


def _program(checkout: Path) -> Iterator[tuple[str, Path]]:
    for top in PROGRAM:
        place = checkout / top
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and path.suffix != ".pyc":
                yield path.relative_to(checkout).as_posix(), path


def _listed(directory: Path) -> Iterator[tuple[str, Path]]:
    return ((name, directory / name) for name in look(directory).files)
