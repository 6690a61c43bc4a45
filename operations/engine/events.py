"""What the engine says while it works: steps, and reasons of failure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from operations.happening import Hears, nobody

if TYPE_CHECKING:
    from pulumi import automation

_ANSI = re.compile(r"\x1b\[[0-9;]*m|<\{%[^%]*%\}>")
# Said again, and better, by the diagnostic that follows; or said of the whole stack.
# The command plugin's errors begin with the whole script; what the script said is the reason.
_SCRIPT = re.compile(r'running "(?:[^"\\]|\\.)*":\s*')
# An id that nobody knows, of what has a name.
_BY_ID = re.compile(r"\b([Ss]ervice|[Cc]ontainer) with ID (?:\([0-9a-z]+\)|'[0-9a-z]+')")
_NOISE = re.compile(r"^(sdk-v2/|pf/|update failed$|\d+ errors? occurred)")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that the engine does to one resource."""

    resource: str
    kind: str
    operation: str
    state: Literal["started", "done", "failed"]


OnStep = Callable[[Step], None]


def no_steps(step: Step) -> None:
    """Is told, and says nothing."""


@dataclass(frozen=True, kw_only=True)
class Reporting:
    """For whom an operation is done, and who is told how it goes.

    Attributes:
        step: Told of each resource.
        note: Told in words.
        happened: Told what has become of the preview.
        by: Who does it: the login of GitLab's user, or the name of this machine's.
    """

    step: OnStep
    note: Callable[[str], None]
    happened: Hears = nobody
    by: str = ""


class Listener:
    """Collects the engine's errors and hands its steps on.

    Attributes:
        errors: What went wrong, in the engine's words.
        failed: Kinds of the resources that failed.
        counts: Operation → number of resources.
    """

    def __init__(self, on_step: OnStep) -> None:
        self._on_step = on_step
        self.errors: list[str] = []
        self.failed: set[str] = set()
        self.counts: Mapping[str, int] = {}

    def clear(self) -> None:
        """Forget what went wrong: the operation is tried again."""
        self.errors.clear()
        self.failed.clear()

    def __call__(self, event: automation.EngineEvent) -> None:
        if event.diagnostic_event and event.diagnostic_event.severity == "error":
            name = (event.diagnostic_event.urn or "").rsplit("::", 1)[-1]
            for said in _reasons(event.diagnostic_event.message):
                reason = _BY_ID.sub(rf"\1 {name}", said) if name else said
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
        step = Step(
            resource=metadata.urn.rsplit("::", 1)[-1],
            kind=metadata.type.rsplit(":", 1)[-1],
            operation=str(_plain(metadata.op)),
            state=state,
        )
        if state == "failed":
            self.failed.add(step.kind)
        self._on_step(step)


def _reasons(message: str) -> list[str]:
    """What went wrong, out of a diagnostic of the engine.

    A provider's error comes several times, the last as a list with a star before each reason, and the stack adds that
    it failed; a program's own error is plain text.
    """
    lines = [line.strip() for line in _SCRIPT.sub("", _ANSI.sub("", message)).strip().splitlines()]
    starred = [line.removeprefix("* ") for line in lines if line.startswith("* ")]
    if starred:
        return [line for line in starred if not re.match(r"(creating|updating|deleting) urn:", line)]
    text = " ".join(line for line in lines if line)
    return [] if not text or _NOISE.match(text) else [text]


def _plain(value: object) -> object:
    return getattr(value, "value", value)


def words(said: str) -> str:
    """The engine's own sentence out of its output, or out of the SDK's error, which wraps code, stdout and stderr."""
    text = _ANSI.sub("", said)
    lines = [line.strip() for line in text.splitlines()]
    sentences = [line.removeprefix("stderr:").strip() for line in lines]
    found = [line.removeprefix("error:").strip() for line in sentences if line.startswith("error:")]
    return "\n".join(found) or text.strip()
