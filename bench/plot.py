"""Draws the comparison with Docker Compose: ``docs/measurements/compare.svg`` from the raw figures beside it.

Run in the environment of ``bench/requirements.lock``: ``python -m bench.plot``, or by ``make bench``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_FOLDER = Path(__file__).resolve().parents[1] / "docs/measurements"
_BAR = 0.36
# Width of a label, as a share of the longest bar: one that a goal's mark would cross stands behind the mark.
_LABEL = 0.07
# Middle tones, which stand out from white and from a dark page alike; the background is left out.
_TEXT = "#808890"
_GOAL = "#d9534f"
_TOOLS = {"ours": ("./preview", "#2f81f7", -_BAR / 2), "compose": ("Docker Compose", "#a0a8b0", _BAR / 2)}


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(prog="python -m bench.plot", description=__doc__)
    parser.add_argument("--input", type=Path, default=_FOLDER / "compare.json", help="raw figures")
    parser.add_argument("--output", type=Path, default=_FOLDER / "compare.svg", help="file to draw")
    options = parser.parse_args()
    try:
        data = json.loads(options.input.read_text(encoding="utf-8"))
    except OSError:
        sys.exit(f"Error: {options.input} cannot be read: measure first (python -m bench.compare).")
    draw(data, options.output)


def draw(data: dict[str, Any], output: Path) -> None:
    """Draw a grouped bar chart, a group a step: medians with their range, and the goal where there is one.

    Args:
        data: The raw figures.
        output: SVG file.
    """
    steps = data["steps"]
    # Text stays text, and a second drawing of the same figures is the same file.
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "compare", "font.family": "sans-serif"})
    figure = Figure(figsize=(9, 0.75 * len(steps) + 1.4), layout="constrained")
    axes = figure.add_subplot()
    longest = max(max(values) for step in steps for values in step["seconds"].values())
    goals = {number: step["goal"]["seconds"] for number, step in enumerate(steps) if "goal" in step}
    for name, (label, colour, offset) in _TOOLS.items():
        rows = [
            (number, step["seconds"][name], step.get("failed", {}).get(name, 0))
            for number, step in enumerate(steps)
            if step["seconds"].get(name)
        ]
        _bars(axes, rows, label=label, colour=colour, offset=offset, longest=longest, goals=goals)
    axes.vlines(
        list(goals.values()),
        [number - _BAR - 0.07 for number in goals],
        [number + 0.07 for number in goals],
        colors=_GOAL,
        linewidth=2.5,
        label="goal",
        zorder=4,
    )
    _dress(axes, [step["step"].replace("`", "") for step in steps], _caption(data))
    axes.set_xlim(0, max([longest, *goals.values()]) * 1.12)
    figure.savefig(output, format="svg", transparent=True, metadata={"Date": None})


def _bars(
    axes: Axes,
    rows: Sequence[tuple[int, Sequence[float], int]],
    *,
    label: str,
    colour: str,
    offset: float,
    longest: float,
    goals: Mapping[int, float],
) -> None:
    places = [number + offset for number, _, _ in rows]
    medians = [statistics.median(values) for _, values, _ in rows]
    below = [median - min(values) for median, (_, values, _) in zip(medians, rows, strict=True)]
    above = [max(values) - median for median, (_, values, _) in zip(medians, rows, strict=True)]
    axes.barh(places, medians, height=_BAR, color=colour, label=label, zorder=2)
    axes.errorbar(medians, places, xerr=[below, above], fmt="none", ecolor=_TEXT, elinewidth=1.2, capsize=3, zorder=3)
    for place, median, (_, values, failed) in zip(places, medians, rows, strict=True):
        text = f"{median:.1f} s{f', {failed} failed' if failed else ''}"
        end = max(values)
        if end < goals.get(round(place), 0) < end + longest * _LABEL:
            end = goals[round(place)]
        axes.text(end + longest * 0.012, place, text, va="center", color=_TEXT, fontsize=9)


def _dress(axes: Axes, titles: Sequence[str], caption: str) -> None:
    axes.set_yticks(range(len(titles)), titles)
    axes.invert_yaxis()
    axes.set_xlabel(caption, color=_TEXT, fontsize=9)
    axes.tick_params(colors=_TEXT, length=0)
    axes.grid(axis="x", color=_TEXT, alpha=0.25, zorder=0)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, 1.1), ncols=3, frameon=False, labelcolor=_TEXT)


def _caption(data: dict[str, Any]) -> str:
    machine, versions = data["machine"], data["versions"]
    return (
        f"seconds, median and range; runs: {data['runs']}; {machine['cores']} cores, {machine['memory_gib']:.0f} GiB, "
        f"Docker {versions['docker'].partition('+')[0]}, Compose {versions['compose']}, {data['measured_at'][:10]}"
    )


if __name__ == "__main__":
    main()
