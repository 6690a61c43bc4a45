"""The PostgresAI repository's configuration, and cases that people have reported: both are beside this checkout.

Nothing of them is part of this project. A test that needs them fails without them.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

_CHECKOUT = Path(__file__).resolve().parents[2]
_VARIABLE = "PGAI_FOREIGN_CONFIG"
OWN = _CHECKOUT / "config"
CASES = _CHECKOUT.parent / "shared/cases/config"
FOREIGN = Path(os.environ.get(_VARIABLE) or _CHECKOUT.parent / "shared/data/postgresai-config")
"""A checkout of that repository's ``config/``."""


class MissingError(Exception):
    """Something that the tests need is not beside the checkout; the message says what, and where it is looked for."""


def require(path: Path) -> Path:
    """The path, which is no part of this project.

    Raises:
        MissingError: It is not there.
    """
    if not path.exists():
        raise MissingError(
            f"{path} is missing, which tests of configurations need: put the folder shared/ beside the checkout, or "
            f"name another directory with the config/ of the PostgresAI monitoring repository in {_VARIABLE}."
        )
    return path


def dashboards() -> dict[str, dict[str, Any]]:
    """File name → dashboard of both.

    Raises:
        MissingError: That repository's are not there.
    """
    folders = (OWN / "grafana/dashboards", require(FOREIGN / "grafana/dashboards"))
    files = [path for folder in folders for path in sorted(folder.glob("*.json"))]
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in files}
