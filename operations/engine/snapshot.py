"""What the backend knows of a stack, read in one go and without its secrets."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from operations.errors import OperationError
from stacks.moments import text_of
from stacks.outputs import OutputsError, PreviewOutputs

_SECRET_MARK = "4dabf18193072939515e22adb298388d"  # noqa: S105  the engine's mark of a special value in a state
STACK = "pulumi:pulumi:Stack"
CONTAINER = "docker:index/container:Container"
NETWORK = "docker:index/network:Network"
VOLUME = "docker:index/volume:Volume"
IN_DOCKER: Mapping[str, str] = {
    "container": CONTAINER,
    "service": "docker:index/service:Service",
    "network": NETWORK,
    "volume": VOLUME,
    "secret": "docker:index/secret:Secret",
    "config": "docker:index/serviceConfig:ServiceConfig",
}
"""What Docker holds for previews: its word for the kind of thing → type of the resource."""

RECORD = "cloudflare:index/dnsRecord:DnsRecord"
_IN_SLOT = "preview:slot:Slot$"
_NEVER = "0001-"
_GZIP = b"\x1f\x8b"
# The engine's. Python's own takes four times as long for a thirtieth less.
_GZIP_LEVEL = 6


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """State of a stack.

    Attributes:
        stack: Name of the stack.
        outputs: Outputs of its last successful update, without secrets; empty where it had none.
        ids: Type of a resource → ids of those that the state knows.
        has_slot: Whether the preview's slot is in the state, so that destroying the stack gives it back.
        pending: Names of the resources that an update had begun to make, change or remove when it died.
        saved_at: RFC 3339 time at which the state was last written.
        slot_owner: Branch that the slot in the state was taken for; empty where there is none.
        slot_base: Label of the base that the slot is on; empty where there is none.
    """

    stack: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    ids: Mapping[str, frozenset[str]] = field(default_factory=dict)
    has_slot: bool = False
    pending: tuple[str, ...] = ()
    saved_at: str = ""
    slot_owner: str = ""
    slot_base: str = ""

    @classmethod
    def of(cls, stack: str, export: Mapping[str, Any], made: dt.datetime | None = None) -> Snapshot:
        """Read what ``pulumi stack export`` prints of a stack.

        Args:
            stack: Name of the stack.
            export: What it prints.
            made: When the backend got it, which says of a stack that was never updated how old it is.

        Raises:
            OperationError: It is not what the engine writes.
        """
        try:
            return cls._of(stack, export, made)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise OperationError(
                f"The state of the stack {stack!r} cannot be read ({error!r}): restore it from a copy."
            ) from error

    @classmethod
    def _of(cls, stack: str, export: Mapping[str, Any], made: dt.datetime | None) -> Snapshot:
        deployment = export.get("deployment") or {}
        resources = deployment.get("resources") or []
        ids: dict[str, set[str]] = {}
        for row in resources:
            # A provider is how resources are reached, not one that would be left behind.
            if row.get("custom") and not str(row["type"]).startswith("pulumi:providers:"):
                ids.setdefault(str(row["type"]), set()).add(str(row.get("id", "")))
        time = str((deployment.get("manifest") or {}).get("time", ""))
        if made and (not time or time.startswith(_NEVER)):
            time = text_of(made)
        slot = next(filter(None, map(_slot, resources)), {})
        outputs = next((row.get("outputs") or {} for row in resources if row["type"] == STACK), {})
        return cls(
            stack=stack,
            outputs={name: value for name, value in outputs.items() if not _secret(value)},
            ids={kind: frozenset(found) for kind, found in ids.items()},
            has_slot=any(_IN_SLOT in str(row["urn"]) for row in resources),
            pending=tuple(
                str(operation["resource"]["urn"]).rsplit("::", 1)[-1]
                for operation in deployment.get("pending_operations") or []
            ),
            saved_at=time,
            slot_owner=slot.get("BRANCH", ""),
            slot_base=slot.get("BASE", ""),
        )

    @cached_property
    def preview(self) -> PreviewOutputs | None:
        """What a preview's stack records about itself; None where no deploy of it ever succeeded.

        Raises:
            OperationError: The outputs are not a preview's.
        """
        try:
            return PreviewOutputs.of(self.stack, self.outputs)
        except OutputsError as error:
            raise OperationError(str(error)) from error

    @property
    def owner(self) -> str:
        """Branch whose preview it is, or whose first deploy is under way or died; empty where nobody's."""
        branch = self.outputs.get("branch", "")
        return branch if branch and isinstance(branch, str) else self.slot_owner

    @property
    def asleep_since(self) -> str:
        """Since when the preview sleeps, RFC 3339, until the last container has been started; empty where not."""
        return self.preview.asleep_since if self.preview else ""

    @property
    def in_docker(self) -> frozenset[str]:
        """Docker's ids of all that the state knows there."""
        return frozenset[str]().union(*(self.ids.get(kind, ()) for kind in IN_DOCKER.values()))

    @property
    def empty(self) -> bool:
        """Whether the state holds nothing that would have to be removed."""
        return not self.ids and not self.pending


def _secret(value: object) -> bool:
    return isinstance(value, dict) and _SECRET_MARK in value


def _slot(row: Mapping[str, Any]) -> Mapping[str, str]:
    """Variables with which the slot was taken, out of its resource; empty of any other."""
    inputs = row.get("inputs") or {}
    if _IN_SLOT not in str(row["urn"]) or not inputs:
        return {}
    if environment := inputs.get("environment"):
        return {str(name): str(value) for name, value in environment.items()}
    # A script for a machine behind SSH sets its variables itself.
    assigned = re.findall(r"^export (\w+)=(.*)$", str(inputs.get("create", "")), re.MULTILINE)
    return {name: "".join(shlex.split(value)) for name, value in assigned}


@dataclass(frozen=True, kw_only=True)
class State:
    """A stack's state as the engine keeps it.

    Attributes:
        key: Its name in the backend.
        changed: When it was last written.
        content: The engine's file.
        stored: The same as the backend has it.
    """

    key: str
    changed: dt.datetime
    content: dict[str, Any]
    stored: bytes = field(default=b"", repr=False)

    @classmethod
    def of(cls, key: str, content: bytes, changed: dt.datetime) -> State:
        """Read the engine's file.

        Raises:
            OperationError: It is not what the engine writes.
        """
        try:
            parsed = json.loads(gzip.decompress(content) if content.startswith(_GZIP) else content)
            parsed["checkpoint"].get("latest")
        except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise OperationError(
                f"The state {key} cannot be read ({type(error).__name__}: {error}): restore it from a copy."
            ) from error
        return cls(key=key, changed=changed, content=parsed, stored=content)

    @property
    def deployment(self) -> dict[str, Any]:
        """What the engine calls the latest deployment; empty where there was none."""
        latest: dict[str, Any] = self.content["checkpoint"].get("latest") or {}
        return latest

    @property
    def made(self) -> str:
        """Digest of all that it says of resources but the stack's outputs; hexadecimal."""
        rows = (
            {**row, "outputs": {}} if row["type"] == STACK else row for row in self.deployment.get("resources") or []
        )
        said = [*rows, self.deployment.get("pending_operations") or []]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    def packed(self) -> bytes:
        """The engine's file, of what the content has become."""
        text = json.dumps(self.content).encode()
        return gzip.compress(text, _GZIP_LEVEL) if self.key.endswith(".gz") else text
