"""Deploy: create a preview or update it, all or nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.services import SERVICES
from stacks.names import slug_of, stack_of
from stacks.operations import base as bases
from stacks.operations.containers import DockerEngine
from stacks.operations.errors import BadInputError, EngineError, OperationError, RefusedError, UnhealthyError
from stacks.operations.events import OnStep
from stacks.operations.workspace import Changes, Engine
from stacks.outputs import BaseOutputs
from stacks.settings import PreviewSettings
from stacks.validation import SettingsError, validate

CONFIG_FILES = (
    "grafana/provisioning/datasources",
    "grafana/provisioning/dashboards",
    "grafana/dashboards",
    "prometheus/prometheus.yml",
    "pgwatch-prometheus/metrics.yml",
    "pgwatch-prometheus/sources.yml",
)
"""What a branch's configuration directory must have."""


@dataclass(frozen=True, kw_only=True)
class DeployRequest:
    """What is asked for.

    Attributes:
        branch: Branch name.
        base: Name of the base stack.
        commit: Commit; only recorded.
        config_directory: Monitoring configuration of the branch.
        images: Service → image reference, where not the default.
    """

    branch: str
    base: str
    commit: str = ""
    config_directory: Path | None = None
    images: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A preview that is up.

    Attributes:
        url: Public address.
        slug: Slug.
        created: Whether it is new.
        changes: What the engine did.
        base: What the base hands on.
    """

    url: str
    slug: str
    created: bool
    changes: Changes
    base: BaseOutputs


OnNote = Callable[[str], None]


def deploy(engine: Engine, checkout: Path, request: DeployRequest, on_step: OnStep, on_note: OnNote) -> Deployed:
    """Create or update the preview of a branch.

    Args:
        engine: The engine.
        checkout: Root of the project.
        request: What is asked for.
        on_step: Told of each resource.
        on_note: Told in words what is going on.

    Raises:
        BadInputError: Branch, commit, configuration directory or images cannot be used.
        RefusedError: Another branch owns the slug, or an image cannot be had.
        UnhealthyError: A container did not become healthy. A new preview has been removed again.
        LockedError: Another operation held the preview for the whole wait.
        OperationError: Anything else.
    """
    slug = slug_of(request.branch)
    stack = stack_of(slug)
    _require_configuration(request.config_directory or checkout / "config")
    base = bases.outputs(engine, request.base)
    known = engine.exists(stack)
    before = engine.outputs(stack) if known else {}
    _require_ownership(slug, request, before)
    values = _values(request, before, checkout)
    docker = DockerEngine.of(base)
    images = {service.key: request.images.get(service.key, service.image) for service in SERVICES}
    for reference in docker.require_images(images.values()):
        on_note(f"pulling {reference}")
    if not known:
        engine.create(stack)
    engine.configure(stack, values)
    try:
        changes = engine.up(stack, on_step)
    except EngineError as error:
        # Before anything is removed: what the containers have to say goes with them.
        logs = {state.name: docker.last_lines(state.name) for state in docker.of_slug(slug) if not state.well}
        outcome = _give_up(engine, stack, before, on_step, on_note)
        if logs:
            raise UnhealthyError(
                f"The preview of {request.branch!r} did not come up: {error} {outcome}", logs
            ) from error
        raise OperationError(f"{error} {outcome}") from error
    after = engine.outputs(stack)
    return Deployed(url=after["url"], slug=slug, created=not before, changes=changes, base=base)


def _give_up(engine: Engine, stack: str, before: Mapping[str, Any], on_step: OnStep, on_note: OnNote) -> str:
    if before:
        return "The update was not completed; deploy again to repair the preview, or destroy it."
    on_note("removing what was made")
    engine.destroy(stack, on_step)
    engine.remove(stack)
    return "Everything that was made has been removed again."


def _require_ownership(slug: str, request: DeployRequest, before: Mapping[str, Any]) -> None:
    owner = before.get("branch", request.branch)
    if owner != request.branch:
        raise RefusedError(
            f"The slug {slug!r} belongs to the preview of branch {owner!r}, so branch {request.branch!r} cannot be "
            f"deployed: rename the branch, or run ./preview destroy {owner} first. Nothing was changed."
        )
    base = before.get("base", request.base)
    if base != request.base:
        raise RefusedError(
            f"The preview of {request.branch!r} runs on the base {base!r}, not on {request.base!r}: name it with "
            f"--base {base}, or destroy the preview first. Nothing was changed."
        )


def _require_configuration(directory: Path) -> None:
    if not directory.is_dir():
        raise BadInputError(f"The configuration directory {directory} does not exist: give one that does.")
    missing = [name for name in CONFIG_FILES if not (directory / name).exists()]
    if missing:
        raise BadInputError(
            f"The configuration directory {directory} lacks {', '.join(missing)}: add what is missing, or leave "
            "--config-dir away to use this project's own."
        )


def _values(request: DeployRequest, before: Mapping[str, Any], checkout: Path) -> dict[str, str | Mapping[str, str]]:
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    directory = request.config_directory.resolve() if request.config_directory else checkout / "config"
    values: dict[str, str | Mapping[str, str]] = {
        "branch": request.branch,
        "base": request.base,
        "commit": request.commit,
        "configDirectory": str(directory.relative_to(checkout) if directory.is_relative_to(checkout) else directory),
        "deployedAt": now,
        "createdAt": str(before.get("created_at") or now),
        "images": dict(request.images),
    }
    try:
        validate(
            PreviewSettings,
            {key: value for key, value in values.items() if value != ""},
            stack=stack_of(slug_of(request.branch)),
        )
    except SettingsError as error:
        raise BadInputError(str(error)) from error
    return values
