"""What the state backend knows, read through the engine's own commands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pulumi import automation

from operations.engine.events import words
from operations.engine.snapshot import Snapshot
from operations.engine.vendor import EngineProcess
from operations.errors import EngineError
from stacks.settings import PROJECT

# Each read is a process of its own; more of them at once would only wait for each other.
_PARALLEL_READS = 4


class NoSuchStackError(EngineError):
    """The backend has no such stack."""


class Backend:
    """Stacks of this project in the backend that the environment names.

    Args:
        process: The engine's process.
        directory: Root of the project.
    """

    def __init__(self, process: EngineProcess, directory: str) -> None:
        self.process = process
        self._directory = directory

    def stacks(self) -> list[str]:
        """Names of all stacks of the project.

        Raises:
            EngineError: The backend cannot be read.
        """
        rows = json.loads(self._run("stack", "ls", "--json"))
        return [str(row["name"]).rsplit("/", 1)[-1] for row in rows]

    def snapshot(self, stack: str) -> Snapshot | None:
        """What the backend knows of a stack; None where there is no such stack.

        Raises:
            EngineError: The backend cannot be read.
        """
        try:
            return Snapshot.of(stack, json.loads(self._run("stack", "export", "--stack", stack)))
        except NoSuchStackError:
            return None

    def snapshots(self, stacks: Sequence[str]) -> list[Snapshot | None]:
        """What the backend knows of stacks, read side by side; None for those that do not exist.

        Raises:
            EngineError: The backend cannot be read.
        """
        with ThreadPoolExecutor(_PARALLEL_READS) as pool:
            return list(pool.map(self.snapshot, stacks))

    def outputs(self, stack: str) -> dict[str, Any]:
        """Outputs of the stack's last successful update, secrets in plain; empty where it has none.

        Raises:
            EngineError: There is no such stack, or the backend cannot be read.
        """
        values: dict[str, Any] = json.loads(self._run("stack", "output", "--json", "--show-secrets", "--stack", stack))
        return values

    def secrets(self, stack: str) -> set[str]:
        """Every generated password that the stack's state knows.

        Raises:
            EngineError: There is no such stack, or the backend cannot be read.
        """
        export = json.loads(self._run("stack", "export", "--show-secrets", "--stack", stack))
        rows = (export.get("deployment") or {}).get("resources") or []
        passwords = [row for row in rows if row["type"] == "random:index/randomPassword:RandomPassword"]
        return {
            json.loads(row["outputs"]["result"]["plaintext"]) for row in passwords if "result" in row.get("outputs", {})
        }

    def last_good_values(self, stack: str) -> Mapping[str, Any]:
        """Configuration of the last update that succeeded, from the stack's history; empty where none did."""
        good = self._last_good(stack)
        prefix = f"{PROJECT}:"
        return {
            key.removeprefix(prefix): entry.get("objectValue") or entry["value"]
            for key, entry in (good.get("config") or {}).items()
            if key.startswith(prefix)
        }

    def last_good_end(self, stack: str) -> str:
        """RFC 3339 time at which the last update that succeeded ended; empty where none did."""
        return str(self._last_good(stack).get("endTime", ""))

    def _last_good(self, stack: str) -> Mapping[str, Any]:
        rows = json.loads(self._run("stack", "history", "--json", "--stack", stack))
        return next((row for row in rows if row["kind"] == "update" and row["result"] == "succeeded"), {})

    def _run(self, *args: str) -> str:
        try:
            return self.process.run(list(args), self._directory, {}).stdout
        except automation.errors.StackNotFoundError as error:
            raise NoSuchStackError(words(error)) from error
        except automation.errors.CommandError as error:
            raise EngineError(words(error)) from error
