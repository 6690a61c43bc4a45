"""What a branch's configuration says that a preview shows, held against what its Grafana lists. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from operations.verify.answers import mapping, text
from operations.verify.checks import Check, listed


def dashboards_in(files: Mapping[str, str]) -> dict[str, str]:
    """Dashboards of a branch.

    Args:
        files: Path → text of the files below ``grafana/dashboards`` of what its Grafana reads.

    Returns:
        ``uid`` → title; for a dashboard that has no ``uid``, to which Grafana gives one, the path → title.
    """
    found: dict[str, str] = {}
    for path, content in files.items():
        try:
            dashboard = mapping(json.loads(content))
        except (ValueError, RecursionError):
            dashboard = {}
        found[text(dashboard.get("uid")) or path] = text(dashboard.get("title")).strip() or path
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
    return Check(name="every dashboard of the branch is listed", ok=not wrong, detail=detail)
