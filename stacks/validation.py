"""Checks raw configuration values, and says everything that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError


class SettingsError(Exception):
    """Configuration that cannot be used; the message lists every fault, each with its value, rule and remedy."""


S = TypeVar("S", bound=BaseModel)


def fault(text: str) -> PydanticCustomError:
    """What a validator raises of a value; its text follows the name of the key."""
    return PydanticCustomError("setting", "{text}", {"text": text})


def validate(model: type[S], values: Mapping[str, Any], *, stack: str) -> S:
    """Check raw configuration values.

    Args:
        model: What they should be.
        values: Key without the project's name → value, strings as the engine keeps them.
        stack: Named in the message.

    Raises:
        SettingsError: One or more values are wrong; all are reported at once.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        lines = [_sentence(stack, values, found) for found in error.errors()]
        raise SettingsError("\n".join(lines)) from None


def _sentence(stack: str, values: Mapping[str, Any], fault: Mapping[str, Any]) -> str:
    location = [str(part) for part in fault["loc"]]
    key = ".".join(location) or "the ports"
    rule = fault["msg"].replace("Input should", "must").replace("String should", "must")
    if fault["type"] == "missing":
        return (
            f"Configuration {key!r} of stack {stack!r} is missing: "
            f"set it with pulumi config set {key} VALUE --stack {stack}."
        )
    if fault["type"] == "extra_forbidden":
        return (
            f"Configuration {key!r} of stack {stack!r} is not known here: "
            f"remove it with pulumi config rm {key} --stack {stack}."
        )
    found = f" (found {values.get(location[0])!r})" if location else ""
    return (
        f"Configuration {key!r} of stack {stack!r} {rule}{found}: "
        f"correct it with pulumi config set {key} VALUE --stack {stack}."
    )
