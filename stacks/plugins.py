"""Plugins of Grafana that a base is configured with."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from pathlib import Path

from components.plugin import Plugin

NONE = "none"
"""Value of the setting for a base without plugins."""

_PLUGIN = re.compile(r"(?P<id>[a-z0-9][a-z0-9-]*)@(?P<version>[0-9A-Za-z][0-9A-Za-z.+-]*)(=(?P<source>\S+))?")


def plugins_of(value: str) -> list[Plugin]:
    """Plugins that a base is configured with.

    Args:
        value: ``ID@VERSION`` or ``ID@VERSION=ARCHIVE`` of each, separated by spaces; or ``none``.

    Raises:
        ValueError: It is not of that form; the message says so.
    """
    if value.strip() == NONE:
        return []
    found: dict[str, Plugin] = {}
    for word in value.split():
        match = _PLUGIN.fullmatch(word)
        if match is None:
            raise ValueError(
                f"must be plugins as ID@VERSION or ID@VERSION=ARCHIVE, separated by spaces, or {NONE}; {word!r} is not"
            )
        if match["id"] in found:
            raise ValueError(f"names {match['id']} twice: previews can have one version of it")
        found[match["id"]] = Plugin(id=match["id"], version=match["version"], source=match["source"] or "")
    return list(found.values())


def bring_together(plugins: Collection[Plugin], checkout: Path, destination: Path) -> Path | None:
    """Put archives that are given as files into one folder, for the machine; None where none is.

    Args:
        plugins: The plugins of a base.
        checkout: What relative names of files are below.
        destination: The folder; what was there goes.

    Raises:
        ValueError: A file cannot be read; the message says which.
    """
    shutil.rmtree(destination, ignore_errors=True)
    given = [plugin for plugin in plugins if plugin.is_file]
    for plugin in given:
        destination.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(checkout / plugin.source, destination / plugin.archive)
        except OSError as error:
            raise ValueError(f"The archive {plugin.source} of {plugin} cannot be read ({error.strerror})") from error
    return destination if given else None
