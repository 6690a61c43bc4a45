"""What a deploy is asked for, checked before anything is touched."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from operations.engine.snapshot import Snapshot
from operations.errors import BadInputError, RefusedError
from stacks.configuration import ConfigurationError, gather, lacking
from stacks.names import PreviewName
from stacks.outputs import PreviewOutputs
from stacks.settings import PreviewSettings
from stacks.validation import SettingsError, validate


@dataclass(frozen=True, kw_only=True)
class DeployRequest:
    """What is asked for.

    Attributes:
        branch: Branch name.
        base: Name of the base stack.
        commit: Commit; only recorded.
        config_directory: Monitoring configuration of the branch.
        images: Service → image reference, where not the default.
        only_existing: Do nothing where there is no preview of the branch.
    """

    branch: str
    base: str
    commit: str = ""
    config_directory: Path | None = None
    images: Mapping[str, str] = field(default_factory=dict)
    only_existing: bool = False


def require_ownership(name: PreviewName, request: DeployRequest, before: Snapshot) -> None:
    """Refuse what would take over another branch's preview, or move one to another base.

    Args:
        name: The preview.
        request: What is asked for.
        before: State of the preview's stack.

    Raises:
        RefusedError: Names the owner, or the base.
    """
    if before.owner not in ("", request.branch):
        raise RefusedError(
            f"The slug {name.slug!r} belongs to the preview of branch {before.owner!r}, so branch {request.branch!r} "
            f"cannot be deployed: rename the branch, or run ./preview destroy {before.owner} first. "
            "Nothing was changed."
        )
    if before.preview and before.preview.base != request.base:
        raise RefusedError(
            f"The preview of {request.branch!r} runs on the base {before.preview.base!r}, not on {request.base!r}: "
            f"name it with --base {before.preview.base}, or destroy the preview first. Nothing was changed."
        )


def require_configuration(request: DeployRequest, checkout: Path, plugins: Collection[str]) -> tuple[str, ...]:
    """Refuse a configuration directory that a preview cannot run with.

    Args:
        request: What is asked for.
        checkout: Root of the project.
        plugins: Plugins of Grafana that the base has.

    Returns:
        What will be taken from elsewhere or changed, and what will stay empty, in words.

    Raises:
        BadInputError: Names every fault.
    """
    own = checkout / "config"
    try:
        found = gather(request.config_directory or own, own)
        return (*found.notes, *lacking(found.files, plugins))
    except ConfigurationError as error:
        raise BadInputError(str(error)) from error


def values_of(request: DeployRequest, before: PreviewOutputs | None, checkout: Path) -> dict[str, Any]:
    """Configuration of the preview's stack.

    Args:
        request: What is asked for.
        before: What the preview's stack records; None where there is none.
        checkout: Root of the project.

    Raises:
        BadInputError: Values cannot be used; all are named.
    """
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    directory = request.config_directory.resolve() if request.config_directory else checkout / "config"
    values: dict[str, Any] = {
        "branch": request.branch,
        "base": request.base,
        "commit": request.commit,
        "configDirectory": str(directory.relative_to(checkout) if directory.is_relative_to(checkout) else directory),
        "deployedAt": now,
        "createdAt": (before.created_at if before else "") or now,
        # An end that somebody has moved further away stays.
        "expiresAt": before.expires_at if before else "",
        "images": dict(request.images),
    }
    try:
        validate(
            PreviewSettings,
            {key: value for key, value in values.items() if value != ""},
            stack=PreviewName(request.branch).stack,
        )
    except SettingsError as error:
        raise BadInputError(str(error)) from error
    return values
