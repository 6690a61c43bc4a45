"""A picture of where in a cluster the services of a preview run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.columns import Columns
from rich.console import RenderableType
from rich.panel import Panel
from rich.text import Text

if TYPE_CHECKING:
    from operations.machine.docker_state import ContainerState

_WIDTH = 30


def picture(containers: Sequence[ContainerState], nodes: Sequence[str]) -> RenderableType:
    """A box a machine, with the services that it runs.

    Args:
        containers: The services.
        nodes: Names of the machines, the manager first.
    """
    return Columns([_box(node, number == 0, containers) for number, node in enumerate(nodes)])


def _box(node: str, is_manager: bool, containers: Sequence[ContainerState]) -> Panel:
    lines = Text("↓ viewers come in here" if is_manager else "", style="dim")
    for one in containers:
        if one.node == node:
            lines.append("\n● " if one.well else "\n○ ", style="green" if one.well else "yellow")
            lines.append(one.service, style="not dim")
    title = f"[bold]{node}[/]{' · manager' if is_manager else ''}"
    return Panel(lines, title=title, title_align="left", width=_WIDTH + 4, border_style="blue" if is_manager else "")
