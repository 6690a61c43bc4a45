"""Program of a preview's stack."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pulumi

from components.environment import PreviewEnvironment, PreviewEnvironmentArgs
from stacks.configuration import ConfigurationError, gather, home_of
from stacks.moments import text_of
from stacks.names import host_of, slug_of, slug_of_stack, url_of
from stacks.outputs import BaseOutputs, OutputsError, PreviewOutputs, export_when, read_outputs
from stacks.paths import Paths
from stacks.settings import PreviewSettings, preview_settings
from stacks.targets import target_of
from stacks.validation import SettingsError

_CHECKOUT = Path(__file__).resolve().parents[1]


def preview() -> None:
    """One branch's preview.

    Raises:
        pulumi.RunError: The configuration, the branch's files or the base cannot be used.
    """
    stack = pulumi.get_stack()
    try:
        settings = preview_settings(stack)
    except SettingsError as error:
        raise pulumi.RunError(str(error)) from None
    slug = slug_of(settings.branch)
    if slug != slug_of_stack(stack):
        raise pulumi.RunError(
            f"The stack {stack!r} is not the one of branch {settings.branch!r}, whose slug is {slug!r}: "
            f"select the stack preview-{slug} or correct the branch."
        )
    base = _base(settings.base)
    target = target_of(base)
    url = url_of(slug, scheme=base.scheme, domain=base.domain, port=base.port)
    folders = _folders(settings)
    environment = PreviewEnvironment(
        slug,
        PreviewEnvironmentArgs(
            slot=base.slot(slug, settings.branch),
            url=url,
            host_name=host_of(slug, base.domain),
            edge_network=base.edge_network,
            host=target.host,
            images=settings.images,
            folders=folders,
            home_dashboard=home_of(folders["config"]),
            record=target.record,
        ),
        opts=pulumi.ResourceOptions(providers=target.providers),
    )
    _export(settings, slug, url, environment)


def _base(name: str) -> BaseOutputs:
    try:
        return BaseOutputs.of(name, read_outputs(f"{pulumi.get_organization()}/{pulumi.get_project()}/{name}"))
    except OutputsError as error:
        raise pulumi.RunError(str(error)) from None


def _folders(settings: PreviewSettings) -> dict[str, Path]:
    if settings.restore_directory:
        earlier = Path(settings.restore_directory)
        return {"config": earlier / "config", "workload": earlier / "workload"}
    return {"config": _configuration(settings), "workload": _CHECKOUT / "workload"}


def _configuration(settings: PreviewSettings) -> Path:
    """The branch's own files, completed; always in the same place, so that a second update finds nothing changed."""
    own = _CHECKOUT / "config"
    folder = (_CHECKOUT / settings.config_directory).resolve()
    if folder == own.resolve():
        return own
    try:
        found = gather(folder, own)
    except ConfigurationError as error:
        raise pulumi.RunError(str(error)) from None
    staged = Paths.default().staged(pulumi.get_stack()) / "config"
    found.write(staged)
    return staged


def _export(settings: PreviewSettings, slug: str, url: str, environment: PreviewEnvironment) -> None:
    # A failed update changes neither the owner nor the expiry.
    outputs = PreviewOutputs(
        branch=settings.branch,
        slug=slug,
        commit=settings.commit,
        url=url,
        base=settings.base,
        created_at=_moment(settings.created_at),
        deployed_at=_moment(settings.deployed_at),
        expires_at=_moment(_expiry(settings)),
    )
    export_when(environment.ready, {**outputs.model_dump(), "credentials": environment.credentials})


def _expiry(settings: PreviewSettings) -> dt.datetime | None:
    """TTL after the deploy; an end that somebody has moved further away stays (R34)."""
    known = [settings.expires_at] if settings.expires_at else []
    if settings.deployed_at:
        known.append(settings.deployed_at + dt.timedelta(hours=settings.ttl_hours))
    return max(known, default=None)


def _moment(value: dt.datetime | None) -> str:
    # Empty where nobody said when: a clock read here would make every `pulumi up` show a change.
    return text_of(value) if value else ""
