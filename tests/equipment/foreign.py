"""Dashboards to try ``verify`` with: the project's own, and the PostgresAI repository's where they are at hand."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

_CHECKOUT = Path(__file__).resolve().parents[2]
OWN = _CHECKOUT / "config"
FOREIGN = Path(os.environ.get("PGAI_FOREIGN_CONFIG") or _CHECKOUT.parent / "shared/data/postgresai-config")
"""A checkout of that repository's ``config/``; nothing of it is part of this project."""


def dashboards() -> dict[str, dict[str, Any]]:
    """File name → dashboard of both."""
    files = [path for tree in (OWN, FOREIGN) for path in sorted(tree.glob("grafana/dashboards/*.json"))]
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in files}
