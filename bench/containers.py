"""What became of containers between two looks, and what was left behind."""

from __future__ import annotations

from typing import Any

Lives = dict[str, tuple[str, str, int]]
"""Name → id, time of the last start, restarts."""


def lives(engine: Any, label: str) -> Lives:
    """The containers that have a label, running or not."""
    found = engine.containers.list(all=True, filters={"label": label})
    return {one.name: (one.id, one.attrs["State"]["StartedAt"], one.attrs["RestartCount"]) for one in found}


def replaced(before: Lives, after: Lives) -> int:
    """How many containers are no longer what they were: restarted, replaced or gone."""
    return sum(after.get(name) != life for name, life in before.items())


def left_behind(engine: Any, token: str) -> list[str]:
    """Names of containers, networks, volumes and image tags with a token in them."""
    names = [one.name for one in engine.containers.list(all=True, ignore_removed=True)]
    names += [one.name for one in engine.networks.list()]
    names += [one.name for one in engine.volumes.list()]
    names += [tag for one in engine.images.list() for tag in one.tags]
    return sorted(name for name in names if token in name)
