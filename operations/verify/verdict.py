"""Whether the panels of a preview are filled as far as they have to be. Pure.

The project's own configuration, and a branch that grew from it, measures all that its dashboards show: each of its
panels has to have data. Another tree, such as the PostgresAI repository's, shows more than a preview has: of its panels
that count (:mod:`operations.verify.reasons` says which do), nine of ten have to have data.
"""

from __future__ import annotations

from collections.abc import Sequence

from operations.verify.checks import NAMES_SHOWN, Check, listed
from operations.verify.panels import PanelState

NAME = "every panel has data"
OWN = frozenset({"pgai-activity", "pgai-statements", "pgai-tables"})
"""Dashboards that only the project's own configuration has. "Preview health" is not among them."""
_LEAST_SHARE = 0.9


def is_own(panels: Sequence[PanelState]) -> bool:
    """Whether they are of the project's own configuration, or of one that grew from it."""
    return any(panel.uid in OWN for panel in panels)


def expected(panels: Sequence[PanelState]) -> list[PanelState]:
    """The panels that have to have data."""
    return [panel for panel in panels if is_own(panels) or panel.counted or panel.has_data]


def enough(panels: Sequence[PanelState]) -> bool:
    """Whether enough of them have data."""
    wanted = expected(panels)
    filled = sum(panel.has_data for panel in wanted)
    return bool(wanted) and (filled == len(wanted) or (not is_own(panels) and filled >= _LEAST_SHARE * len(wanted)))


def panels_filled(panels: Sequence[PanelState]) -> Check:
    """Every panel has data, as far as it has to."""
    wanted = expected(panels)
    empty = [panel for panel in wanted if not panel.has_data]
    aside = [panel for panel in panels if panel not in wanted]
    parts = [f"{len(wanted) - len(empty)} of {len(wanted)} panels have data"]
    if empty and wanted and not is_own(panels):
        parts[0] += f" ({1 - len(empty) / len(wanted):.0%}, at least {_LEAST_SHARE:.0%} have to)"
    if empty:
        parts.append(f"empty: {named(empty)}")
    if aside:
        parts.append(f"not counted, because a preview has nothing to show there: {named(aside)}")
    return Check(name=NAME, ok=enough(panels), detail="; ".join(parts))


def named(panels: Sequence[PanelState]) -> str:
    """Panels as a sentence takes them, those with the same reason together, the first ten."""
    reasons = dict.fromkeys(panel.reason for panel in panels)
    ordered = [panel for reason in reasons for panel in panels if panel.reason == reason]
    last = {panel.reason: place for place, panel in enumerate(ordered[:NAMES_SHOWN])}
    return listed([
        panel.name + (f" ({panel.reason})" if panel.reason and place == last.get(panel.reason) else "")
        for place, panel in enumerate(ordered)
    ])  # fmt: skip
