"""Dashboards: what Grafana refuses or would not show, and which one opens first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stacks.configuration.faults import Fault, UnusableError
from stacks.configuration.ini import settings_of
from stacks.configuration.layout import DASHBOARDS, GRAFANA_INI, PROVIDERS
from stacks.configuration.texts import json_of, text_of

_UID = re.compile(r"[a-zA-Z0-9_-]{0,40}")


@dataclass(frozen=True)
class Dashboard:
    """A dashboard's file.

    Attributes:
        name: Path below the configuration directory.
        file: The file as the caller knows it.
        uid: Its uid; empty where Grafana gives it one.
    """

    name: str
    file: str
    uid: str


def dashboard_of(name: str, file: str, text: str) -> Dashboard:
    """Read a dashboard.

    Raises:
        UnusableError: Grafana would not show it.
    """
    data = json_of(text)
    if not isinstance(data, dict):
        raise UnusableError(f"must be a mapping, not {type(data).__name__}.")
    title, uid = data.get("title"), data.get("uid")
    if not isinstance(title, str) and isinstance(data.get("dashboard"), dict):
        raise UnusableError(
            'is an API export ({"meta": …, "dashboard": …}): keep what "dashboard" holds, and take out "meta" and the '
            '"id" of the dashboard.'
        )
    if not isinstance(title, str) or not title.strip():
        raise UnusableError("a dashboard must have a title.")
    if uid is not None and not (isinstance(uid, str) and _UID.fullmatch(uid)):
        raise UnusableError("the uid must be at most 40 of a-z, A-Z, 0-9, - and _.")
    return Dashboard(name, file, uid or "")


def uid_faults(dashboards: Iterable[Dashboard], folders: Mapping[str, str]) -> list[Fault]:
    """Uids that two dashboards have, or a dashboard and a folder: Grafana keeps both in one table.

    Args:
        dashboards: All of them.
        folders: Uid of a folder → file that names it.
    """
    faults = []
    seen: dict[str, str] = {}
    for one in dashboards:
        if one.uid and one.uid in seen:
            faults.append(Fault(one.file, f"has the uid {one.uid!r} of {seen[one.uid]} too: give it another one."))
        if one.uid in folders:
            reason = f"has the uid {one.uid!r}, which {folders[one.uid]} gives to a folder: Grafana would not save it."
            faults.append(Fault(one.file, reason))
        seen.setdefault(one.uid, one.file)
    return faults


def home_of(directory: Path) -> str:
    """The dashboard that opens first, relative to the configuration directory.

    The one that ``grafana.ini`` names, else the one of activity, else the first.
    """
    found = [path for part in (DASHBOARDS, PROVIDERS) for path in sorted((directory / part).rglob("*.json"))]
    names = [path.relative_to(directory).as_posix() for path in found]
    ini = directory / GRAFANA_INI
    settings: Mapping[str, str] = settings_of(text_of(ini)) if ini.is_file() else {}
    page = re.search(r"/d/([^/?#]+)", settings.get("users.home_page", ""))
    if page:
        for name in names:
            if _uid_of(directory / name) == page[1]:
                return name
    return min(names, key=lambda name: (not name.endswith("/activity.json"), not name.startswith(DASHBOARDS), name))


def _uid_of(path: Path) -> Any:
    return json_of(text_of(path)).get("uid")
