"""The Pulumi engine, driven through its Automation API, which only this module and :mod:`.events` import."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulumi import automation
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from stacks.names import STACK_PREFIX
from stacks.operations.errors import EngineError, LockedError
from stacks.operations.events import Listener, OnStep, words
from stacks.settings import PROJECT

LOCK_WAIT_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class StackInfo:
    """A stack as the backend lists it."""

    name: str
    last_update: str
    in_progress: bool


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What an update did: operation → number of resources, and how long it took in seconds."""

    counts: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def changed(self) -> int:
        """Resources that were made, changed or removed."""
        return sum(count for operation, count in self.counts.items() if operation != "same")


class Engine:
    """Stacks of this project in the backend that the environment names."""

    def __init__(self, checkout: Path) -> None:
        self._checkout = checkout
        self._command = automation.PulumiCommand()
        self._workspace = automation.LocalWorkspace(work_dir=str(checkout), pulumi_command=self._command)

    def stacks(self) -> list[StackInfo]:
        """All stacks of the project.

        Raises:
            EngineError: The backend cannot be read.
        """
        rows = json.loads(self._run("stack", "ls", "--json"))
        return [
            StackInfo(
                name=str(row["name"]).rsplit("/", 1)[-1],
                last_update=row.get("lastUpdate", ""),
                in_progress=bool(row.get("updateInProgress")),
            )
            for row in rows
        ]

    def exists(self, stack: str) -> bool:
        """Whether the backend has the stack."""
        return any(info.name == stack for info in self.stacks())

    def outputs(self, stack: str) -> dict[str, Any]:
        """Outputs of the stack's last successful update, secrets in plain; empty where it has none.

        Raises:
            EngineError: There is no such stack, or the backend cannot be read.
        """
        values: dict[str, Any] = json.loads(self._run("stack", "output", "--json", "--show-secrets", "--stack", stack))
        return values

    def create(self, stack: str) -> None:
        """Make the stack where the backend has none.

        Raises:
            EngineError: The backend refuses it.
        """
        try:
            with self._configuration_kept(stack):
                automation.Stack.create_or_select(stack, self._workspace)
        except automation.errors.CommandError as error:
            raise EngineError(words(error)) from error

    @contextmanager
    def _configuration_kept(self, stack: str) -> Iterator[None]:
        """Put a configuration file that is under version control back as it was.

        The engine writes its salt into it, which belongs to the passphrase of one machine; the state has it too.
        """
        path = self._checkout / f"Pulumi.{stack}.yaml"
        before = path.read_bytes() if path.is_file() and not stack.startswith(STACK_PREFIX) else None
        try:
            yield
        finally:
            if before is not None and path.read_bytes() != before:
                path.write_bytes(before)

    def configure(self, stack: str, values: Mapping[str, str | Mapping[str, str]]) -> None:
        """Write the stack's configuration file anew; what is not named falls back to the schema's default."""
        settings = self._settings(stack)
        settings.config = {f"{PROJECT}:{key}": value for key, value in values.items() if value not in ("", {})}
        self._workspace.save_stack_settings(stack, settings)

    def _settings(self, stack: str) -> automation.StackSettings:
        try:
            return self._workspace.stack_settings(stack)
        except FileNotFoundError:
            return automation.StackSettings()

    def up(self, stack: str, on_step: OnStep) -> Changes:
        """``pulumi up``.

        Raises:
            EngineError: A resource failed; the message holds the engine's errors.
            LockedError: Another operation held the stack for the whole wait.
        """
        return self._operate(stack, on_step, lambda selected, listener: selected.up(on_event=listener))

    def destroy(self, stack: str, on_step: OnStep) -> Changes:
        """``pulumi destroy``, from the state alone: the program does not run.

        Raises:
            EngineError: A resource failed; the message holds the engine's errors.
            LockedError: Another operation held the stack for the whole wait.
        """
        return self._operate(stack, on_step, lambda selected, listener: selected.destroy(on_event=listener))

    def destroy_only(self, stack: str, provider: str, on_step: OnStep) -> Changes:
        """``pulumi destroy --target`` of the resources of one provider, for when the others cannot be reached.

        Args:
            stack: The stack.
            provider: Start of the resources' types, such as ``cloudflare``.
            on_step: Told of each resource.

        Raises:
            EngineError: A resource failed.
            LockedError: Another operation held the stack for the whole wait.
        """
        resources = json.loads(self._run("stack", "export", "--stack", stack))["deployment"].get("resources", [])
        urns = [row["urn"] for row in resources if str(row["type"]).startswith(f"{provider}:")]
        if not urns:
            return Changes()
        return self._operate(
            stack, on_step, lambda selected, listener: selected.destroy(target=urns, on_event=listener)
        )

    def remove(self, stack: str, *, force: bool = False) -> None:
        """``pulumi stack rm``, with the stack's configuration file.

        Args:
            stack: The stack.
            force: Also where it still has resources, which are then forgotten.

        Raises:
            EngineError: The stack still has resources.
        """
        try:
            self._workspace.remove_stack(stack, force=force)
        except automation.errors.CommandError as error:
            raise EngineError(words(error)) from error
        (self._checkout / f"Pulumi.{stack}.yaml").unlink(missing_ok=True)

    def _operate(
        self, stack: str, on_step: OnStep, operation: Callable[[automation.Stack, Listener], object]
    ) -> Changes:
        started = time.monotonic()
        listener = Listener(on_step)
        try:
            selected = automation.Stack.select(stack, self._workspace)
            for attempt in Retrying(
                retry=retry_if_exception_type(automation.errors.ConcurrentUpdateError),
                stop=stop_after_delay(LOCK_WAIT_SECONDS),
                wait=wait_fixed(1),
                reraise=True,
            ):
                with attempt, self._configuration_kept(stack):
                    listener.errors.clear()
                    operation(selected, listener)
        except automation.errors.ConcurrentUpdateError as error:
            raise LockedError(
                f"Another operation has held the stack {stack!r} for {LOCK_WAIT_SECONDS} s: "
                f"wait for it to end, or, if its process is gone, run pulumi cancel --stack {stack}."
            ) from error
        except automation.errors.CommandError as error:
            raise EngineError("\n".join(listener.errors) or words(error)) from error
        return Changes(counts=listener.counts, seconds=time.monotonic() - started)

    def _run(self, *args: str) -> str:
        try:
            return self._command.run([*args, "--non-interactive"], str(self._checkout), {}).stdout
        except automation.errors.CommandError as error:
            raise EngineError(words(error)) from error
