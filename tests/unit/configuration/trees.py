"""Configuration directories that the tests start from: this project's own, the product's, and small made ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from stacks.configuration import Configuration, ConfigurationError, gather

ROOT = Path(__file__).resolve().parents[3]
DEFAULT = ROOT / "config"


def tree(root: Path, files: Mapping[str, Any]) -> Path:
    """Write files: bytes and text as they are, anything else as JSON or YAML after its name."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        else:
            path.write_text(
                json.dumps(content) if path.suffix == ".json" else yaml.safe_dump(content), encoding="utf-8"
            )
    return root


def accepted(branch: Path, destination: Path) -> tuple[Configuration, Path]:
    """What a directory becomes, and where it has been written to."""
    found = gather(branch, DEFAULT)
    found.write(destination)
    return found, destination


def refused(branch: Path) -> str:
    """Why a directory is refused."""
    with pytest.raises(ConfigurationError) as error:
        gather(branch, DEFAULT)
    return str(error.value)


def read(directory: Path, name: str) -> Any:
    """What a YAML file says, each scalar as its text."""
    return yaml.load((directory / name).read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


def dashboard(uid: str, title: str = "Any") -> dict[str, Any]:
    """A dashboard without panels."""
    return {"uid": uid, "title": title, "schemaVersion": 41, "panels": []}
