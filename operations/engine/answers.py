"""What only the engine can tell of a stack: what takes the passphrase, and the history."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from operations.engine.events import words
from operations.engine.process import EngineProcess
from operations.errors import EngineError
from stacks.settings import PROJECT

PASSWORDS = "pulumi:index:Stash"
"""Type of the resource that keeps the passwords of a preview."""

EARLIER_PASSWORD = "random:index/randomPassword:RandomPassword"  # noqa: S105  a type
"""Type of the resources that held one password each in previews made by versions before 1.2."""


class Answers:
    """What the engine says when it is asked.

    Args:
        process: The engine's process.
        directory: Root of the project.
    """

    def __init__(self, process: EngineProcess, directory: str) -> None:
        self.process = process
        self._directory = directory

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
        rows = self._resources_in_plain(stack)
        kept = (_plain(row, "output") for row in rows if row["type"] == PASSWORDS)
        return {password for passwords in kept for password in passwords.values()} | {*_each_by_itself(rows).values()}

    def earlier_passwords(self, stack: str) -> Mapping[str, str]:
        """Name of a secret → password, where the stack's state holds each in a resource of its own.

        Raises:
            EngineError: There is no such stack, or the backend cannot be read.
        """
        return _each_by_itself(self._resources_in_plain(stack))

    def _resources_in_plain(self, stack: str) -> list[dict[str, Any]]:
        export = json.loads(self._run("stack", "export", "--show-secrets", "--stack", stack))
        return (export.get("deployment") or {}).get("resources") or []

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
        rows = json.loads(self._run("stack", "history", "--json", "--page-size", "0", "--stack", stack))
        return next((row for row in rows if row["kind"] == "update" and row["result"] == "succeeded"), {})

    def _run(self, *args: str) -> str:
        said = self.process.run(list(args), self._directory, {})
        if said.code:
            raise EngineError(words(said.stderr) or f"The engine ended with code {said.code} and said nothing.")
        return said.stdout


def _each_by_itself(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Name of a secret → password, of those that have a resource each: ``<slug>-secrets-<name of the secret>``."""
    return {
        row["urn"].rpartition("-secrets-")[2].replace("-", "_"): _plain(row, "result")
        for row in rows
        if row["type"] == EARLIER_PASSWORD and "result" in row.get("outputs", {})
    }


def _plain(row: dict[str, Any], output: str) -> Any:
    return json.loads(row["outputs"][output]["plaintext"])
