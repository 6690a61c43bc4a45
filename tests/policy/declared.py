"""What a preview and a base declare, by kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.equipment.recording import Declared

BRANCH = "feature/add-metrics"
SLUG = "feature-add-metrics"
CARRIER = f"preview-{SLUG}-secrets"


def all_containers(declared: list[Declared]) -> dict[str, Mapping[str, Any]]:
    return {one.inputs["name"]: one.inputs for one in declared if one.type.endswith("/container:Container")}


def containers(declared: list[Declared]) -> dict[str, Mapping[str, Any]]:
    """Those that run on; the carrier of the secrets never does, and those that prepare data end."""
    passing = {CARRIER, *preparing(declared)}
    return {name: inputs for name, inputs in all_containers(declared).items() if name not in passing}


def preparing(declared: list[Declared]) -> dict[str, Mapping[str, Any]]:
    """Those that prepare the data of a service."""
    return {name: inputs for name, inputs in all_containers(declared).items() if name.endswith("-init")}


def services(declared: list[Declared]) -> dict[str, Mapping[str, Any]]:
    """Those of a preview on a cluster, by their key."""
    return {
        one.inputs["name"].removeprefix(f"preview-{SLUG}-"): one.inputs
        for one in declared
        if one.type.endswith("/service:Service")
    }


def container_specs(declared: list[Declared]) -> dict[str, Mapping[str, Any]]:
    return {key: inputs["taskSpec"]["containerSpec"] for key, inputs in services(declared).items()}


def labels(inputs: Mapping[str, Any]) -> dict[str, str]:
    return {label["label"]: label["value"] for label in inputs["labels"]}


def plain(value: Any) -> Any:
    """Without the engine's envelope of a secret."""
    return value["value"] if isinstance(value, dict) else value
