"""Image references, and templates of them that each deploy fills in. Pure."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

# A repository in lower case, where it comes from before it and a tag behind it, or a digest.
_REFERENCE = re.compile(r"^[a-z0-9][a-z0-9._/:-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$")
_COMMIT, _SLUG = "{commit}", "{slug}"


def is_reference(value: object) -> bool:
    """Whether it is an image reference such as ``grafana/grafana:12.0.2``."""
    return isinstance(value, str) and bool(_REFERENCE.match(value))


def filled(template: str, *, commit: str, slug: str) -> str:
    """An image reference with ``{commit}`` and ``{slug}`` filled in, where it names them.

    Args:
        template: The reference.
        commit: Commit that is deployed, as it was given; empty where none was.
        slug: Slug of the branch.

    Raises:
        ValueError: It needs a commit and there is none, or is no reference even then; says so.
    """
    if _COMMIT in template and not commit:
        raise ValueError(f"needs a commit for {template}: name the one that is deployed with --commit")
    reference = template.replace(_COMMIT, commit).replace(_SLUG, slug)
    if not is_reference(reference):
        raise ValueError(
            f"must be an image reference such as grafana/grafana:12.0.2, in which {_COMMIT} and {_SLUG} are filled in; "
            f"{reference!r} is none"
        )
    return reference


def _image(value: object) -> object:
    if not is_reference(value):
        raise PydanticCustomError("setting", "must be an image reference such as grafana/grafana:12.0.2")
    return value


Image = Annotated[str, BeforeValidator(_image)]
