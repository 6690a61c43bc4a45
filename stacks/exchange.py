"""What a running program is told by the engine, and what it tells: configuration and outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pulumi

from stacks.outputs import OutputsError
from stacks.settings import PROJECT
from stacks.validation import S, validate


def read_settings(model: type[S], stack: str) -> S:
    """Configuration of the running program.

    Raises:
        SettingsError: See :func:`stacks.validation.validate`.
    """
    config = pulumi.Config(PROJECT)
    readers: dict[str, Callable[[str], object]] = {"images": config.get_object, "imageIds": config.get_object}
    values: dict[str, object] = {}
    for name, field in model.model_fields.items():
        key = field.alias or name
        value = readers.get(key, config.get)(key)
        # An empty string is what the schema's default leaves where a value has none.
        if value is not None and value != "":
            values[key] = value
    return validate(model, values, stack=stack)


def export_when(ready: pulumi.Output[Any], values: Mapping[str, Any]) -> None:
    """Export a stack's outputs once something is known.

    The engine keeps a program's outputs even when a resource fails; these keep their old values then.

    Args:
        ready: What has to be known first.
        values: Output → value.
    """
    for name in values:
        pulumi.export(name, pulumi.Output.all(ready, values[name]).apply(lambda known: known[1]))


ReadOutputs = Callable[[str], Mapping[str, Any]]
"""Outputs of a stack of this project by its name; raises OutputsError where they cannot be read."""


def read_outputs(stack: str) -> Mapping[str, Any]:
    """Ask the engine for a stack's outputs from within a program, at once rather than as ``pulumi.Output``.

    What a preview consists of depends on its base, so the values are needed before anything is declared;
    ``StackReference`` would hand them over too late. It asks the engine the same question.

    Args:
        stack: Name of a stack of the same project.

    Raises:
        OutputsError: There is no such stack.
    """
    try:
        name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}"
        answer = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": name}).value
    except Exception as error:
        raise OutputsError(
            f"The base stack {stack!r} cannot be read: bring it up first (pulumi up --stack {stack}), "
            "or name another one with the configuration key 'base'."
        ) from error
    outputs: Mapping[str, Any] = answer["outputs"]
    return outputs
