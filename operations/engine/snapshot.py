"""What the backend knows of a stack, read in one go and without its secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from operations.errors import OperationError
from stacks.outputs import OutputsError, PreviewOutputs

_SECRET_MARK = "4dabf18193072939515e22adb298388d"  # noqa: S105  the engine's mark of a special value in a state
STACK = "pulumi:pulumi:Stack"
CONTAINER = "docker:index/container:Container"
NETWORK = "docker:index/network:Network"
VOLUME = "docker:index/volume:Volume"
RECORD = "cloudflare:index/dnsRecord:DnsRecord"
_IN_SLOT = "preview:slot:Slot$"


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
    """

    stack: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    ids: Mapping[str, frozenset[str]] = field(default_factory=dict)
    has_slot: bool = False
    pending: tuple[str, ...] = ()
    saved_at: str = ""

    @classmethod
    def of(cls, stack: str, export: Mapping[str, Any]) -> Snapshot:
        """Read what ``pulumi stack export`` prints of a stack."""
        deployment = export.get("deployment") or {}
        resources = deployment.get("resources") or []
        ids: dict[str, set[str]] = {}
        for row in resources:
            # A provider is how resources are reached, not one that would be left behind.
            if row.get("custom") and not str(row["type"]).startswith("pulumi:"):
                ids.setdefault(str(row["type"]), set()).add(str(row.get("id", "")))
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
            saved_at=str((deployment.get("manifest") or {}).get("time", "")),
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
    def empty(self) -> bool:
        """Whether the state holds nothing that would have to be removed."""
        return not self.ids and not self.pending


def _secret(value: object) -> bool:
    return isinstance(value, dict) and _SECRET_MARK in value
