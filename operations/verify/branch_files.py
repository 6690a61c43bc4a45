"""What a branch's configuration says that a preview shows, held against what its Grafana lists."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from operations.machine.access import Machine
from operations.verify.answers import mapping, text
from operations.verify.checks import Check, listed
from stacks.configuration.faults import UnusableError
from stacks.configuration.texts import json_of

NAME = "every dashboard of the branch is listed"


def dashboards_on(machine: Machine, slug: str) -> dict[str, str]:
    """Dashboards in the files that a preview's Grafana reads, as :func:`dashboards_in` gives them.

    Raises:
        OperationError: They cannot be had.
    """
    with tempfile.TemporaryDirectory(prefix="pgai-files-") as folder:
        machine.fetch(f"{machine.base.directory(slug)}/config/grafana", Path(folder))
        files = [path for path in sorted(Path(folder).rglob("*.json")) if path.is_file() and not path.is_symlink()]
        return dashboards_in(
            {str(path.relative_to(folder)): path.read_text(encoding="utf-8-sig", errors="replace") for path in files}
        )


def dashboards_in(files: Mapping[str, str]) -> dict[str, str]:
    """Dashboards of a branch.

    Args:
        files: Name → text of each.

    Returns:
        ``uid`` → title; for a dashboard that has no ``uid``, to which Grafana gives one, the file's name → title.
    """
    found: dict[str, str] = {}
    for name, content in files.items():
        try:
            dashboard = mapping(json_of(content))
        except UnusableError:
            dashboard = {}
        found[text(dashboard.get("uid")) or name] = text(dashboard.get("title")).strip() or name
    return found


def dashboards_listed(expected: Mapping[str, str], found: Iterable[Mapping[str, str]]) -> Check:
    """Every dashboard of the branch is listed, under its own title.

    Args:
        expected: What the branch has, as :func:`dashboards_in` gives it.
        found: ``uid`` and ``title`` of what Grafana lists.
    """
    titles = {row["uid"]: row["title"].strip() for row in found}
    others = {title for uid, title in titles.items() if uid not in expected}
    wrong = [
        f"{title} (listed as {titles[uid]!r})" if uid in titles else title
        for uid, title in expected.items()
        if titles.get(uid) != title and not (uid not in titles and title in others)
    ]
    there = f"{len(expected) - len(wrong)} of {len(expected)} are listed"
    detail = f"{there}; missing: {listed(wrong)}" if wrong else there
    return Check(name=NAME, ok=not wrong, detail=detail)
