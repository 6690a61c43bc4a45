"""What the containers of previews use of what they may. Holds no lock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from operations.engine.workspace import Engine
from operations.find import existing, machine_at
from operations.listing import snapshots
from operations.machine.runtime import Runtime
from operations.machine.usage import Usage


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a container uses.

    Attributes:
        branch: Branch of its preview.
        usage: Its counters.
        cpus: Processors that it used since the look before; None where there was none, or where it does not run.
    """

    branch: str
    usage: Usage
    cpus: float | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON: processors, bytes, and shares of the limits between 0 and 1; null where it does not run."""
        usage = self.usage
        runs = usage.at is not None
        return {
            "branch": self.branch,
            **usage.state.as_dict(),
            "cpus": None if self.cpus is None else round(self.cpus, 4),
            "cpu_limit": usage.cpus,
            "cpu_share": None if self.cpus is None else round(self.cpus / usage.cpus, 4),
            "memory": usage.memory if runs else None,
            "working_set": usage.working_set if runs else None,
            "memory_limit": usage.memory_limit,
            "memory_share": round(usage.working_set / usage.memory_limit, 4) if runs else None,
            "received": usage.received if runs else None,
            "sent": usage.sent if runs else None,
            "restarts": usage.restarts,
            "out_of_memory": usage.out_of_memory,
        }


class Meter:
    """Looks at the containers of previews again and again.

    Args:
        engine: The engine.
        branch: Whose preview; empty: all.
        base: Base that previews must run on; empty: any.

    Raises:
        NotFoundError: There is no preview of the branch.
        OperationError: A machine cannot be reached.
    """

    def __init__(self, engine: Engine, branch: str, base: str = "") -> None:
        self._before: dict[str, Usage] = {}
        if branch:
            found = existing(engine, branch, base)
            self._branches = {found.outputs.base: {found.name.slug: branch}}
        else:
            self._branches = _branches(engine, base)
        self._dockers: dict[str, Runtime] = {name: machine_at(engine, name).docker for name in self._branches}

    def look(self) -> list[Load]:
        """What they use now, by preview and service.

        Raises:
            OperationError: Docker does not say.
        """
        loads = sorted(self._loads(), key=lambda load: (load.branch, load.usage.state.service))
        self._before = {load.usage.state.id: load.usage for load in loads}
        return loads

    def _loads(self) -> Iterator[Load]:
        for name, docker in self._dockers.items():
            branches = self._branches[name]
            for state in docker.previews():
                if state.slug in branches and (usage := docker.usage(state)):
                    yield Load(branch=branches[state.slug], usage=usage, cpus=self._cpus(usage))

    def _cpus(self, now: Usage) -> float | None:
        before = self._before.get(now.state.id)
        # One that was started again counts from nothing.
        if not (before and before.at and now.at and before.at < now.at and before.cpu_seconds <= now.cpu_seconds):
            return None
        return (now.cpu_seconds - before.cpu_seconds) / (now.at - before.at).total_seconds()


def _branches(engine: Engine, base: str) -> dict[str, dict[str, str]]:
    """Base → slug → branch, of all previews that can be read."""
    found: dict[str, dict[str, str]] = {}
    for snapshot in snapshots(engine)[0].values():
        if (preview := snapshot.preview) and base in ("", preview.base):
            found.setdefault(preview.base, {})[preview.slug] = preview.branch
    return found
