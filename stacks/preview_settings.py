"""Typed, validated configuration of previews."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from components.service_spec import ServiceSpec
from components.services import by_key
from stacks.images import Image, filled
from stacks.moments import text_of
from stacks.names import NameRefusedError, PreviewName
from stacks.outputs import BaseOutputs, PreviewOutputs
from stacks.settings import Settings
from stacks.validation import fault


class PreviewSettings(Settings):
    """Configuration of one preview's stack.

    Attributes:
        branch: Branch that owns the preview.
        base: Name of its base stack.
        commit: Commit that is deployed; only recorded.
        config_directory: The branch's monitoring configuration; relative to the project.
        deployed_at: RFC 3339 time of this deploy; only recorded.
        deployed_by: Who does this deploy; only recorded.
        created_at: RFC 3339 time of the first deploy; only recorded.
        ttl_hours: Life after the last successful deploy, in hours.
        expires_at: RFC 3339 time of the end, where somebody has moved it beyond that.
        restore_directory: Where an earlier version of the branch's files is, with ``config`` and ``workload``; it takes
            the place of the configuration directory and of the project's own workload.
        kept: What keeps the preview beyond its end; only recorded.
        labelled: Whether it goes with the loss of the label that starts one; only recorded.
        images: Service → image reference, where it differs from the default; ``{commit}`` and ``{slug}`` in it are the
            preview's own.
        image_ids: Image reference → Docker's id of the image that it led to at the deploy, which runs whatever the
            reference leads to by now.
    """

    branch: str
    base: str = Field(default="local", pattern=r"^[a-z][a-z0-9-]*$")
    commit: str = Field(default="", pattern=r"^[0-9A-Za-z._-]{0,64}$")
    config_directory: str = "config"
    deployed_at: dt.datetime | None = None
    deployed_by: Annotated[str, StringConstraints(max_length=255)] = ""
    created_at: dt.datetime | None = None
    ttl_hours: Annotated[int, Field(ge=1, le=24 * 365)] = 72
    expires_at: dt.datetime | None = None
    restore_directory: str = Field(default="", pattern=r"^$|^/.+")
    kept: Literal["", "command", "label"] = ""
    labelled: Literal["", "yes"] = ""
    images: dict[str, str] = Field(default_factory=dict)
    image_ids: dict[str, Image] = Field(default_factory=dict)

    @field_validator("branch")
    @classmethod
    def _branch(cls, value: str) -> str:
        try:
            PreviewName(value)
        except NameRefusedError as error:
            raise fault(str(error)) from None
        return value

    @field_validator("deployed_at", "created_at", "expires_at", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return value or None

    @field_validator("images")
    @classmethod
    def _images(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if {"branch", "commit"} <= set(info.data):
            for template in value.values():
                try:
                    filled(template, commit=info.data["commit"], slug=PreviewName(info.data["branch"]).slug)
                except ValueError as error:
                    raise fault(str(error)) from None
        unknown = sorted(set(value) - set(by_key()))
        if unknown:
            raise fault(f"names no service {', '.join(unknown)}; services are {', '.join(sorted(by_key()))}")
        return value

    def image(self, service: ServiceSpec) -> str:
        """Reference of the image that a service runs."""
        template = self.images.get(service.key, service.image)
        return filled(template, commit=self.commit, slug=PreviewName(self.branch).slug)

    def recorded(self, base: BaseOutputs) -> PreviewOutputs:
        """What the stack records of a preview that is up with this configuration.

        Args:
            base: What the preview's base hands on.
        """
        name = PreviewName(self.branch)
        return PreviewOutputs(
            branch=name.branch,
            slug=name.slug,
            commit=self.commit,
            url=name.url(base),
            base=self.base,
            created_at=_moment(self.created_at),
            deployed_at=_moment(self.deployed_at),
            expires_at=_moment(self._expiry()),
            deployed_by=self.deployed_by,
            images=self.images,
            kept=self.kept,
            labelled=self.labelled,
        )

    def _expiry(self) -> dt.datetime | None:
        """TTL after the deploy; an end that somebody has moved further away stays."""
        known = [self.expires_at] if self.expires_at else []
        if self.deployed_at:
            known.append(self.deployed_at + dt.timedelta(hours=self.ttl_hours))
        return max(known, default=None)


def _moment(value: dt.datetime | None) -> str:
    # Empty where nobody said when: a clock read here would make every `pulumi up` show a change.
    return text_of(value) if value else ""
