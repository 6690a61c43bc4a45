"""Archives of Grafana's plugins, as a vendor gives them out."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

DATASOURCE = "acme-datasource"
"""A plugin that nobody else has."""


def archive_of_datasource(folder: Path) -> str:
    """Write its archive; gives the value of ``grafanaPlugins`` that names it."""
    path = folder / "acme.zip"
    with zipfile.ZipFile(path, "w") as written:
        plugin = {"id": DATASOURCE, "type": "datasource", "name": "Acme", "info": {"version": "1.0"}}
        written.writestr(f"{DATASOURCE}/plugin.json", json.dumps(plugin))
        written.writestr(f"{DATASOURCE}/MANIFEST.txt", "signed")
    return f"{DATASOURCE}@1.0={path}"
