"""The comparison's figures: goals, the raw file, and the tables that are printed."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.process_tree import Measured

TOOLS = ("ours", "compose")


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What the previews' side has to keep to; exactly one of the first two is given.

    Attributes:
        seconds: At most so many seconds.
        times_compose: At most so many times as long as Compose.
        no_restarts: Beside that, no container may be restarted or replaced.
    """

    seconds: float | None = None
    times_compose: float | None = None
    no_restarts: bool = False

    def __str__(self) -> str:
        text = f"≤ {self.times_compose:g}×" if self.seconds is None else f"≤ {self.seconds:g} s"
        return f"{text}, 0 restarts" if self.no_restarts else text

    def limit(self, compose: float) -> float:
        """The goal in seconds, from the median of Compose in the same step."""
        return (self.times_compose or 0) * compose if self.seconds is None else self.seconds


@dataclass(kw_only=True)
class Step:
    """One thing that both do.

    Attributes:
        title: What it is.
        goal: Where there is one.
        seconds: Tool → seconds of each run.
        failed: Tool → runs of a tool that ended with an error, where several were started at once.
        replaced: Tool → containers that a run restarted, replaced or removed, where it was looked at.
    """

    title: str
    goal: Goal | None = None
    seconds: dict[str, list[float]] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    replaced: dict[str, list[int]] = field(default_factory=dict)

    def add(self, tool: str, seconds: float) -> None:
        """Add a run."""
        self.seconds.setdefault(tool, []).append(seconds)

    def median(self, tool: str) -> float:
        """Median of the runs; 0 where there was none."""
        return statistics.median(self.seconds.get(tool) or [0.0])

    def as_data(self) -> dict[str, Any]:
        """The step for the raw file."""
        data: dict[str, Any] = {"step": self.title, "seconds": self.seconds}
        if self.failed:
            data["failed"] = self.failed
        if self.replaced:
            data["replaced_containers"] = self.replaced
        if self.goal and self.seconds:
            limit = self.goal.limit(self.median("compose"))
            kept = not self.failed.get("ours") and not (self.goal.no_restarts and any(self.replaced.get("ours", [])))
            met = kept and self.median("ours") <= limit
            data["goal"] = {"text": str(self.goal), "seconds": limit, "met": met}
        return data


def steps_table(steps: Sequence[Mapping[str, Any]]) -> list[str]:
    """Lines of the table of times."""
    lines = [
        "| step | ours, median s | min–max | Compose, median s | min–max | ratio | goal | met? |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for step in steps:
        cells = [step["step"]]
        for tool in TOOLS:
            cells += _spread(step["seconds"].get(tool, []), step.get("failed", {}).get(tool, 0))
        ratio = "–"
        if all(step["seconds"].get(tool) for tool in TOOLS):
            ours, compose = (statistics.median(step["seconds"][tool]) for tool in TOOLS)
            ratio = f"{ours / compose:.2f}"
        goal = step.get("goal")
        cells += [ratio, goal["text"] if goal else "", ("yes" if goal["met"] else "**no**") if goal else ""]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _spread(seconds: Sequence[float], failed: int) -> list[str]:
    if not seconds:
        return ["–", "–"]
    note = f" ({failed} failed)" if failed else ""
    return [f"{statistics.median(seconds):.1f}{note}", f"{min(seconds):.1f}–{max(seconds):.1f}"]


def cost(runs: Sequence[Measured], calls: int) -> dict[str, Any]:
    """What one operation costs, for the raw file.

    Args:
        runs: Timed runs.
        calls: Calls of the engine's API in the round that counted them.
    """
    return {
        "peak_mib": [round(run.peak_mib, 1) for run in runs],
        "cpu_seconds": [round(run.cpu_seconds, 2) for run in runs],
        "machine_cpu_seconds": [round(run.machine_cpu_seconds, 2) for run in runs],
        "api_calls": calls,
    }


def costs_table(costs: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[str]:
    """Lines of the table of costs; medians of the runs, for memory the largest."""
    lines = [
        "| operation | | peak memory, MiB | CPU s, processes | CPU s, machine | Engine API calls |",
        "|---|---|---|---|---|---|",
    ]
    for operation, tools in costs.items():
        for tool, values in tools.items():
            cells = [
                operation,
                tool,
                f"{max(values['peak_mib']):.0f}",
                f"{statistics.median(values['cpu_seconds']):.1f}",
                f"{statistics.median(values['machine_cpu_seconds']):.1f}",
                str(values["api_calls"]),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return lines
