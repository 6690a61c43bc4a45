"""A Pulumi stack that a measurement has to itself, with its state in a folder of its own."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pulumi import automation

from operations.engine.process import EngineProcess
from operations.engine.vendor import Command, Stack, Workspace
from stacks.paths import Paths
from toolchain.environment import environment, stamps


@dataclass(frozen=True, kw_only=True)
class OwnStack:
    """A stack, which may not exist yet, and the engine that works on it.

    Attributes:
        process: Runs the engine.
        variables: Environment of the engine.
        workspace: Makes and removes the stack.
        stack: The stack, for an update or a destroy.
    """

    process: EngineProcess
    variables: Mapping[str, str]
    workspace: Workspace
    stack: Stack


def own_stack(name: str, folder: Path) -> OwnStack:
    """A stack of a project of the same name.

    Args:
        name: Its name.
        folder: Takes its state.

    Raises:
        SystemExit: The engine is not set up.
    """
    paths = Paths.default()
    engine = stamps(paths).get("engine")
    if engine is None:
        sys.exit("Error: the engine is not set up: run ./preview setup first.")
    state = folder / "state"
    state.mkdir(exist_ok=True)
    variables = {**environment(paths), "PULUMI_BACKEND_URL": f"file://{state}", "PULUMI_CONFIG_PASSPHRASE": name}
    variables.pop("PULUMI_CONFIG_PASSPHRASE_FILE", None)
    process = EngineProcess(engine.version)
    workspace = Workspace(
        work_dir=str(folder),
        pulumi_command=Command(process),
        env_vars=variables,
        project_settings=automation.ProjectSettings(name=name, runtime="python"),
    )
    return OwnStack(process=process, variables=variables, workspace=workspace, stack=Stack(name, workspace))
