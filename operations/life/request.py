"""What a deploy is asked for, checked before anything is touched."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from components.services import SERVICES
from operations.engine.snapshot import Snapshot
from operations.errors import BadInputError, RefusedError
from operations.life.labels import kept_after, labelled_after
from stacks.configuration import Configuration, ConfigurationError, gather, lacking
from stacks.names import PreviewName
from stacks.outputs import BaseOutputs, PreviewOutputs
from stacks.preview_settings import PreviewSettings
from stacks.validation import SettingsError, validate

DEFAULT_IMAGE = "default"
"""Chosen for a service, it takes back what was chosen for it before."""


@dataclass(frozen=True, kw_only=True)
class DeployRequest:
    """What is asked for.

    Attributes:
        branch: Branch name.
        base: Name of the base stack.
        commit: Commit; only recorded.
        config_directory: Monitoring configuration of the branch.
        images: Service → image reference from now on, or :data:`DEFAULT_IMAGE`; may be a template, see
            :mod:`stacks.images`. What is not named stays as it is.
        only_existing: Do nothing where there is no preview of the branch.
        labels: Labels of the branch's merge request; None: nobody knows them.
        kept_at: Since when it has waited for the preview's wake, RFC 3339; empty: it is asked for now.
    """

    branch: str
    base: str
    commit: str = ""
    config_directory: Path | None = None
    images: Mapping[str, str] = field(default_factory=dict)
    only_existing: bool = False
    labels: Collection[str] | None = None
    kept_at: str = ""


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


def require_configuration(request: DeployRequest, checkout: Path, base: BaseOutputs) -> tuple[str, ...]:
    """Refuse a configuration directory that a preview cannot run with.

    Args:
        request: What is asked for.
        checkout: Root of the project.
        base: What the preview's base hands on.

    Returns:
        What will be taken from elsewhere or changed, and what will stay empty, in words.

    Raises:
        BadInputError: Names every fault.
    """
    own = checkout / "config"
    directory = request.config_directory or own
    try:
        found = gather(directory, own)
        notes = (*found.notes, *lacking(found.files, base.plugins))
    except ConfigurationError as error:
        raise BadInputError(str(error)) from error
    base.by_runtime(containers=lambda: None, services=lambda: _require_small(found, directory, checkout))
    return notes


def _require_small(found: Configuration, directory: Path, checkout: Path) -> None:
    # They load what declares a preview, which takes a third of a second.
    from components.environment_args import INITDB
    from components.service_files import FilesRefusedError, files_of, require_small

    with TemporaryDirectory() as folder:
        folders = {"config": Path(folder, "config"), "workload": checkout / "workload", "initdb": INITDB}
        found.write(folders["config"])
        read = [file for service in SERVICES for file in files_of(service, folders)]
        try:
            require_small(read, {**folders, "config": directory})
        except FilesRefusedError as error:
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
    chosen = {**(before.images if before else {}), **request.images}
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
        "kept": kept_after(before.kept if before else "", request.labels),
        "labelled": labelled_after(before.labelled if before else "", request.labels, updated=request.only_existing),
        # The default's word is checked like a reference, so that its service has to be one.
        "images": chosen,
    }
    settings_of(values)
    return {**values, "images": {service: image for service, image in chosen.items() if image != DEFAULT_IMAGE}}


def images_of(values: Mapping[str, Any]) -> set[str]:
    """References of all images that a preview of that configuration runs.

    Raises:
        BadInputError: Values cannot be used; all are named.
    """
    settings = settings_of(values)
    return {settings.image(service) for service in SERVICES}


def settings_of(values: Mapping[str, Any]) -> PreviewSettings:
    """The same configuration as a program reads it.

    Raises:
        BadInputError: Values cannot be used; all are named.
    """
    given = {key: value for key, value in values.items() if value != ""}
    try:
        return validate(PreviewSettings, given, stack=PreviewName(str(values["branch"])).stack)
    except SettingsError as error:
        raise BadInputError(str(error)) from error
