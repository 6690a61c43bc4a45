"""A stack's configuration file, with every value as the text that it is.

The SDK writes such a file by the rules of YAML 1.1, and the engine reads it by those of YAML 1.2: between them the
commit ``1234e56`` becomes a number. Here every value is quoted, and read without guessing what it may be.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


def read(path: Path) -> dict[str, Any]:
    """The file's content, every scalar as text; empty where there is no file."""
    try:
        with path.open(encoding="utf-8") as file:
            return yaml.load(file, Loader=yaml.BaseLoader) or {}  # noqa: S506  makes nothing but text, lists and mappings
    except FileNotFoundError:
        return {}


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Write the file anew.

    Args:
        path: The file.
        content: Texts, numbers, truth values, and lists and mappings of them.
    """
    with path.open("w", encoding="utf-8") as file:
        yaml.safe_dump(_texts(content), file, default_style='"', width=float("inf"), allow_unicode=True)


def _texts(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _texts(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_texts(one) for one in value]
    return str(value).lower() if isinstance(value, bool) else str(value)
