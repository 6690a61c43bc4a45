"""Finds, downloads or builds what the project runs with: engine, plugins, Docker, images."""

from stacks.setup.environment import environment
from stacks.setup.report import How, Reporter, Row, SetupError, SetupResult
from stacks.setup.run import is_ready, run_setup

__all__ = ["How", "Reporter", "Row", "SetupError", "SetupResult", "environment", "is_ready", "run_setup"]
