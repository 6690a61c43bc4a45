"""The Pulumi engine, driven through its Automation API. The only module that imports it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pulumi import automation
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from stacks.names import STACK_PREFIX
from stacks.operations.errors import EngineError, LockedError
from stacks.settings import PROJECT

LOCK_WAIT_SECONDS = 60
_ANSI = re.compile(r"\x1b\[[0-9;]*m|<\{%[^%]*%\}>")
# Said again, and better, by the diagnostic that follows; or said of the whole stack.
_NOISE = re.compile(r"^(sdk-v2/|pf/|update failed$|\d+ errors? occurred)")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that the engine does to one resource."""

    resource: str
    kind: str
    operation: str
    state: Literal["started", "done", "failed"]


OnStep = Callable[[Step], None]


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


class _Listener:
    """Collects the engine's errors and hands its steps on."""

    def __init__(self, on_step: OnStep) -> None:
        self._on_step = on_step
        self.errors: list[str] = []
        self.counts: Mapping[str, int] = {}

    def __call__(self, event: automation.EngineEvent) -> None:
        if event.diagnostic_event and event.diagnostic_event.severity == "error":
            for reason in _reasons(event.diagnostic_event.message):
                if reason not in self.errors:
                    self.errors.append(reason)
        if event.summary_event:
            self.counts = {str(_plain(key)): count for key, count in event.summary_event.resource_changes.items()}
        for found, state in (
            (event.resource_pre_event, "started"),
            (event.res_outputs_event, "done"),
            (event.res_op_failed_event, "failed"),
        ):
            if found and _plain(found.metadata.op) not in {"same", "read", "refresh"}:
                self._step(found.metadata, state)  # type: ignore[arg-type]

    def _step(self, metadata: automation.StepEventMetadata, state: Literal["started", "done", "failed"]) -> None:
        self._on_step(
            Step(
                resource=metadata.urn.rsplit("::", 1)[-1],
                kind=metadata.type.rsplit(":", 1)[-1],
                operation=str(_plain(metadata.op)),
                state=state,
            )
        )


def _reasons(message: str) -> list[str]:
    """What went wrong, out of a diagnostic of the engine.

    A provider's error comes several times, the last as a list with a star before each reason, and the stack adds that
    it failed; a program's own error is plain text.
    """
    lines = [line.strip() for line in _ANSI.sub("", message).strip().splitlines()]
    starred = [line.removeprefix("* ") for line in lines if line.startswith("* ")]
    if starred:
        return [line for line in starred if not re.match(r"(creating|updating|deleting) urn:", line)]
    text = " ".join(line for line in lines if line)
    return [] if not text or _NOISE.match(text) else [text]


def _plain(value: object) -> object:
    return getattr(value, "value", value)


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
            raise EngineError(_words(error)) from error

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

    def remove(self, stack: str) -> None:
        """``pulumi stack rm`` of an empty stack, with its configuration file.

        Raises:
            EngineError: The stack still has resources.
        """
        try:
            self._workspace.remove_stack(stack)
        except automation.errors.CommandError as error:
            raise EngineError(_words(error)) from error
        (self._checkout / f"Pulumi.{stack}.yaml").unlink(missing_ok=True)

    def _operate(
        self, stack: str, on_step: OnStep, operation: Callable[[automation.Stack, _Listener], object]
    ) -> Changes:
        started = time.monotonic()
        listener = _Listener(on_step)
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
            raise EngineError("\n".join(listener.errors) or _words(error)) from error
        return Changes(counts=listener.counts, seconds=time.monotonic() - started)

    def _run(self, *args: str) -> str:
        try:
            return self._command.run([*args, "--non-interactive"], str(self._checkout), {}).stdout
        except automation.errors.CommandError as error:
            raise EngineError(_words(error)) from error


def _words(error: Exception) -> str:
    """The engine's own sentence out of an Automation API error, which wraps it in code, stdout and stderr."""
    text = _ANSI.sub("", str(error))
    lines = [line.strip() for line in text.splitlines()]
    sentences = [line.removeprefix("stderr:").strip() for line in lines]
    found = [line.removeprefix("error:").strip() for line in sentences if line.startswith("error:")]
    return "\n".join(found) or text.strip()
